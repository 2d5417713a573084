"""A normal approximation to a posterior, for tests on many simulated worlds, where sampling is too dear.

Standard deviations of effects are held at given values: their joint mode with the effects is 0, which says
nothing about them. Everything else is normal around its mode, with the curvature of the model's own density.
"""

import numpy as np
import pymc as pm
import xarray as xr
from pymc.pytensorf import gradient
from scipy.linalg import cholesky, solve_triangular
from scipy.optimize import minimize

STEP = 1e-4
"""Step of the finite differences of the gradient."""


class Laplace:
    """A model whose data change from world to world.

    Parameters
    ----------
    model : pm.Model
        Whatever changes must be ``pm.Data``.
    sd : dict
        Standard deviations by name; ``guarantee_effect`` stands for all names that begin with it.
    saved : list of str
        Variables of the model that are wanted.
    """

    def __init__(self, model: pm.Model, sd: dict[str, float], saved: list[str]):
        self.model, self.saved = model, saved
        start = model.initial_point(0)
        self.fixed, self.shapes = {}, {}
        for name, value in start.items():
            if name.endswith("_sd_signed"):
                held = next(value for begin, value in sd.items() if name.startswith(begin))
                self.fixed[name] = np.full(np.shape(value), held)
            else:
                self.shapes[name] = np.shape(value)
        by_name = {model.rvs_to_values[rv].name: model.rvs_to_values[rv] for rv in model.free_RVs}
        density = model.logp()
        free = [by_name[name] for name in self.shapes]
        how = {"on_unused_input": "ignore", "point_fn": True}
        self.evaluate = model.compile_fn([density, gradient(density, free)], **how)
        inner = model.replace_rvs_by_values([model[name] for name in saved])
        self.needed = {variable.name for variable in pm.inputvars(inner)}
        self.derive = model.compile_fn(inner, **how)

    def fit(self, data: dict[str, np.ndarray], n: int, seed: int) -> xr.Dataset:
        """Return ``n`` draws of the saved variables, along ``sample``."""
        pm.set_data(data, model=self.model)
        size = sum(int(np.prod(shape)) for shape in self.shapes.values())
        mode = minimize(self._cost, np.zeros(size), jac=True, method="L-BFGS-B", options={"maxiter": 1000}).x
        steps = STEP * np.eye(size)
        curvature = np.stack(
            [(self._cost(mode + e)[1] - self._cost(mode - e)[1]) / (2 * STEP) for e in steps]
        )
        factor = cholesky((curvature + curvature.T) / 2)
        noise = np.random.default_rng(seed).normal(size=(size, n))
        draws = mode[:, None] + solve_triangular(factor, noise)
        points = [self._point(draw) for draw in draws.T]
        values = [self.derive({k: v for k, v in point.items() if k in self.needed}) for point in points]
        dims, coords = self.model.named_vars_to_dims, self.model.coords
        found = xr.Dataset(
            {
                name: (("sample", *dims.get(name, ())), np.stack([value[k] for value in values]))
                for k, name in enumerate(self.saved)
            }
        )
        return found.assign_coords({dim: list(coords[dim]) for dim in found.dims if dim in coords})

    def _point(self, flat: np.ndarray) -> dict[str, np.ndarray]:
        sizes = [int(np.prod(shape)) for shape in self.shapes.values()]
        parts = np.split(flat, np.cumsum(sizes)[:-1])
        values = zip(self.shapes.items(), parts, strict=True)
        return self.fixed | {name: part.reshape(shape) for (name, shape), part in values}

    def _cost(self, flat: np.ndarray) -> tuple[float, np.ndarray]:
        value, slope = self.evaluate(self._point(flat))
        return -float(value), -np.asarray(slope)
