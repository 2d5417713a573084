"""The whole command on made-up votes and coalitions: what it writes, and that it takes up what is done."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from rich.console import Console

from analysis.commands.checks import show_checks
from analysis.store import files as results
from analysis.store.store import Store
from analysis.studies.checks import confounding, run
from analysis.studies.checks import model as steps
from analysis.studies.checks import votes_left_out as votes
from analysis.variants.sampler import SamplerSpec
from analysis.variants.table import MAIN
from models.simulate.static import simulate_panel, simulate_votes

STATES = 40


def make_panel():
    panel, _, _ = simulate_panel(n_state=STATES, guarantee_effect=2.0, seed=1)
    tier = panel["joined"] * (1 + (np.arange(STATES) % 2))
    empty = xr.full_like(panel["joined"], "", dtype="<U1")
    group = xr.DataArray(np.where(np.arange(STATES) % 2, "small", "middle"), dims="state")
    return panel.assign(
        tier=tier.assign_attrs(levels=["none", "political", "military"]),
        commitments=empty,
        capability_group=group.broadcast_like(panel["joined"]).assign_attrs(levels=["small", "middle"]),
    ).assign_coords(label=("case", ["Iraq 2003", "ISIS 2014-17"]), name=("state", panel["state"].values))


def make_votes(case):
    made, _ = simulate_votes(n_state=STATES, n_item=30, votes_per_item=4, seed=len(case))
    n = made.sizes["item"]
    return made.assign_coords(
        session=("item", np.repeat([53, 54], n // 2)),
        issue=("item", np.tile(["nu", "ec"], n // 2)),
    ).assign_attrs(case=case)


@pytest.mark.slow
def test_the_command_writes_every_table_and_is_resumed(tmp_path, monkeypatch):
    panel = make_panel()
    monkeypatch.setattr(run, "load_votes", lambda spec, case, path: make_votes(case.name))
    monkeypatch.setattr(run, "load_panel", lambda spec, path: panel)
    monkeypatch.setattr(run, "_prepare_waves", lambda variant, panel: panel)
    monkeypatch.setattr(run, "RESULTS", tmp_path)
    monkeypatch.setattr(steps, "PERMUTATIONS", 4)
    monkeypatch.setattr(votes, "POSITION_DRAWS", 3)
    monkeypatch.setattr(confounding, "STRENGTHS", (0.0, 3.0))
    monkeypatch.setattr(run, "Store", lambda: Store(tmp_path / ".fits"))
    stored = []
    real = results.load_or_fit

    def load_or_fit(kind, content, fit):
        found = real(kind, content, fit, tmp_path / ".fits")
        stored.append((kind, found[2]))
        return found

    for module in (run, votes):
        monkeypatch.setattr(module, "load_or_fit", load_or_fit)
    sampler = SamplerSpec(draws=500, tune=300)
    sizes = replace(MAIN.run, ideal_point=sampler, total=sampler, stage1_draws=20)
    variant = replace(MAIN, name="made", reference="S001", run=sizes)
    folder = run.run_checks(variant, report=lambda name: lambda share: None)
    tables = {name: pd.read_csv(folder / f"{name}.csv") for name in run.TABLES}
    assert set(tables["checks"]["check"]) >= {
        "prior_predictive",
        "posterior_predictive",
        "psis_loo",
        "comparison",
        "calibration",
        "power_scaling",
        "permuted_guarantee",
        "issue_areas",
        "time_to_joining",
        "confounding",
    }
    assert set(tables["influence"]["kind"]) == {"state", "region", "issue", "session"}
    assert tables["influence"]["confirmed"].notna().any()
    assert not tables["tiers"].isna().any().any()
    assert len(list(folder.glob("check_*.png"))) == 6
    # Without an issue area or with the other alone: the same votes are fitted once.
    assert not any(reused for kind, reused in stored if kind != "ideal_point_part")
    stored.clear()
    again = run.run_checks(variant, report=lambda name: lambda share: None)
    assert all(reused for _, reused in stored)
    pd.testing.assert_frame_equal(pd.read_csv(again / "influence.csv"), tables["influence"])
    console = Console(record=True, width=200)
    show_checks(folder, console)
    assert "explains the pooled effect away" in console.export_text()
