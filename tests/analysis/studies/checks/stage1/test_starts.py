"""Starts apart find one mode where there is one, and another where it is planted."""

import numpy as np
import pytest

from analysis.fitting.modes import SAME
from analysis.studies.checks.stage1.starts import ELSEWHERE, HEAVIEST, judge_starts, search
from models.simulate.static import simulate_votes
from models.spec import IdealPointSpec


@pytest.fixture(scope="module")
def found():
    votes, _ = simulate_votes(n_state=40, n_item=50, seed=3)
    shares = []
    table = search(votes, IdealPointSpec(), seed=1, rounds=1, progress=shares.append)
    assert shares[-1] == 1
    return table


def test_starts_near_the_posterior_end_at_its_mode_or_at_the_mirror_image(found):
    assert len(found) == 10
    near = found[found["spread"] <= 5]
    assert (near["kind"] == "the same").all()
    np.testing.assert_allclose(near["density"], 0, atol=SAME)
    assert (near["correlation"].abs() > 0.99).all()
    # Starts are apart: those far away differ from those near.
    assert found["spread"].max() == 40


def test_other_modes_are_named_with_their_weight(found):
    table = found.assign(case="made")
    assert judge_starts(table)["item"].tolist()[0] == ELSEWHERE
    # The same table with a heavy mode planted is judged otherwise.
    planted = table.copy()
    planted.loc[0, ["kind", "density", "weight"]] = ["another mode", -3.0, -2.0]
    judged = judge_starts(planted).set_index("item")
    assert judged.loc[HEAVIEST, "verdict"] == "several modes"
    assert judged.loc[ELSEWHERE, "value"] == 1 + (table["kind"] == "another mode").sum()
    planted.loc[planted["kind"] == "another mode", "weight"] = -50.0
    assert judge_starts(planted).set_index("item").loc[HEAVIEST, "verdict"] == "one mode"
