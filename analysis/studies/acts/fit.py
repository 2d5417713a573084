"""Fit the model of answers on acts, or on ordinary votes, through the gates."""

from typing import Any

import xarray as xr

from analysis.fitting.fit import fit_model
from analysis.studies.acts.agreement import measure_agreement
from analysis.variants.sampler import derive_seed
from models.acts.model import Cells, build_acts_model, prepare_cells

SAVED = (
    *("cutpoint", "pact_slope", "pact_difference", "pact_act", "act_sd", "power_sd"),
    *("covariate_slope", "agreement_slope", "state_effect", "state_sd", "region_effect", "region_sd"),
)


def prepare(acts: xr.Dataset, fits: list, run: Any) -> Cells:
    """Prepare the cells of acts; with fits of stage 1, in the order of their windows, with agreement."""
    agreement = None
    if fits:
        # Ordinary votes have the windows of their acts.
        windows = sorted({int(last) for last in acts["window"].values})
        agreement = measure_agreement(acts, dict(zip(windows, fits, strict=True)), run.seed)
    return prepare_cells(acts, run.model, agreement)


def fit_answers(acts: xr.Dataset, fits: list, run: Any, **how: Any) -> xr.DataTree:
    """Fit the model of answers.

    Parameters
    ----------
    acts : xr.Dataset
        From ``data.acts.prepare.prepare_acts``.
    fits : list of xr.DataTree
        Stage 1, in the order of the windows; empty: total effects.
    run : ActsRun
        Its model, sampler and seed.
    **how
        ``cores`` and ``progress``.

    Returns
    -------
    xr.DataTree
        ``posterior`` (chain, draw, ...) with those of ``SAVED`` that the model has, and ``sample_stats``.

    Raises
    ------
    ConvergenceError
        If every attempt misses a gate.
    """
    model = build_acts_model(prepare(acts, fits, run), run.model)
    kind = "direct" if fits else "total"
    saved = [name for name in SAVED if name in model.named_vars]
    seed = derive_seed(run.seed, "answers", kind, acts.sizes["act"])
    name = f"answers on {acts.sizes['act']} votes, {kind} effect"
    return fit_model(model, run.answers, saved=saved, name=name, seed=seed, **how)
