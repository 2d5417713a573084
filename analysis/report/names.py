"""Names for readers: of choices, of what counts as joining, and other names by which states are looked up."""

AXES = {
    "guarantee": "What counts as a guarantee",
    "coalition": "What counts as joining",
    "covariates": "What states are compared on",
    "measures": "How wealth and democracy are measured",
    "family": "Distribution of positions",
    "link": "Link of joining",
    "pooling": "What is pooled",
    "heterogeneity": "Whether effects differ among states",
    "state-effect": "A state's two decisions",
    "repeats": "Resolutions put again",
    "axes": "Number of dimensions",
    "errors": "Errors of alignment",
    "propagation": "Uncertainty of positions",
    "priors-coalition": "Priors of joining",
    "priors-alignment": "Priors of alignment",
    "priors-ideal-point": "Priors of positions",
    "window": "Which sessions",
    "granularity": "Roll calls or tallies",
    "votes": "Which votes",
    "issues": "Which issues",
    "abstention": "How abstentions count",
    "absence": "How absences count",
    "lopsidedness": "How divisive a vote must be",
    "states": "Which states",
    "main": "The main analysis",
}
CHOICES = {
    "guarantee": {
        "pact-only": "Rio Treaty counts as no guarantee",
        "rio-as-pact": "Rio Treaty counts as a pact",
        "rio-left-out": "States of the Rio Treaty left out",
        "nato-only": "Only NATO counts",
        "nato-apart": "NATO and bilateral pacts apart",
        "no-compact": "Without the Compact states",
        "designations": "Major non-NATO allies as a level",
        "informal": "Designations and access as a level",
        "informal-as-pact": "Designations and access count as a pact",
        "atop": "Pacts as ATOP codes them",
        "troops": "US troops instead of treaties",
        "rio-left-in-2012": "Four states out of the Rio Treaty from 2012",
        "mexico-out-of-rio": "Mexico out of the Rio Treaty",
        "venezuela-none": "Venezuela without a guarantee",
        "cuba-in-rio": "Cuba in the Rio Treaty",
        "seekers-as-pact": "States invited to NATO count as members",
        "without-seekers": "States invited to NATO left out",
        "israel-as-pact": "Israel counts as having a pact",
        "gulf-as-pact": "Gulf monarchies count as having a pact",
        "pakistan-as-pact": "Pakistan counts as having a pact",
        "new-zealand-as-pact": "New Zealand counts as having a pact",
    },
    "coalition": {
        "iraq-18-march": "Iraq: named before the war began",
        "iraq-troops": "Iraq: sent soldiers",
        "iraq-list-or-troops": "Iraq: named or sent soldiers",
        "iraq-list-and-troops": "Iraq: named and sent soldiers",
        "isis-2014": "ISIS: founding partners of 2014",
        "isis-forces": "ISIS: sent forces of any kind",
        "isis-air-strikes": "ISIS: flew air strikes",
        "isis-trainers": "ISIS: sent trainers",
        "isis-arms": "ISIS: gave or carried arms",
        "both-forces": "Soldiers in both coalitions",
        "without-tonga": "Iraq: without Tonga",
        "without-disowned": "Iraq: without three that denied joining",
        "18-march-newspapers": "Iraq: list of the newspapers of 19 March",
        "troops-with-iceland": "Iraq: soldiers, with Iceland",
        "troops-without-singapore": "Iraq: soldiers, without Singapore",
        "2014-with-andorra": "ISIS: founders, with Andorra",
        "2014-without-late": "ISIS: founders, without three late ones",
        "strikes-without-morocco": "ISIS: air strikes, without Morocco",
        "strikes-with-qatar": "ISIS: air strikes, with Qatar",
        "forces-without-token": "ISIS: forces, without two token ones",
        "forces-with-kuwait": "ISIS: forces, with Kuwait",
        "forces-before-2016": "ISIS: forces before 2016",
        "own-arms-only": "ISIS: arms of their own",
        "without-home-fighters": "ISIS: without those that fight at home",
    },
    "covariates": {
        "minimal": "Wealth alone",
        "without-aid": "Without US aid",
        "without-democracy": "Without democracy",
        "without-distance": "Without distance to Washington",
        "without-population": "Without population",
        "and-eu": "With EU membership",
        "and-troops": "With US troops in the country",
        "and-trade": "With trade with the US",
    },
    "measures": {
        "democracy-vdem": "Democracy by V-Dem",
        "democracy-polity": "Democracy by Polity",
        "gdp-wdi": "Wealth at market rates (World Bank)",
        "gdp-error": "Wealth with its error",
        "gdp-pwt": "Wealth by the Penn World Table",
    },
    "family": {"student-t": "Positions with heavy tails", "student-t-2": "Positions with heavier tails"},
    "link": {"probit": "Probit", "cauchit": "Cauchit (heavy tails)"},
    "pooling": {
        "positions-world": "Positions shrink to the world, not to regions",
        "joining-no-regions": "No regional differences in joining",
        "joining-regions-apart": "Regions hardly pooled",
        "without-subregions": "No subregions",
        "levels": "Levels of the guarantee pooled",
        "cases-apart": "The two coalitions apart",
        "cases-as-one": "The two coalitions as one",
    },
    "heterogeneity": {"none": "One effect for all states"},
    "state-effect": {"off": "A state's two decisions independent"},
    "repeats": {"apart": "Each repetition is new evidence", "tempered": "Repetitions count less"},
    "axes": {"two-dimensions": "Two dimensions", "first-of-two": "The first of two dimensions"},
    "errors": {
        "normal": "Normal errors",
        "no-subregions": "Without subregions",
        "no-states": "Without what a state keeps between cases",
        "independent": "Independent errors",
    },
    "propagation": {"plugin": "Positions treated as known", "measurement": "Positions with normal error"},
    "window": {
        "1-session": "One session",
        "3-sessions": "Three sessions",
        "10-sessions": "Ten sessions",
        "dynamic": "Positions over all years, smoothed",
    },
    "granularity": {"agenda": "Tallies by issue and session"},
    "votes": {
        "important": "Votes that the US called important",
        "paragraphs": "With votes on paragraphs",
        "procedural": "With procedural motions",
        "us-alone-left-out": "Without votes in which the US is nearly alone",
    },
    "issues": {
        "without-me": "Without the Palestinian conflict",
        "without-nu": "Without nuclear weapons",
        "without-di": "Without arms control",
        "without-hr": "Without human rights",
        "without-co": "Without colonialism",
        "without-ec": "Without economic development",
        "without-me-nu": "Without the Palestinian conflict and nuclear weapons",
    },
    "abstention": {"missing": "Abstentions left out", "no": "An abstention counts as a no"},
    "absence": {
        "abstain": "An absence counts as an abstention",
        "modelled": "Absence modelled as a choice",
        "30-votes-needed": "States with fewer than 30 votes left out",
    },
    "lopsidedness": {
        "5-percent": "At least one in twenty in the minority",
        "10-percent": "At least one in ten in the minority",
    },
    "states": {
        "without-P5": "Without the permanent members",
        "without-micro-states": "Without very small states",
    },
    "main": {"main": "The main analysis"},
}
PRIORS = {
    "intercept": "average",
    "guarantee": "effect of the guarantee",
    "guarantee_case": "difference of the guarantee between cases",
    "alignment": "slope of alignment",
    "alignment_case": "difference of that slope between cases",
    "covariate": "slopes of covariates",
    "region": "differences between regions",
    "subregion": "differences between subregions",
    "interaction": "differences of the effect by capability",
    "interaction_case": "those differences between cases",
    "interaction_region": "differences of the effect by region",
    "state": "differences between states",
    "residual": "residual",
}
"""Priors, by the name of the field without ``_scale``."""
CHANGES = {"halved": "half as wide", "doubled": "twice as wide", "lowered": "lower", "raised": "higher"}
OUTCOMES = {
    "white_house_list": "being named by the White House on 27 March 2003 as a member of the coalition",
    "partner_2017": "being named by 2017 as a partner of the Global Coalition",
    "invasion_force": "sending forces to the invasion",
    "troops": "sending soldiers",
    "joined": "being named as a partner of the Global Coalition",
}
"""Columns of the tables of coalitions, in words."""
BRIEF = {
    "white_house_list": "were named by the White House",
    "partner_2017": "were named as partners",
    "troops": "sent soldiers",
}
"""The same in few words, for the first screen."""
ALIASES = {
    "GBR": "UK Britain Great Britain England",
    "USA": "US United States America",
    "TUR": "Turkey Türkiye Turkiye",
    "CZE": "Czechia Czech Republic",
    "CIV": "Ivory Coast Cote d'Ivoire",
    "PRK": "DPRK North Korea",
    "KOR": "ROK South Korea Republic of Korea",
    "COD": "DRC Congo-Kinshasa Zaire",
    "COG": "Congo-Brazzaville",
    "MMR": "Burma Myanmar",
    "MKD": "North Macedonia FYROM",
    "SWZ": "Eswatini Swaziland",
    "CPV": "Cabo Verde Cape Verde",
    "TLS": "East Timor Timor-Leste",
    "NLD": "Holland Netherlands",
    "ARE": "UAE Emirates",
    "RUS": "Russia Russian Federation",
    "IRN": "Persia Islamic Republic of Iran",
    "SYR": "Syrian Arab Republic",
    "LAO": "Laos Lao PDR",
    "VNM": "Viet Nam Vietnam",
    "BOL": "Bolivia",
    "VEN": "Venezuela",
    "MDA": "Moldova",
    "TZA": "Tanzania",
    "BRN": "Brunei",
    "FSM": "Micronesia",
    "CHN": "PRC People's Republic of China",
    "DEU": "Federal Republic of Germany",
    "BIH": "Bosnia",
    "PNG": "PNG",
    "ZAF": "RSA",
    "NZL": "Aotearoa",
    "SAU": "KSA",
}
"""Other names of states, for the search."""


def axis_name(axis: str) -> str:
    """Name of an axis of choices for readers; several are joined by ``+``."""
    return " and ".join(AXES.get(part, part.replace("-", " ").capitalize()) for part in axis.split("+"))


def choice_name(axis: str, choice: str) -> str:
    """Name of a choice for readers, e.g. ``both-forces``: Soldiers in both coalitions.

    An unknown choice keeps its own name, without hyphens.
    """
    return " and ".join(map(_one_choice, axis.split("+"), choice.split("+")))


def brief_outcome(joined: str) -> str:
    """What those who joined did, in few words."""
    return BRIEF.get(joined, "joined")


def _one_choice(axis: str, choice: str) -> str:
    if known := CHOICES.get(axis, {}).get(choice):
        return known
    name, _, change = choice.rpartition("-")
    if axis.startswith("priors-") and change in CHANGES:
        field = name.removesuffix("_scale")
        return f"Prior of the {PRIORS.get(field, field.replace('_', ' '))}: {CHANGES[change]}"
    text = choice.replace("_", " ").replace("-", " ")
    return text[:1].upper() + text[1:]


def outcome_name(joined: str) -> str:
    """What counts as joining, in words, from the columns that ``CaseSpec.joined`` combines."""
    if set(joined) & set("&~("):
        for sign, word in (("&", " and "), ("|", " or "), ("~", "not "), ("_", " ")):
            joined = joined.replace(sign, word)
        return " ".join(joined.split())
    names = (name.strip() for name in joined.split("|"))
    return " or ".join(OUTCOMES.get(name, name.replace("_", " ")) for name in names)
