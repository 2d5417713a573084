"""How far each choice moves the answer: pure functions of the table of variants."""

from itertools import combinations

import numpy as np
import pandas as pd

from analysis.pipeline.robustness import count_fits, pick_effect


def summarize_axes(table: pd.DataFrame) -> pd.DataFrame:
    """Summarize for each axis how far its choices move the mean effect, and in how many fits it is positive.

    Takes ``sensitivity.csv``. Returns ``axis`` (``all`` for all axes), then the fields of
    ``analysis.pipeline.robustness.Robustness`` for each of the effects ``total`` and ``direct`` in each
    case, with ``lowest_choice`` and ``highest_choice`` in place of variants, and ``range``. The ends of an
    axis include the main analysis; they are missing where no choice can move the effect.
    """
    cases = [case for case in table["case"].dropna().unique() if case != "difference"]
    choices = table.drop_duplicates("variant").set_index("variant")["choice"]
    rows = []
    for effect in ("total", "direct"):
        for case in cases:
            picked = pick_effect(table, effect, case)
            main, others = picked[picked["axis"] == "main"], picked[picked["axis"] != "main"]
            for axis in ("all", *others["axis"].unique()):
                part = others if axis == "all" else others[others["axis"] == axis]
                found = count_fits(pd.concat([main, part]), effect, case)
                row = {"axis": axis} | found._asdict()
                for end in ("lowest", "highest"):
                    row[f"{end}_choice"] = choices.get(row.pop(f"{end}_variant"), "")
                    if not found.fits:
                        row |= {end: np.nan, f"{end}_choice": ""}
                rows.append(row | {"range": row["highest"] - row["lowest"]})
    return pd.DataFrame(rows)


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
