"""Building of the shipped tables."""

import pytest
from support.found import needs_shared

from data import load
from data.build import DATA_DIR, build_shipped
from data.tables.read import load_states, load_tallies
from data.tables.rules import DataError


def test_shipped_tallies_cover_both_windows():
    tallies = load_tallies(load_states())
    assert set(tallies["session"]) == {*range(53, 58), *range(64, 69)}
    assert tallies["iso3"].nunique() == 193


@needs_shared
def test_build_is_byte_for_byte(tmp_path):
    for path in build_shipped(tmp_path, load.SHARED_DIR):
        assert path.read_bytes() == (DATA_DIR / path.relative_to(tmp_path)).read_bytes()
    tables = [path.name for path in (tmp_path / "tables").iterdir()]
    assert sorted(tables) == ["agenda_tallies.csv", "covariates.csv"]


def test_build_without_sources_writes_nothing(tmp_path):
    with pytest.raises(DataError, match=r"rollcalls\.parquet"):
        build_shipped(tmp_path, tmp_path)
    assert not list(tmp_path.iterdir())
