"""The stored draws of the dynamic model open in ArviZ, and their likelihood is that of the votes."""

import numpy as np
import pytest
import xarray as xr
from support.results.arviz_functions import use_every_function

from analysis.posterior.replication import expect_answers
from analysis.posterior.schema.positions import OBSERVED
from analysis.store.files import read_tree, write_tree
from analysis.store.store import Store, load_or_make
from analysis.studies.dynamic import fit as dynamic_fit
from analysis.studies.dynamic import run as dynamic
from analysis.studies.dynamic.plan import DynamicRun
from analysis.studies.dynamic.saved import build_dynamic_tree
from analysis.variants.sampler import SamplerSpec
from models.coordinates.layout import prepare_layout
from models.simulate.dynamic import simulate_record
from models.spec import DynamicIdealPointSpec


@pytest.fixture(scope="module")
def votes():
    return simulate_record(n_state=8, n_session=4, items_per_session=6, absent=0.2, seed=2)[0]


@pytest.fixture(scope="module")
def path(votes, tmp_path_factory):
    layout, rng = prepare_layout(votes), np.random.default_rng(1)
    labels = [
        f"{votes['state'].values[i]}-{layout.session[t]}"
        for t, i in zip(layout.session_idx, layout.state_idx, strict=True)
    ]
    size = {"position": len(labels), "resolution": len(layout.item), "threshold": 2}
    drawn = {
        name: (("chain", "draw", *dims), rng.normal(size=(2, 100, *(size[dim] for dim in dims))))
        for name, dims in (("ideal_point", ("position",)), ("discrimination", ("resolution",)))
    }
    cutpoint = np.sort(rng.normal(size=(2, 100, size["resolution"], 2)), axis=-1)
    drawn["cutpoint"] = (("chain", "draw", "resolution", "threshold"), cutpoint)
    for name in ("discrimination_sd", "midpoint_mean", "midpoint_sd", "log_gap_mean", "log_gap_sd"):
        drawn[name] = (("chain", "draw"), abs(rng.normal(size=(2, 100))))
    posterior = xr.Dataset(drawn, {"position": labels, "resolution": layout.item, "chain": [0, 1]})
    statistics = xr.Dataset({"diverging": (("chain", "draw"), np.zeros((2, 100), bool))})
    fit = xr.DataTree.from_dict({"posterior": posterior, "sample_stats": statistics})
    path = tmp_path_factory.mktemp("dynamic") / "dynamic_ideal_points.nc"
    write_tree(build_dynamic_tree(fit, votes, DynamicIdealPointSpec(), 1), path)
    return path


@pytest.fixture(scope="module")
def tree(path):
    return read_tree(path)


def test_the_likelihood_is_that_of_the_votes(tree, votes):
    layout, draw = prepare_layout(votes), tree["posterior"].dataset.isel(chain=1, draw=7)
    found = tree["log_likelihood"].dataset[OBSERVED].isel(chain=1, draw=7).values
    place = {name: draw[name].values for name in ("discrimination", "cutpoint")}
    counts, expected = votes["counts"].values, np.zeros(len(found))
    some, yes = expect_answers(place | {"ideal_point": draw["ideal_point"].values})
    for call, item in enumerate(layout.item_idx):
        for position, (t, state) in enumerate(zip(layout.session_idx, layout.state_idx, strict=True)):
            if t == layout.row_session_idx[call] and counts[call, state].any():
                chance = [1 - some[item, position], (some - yes)[item, position], yes[item, position]]
                expected[position] += np.log(chance[counts[call, state].argmax()])
    assert found == pytest.approx(expected, abs=1e-3)


def test_positions_say_whose_they_are(tree):
    known = tree["constant_data"].dataset
    labels = [f"{s}-{t}" for s, t in zip(known["of_state"].values, known["of_session"].values, strict=True)]
    assert labels == tree["posterior"]["position"].values.tolist()
    assert (tree["observed_data"].dataset[OBSERVED] <= 6).all()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_every_function_takes_the_file(path):
    use_every_function(path, "discrimination_sd")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_every_function_takes_the_file_of_a_fit(votes, tmp_path, monkeypatch):
    """The fit is a short one: its draws need not have converged to be written."""
    state = np.array(["USA", *votes["state"].values[1:]])
    record = votes.assign_coords(state=state, name=("state", state)).assign_attrs(
        source="simulated", sha256="{}", first_session=1, last_session=4
    )
    store = Store(tmp_path / "fits")
    monkeypatch.setattr(dynamic_fit, "check_convergence", lambda *_, **__: None)
    monkeypatch.setattr(dynamic, "load_record_votes", lambda *_: record)
    monkeypatch.setattr(dynamic, "load_or_make", lambda task, **given: load_or_make(task, store, **given))
    run = DynamicRun(sessions=(1, 4), sampler=SamplerSpec(draws=200, tune=200, chains=4), seed=1)
    output = dynamic.run_dynamic(run, output=tmp_path / "output", report=lambda _: lambda _: None)
    use_every_function(output / "dynamic_ideal_points.nc", "discrimination_sd")
