"""Measure how unequal allies are, by pairs, alliances and states, and what a new ally adds."""

import numpy as np
import pandas as pd

from data.alliances.chance import expect_hegemonic
from data.alliances.dyads import build_graph, find_alliances, select_capability
from data.alliances.spec import US_CODE, ClaimsSpec

SCOPES = ("us", "other", "all")
WEIGHTS = ("states", "alliances", "pairs")
TYPES = ("balanced", "asymmetric", "hegemonic")


def measure_gini(capability: np.ndarray) -> float:
    """Gini coefficient of capabilities over members: 0 if all are equal, (n - 1) / n if one has all."""
    ordered = np.sort(capability)
    n = len(ordered)
    return float((2 * np.arange(1, n + 1) - n - 1) @ ordered / (n * ordered.sum()))


def measure_groups(dyads: pd.DataFrame, capabilities: pd.DataFrame, spec: ClaimsSpec) -> pd.DataFrame:
    """Measure every pair, every alliance, and every state with its strongest ally, in every year of the spec.

    Returns
    -------
    pd.DataFrame
        ``weight`` (states, alliances, pairs); ``scope`` (us: with the US; other: without it; for states also
        all: the strongest ally of either kind); ``year``; ``first, second, total``: capabilities of the
        strongest member, of the next and of all; ``size``: number of members, of a state its allies and
        itself; ``own``: capability of the state that is counted; ``gini``; ``one_way`` (of a pair only one is
        bound). States of unknown capability are left out. Among the allies of the US, the US is not counted.
    """
    power = capabilities[spec.capability].where(lambda values: values > 0).dropna()
    pairs = dyads[dyads["year"].between(spec.earlier[0], spec.later[1])]
    for side in ("a", "b"):
        power_of_side = power.rename(f"power_{side}").rename_axis([side, "year"])
        pairs = pairs.join(power_of_side, on=[side, "year"], how="inner")
    with_us = ((pairs["a"] == US_CODE) | (pairs["b"] == US_CODE)).map({True: "us", False: "other"})
    pairs = pairs.assign(scope=with_us, one_way=pairs["a_bound"] != pairs["b_bound"])
    parts = [_measure_pairs(pairs).assign(weight="pairs", size=2, one_way=pairs["one_way"])]
    for scope in SCOPES:
        chosen = pairs if scope == "all" else pairs[pairs["scope"] == scope]
        states = _pair_with_strongest(chosen, without=US_CODE if scope == "us" else None)
        both = {"size": states["size"], "own": states["power_a"], "weight": "states", "scope": scope}
        parts.append(_measure_pairs(states).assign(**both))
    rows = []
    for year, of_year in pairs.groupby("year"):
        known = power.xs(year, level="year").to_dict()
        for members in find_alliances(build_graph(of_year, year)):
            values = np.sort([known[state] for state in members])[::-1]
            scope = "us" if US_CODE in members else "other"
            rows.append((year, scope, len(values), *values[:2], values.sum(), measure_gini(values)))
    columns = ["year", "scope", "size", "first", "second", "total", "gini"]
    parts.append(pd.DataFrame(rows, columns=columns).assign(weight="alliances"))
    return pd.concat(parts, ignore_index=True)


def _measure_pairs(pairs: pd.DataFrame) -> pd.DataFrame:
    """Measure groups of two, which need no sorting."""
    first, second = pairs[["power_a", "power_b"]].max(axis=1), pairs[["power_a", "power_b"]].min(axis=1)
    total = first + second
    measures = {"first": first, "second": second, "total": total, "gini": (first - second) / (2 * total)}
    return pairs[["year", "scope"]].assign(**measures)


def _pair_with_strongest(pairs: pd.DataFrame, without: int | None) -> pd.DataFrame:
    """Pair each state but one with its strongest ally; ``size`` counts itself and its allies."""
    turned = pairs.rename(columns={"a": "b", "b": "a", "power_a": "power_b", "power_b": "power_a"})
    both = pd.concat([pairs, turned], ignore_index=True).sort_values(["year", "a", "power_b", "b"])
    both["size"] = 1 + both.groupby(["year", "a"])["b"].transform("size")
    return both[both["a"] != without].drop_duplicates(["year", "a"], keep="last")


def summarize_balance(groups: pd.DataFrame, capabilities: pd.DataFrame, spec: ClaimsSpec) -> pd.DataFrame:
    """Summarise ``measure_groups``: the inequality of allies for every year.

    A treaty of thirty members is one alliance, 435 pairs and thirty states. The result depends on which is
    counted, so all three are. The inequality of a pair or an alliance is the capability of its strongest
    member over the next (or the rest); that of a state is between it and its strongest ally.

    Returns
    -------
    pd.DataFrame
        ``year, scope, weight``, ``n``, ``balanced, asymmetric, hegemonic`` (shares, 0 to 1),
        ``median_ratio``, ``leader_share`` (mean share of the strongest member in the capabilities of all
        members), ``gini`` (mean), ``one_way`` (share of pairs; NaN for other weights), ``hegemonic_random``:
        expected share if the members were drawn at random (``data.alliances.chance``). NaN for alliances of
        the US, which are no random ones by definition, and where a leader is compared with all others.
    """
    others = {"next": groups["second"], "rest": groups["total"] - groups["first"]}
    ratio = groups["first"] / others[spec.leader_against]
    kind = np.digitize(ratio, [spec.medium_ratio, spec.large_ratio])
    measured = groups.assign(
        n=1,
        ratio=ratio,
        leader_share=groups["first"] / groups["total"],
        one_way=groups["one_way"].astype(float),
        **{name: (kind == number).astype(float) for number, name in enumerate(TYPES)},
    )
    whole = measured[measured["weight"] != "states"].assign(scope="all")
    grouped = pd.concat([measured, whole]).groupby(["year", "scope", "weight"])
    means = grouped[[*TYPES, "leader_share", "gini", "one_way"]].mean()
    summary = means.assign(n=grouped["n"].sum(), median_ratio=grouped["ratio"].median())
    allied = dict(list(groups[groups["weight"] == "states"].groupby(["year", "scope"])["own"]))
    expected = {}
    for (year, scope, weight), part in grouped:
        if scope == "us" or (weight == "alliances" and spec.leader_against == "rest"):
            continue
        drawn = allied[year, scope]
        if spec.draw_from == "all":
            drawn = select_capability(capabilities, year, spec)
            drawn = drawn if scope == "all" else drawn.drop(US_CODE, errors="ignore")
        expected[year, scope, weight] = expect_hegemonic(
            drawn.to_numpy(), part["size"].to_numpy(int), spec.large_ratio, own=weight == "states"
        )
    return summary.assign(hegemonic_random=pd.Series(expected)).sort_index().reset_index()


def measure_accessions(dyads: pd.DataFrame, capabilities: pd.DataFrame, spec: ClaimsSpec) -> pd.DataFrame:
    """Measure what each state added when it became an ally of the US.

    Returns
    -------
    pd.DataFrame
        ``year, ccode``; ``added_share``: its share of the capabilities of the US and all its allies, itself
        included; ``balance_without, balance_with``: capabilities of the US and its allies, without and with
        it, over those of the strongest state outside (the same in both). One row per first year of an
        alliance after the first of ``later``; an alliance that ends and begins again has several.
    """
    rows, before = [], None
    for year in range(spec.later[0], spec.later[1] + 1):
        power = select_capability(capabilities, year, spec)
        graph = build_graph(dyads, year)
        allies = set(graph[US_CODE]) if US_CODE in graph else set()
        if before is not None and US_CODE in power.index:
            camp = power[power.index.isin(allies | {US_CODE})]
            rival = power[~power.index.isin(allies | {US_CODE})].max()
            for state in sorted((allies - before) & set(power.index)):
                without = camp.sum() - power[state]
                rows.append((year, state, power[state] / camp.sum(), without / rival, camp.sum() / rival))
        before = allies
    columns = ["year", "ccode", "added_share", "balance_without", "balance_with"]
    return pd.DataFrame(rows, columns=columns)
