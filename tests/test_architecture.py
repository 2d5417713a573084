"""One direction of dependencies: data and models know nothing of each other, nothing knows analysis."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MAY_IMPORT = {"models": {"models"}, "data": {"data"}, "analysis": {"analysis", "models", "data"}}


def find_imports(source: str) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide where a name comes from"
            names.add(node.module.split(".")[0])
    return names


def find_trespasses(package: str, source: str) -> set[str]:
    return (find_imports(source) & set(MAY_IMPORT)) - MAY_IMPORT[package]


@pytest.mark.parametrize(
    "path",
    sorted(p for k in MAY_IMPORT for p in (ROOT / k).rglob("*.py")),
    ids=lambda p: str(p.relative_to(ROOT)),
)
def test_imports_go_one_way(path):
    assert not find_trespasses(path.relative_to(ROOT).parts[0], path.read_text(encoding="utf-8"))


def test_a_trespass_is_seen():
    assert find_trespasses("models", "from data.load import load_votes") == {"data"}
    assert find_trespasses("data", "import models.spec") == {"models"}


def test_models_read_no_files_and_do_not_sample():
    for path in (ROOT / "models").glob("*.py"):
        source = path.read_text(encoding="utf-8")
        assert "pm.sample(" not in source, path
        assert not find_imports(source) & {"pandas", "nutpie", "h5netcdf", "pyarrow"}, path


def test_files_are_read_in_one_sitting():
    for package in (*MAY_IMPORT, "tests"):
        for path in (ROOT / package).rglob("*.py"):
            assert len(path.read_text(encoding="utf-8").splitlines()) <= 400, path


def loaded_by(module: str) -> set[str]:
    """Packages that a fresh process has loaded once it has imported a module."""
    code = f"import sys, {module}; print(*{{name.split('.')[0] for name in sys.modules}})"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(run.stdout.split())


def test_what_only_looks_at_results_loads_no_compiler_and_no_sampler():
    heavy = {"pymc", "pytensor", "numba", "nutpie", "arviz"}
    assert not loaded_by("analysis.commands.sensitivity") & heavy
    assert loaded_by("analysis.fitting.fit") >= heavy
