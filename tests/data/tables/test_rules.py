"""Each rule of data.tables.rules: a good table passes; a bad one is refused by file, row and rule."""

from dataclasses import replace

import pandas as pd
import pytest

from data.spec import IRAQ
from data.tables import read as tables
from data.tables import rules as schema
from data.tables.rules import DataError

STATES = pd.DataFrame({"iso3": ["USA", "FRA", "TON"], "ccode": [2, 220, 955]})


def refuses(*parts, check, good, bad):
    """Assert that ``check`` takes ``good`` and refuses ``bad`` with a message that has all ``parts``."""
    check(good)
    with pytest.raises(DataError) as error:
        check(bad)
    for part in parts:
        assert part in str(error.value)


def test_missing_column():
    good = pd.DataFrame({"iso3": ["FRA"], "troops": [1]})
    refuses(
        "t.csv: missing column 'troops' (nearest: 'trops')",
        check=lambda t: schema.validate_columns(t, ["iso3", "troops"], "t.csv"),
        good=good,
        bad=good.rename(columns={"troops": "trops"}),
    )


def test_no_rows():
    good = pd.DataFrame({"iso3": ["FRA"]})
    refuses("t.csv: no rows", check=lambda t: schema.validate_not_empty(t, "t.csv"), good=good, bad=good[:0])


def test_duplicate_key():
    good = pd.DataFrame({"iso3": ["FRA", "TON"], "year": [2002, 2002]})
    refuses(
        "t.csv: duplicate key iso3, year. Line 2, 4",
        "FRA",
        check=lambda t: schema.validate_unique(t, ["iso3", "year"], "t.csv"),
        good=good,
        bad=pd.concat([good, good[:1]]),
    )


def test_empty_cell():
    good = pd.DataFrame({"iso3": ["FRA", "TON"], "source": ["a", "b"]})
    refuses(
        "t.csv: empty cell in source. Line 3",
        check=lambda t: schema.validate_complete(t, ["source"], "t.csv"),
        good=good,
        bad=good.assign(source=["a", None]),
    )


def test_unknown_code():
    good = pd.DataFrame({"vote": ["yes", "no"]})
    refuses(
        "t.csv: unknown code in vote (allowed: yes, no). Line 3: ['maybe']",
        check=lambda t: schema.validate_codes(t, "vote", ("yes", "no"), "t.csv"),
        good=good,
        bad=good.assign(vote=["yes", "maybe"]),
    )


@pytest.mark.parametrize(
    ("change", "part"), [({"iso3": ["FRA", "XXX"]}, "Line 3: ['XXX']"), ({"ccode": [220, 999]}, "ccode")]
)
def test_unknown_state(change, part):
    good = pd.DataFrame({"iso3": ["FRA", "TON"], "ccode": [220, 955]})
    refuses(
        "t.csv",
        "states.csv",
        part,
        check=lambda t: schema.validate_known_states(t, STATES, "t.csv"),
        good=good,
        bad=good.assign(**change),
    )


@pytest.mark.parametrize(
    "wrong", ["2003-13", "2003-02-30", "20 March 2003", "03-20", "2003-3-1", "2003/03/20"]
)
def test_dates(wrong):
    good = pd.DataFrame({"start": ["1987", "2003-03", "2003-03-20", None]})
    refuses(
        "t.csv: start is not a date",
        "Line 4",
        wrong,
        check=lambda t: schema.validate_dates(t, ["start"], "t.csv"),
        good=good,
        bad=good.assign(start=["1987", "2003-03", wrong, None]),
    )


def test_end_before_start():
    good = pd.DataFrame({"iso3": ["FRA", "TON"], "start": ["2003-04", "1987"], "end": ["2003-04", None]})
    refuses(
        "t.csv: end before start. Line 2",
        check=lambda t: schema.validate_intervals(t, "start", "end", "t.csv"),
        good=good,
        bad=good.assign(end=["2003-03", None]),
    )


@pytest.mark.parametrize(("wrong", "whole"), [(-1, False), (2, False), ("many", False), (0.5, True)])
def test_range(wrong, whole):
    refuses(
        "t.csv: n is not a",
        "Line 3",
        check=lambda t: schema.validate_range(t, "n", 0, 1, "t.csv", whole=whole),
        good=pd.DataFrame({"n": [0, 1, None]}, dtype=object),
        bad=pd.DataFrame({"n": [0, wrong, None]}, dtype=object),
    )


def test_implied_flag():
    good = pd.DataFrame({"iso3": ["FRA", "TON"], "invasion": [1, 0], "troops": [1, 1]})
    refuses(
        "t.csv: invasion = 1 needs troops = 1. Line 2",
        check=lambda t: schema.validate_implies(t, "invasion", "troops", "t.csv"),
        good=good,
        bad=good.assign(troops=[0, 1]),
    )


def test_excluding_flag():
    good = pd.DataFrame({"iso3": ["FRA", "TON"], "only": [1, 0], "troops": [0, 1], "arms": [0, 1]})
    refuses(
        "t.csv: only = 1 excludes troops, arms. Line 2",
        check=lambda t: schema.validate_excludes(t, "only", ["troops", "arms"], "t.csv"),
        good=good,
        bad=good.assign(arms=[1, 1]),
    )


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (
            lambda t: t.assign(yes=[0, 2, 1]),
            "impossible count: more answers than resolutions in the cell. Line 3",
        ),
        (lambda t: t[1:], "cell without a row of the United States. Line 2"),
        (
            lambda t: t.assign(no=[2, 1, 0], yes=[1, 1, 1]),
            "the United States differs from us_vote",
        ),
    ],
)
def test_tallies(change, part):
    cell = {"session": 57, "issue": "me", "us_vote": "no"}
    names = ["iso3", "no", "abstain", "yes", "absent"]
    rows = [("USA", 3, 0, 0, 0), ("FRA", 1, 1, 1, 0), ("TON", 0, 0, 1, 2)]
    good = pd.DataFrame([dict(zip(names, row, strict=True)) | cell for row in rows])
    refuses("t.csv", part, check=lambda t: schema.validate_tallies(t, "t.csv"), good=good, bad=change(good))


COALITION = "iso3,ccode,state,white_house_list,troops,invasion_force,source,confidence\n"


@pytest.mark.parametrize(
    ("row", "part"),
    [
        ("FRA,220,France,2,0,0,a,high", "unknown code in white_house_list"),
        ("FRA,220,France,,0,0,a,high", "unknown code in white_house_list"),
        ("FRA,220,France,1,0,1,a,high", "invasion_force = 1 needs troops = 1"),
        ("ATL,220,Atlantis,1,0,0,a,high", "not in states.csv"),
        ("FRA,221,France,1,0,0,a,high", "ccode is not that of states.csv"),
        ("FRA,220,France,1,0,0,a,sure", "unknown code in confidence"),
        ("TON,955,Tonga,1,0,0,a,high\nTON,955,Tonga,0,0,0,a,high", "duplicate key iso3. Line 2, 3"),
    ],
)
def test_coalition_table_of_ones_own(tmp_path, row, part):
    path = tmp_path / "mine.csv"
    case = replace(IRAQ, coalition_file=str(path))
    states = tables.load_states()
    path.write_text(COALITION + "FRA,220,France,1,0,0,a,high\n")
    assert len(tables.load_coalition(case, states)) == 1
    path.write_text(COALITION + row + "\n")
    with pytest.raises(DataError, match=r"mine\.csv") as error:
        tables.load_coalition(case, states)
    assert part in str(error.value)


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"", "empty"),
        (b"iso3\n", "missing column"),
        (b"\xff\xfe\x00", "UTF-16"),
        (b'a,b\n1,2\n1,2,3\n"', "CSV"),
    ],
)
def test_unreadable_file(tmp_path, content, part):
    path = tmp_path / "states.csv"
    path.write_bytes(content)
    with pytest.raises(DataError, match=part):
        tables.load_states(path)


def test_absent_file(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        tables.load_states(tmp_path / "states.csv")


def test_parquet_that_is_none(tmp_path):
    path = tmp_path / "votes.parquet"
    path.write_bytes(b"<html>not found</html>")
    with pytest.raises(DataError, match="not the parquet table"):
        tables.read_parquet(path)
