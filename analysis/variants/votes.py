"""Choices of which votes and states are taken: rows of the table of variants."""

from analysis.variants.change import add
from analysis.variants.choice import Choice
from data.load import is_member, load_states
from data.spec import IRAQ, ISIS

RECORD = "data/README.md, Votes"
BAILEY = "Bailey, Strezhnev and Voeten (2017)"
VOETEN = "Voeten (2013), Data and analyses of voting in the UN General Assembly"
QUALITY = "data/README.md, Doubts"

_ISSUES = {
    "me": "Resolutions on the Palestinian conflict, a fifth of all, divide the US from nearly everybody.",
    "nu": "Nuclear weapons divide the US from allies as well as adversaries: disarmament is not alignment.",
    "di": "Arms control overlaps with the subject of the coalitions themselves.",
    "hr": "Votes on human rights of single states are regional bargains.",
    "co": "Colonialism is an agenda of the past that small states still vote on as a bloc.",
    "ec": "Economic development divides rich from poor, not friends of the US from others.",
}

P5 = ("CHN", "FRA", "GBR", "RUS")
GULF = ("ARE", "BHR", "KWT", "OMN", "QAT", "SAU")
NATO_2003 = ("BEL", "CAN", "CZE", "DEU", "DNK", "ESP", "FRA", "GBR", "GRC", "HUN", "ISL", "ITA", "LUX", "NLD")
NATO_2003 += ("NOR", "POL", "PRT", "TUR")
MICRO = ("AND", "ATG", "DMA", "GRD", "KIR", "KNA", "LCA", "LIE", "MCO", "MHL", "NRU", "PLW", "SMR", "STP")
MICRO += ("SYC", "TON", "TUV", "VCT", "VUT", "WSM", "FSM")


def _region(name: str) -> tuple[str, ...]:
    """States of a regional group that stand in the panel of a case."""
    states = load_states()
    members = is_member(states, IRAQ.votes_until.isoformat()) | is_member(
        states, ISIS.votes_until.isoformat()
    )
    chosen = states["iso3"][(states["region"] == name) & members]
    return tuple(sorted(set(chosen) - (set(IRAQ.exclude) & set(ISIS.exclude))))


def _left_out(choice: str, states: tuple[str, ...], reason: str, **more: object) -> Choice:
    changes = {"data.states_left_out": add(*states)} | {f"data.{k}": v for k, v in more.items()}
    return Choice("states", choice, changes, reason, "Influence of groups; issue of a sceptical reader")


VOTES: tuple[Choice, ...] = (
    Choice(
        "window", "1-session", {"data.window": 1}, "The last session alone: nearest to the decision.", BAILEY
    ),
    Choice(
        "window", "3-sessions", {"data.window": 3}, "Positions of three sessions are more current.", BAILEY
    ),
    Choice("window", "10-sessions", {"data.window": 10}, "Ten sessions tell small states better.", BAILEY),
    Choice(
        "window",
        "dynamic",
        {"positions": "dynamic"},
        "The position in the last session itself, steadied by the sessions around it. Later sessions are among "
        "them, so that a change after the decision can reach a little back.",
        BAILEY,
    ),
    Choice(
        "granularity",
        "agenda",
        {"data.granularity": "agenda"},
        "Tallies by session, issue and US vote: what anybody can run without the roll calls.",
        RECORD,
    ),
    Choice(
        "votes",
        "important",
        {"data.important_only": True},
        "The votes on which the US said that it sought support.",
        "US State Department, Voting Practices in the United Nations",
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
        "Votes on paragraphs single out what was contested in a resolution.",
        RECORD,
    ),
    Choice("votes", "procedural", {"data.procedural": True}, "Motions divide along the same lines.", RECORD),
    Choice(
        "votes",
        "us-alone-left-out",
        {"data.us_side_from": 0.1},
        "Where the US stands nearly alone, nobody's vote says much of nearness to it.",
        "analysis of the US side's share, data/README.md",
    ),
    Choice(
        "abstention",
        "missing",
        {"data.abstention": "missing"},
        "An abstention may be no opinion, and only yes and no are compared.",
        VOETEN,
    ),
    Choice(
        "abstention",
        "no",
        {"data.abstention": "no"},
        "An abstention denies the majority its support, as a no does.",
        "Lijphart (1963), The analysis of bloc voting in the General Assembly",
    ),
    Choice(
        "absence",
        "abstain",
        {"data.absence": "abstain"},
        "Staying away can be a way not to say no.",
        "Brazys and Panke (2017), Why do states change positions in the UNGA?",
    ),
    Choice(
        "lopsidedness",
        "5-percent",
        {"data.lopsidedness": 0.05},
        "Nearly unanimous votes tell of single dissenters only.",
        "Poole and Rosenthal (1997): 2.5 % in the US Congress",
    ),
    Choice(
        "lopsidedness",
        "10-percent",
        {"data.lopsidedness": 0.1},
        "A stricter limit of what divides the Assembly.",
        "Poole and Rosenthal (1997): 2.5 % in the US Congress",
    ),
    Choice(
        "absence",
        "30-votes-needed",
        {"data.min_votes": 30},
        "States that hardly voted are placed by their region; then let it be wholly so.",
        RECORD,
    ),
    _left_out("without-P5", P5, "Permanent members have their own reasons in the Council."),
    _left_out(
        "without-micro-states", MICRO, "States of a few thousand people may follow aid and neighbours."
    ),
    _left_out("without-NATO", NATO_2003, "NATO as of 2003: is the effect one of the alliance alone?"),
    _left_out(
        "without-Gulf", GULF, "The Gulf states are hosts, not named though they helped (doubt 10, Iraq)."
    ),
    _left_out(
        "without-Africa", _region("Africa"), "Few guarantees and few joiners: does Africa make the contrast?"
    ),
    _left_out("without-Asia-Pacific", _region("Asia-Pacific"), "Compact states and eastern allies apart."),
    _left_out(
        "without-Eastern-Europe", _region("Eastern Europe"), "States that sought a guarantee joined both."
    ),
    _left_out(
        "without-Western-Europe", _region("Western Europe and Others"), "The old allies were split in 2003."
    ),
    _left_out(
        "without-Latin-America",
        _region("Latin America and Caribbean"),
        "The Rio Treaty's states; no level for it is left.",
        guarantee_levels="pact_only",
    ),
)
