"""One page a claim: what was measured, the result, what would have refuted it, other codings, limits."""

import numpy as np
import pandas as pd

from analysis.posterior.words import interval, number, percent, probability
from analysis.studies.claims.others import find_others
from analysis.studies.claims.rows import CHANGE, find_row
from analysis.studies.claims.table import load_claims


def write_pages(
    rows: pd.DataFrame, judged: pd.DataFrame, others: pd.DataFrame, missing: dict[str, list[str]]
) -> list[dict]:
    """Write the pages of all claims, ready for JSON.

    Takes the tables of ``tabulate``, ``judge`` and ``gather_others`` and, by claim, messages about what could
    not be computed. ``result`` and ``codings`` of a page are lists of sentences, ``missing`` lists messages.
    """
    pages = []
    for claim in load_claims():
        own, decided = rows[rows["claim"] == claim.name], judged[judged["claim"] == claim.name]
        pages.append(
            {
                "claim": claim.name,
                "title": claim.title,
                "measured": claim.measured,
                "result": [*_say_deciding(own, decided), *RESULTS[claim.name](own)],
                "verdict": decided["claim_verdict"].iloc[0],
                "refuted_by": claim.refuted_by,
                "codings": _say_codings(own, decided, others),
                "limits": claim.limits,
                "missing": missing.get(claim.name, []),
            }
        )
    return pages


def _say_deciding(rows: pd.DataFrame, decided: pd.DataFrame) -> list[str]:
    sentences = []
    for entry in decided.itertuples():
        row = find_row(rows, entry.quantity, entry.when, entry.group)
        if row is None:
            found = "not computed"
        elif entry.kind == "posterior":
            found = f"{say_interval(row)}. Verdict: {entry.verdict}"
        elif entry.when == CHANGE:
            found = f"{number(100 * row['mean'], 0, sign=True)} percentage points. Verdict: {entry.verdict}"
        else:
            found = f"{number(row['mean'])}. Verdict: {entry.verdict}"
        sentences.append(f"{_capital(entry.words)}: {found}.")
    return sentences


def _say_codings(rows: pd.DataFrame, decided: pd.DataFrame, others: pd.DataFrame) -> list[str]:
    sentences = []
    for entry in decided.itertuples():
        row = find_row(rows, entry.quantity, entry.when, entry.group)
        if row is not None:
            found = say_others(row, find_others(others, entry), row["unit"])
            sentences.append(f"{_capital(entry.words)}: {found}.")
    return sentences


def _capital(words: str) -> str:
    return words[0].upper() + words[1:]


def say_number(value: float, unit: str) -> str:
    """Say a number with its unit; a difference of probabilities is in percentage points, with its sign."""
    if unit == "points":
        return f"{number(100 * value, 0, sign=True)} points"
    if unit in ("share", "probability"):
        return percent(value)
    if unit in ("sd", "logits"):
        return f"{number(value, sign=True)} {unit}"
    return number(value, 0) if unit == "states" else f"{value:.3g}"


def say_interval(row: pd.Series) -> str:
    """Say a posterior: mean, 90 % interval, probability of being positive, share of others with its sign."""
    scale, digits = (100, 0) if row["unit"] == "points" else (1, 2)
    ends = interval(row["lower"], row["upper"], scale=scale, digits=digits)
    held = ""
    if row.get("variants", 0):
        held = f"; same sign in {percent(row['sign_share'])} of {row['variants']} variants and codings"
    sure = f"probability of being positive {probability(row['prob'])}"
    return f"{say_number(row['mean'], row['unit'])} (90 % interval {ends}; {sure}{held})"


def say(rows: pd.DataFrame, quantity: str, when: str, group: str = "all") -> str:
    """Say a probability or a share in percent, another posterior with its interval, or ``not computed``."""
    row = find_row(rows, quantity, when, group)
    if row is None:
        return "not computed"
    return percent(row["mean"]) if row["unit"] in ("share", "probability") else say_interval(row)


def say_others(main: pd.Series, others: pd.DataFrame, unit: str) -> str:
    """Say how other codings and variants change a number: the range, and those with another sign.

    Takes the row of the main coding, and the same quantity elsewhere (``mean, other``); returns a clause
    without a full stop.
    """
    if others.empty:
        return "no other coding or variant has been run"
    low, high = (say_number(getattr(others["mean"], end)(), unit) for end in ("min", "max"))
    turned = others[np.sign(others["mean"]) != np.sign(main["mean"])]
    names = ", ".join(turned["other"].iloc[:4]) + (", ..." if len(turned) > 4 else "")
    same = f"the sign is the same in {percent(1 - len(turned) / len(others))}"
    differs = f" and differs in {names}" if len(turned) else ""
    return f"{low} to {high} in {len(others)} other variants and codings; {same}{differs}"


def _say_asymmetry(rows: pd.DataFrame) -> list[str]:
    years = rows[rows["quantity"] == "hegemonic"]["when"].astype(int)
    first, last = str(years.min()), str(years.max())
    counted = [
        f"by {weight} {name}, {say(rows, 'hegemonic', first, f'{scope} {weight}')} and "
        f"{say(rows, 'hegemonic', last, f'{scope} {weight}')}"
        for weight in ("states", "alliances", "pairs")
        for scope, name in (("us", "with the US"), ("other", "without it"))
    ]
    median, largest = (find_row(rows, "added_share", when) for when in ("median", "largest"))
    return [
        f"Share of hegemonic alliances in {first} and {last}: {'; '.join(counted)}.",
        f"The median new ally of the US added {number(100 * median['mean'], 1)} % of the capabilities of the "
        f"US and its allies, the largest {percent(largest['mean'])}.",
    ]


def _say_goods(rows: pd.DataFrame) -> list[str]:
    sentences = []
    for tier in ("political", "military"):
        parts = []
        for group in ("small", "middle", "major"):
            with_pact, without = (
                say(rows, f"at_least_{tier}", "pooled", f"{group}, {level}") for level in ("pact", "none")
            )
            parts.append(f"{group} states {with_pact} with a pact, {without} without")
        sentences.append(f"Probability of at least {tier} support, both coalitions: {'; '.join(parts)}.")
    change = say(rows, "guarantee_capability", "pooled")
    sentences.append(f"Change of a pact's effect per standard deviation of log capability: {change}.")
    return sentences


def _say_unpopular(rows: pd.DataFrame) -> list[str]:
    return [
        f"Effect of a pact on joining: in Iraq {say(rows, 'ame_pact_total', 'iraq')}, against ISIS "
        f"{say(rows, 'ame_pact_total', 'isis')}.",
        f"Effect of a pact on alignment: where the US is nearly alone "
        f"{say(rows, 'alignment_pact_alone', 'pooled')}, on all other resolutions "
        f"{say(rows, 'alignment_pact_others', 'pooled')}.",
    ]


def _say_formality(rows: pd.DataFrame) -> list[str]:
    sentences = [
        f"Effect on joining: of a pact {say(rows, 'ame_pact', 'pooled')}, of informal ties on average "
        f"{say(rows, 'informal', 'pooled')}.",
        f"Effect on alignment, pact minus informal ties: "
        f"{say(rows, 'alignment_pact_less_informal', 'pooled')}.",
    ]
    one_way = rows[rows["quantity"] == "one_way"]
    if len(one_way):
        last = str(one_way["when"].astype(int).max())
        us, other = (say(rows, "one_way", last, f"{scope} pairs") for scope in ("us", "other"))
        sentences.append(
            f"Only one state was bound in {us} of pairs with the US and {other} of others ({last})."
        )
    return sentences


def _say_hierarchy(rows: pd.DataFrame) -> list[str]:
    parts = [
        f"{theatre} {number(find_row(rows, 'centralisation', '2018', theatre)['mean'])}"
        for theatre in ("Europe", "Asia-Pacific", "Americas")
    ]
    clients = [f"{find_row(rows, 'clients', year, 'World')['mean']:.0f}" for year in ("1946", "2018")]
    star = "1: a star, 0: all states have equally many ties"
    return [
        f"Clients of the US: {clients[0]} in 1946, {clients[1]} in 2018.",
        f"Degree centralisation in 2018 ({star}): {', '.join(parts)}.",
        f"Effect on joining of an alliance with a client only: {say(rows, 'ame_ally_of_client', 'pooled')}.",
        f"Effect of a pact in the same model: {say(rows, 'ame_pact', 'pooled')}.",
        f"Effect of ties among clients, per standard deviation, with the guarantee held constant: "
        f"{say(rows, 'client_ties_slope', 'pooled')}.",
    ]


RESULTS = {
    "asymmetry": _say_asymmetry,
    "goods": _say_goods,
    "unpopular": _say_unpopular,
    "formality": _say_formality,
    "hierarchy": _say_hierarchy,
}

# A claim without words would end `sfl claims` only after all of its fits.
if absent := {claim.name for claim in load_claims()} - set(RESULTS):
    raise ValueError(f"claims.toml: {', '.join(sorted(absent))} have no function in RESULTS of {__name__}")
