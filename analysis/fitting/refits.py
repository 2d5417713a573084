"""Stage 2 with alignment: compile one model and fit it to many draws of stage 1."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Unpack

import numpy as np
import pyarrow
import pymc as pm
import xarray as xr
from nutpie.sample import CompiledModel

from analysis.fitting.chains import SAVED_STATISTICS
from analysis.fitting.compile import compile_model
from analysis.fitting.convergence import gate
from analysis.fitting.fit import SAVED_TOTAL, Settings, list_saved, run_nutpie
from analysis.fitting.gates import ATTEMPTS, ConvergenceError
from analysis.posterior.draws import SAMPLE_DIMS, thin
from analysis.variants.sampler import CORES, Progress, SamplerSpec, derive_seed
from models.coalition import build_coalition_model, compute_eta
from models.coordinates.effects import MIRRORED
from models.coordinates.precondition import Coordinates, fold, learn_coordinates, precondition
from models.panel import PanelData, centre_alignment, name_axes, prepare_panel_data
from models.spec import CoalitionSpec

SAVED_DIRECT = [name for name in SAVED_TOTAL if name != "eta"] + [
    "alignment_slope",
    "alignment_slope_mean",
    "alignment_slope_case_sd",
]
PILOT = SamplerSpec(draws=1000, tune=500, chains=2)


@dataclass(frozen=True)
class RefitModel:
    """A compiled model of stage 2, in coordinates that suit its posterior.

    Attributes
    ----------
    compiled : CompiledModel
        Takes new data by name, such as ``alignment`` (case, state), centred.
    saved : list of str
        Variables that are stored.
    text : str
        Text of the model.
    shape : Coordinates
        Shape of the posterior, learned from the pilot fit.
    """

    compiled: CompiledModel
    saved: list[str]
    text: str
    shape: Coordinates


def compile_refits(
    panel: PanelData, alignment: np.ndarray, spec: CoalitionSpec, *, seed: int, axes: Sequence[str] = ()
) -> RefitModel:
    """Compile the model of stage 2 with alignment for refits; see ``shape_refits``.

    Parameters
    ----------
    panel : PanelData
        From ``models.panel.prepare_panel_data``.
    alignment : np.ndarray
        (case, state) or (case, state, axis), centred: alignment of the pilot fit, preferably the mean over
        draws.
    spec : CoalitionSpec
        Priors and model choices.
    seed : int
        Seed of the pilot fit.
    axes : sequence of str
        Names of the axes if there are several.
    """
    model = build_coalition_model(panel, spec, alignment, axes)
    return shape_refits(model, list_saved(model, SAVED_DIRECT), seed=seed)


def shape_refits(model: pm.Model, saved: list[str], *, seed: int) -> RefitModel:
    """Compile any model of stage 2, and learn the shape of its posterior from a pilot fit to its own data.

    Parameters
    ----------
    model : pm.Model
        Whatever changes between refits must be ``pm.Data``.
    saved : list of str
        Variables to store.
    seed : int
        Seed of the pilot fit.
    """
    shifted = precondition(model, saved)
    compiled = compile_model(shifted, [*saved, "unconstrained"], set(shifted.free_RVs))
    drawn = _sample_arrays(compiled, PILOT, ["unconstrained"], seed=seed)["unconstrained"]
    shape = learn_coordinates(fold(drawn.reshape(-1, drawn.shape[-1]), model, MIRRORED))
    shaped = compiled.with_data(shift=shape.shift, factor=shape.factor)
    return RefitModel(shaped, saved, model.str_repr(), shape)


def refit(
    model: RefitModel,
    data: Iterable[dict[str, np.ndarray]],
    sampler: SamplerSpec,
    *,
    seed: int,
    cores: int = CORES,
    progress: Progress | None = None,
) -> xr.DataTree:
    """Fit the compiled model to each of several data sets.

    Parameters
    ----------
    model : RefitModel
        From ``compile_refits``.
    data : iterable of dict
        The data that change in each refit, by name.
    sampler : SamplerSpec
        Settings of one refit. A refit with divergences is repeated with smaller steps.
    seed : int
        Each refit derives its own seed from this one and its number.
    cores : int
        Number of refits that run side by side.
    progress : callable, optional
        Takes the share done, 0 to 1.

    Returns
    -------
    xr.DataTree
        Groups ``posterior`` and ``sample_stats``, dims (refit, chain, draw, ...). Not judged yet.
    """
    data = list(data)
    done = 0

    def fit_one(number: int) -> dict[str, np.ndarray]:
        nonlocal done
        with_data = model.compiled.with_data(**data[number])
        attempt = sampler
        for _ in range(ATTEMPTS):
            drawn = _sample_arrays(
                with_data, attempt, [*model.saved, *SAVED_STATISTICS], seed=derive_seed(seed, "refit", number)
            )
            if not drawn["diverging"].any():
                break
            # All refits must have the same number of draws, so only the steps become smaller.
            attempt = attempt.step_smaller()
        done += 1
        if progress:
            progress(done / len(data))
        return drawn

    with ThreadPoolExecutor(cores) as pool:
        refits = list(pool.map(fit_one, range(len(data))))
    groups = {"posterior": model.saved, "sample_stats": SAVED_STATISTICS}
    labelled = {group: _label(refits, names, model.compiled) for group, names in groups.items()}
    idata = xr.DataTree.from_dict(labelled)
    idata.attrs["model"] = model.text
    return idata


def _label(refits: list[dict[str, np.ndarray]], names: list[str], compiled: CompiledModel) -> xr.Dataset:
    """Stack the draws of all refits in one dataset (refit, chain, draw, ...)."""
    dims, coords = compiled.dims or {}, compiled.coords
    stacked = {name: np.stack([drawn[name] for drawn in refits]) for name in names}
    labelled = xr.Dataset({name: ((*SAMPLE_DIMS, *dims.get(name, ())), stacked[name]) for name in names})
    return labelled.assign_coords(
        {d: np.asarray(coords[d]) for d in labelled.dims if d in coords}
        | {d: np.arange(labelled.sizes[d]) for d in SAMPLE_DIMS}
    )


def refit_to_gates(
    model: RefitModel,
    data: list[dict[str, np.ndarray]],
    sampler: SamplerSpec,
    *,
    name: str,
    **settings: Unpack[Settings],
) -> xr.DataTree:
    """Make refits that pass the gates together, if need be with two or four times the draws.

    Parameters and returns are those of ``refit``. ``name`` is the name of the fit in messages.

    Raises
    ------
    ConvergenceError
        If a gate is missed at every length. Chains are compared within refits only.
    """
    # Only the length changes here. ``refit`` itself takes smaller steps after divergences.
    for longer in (1, 2, 4):
        attempt = replace(sampler, draws=longer * sampler.draws)
        idata = refit(model, data, attempt, **settings)
        try:
            return gate(idata, name, attempt, settings.get("cores", CORES))
        except ConvergenceError as error:
            failure = error
    raise failure


def fit_direct(
    panel: xr.Dataset,
    alignment: xr.DataArray,
    spec: CoalitionSpec,
    sampler: SamplerSpec,
    *,
    keep: int | None = None,
    **settings: Unpack[Settings],
) -> xr.DataTree:
    """Fit stage 2 with alignment to each stage-1 draw: the cut posterior.

    Parameters
    ----------
    panel : xr.Dataset
        Panel, see ``data.load.load_panel``.
    alignment : xr.DataArray
        (refit, case, state), and with several axes (refit, case, state, axis): draws of stage 1; see
        ``models.panel.centre_alignment``.
    spec : CoalitionSpec
        Priors and model choices.
    sampler : SamplerSpec
        Settings of one refit.
    keep : int, optional
        Return about this many draws, evenly from all refits. All draws count for convergence.
    **settings
        See ``analysis.fitting.fit.Settings``.

    Returns
    -------
    xr.DataTree
        As from ``analysis.fitting.fit.fit_total``, with the first dim ``refit``.

    Raises
    ------
    ConvergenceError
        If every attempt misses a gate. Chains are compared within refits only.
    """
    positions = centre_alignment(panel, alignment)
    prepared = prepare_panel_data(panel, spec.missing)
    seed = derive_seed(settings["seed"], "pilot")
    model = compile_refits(prepared, positions.mean(0), spec, seed=seed, axes=name_axes(alignment))
    data = [{"alignment": position} for position in positions]
    idata = refit_to_gates(model, data, sampler, name="joining, direct effect", **settings)
    idata = thin(idata, keep) if keep else idata
    posterior = idata["posterior"].dataset
    centred = xr.DataArray(positions, dims=("refit", "case", "state", "axis")[: positions.ndim])
    idata["posterior"] = xr.DataTree(posterior.assign(eta=compute_eta(posterior, prepared, centred)))
    return idata


def _sample_arrays(
    compiled: CompiledModel, sampler: SamplerSpec, names: list[str], *, seed: int
) -> dict[str, np.ndarray]:
    """Return draws after warm-up as plain arrays (chain, draw, ...), since labelling each refit is slow."""
    trace = run_nutpie(compiled, sampler, cores=1, seed=seed, return_raw_trace=True)
    chains = []
    for batches in zip(*trace.get_arrow_trace(), strict=True):
        tuning = batches[1].column("tuning").to_numpy().sum()
        columns = [batch.column(name) for batch in batches for name in names if name in batch.column_names]
        chains.append({column.field.name: _to_numpy(column)[tuning:] for column in columns})
    return {name: np.stack([chain[name] for chain in chains]) for name in names}


def _to_numpy(column) -> np.ndarray:
    """Convert an Arrow column of nutpie to an array (draw, ...)."""
    shape = [int(n) for n in column.field.metadata.get(b"shape", b"").decode().split(",") if n]
    array = pyarrow.array(column)
    flat = array.flatten() if shape else array
    return flat.to_numpy(zero_copy_only=False).reshape(len(array), *shape)
