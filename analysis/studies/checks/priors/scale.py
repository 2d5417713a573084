"""The range of effects that the prior holds possible, and the headline under other priors."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
import xarray as xr

from analysis.posterior.answers import state_contrasts
from analysis.posterior.draws import stack
from analysis.posterior.joining import average_contrasts, find_overlap, predict_at_nodes
from analysis.posterior.priors import GOOD_K, summarize_weighted, weigh_prior
from analysis.posterior.summaries import interval
from analysis.studies.checks.bench import EFFECTS, EXACT, Bench, open_bench
from analysis.studies.checks.rows import row, to_table
from analysis.variants.sampler import derive_seed
from analysis.variants.variant import Variant
from models.coalition import build_coalition_model
from models.exposure import BY_CAPABILITY, BY_REGION, spread_guarantee
from models.likelihood.quadrature import STATE_LOG_WEIGHTS, STATE_NODES
from models.panel import PanelData, prepare_panel_data

SCALES = (0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0)
"""Values of ``guarantee_scale``; ``guarantee_case_scale`` keeps its ratio to it."""
APART, AS_ONE = 5.0, 0.01
"""Values of ``guarantee_case_scale`` at which the cases share almost nothing, and have the same effect."""
PRIOR_DRAWS = 4000


def make_priors(panel: xr.Dataset, fits: list, variant: Variant, **run) -> pd.DataFrame:
    """Describe the prior and the headline under other priors; ``fits``: stage 1, then the nested models."""
    bench = open_bench(panel, fits, variant, **run)
    posterior = stack(fits[-1][EFFECTS["total"]].dataset)
    rows = [*describe_range(bench), *describe_scales(bench, posterior)]
    return to_table(rows)


def list_priors(bench: Bench) -> dict[str, tuple[float, float]]:
    """Return the priors that are compared, by name: both scales. ``main`` is the model's own."""
    own, of_cases = bench.spec.guarantee_scale, bench.spec.guarantee_case_scale
    priors = {"main": (own, of_cases)}
    priors |= {f"scale {scale:g}": (scale, scale * of_cases / own) for scale in SCALES if scale != own}
    return priors | {"cases apart": (own, APART), "cases as one": (own, AS_ONE)}


def describe_range(bench: Bench) -> list[dict]:
    """Return rows of the prior's range: limits that hold 95 % and half of the effects of one coalition.

    For each prior also the limit that holds 95 % of the differences between the first two coalitions.
    """
    import pymc as pm

    panel = prepare_panel_data(bench.panel, bench.spec.missing)
    model = build_coalition_model(panel, bench.spec)
    names = [name for name in ("eta", "state_sd", BY_CAPABILITY, BY_REGION) if name in model.named_vars]
    seed = derive_seed(bench.seed, "prior of the effect")
    prior = pm.sample_prior_predictive(PRIOR_DRAWS, model=model, var_names=names, random_seed=seed)
    prior = stack(prior["prior"].dataset).isel(level=[bench.top], missing_dims="ignore")
    prior = prior.assign_coords(covariate=panel.covariate)
    rng = np.random.default_rng(seed)
    n_case = len(panel.case)
    mean, case_sd = rng.normal(size=(2, PRIOR_DRAWS, 1))
    apart = rng.normal(size=(PRIOR_DRAWS, n_case))
    rows = []
    for name, (scale, case_scale) in list_priors(bench).items():
        effect = scale * mean + np.abs(case_scale * case_sd) * apart
        drawn = prior.assign(guarantee_effect=(("sample", "case", "level"), effect[..., None]))
        own = average_prior_effect(drawn, panel)
        limits = {"95 %": np.quantile(np.abs(own), 0.95), "half": np.median(np.abs(own))}
        if n_case > 1:
            limits["difference, 95 %"] = np.quantile(np.abs(own[:, 0] - own[:, 1]), 0.95)
        note = f"effects of one coalition lie within this of 0; scales {scale:g} and {case_scale:g}"
        rows += [
            row("prior_range", f"{name}: {what}", "each", note=note, value=v) for what, v in limits.items()
        ]
    return rows


def average_prior_effect(prior: xr.Dataset, panel: PanelData) -> np.ndarray:
    """Average over states what a guarantee adds to the probability of joining: (sample, case).

    Parameters
    ----------
    prior : xr.Dataset
        Draws along ``sample`` of one level: ``eta`` (sample, case, state), logits without the guarantee,
        ``guarantee_effect`` (sample, case, level), and interactions and ``state_sd`` if the model has them.
    panel : PanelData
        The one that the model was built from.
    """
    eta = prior["eta"].transpose("sample", "case", "state").values
    sd = prior["state_sd"].values if "state_sd" in prior else np.zeros(len(eta))
    nodes, weight = STATE_NODES[:, None] * sd, np.exp(STATE_LOG_WEIGHTS)
    weights = np.broadcast_to((weight / weight.sum())[:, None, None], (len(weight), len(eta), eta.shape[2]))
    added = spread_guarantee(prior, panel.covariates, panel.region_idx).isel(level=0, drop=True)
    added = added if "state" in added.dims else added.expand_dims("state")
    given = eta + added.transpose("sample", "case", "state").values
    without, given = (predict_at_nodes(logits, weights, nodes) for logits in (eta, given))
    return ((given - without) * panel.included).sum(-1) / panel.included.sum(-1)


def describe_scales(bench: Bench, posterior: xr.Dataset) -> list[dict]:
    """Return rows of the headline under each prior: by weights, or by a refit where these are unreliable.

    It is the total effect over the states of regions that overlap.

    ``posterior`` holds the draws along ``sample`` of the total effect's model under the main prior.
    """
    draws = average_where_compared(bench, posterior)
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
        found = [(of_case.mean(), *interval(of_case)) for of_case in effects.T]
        rows += _list_rows(bench, name, priors[name], found, "by a refit")
    order = list(priors)
    return sorted(rows, key=lambda each: order.index(each["item"]))


def average_where_compared(bench: Bench, posterior: xr.Dataset) -> np.ndarray:
    """Return the total effect over states of regions that overlap: (sample, case), the last case pooled."""
    contrasts = state_contrasts(posterior, bench.data("total"), bench.top)
    return average_contrasts(np.where(find_overlap(bench.panel).values, contrasts, np.nan))


def _refit(bench: Bench, priors: dict[str, tuple[float, float]]) -> Iterable[tuple[str, np.ndarray]]:
    """Refit the total effect's model under other priors; yield their names and effects (sample, case)."""
    from analysis.fitting.refits import refit_to_gates

    if not priors:
        return
    data = bench.data("total")
    changed = [
        {
            "alignment": data.alignment,
            "guarantee_effect_scale": np.array(scale),
            "guarantee_effect_case_sd_scale": np.array(case_scale),
        }
        for scale, case_scale in priors.values()
    ]
    seed = derive_seed(bench.seed, "check", "other priors")
    settings = {"seed": seed, "cores": bench.cores, "progress": bench.progress}
    idata = refit_to_gates(bench.model, changed, EXACT, name="other priors", **settings)
    for number, name in enumerate(priors):
        refit = stack(idata["posterior"].dataset.isel(refit=number))
        yield name, average_where_compared(bench, refit)


def _list_rows(
    bench: Bench, name: str, scales: tuple[float, float], found: list[tuple[float, float, float]], note: str
) -> list[dict]:
    note = f"{bench.quantity('total')}, scales {scales[0]:g} and {scales[1]:g}; {note}"
    return [
        row("prior_scale", name, case, note=note, value=mean, lower=lower, upper=upper, reference=scales[0])
        for case, (mean, lower, upper) in zip(bench.cases, found, strict=True)
    ]
