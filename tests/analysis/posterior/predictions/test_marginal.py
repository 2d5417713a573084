"""Predictions and comparisons for any states and values, and those by state, beside the effects of a run."""

import numpy as np
import pytest
import xarray as xr

from analysis.posterior.effects import compute_total
from analysis.posterior.predictions.by_state import predict_by_state
from analysis.posterior.predictions.marginal import compare_at
from analysis.posterior.schema.joining import build_joining_tree
from analysis.posterior.schema.prior import draw_joining_prior
from analysis.variants.table import MAIN
from data.load import load_panel
from models.coalition import compute_eta
from models.panel import prepare_panel_data


@pytest.fixture(scope="module")
def panel():
    return load_panel(MAIN.data)


@pytest.fixture(scope="module")
def drawn(panel):
    """Draws from the prior in the place of a posterior, along ``sample``."""
    data = prepare_panel_data(panel)
    draws = draw_joining_prior(data, MAIN.coalition, np.random.default_rng(1), alignment=False, draws=40)
    return draws.assign(eta=compute_eta(draws, data, None))


@pytest.fixture(scope="module")
def posterior(drawn, panel):
    tree = xr.DataTree.from_dict({"posterior": drawn.rename(sample="draw").expand_dims(chain=[0])})
    built = build_joining_tree(tree, panel, MAIN.coalition, 1, alignment=False)
    return built["posterior"].dataset


def test_without_values_it_is_the_effect_of_the_run(drawn, posterior, panel):
    effects = compute_total(drawn, panel, "logit")
    found = compare_at(posterior, panel)
    for group, states in (("overlap", None), ("all", "all")):
        found = compare_at(posterior, panel, states=states)["difference"]
        expected = effects["ame_pact_total"].sel(group=group)
        for case in ("iraq", "isis", "pooled"):
            assert found.sel(case=case).values.ravel() == pytest.approx(expected.sel(case=case).values)


def test_values_become_dims_and_the_observed_value_changes_nothing(posterior, panel):
    curve = compare_at(posterior, panel, at={"distance": [1000, 9000], "democracy": 0.5}, level="rio")
    assert curve["difference"].dims == ("chain", "draw", "case", "distance")
    assert curve["distance"].attrs["units"] == "km"
    own = float(panel["covariates"].sel(case="iraq", state="POL", covariate="gdp_per_capita"))
    same, other = (
        compare_at(posterior, panel, states="POL", by_state=True, at={"gdp_per_capita": value})["without"]
        for value in (own, 2 * own)
    )
    bare = compare_at(posterior, panel, states="POL", by_state=True)["without"].sel(case="iraq")
    assert same.sel(case="iraq").values == pytest.approx(bare.values)
    assert abs(other.sel(case="iraq") - bare).max() > 1e-4


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"at": {"wealth": 1.0}}, "gdp_per_capita"),
        ({"at": {"alignment": 1.0}}, "model='direct'"),
        ({"at": {"distance": -1.0}}, "cannot be transformed"),
        ({"level": "nato"}, "rio, pact"),
        ({"states": ["Poland"]}, "iso3"),
    ],
)
def test_what_is_unknown_is_named(posterior, panel, how, said):
    with pytest.raises(ValueError, match=said):
        compare_at(posterior, panel, **how)


def test_predictions_by_state_average_to_the_effect_on_those_that_have_it(drawn, panel):
    table = predict_by_state(drawn, panel, MAIN.coalition)
    assert len(table) == int(panel["included"].sum())
    expected = compute_total(drawn, panel, "logit")["att_pact_total"].sel(group="all").mean("sample")
    by_case = table[table["guarantee"] == "pact"].groupby("case")["difference"].mean()
    for case in ("iraq", "isis"):
        assert by_case[case] == pytest.approx(float(expected.sel(case=case)))
    assert (table["with_guarantee_lower"] <= table["with_guarantee_upper"]).all()
    assert (table.loc[table["guarantee"] == "none", "difference"] == 0).all()
    right = (table["expected"] > 0.5) == (table["joined"] == 1)
    assert (table.loc[right, "surprise"] < 1).all()
    assert (table.loc[~right & (table["expected"] != 0.5), "surprise"] > 1).all()
