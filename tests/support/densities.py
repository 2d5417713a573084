"""Log densities of models, and points at which to evaluate them."""

import numpy as np
import pymc as pm


def evaluate_logp(model: pm.Model, point: dict) -> float:
    """Log density of a model at a point of its free variables on the unconstrained scale.

    The parts are summed here: one sum of more than 32 terms would need the compiler.
    """
    return float(sum(np.sum(part) for part in model.compile_logp(sum=False, mode="FAST_COMPILE")(point)))


def draw_point(model: pm.Model, seed: int) -> dict[str, np.ndarray]:
    """A point near the start, with all coordinates different."""
    rng = np.random.default_rng(seed)
    return {
        name: np.asarray(value) + rng.normal(0, 0.3, size=np.shape(value))
        for name, value in model.initial_point(0).items()
    }


POOLED_PARTS = ("average_offset", "mean_offset", "contrast")
"""Standard normal parameters of an effect that is pooled over cases."""


def pool_two_cases(point: dict[str, np.ndarray], name: str, scale: float) -> np.ndarray:
    """Effects (case, ...) in two cases, computed from the parameters of ``models.coalition``."""
    case_sd = point[f"{name}_case_sd"]
    average = np.sqrt(scale**2 + case_sd**2 / 2) * point[f"{name}_average_offset"]
    apart = case_sd * point[f"{name}_contrast"][0] / np.sqrt(2)
    return np.stack([average + apart, average - apart])


def mirror(start):
    """The start of the dynamic model with all positions and discriminations reversed in sign."""
    return start._replace(
        position=-start.position,
        votes_position=-start.votes_position,
        discrimination=-start.discrimination,
        centre=-start.centre,
    )
