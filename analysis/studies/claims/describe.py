"""What is counted, from the shipped tables: unequal allies, the hub's network, goods given and received."""

import pandas as pd
import xarray as xr

from analysis.studies.claims.rows import CHANGE, describe
from data.alliances.spec import ClaimsSpec
from data.load import load_alliances
from data.spec import TIERS


def describe_asymmetry() -> list[pd.DataFrame]:
    """Describe the claim ``asymmetry``: inequality by year, its change in each coding, accessions."""
    balance, codings = load_alliances("balance.csv"), load_alliances("codings.csv")
    parts = []
    for (scope, weight), table in balance.groupby(["scope", "weight"]):
        by_year = table.set_index("year")
        for column in ("balanced", "asymmetric", "hegemonic", "leader_share", "gini", "one_way"):
            parts.append(describe("asymmetry", column, by_year[column], "share", group=f"{scope} {weight}"))
        ratio = by_year["median_ratio"]
        parts.append(describe("asymmetry", "median_ratio", ratio, "ratio", group=f"{scope} {weight}"))
    hegemonic = codings[codings["type"] == "hegemonic"].assign(change=lambda t: t["last"] - t["first"])
    for (coding, scope, weight), table in hegemonic.groupby(["coding", "scope", "weight"], sort=False):
        change = pd.Series([table["change"].item()], [CHANGE])
        group = f"{scope} {weight}"
        parts.append(describe("asymmetry", "hegemonic_change", change, "share", group=group, coding=coding))
    accessions = load_alliances("accessions.csv")
    added = accessions.groupby("year")["added_share"].sum()
    parts.append(describe("asymmetry", "added_by_accessions", added, "share"))
    single = accessions["added_share"]
    shares = {"median": single.median(), "largest": single.max(), "above 1 %": (single > 0.01).mean()}
    return [*parts, describe("asymmetry", "added_share", pd.Series(shares), "share")]


def describe_one_way() -> list[pd.DataFrame]:
    """Describe for the claim ``formality`` the share of allied pairs in which only one state is bound."""
    balance = load_alliances("balance.csv").query("weight == 'pairs'")
    return [
        describe("formality", "one_way", table.set_index("year")["one_way"], "share", group=f"{scope} pairs")
        for scope, table in balance.groupby("scope")
    ]


def describe_hierarchy() -> list[pd.DataFrame]:
    """Describe the network for the claim ``hierarchy``, by year and part of the world."""
    parts = []
    for theatre, table in load_alliances("network.csv").groupby("theatre"):
        by_year = table.set_index("year")
        for column in ("hub_share", "centralisation", "density", "clustering"):
            parts.append(describe("hierarchy", column, by_year[column], "share", group=theatre))
        for column in ("clients", "ties"):
            parts.append(describe("hierarchy", column, by_year[column], "states", group=theatre))
    return parts


def describe_goods(panel: xr.Dataset, spec: ClaimsSpec, votes: pd.DataFrame) -> list[pd.DataFrame]:
    """Describe the claim ``goods``: what states of each capability give and receive, with a pact and without.

    Takes the panel, the number of US troops from which a state counts as a host, and the table of
    ``share_with_us``. ``when`` is a case; ``group`` is a capability group with ``, pact`` or ``, no pact``.
    Given: shares of the states that were named, sent soldiers, fought (that tier or a higher one), and the
    mean share of votes with the US. Received: shares of the states with a pact, with troops, and with more US
    aid than the median state of the case.
    """
    names = ["included", "tier", "guarantee", "capability_group"]
    table = panel[names].to_dataframe().reset_index()[["case", "state", *names]]
    for name in ("troops", "aid"):
        one = panel["characteristics"].sel(characteristic=name, drop=True).to_dataframe(name)[name]
        table = table.merge(one.reset_index()[["case", "state", name]], on=["case", "state"])
    table = table[table["included"]].merge(votes, on=["case", "state"], how="left")
    table["pact"] = table["guarantee"] == "pact"
    table["hosts_troops"] = table["troops"] >= spec.troops_at_least
    table["aid_above_median"] = table["aid"] > table.groupby("case")["aid"].transform("median")
    for level, tier in enumerate(TIERS[1:], start=1):
        table[f"gives_{tier}"] = table["tier"] >= level
    parts = []
    given = [f"gives_{tier}" for tier in TIERS[1:]]
    for (group, pact), rows in table.groupby(["capability_group", "pact"]):
        by_case = rows.groupby("case")
        name = f"{group}, {'pact' if pact else 'no pact'}"
        for column in (*given, "hosts_troops", "aid_above_median", "with_us"):
            parts.append(describe("goods", column, by_case[column].mean(), "share", group=name))
        parts.append(describe("goods", "states", by_case.size(), "states", group=name))
    for group, rows in table.groupby("capability_group"):
        parts.append(describe("goods", "has_pact", rows.groupby("case")["pact"].mean(), "share", group=group))
    return parts


def share_with_us(votes: dict[str, xr.Dataset]) -> pd.DataFrame:
    """Compute the share of each state's votes that agreed with the US, from the votes by case.

    Returns ``case, state, with_us`` (0 to 1). At agenda granularity the tallies count a vote against a
    resolution on which the US abstained as agreement. Items on which the US was absent are left out.
    """
    parts = []
    for case, dataset in votes.items():
        counts = dataset["counts"]
        if "with" in counts["response"]:
            with_us = counts.sel(response="with", drop=True)
        else:
            voted = dataset["us_vote"].isin(counts["response"].values)
            counts = counts.isel(item=voted.values)
            answer = xr.DataArray(dataset["us_vote"].values[voted.values], dims="item")
            with_us = counts.sel(response=answer, drop=True)
        share = with_us.sum("item") / counts.sum(("item", "response"))
        state = share["state"].values
        parts.append(pd.DataFrame({"case": case, "state": state, "with_us": share.values}))
    return pd.concat(parts, ignore_index=True)
