"""From a matrix of answers to votes: what is kept, what is left out, what is refused."""

import numpy as np
import pandas as pd
import pytest

import models
from models.assembly.matrix import prepare_matrix
from models.spec import SpecError

FRAME = pd.DataFrame(
    [["yes", "nay", "yes"], ["yes", "abstain", "nay"], ["nay", "yes", None], ["nay", "yes", "nay"]],
    index=["Ann", "Bob", "Cleo", "Dan"],
    columns=["one", "two", "three"],
)


def test_every_answer_is_counted_once():
    votes = prepare_matrix(FRAME)
    assert votes.sizes == {"item": 3, "state": 4, "response": 3}
    assert votes["counts"].sum() == 11
    assert votes["counts"].sel(item="two", state="Bob").values.tolist() == [0, 1, 0]
    assert votes["counts"].sel(item="three", state="Cleo").sum() == 0
    assert votes.attrs["notes"] == []


def test_the_scale_is_turned_by_the_member_that_is_named():
    assert prepare_matrix(FRAME)["us_vote"].values.tolist() == ["yes", "no", "yes"]
    assert prepare_matrix(FRAME, toward="Cleo")["us_vote"].values.tolist() == ["no", "yes", "absent"]


def test_what_tells_nothing_is_left_out_and_told():
    frame = FRAME.assign(all="yes")
    frame.loc["Eve"] = [None, None, None, "yes"]
    votes = prepare_matrix(frame)
    assert "all" not in votes["item"]
    assert "Eve" not in votes["state"]
    assert [note.split(" (")[0] for note in votes.attrs["notes"]] == [
        "left out: 1 roll calls on which nobody differed",
        "left out: 1 members without a vote on any roll call that divided",
    ]


@pytest.mark.parametrize(
    ("frame", "how", "said"),
    [
        (FRAME.iloc[:2], {}, "at least 3"),
        (FRAME.rename(index={"Bob": "Ann"}), {}, "twice or more: 'Ann'"),
        (FRAME.set_axis(["one", "one", "two"], axis=1), {}, "roll call may be there once"),
        (FRAME.replace("abstain", "maybe"), {}, r"1 cells .*'maybe' \(Bob, two\)"),
        (FRAME.replace("yes", 1), {}, r"5 cells"),
        (FRAME, {"toward": "Zoe"}, "toward = 'Zoe'"),
        (FRAME, {"groups": pd.Series({"Ann": "x", "Bob": "y", "Cleo": "x"})}, "without a group: 'Dan'"),
        (FRAME.map(lambda _: "yes"), {}, "only 0 roll calls divide"),
    ],
)
def test_bad_matrices_end_in_one_sentence(frame, how, said):
    with pytest.raises(SpecError, match=said) as error:
        prepare_matrix(frame, **how)
    assert "\n" not in str(error.value)


def test_the_library_is_one_import():
    assert models.prepare_matrix is prepare_matrix
    assert models.IdealPointSpec().dimensions == 1
    with pytest.raises(AttributeError, match="prepare_matrix"):
        _ = models.prepare_matrices
    assert not np.isnan(prepare_matrix(FRAME)["counts"]).any()
