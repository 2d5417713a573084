from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.special import expit
from support.made_effects import RNG, make_mediator, make_panel, make_posterior

from analysis.pipeline.run import run_variant
from analysis.posterior.effects import compute_effects
from analysis.posterior.joining import predict_joining, weigh_state_effects
from analysis.posterior.positions import (
    compute_alignment,
    compute_rank,
    pair_positions,
    summarize_positions,
)
from analysis.posterior.summaries import summarize_draws, summarize_effects
from analysis.variants.table import MAIN
from models.spec import SpecError


def test_effects_are_averages_within_draws():
    panel, posterior = make_panel(), make_posterior(state_sd=False)
    effects = compute_effects(posterior, posterior, make_mediator(), panel).sel(group="all")
    eta, effect = posterior["eta"].values, posterior["guarantee_effect"].values
    for c, states in ((0, [0, 1]), (1, [0, 1, 2])):
        by_hand = expit(eta[:, c, states] + effect[:, c, 1:]) - expit(eta[:, c, states])
        np.testing.assert_allclose(effects["ame_pact_total"][c], by_hand.mean(1))
    pooled = effects["ame_pact_total"].sel(case=["iraq", "isis"]).mean("case")
    np.testing.assert_allclose(effects["ame_pact_total"].sel(case="pooled"), pooled)
    difference = effects["ame_pact_total"].sel(case="iraq") - effects["ame_pact_total"].sel(case="isis")
    np.testing.assert_allclose(effects["ame_pact_total"].sel(case="difference"), difference)
    assert effects.sizes == {"case": 4, "sample": 50}


def test_posteriors_of_different_length_are_refused():
    """Otherwise the shorter posterior would be padded with NaN, and no summary would show it."""
    with pytest.raises(ValueError, match="total has 50 draws, direct has 40 draws"):
        compute_effects(make_posterior(50), make_posterior(40), make_mediator(40), make_panel())


def test_groups_and_the_states_with_a_level_have_averages_of_their_own():
    panel, posterior = make_panel(), make_posterior(state_sd=False)
    effects = compute_effects(posterior, posterior, make_mediator(), panel)
    eta, effect = posterior["eta"].values, posterior["guarantee_effect"].values

    def change(case, state):
        return expit(eta[:, case, state] + effect[:, case, 1]) - expit(eta[:, case, state])

    ame, att = effects["ame_pact_direct"], effects["att_pact_direct"]
    np.testing.assert_allclose(ame.sel(case="isis", group="major"), change(1, 1))
    np.testing.assert_allclose(ame.sel(case="isis", group="small"), (change(1, 0) + change(1, 2)) / 2)
    np.testing.assert_allclose(att.sel(case="iraq", group="all"), change(0, 1))
    np.testing.assert_allclose(att.sel(case="isis", group="small"), change(1, 0) * np.nan)
    assert ame.sel(case=["iraq", "pooled", "difference"], group="major").isnull().all()


def test_a_dose_is_compared_with_none_and_the_treated_have_their_own():
    panel = make_panel()
    panel["guarantee"] = (
        ("case", "state"),
        [["none", "troops", ""], ["none", "troops", "none"]],
        {"levels": ["none", "troops"]},
    )
    panel["dose"] = (("case", "state"), [[0.1, 2.0, 0.0], [0.0, 3.0, 0.2]], {"level": "troops"})
    posterior = make_posterior(state_sd=False).isel(level=[0]).assign_coords(level=["troops"])
    mediator = make_mediator().isel(level=[0]).assign_coords(level=["troops"])
    effects = compute_effects(posterior, posterior, mediator, panel).sel(group="all", case="isis")
    eta, effect = posterior["eta"].values[:, 1], posterior["guarantee_effect"].values[:, 1]
    np.testing.assert_allclose(effects["ame_troops_total"], (expit(eta + effect) - expit(eta)).mean(1))
    own = expit(eta[:, 1] + 3 * effect[:, 0]) - expit(eta[:, 1])
    np.testing.assert_allclose(effects["att_troops_total"], own)
    slope, move = posterior["alignment_slope"].values[:, [1]], mediator["guarantee_effect"].values[1]
    base = eta - slope * move * [0.0, 3.0, 0.2]
    indirect = expit(base + effect + slope * move) - expit(base + effect)
    np.testing.assert_allclose(effects["ame_troops_indirect"], indirect.mean(1))


def test_mediation_follows_its_formula_state_by_state():
    panel, posterior, mediator = make_panel(), make_posterior(state_sd=False), make_mediator()
    effects = compute_effects(posterior, posterior, mediator, panel).sel(group="all")
    eta, effect = posterior["eta"].values[:, 1], posterior["guarantee_effect"].values[:, 1]
    slope = posterior["alignment_slope"].values[:, 1]
    move = mediator["guarantee_effect"].values[1]
    natural, indirect = [], []
    # ISIS: state AAA has Rio, BBB a pact, CCC none. eta includes the alignment under each state's own level.
    for state, own in enumerate((move[:, 0], move[:, 1], np.zeros(50))):
        base = eta[:, state] - slope * own
        natural.append(expit(base + effect[:, 1]) - expit(base))
        indirect.append(expit(base + effect[:, 1] + slope * move[:, 1]) - expit(base + effect[:, 1]))
    np.testing.assert_allclose(effects["ame_pact_natural_direct"].sel(case="isis"), np.mean(natural, 0))
    np.testing.assert_allclose(effects["ame_pact_indirect"].sel(case="isis"), np.mean(indirect, 0))
    np.testing.assert_allclose(
        effects["ame_pact_mediated"], effects["ame_pact_natural_direct"] + effects["ame_pact_indirect"]
    )
    np.testing.assert_allclose(
        effects["alignment_rio"].sel(case="iraq"), mediator["guarantee_effect"][0, :, 0]
    )


def test_without_a_path_through_alignment_there_is_no_indirect_effect():
    panel, posterior, mediator = make_panel(), make_posterior(), make_mediator(scale=0.0)
    unmoved = compute_effects(posterior, posterior, mediator, panel)
    assert (np.abs(unmoved["ame_pact_indirect"].sel(group="all")) < 1e-12).all()
    np.testing.assert_allclose(unmoved["ame_pact_natural_direct"], unmoved["ame_pact_direct"])
    posterior["alignment_slope"] *= 0
    no_slope = compute_effects(posterior, posterior, make_mediator(), panel)
    assert (np.abs(no_slope["ame_pact_indirect"].sel(group="all")) < 1e-12).all()


def test_where_joining_is_nearly_linear_indirect_is_total_less_direct():
    """For small changes near one half, the total coefficient is the direct one plus slope times shift."""
    panel, direct, mediator = make_panel(), make_posterior(state_sd=False), make_mediator(scale=0.02)
    for name in ("eta", "guarantee_effect"):
        direct[name] *= 0.02
    way = direct["alignment_slope"] * mediator["guarantee_effect"]
    total = direct.assign(guarantee_effect=direct["guarantee_effect"] + way)
    effects = compute_effects(total, direct, mediator, panel).sel(group="all")
    gap = effects["ame_pact_total"] - effects["ame_pact_direct"] - effects["ame_pact_indirect"]
    assert np.abs(gap).max() < 0.02 * np.abs(effects["ame_pact_total"]).max()
    assert np.abs(effects["ame_pact_indirect"]).mean() > 20 * np.abs(gap).mean()


def test_risk_ratios_are_taken_within_draws():
    panel, posterior = make_panel(), make_posterior(state_sd=False)
    effects = compute_effects(posterior, posterior, make_mediator(), panel)
    pact, none = (effects[f"probability_{level}_total"] for level in ("pact", "none"))
    ratio = effects["risk_ratio_pact_total"]
    by_case = (pact / none).sel(case=["iraq", "isis", "pooled"])
    xr.testing.assert_allclose(ratio.sel(case=by_case["case"]), by_case)
    row = summarize_effects(effects, None, "plugin").query("quantity == 'risk_ratio_pact_total'")
    row = row.set_index(["case", "group"]).loc[("iraq", "all")]
    assert row["lower"] == pytest.approx(np.quantile(ratio.sel(case="iraq", group="all"), 0.05))
    # For a ratio, a positive effect is one above 1.
    assert row["prob_positive"] == pytest.approx((ratio.sel(case="iraq", group="all") > 1).mean().item())
    ends = [summarize_draws(p.sel(group="all")).set_index("case").loc["iraq"] for p in (pact, none)]
    assert row["lower"] > 1.2 * ends[0]["lower"] / ends[1]["upper"]


def test_log_odds_do_not_depend_on_how_many_join_anyway():
    """The same effect in logits in both cases: no difference in log odds, but one in points."""
    panel, posterior = make_panel(), make_posterior(state_sd=False)
    same = posterior["guarantee_effect"].isel(case=0, drop=True)
    posterior["guarantee_effect"] = same.expand_dims(case=posterior["case"]).transpose(
        *posterior["guarantee_effect"].dims
    )
    posterior["eta"] = posterior["eta"] + xr.DataArray([-3.0, 0.0], dims="case")
    effects = compute_effects(posterior, posterior, make_mediator(), panel).sel(group="all")
    assert np.abs(effects["log_odds_pact_total"].sel(case="difference")).max() < 1e-9
    np.testing.assert_allclose(effects["log_odds_pact_total"].sel(case="iraq"), same.sel(level="pact"))
    assert np.abs(effects["ame_pact_total"].sel(case="difference")).mean() > 0.02


def test_table_of_effects_has_a_row_for_each_average_and_the_share_of_stage_1():
    panel, posterior, n = make_panel(), make_posterior(), 60
    refit = xr.DataArray(np.repeat(np.arange(30), 2), dims="sample")
    # The slope varies much between refits and little within them.
    slope = np.repeat(RNG.normal(size=(30, 2)), 2, axis=0) + 0.01 * RNG.normal(size=(n, 2))
    posterior = make_posterior(n).assign(alignment_slope=(("sample", "case"), slope))
    effects = compute_effects(posterior, posterior, make_mediator(n), panel)
    table = summarize_effects(effects, refit, "draws")
    columns = [
        "quantity",
        "case",
        "group",
        "mean",
        "sd",
        "lower",
        "upper",
        "prob_positive",
        "stage1_share",
        "mcse",
    ]
    assert list(table.columns) == columns
    assert not table.isna().any(axis=None)
    assert not table.duplicated(["quantity", "case", "group"]).any()
    indexed = table.set_index(["quantity", "case", "group"])
    assert ("att_pact_direct", "isis", "small") not in indexed.index
    assert ("ame_pact_direct", "isis", "major") in indexed.index
    assert indexed.loc[("alignment_slope", "iraq", "all"), "stage1_share"] > 0.95
    assert indexed.loc[("ame_pact_total", "iraq", "all"), "stage1_share"] == 0
    assert indexed.loc[("ame_pact_direct", "iraq", "all"), "stage1_share"] < 0.6
    unknown = summarize_effects(effects, None, "measurement").set_index("quantity")["stage1_share"]
    assert unknown["alignment_slope"].isna().all()
    assert (unknown["ame_pact_total"] == 0).all()


def test_each_draw_is_paired_with_its_own_positions():
    panel = make_panel()
    alignment = xr.DataArray(
        RNG.normal(size=(3, 2, 3)), dims=("refit", "case", "state"), coords=dict(panel.coords)
    ).where(panel["included"])
    sample = xr.Dataset(coords={"refit": ("sample", [2, 0, 0, 1])})
    centred = alignment - alignment.mean("state")
    paired = pair_positions(sample.assign(x=("sample", np.zeros(4))), panel, alignment)
    np.testing.assert_allclose(paired, centred.fillna(0).values[[2, 0, 0, 1]])
    plugin = pair_positions(xr.Dataset({"x": ("sample", np.zeros(5))}), panel, alignment)
    np.testing.assert_allclose(plugin, np.broadcast_to(centred.fillna(0).mean("refit"), (5, 2, 3)))
    own = xr.Dataset({"position": (("case", "state", "sample"), RNG.normal(size=(2, 3, 5)))})
    np.testing.assert_allclose(pair_positions(own, panel, alignment)[4, 1, 2], own["position"][1, 2, 4])


def test_state_effects_follow_bayes_rule():
    """Compare the weights of the nodes with a fine grid over one state's effect."""
    panel, posterior = make_panel(), make_posterior(n=4)
    weights = weigh_state_effects(posterior, panel)
    np.testing.assert_allclose(weights.sum("node"), 1)
    predicted = predict_joining(posterior, panel, "pact", weights)
    nu = np.linspace(-9, 9, 20001)
    for s in range(4):
        eta, effect = posterior["eta"].values[s], posterior["guarantee_effect"].values[s]
        sd = posterior["state_sd"].values[s]
        # State BBB is in both cases, has a pact, and joined neither coalition.
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
    # Errors that the states share cancel. Independent errors would give a spread of at least sqrt(2).
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
    stage1 = {"iraq": xr.DataTree.from_dict({"posterior": posterior})}
    votes = {"iraq": xr.Dataset(coords={"response": ["no", "abstain", "yes"]})}
    table = summarize_positions(stage1, votes, "USA")
    assert list(table.columns) == ["case", "state", "quantity", "mean", "sd", "lower", "upper"]
    assert table["quantity"].value_counts().to_dict() == {"ideal_point": 3, "alignment": 3, "rank": 3}
    assert not pd.isna(table).any().any()


def test_too_few_kept_draws_are_refused_before_the_first_fit():
    few = replace(MAIN, run=replace(MAIN.run, stage1_draws=2500))
    with pytest.raises(SpecError, match="at least twice stage1_draws = 2500"):
        run_variant(few, report=lambda name: pytest.fail(f"{name} has begun"))


def test_an_unknown_way_of_propagation_names_the_nearest():
    with pytest.raises(ValueError, match="nearest: 'plugin'"):
        replace(MAIN, propagation="plug-in")


def test_the_indirect_effect_goes_through_all_axes_together_and_through_each():
    panel, axes = make_panel(), xr.DataArray([0.0, 1.0], {"axis": ["first", "second"]}, "axis")
    posterior, mediator = make_posterior(state_sd=False), make_mediator()
    slopes, moves = posterior["alignment_slope"], mediator["guarantee_effect"]
    # A first axis that matters not, and a second that is the one of the posterior: then both are as that one.
    wide = posterior.assign(alignment_slope=slopes * axes)
    moved = mediator.assign(guarantee_effect=moves * axes + (1 - axes) * 3.0)
    one = compute_effects(posterior, posterior, mediator, panel)
    two = compute_effects(posterior, wide, moved, panel)
    for name in ("ame_pact_indirect", "ame_pact_natural_direct", "ame_rio_mediated"):
        np.testing.assert_allclose(two[name], one[name], atol=1e-12)
    np.testing.assert_allclose(two["ame_pact_indirect_second"], one["ame_pact_indirect"], atol=1e-12)
    np.testing.assert_allclose(two["ame_pact_indirect_first"].fillna(0.0), 0.0, atol=1e-12)
    np.testing.assert_array_equal(two["alignment_slope_second"], one["alignment_slope"])
    np.testing.assert_array_equal(two["alignment_pact_second"], one["alignment_pact"])
    # The first of two axes has the names of one axis.
    assert (two["alignment_slope"] == 0).all()
    assert float(two["alignment_pact"].sel(case="iraq").mean()) == pytest.approx(3.0)
