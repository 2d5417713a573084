"""Updates are compared with refits in the refit's own unit; each batch is a session held back."""

import numpy as np
import pytest
import xarray as xr

from analysis.studies.dynamic.plan import DynamicRun
from analysis.studies.dynamic.update.batches import compare_draws, plan_batches
from models.simulate.dynamic import simulate_record


def make_draws(shift=0.0, spread=1.0):
    labels = [f"S{i}-{t}" for t in (1, 2) for i in range(30)]
    rng = np.random.default_rng(1)
    middle = rng.normal(size=60)
    draws = middle + 0.1 * rng.normal(size=(2000, 60))
    moved = np.where([label.endswith("-2") for label in labels], shift, 0.0)
    draws = middle + moved * 0.1 + (draws - middle) * spread
    return xr.Dataset({"ideal_point": (("sample", "position"), draws)}, {"position": labels})


def test_differences_are_in_standard_deviations_of_the_refit():
    refit = make_draws()
    common = refit["position"].values[:30]
    same = compare_draws(make_draws(), refit, common)
    assert same["difference"].max() < 1e-6
    table = compare_draws(make_draws(shift=0.5, spread=1.5), refit, common).set_index("session")
    assert table.loc[2, "difference"] == pytest.approx(0.5, abs=0.1)
    assert table.loc[2, "sd_ratio"] == pytest.approx(1.5, abs=0.1)
    assert table.loc[1, "difference"] < 0.1


def test_positions_on_another_scale_are_the_same():
    refit = make_draws()
    other = refit.assign(ideal_point=2 * refit["ideal_point"] + 1)
    assert compare_draws(other, refit, refit["position"].values)["difference"].max() < 1e-6


def test_each_batch_is_a_session_held_back():
    votes, _ = simulate_record(n_state=12, n_session=6, items_per_session=8, seed=2)
    plans = plan_batches(DynamicRun(sessions=(1, 6)), votes, 2)
    assert list(plans) == [4, 5, 6]
    assert len({task.key for tasks in plans.values() for task in tasks}) == 3 * 4
    with pytest.raises(ValueError, match="at least"):
        plan_batches(DynamicRun(sessions=(1, 6)), votes, 4)
