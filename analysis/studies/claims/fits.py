"""The fits that the claims need beside those of the main job, each as a task of the one store.

The settings of a task are a variant with the specs and the seed of this one fit.
"""

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

import xarray as xr

from analysis.pipeline.plan import MODELLED
from analysis.store.keys import hash_dataset
from analysis.store.task import Task
from analysis.variants.sampler import derive_seed
from analysis.variants.variant import Variant
from models.spec import CoalitionSpec, TierSpec


def plan_levels(panel: xr.Dataset, spec: CoalitionSpec, variant: Variant, name: str) -> Task:
    """Plan the model of joining, without alignment, on a panel with other levels or covariates.

    The seed depends on the name of the fit.
    """
    settings = _with_seed(replace(variant, coalition=spec), name)
    content = _describe(panel, settings) | {"coalition": asdict(spec)}
    return Task("total", f"joining, {name}", make_levels, settings, panel, content, _about(panel))


def plan_steps(panel: xr.Dataset, variant: Variant, name: str) -> Task:
    """Plan the model of steps (named, then soldiers), without alignment.

    In each step the guarantee's effect changes with capability.
    """
    return _plan_tiers("steps", "sequential", make_steps, panel, variant, f"steps of support, {name}")


def plan_support(panel: xr.Dataset, variant: Variant, name: str) -> Task:
    """Plan the ordered tier of support, without alignment; the guarantee's effect changes with capability."""
    return _plan_tiers("tiers", "proportional", make_support, panel, variant, f"tiers of support, {name}")


def _plan_tiers(kind: str, odds: str, make: Callable, panel: xr.Dataset, variant: Variant, name: str) -> Task:
    settings = _with_seed(variant, kind)
    content = _describe(panel, settings) | {"tier": asdict(_tier_spec(settings, odds))}
    content["observed"] = hash_dataset(panel[["tier", "characteristics"]])
    return Task(kind, name, make, settings, panel, content, _about(panel))


def _with_seed(variant: Variant, name: str) -> Variant:
    seed = derive_seed(variant.run.seed, "claims", name)
    return replace(variant, run=replace(variant.run, seed=seed))


def _tier_spec(variant: Variant, odds: str) -> TierSpec:
    return TierSpec(predictor=variant.coalition, capability_interaction=True, odds=odds)


def _describe(panel: xr.Dataset, settings: Variant) -> dict:
    """Return what a fit of stage 2 depends on, its specs aside."""
    return {
        "panel": hash_dataset(panel[[name for name in MODELLED if name in panel.variables]]),
        "levels": panel["guarantee"].attrs["levels"],
        "sampler": asdict(settings.run.total),
        "seed": settings.run.seed,
    }


def _about(panel: xr.Dataset) -> dict:
    return {"data": panel.attrs.get("spec", ""), "files": panel.attrs.get("sha256", "")}


def make_levels(panel: xr.Dataset, fits: list, variant: Variant, **how: Any) -> xr.DataTree:
    """Fit the model of joining without alignment."""
    from analysis.fitting.fit import fit_total

    return fit_total(panel, variant.coalition, variant.run.total, seed=variant.run.seed, **how)


def make_support(panel: xr.Dataset, fits: list, variant: Variant, **how: Any) -> xr.DataTree:
    """Fit the ordered model of the tier of support without alignment."""
    return _fit_tiers("proportional", panel, variant, **how)


def make_steps(panel: xr.Dataset, fits: list, variant: Variant, **how: Any) -> xr.DataTree:
    """Fit the model of steps without alignment."""
    return _fit_tiers("sequential", panel, variant, **how)


def _fit_tiers(odds: str, panel: xr.Dataset, variant: Variant, **how: Any) -> xr.DataTree:
    from analysis.fitting.fit import fit_tiers

    return fit_tiers(panel, _tier_spec(variant, odds), variant.run.total, seed=variant.run.seed, **how)
