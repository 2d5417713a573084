"""The range of effects, in probabilities, that the prior of the guarantee holds possible.

The rule by which the main prior was chosen is in models/docs/priors.md.
"""

import numpy as np
import xarray as xr

from analysis.posterior.draws import stack
from analysis.posterior.joining import predict_at_nodes
from analysis.studies.checks.bench import Bench
from analysis.studies.checks.rows import row
from analysis.variants.sampler import derive_seed
from models.exposure import BY_CAPABILITY, BY_REGION, spread_guarantee
from models.likelihood.quadrature import STATE_LOG_WEIGHTS, STATE_NODES
from models.panel import PanelData, prepare_panel_data
from models.spec import CoalitionSpec

SCALES = (0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0)
"""Values of ``guarantee_scale``; ``guarantee_case_scale`` keeps its ratio to it."""
APART, AS_ONE = 5.0, 0.01
"""Values of ``guarantee_case_scale`` at which the cases share almost nothing, and have the same effect."""
DRAWS = 4000
"""Draws from the prior."""


def list_priors(bench: Bench) -> dict[str, tuple[float, float]]:
    """Return the priors that are compared, by name: both scales. ``main`` is the model's own."""
    own, of_cases = bench.spec.guarantee_scale, bench.spec.guarantee_case_scale
    priors = {"main": (own, of_cases)}
    priors |= {f"scale {scale:g}": (scale, scale * of_cases / own) for scale in SCALES if scale != own}
    return priors | {"cases apart": (own, APART), "cases as one": (own, AS_ONE)}


def describe_range(bench: Bench) -> list[dict]:
    """Return rows of the prior's range: limits of the effects under each of the priors that are compared."""
    panel = prepare_panel_data(bench.panel, bench.spec.missing)
    seed = derive_seed(bench.seed, "prior of the effect")
    prior, rows = draw_prior(panel, bench.spec, bench.top, seed), []
    for name, (scale, case_scale) in list_priors(bench).items():
        note = f"effects of one coalition lie within this of 0; scales {scale:g} and {case_scale:g}"
        limits = find_limits(prior, panel, scale, case_scale, seed)
        rows += [
            row("prior_range", f"{name}: {what}", "each", note=note, value=limit)
            for what, limit in limits.items()
        ]
    return rows


def draw_prior(panel: PanelData, spec: CoalitionSpec, level: int, seed: int) -> xr.Dataset:
    """Draw from the prior of the model of joining all that an effect depends on but the guarantee's own.

    Returns ``eta`` (sample, case, state), and where the model has them ``state_sd`` (sample) and the
    interactions of one level, by its number.
    """
    import pymc as pm

    from models.coalition import build_coalition_model

    model = build_coalition_model(panel, spec)
    names = [name for name in ("eta", "state_sd", BY_CAPABILITY, BY_REGION) if name in model.named_vars]
    drawn = pm.sample_prior_predictive(DRAWS, model=model, var_names=names, random_seed=seed)
    prior = stack(drawn["prior"].dataset).isel(level=[level], missing_dims="ignore")
    return prior.assign_coords(covariate=panel.covariate)


def find_limits(
    prior: xr.Dataset, panel: PanelData, scale: float, case_scale: float, seed: int
) -> dict[str, float]:
    """Return limits, 0 to 1, that hold 95 % and half of the effects of one coalition.

    With several cases also the limit that holds 95 % of the differences between the first two. ``prior`` is
    from ``draw_prior``; ``scale`` and ``case_scale`` are those of the guarantee's effect.
    """
    rng = np.random.default_rng(seed)
    mean, case_sd = rng.normal(size=(2, prior.sizes["sample"], 1))
    apart = rng.normal(size=(prior.sizes["sample"], len(panel.case)))
    effect = scale * mean + np.abs(case_scale * case_sd) * apart
    drawn = prior.assign(guarantee_effect=(("sample", "case", "level"), effect[..., None]))
    own = average_prior_effect(drawn, panel)
    limits = {"95 %": np.quantile(np.abs(own), 0.95), "half": np.median(np.abs(own))}
    if len(panel.case) > 1:
        limits["difference, 95 %"] = np.quantile(np.abs(own[:, 0] - own[:, 1]), 0.95)
    return limits


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
