"""What several tests need: compiled log densities, and roll calls where there are any."""

import numpy as np
import pymc as pm
import pytest

from data.load import SHARED_DIR, find_rollcalls

needs_rollcalls = pytest.mark.skipif(
    find_rollcalls() is None, reason="needs roll calls, and none are found (see README.md)"
)

needs_shared = pytest.mark.skipif(
    not all((SHARED_DIR / f"{name}.parquet").is_file() for name in ("rollcalls", "votes", "state_year")),
    reason="needs the roll calls and tables beside the checkout (../shared/data)",
)


def evaluate_logp(model: pm.Model, point: dict) -> float:
    """Log density of a model at a point of its free variables on the unconstrained scale."""
    return float(model.compile_logp(mode="FAST_COMPILE")(point))


def draw_point(model: pm.Model, seed: int) -> dict[str, np.ndarray]:
    """A point near the start, every coordinate its own."""
    rng = np.random.default_rng(seed)
    return {
        name: np.asarray(value) + rng.normal(0, 0.3, size=np.shape(value))
        for name, value in model.initial_point(0).items()
    }
