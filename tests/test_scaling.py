import pytest
from toy_tasks import list_tasks

from analysis import tasks
from analysis.scaling import HAND_OVER, START, simulate_run


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
