import pytest
from support.toy_tasks import list_tasks

from analysis.pipeline import plan as tasks
from analysis.store.store import Store
from analysis.studies.sensitivity.scaling import (
    WORKERS,
    Overhead,
    find_longest_chain,
    measure_overhead,
    simulate_run,
    tabulate_workers,
)

OVERHEAD = Overhead(start=12.0, hand_over=0.05)


@pytest.fixture(autouse=True)
def toy(monkeypatch):
    monkeypatch.setattr(tasks, "hash_code", lambda make: {})


def test_one_worker_takes_the_sum_and_many_the_longest_chain():
    wanted = list_tasks()
    seconds = {task.key: 10.0 if task.kind == "first" else 4.0 for task in wanted}
    total = sum(seconds.values())
    for workers, expected in {1: total + 0.05, 4: 10 + 3 * 4 + 4 * 0.05, 1000: 14 + 12 * 0.05}.items():
        assert simulate_run(wanted, seconds, workers, OVERHEAD) == pytest.approx(12.0 + expected)


def test_more_workers_never_take_longer_here():
    wanted = list_tasks()
    seconds = {task.key: 3.0 + 0.1 * place for place, task in enumerate(wanted)}
    times = [simulate_run(wanted, seconds, n, OVERHEAD) for n in (1, 2, 4, 8, 16)]
    assert times == sorted(times, reverse=True)


def test_the_table_of_workers_ends_at_the_longest_chain():
    wanted = list_tasks()
    seconds = {task.key: 10.0 if task.kind == "first" else 4.0 for task in wanted}
    assert find_longest_chain(wanted, seconds) == 14.0
    table = tabulate_workers(wanted, seconds, OVERHEAD).set_index("workers")
    assert list(table.index) == list(WORKERS)
    assert table.loc[1, "efficiency"] == 1.0
    assert table["seconds"].is_monotonic_decreasing
    assert table.loc[1000, "seconds"] >= OVERHEAD.start + 14.0
    assert table.loc[1000, "efficiency"] < 0.01


def test_the_overhead_is_measured_on_what_is_stored(tmp_path):
    toy, store = list_tasks(), Store(tmp_path)
    stored, failed = toy[:4], toy[4]
    for task in stored:
        store.save(task, task.make(task.data, [], task.variant), 0.1)
    store.save_failure(failed, "R-hat 1.2", 0.1)
    overhead = measure_overhead([*stored, failed], store)
    assert 0.0 < overhead.hand_over < overhead.start < 120.0
    assert len(list(tmp_path.glob("*.nc"))) == 4
