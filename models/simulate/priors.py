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
        Of the model of alignment; see ``draw_positions_given_guarantee``.
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


def draw_world_from_priors(priors: Priors, seed: int, world: World = SMALL) -> PriorWorld:
    """Draw parameters from the priors, then votes of two windows, positions and coalitions.

    Parameters
    ----------
    priors : Priors
    seed : int
        Seed of numpy's generator.
    world : World
        Size of the windows, absences, and dependence of votes; the distribution of resolutions is drawn.

    Raises
    ------
    ValueError
        If the spec of stage 1 has choices that are not simulated.
    """
    check_simulated(priors.ideal_point)
    rng = np.random.default_rng(seed)
    region_idx = rng.permutation(np.arange(world.n_state) % len(REGIONS))
    states = np.array([f"S{i:03d}" for i in range(world.n_state)])
    capability = priors.coalition.heterogeneity != "none"
    panel = draw_panel(region_idx, states, rng, capability=capability)
    position, alignment = draw_positions_given_guarantee(panel, priors.alignment, rng)
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
    effects |= compute_direct_effects(direct, parameters["direct"], position, alignment["guarantee_effect"])
    del parameters["total"]["alignment_slope"]
    return PriorWorld(votes, total, direct, stage1, parameters, alignment, effects)


def draw_positions_given_guarantee(
    panel: xr.Dataset, spec: AlignmentSpec, rng: np.random.Generator
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Draw positions from the model of alignment, among those with mean 0 and sd 1 in each case.

    Everything but the intercept and the size of the coefficients is drawn first; these two are then what
    standardises the positions. One of many such draws is taken, by the prior density of the two.

    Returns
    -------
    position : np.ndarray
        (case, state), mean 0 and sd 1.
    truth : dict of str to np.ndarray
        ``guarantee_effect`` (case, level), ``residual_sd`` (case,), ``state_sd`` and ``subregion_sd`` (), by
        the names of the model.
    """
    columns = list_columns(panel)
    n_case, n_state = len(CASES), panel.sizes["state"]
    subregion, member = np.unique(panel["subregion"].values, return_inverse=True)
    sds = {
        name: getattr(spec, f"{name}_scale") * abs(rng.standard_t(2.0, size=(CANDIDATES, *shape)))
        for name, shape in (("state", ()), ("subregion", ()), ("residual", (n_case,)))
    }
    sds["state"] *= spec.state_effect
    sds["subregion"] *= spec.subregion_effect
    weight, wider = np.ones((CANDIDATES, n_state)), 1.0
    if spec.tails == "student_t":
        weight = rng.chisquare(spec.tail_df, size=weight.shape) / spec.tail_df
        wider = np.sqrt(spec.tail_df / (spec.tail_df - 2))
    shared = sds["state"][:, None] * rng.normal(size=weight.shape) / np.sqrt(weight)
    shared += sds["subregion"][:, None] * rng.normal(size=(CANDIDATES, len(subregion)))[:, member]
    log_density = np.zeros(CANDIDATES)
    position, moves = [], []
    for case in range(n_case):
        parts = [columns["level"][case], columns["covariate"][case], columns["region"]]
        scales = (spec.guarantee_scale, spec.covariate_scale, spec.region_scale)
        scale = np.concatenate([np.full(part.shape[1], s) for part, s in zip(parts, scales, strict=True)])
        error = sds["residual"][:, case, None] * rng.normal(size=weight.shape) / np.sqrt(weight)
        direction = rng.normal(size=(CANDIDATES, len(scale)))
        direction *= scale / np.linalg.norm(direction, axis=1, keepdims=True)
        fitted, rest = direction @ np.concatenate(parts, 1).T, shared + error
        size, density = _standardise_by_size(fitted, rest, len(scale), rng)
        drawn = size[:, None] * fitted + rest
        # The intercept that makes the mean 0 is Normal(0, intercept_scale).
        mean = drawn.mean(1)
        log_density += density - (mean / spec.intercept_scale) ** 2 / 2
        position.append(drawn - mean[:, None])
        moves.append(size[:, None] * direction[:, : len(LEVELS) - 1])
    k = (log_density + rng.gumbel(size=CANDIDATES)).argmax()
    truth = {
        "guarantee_effect": np.stack(moves)[:, k],
        "residual_sd": wider * np.hypot(sds["residual"][k], sds["state"][k]),
        "state_sd": wider * sds["state"][k],
        "subregion_sd": sds["subregion"][k],
    }
    return np.stack(position)[:, k], truth


def _standardise_by_size(
    fitted: np.ndarray, rest: np.ndarray, df: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Find a size r for which r * fitted + rest has sd 1 over states, and its log density.

    Takes arrays (candidate, state). r is the length of ``df`` standard normal coefficients; of two solutions
    one is drawn by its density. Returns arrays (candidate,). The density is minus infinity where there is
    none.
    """
    fitted, rest = (x - x.mean(1, keepdims=True) for x in (fitted, rest))
    square, cross = (fitted**2).mean(1), (fitted * rest).mean(1)
    root = cross**2 - square * ((rest**2).mean(1) - 1)
    sizes = (-cross + np.array([[-1.0], [1.0]]) * np.sqrt(np.maximum(root, 0))) / square
    with np.errstate(divide="ignore", invalid="ignore"):
        # Density of the length, by the change of the sd with it.
        density = (df - 1) * np.log(sizes) - sizes**2 / 2 - np.log(np.abs(square * sizes + cross))
    density = np.where((root > 0) & (sizes > 0), density, -np.inf)
    which = (density + rng.gumbel(size=density.shape)).argmax(0)
    return sizes[which, np.arange(len(which))], np.logaddexp(*density)


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
    n_region = len(np.unique(panel["region"]))
    drawn["region_effect"] = rng.normal(0, drawn["region_sd"], (n_case, n_region))
    if spec.geography == "subregion":
        drawn["subregion_sd"] = np.abs(rng.normal(0, spec.subregion_scale))
        size = (n_case, len(np.unique(panel["subregion"])))
        drawn["subregion_effect"] = rng.normal(0, drawn["subregion_sd"], size)
    if spec.heterogeneity == "capability-region":
        mean = rng.normal(0, spec.interaction_scale, n_level)
        case_sd = np.abs(rng.normal(0, spec.interaction_case_scale, n_level))
        drawn["guarantee_capability"] = rng.normal(mean, case_sd, (n_case, n_level))
        sd = np.abs(rng.normal(0, spec.interaction_region_scale))
        # The cases share half of the variance between regions.
        shared, own = rng.normal(size=(n_level, n_region)), rng.normal(size=(n_case, n_level, n_region))
        drawn["guarantee_region"] = sd * (shared + own) / np.sqrt(2)
    drawn["guarantee_effect"] = rng.normal(
        drawn["guarantee_effect_mean"], drawn["guarantee_effect_case_sd"], (n_case, n_level)
    )
    drawn["alignment_slope"] = rng.normal(
        drawn["alignment_slope_mean"], drawn["alignment_slope_case_sd"], n_case
    )
    return drawn
