"""Prior and posterior predictive checks: simulated joiners beside the observed ones."""

import numpy as np
import pandas as pd
import xarray as xr

from analysis.posterior.answers import replicate_answers
from analysis.posterior.draws import stack
from analysis.studies.checks.bench import open_bench
from analysis.studies.checks.rows import mean_and_ends, row, to_table
from analysis.variants.variant import Variant
from models.panel import Stage2Data, prepare_panel_data

PRIOR_DRAWS = 2000
PREDICTOR = ["intercept", "covariate_slope", "region_effect", "guarantee_effect", "alignment_slope"]
"""Variables that the linear predictor is made of."""


def make_prior_predictive(panel: xr.Dataset, fits: list, variant: Variant, **run) -> pd.DataFrame:
    """Simulate joiners and the effect from the prior; ``fits`` are those of stage 1."""
    import pymc as pm

    from analysis.fitting.fit import list_saved
    from models.coalition import build_coalition_model

    bench = open_bench(panel, fits, variant, **run)
    spec, data, seed = bench.spec, bench.data("direct"), bench.seed
    model = build_coalition_model(prepare_panel_data(panel, spec.missing), spec, bench.positions)
    names = list_saved(model, PREDICTOR)
    prior = pm.sample_prior_predictive(PRIOR_DRAWS, model=model, var_names=names, random_seed=seed)
    prior = stack(prior["prior"].dataset)
    effect = mean_and_ends(bench.average_effect(prior, data)[:, -1]) | {"reference": 0.0}
    verdict = "open" if effect["lower"] < 0 < effect["upper"] else "one-sided"
    note = "prior mean and 90 % interval of the effect, before the data"
    of_effect = row("prior_predictive", bench.quantity("direct"), verdict=verdict, note=note, **effect)
    return to_table([*check_prior(prior, data, bench.cases[:-1], seed=seed), of_effect])


def make_posterior_predictive(panel: xr.Dataset, fits: list, variant: Variant, **run) -> pd.DataFrame:
    """Simulate joiners from the full model; ``fits``: stage 1, then the nested models."""
    bench = open_bench(panel, fits, variant, **run)
    posterior = stack(fits[-1]["alignment"].dataset)
    return to_table(count_joiners(posterior, bench.data("direct"), panel, seed=bench.seed))


def check_prior(prior: xr.Dataset, data: Stage2Data, cases: list[str], *, seed: int) -> list[dict]:
    """Return rows that compare the observed share of joiners in each case with that expected by the prior.

    Parameters are those of ``count_joiners``, with draws from the prior and the names of the cases.
    """
    answers = replicate_answers(prior, data, np.random.default_rng(seed))
    note, rows = "observed share beside the prior's 90 % interval", []
    for c, case in enumerate(cases):
        size = data.included[c].sum()
        observed = (data.joined_observed * data.included)[c].sum() / size
        numbers = mean_and_ends(answers[:, c].sum(1) / size) | {"value": observed}
        rows.append(_judge("prior_predictive", "share_joined", case, note, numbers))
    return rows


def count_joiners(posterior: xr.Dataset, data: Stage2Data, panel: xr.Dataset, *, seed: int) -> list[dict]:
    """Return rows that compare observed joiners with simulated ones, by guarantee level and by region.

    ``posterior`` has draws along ``sample``; ``panel`` names cases, levels and regions; ``seed`` is that of
    the simulated answers.
    """
    answers = replicate_answers(posterior, data, np.random.default_rng(seed))
    observed = data.joined_observed * data.included
    note, rows = "number of joiners; reference: mean expected by the model", []
    for c, case in enumerate(panel["case"].values):
        guarantee = panel["guarantee"].values[c]
        groups = {f"level {v}": guarantee == v for v in panel["guarantee"].attrs["levels"]}
        groups |= {f"region {v}": panel["region"].values == v for v in np.unique(panel["region"].values)}
        for item, members in groups.items():
            numbers = mean_and_ends(answers[:, c, members].sum(1))
            numbers |= {"reference": numbers["value"], "value": observed[c, members].sum()}
            rows.append(_judge("posterior_predictive", item, str(case), note, numbers))
    return rows


def _judge(check: str, item: str, case: str, note: str, numbers: dict[str, float]) -> dict:
    """Return a row that says whether the observed value lies inside the interval of simulated ones."""
    within = numbers["lower"] <= numbers["value"] <= numbers["upper"]
    return row(check, item, case, verdict="inside" if within else "outside", note=note, **numbers)
