"""Many fits of stage 2 from one compiled model: states, covariates and guarantees are data of the model."""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from analysis.fitting.refits import RefitModel, compile_refits, refit_to_gates
from analysis.variants.sampler import Progress, SamplerSpec, derive_seed
from models.panel import prepare_panel_data
from models.spec import CoalitionSpec

SINGLE = SamplerSpec(draws=2000, tune=500, chains=4)
"""A fit from which numbers are reported."""
SHORT = SamplerSpec(draws=500, tune=200, chains=2)
"""One of many refits, whose means are compared; convergence is judged over all of them together."""

BRIEF = SamplerSpec(draws=500, tune=400, chains=2, target_accept=0.9)
"""One of hundreds, of which only the mean effect is used."""


@dataclass(frozen=True)
class Stage2:
    """The compiled model, and the data that a variation begins from.

    Attributes
    ----------
    panel : xr.Dataset
        The contract's panel.
    spec : CoalitionSpec
        Priors and choices.
    positions : np.ndarray
        (case, state): posterior mean of alignment, centred within each case.
    model : RefitModel
        From ``analysis.fitting.refits.compile_refits``.
    seed : int
        Seed; every group of fits derives its own.
    """

    panel: xr.Dataset
    spec: CoalitionSpec
    positions: np.ndarray
    model: RefitModel
    seed: int

    def data(self, *, direct: bool) -> dict[str, np.ndarray]:
        """Data of the main fit, by the names in the model.

        Without alignment (``direct=False``) its column is 0: the slope then is a draw from its prior that
        touches nothing, and the guarantee's coefficient is the total effect.
        """
        data = prepare_panel_data(self.panel)
        return {
            "joined_observed": data.joined,
            "included": data.included,
            "has_level": data.has_level,
            "covariates": data.covariates,
            "region_idx": data.region_idx,
            "alignment": self.positions if direct else np.zeros_like(self.positions),
        }


def compile_stage2(panel: xr.Dataset, positions: np.ndarray, spec: CoalitionSpec, *, seed: int) -> Stage2:
    """Compile the model once; parameters and returns as ``Stage2`` has them."""
    model = compile_refits(
        prepare_panel_data(panel, spec.missing), positions, spec, seed=derive_seed(seed, "pilot")
    )
    return Stage2(panel, spec, positions, model, seed)


def fit_variations(
    stage2: Stage2,
    variations: list[dict[str, np.ndarray]],
    sampler: SamplerSpec,
    name: str,
    progress: Progress | None = None,
) -> xr.DataTree:
    """Fit the compiled model to each of several sets of data, and judge all fits together.

    Parameters
    ----------
    stage2 : Stage2
        From ``compile_stage2``.
    variations : list of dict
        What differs from the data that the model was compiled with, by name.
    sampler : SamplerSpec
        Settings of one fit.
    name : str
        What is fitted, for seeds and messages.
    progress : callable, optional
        Told the share done.

    Returns
    -------
    xr.DataTree
        ``posterior`` with the dims (refit, chain, draw, ...).

    Raises
    ------
    ConvergenceError
        If a gate is missed in every attempt.
    """
    seed = derive_seed(stage2.seed, "check", name)
    return refit_to_gates(stage2.model, variations, sampler, name=name, seed=seed, progress=progress)


def leave_out(data: dict[str, np.ndarray], states: np.ndarray) -> dict[str, np.ndarray]:
    """The data without some states: their answers do not count, all scales stay as they are.

    Parameters
    ----------
    data : dict of str to np.ndarray
        From ``Stage2.data``.
    states : np.ndarray
        (state,) or (case, state), bool: whom to leave out.
    """
    return data | {"included": data.included * ~states}
