"""Compare nested models by leaving out one state at a time (PSIS-LOO, with refits where weights fail)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr
from scipy.special import logsumexp

from analysis.posterior.answers import log_likelihood_by_state
from analysis.posterior.draws import stack
from analysis.posterior.summaries import NORMAL_ERRORS
from analysis.studies.checks.bench import EXACT, Bench, leave_out, list_nested, nest, open_bench
from analysis.studies.checks.rows import row, to_table
from analysis.variants.sampler import Progress
from analysis.variants.variant import Variant
from models.panel import Stage2Data

if TYPE_CHECKING:
    from arviz_stats.utils import ELPDDataLOO


def make_comparison(panel: xr.Dataset, fits: list, variant: Variant, **run) -> pd.DataFrame:
    """Score each nested model on states left out, and compare; ``fits``: stage 1, then the nested models.

    With several axes of alignment, each alone is one of the nested models.
    """
    import arviz as az

    bench, rows, left_out = open_bench(panel, fits, variant, **run), [], {}
    models = list_nested(bench.axes)
    for k, model in enumerate(models):
        data = nest(bench.data("direct"), model, bench.axes)
        tree = with_log_likelihood(fits[-1][model].dataset, data, panel["state"].values)
        left_out[model] = leave_one_state_out(bench, tree, data, bench.part(k, len(models)))
        rows.append(describe_left_out(model, left_out[model]))
    compared = az.compare({m: each.estimate for m, each in left_out.items()}, round_to="none")
    refitted = {model: len(each.refits) for model, each in left_out.items()}
    return to_table(rows + check_comparison(compared, refitted))


def with_log_likelihood(posterior: xr.Dataset, data: Stage2Data, states: np.ndarray) -> xr.DataTree:
    """Return a fit with the log likelihood of each state's answers, in the form that ArviZ takes.

    ``posterior`` is (chain, draw, ...), ``data`` those of the fit, ``states`` their names. The result holds
    ``posterior``, and ``log_likelihood`` with ``answers`` (chain, draw, unit) of the states that answered.
    """
    answered = data.included.any(0)
    values = log_likelihood_by_state(stack(posterior), data)[:, answered]
    shape = posterior.sizes["chain"], posterior.sizes["draw"], answered.sum()
    answers = xr.DataArray(values.reshape(shape), {"unit": states[answered]}, ("chain", "draw", "unit"))
    return xr.DataTree.from_dict(
        {"posterior": posterior, "log_likelihood": answers.to_dataset(name="answers")}
    )


@dataclass(frozen=True)
class LeftOut:
    """How well each state's answers are predicted from the other states.

    ``estimate`` is the expected log predictive density by state; it is exact for the states in ``refits``.
    Its ``pareto_k`` is infinite where the tail of the weights fits no Pareto distribution. ``refits`` holds
    the draws along ``sample`` without a state, for each state whose weights are unreliable.
    """

    estimate: "ELPDDataLOO"
    refits: dict[str, xr.Dataset]


def leave_one_state_out(
    bench: Bench, tree: xr.DataTree, data: Stage2Data, progress: Progress | None = None
) -> LeftOut:
    """Return PSIS-LOO by state, of a fit to ``data`` with its log likelihood.

    The model is refitted without each state whose Pareto k is too high.
    """
    import arviz as az

    estimate = az.loo(tree, pointwise=True)
    estimate.pareto_k = estimate.pareto_k.fillna(np.inf)
    bad = estimate.pareto_k["unit"].values[(estimate.pareto_k > estimate.good_k).values]
    if not len(bad):
        return LeftOut(estimate, {})
    states = bench.panel["state"].values
    variations = [leave_out(data, states == unit) for unit in bad]
    idata = bench.fit(variations, EXACT, "leave one state out", progress)
    refits = {str(unit): stack(idata["posterior"].dataset.isel(refit=k)) for k, unit in enumerate(bad)}
    before = estimate.elpd_i.sum().item()
    for unit, posterior in refits.items():
        density = log_likelihood_by_state(posterior, data)[:, states == unit]
        estimate.elpd_i.loc[{"unit": unit}] = logsumexp(density) - np.log(density.size)
    estimate.elpd = estimate.elpd_i.sum().item()
    estimate.se = np.sqrt(estimate.elpd_i.size * estimate.elpd_i.var(ddof=1).item())
    estimate.p += before - estimate.elpd
    return LeftOut(estimate, refits)


def describe_left_out(model: str, left_out: LeftOut) -> dict:
    """Return the row of one model: its expected log predictive density, and whether its weights hold."""
    estimate, refitted = left_out.estimate, len(left_out.refits)
    worst = estimate.pareto_k.isel(unit=int(estimate.pareto_k.values.argmax()))
    verdict = f"states refitted: {refitted}" if refitted else "weights reliable"
    note = "expected log predictive density (elpd), leaving out one state at a time; "
    note += f"reference: largest Pareto k ({worst['unit'].item()})"
    numbers = _normal(estimate.elpd, estimate.se) | {"reference": worst.item()}
    return row("psis_loo", model, verdict=verdict, note=note, **numbers)


def check_comparison(table: pd.DataFrame, refitted: dict[str, int]) -> list[dict]:
    """Return rows of the comparison: difference in elpd from the best model, judged by its standard error."""
    rows = []
    for name, line in table.iterrows():
        difference, error = -abs(float(line["elpd_diff"])), float(line["dse"])
        verdict = "worse" if difference < -2 * error else "near the best"
        verdict = "best" if difference == 0 else verdict
        note = f"elpd minus that of the best model; reference: elpd; states refitted: {refitted[str(name)]}"
        numbers = _normal(difference, error) | {"reference": float(line["elpd"])}
        rows.append(row("comparison", str(name), verdict=verdict, note=note, **numbers))
    return rows


def _normal(mean: float, error: float) -> dict[str, float]:
    """Return a mean and its interval by the normal approximation, as numbers of a row."""
    return {
        "value": mean,
        "lower": mean - NORMAL_ERRORS * error,
        "upper": mean + NORMAL_ERRORS * error,
    }
