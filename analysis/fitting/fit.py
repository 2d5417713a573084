"""One fit: from data, a model and sampler settings to a posterior that passed the gates."""

from typing import Any, Required, TypedDict, Unpack

import numpy as np
import nutpie
import pymc as pm
import xarray as xr
from nutpie.sample import CompiledModel

from analysis.fitting.chains import sample_to_gates
from analysis.fitting.compile import compile_model
from analysis.fitting.whitened import fit_whitened
from analysis.variants.sampler import Progress, SamplerSpec, derive_seed
from models.coalition import build_coalition_model
from models.coordinates.arrow import find_places
from models.coordinates.start import WIDTH
from models.exposure import BY_CAPABILITY, BY_REGION
from models.ideal_point import OF_ITEMS, SAVED, build_ideal_point_model
from models.panel import prepare_panel_data
from models.spec import CoalitionSpec, IdealPointSpec, TierSpec
from models.tier import build_tier_model

SAVED_TOTAL = [
    "intercept",
    "covariate_slope",
    "region_effect",
    "region_sd",
    "guarantee_effect",
    "guarantee_effect_mean",
    "guarantee_effect_case_sd",
    "eta",
]
SAVED_WHERE_THERE = [
    "state_sd",
    "covariate_imputed",
    "covariate_deviation",
    "subregion_effect",
    "subregion_sd",
    BY_CAPABILITY,
    f"{BY_CAPABILITY}_mean",
    f"{BY_CAPABILITY}_case_sd",
    BY_REGION,
    f"{BY_REGION}_sd",
]
SAVED_TIERS = [*SAVED_TOTAL, "threshold", "guarantee_capability"]


class Settings(TypedDict, total=False):
    """Settings of any fit.

    Attributes
    ----------
    seed : int
        Seed of the sampler. It must be given.
    cores : int
        Chains or refits that run side by side. The draws are the same for any number.
    progress : callable, optional
        Takes the share done, 0 to 1.
    """

    seed: Required[int]
    cores: int
    progress: Progress | None


def fit_ideal_points(
    votes: xr.Dataset, spec: IdealPointSpec, sampler: SamplerSpec, **settings: Unpack[Settings]
) -> xr.DataTree:
    """Fit stage 1 of one case.

    Parameters
    ----------
    votes : xr.Dataset
        Votes of one case; see ``data.load.load_votes``.
    spec : IdealPointSpec
        Priors and model choices.
    sampler : SamplerSpec
        Draws, warm-up and chains of the first attempt.
    **settings
        See ``Settings``.

    Returns
    -------
    xr.DataTree
        Groups ``posterior`` (chain, draw, ...), with the variables of ``models.ideal_point.SAVED``, and
        ``sample_stats`` (chain, draw). Attributes ``convergence`` (the measures) and ``model`` (its text).

    Raises
    ------
    ConvergenceError
        If every attempt misses a gate.
    """
    model = build_ideal_point_model(votes, spec)
    name = f"ideal points ({votes.attrs.get('case', 'votes')})"
    saved = list_saved(model, SAVED)
    places = find_places(model, OF_ITEMS)
    return fit_whitened(model, sampler, places=places, saved=saved, name=name, **settings)


def fit_total(
    panel: xr.Dataset, spec: CoalitionSpec, sampler: SamplerSpec, **settings: Unpack[Settings]
) -> xr.DataTree:
    """Fit stage 2 without alignment: the total effect of the guarantee.

    As ``fit_ideal_points``, with a panel (see ``data.load.load_panel``) in place of votes.
    """
    model = build_coalition_model(prepare_panel_data(panel, spec.missing), spec)
    saved = list_saved(model, SAVED_TOTAL)
    return fit_model(model, sampler, saved=saved, name="joining, total effect", **settings)


def fit_tiers(
    panel: xr.Dataset, spec: TierSpec, sampler: SamplerSpec, **settings: Unpack[Settings]
) -> xr.DataTree:
    """Fit the cumulative model of tiers of support, without alignment: total effects.

    As ``fit_total``.
    """
    model = build_tier_model(panel, spec)
    saved = list_saved(model, SAVED_TIERS)
    return fit_model(model, sampler, saved=saved, name="tiers of support", **settings)


def list_saved(model: pm.Model, names: list[str]) -> list[str]:
    """Return those of the names and of ``SAVED_WHERE_THERE`` that the model has."""
    wanted = dict.fromkeys((*names, *SAVED_WHERE_THERE))
    return [name for name in wanted if name in model.named_vars]


def fit_model(
    model: pm.Model,
    sampler: SamplerSpec,
    *,
    saved: list[str],
    name: str,
    seed: int,
    **settings: Any,
) -> xr.DataTree:
    """Compile a model, start its chains apart, and sample until the gates are passed.

    Returns and raises as ``analysis.fitting.chains.sample_to_gates``.
    """
    compiled = compile_model(model, saved)
    width = WIDTH * list_spread(model)

    def place(seed: int) -> np.ndarray:
        rng = np.random.default_rng(derive_seed(seed, "starts"))
        return compiled.initial_point_func(seed) + width * rng.normal(size=(sampler.chains, width.size))

    return sample_to_gates(
        compiled, sampler, place, saved, name=name, text=model.str_repr(), seed=seed, **settings
    )


def list_spread(model: pm.Model) -> np.ndarray:
    """Return (parameter,), bool: the starts of the parameter are spread, for the model gives it none.

    The models of stage 2 have priors no wider than about 1 on the unconstrained scale.
    """
    start = model.initial_point()
    return np.concatenate(
        [
            np.full(np.size(start[model.rvs_to_values[rv].name]), model.rvs_to_initial_values[rv] is None)
            for rv in model.free_RVs
        ]
    )


def run_nutpie(
    compiled: CompiledModel, sampler: SamplerSpec, *, progress: Progress | None = None, **settings: Any
) -> Any:
    """Sample with nutpie. ``settings`` are further arguments of ``nutpie.sample``, such as ``seed``."""

    def show_share(chains):
        progress(sum(c.finished_draws for c in chains) / max(1, sum(c.total_draws for c in chains)))

    return nutpie.sample(
        compiled,
        draws=sampler.draws,
        tune=sampler.tune,
        chains=sampler.chains,
        target_accept=sampler.target_accept,
        microcanonical_trajectory=sampler.microcanonical,
        save_warmup=False,
        progress_bar=False,
        progress_callback=show_share if progress else None,
        **settings,
    )
