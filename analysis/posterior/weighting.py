"""The second estimator on a panel, and where it and the model of joining disagree.

The rule is in models/docs/weighting.md.
"""

import numpy as np
import pandas as pd
import xarray as xr

from analysis.posterior.effects import contrast_cases
from analysis.posterior.joining import ALL, pool_cases
from analysis.posterior.summaries import summarize_draws
from analysis.variants.sampler import derive_seed
from models.panel import PanelData, prepare_panel_data
from models.weighting import (
    Compared,
    count_effective,
    draw_weights,
    estimate_effects,
    select_compared,
    weigh_controls,
)

DRAWS = 1000
"""Draws of the Bayesian bootstrap."""
KINDS = ("att", "ate", "ato", "raw")
UNITS = ("state", "subregion")
"""Who shares a weight: each state has its own, or all states of a subregion have one."""
COLUMNS = ["quantity", "case", "mean", "sd", "lower", "upper", "prob_positive", "unit"]
COLUMNS += ["treated", "controls", "effective_controls"]
SURE = 0.95
"""Probability of a direction from which an estimator is sure of it."""


def weigh_panel(panel: xr.Dataset, seed: int, missing: str = "refuse") -> pd.DataFrame:
    """Estimate the effect of every guarantee level by weighting: the table ``weighting.csv``.

    Parameters
    ----------
    panel : xr.Dataset
        Panel, see ``data.load.load_panel``.
    seed : int
        Seed of the run.
    missing : str
        As in ``models.panel.prepare_panel_data``. Missing covariates are set to their mean.

    Returns
    -------
    pd.DataFrame
        One row per ``quantity`` (``att_<level>``, ...), ``case`` (with ``pooled`` and ``difference``) and
        ``unit``: ``mean, sd, lower, upper, prob_positive``, and of a case ``treated``, ``controls`` and
        ``effective_controls``. A level without overlap regions in a case has no row there.
    """
    data, parts = prepare_panel_data(panel, missing), []
    for number, level in enumerate(map(str, data.level)):
        compared = [select_case(data, case, number) for case in range(len(data.case))]
        counts = _count(compared, data.case)
        for unit in UNITS:
            draws = _draw_effects(data, compared, unit, derive_seed(seed, "weighting", level, unit))
            for kind, effect in draws.items():
                found = effect[effect.notnull().all("sample")]
                if not found.sizes["case"]:
                    continue
                table = summarize_draws(found)
                table["prob_positive"] = (found > 0).mean("sample").values
                table.insert(0, "quantity", f"{kind}_{level}")
                parts.append(table.assign(unit=unit).merge(counts, on="case", how="left"))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=COLUMNS)


def select_case(data: PanelData, case: int, level: int) -> Compared:
    """Select the states that are compared in one case, by the numbers of the case and of the level."""
    has = data.has_level[:, case] > 0
    control = ~has.any(0) & (data.included[case] == 1)
    return select_compared(data.joined[case], has[level], control, data.covariates[case], data.region_idx)


def find_disagreements(weighting: pd.DataFrame, effects: pd.DataFrame, level: str) -> dict[str, str]:
    """Say for each case in which way the two estimators disagree, by a rule fixed before they were compared.

    Parameters
    ----------
    weighting, effects : pd.DataFrame
        From ``weigh_panel``, and ``effects.csv``.
    level : str
        Guarantee level.

    Returns
    -------
    dict of str to str
        By case and for ``pooled``: ``size`` if the mean of the ATT by weighting lies outside the model's
        interval; ``direction`` if only one of them is sure of the direction (or both are, of opposite ones);
        ``both``; or an empty text where they agree. Cases without overlap regions are left out.
    """
    by_weights = weighting[(weighting["quantity"] == f"att_{level}") & (weighting["unit"] == UNITS[0])]
    by_model = effects[(effects["quantity"] == f"att_{level}_total") & (effects["group"] == ALL)]
    by_model = by_model.set_index("case")
    found = {}
    for other in by_weights.itertuples():
        if other.case == "difference" or other.case not in by_model.index:
            continue
        model = by_model.loc[other.case]
        size = not model["lower"] <= other.mean <= model["upper"]
        direction = _direction(other.prob_positive) != _direction(model["prob_positive"])
        found[other.case] = {(1, 1): "both", (1, 0): "size", (0, 1): "direction"}.get((size, direction), "")
    return found


def _direction(prob_positive: float) -> int:
    """Return 1 or -1 for a direction that is sure, else 0."""
    return int(prob_positive > SURE) - int(prob_positive < 1 - SURE)


def _draw_effects(data: PanelData, compared: list[Compared], unit: str, seed: int) -> xr.Dataset:
    """Draw each kind of effect (case, sample), the cases with the same weights of states."""
    rng = np.random.default_rng(seed)
    unit_idx = np.arange(len(data.state)) if unit == "state" else data.subregion_idx
    weight = draw_weights(unit_idx, DRAWS, rng)
    nothing = dict.fromkeys(KINDS, np.full(DRAWS, np.nan))
    by_case = [estimate_effects(c, weight[:, c.rows], rng) if len(c.rows) else nothing for c in compared]
    coords = {"case": [str(case) for case in data.case], "sample": np.arange(DRAWS)}
    return contrast_cases(
        xr.Dataset(
            {
                kind: pool_cases(xr.DataArray(np.stack([effects[kind] for effects in by_case]), coords))
                for kind in KINDS
            }
        )
    )


def _count(compared: list[Compared], cases: np.ndarray) -> pd.DataFrame:
    """Count the states of each case, and its effective controls."""
    counts = [
        (
            str(case),
            int(each.treated.sum()),
            int((1 - each.treated).sum()),
            count_effective(weigh_controls(each)) if len(each.rows) else 0.0,
        )
        for case, each in zip(cases, compared, strict=True)
    ]
    return pd.DataFrame(counts, columns=["case", "treated", "controls", "effective_controls"])
