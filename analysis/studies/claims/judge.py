"""The verdict on a claim, by the rule that models/README.md wrote down before the numbers."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from analysis.studies.claims.rows import MAIN_CODING, find_row

SURE = 0.95
"""Probability from which a posterior is on the claim's side; 1 less it, on the other."""
AGREEING = 0.8
"""Share of the variants that must say the same."""


@dataclass(frozen=True)
class Deciding:
    """A quantity by which a claim is judged, named before it was computed.

    Attributes
    ----------
    claim, quantity, when, group : str
        The row of claims.csv.
    kind : {"posterior", "description"}
    words : str
        What it is, for a sentence.
    limit : float
        The claim says that the quantity is above it; 0 for a posterior.
    """

    claim: str
    quantity: str
    when: str
    group: str
    kind: Literal["posterior", "description"]
    words: str
    limit: float = 0.0


DECIDING = (
    Deciding(
        "asymmetry",
        "hegemonic_change",
        "last less first",
        "all states",
        "description",
        "change in the share of states whose alliance is hegemonic",
    ),
    Deciding(
        "goods",
        "adds_political",
        "pooled",
        "small",
        "posterior",
        "what a pact adds to small states' probability of giving political support or more",
    ),
    Deciding(
        "goods",
        "adds_military",
        "pooled",
        "middle less small",
        "posterior",
        "what a pact adds to the probability of giving soldiers or more, middle less small states",
    ),
    Deciding(
        "unpopular",
        "ame_pact_total",
        "difference",
        "all",
        "posterior",
        "effect of a pact on joining, Iraq less ISIS",
    ),
    Deciding(
        "unpopular",
        "alignment_pact_alone_less_others",
        "pooled",
        "all",
        "posterior",
        "what a pact adds to alignment where the US stands nearly alone, less on other resolutions",
    ),
    Deciding(
        "formality",
        "pact_less_informal",
        "pooled",
        "all",
        "posterior",
        "effect on joining of a pact less that of informal ties",
    ),
    Deciding(
        "hierarchy",
        "centralisation",
        "2018",
        "World",
        "description",
        "degree centralisation of the network of the US and its clients",
        limit=0.5,
    ),
    Deciding(
        "hierarchy",
        "pact_less_ally_of_client",
        "pooled",
        "all",
        "posterior",
        "effect on joining of a pact with the US less that of an alliance with one of its clients only",
    ),
)


def judge_posterior(prob: float, others: list[float]) -> str:
    """Judge a posterior.

    Parameters
    ----------
    prob : float
        P(> 0) in the main analysis.
    others : list of float
        The same in each variant.

    Returns
    -------
    str
        supported, contradicted, fragile or open; with ``(main analysis only)`` where there is no variant.
    """
    for word, is_sure in (
        ("supported", lambda p: p > SURE),
        ("contradicted", lambda p: p < 1 - SURE),
    ):
        if is_sure(prob):
            if not others:
                return f"{word} (main analysis only)"
            return word if np.mean([is_sure(p) for p in others]) >= AGREEING else "fragile"
    return "open"


def judge_description(value: float, others: list[float], limit: float) -> str:
    """Judge a description: as claimed, not as claimed, or depends on the coding."""
    for word, on_side in (
        ("as claimed", lambda v: v > limit),
        ("not as claimed", lambda v: v <= limit),
    ):
        if on_side(value):
            agree = not others or np.mean([on_side(v) for v in others]) >= AGREEING
            return word if agree else "depends on the coding"
    raise ValueError(f"{value} is no number")


def combine(verdicts: list[str]) -> str:
    """The verdict of a claim with several deciding quantities: theirs if they agree, else mixed.

    Where some could not be computed they neither agree nor disagree: the claim is not judged.
    """
    if len(set(verdicts)) == 1:
        return verdicts[0]
    return "not computed in full" if "not computed" in verdicts else "mixed"


def gather_others(rows: pd.DataFrame, elsewhere: pd.DataFrame) -> pd.DataFrame:
    """Each quantity as the main analysis did not have it: in the claim's other codings, and in variants.

    Parameters
    ----------
    rows : pd.DataFrame
        The main analysis' rows of claims.csv.
    elsewhere : pd.DataFrame
        Rows of the same columns from variants, with ``variant``; empty where none was run.

    Returns
    -------
    pd.DataFrame
        ``claim, quantity, when, group``, as in the main coding, with ``mean, prob, other`` (its name).
    """
    columns = ["claim", "quantity", "when", "group", "mean", "prob", "other"]
    codings = rows[rows["coding"] != MAIN_CODING].assign(other=lambda table: table["coding"])
    if elsewhere.empty:
        return codings[columns]
    variants = elsewhere[elsewhere["coding"] == MAIN_CODING].assign(other=elsewhere["variant"])
    return pd.concat([codings[columns], variants[columns]], ignore_index=True)


def add_sign_shares(rows: pd.DataFrame, others: pd.DataFrame) -> pd.DataFrame:
    """Add to each posterior of the main coding the share of variants and codings in which its sign holds.

    Returns
    -------
    pd.DataFrame
        With ``sign_share`` (0 to 1; NaN where there is no other) and ``variants`` (their number).
    """
    key = ["claim", "quantity", "when", "group"]
    main = rows["coding"] == MAIN_CODING
    own = rows[main & (rows["kind"] == "posterior")][[*key, "mean"]]
    pairs = others.merge(own, on=key, suffixes=("", "_main"))
    same = (np.sign(pairs["mean"]) == np.sign(pairs["mean_main"])).groupby([pairs[k] for k in key])
    found = pd.DataFrame({"sign_share": same.mean(), "variants": same.size()}).reset_index()
    merged = rows.merge(found, on=key, how="left")
    merged["variants"] = merged["variants"].fillna(0).astype(int)
    merged.loc[~main, ["sign_share", "variants"]] = [np.nan, 0]
    return merged


def judge(rows: pd.DataFrame, others: pd.DataFrame) -> pd.DataFrame:
    """The verdict on every deciding quantity, and on every claim.

    Parameters
    ----------
    rows : pd.DataFrame
        Rows of claims.csv of the main analysis.
    others : pd.DataFrame
        From ``gather_others``.

    Returns
    -------
    pd.DataFrame
        ``claim, quantity, when, group, kind, words, mean, lower, upper, prob, others`` (their number),
        ``agreeing`` (share of them that say the same), ``verdict`` (``not computed`` where a part of the
        input is missing) and ``claim_verdict``.
    """
    judged = []
    for deciding in DECIDING:
        row = find_row(
            rows[rows["claim"] == deciding.claim], deciding.quantity, deciding.when, deciding.group
        )
        entry = {
            name: getattr(deciding, name) for name in ("claim", "quantity", "when", "group", "kind", "words")
        }
        if row is None:
            judged.append(entry | {"others": 0, "verdict": "not computed"})
            continue
        same = others
        for name in ("claim", "quantity", "when", "group"):
            same = same[same[name] == entry[name]]
        if deciding.kind == "posterior":
            verdict = judge_posterior(row["prob"], same["prob"].tolist())
            agree = (same["prob"] > SURE) if row["prob"] > 0.5 else (same["prob"] < 1 - SURE)
        else:
            verdict = judge_description(row["mean"], same["mean"].tolist(), deciding.limit)
            agree = (same["mean"] > deciding.limit) == (row["mean"] > deciding.limit)
        numbers = {name: row[name] for name in ("mean", "lower", "upper", "prob")}
        agreeing = float(agree.mean()) if len(same) else np.nan
        judged.append(entry | numbers | {"others": len(same), "agreeing": agreeing, "verdict": verdict})
    table = pd.DataFrame(judged)
    table["claim_verdict"] = table.groupby("claim")["verdict"].transform(lambda v: combine(list(v)))
    return table
