"""Data of a check differ from the model's in what the check says, and in nothing else."""

import numpy as np
from support.made_bench import make_data

from analysis.studies.checks.bench import leave_out


def test_leaving_out_changes_who_counts_and_nothing_else():
    _, _, data = make_data()
    out = np.arange(30) == 3
    left = leave_out(data, out)
    assert left.included[:, 3].sum() == 0
    assert left.included.sum() == data.included.sum() - 2
    assert all(getattr(left, name) is getattr(data, name) for name in data._fields if name != "included")
