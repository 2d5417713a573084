"""The notebooks fit nothing, are short, define no functions and are stored without outputs.

That they run is tested beside the main job, whose results they read.
"""

import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from support.made_results import write_results

from analysis import load_results

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "analysis" / "notebooks"
NAMES = ("01_data", "02_ideal_points", "03_coalitions", "04_sensitivity", "05_acts")
MAX_CELLS = 30


def find_faults(notebook: nbformat.NotebookNode) -> list[str]:
    """Faults of a stored notebook."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    faults = []
    if len(notebook.cells) > MAX_CELLS:
        faults.append(f"{len(notebook.cells)} cells")
    for cell in code:
        lines = cell.source.splitlines()
        if cell.outputs or cell.execution_count is not None:
            faults.append(f"{cell.id}: stored with outputs")
        if any(line.lstrip().startswith(("def ", "async def ", "class ")) for line in lines):
            faults.append(f"{cell.id}: defines a function or class")
        if any(word in cell.source for word in ("run_variant(", "pm.sample(", "fit_", "run_and_show(")):
            faults.append(f"{cell.id}: fits")
    return faults


def test_all_are_there():
    assert sorted(path.stem for path in FOLDER.glob("*.ipynb")) == list(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_as_stored_it_is_short_and_empty_and_defines_nothing(name):
    notebook = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    nbformat.validate(notebook)
    assert find_faults(notebook) == []


def test_faults_are_seen():
    cell = nbformat.v4.new_code_cell("def f():\n    fit_model()")
    cell.outputs = [nbformat.v4.new_output("stream", text="1")]
    notebook = nbformat.v4.new_notebook(cells=[cell] * (MAX_CELLS + 1))
    found = find_faults(notebook)
    assert found[0] == "31 cells"
    assert {fault.split(": ")[1] for fault in found[1:4]} == {
        "stored with outputs",
        "defines a function or class",
        "fits",
    }


def test_one_line_loads_the_results_of_a_run(tmp_path):
    results = load_results(folder=write_results(tmp_path))
    assert results.variant == "main"
    assert set(results.effects["case"]) >= {"iraq", "isis", "pooled"}
    with pytest.raises(FileNotFoundError, match="uv run sfl run"):
        _ = results.total


def test_the_door_to_results_is_light():
    code = "import sys, analysis; analysis.load_results, analysis.effects; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert not {"numpy", "pandas", "xarray", "pymc", "numba", "arviz"} & set(done.stdout.split())


def test_every_notebook_says_what_it_answers_and_what_to_try_next():
    for name in NAMES:
        cells = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4).cells
        assert "**What it answers:**" in cells[0].source, name
        assert cells[-1].source.startswith("## What to try next"), name


def test_commands_in_notebooks_work_as_printed():
    for name in NAMES:
        for cell in nbformat.read(FOLDER / f"{name}.ipynb", as_version=4).cells:
            commands = re.findall(r"(\S+ \S+ )?\bsfl [a-z]+", cell.source)
            assert all(before.endswith("uv run ") for before in commands), f"{name}: {cell.source}"


def test_a_missing_result_is_named_with_its_command(tmp_path, monkeypatch):
    from analysis.store import results as result_files

    monkeypatch.setattr(result_files, "RESULTS", tmp_path)
    with pytest.raises(result_files.MissingResultsError, match="sfl run"):
        result_files.load_main_results()
