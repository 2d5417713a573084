"""Make each piece of a variant: the fits of both stages, and the effects.

Each function takes data, the fits that it needs, the variant, and how to run (``cores``, ``progress``). It
imports the compiler and the sampler only when it runs: if every fit is stored already, neither is loaded.
"""

from typing import TYPE_CHECKING, Any

import xarray as xr

from analysis.variants.sampler import derive_seed
from analysis.variants.variant import Variant

if TYPE_CHECKING:
    from analysis.posterior.effects import Effects

NEEDED_BY_STAGE2 = ["ideal_point", "region_mean", "region_sd"]
"""Variables of stage 1 that stage 2 uses, and those of a second axis, whose names begin with ``second_``."""
LONGER = (1, 4, 16)
"""How many times as long the chains of alignment are, while they miss a gate."""


def make_ideal_points(votes: xr.Dataset, fits: list, variant: Variant, **how: Any) -> xr.DataTree:
    """Fit stage 1 to the votes of one case."""
    from analysis.fitting.fit import fit_ideal_points

    seed = derive_seed(variant.run.seed, "ideal_point", votes.attrs["case"])
    tree = fit_ideal_points(votes, variant.ideal_point, variant.run.ideal_point, seed=seed, **how)
    if not variant.run.items_kept:
        posterior = tree["posterior"].dataset
        second = [name for name in (f"second_{n}" for n in NEEDED_BY_STAGE2) if name in posterior]
        tree["posterior"] = xr.DataTree(posterior[[*NEEDED_BY_STAGE2, *second]])
    return tree


def make_dynamic_positions(positions: xr.Dataset, fits: list, variant: Variant, **how: Any) -> xr.DataTree:
    """Return the stored positions of the dynamic model in the form of a fit of stage 1."""
    tree = xr.DataTree.from_dict({"posterior": positions.drop_attrs()})
    tree.attrs = dict(positions.attrs)
    return tree


def make_total(panel: xr.Dataset, fits: list, variant: Variant, **how: Any) -> xr.DataTree:
    """Fit stage 2 without alignment."""
    from analysis.fitting.fit import fit_total

    seed = derive_seed(variant.run.seed, "total")
    return fit_total(panel, variant.coalition, variant.run.total, seed=seed, **how)


def make_direct(data: xr.Dataset | tuple, fits: list, variant: Variant, **how: Any) -> xr.DataTree:
    """Fit stage 2 with alignment. ``fits`` are the fits of stage 1 in the order of a plan."""
    from analysis.fitting.propagation import fit_propagated
    from analysis.posterior.positions import draw_alignment

    run = variant.run
    panel, votes = data if isinstance(data, tuple) else (data, None)
    return fit_propagated(
        variant.propagation,
        panel,
        draw_alignment(_by_name(fits, panel, variant), panel, variant),
        variant.coalition,
        refit=run.refit,
        single=run.single,
        cut=run.cut,
        seed=derive_seed(run.seed, "direct"),
        votes=votes,
        ideal_point=variant.ideal_point,
        keep=run.kept_draws,
        **how,
    )


def _by_name(stage1: list[xr.DataTree], panel: xr.Dataset, variant: Variant) -> dict[str, xr.DataTree]:
    from analysis.posterior.positions import name_fits

    return dict(zip(name_fits(variant, map(str, panel["case"].values)), stage1, strict=True))


def make_effects(panel: xr.Dataset, fits: list, variant: Variant, **how: Any) -> "Effects":
    """Compute every effect. ``fits`` are stage 2 without and with alignment, then stage 1.

    Raises ConvergenceError if the model of alignment misses a gate.
    """
    from analysis.posterior.draws import count_draws, stack
    from analysis.posterior.effects import Effects, compute_effects
    from analysis.posterior.positions import draw_alignment, pair_positions
    from analysis.posterior.summaries import summarize_effects
    from models.covariates import draw_covariates
    from models.panel import prepare_panel_data

    run = variant.run
    # Both need the same number of draws, or the shorter would be padded with NaN.
    every_draw = [tree["posterior"].dataset for tree in fits[:2]]
    keep = min(run.kept_draws, *(count_draws(posterior) for posterior in every_draw))
    total, direct = (stack(posterior, keep) for posterior in every_draw)
    # Each draw uses the same positions in the model of alignment and in the model of joining.
    prepared = prepare_panel_data(panel, variant.coalition.missing)
    positions = pair_positions(
        direct, panel, draw_alignment(_by_name(fits[2:], panel, variant), panel, variant)
    )
    mediator = draw_alignment_to_gates(
        prepared,
        positions,
        variant.alignment,
        derive_seed(run.seed, "alignment given guarantee"),
        draw_covariates(direct, prepared),
        variant.axis_names,
    )
    draws = compute_effects(total, direct, mediator, panel, variant.coalition.link, positions)
    return Effects(
        table=summarize_effects(
            draws, direct.coords.get("refit"), variant.propagation, direct.get("position")
        ),
        draws=draws,
        mediator=mediator,
    )


def draw_alignment_to_gates(*given: Any) -> xr.Dataset:
    """Draw from the model of alignment, with longer chains if they miss a gate.

    Takes what ``models.alignment.sample_alignment`` takes but ``longer``, and returns what ``pick_draws``
    returns. Raises ConvergenceError if the longest chains miss a gate.
    """
    from analysis.fitting.convergence import check_chains
    from analysis.fitting.gates import ConvergenceError
    from models.alignment import pick_draws, sample_alignment

    for longer in LONGER:
        chains = sample_alignment(*given, longer=longer)
        try:
            check_chains(chains, name="alignment given the guarantee")
        except ConvergenceError as error:
            missed = error
        else:
            return pick_draws(chains)
    raise missed
