"""Worlds of given strengths: what is put in can be found in them."""

from dataclasses import replace

import numpy as np
import pytest

from models.simulate.coalitions import list_columns
from models.simulate.two_windows import Strengths, simulate_two_windows
from models.simulate.worlds import World

WORLD = World(n_state=150, n_item=20)


def measure_residuals(strengths: Strengths, seed: int) -> float:
    """Correlate what guarantee, covariates and regions leave of alignment in the two windows."""
    _, panel, truth = simulate_two_windows(WORLD, strengths, seed)
    columns, residuals = list_columns(panel), []
    for case in range(2):
        answer = truth["ideal_point"].values[case, 1:]
        design = np.column_stack([columns["level"][case], columns["covariate"][case], columns["region"]])
        fitted = np.linalg.lstsq(design, answer, rcond=None)[0]
        residuals.append(answer - design @ fitted)
    return float(np.corrcoef(*residuals)[0, 1])


@pytest.mark.parametrize("agreement", [0.0, 0.64])
def test_residuals_agree_between_windows_as_asked(agreement):
    found = [measure_residuals(Strengths(residual_agreement=agreement), seed) for seed in range(20)]
    assert np.mean(found) == pytest.approx(agreement, abs=0.05)


def test_effects_vanish_with_their_strengths_and_joiners_follow_alignment():
    strengths = Strengths(guarantee_effect=(0.0, 0.0), alignment_slope=3.0, moves=(0.0, 1.0))
    _, panel, truth = simulate_two_windows(WORLD, strengths, 3)
    assert truth["ame_pact_direct"].values == pytest.approx(np.zeros(4), abs=1e-12)
    assert (truth["ame_pact_indirect"].sel(case=["iraq", "isis", "pooled"]) > 0.1).all()
    position = truth["ideal_point"].isel(state=slice(1, None)).values
    joined = panel["joined"].values == 1
    assert position[joined].mean() > position[~joined].mean() + 0.8
    _, _, without = simulate_two_windows(WORLD, replace(strengths, alignment_slope=0.0), 3)
    assert without["ame_pact_indirect"].values == pytest.approx(np.zeros(4), abs=1e-12)


def test_votes_and_panel_name_the_same_states_and_the_us_is_in_the_votes_only():
    votes, panel, truth = simulate_two_windows(WORLD, Strengths(), 4)
    for case, of_case in votes.items():
        assert of_case.attrs["case"] == case
        assert of_case["state"].values.tolist() == ["USA", *panel["state"].values]
        assert (of_case["region"].values[1:] == panel["region"].values).all()
    assert (truth["ideal_point"].idxmax("state") == "USA").all()
    assert truth["ideal_point"].std("state").values == pytest.approx(np.ones(2))
