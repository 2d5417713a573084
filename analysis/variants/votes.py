"""Choices of votes and states: which of them enter the analysis."""

from analysis.variants.change import Choice, add
from data.load import is_member, load_states
from data.spec import IRAQ, ISIS

RECORD = "data/votes/README.md"
BAILEY = "Bailey, Strezhnev and Voeten (2017)"
BRAZYS = "Brazys and Panke (2017), Why do states change positions in the UNGA?"
LIJPHART = "Lijphart (1963), The analysis of bloc voting in the General Assembly"
LOPSIDED = "Poole and Rosenthal (1997): 2.5 % in the US Congress"
IMPORTANT = "US State Department, Voting Practices in the United Nations"
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


def _left_out(choice: str, states: tuple[str, ...], reason: str, **more: object) -> Choice:
    changes = {"data.states_left_out": add(*states)} | {f"data.{k}": v for k, v in more.items()}
    return Choice("states", choice, changes, reason, "Influence of groups; raised by a sceptical reader")


VOTES: tuple[Choice, ...] = (
    Choice(
        "window",
        "1-session",
        {"data.window": 1},
        "The last session alone is closest to the decision.",
        BAILEY,
    ),
    Choice(
        "window", "3-sessions", {"data.window": 3}, "Positions of three sessions are more current.", BAILEY
    ),
    Choice(
        "window",
        "10-sessions",
        {"data.window": 10},
        "Ten sessions place small states more precisely.",
        BAILEY,
    ),
    Choice(
        "window",
        "dynamic",
        {"positions": "dynamic"},
        "The position in the last session, smoothed over all sessions, and so also a little over later ones.",
        BAILEY,
    ),
    Choice(
        "granularity",
        "agenda",
        {"data.granularity": "agenda"},
        "Tallies by session, issue and US vote, which ship with the project.",
        RECORD,
    ),
    Choice(
        "votes",
        "important",
        {"data.important_only": True},
        "Votes that the US declared important to it.",
        IMPORTANT,
    ),
    *(
        Choice("issues", f"without-{area}", {"data.issues_out": (area,)}, why, VOETEN)
        for area, why in _ISSUES.items()
    ),
    Choice(
        "issues",
        "without-me-nu",
        {"data.issues_out": ("me", "nu")},
        "The two largest blocs of repeated resolutions together.",
        VOETEN,
    ),
    Choice(
        "votes",
        "paragraphs",
        {"data.paragraph_votes": True},
        "Votes on paragraphs show what was contested.",
        RECORD,
    ),
    Choice(
        "votes",
        "procedural",
        {"data.procedural": True},
        "Procedural motions divide states along the same lines.",
        RECORD,
    ),
    Choice(
        "votes",
        "us-alone-left-out",
        {"data.us_side_from": 0.1},
        "If the US is nearly alone, votes say little about closeness to it.",
        "Analysis of the US side's share, data/votes/README.md",
    ),
    Choice(
        "abstention",
        "missing",
        {"data.abstention": "missing"},
        "An abstention may express no opinion.",
        VOETEN,
    ),
    Choice(
        "abstention",
        "no",
        {"data.abstention": "no"},
        "Like a no, an abstention denies support to the majority.",
        LIJPHART,
    ),
    Choice(
        "absence", "abstain", {"data.absence": "abstain"}, "States may stay away to avoid voting no.", BRAZYS
    ),
    Choice(
        "lopsidedness",
        "5-percent",
        {"data.lopsidedness": 0.05},
        "Nearly unanimous votes reveal only single dissenters.",
        LOPSIDED,
    ),
    Choice(
        "lopsidedness",
        "10-percent",
        {"data.lopsidedness": 0.1},
        "A stricter definition of a divisive vote.",
        LOPSIDED,
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
    _left_out(
        "without-Gulf",
        GULF,
        "The Gulf states hosted forces, but the lists do not name them (doubt 10, Iraq).",
    ),
    _left_out(
        "without-Africa",
        _region("Africa"),
        "Africa has few guarantees and few joiners. Tests whether it drives the contrast.",
    ),
    _left_out(
        "without-Asia-Pacific",
        _region("Asia-Pacific"),
        "Tests whether the Compact states and the Asian allies drive the effect.",
    ),
    _left_out(
        "without-Eastern-Europe",
        _region("Eastern Europe"),
        "States that sought a guarantee joined both coalitions.",
    ),
    _left_out(
        "without-Western-Europe", _region("Western Europe and Others"), "The old allies were divided in 2003."
    ),
    _left_out(
        "without-Latin-America",
        _region("Latin America and Caribbean"),
        "Leaves out the states of the Rio Treaty, and with them its level.",
        guarantee_levels="pact_only",
    ),
)
