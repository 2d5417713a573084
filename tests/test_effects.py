import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.special import expit

from analysis.effects import (
    compute_alignment,
    compute_effects,
    compute_rank,
    predict_joining,
    summarize_draws,
    summarize_ideal_points,
    weigh_state_effects,
)

RNG = np.random.default_rng(1)


def make_panel():
    included = np.array([[True, True, False], [True, True, True]])
    return xr.Dataset(
        {
            "included": (("case", "state"), included),
            "joined": (("case", "state"), np.where(included, [[1, 0, 0], [1, 0, 1]], np.nan)),
            "guarantee": (
                ("case", "state"),
                [["none", "pact", ""], ["rio", "pact", "none"]],
                {"levels": ["none", "rio", "pact"]},
            ),
        },
        {"case": ["iraq", "isis"], "state": ["AAA", "BBB", "CCC"]},
    )


def make_posterior(n=50, state_sd=True):
    posterior = xr.Dataset(
        {
            "eta": (("sample", "case", "state"), RNG.normal(size=(n, 2, 3))),
            "guarantee_effect": (("sample", "case", "level"), RNG.normal(1, 0.3, size=(n, 2, 2))),
            "alignment_slope": (("sample", "case"), RNG.normal(size=(n, 2))),
        },
        {"case": ["iraq", "isis"], "state": ["AAA", "BBB", "CCC"], "level": ["rio", "pact"]},
    )
    return posterior.assign(state_sd=("sample", np.abs(RNG.normal(size=n)))) if state_sd else posterior


def test_effects_are_averages_within_draws():
    panel, posterior = make_panel(), make_posterior(state_sd=False)
    effects = compute_effects(posterior, posterior, panel)
    eta, effect = posterior["eta"].values, posterior["guarantee_effect"].values
    for c, states in ((0, [0, 1]), (1, [0, 1, 2])):
        by_hand = expit(eta[:, c, states] + effect[:, c, 1:]) - expit(eta[:, c, states])
        np.testing.assert_allclose(effects["ame_pact_total"][c], by_hand.mean(1))
    pooled = effects["ame_pact_total"].sel(case=["iraq", "isis"]).mean("case")
    np.testing.assert_allclose(effects["ame_pact_total"].sel(case="pooled"), pooled)
    assert effects.sizes == {"case": 3, "sample": 50}


def test_posteriors_of_different_length_are_refused():
    """Aligned by sample number, the shorter would be filled with gaps that no summary shows."""
    with pytest.raises(ValueError, match="total has 50 draws and direct 40"):
        compute_effects(make_posterior(50), make_posterior(40), make_panel())


def test_state_effects_follow_bayes_rule():
    """Weights of the nodes against a fine grid over one state's effect."""
    panel, posterior = make_panel(), make_posterior(n=4)
    weights = weigh_state_effects(posterior, panel)
    np.testing.assert_allclose(weights.sum("node"), 1)
    predicted = predict_joining(posterior, panel, "pact", weights)
    nu = np.linspace(-9, 9, 20001)
    for s in range(4):
        eta, effect = posterior["eta"].values[s], posterior["guarantee_effect"].values[s]
        sd = posterior["state_sd"].values[s]
        # State BBB: in both cases, with a pact, joined neither.
        own = eta[:, 1] + effect[:, 1]
        density = np.exp(-0.5 * (nu / sd) ** 2) * np.prod([1 - expit(own[c] + nu) for c in (0, 1)], axis=0)
        expected = (expit(own[0] + nu) * density).sum() / density.sum()
        assert predicted.values[s, 0, 1] == pytest.approx(expected, abs=2e-4)


def test_states_outside_a_case_have_no_prediction():
    panel, posterior = make_panel(), make_posterior()
    predicted = predict_joining(posterior, panel, None, weigh_state_effects(posterior, panel))
    assert predicted.sel(case="iraq", state="CCC").isnull().all()
    assert not predicted.where(panel["included"], 0).isnull().any()


def test_alignment_is_taken_within_draws():
    base = RNG.normal(size=(4, 100, 1))
    shared = xr.DataArray(
        base + 0.1 * RNG.normal(size=(4, 100, 3)),
        dims=("chain", "draw", "state"),
        coords={"state": ["USA", "GBR", "CUB"]},
    )
    alignment = compute_alignment(shared, "USA")
    assert (alignment.sel(state="USA") == 0).all()
    # Errors that states share cancel: two summaries would give a spread of at least sqrt(2).
    assert alignment.sel(state="GBR").std() < 0.2
    np.testing.assert_allclose(
        alignment.sel(state="GBR") - alignment.sel(state="CUB"),
        compute_alignment(shared, "CUB").sel(state="GBR"),
    )


def test_alignment_against_the_yardstick_is_the_position():
    position = xr.DataArray([[0.0, 1.0]], dims=("sample", "state"), coords={"state": ["GBR", "CUB"]})
    xr.testing.assert_identical(compute_alignment(position, "USA", "USA"), position)
    assert compute_alignment(position, "GBR", "USA").sel(state="CUB").item() == 1.0
    with pytest.raises(ValueError, match="'USA' has no position"):
        compute_alignment(position, "USA")


def test_rank_one_is_nearest_to_the_us():
    position = xr.DataArray([[0.0, 2.0, -1.0]], dims=("sample", "state"), coords={"state": ["A", "B", "C"]})
    assert compute_rank(position).values.tolist() == [[2, 1, 3]]


def test_summaries():
    draws = xr.DataArray(np.arange(1001.0)[None], dims=("case", "sample"), coords={"case": ["iraq"]})
    row = summarize_draws(draws).iloc[0]
    assert row[["mean", "lower", "upper"]].tolist() == pytest.approx([500, 50, 950])
    posterior = xr.Dataset(
        {"ideal_point": (("chain", "draw", "state"), RNG.normal(size=(2, 20, 3)))},
        {"state": ["USA", "B", "C"]},
    )
    table = summarize_ideal_points(posterior, "iraq", "USA", None)
    assert list(table.columns) == ["case", "state", "quantity", "mean", "sd", "lower", "upper"]
    assert table["quantity"].value_counts().to_dict() == {"ideal_point": 3, "alignment": 3, "rank": 3}
    assert not pd.isna(table).any().any()
