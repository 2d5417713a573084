"""The second estimator beside the model, and whether its weights balance the states."""

import numpy as np
import pandas as pd
import xarray as xr

from analysis.posterior.answers import state_contrasts
from analysis.posterior.draws import stack
from analysis.posterior.joining import ALL, average_contrasts
from analysis.posterior.summaries import summarize_draws
from analysis.posterior.weighting import find_disagreements, select_case, weigh_panel
from analysis.studies.checks.bench import EFFECTS, Bench, open_bench
from analysis.studies.checks.rows import row, to_table
from analysis.variants.variant import Variant
from models.panel import prepare_panel_data
from models.weighting import compute_imbalance, count_effective, weigh_controls

BALANCED = 0.25
"""Difference of means, in standard deviations, up to which a covariate counts as balanced (Rubin 2001)."""
VERDICTS = {
    "": "agree",
    "size": "disagree in size",
    "direction": "disagree on direction",
    "both": "disagree in size and direction",
}


def make_weighting(panel: xr.Dataset, fits: list, variant: Variant, **run) -> pd.DataFrame:
    """Set the second estimator beside the total effect; ``fits``: stage 1, then the nested models."""
    bench = open_bench(panel, fits, variant, **run)
    posterior = stack(fits[-1][EFFECTS["total"]].dataset)
    weighting = weigh_panel(panel, variant.run.seed, variant.coalition.missing)
    return to_table([*compare_estimators(bench, posterior, weighting), *check_balance(bench)])


def compare_estimators(bench: Bench, posterior: xr.Dataset, weighting: pd.DataFrame) -> list[dict]:
    """Return rows that compare both estimators of the effect on the states that have the highest level.

    Parameters
    ----------
    bench : Bench
    posterior : xr.Dataset
        Draws along ``sample`` of the total effect's model.
    weighting : pd.DataFrame
        From ``analysis.posterior.weighting.weigh_panel``.
    """
    level = str(bench.panel["guarantee"].attrs["levels"][-1])
    data = bench.data("total")
    treated = data.has_level[bench.top] > 0
    contrasts = np.where(treated, state_contrasts(posterior, data, bench.top), np.nan)
    draws = xr.DataArray(average_contrasts(contrasts), {"case": bench.cases}, ("sample", "case"))
    modelled = summarize_draws(draws).assign(
        quantity=f"att_{level}_total", group=ALL, prob_positive=(draws > 0).mean("sample").values
    )
    found = find_disagreements(weighting, modelled, level)
    means = modelled.set_index("case")["mean"]
    rows = []
    for other in weighting[weighting["quantity"] == f"att_{level}"].itertuples():
        if other.case not in found:
            continue
        note = f"doubly robust weighting, weights by {other.unit}; reference: mean of the model"
        verdict = VERDICTS[found[other.case]] if other.unit == "state" else ""
        numbers = {"value": other.mean, "lower": other.lower, "upper": other.upper}
        numbers |= {"reference": means[other.case]}
        rows.append(row("weighting", other.quantity, other.case, verdict=verdict, note=note, **numbers))
    return rows


def check_balance(bench: Bench) -> list[dict]:
    """Return rows on the weights of the controls: how many count, and the worst balance they leave."""
    data, rows = prepare_panel_data(bench.panel, bench.spec.missing), []
    for number, case in enumerate(bench.cases[:-1]):
        compared = select_case(data, number, bench.top)
        if not len(compared.rows):
            continue
        weight = weigh_controls(compared)
        heaviest = data.state[compared.rows[weight.argmax()]]
        note = f"reference: controls; the heaviest is {heaviest} with {weight.max() / weight.sum():.0%}"
        numbers = {"value": count_effective(weight), "reference": float((1 - compared.treated).sum())}
        rows.append(row("weighting", "effective controls", case, note=note, **numbers))
        columns = [*data.covariate, *np.unique(data.region[data.region_idx[compared.rows]])]
        after = compute_imbalance(compared, weight)
        before = compute_imbalance(compared, 1 - compared.treated)
        worst = int(np.abs(after).argmax())
        verdict = "balanced" if abs(after[worst]) <= BALANCED else "not balanced"
        note = f"{columns[worst]}: difference of means after weighting, sd; reference: before"
        numbers = {"value": after[worst], "reference": before[worst]}
        rows.append(row("weighting", "worst balance", case, verdict=verdict, note=note, **numbers))
    return rows
