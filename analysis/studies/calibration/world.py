"""One simulated world through the whole pipeline: where the truth ranks among the posterior's draws."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
import xarray as xr

from analysis.pipeline.make import make_direct, make_effects, make_total
from analysis.posterior.draws import stack
from analysis.posterior.effects import compute_total, contrast_cases
from analysis.posterior.positions import compute_alignment
from analysis.variants.sampler import CORES, Progress, SamplerSpec, derive_seed
from analysis.variants.variant import RunSpec, Variant
from models.simulate.priors import SMALL, Priors, PriorWorld, draw_world_from_priors
from models.simulate.worlds import DEPENDENT
from models.spec import IdealPointSpec

if TYPE_CHECKING:
    from analysis.fitting.reuse import PositionsModel, Searched

Kind = Literal["priors", "dependent"]
"""``priors``: all that the models assume is true. ``dependent``: but votes have repeats of another kind and a
second dimension."""

SEED = 20030320
RANKED = 99
"""Posterior draws among which a true value is ranked: 100 possible ranks."""
SHOWN = 3
"""States whose positions are ranked, in each window. All states are alike."""
MOST_ATTEMPTS = 100
"""Worlds that are drawn for one that can be fitted."""
LEAST_SPREAD = 1.2
"""Least standard deviation of the resolutions' midpoints at the mode, logits. In the real windows: 2 to 3."""
OF_ITEMS = ["discrimination_sd", "midpoint_mean", "midpoint_sd", "log_gap_mean", "log_gap_sd", "inertia"]
PART_OF_ALIGNMENT = {
    "guarantee_effect": "alignment given guarantee",
    "residual_sd": "spread of residual alignment",
    "state_sd": "spread of residual alignment",
    "subregion_sd": "spread of residual alignment",
}
"""No reported effect depends on the spreads, which hold the error of positions too."""
SAVED = ["ideal_point", "region_mean", "region_sd", *OF_ITEMS]
RUN = RunSpec(
    ideal_point=SamplerSpec(draws=700, tune=150),
    total=SamplerSpec(draws=500, tune=400),
    single=SamplerSpec(draws=600, tune=400, target_accept=0.9),
    stage1_draws=200,
    kept_draws=800,
)


@dataclass(frozen=True, kw_only=True)
class WorldSettings:
    """One world: its kind, its number, from which its seed follows, and its size."""

    kind: Kind
    number: int
    n_state: int = SMALL.n_state
    n_item: int = SMALL.n_item
    seed: int = SEED

    def simulate(self, variant: Variant, attempt: int = 0) -> PriorWorld:
        """Draw the world from the priors of a variant; another attempt, another world."""
        size = {"n_state": self.n_state, "n_item": self.n_item}
        world = replace(SMALL, **size)
        if self.kind == "dependent":
            world = replace(DEPENDENT, **size, absent_sd=SMALL.absent_sd)
        priors = Priors(variant.ideal_point, variant.alignment, variant.coalition)
        seed = derive_seed(self.seed, self.kind, self.number, attempt)
        return draw_world_from_priors(priors, seed, world)


def make_world(
    data: None, fits: list, settings: WorldSettings, cores: int = CORES, progress: Progress | None = None
) -> pd.DataFrame:
    """Simulate a world, fit both stages as the main job does, and rank every true value.

    Returns ``part, quantity, rank`` (0 to 99, the number of draws below the truth). Raises ConvergenceError
    if a fit misses a gate.
    """
    variant = Variant(run=replace(RUN, seed=derive_seed(settings.seed, settings.kind, settings.number)))
    model = compile_positions(variant.ideal_point, settings.n_state, settings.n_item)
    world, searched = find_world(model, settings, variant)
    stage1 = {
        case: model.fit(found, RUN.ideal_point, seed=derive_seed(variant.run.seed, case), cores=cores)
        for case, found in searched.items()
    }
    total = make_total(world.total, [], variant, cores=cores)
    direct = make_direct(world.direct, list(stage1.values()), variant, cores=cores)
    # Each model of joining has a coalition of its own.
    of_direct = make_effects(world.direct, [total, direct, *stage1.values()], variant)
    without = compute_total(stack(total["posterior"].dataset), world.total, variant.coalition.link)
    of_total = contrast_cases(xr.Dataset(without))
    rows = []
    for case, tree in stage1.items():
        rows += rank_positions(case, world.ideal_point[case], stack(tree["posterior"].dataset))
    mediator = of_direct.mediator.transpose("case", ..., "sample")
    for name, true in world.alignment.items():
        rows += rank(PART_OF_ALIGNMENT[name], name, true, mediator[name])
    for part, tree in (("total", total), ("direct", direct)):
        draws = stack(tree["posterior"].dataset)
        for name, true in world.coalition[part].items():
            rows += rank(f"joining, {part}", name, true, order(draws[name])) if name in draws else []
    for name, true in world.effects.items():
        draws = (of_total if name.endswith("_total") else of_direct.draws)[name]
        draws = draws.sel(group="all", drop=True) if "group" in draws.dims else draws
        rows += rank("effects", name, true, draws)
    return pd.DataFrame(rows)


def find_world(
    model: "PositionsModel", settings: WorldSettings, variant: Variant
) -> tuple[PriorWorld, dict[str, "Searched"]]:
    """Draw worlds until one can be fitted; return it, and the modes of stage 1 by case.

    Where resolutions are much alike, the posterior of their spread reaches down to 0, and no chain explores
    it; real assemblies are far from that. The mode depends on votes alone, so the choice keeps ranks uniform.
    """
    for attempt in range(MOST_ATTEMPTS):
        world, searched = settings.simulate(variant, attempt), {}
        for case, votes in world.votes.items():
            try:
                searched[case] = model.search(votes, derive_seed(variant.run.seed, case, attempt))
            except np.linalg.LinAlgError:
                # At a mode far out the Hessian may overflow.
                break
            if model.read_scale(searched[case], "midpoint_sd") < LEAST_SPREAD:
                break
        else:
            return world, searched
    raise ValueError(f"{MOST_ATTEMPTS} worlds had resolutions too much alike")


@cache
def compile_positions(spec: IdealPointSpec, n_state: int, n_item: int) -> "PositionsModel":
    """Compile stage 1 for all worlds of a size, once in a process."""
    from analysis.fitting.reuse import PositionsModel

    votes = WorldSettings(kind="priors", number=-1, n_state=n_state, n_item=n_item)
    pattern = votes.simulate(Variant(ideal_point=spec)).votes
    return PositionsModel(next(iter(pattern.values())), spec, SAVED)


def rank_positions(case: str, truth: xr.Dataset, draws: xr.Dataset) -> Iterator[dict]:
    """Rank true positions, alignment with the outermost state, and the distribution of resolutions."""
    position = draws["ideal_point"]
    # Chosen by the posterior, which depends on votes only; a choice by the truth would bias the ranks.
    outermost = str(position["state"].values[position.mean("sample").argmax("state").item()])
    others = [str(state) for state in position["state"].values if state != outermost][:SHOWN]
    quantities = {
        "ideal_point": (truth["ideal_point"], position, list(position["state"].values[:SHOWN])),
        "alignment": (
            compute_alignment(truth["ideal_point"], outermost),
            compute_alignment(position, outermost),
            others,
        ),
    }
    for name, (true, drawn, states) in quantities.items():
        for number, state in enumerate(states):
            label = f"{name}[{case}, state {number + 1}]"
            yield from rank("positions", label, true.sel(state=state).values, drawn.sel(state=state))
    for name in OF_ITEMS:
        if name in truth:
            yield from rank("resolutions", f"{name}[{case}]", truth[name].values, draws[name])


def order(draws: xr.DataArray) -> xr.DataArray:
    """Put dims in the order of the simulator: case, then others, draws last."""
    first = [dim for dim in ("case",) if dim in draws.dims]
    return draws.transpose(*first, ..., "sample")


def rank(part: str, name: str, true: np.ndarray, draws: xr.DataArray) -> list[dict]:
    """Rank each true value among draws spread evenly over the sample.

    ``true`` has the shape of ``draws`` without its last dim, ``sample``.
    """
    true = np.asarray(true)
    if true.shape != draws.shape[:-1]:
        raise ValueError(f"{name}: the truth has shape {true.shape}, draws {draws.shape[:-1]}")
    chosen = np.linspace(0, draws.sizes["sample"] - 1, RANKED).astype(int)
    below = (draws.values[..., chosen] < true[..., None]).sum(-1)
    rows = []
    for place in np.ndindex(true.shape):
        label = [str(draws[d].values[i]) for d, i in zip(draws.dims, place, strict=False)]
        quantity = f"{name}[{', '.join(label)}]" if label else name
        rows.append({"part": part, "quantity": quantity, "rank": int(below[place])})
    return rows
