"""One page a claim: what was measured, the result, what would have refuted it, how the codings move it."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from analysis.studies.claims.describe import CHANGE
from analysis.studies.claims.rows import find_row
from analysis.studies.claims.words import say_effect, say_interval, say_level, say_others


@dataclass(frozen=True)
class Claim:
    """What is fixed of a claim's page; the rest comes from the numbers.

    Attributes
    ----------
    name, title : str
        Short name, and the claim in a sentence.
    measured, refuted_by, limits : str
        What was measured and on what; what would have refuted it; what it cannot tell.
    """

    name: str
    title: str
    measured: str
    refuted_by: str
    limits: str


def load_claims() -> tuple[Claim, ...]:
    """The claims in the order of claims.toml."""
    path = Path(__file__).with_name("claims.toml")
    return tuple(
        Claim(name, **text) for name, text in tomllib.loads(path.read_text(encoding="utf-8")).items()
    )


def write_pages(
    rows: pd.DataFrame, judged: pd.DataFrame, others: pd.DataFrame, missing: dict[str, list[str]]
) -> list[dict]:
    """The pages of all claims, ready for JSON.

    Parameters
    ----------
    rows : pd.DataFrame
        Rows of claims.csv.
    judged : pd.DataFrame
        From ``analysis.studies.claims.judge.judge``.
    others : pd.DataFrame
        From ``analysis.studies.claims.judge.gather_others``.
    missing : dict of str to list of str
        By claim, what could not be computed and how to get it.

    Returns
    -------
    list of dict
        ``claim, title, measured, result`` (list of sentences), ``verdict, refuted_by, codings`` (list),
        ``limits, missing`` (list).
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
            sentences.append(f"{_capital(entry.words)}: not computed.")
        elif entry.kind == "posterior":
            sentences.append(f"{_capital(entry.words)}: {say_interval(row)}: {entry.verdict}.")
        else:
            number = say_change(row["mean"]) if entry.when == CHANGE else f"{row['mean']:.2f}"
            sentences.append(f"{_capital(entry.words)}: {number}: {entry.verdict}.")
    return sentences


def _say_codings(rows: pd.DataFrame, decided: pd.DataFrame, others: pd.DataFrame) -> list[str]:
    sentences = []
    for entry in decided.itertuples():
        row = find_row(rows, entry.quantity, entry.when, entry.group)
        if row is None:
            continue
        same = others
        for name in ("claim", "quantity", "when", "group"):
            same = same[same[name] == getattr(entry, name)]
        sentences.append(f"{_capital(entry.words)}: {say_others(row, same, row['unit'])}.")
    return sentences


def _capital(words: str) -> str:
    return words[0].upper() + words[1:]


def say_change(value: float) -> str:
    """A change of a share in percentage points."""
    return f"{100 * value:+.0f} percentage points"


def _say_asymmetry(rows: pd.DataFrame) -> list[str]:
    years = rows[rows["quantity"] == "hegemonic"]["when"].astype(int)
    first, last = str(years.min()), str(years.max())
    counted = [
        f"by {weight} {say_level(rows, 'hegemonic', first, f'{scope} {weight}')} and "
        f"{say_level(rows, 'hegemonic', last, f'{scope} {weight}')} ({name})"
        for weight in ("states", "alliances", "pairs")
        for scope, name in (("us", "with the US"), ("other", "others"))
    ]
    median, largest = (find_row(rows, "added_share", when) for when in ("median", "largest"))
    return [
        f"Hegemonic in {first} and {last}: " + ", ".join(counted) + ".",
        f"A new ally of the US brought {100 * median['mean']:.1f} % of the capabilities of the "
        f"US and its allies at the median, {100 * largest['mean']:.0f} % at most.",
    ]


def _say_goods(rows: pd.DataFrame) -> list[str]:
    sentences = []
    for tier, words in (("political", "political support or more"), ("military", "soldiers or more")):
        parts = []
        for group in ("small", "middle", "major"):
            with_pact, without = (
                say_level(rows, f"at_least_{tier}", "pooled", f"{group}, {level}")
                for level in ("pact", "none")
            )
            parts.append(f"{group} states {with_pact} with a pact and {without} without")
        sentences.append(f"Probability of {words}, both coalitions: " + "; ".join(parts) + ".")
    change = say_effect(rows, "guarantee_capability", "pooled")
    sentences.append(f"Change of a pact's effect with a standard deviation of log capability: {change}.")
    return sentences


def _say_unpopular(rows: pd.DataFrame) -> list[str]:
    return [
        f"A pact adds to joining in Iraq {say_effect(rows, 'ame_pact_total', 'iraq')}, against ISIS "
        f"{say_effect(rows, 'ame_pact_total', 'isis')}.",
        f"It adds to alignment where the US stands nearly alone "
        f"{say_effect(rows, 'alignment_pact_alone', 'pooled')}, on all other resolutions "
        f"{say_effect(rows, 'alignment_pact_others', 'pooled')}.",
    ]


def _say_formality(rows: pd.DataFrame) -> list[str]:
    sentences = [
        f"A pact adds to joining {say_effect(rows, 'ame_pact', 'pooled')}, informal ties on average "
        f"{say_effect(rows, 'informal', 'pooled')}.",
        f"To alignment a pact adds, beyond informal ties, "
        f"{say_effect(rows, 'alignment_pact_less_informal', 'pooled')}.",
    ]
    one_way = rows[rows["quantity"] == "one_way"]
    if len(one_way):
        last = str(one_way["when"].astype(int).max())
        us, other = (say_level(rows, "one_way", last, f"{scope} pairs") for scope in ("us", "other"))
        sentences.append(
            f"In {last} only one of the two was bound in {us} of the pairs with the US, in {other} of others."
        )
    return sentences


def _say_hierarchy(rows: pd.DataFrame) -> list[str]:
    parts = [
        f"{theatre} {find_row(rows, 'centralisation', '2018', theatre)['mean']:.2f}"
        for theatre in ("Europe", "Asia-Pacific", "Americas")
    ]
    clients = [f"{find_row(rows, 'clients', year, 'World')['mean']:.0f}" for year in ("1946", "2018")]
    star = "1 a star, 0 all tied alike"
    return [
        f"Clients of the US: {clients[0]} in 1946, {clients[1]} in 2018.",
        f"Degree centralisation in 2018 ({star}): {', '.join(parts)}.",
        f"An alliance with a client only adds to joining {say_effect(rows, 'ame_ally_of_client', 'pooled')}.",
        f"A pact, in the same model: {say_effect(rows, 'ame_pact', 'pooled')}.",
        f"Ties among clients, per standard deviation, the guarantee held: "
        f"{say_effect(rows, 'client_ties_slope', 'pooled')}.",
    ]


RESULTS = {
    "asymmetry": _say_asymmetry,
    "goods": _say_goods,
    "unpopular": _say_unpopular,
    "formality": _say_formality,
    "hierarchy": _say_hierarchy,
}
