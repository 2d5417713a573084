"""Simulated answers on acts with known truth, in the shape of given acts: votes, gaps, pacts as they are."""

from dataclasses import dataclass

import numpy as np
import xarray as xr
from scipy.special import expit

POWERS = ("USA", "RUS")
STEP = 0.2
"""Unit of unpopularity, as in ``data.acts.prepare``."""


@dataclass(frozen=True, kw_only=True)
class ActsTruth:
    """What is true in a simulated world, in logits.

    Attributes
    ----------
    effect, unpopular : dict of str to float
        By power: mean effect of a pact on acts, and its change per 0.2 of unpopularity.
    act_sd : float
        Standard deviation of the effect over acts.
    through_agreement : float
        What a pact adds to agreement, standard deviations of the states: a part of the total effect.
    agreement_slope, covariate_slope : float
        Slopes on agreement, and on each covariate.
    state_sd, region_sd : float
        Standard deviations of the states' effects, by power, and of the regions' on each act.
    agreement_sd : float
        Error with which agreement is known.
    """

    effect: tuple[tuple[str, float], ...] = (("USA", 0.0), ("RUS", 0.0))
    unpopular: tuple[tuple[str, float], ...] = (("USA", 0.0), ("RUS", 0.0))
    act_sd: float = 0.4
    through_agreement: float = 0.0
    agreement_slope: float = 1.0
    covariate_slope: float = 0.2
    state_sd: float = 0.7
    region_sd: float = 0.6
    agreement_sd: float = 0.2


def simulate_acts(
    acts: xr.Dataset, truth: ActsTruth, rng: np.random.Generator
) -> tuple[xr.Dataset, xr.Dataset, xr.Dataset]:
    """Simulate the answers of the states that voted.

    Parameters
    ----------
    acts : xr.Dataset
        From ``data.acts.prepare.prepare_acts``: who voted, pacts, covariates and regions are taken as they
        are; each act's shares of answers about so.
    truth : ActsTruth
    rng : np.random.Generator

    Returns
    -------
    acts : xr.Dataset
        With other answers, and unpopularity measured from them.
    agreement : xr.Dataset
        ``mean`` and ``sd`` (act, state), as ``analysis.studies.acts.agreement`` measures it.
    true : xr.Dataset
        ``pact_effect`` (act, state): the direct effect of a pact, logits; ``predictor`` (act, state) without
        it; ``cutpoint`` (act, 2).
    """
    answer, pact = acts["answer"].values, acts["pact"].values
    voted, shape = answer >= 0, answer.shape
    power = acts["power"].values.astype(str)
    effect, unpopular = dict(truth.effect), dict(truth.unpopular)
    region, region_of = np.unique(acts["region"].values.astype(str), return_inverse=True)
    seat = {p: truth.state_sd * rng.normal(size=shape[1]) for p in POWERS}
    # As after stage 1, what is known of agreement is its posterior mean, around which the truth lies.
    known = rng.normal(size=shape) + truth.through_agreement * pact
    agreement = known + truth.agreement_sd * rng.normal(size=shape)
    covariates = acts["covariates"].values
    predictor = truth.agreement_slope * agreement + truth.covariate_slope * covariates.sum(-1)
    predictor += np.stack([seat[p] for p in power])
    predictor += (truth.region_sd * rng.normal(size=(shape[0], len(region))))[:, region_of]
    own = np.array([effect[p] for p in power]) + truth.act_sd * rng.normal(size=shape[0])
    by_unpopular = np.array([unpopular[p] for p in power])
    against = (answer == 0).sum(1) / voted.sum(1)
    grade = (against - against.mean()) / STEP
    added = np.broadcast_to((own + by_unpopular * grade)[:, None], shape)
    eta = predictor + pact * added
    new = np.full(shape, -1, np.int8)
    cutpoint = np.zeros((shape[0], 2))
    for a in range(shape[0]):
        cutpoint[a] = _find_cutpoints(eta[a][voted[a]], answer[a][voted[a]])
        draw = eta[a] + rng.logistic(size=shape[1])
        new[a] = np.where(voted[a], (draw[:, None] > cutpoint[a]).sum(1), -1)
    simulated = acts.assign(answer=(("act", "state"), new))
    simulated["unpopular"] = (("act", "state"), _measure_unpopularity(new))
    dims = ("act", "state")
    measured = xr.Dataset(
        {
            "mean": (dims, known),
            "sd": (dims, np.full(shape, truth.agreement_sd)),
        }
    )
    true = xr.Dataset(
        {
            "pact_effect": (dims, added),
            "predictor": (dims, predictor),
            "cutpoint": (("act", "cut"), cutpoint),
        }
    )
    return simulated, measured, true


def _find_cutpoints(eta: np.ndarray, answer: np.ndarray) -> np.ndarray:
    """Return the cutpoints at which the mean shares of answers are about those given, at least one state."""
    wanted = np.clip([(answer <= 0).mean(), (answer <= 1).mean()], 1.5 / len(answer), 1 - 1.5 / len(answer))
    wanted[1] = max(wanted[1], wanted[0] + 1 / len(answer))
    low, high = np.full(2, -30.0), np.full(2, 30.0)
    for _ in range(50):
        middle = (low + high) / 2
        below = expit(middle[:, None] - eta).mean(1) < wanted
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return (low + high) / 2


def _measure_unpopularity(answer: np.ndarray) -> np.ndarray:
    voted, against = answer >= 0, answer == 0
    n, k = voted.sum(1, keepdims=True), against.sum(1, keepdims=True)
    return ((k - against) / np.maximum(n - voted, 1) - (k / n).mean()) / STEP


def permute_pacts(acts: xr.Dataset, rng: np.random.Generator) -> xr.Dataset:
    """Deal pacts anew among the states of the same region that voted, alike on all acts of a session.

    Each region keeps its number of pacts with the power on each act, as far as the same states voted.
    """
    pact, answer = acts["pact"].values, acts["answer"].values
    session, power = acts["session"].values, acts["power"].values.astype(str)
    region = acts["region"].values.astype(str)
    dealt = pact.copy()
    for one, own in sorted(set(zip(session.tolist(), power.tolist(), strict=True))):
        rows = np.flatnonzero((session == one) & (power == own))
        there = (answer[rows] >= 0).any(0)
        for place in np.unique(region):
            seats = np.flatnonzero(there & (region == place))
            dealt[np.ix_(rows, seats)] = pact[np.ix_(rows, rng.permutation(seats))]
    return acts.assign(pact=(("act", "state"), dealt))
