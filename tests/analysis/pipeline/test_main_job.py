"""The main job as a user runs it: its quick form, once, in a folder of its own, and notebooks about it."""

import json
import os
import shutil
import subprocess
import sys

import nbformat
import pandas as pd
import pytest
import xarray as xr
from nbclient import NotebookClient
from rich.console import Console
from support.command import ROOT, run_command
from support.results.arviz_functions import use_every_function

from analysis.commands.progress import run_with_progress
from analysis.fitting.gates import ConvergenceError
from analysis.posterior.summaries import INTERVAL
from analysis.variants.table import MAIN
from data.load import load_panel
from data.spec import DataSpec
from data.tables.rules import DataError
from models.spec import SpecError

NOTEBOOKS = {"01_data": 1, "02_ideal_points": 8, "03_coalitions": 8, "04_sensitivity": 0, "05_acts": 0}
"""Figures that each notebook draws at least."""
TABLES = (
    "ideal_points",
    "effects",
    "overlap",
    "weighting",
    "prior_sensitivity",
    "differences",
    "interactions",
    "predictions_by_state",
)
SIZE_BEFORE = 61_369_942
"""Bytes of the draws of a quick run before they followed the schema of ArviZ (at ee5528e)."""
QUANTITIES = {
    *(f"ame_{level}_{kind}" for level in ("rio", "pact") for kind in ("total", "direct", "indirect")),
    *(f"att_{level}_{kind}" for level in ("rio", "pact") for kind in ("total", "direct")),
    *(f"ame_{level}_interventional_{kind}" for level in ("rio", "pact") for kind in ("direct", "indirect")),
    *(f"{kind}_{level}_total" for kind in ("risk_ratio", "log_odds") for level in ("rio", "pact")),
    *(f"probability_{level}_total" for level in ("none", "rio", "pact")),
    *("alignment_slope", "alignment_rio", "alignment_pact"),
}


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of the code with the shipped tables, in a deep folder so that no roll calls lie beside it."""
    target = tmp_path_factory.mktemp("deep") / "down" / "copy"
    target.mkdir(parents=True)
    for package in ("models", "data", "analysis"):
        shutil.copytree(
            ROOT / package,
            target / package,
            ignore=shutil.ignore_patterns("results", "output", "__pycache__"),
        )
    return target


@pytest.fixture(scope="module")
def quick(copy):
    """A quick run in that copy, made once for all tests: its output and its folder of results."""
    done = run_command("run", "--quick", folder=copy)
    assert done.returncode == 0, done.stdout + done.stderr
    return done, copy / "analysis" / "results" / "main-quick"


def test_help_is_a_table_of_contents():
    done = run_command("--help")
    assert done.returncode == 0
    assert "run" in done.stdout
    assert "Example" in run_command("run", "--help").stdout


@pytest.mark.slow
def test_the_first_line_says_where_the_votes_are_from(quick):
    assert quick[0].stdout.startswith("Votes: the agenda tallies that ship")


@pytest.mark.slow
def test_the_terminal_gives_the_answer_in_a_table_and_a_sentence(quick):
    # Lines are broken at 80 columns.
    out = " ".join(quick[0].stdout.split())
    assert "joining, points" in out
    assert "uv run sfl run --quick --table" in out
    assert "stood nearer to the US in the General Assembly by" in out
    assert "had a higher probability of joining by" in out
    assert "Quick run: for trying out, not a result." in out
    assert "main-quick" in out


@pytest.mark.slow
def test_all_files_are_there_and_marked(quick):
    folder = quick[1]
    trees = {f"ideal_point_{case}.nc" for case in ("iraq", "isis")}
    trees |= {"coalition.nc", "coalition_total.nc", "coalition_direct.nc"}
    names = trees | {f"{table}.csv" for table in TABLES} | {"run.json", "README.md"}
    drawn = (
        "alignment_iraq",
        "alignment_isis",
        "joining",
        "effects",
        "alignment_effects",
        "groups",
        "overlap",
    )
    figures = {f"{name}.{suffix}" for name in drawn for suffix in ("png", "svg")}
    assert {p.name for p in folder.iterdir()} == names | figures
    assert json.loads((folder / "run.json").read_text())["quick"] is True
    for table in TABLES:
        assert pd.read_csv(folder / f"{table}.csv")["quick"].all()
    for figure in figures:
        if figure.endswith("svg"):
            assert "QUICK RUN" in (folder / figure).read_text()
    for tree in sorted(trees):
        with xr.open_datatree(folder / tree) as opened:
            assert opened.attrs["quick"] == 1, tree


@pytest.mark.slow
def test_tables_have_their_columns_and_rows(quick):
    effects = pd.read_csv(quick[1] / "effects.csv")
    columns = ["quantity", "case", "group", "mean", "sd", "lower", "upper", "prob_positive", "stage1_share"]
    assert list(effects.columns) == [*columns, "mcse", "quick"]
    assert set(effects["quantity"]) >= QUANTITIES
    assert set(effects["case"]) == {"iraq", "isis", "pooled", "difference"}
    regions = {"Asia-Pacific", "Eastern Europe", "Western Europe and Others", "Latin America and Caribbean"}
    assert set(effects["group"]) == {"all", "overlap", "small", "middle", "major"} | regions
    assert (effects["lower"] < effects["mean"]).all()
    assert effects["prob_positive"].between(0, 1).all()
    assert effects["stage1_share"].between(0, 1).all()
    points = pd.read_csv(quick[1] / "ideal_points.csv")
    assert set(points["quantity"]) == {"ideal_point", "alignment", "rank"}
    panel = load_panel(DataSpec())
    missing = json.loads((quick[1] / "run.json").read_text())["positions_from_region"]
    for case in ("iraq", "isis"):
        states = set(panel["state"].values[panel["included"].sel(case=case).values])
        assert states - set(points.loc[points["case"] == case, "state"]) == set(missing[case])


@pytest.mark.slow
def test_the_record_says_what_was_run_and_that_it_converged(quick):
    record = json.loads((quick[1] / "run.json").read_text())
    assert record["variant"]["data"]["granularity"] == "agenda"
    assert {v["granularity"] for v in record["votes"].values()} == {"agenda"}
    assert record["seed"] == record["variant"]["run"]["seed"]
    assert set(record["versions"]) >= {"pymc", "nutpie", "numpy", "arviz"}
    for name, figures in record["convergence"].items():
        assert figures["max_rhat"] < 1.01, name
        assert min(figures["min_ess_bulk"], figures["min_ess_tail"]) > 400, name
        assert figures["divergences"] == 0, name
    assert record["seconds"].keys() == record["convergence"].keys()


@pytest.mark.slow
def test_effects_table_is_the_summary_of_the_labelled_draws(quick):
    table = pd.read_csv(quick[1] / "effects.csv").set_index(["quantity", "case", "group"])
    with xr.open_datatree(quick[1] / "coalition.nc") as tree:
        effects = tree["posterior"].dataset
        assert not effects.sel(group="all").to_dataarray().isnull().any()
        draws = effects["ame_pact_total"].sel(case="iraq", group="small").values
    row = table.loc[("ame_pact_total", "iraq", "small")]
    assert row["mean"] == pytest.approx(draws.mean())
    inside = ((draws > row["lower"]) & (draws < row["upper"])).mean()
    assert inside == pytest.approx(INTERVAL, abs=0.01)


@pytest.mark.slow
def test_a_second_run_reuses_the_fits_and_gives_the_same_numbers(quick, copy):
    before = (quick[1] / "effects.csv").read_bytes()
    done = run_command("run", "--quick", folder=copy)
    assert done.returncode == 0
    record = json.loads((quick[1] / "run.json").read_text())
    assert all(figures["reused"] for figures in record["convergence"].values())
    assert (quick[1] / "effects.csv").read_bytes() == before


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_every_function_of_arviz_takes_the_files_of_run_and_of_fit(quick, copy):
    folder = quick[1]
    few = {"coalition_total": "guarantee_effect", "coalition_direct": "guarantee_effect"}
    few["ideal_point_iraq"] = "region_mean"
    for name, variable in few.items():
        use_every_function(folder / f"{name}.nc", variable)
    assert sum(path.stat().st_size for path in folder.glob("*.nc")) <= 2 * SIZE_BEFORE
    # The fits are stored, so that fit only writes the files anew.
    before = (folder / "coalition_total.nc").stat().st_mtime_ns
    done = run_command("fit", "main", "--quick", folder=copy)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (folder / "coalition_total.nc").stat().st_mtime_ns > before
    for name, variable in few.items():
        use_every_function(folder / f"{name}.nc", variable)


@pytest.mark.slow
def test_bad_input_ends_with_a_message_and_keeps_the_old_result(quick, copy):
    before = (quick[1] / "effects.csv").read_bytes()
    path = copy / "data" / "tables" / "guarantees.csv"
    good = path.read_text()
    path.write_text(good.replace("1949-08-24", "1849-99-99", 1))
    done = run_command("run", "--quick", folder=copy)
    path.write_text(good)
    assert done.returncode == 2
    assert "guarantees.csv" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert (quick[1] / "effects.csv").read_bytes() == before


@pytest.mark.slow
def test_a_fit_that_misses_the_gates_saves_nothing_and_names_the_offender(copy):
    script = (
        "from dataclasses import replace; from rich.console import Console;"
        "from analysis.commands.run import run_and_show; from analysis.variants.table import MAIN, RunSpec;"
        "from analysis.fitting.fit import SamplerSpec;"
        "short = SamplerSpec(draws=20, tune=50, chains=2);"
        "v = replace(MAIN.quick(), name='short', run=replace(MAIN.quick().run, ideal_point=short));"
        "run_and_show(v, None, Console())"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=copy, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "No result saved" in done.stdout
    assert "R-hat" in done.stdout or "ESS" in done.stdout
    assert not (copy / "analysis" / "results" / "short").exists()


@pytest.mark.slow
@pytest.mark.parametrize("name", NOTEBOOKS)
def test_notebooks_run_from_top_to_bottom_on_quick_results(name, quick, copy, monkeypatch):
    path = copy / "analysis" / "notebooks" / f"{name}.ipynb"
    # The kernel must import the copy to find the copy's results.
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(copy), os.environ.get("PYTHONPATH", ""))))
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": copy}}
    )
    client.execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert any("Only a quick run exists" in output.get("text", "") for output in outputs)
    kinds = [kind for output in outputs for kind in output.get("data", {})]
    assert kinds.count("image/png") >= NOTEBOOKS[name]


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (OSError(28, "No space left on device"), 4, "Could not be saved"),
        (DataError("row 3"), 2, "Bad input: row 3"),
        (SpecError("scale = 0; it must be positive"), 2, "Bad input: scale = 0; it must be positive"),
        (ConvergenceError("R-hat 1.2", {}), 1, "No result saved"),
        (KeyboardInterrupt(), 130, "Stopped"),
    ],
)
def test_every_error_becomes_a_code_and_words(error, code, words):
    def run(report):
        raise error

    console = Console(width=100, record=True)
    with pytest.raises(SystemExit) as ended:
        run_with_progress(run, MAIN, None, console)
    assert ended.value.code == code
    assert words in console.export_text()
