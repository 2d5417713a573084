"""Simulated worlds of given strengths through both stages: votes, and the coalitions after them."""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from models.simulate.coalitions import (
    CASES,
    compute_direct_effects,
    draw_joining,
    draw_panel,
    list_columns,
)
from models.simulate.static import REGIONS, standardise
from models.simulate.worlds import World, place_states, simulate_votes_at


@dataclass(frozen=True, kw_only=True)
class Strengths:
    """What alignment and joining depend on. Numbers hold in both cases.

    Attributes
    ----------
    moves : tuple of float
        Effect of the Rio Treaty and of a pact on alignment, standard deviations of states.
    residual_agreement : float
        Correlation, 0 to 1, of a state's residual alignment in one window with that in the other.
    guarantee_effect : tuple of float
        Effect of the Rio Treaty and of a pact on joining, alignment held, logits.
    alignment_slope : float
        Logits per standard deviation.
    covariate_slope : float
        Slope of each covariate on joining, logits per standard deviation; on alignment a third of it, in
        standard deviations.
    region_sd, state_sd : float
        Standard deviations of the effects of regions within a case, and of states in both cases, on joining,
        logits.
    """

    moves: tuple[float, float] = (0.3, 1.0)
    residual_agreement: float = 0.0
    guarantee_effect: tuple[float, float] = (0.3, 1.5)
    alignment_slope: float = 0.8
    covariate_slope: float = 0.5
    region_sd: float = 0.4
    state_sd: float = 0.4


def simulate_two_windows(
    world: World, strengths: Strengths, seed: int
) -> tuple[dict[str, xr.Dataset], xr.Dataset, xr.Dataset]:
    """Simulate the votes of two windows and the coalitions after them.

    Parameters
    ----------
    world : World
        Size of the windows, and dependence of votes.
    strengths : Strengths
    seed : int
        Seed of numpy's generator.

    Returns
    -------
    votes : dict of str to xr.Dataset
        By case, as from ``data.load.load_votes``.
    panel : xr.Dataset
        As from ``data.load.load_panel``; without the US.
    truth : xr.Dataset
        ``ideal_point`` (window, state; the US among them) and, along ``case`` with ``pooled`` and
        ``difference``, the effects by the names of ``analysis.posterior.effects.compute_effects``.
    """
    rng = np.random.default_rng(seed)
    region_idx = place_states(world.n_state, rng)
    states = np.array([f"S{i:03d}" for i in range(1, world.n_state)])
    panel = draw_panel(region_idx[1:], states, rng)
    position, moves = place_both(panel, strengths, region_idx[1:], rng)
    n_region = panel["region"].to_index().nunique()
    parameters = {
        "intercept": np.array([-1.0, -0.8]),
        "covariate_slope": np.full((len(CASES), panel.sizes["covariate"]), strengths.covariate_slope),
        "region_effect": rng.normal(0, strengths.region_sd, (len(CASES), n_region)),
        "guarantee_effect": np.tile(strengths.guarantee_effect, (len(CASES), 1)),
        "alignment_slope": np.full(len(CASES), strengths.alignment_slope),
        "state_sd": np.array(strengths.state_sd),
    }
    aligned = position[:, 1:] - position[:, 1:].mean(1, keepdims=True)
    panel = draw_joining(panel, parameters, aligned, rng)
    effects = compute_direct_effects(panel, parameters, aligned, moves)
    votes = {
        case: simulate_votes_at(world, position[number], region_idx, rng, case)[0]
        for number, case in enumerate(CASES)
    }
    for case, of_case in votes.items():
        divided = ((of_case["counts"].sum("state") > 0).sum("response") > 1).values
        votes[case] = of_case.isel(item=divided)
    truth = xr.Dataset(
        {name: ("case", values) for name, values in effects.items()},
        {"case": [*CASES, "pooled", "difference"]},
    )
    everybody = xr.DataArray(
        position, {"window": list(CASES), "state": votes[CASES[0]]["state"].values}, ("window", "state")
    )
    return votes, panel, truth.assign(ideal_point=everybody)


def place_both(
    panel: xr.Dataset, strengths: Strengths, region_idx: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Place the US and all states (case, state), mean 0 and sd 1; and the guarantee's moves on that scale."""
    columns = list_columns(panel)
    r = strengths.residual_agreement
    first, second = rng.normal(size=(2, panel.sizes["state"]))
    residual = np.stack([first, r * first + np.sqrt(1 - r**2) * second])
    raw = (
        rng.normal(0, 0.5, len(REGIONS))[region_idx]
        + strengths.covariate_slope / 3 * columns["covariate"].sum(-1)
        + columns["level"] @ np.array(strengths.moves)
        + 0.7 * residual
    )
    us = np.maximum(raw.max(1, keepdims=True), 2.0)
    with_us = np.concatenate([us, raw], axis=1)
    moves = np.array(strengths.moves) / with_us.std(1, keepdims=True)
    return standardise(with_us), moves
