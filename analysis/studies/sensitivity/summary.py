"""How far each choice moves the answer: pure functions of the table of variants."""

from itertools import combinations

import numpy as np
import pandas as pd

CONVINCING = 0.95
"""A variant agrees if its probability of a positive effect is above this."""


def pick_effect(table: pd.DataFrame, kind: str = "total", case: str = "pooled") -> pd.DataFrame:
    """Pick the average marginal effect of the highest guarantee level of each variant.

    Takes ``sensitivity.csv``, in which the levels of each variant rise, and ``total`` or ``direct``. Returns
    one row a variant, with ``level``. Failed variants have no numbers.
    """
    level = table["quantity"].str.extract(f"^ame_(.+)_{kind}$")[0]
    level = level.where(~level.fillna("").str.endswith("natural"))
    rows = table.assign(level=level)
    rows = rows[rows["level"].notna() & (rows["case"] == case)].groupby("variant", sort=False).tail(1)
    failed = table[table["status"] == "failed"]
    order = {name: k for k, name in enumerate(dict.fromkeys(table["variant"]))}
    both = pd.concat([rows, failed]).reset_index(drop=True)
    return both.sort_values("variant", key=lambda names: names.map(order), ignore_index=True)


def summarize_axes(table: pd.DataFrame) -> pd.DataFrame:
    """Summarize for each axis how far its choices move the mean effect, and how many of them agree.

    Returns ``axis`` (``all`` for all axes), ``effect`` (total, direct), ``case``; number of ``variants``, and
    how many ``failed``; ``main``: mean of the main analysis; ``lowest``, ``lowest_choice``, ``highest``,
    ``highest_choice``; ``range``; ``share_positive``: share of variants whose probability of a positive
    effect is above ``CONVINCING``. Failed variants count as not positive.
    """
    cases = [c for c in table["case"].dropna().unique() if c != "difference"]
    rows = []
    for kind in ("total", "direct"):
        for case in cases:
            picked = pick_effect(table, kind, case)
            main = picked[picked["axis"] == "main"]
            others = picked[picked["axis"] != "main"]
            for axis in ("all", *others["axis"].unique()):
                part = others if axis == "all" else others[others["axis"] == axis]
                rows.append(
                    {"axis": axis, "effect": kind, "case": case} | _summarize_axis(part, main["mean"])
                )
    return pd.DataFrame(rows)


def _summarize_axis(part: pd.DataFrame, main: pd.Series) -> dict:
    known = part[part["status"] == "ok"]
    row = {
        "variants": len(part),
        "failed": len(part) - len(known),
        "main": main.iloc[0] if len(main) else np.nan,
        "share_positive": (known["prob_positive"] > CONVINCING).sum() / len(part) if len(part) else np.nan,
    }
    if len(known):
        lowest, highest = known.loc[known["mean"].idxmin()], known.loc[known["mean"].idxmax()]
        row |= {"lowest": lowest["mean"], "lowest_choice": lowest["choice"]}
        row |= {"highest": highest["mean"], "highest_choice": highest["choice"]}
        row["range"] = highest["mean"] - lowest["mean"]
    return row


def split_variance(picked: pd.DataFrame) -> pd.DataFrame:
    """Split the variance of an effect in a crossed run over the choices and their pairs.

    On a full grid this is the analysis of variance: the terms are Sobol's indices of first and second order,
    with equal weights of all levels, and they add up. If combinations are impossible or failed, a term is the
    loss of fit without it, given all other terms up to its order.

    Takes rows of ``pick_effect`` in which ``axis`` and ``choice`` are joined by ``+``. Returns ``term`` (an
    axis, two axes joined by ``x``, ``three and more`` for the rest, ``posterior`` for the mean posterior
    variance within a variant), ``variance``, and ``share`` of the total. Raises ValueError if the variants
    are not from one crossed run.
    """
    known = picked[picked["status"] == "ok"]
    axes = known["axis"].iloc[-1].split("+")
    levels = known["choice"].str.split("+", expand=True)
    levels.loc[known["choice"] == "main"] = "main"
    if levels.shape[1] != len(axes):
        raise ValueError(
            "the table must come from one crossed run, in which each variant has a choice on every axis"
        )
    effect = known["mean"].to_numpy()
    mains = {(a,): pd.get_dummies(levels[a]).to_numpy(float) for a in range(len(axes))}
    pairs = {
        (a, b): pd.get_dummies(levels[a] + "+" + levels[b]).to_numpy(float)
        for a, b in combinations(range(len(axes)), 2)
    }
    rows = []
    for terms in (mains, mains | pairs):
        for term in terms:
            if len(term) == max(map(len, terms)):
                lost = _residual(effect, [m for t, m in terms.items() if t != term])
                kept = _residual(effect, list(terms.values()))
                rows.append({"term": " x ".join(axes[a] for a in term), "variance": lost - kept})
    rows.append({"term": "three and more", "variance": _residual(effect, list((mains | pairs).values()))})
    rows.append({"term": "posterior", "variance": float((known["sd"] ** 2).mean())})
    table = pd.DataFrame(rows)
    return table.assign(share=table["variance"] / table["variance"].sum())


def _residual(effect: np.ndarray, terms: list[np.ndarray]) -> float:
    """Return the mean squared residual of an effect after a least-squares fit of the terms."""
    design = np.concatenate([np.ones((len(effect), 1)), *terms], axis=1)
    fitted = design @ np.linalg.lstsq(design, effect, rcond=None)[0]
    return float(((effect - fitted) ** 2).mean())
