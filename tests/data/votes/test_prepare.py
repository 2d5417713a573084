"""Votes of a window, compared with direct counts of roll calls and between the two granularities."""

import json
import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from support.found import needs_shared

from data import load
from data.spec import IRAQ, ISIS, DataSpec
from data.tables.read import load_states
from data.votes.prepare import (
    find_presence,
    prepare_agenda_votes,
    prepare_rollcall_votes,
    tally_agenda,
)
from data.votes.select import ANSWERS, select_rollcalls

CASES = pytest.mark.parametrize("case", [IRAQ, ISIS], ids=lambda case: case.name)


@pytest.fixture(scope="module")
def tables():
    votes = pd.read_parquet(load.SHARED_DIR / "votes.parquet").astype({"iso3": str, "vote": str})
    return pd.read_parquet(load.SHARED_DIR / "rollcalls.parquet"), votes


def made_up():
    """Four roll calls and five states, few enough to count by hand."""
    names = ["rcid", "date", "us_vote", "me", "di", "hr"]
    rows = [
        (1, "2002-10-01", "no", 1, 1, 0),
        (2, "2002-11-01", "yes", 0, 0, 0),
        (3, "2002-12-01", "abstain", 0, 0, 1),
        (4, "2003-01-01", "no", 0, 0, 0),
    ]
    rollcalls = pd.DataFrame(rows, columns=names).assign(session=57, title="t", nu=0, co=0, ec=0, important=0)
    rollcalls = rollcalls.assign(is_para_or_amend=False, is_procedural=False, dup_of_rcid=None)
    rollcalls["match_group"] = [np.nan, 1, np.nan, np.nan]
    answers = {"USA": "nyan", "FRA": "yyny", "CUB": "ynyy", "LBR": "xxxx", "GBR": "nyyn"}
    word = {"n": "no", "y": "yes", "a": "abstain", "x": "absent"}
    votes = pd.DataFrame(
        [(r, 57, s, word[c]) for s, row in answers.items() for r, c in enumerate(row, start=1)],
        columns=["rcid", "session", "iso3", "vote"],
    )
    counts = pd.crosstab(votes["rcid"], votes["vote"])
    return rollcalls.assign(**{answer: counts[answer].to_numpy() for answer in ANSWERS}), votes


def test_counts_by_hand():
    rollcalls, votes = made_up()
    items = select_rollcalls(rollcalls, DataSpec(), IRAQ)
    assert items["rcid"].tolist() == [1, 2, 3]
    assert items["issue"].tolist() == ["me", "other", "hr"]
    assert items["issues"].tolist() == ["me+di", "other", "hr"]
    assert items["match_group"].tolist() == [1, 1, 3]
    data = prepare_rollcall_votes(items, votes, load_states(), DataSpec(), IRAQ)
    assert data["state"].to_numpy().tolist() == ["CUB", "FRA", "GBR", "USA"]
    assert json.loads(data.attrs["left_out"]) == {"LBR": "0 votes in the window, fewer than min_votes = 1"}
    no, abstain, yes = [1, 0, 0], [0, 1, 0], [0, 0, 1]
    by_hand = [[yes, yes, no, no], [no, yes, yes, yes], [yes, no, yes, abstain]]
    assert data["counts"].to_numpy().tolist() == by_hand
    assert (data["presence"] == 1).all()

    agenda = prepare_agenda_votes(tally_agenda(items, votes), load_states(), DataSpec(), IRAQ)
    assert agenda["item"].to_numpy().tolist() == ["57-me-no", "57-hr-abstain", "57-other-yes"]
    assert agenda["response"].to_numpy().tolist() == ["against", "abstain", "with"]
    # Cuba: yes where the US voted no, yes where it abstained, no where it voted yes: against, thrice.
    assert agenda["counts"].sel(state="CUB", response="against").to_numpy().tolist() == [1, 1, 1]
    # France: yes on the first, no where the US abstained, yes with the US on the last.
    assert agenda["counts"].sel(state="FRA", response="with").to_numpy().tolist() == [0, 1, 1]


@pytest.mark.parametrize(
    ("choice", "chosen"),
    [
        ({"us_side_below": 0.5}, [3]),
        ({"us_side_from": 0.5}, [1, 2]),
        ({"us_side_from": 0.2, "us_side_below": 0.6}, [1, 3]),
        ({}, [1, 2, 3]),
    ],
    ids=str,
)
def test_roll_calls_by_the_share_of_the_us_side(choice, chosen):
    # With the US: 2 of 4 votes on the first (Britain), 3 of 4 on the second, 1 of 4 on the third.
    rollcalls, _ = made_up()
    assert select_rollcalls(rollcalls, DataSpec(**choice), IRAQ)["rcid"].tolist() == chosen


def test_where_the_us_was_absent_it_has_no_side():
    rollcalls, _ = made_up()
    rollcalls.loc[0, "us_vote"] = "absent"
    kept = [
        select_rollcalls(rollcalls, DataSpec(**c), IRAQ)["rcid"].tolist()
        for c in ({}, {"us_side_from": 0.01})
    ]
    assert kept == [[1, 2, 3], [2, 3]]


@needs_shared
@CASES
def test_roll_calls_against_a_direct_count(case, tables):
    rollcalls, votes = tables
    keep = rollcalls["session"].between(case.first_session, case.last_session)
    keep &= pd.to_datetime(rollcalls["date"]) <= pd.Timestamp(case.votes_until)
    keep &= ~rollcalls["is_para_or_amend"] & ~rollcalls["is_procedural"] & rollcalls["dup_of_rcid"].isna()
    kept = rollcalls[keep & ~rollcalls["unanimous"]]
    data = load.load_votes(DataSpec(granularity="rollcall"), case)
    assert set(data["item"].to_numpy()) == set(kept["rcid"])
    assert data.sizes["item"] == {"iraq": 335, "isis": 327}[case.name]
    cast = votes[votes["rcid"].isin(kept["rcid"])]
    direct = pd.crosstab(cast["iso3"], cast["vote"])
    ours = data["counts"].sum("item").to_pandas()
    assert (ours == direct.loc[ours.index, list(ANSWERS)]).all(axis=None)
    gone = direct.drop(ours.index)
    assert (gone[list(ANSWERS)].sum(axis=1) == 0).all()
    assert set(gone.index) == set(json.loads(data.attrs["left_out"]))
    assert set(gone.index) == {"iraq": {"IRQ", "LBR"}, "isis": set()}[case.name]


@needs_shared
@CASES
def test_us_vote_is_the_vote_of_the_united_states(case):
    data = load.load_votes(DataSpec(granularity="rollcall"), case)
    us = data["counts"].sel(state="USA").to_numpy()
    said = np.array([ANSWERS.index(vote) if vote in ANSWERS else -1 for vote in data["us_vote"].to_numpy()])
    assert (us.sum(axis=1) == (said >= 0)).all()
    assert (us.argmax(axis=1)[said >= 0] == said[said >= 0]).all()


@needs_shared
def test_dates_end_with_the_window():
    assert load.load_votes(DataSpec(), ISIS)["date"].max() <= np.datetime64("2013-12-31")
    later = DataSpec().replace_case("isis", votes_until="2014-12-31")
    assert load.load_votes(later, later.case("isis")).sizes["item"] == 327 + 4


@needs_shared
@pytest.mark.parametrize(("window", "first"), [(1, 57), (3, 55), (10, 48)])
def test_windows(window, first):
    data = load.load_votes(DataSpec(window=window), IRAQ)
    assert (data["session"].min(), data["session"].max()) == (first, 57)


@needs_shared
@CASES
def test_abstention(case):
    middle = load.load_votes(DataSpec(), case)["counts"]
    missing = load.load_votes(DataSpec(abstention="missing"), case)["counts"]
    no = load.load_votes(DataSpec(abstention="no"), case)["counts"]
    assert missing.sel(response="abstain").sum() == 0 == no.sel(response="abstain").sum()
    kept = middle.sel(item=missing["item"].to_numpy(), state=missing["state"].to_numpy())
    for answer in ("no", "yes"):
        np.testing.assert_array_equal(missing.sel(response=answer), kept.sel(response=answer))
    # Yes against abstentions divides nobody any more.
    assert missing.sizes["item"] < middle.sizes["item"]
    both = middle.sel(response="no").to_numpy() + middle.sel(response="abstain").to_numpy()
    np.testing.assert_array_equal(no.sel(response="no"), both)


@needs_shared
@CASES
def test_absence_as_abstention(case, tables):
    data = load.load_votes(DataSpec(absence="abstain"), case)
    votes = tables[1][tables[1]["rcid"].isin(data["item"].to_numpy())]
    silent = votes["no_votes_in_session"]
    expected = ((votes["vote"] == "absent") & ~silent).sum() + (votes["vote"] == "abstain").sum()
    assert int(data["counts"].sel(response="abstain").sum()) == expected
    assert silent.any() == (case is IRAQ)


def test_who_chose_to_be_there():
    """Two states, four roll calls of two sessions: no, absent | no member, absent all session."""
    cells = {"n": [1, 0, 0, 0], "a": [0, 1, 0, 0], "x": [0, 0, 0, 1], "-": [0, 0, 0, 0]}
    answers = np.array([[cells[first], cells[second]] for first, second in ("nn", "xa", "-x", "ax")])
    session = np.array([56, 56, 57, 57])
    assert find_presence(answers, session, DataSpec()).tolist() == [[1, 1], [0, 1], [-1, -1], [1, -1]]
    # Absences that are coded as abstentions are votes, but not those of a whole session.
    as_votes = find_presence(answers, session, DataSpec(absence="abstain"))
    assert as_votes.tolist() == [[1, 1], [1, 1], [-1, -1], [1, -1]]


@needs_shared
@CASES
def test_presence_against_the_record(case, tables):
    data = load.load_votes(DataSpec(abstention="missing"), case)
    votes = tables[1][tables[1]["rcid"].isin(data["item"].to_numpy())]
    votes = votes[votes["iso3"].isin(data["state"].to_numpy())]
    absent = (votes["vote"] == "absent") & ~votes["no_votes_in_session"]
    presence = data["presence"].to_numpy()
    assert (presence == 0).sum() == absent.sum() > 4000
    # Who abstained was there, however abstentions are coded.
    assert (presence == 1).sum() == (votes["vote"] != "absent").sum()
    assert (presence >= 0)[data["counts"].to_numpy().any(-1)].all()


@needs_shared
@CASES
@pytest.mark.parametrize(
    "choice",
    [
        {},
        {"abstention": "no"},
        {"absence": "abstain"},
        {"paragraph_votes": True},
        {"issues_out": ("me",)},
        {"window": 2},
    ],
    ids=str,
)
def test_tallies_are_the_aggregated_roll_calls(case, choice):
    agenda = load.load_votes(DataSpec(granularity="agenda", **choice), case)
    rolls = load.load_votes(DataSpec(granularity="rollcall", **choice), case)
    rolls = rolls.isel(item=(rolls["us_vote"] != "absent").to_numpy()).sel(state=agenda["state"].to_numpy())
    counts = rolls["counts"].to_numpy().copy()
    flip = (rolls["us_vote"] != "yes").to_numpy()
    counts[flip] = counts[flip][:, :, ::-1]
    labels = zip(*(rolls[name].to_numpy() for name in ("session", "issue", "us_vote")), strict=True)
    cell = np.array([f"{session}-{issue}-{us_vote}" for session, issue, us_vote in labels])
    where = pd.Index(agenda["item"].to_numpy()).get_indexer(cell)
    total = np.zeros(agenda["counts"].shape, dtype=int)
    np.add.at(total, where[where >= 0], counts[where >= 0])
    np.testing.assert_array_equal(total, agenda["counts"].to_numpy())
    # Cells that are left out divide nobody: one response by all.
    for name in set(cell[where < 0]):
        assert np.count_nonzero(counts[cell == name].sum(axis=(0, 1))) == 1


@needs_shared
@CASES
def test_absence_of_the_united_states_is_told(case):
    agenda = load.load_votes(DataSpec(granularity="agenda"), case)
    rolls = load.load_votes(DataSpec(granularity="rollcall"), case)
    absent = int((rolls["us_vote"] == "absent").sum())
    assert agenda.attrs["us_absent"] == absent == {"iraq": 0, "isis": 1}[case.name]
    assert "USA" in rolls["state"].to_numpy()
    assert "USA" not in agenda["state"].to_numpy()


@needs_shared
@pytest.mark.parametrize(("case", "away", "all_"), [(IRAQ, 52, 61), (ISIS, 40, 47)], ids=["iraq", "isis"])
def test_yes_where_the_us_abstains_is_away_from_the_us(case, away, all_):
    """Correlation of each vote on which the US abstained with the first singular vector, the US positive."""
    data = load.load_votes(DataSpec(granularity="rollcall"), case)
    counts = data["counts"].to_numpy()
    seen = counts.sum(axis=2) > 0
    enough = seen.sum(axis=0) > 40
    vote = np.where(seen, counts[:, :, 2] - counts[:, :, 0], np.nan)[:, enough]
    centred = np.nan_to_num(vote - np.nanmean(vote, axis=1, keepdims=True))
    first = np.linalg.svd(centred.T, full_matrices=False)[0][:, 0]
    first *= np.sign(first[data["state"].to_numpy()[enough] == "USA"])
    rows = vote[(data["us_vote"] == "abstain").to_numpy()]
    slopes = [np.corrcoef(row[~np.isnan(row)], first[~np.isnan(row)])[0, 1] for row in rows]
    assert (sum(slope < 0 for slope in slopes), len(slopes)) == (away, all_)


@needs_shared
@pytest.mark.parametrize(
    ("choice", "items"),
    [
        ({"paragraph_votes": True}, 434),
        ({"procedural": True}, 338),
        ({"duplicates": True}, 339),
        ({"important_only": True}, 56),
        ({"issues_out": ("me",)}, 228),
        ({"issues_in": ("me",)}, 107),
        ({"lopsidedness": 0.05}, 191),
        ({"min_votes": 60}, 335),
    ],
    ids=str,
)
def test_selection(choice, items):
    data = load.load_votes(DataSpec(**choice), IRAQ)
    assert data.sizes["item"] == items
    if "issues_out" in choice:
        assert not any("me" in issues.split("+") for issues in data["issues"].to_numpy())
    if "important_only" in choice:
        assert (data["important"] == 1).all()
    if "lopsidedness" in choice:
        total = data["counts"].sum("state")
        assert (1 - total.max("response") / total.sum("response")).min() > 0.05
    if "min_votes" in choice:
        assert data["counts"].sum(("item", "response")).min() >= 60
        assert len(json.loads(data.attrs["left_out"])) == 8


@needs_shared
def test_issue_flags_of_2016_differ():
    newer, older = (
        load.load_votes(DataSpec(issue_flags=flags), IRAQ)["issues"] for flags in ("2021", "2016")
    )
    assert 0 < int((newer != older).sum()) < newer.size


@needs_shared
def test_yugoslavia_and_serbia_are_two_states():
    case = replace(IRAQ, first_session=46, last_session=56, votes_until="2001-12-31")
    data = load.load_votes(DataSpec(), case)
    seen = data["counts"].sum("response")
    session = data["session"].to_numpy()
    assert session[(seen.sel(state="YUG") > 0).to_numpy()].max() <= 47
    assert session[(seen.sel(state="SRB") > 0).to_numpy()].min() >= 55


@needs_shared
def test_whole_record():
    case = replace(IRAQ, first_session=1, last_session=74, votes_until="2020-12-31")
    data = load.load_votes(DataSpec(corrections="none"), case)
    assert data.sizes["state"] == 199
    assert int(data["counts"].sum()) == 725_866
    # Five absences were votes, by official totals; a sixth cell was another vote.
    assert int(load.load_votes(DataSpec(), case)["counts"].sum()) == 725_871


@CASES
def test_fast_enough(case):
    load.load_votes(DataSpec(), case)
    start = time.perf_counter()
    load.load_votes(DataSpec(), case)
    assert time.perf_counter() - start < 2


@CASES
def test_netcdf_round_trip(case, tmp_path):
    data = load.load_votes(DataSpec(), case)
    data.to_netcdf(tmp_path / "votes.nc", engine="h5netcdf")
    with xr.open_dataset(tmp_path / "votes.nc", engine="h5netcdf") as again:
        xr.testing.assert_equal(again.load(), data)
