"""Verdicts on hidden causes: tipping strengths, comparison with measured causes, E-values."""

import numpy as np
import pandas as pd
import xarray as xr

from analysis.posterior.answers import state_outcomes
from analysis.posterior.draws import stack
from analysis.posterior.joining import average_contrasts
from analysis.posterior.summaries import interval
from analysis.studies.checks.bench import open_bench
from analysis.studies.checks.hidden.words import Strongest, find_strongest
from analysis.studies.checks.rows import row, to_table
from analysis.variants.variant import Variant


def make_judgement(panel: xr.Dataset, fits: list, variant: Variant, **run) -> pd.DataFrame:
    """Return rows that judge hidden causes in each case; ``fits``: stage 1, nested models, surface."""
    bench, nested, surface = open_bench(panel, fits, variant, **run), *fits[-2:]
    without, given = state_outcomes(stack(nested["guarantee"].dataset), bench.data("total"), bench.top)
    ratio = average_contrasts(bench.compare(given)) / average_contrasts(bench.compare(without))
    rows = []
    for c, case in enumerate(bench.cases):
        part = surface[surface["case"] == case]
        grid, strongest = part[part["benchmark"] == ""], find_strongest(surface, case)
        equal = grid[grid["strength_guarantee"] == grid["strength_joining"]]
        equal = equal.sort_values("strength_guarantee")
        strengths = equal["strength_guarantee"].to_numpy()
        gone, doubtful = (find_tipping(strengths, equal[name].to_numpy()) for name in ("effect", "lower"))
        numbers = {"value": gone, "lower": doubtful}
        numbers["reference"] = max(strongest.on_guarantee, strongest.on_joining)
        note = (
            "strength of a hidden cause, logits per sd on guarantee and joining alike, at which the effect "
        )
        note += f"is 0 (inf: beyond {strengths.max():g}); lower: at which the interval reaches 0; "
        note += "reference: the stronger side of the strongest measured cause"
        rows.append(row("confounding", "tipping_strength", case, note=note, **numbers))
        left = {"value": strongest.effect, "lower": strongest.lower, "upper": strongest.upper}
        left["reference"] = strongest.main
        note = f"effect beside a hidden cause as strong as {strongest.name} in {strongest.of_case}, the "
        note += "measured cause whose like would leave least; reference: the effect without a hidden cause"
        left |= {"verdict": judge(strongest), "note": note}
        rows.append(row("confounding", "as_strong_as_measured", case, **left))
        times = {"value": strongest.gone, "lower": strongest.doubtful, "reference": strongest.limit}
        note = "times as strong as that, on both sides, at which the effect is 0 (inf: not within the "
        note += "reference, as far as was tried); lower: at which the interval reaches 0"
        rows.append(row("confounding", "times_as_strong", case, note=note, **times))
        lower, upper = interval(ratio[:, c])
        numbers = {"value": e_value(ratio[:, c].mean()), "reference": ratio[:, c].mean()}
        numbers |= {"lower": e_value(lower) if lower > 1 else 1.0, "upper": e_value(upper)}
        note = "E-value of the risk ratio (reference) and of the ends of its 90 % interval"
        rows.append(row("confounding", "e_value", case, note=note, **numbers))
    return to_table(rows)


def judge(found: Strongest) -> str:
    """Say whether the effect survives a hidden cause as strong as the strongest measured one."""
    if found.effect <= 0:
        return "explained away"
    return "interval above 0" if found.lower > 0 else "interval reaches 0"


def e_value(risk_ratio: float) -> float:
    """Return the smallest risk ratio that a hidden cause must have with both to explain a risk ratio away.

    VanderWeele and Ding (2017), doi:10.7326/M16-2607. Ratios below 1 are inverted.
    """
    ratio = max(risk_ratio, 1 / risk_ratio)
    return ratio + np.sqrt(ratio * (ratio - 1))


def find_tipping(strengths: np.ndarray, effects: np.ndarray) -> float:
    """Return the smallest strength, the same on guarantee and joining, at which the effect is 0 or less.

    ``strengths`` rise; ``effects`` are those at each strength of both. The result is interpolated linearly;
    it is infinite if the effect stays above 0.
    """
    gone = np.flatnonzero(effects <= 0)
    if not len(gone):
        return np.inf
    before, after = max(gone[0] - 1, 0), gone[0]
    return float(np.interp(0.0, effects[[after, before]], strengths[[after, before]]))
