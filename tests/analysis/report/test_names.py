"""Every choice has a name in plain words, and aliases are of states that exist."""

from analysis.report.names import ALIASES, AXES, axis_name, choice_name, outcome_name
from analysis.report.states import load_states
from analysis.variants.table import CHOICES, MAIN


def test_every_choice_has_a_name_without_code():
    names = {choice.name: choice_name(choice.axis, choice.choice) for choice in CHOICES}
    assert [n for n in names.values() if "_" in n or not n[:1].isupper()] == []
    assert len({(choice.axis, names[choice.name]) for choice in CHOICES}) == len(names)
    assert {choice.axis for choice in CHOICES} <= set(AXES)
    assert names["coalition-both-forces"] == "Soldiers in both coalitions"
    assert choice_name("priors-coalition", "guarantee_scale-halved") == (
        "Prior of the effect of the guarantee: half as wide"
    )


def test_crossed_and_unknown_choices_have_names_too():
    assert choice_name("guarantee+link", "atop+probit") == "Pacts as ATOP codes them and Probit"
    assert axis_name("guarantee+link") == "What counts as a guarantee and Link of joining"
    assert choice_name("mine", "some-thing_else") == "Some thing else"


def test_what_counts_as_joining_is_said_in_words():
    for case in MAIN.data.cases:
        assert "_" not in outcome_name(case.joined)
    assert outcome_name("white_house_list & ~troops") == "white house list and not troops"


def test_aliases_are_of_states_in_the_table():
    assert set(ALIASES) <= set(load_states()["iso3"])
