"""The rows of the benchmark on the dynamic model."""

import numpy as np
import pytest

from analysis.studies.benchmark.dynamic import QUICK_DYNAMIC, describe, measure_dynamic, take_last
from analysis.studies.benchmark.table import MEDIAN_ESS, MIN_ESS, VALUE_AND_GRADIENT
from models.simulate.dynamic import simulate_record


def test_a_stretch_is_the_last_sessions_and_who_voted_in_them():
    record, _ = simulate_record(n_state=12, n_session=6, items_per_session=5, seed=1)
    record["counts"].values[record["session"].values > 3, 4] = 0
    votes = take_last(record, 3)
    assert set(votes["session"].values) == {4, 5, 6}
    assert votes["counts"].values.any((0, 2)).all()
    assert record["state"].values[4] not in votes["state"].values
    assert describe(votes).startswith("sessions 4-6, ")


@pytest.mark.slow
def test_gradients_and_effective_draws_are_measured():
    rows = measure_dynamic(QUICK_DYNAMIC, None, simulated=True, progress=lambda share, coming: None)
    quantities = [line["quantity"] for line in rows]
    assert quantities.count(VALUE_AND_GRADIENT) == len(QUICK_DYNAMIC.sessions)
    assert {MIN_ESS, MEDIAN_ESS, "exponent of time in votes cast"} <= set(quantities)
    assert all(np.isfinite(line["median"]) for line in rows)
