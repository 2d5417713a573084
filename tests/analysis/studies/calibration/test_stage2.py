"""Calibration of stage 2: the published ranks, and the plan of their parts."""

import pandas as pd

from analysis.store.files import OUTPUT
from analysis.store.store import Store
from analysis.studies.calibration.stage2 import (
    judge_ranks,
    plan_calibration,
    run_calibration,
    save_calibration,
)

PUBLISHED = OUTPUT / "published" / "sbc.csv"


def test_published_calibration_passes_the_right_model_and_fails_the_wrong_one():
    ranks = pd.read_csv(PUBLISHED)
    assert (ranks.groupby(["fitted", "quantity"])["count"].sum() >= 200).all()
    smallest = judge_ranks(ranks).groupby("fitted")["p"].min()
    assert smallest["right"] > 0.05
    assert smallest["wrong"] < 1e-6


def test_parts_cover_every_coalition_once_and_have_keys_of_their_own():
    tasks = plan_calibration()
    parts = [(task.settings.fitted, task.settings.first, task.settings.count) for task in tasks]
    assert parts == [("right", 0, 200), ("right", 200, 200), ("wrong", 0, 200)]
    keys = {task.key for task in [*tasks, *plan_calibration(quick=True)]}
    assert len(keys) == 5


def test_stored_parts_are_summed_and_a_quick_run_is_marked(tmp_path):
    tasks, store = plan_calibration(quick=True), Store(tmp_path)
    published = pd.read_csv(PUBLISHED)
    for task in tasks:
        store.save(task, published[published["fitted"] == task.settings.fitted], 1.0)
    ranks = run_calibration([*tasks, *tasks], store)
    assert (ranks["count"] == 2 * published["count"]).all()
    path = save_calibration(ranks, tmp_path, quick=True)
    assert pd.read_csv(path)["quick"].all()
    assert "QUICK RUN" in path.with_suffix(".svg").read_text()
