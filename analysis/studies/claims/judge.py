"""The verdict on a claim. Its rule (models/docs/claims.md) was written before any number was computed."""

from dataclasses import asdict

import numpy as np
import pandas as pd

from analysis.studies.claims.others import find_others
from analysis.studies.claims.rows import find_row
from analysis.studies.claims.table import Deciding, load_claims

SURE = 0.95
"""A posterior supports the claim from this probability on, and contradicts it below 1 minus it."""
MOST_FALSE = 0.1
"""Most false signs expected among all that are called sure, over all claims."""
AGREEING = 0.8
"""Share of the variants and codings that must agree with the main analysis."""


def find_sure(prob: pd.Series) -> pd.Series:
    """Find the quantities whose signs are sure, all judged together, from P(> 0) of each.

    The error of a sign is the smaller of P(> 0) and its complement. From the smallest on they are added up; a
    sign is sure if its own error is below 0.05 and the sum does not exceed ``MOST_FALSE``. NaN is not sure.
    """
    error = np.minimum(prob, 1 - prob).sort_values()
    return ((error < 1 - SURE) & (error.cumsum() <= MOST_FALSE)).reindex(prob.index)


def judge_posterior(prob: float, others: list[float], *, sure: bool) -> str:
    """Judge a posterior from P(> 0) in the main analysis and in each variant or coding.

    ``sure`` is from ``find_sure``. Returns supported, contradicted, fragile or open; ``(main analysis only)``
    is added if there is no variant.
    """
    for word, is_sure in (
        ("supported", lambda p: p > SURE),
        ("contradicted", lambda p: p < 1 - SURE),
    ):
        if sure and is_sure(prob):
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


def bound_joint(prob: pd.Series) -> float:
    """Bound the probability that all of some quantities are above 0, from P(> 0) of each.

    NaN if there is none. One less the sum of the probabilities of the opposite, whatever their dependence
    (Bonferroni).
    """
    return max(0.0, 1 - float((1 - prob).sum())) if len(prob) else np.nan


def combine(verdicts: list[str], prob: pd.Series) -> str:
    """Combine the verdicts on a claim's deciding quantities: the common one if they agree, else ``mixed``.

    ``prob`` has P(> 0) of its posteriors. If these agree one by one, but are not sure to hold together, the
    claim is ``open``. If some could not be computed, it is not judged: ``not computed in full``.
    """
    if len(set(verdicts)) > 1:
        return "not computed in full" if "not computed" in verdicts else "mixed"
    word = verdicts[0]
    against = {"supported": prob, "contradicted": 1 - prob}.get(word.split(" ")[0])
    return "open" if against is not None and bound_joint(against) <= SURE else word


def judge(rows: pd.DataFrame, others: pd.DataFrame) -> pd.DataFrame:
    """Judge every deciding quantity and every claim, from the tables of ``tabulate`` and ``gather_others``.

    Returns ``claim, quantity, when, group, kind, words, no_effect, mean, lower, upper, prob, others`` (number
    of codings and variants), ``agreeing`` (share of them that agree), ``sure`` (all claims judged together),
    ``verdict`` (``not computed`` if a part of the input is missing), ``claim_verdict`` and ``together``
    (lower bound of the probability that all posteriors of the claim are above 0).
    """
    found = {deciding: _find_own(rows, deciding) for claim in load_claims() for deciding in claim.deciding}
    prob = {d: row["prob"] for d, row in found.items() if row is not None and d.kind == "posterior"}
    sure = find_sure(pd.Series(prob.values(), range(len(prob)), float)).tolist()
    sure = dict(zip(prob, sure, strict=True))
    judged = []
    for deciding, row in found.items():
        entry = asdict(deciding)
        limit = entry.pop("limit")
        if row is None:
            judged.append(entry | {"others": 0, "verdict": "not computed"})
            continue
        same = find_others(others, deciding)
        if deciding.kind == "posterior":
            verdict = judge_posterior(row["prob"], same["prob"].tolist(), sure=sure[deciding])
            entry["sure"] = sure[deciding]
            agree = (same["prob"] > SURE) if row["prob"] > 0.5 else (same["prob"] < 1 - SURE)
        else:
            verdict = judge_description(row["mean"], same["mean"].tolist(), limit)
            agree = (same["mean"] > limit) == (row["mean"] > limit)
        numbers = {name: row[name] for name in ("mean", "lower", "upper", "prob")}
        agreeing = float(agree.mean()) if len(same) else np.nan
        judged.append(entry | numbers | {"others": len(same), "agreeing": agreeing, "verdict": verdict})
    table = pd.DataFrame(judged)
    for part in (table.loc[rows] for rows in table.groupby("claim").groups.values()):
        posterior = part.loc[(part["kind"] == "posterior") & part["mean"].notna(), "prob"]
        table.loc[part.index, "claim_verdict"] = combine(part["verdict"].tolist(), posterior)
        table.loc[part.index, "together"] = bound_joint(posterior)
    return table


def _find_own(rows: pd.DataFrame, deciding: Deciding) -> pd.Series | None:
    own = rows[rows["claim"] == deciding.claim]
    return find_row(own, deciding.quantity, deciding.when, deciding.group)
