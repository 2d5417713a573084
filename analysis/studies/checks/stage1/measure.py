"""Statistics of the observed and of replicated votes, draw by draw."""

import numpy as np
import pandas as pd
import xarray as xr

from analysis.posterior.draws import count_draws
from analysis.posterior.replication import Replicate, align_votes, replicate_votes, sum_answers
from analysis.studies.checks.stage1.pairs import Pairs, find_pairs
from analysis.variants.sampler import Progress

REPEATS, CORRELATION, DIMENSIONS = "repeats", "residual_correlation", "residual_dimensions"
SPREAD = "residual_spread"
CONTRADICTIONS = "answers that differ from the last one"
SURPRISES = "answers with less than 1 chance in 1,000"
RESIDUALS = "mean square of residuals, 1 if as expected"
N_DIMENSIONS = 3
RARE = 0.001


def compare_votes(
    votes: xr.Dataset,
    posterior: xr.Dataset,
    blocs: pd.DataFrame,
    *,
    draws: int,
    seed: int,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Measure the observed votes and as many replicates, each beside what one draw expects.

    Both are judged by the same draw, so neither is nearer to its own fit than the other (Gelman, Meng and
    Stern 1996).

    Parameters
    ----------
    votes : xr.Dataset
        Votes of a window, see ``data.load.load_votes``.
    posterior : xr.Dataset
        Draws of stage 1 with its items; see ``analysis.posterior.replication.replicate_votes``.
    blocs : pd.DataFrame
        From ``data.load.load_blocs``.
    draws, seed : int
        Number of replicates, and the seed of their answers.
    progress : callable, optional
        Takes the share done, 0 to 1.

    Returns
    -------
    xr.Dataset
        ``statistic`` (side, draw, name), float, with coordinates ``check`` and ``what`` (name). ``item_fit``
        (side, draw, item) and ``state_fit`` (side, draw, state), float, 1 if as expected: see ``measure``.
        ``residual`` (item, state), float: mean residual of the observed votes.
        ``side`` is ``seen`` or ``replicated``. Statistics of pairs of which there are none are left out.

    Raises
    ------
    ValueError
        If the votes cannot be replicated from these draws.
    """
    votes = align_votes(votes, posterior)
    pairs = find_pairs(votes, blocs)
    observed = sum_answers(votes["counts"].transpose("item", "state", "response").values)
    weights, draws = weigh_pairs(pairs), min(draws, count_draws(posterior))
    scalars, items, states, total = [], [], [], np.zeros(observed.shape)
    for k, replicate in enumerate(replicate_votes(votes, posterior, draws, seed)):
        both = [measure(answers, replicate, pairs, weights) for answers in (observed, replicate.answers)]
        scalars.append([found[0] for found in both])
        items.append([found[1] for found in both])
        states.append([found[2] for found in both])
        total += both[0][3]
        if progress:
            progress((k + 1) / draws)
    names = list(scalars[0][0])
    values = np.array([[[found[name] for name in names] for found in both] for both in scalars])
    dims = ("draw", "side")
    return xr.Dataset(
        {
            "statistic": ((*dims, "name"), values),
            "item_fit": ((*dims, "item"), np.array(items)),
            "state_fit": ((*dims, "state"), np.array(states)),
            "residual": (("item", "state"), total / len(scalars)),
        },
        {
            "side": ["seen", "replicated"],
            "check": ("name", [check for check, _ in names]),
            "what": ("name", [what for _, what in names]),
            "item": votes["item"].values,
            "state": votes["state"].values,
        },
    )


def weigh_pairs(pairs: Pairs) -> dict[str, np.ndarray]:
    """Count the partners of each answer by kind of pair, (item, state); kinds without a pair are left out."""
    there, partners = (pairs.number > 0).astype(float), {}
    for kind, chosen in pairs.of_items.items():
        partners[kind] = there * (chosen @ there)
    for items, kinds in pairs.of_states:
        for kind, chosen in kinds.items():
            counted = partners.setdefault(kind, np.zeros(there.shape))
            counted[items] = there[items] * (there[items] @ chosen)
    return {kind: counted for kind, counted in partners.items() if counted.any()}


def measure(
    answers: np.ndarray, replicate: Replicate, pairs: Pairs, partners: dict[str, np.ndarray]
) -> tuple[dict[tuple[str, str], float], np.ndarray, np.ndarray, np.ndarray]:
    """Return the statistics of one set of answers, (item, state), beside what a draw expects.

    Returns
    -------
    statistics : dict
        By name of check and of statistic.
    item_fit : np.ndarray
        (item,): squared sums of residuals by region, over their expectation. An item has its own parameters,
        which take up all else that is odd about it.
    state_fit : np.ndarray
        (state,): squared residuals over their expectation.
    residual : np.ndarray
        (item, state): residuals in units of one vote; 0 where the state did not vote.
    """
    difference, number = answers - replicate.expected, pairs.number
    # A tally of n votes has n times the variance. Residuals are not divided by their own sd: a single answer
    # to which the model gave 1 chance in 10,000 would then outweigh thousands of others.
    residual = difference / np.sqrt(np.maximum(number, 1))
    square, found = residual**2, {}
    if pairs.last is not None:
        item, state = np.nonzero(pairs.last >= 0)
        if len(item):
            differ = answers[item, state] != answers[pairs.last[item, state], state]
            found[REPEATS, CONTRADICTIONS] = float(differ.sum())
        given = np.take_along_axis(replicate.chance, np.minimum(answers, 2)[None], 0)[0]
        found[SPREAD, SURPRISES] = float(((given < RARE) & (number > 0)).sum())
    found[SPREAD, RESIDUALS] = (difference**2).sum() / replicate.variance.sum()

    products = residual @ residual.T
    together = {kind: (products * chosen).sum() for kind, chosen in pairs.of_items.items()}
    gram = np.zeros((residual.shape[1],) * 2)
    for items, kinds in pairs.of_states:
        of_items = residual[items].T @ residual[items]
        gram += of_items
        for kind, chosen in kinds.items():
            together[kind] = together.get(kind, 0.0) + (of_items * chosen).sum()
    for kind, counted in partners.items():
        found[CORRELATION, kind] = together[kind] / (square * counted).sum()

    variances = np.linalg.eigvalsh(gram)[::-1]
    for k in range(min(N_DIMENSIONS, len(variances))):
        found[DIMENSIONS, f"dimension {k + 1}"] = variances[k] / variances.sum()
    item_fit = ((difference @ pairs.regions) ** 2).sum(1) / replicate.variance.sum(1)
    state_fit = (difference**2).sum(0) / replicate.variance.sum(0)
    return found, item_fit, state_fit, residual
