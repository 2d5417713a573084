"""Make each piece of the study of acts. Compiler and sampler are loaded only when something is fitted."""

from typing import Any

import xarray as xr

from analysis.variants.sampler import derive_seed


def make_window(votes: xr.Dataset, fits: list, run: Any, **how: Any) -> xr.DataTree:
    """Fit stage 1 to the votes before some acts; keep evenly spaced draws of the positions."""
    from analysis.fitting.whitened import fit_whitened
    from analysis.posterior.draws import thin_evenly
    from models.coordinates.arrow import find_places
    from models.ideal_point import OF_ITEMS, build_ideal_point_model

    model = build_ideal_point_model(votes, run.ideal_point)
    name = f"ideal points, {votes.attrs['case']}"
    tree = fit_whitened(
        model,
        run.window,
        places=find_places(model, OF_ITEMS),
        saved=["ideal_point", "region_mean", "region_sd"],
        name=name,
        seed=derive_seed(run.seed, name),
        **how,
    )
    return thin_evenly(tree, run.window_draws)


def make_answers(acts: xr.Dataset, fits: list, run: Any, **how: Any) -> xr.DataTree:
    """Fit the model of answers, with agreement if there are fits of stage 1."""
    from analysis.studies.acts.fit import fit_answers

    return fit_answers(acts, fits, run, **how)


def make_permuted(acts: xr.Dataset, fits: list, run: Any, **how: Any) -> xr.DataTree:
    """Fit the total effects of permuted pacts."""
    from analysis.studies.acts.refits import fit_permuted

    return fit_permuted(acts, run, **how)


def make_left_out(acts: xr.Dataset, fits: list, run: Any, **how: Any) -> xr.DataTree:
    """Foretell each act from all others."""
    from analysis.studies.acts.refits import foretell_acts

    return foretell_acts(acts, fits, run, **how)
