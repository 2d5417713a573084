"""Results of a run with a damaged file end in a sentence that says how to make them again."""

import shutil

import pytest
from support.made_results import write_results

from analysis.store.results import MissingResultsError, Results

FILES = ("run.json", "effects.csv", "ideal_points.csv", "coalition.nc")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return write_results(tmp_path_factory.mktemp("made"))


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("share", [0, 0.3, None], ids=["empty", "cut", "zeros"])
def test_a_damaged_file(tmp_path, made, name, share):
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    path = tmp_path / "main" / name
    raw = path.read_bytes()
    path.write_bytes(bytes(len(raw)) if share is None else raw[: int(share * len(raw))])
    if name.endswith(".csv") and share:
        # A table cut within its first rows may still be one.
        return
    with pytest.raises(MissingResultsError, match=r"a file is damaged .*To make them: .*sfl run"):
        Results.load("main", results=tmp_path)


def test_results_that_a_killed_run_took_away_are_put_back(tmp_path, made):
    shutil.copytree(made / "main", tmp_path / ".main-old-x1" / "main")
    assert Results.load("main", results=tmp_path).variant == "main"
    assert [path.name for path in tmp_path.iterdir()] == ["main"]
