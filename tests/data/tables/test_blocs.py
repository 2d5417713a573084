"""Blocs: their sizes on days for which they are well known, and what the reader refuses."""

import pytest

from data.tables.blocs import BLOCS, list_members, load_blocs
from data.tables.read import TABLES_DIR, load_guarantees, load_states
from data.tables.rules import DataError

STATES = load_states()
GUARANTEES = load_guarantees(STATES)


@pytest.fixture(scope="module")
def blocs():
    return load_blocs(STATES, GUARANTEES)


@pytest.mark.parametrize(
    ("day", "sizes"),
    [
        # Of 53 and 54 members of the African Union, Western Sahara has no vote, nor has Palestine of the 22
        # of the Arab League. NATO counts the United States.
        ("1998-09-01", (15, 16, 21, 9, 52)),
        ("2002-12-31", (15, 19, 21, 10, 52)),
        ("2013-06-30", (27, 28, 21, 10, 53)),
        ("2013-12-31", (28, 28, 21, 10, 53)),
    ],
)
def test_blocs_have_the_sizes_that_they_are_known_for(blocs, day, sizes):
    members = list_members(blocs, day)
    assert {bloc: len(members[bloc]) for bloc in BLOCS} == dict(zip(BLOCS, sizes, strict=True))


def test_members_are_those_of_the_day(blocs):
    before, after = list_members(blocs, "1999-03-11"), list_members(blocs, "1999-03-12")
    assert after["NATO"] - before["NATO"] == {"CZE", "HUN", "POL"}
    assert "USA" in before["NATO"]
    assert "MAR" not in before["African Union"]
    assert "MAR" in before["Arab League"]
    assert "GBR" in list_members(blocs, "2020-01-31")["European Union"]
    assert "GBR" not in list_members(blocs, "2020-02-01")["European Union"]


def test_africa_votes_in_the_african_union_but_for_morocco(blocs):
    members = list_members(blocs, "2013-12-31")["African Union"]
    africa = STATES[(STATES["region"] == "Africa") & STATES["un_to"].isna()]
    assert set(africa["iso3"]) - members == {"MAR"}
    assert members <= set(africa["iso3"])


GOOD = "FRA,220,France,European Union,1958-01-01,,Treaty of Rome,list"


@pytest.mark.parametrize(
    ("row", "part"),
    [
        ("FRA,220,France,Benelux,1958-01-01,,Treaty,list", "unknown code in bloc"),
        ("FRA,220,France,NATO,1949-08-24,,Treaty,list", "unknown code in bloc"),
        ("ATL,220,Atlantis,ASEAN,1967,,Treaty,list", "not in states.csv"),
        ("FRA,221,France,ASEAN,1967,,Treaty,list", "ccode is not that of states.csv"),
        ("FRA,220,France,ASEAN,8 August 1967,,Treaty,list", "start is not a date"),
        ("FRA,220,France,ASEAN,1967,1966,Treaty,list", "end before start"),
        ("FRA,220,France,ASEAN,1967,,,list", "empty cell in source"),
        ("FRA,220,France,ASEAN,1967,,Treaty,yes", "unknown code in seen"),
        (GOOD, "duplicate key iso3, bloc. Line 2, 3"),
    ],
)
def test_a_bad_row_is_refused_by_file_and_rule(tmp_path, row, part):
    path = tmp_path / "blocs.csv"
    header = (TABLES_DIR / "blocs.csv").read_text(encoding="utf-8").splitlines()[0]
    path.write_text(f"{header}\n{GOOD}\n", encoding="utf-8")
    assert len(load_blocs(STATES, GUARANTEES, path)) == 1 + 1 + (GUARANTEES["kind"] == "nato").sum()
    path.write_text(f"{header}\n{GOOD}\n{row}\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"blocs\.csv") as error:
        load_blocs(STATES, GUARANTEES, path)
    assert part in str(error.value)
