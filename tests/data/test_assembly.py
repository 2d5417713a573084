"""Files of roll calls of any assembly: dialects, codes, and what is refused."""

import numpy as np
import pytest

from data.assembly import read_assembly
from data.build import DATA_DIR
from data.tables.rules import DataError

PLAIN = "member,party,r1,r2\nAnn,x,yes,nay\nBob,y,abstain,\n"


def write(folder, text, encoding="utf-8"):
    path = folder / "votes.csv"
    path.write_text(text, encoding=encoding)
    return path


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        (PLAIN, None),
        (PLAIN.replace(",", ";").upper(), None),
        (PLAIN.replace("yes", "1").replace("nay", "-1").replace("abstain", "0"), None),
        (PLAIN.replace("yes", "1").replace("nay", "3").replace("abstain", "2"), None),
        (PLAIN.replace("yes", "7").replace("nay", "8").replace("abstain", "9"), "7=yes,8=nay,9=abstain"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-8-sig"])
def test_every_dialect_and_code_is_the_same_matrix(tmp_path, text, codes, encoding):
    read = read_assembly(write(tmp_path, text, encoding), group="Party", codes=codes)
    assert read.answers.fillna("").to_numpy().tolist() == [["yes", "nay"], ["abstain", ""]]
    assert read.answers.index.str.lower().to_list() == ["ann", "bob"]
    assert read.groups.str.lower().to_list() == ["x", "y"]
    assert "read as" in read.notes[0]


@pytest.mark.parametrize(
    ("text", "how", "said"),
    [
        (PLAIN.replace("nay", "perhaps"), {"group": "party"}, "'perhaps'"),
        (PLAIN, {}, "'x'"),
        (PLAIN, {"group": "faction"}, "no column 'faction'"),
        (PLAIN, {"group": "party", "codes": "1=oui"}, "1=oui"),
        (PLAIN.replace("yes", "1").replace("nay", "4"), {"group": "party"}, "say what they mean"),
        (PLAIN, {"roll_calls": ["r7"]}, "no column is a roll call of the fit"),
        ("member\nAnn\nBob\n", {}, "only one column"),
        ("", {}, "empty"),
    ],
)
def test_what_cannot_be_read_is_told_in_one_sentence(tmp_path, text, how, said):
    with pytest.raises(DataError, match=said) as error:
        read_assembly(write(tmp_path, text), **how)
    assert "\n" not in str(error.value)


def test_a_column_of_groups_is_found_however_its_name_is_written(tmp_path):
    path = write(tmp_path, PLAIN.replace("party", "Home-Party"))
    assert read_assembly(path, group="Home-Party").groups.to_list() == ["x", "y"]
    assert read_assembly(path, group="home party").groups.to_list() == ["x", "y"]


def test_other_columns_are_left_out_and_named(tmp_path):
    read = read_assembly(write(tmp_path, PLAIN), roll_calls=["r2", "r9"])
    assert list(read.answers.columns) == ["r2"]
    assert "party, r1" in read.notes[0]


def test_the_example_is_the_simulated_chamber():
    from models.simulate.chamber import simulate_chamber

    chamber = simulate_chamber()
    read = read_assembly(DATA_DIR / "examples" / "chamber.csv", group="party")
    assert (read.answers.fillna("").to_numpy() == chamber.answer).all()
    assert read.groups.to_list() == chamber.party
    assert np.ptp(chamber.position) > 2
