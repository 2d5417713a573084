"""Simulated coalitions on which four ways to propagate stage-1 uncertainty are compared thousands of times.

Items are known and states independent, so that the posterior of stage 1 needs no sampling: the position of a
state given its votes is a distribution on a grid. Stage 2 is a logistic regression with the priors of
``CoalitionSpec`` and a normal approximation of its posterior. The four ways then differ in propagation only.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import expit, log_expit

from models.spec import CoalitionSpec

GRID = np.linspace(-4.4, 4.4, 56)
METHODS = ("plugin", "draws", "measurement", "joint")
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(15)
N_STAGE1, N_DRAWS = 60, 240
Outcome = Literal["linear", "step"]


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """A kind of simulated world, with ``n_vote`` votes of each state. With few, positions are uncertain.

    ``outcome`` is ``linear`` if the logit of joining is linear in alignment, as stage 2 assumes. It is
    ``step`` if the logit jumps at a threshold, so that stage 2 is wrong about alignment. Coefficients are in
    logits; the slope is per standard deviation of states.
    """

    outcome: Outcome
    n_vote: int
    n_state: int = 190
    intercept: float = -0.8
    guarantee_effect: float = 1.0
    alignment_slope: float = 1.0

    def linear_predictor(self, pact: np.ndarray, position: np.ndarray) -> np.ndarray:
        """Return the logit of joining. ``pact``: 0 or 1; ``position`` (state,): sd of states."""
        shape = position if self.outcome == "linear" else 3.0 * (position > 0.7) - 0.7
        return self.intercept + self.guarantee_effect * pact + self.alignment_slope * shape


def simulate(scenario: Scenario, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Simulate one world.

    Returns ``pact`` and ``joined`` (state,), 0 or 1; ``density`` (state, grid): posterior of each position
    given the votes, on ``GRID``; ``ame``: the true average marginal effect of a pact, a probability.
    """
    pact = (rng.random(scenario.n_state) < 0.3).astype(float)
    position = 0.8 * (pact - 0.3) + rng.normal(0, 0.9, scenario.n_state)
    slope = rng.normal(0, 1.5, scenario.n_vote)
    midpoint = rng.normal(0, 1.5, scenario.n_vote)
    votes = rng.random((scenario.n_state, scenario.n_vote)) < expit(slope * position[:, None] - midpoint)
    at_grid = slope[:, None] * GRID - midpoint[:, None]
    log_density = np.where(votes, 1.0, 0.0) @ log_expit(at_grid) + np.where(votes, 0.0, 1.0) @ log_expit(
        -at_grid
    )
    log_density -= GRID**2 / 2
    density = np.exp(log_density - log_density.max(1, keepdims=True))
    joined = rng.random(scenario.n_state) < expit(scenario.linear_predictor(pact, position))
    ame = expit(scenario.linear_predictor(1.0, position)) - expit(scenario.linear_predictor(0.0, position))
    return {
        "pact": pact,
        "joined": joined.astype(float),
        "density": density / density.sum(1, keepdims=True),
        "ame": ame.mean(),
    }


def fit_mode(
    joined: np.ndarray, pact: np.ndarray, position: np.ndarray, weight: np.ndarray, scale: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find mode and covariance of (intercept, guarantee, slope), given a mixture for each position.

    Takes ``joined`` and ``pact`` (state,), 0 or 1; possible values of each position and their probabilities
    (state, node); and the scales of the normal priors (3,). Returns the mode (3,), the covariance (3, 3), and
    the probability of each node given who joined (state, node).
    """
    sign = 2 * joined[:, None] - 1
    parameters = np.zeros(3)

    def differentiate(b):
        x = sign * (b[0] + b[1] * pact[:, None] + b[2] * position)
        given = weight * expit(x)
        given /= given.sum(1, keepdims=True)
        slope = sign * expit(-x)
        curvature = expit(x) * expit(-x)
        columns = (np.ones_like(position), np.broadcast_to(pact[:, None], position.shape), position)
        score = np.stack([(given * slope * c).sum(1) for c in columns])
        hessian = np.empty((3, 3))
        # Observed information of a mixture: Louis (1982).
        for i in range(3):
            for j in range(i, 3):
                complete = (given * (slope**2 - curvature) * columns[i] * columns[j]).sum(1)
                hessian[i, j] = hessian[j, i] = (complete - score[i] * score[j]).sum()
        return score.sum(1) - b / scale**2, hessian - np.diag(1 / scale**2), given

    for _ in range(60):
        gradient, hessian, given = differentiate(parameters)
        # Away from the mode the density need not be log-concave: damp the Newton step towards the gradient.
        top = np.linalg.eigvalsh(hessian)[-1]
        step = np.linalg.solve(hessian - np.eye(3) * max(0.0, top + 1e-3), gradient)
        parameters = parameters - step * min(1.0, 2.0 / np.abs(step).max())
        if np.abs(step).max() < 1e-8:
            break
    return parameters, np.linalg.inv(-hessian), given


def infer(method: str, world: dict[str, np.ndarray], rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Draw the posterior of stage 2 under one of ``METHODS``, in a world of ``simulate``.

    Returns ``ame``, ``guarantee_effect`` and ``alignment_slope``, (draw,) each.
    """
    spec = CoalitionSpec()
    scale = np.array([spec.intercept_scale, spec.guarantee_scale, spec.alignment_scale])
    density, joined, pact = world["density"], world["joined"], world["pact"]
    mean = density @ GRID
    sd = np.sqrt(density @ GRID**2 - mean**2)
    one = np.ones((len(pact), 1))
    if method == "draws":
        above = rng.random((N_STAGE1, len(pact), 1)) > density.cumsum(1)
        positions = GRID[np.minimum(above.sum(2), len(GRID) - 1)]
        positions = positions + (GRID[1] - GRID[0]) * (rng.random(positions.shape) - 0.5)
        fits = [
            (position[:, None], *fit_mode(joined, pact, position[:, None], one, scale))
            for position in positions
        ]
        parts = [_draw(N_DRAWS // N_STAGE1, *fit, pact, rng) for fit in fits]
    else:
        nodes = {
            "plugin": (mean[:, None], one),
            "measurement": (
                mean[:, None] + sd[:, None] * NODES,
                np.tile(WEIGHTS / WEIGHTS.sum(), (len(pact), 1)),
            ),
            "joint": (np.tile(GRID, (len(pact), 1)), density),
        }
        position, weight = nodes[method]
        parts = [_draw(N_DRAWS, position, *fit_mode(joined, pact, position, weight, scale), pact, rng)]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _draw(n, position, mode, covariance, given, pact, rng) -> dict[str, np.ndarray]:
    b = rng.multivariate_normal(mode, covariance, size=n)
    without = b[:, 0, None, None] + b[:, 2, None, None] * position
    change = expit(without + b[:, 1, None, None]) - expit(without)
    return {
        "ame": (change * given).sum(2).mean(1),
        "guarantee_effect": b[:, 1],
        "alignment_slope": b[:, 2],
    }
