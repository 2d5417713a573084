"""The check of the second estimator: it agrees with the model where both are right, and sees bad balance."""

import pandas as pd
import pytest
from support.made_bench import make_data, make_draws

from analysis.posterior.draws import stack
from analysis.posterior.weighting import weigh_panel
from analysis.studies.checks.bench import Bench
from analysis.studies.checks.weighting import check_balance, compare_estimators


def make_bench():
    from support.made_bench import SPEC

    panel, positions, _ = make_data(n_state=60)
    return Bench(panel, positions, SPEC, seed=0), make_draws(panel)


def test_each_case_and_unit_has_a_row_beside_the_model():
    bench, posterior = make_bench()
    weighting = weigh_panel(bench.panel, seed=1)
    rows = pd.DataFrame(compare_estimators(bench, posterior, weighting))
    assert list(rows["case"].unique()) == bench.cases
    assert (rows.groupby("case").size() == 2).all()
    by_state = rows["note"].str.contains("by state")
    assert rows.loc[by_state, "verdict"].isin(["agree", "disagree in size", "disagree on direction",
                                               "disagree in size and direction"]).all()  # fmt: skip
    assert (rows.loc[~by_state, "verdict"] == "").all()


def test_balance_has_a_verdict_and_the_heaviest_control_a_name():
    bench, _ = make_bench()
    rows = pd.DataFrame(check_balance(bench)).set_index(["item", "case"])
    for case in bench.cases[:-1]:
        effective = rows.loc[("effective controls", case)]
        assert 1 <= effective["value"] <= effective["reference"]
        assert any(state in effective["note"] for state in bench.panel["state"].values)
        worst = rows.loc[("worst balance", case)]
        assert worst["verdict"] == ("balanced" if abs(worst["value"]) <= 0.25 else "not balanced")


@pytest.mark.slow
def test_both_estimators_find_a_strong_effect(bench, nested):
    posterior = stack(nested["guarantee"].dataset)
    weighting = weigh_panel(bench.panel, seed=1)
    rows = pd.DataFrame(compare_estimators(bench, posterior, weighting))
    pooled = rows[(rows["case"] == "pooled") & (rows["verdict"] != "")].iloc[0]
    assert pooled["verdict"] == "agree"
    assert pooled["lower"] > 0
