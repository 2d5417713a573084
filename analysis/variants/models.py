"""Choices of priors and models: rows of the table of variants, those of the priors made from the specs."""

from collections.abc import Iterator
from dataclasses import fields

from analysis.variants.choice import Choice
from analysis.variants.variant import Variant

ROBUST = "Gelman et al. (2013), Bayesian Data Analysis, ch. 17"
LINK = "Koenker and Yoon (2009), doi:10.1016/j.jeconom.2009.01.009: parametric links for binary choice"
POOLING = "Gelman and Hill (2007), Data analysis using regression and multilevel models, ch. 12"
PROPAGATION = "models/README.md, Stage-1 uncertainty"
POWER = "Kallioinen et al. (2024), doi:10.1007/s11222-023-10366-5: sensitivity to each prior"

# Numbers of what the main analysis does not use: a family, levels pooled, covariates imputed.
UNUSED = {
    "ideal_point.family_df",
    "coalition.guarantee_level_scale",
    "coalition.missing_slope_scale",
    "coalition.missing_region_scale",
    "coalition.missing_sd_scale",
}

MODELS: tuple[Choice, ...] = (
    Choice("family", "student-t", {"ideal_point.family": "student_t"}, "Lets single states lie far from their region.", ROBUST),
    Choice("family", "student-t-2", {"ideal_point.family": "student_t", "ideal_point.family_df": 2.0}, "Heavier tails still.", ROBUST),
    Choice("link", "probit", {"coalition.link": "probit"}, "Lighter tails: a surprising state weighs more.", LINK),
    Choice("link", "cauchit", {"coalition.link": "cauchit"}, "Heavier tails: a surprising state weighs less.", LINK),
    Choice("pooling", "positions-world", {"ideal_point.pooling": "world"}, "Positions shrink to one mean, not to that of their region.", POOLING),
    Choice("pooling", "joining-no-regions", {"coalition.region_scale": 0.01}, "No differences between regions beside the covariates.", POOLING),
    Choice("pooling", "joining-regions-apart", {"coalition.region_scale": 10.0}, "Each region nearly by itself: what fixed effects would do.", POOLING),
    Choice("pooling", "levels", {"coalition.guarantee_pooling": "levels"}, "Levels of the guarantee share a common effect.", POOLING),
    Choice("pooling", "cases-apart", {"coalition.guarantee_case_scale": 5.0, "coalition.alignment_case_scale": 5.0}, "The two coalitions share next to nothing.", POOLING),
    Choice("pooling", "cases-as-one", {"coalition.guarantee_case_scale": 0.01, "coalition.alignment_case_scale": 0.01}, "One effect for both coalitions.", POOLING),
    Choice("state-effect", "off", {"coalition.state_effect": False}, "Two answers of one state taken as independent.", POOLING),
    Choice("propagation", "plugin", {"propagation": "plugin"}, "What is usual: positions as if they were known.", PROPAGATION),
    Choice("propagation", "measurement", {"propagation": "measurement"}, "A normal approximation that lets joining inform positions.", PROPAGATION),
)  # fmt: skip


def list_model_choices(main: Variant) -> tuple[Choice, ...]:
    """All choices of models, and every prior number of the main analysis halved and doubled."""
    priors = (c for spec in ("coalition", "alignment", "ideal_point") for c in _change_priors(main, spec))
    return (*MODELS, *priors)


def _change_priors(main: Variant, spec: str) -> Iterator[Choice]:
    """Each number of a spec halved and doubled; a location at 0 is moved down and up by half its scale."""
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
                f"A prior number {how}: {value:g} to {number:g}.",
                POWER,
            )
