"""The study on simulated worlds: what is known of the ways, its table, and its parts in the store."""

import numpy as np
import pandas as pd
import pytest

from analysis.store.store import Store
from analysis.studies.propagation.study import plan_study, run_study, save_study
from analysis.studies.propagation.worlds import METHODS, Scenario, infer, simulate


def test_study_draws_attenuate_where_votes_are_few():
    rng = np.random.default_rng(1)
    slopes = {method: [] for method in METHODS}
    for _ in range(8):
        world = simulate(Scenario(outcome="linear", n_vote=4), rng)
        for method in METHODS:
            slopes[method].append(infer(method, world, rng)["alignment_slope"].mean())
    mean = {method: np.mean(values) for method, values in slopes.items()}
    assert mean["draws"] < 0.75 * mean["joint"]
    assert mean["measurement"] == pytest.approx(mean["joint"], rel=0.1)


def test_study_table_is_complete_and_its_scenarios_are_reused(tmp_path):
    tasks, store, begun = plan_study(2, (40,), 1), Store(tmp_path), []

    def report(name):
        begun.append(name)
        return lambda share: None

    table = run_study(tasks, store, report)
    assert begun == ["linear outcome, 40 votes", "step outcome, 40 votes"]
    assert len(list(tmp_path.glob("propagation_study-*.json"))) == 2
    pd.testing.assert_frame_equal(run_study(tasks, store), table)
    assert plan_study(3, (40,), 1)[0].key != tasks[0].key
    assert set(table["method"]) == set(METHODS)
    assert len(table) == 4 * (3 + 1)
    assert table["coverage"].between(0, 1).all()


def test_a_quick_study_is_marked(tmp_path):
    path = save_study(run_study(plan_study(2, (40,), 1), Store(tmp_path)), tmp_path, quick=True)
    assert pd.read_csv(path)["quick"].all()
    assert "QUICK RUN" in path.with_suffix(".svg").read_text()
