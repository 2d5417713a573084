"""Effects of a pact on the probabilities of answers, as labelled draws, and their summaries."""

from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
from scipy.special import expit

from analysis.posterior.draws import stack
from analysis.posterior.summaries import summarize_draws
from models.acts.model import LOGISTIC_VARIANCE, Cells

KEPT_DRAWS = 1000
"""Draws from which effects are computed."""

ANSWERS = ("support", "shield")
"""Votes for the power; votes for it or abstentions."""

GROUPS = ("protected", "all")
"""States under the pact, and all states that voted."""

ALL = "all"


class Act(NamedTuple):
    """Draws of what the model says of the states that voted on an act.

    Attributes
    ----------
    without, effect : np.ndarray
        (sample, state): predictor without the pact, and what the pact adds to it.
    cutpoint : np.ndarray
        (sample, 2).
    shrink : np.ndarray
        (sample, state): factor that carries the error of agreement.
    """

    without: np.ndarray
    effect: np.ndarray
    cutpoint: np.ndarray
    shrink: np.ndarray

    def reach(self, with_pact: np.ndarray | float) -> np.ndarray:
        """(sample, state, 2): probabilities to shield and to support, with the pact (1) or without (0)."""
        eta = self.without + with_pact * self.effect
        return expit(self.shrink[..., None] * (eta[..., None] - self.cutpoint[:, None]))


def draw_act(posterior: xr.Dataset, cells: Cells, act: int) -> Act:
    """Draw what the model says of one act.

    Parameters
    ----------
    posterior : xr.Dataset
        (sample, ...), see ``models.acts.model.build_acts_model``.
    cells : Cells
    act : int
        Place of the act.
    """
    here = cells.act_idx == act
    power, state = cells.power_of[act], cells.state_idx[here]
    take = {name: posterior[name].transpose("sample", ...).values for name in posterior.data_vars}
    effect = take["pact_slope"][:, power] @ cells.features[here].T + take["pact_act"][:, [act]]
    without = take["covariate_slope"][:, power] @ cells.covariates[here].T
    without = without + take["state_effect"][:, power][:, state]
    without += take["region_effect"][:, act][:, cells.region_idx[here]]
    shrink = np.ones_like(without)
    if cells.agreement is not None:
        slope = take["agreement_slope"][:, [power]]
        without += slope * cells.agreement[here]
        variance = np.repeat(cells.row_variance(), np.diff(cells.row_offset))[here]
        shrink = (1 + slope**2 * variance / LOGISTIC_VARIANCE) ** -0.5
    return Act(without, effect, take["cutpoint"][:, act], shrink)


def compute_effects(fit: xr.DataTree, cells: Cells, keep: int = KEPT_DRAWS) -> xr.DataArray:
    """Compute a pact's effect on each act.

    Returns
    -------
    xr.DataArray
        (sample, act, answer, group): mean over the states of the group of the probability of the answer with
        the pact less without. NaN where nobody is protected.
    """
    posterior = stack(fit["posterior"].dataset, keep)
    n = posterior.sizes["sample"]
    effect = np.full((n, len(cells.act), len(ANSWERS), len(GROUPS)), np.nan)
    for a in range(len(cells.act)):
        act = draw_act(posterior, cells, a)
        gained = (act.reach(1.0) - act.reach(0.0))[..., ::-1]
        protected = cells.pact[cells.act_idx == a] == 1
        effect[:, a, :, 1] = gained.mean(1)
        if protected.any():
            effect[:, a, :, 0] = gained[:, protected].mean(1)
    coords = {"sample": np.arange(n), "act": cells.act, "answer": list(ANSWERS), "group": list(GROUPS)}
    return xr.DataArray(effect, coords, ("sample", "act", "answer", "group"), name="effect")


def average_acts(effects: xr.DataArray, acts: xr.Dataset) -> xr.DataArray:
    """Average effects over the acts of a power, each act alike, and by kind and era.

    Parameters
    ----------
    effects : xr.DataArray
        From ``compute_effects``.
    acts : xr.Dataset
        The acts, in the same order.

    Returns
    -------
    xr.DataArray
        (sample, part, answer, group); part is an index of ``power, kind, era``, where ``all`` is every one.
    """
    power = acts["power"].values.astype(str)
    kinds = {ALL: None, "military": acts["military"].values == 1, "other": acts["military"].values == 0}
    eras = {ALL: None, "to 1989": acts["late"].values == 0, "from 1990": acts["late"].values == 1}
    labels, means = [], []
    for one in dict.fromkeys(power):
        for kind, of_kind in kinds.items():
            for era, in_era in eras.items():
                chosen = power == one
                for further in (of_kind, in_era):
                    chosen = chosen & (True if further is None else further)
                if chosen.any():
                    labels.append((one, kind, era))
                    means.append(effects.isel(act=np.flatnonzero(chosen)).mean("act"))
    index = pd.MultiIndex.from_tuples(labels, names=["power", "kind", "era"])
    coords = xr.Coordinates.from_pandas_multiindex(index, "part")
    return xr.concat(means, "part").assign_coords(coords).transpose("sample", "part", ...)


def summarize(draws: xr.DataArray, **labels: str) -> pd.DataFrame:
    """Summarize draws (sample, ...), with P(> 0), and put constant columns in front."""
    table = summarize_draws(draws.rename("effect"), positive=True)
    return pd.concat([pd.DataFrame(labels, index=table.index), table], axis=1)
