"""The study on simulated votes and coalitions: what it plans, what it writes, and that it is resumed."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from rich.console import Console
from support.ungated import short_fits

from analysis.commands.checks import show_checks
from analysis.fitting.fit import fit_ideal_points
from analysis.fitting.gates import ConvergenceError
from analysis.pipeline import plan
from analysis.pipeline.inputs import Inputs
from analysis.store.store import Store, load_or_make
from analysis.studies.checks import controls, run, votes_left_out
from analysis.studies.checks.hidden import surface
from analysis.studies.checks.rows import row, to_table
from analysis.variants.sampler import SamplerSpec
from analysis.variants.table import MAIN
from models.simulate.static import simulate_panel, simulate_votes

STATES, ITEMS = 40, 30


def make_panel():
    panel, _, _ = simulate_panel(n_state=STATES, guarantee_effect=2.0, seed=1)
    tier = panel["joined"] * (1 + (np.arange(STATES) % 2))
    empty = xr.full_like(panel["joined"], "", dtype="<U1")
    group = xr.DataArray(np.where(np.arange(STATES) % 2, "small", "middle"), dims="state")
    return panel.assign(
        tier=tier.assign_attrs(levels=["none", "political", "military"]),
        commitments=empty,
        capability_group=group.broadcast_like(panel["joined"]).assign_attrs(levels=["small", "middle"]),
    ).assign_coords(
        label=("case", ["Iraq 2003", "ISIS 2014-17"]),
        name=("state", panel["state"].values),
        covariate=["gdp_per_capita", "capability"],
    )


def make_votes(case):
    made, _ = simulate_votes(n_state=STATES, n_item=ITEMS, votes_per_item=4, seed=len(case))
    n = made.sizes["item"]
    return made.assign_coords(
        session=("item", np.repeat([53, 54], n // 2)),
        issue=("item", np.tile(["nu", "ec"], n // 2)),
    ).assign_attrs(case=case)


@pytest.fixture
def inputs(monkeypatch):
    """Return simulated inputs; the panel stands for its own waves."""
    monkeypatch.setattr(run, "prepare_waves", lambda panel, coalition: panel)
    monkeypatch.setattr(controls, "PERMUTATIONS", 4)
    monkeypatch.setattr(votes_left_out, "POSITION_DRAWS", 3)
    monkeypatch.setattr(surface, "STRENGTHS", (0.0, 3.0))
    # With two issues, one area is all votes without the other issue: the same votes are fitted once. Fits to
    # some of the votes are short; those to all votes pass the gates.
    fitted, short = {}, SamplerSpec(draws=250, tune=100)

    def fit(votes, spec, sampler, **settings):
        key = votes.attrs["case"], votes["counts"].values.tobytes()
        if votes.sizes["item"] == ITEMS:
            return fit_ideal_points(votes, spec, sampler, **settings)
        if key not in fitted:
            with short_fits():
                fitted[key] = fit_ideal_points(votes, spec, short, **settings)
        return fitted[key].copy()

    monkeypatch.setattr("analysis.fitting.fit.fit_ideal_points", fit)
    panel = make_panel()
    return Inputs({str(case): make_votes(str(case)) for case in panel["case"].values}, panel)


def make_variant():
    """Return the main variant with short fits."""
    sizes = replace(
        MAIN.run,
        ideal_point=SamplerSpec(draws=700, tune=100),
        total=SamplerSpec(draws=500, tune=300),
        stage1_draws=20,
    )
    # Where guarantees are permuted within a region, nothing is known of regional differences of their effect,
    # and refits of so small a world miss the gates. So do those with subregions.
    plain = replace(MAIN.coalition, heterogeneity="none", geography="region")
    return replace(MAIN, name="made", reference="S001", run=sizes, coalition=plain)


def test_the_plan_lists_each_check_once_and_depends_on_votes_and_priors(inputs):
    variant = make_variant()
    tasks = run.plan_checks(variant, inputs)
    keys = {task.kind: task.key for task in tasks if task.kind.startswith("check_")}
    assert len(keys) == len(tasks) - 2
    # Two cases, each without two issues, without two sessions, and with two areas only.
    assert len(run.list_all(tasks)) == len(tasks) + 2 * (2 + 2 + 2)
    wider = replace(variant, coalition=replace(variant.coalition, guarantee_scale=9.0))
    changed = {task.kind: task.key for task in run.plan_checks(wider, inputs)}
    # Replicated votes are about stage 1 alone.
    assert {kind for kind, key in keys.items() if changed[kind] == key} == {"check_positions", "check_starts"}
    fewer = {case: counted.isel(item=slice(1, None)) for case, counted in inputs.votes.items()}
    changed = {task.kind: task.key for task in run.plan_checks(variant, Inputs(fewer, inputs.panel))}
    same = {kind for kind, key in keys.items() if changed[kind] == key}
    assert same == {"check_tier_fit", "check_tiers", "check_waves", "check_hazard"}


def test_with_several_axes_the_one_check_is_which_of_them_predict_joining(inputs, tmp_path, monkeypatch):
    variant = replace(make_variant(), axes="issues")
    votes = {
        case: counted.assign_coords(
            issue=("item", np.resize(["nu", "hr", "ec", "me"], counted.sizes["item"]))
        )
        for case, counted in inputs.votes.items()
    }
    monkeypatch.setattr(plan, "LEAST_ITEMS", 1)
    tasks = run.plan_checks(variant, Inputs(votes, inputs.panel))
    assert [task.kind for task in tasks] == [*["ideal_point"] * 8, "check_nested", "check_comparison"]
    monkeypatch.setattr(run, "RESULTS", tmp_path)
    (tmp_path / variant.name).mkdir()
    rows = pd.DataFrame({"check": ["comparison"], "item": ["alignment_economy"]})
    folder = run.write_checks(variant, inputs, {"check_comparison": rows}, {})
    assert pd.read_csv(folder / "checks.csv").equals(rows)


def test_a_check_that_misses_a_gate_is_named_and_the_others_are_written(tmp_path, monkeypatch):
    def plan_one(kind, *needs):
        return SimpleNamespace(kind=kind, name=f"{kind}, in words", key=kind, needs=needs)

    surface_task = plan_one("check_surface")
    tasks = [plan_one("check_weighting"), surface_task, plan_one("check_confounding", surface_task)]
    weighted = to_table([row("weighting", "att_pact", "iraq", value=0.6)])

    def make(task, *_):
        if task is surface_task:
            raise ConvergenceError("R-hat 1.02", {})
        return weighted

    panel = make_panel()
    monkeypatch.setattr(run, "load_inputs", lambda *_: SimpleNamespace(panel=panel))
    monkeypatch.setattr(run, "plan_checks", lambda *_: tasks)
    monkeypatch.setattr(run, "make_check", make)
    monkeypatch.setattr(run, "RESULTS", tmp_path)
    folder = tmp_path / "made"
    folder.mkdir()
    (folder / "confounding.csv").write_text("of an earlier run")
    run.run_checks(replace(MAIN, name="made"), report=lambda name: lambda share: None)
    written = pd.read_csv(folder / "checks.csv").set_index("item")
    assert written.loc["att_pact", "value"] == 0.6
    assert written.loc["check_surface, in words", "note"] == "R-hat 1.02"
    assert "needs check_surface, in words" in written.loc["check_confounding, in words", "note"]
    assert not (folder / "confounding.csv").exists()


def test_without_nested_models_there_is_nothing_to_check(tmp_path, monkeypatch):
    def make(task, *_):
        raise ConvergenceError("R-hat 1.02", {})

    nested = SimpleNamespace(kind="check_nested", name="nested models", key="n", needs=())
    monkeypatch.setattr(run, "load_inputs", lambda *_: SimpleNamespace(panel=make_panel()))
    monkeypatch.setattr(run, "plan_checks", lambda *_: [nested])
    monkeypatch.setattr(run, "make_check", make)
    monkeypatch.setattr(run, "RESULTS", tmp_path)
    with pytest.raises(ConvergenceError):
        run.run_checks(MAIN, report=lambda name: lambda share: None)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_the_study_writes_every_table_and_is_resumed(tmp_path, monkeypatch, inputs):
    monkeypatch.setattr(run, "load_inputs", lambda variant, path, progress: inputs)
    monkeypatch.setattr(run, "RESULTS", tmp_path)
    monkeypatch.setattr(run, "Store", lambda: Store(tmp_path / ".fits"))
    stored = []

    def watch(task, *given, **settings):
        found = load_or_make(task, *given, **settings)
        stored.append((task.kind, found[1]))
        return found

    monkeypatch.setattr(run, "load_or_make", watch)
    variant = make_variant()
    folder = run.run_checks(variant, report=lambda name: lambda share: None)
    tables = {file.stem: pd.read_csv(file) for file in folder.glob("*.csv")}
    assert set(tables["checks"]["check"]) == {
        "repeats",
        "residual_spread",
        "residual_correlation",
        "residual_dimensions",
        "item_fit",
        "state_fit",
        "prior_predictive",
        "posterior_predictive",
        "psis_loo",
        "comparison",
        "calibration",
        "power_scaling",
        "prior_range",
        "starts",
        "prior_scale",
        "weighting",
        "permuted_guarantee",
        "randomisation",
        "issue_areas",
        "time_to_joining",
        "confounding",
    }
    assert set(tables["influence"]["kind"]) == {"state", "region", "issue", "session"}
    assert tables["influence"]["confirmed"].notna().any()
    assert not tables["tiers"].isna().any().any()
    assert tables["calibration"]["n"].sum() == 2 * STATES
    of_votes = tables["checks"][tables["checks"]["check"].isin(tables["position_checks"]["check"])]
    assert set(of_votes["item"]) < set(tables["position_checks"]["item"])
    assert len(list(folder.glob("check_*.png"))) == 11
    # Stage 1 of both areas and without each issue: the same votes under another label are another fit.
    assert not any(reused for _, reused in stored)
    stored.clear()
    again = run.run_checks(variant, report=lambda name: lambda share: None)
    assert all(reused for _, reused in stored)
    pd.testing.assert_frame_equal(pd.read_csv(again / "influence.csv"), tables["influence"])
    console = Console(record=True, width=200)
    show_checks(folder, console)
    told = console.export_text()
    assert "A hidden cause as strong as that" in told
    assert "answered otherwise than the last time: iraq: cannot be had, because tallies" in told
