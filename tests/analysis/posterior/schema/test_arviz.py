"""The files of a run open in ArviZ, and every usual function takes them as they come.

Draws from the prior stand in the place of a posterior: nothing is fitted.
"""

import numpy as np
import pytest
import xarray as xr
from support.results.arviz_functions import use_every_function

from analysis.posterior.schema.joining import OBSERVED as JOINED
from analysis.posterior.schema.joining import build_joining_tree
from analysis.posterior.schema.positions import OBSERVED as SUPPORT
from analysis.posterior.schema.positions import build_positions_tree
from analysis.posterior.schema.prior import draw_joining_prior, draw_position_prior
from analysis.store.files import read_tree, write_tree
from analysis.variants.table import MAIN
from data.load import load_panel, load_votes
from models.coalition import compute_eta
from models.panel import prepare_panel_data

GROUPS = {"posterior", "sample_stats", "prior", "prior_predictive", "posterior_predictive", "log_likelihood"}
GROUPS |= {"log_prior", "observed_data", "constant_data"}
DRAWS = 200
FILES = ("total", "direct", "ideal_point")


def make_joining(panel, *, alignment):
    """A fit as the pipeline stores it: chains without alignment, refits with it."""
    data, rng = prepare_panel_data(panel), np.random.default_rng(1)
    drawn = draw_joining_prior(data, MAIN.coalition, rng, alignment=alignment, draws=DRAWS)
    place = None
    if alignment:
        place = xr.DataArray(rng.normal(size=data.included.shape) * data.included, dims=("case", "state"))
    drawn["eta"] = compute_eta(drawn, data, place)
    outer, inner = ("refit", DRAWS // 2) if alignment else ("chain", 2)
    index = np.arange(DRAWS).reshape(inner, -1)
    rows = xr.DataArray(index, {outer: np.arange(inner), "draw": np.arange(index.shape[1])})
    posterior = drawn.drop_vars("sample").isel(sample=rows)
    statistics = {"diverging": (("chain", "draw"), np.zeros((2, DRAWS // 2), bool))}
    tree = xr.DataTree.from_dict({"posterior": posterior, "sample_stats": xr.Dataset(statistics)})
    tree.attrs = {"model": "joined ~ Bernoulli(p)", "convergence": {"max_rhat": 1.0}}
    return build_joining_tree(tree, panel, MAIN.coalition, 1, alignment=alignment)


def make_positions(votes):
    rng = np.random.default_rng(2)
    drawn = draw_position_prior(votes, MAIN.ideal_point, rng, DRAWS)
    # Chains of a posterior stand apart from each other less than draws of a prior.
    place = xr.DataArray(np.arange(DRAWS).reshape(2, -1), dims=("chain", "draw"))
    posterior = drawn.drop_vars("sample").isel(sample=place)
    posterior = posterior.assign_coords(chain=[0, 1], draw=np.arange(DRAWS // 2))
    statistics = {"diverging": (("chain", "draw"), np.zeros((2, DRAWS // 2), bool))}
    tree = xr.DataTree.from_dict({"posterior": posterior, "sample_stats": xr.Dataset(statistics)})
    tree.attrs = {"model": "votes"}
    return build_positions_tree(tree, votes, MAIN.ideal_point, 1)


@pytest.fixture(scope="module")
def votes():
    tallies = load_votes(MAIN.quick().data, MAIN.data.cases[0])
    return tallies.isel(state=slice(0, None, 6), item=slice(0, None, 3))


@pytest.fixture(scope="module")
def paths(votes, tmp_path_factory):
    folder, panel = tmp_path_factory.mktemp("files"), load_panel(MAIN.data)
    trees = {
        "total": make_joining(panel, alignment=False),
        "direct": make_joining(panel, alignment=True),
        "ideal_point": make_positions(votes),
    }
    for name, tree in trees.items():
        write_tree(tree, folder / f"{name}.nc")
    return {name: folder / f"{name}.nc" for name in trees}


@pytest.mark.parametrize("name", FILES)
def test_files_follow_the_schema(name, paths):
    tree = read_tree(paths[name])
    assert set(tree.children) >= GROUPS
    posterior = tree["posterior"].dataset
    assert all(variable.dims[:2] == ("chain", "draw") for variable in posterior.data_vars.values())
    assert not any(variable.isnull().any() for variable in posterior.data_vars.values())
    observed = SUPPORT if name == "ideal_point" else JOINED
    for group in ("log_likelihood", "posterior_predictive", "prior_predictive"):
        assert tree[group].dataset[observed].dims == ("chain", "draw", "state"), group
    assert tree["observed_data"].dataset[observed].dims == ("state",)
    assert tree["log_likelihood"].dataset[observed].dtype == np.float32
    known = {"name", "ccode", "region"} | ({"title", "session", "issue"} if name == "ideal_point" else set())
    assert known <= set(tree["constant_data"].dataset.variables)


def test_refits_are_spread_over_chains_and_named(paths):
    posterior = read_tree(paths["direct"])["posterior"].dataset
    assert posterior.sizes["chain"] == 4
    assert posterior["refit"].dims == ("chain", "draw")
    of_chain = [set(refits) for refits in posterior["refit"].values]
    assert not of_chain[0] & of_chain[1]


@pytest.mark.parametrize("name", ["total", "direct"])
def test_what_a_variable_leaves_out_is_said(name, paths):
    posterior = read_tree(paths[name])["posterior"].dataset
    assert {"predictor", "probability"} <= set(posterior)
    assert "leaves out the state effect" in posterior["predictor"].attrs["description"]
    assert posterior["probability"].values.min() >= 0
    assert posterior["probability"].values.max() <= 1


def test_what_is_known_of_every_state_is_stored_in_single_precision(paths):
    """In double precision the probabilities and predictors alone would be most of the file."""
    for name in ("total", "direct"):
        posterior = read_tree(paths[name])["posterior"].dataset
        wide = {variable: v.dtype for variable, v in posterior.data_vars.items() if "state" in v.dims}
        assert wide, name
        assert set(wide.values()) == {np.dtype(np.float32)}, wide


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", FILES)
def test_every_function_takes_the_file(name, paths):
    use_every_function(paths[name], "region_sd" if name == "ideal_point" else "guarantee_effect")
