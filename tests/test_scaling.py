import pytest
from toy_tasks import list_tasks

from analysis import tasks
from analysis.scaling import HAND_OVER, START, WORKERS, find_longest_chain, simulate_run, tabulate_workers


@pytest.fixture(autouse=True)
def toy(monkeypatch):
    monkeypatch.setattr(tasks, "hash_code", lambda make: {})


def test_one_worker_takes_the_sum_and_many_the_longest_chain():
    wanted = list_tasks()
    seconds = {task.key: 10.0 if task.kind == "first" else 4.0 for task in wanted}
    total = sum(seconds.values())
    assert simulate_run(wanted, seconds, 1) == pytest.approx(START + total + HAND_OVER)
    assert simulate_run(wanted, seconds, 4) == pytest.approx(START + 10 + 3 * 4 + 4 * HAND_OVER)
    assert simulate_run(wanted, seconds, 1000) == pytest.approx(START + 14 + 12 * HAND_OVER)


def test_more_workers_never_take_longer_here():
    wanted = list_tasks()
    seconds = {task.key: 3.0 + 0.1 * place for place, task in enumerate(wanted)}
    times = [simulate_run(wanted, seconds, n) for n in (1, 2, 4, 8, 16)]
    assert times == sorted(times, reverse=True)


def test_the_table_of_workers_ends_at_the_longest_chain():
    wanted = list_tasks()
    seconds = {task.key: 10.0 if task.kind == "first" else 4.0 for task in wanted}
    assert find_longest_chain(wanted, seconds) == 14.0
    table = tabulate_workers(wanted, seconds).set_index("workers")
    assert list(table.index) == list(WORKERS)
    assert table.loc[1, "efficiency"] == 1.0
    assert table["seconds"].is_monotonic_decreasing
    assert table.loc[1000, "seconds"] >= START + 14.0
    assert table.loc[1000, "efficiency"] < 0.01
