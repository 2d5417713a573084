"""The likelihood of a state's votes with its position integrated out, and votes of a new state."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple

import numpy as np
import xarray as xr
from scipy.interpolate import make_interp_spline
from scipy.special import expit, gammaln
from threadpoolctl import threadpool_limits

from models.coordinates.start import prepare_direction
from models.likelihood.repeated.turns import find_last_answers, order_repeats
from models.spec import IdealPointSpec

SPACE, FINER = 0.15, 6
"""Distance of the positions at which votes are evaluated, sd of states, and how many times finer the cubic
spline through them is integrated. The narrowest posteriors have an sd of 0.04."""
BEYOND = 0.6
"""How far they reach beyond the positions drawn, sd of states."""
PARTS, THREADS = 8, 2
"""Parts of the draws, each with random numbers of its own, and how many of them run side by side."""
OF_DRAWS = ("discrimination", "cutpoint", "region_mean", "region_sd", "inertia")


class Cells(NamedTuple):
    """Votes as the integrated likelihood reads them, float32.

    Attributes
    ----------
    new : np.ndarray
        (response, state, item): answers that count as given anew, with their weights.
    again : np.ndarray
        (response, state, row): answers that are the same as the last one to the resolution.
    rows : np.ndarray
        (row,), int: the items of ``again``.
    changed : np.ndarray
        (state,): answers that differ from the last one to the resolution.
    """

    new: np.ndarray
    again: np.ndarray
    rows: np.ndarray
    changed: np.ndarray


def lay_out(votes: xr.Dataset, spec: IdealPointSpec) -> Cells:
    """Sort the answers as the model of repeats counts them."""
    counts = votes["counts"].transpose("response", "state", "item").values.astype(np.float32)
    nothing = Cells(counts, counts[..., :0], np.zeros(0, int), np.zeros(counts.shape[1]))
    if spec.repeats == "apart" or "match_group" not in votes.coords:
        return nothing
    if spec.repeats == "tempered":
        _, group, size = np.unique(votes["match_group"].values, return_inverse=True, return_counts=True)
        weight = 1 / (1 + (size[group] - 1) * spec.repeat_correlation)
        return nothing._replace(new=(counts * weight).astype(np.float32))
    last, answer = find_last_answers(votes), counts.argmax(0).T
    same = (last >= 0) & (np.take_along_axis(answer, np.maximum(last, 0), 0) == answer)
    rows, changed = np.flatnonzero(same.any(1)), ((last >= 0) & ~same).sum(0)
    again = np.ascontiguousarray(np.where(same.T, counts, 0)[..., rows])
    return Cells(np.where(same.T, 0, counts), again, rows, changed)


def log_likelihood_by_state(draws: xr.Dataset, votes: xr.Dataset, spec: IdealPointSpec) -> np.ndarray:
    """Return the log probability of all votes of each state, its position unknown.

    Parameters
    ----------
    draws : xr.Dataset
        Draws along ``sample`` of a fit with its items, on one axis.
    votes : xr.Dataset
        Votes of the same states and items.
    spec : IdealPointSpec
        Choices of the fit; not ``testlet``.

    Returns
    -------
    np.ndarray
        (sample, state), float32. Within each draw the position is integrated over its region's distribution.
    """
    cells, place = lay_out(votes, spec), draws["ideal_point"]
    node = np.arange(float(place.min()) - BEYOND, float(place.max()) + BEYOND + SPACE, SPACE)
    fine = np.linspace(node[0], node[-1], FINER * (len(node) - 1) + 1)
    spline = make_interp_spline(node, np.eye(len(node)), k=3)(fine).T
    values, region_idx = take_values(draws), find_regions(draws, votes)
    found = np.empty((draws.sizes["sample"], votes.sizes["state"]), np.float32)

    def integrate(number: int) -> None:
        draw = {name: value[number] for name, value in values.items()}
        mean, sd = (draw[name][:, None] for name in ("region_mean", "region_sd"))
        prior = log_density((fine - mean) / sd, spec) - np.log(sd)
        whole = sum_logs(draw, node.astype(np.float32), cells) @ spline + prior[region_idx]
        top = whole.max(1)
        heights = np.exp((whole - top[:, None]).astype(np.float32)).sum(1)
        found[number] = top + np.log(heights * (SPACE / FINER))

    # Small products: threads of BLAS would wait for each other most of the time.
    with threadpool_limits(limits=1), ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(integrate, range(len(found))))
    return found


def sum_logs(draw: dict[str, np.ndarray], node: np.ndarray, cells: Cells) -> np.ndarray:
    """Return the log probability of each state's votes at each position, (state, node), for one draw."""
    slope, cutpoint = (draw[name].astype(np.float32) for name in ("discrimination", "cutpoint"))
    lower, upper = (slope[:, None] * node - cutpoint[:, k, None] for k in (0, 1))
    # log of P(at least abstain) - P(yes) = log F(lower) + log F(-upper) + log(1 - exp(-gap between them)).
    apart = np.maximum(cutpoint[:, 1] - cutpoint[:, 0], np.float32(1e-12))
    gap = np.log(-np.expm1(-apart))
    low, high = softplus(lower), softplus(upper)
    no, abstain, yes = cells.new
    total = -((no + abstain) @ low) - (abstain + yes) @ high
    total = total + np.outer((abstain + yes) @ slope, node)
    total += (abstain @ (gap - cutpoint[:, 0]) - yes @ cutpoint[:, 1])[:, None]
    if "inertia" not in draw:
        return total
    inertia = np.float32(draw["inertia"])
    if len(rows := cells.rows):
        low, high = low[rows], high[rows]
        logs = (-low, lower[rows] - low - high + gap[rows, None], upper[rows] - high)
        for counts, log in zip(cells.again, logs, strict=True):
            total += counts @ np.log(inertia + (1 - inertia) * np.exp(log))
    return total + cells.changed[:, None] * np.log1p(-inertia)


def softplus(x: np.ndarray) -> np.ndarray:
    """Return log(1 + exp(x))."""
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def log_density(z: np.ndarray, spec: IdealPointSpec) -> np.ndarray:
    """Return the log density of positions within a region, standardised."""
    if spec.family == "normal":
        return -0.5 * z**2 - 0.5 * np.log(2 * np.pi)
    df = spec.family_df
    constant = gammaln((df + 1) / 2) - gammaln(df / 2) - 0.5 * np.log(df * np.pi)
    return constant - (df + 1) / 2 * np.log1p(z**2 / df)


def take_values(draws: xr.Dataset) -> dict[str, np.ndarray]:
    """Return the draws that votes depend on as arrays (sample, ...), by name."""
    return {name: draws[name].transpose("sample", ...).values for name in OF_DRAWS if name in draws}


def find_regions(draws: xr.Dataset, votes: xr.Dataset) -> np.ndarray:
    """Return the place of each state's region in the posterior's coordinate, (state,), int."""
    regions = list(map(str, draws["region"].values))
    if regions == ["World"]:
        return np.zeros(votes.sizes["state"], int)
    return np.array([regions.index(str(name)) for name in votes["region"].values])


def count_support(votes: xr.Dataset) -> xr.DataArray:
    """Return how many votes of each state were on the side of the US, (state,), int16."""
    side = prepare_direction(votes)
    counts = votes["counts"].transpose("item", "state", "response").values
    with_us = np.where((side > 0)[:, None], counts[..., 2], counts[..., 0])[side != 0].sum(0)
    return xr.DataArray(
        with_us.astype(np.int16),
        {"state": votes["state"].values},
        ("state",),
        attrs={"description": "Votes on the side of the US, of those on which the US said yes or no."},
    )


def replicate_support(
    draws: xr.Dataset, votes: xr.Dataset, spec: IdealPointSpec, rng: np.random.Generator
) -> np.ndarray:
    """Draw how often a new state of the same region, present as often, would vote with the US.

    Takes what ``log_likelihood_by_state`` takes, and returns (sample, state), int16. With ``inertia`` an
    answer to a resolution put again repeats the last one with that probability.
    """
    values, side = take_values(draws), prepare_direction(votes)
    kept = np.flatnonzero(side)
    votes, side = votes.isel(item=kept), side[kept, None].astype(np.float32)
    number = votes["counts"].sum("response").transpose("item", "state").values
    turns = find_turns(votes, side) if "inertia" in values and "match_group" in votes.coords else []
    region_idx, single = find_regions(draws, votes), number.max() <= 1
    edge = np.where(side > 0, values["cutpoint"][:, kept, 1:], values["cutpoint"][:, kept, :1])
    slope = values["discrimination"][:, kept, None]
    found = np.empty((draws.sizes["sample"], len(region_idx)), np.int16)

    def answer(part: np.ndarray, own: np.random.Generator) -> None:
        for k in part:
            size = len(region_idx)
            normal = spec.family == "normal"
            noise = own.normal(size=size) if normal else own.standard_t(spec.family_df, size)
            place = values["region_mean"][k, region_idx] + values["region_sd"][k, region_idx] * noise
            logit = side * (slope[k] * place - edge[k]).astype(np.float32)
            if single:
                answers = (own.random(logit.shape, np.float32) < expit(logit)) & (number > 0)
            else:
                answers = own.binomial(number, expit(logit))
            for items, before, may in turns:
                same = may & (own.random(before.shape, np.float32) < values["inertia"][k])
                answers[items] = np.where(same, np.take_along_axis(answers, before, 0), answers[items])
            found[k] = answers.sum(0)

    with ThreadPoolExecutor(THREADS) as pool:
        parts = np.array_split(np.arange(len(found)), PARTS)
        list(pool.map(partial(answer), parts, rng.spawn(PARTS)))
    return found


def find_turns(votes: xr.Dataset, side: np.ndarray) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """List the items put again, turn by turn: items, the last item of each state, whether it can repeat.

    The US may have changed sides between two votes. A repeated answer is then no longer the same support.
    """
    last, turn, found = find_last_answers(votes), order_repeats(votes), []
    for number in range(1, turn.max() + 1):
        items = np.flatnonzero((turn == number) & (last >= 0).any(1))
        before = np.maximum(last[items], 0)
        may = (last[items] >= 0) & (side[before, 0] == side[items])
        found.append((items, before, may))
    return found
