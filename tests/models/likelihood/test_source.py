"""Machine code in the cache is that of the files as they are now."""

import importlib
import re
from pathlib import Path

import pytest

import models
from models.likelihood.source import hash_source

FOLDER = Path(models.__file__).parent
WITH_OPS = [f.stem for f in sorted(FOLDER.glob("*.py")) if "@register_funcify" in f.read_text()]
IMPORT = re.compile(r"^from models\b.*", re.MULTILINE)


def find_compiled(file):
    """The file, and the kernels that it reaches."""
    imports = " ".join(IMPORT.findall(file.read_text()))
    kernels = re.findall(r"\b\w+_numba\b", imports)
    return {file}.union(*(find_compiled(FOLDER / f"{kernel}.py") for kernel in kernels))


@pytest.mark.parametrize("name", WITH_OPS)
def test_the_key_of_compiled_code_holds_all_that_it_is_made_from(name):
    files = map(str, find_compiled(FOLDER / f"{name}.py"))
    found = importlib.import_module(f"models.{name}").SOURCE_HASH
    assert found == hash_source(*files)


def test_every_op_and_kernel_is_looked_at():
    assert {"graded_response", "joining", "predictor", "walk_coordinates"} <= set(WITH_OPS)
    reached = set().union(*(find_compiled(FOLDER / f"{name}.py") for name in WITH_OPS))
    assert reached >= set(FOLDER.glob("*_numba.py"))


def test_a_change_of_any_file_changes_the_hash(tmp_path):
    files = [tmp_path / "op.py", tmp_path / "kernel.py"]
    for file in files:
        file.write_text("a = 1\n")
    before = hash_source(*map(str, files))
    assert hash_source(*map(str, files[::-1])) == before
    for file in files:
        file.write_text("a = 2\n")
        assert hash_source(*map(str, files)) != before
        file.write_text("a = 1\n")
