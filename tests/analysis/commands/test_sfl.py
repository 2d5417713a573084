"""The console script ``sfl`` as a real process, from a folder with modules of the project's names."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SFL = Path(sys.executable).with_name("sfl")
FIRST = ("run", "report", "fit", "compare", "checks", "sensitivity")


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """A folder whose modules have the names of the project's packages, and fail when they are imported."""
    folder = tmp_path_factory.mktemp("user")
    (folder / "data").mkdir()
    for name in ("models.py", "analysis.py", "data/__init__.py"):
        (folder / name).write_text("raise SystemExit('the user\\'s own module was imported')\n")
    return folder


def sfl(folder, *words):
    return subprocess.run(
        [SFL, *words],
        cwd=folder,
        capture_output=True,
        text=True,
        env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | {"COLUMNS": "120", "NO_COLOR": "1"},
        check=False,
    )


def test_help_is_a_table_of_contents(hostile):
    done = sfl(hostile, "--help")
    assert done.returncode == 0, done.stderr
    places = [done.stdout.find(f"│ {name} ") for name in FIRST]
    assert min(places) > 0
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["run", "--help"], 0, "sfl run --quick"),
        (["sensitivity", "--help"], 0, "sfl sensitivity"),
        (["data", "describe"], 0, "|"),
        (["data", "check", "nothing.csv"], 2, "unusable"),
        (["compare", "published", "nobody"], 2, "no results of 'nobody'"),
        (["report", "nobody"], 2, "nobody"),
    ],
)
def test_it_works_beside_modules_of_the_same_names(hostile, words, code, said):
    done = sfl(hostile, *words)
    assert done.returncode == code, done.stdout + done.stderr
    assert said in done.stdout + done.stderr
    assert "user's own module" not in done.stdout + done.stderr


@pytest.mark.slow
def test_it_plans_fits_beside_modules_of_the_same_names(hostile):
    done = sfl(hostile, "fit", "--explain", "--quick", "guarantee-pact-only")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "make  ideal points" in done.stdout or "reuse ideal points" in done.stdout


def test_help_loads_nothing_heavy():
    code = "import sys, analysis.__main__; print(*{name.split('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"pymc", "pytensor", "numba", "nutpie", "arviz", "xarray", "pandas", "numpy", "matplotlib"}
    assert set(done.stdout.split()) & heavy == set()


EXPLAINED = (
    "run --quick",
    "fit --quick guarantee-pact-only",
    "checks --quick",
    "claims --quick",
    "sensitivity --axes absence",
    "propagation --quick",
    "propagation-study",
    "calibration",
)
EXPLAIN = """
import sys
from analysis.__main__ import app
for words in sys.argv[1:]:
    try:
        app([*words.split(), "--explain"], standalone_mode=False)
    except SystemExit as ended:
        assert not ended.code, words
    print("loaded:", *{name.split(".")[0] for name in sys.modules}, "end")
"""


def test_an_explanation_loads_no_compiler_and_no_sampler():
    """All commands explain in one process: what one of them loads would be seen after all that follow."""
    done = subprocess.run(
        [sys.executable, "-c", EXPLAIN, *EXPLAINED], capture_output=True, text=True, check=True
    )
    parts = done.stdout.split(" end\n")[:-1]
    for words, part in zip(EXPLAINED, parts, strict=True):
        explained, loaded = part.split("loaded:")
        assert any(said in explained for said in ("make  ", "reuse ", "Nothing to make")), words
        assert set(loaded.split()) & {"pymc", "pytensor", "numba", "nutpie", "arviz"} == set(), words


def test_the_report_loads_no_compiler_and_no_sampler():
    code = "import sys, analysis.report.page; print(*{name.split('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) & {"pymc", "pytensor", "numba", "nutpie", "arviz"} == set()
