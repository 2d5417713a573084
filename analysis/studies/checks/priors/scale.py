"""The headline under other priors of the guarantee's effect: by weights, and by refits where these fail."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pandas as pd
import xarray as xr

from analysis.posterior.draws import stack
from analysis.posterior.priors import GOOD_K, summarize_weighted, weigh_prior
from analysis.posterior.summaries import interval
from analysis.studies.checks.bench import EFFECTS, EXACT, Bench, open_bench
from analysis.studies.checks.priors.effect_range import describe_range, list_priors
from analysis.studies.checks.rows import row, to_table
from analysis.variants.sampler import derive_seed
from analysis.variants.variant import Variant

CAREFUL = replace(EXACT, tune=500, target_accept=0.95)
"""A refit under a prior that is far from the one from which the model's coordinates were learned."""


def make_priors(panel: xr.Dataset, fits: list, variant: Variant, **run) -> pd.DataFrame:
    """Describe the prior and the headline under other priors; ``fits``: stage 1, then the nested models."""
    bench = open_bench(panel, fits, variant, **run)
    posterior = stack(fits[-1][EFFECTS["total"]].dataset)
    rows = [*describe_range(bench), *describe_scales(bench, posterior)]
    return to_table(rows)


def describe_scales(bench: Bench, posterior: xr.Dataset) -> list[dict]:
    """Return rows of the headline under each prior: by weights, or by a refit where these are unreliable.

    It is the total effect over the states of regions that overlap.

    ``posterior`` holds the draws along ``sample`` of the total effect's model under the main prior.
    """
    draws = bench.average_effect(posterior, bench.data("total"))
    priors, rows, refitted = list_priors(bench), [], []
    for name, scales in priors.items():
        weight, pareto_k = weigh_prior(posterior, bench.spec, *scales)
        if pareto_k > GOOD_K:
            refitted.append(name)
            continue
        note = "the fit itself" if name == "main" else f"by weights, Pareto k {pareto_k:.2f}"
        found = [summarize_weighted(of_case, weight) for of_case in draws.T]
        rows += _list_rows(bench, name, scales, found, note)
    for name, effects in _refit(bench, {name: priors[name] for name in refitted}):
        if effects is None:
            nothing = [(np.nan, np.nan, np.nan)] * len(bench.cases)
            rows += _list_rows(bench, name, priors[name], nothing, "the refit did not converge")
            continue
        found = [(of_case.mean(), *interval(of_case)) for of_case in effects.T]
        rows += _list_rows(bench, name, priors[name], found, "by a refit")
    order = list(priors)
    return sorted(rows, key=lambda each: order.index(each["item"]))


def _refit(bench: Bench, priors: dict[str, tuple[float, float]]) -> Iterable[tuple[str, np.ndarray | None]]:
    """Refit the total effect's model under other priors; yield their names and effects (sample, case).

    Instead of the effects of a refit that misses a gate, yields None: other priors still count.
    """
    from analysis.fitting.gates import ConvergenceError
    from analysis.fitting.refits import refit_to_gates

    for name, (scale, case_scale) in priors.items():
        changed = {
            "alignment": bench.data("total").alignment,
            "guarantee_effect_scale": np.array(scale),
            "guarantee_effect_case_sd_scale": np.array(case_scale),
        }
        settings = {"seed": derive_seed(bench.seed, "check", name), "cores": bench.cores}
        try:
            idata = refit_to_gates(bench.model, [changed], CAREFUL, name=f"prior, {name}", **settings)
        except ConvergenceError:
            yield name, None
            continue
        yield name, bench.average_effect(stack(idata["posterior"].dataset.isel(refit=0)), bench.data("total"))


def _list_rows(
    bench: Bench, name: str, scales: tuple[float, float], found: list[tuple[float, float, float]], note: str
) -> list[dict]:
    note = f"{bench.quantity('total')}, scales {scales[0]:g} and {scales[1]:g}; {note}"
    return [
        row("prior_scale", name, case, note=note, value=mean, lower=lower, upper=upper, reference=scales[0])
        for case, (mean, lower, upper) in zip(bench.cases, found, strict=True)
    ]
