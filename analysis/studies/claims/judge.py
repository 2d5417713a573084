"""The verdict on a claim. Its rule (models/docs/claims.md) was written before any number was computed."""

from dataclasses import asdict

import numpy as np
import pandas as pd

from analysis.studies.claims.others import find_others
from analysis.studies.claims.rows import find_row
from analysis.studies.claims.table import load_claims

SURE = 0.95
"""A posterior supports the claim from this probability on, and contradicts it below 1 minus it."""
AGREEING = 0.8
"""Share of the variants and codings that must agree with the main analysis."""


def judge_posterior(prob: float, others: list[float]) -> str:
    """Judge a posterior from P(> 0) in the main analysis and in each variant or coding.

    Returns supported, contradicted, fragile or open; ``(main analysis only)`` is added if there is no
    variant.
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
    raise ValueError(f"{value} is not a number")


def combine(verdicts: list[str]) -> str:
    """Combine the verdicts on a claim's deciding quantities: the common one if they agree, else ``mixed``.

    If some could not be computed, the claim is not judged: ``not computed in full``.
    """
    if len(set(verdicts)) == 1:
        return verdicts[0]
    return "not computed in full" if "not computed" in verdicts else "mixed"


def judge(rows: pd.DataFrame, others: pd.DataFrame) -> pd.DataFrame:
    """Judge every deciding quantity and every claim, from the tables of ``tabulate`` and ``gather_others``.

    Returns ``claim, quantity, when, group, kind, words, mean, lower, upper, prob, others`` (number of codings
    and variants), ``agreeing`` (share of them that agree), ``verdict`` (``not computed`` if a part of the
    input is missing) and ``claim_verdict``.
    """
    judged = []
    for deciding in (quantity for claim in load_claims() for quantity in claim.deciding):
        entry = asdict(deciding)
        limit = entry.pop("limit")
        own = rows[rows["claim"] == deciding.claim]
        row = find_row(own, deciding.quantity, deciding.when, deciding.group)
        if row is None:
            judged.append(entry | {"others": 0, "verdict": "not computed"})
            continue
        same = find_others(others, deciding)
        if deciding.kind == "posterior":
            verdict = judge_posterior(row["prob"], same["prob"].tolist())
            agree = (same["prob"] > SURE) if row["prob"] > 0.5 else (same["prob"] < 1 - SURE)
        else:
            verdict = judge_description(row["mean"], same["mean"].tolist(), limit)
            agree = (same["mean"] > limit) == (row["mean"] > limit)
        numbers = {name: row[name] for name in ("mean", "lower", "upper", "prob")}
        agreeing = float(agree.mean()) if len(same) else np.nan
        judged.append(entry | numbers | {"others": len(same), "agreeing": agreeing, "verdict": verdict})
    table = pd.DataFrame(judged)
    table["claim_verdict"] = table.groupby("claim")["verdict"].transform(lambda v: combine(list(v)))
    return table
