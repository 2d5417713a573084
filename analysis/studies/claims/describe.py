"""What is counted, from the shipped tables: unequal allies, the hub's network, goods given and received."""

import pandas as pd
import xarray as xr

from analysis.studies.claims.rows import CHANGE, MAIN_CODING, describe, strongest_level
from data.alliances.spec import ClaimsSpec
from data.load import find_owing, load_alliances
from data.spec import TIERS

PACTS = "pacts of the US"


def describe_asymmetry() -> list[pd.DataFrame]:
    """Describe the claim ``asymmetry``: inequality by year, its change in each coding, accessions.

    ``hegemonic_change``: share of hegemonic alliances, mean of the later years less mean of the earlier.
    ``hegemonic_change_less_random``: the same less the change that is expected with partners at random.
    """
    balance, codings = load_alliances("balance.csv"), load_alliances("codings.csv").set_index("coding")
    parts = []
    for (scope, weight), table in balance.groupby(["scope", "weight"]):
        by_year = table.set_index("year")
        for column in ("balanced", "asymmetric", "hegemonic", "hegemonic_random", "leader_share", "gini"):
            parts.append(describe("asymmetry", column, by_year[column], "share", group=f"{scope} {weight}"))
        ratio = by_year["median_ratio"]
        parts.append(describe("asymmetry", "median_ratio", ratio, "ratio", group=f"{scope} {weight}"))
    raw = codings["later"] - codings["earlier"]
    random = codings["later_random"] - codings["earlier_random"]
    for quantity, change in (
        ("hegemonic_change", raw),
        ("hegemonic_change_random", random),
        ("hegemonic_change_less_random", raw - random),
    ):
        for coding, value in change.items():
            cell = {"group": "all states", "coding": coding}
            parts.append(describe("asymmetry", quantity, pd.Series([value], [CHANGE]), "points", **cell))
    for column in codings.columns:
        share = pd.Series([codings.loc[MAIN_CODING, column]], ["mean"])
        parts.append(describe("asymmetry", f"hegemonic_{column}", share, "share", group="all states"))
    accessions = load_alliances("accessions.csv")
    added = accessions.groupby("year")["added_share"].sum()
    parts.append(describe("asymmetry", "added_by_accessions", added, "share"))
    single = accessions["added_share"]
    shares = {"median": single.median(), "largest": single.max(), "above 1 %": (single > 0.01).mean()}
    return [*parts, describe("asymmetry", "added_share", pd.Series(shares), "share")]


def describe_duties(panel: xr.Dataset) -> list[pd.DataFrame]:
    """Describe for the claim ``formality`` what treaties bind each side to, and who joined without owing.

    ``us_owes_more``: share of pacts whose treaty binds the US to more kinds of duty than the partner, mean of
    the years. ``named``: share of the partners of a case that joined, by what they owe the US.
    """
    duties = load_alliances("duties.csv")
    us = duties[duties["pacts"] == "us"].set_index("year")
    more = duties.groupby("pacts")["protector_owes_more"].mean()
    codings = {
        MAIN_CODING: more["us"],
        **{f"in {year}": us.loc[year, "protector_owes_more"] for year in (1955, 2003, 2018)},
        "duties of defence only": us["only_protector_defends"].mean(),
        "bilateral pacts only": more["us bilateral"],
        "all hegemonic pacts": more["hegemonic"],
    }
    parts = [
        describe("formality", "us_owes_more", pd.Series([share], ["mean"]), "share", group=PACTS, coding=name)
        for name, share in codings.items()
    ]
    for column in ("only_protector_defends", "partner_owes_more", "partner_joins", "partner_consults"):
        parts.append(describe("formality", column, us[column], "share", group=PACTS))
    table = panel[["included", "joined", "guarantee"]].to_dataframe().reset_index()
    table = table[table["included"] & (table["guarantee"] == strongest_level(panel))]
    owes = find_owing(panel, load_alliances("closeness.csv")).to_series().rename("owes").reset_index()
    table = table.merge(owes, on=["case", "state"], how="left")
    words = {1.0: "partners bound to defend the US", 0.0: "partners not bound to"}
    table["duty"] = table["owes"].map(words).fillna("partners outside the record (Compacts)")
    for duty, rows in table.groupby("duty"):
        by_case = rows.groupby("case")["joined"]
        parts.append(describe("formality", "named", by_case.mean(), "share", group=duty))
        parts.append(describe("formality", "states", by_case.size(), "states", group=duty))
    return parts


def describe_hierarchy() -> list[pd.DataFrame]:
    """Describe the network for the claim ``hierarchy``, by year and part of the world.

    ``unlinked_less_random``: share of pairs of clients without a tie, less the same share if all ties without
    the US were placed at random.
    """
    network = load_alliances("network.csv")
    parts = []
    for theatre, table in network.groupby("theatre"):
        by_year = table.set_index("year")
        for column in ("hub_share", "centralisation", "density", "density_random", "clustering"):
            parts.append(describe("hierarchy", column, by_year[column], "share", group=theatre))
        for column in ("clients", "ties"):
            parts.append(describe("hierarchy", column, by_year[column], "states", group=theatre))
    less = network.set_index(["theatre", "year"]).eval("density_random - density")
    last = network["year"].max()
    codings = {MAIN_CODING: less["World", last]}
    codings |= {f"in {year}": less["World", year] for year in (1955, 1990, 2003)}
    there = network[(network["year"] == last) & (network["clients"] >= 3) & (network["theatre"] != "World")]
    codings |= {f"{theatre} only": less[theatre, last] for theatre in there["theatre"]}
    for coding, value in codings.items():
        cell = {"group": "World", "coding": coding}
        values = pd.Series([value], [str(last)])
        parts.append(describe("hierarchy", "unlinked_less_random", values, "points", **cell))
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
