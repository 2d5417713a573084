"""The model of alignment alone, at known positions: calibrated as it assumes, not where residuals agree."""

from functools import cache

import numpy as np
import pandas as pd
import pytest

from analysis.posterior.effects import contrast_cases
from analysis.posterior.joining import pool_cases
from analysis.studies.calibration.ranks import count_ranks, judge
from analysis.studies.calibration.world import AGREEMENT, rank
from models.alignment import draw_alignment_model
from models.panel import prepare_panel_data
from models.simulate.coalitions import draw_panel
from models.simulate.priors import draw_positions_given_guarantee
from models.spec import AlignmentSpec

WORLDS = 200
N_STATE = 60


@cache
def rank_worlds(agreement: float) -> pd.DataFrame:
    """Judge the ranks of a guarantee's true effect on alignment, by case, pooled and between the cases."""
    rows = []
    for seed in range(WORLDS):
        rng = np.random.default_rng(seed)
        panel = draw_panel(np.arange(N_STATE) % 5, np.arange(N_STATE).astype(str), rng)
        panel = panel.assign(joined=(("case", "state"), np.zeros((2, N_STATE))))
        position, moves, sd = draw_positions_given_guarantee(panel, AlignmentSpec(), agreement, rng)
        draws = np.broadcast_to(position, (99, *position.shape))
        drawn = draw_alignment_model(prepare_panel_data(panel), draws, AlignmentSpec(), seed)
        rows += rank("alignment", "residual_sd", sd, drawn["residual_sd"].transpose("case", "sample"))
        for number, level in enumerate(drawn["level"].values):
            by_case = drawn["guarantee_effect"].sel(level=level, drop=True).transpose("case", "sample")
            both = contrast_cases(pool_cases(by_case).to_dataset(name=level))[level]
            first, second = moves[:, number]
            true = np.array([first, second, (first + second) / 2, first - second])
            rows += rank("alignment", str(level), true, both)
    return judge(count_ranks(pd.DataFrame(rows))).set_index("quantity")


@pytest.mark.slow
def test_ranks_are_uniform_where_residuals_are_independent_between_windows():
    assert rank_worlds(0.0)["p_all"].min() > 0.05


@pytest.mark.slow
def test_where_residuals_agree_the_pooled_effect_is_too_sure_and_the_difference_too_unsure():
    judged = rank_worlds(AGREEMENT)
    of_one_case = judged.index.str.contains("iraq|isis")
    assert judged.loc[of_one_case, "p_all"].min() > 0.05
    difference = judged.loc[["rio[difference]", "pact[difference]"]]
    assert (difference["p_all"] < 0.05).all()
    assert difference["p_all"].min() < 1e-3
    assert (difference["inside"] > 0.96).all()
    assert (judged.loc[["rio[pooled]", "pact[pooled]"], "inside"] < 0.87).all()
