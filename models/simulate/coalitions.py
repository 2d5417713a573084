"""Simulated coalitions of two cases, and the true effects of the guarantee on joining them.

Plain numpy; nothing here calls the models. Where they integrate a state's effect out by quadrature, this
takes the average over many equally probable values of it.
"""

import numpy as np
import xarray as xr
from scipy.special import expit, ndtri

from models.simulate.static import REGIONS, name_subregions, standardise

CASES = ("iraq", "isis")
LEVELS = ("none", "rio", "pact")
STATE_EFFECTS = ndtri((np.arange(1001) + 0.5) / 1001)
"""Equally probable values of a state's effect, in standard deviations."""


def draw_panel(
    region_idx: np.ndarray, states: np.ndarray, rng: np.random.Generator, *, capability: bool = False
) -> xr.Dataset:
    """Draw covariates and guarantees of two cases.

    Takes the region of each state by number (state,), their names (state,), and whether log capability is one
    of the covariates, as interactions need it. Richer states have a pact more often; nearly all keep their
    guarantee from the first case to the second.

    Returns
    -------
    xr.Dataset
        As from ``data.load.load_panel``, without ``joined``.
    """
    n_state = len(states)
    shape = (len(CASES), n_state)
    log_gdp = rng.normal(9, 1.2, size=n_state) + rng.normal(0, 0.1, size=shape)
    log_distance = rng.normal(9, 0.5, size=n_state) + rng.normal(0, 0.05, size=shape)
    covariates = {"gdp_per_capita": log_gdp, "distance": log_distance}
    chance = expit(standardise(log_gdp[0]) - 0.9)
    guarantee = np.tile(np.where(rng.random(n_state) < chance, 2, rng.random(n_state) < 0.25), (2, 1)).astype(
        int
    )
    guarantee[1, rng.random(n_state) < 0.04] = 2
    # Every level needs a state, in both cases.
    guarantee[:, :3] = np.arange(3)
    if capability:
        covariates["capability"] = rng.normal(-7, 1.5, size=n_state) + rng.normal(0, 0.1, size=shape)
    dims = ("case", "state")
    return xr.Dataset(
        {
            "included": (dims, np.ones(shape, dtype=bool)),
            "guarantee": (dims, np.array(LEVELS)[guarantee], {"levels": list(LEVELS)}),
            "covariates_transformed": ((*dims, "covariate"), np.stack([*covariates.values()], -1)),
        },
        {
            "case": list(CASES),
            "state": states,
            "covariate": list(covariates),
            "region": ("state", np.array(REGIONS)[region_idx]),
            "subregion": ("state", name_subregions(region_idx)),
        },
    )


def list_columns(panel: xr.Dataset) -> dict[str, np.ndarray]:
    """Return what the predictors of stage 2 are linear in, as float.

    ``level`` (case, state, level): 1 at a guarantee above none; ``covariate`` (case, state, covariate): mean
    0 and sd 1 over all state-cases; ``region`` (state, region): 1 in the region, regions by name;
    ``subregion`` (state, subregion) alike.
    """
    covariates = panel["covariates_transformed"].values
    covariates = (covariates - covariates.mean((0, 1))) / covariates.std((0, 1))
    level = panel["guarantee"].values[..., None] == np.array(LEVELS[1:])
    places = {
        kind: (panel[kind].values[:, None] == np.unique(panel[kind].values)).astype(float)
        for kind in ("region", "subregion")
    }
    return {"level": level.astype(float), "covariate": covariates} | places


def predict(columns: dict[str, np.ndarray], parameters: dict[str, np.ndarray]) -> np.ndarray:
    """Return the logits (case, state) of joining without guarantee, alignment and state effects."""
    eta = parameters["intercept"][:, None] + np.einsum(
        "csk,ck->cs", columns["covariate"], parameters["covariate_slope"]
    )
    for kind in ("region", "subregion"):
        if f"{kind}_effect" in parameters:
            eta = eta + parameters[f"{kind}_effect"] @ columns[kind].T
    return eta


def spread_guarantee(
    panel: xr.Dataset, columns: dict[str, np.ndarray], parameters: dict[str, np.ndarray]
) -> np.ndarray:
    """Return the effect of each level on each state, logits: (case, state, level).

    The same for all states unless there are ``guarantee_capability`` (case, level) and ``guarantee_region``
    (case, level, region).
    """
    effect = np.repeat(parameters["guarantee_effect"][:, None], panel.sizes["state"], axis=1)
    if "guarantee_region" not in parameters:
        return effect
    capability = columns["covariate"][..., list(panel["covariate"].values).index("capability")]
    effect = effect + parameters["guarantee_capability"][:, None] * capability[..., None]
    return effect + np.einsum("clr,sr->csl", parameters["guarantee_region"], columns["region"])


def draw_joining(
    panel: xr.Dataset,
    parameters: dict[str, np.ndarray],
    position: np.ndarray | None,
    rng: np.random.Generator,
) -> xr.Dataset:
    """Return the panel with ``joined``, 0 or 1.

    Parameters
    ----------
    panel : xr.Dataset
        From ``draw_panel``.
    parameters : dict of np.ndarray
        Logits: ``intercept`` (case,), ``covariate_slope`` (case, covariate), ``region_effect`` (case,
        region), if any ``subregion_effect`` (case, subregion), ``guarantee_effect`` (case, level) and its
        interactions (``spread_guarantee``), ``state_sd`` and, with positions, ``alignment_slope`` (case,).
    position : np.ndarray or None
        (case, state), mean 0 in each case, standard deviations; None if joining does not depend on it.
    rng : np.random.Generator
    """
    columns = list_columns(panel)
    eta = predict(columns, parameters)
    eta += (columns["level"] * spread_guarantee(panel, columns, parameters)).sum(-1)
    if position is not None:
        eta += parameters["alignment_slope"][:, None] * position
    eta += parameters["state_sd"] * rng.normal(size=eta.shape[1])
    joined = (rng.random(eta.shape) < expit(eta)).astype(float)
    return panel.assign(joined=(("case", "state"), joined))


def compute_total_effects(panel: xr.Dataset, parameters: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Compute the true effects where joining does not depend on alignment.

    Takes what ``draw_joining`` took and returned.

    Returns
    -------
    dict of str to np.ndarray
        (4,): the two cases, their mean and their difference, under the names of
        ``analysis.posterior.effects.compute_effects``.
    """
    columns = list_columns(panel)
    at = _average(panel, columns, parameters, predict(columns, parameters))
    own, none = at(columns["level"]), at(np.zeros(2))
    base = _pool(none.mean(1))
    effects = {"probability_none_total": base}
    for number, level in enumerate(LEVELS[1:]):
        reached = _pool(at(np.eye(2)[number]).mean(1))
        has = columns["level"][..., number]
        effects[f"probability_{level}_total"] = reached
        effects[f"ame_{level}_total"] = reached - base
        effects[f"risk_ratio_{level}_total"] = reached / base
        effects[f"att_{level}_total"] = _pool(((own - none) * has).sum(1) / has.sum(1))
    return _contrast(effects)


def compute_direct_effects(
    panel: xr.Dataset, parameters: dict[str, np.ndarray], position: np.ndarray, moves: np.ndarray
) -> dict[str, np.ndarray]:
    """Compute the true effects with alignment held, and through it.

    ``moves`` (case, level): true change of alignment with each guarantee, standard deviations. The rest as
    for ``compute_total_effects``.
    """
    columns = list_columns(panel)
    slope = parameters["alignment_slope"][:, None]
    at = _average(panel, columns, parameters, predict(columns, parameters) + slope * position)
    own_move = np.einsum("csl,cl->cs", columns["level"], moves)
    own, none = at(columns["level"]), at(np.zeros(2))
    neither = at(np.zeros(2), -slope * own_move)
    effects = {}
    for number, level in enumerate(LEVELS[1:]):
        only = np.eye(2)[number]
        alone = at(only, -slope * own_move)
        both = at(only, slope * (moves[:, [number]] - own_move))
        has = columns["level"][..., number]
        effects[f"ame_{level}_direct"] = _pool((at(only) - none).mean(1))
        effects[f"ame_{level}_natural_direct"] = _pool((alone - neither).mean(1))
        effects[f"ame_{level}_indirect"] = _pool((both - alone).mean(1))
        effects[f"ame_{level}_mediated"] = _pool((both - neither).mean(1))
        effects[f"att_{level}_direct"] = _pool(((own - none) * has).sum(1) / has.sum(1))
        effects[f"alignment_{level}"] = _pool(moves[:, number])
    effects["alignment_slope"] = _pool(parameters["alignment_slope"])
    return _contrast(effects)


def _average(panel, columns, parameters, rest):
    """Return a function: probabilities (case, state) of joining at given guarantees, and shifts of logits.

    They are averages over a state's effect, given its two decisions.
    """
    effect = spread_guarantee(panel, columns, parameters)
    nodes = parameters["state_sd"] * STATE_EFFECTS[:, None, None]
    own = rest + (columns["level"] * effect).sum(-1)
    said = np.where(panel["joined"].values == 1, expit(own + nodes), expit(-own - nodes)).prod(1)
    weight = (said / said.sum(0))[:, None, :]

    def at(level, moved=0.0):
        shifted = rest + (level * effect).sum(-1) + moved
        return (weight * expit(shifted + nodes)).sum(0)

    return at


def _pool(by_case: np.ndarray) -> np.ndarray:
    return np.append(by_case, by_case.mean())


def _contrast(effects: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: np.append(values, values[0] - values[1]) for name, values in effects.items()}
