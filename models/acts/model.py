"""How states answer on contested acts of two great powers; equations in ``models/docs/acts.md``."""

from dataclasses import dataclass, replace

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr

from models.acts.spec import ActsModelSpec
from models.coordinates.effects import half_normal, place_scale, shrink_parts
from models.likelihood.graded_response import graded_response_logp
from models.likelihood.votes import Votes

FEATURES = ("pact", "unpopular", "force", "late")
"""What a pact's effect is made of: its mean, and what unpopularity, force and the later era add."""

CHANGED = "pact_share"
"""Covariate: share of a power's acts at which the state had its pact. Beside it, the effect of a pact is that
within states."""

LOGISTIC_VARIANCE = 2.89
"""Of 1.7 squared: a logistic distribution is nearly a normal one with 1.7 times the standard deviation."""

N_GROUP = 3
"""Groups of an act's states by the error of their agreement."""


@dataclass(frozen=True, eq=False)
class Cells:
    """The answers of the states, one cell each, act by act and within an act by error of agreement.

    Attributes
    ----------
    act, power, covariate, region, state : np.ndarray
        Labels.
    power_of : np.ndarray
        (act,): place of the power.
    act_idx, state_idx, region_idx : np.ndarray
        (cell,).
    answer : np.ndarray
        (cell,), int8: 0 against, 1 abstain, 2 support, -1 left out.
    pact : np.ndarray
        (cell,), 0 or 1.
    features : np.ndarray
        (cell, feature): 1, unpopularity, force and era, the last two less their means over acts.
    covariates : np.ndarray
        (cell, covariate), standardised.
    agreement, agreement_sd : np.ndarray or None
        (cell,): mean less that of the act, and standard deviation. None: the model has no agreement.
    row_offset : np.ndarray
        (row + 1,): first cell of each row; a row is an act's states with about the same error.
    """

    act: np.ndarray
    power: np.ndarray
    covariate: np.ndarray
    region: np.ndarray
    state: np.ndarray
    power_of: np.ndarray
    act_idx: np.ndarray
    state_idx: np.ndarray
    region_idx: np.ndarray
    answer: np.ndarray
    pact: np.ndarray
    features: np.ndarray
    covariates: np.ndarray
    agreement: np.ndarray | None
    agreement_sd: np.ndarray | None
    row_offset: np.ndarray

    @property
    def row_act(self) -> np.ndarray:
        """(row,): act of each row."""
        return self.act_idx[self.row_offset[:-1]]

    @property
    def cell_power(self) -> np.ndarray:
        """(cell,): power of each cell."""
        return self.power_of[self.act_idx]

    def row_variance(self) -> np.ndarray:
        """(row,): mean variance of agreement."""
        sums = np.add.reduceat(self.agreement_sd**2, self.row_offset[:-1])
        return sums / np.diff(self.row_offset)

    def as_votes(self) -> Votes:
        """Return the answers as the likelihood reads them, one item a row."""
        abstention = np.flatnonzero(self.answer == 1).astype(np.int32)
        offset = self.row_offset.astype(np.int32)
        rows = np.arange(len(offset) - 1, dtype=np.int32)
        places = np.searchsorted(abstention, offset).astype(np.int32)
        return Votes(self.answer.astype(np.int8), offset, rows, offset[:-1].copy(), abstention, places, False)

    def design(self) -> np.ndarray:
        """(cell, column): features times pact, covariates, agreement; a column of each for each power."""
        parts = [self.pact[:, None] * self.features, self.covariates]
        if self.agreement is not None:
            parts.append(self.agreement[:, None])
        columns = np.concatenate(parts, axis=1)
        own = np.eye(len(self.power))[self.cell_power]
        return np.ascontiguousarray((own[:, :, None] * columns[:, None, :]).reshape(len(columns), -1))

    def leave_out(self, answer: np.ndarray) -> dict[str, np.ndarray]:
        """Return the data of a compiled model with other answers, -1 where they are left out."""
        return replace(self, answer=answer).as_votes().as_dict()


def prepare_cells(acts: xr.Dataset, spec: ActsModelSpec, agreement: xr.Dataset | None = None) -> Cells:
    """Prepare what the model takes from acts, or from ordinary votes.

    Parameters
    ----------
    acts : xr.Dataset
        From ``data.acts.prepare.prepare_acts``.
    spec : ActsModelSpec
    agreement : xr.Dataset, optional
        ``mean`` and ``sd`` (act, state): agreement with the acting power before the act, standard deviations
        of the states. Without it, effects are total ones.
    """
    answer = acts["answer"].values
    power = np.array([p for p in ("USA", "RUS") if (acts["power"].values == p).any()])
    power_of = np.searchsorted(-(power == "USA").astype(int), -(acts["power"].values == "USA").astype(int))
    if len(power) == 1:
        power_of = np.zeros(len(answer), int)
    a, s = np.nonzero(answer >= 0)
    group = np.zeros(len(a), int)
    if agreement is not None:
        sd = agreement["sd"].values[a, s]
        for act in range(len(answer)):
            here = a == act
            ranks = sd[here].argsort().argsort()
            group[here] = ranks * N_GROUP // max(here.sum(), 1)
    order = np.lexsort((s, group, a))
    a, s, group = a[order], s[order], group[order]
    starts = np.flatnonzero(np.diff(a * N_GROUP + group, prepend=-1))
    flags = np.stack([acts[name].values for name in ("military", "late")], 1).astype(float)
    flags -= flags.mean(0)
    features = np.column_stack([np.ones(len(a)), acts["unpopular"].values[a, s], flags[a]])
    covariates, names = acts["covariates"].values[a, s], acts["covariate"].values.astype(str)
    pact = acts["pact"].values
    if spec.split == "within":
        share = np.zeros_like(pact)
        for p in range(len(power)):
            rows = power_of == p
            there = answer[rows] >= 0
            share[rows] = ((pact[rows] * there).sum(0) / np.maximum(there.sum(0), 1))[None]
        covariates = np.column_stack([covariates, share[a, s]])
        names = np.append(names, CHANGED)
    regions, region_of = np.unique(acts["region"].values.astype(str), return_inverse=True)
    mean = sd = None
    if agreement is not None:
        mean, sd = agreement["mean"].values[a, s], agreement["sd"].values[a, s]
        mean = mean - (np.bincount(a, mean) / np.maximum(np.bincount(a), 1))[a]
    return Cells(
        act=acts["act"].values.astype(str),
        power=power,
        covariate=names,
        region=regions,
        state=acts["state"].values.astype(str),
        power_of=power_of,
        act_idx=a,
        state_idx=s,
        region_idx=region_of[s],
        answer=answer[a, s],
        pact=pact[a, s],
        features=features,
        covariates=covariates,
        agreement=mean,
        agreement_sd=sd,
        row_offset=np.append(starts, len(a)),
    )


def build_acts_model(cells: Cells, spec: ActsModelSpec) -> pm.Model:
    """Build the model of answers on acts.

    Parameters
    ----------
    cells : Cells
        From ``prepare_cells``.
    spec : ActsModelSpec
        Priors and choices.

    Returns
    -------
    pm.Model
        Logits: ``cutpoint`` (act, 2); ``pact_slope`` (power, feature), what a pact's effect is made of;
        ``pact_difference`` (feature), USA less RUS, if there are both; ``pact_act`` (act), what an act adds;
        ``covariate_slope`` (power, covariate); ``state_effect`` (power, state); ``region_effect`` (act,
        region); with agreement ``agreement_slope`` (power), per standard deviation of the states.
    """
    n_power, n_state = len(cells.power), len(cells.state)
    coords = {
        **{name: getattr(cells, name) for name in ("act", "power", "covariate", "region", "state")},
        "feature": list(FEATURES),
        "cut": ["against", "shield"],
    }
    with pm.Model(coords=coords, check_bounds=False) as model:
        cutpoint = _place_cutpoints(cells, spec)
        slopes = [_place_pact(n_power, spec)]
        scale = place_scale("covariate_slope", spec.covariate_scale)
        slopes.append(pm.Normal("covariate_slope", 0, scale, dims=("power", "covariate")))
        shrink = None
        if cells.agreement is not None:
            scale = place_scale("agreement_slope", spec.agreement_scale)
            agreement = pm.Normal("agreement_slope", 0, scale, dims="power")
            slopes.append(agreement[:, None])
            row_power = pm.Data("row_power", cells.power_of[cells.row_act])
            variance = pm.Data("row_variance", cells.row_variance())
            shrink = (1 + agreement[row_power] ** 2 * variance / LOGISTIC_VARIANCE) ** -0.5
        # A product of matrices would call a library with threads of its own, which wait for one another.
        eta = (pm.Data("design", cells.design()) * pt.concatenate(slopes, axis=1).ravel()).sum(1)
        act_sd = half_normal("act_sd", spec.act_sd_scale)
        by_act = shrink_parts("act", act_sd, ("act",))
        pm.Deterministic("pact_act", by_act, dims="act")
        state_sd = half_normal("state_sd", spec.state_sd_scale, ("power",))
        state = shrink_parts("state", state_sd[:, None], ("power", "state"))
        pm.Deterministic("state_effect", state, dims=("power", "state"))
        region = _place_regions(cells, spec)
        act_idx, pact = pm.Data("act_idx", cells.act_idx), pm.Data("pact", cells.pact)
        seat = pm.Data("seat_idx", cells.cell_power * n_state + cells.state_idx)
        place = pm.Data("place_idx", cells.act_idx * len(cells.region) + cells.region_idx)
        eta += pact * by_act[act_idx] + state.ravel()[seat] + region.ravel()[place]
        row_act = pm.Data("row_act", cells.row_act)
        weight = pt.ones(row_act.shape[0]) if shrink is None else shrink
        votes = cells.as_votes().as_shared()
        how = {"implementation": spec.likelihood}
        pm.Potential(
            "answers", graded_response_logp(eta, weight, weight[:, None] * cutpoint[row_act], votes, **how)
        )
    return model


def _place_cutpoints(cells: Cells, spec: ActsModelSpec):
    """Add the two cutpoints (act, 2) of each act to the model in context."""
    power_of = pm.Data("power_of", cells.power_of)
    middle = pm.Normal("midpoint_mean", 0, place_scale("midpoint_mean", spec.midpoint_scale), dims="power")
    spread = half_normal("midpoint_sd", spec.midpoint_sd_scale)
    midpoint = middle[power_of] + shrink_parts("midpoint", spread, ("act",))
    loc, scale = place_scale("log_gap_loc", spec.log_gap_loc), place_scale("log_gap", spec.log_gap_scale)
    gap = pm.Normal("log_gap_mean", loc, scale)
    log_gap = gap + shrink_parts("log_gap", half_normal("log_gap_sd", spec.log_gap_sd_scale), ("act",))
    half = pt.exp(log_gap) / 2
    cutpoint = pt.stack([midpoint - half, midpoint + half], axis=1)
    return pm.Deterministic("cutpoint", cutpoint, dims=("act", "cut"))


def _place_pact(n_power: int, spec: ActsModelSpec):
    """Add what a pact's effect is made of, (power, feature), to the model in context."""
    scale = pm.Data("pact_scales", np.array([spec.pact_scale, *[spec.slope_scale] * (len(FEATURES) - 1)]))
    shared = pm.Normal("pact_shared", 0, scale, dims="feature")
    if n_power == 1:
        return pm.Deterministic("pact_slope", shared[None], dims=("power", "feature"))
    power_sd = half_normal("power_sd", spec.power_sd_scale)
    difference = scale * shrink_parts("power", power_sd, ("feature",))
    pm.Deterministic("pact_difference", difference, dims="feature")
    slope = shared + np.array([0.5, -0.5])[:, None] * difference
    return pm.Deterministic("pact_slope", slope, dims=("power", "feature"))


def _place_regions(cells: Cells, spec: ActsModelSpec):
    """Add the effects (act, region) of regional groups to the model in context.

    Their sum over regions is 0 on every act: the cutpoints say how an act fared as a whole.
    """
    scale = place_scale("region_mean", spec.region_scale)
    mean = pm.Normal("region_mean", 0, scale, dims=("power", "region"))
    spread = half_normal("region_sd", spec.region_sd_scale)
    effect = mean[pm.Data("region_power", cells.power_of)] + shrink_parts("region", spread, ("act", "region"))
    effect -= effect.mean(1, keepdims=True)
    return pm.Deterministic("region_effect", effect, dims=("act", "region"))
