"""Choices of what counts as a guarantee and as joining, and of covariates: rows of the table of variants."""

from analysis.variants.change import add, swap, without
from analysis.variants.choice import Choice

DOUBTS = "data/README.md, Doubts"
LEEDS = "Leeds, Ritter, Mitchell and Long (2002), ATOP"
CODEBOOK = "data/README.md, guarantees.csv"
CONTROLS = "Cinelli, Forney and Pearl (2022), A crash course in good and bad controls"

GULF = ("ARE", "BHR", "KWT", "OMN", "QAT", "SAU")
SEEKERS = ("BGR", "EST", "LTU", "LVA", "ROU", "SVK", "SVN")


def _level(choice: str, coding: str, reason: str, source: str = CODEBOOK) -> Choice:
    return Choice("guarantee", choice, {"data.guarantee_levels": coding}, reason, source)


def _recode(
    axis: str, choice: str, cells: tuple, reason: str, source: str = DOUBTS, **more: object
) -> Choice:
    outcomes = {f"data.{case}.joined": joined for case, joined in more.items()}
    return Choice(axis, choice, outcomes | {"data.recode": add(*cells)}, reason, source)


def _guarantees(case: str, states: tuple[str, ...], level: str) -> tuple:
    return tuple((case, state, "guarantee", level) for state in states)


def _cells(case: str, states: tuple[str, ...], column: str, value: int) -> tuple:
    return tuple((case, state, column, value) for state in states)


GUARANTEES: tuple[Choice, ...] = (
    _level("pact-only", "pact_only", "Rio is dormant: its states count as without a guarantee."),
    _level("rio-as-pact", "rio_as_pact", "A treaty duty is a treaty duty, Rio's too."),
    Choice(
        "guarantee",
        "rio-left-out",
        {"data.levels_left_out": add("rio")},
        "Neither protected nor unprotected: states with Rio alone are not compared.",
        DOUBTS,
    ),
    _level("nato-only", "nato_only", "The alliance with an integrated command alone."),
    _level("nato-apart", "nato_apart", "NATO and bilateral pacts may bind differently."),
    _level("no-compact", "no_compact", "The Compact states depend on the US for more than defence."),
    _level("designations", "mnna", "Major non-NATO allies as a level of their own."),
    _level("informal", "informal", "Designations and access agreements as a level of their own."),
    _level("informal-as-pact", "informal_as_pact", "What counts is being protected in fact, not in law."),
    _level("atop", "atop", "Somebody else's coding of defence pacts.", LEEDS),
    _level("troops", "troops", "Soldiers on the ground as the guarantee, in the dose of the median host.", "Allen, Flynn and Machain (2022)"),
    _recode("guarantee", "rio-left-in-2012", _guarantees("isis", ("BOL", "ECU", "NIC", "VEN"), "none"), "Four states announced in June 2012 that they leave the Rio Treaty."),
    _recode("guarantee", "mexico-out-of-rio", _guarantees("iraq", ("MEX",), "none"), "Mexico had denounced Rio in September 2002."),
    _recode("guarantee", "venezuela-none", (*_guarantees("iraq", ("VEN",), "none"), *_guarantees("isis", ("VEN",), "none")), "No US guarantee in any real sense."),
    _recode("guarantee", "seekers-as-pact", _guarantees("iraq", SEEKERS, "pact"), "Invited in 2002, protocols signed in March 2003: as good as members."),
    Choice("guarantee", "without-seekers", {"data.states_left_out": add(*SEEKERS)}, "States that sought a guarantee are neither with nor without.", DOUBTS),
    _recode("guarantee", "israel-as-pact", (*_guarantees("iraq", ("ISR",), "pact"), *_guarantees("isis", ("ISR",), "pact")), "Protected in fact without a treaty."),
    _recode("guarantee", "gulf-as-pact", (*_guarantees("iraq", GULF, "pact"), *_guarantees("isis", GULF, "pact")), "The Gulf monarchies are defended by US forces stationed there."),
    _recode("guarantee", "pakistan-as-pact", (*_guarantees("iraq", ("PAK",), "pact"), *_guarantees("isis", ("PAK",), "pact")), "The agreement of 1959 is a defence pact in ATOP."),
    _recode("guarantee", "new-zealand-as-pact", (*_guarantees("iraq", ("NZL",), "pact"), *_guarantees("isis", ("NZL",), "pact")), "ANZUS is suspended, not ended."),
)  # fmt: skip

COALITIONS: tuple[Choice, ...] = (
    Choice("coalition", "iraq-18-march", {"data.iraq.joined": "state_dept_18mar"}, "Named before the war began.", DOUBTS),
    Choice("coalition", "iraq-troops", {"data.iraq.joined": "troops"}, "Who bore costs, not who lent a name.", DOUBTS),
    Choice("coalition", "iraq-list-or-troops", {"data.iraq.joined": "list_or_troops"}, "Any kind of support.", DOUBTS),
    Choice("coalition", "iraq-list-and-troops", {"data.iraq.joined": "list_and_troops"}, "Name and soldiers.", DOUBTS),
    Choice("coalition", "isis-2014", {"data.isis.joined": "partner_2014"}, "Founders, before the campaign was popular.", DOUBTS),
    Choice("coalition", "isis-forces", {"data.isis.joined": "forces"}, "Forces of any kind.", DOUBTS),
    Choice("coalition", "isis-air-strikes", {"data.isis.joined": "air_strikes"}, "Who fought.", DOUBTS),
    Choice("coalition", "isis-trainers", {"data.isis.joined": "trainers"}, "Trainers separate EU states better than the list.", DOUBTS),
    Choice("coalition", "isis-arms", {"data.isis.joined": "arms"}, "Who gave or flew in arms.", DOUBTS),
    Choice("coalition", "both-forces", {"data.iraq.joined": "troops", "data.isis.joined": "forces"}, "Soldiers in both coalitions.", DOUBTS),
    _recode("coalition", "without-tonga", _cells("iraq", ("TON",), "white_house_list", 0), "Tonga was reported a day or two after the list's date."),
    _recode("coalition", "without-disowned", _cells("iraq", ("SLB", "CRI", "AGO"), "white_house_list", 0), "Three names were disowned or came and went."),
    _recode("coalition", "18-march-spokesman", (*_cells("iraq", ("ISL",), "state_dept_18mar", 1), *_cells("iraq", ("BGR",), "state_dept_18mar", 0)), "The spokesman named Iceland and not Bulgaria.", iraq="state_dept_18mar"),
    _recode("coalition", "troops-with-iceland", _cells("iraq", ("ISL",), "troops", 1), "Two bomb-disposal men of the coast guard.", iraq="troops"),
    _recode("coalition", "troops-without-singapore", _cells("iraq", ("SGP",), "troops", 0), "Afloat and in the air, not on Iraqi soil.", iraq="troops"),
    _recode("coalition", "2014-with-andorra", _cells("isis", ("AND",), "partner_2014", 1), "Some early lists had Andorra.", isis="partner_2014"),
    _recode("coalition", "2014-without-late", _cells("isis", ("SGP", "LVA", "MNE"), "partner_2014", 0), "Three states give later dates as their own.", isis="partner_2014"),
    _recode("coalition", "strikes-without-morocco", _cells("isis", ("MAR",), "airstrikes_syria", 0), "Never in US command's lists.", isis="air_strikes"),
    _recode("coalition", "strikes-with-qatar", _cells("isis", ("QAT",), "airstrikes_syria", 1), "In some early lists for Syria.", isis="air_strikes"),
    _recode("coalition", "forces-without-token", _cells("isis", ("HRV", "SVK"), "military", 0), "Three staff, and a NATO mission.", isis="forces"),
    _recode("coalition", "forces-with-kuwait", _cells("isis", ("KWT",), "military", 1), "Host of the headquarters.", isis="forces"),
    _recode("coalition", "forces-before-2016", _cells("isis", ("SVN", "ROU", "LTU", "EST", "LVA", "POL", "CZE", "SGP"), "military", 0), "Nobody on the ground before 2016-17.", isis="forces"),
    _recode("coalition", "own-arms-only", _cells("isis", ("CAN", "DNK", "AUS"), "military_aid", 0), "They mainly flew others' arms.", isis="arms"),
    _recode("coalition", "without-home-fighters", _cells("isis", ("NGA", "TCD", "NER", "CMR", "EGY", "AFG", "LBY", "SOM"), "partner_2017", 0), "They fight the group at home, not in the campaign."),
)  # fmt: skip

COVARIATES: tuple[Choice, ...] = (
    Choice("covariates", "minimal", {"data.covariates": without("population", "democracy", "distance", "aid")}, "Wealth alone: the fewest assumptions of what confounds.", CONTROLS),
    Choice("covariates", "without-aid", {"data.covariates": without("aid")}, "Aid may be a consequence of the guarantee.", CONTROLS),
    Choice("covariates", "without-democracy", {"data.covariates": without("democracy")}, "Regimes may follow their protectors.", CONTROLS),
    Choice("covariates", "without-distance", {"data.covariates": without("distance")}, "Distance to Washington explains pacts, not joining.", CONTROLS),
    Choice("covariates", "capability", {"data.covariates": swap("population", "capability")}, "Power rather than people.", "Singer (1987), Correlates of War"),
    Choice("covariates", "and-troops", {"data.covariates": swap("aid", "aid", "troops")}, "US soldiers in the country, beside the guarantee.", "Allen, Flynn and Machain (2022)"),
    Choice("covariates", "and-trade", {"data.covariates": swap("aid", "aid", "trade_share"), "coalition.missing": "impute"}, "Trade with the US as a reason of its own.", "IMF, Direction of Trade Statistics"),
    Choice("measures", "democracy-vdem", {"data.covariates": swap("democracy", "democracy_vdem"), "coalition.missing": "impute"}, "Another measure, which lacks small states.", "Coppedge et al., V-Dem v16"),
    Choice("measures", "democracy-polity", {"data.covariates": swap("democracy", "democracy_polity"), "coalition.missing": "impute"}, "The field's old measure, which lacks more of them.", "Marshall and Gurr, Polity5"),
    Choice("measures", "gdp-wdi", {"data.covariates": swap("gdp_per_capita", "gdp_per_capita_wdi"), "coalition.missing": "impute"}, "National accounts at market rates.", "World Bank, WDI"),
    Choice("measures", "gdp-pwt", {"data.covariates": swap("gdp_per_capita", "gdp_per_capita_pwt"), "coalition.missing": "impute"}, "Purchasing power by another method.", "Feenstra, Inklaar and Timmer (2015)"),
)  # fmt: skip

CODINGS: tuple[Choice, ...] = (*GUARANTEES, *COALITIONS, *COVARIATES)
