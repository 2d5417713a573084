"""Rows of checks.csv come back from the store as they were made, and directions need a clear interval."""

import numpy as np
import pandas as pd

from analysis.store.store import Store
from analysis.store.task import Task
from analysis.studies.checks.rows import direction, row, to_table
from analysis.studies.checks.tiers import make_tiers


def test_tables_survive_storage(tmp_path):
    rows = [row("a", "53", value=1.5), row("b", "54", "iraq", value=np.nan, lower=np.inf, note="x")]
    table, store = to_table(rows), Store(tmp_path)
    assert all(table[name].dtype.kind == "f" for name in ("value", "lower", "upper", "reference"))
    task = Task("rows", "rows", make_tiers, None, None, {})
    store.save(task, table, 0.0)
    pd.testing.assert_frame_equal(store.load(task), table, check_dtype=False)
    assert store.load(task)["item"].tolist() == ["53", "54"]
    assert store.load(task)["note"].tolist() == ["", "x"]


def test_a_direction_needs_an_interval_on_one_side_of_zero():
    assert [direction(0.1, 0.3), direction(-0.3, -0.1)] == ["positive", "negative"]
    assert direction(-0.1, 0.3) == "direction uncertain"
