"""Simulated assemblies whose votes depend on each other as real votes do, with known truth.

Plain numpy; nothing here calls the models, so that a mistake in a model is not repeated here. A state reacts
to each roll call with its position, a second position, the wish of its bloc and a chance of its own. A chance
is a draw of the normal distribution, mapped to the logistic one: whatever it depends on, a single answer has
the probabilities of graded responses.
"""

from dataclasses import dataclass

import numpy as np
import xarray as xr
from scipy.special import logit, ndtr

from models.simulate.absences import date_items, draw_absences
from models.simulate.static import REGIONS, standardise

US = "USA"
SESSIONS = 5
"""Sessions of a window."""
MOST_TIMES = 5
"""Most times that a resolution is put in a window."""
ISSUES = ("me", "nu", "di", "hr", "co", "ec", "other")
SHARES = (0.28, 0.17, 0.11, 0.19, 0.08, 0.05, 0.12)
"""Shares of the issue areas among resolutions, as in the two windows."""
DIVIDED = {"me": 1.0, "nu": 1.0}
"""Issue areas on which the second position counts in full."""
ELSEWHERE = 0.2
"""How much the second position counts on other issue areas."""


@dataclass(frozen=True, kw_only=True)
class World:
    """What an assembly is like. As it stands, all that ``IdealPointSpec`` assumes is true of it.

    Attributes
    ----------
    n_state, n_item : int
        States, the United States among them, and roll calls. Roll calls without division are then left out.
    put_again : float
        Share of resolutions, 0 to 1, that are put in 2 to 5 sessions.
    repeat_correlation : float
        Correlation, 0 to 1, of a state's chance at a roll call with its chance when the resolution was last
        put, on the normal scale. Answers correlate less. 0: each answer is given anew.
    inertia : float
        Probability, 0 to 1, that a state repeats its last answer to a resolution without deciding anew: the
        other mechanism of repeats, which ``IdealPointSpec`` can assume.
    alike : bool
        Whether a resolution put again has the slope and midpoint that it had, but for ``item_drift``: the
        standard deviation of their changes from session to session, logits.
    second_sd : float
        Standard deviation of the slopes on the second position, logits, in the areas that it divides.
    bloc_sd : float
        Standard deviation of what a bloc wants of its members on a resolution, logits.
    bloc_share : float
        Share of the states of a region that form its bloc, 0 to 1.
    absent : float
        Median probability, 0 to 1, that a state misses a roll call.
    absent_sd : float
        Standard deviation of it between states, logits.
    absent_awkward : float
        What is added to it if a state is torn evenly between two answers, logits. 0: missing at random.
    absent_inertia : float
        Probability, 0 to 1, that a state does as at the roll call before on the same day.
    discrimination_sd, midpoint_mean, midpoint_sd, log_gap_mean, log_gap_sd : float
        Distribution of resolutions, logits. Estimates of the two windows are near.
    """

    n_state: int = 150
    n_item: int = 355
    put_again: float = 0.16
    repeat_correlation: float = 0.0
    inertia: float = 0.0
    alike: bool = True
    item_drift: float = 0.5
    second_sd: float = 0.0
    bloc_sd: float = 0.0
    bloc_share: float = 0.6
    absent: float = 0.06
    absent_sd: float = 1.0
    absent_awkward: float = 0.0
    absent_inertia: float = 0.0
    discrimination_sd: float = 3.5
    midpoint_mean: float = -5.0
    midpoint_sd: float = 2.5
    log_gap_mean: float = 0.9
    log_gap_sd: float = 0.8


DEPENDENT = World(repeat_correlation=0.88, second_sd=3.5)
"""Repeats and a second dimension as strong as in the real windows: residuals of answers to a resolution put
again correlate about 0.7, and the first residual dimension holds about 17 % of their variance. See
``models.simulate.dependence``."""


def simulate_window(world: World, seed: int) -> tuple[xr.Dataset, xr.Dataset]:
    """Simulate the votes of one window, and return the truth.

    Parameters
    ----------
    world : World
    seed : int
        Seed of numpy's generator.

    Returns
    -------
    votes : xr.Dataset
        As from ``data.load.load_votes``: ``counts`` (item, state, response), int, 0 or 1.
    truth : xr.Dataset
        ``ideal_point`` (state; mean 0, sd 1), ``second_ideal_point`` (state; the same, uncorrelated with it),
        ``discrimination``, ``second_discrimination`` (item) and ``cutpoint`` (item, threshold), logits;
        ``bloc`` (state), str, empty for none; ``bloc_sd``, logits.
    """
    rng = np.random.default_rng(seed)
    region_idx = place_states(world.n_state, rng)
    position = draw_positions(region_idx, rng)
    votes, truth = simulate_votes_at(world, position, region_idx, rng)
    divided = ((votes["counts"].sum("state") > 0).sum("response") > 1).values
    return votes.isel(item=divided), truth.isel(item=divided)


def place_states(n_state: int, rng: np.random.Generator) -> np.ndarray:
    """Return the region (state,) of each state, as int; the first state is the US."""
    region_idx = rng.choice(len(REGIONS), size=n_state, p=(0.28, 0.28, 0.12, 0.17, 0.15))
    region_idx[0] = REGIONS.index("WEOG")
    return region_idx


def draw_positions(region_idx: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw positions (state,), mean 0 and sd 1, from regions that differ; the US is at the upper end."""
    mean, spread = np.array([-0.7, -0.4, 0.9, -0.3, 1.2]), np.array([0.4, 0.8, 0.5, 0.5, 0.6])
    position = rng.normal(mean[region_idx], spread[region_idx])
    position[0] = max(position.max(), 2.2)
    return standardise(position)


def simulate_votes_at(
    world: World,
    position: np.ndarray,
    region_idx: np.ndarray,
    rng: np.random.Generator,
    case: str = "world",
    *,
    us_known: bool = True,
) -> tuple[xr.Dataset, xr.Dataset]:
    """Simulate votes of states at given positions, unanimous roll calls included; see ``simulate_window``.

    Parameters
    ----------
    world : World
    position : np.ndarray
        (state,), float, mean 0 and sd 1.
    region_idx : np.ndarray
        (state,), int: place of its region in ``models.simulate.static.REGIONS``.
    rng : np.random.Generator
    case : str
        Name of the window.
    us_known : bool
        Whether the first state is the US, which is never absent. If not, the state that stands out most by
        its votes is asked for ``us_vote``: a choice that depends on nothing but the votes.
    """
    agenda = draw_agenda(world, rng)
    second = remove_slope(rng.normal(size=world.n_state), position)
    member = rng.random(world.n_state) < world.bloc_share
    wish = world.bloc_sd * rng.normal(size=(len(REGIONS), agenda["resolution"].max() + 1))
    predictor = (
        agenda["discrimination"][:, None] * position + agenda["second_discrimination"][:, None] * second
    )
    predictor += (wish[region_idx] * member[:, None])[:, agenda["resolution"]].T
    chance = draw_chances(agenda["resolution"], world, rng)
    cutpoint = agenda["cutpoint"]
    response = (predictor + chance)[..., None] > cutpoint[:, None, :]
    answer = response.sum(-1)
    date = date_items(agenda["session"])
    usual = logit(world.absent) + world.absent_sd * rng.normal(size=world.n_state)
    absent = draw_absences(
        usual, predictor, cutpoint, date, rng, awkward=world.absent_awkward, inertia=world.absent_inertia
    )
    absent[:, 0] &= not us_known
    answer = repeat_answers(answer, absent, agenda["resolution"], world.inertia, rng)
    counts = (answer[..., None] == np.arange(3)) & ~absent[..., None]

    us = 0 if us_known else find_outlier(np.where(absent, np.nan, answer))
    us_vote = np.where(absent[:, us], "absent", np.array(["no", "abstain", "yes"])[answer[:, us]])
    items = np.arange(world.n_item)
    states = np.array([f"S{i:03d}" for i in range(world.n_state)])
    states[0] = US if us_known else states[0]
    coords = {"item": items, "state": states, "response": ["no", "abstain", "yes"]}
    coords |= {"region": ("state", np.array(REGIONS)[region_idx]), "name": ("state", states)}
    of_item = {
        "session": agenda["session"],
        "date": date,
        "issue": agenda["issue"],
        "issues": agenda["issue"],
        "us_vote": us_vote,
        "match_group": agenda["resolution"],
    }
    coords |= {name: ("item", values) for name, values in of_item.items()}
    votes = xr.Dataset({"counts": (("item", "state", "response"), counts.astype(np.int32))}, coords)
    votes["presence"] = ("item", "state"), (~absent).astype(np.int8)
    votes.attrs = {"case": case, "granularity": "rollcall", "left_out": "{}"}
    truth = xr.Dataset(
        {
            "ideal_point": ("state", position),
            "second_ideal_point": ("state", second),
            "discrimination": ("item", agenda["discrimination"]),
            "second_discrimination": ("item", agenda["second_discrimination"]),
            "cutpoint": (("item", "threshold"), cutpoint),
            "bloc": ("state", np.where(member, np.array(REGIONS)[region_idx], "")),
            "bloc_sd": world.bloc_sd,
        },
        {"state": states, "item": items, "threshold": ["lower", "upper"]},
    )
    return votes, truth


def draw_agenda(world: World, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Draw roll calls: by item the number of the resolution, session, issue area, slopes and cutpoints."""
    times = np.where(
        rng.random(world.n_item) < world.put_again, rng.integers(2, MOST_TIMES + 1, world.n_item), 1
    )
    resolution = np.repeat(np.arange(world.n_item), times)
    first = np.floor(rng.random(world.n_item) * (SESSIONS - times + 1)).astype(int)
    turn = np.concatenate([np.arange(n) for n in times])
    issue = rng.choice(ISSUES, size=world.n_item, p=SHARES)
    discrimination = rng.normal(0, world.discrimination_sd, world.n_item)
    midpoint = rng.normal(world.midpoint_mean, world.midpoint_sd, world.n_item)
    gap = np.exp(rng.normal(world.log_gap_mean, world.log_gap_sd, world.n_item))
    weight = np.array([DIVIDED.get(area, ELSEWHERE) for area in issue])
    second = world.second_sd * weight * rng.normal(size=world.n_item)
    # Roll calls in the order in which they are held. Resolutions beyond the last roll call are not put.
    put = np.arange(world.n_item)
    put = put[np.argsort((first[resolution] + turn)[put], kind="stable")]
    of = resolution[put]
    own = of if world.alike else np.arange(world.n_item)
    change = world.item_drift * np.sqrt(turn[put]) * rng.normal(size=(2, world.n_item))
    midpoint = midpoint[own] + change[1] * world.alike
    return {
        "resolution": of,
        "session": (first[of] + turn[put]),
        "issue": issue[of],
        "discrimination": discrimination[own] + change[0] * world.alike,
        "second_discrimination": second[of],
        "cutpoint": np.stack([midpoint - gap[own] / 2, midpoint + gap[own] / 2], -1),
    }


def draw_chances(resolution: np.ndarray, world: World, rng: np.random.Generator) -> np.ndarray:
    """Draw what chance adds to each reaction (item, state): standard logistic.

    At a resolution put again it depends on what it was when the resolution was last put, whether the state
    then was present or not.
    """
    r = world.repeat_correlation
    normal = rng.normal(size=(len(resolution), world.n_state))
    last: dict[int, np.ndarray] = {}
    for item, number in enumerate(resolution):
        if number in last:
            normal[item] = r * last[number] + np.sqrt(1 - r**2) * normal[item]
        last[number] = normal[item]
    # Both tails from the lower one, where the distribution function keeps its digits.
    return -np.sign(normal) * logit(ndtr(-np.abs(normal)))


def repeat_answers(
    answer: np.ndarray, absent: np.ndarray, resolution: np.ndarray, inertia: float, rng: np.random.Generator
) -> np.ndarray:
    """Return answers (item, state), some replaced by the state's last one to the same resolution, if any."""
    answer, again = answer.copy(), rng.random(answer.shape) < inertia
    last: dict[int, np.ndarray] = {}
    for item, number in enumerate(resolution):
        before = last.setdefault(number, np.full(answer.shape[1], -1))
        answer[item] = np.where(again[item] & (before >= 0), before, answer[item])
        last[number] = np.where(absent[item], before, answer[item])
    return answer


def find_outlier(answer: np.ndarray) -> int:
    """Return the number of the state furthest out on the first axis of answers (item, state; NaN: absent)."""
    centred = np.nan_to_num(answer - np.nanmean(answer, axis=1, keepdims=True))
    return int(np.abs(np.linalg.svd(centred, full_matrices=False)[2][0]).argmax())


def remove_slope(values: np.ndarray, position: np.ndarray) -> np.ndarray:
    """Return values (state,) without what position explains linearly, mean 0 and sd 1."""
    centred = values - values.mean()
    return standardise(centred - position * (centred @ position) / (position @ position))
