"""Before and after, on a toy project with two commits whose commands check what they find."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from rich.console import Console

from analysis.commands.methods.benchmark import show_against, show_pairs
from analysis.studies.benchmark.against import AgainstSpec, choose_against, list_rows, run_against
from analysis.studies.benchmark.checkouts import CheckoutError, find_commit, open_checkouts
from analysis.studies.benchmark.jobs import Use, measure_command
from analysis.studies.benchmark.table import COLUMNS

TOY = """
import os, pathlib, signal, subprocess, sys, time

job, here, home = sys.argv[1], pathlib.Path(__file__).parent, pathlib.Path(os.environ["HOME"])
stored, compiled = (here / "results" / "main").exists(), (home / "compiled").exists()
votes = "SECURITY_FOR_LEGITIMACY_VOTES" in os.environ
with open(os.environ["TOY_LOG"], "a") as log:
    print(SIDE, job, f"{stored=} {compiled=} {votes=}", file=log)
(home / "compiled").touch()
if os.environ.get("TOY_FAILS") == f"{SIDE} {job}":
    sys.exit("the gate: Error: no luck")
if os.environ.get("TOY_SIGNAL") and compiled:
    os.kill(os.getppid(), int(os.environ["TOY_SIGNAL"]))
    time.sleep(60)
(here / "results" / "main").mkdir(parents=True, exist_ok=True)
burn = f"import time\\nwhile time.process_time() < {WORK}: pass"
subprocess.run([sys.executable, "-c", burn], check=True)
"""


def git(folder, *arguments):
    done = subprocess.run(
        ["git", "-c", "user.name=toy", "-c", "user.email=toy@example.org", *arguments],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """Return a repository with a slow commit, tagged v1, and a fast one."""
    root = tmp_path / "toy"
    (root / "analysis").mkdir(parents=True)
    git(root, "init", "--quiet")
    for side, work in (("slow", 0.4), ("fast", 0.1)):
        text = f"SIDE, WORK = '{side}', {work}\n{TOY}"
        (root / "analysis" / "__main__.py").write_text(text)
        git(root, "add", ".")
        git(root, "commit", "--quiet", "--message", side)
        if side == "slow":
            git(root, "tag", "v1")
    monkeypatch.setenv("TOY_LOG", str(tmp_path / "log"))
    # Temporary folders of this test alone, to see that none is left.
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    monkeypatch.setattr("analysis.studies.benchmark.against.find_votes", lambda path: tmp_path / "votes")
    return root


def link_python(folder: Path) -> None:
    """Give a work tree this interpreter in place of an environment of its own."""
    (folder / ".venv" / "bin").mkdir(parents=True)
    (folder / ".venv" / "bin" / "python").symlink_to(sys.executable)


def choose(root, **options):
    settings = {"parts": "run,stage2,fresh", "pairs": 2, "quick": False} | options
    return choose_against("v1", root=root, **settings)


def measure(root, tmp_path, **options):
    return run_against(
        choose(root, **options),
        votes_path=None,
        file=tmp_path / "table.csv",
        report=lambda name: lambda share, coming="": None,
        prepare=link_python,
        root=root,
    )


def assert_nothing_left(root, tmp_path):
    assert git(root, "worktree", "list").count("\n") == 0
    assert not list((tmp_path / "temporary").iterdir())


def test_each_job_runs_at_both_commits_in_turn_and_finds_what_it_should(toy, tmp_path):
    (toy / "analysis" / "results" / "main").mkdir(parents=True)
    table = measure(toy, tmp_path)
    ready, empty, new = (
        f"stored={stored} compiled={compiled} votes={votes}"
        for stored, compiled, votes in ((True, True, True), (False, True, True), (False, False, False))
    )
    pair = [("slow", "fast"), ("fast", "slow")]
    wanted = [f"{side} run stored=False compiled=False votes=True" for side in pair[0]]
    for sides in pair:
        for job, found in (("run", empty), ("fit", ready), ("run", new)):
            wanted += [f"{side} {job} {found}" for side in sides]
    assert (tmp_path / "log").read_text().splitlines() == wanted
    assert (toy / "analysis" / "results" / "main").exists()
    assert_nothing_left(toy, tmp_path)

    saved = pd.read_csv(tmp_path / "table.csv")
    assert list(saved) == COLUMNS
    setup = saved[saved["part"] == "setup"].set_index(["method", "quantity"])["note"]
    assert setup["before", "commit"] == find_commit("v1", toy)
    assert setup["after", "commit"] == find_commit("HEAD", toy)
    rows = table.set_index(["method", "quantity"])
    line = rows.loc[("run, nothing stored", "processor time, after / before")]
    # The work is done by a child process, whose time must count.
    assert rows.loc[("run, nothing stored", "processor time, before"), "median"] > 0.4
    assert line["median"] < 0.7
    assert line["repetitions"] == 2
    console = Console(width=200, record=True)
    show_pairs(table, console)
    assert line["note"].split(",")[0] in console.export_text()


def test_changes_that_are_not_committed_are_left_out_and_this_is_said(toy, tmp_path):
    (toy / "analysis" / "__main__.py").write_text("raise SystemExit('Error: not committed')")
    table = measure(toy, tmp_path, parts="run", pairs=1)
    assert "changes that are not committed are left out" in set(table["note"])
    assert (table[table["part"] != "setup"]["repetitions"] == 1).all()


def test_a_job_that_fails_is_a_row_with_its_reason(toy, tmp_path, monkeypatch):
    monkeypatch.setenv("TOY_FAILS", "slow fit")
    table = measure(toy, tmp_path).set_index(["method", "quantity"])
    line = table.loc[("a prior of stage 2 changed, after run", "processor time, after / before")]
    assert line["note"] == "failed before: the gate: Error: no luck"
    assert line["repetitions"] == 0
    assert table.loc[("run, nothing stored", "processor time, before"), "repetitions"] == 2
    assert_nothing_left(toy, tmp_path)


def test_without_a_main_job_nothing_is_measured_and_no_work_tree_is_left(toy, tmp_path, monkeypatch):
    monkeypatch.setenv("TOY_FAILS", "fast run")
    with pytest.raises(CheckoutError, match=r"^after, [0-9a-f]{40}: the gate: Error: no luck"):
        measure(toy, tmp_path)
    assert_nothing_left(toy, tmp_path)


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_ends_the_command_and_removes_the_work_trees(toy, tmp_path, monkeypatch, sent):
    monkeypatch.setenv("TOY_SIGNAL", str(int(sent)))
    ended = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt):
        measure(toy, tmp_path)
    assert_nothing_left(toy, tmp_path)
    assert signal.getsignal(signal.SIGTERM) is ended
    running = subprocess.run(["pgrep", "-f", str(tmp_path / "temporary")], capture_output=True, check=False)
    assert running.returncode == 1


def test_an_environment_that_cannot_be_made_leaves_no_work_tree(toy, tmp_path):
    def fail(folder):
        raise subprocess.CalledProcessError(2, ["uv", "sync"], stderr="no such package\n")

    with (
        pytest.raises(CheckoutError, match="uv sync failed: no such package"),
        open_checkouts({"before": find_commit("v1", toy)}, fail, toy),
    ):
        pass
    assert_nothing_left(toy, tmp_path)


DASK = """
import time

def burn(number):
    begin = time.process_time()
    while time.process_time() < begin + 1:
        pass

if __name__ == "__main__":
    from distributed import Client, LocalCluster
    options = {"threads_per_worker": 1, "host": "127.0.0.1", "dashboard_address": None}
    with LocalCluster(n_workers=2, processes=True, **options) as cluster, Client(cluster) as client:
        client.gather(client.map(burn, range(4)))
    print(time.process_time())
"""


@pytest.mark.slow
def test_the_time_of_dask_workers_counts(tmp_path):
    (tmp_path / "work.py").write_text(DASK)
    log = tmp_path / "log"
    use = measure_command([sys.executable, "work.py"], tmp_path, dict(os.environ), log)
    own = float(log.read_text().split()[-1])
    assert use.processor > own + 4


def test_the_command_shows_saves_and_draws(tmp_path, monkeypatch):
    use = Use(processor=4.0, clock=2.0, memory=100.0)
    pairs = {"run": [(use, Use(1.0, 1.0, 100.0)), (use, Use(2.0, 1.0, 100.0))], "fresh": []}
    rows = list_rows(pairs, {"fresh": "failed before: the gate: Error: no luck"})
    made = pd.DataFrame(rows, columns=COLUMNS)
    monkeypatch.setattr("analysis.studies.benchmark.against.run_against", lambda *_, **options: made)
    console = Console(width=220, record=True)
    spec = AgainstSpec(before="a", after="b", parts=("run", "fresh"))
    assert show_against(spec, None, tmp_path, console) == 1
    text = console.export_text()
    for part in ("4 s", "1.5 s", "0.375", "pairs 0.25, 0.5", "no luck"):
        assert part in text
    assert {path.name for path in tmp_path.iterdir()} == {
        f"benchmark_against.{suffix}" for suffix in ("csv", "png", "svg")
    }


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [(KeyboardInterrupt(), 130, "Stopped."), (CheckoutError("no uv"), 1, "Not measured: no uv")],
)
def test_the_command_says_what_stopped_it(tmp_path, monkeypatch, error, code, words):
    def stop(*arguments, **options):
        raise error

    monkeypatch.setattr("analysis.studies.benchmark.against.run_against", stop)
    console = Console(width=220, record=True)
    spec = AgainstSpec(before="a", after="b", parts=("run",))
    assert show_against(spec, None, tmp_path, console) == code
    assert words in console.export_text()


def test_a_wrong_revision_folder_or_part_is_refused(toy, tmp_path):
    with pytest.raises(CheckoutError, match="unknown revision v9"):
        choose_against("v9", parts=None, pairs=None, quick=False, root=toy)
    for folder in (tmp_path, toy / "analysis"):
        with pytest.raises(CheckoutError, match="is not a git checkout"):
            choose_against("v1", parts=None, pairs=None, quick=False, root=folder)
    with pytest.raises(ValueError, match="unknown parts soup; choose from run, stage2"):
        choose(toy, parts="run,soup")
    with pytest.raises(ValueError, match="unknown parts grid"):
        choose(toy, parts="grid", quick=True)
    with pytest.raises(ValueError, match="at least 1"):
        choose(toy, pairs=0)
    assert choose(toy, parts=None, pairs=None).parts == ("run", "stage2", "stage1", "fresh")
