"""What makes each piece of a variant: a fit, or all effects.

Whatever fits is imported when a piece is made: where all are there, no compiler and no sampler are loaded.
"""

from typing import TYPE_CHECKING

import xarray as xr

from analysis.variants.sampler import CORES, Progress, derive_seed
from analysis.variants.variant import Variant

if TYPE_CHECKING:
    from analysis.posterior.effects import Effects

NEEDED_BY_STAGE2 = ["ideal_point", "region_mean", "region_sd"]
"""Variables of stage 1 that the rest of the analysis uses."""


def make_ideal_points(
    votes: xr.Dataset, fits: list, variant: Variant, cores: int = CORES, progress: Progress | None = None
) -> xr.DataTree:
    """Stage 1 of the case of these votes."""
    from analysis.fitting.fit import fit_ideal_points

    seed = derive_seed(variant.run.seed, "ideal_point", votes.attrs["case"])
    settings = {"seed": seed, "cores": cores, "progress": progress}
    tree = fit_ideal_points(votes, variant.ideal_point, variant.run.ideal_point, **settings)
    if not variant.run.items_kept:
        tree["posterior"] = xr.DataTree(tree["posterior"].dataset[NEEDED_BY_STAGE2])
    return tree


def make_dynamic_positions(
    positions: xr.Dataset,
    fits: list,
    variant: Variant,
    cores: int = CORES,
    progress: Progress | None = None,
) -> xr.DataTree:
    """Stage 1 of a case as the dynamic model has it: it is there already."""
    tree = xr.DataTree.from_dict({"posterior": positions.drop_attrs()})
    tree.attrs = dict(positions.attrs)
    return tree


def make_total(
    panel: xr.Dataset, fits: list, variant: Variant, cores: int = CORES, progress: Progress | None = None
) -> xr.DataTree:
    """Stage 2 without alignment."""
    from analysis.fitting.fit import fit_total

    seed = derive_seed(variant.run.seed, "total")
    return fit_total(panel, variant.coalition, variant.run.total, seed=seed, cores=cores, progress=progress)


def make_direct(
    data: xr.Dataset | tuple,
    fits: list,
    variant: Variant,
    cores: int = CORES,
    progress: Progress | None = None,
) -> xr.DataTree:
    """Stage 2 with alignment; ``fits`` are those of stage 1, case by case."""
    from analysis.fitting.propagation import fit_propagated
    from analysis.posterior.positions import draw_alignment

    run = variant.run
    panel, votes = data if isinstance(data, tuple) else (data, None)
    return fit_propagated(
        variant.propagation,
        panel,
        draw_alignment(_by_case(fits, panel), panel, variant),
        variant.coalition,
        refit=run.refit,
        single=run.single,
        seed=derive_seed(run.seed, "direct"),
        votes=votes,
        ideal_point=variant.ideal_point,
        keep=run.kept_draws,
        cores=cores,
        progress=progress,
    )


def _by_case(stage1: list[xr.DataTree], panel: xr.Dataset) -> dict[str, xr.DataTree]:
    return dict(zip(map(str, panel["case"].values), stage1, strict=True))


def make_effects(
    panel: xr.Dataset, fits: list, variant: Variant, cores: int = CORES, progress: Progress | None = None
) -> "Effects":
    """Every effect; ``fits`` are the total, the direct, and stage 1 case by case."""
    from analysis.posterior.draws import count_draws, stack
    from analysis.posterior.effects import Effects, compute_effects
    from analysis.posterior.positions import draw_alignment, find_imputed, pair_positions
    from analysis.posterior.summaries import summarize_effects
    from models.alignment import draw_alignment_model
    from models.panel import prepare_panel_data

    run = variant.run
    # Equally many draws of both, or a quantity of one would have gaps where only the other has draws.
    every_draw = [tree["posterior"].dataset for tree in fits[:2]]
    keep = min(run.kept_draws, *(count_draws(posterior) for posterior in every_draw))
    total, direct = (stack(posterior, keep) for posterior in every_draw)
    # Refit by refit: one draw of the positions feeds both the model of alignment and that of joining.
    mediator = draw_alignment_model(
        prepare_panel_data(panel, variant.coalition.missing),
        pair_positions(direct, panel, draw_alignment(_by_case(fits[2:], panel), panel, variant)),
        variant.alignment,
        derive_seed(run.seed, "alignment given guarantee"),
        find_imputed(direct),
    )
    draws = compute_effects(total, direct, mediator, panel, variant.coalition.link)
    return Effects(
        table=summarize_effects(
            draws, direct.coords.get("refit"), variant.propagation, direct.get("position")
        ),
        draws=draws,
        mediator=mediator,
    )
