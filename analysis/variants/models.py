"""Choices of models and priors. The choices of priors are made from the specs."""

from collections.abc import Iterator
from dataclasses import fields

from analysis.variants.change import Choice
from analysis.variants.variant import Variant

ROBUST = "Gelman et al. (2013), Bayesian Data Analysis, ch. 17"
LINK = "Koenker and Yoon (2009), doi:10.1016/j.jeconom.2009.01.009: parametric links for binary choice"
POOLING = "Gelman and Hill (2007), Data analysis using regression and multilevel models, ch. 12"
PROPAGATION = "models/docs/propagation.md"
AXES = "Voeten (2000), Clashes in the Assembly; Bailey and Voeten (2018), A two-dimensional analysis of UN voting"
ERRORS = "models/docs/effects.md"
CAUSES = "models/docs/causes.md"
REPEATS = "models/docs/ideal_point.md"
POWER = "Kallioinen et al. (2024), doi:10.1007/s11222-023-10366-5: sensitivity to each prior"

# Prior numbers that the main analysis does not use: Student-t positions, other models of repeats, absence,
# pooled levels, imputed covariates. Degrees of freedom must stay above 2.
UNUSED = {
    "ideal_point.family_df",
    "ideal_point.testlet_scale",
    "ideal_point.repeat_correlation",
    "ideal_point.absence_loc",
    "ideal_point.absence_scale",
    "ideal_point.absence_state_scale",
    "ideal_point.absence_item_scale",
    "ideal_point.absence_slope_scale",
    "ideal_point.absence_inertia_loc",
    "ideal_point.absence_inertia_scale",
    "coalition.guarantee_level_scale",
    "alignment.tail_df",
    "coalition.missing_slope_scale",
    "coalition.missing_region_scale",
    "coalition.missing_sd_scale",
}

MODELS: tuple[Choice, ...] = (
    Choice("family", "student-t", {"ideal_point.family": "student_t"}, "Single states may lie far from their region.", ROBUST),
    Choice("family", "student-t-2", {"ideal_point.family": "student_t", "ideal_point.family_df": 2.0}, "Even heavier tails.", ROBUST),
    Choice("link", "probit", {"coalition.link": "probit"}, "Lighter tails: surprising outcomes influence the fit more.", LINK),
    Choice("link", "cauchit", {"coalition.link": "cauchit"}, "Heavier tails: surprising outcomes influence the fit less.", LINK),
    Choice("pooling", "positions-world", {"ideal_point.pooling": "world"}, "Positions shrink to one common mean, not to the mean of their region.", POOLING),
    Choice("pooling", "joining-no-regions", {"coalition.region_scale": 0.01}, "Regions differ only through the covariates.", POOLING),
    Choice("pooling", "joining-regions-apart", {"coalition.region_scale": 10.0}, "Regions are hardly pooled, as with fixed effects.", POOLING),
    Choice("pooling", "without-subregions", {"coalition.geography": "region"}, "Neighbours share no more than their regional group.", CAUSES),
    Choice("heterogeneity", "none", {"coalition.heterogeneity": "none"}, "A pact has one effect on all states, in logits.", CAUSES),
    Choice("pooling", "levels", {"coalition.guarantee_pooling": "levels"}, "Levels of the guarantee share a common effect.", POOLING),
    Choice("pooling", "cases-apart", {"coalition.guarantee_case_scale": 5.0, "coalition.alignment_case_scale": 5.0}, "The two coalitions share almost no information.", POOLING),
    Choice("pooling", "cases-as-one", {"coalition.guarantee_case_scale": 0.01, "coalition.alignment_case_scale": 0.01}, "Both coalitions have the same effect.", POOLING),
    Choice("state-effect", "off", {"coalition.state_effect": False}, "The two decisions of a state are independent.", POOLING),
    Choice("repeats", "apart", {"ideal_point.repeats": "apart"}, "Every answer to a resolution put again is new evidence, as in the published estimates.", REPEATS),
    Choice("repeats", "tempered", {"ideal_point.repeats": "tempered"}, "Answers to a resolution put again count as fewer.", REPEATS),
    Choice("axes", "two-dimensions", {"ideal_point.dimensions": 2, "axes": "dimensions"}, "States differ on more than one axis. Both alignments may matter for joining, and a guarantee may move both.", AXES),
    Choice("axes", "first-of-two", {"ideal_point.dimensions": 2}, "The first axis without what belongs to a second.", AXES),
    Choice("errors", "normal", {"alignment.tails": "normal"}, "Single states far out in alignment count in full.", ERRORS),
    Choice("errors", "no-subregions", {"alignment.subregion_effect": False}, "Neighbours share no alignment beyond their region and covariates.", ERRORS),
    Choice("errors", "no-states", {"alignment.state_effect": False}, "What a state's alignment keeps from one case to the other counts as chance.", ERRORS),
    Choice("errors", "independent", {"alignment.tails": "normal", "alignment.subregion_effect": False, "alignment.state_effect": False}, "All residuals are independent and normal.", ERRORS),
    Choice("propagation", "plugin", {"propagation": "plugin"}, "The usual practice: positions are treated as known.", PROPAGATION),
    Choice("propagation", "measurement", {"propagation": "measurement"}, "A normal approximation of the positions, which joining may update.", PROPAGATION),
)  # fmt: skip


def list_model_choices(main: Variant) -> tuple[Choice, ...]:
    """List all choices of models, and each prior number of the main analysis halved and doubled."""
    priors = (c for spec in ("coalition", "alignment", "ideal_point") for c in _change_priors(main, spec))
    return (*MODELS, *priors)


def _change_priors(main: Variant, spec: str) -> Iterator[Choice]:
    """Halve and double each number of a spec. Move a location of 0 down and up by half its scale."""
    values = getattr(main, spec)
    for field in fields(values):
        path = f"{spec}.{field.name}"
        if field.type is not float or path in UNUSED:
            continue
        value = getattr(values, field.name)
        if value:
            changed = {"halved": value / 2, "doubled": value * 2}
        else:
            step = getattr(values, field.name.removesuffix("_loc") + "_scale") / 2
            changed = {"lowered": -step, "raised": step}
        for how, number in changed.items():
            yield Choice(
                f"priors-{spec.replace('_', '-')}",
                f"{field.name}-{how}",
                {path: number},
                f"A prior number {how}: from {value:g} to {number:g}.",
                POWER,
            )
