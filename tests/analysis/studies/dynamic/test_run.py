"""The dynamic study keeps finished chains, checks convergence before it saves, and summarizes its draws."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import nutpie
import pandas as pd
import pymc as pm
import pytest
import xarray as xr
from support.found import needs_rollcalls

from analysis.commands.dynamic import parse_sessions
from analysis.fitting.compile import compile_model
from analysis.fitting.gates import ConvergenceError
from analysis.store.store import Store, load_or_make
from analysis.studies.dynamic import fit as dynamic_fit
from analysis.studies.dynamic import run as dynamic
from analysis.studies.dynamic.fit import join_pairs, sample_pair
from analysis.studies.dynamic.plan import DynamicRun, plan_dynamic
from analysis.studies.dynamic.run import run_dynamic
from analysis.studies.dynamic.summary import summarize_moves, summarize_positions
from analysis.variants.sampler import SamplerSpec
from data.load import load_record_votes
from data.tables.rules import DataError
from models.coordinates.layout import prepare_layout
from models.dynamic_ideal_point import SAVED_ITEMS, SAVED_POSITIONS
from models.simulate.dynamic import simulate_record
from models.spec import DynamicIdealPointSpec, SpecError

SHORT = DynamicRun(sessions=(1, 4), sampler=SamplerSpec(draws=50, tune=50, chains=4), seed=1)
LONG = DynamicRun(sessions=(1, 4), sampler=SamplerSpec(draws=300, tune=50, chains=4), seed=1)


@pytest.fixture(scope="module")
def votes():
    votes, _ = simulate_record(n_state=8, n_session=4, items_per_session=6, absent=0.2, seed=2)
    # Alignment is measured from this state.
    state = np.array(["USA", *votes["state"].values[1:]])
    # One state is missing at the end.
    votes["counts"].values[votes["session"].values == 4, 3] = 0
    return votes.assign_coords(state=state, name=("state", state)).assign_attrs(
        source="simulated", sha256="{}", first_session=1, last_session=4
    )


@pytest.fixture
def calls(votes, monkeypatch, tmp_path):
    """Make up chains instead of sampling them, and count them. Pair number ``stop_at`` is interrupted."""
    counted = {"pairs": 0, "compiled": 0, "stop_at": None}
    layout = prepare_layout(votes)
    state, session = votes["state"].values, layout.session
    coords = {
        "position": [
            f"{state[i]}-{session[t]}" for t, i in zip(layout.session_idx, layout.state_idx, strict=True)
        ],
        "state": state,
        "resolution": layout.item,
        "threshold": ["lower", "upper"],
    }
    dims = {"ideal_point": ["position"], "step_sd": ["state"], "discrimination": ["resolution"]}
    dims["cutpoint"] = ["resolution", "threshold"]

    def made_pair(compiled, text, sampler, seed, **_):
        counted["pairs"] += 1
        if counted["pairs"] == counted["stop_at"]:
            raise KeyboardInterrupt
        rng, shape = np.random.default_rng(seed), (2, sampler.draws)

        def variable(name):
            own = dims.get(name, [])
            size = [len(coords[d]) for d in own]
            middle = np.linspace(0.5, 2, int(np.prod(size))).reshape(size)
            draws = middle + rng.normal(0, 0.1, size=(*shape, *size))
            return ("chain", "draw", *own), np.abs(draws).astype(np.float32)

        posterior = {name: variable(name) for name in SAVED_POSITIONS + SAVED_ITEMS}
        stats = {
            "diverging": np.zeros(shape, bool),
            "energy": rng.normal(size=shape),
            "n_steps": np.ones(shape),
        }
        tree = xr.DataTree.from_dict(
            {
                "posterior": xr.Dataset(posterior, coords),
                "sample_stats": xr.Dataset({n: (("chain", "draw"), x) for n, x in stats.items()}),
            }
        )
        tree.attrs["model"] = text
        return tree

    class Text:
        def str_repr(self):
            return "a model"

        def initial_point(self):
            return {}

    @dataclass
    class Made:
        initial_point_func: Callable | None = None

    def compiled(*_):
        counted["compiled"] += 1
        return Made()

    store = Store(tmp_path / "fits")
    monkeypatch.setattr(dynamic_fit, "sample_pair", made_pair)
    monkeypatch.setattr(dynamic_fit, "build_dynamic_ideal_point_model", lambda *_, **__: Text())
    monkeypatch.setattr(dynamic_fit, "compile_model", compiled)
    monkeypatch.setattr(dynamic, "load_record_votes", lambda *_: votes)
    monkeypatch.setattr(dynamic, "load_or_make", lambda task, **given: load_or_make(task, store, **given))
    return counted


def make_chains(run, votes, folder):
    """Make or read the chains of a run in a store of its own."""
    return [load_or_make(task, Store(folder))[0] for task in plan_dynamic(run, votes)]


def test_an_interrupted_run_keeps_finished_chains_and_resumes(votes, calls, tmp_path):
    calls["stop_at"] = 2
    with pytest.raises(KeyboardInterrupt):
        make_chains(LONG, votes, tmp_path)
    assert len(list(tmp_path.glob("dynamic-*.nc"))) == 1
    pairs = make_chains(LONG, votes, tmp_path)
    assert calls["pairs"] == 3, "the second run samples only the missing pair"
    tree = join_pairs(pairs, LONG.sampler)
    assert tree["posterior"].sizes["chain"] == 4
    assert tree.attrs["convergence"]["chains"] == 4
    first, second = (tree["posterior"]["ideal_point"].isel(chain=c).values for c in (0, 2))
    assert not np.array_equal(first, second), "pairs have seeds of their own"
    assert len(set(tree["posterior"]["chain"].values)) == 4


def test_all_pairs_share_one_compiled_model(votes, calls, tmp_path):
    make_chains(LONG, votes, tmp_path)
    assert (calls["pairs"], calls["compiled"]) == (2, 1)
    make_chains(LONG, votes, tmp_path)
    assert (calls["pairs"], calls["compiled"]) == (2, 1), "stored chains need no model"


def test_chains_of_other_votes_seed_or_length_are_others(votes):
    plans = [LONG, SHORT, replace(LONG, seed=2)]
    keys = {task.key for run in plans for task in plan_dynamic(run, votes)}
    keys |= {task.key for task in plan_dynamic(LONG, votes.isel(item=slice(1, None)))}
    assert len(keys) == 8


def test_a_fit_that_misses_a_gate_saves_no_result(votes, calls, tmp_path):
    output = tmp_path / "output"
    with pytest.raises(ConvergenceError, match=r"dynamic ideal points did not converge: .*ESS"):
        run_dynamic(SHORT, output=output, report=lambda _: lambda _: None)
    assert not output.exists()


def test_a_run_saves_tables_draws_and_figures(votes, calls, tmp_path):
    output = tmp_path / "output"
    assert run_dynamic(LONG, output=output, report=lambda _: lambda _: None) == output
    record = json.loads((output / "dynamic_run.json").read_text(encoding="utf-8"))
    table = pd.read_csv(output / "dynamic_ideal_points.csv")
    assert len(table) == record["votes"]["positions"] == prepare_layout(votes).sat.sum()
    assert (table.loc[table["state"] == "USA", "alignment_mean"] == 0).all()
    assert record["convergence"]["chains"] == 4
    with xr.open_datatree(output / "dynamic_ideal_points.nc", engine="h5netcdf") as tree:
        stored = tree["posterior"]["ideal_point"].load()
    assert stored.dtype == np.float32
    assert stored.sizes["draw"] * stored.sizes["chain"] <= dynamic.KEPT_DRAWS
    mean = stored.mean(("chain", "draw")).to_series()
    label = table["state"] + "-" + table["session"].astype(str)
    np.testing.assert_allclose(table["mean"], mean[label], atol=0.02)
    for name in ("powers", "chosen", "assembly", "moves"):
        assert (output / f"dynamic_{name}.png").stat().st_size > 5000


def test_draws_leave_the_sampler_as_they_are(monkeypatch):
    with pm.Model(coords={"position": ["A-1", "B-1", "A-2"]}) as model:
        raw = pm.Normal("raw", dims="position")
        pm.Deterministic("ideal_point", 2 * raw, dims="position")
        pm.Deterministic("step_sd", pm.math.exp(raw[0]))
    monkeypatch.setattr(dynamic_fit, "SAVED_POSITIONS", ["ideal_point", "step_sd"])
    monkeypatch.setattr(dynamic_fit, "SAVED_ITEMS", [])
    compiled = compile_model(model, ["ideal_point", "step_sd"])
    sampler = SamplerSpec(draws=30, tune=50, chains=2)
    tree = sample_pair(compiled, "text", sampler, 1)
    reference = nutpie.sample(
        compiled, draws=30, tune=50, chains=2, cores=2, seed=1, target_accept=0.8, progress_bar=False
    )
    for name in ("ideal_point", "step_sd"):
        np.testing.assert_allclose(tree["posterior"][name], reference["posterior"][name], rtol=1e-6)
    np.testing.assert_array_equal(tree["sample_stats"]["energy"], reference["sample_stats"]["energy"])
    assert list(tree["posterior"]["position"].values) == ["A-1", "B-1", "A-2"]


def made_posterior():
    """Three states, three sessions, one gap; draws with known means."""
    rng = np.random.default_rng(1)
    labels = ["USA-1", "CUB-1", "USA-2", "EGY-2", "USA-4", "CUB-4", "EGY-4"]
    mean = np.array([2.0, 1.0, 2.2, 0.0, 2.1, -1.5, 0.1])
    shared = rng.normal(0, 0.3, size=(2, 500, 1))
    draws = mean + shared + rng.normal(0, 0.05, size=(2, 500, len(labels)))
    return xr.Dataset({"ideal_point": (("chain", "draw", "position"), draws)}, {"position": labels}), draws


def test_alignment_and_moves_are_differences_within_draws():
    posterior, draws = made_posterior()
    counts = np.zeros((3, 3, 3), dtype=int)
    counts[[0, 0, 1, 1, 2, 2, 2], [0, 1, 0, 2, 0, 1, 2], 2] = 1
    votes = xr.Dataset(
        {"counts": (("item", "state", "response"), counts)},
        {"state": ["USA", "CUB", "EGY"], "session": ("item", [1, 2, 4])},
    )
    table = summarize_positions(posterior, votes).set_index(["state", "session"])
    flat = draws.reshape(-1, 7)
    assert table.loc[("CUB", 4), "mean"] == pytest.approx(flat[:, 5].mean())
    difference = flat[:, 5] - flat[:, 4]
    assert table.loc[("CUB", 4), "alignment_sd"] == pytest.approx(difference.std(ddof=1))
    assert table.loc[("CUB", 4), "alignment_sd"] < table.loc[("CUB", 4), "sd"] / 2
    assert table.loc[("CUB", 4), "year"] == 1949
    assert (table["votes"] == 1).all()
    moves = summarize_moves(posterior)
    first = moves.iloc[0]
    assert (first["state"], first["from_session"], first["to_session"]) == ("CUB", 1, 4)
    move = flat[:, 5] - flat[:, 1]
    assert first["mean"] == pytest.approx(move.mean())
    assert first["at_least"] == pytest.approx(-np.quantile(move, 0.95))
    assert len(moves) == 4


def test_impossible_choices_are_refused():
    assert parse_sessions("46-60") == (46, 60)
    assert parse_sessions("57") == (57, 57)
    with pytest.raises(ValueError, match="a first and a last session"):
        parse_sessions("46:60")
    with pytest.raises(DataError, match="sessions 60-46"):
        load_record_votes((60, 46))
    with pytest.raises(SpecError, match="'normal', 'student_t'"):
        DynamicIdealPointSpec(step="jump")
    with pytest.raises(ValueError, match="in pairs"):
        plan_dynamic(DynamicRun(sampler=SamplerSpec(draws=50, tune=50, chains=3)), None)


@needs_rollcalls
def test_the_record_is_joined_by_symbol_and_former_states_are_told_apart():
    votes = load_record_votes((72, 76))
    assert set(votes["session"].values) == set(range(72, 77))
    assert votes.attrs["match_source"] == "coded+derived+none"
    # A resolution that is put again in the later table is the same item as before.
    group = votes["match_group"].values
    early, late = votes["session"].values < 74, votes["session"].values > 74
    assert len(set(group[early]) & set(group[late])) > 5
    older = load_record_votes((40, 46))
    state, cast = older["state"].values, older["counts"].values.any(-1).any(0)
    assert {"YUG", "RUS", "CSK"} <= set(state[cast])
    paragraphs = older["session"].values <= 45
    assert paragraphs.any()
