"""Names of the coding choices: issue areas, kinds of commitment, codings of the guarantee, covariates."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

ISSUES = ("me", "nu", "di", "hr", "co", "ec")
"""Issue areas of the vote data; a resolution with several counts in the first of them."""

COMMITMENTS = ("nato", "bilateral_defense_pact", "compact", "rio", "mnna", "access_agreement")
"""Kinds of US commitment in guarantees.csv."""

DOSE = "troops"
"""The kind of commitment that is a dose: US troops in the country, from covariates.csv."""

KINDS = (*COMMITMENTS, "atop_pact", DOSE)
"""All kinds: those of guarantees.csv and, from covariates.csv, ``atop_pact`` (ATOP 5.1) and the dose."""

_PACT = ("nato", "bilateral_defense_pact", "compact")

GUARANTEE_CODINGS: dict[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "rio_pact": (("rio", ("rio",)), ("pact", _PACT)),
    "pact_only": (("pact", _PACT),),
    "rio_as_pact": (("pact", (*_PACT, "rio")),),
    "nato_only": (("nato", ("nato",)),),
    "nato_apart": (
        ("rio", ("rio",)),
        ("bilateral", ("bilateral_defense_pact", "compact")),
        ("nato", ("nato",)),
    ),
    "no_compact": (("rio", ("rio",)), ("pact", ("nato", "bilateral_defense_pact"))),
    "mnna": (("rio", ("rio",)), ("informal", ("mnna",)), ("pact", _PACT)),
    "informal": (("rio", ("rio",)), ("informal", ("mnna", "access_agreement")), ("pact", _PACT)),
    "informal_as_pact": (("rio", ("rio",)), ("pact", (*_PACT, "mnna", "access_agreement"))),
    "atop": (("pact", ("atop_pact",)),),
    "troops": (("troops", (DOSE,)),),
}
"""Named codings of the guarantee: levels above ``none`` in rising order, each with its kinds.

``pact_only`` counts the Rio Treaty as no guarantee. To drop states with Rio alone, take ``rio_pact`` and
``levels_left_out=("rio",)``.
"""

STANDS_FOR_PACT = ("pact", "nato", "troops")
"""Levels that stand for a pact, the first of them that a coding has; without one, the strongest level."""


def name_pact(levels: Sequence[str]) -> str:
    """Return the level that stands for a pact among those of a coding, which rise."""
    return next((level for level in STANDS_FOR_PACT if level in levels), levels[-1])


Transform = Literal["none", "log", "log1p"]


class Covariate(NamedTuple):
    """One column of covariates.csv.

    Attributes
    ----------
    transform : str
        How a model takes it, unless the spec says otherwise.
    unit : str
    low, high : float
        Range that the values must lie in, in ``unit``.
    source : str
        Column of state_year.parquet.
    scale : float
        Factor from the unit of the source to ``unit``.
    sd_source : str
        Column of state_year.parquet with the published standard deviation, in the unit of the source; empty:
        none is published there. The values are in column ``<name>_sd`` of covariates.csv.
    """

    transform: Transform
    unit: str
    low: float
    high: float
    source: str
    scale: float = 1
    sd_source: str = ""


COVARIATES = {
    "gdp_per_capita": Covariate(
        "log", "2011 international dollars", 100, 500_000, "gdppc_fariss_2011ppp", sd_source="gdppc_fariss_sd"
    ),
    "gdp_per_capita_wdi": Covariate("log", "2010 US dollars", 50, 500_000, "gdppc_wdi_2010usd"),
    "gdp_per_capita_pwt": Covariate("log", "2017 international dollars", 100, 500_000, "gdppc_pwt_2017ppp"),
    "population": Covariate("log", "thousand persons", 1, 2_000_000, "pop_thousand_nmc"),
    "democracy": Covariate("none", "latent score", -5, 5, "uds_ext"),
    "democracy_vdem": Covariate("none", "index 0 to 1", 0, 1, "vdem_polyarchy"),
    "democracy_polity": Covariate("none", "score -10 to 10", -10, 10, "polity2"),
    "capability": Covariate("log", "share of the world, 0 to 1", 0, 1, "cinc"),
    "distance": Covariate("log", "km", 0, 20_040, "capdist_washington_km"),
    "aid": Covariate("log1p", "million 2022 US dollars", -10_000, 100_000, "us_aid_oblig_const_usd", 1e-6),
    "troops": Covariate("log1p", "persons", 0, 1_000_000, "us_troops"),
    "trade_share": Covariate("log1p", "share of GDP", 0, 5, "us_trade_dots_share_gdp"),
    "trade_share_cow": Covariate("log1p", "share of GDP", 0, 5, "us_trade_cow_share_gdp"),
}
"""Columns of covariates.csv that a model may take."""

MEMBERSHIPS: dict[str, str] = {"eu_member": "European Union"}
"""Covariates that are 1 for members of a bloc of blocs.csv at the end of the covariate year, else 0."""

UNSURE: dict[str, str] = {name: f"{name}_sd" for name, covariate in COVARIATES.items() if covariate.sd_source}
"""Covariates with a published standard deviation, and its column of covariates.csv."""
