"""What is known to be wrong in published files is mended, counted and told; what is not sure is refused."""

import numpy as np
import pandas as pd
import pytest
from support.release_files import dataverse_rows, dataverse_text, made_up_votes, table_text, undl_text, write

from data.tables.rules import DataError
from data.votes.releases.read import read_release
from data.votes.releases.states import find_ccode, find_name, load_members, seats

VOTES = made_up_votes(per_session=8)


def members(session: int) -> dict[int, str]:
    codes = np.flatnonzero(seats(np.array([session]))[0])
    names = load_members().set_index("ccode")["iso3"]
    return {int(c): names[c] for c in codes}


ALL = made_up_votes(sessions=(74,), per_session=3, states=members(74))


def cells(release) -> dict:
    votes = release.votes
    return dict(zip(zip(votes["rcid"], votes["ccode"], strict=True), votes["vote"].astype(str), strict=True))


def read(tmp_path, table: pd.DataFrame | str | bytes, name="votes.csv"):
    path = tmp_path / name
    if isinstance(table, pd.DataFrame):
        table = table_text(table, ",")
    path.write_bytes(table.encode() if isinstance(table, str) else table)
    return read_release(path)


def test_a_row_without_a_state_is_the_one_member_without_a_row(tmp_path):
    table = dataverse_rows(ALL)
    expected = cells(read(tmp_path, table))
    blank = (table["ccode"] == "640.0") & (table["rcid"] != 1002)
    table.loc[blank, ["ccode", "Country", "Countryname"]] = ["", "", "NA"]
    release = read(tmp_path, table)
    assert cells(release) == expected
    assert release.mends == (
        "2 rows without a state given to the one member without a row in the roll call: TUR (2)",
    )


def test_a_row_without_a_state_is_dropped_if_several_members_lack_one(tmp_path):
    table = dataverse_rows(ALL)
    lost = (table["rcid"] == 1000) & table["ccode"].isin(["640.0", "20.0"])
    table.loc[lost, ["ccode", "Country", "Countryname"]] = ""
    release = read(tmp_path, table)
    assert len(release.votes) == len(ALL) - 2
    assert release.mends[0].startswith("2 rows without a state left out")


@pytest.mark.parametrize("code", [8, 9])
def test_a_vote_beats_a_second_row_without_one(code, tmp_path):
    table = dataverse_rows(VOTES)
    expected = cells(read(tmp_path, table))
    voted = table[table["vote"].isin([1, 2, 3])].iloc[[4, 9]]
    release = read(tmp_path, pd.concat([table, voted.assign(vote=code)]))
    assert cells(release) == expected
    assert bool(release.mends) == (code == 8)


def test_one_number_of_two_resolutions_is_split(tmp_path):
    table = dataverse_rows(VOTES)
    truth = cells(read(tmp_path, table))
    table.loc[table["rcid"] == 1003, "rcid"] = 1002
    release = read(tmp_path, table)
    moved = {(1_000_001_002 if rcid == 1003 else rcid, c): vote for (rcid, c), vote in truth.items()}
    assert cells(release) == moved
    assert "1 roll call numbers stand for several resolutions" in release.mends[0]
    symbols = release.rollcalls.set_index("rcid")["symbol"]
    assert (symbols[1002], symbols[1_000_001_002]) == ("A/RES/58/3", "A/RES/58/4")


def test_a_slip_in_the_date_of_a_row_is_no_other_resolution(tmp_path):
    table = dataverse_rows(VOTES)
    table = pd.concat([table, table.iloc[[3]].assign(date="2003-12-20")])
    release = read(tmp_path, table)
    assert len(release.rollcalls) == 16
    assert "stand more than once" in release.mends[0]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda text: "sep=;\n" + text.replace(",", ";"), None),
        (lambda text: '"sep=,"\r\n' + text.replace("\n", "\r\n"), None),
        (lambda text: text.encode("utf-16"), "UTF-16"),
        (lambda text: "sep=;\n".encode("utf-16") + text.replace(",", ";").encode("utf-16-le"), "UTF-16"),
        (lambda text: text + "\n", None),
        (lambda text: text + "   \n", None),
        (lambda text: text + "," * text.splitlines()[0].count(",") + "\n", "blank"),
        (lambda text: text.replace(",", ";").replace(".0;", ",0;"), None),
        (lambda text: "\ufeff" + text, None),
    ],
)
def test_dialects_of_spreadsheets(change, told, tmp_path):
    text = dataverse_text(VOTES)
    expected = read(tmp_path, text)
    changed = change(text)
    release = read(tmp_path, changed)
    assert cells(release) == cells(expected)
    assert release.rollcalls["date"].equals(expected.rollcalls["date"])
    if told == "UTF-16":
        assert "read as UTF-16" in release.notes


@pytest.mark.parametrize(
    "order", ["%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "%Y%m%d", "%Y/%m/%d", "%m/%d/%Y 12:00:00 AM"]
)
def test_day_and_month_are_told_apart_by_the_whole_file(order, tmp_path):
    votes = made_up_votes(per_session=20)
    expected = read(tmp_path, dataverse_text(votes)).rollcalls["date"]
    table = dataverse_rows(votes)
    table["date"] = pd.to_datetime(table["date"]).dt.strftime(order)
    assert read(tmp_path, table).rollcalls["date"].equals(expected)


def test_sessions_tell_day_and_month_apart_where_no_number_does(tmp_path):
    table = dataverse_rows(VOTES)
    expected = read(tmp_path, table).rollcalls["date"]
    for order in ("%m/%d/%Y", "%d/%m/%Y"):
        changed = table.assign(date=pd.to_datetime(table["date"]).dt.strftime(order))
        assert read(tmp_path, changed).rollcalls["date"].equals(expected)


def test_dates_that_say_nothing_of_their_order_are_refused(tmp_path):
    table = dataverse_rows(VOTES).assign(date=[f"10/11/{1945 + s}" for s in VOTES["session"]])
    with pytest.raises(DataError, match="day and month cannot be told apart"):
        read(tmp_path, table)
    table = dataverse_rows(VOTES)
    table["date"] = np.where(table["rcid"] == 1000, "13/12/2003", "12/14/2003")
    with pytest.raises(DataError, match="both as day/month/year"):
        read(tmp_path, table)


NAMES = {
    2: "United States of America",
    20: "Canada",
    640: "Türkiye",
    316: "Czechia",
    572: "Eswatini",
    402: "Cabo Verde",
    490: "Congo, Dem. Rep.",
    31: "Bahamas, The",
    987: "Micronesia, Fed. Sts.",
    731: "Korea, Dem. Rep.",
    145: "Bolivia (Plurinational State of)",
    437: "Côte d’Ivoire",
    816: "Viet Nam",
    651: "Egypt, Arab Rep.",
}


@pytest.mark.parametrize("column", ["ccode", "Country", "Countryname"])
def test_names_in_place_of_codes(column, tmp_path):
    votes = made_up_votes(states={c: "" for c in NAMES}, per_session=6)
    table = dataverse_rows(votes).assign(Country="", Countryname="")
    expected = cells(read(tmp_path, table))
    named = table.assign(ccode="").assign(**{column: votes["ccode"].map(NAMES)})
    assert cells(read(tmp_path, named)) == expected


def test_letters_of_correlates_of_war(tmp_path):
    cow = {2: "USA", 200: "UKG", 305: "AUS", 900: "AUL", 349: "SLV", 260: "GFR", 365: "RUS", 290: "POL"}
    votes = made_up_votes(states={c: "" for c in cow}, per_session=6)
    table = dataverse_rows(votes)
    expected = cells(read(tmp_path, table.assign(Country="", Countryname="")))
    named = table.assign(ccode="", Countryname="", Country=votes["ccode"].map(cow))
    assert cells(read(tmp_path, named)) == expected


@pytest.mark.parametrize("name", ["Utopia", "Republic of Vietnam", "", "Kosovo", "State of USA"])
def test_names_that_mean_no_member_or_several(name):
    assert find_name(name) is None


@pytest.mark.parametrize(("code", "ccode"), [("DD", 265), ("YU", 345), ("CS", 315), ("YD", 680), ("NA", 565)])
def test_two_letters_present_and_withdrawn(code, ccode):
    assert find_ccode(code) == ccode


def test_the_number_counts_where_the_name_is_another_state(tmp_path):
    table = dataverse_rows(VOTES)
    expected = cells(read(tmp_path, table))
    table.loc[table.index[3], "Country"] = "FRA"
    release = read(tmp_path, table)
    assert cells(release) == expected
    assert any("disagree in 1 rows" in note for note in release.notes)


def test_the_librarys_file_in_other_orders_of_dates(tmp_path):
    text = undl_text(made_up_votes(per_session=20))
    expected = read_release(write(tmp_path / "u.csv", text)).rollcalls["date"]
    table = pd.read_csv(tmp_path / "u.csv", dtype=str, keep_default_na=False)
    table["date"] = pd.to_datetime(table["date"]).dt.strftime("%d/%m/%Y")
    assert read(tmp_path, table).rollcalls["date"].equals(expected)
