"""Who had a pact with a power on a day, 1946-2025."""

from collections.abc import Iterable

import pandas as pd

from data.acts.spec import ActsSpec
from data.acts.tables import LAST_YEAR, read_changes, read_paper, read_state_years
from data.tables.once import read_guarantees
from data.tables.read import in_force

FORMER = {"YUG": "SRB"}
"""Seats whose state-years stand under another code."""

COMPACT = "compact"
"""Kind of guarantee of the three states with a Compact of Free Association."""


def find_pacts(power: str, day: str, states: Iterable[str], spec: ActsSpec) -> pd.DataFrame:
    """Find who had a pact with a power on a day.

    Parameters
    ----------
    power : str
        iso3 of the power.
    day : str
        YYYY-MM-DD, YYYY-MM or YYYY.
    states : iterable of str
        iso3 of the states.
    spec : ActsSpec
        How guarantees are coded. ``rio`` is left to the caller.

    Returns
    -------
    pd.DataFrame
        By state: ``pact`` (0/1), and ``rio`` (0/1): the pact is the Rio Treaty or the OAS Charter only.

    Notes
    -----
    To 2018 a pact counts in every year in which it was in force for a day, from its signature. Later changes
    count from their day.
    """
    day = f"{day}-12-31"[:10] if len(day) == 4 else f"{day}-28"[:10]
    year = min(int(day[:4]), LAST_YEAR)
    column = f"{spec.guarantee}_{power.lower()}"
    states = list(states)
    known = read_state_years().xs(year, level="year")
    found = known.reindex([FORMER.get(state, state) for state in states]).set_axis(states)
    pact = found[column].fillna(0).astype(int)
    if int(day[:4]) > LAST_YEAR:
        changes = read_changes()
        later = changes[(changes["power"] == power) & (changes["date"] <= day) & (changes["pact"] == 1)]
        for change, value in (("start", 1), ("end", 0)):
            pact[pact.index.isin(later.loc[later["change"] == change, "iso3"])] = value
    if power == "USA" and spec.compacts == "pact":
        guarantees = in_force(read_guarantees(), day)
        pact[pact.index.isin(guarantees.loc[guarantees["kind"] == COMPACT, "iso3"])] = 1
    if spec.paper == "none":
        paper = in_force(read_paper(), day)
        pact[pact.index.isin(paper.loc[paper["power"] == power, "iso3"])] = 0
    rio = pact * 0
    if power == "USA":
        rio = pact * ((found["pact_usa"] == 1) & (found["pact_usa_without_rio"] == 0)).astype(int)
    return pd.DataFrame({"pact": pact, "rio": rio})
