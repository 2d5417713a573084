"""The posterior of a model of joining, in the schema of ArviZ."""

import numpy as np
import xarray as xr
from scipy.special import logsumexp

from analysis.posterior.joining import (
    add_guarantee,
    guarantee_on_states,
    predict_at_nodes,
)
from analysis.posterior.priors import compute_log_priors
from analysis.posterior.schema.chains import describe, flatten, split_array, take_statistics, to_chains
from analysis.posterior.schema.prior import draw_joining_prior
from models.likelihood.link import cdf, log_cdf
from models.likelihood.quadrature import STATE_LOG_WEIGHTS, STATE_NODES
from models.panel import PanelData, prepare_panel_data
from models.spec import CoalitionSpec

OBSERVED = "coalitions_joined"
"""Number of coalitions that a state joined: a state is the unit that can be left out."""
WORDS = {
    "predictor": "Linear predictor with the state's own guarantee. It leaves out the state effect, which the "
    "model integrates out; its standard deviation is state_sd. State-cases outside the sample have one too: "
    "see 'included' in constant_data.",
    "probability": "Probability of joining with the state's own guarantee, for a state like this whose own "
    "effect is unknown: it is integrated out.",
    "guarantee_effect": "Effect of a level against no guarantee. With interactions: at the sample's mean log "
    "capability, without the regional part.",
    "guarantee_effect_mean": "Mean of guarantee_effect over cases in the population of cases.",
    "region_effect": "Effect of a region; it leaves out those of its subregions.",
    "alignment_slope": "Per standard deviation of the states' positions, centred within each case.",
}
"""What a variable is, where its name does not say it."""
OF_GROUPS = {
    "log_likelihood": {OBSERVED: "All answers of a state, its own effect integrated out."},
    "posterior_predictive": {
        OBSERVED: "Coalitions that a state like this would join, its own effect unknown."
    },
}


def build_joining_tree(
    fit: xr.DataTree, panel: xr.Dataset, spec: CoalitionSpec, seed: int, *, alignment: bool
) -> xr.DataTree:
    """Put a fit of joining into the schema of ArviZ. Its draws stay as they are.

    Parameters
    ----------
    fit : xr.DataTree
        From ``analysis.fitting.fit.fit_total`` or ``analysis.fitting.propagation.fit_propagated``.
    panel : xr.Dataset
        Panel, see ``data.load.load_panel``.
    spec : CoalitionSpec
        Priors and choices of the fit.
    seed : int
        Seed of replicated answers and of prior draws.
    alignment : bool
        Whether the model has alignment.

    Returns
    -------
    xr.DataTree
        ``posterior`` (chain, draw, ...) with ``predictor`` and ``probability`` (case, state);
        ``sample_stats``; ``log_likelihood``, ``posterior_predictive`` and ``observed_data`` with
        ``coalitions_joined`` (state): the log probability of all that a state did, and the number of
        coalitions it joined; ``constant_data``: the panel. ``log_prior`` of the structural priors, ``prior``
        and ``prior_predictive``, where the model's choices allow them; ``positions`` (case, state) where
        joining informs them. Attributes of the fit.
    """
    data, rng = prepare_panel_data(panel, spec.missing), np.random.default_rng(seed)
    posterior = to_chains(fit["posterior"].dataset)
    draws = flatten(posterior)
    predictor = compute_predictor(draws, panel)
    # Single precision: these two would be three quarters of the file.
    posterior = posterior.drop_vars("eta").assign(
        {
            name: split_array(values.astype(np.float32), posterior, ("case", "state"))
            for name, values in (
                ("predictor", predictor),
                ("probability", predict_anew(draws, predictor, spec.link)),
            )
        }
    )
    counted, positions = describe_observed(panel), {}
    if "position" in posterior:
        # Constant outside the sample, where no measure of convergence is defined.
        positions = {"positions": posterior[["position"]]}
        posterior = posterior.drop_vars("position")
    log_likelihood = split_array(
        log_likelihood_by_state(draws, predictor, data, spec.link), posterior, ("state",)
    )
    answers = replicate_joined(draws, predictor, data, spec.link, rng)
    groups = {
        "posterior": describe(posterior, WORDS),
        **positions,
        **take_statistics(fit, posterior),
        "log_likelihood": log_likelihood.astype(np.float32).to_dataset(name=OBSERVED),
        "posterior_predictive": split_array(answers, posterior, ("state",)).to_dataset(name=OBSERVED),
        "observed_data": counted.to_dataset(name=OBSERVED),
        "constant_data": panel.drop_attrs(deep=False),
    }
    if spec.guarantee_pooling == "apart":
        priors = compute_log_priors(posterior, spec)
        groups["log_prior"] = priors.assign_attrs(
            description="Log density of the structural priors, up to a constant, by name."
        )
    if can_draw_prior(spec, posterior, data):
        groups |= draw_prior_groups(data, spec, rng, panel, fit, alignment=alignment)
    told = {name: describe(group, OF_GROUPS.get(name, {})) for name, group in groups.items()}
    tree = xr.DataTree.from_dict(told)
    tree.attrs = dict(fit.attrs)
    return tree


def can_draw_prior(spec: CoalitionSpec, posterior: xr.Dataset, data: PanelData) -> bool:
    """Whether ``draw_joining_prior`` draws this prior: known covariates, one axis, levels apart."""
    known = spec.measurement_error == "ignore" and not data.missing.any()
    return known and "axis" not in posterior.dims and spec.guarantee_pooling == "apart"


def draw_prior_groups(
    data: PanelData,
    spec: CoalitionSpec,
    rng: np.random.Generator,
    panel: xr.Dataset,
    fit: xr.DataTree,
    *,
    alignment: bool,
) -> dict[str, xr.Dataset]:
    """Return the groups ``prior`` and ``prior_predictive``, with one chain."""
    # The module of the model loads a compiler, which whoever only explains a run needs not wait for.
    from models.coalition import compute_eta

    drawn = draw_joining_prior(data, spec, rng, alignment=alignment)
    placed = None
    if alignment:
        placed = xr.DataArray(recover_alignment(fit, data), dims=("case", "state"))
    bare = drawn.assign(eta=compute_eta(drawn, data, placed))
    predictor = compute_predictor(bare, panel)
    answers = replicate_joined(drawn, predictor, data, spec.link, rng)
    prior = drawn.rename(sample="draw").expand_dims(chain=[0]).transpose("chain", "draw", ...)
    labelled = split_array(answers, prior, ("state",)).assign_coords(state=data.state)
    return {"prior": prior, "prior_predictive": labelled.to_dataset(name=OBSERVED)}


def recover_alignment(fit: xr.DataTree, data: PanelData) -> np.ndarray:
    """Return the mean alignment (case, state) that the draws were made with, from their predictor."""
    from models.coalition import compute_eta

    draws = flatten(to_chains(fit["posterior"].dataset))
    rest = draws["eta"] - compute_eta(draws, data, None)
    slope = draws["alignment_slope"]
    # The positions differ from draw to draw. Weighted by the square of the slope, their mean is stable.
    mean = (rest * slope).sum("sample") / (slope**2).sum("sample")
    return mean.transpose("case", "state").values * data.included


def compute_predictor(draws: xr.Dataset, panel: xr.Dataset) -> np.ndarray:
    """Return the linear predictor with each state's own guarantee, (sample, case, state)."""
    whole = draws["eta"] + add_guarantee(guarantee_on_states(draws, panel), panel, None)
    return whole.transpose("sample", "case", "state").values


def list_nodes(draws: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Return values (node, sample) of a state's effect, and their log prior (node,)."""
    if "state_sd" not in draws:
        return np.zeros((1, draws.sizes["sample"])), np.zeros(1)
    return STATE_NODES[:, None] * draws["state_sd"].values, STATE_LOG_WEIGHTS


def predict_anew(draws: xr.Dataset, predictor: np.ndarray, link: str) -> np.ndarray:
    """Return the probability of joining of states whose own effect is unknown, (sample, case, state)."""
    effect, log_weight = list_nodes(draws)
    weights = np.broadcast_to(np.exp(log_weight)[:, None, None], (len(effect), *predictor.shape[::2]))
    return predict_at_nodes(predictor, weights, effect, link)


def log_likelihood_by_state(
    draws: xr.Dataset, predictor: np.ndarray, data: PanelData, link: str
) -> np.ndarray:
    """Return the log probability (sample, state) of all that a state did, its own effect integrated out."""
    effect, log_weight = list_nodes(draws)
    sign = 2 * data.joined - 1
    answered = [
        weight + (data.included * log_cdf(link, sign * (predictor + at[:, None, None]))).sum(1)
        for weight, at in zip(log_weight, effect, strict=True)
    ]
    return logsumexp(answered, axis=0)


def replicate_joined(
    draws: xr.Dataset, predictor: np.ndarray, data: PanelData, link: str, rng: np.random.Generator
) -> np.ndarray:
    """Draw how many coalitions a state like this would join, (sample, state), int8.

    It has a new effect, shared by the cases.
    """
    shape = predictor.shape[0], 1, predictor.shape[2]
    sd = draws["state_sd"].values[:, None, None] if "state_sd" in draws else 0.0
    probability = cdf(link, predictor + sd * rng.normal(size=shape))
    return ((rng.random(probability.shape) < probability) * data.included).sum(1).astype(np.int8)


def describe_observed(panel: xr.Dataset) -> xr.DataArray:
    """Return the number of coalitions that each state joined, among those in which it is in the sample."""
    counted = panel["joined"].where(panel["included"], 0).sum("case").astype(np.int8)
    return counted.drop_vars([name for name in counted.coords if name != "state"]).assign_attrs(
        description="Number of coalitions that the state joined, of those in which it is in the sample."
    )
