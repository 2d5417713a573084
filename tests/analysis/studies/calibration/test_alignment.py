"""The model of alignment at known positions: calibrated as it assumes, not with independent errors."""

import numpy as np
import pandas as pd
import pytest
from support.made_effects import draw_alignment_model

from analysis.posterior.effects import contrast_cases
from analysis.posterior.joining import pool_cases
from analysis.studies.calibration.ranks import count_ranks, judge
from analysis.studies.calibration.world import rank
from models.panel import prepare_panel_data
from models.simulate.coalitions import draw_panel
from models.simulate.priors import draw_positions_given_guarantee
from models.spec import AlignmentSpec

WORLDS = 200
N_STATE = 60
INDEPENDENT = AlignmentSpec(state_effect=False, subregion_effect=False, tails="normal")


def rank_worlds(spec: AlignmentSpec) -> pd.DataFrame:
    """Judge the ranks of the truth in worlds of the main model, for each case, pooled and the difference."""
    rows = []
    for seed in range(WORLDS):
        rng = np.random.default_rng(seed)
        panel = draw_panel(np.arange(N_STATE) % 5, np.arange(N_STATE).astype(str), rng)
        panel = panel.assign(joined=(("case", "state"), np.zeros((2, N_STATE))))
        position, truth = draw_positions_given_guarantee(panel, AlignmentSpec(), rng)
        draws = np.broadcast_to(position, (99, *position.shape))
        drawn = draw_alignment_model(prepare_panel_data(panel), draws, spec, seed)
        for name in {"residual_sd", "state_sd", "subregion_sd"} & set(drawn):
            rows += rank("alignment", name, truth[name], drawn[name].transpose(..., "sample"))
        for number, level in enumerate(drawn["level"].values):
            by_case = drawn["guarantee_effect"].sel(level=level, drop=True).transpose("case", "sample")
            both = contrast_cases(pool_cases(by_case).to_dataset(name=level))[level]
            first, second = truth["guarantee_effect"][:, number]
            true = np.array([first, second, (first + second) / 2, first - second])
            rows += rank("alignment", str(level), true, both)
    return judge(count_ranks(pd.DataFrame(rows))).set_index("quantity")


@pytest.mark.slow
def test_ranks_are_uniform_under_the_model():
    judged = rank_worlds(AlignmentSpec())
    assert judged["p_all"].min() > 0.05
    assert (judged["inside"] > 0.8).all()


@pytest.mark.slow
def test_with_independent_errors_averages_are_too_sure_and_differences_too_unsure():
    judged = rank_worlds(INDEPENDENT)
    assert (judged.loc[["rio[difference]", "pact[difference]"], "inside"] > 0.94).all()
    assert (judged.loc[["rio[pooled]", "pact[pooled]"], "inside"] < 0.87).all()
    assert judged["p_all"].min() < 1e-2
