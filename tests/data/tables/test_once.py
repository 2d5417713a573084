import os

import pandas as pd
import pytest

from data.spec import IRAQ
from data.tables import once


@pytest.mark.parametrize(
    "read", [once.read_states, once.read_guarantees, once.read_covariates, lambda: once.read_coalition(IRAQ)]
)
def test_a_reader_does_not_see_what_another_changed(read):
    first, before = read(), read().copy()
    first["iso3"] = "changed"
    first.loc[0, "source"] = "changed"
    pd.testing.assert_frame_equal(read(), before)


def test_a_table_is_read_once_unless_its_file_changes(tmp_path, monkeypatch):
    table, reads = tmp_path / "states.csv", []
    table.write_bytes(once.STATES.read_bytes())
    monkeypatch.setattr(once, "STATES", table)
    monkeypatch.setattr(once, "load_states", lambda: reads.append(1) or pd.read_csv(table))
    assert len(once.read_states()) == len(once.read_states())
    assert len(reads) == 1
    hashed = once.hash_file(table)
    table.write_text("".join(table.read_text().splitlines(keepends=True)[:-1]))
    shorter = once.read_states()
    assert len(reads) == 2
    assert once.hash_file(table) != hashed
    os.utime(table, ns=(1, 1))
    assert len(once.read_states()) == len(shorter)
    assert len(reads) == 3
