"""Worlds of two windows whose parameters are drawn from the priors of the specs, for ranks of the truth.

What is discarded is chosen by what an analyst sees, never by what is hidden: the ranks stay uniform then.
Nothing here calls the models.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import xarray as xr
from scipy.special import expit

from models.simulate.coalitions import (
    CASES,
    LEVELS,
    compute_direct_effects,
    compute_total_effects,
    draw_joining,
    draw_panel,
    list_columns,
)
from models.simulate.static import REGIONS
from models.simulate.worlds import World, simulate_votes_at
from models.spec import AlignmentSpec, CoalitionSpec, IdealPointSpec

SMALL = World(n_state=60, n_item=70, put_again=0.0, absent_sd=0.5)
"""Votes of a window, but for its resolutions, whose distribution is drawn."""
CANDIDATES = 5_000
"""Draws of the model of alignment among which one is taken whose positions are standardised."""
NEAR = 0.03
"""Distance from mean 0 and sd 1 within which positions count as standardised."""
LEAST_DIVIDED = 0.6
"""Share of roll calls that must divide an assembly, each with a tenth of the answers in the minority."""
LEAST_FIRST = 0.25
"""Share of the answers' variance that must lie along one axis: there must be positions to find."""
PUT_AGAIN = 0.16
"""Share of resolutions that are put again, where the model has states repeat their answers."""


class Priors(NamedTuple):
    """Priors of both stages."""

    ideal_point: IdealPointSpec = IdealPointSpec()
    alignment: AlignmentSpec = AlignmentSpec()
    coalition: CoalitionSpec = CoalitionSpec()


@dataclass(frozen=True)
class PriorWorld:
    """A world, and what is true of it.

    Attributes
    ----------
    votes : dict of str to xr.Dataset
        Votes by case; see ``data.load.load_votes``.
    total, direct : xr.Dataset
        Panels; see ``data.load.load_panel``. Who joined depends on alignment in ``direct`` alone: the models
        without and with alignment cannot both be true of the same coalition.
    ideal_point : dict of str to xr.Dataset
        By case: ``ideal_point`` (state), and the means and sds over items, by the names of the model.
    coalition : dict of str to dict
        Parameters of joining, for ``total`` and ``direct``, by the names of the model.
    alignment : dict of str to np.ndarray
        ``guarantee_effect`` (case, level) and ``residual_sd`` (case,), standard deviations of states.
    effects : dict of str to np.ndarray
        (4,): both cases, their mean, their difference.
    """

    votes: dict[str, xr.Dataset]
    total: xr.Dataset
    direct: xr.Dataset
    ideal_point: dict[str, xr.Dataset]
    coalition: dict[str, dict[str, np.ndarray]]
    alignment: dict[str, np.ndarray]
    effects: dict[str, np.ndarray]


def draw_world_from_priors(
    priors: Priors, seed: int, world: World = SMALL, residual_agreement: float = 0.0
) -> PriorWorld:
    """Draw parameters from the priors, then votes of two windows, positions and coalitions.

    Parameters
    ----------
    priors : Priors
    seed : int
        Seed of numpy's generator.
    world : World
        Size of the windows, absences, and dependence of votes; the distribution of resolutions is drawn.
    residual_agreement : float
        Correlation, 0 to 1, of a state's residual alignment in one window with that in the other.

    Raises
    ------
    ValueError
        If the spec of stage 1 has choices that are not simulated.
    """
    check_simulated(priors.ideal_point)
    rng = np.random.default_rng(seed)
    region_idx = rng.permutation(np.arange(world.n_state) % len(REGIONS))
    states = np.array([f"S{i:03d}" for i in range(world.n_state)])
    panel = draw_panel(region_idx, states, rng)
    position, moves, residual_sd = draw_positions_given_guarantee(
        panel, priors.alignment, residual_agreement, rng
    )
    votes, stage1 = {}, {}
    for number, case in enumerate(CASES):
        votes[case], stage1[case] = draw_votes(
            world, priors.ideal_point, position[number], region_idx, case, rng
        )
    parameters = {
        kind: draw_coalition_parameters(panel, priors.coalition, rng) for kind in ("total", "direct")
    }
    total = draw_joining(panel, parameters["total"], None, rng)
    direct = draw_joining(panel, parameters["direct"], position, rng)
    effects = compute_total_effects(total, parameters["total"])
    effects |= compute_direct_effects(direct, parameters["direct"], position, moves)
    del parameters["total"]["alignment_slope"]
    alignment = {"guarantee_effect": moves, "residual_sd": residual_sd}
    return PriorWorld(votes, total, direct, stage1, parameters, alignment, effects)


def draw_positions_given_guarantee(
    panel: xr.Dataset, spec: AlignmentSpec, agreement: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw positions from the model of alignment, among those that are standardised in each case.

    Returns
    -------
    position : np.ndarray
        (case, state), mean 0 and sd 1.
    moves : np.ndarray
        (case, level): effect of each guarantee on alignment.
    residual_sd : np.ndarray
        (case,).
    """
    columns = list_columns(panel)
    n_state = panel.sizes["state"]
    position, moves, sds, error = [], [], [], None
    for case in range(len(CASES)):
        parts = [np.ones((n_state, 1)), columns["level"][case], columns["covariate"][case], columns["region"]]
        scales = (spec.intercept_scale, spec.guarantee_scale, spec.covariate_scale, spec.region_scale)
        scale = np.concatenate([np.full(part.shape[1], s) for part, s in zip(parts, scales, strict=True)])
        design = np.concatenate(parts, 1)
        while True:
            variance = spec.residual_df * spec.residual_scale**2 / rng.chisquare(spec.residual_df, CANDIDATES)
            sd = np.sqrt(variance)
            coefficient = rng.normal(size=(CANDIDATES, len(scale))) * scale * sd[:, None]
            # Noise is drawn only where it can make the positions standardised: the others are far off.
            fitted = coefficient @ design.T
            variance_before = fitted.var(1) + variance
            near = (np.abs(fitted.mean(1)) < 0.8) & (variance_before > 0.25) & (variance_before < 2.5)
            fitted, coefficient, sd = fitted[near], coefficient[near], sd[near]
            own = rng.normal(size=fitted.shape)
            if error is not None:
                own = agreement * error + np.sqrt(1 - agreement**2) * own
            drawn = fitted + sd[:, None] * own
            mean, spread = drawn.mean(1), drawn.std(1)
            found = np.flatnonzero((np.abs(spread - 1) < NEAR) & (np.abs(mean) < NEAR))
            if found.size:
                break
        k = found[0]
        error = own[k]
        position.append((drawn[k] - mean[k]) / spread[k])
        moves.append(coefficient[k, 1 : len(LEVELS)] / spread[k])
        sds.append(sd[k] / spread[k])
    return np.stack(position), np.stack(moves), np.array(sds)


def draw_votes(
    world: World,
    spec: IdealPointSpec,
    position: np.ndarray,
    region_idx: np.ndarray,
    case: str,
    rng: np.random.Generator,
) -> tuple[xr.Dataset, xr.Dataset]:
    """Draw the resolutions' distribution from its priors, and votes, until the assembly is divided enough."""
    while True:
        of_items = {
            "discrimination_sd": abs(rng.normal(0, spec.discrimination_scale)),
            "midpoint_mean": rng.normal(spec.midpoint_loc, spec.midpoint_scale),
            "midpoint_sd": abs(rng.normal(0, spec.midpoint_sd_scale)),
            "log_gap_mean": rng.normal(spec.log_gap_loc, spec.log_gap_scale),
            "log_gap_sd": abs(rng.normal(0, spec.log_gap_sd_scale)),
        }
        # Worlds whose repeats depend on each other otherwise stay as they are.
        inertia = spec.repeats == "inertia" and world.repeat_correlation == 0
        if inertia:
            of_items["inertia"] = expit(rng.normal(spec.inertia_loc, spec.inertia_scale))
        drawn = replace(world, **of_items)
        if inertia:
            drawn = replace(drawn, put_again=PUT_AGAIN, alike=False)
        votes, truth = simulate_votes_at(drawn, position, region_idx, rng, case, us_known=False)
        if shows_positions(votes["counts"].values):
            us_vote = name_upper_end(votes["us_vote"].values, truth["discrimination"].values)
            return votes.assign_coords(us_vote=("item", us_vote)), truth.assign(of_items)


def check_simulated(spec: IdealPointSpec) -> None:
    """Raise ValueError if a spec of stage 1 has choices of which no worlds are drawn."""
    simulated = {"dimensions": (1,), "repeats": ("apart", "inertia")}
    for name, choices in simulated.items():
        if getattr(spec, name) not in choices:
            allowed = ", ".join(map(repr, choices))
            raise ValueError(
                f"worlds of IdealPointSpec.{name} = {getattr(spec, name)!r} are not simulated; only {allowed}"
            )


def shows_positions(counts: np.ndarray) -> bool:
    """Return whether votes (item, state, response) tell enough: a choice that depends on them alone."""
    total = counts.sum(1)
    minority = 1 - total.max(1) / np.maximum(total.sum(1), 1)
    if (minority >= 0.1).mean() < LEAST_DIVIDED or total[:, 1].sum() < 0.02 * total.sum():
        return False
    answer = np.where(counts.any(-1), counts @ np.arange(3.0), np.nan)
    centred = np.nan_to_num(answer - np.nanmean(answer, axis=1, keepdims=True))
    singular = np.linalg.svd(centred, compute_uv=False)
    return bool(singular[0] ** 2 > LEAST_FIRST * (singular**2).sum())


def name_upper_end(us_vote: np.ndarray, discrimination: np.ndarray) -> np.ndarray:
    """Return the US votes (item,), yes and no exchanged unless they are those of the upper end of the truth.

    The votes know no upper end: it is where the US stands.
    """
    yes, no = us_vote == "yes", us_vote == "no"
    if discrimination[yes].sum() > discrimination[no].sum():
        return us_vote
    return np.where(yes, "no", np.where(no, "yes", us_vote))


def draw_coalition_parameters(
    panel: xr.Dataset, spec: CoalitionSpec, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Draw the parameters of joining, by the names of the model."""
    n_case, n_level, n_covariate = len(CASES), len(LEVELS) - 1, panel.sizes["covariate"]
    drawn = {
        "intercept": rng.normal(0, spec.intercept_scale, n_case),
        "covariate_slope": rng.normal(0, spec.covariate_scale, (n_case, n_covariate)),
        "region_sd": np.abs(rng.normal(0, spec.region_scale)),
        "guarantee_effect_mean": rng.normal(0, spec.guarantee_scale, n_level),
        "guarantee_effect_case_sd": np.abs(rng.normal(0, spec.guarantee_case_scale, n_level)),
        "state_sd": np.abs(rng.normal(0, spec.state_scale)),
        "alignment_slope_mean": rng.normal(0, spec.alignment_scale),
        "alignment_slope_case_sd": np.abs(rng.normal(0, spec.alignment_case_scale)),
    }
    drawn["region_effect"] = rng.normal(0, drawn["region_sd"], (n_case, len(np.unique(panel["region"]))))
    drawn["guarantee_effect"] = rng.normal(
        drawn["guarantee_effect_mean"], drawn["guarantee_effect_case_sd"], (n_case, n_level)
    )
    drawn["alignment_slope"] = rng.normal(
        drawn["alignment_slope_mean"], drawn["alignment_slope_case_sd"], n_case
    )
    return drawn
