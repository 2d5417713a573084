"""Forecasts of each session's votes from positions before it, against what needs no model.

Positions come from the joint mode of the ten sessions before, so that no later vote tells of them. A random
half of the states tells what each roll call of the next session is about; the answers of the other half are
forecast, and then the halves change places. All forecasts hear the same half.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from analysis.store.files import write_table
from analysis.variants.sampler import Report
from data.load import load_record_votes
from models.coordinates.dynamic_mode import estimate_dynamic_start
from models.coordinates.layout import prepare_layout

TABLE = "dynamic_forecasts.csv"
BEFORE = 10
"""Sessions before that positions are estimated from."""
LEAST_TOLD = 5
"""Answers of the telling half without which a roll call is not forecast."""
SLOPE_SD, MIDPOINT_SD, LOG_GAP_SD = 2.0, 4.0, 1.0
"""Prior spread of items, as in ``models.coordinates.dynamic_mode``."""
ROUNDS, DRAWS = 25, 20
"""Newton steps to the mode of an item, and draws about it over which its forecast is averaged."""
POWERS = (0.0, 2.0, 4.0, 8.0, 16.0, 32.0)
"""Sharpness of the weights by which states that answered alike count; the best in hindsight is used."""
SMOOTHING = 0.5
"""Answers of each kind that are added to those of a region."""
COLUMNS = ("model", "still", "last_session", "region")
"""Forecasts: by positions that move; by positions that do not; by those who answered alike; by region."""


def forecast_sessions(
    votes: xr.Dataset, session_log_sd_scale: float, seed: int, progress: Callable[[float], None] | None = None
) -> pd.DataFrame:
    """Forecast every session that has a session before it.

    Parameters
    ----------
    votes : xr.Dataset
        Votes of many sessions, see ``data.load.load_record_votes``.
    session_log_sd_scale : float
        From ``models.spec.DynamicIdealPointSpec``.
    seed : int
        Seed of the halves.
    progress : callable, optional
        Called with the share done.

    Returns
    -------
    pd.DataFrame
        ``session, year, answers`` (number forecast) and the mean log probability of an answer by each of
        ``COLUMNS``. All are for the states that have a position before.
    """
    sessions, rows = np.unique(votes["session"].values), []
    for k, session in enumerate(sessions[1:], start=1):
        begin = sessions[max(0, k - BEFORE)]
        given = votes["session"].values
        past = votes.isel(item=(given >= begin) & (given < session))
        past = past.isel(state=past["counts"].values.any((0, 2)))
        now = votes.isel(item=given == session).sel(state=past["state"])
        positions = locate_states(past, session_log_sd_scale)
        scores = score_session(past, now, positions, np.random.default_rng([seed, int(session)]))
        rows.append((session, 1945 + session, *scores))
        if progress:
            progress(k / (len(sessions) - 1))
    return pd.DataFrame(rows, columns=["session", "year", "answers", *COLUMNS])


def run_forecasts(
    sessions: tuple[int, int],
    session_log_sd_scale: float,
    output: Path,
    *,
    votes_path: Path | None = None,
    seed: int = 1946,
    report: Report,
) -> Path:
    """Forecast the sessions of the record, see ``forecast_sessions``, and write ``TABLE`` to ``output``."""
    votes = load_record_votes(sessions, votes_path)
    table = forecast_sessions(votes, session_log_sd_scale, seed, report("forecasts"))
    output.mkdir(parents=True, exist_ok=True)
    write_table(table.round(4), output / TABLE)
    return output


def locate_states(past: xr.Dataset, session_log_sd_scale: float) -> dict[str, np.ndarray]:
    """Return each state's position in the last session in which it voted, and its mean over all (state,)."""
    layout = prepare_layout(past)
    start = estimate_dynamic_start(past, layout, session_log_sd_scale)
    last = np.zeros(past.sizes["state"])
    # Positions are numbered session by session: a state's last one is written last.
    last[layout.state_idx] = start.position
    mean = np.bincount(layout.state_idx, start.position) / np.bincount(layout.state_idx)
    return {"model": last, "still": mean}


def score_session(
    past: xr.Dataset, now: xr.Dataset, positions: dict[str, np.ndarray], rng: np.random.Generator
) -> tuple[int, float, float, float, float]:
    """Return the number of answers forecast, and the mean log probability by each of ``COLUMNS``."""
    answer = code_answers(now)
    half = rng.permutation(answer.shape[1]) % 2 == 0
    session = past["session"].values
    likeness = measure_likeness(code_answers(past.isel(item=session == session.max())))
    region = now["region"].values
    total, number = np.zeros(3 + len(POWERS)), 0
    for telling in (half, ~half):
        told, asked = answer[:, telling], answer[:, ~telling]
        enough = (told >= 0).sum(1) >= LEAST_TOLD
        told, asked = told[enough], asked[enough]
        item, state = np.nonzero(asked >= 0)
        given = asked[item, state]
        chances = [
            forecast_by_position(told, position[telling], position[~telling], rng)
            for position in positions.values()
        ]
        near = likeness[np.ix_(~telling, telling)]
        chances += [forecast_by_weight(told, near**power) for power in POWERS]
        alike = (region[~telling][:, None] == region[telling]).astype(float)
        chances.append(forecast_by_weight(told, alike))
        total += [np.log(chance[item, state, given]).sum() for chance in chances]
        number += len(given)
    mean = total / max(number, 1)
    return number, mean[0], mean[1], mean[2:-1].max(), mean[-1]


def code_answers(votes: xr.Dataset) -> np.ndarray:
    """Return answers (item, state): 0 no, 1 abstain, 2 yes, -1 missing."""
    counts = votes["counts"].transpose("item", "state", "response").values
    return np.where(counts.any(-1), counts.argmax(-1), -1)


def measure_likeness(answer: np.ndarray) -> np.ndarray:
    """Share of answers (state, state) that two states have in common, with one added of each kind."""
    given = (answer >= 0).astype(float)
    same = sum((answer == each).astype(float).T @ (answer == each) for each in range(3))
    return (same + 1) / (given.T @ given + 2)


def forecast_by_weight(told: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Chances (item, asked state, answer): answers told, weighted, and shrunk to those of all.

    ``told`` is (item, telling state), ``weight`` (asked state, telling state).
    """
    shares = np.stack([(told == each).astype(float) for each in range(3)], -1)
    world = shares.sum(1) + SMOOTHING
    world /= world.sum(-1, keepdims=True)
    # Weights are relative: the nearest states count as one answer each.
    weight = weight / np.maximum(weight.max(1, keepdims=True), 1e-12)
    counts = np.einsum("st,itk->isk", weight, shares) + 3 * SMOOTHING * world[:, None]
    return counts / counts.sum(-1, keepdims=True)


def forecast_by_position(
    told: np.ndarray, telling: np.ndarray, asked: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Chances (item, asked state, answer) by the graded response model, positions given.

    Each roll call's slope, midpoint and log gap are fitted to the answers told; the forecast is averaged over
    draws of their normal approximation.
    """
    mode, factor = fit_items(told, telling)
    total = 0.0
    for _ in range(DRAWS):
        item = mode + np.einsum("ijk,ik->ij", factor, rng.normal(size=mode.shape))
        total = total + np.stack(evaluate_answers(item, asked), -1)
    return np.clip(total / DRAWS, 1e-6, None)


def evaluate_answers(item: np.ndarray, position: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Chances (item, state) of no, abstain, yes; ``item`` is slope, midpoint and log gap (item, 3)."""
    eta, half = item[:, :1] * position - item[:, 1:2], np.exp(item[:, 2:]) / 2
    upper, lower = (1 / (1 + np.exp(-np.clip(eta + side * half, -40, 40))) for side in (1, -1))
    return 1 - upper, upper - lower, lower


def fit_items(told: np.ndarray, position: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mode (item, 3) of slope, midpoint and log gap, and a root of their covariance (item, 3, 3).

    By Fisher scoring with halved steps where the density would fall.
    """
    precision = np.diag([SLOPE_SD**-2, MIDPOINT_SD**-2, LOG_GAP_SD**-2])
    item = np.zeros((len(told), 3))
    step_size = np.ones(len(told))
    value, pull, information = expand_items(item, told, position)
    for _ in range(ROUNDS):
        step = np.linalg.solve(information + precision, (pull - item @ precision)[..., None])[..., 0]
        ahead = item + step_size[:, None] * np.clip(step, -1.5, 1.5)
        new = expand_items(ahead, told, position)
        before = value - 0.5 * np.einsum("ij,jk,ik->i", item, precision, item)
        after = new[0] - 0.5 * np.einsum("ij,jk,ik->i", ahead, precision, ahead)
        better = after >= before
        item = np.where(better[:, None], ahead, item)
        value = np.where(better, new[0], value)
        pull = np.where(better[:, None], new[1], pull)
        information = np.where(better[:, None, None], new[2], information)
        step_size = np.where(better, np.minimum(2 * step_size, 1.0), step_size / 2)
    covariance = np.linalg.inv(information + precision)
    return item, np.linalg.cholesky(covariance)


def expand_items(item, told, position) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Log probability (item,) of the answers told, its gradient (item, 3), and Fisher information."""
    no, abstain, yes = (np.clip(chance, 1e-12, 1.0) for chance in evaluate_answers(item, position))
    upper, lower = 1 - no, yes
    by_upper, by_lower = upper * (1 - upper), lower * (1 - lower)
    half = np.exp(item[:, 2:]) / 2
    given = told >= 0
    value = (np.log(no) * (told == 0) + np.log(abstain) * (told == 1) + np.log(yes) * (told == 2)).sum(1)
    # Derivatives of each answer's chance by eta and by log gap.
    eta = (-by_upper, by_upper - by_lower, by_lower)
    gap = (-by_upper * half, (by_upper + by_lower) * half, -by_lower * half)
    pull, information = np.zeros((len(item), 3)), np.zeros((len(item), 3, 3))
    for k, chance in enumerate((no, abstain, yes)):
        jacobian = np.stack([eta[k] * position, -eta[k], gap[k]], -1)
        here = (told == k) / chance
        pull += np.einsum("is,isj->ij", here, jacobian)
        information += np.einsum("is,isj,isk->ijk", given / chance, jacobian, jacobian)
    return value, pull, information
