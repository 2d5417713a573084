"""The rule of verdicts from models/docs/claims.md on made-up numbers, and the words for the numbers."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.stats import norm

from analysis.studies.claims.judge import (
    bound_joint,
    combine,
    find_sure,
    judge,
    judge_description,
    judge_posterior,
)
from analysis.studies.claims.others import add_sign_shares, gather_others, translate_sensitivity
from analysis.studies.claims.rows import COLUMNS, describe, find_row, infer, tabulate
from analysis.studies.claims.table import load_claims
from analysis.studies.claims.text import say_interval, say_number, say_others

DECIDING = [deciding for claim in load_claims() for deciding in claim.deciding]


@pytest.mark.parametrize(
    ("prob", "others", "verdict"),
    [
        (0.96, [0.97] * 8 + [0.5] * 2, "supported"),
        (0.96, [0.97] * 7 + [0.5] * 3, "fragile"),
        (0.95, [0.99] * 10, "open"),
        (0.5, [], "open"),
        (0.04, [0.01] * 5, "contradicted"),
        (0.04, [0.01, 0.5], "fragile"),
        (0.97, [], "supported (main analysis only)"),
        (0.01, [], "contradicted (main analysis only)"),
    ],
)
def test_a_posterior_is_judged_by_the_rule(prob, others, verdict):
    assert judge_posterior(prob, others, sure=True) == verdict
    assert judge_posterior(prob, others, sure=False) == "open"


def test_all_signs_are_judged_together():
    """Errors are added up from the smallest; what would bring the sum above 0.1 is open."""
    prob = pd.Series([0.96, 0.999, 0.04, 0.97, 0.5, np.nan, 0.951], list("abcdefg"))
    # 0.001, 0.03, 0.04 and 0.04 make 0.111.
    assert prob.index[find_sure(prob)].tolist() in (["a", "b", "d"], ["b", "c", "d"])
    assert find_sure(pd.Series([0.96, 0.96, 0.5])).tolist() == [True, True, False]
    assert not find_sure(pd.Series([0.95, 0.5])).any()


def test_false_signs_are_as_rare_as_the_rule_says():
    """Of ten quantities known with error, with calibrated posteriors, at most 0.1 are called falsely."""
    rng = np.random.default_rng(1)
    false = []
    for _ in range(2000):
        truth = rng.normal(0, 1, 10)
        seen = truth + rng.normal(0, 1, 10)
        prob = pd.Series(norm.cdf(seen / np.sqrt(2)))
        sure = find_sure(prob)
        false.append(((prob > 0.5) != (truth > 0))[sure].sum())
    assert np.mean(false) < 0.1


@pytest.mark.parametrize(
    ("value", "others", "limit", "verdict"),
    [
        (0.1, [0.2, 0.1, 0.3, 0.1, -0.1], 0.0, "as claimed"),
        (0.1, [0.2, -0.1, -0.2], 0.0, "depends on the coding"),
        (-0.1, [-0.2] * 6 + [0.01], 0.0, "not as claimed"),
        (0.6, [], 0.5, "as claimed"),
        (0.5, [], 0.5, "not as claimed"),
    ],
)
def test_a_description_is_judged_by_the_rule(value, others, limit, verdict):
    assert judge_description(value, others, limit) == verdict


def test_nan_gets_no_verdict():
    with pytest.raises(ValueError, match="nan"):
        judge_description(float("nan"), [], 0.0)


def test_verdicts_that_disagree_are_mixed():
    none = pd.Series(dtype=float)
    assert combine(["open", "open"], none) == "open"
    assert combine(["open", "supported"], none) == "mixed"
    assert combine(["open", "not computed"], none) == "not computed in full"


def test_a_claim_holds_only_if_its_quantities_hold_together():
    assert combine(["supported", "supported"], pd.Series([0.98, 0.96])) == "open"
    assert combine(["supported", "supported"], pd.Series([0.99, 0.98])) == "supported"
    assert combine(["contradicted"] * 2, pd.Series([0.01, 0.02])) == "contradicted"
    assert combine(["contradicted"] * 2, pd.Series([0.04, 0.02])) == "open"
    assert bound_joint(pd.Series([0.99, 0.97])) == pytest.approx(0.96)
    assert bound_joint(pd.Series([0.4, 0.3])) == 0


def draw(mean, sd=1.0, seed=0):
    return xr.DataArray(np.random.default_rng(seed).normal(mean, sd, 4000), dims="sample")


def decided_rows(pact=3.0):
    """Make one row for every deciding quantity, and two other codings of one of them."""
    counted = {"hegemonic_change": 0.1, "hegemonic_change_less_random": -0.1, "us_owes_more": 0.2}
    parts = []
    for deciding in DECIDING:
        cell = {"group": deciding.group}
        if deciding.kind == "posterior":
            row = infer(deciding.claim, deciding.quantity, draw(pact), "points", **cell)
            parts.append(row.assign(when=deciding.when))
        else:
            value = pd.Series([counted.get(deciding.quantity, 0.7)], [deciding.when])
            parts.append(describe(deciding.claim, deciding.quantity, value, "share", **cell))
    for coding, mean in (("one coding", 2.0), ("another", -1.0)):
        cell = {"group": "overlap", "coding": coding}
        parts.append(infer("hierarchy", "pact_less_ally_of_client", draw(mean), "points", **cell))
    return tabulate(parts)


def test_every_deciding_quantity_is_judged():
    rows = decided_rows()
    judged = judge(rows, gather_others(rows, pd.DataFrame())).set_index("quantity")
    assert len(judged) == len(DECIDING)
    assert judged.loc["hegemonic_change", "verdict"] == "as claimed"
    # The rise is no larger than with partners at random.
    assert judged.loc["hegemonic_change_less_random", "verdict"] == "not as claimed"
    assert judged.loc["hegemonic_change", "claim_verdict"] == "mixed"
    assert judged.loc["us_owes_more", "verdict"] == "not as claimed"
    assert judged.loc["unlinked_less_random", "verdict"] == "as claimed"
    assert judged.loc["adds_political", "verdict"] == "supported (main analysis only)"
    assert judged.loc["adds_political", "together"] > 0.95
    assert judged.loc["pact_less_ally_of_client", "verdict"] == "fragile"
    assert judged.loc["pact_less_ally_of_client", "others"] == 2
    assert (judged["no_effect"] != "").all()


def test_signs_that_are_sure_one_by_one_may_not_be_sure_together():
    """At P = 0.97 each of seven quantities is beyond 0.95, but only three can be called."""
    rows = decided_rows(pact=1.88)
    judged = judge(rows, gather_others(rows, pd.DataFrame()))
    posterior = judged[judged["kind"] == "posterior"]
    assert (posterior["prob"] > 0.95).all()
    assert posterior["sure"].sum() == 3
    assert set(posterior["claim_verdict"]) <= {"open", "mixed"}


def test_what_is_missing_is_not_judged():
    rows = decided_rows()
    rows = rows[rows["quantity"] != "alignment_pact_alone_less_others"]
    judged = judge(rows, gather_others(rows, pd.DataFrame())).set_index("quantity")
    assert judged.loc["alignment_pact_alone_less_others", "verdict"] == "not computed"
    assert judged.loc["log_odds_pact_total", "claim_verdict"] == "not computed in full"


def test_variants_count_beside_codings():
    rows = decided_rows()
    moved = rows.assign(variant="troops", mean=rows["mean"] + 0.01)
    # Variants that cannot move a number repeat it to the last digit: the main one's, or another's.
    elsewhere = pd.concat([moved, rows.assign(variant="prior"), moved.assign(variant="votes")])
    others = gather_others(rows, elsewhere)
    shares = add_sign_shares(rows, others)
    row = find_row(shares, "pact_less_ally_of_client", "pooled", "overlap")
    # Two codings, one of them with another sign, and one variant with the same sign.
    assert (row["variants"], row["sign_share"]) == (3, pytest.approx(2 / 3))
    assert shares.loc[shares["kind"] == "description", "sign_share"].isna().all()


def test_a_description_has_no_interval_and_no_probability():
    rows = decided_rows()
    described = rows[rows["kind"] == "description"]
    assert described[["sd", "lower", "upper", "prob"]].isna().all(axis=None)
    assert rows.loc[rows["kind"] == "posterior", ["sd", "lower", "upper", "prob"]].notna().all(axis=None)
    assert tuple(rows.columns) == COLUMNS


def test_a_probability_has_no_probability_of_being_positive():
    row = infer("goods", "tier_combat", draw(0.3, 0.01), "probability").iloc[0]
    assert np.isnan(row["prob"])
    assert row["lower"] < 0.3 < row["upper"]


def test_numbers_are_said_with_their_units():
    assert say_number(0.123, "points") == "+12 points"
    assert say_number(0.123, "share") == "12 %"
    assert say_number(-0.5, "sd") == "\N{MINUS SIGN}0.50 sd"
    row = infer("formality", "x", draw(0.2, 0.05), "points").iloc[0]
    said = "+20 points (90 % interval 12 to 28; probability of being positive above 0.999)"
    assert say_interval(row) == said
    others = pd.DataFrame({"mean": [0.1, -0.1], "other": ["a", "b"]})
    assert say_others(row, others, "points") == (
        "\N{MINUS SIGN}10 points to +10 points in 2 other variants and codings; "
        "the sign is the same in 50 % and differs in b"
    )


def test_sensitivity_is_read_as_variants_of_the_main_effect():
    quantities = ["ame_pact_total", "ame_pact_total", "ame_rio_total", "ame_nato_total", "ame_pact_total"]
    table = pd.DataFrame(
        {
            "variant": ["main", "a", "a", "nato", "votes"],
            "quantity": quantities,
            "pact_level": ["pact", "pact", "pact", "nato", "pact"],
            "fit": ["total-0", "total-1", "total-1", "total-2", "total-0"],
            "case": "difference",
            "status": "ok",
            "mean": [0.4, 0.1, 0.2, 0.3, 0.4],
            "prob_positive": 0.9,
        }
        | dict.fromkeys(("sd", "lower", "upper"), 0.1)
    )
    rows = translate_sensitivity(table, {"main"})
    assert rows["variant"].tolist() == ["a", "nato"] * 2, "one row for each fit that can move the effect"
    assert rows["mean"].tolist() == [0.1, 0.3] * 2
    assert rows["claim"].tolist() == ["unpopular"] * 2 + ["formality"] * 2
    assert set(rows["when"]) == {"difference"}


def test_every_claim_has_a_page_and_something_that_decides():
    names = [claim.name for claim in load_claims()]
    assert names == ["asymmetry", "goods", "unpopular", "formality", "hierarchy"]
    assert {deciding.claim for deciding in DECIDING} == set(names)
    for claim in load_claims():
        assert claim.measured.startswith(("Described:", "Estimated:"))
        assert claim.refuted_by
