"""Levels with few states each, pooled: their density, and a contrast of them in simulated worlds."""

import numpy as np
import pytest
from scipy import stats
from support.densities import draw_point, evaluate_logp

from analysis.fitting.fit import SAVED_TOTAL, list_saved
from analysis.fitting.refits import refit, shape_refits
from analysis.posterior.draws import stack
from analysis.studies.claims.estimate import average_levels, compute_level_effects
from analysis.variants.sampler import SamplerSpec
from data.load import INFORMAL_LEVELS
from models.coalition import build_coalition_model
from models.panel import prepare_panel_data
from models.simulate.static import simulate_panel
from models.spec import CoalitionSpec

POOLED = CoalitionSpec(guarantee_pooling="levels")


def give_levels(panel, seed):
    """Give some states without a guarantee a weak one: the simulated panel then has five levels."""
    rng = np.random.default_rng(seed)
    guarantee = panel["guarantee"].values.astype("<U12")
    draw = rng.random(panel.sizes["state"])
    for low, high, name in ((0, 0.08, "troops"), (0.08, 0.18, "access"), (0.18, 0.26, "designation")):
        guarantee[:, (draw >= low) & (draw < high) & (guarantee[0] == "none")] = name
    levels = ["none", "troops", "access", "designation", "rio", "pact"]
    return panel.assign(guarantee=(("case", "state"), guarantee, {"levels": levels}))


def test_pooled_levels_have_the_density_that_is_written_down():
    """At the same effects the two models differ only in their priors."""
    panel, _, _ = simulate_panel(n_state=60, seed=2)
    panel = give_levels(panel, 3)
    apart, together = (
        build_coalition_model(prepare_panel_data(panel), spec) for spec in (CoalitionSpec(), POOLED)
    )
    point = draw_point(together, 5)
    same = dict(point)
    common, sd = same.pop("guarantee_effect_common"), same.pop("guarantee_effect_level_sd_signed")
    case_variance = point["guarantee_effect_case_sd_signed"] ** 2 / 2
    offset = point["guarantee_effect_average_offset"]
    # The mean effect of the two cases, in units of its prior around 0.
    scale, level_scale = POOLED.guarantee_scale, POOLED.guarantee_level_scale
    around_0 = (common + np.sqrt(sd**2 + case_variance) * offset) / np.sqrt(scale**2 + case_variance)
    same["guarantee_effect_average_offset"] = around_0

    def normal(x, sd=1.0):
        return float(np.sum(stats.norm.logpdf(x, 0, sd)))

    priors = normal(common, scale) + normal(sd, level_scale) + normal(offset) - normal(around_0)
    assert evaluate_logp(together, point) == pytest.approx(evaluate_logp(apart, same) + priors, rel=1e-10)


def fit_worlds(panels):
    """Fit one compiled model to each simulated world; return 90 % intervals of pact minus informal ties."""
    model = build_coalition_model(prepare_panel_data(panels[0]), POOLED)
    saved = list_saved(model, SAVED_TOTAL)
    data = []
    for panel in panels:
        arrays = prepare_panel_data(panel)
        kept = {name: getattr(arrays, name) for name in ("has_level", "covariates", "region_idx")}
        data.append(kept | {"joined_observed": arrays.joined})
    fits = refit(
        shape_refits(model, saved, seed=3),
        data,
        SamplerSpec(draws=250, tune=100, chains=2),
        seed=3,
    )
    found = []
    for number, panel in enumerate(panels):
        posterior = stack(fits["posterior"].dataset.isel(refit=number), 800)
        effects = compute_level_effects(posterior, panel).sel(case="pooled")
        informal = average_levels(effects, INFORMAL_LEVELS)
        found.append((effects.sel(level="pact") - informal).quantile([0.05, 0.95]).values)
    return found


@pytest.mark.slow
def test_the_effect_of_formality_is_recovered_and_chance_gives_none():
    nothing = {"guarantee_effect": 0.0, "alignment_by_guarantee": 0.0}
    panel, _, truth = simulate_panel(guarantee_effect=2.0, seed=11)
    worlds = [give_levels(panel, 7)]
    worlds += [give_levels(simulate_panel(**nothing, seed=seed)[0], seed) for seed in range(5)]
    worlds += [permute(worlds[0], seed) for seed in range(5)]
    (low, high), *others = fit_worlds(worlds)
    assert 0 < low < float(truth["ame_pact_total"].mean()) < high
    for group in (others[:5], others[5:]):
        assert sum(low < 0 < high for low, high in group) >= 4


def permute(panel, seed):
    """Permute the guarantees among the states of each case."""
    rng = np.random.default_rng(seed)
    guarantee = panel["guarantee"].values.copy()
    for case, included in enumerate(panel["included"].values):
        guarantee[case, included] = rng.permutation(guarantee[case, included])
    return panel.assign(guarantee=(("case", "state"), guarantee, panel["guarantee"].attrs))
