"""Who is absent in simulated assemblies, and the days of their roll calls. Nothing here calls the models."""

import numpy as np
from scipy.special import expit

A_DAY = 12
"""Roll calls on one day."""


def date_items(session: np.ndarray) -> np.ndarray:
    """Return the dates (item,) of roll calls held in the order given, ``A_DAY`` on a day of a session."""
    place = np.arange(len(session)) - np.searchsorted(session, session)
    return np.datetime64("2000-12-01", "ns") + (365 * session + place // A_DAY) * np.timedelta64(1, "D")


def draw_absences(
    usual: np.ndarray,
    predictor: np.ndarray,
    cutpoint: np.ndarray,
    date: np.ndarray,
    rng: np.random.Generator,
    *,
    awkward: float,
    inertia: float,
) -> np.ndarray:
    """Draw who is absent.

    Parameters
    ----------
    usual : np.ndarray
        (state,), float: how often a state is absent, logits.
    predictor, cutpoint : np.ndarray
        (item, state) and (item, threshold), float: of graded responses, logits.
    date : np.ndarray
        (item,): days, in order.
    rng : np.random.Generator
    awkward : float
        What is added if a state is torn evenly between two answers, logits.
    inertia : float
        Probability, 0 to 1, that a state does as at the roll call before on the same day.

    Returns
    -------
    np.ndarray
        (item, state), bool.
    """
    at_least = expit(predictor[..., None] - cutpoint[:, None, :])
    answers = -np.diff(at_least, axis=-1, prepend=1.0, append=0.0)
    differ = 2 * (1 - (answers**2).sum(-1))
    absent = rng.random(predictor.shape) < expit(usual + awkward * differ)
    if inertia:
        stays = rng.random(predictor.shape) < inertia
        for item in np.flatnonzero(date[1:] == date[:-1]) + 1:
            absent[item] = np.where(stays[item], absent[item - 1], absent[item])
    return absent
