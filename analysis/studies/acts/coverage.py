"""Whether intervals cover the truth in simulated worlds of the same shape: votes, gaps, pacts as they are."""

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from scipy.special import expit

from analysis.fitting.compile import compile_model
from analysis.posterior.draws import stack
from analysis.posterior.summaries import interval
from analysis.studies.acts.effects import average_acts, compute_effects
from analysis.studies.acts.fit import SAVED
from analysis.studies.acts.refits import run_refits
from analysis.variants.sampler import CORES, Progress, derive_seed
from models.acts.model import Cells, build_acts_model, prepare_cells
from models.simulate.acts import ActsTruth, simulate_acts

WORLDS: dict[str, ActsTruth] = {
    "none": ActsTruth(),
    "by power": ActsTruth(effect=(("USA", 0.6), ("RUS", 1.8))),
    "by unpopularity": ActsTruth(
        effect=(("USA", 0.5), ("RUS", 1.0)), unpopular=(("USA", 0.4), ("RUS", -0.2))
    ),
    "through agreement": ActsTruth(effect=(("USA", 0.4), ("RUS", 0.8)), through_agreement=1.0),
}
"""Kinds of worlds, by name. In the last a pact also moves agreement, which is then its effect."""


def fit_worlds(
    acts: xr.Dataset,
    run: Any,
    n_world: int,
    *,
    cores: int = CORES,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Fit the direct effects in worlds of every kind in turn.

    Parameters
    ----------
    acts : xr.Dataset
        From ``data.acts.prepare.prepare_acts``.
    run : ActsRun
        Its model, sampler of refits and seed.
    n_world : int
    cores, progress
        As in ``analysis.fitting.fit.Settings``.

    Returns
    -------
    pd.DataFrame
        ``world, kind, quantity, power, truth, mean, lower, upper, covered``. Quantities: ``pact`` and
        ``unpopular``, logits; ``shield``: mean effect on P(shield) of the protected, over acts.

    Raises
    ------
    ConvergenceError
        If the refits together miss a gate.
    """
    kinds = [list(WORLDS)[k % len(WORLDS)] for k in range(n_world)]
    made = [
        simulate_acts(acts, WORLDS[kind], np.random.default_rng(derive_seed(run.seed, "world", k)))
        for k, kind in enumerate(kinds)
    ]
    cells = [prepare_cells(world, run.model, agreement) for world, agreement, _ in made]
    model = build_acts_model(cells[0], run.model)
    saved = [name for name in SAVED if name in model.named_vars]
    data = [{"design": own.design()} | own.as_votes().as_dict() for own in cells]
    how = {"seed": derive_seed(run.seed, "worlds"), "cores": cores, "progress": progress}
    fitted = run_refits(compile_model(model, saved), saved, data, run.refit, name="simulated worlds", **how)
    rows = []
    for k, kind in enumerate(kinds):
        world, _, true = made[k]
        slope = stack(fitted[k]["posterior"].dataset)["pact_slope"]
        shield = average_acts(compute_effects(fitted[k], cells[k]), world)
        for power in cells[k].power:
            # Slopes are told at the mean act; the truths of these worlds have no other features.
            truths = {
                "pact": (dict(WORLDS[kind].effect)[power], slope.sel(power=power, feature="pact")),
                "unpopular": (
                    dict(WORLDS[kind].unpopular)[power],
                    slope.sel(power=power, feature="unpopular"),
                ),
                "shield": (
                    find_true_shield(world, true, cells[k], power),
                    shield.sel(power=power, kind="all", era="all", answer="shield", group="protected"),
                ),
            }
            for quantity, (truth, draws) in truths.items():
                lower, upper = interval(draws.values)
                row = (k, kind, quantity, power, truth, float(draws.mean()), lower, upper)
                rows.append((*row, bool(lower <= truth <= upper)))
    columns = ["world", "kind", "quantity", "power", "truth", "mean", "lower", "upper", "covered"]
    return pd.DataFrame(rows, columns=columns)


def find_true_shield(world: xr.Dataset, true: xr.Dataset, cells: Cells, power: str) -> float:
    """Return the true mean effect of a pact on P(shield) of the protected, over the power's acts."""
    means = []
    for a in np.flatnonzero(world["power"].values == power):
        there = (world["answer"].values[a] >= 0) & (world["pact"].values[a] == 1)
        if there.any():
            eta = true["predictor"].values[a][there] - true["cutpoint"].values[a, 0]
            means.append((expit(eta + true["pact_effect"].values[a][there]) - expit(eta)).mean())
    return float(np.mean(means))
