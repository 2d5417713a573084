"""Votes replicated from draws of stage 1: the same states answer the same resolutions once more.

The one place where answers are drawn from positions and items.
"""

from collections.abc import Iterator
from typing import NamedTuple, Self

import numpy as np
import xarray as xr
from scipy.special import expit

from analysis.posterior.draws import stack
from models.likelihood.quadrature import STATE_LOG_WEIGHTS, STATE_NODES
from models.likelihood.repeated.turns import find_last_answers, order_repeats

ITEMS = ("discrimination", "cutpoint")
"""Variables of the items, without which no vote can be replicated."""

OF_ITEMS = (*ITEMS, "second_discrimination")
"""Variables with a row for each item."""

AXES = (("discrimination", "ideal_point"), ("second_discrimination", "second_ideal_point"))
"""Slopes and positions, an axis each. The second is there if the model has two dimensions."""

INERTIA, TESTLET = "inertia", "testlet_sd"
"""Variables of a model of repeats: the probability of repeating the last answer to a resolution, or the
standard deviation of a state's effect on a resolution, logits. See ``models.spec.IdealPointSpec.repeats``."""


class Replicate(NamedTuple):
    """Votes replicated from one draw, beside what the draw expects.

    Answers are summed over the votes of a cell as no = 0, abstain = 1, yes = 2 (or against, abstain, with).

    Attributes
    ----------
    expected, variance : np.ndarray
        (item, state), float: mean and variance of the sum, given nothing of the state's other answers. With
        ``inertia`` they are those of answers given anew.
    answers : np.ndarray
        (item, state), int: the replicated sum; 0 where the state did not vote.
    chance : np.ndarray
        (response, item, state), 0 to 1: chance of each response, in rising order.
    """

    expected: np.ndarray
    variance: np.ndarray
    answers: np.ndarray
    chance: np.ndarray


def align_votes(votes: xr.Dataset, posterior: xr.Dataset) -> xr.Dataset:
    """Return the votes of the states and items that the posterior has, in its order.

    Raises
    ------
    ValueError
        If the posterior lacks the items' variables, or has items or states without votes.
    """
    missing = [name for name in ITEMS if name not in posterior]
    if missing:
        raise ValueError(f"votes cannot be replicated: the fit has no {', '.join(missing)} of items")
    for dim in ("item", "state"):
        unknown = sorted(set(posterior[dim].values.tolist()) - set(votes[dim].values.tolist()))
        if unknown:
            raise ValueError(f"the fit has {dim}s that are not among the votes: {unknown[:5]}")
    return votes.sel(state=posterior["state"].values, item=posterior["item"].values)


def sum_answers(counts: np.ndarray) -> np.ndarray:
    """Sum the answers of each cell, (..., response) counts in rising order: a no is 0, a yes is 2."""
    return counts[..., 1] + 2 * counts[..., 2]


class Repeats(NamedTuple):
    """What replicated answers need to know of resolutions put again.

    Attributes
    ----------
    group : np.ndarray
        (item,), int: number of the resolution.
    again : np.ndarray
        (item,), bool: whether it is put more than once.
    turn : np.ndarray
        (item,), int: from ``order_repeats``.
    last : np.ndarray
        (item, state), int: from ``find_last_answers``.
    """

    group: np.ndarray
    again: np.ndarray
    turn: np.ndarray
    last: np.ndarray

    @classmethod
    def find(cls, votes: xr.Dataset) -> Self:
        """Find the repeats among votes with ``match_group``."""
        _, group, size = np.unique(votes["match_group"].values, return_inverse=True, return_counts=True)
        return cls(group, size[group] > 1, order_repeats(votes), find_last_answers(votes))

    def draw_effects(self, rng: np.random.Generator) -> np.ndarray:
        """Draw standard normal effects of each state on each resolution, (item, state); 0 if put once."""
        effects = rng.normal(size=(self.group.max() + 1, self.last.shape[1]))
        return effects[self.group] * self.again[:, None]

    def repeat(self, answers: np.ndarray, chosen: np.ndarray) -> np.ndarray:
        """Put a state's last answer, by date, in the place of each that is ``chosen``, (item, state) bool."""
        answers, state, chosen = answers.copy(), np.arange(answers.shape[1]), chosen & (self.last >= 0)
        for turn in range(1, self.turn.max() + 1):
            items = np.flatnonzero(self.turn == turn)
            answers[items] = np.where(chosen[items], answers[self.last[items], state], answers[items])
        return answers


def replicate_votes(votes: xr.Dataset, posterior: xr.Dataset, draws: int, seed: int) -> Iterator[Replicate]:
    """Replicate the votes from evenly spaced draws, with the observed absences.

    Parameters
    ----------
    votes : xr.Dataset
        From ``align_votes``.
    posterior : xr.Dataset
        ``ideal_point`` (state), ``discrimination`` (item), ``cutpoint`` (item, threshold), with chain and
        draw. With ``second_ideal_point`` and ``second_discrimination`` the predictor has two axes. With
        ``inertia`` a state repeats its last answer to a resolution with that probability, and else answers
        anew; resolutions are taken in the order in which they were put. With ``testlet_sd`` a state has one
        normal effect on all answers to a resolution that is put again.
    draws : int
        Number of draws, each of which gives one replicate; all, if there are fewer.
    seed : int
        Seed of the answers.

    Yields
    ------
    Replicate
    """
    rng = np.random.default_rng(seed)
    names = [name for pair in AXES for name in pair if name in posterior]
    names += ["cutpoint", *(name for name in (INERTIA, TESTLET) if name in posterior)]
    samples = stack(posterior[names], draws)
    values = {name: samples[name].transpose("sample", ...).values for name in names}
    number = votes["counts"].sum("response").transpose("item", "state").values
    repeats = Repeats.find(votes) if {INERTIA, TESTLET} & set(names) else None
    for k in range(samples.sizes["sample"]):
        draw = {name: value[k] for name, value in values.items()}
        effect = draw[TESTLET] * repeats.draw_effects(rng) if TESTLET in draw else 0.0
        some, yes = expect_answers(draw, effect)
        answers = sum(draw_answers((some, yes), number, rng))
        if TESTLET in draw:
            some, yes = average_answers(draw, repeats.again)
        if INERTIA in draw:
            answers = repeats.repeat(answers, rng.random(answers.shape) < draw[INERTIA])
        mean = some + yes
        variance = some + 3 * yes - mean**2
        chance = np.stack([1 - some, some - yes, yes])
        yield Replicate(number * mean, number * variance, answers, chance)


def expect_answers(
    draw: dict[str, np.ndarray], effect: np.ndarray | float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Return the chances of at least an abstention and of a yes, (item, state) each, at one draw.

    ``effect`` (item, state), logits, is added to the predictor.
    """
    reaction = effect + sum(draw[slope][:, None] * draw[place] for slope, place in AXES if slope in draw)
    cutpoint = draw["cutpoint"]
    return expit(reaction - cutpoint[:, :1]), expit(reaction - cutpoint[:, 1:])


def average_answers(draw: dict[str, np.ndarray], again: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the chances as ``expect_answers`` does, averaged over the effect on items ``again``, bool."""
    some, yes = expect_answers(draw)
    part = {name: v[again] if name in OF_ITEMS else v for name, v in draw.items()}
    nodes = [expect_answers(part, draw[TESTLET] * node) for node in STATE_NODES]
    some[again], yes[again] = np.tensordot(np.exp(STATE_LOG_WEIGHTS), np.array(nodes), 1)
    return some, yes


def draw_answers(
    at_least: tuple[np.ndarray, np.ndarray], number: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw answers to ``number`` votes a cell, (item, state): how many are at least abstentions, and yes."""
    some, yes = at_least
    first = rng.binomial(number, some)
    return first, rng.binomial(first, np.minimum(yes / np.maximum(some, 1e-300), 1))
