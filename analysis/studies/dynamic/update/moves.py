"""Move the unknowns of a window, draw by draw, to their posterior given all votes."""

import numpy as np

from analysis.studies.dynamic.update.shape import Shape
from analysis.studies.dynamic.update.stored import Linked, Stored, take_rest
from analysis.studies.dynamic.update.window import Centre, Window, evaluate

ROUNDS = 4
"""Trajectories of each draw."""
LENGTH = (1.0, 2.0)
"""Least and largest length of a trajectory; in a normal density a quarter of a turn is 1.57."""
ACCEPT, FIRST_STEP, PILOTS = 0.8, 0.4, 30
"""Share of trajectories that is aimed at, first step, and draws over which the step is found."""


def move_draws(
    sample: np.ndarray,
    window: Window,
    stored: Stored,
    linked: Linked,
    centre: Centre,
    shape: Shape,
    rng: np.random.Generator,
    progress=None,
) -> tuple[np.ndarray, float]:
    """Draw the unknowns of the window, with all that is held as each draw of the fit has it.

    A draw begins in the normal approximation of its own posterior: one Newton step from the mode, and noise.
    Hamiltonian trajectories follow.

    Parameters
    ----------
    sample : np.ndarray
        (draw,), int: draws of the fit.
    window, stored, linked, centre, shape
    rng : np.random.Generator
    progress : callable, optional
        Called with the share done.

    Returns
    -------
    x : np.ndarray
        (draw, unknown), float.
    accepted : float
        Mean probability of acceptance after the pilots.
    """
    drawn, accepted, log_step = np.empty((len(sample), len(shape.middle))), [], np.log(FIRST_STEP)
    for k, draw in enumerate(sample):
        rest = take_rest(window, stored, linked, draw)

        def density(z, rest=rest):
            x = shape.place(z)
            value, gradient = evaluate(x, window, rest, centre, linked.grid, stored.session_log_sd_scale)
            return value, shape.pull(gradient)

        # Far from the mode a trajectory may leave all numbers behind; it is refused.
        with np.errstate(all="ignore"):
            z = np.zeros(len(shape.middle))
            value, newton = density(z)
            # Where draws differ much in how states move, the shape is not this draw's, and a step too long.
            z = (newton if density(newton)[0] > value else z) + rng.normal(size=len(z))
            for _ in range(ROUNDS):
                z, chance = take_trajectory(z, density, np.exp(log_step), rng)
                if k < PILOTS:
                    log_step += (chance - ACCEPT) / (1 + k) ** 0.6
                else:
                    accepted.append(chance)
        drawn[k] = shape.place(z)
        if progress:
            progress((k + 1) / len(sample))
    return drawn, float(np.mean(accepted)) if accepted else np.nan


def take_trajectory(x, density, step, rng) -> tuple[np.ndarray, float]:
    """Take one Hamiltonian trajectory of random length; return the next point and the chance of its end."""
    unit = step * rng.uniform(0.8, 1.2)
    momentum = rng.normal(size=len(x))
    value, gradient = density(x)
    at, first = x, value - 0.5 * momentum @ momentum
    momentum = momentum + 0.5 * unit * gradient
    for last in range(int(rng.uniform(*LENGTH) / unit), -1, -1):
        at = at + unit * momentum
        value, gradient = density(at)
        if not np.isfinite(value):
            return x, 0.0
        momentum = momentum + (unit if last else 0.5 * unit) * gradient
    chance = float(np.exp(min(0.0, value - 0.5 * momentum @ momentum - first)))
    return (at if rng.random() < chance else x), chance
