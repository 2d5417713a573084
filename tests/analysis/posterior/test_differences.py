"""Differences between groups: as estimated, by form alone, and beside the prior."""

import numpy as np
import pytest
import xarray as xr
from scipy.special import expit

from analysis.posterior.groups.differences import compare_groups, describe_interactions, list_pairs
from models.panel import prepare_panel_data
from models.simulate.heterogeneity import draw_parameters, draw_protected_panel, simulate_heterogeneous
from models.spec import CoalitionSpec

N = 400


@pytest.fixture(scope="module")
def panel():
    rng = np.random.default_rng(1)
    drawn = draw_protected_panel(150, rng)
    return simulate_heterogeneous(drawn, draw_parameters(drawn, rng), rng)[0]


def make_posterior(panel, by_capability, by_region=0.0):
    """Return draws without state effects, around an effect of 1 logit and given interactions."""
    rng = np.random.default_rng(2)
    data = prepare_panel_data(panel)
    n_state, n_region = len(data.state), len(data.region)
    eta = -1.0 + 0.8 * data.covariates[..., 0] + 0.1 * rng.normal(size=(N, 2, n_state))
    draws = {
        "eta": (("sample", "case", "state"), eta),
        "guarantee_effect": (("sample", "case", "level"), rng.normal(1, 0.1, (N, 2, 2))),
        "guarantee_capability": (("sample", "case", "level"), rng.normal(by_capability, 0.1, (N, 2, 2))),
        "guarantee_region": (
            ("sample", "case", "level", "region"),
            rng.normal(by_region * (data.region == "WEOG"), 0.1, (N, 2, 2, n_region)),
        ),
        "guarantee_region_sd": ("sample", np.abs(rng.normal(0.3, 0.1, N))),
        "covariate_slope": (("sample", "case", "covariate"), np.zeros((N, 2, 2))),
    }
    coords = {"case": data.case, "state": data.state, "level": data.level, "region": data.region}
    return xr.Dataset(draws, coords | {"covariate": data.covariate})


def find(table, first, second, case="pooled", quantity="ame"):
    rows = table[(table["level"] == "pact") & (table["case"] == case) & (table["quantity"] == quantity)]
    return rows[(rows["first"] == first) & (rows["second"] == second)].iloc[0]


def test_a_difference_is_that_of_the_averages_of_two_groups(panel):
    posterior = make_posterior(panel, 0.5)
    row = find(compare_groups(posterior, panel), "major", "small", case="isis")
    data, draws = prepare_panel_data(panel), posterior.isel(case=1)
    effect = (
        draws["guarantee_effect"].values[:, 1, None]
        + draws["guarantee_region"].values[:, 1][:, data.region_idx]
    )
    effect = effect + draws["guarantee_capability"].values[:, 1, None] * data.covariates[1, :, 0]
    change = expit(draws["eta"].values + effect) - expit(draws["eta"].values)
    overlap = np.isin(panel["region"].values, ["Asia-Pacific", "Eastern European", "WEOG"])
    size = panel["capability_group"].values[1]
    by_hand = change[:, overlap & (size == "major")].mean(1) - change[:, overlap & (size == "small")].mean(1)
    assert row["mean"] == pytest.approx(by_hand.mean())
    assert row["prob_positive"] == pytest.approx((by_hand > 0).mean())


def test_without_interactions_all_of_a_difference_is_form(panel):
    """The logistic curve alone makes small and major states differ: what the old model called a finding."""
    alike = find(compare_groups(make_posterior(panel, 0.0), panel), "major", "small")
    assert abs(alike["by_form"]) > 0.03
    assert alike["mean"] == pytest.approx(alike["by_form"], abs=0.03)
    other = find(compare_groups(make_posterior(panel, 1.0), panel), "major", "small")
    assert other["by_form"] == pytest.approx(alike["by_form"], abs=0.01)
    assert other["mean"] > alike["mean"] + 0.1
    region = compare_groups(make_posterior(panel, 0.0, by_region=-1.5), panel)
    assert find(region, "Eastern European", "WEOG", quantity="att")["prob_positive"] > 0.99


def test_groups_of_one_kind_are_compared(panel):
    pairs = list_pairs(panel)
    assert pairs[:3] == [("major", "middle"), ("major", "small"), ("middle", "small")]
    assert ("Eastern European", "WEOG") in pairs
    table = compare_groups(make_posterior(panel, 0.0), panel)
    # Nobody has a pact in Africa, and one region alone has the Rio Treaty.
    assert "African" not in set(table["first"]) | set(table["second"])
    assert set(table[table["level"] == "rio"]["first"]) == {"major", "middle"}
    assert not table.isna().any(axis=None)


def test_interactions_stand_beside_their_priors(panel):
    spec = CoalitionSpec(heterogeneity="capability-region")
    table = describe_interactions(make_posterior(panel, 0.5), spec, seed=1)
    slope = table[(table["parameter"] == "guarantee_capability") & (table["level"] == "pact")]
    assert slope["case"].tolist() == ["iraq", "isis"]
    np.testing.assert_allclose(slope["mean"], 0.5, atol=0.02)
    wanted = np.hypot(spec.interaction_scale, spec.interaction_case_scale)
    np.testing.assert_allclose(slope["prior_sd"], wanted, rtol=0.02)
    np.testing.assert_allclose(slope["variance_left"], (0.1 / wanted) ** 2, rtol=0.2)
    sd = table[table["parameter"] == "guarantee_region_sd"].iloc[0]
    assert sd["prior_upper"] == pytest.approx(1.96 * spec.interaction_region_scale, rel=0.02)
    regional = table[table["parameter"] == "guarantee_region"]
    np.testing.assert_allclose(regional["prior_sd"], spec.interaction_region_scale, rtol=0.03)
    assert len(regional) == 2 * 2 * 5
