"""Choices of votes and states: which of them enter the analysis."""

from analysis.variants.change import Choice, add
from data.load import is_member, load_states
from data.spec import IRAQ, ISIS

RECORD = "data/votes/README.md"
BAILEY = "Bailey, Strezhnev and Voeten (2017)"
BRAZYS = "Brazys and Panke (2017), Why do states change positions in the UNGA?"
LIJPHART = "Lijphart (1963), The analysis of bloc voting in the General Assembly"
POOLE = "Poole and Rosenthal (1997): 2.5 % in the US Congress"
ROSAS = "Rosas, Shomer and Haptonstahl (2015), No News Is News, doi:10.1111/ajps.12148"
VOETEN = "Voeten (2013), Data and analyses of voting in the UN General Assembly"

_ISSUES = {
    "me": "Resolutions on the Palestinian conflict, a fifth of all, separate the US from nearly everybody.",
    "nu": "Nuclear weapons divide the US from allies and adversaries alike. Views on disarmament are not alignment.",
    "di": "Arms control overlaps with the subject of the coalitions.",
    "hr": "Votes on human rights in single states reflect regional bargains.",
    "co": "Colonialism is an agenda of the past. Small states still vote on it as a bloc.",
    "ec": "Economic development divides rich from poor states, not friends of the US from others.",
}

P5 = ("CHN", "FRA", "GBR", "RUS")
GULF = ("ARE", "BHR", "KWT", "OMN", "QAT", "SAU")
NATO_2003 = ("BEL", "CAN", "CZE", "DEU", "DNK", "ESP", "FRA", "GBR", "GRC", "HUN", "ISL", "ITA", "LUX", "NLD")
NATO_2003 += ("NOR", "POL", "PRT", "TUR")
MICRO = ("AND", "ATG", "DMA", "GRD", "KIR", "KNA", "LCA", "LIE", "MCO", "MHL", "NRU", "PLW", "SMR", "STP")
MICRO += ("SYC", "TON", "TUV", "VCT", "VUT", "WSM", "FSM")


def _region(name: str) -> tuple[str, ...]:
    """States of a regional group that are in the panel of at least one case."""
    states = load_states()
    members = is_member(states, IRAQ.votes_until.isoformat()) | is_member(
        states, ISIS.votes_until.isoformat()
    )
    chosen = states["iso3"][(states["region"] == name) & members]
    return tuple(sorted(set(chosen) - (set(IRAQ.exclude) & set(ISIS.exclude))))


def _offer(axis: str, path: str, *rows: tuple) -> tuple[Choice, ...]:
    """Choices on one axis that change one field. Each row has the choice, the value, reason and source."""
    return tuple(
        Choice(axis, choice, {path: value}, reason, source) for choice, value, reason, source in rows
    )


def _left_out(choice: str, states: tuple[str, ...], reason: str, **more: object) -> Choice:
    changes = {"data.states_left_out": add(*states)} | {f"data.{k}": v for k, v in more.items()}
    return Choice("states", choice, changes, reason, "Influence of groups; raised by a sceptical reader")


VOTES: tuple[Choice, ...] = (
    *_offer(
        "window",
        "data.window",
        ("1-session", 1, "The last session alone is closest to the decision.", BAILEY),
        ("3-sessions", 3, "Positions of three sessions are more current.", BAILEY),
        ("10-sessions", 10, "Ten sessions place small states more precisely.", BAILEY),
    ),
    Choice(
        "window",
        "dynamic",
        {"positions": "dynamic"},
        "The position in the last session, smoothed over the sessions around it. These include later sessions, "
        "so a change after the decision can affect the position a little.",
        BAILEY,
    ),
    Choice(
        "granularity",
        "agenda",
        {"data.granularity": "agenda"},
        "Tallies by session, issue and US vote. They ship with the project and need no roll calls.",
        RECORD,
    ),
    Choice(
        "votes",
        "important",
        {"data.important_only": True},
        "Votes that the US declared important to it.",
        "US State Department, Voting Practices in the United Nations",
    ),
    *_offer(
        "issues",
        "data.issues_out",
        *((f"without-{area}", (area,), why, VOETEN) for area, why in _ISSUES.items()),
        ("without-me-nu", ("me", "nu"), "The two largest blocs of repeated resolutions together.", VOETEN),
    ),
    *_offer(
        "votes",
        "data.paragraph_votes",
        ("paragraphs", True, "Votes on paragraphs show what was contested in a resolution.", RECORD),
    ),
    *_offer(
        "votes",
        "data.procedural",
        ("procedural", True, "Procedural motions divide states along the same lines.", RECORD),
    ),
    Choice(
        "votes",
        "us-alone-left-out",
        {"data.us_side_from": 0.1},
        "If the US is nearly alone, votes say little about closeness to it.",
        "The project: the US side's share of votes",
    ),
    *_offer(
        "abstention",
        "data.abstention",
        ("missing", "missing", "An abstention may express no opinion. Compare only yes and no.", VOETEN),
        ("no", "no", "Like a no, an abstention denies support to the majority.", LIJPHART),
    ),
    *_offer(
        "absence",
        "data.absence",
        ("abstain", "abstain", "States may stay away to avoid voting no.", BRAZYS),
    ),
    Choice(
        "absence",
        "modelled",
        {"ideal_point.absence": "modelled"},
        "States may stay away from votes that are awkward for them. Presence then tells of positions.",
        ROSAS,
    ),
    *_offer(
        "lopsidedness",
        "data.lopsidedness",
        ("5-percent", 0.05, "Nearly unanimous votes are informative only about single dissenters.", POOLE),
        ("10-percent", 0.1, "A stricter definition of a divisive vote.", POOLE),
    ),
    Choice(
        "absence",
        "30-votes-needed",
        {"data.min_votes": 30},
        "Drop states with fewer than 30 votes; use their region's distribution instead.",
        RECORD,
    ),
    _left_out("without-P5", P5, "Permanent members of the Council have reasons of their own."),
    _left_out("without-micro-states", MICRO, "Very small states may follow aid donors and neighbours."),
    _left_out("without-NATO", NATO_2003, "Tests whether NATO alone (members of 2003) drives the effect."),
    _left_out("without-Gulf", GULF, "The lists do not name the Gulf hosts (doubt I12)."),
    *(
        _left_out(f"without-{name.replace(' ', '-')}", _region(region), why)
        for name, region, why in (
            ("Africa", "Africa", "Tests whether Africa, with few guarantees and joiners, drives the effect."),
            (
                "Asia-Pacific",
                "Asia-Pacific",
                "Tests whether Compact states and Asian allies drive the effect.",
            ),
            ("Eastern Europe", "Eastern Europe", "States that sought a guarantee joined both coalitions."),
            ("Western Europe", "Western Europe and Others", "The old allies were divided in 2003."),
        )
    ),
    _left_out(
        "without-Latin-America",
        _region("Latin America and Caribbean"),
        "Leaves out the states of the Rio Treaty, and with them its level.",
        guarantee_levels="pact_only",
    ),
)
