"""Codes of states by year, for joining with other tables: Correlates of War, ISO 3166, UN M49."""

import pandas as pd

from data.votes.releases.states import apply_succession, list_codes

FIRST_YEAR = 1945
"""Session s begins in the autumn of ``FIRST_YEAR + s``."""

_FORMER_M49 = {"CSK": 200, "DDR": 278, "YMD": 720, "YUG": 890, "EAZ": 834, "TWN": 158}
_EARLIER_M49 = {
    "RUS": (810, 1991),
    "DEU": (280, 1989),
    "YEM": (886, 1989),
    "ETH": (230, 1992),
    "SDN": (736, 2010),
}
"""Codes of a state in earlier borders, each with its last year."""


def add_codes(table: pd.DataFrame) -> pd.DataFrame:
    """Put the codes of each state before the other columns of a table.

    Parameters
    ----------
    table : pd.DataFrame
        ``state`` (ISO 3166 alpha-3, as in the results; YUG, DDR, CSK, YMD and EAZ are former states) and
        ``session``.

    Returns
    -------
    pd.DataFrame
        ``iso3, cow, m49`` before the columns of ``table`` but ``state``. ``cow`` and ``m49`` are those of the
        session: Germany is 260 and 280 before 1990, Russia's M49 code that of the Soviet Union up to 1991.
    """
    codes = list_codes()
    year = table["session"] + FIRST_YEAR
    cow = table["state"].replace("YUG", "SRB").map(codes["ccode"]).astype(int)
    m49 = table["state"].map(codes["m49"]).fillna(table["state"].map(_FORMER_M49))
    for iso3, (code, last) in _EARLIER_M49.items():
        m49 = m49.mask((table["state"] == iso3) & (year <= last), code)
    out = table.drop(columns="state")
    out.insert(0, "m49", m49.astype("Int64"))
    out.insert(0, "cow", apply_succession(cow.to_numpy(), table["session"].to_numpy()).astype("int64"))
    # North Yemen gave its seat to the united state within session 45.
    out["cow"] = out["cow"].mask((table["state"] == "YEM") & (table["session"] < 46), 678)
    out.insert(0, "iso3", table["state"].to_numpy())
    return out
