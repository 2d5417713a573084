"""Worlds from the priors: true effects against brute force, and what is asked for comes out."""

import numpy as np
import pytest
from scipy.special import expit

from models.simulate.coalitions import (
    compute_direct_effects,
    compute_total_effects,
    draw_joining,
    draw_panel,
    list_columns,
)
from models.simulate.priors import (
    SMALL,
    Priors,
    draw_positions_given_guarantee,
    draw_world_from_priors,
    name_upper_end,
)
from models.spec import AlignmentSpec, CoalitionSpec, IdealPointSpec

PARAMETERS = {
    "intercept": np.array([-0.5, 0.2]),
    "covariate_slope": np.array([[0.5, -0.3], [0.4, 0.1]]),
    "region_effect": np.linspace(-0.5, 0.5, 10).reshape(2, 5),
    "guarantee_effect": np.array([[0.3, 1.5], [-0.2, 1.0]]),
    "alignment_slope": np.array([1.2, 0.4]),
    "state_sd": 1.3,
}
MOVES = np.array([[0.2, 0.8], [0.1, 0.5]])


@pytest.fixture(scope="module")
def panel():
    rng = np.random.default_rng(3)
    return draw_panel(np.arange(40) % 5, np.array([f"S{i}" for i in range(40)]), rng)


@pytest.fixture(scope="module")
def position(panel):
    return np.random.default_rng(4).normal(size=(2, 40))


def sample_effects(panel, position) -> np.ndarray:
    """State effects given each state's two decisions, by rejection: (draw, state)."""
    rng = np.random.default_rng(5)
    kept = np.full((300, 40), np.nan)
    eta = list_logits(panel, position, list_columns(panel)["level"])
    for state in range(40):
        tried = PARAMETERS["state_sd"] * rng.normal(size=40_000)
        says = rng.random((2, tried.size)) < expit(eta[:, [state]] + tried)
        right = (says == panel["joined"].values[:, [state]]).all(0)
        kept[:, state] = tried[right][:300]
    return kept


def list_logits(panel, position, level) -> np.ndarray:
    columns = list_columns(panel)
    return (
        PARAMETERS["intercept"][:, None]
        + (columns["covariate"] * PARAMETERS["covariate_slope"][:, None]).sum(-1)
        + np.stack([columns["region"] @ effect for effect in PARAMETERS["region_effect"]])
        + (np.broadcast_to(level, (2, 40, 2)) * PARAMETERS["guarantee_effect"][:, None]).sum(-1)
        + PARAMETERS["alignment_slope"][:, None] * position
    )


def test_true_effects_are_averages_over_the_effects_of_states_given_their_decisions(panel, position):
    joined = draw_joining(panel, PARAMETERS, position, np.random.default_rng(6))
    found = compute_direct_effects(joined, PARAMETERS, position, MOVES)
    states = sample_effects(joined, position)[:, None]
    own = (list_columns(panel)["level"] * MOVES[:, None]).sum(-1)
    pact, none = np.array([0.0, 1.0]), np.zeros(2)

    def average(level, moved):
        return expit(list_logits(joined, position + moved, level) + states).mean(0).mean(1)

    expected = {
        "ame_pact_direct": average(pact, 0) - average(none, 0),
        "ame_pact_natural_direct": average(pact, -own) - average(none, -own),
        "ame_pact_indirect": average(pact, MOVES[:, [1]] - own) - average(pact, -own),
        "ame_pact_mediated": average(pact, MOVES[:, [1]] - own) - average(none, -own),
    }
    for name, by_case in expected.items():
        assert found[name][:2] == pytest.approx(by_case, abs=0.01), name
        assert found[name][2] == pytest.approx(by_case.mean(), abs=0.01)
        assert found[name][3] == pytest.approx(by_case[0] - by_case[1], abs=0.015)
    assert found["alignment_rio"] == pytest.approx([0.2, 0.1, 0.15, 0.1])


def test_true_total_effects_compare_all_states_with_and_without_the_guarantee(panel):
    joined = draw_joining(panel, PARAMETERS, None, np.random.default_rng(7))
    found = compute_total_effects(joined, PARAMETERS)
    assert found["ame_pact_total"] == pytest.approx(
        found["probability_pact_total"] - found["probability_none_total"], abs=1e-12
    )
    assert found["risk_ratio_pact_total"][2] == pytest.approx(
        found["probability_pact_total"][2] / found["probability_none_total"][2]
    )
    # Those with a pact are compared with themselves without one.
    assert (found["att_pact_total"][:3] > 0).all()


def test_positions_are_standardised_and_agree_between_windows_as_the_truth_says(panel):
    rng = np.random.default_rng(8)
    spec = AlignmentSpec(tails="normal", subregion_effect=False)
    columns = list_columns(panel)
    found, told = [], []
    for _ in range(60):
        position, truth = draw_positions_given_guarantee(panel, spec, rng)
        assert position.mean(1) == pytest.approx(np.zeros(2), abs=1e-9)
        assert position.std(1) == pytest.approx(np.ones(2))
        residuals = []
        for case in range(2):
            design = np.column_stack([columns["level"][case], columns["covariate"][case], columns["region"]])
            residuals.append(position[case] - design @ np.linalg.lstsq(design, position[case], rcond=None)[0])
        found.append(np.corrcoef(*residuals)[0, 1])
        told.append(truth["state_sd"] ** 2 / np.prod(truth["residual_sd"]))
    assert np.corrcoef(found, told)[0, 1] > 0.9
    assert np.mean(np.subtract(found, told)) == pytest.approx(0.0, abs=0.08)


def test_worlds_are_the_same_for_a_seed_and_the_us_vote_points_to_the_upper_end():
    first, again = (draw_world_from_priors(Priors(), 11) for _ in range(2))
    assert first.votes["isis"].identical(again.votes["isis"])
    assert first.effects["ame_pact_mediated"] == pytest.approx(again.effects["ame_pact_mediated"])
    assert first.votes["iraq"].sizes == {"item": SMALL.n_item, "state": SMALL.n_state, "response": 3}
    for case, votes in first.votes.items():
        says = votes["us_vote"].values
        slope = first.ideal_point[case]["discrimination"].values
        assert slope[says == "yes"].sum() > slope[says == "no"].sum()


def test_upper_end_is_named_by_exchanging_yes_and_no():
    says = np.array(["yes", "no", "abstain"])
    assert name_upper_end(says, np.array([1.0, -1.0, 5.0])).tolist() == says.tolist()
    assert name_upper_end(says, np.array([-1.0, 1.0, 5.0])).tolist() == ["no", "yes", "abstain"]


def test_choices_that_are_not_simulated_are_refused():
    with pytest.raises(ValueError, match="dimensions = 2"):
        draw_world_from_priors(Priors(IdealPointSpec(dimensions=2), AlignmentSpec(), CoalitionSpec()), 1)
