import dataclasses

import numpy as np
import pandas as pd
import pytest

from data.acts.build import SOURCE, STATE_YEARS, build_state_years
from data.acts.guarantees import find_pacts
from data.acts.load import check_powers, load_acts
from data.acts.prepare import SUPPORT, measure_unpopularity, prepare_acts
from data.acts.spec import CORRECTIONS, ActsSpec
from data.acts.tables import ACTS_DIR, read_acts, read_corrections, read_more_votes
from data.acts.votes import draw_ordinary, find_votes
from data.tables.rules import DataError
from tests.support.made_acts import make_acts, make_answers, make_record

OLD = ("hungary_1956", "bay_of_pigs_1961", "panama_1989", "crimea_2014")


@pytest.fixture
def old():
    """Four acts of the usual record, their made-up votes, and a record that has them."""
    acts = read_acts(ActsSpec(until=2014))
    acts = acts[acts["act"].isin(OLD)].reset_index(drop=True)
    answers = make_answers(acts, np.random.default_rng(0))
    return acts, answers, make_record(acts, answers)


def write_acts(folder, **changes):
    """Write the table of acts with one row changed, and return its path."""
    table = pd.read_csv(ACTS_DIR / "acts.csv", dtype=str, keep_default_na=False)
    for column, value in changes.items():
        table.loc[table["act"] == "panama_1989", column] = value
    table.to_csv(folder / "own.csv", index=False)
    return str(folder / "own.csv")


def test_the_shipped_acts_are_those_of_both_powers():
    table = read_acts(ActsSpec(acts="all", borderline=True))
    own = table[table["borderline"] == 0].groupby("power").size()
    assert own.to_dict() == {"USA": 24, "RUS": 22}
    assert (table["borderline"] == 1).sum() == 11
    assert set(read_acts(ActsSpec(acts="military"))["military"]) == {1}
    assert read_acts(ActsSpec(repeats=False))["repeat_of"].isna().all()
    assert read_acts(ActsSpec(since=1990))["vote_date"].min() > "1990"
    assert len(read_more_votes()) > 100
    assert len(read_corrections(ActsSpec())) == 6
    assert read_corrections(ActsSpec(corrections=CORRECTIONS[:1]))["iso3"].tolist() == ["POL"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"date_of_act": "1990-03-01"}, "the act .1990-03-01. comes after the vote"),
        ({"power": "FRA"}, "unknown code in power"),
        ({"supportive_vote": "maybe"}, "unknown code in supportive_vote"),
        ({"vote_date": "1989-13-40"}, "vote_date is not a date"),
        ({"rcid": ""}, "empty cell in rcid"),
        ({"act": "grenada_1983"}, "duplicate key act"),
    ],
)
def test_a_wrong_row_of_the_table_is_named(tmp_path, changes, words):
    with pytest.raises(DataError, match=words) as error:
        read_acts(ActsSpec(table=write_acts(tmp_path, **changes)))
    assert "own.csv" in str(error.value)
    assert any(name in str(error.value) for name in ("line", "Line"))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"rcid": "999999", "symbol": ""}, "unknown rcid 999999"),
        (
            {"session": "79", "rcid": "A/RES/79/1", "symbol": "A/RES/79/1"},
            "the record has no vote A/RES/79/1",
        ),
        ({"rcid": "5309", "session": "68"}, "another vote"),
        ({"session": "12"}, "is a vote of session 44, not 12"),
    ],
)
def test_a_wrong_roll_call_is_named(tmp_path, old, changes, words):
    _, _, record = old
    table = read_acts(ActsSpec(table=write_acts(tmp_path, **changes), until=2014))
    table = table[table["act"].isin(OLD)]
    with pytest.raises(DataError, match=words) as error:
        find_votes(table, record, [], ActsSpec())
    assert "own.csv, line" in str(error.value)
    assert "(panama_1989)" in str(error.value)
    if "the record has no" in words:
        _, notes = find_votes(table, record, [], ActsSpec(lacking="leave_out"))
        assert any("panama_1989" in note for note in notes)


def test_a_power_without_a_vote_and_an_act_without_variation_are_named(old):
    acts, answers, _ = old
    with pytest.raises(DataError, match=r"line 19 \(panama_1989\): the record has no vote of USA"):
        check_powers(acts, answers[(answers["act"] != "panama_1989") | (answers["iso3"] != "USA")])
    alike = answers.assign(vote=answers["vote"].where(answers["act"] != "panama_1989", "yes"))
    given = acts.assign(of=acts["act"], session=40, window=38)
    sat = pd.Series(True, pd.MultiIndex.from_frame(answers[["act", "iso3"]]))
    with pytest.raises(DataError, match=r"\(panama_1989\): no variation left, all \d+ states answer alike"):
        prepare_acts(given, alike, sat, ActsSpec())


def test_no_roll_calls_no_votes_and_the_message_says_what_is_missing(monkeypatch):
    monkeypatch.setattr("data.acts.load.find_rollcalls", lambda path: None)
    with pytest.raises(DataError, match=r"the votes on \d+ acts are missing.*sfl data fetch"):
        load_acts(ActsSpec())


def test_votes_are_found_corrected_and_the_optional_one_is_used_if_there(old):
    acts, _, record = old
    found, notes = find_votes(acts, record, [], ActsSpec())
    assert not notes
    poland = found[(found["act"] == "hungary_1956") & (found["iso3"] == "POL")]
    assert poland["vote"].tolist() == ["no"]
    first = read_acts(ActsSpec()).query("act == 'afghanistan_january_1980'")
    assert find_votes(pd.concat([acts, first]), record, [], ActsSpec())[1][0].startswith(
        "afghanistan_january"
    )


def test_ordinary_votes_are_of_the_session_and_as_divided(old):
    acts, answers, record = old
    drawn = draw_ordinary(acts, answers, record, ActsSpec())
    assert drawn.groupby("of").size().tolist() == [2] * len(acts)
    session = record.rollcalls.set_index("rcid")["session"]
    of = answers.groupby("act")["session"].first()
    assert (session[drawn["rcid"]].to_numpy() == of[drawn["of"]].to_numpy()).all()
    assert not set(drawn["rcid"]) & set(acts["rcid"].astype(int))
    pd.testing.assert_frame_equal(drawn, draw_ordinary(acts, answers, record, ActsSpec()))


@pytest.mark.parametrize(
    ("power", "day", "state", "changes", "pact"),
    [
        ("RUS", "1960-01-01", "POL", {}, 1),
        ("USA", "1960-01-01", "POL", {}, 0),
        ("USA", "2010-01-01", "POL", {}, 1),
        ("RUS", "1960-01-01", "FIN", {}, 1),
        ("RUS", "1960-01-01", "FIN", {"paper": "none"}, 0),
        ("USA", "2023-03-01", "FIN", {}, 0),
        ("USA", "2023-05-01", "FIN", {}, 1),
        ("RUS", "2025-01-01", "PRK", {}, 1),
        ("RUS", "2024-11-01", "PRK", {}, 0),
        ("RUS", "2025-02-24", "ARM", {"paper": "none"}, 0),
        ("USA", "2017-12-21", "FSM", {}, 1),
        ("USA", "2017-12-21", "FSM", {"compacts": "none"}, 0),
        ("USA", "1946-06-01", "FRA", {}, 0),
        ("RUS", "1950", "FRA", {}, 1),
    ],
)
def test_pacts_are_known_at_any_date(power, day, state, changes, pact):
    assert find_pacts(power, day, [state, "IND"], ActsSpec(**changes))["pact"][state] == pact


def test_the_rio_treaty_can_be_set_apart():
    found = find_pacts("USA", "1985-01-01", ["BRA", "GBR"], ActsSpec())
    assert found["rio"].to_dict() == {"BRA": 1, "GBR": 0}
    none, apart = make_acts(ActsSpec(rio="none")), make_acts(ActsSpec(rio="apart"))
    brazil = {"act": "libya_1986", "state": "BRA"}
    assert none["pact"].sel(brazil) == apart["pact"].sel(brazil) == 0
    assert make_acts()["pact"].sel(brazil) == 1
    assert "rio_only" in apart["covariate"]
    assert not make_acts(ActsSpec(rio="out"))["included"].sel(brazil)


def test_targets_the_power_and_its_republics_are_left_out():
    acts = make_acts()
    for act, state in (("hungary_1956", "HUN"), ("hungary_1956", "RUS"), ("hungary_1956", "UKR")):
        assert not acts["included"].sel(act=act, state=state)
    assert make_acts(ActsSpec(target="in"))["included"].sel(act="hungary_1956", state="HUN")
    assert acts["included"].sel(act="crimea_2014", state="BLR")
    assert not acts["included"].sel(act="panama_1989", state="PAN")


def test_absence_may_be_missing_abstaining_or_an_answer_of_its_own():
    plain, abstain, own = (make_acts(ActsSpec(absence=a)) for a in ("missing", "abstain", "own"))
    absent = (plain["answer"] == -1) & plain["included"]
    assert absent.any()
    assert (abstain["answer"].where(absent, 1) == 1).all()
    there = absent.sel(act=own["act"])
    assert (own["answer"].where(there, SUPPORT) == SUPPORT).all()
    assert set(np.unique(own["answer"].values)) == {-1, 0, SUPPORT}


def test_unpopularity_is_known_from_others_votes_only():
    answer = np.array([[0, 0, 1, 2, -1]], np.int8)
    before = measure_unpopularity(answer)
    changed = answer.copy()
    changed[0, 3] = 0
    # The mean over acts moves for all alike, so differences between states are compared.
    after = measure_unpopularity(changed)
    assert before[0, 3] - after[0, 3] == pytest.approx((0.75 - 0.5) / 0.2)
    assert before[0, 0] == pytest.approx((1 / 3 - 0.5) / 0.2)


def test_covariates_are_standardised_and_complete():
    acts = make_acts(ActsSpec(covariates=("gdp_per_capita", "aid", "troops", "neighbour", "European Union")))
    inside = acts["covariates"].values[acts["included"].values]
    assert np.isfinite(inside).all()
    assert abs(inside[:, 0].mean()) < 1e-9
    russian = acts["power"].values == "RUS"
    assert not acts["covariates"].sel(covariate=["aid", "troops"]).values[russian].any()


def test_a_spec_refuses_what_it_does_not_know():
    with pytest.raises(TypeError, match="nearest: 'rio'"):
        ActsSpec(rioo="none")
    with pytest.raises(ValueError, match="nearest: 'apart'"):
        ActsSpec(rio="appart")
    with pytest.raises(ValueError, match="whole number"):
        ActsSpec(since=-3)
    assert ActsSpec(covariates=["aid"]) == ActsSpec(covariates=("aid",))
    assert dataclasses.replace(ActsSpec(), powers="USA").powers == ("USA",)


@pytest.mark.skipif(not SOURCE.is_file(), reason="needs state_year_1946.parquet")
def test_the_shipped_state_years_are_those_of_the_source(tmp_path):
    build_state_years().to_csv(tmp_path / "made.csv", index=False, lineterminator="\n", float_format="%.4g")
    assert (tmp_path / "made.csv").read_bytes() == STATE_YEARS.read_bytes()
