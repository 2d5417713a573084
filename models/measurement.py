"""Positions measured with error: the posterior of stage 1 as a prior of stage 2."""

from dataclasses import dataclass

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr


@dataclass(frozen=True)
class Measurement:
    """Multivariate normal approximation of the posterior of stage 1, one distribution per case.

    Attributes
    ----------
    mean : np.ndarray
        (case, state), float, centred within each case.
    factor : np.ndarray
        (case, state, state), float: ``factor @ factor.T`` is the covariance between states.
    """

    mean: np.ndarray
    factor: np.ndarray


def summarize_measurement(positions: np.ndarray) -> Measurement:
    """Summarise draws of stage 1 by their mean and covariance.

    Parameters
    ----------
    positions : np.ndarray
        (draw, case, state), centred within each case and draw.

    Returns
    -------
    Measurement

    Raises
    ------
    ValueError
        If there are fewer than three draws per state: the covariance would be mostly noise.
    """
    n_draw, _, n_state = positions.shape
    if n_draw < 3 * n_state:
        raise ValueError(f"{n_draw} draws for {n_state} states; the covariance needs at least {3 * n_state}")
    mean = positions.mean(0)
    factor = []
    for deviation in np.moveaxis(positions - mean, 1, 0):
        value, vector = np.linalg.eigh(deviation.T @ deviation / (n_draw - 1))
        factor.append(vector * np.sqrt(np.maximum(value, 0)))
    return Measurement(mean, np.stack(factor))


def place_positions(alignment: np.ndarray | Measurement, included: np.ndarray):
    """Add alignment (case, state) to the model in context: data, or unknowns with a normal prior.

    Data may be on several axes, (case, state, axis).
    """
    if not isinstance(alignment, Measurement):
        return pm.Data("alignment", alignment, dims=("case", "state", "axis")[: alignment.ndim])
    offset = pm.Normal("position_offset", dims=("case", "state"))
    mean, factor = pm.Data("position_mean", alignment.mean), pm.Data("position_factor", alignment.factor)
    deviation = pt.stack([pt.dot(factor[case], offset[case]) for case in range(len(alignment.mean))])
    position = pm.Deterministic("position", mean + deviation, dims=("case", "state"))
    keep_positions(position, included)
    return position


def keep_positions(position, included: np.ndarray) -> None:
    """Save the positions (case, state) of the sample as ``position_in_sample`` (row,).

    The others are 0 in every draw, which diagnostics would take for a chain that is stuck.
    """
    pm.Deterministic("position_in_sample", position[np.nonzero(included)])


def spread_positions(in_sample: xr.DataArray, panel: xr.Dataset) -> xr.DataArray:
    """Turn ``position_in_sample`` (..., row) into (..., case, state), 0 outside the sample.

    Parameters
    ----------
    in_sample : xr.DataArray
        From a fit with ``keep_positions``.
    panel : xr.Dataset
        Panel of that fit, see ``data.load.load_panel``.
    """
    *sample, row = in_sample.dims
    included = panel["included"].transpose("case", "state")
    full = np.zeros((*(in_sample.sizes[d] for d in sample), *included.shape))
    full[..., included.values] = in_sample.transpose(..., row).values
    coords = {d: in_sample[d] for d in sample} | {d: panel[d].values for d in included.dims}
    return xr.DataArray(full, dims=(*sample, *included.dims), coords=coords)
