"""The study of the whole pipeline: its plan, what is stored, what is told, and one small world through it."""

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from analysis.__main__ import app
from analysis.commands.methods.calibration import run_worlds
from analysis.fitting.gates import ConvergenceError
from analysis.store.store import Store
from analysis.studies.calibration.pipeline import collect_worlds, plan_worlds, save_worlds
from analysis.studies.calibration.world import WorldSettings, make_world
from analysis.variants.variant import Variant


def fake_ranks(seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    quantities = {"positions": ["a", "b"], "effects": ["ame_pact_direct[pooled]", "ame_pact_total[pooled]"]}
    rows = [(part, name, rng.integers(100)) for part, names in quantities.items() for name in names]
    return pd.DataFrame(rows, columns=["part", "quantity", "rank"])


@pytest.fixture
def stored(tmp_path):
    """Thirty planned worlds: one not made yet, one that missed a gate, and 28 with ranks."""
    store, tasks = Store(tmp_path / "store"), plan_worlds(worlds=30)
    for task in tasks[2:]:
        store.save(task, fake_ranks(task.settings.number), 1.0)
    store.save_failure(tasks[0], "ideal points (isis) did not converge", 1.0)
    return store, tasks


def test_each_world_is_a_task_of_its_own_with_its_own_seed():
    tasks = plan_worlds(worlds=5)
    assert len({task.key for task in [*tasks, *plan_worlds("dependent", 5)]}) == 10
    assert len(plan_worlds(quick=True)) == 4
    assert tasks[3].key == plan_worlds(worlds=200)[3].key


def test_worlds_that_missed_a_gate_are_counted_and_named(stored, tmp_path):
    counts, worlds = collect_worlds(stored[1], stored[0])
    assert worlds["status"].value_counts().to_dict() == {"ok": 28, "failed": 1}
    assert worlds.set_index("world").loc[0, "reason"] == "ideal points (isis) did not converge"
    path = save_worlds(counts, worlds, tmp_path, quick=True)
    table = pd.read_csv(path)
    assert path.name == "worlds-priors-quick.csv"
    assert (table["worlds"] == 28).all()
    assert table["quick"].all()
    assert len(pd.read_csv(path.with_name("worlds-priors-quick-gates.csv"))) == 29
    assert "QUICK RUN" in path.with_suffix(".svg").read_text()


def test_without_a_world_there_is_no_result(tmp_path):
    with pytest.raises(ValueError, match="no world"):
        collect_worlds(plan_worlds(worlds=2), Store(tmp_path))


def test_a_run_with_all_worlds_stored_starts_no_cluster_and_says_what_they_show(
    stored, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr("analysis.store.store.Store", lambda: stored[0])
    run_worlds([task for task in stored[1] if stored[0].find(task)], tmp_path, None, None, quick=False)
    printed = " ".join(capsys.readouterr().out.split())
    assert "29 worlds; 1 missed a gate and are left out." in printed
    assert "positions: ranks of 2 quantities are uniform" in printed


def test_the_command_explains_what_it_would_make():
    result = CliRunner().invoke(app, ["calibration", "--pipeline", "--worlds", "3", "--explain"])
    assert result.exit_code == 0, result.output
    assert "world 2 (priors)" in result.output


def test_worlds_that_agree_or_depend_are_other_worlds():
    few = {"number": 0, "n_state": 30, "n_item": 40}
    worlds = {kind: WorldSettings(kind=kind, **few).simulate(Variant()) for kind in ("priors", "dependent")}
    groups = {kind: world.votes["iraq"]["match_group"].values for kind, world in worlds.items()}
    assert len(np.unique(groups["dependent"])) < 40
    assert np.ptp(worlds["dependent"].ideal_point["iraq"]["second_discrimination"].values) > 0
    assert np.ptp(worlds["priors"].ideal_point["iraq"]["second_discrimination"].values) == 0


@pytest.mark.slow
def make_first_world(**settings) -> pd.DataFrame:
    """Return the ranks of the first world whose fits pass the gates: in so small ones some do not."""
    for number in range(4):
        try:
            return make_world(None, [], WorldSettings(number=number, **settings), cores=2)
        except ConvergenceError:
            continue
    raise AssertionError("no world of four passed the gates")


def test_a_world_goes_through_both_stages_and_every_true_value_gets_a_rank():
    ranks = make_first_world(kind="priors", n_state=30, n_item=40)
    assert ranks["rank"].between(0, 99).all()
    assert not ranks.duplicated(["part", "quantity"]).any()
    assert set(ranks["part"]) == {
        "positions",
        "resolutions",
        "alignment given guarantee",
        "spread of residual alignment",
        "joining, total",
        "joining, direct",
        "effects",
    }
    quantities = set(ranks["quantity"])
    for kind in ("total", "direct", "natural_direct", "indirect", "mediated"):
        for case in ("iraq", "isis", "pooled", "difference"):
            assert f"ame_pact_{kind}[{case}]" in quantities
    # Ranks at either end only would mean that truth and posterior have nothing in common.
    assert 20 < ranks["rank"].mean() < 80
