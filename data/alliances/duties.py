"""What each side of an unequal defence pact owes the other by treaty: written duties, counted."""

import numpy as np
import pandas as pd

from data.alliances.dyads import DUTIES, build_graph, find_alliances
from data.alliances.spec import US_CODE, ClaimsSpec

PACTS = ("us", "us bilateral", "hegemonic")


def measure_duties(dyads: pd.DataFrame, capabilities: pd.DataFrame, spec: ClaimsSpec) -> pd.DataFrame:
    """Measure what the protector and the partner owe each other, for every year of the later period.

    Returns
    -------
    pd.DataFrame
        ``year``; ``pacts`` (us: of the US; us bilateral: those of them that are not in a treaty of three or
        more; hegemonic: all pairs of which one is stronger by ``large_ratio``, and protects); ``n``: number
        of pairs; shares of them, 0 to 1: ``protector_owes_more``, ``partner_owes_more`` (more kinds of duty:
        defence, offence, consultation), ``only_protector_defends``, ``only_partner_defends``,
        ``partner_joins`` (owes the duty to join the protector's attacks), ``protector_joins``,
        ``partner_consults``.
    """
    pairs = dyads[dyads["year"].between(*spec.later)]
    with_us = pairs[(pairs["a"] == US_CODE) | (pairs["b"] == US_CODE)]
    parts = {"us": with_us.assign(protector=US_CODE)}
    parts["us bilateral"] = parts["us"][_find_bilateral(pairs, with_us)]
    power = capabilities[spec.capability].rename_axis(["state", "year"])
    a, b = (power.reindex(pd.MultiIndex.from_frame(pairs[[side, "year"]])).to_numpy() for side in ("a", "b"))
    ratio = np.maximum(a, b) / np.minimum(a, b)
    stronger = pairs.assign(protector=np.where(a > b, pairs["a"], pairs["b"]))
    parts["hegemonic"] = stronger[ratio >= spec.large_ratio]
    tables = [_share_duties(part).assign(pacts=name) for name, part in parts.items()]
    return pd.concat(tables).sort_values(["year", "pacts"], ignore_index=True)


def find_owing(dyads: pd.DataFrame) -> pd.Series:
    """Return whether each partner of the US owes it defence, bool, by ``year`` and ``ccode``."""
    with_us = dyads[(dyads["a"] == US_CODE) | (dyads["b"] == US_CODE)]
    first = with_us["a"] == US_CODE
    owes = np.where(first, with_us["b_bound"], with_us["a_bound"])
    index = pd.MultiIndex.from_arrays(
        [with_us["year"], np.where(first, with_us["b"], with_us["a"])], names=["year", "ccode"]
    )
    return pd.Series(owes, index, name="owes").sort_index()


def _find_bilateral(pairs: pd.DataFrame, with_us: pd.DataFrame) -> np.ndarray:
    """Return whether each pact of the US is an alliance of two."""
    two = {
        (year, *members)
        for year, of_year in pairs.groupby("year")
        for members in find_alliances(build_graph(of_year, year))
        if len(members) == 2
    }
    return np.array([row in two for row in with_us[["year", "a", "b"]].itertuples(index=False, name=None)])


def _share_duties(pairs: pd.DataFrame) -> pd.DataFrame:
    """Count duties by side, ``protector`` being one of the two."""
    first = (pairs["protector"] == pairs["a"]).to_numpy()
    owed = {
        side: {
            duty: np.where(first == is_protector, pairs[f"a_{duty}"], pairs[f"b_{duty}"]) for duty in DUTIES
        }
        for side, is_protector in (("protector", True), ("partner", False))
    }
    kinds = {side: sum(one.astype(int) for one in duties.values()) for side, duties in owed.items()}
    counted = pd.DataFrame(
        {
            "year": pairs["year"].to_numpy(),
            "protector_owes_more": kinds["protector"] > kinds["partner"],
            "partner_owes_more": kinds["partner"] > kinds["protector"],
            "only_protector_defends": owed["protector"]["bound"] & ~owed["partner"]["bound"],
            "only_partner_defends": owed["partner"]["bound"] & ~owed["protector"]["bound"],
            "partner_joins": owed["partner"]["offence"],
            "protector_joins": owed["protector"]["offence"],
            "partner_consults": owed["partner"]["consult"],
        }
    ).groupby("year")
    return counted.mean().assign(n=counted.size()).reset_index()
