"""The table of the second estimator, and the rule by which two estimators disagree."""

import numpy as np
import pandas as pd
import pytest

from analysis.posterior.weighting import find_disagreements, weigh_panel
from analysis.variants.table import MAIN
from data.load import load_panel


@pytest.fixture(scope="module")
def panel():
    return load_panel(MAIN.data)


@pytest.fixture(scope="module")
def table(panel):
    return weigh_panel(panel, seed=1)


def test_each_level_case_and_unit_has_rows(table):
    assert set(table["quantity"]) == {
        f"{k}_{level}" for k in ("att", "ate", "ato", "raw") for level in ("rio", "pact")
    }
    assert set(table["case"]) == {"iraq", "isis", "pooled", "difference"}
    assert not table.duplicated(["quantity", "case", "unit"]).any()
    assert (table["lower"] <= table["mean"]).all()
    assert (table["mean"] <= table["upper"]).all()
    of_cases = table[table["case"].isin(["iraq", "isis"])]
    assert (of_cases["effective_controls"] <= of_cases["controls"]).all()


def test_raw_difference_is_that_of_the_overlap_regions(table, panel):
    row = table[
        (table["quantity"] == "raw_pact") & (table["case"] == "iraq") & (table["unit"] == "state")
    ].iloc[0]
    of_case = panel.sel(case="iraq")
    guarantee, region = of_case["guarantee"].values, of_case["region"].values
    inside = of_case["included"].values & ~np.isin(region, ["Africa", "Latin America and Caribbean"])
    has, none = inside & (guarantee == "pact"), inside & (guarantee == "none")
    joined = of_case["joined"].values
    assert (row["treated"], row["controls"]) == (has.sum(), none.sum())
    assert row["mean"] == pytest.approx(joined[has].mean() - joined[none].mean(), abs=0.01)


def test_pooled_is_the_mean_and_difference_the_difference(table):
    rows = table[(table["quantity"] == "att_pact") & (table["unit"] == "state")].set_index("case")["mean"]
    assert rows["pooled"] == pytest.approx((rows["iraq"] + rows["isis"]) / 2)
    assert rows["difference"] == pytest.approx(rows["iraq"] - rows["isis"])


def test_same_seed_same_table(table, panel):
    pd.testing.assert_frame_equal(table, weigh_panel(panel, seed=1))
    assert not np.allclose(table["mean"], weigh_panel(panel, seed=2)["mean"])


def test_a_case_without_overlap_has_no_row(panel):
    alone = panel.copy()
    # In one case every state outside Africa has a pact, so that no region shows both.
    region = panel["region"].values
    alone["guarantee"] = panel["guarantee"].copy()
    alone["guarantee"][1] = np.where(region == "Africa", "none", "pact")
    alone["guarantee"].attrs = panel["guarantee"].attrs
    cases = set(weigh_panel(alone, seed=1).query("quantity == 'att_pact'")["case"])
    assert cases == {"iraq"}
    alone["guarantee"][0] = alone["guarantee"][1]
    alone["guarantee"][0, 0] = "rio"
    assert weigh_panel(alone, seed=1).query("quantity == 'att_pact'").empty


def compare(weighted: tuple, modelled: tuple) -> str:
    columns = ["mean", "lower", "upper", "prob_positive"]
    one = pd.DataFrame([weighted], columns=columns).assign(quantity="att_pact", case="isis", unit="state")
    other = pd.DataFrame([modelled], columns=columns).assign(
        quantity="att_pact_total", case="isis", group="all"
    )
    return find_disagreements(one, other, "pact")["isis"]


@pytest.mark.parametrize(
    ("weighted", "modelled", "found"),
    [
        ((0.3, 0.1, 0.5, 0.99), (0.35, 0.2, 0.5, 0.999), ""),
        ((0.12, -0.04, 0.42, 0.9), (0.29, 0.13, 0.44, 0.999), "both"),
        ((0.14, -0.04, 0.42, 0.9), (0.29, 0.13, 0.44, 0.999), "direction"),
        ((0.6, 0.4, 0.8, 0.999), (0.3, 0.1, 0.5, 0.99), "size"),
        ((-0.3, -0.5, -0.1, 0.01), (0.3, 0.1, 0.5, 0.99), "both"),
        ((0.02, -0.1, 0.12, 0.6), (0.0, -0.1, 0.1, 0.5), ""),
    ],
)
def test_rule_of_disagreement(weighted, modelled, found):
    assert compare(weighted, modelled) == found
