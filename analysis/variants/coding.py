"""Choices of coding: what counts as a guarantee, what counts as joining, which covariates enter."""

from analysis.variants.change import Choice, add, swap, without

DOUBTS = "data/DOUBTS.md"
LEEDS = "Leeds, Ritter, Mitchell and Long (2002), ATOP"
CODEBOOK = "data/tables/README.md, guarantees.csv"
CAUSES = "models/docs/causes.md"
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
    _level("pact-only", "pact_only", "The Rio Treaty is dormant. Its states count as having no guarantee."),
    _level("rio-as-pact", "rio_as_pact", "The Rio Treaty is a legal duty like any other pact."),
    Choice(
        "guarantee",
        "rio-left-out",
        {"data.levels_left_out": add("rio")},
        "States with the Rio Treaty alone are neither clearly protected nor clearly unprotected. Leave them out.",
        DOUBTS,
    ),
    _level("nato-only", "nato_only", "Count only NATO, the alliance with an integrated command."),
    _level("nato-apart", "nato_apart", "NATO and bilateral pacts may bind differently."),
    _level("no-compact", "no_compact", "The Compact states depend on the US for more than defence."),
    _level("designations", "mnna", "Major non-NATO allies form a level of their own."),
    _level("informal", "informal", "Designations and access agreements form a level of their own."),
    _level("informal-as-pact", "informal_as_pact", "Actual protection may matter more than legal commitments."),
    _level("atop", "atop", "An independent coding of defence pacts.", LEEDS),
    _level("troops", "troops", "US troops measure the guarantee. One unit is the median host's number.", "Allen, Flynn and Machain (2022)"),
    _recode("guarantee", "rio-left-in-2012", _guarantees("isis", ("BOL", "ECU", "NIC", "VEN"), "none"), "Four states announced in June 2012 that they would leave the Rio Treaty."),
    _recode("guarantee", "mexico-out-of-rio", _guarantees("iraq", ("MEX",), "none"), "Mexico denounced the Rio Treaty in September 2002."),
    _recode("guarantee", "venezuela-none", (*_guarantees("iraq", ("VEN",), "none"), *_guarantees("isis", ("VEN",), "none")), "Venezuela had no US guarantee in any real sense."),
    _recode("guarantee", "cuba-in-rio", (*_guarantees("iraq", ("CUB",), "rio"), *_guarantees("isis", ("CUB",), "rio")), "Cuba never denounced the Rio Treaty."),
    _recode("guarantee", "seekers-as-pact", _guarantees("iraq", SEEKERS, "pact"), "NATO invited these states in 2002 and signed their protocols in March 2003. They were nearly members."),
    Choice("guarantee", "without-seekers", {"data.states_left_out": add(*SEEKERS)}, "States that were about to get a guarantee neither had one nor lacked one. Leave them out.", DOUBTS),
    _recode("guarantee", "israel-as-pact", (*_guarantees("iraq", ("ISR",), "pact"), *_guarantees("isis", ("ISR",), "pact")), "The US protects Israel without a treaty."),
    _recode("guarantee", "gulf-as-pact", (*_guarantees("iraq", GULF, "pact"), *_guarantees("isis", GULF, "pact")), "US forces stationed in the Gulf monarchies defend them."),
    _recode("guarantee", "pakistan-as-pact", (*_guarantees("iraq", ("PAK",), "pact"), *_guarantees("isis", ("PAK",), "pact")), "ATOP codes the agreement of 1959 as a defence pact."),
    _recode("guarantee", "new-zealand-as-pact", (*_guarantees("iraq", ("NZL",), "pact"), *_guarantees("isis", ("NZL",), "pact")), "The US suspended ANZUS for New Zealand but did not end it."),
)  # fmt: skip

COALITIONS: tuple[Choice, ...] = (
    Choice("coalition", "iraq-18-march", {"data.iraq.joined": "state_dept_18mar"}, "Only states named before the war began.", DOUBTS),
    Choice("coalition", "iraq-troops", {"data.iraq.joined": "troops"}, "Only states that bore costs, rather than lent their name.", DOUBTS),
    Choice("coalition", "iraq-list-or-troops", {"data.iraq.joined": "list_or_troops"}, "Any kind of support counts.", DOUBTS),
    Choice("coalition", "iraq-list-and-troops", {"data.iraq.joined": "list_and_troops"}, "Only states that lent their name and sent troops.", DOUBTS),
    Choice("coalition", "isis-2014", {"data.isis.joined": "partner_2014"}, "Only the founding partners, before the campaign became popular.", DOUBTS),
    Choice("coalition", "isis-forces", {"data.isis.joined": "forces"}, "States that sent forces of any kind.", DOUBTS),
    Choice("coalition", "isis-air-strikes", {"data.isis.joined": "air_strikes"}, "Only states that took part in combat.", DOUBTS),
    Choice("coalition", "isis-trainers", {"data.isis.joined": "trainers"}, "Sending trainers distinguishes EU states better than the list does.", DOUBTS),
    Choice("coalition", "isis-arms", {"data.isis.joined": "arms"}, "States that supplied or transported arms.", DOUBTS),
    Choice("coalition", "both-forces", {"data.iraq.joined": "troops", "data.isis.joined": "forces"}, "Troops define joining in both coalitions.", DOUBTS),
    _recode("coalition", "without-tonga", _cells("iraq", ("TON",), "white_house_list", 0), "Tonga was first reported a day or two after the date of the list."),
    _recode("coalition", "without-disowned", _cells("iraq", ("SLB", "CRI", "AGO"), "white_house_list", 0), "Three states denied joining, or were on the list only briefly."),
    _recode("coalition", "18-march-newspapers", (*_cells("iraq", ("ISL",), "state_dept_18mar", 0), *_cells("iraq", ("BGR",), "state_dept_18mar", 1)), "The newspapers of the next day list Bulgaria but not Iceland.", iraq="state_dept_18mar"),
    _recode("coalition", "troops-with-iceland", _cells("iraq", ("ISL",), "troops", 1), "Iceland sent two bomb-disposal experts of its coast guard.", iraq="troops"),
    _recode("coalition", "troops-without-singapore", _cells("iraq", ("SGP",), "troops", 0), "Singapore served at sea and in the air, not on Iraqi soil.", iraq="troops"),
    _recode("coalition", "2014-with-andorra", _cells("isis", ("AND",), "partner_2014", 1), "Some early lists include Andorra.", isis="partner_2014"),
    _recode("coalition", "2014-without-late", _cells("isis", ("SGP", "LVA", "MNE"), "partner_2014", 0), "Three states themselves give later dates.", isis="partner_2014"),
    _recode("coalition", "strikes-without-morocco", _cells("isis", ("MAR",), "airstrikes_syria", 0), "US Central Command never listed Morocco.", isis="air_strikes"),
    _recode("coalition", "strikes-with-qatar", _cells("isis", ("QAT",), "airstrikes_syria", 1), "Some early lists for Syria include Qatar.", isis="air_strikes"),
    _recode("coalition", "forces-without-token", _cells("isis", ("HRV", "SVK"), "military", 0), "One sent three staff officers, the other took part in a NATO mission.", isis="forces"),
    _recode("coalition", "forces-with-kuwait", _cells("isis", ("KWT",), "military", 1), "Kuwait hosts the headquarters.", isis="forces"),
    _recode("coalition", "forces-before-2016", _cells("isis", ("SVN", "ROU", "LTU", "EST", "LVA", "POL", "CZE", "SGP"), "military", 0), "These states had nobody on the ground before 2016-17.", isis="forces"),
    _recode("coalition", "own-arms-only", _cells("isis", ("CAN", "DNK", "AUS"), "military_aid", 0), "These states mainly transported the arms of others.", isis="arms"),
    _recode("coalition", "without-home-fighters", _cells("isis", ("NGA", "TCD", "NER", "CMR", "EGY", "AFG", "LBY", "SOM"), "partner_2017", 0), "These states fight the group at home, not in the campaign."),
)  # fmt: skip

COVARIATES: tuple[Choice, ...] = (
    Choice("covariates", "minimal", {"coalition.heterogeneity": "none", "data.covariates": without("population", "democracy", "distance", "aid", "capability")}, "Wealth alone: the fewest assumptions about confounding.", CONTROLS),
    Choice("covariates", "without-aid", {"data.covariates": without("aid")}, "Aid may be a consequence of the guarantee.", CONTROLS),
    Choice("covariates", "without-democracy", {"data.covariates": without("democracy")}, "Regimes may resemble their protectors because of the guarantee.", CONTROLS),
    Choice("covariates", "without-distance", {"data.covariates": without("distance")}, "Distance to Washington may explain pacts but not joining.", CONTROLS),
    Choice("covariates", "without-population", {"data.covariates": without("population")}, "Capability counts population already.", "Singer (1987), Correlates of War"),
    Choice("covariates", "and-eu", {"data.covariates": add("eu_member")}, "Membership stands for integration with the West, which may have caused pact and joining. It came after every pact.", CAUSES),
    Choice("covariates", "and-troops", {"data.covariates": swap("aid", "aid", "troops")}, "Earlier cooperation: US troops in the country. They are mostly what a pact does.", CAUSES),
    Choice("covariates", "and-trade", {"data.covariates": swap("aid", "aid", "trade_share"), "coalition.missing": "impute"}, "Trade with the US as a separate reason to join.", "IMF, Direction of Trade Statistics"),
    Choice("measures", "democracy-vdem", {"data.covariates": swap("democracy", "democracy_vdem"), "coalition.missing": "impute"}, "Another measure of democracy. It does not cover small states.", "Coppedge et al., V-Dem v16"),
    Choice("measures", "democracy-polity", {"data.covariates": swap("democracy", "democracy_polity"), "coalition.missing": "impute"}, "The field's older measure of democracy. It covers even fewer states.", "Marshall and Gurr, Polity5"),
    Choice("measures", "gdp-wdi", {"data.covariates": swap("gdp_per_capita", "gdp_per_capita_wdi"), "coalition.missing": "impute"}, "National accounts at market rates.", "World Bank, WDI"),
    Choice("measures", "gdp-error", {"coalition.measurement_error": "model"}, "GDP per capita is an estimate. Its published error, 16 % for most states but more for small ones, enters stage 2.", "Fariss, Anders, Markowitz and Barnum (2022)"),
    Choice("measures", "gdp-pwt", {"data.covariates": swap("gdp_per_capita", "gdp_per_capita_pwt"), "coalition.missing": "impute"}, "Purchasing power by another method.", "Feenstra, Inklaar and Timmer (2015)"),
)  # fmt: skip

CODINGS: tuple[Choice, ...] = (*GUARANTEES, *COALITIONS, *COVARIATES)
