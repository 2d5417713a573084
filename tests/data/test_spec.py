"""Coding choices: wrong ones are refused and the nearest right one is named; right ones survive JSON."""

import datetime
import pickle
from dataclasses import fields, replace

import pytest

from data.spec import COVARIATES, GUARANTEE_CODINGS, IRAQ, ISIS, VOTE_FIELDS, CaseSpec, DataSpec
from data.tables.read import load_coalition, load_states
from data.tables.rules import DataError


def test_main_cases():
    assert (IRAQ.first_session, IRAQ.last_session, IRAQ.joined) == (53, 57, "white_house_list")
    assert (IRAQ.votes_until, IRAQ.guarantee_date) == (
        datetime.date(2002, 12, 31),
        datetime.date(2003, 3, 20),
    )
    assert (ISIS.first_session, ISIS.last_session, ISIS.joined) == (64, 68, "partner_2017")
    assert (ISIS.votes_until, ISIS.guarantee_date) == (
        datetime.date(2013, 12, 31),
        datetime.date(2014, 9, 10),
    )
    assert DataSpec().cases == (IRAQ, ISIS)


@pytest.mark.parametrize(
    "spec",
    [
        DataSpec(),
        DataSpec(window=3, abstention="missing", recode=(("iraq", "TON", "white_house_list", 0),)),
        DataSpec(guarantee_levels="informal", states_left_out=("GBR", "FRA"), issues_out=("me",)),
        DataSpec().replace_case("iraq", joined=("white_house_list", "troops")),
        DataSpec(cases=(ISIS,), covariates=("population", ("democracy", "none"))),
    ],
)
def test_json_and_pickle_round_trip(spec):
    assert DataSpec.from_json(spec.to_json()) == spec
    assert pickle.loads(pickle.dumps(spec)) == spec
    assert hash(spec) == hash(DataSpec.from_json(spec.to_json()))


@pytest.mark.parametrize("cls", [CaseSpec, DataSpec])
def test_every_field_is_documented(cls):
    attributes = cls.__doc__.split("Attributes")[1]
    named = [
        name for line in attributes.splitlines() if " : " in line for name in line.split(" : ")[0].split(",")
    ]
    assert [name.strip() for name in named] == [field.name for field in fields(cls)]


def test_misspelt_field_names_the_nearest():
    with pytest.raises(TypeError, match="nearest: 'abstention'"):
        DataSpec(abstentions="middle")
    with pytest.raises(TypeError, match="nearest: 'window'"):
        DataSpec.from_json('{"windw": 3}')
    with pytest.raises(TypeError, match="nearest: 'joined'"):
        replace(IRAQ, joind="troops")
    with pytest.raises(ValueError, match="nearest: 'iraq'"):
        DataSpec().replace_case("irak", joined="troops")


@pytest.mark.parametrize(
    ("choice", "part"),
    [
        ({"granularity": "rolcall"}, "nearest: 'rollcall'"),
        ({"abstention": "yes"}, "middle, missing, no"),
        ({"absence": "abstention"}, "nearest: 'abstain'"),
        ({"issue_flags": "2020"}, "2021"),
        ({"important_only": "yes"}, "important_only"),
        ({"window": 0}, "window"),
        ({"window": 2.5}, "window"),
        ({"min_votes": 0}, "min_votes"),
        ({"lopsidedness": 0.5}, "lopsidedness"),
        ({"lopsidedness": "2%"}, "lopsidedness"),
        ({"us_side_below": 10}, "us_side_below"),
        ({"us_side_from": 0.2, "us_side_below": 0.1}, "us_side_from"),
        ({"abstention": "missing", "absence": "abstain"}, "no effect"),
        ({"issues_in": ("xx",)}, "issues_in"),
        ({"issues_in": ("me",), "issues_out": ("me",)}, "both in"),
        ({"guarantee_levels": "informl"}, "nearest: 'informal'"),
        ({"guarantee_levels": (("pact", ("nato", "mna")),)}, "nearest: 'mnna'"),
        ({"guarantee_levels": (("a", ("nato",)), ("b", ("nato",)))}, "two levels"),
        ({"guarantee_levels": (("none", ("nato",)),)}, "implied"),
        ({"guarantee_levels": (("a", ("nato", "troops")),)}, "level of its own"),
        ({"levels_left_out": ("rios",)}, "nearest: 'rio'"),
        ({"levels_left_out": ("rio", "pact")}, "no level but"),
        ({"host_troops": 0}, "host_troops"),
        ({"guarantee_levels": "troops", "recode": (("iraq", "TON", "guarantee", "troops"),)}, "dose"),
        ({"capability_groups": (("small", 0.1),)}, "rise from 0"),
        ({"capability_groups": (("small", 0.0), ("major", 0.0))}, "rise from 0"),
        ({"capability_groups": (("small", 0.0), ("small", 0.1))}, "must differ"),
        ({"covariates": ("gdp",)}, "nearest"),
        ({"covariates": (("aid", "ln"),)}, "log"),
        ({"covariates": ("aid", "aid")}, "twice"),
        ({"recode": (("irak", "TON", "troops", 0),)}, "nearest: 'iraq'"),
        ({"recode": (("iraq", "TON", "troops", 2),)}, "0 or 1"),
        ({"recode": (("iraq", "TON", "guarantee", "pacts"),)}, "nearest: 'pact'"),
        ({"cases": ()}, "at least one"),
        ({"cases": (IRAQ, IRAQ)}, "no name twice"),
    ],
    ids=str,
)
def test_bad_value(choice, part):
    with pytest.raises(ValueError, match="DataSpec") as error:
        DataSpec(**choice)
    assert part in str(error.value)


@pytest.mark.parametrize(
    "choice",
    [
        {"first_session": 58},
        {"votes_until": 2002},
        {"joined": ""},
        {"tiers": ()},
        {"tiers": (("fighting", ("troops",)),)},
        {"tiers": (("combat", ("troops",)), ("political", ("white_house_list",)))},
    ],
    ids=str,
)
def test_bad_case(choice):
    with pytest.raises(ValueError, match="CaseSpec"):
        replace(IRAQ, **choice)


def test_names_stand_for_their_levels_and_transforms():
    for name, levels in GUARANTEE_CODINGS.items():
        assert DataSpec(guarantee_levels=name) == DataSpec(guarantee_levels=levels)
    assert DataSpec(covariates=("aid",)).covariates == (("aid", COVARIATES["aid"].transform),)


def test_votes_json_tells_apart_just_what_bears_on_the_votes():
    main = DataSpec()
    same = replace(main, states_left_out=("FRA",), guarantee_levels="informal", covariates=("aid",), window=5)
    assert same.votes_json(IRAQ) == main.votes_json(IRAQ)
    other = {"granularity": "agenda", "window": 4, "abstention": "no", "absence": "abstain", "min_votes": 2}
    other |= dict.fromkeys(("paragraph_votes", "procedural", "duplicates", "important_only"), True)
    other |= {"issues_in": ("me",), "issues_out": ("nu",), "lopsidedness": 0.1, "issue_flags": "2016"}
    other |= {"us_side_from": 0.1, "us_side_below": 0.3, "corrections": "all"}
    assert set(other) == set(VOTE_FIELDS)
    texts = {replace(main, **{field: value}).votes_json(IRAQ) for field, value in other.items()}
    assert len(texts | {main.votes_json(IRAQ)}) == len(VOTE_FIELDS) + 1


def test_window_ends_with_the_case():
    assert list(DataSpec().sessions(IRAQ)) == [53, 54, 55, 56, 57]
    assert list(DataSpec(window=1).sessions(IRAQ)) == [57]
    assert list(DataSpec(window=10).sessions(ISIS)) == list(range(59, 69))


@pytest.mark.parametrize(
    ("joined", "part"),
    [
        ("troops; import os", "allowed"),
        ("troops |", "invalid syntax"),
        ("", "name a column"),
        ("troops > 0", "'>0'"),
    ],
)
def test_an_outcome_that_is_no_expression_of_columns_is_refused(joined, part):
    with pytest.raises(ValueError, match=r"CaseSpec\.joined") as error:
        replace(IRAQ, joined=joined)
    assert part in str(error.value)


def test_an_outcome_of_an_unknown_column_names_the_nearest(tmp_path):
    with pytest.raises(DataError, match="nearest: 'white_house_list'"):
        load_coalition(replace(IRAQ, joined="white_house | troops"), load_states())
