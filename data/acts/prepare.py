"""Build the Datasets of acts and ordinary votes that the model of acts takes."""

import json

import numpy as np
import pandas as pd
import xarray as xr

from data.acts.guarantees import FORMER, find_pacts
from data.acts.spec import COVARIATES, POWERS, ActsSpec
from data.acts.tables import LAST_YEAR, read_state_years
from data.tables.once import read_blocs, read_states
from data.tables.read import in_force
from data.tables.rules import DataError

MISSING = -1
AGAINST, ABSTAIN, SUPPORT = range(3)
"""Codes of answers."""

LATE = 1990
"""First year of the second era."""

STEP = 0.2
"""Unit of unpopularity: share of the others that voted against."""

MOST_MISSING = 0.05
"""Largest share of unknown values of a covariate; they are replaced by the mean of region and act."""


def code_answers(votes: pd.Series, support: str, absence: str, sat: pd.Series) -> np.ndarray:
    """Code answers as against, abstain, support or missing; ``sat``: the state took part in the session.

    ``absence`` as in ``ActsSpec``.
    """
    against = "no" if support == "yes" else "yes"
    codes = votes.map({against: AGAINST, "abstain": ABSTAIN, support: SUPPORT, "absent": MISSING}).to_numpy()
    if support == "abstain":
        raise ValueError("an abstention supports nobody: supportive_vote must be yes or no")
    absent = (votes == "absent").to_numpy()
    if absence == "abstain":
        codes = np.where(absent & sat.to_numpy(), ABSTAIN, codes)
    elif absence == "own":
        codes = np.where(absent, np.where(sat.to_numpy(), SUPPORT, MISSING), AGAINST)
    return codes.astype(np.int8)


def prepare_acts(acts: pd.DataFrame, answers: pd.DataFrame, sat: pd.Series, spec: ActsSpec) -> xr.Dataset:
    """Build the Dataset of acts, or of ordinary votes.

    Parameters
    ----------
    acts : pd.DataFrame
        ``act, of, label, power, vote_date, session, window, supportive_vote, kind, military, target,
        target_subregion, row``, in the order of the result.
    answers : pd.DataFrame
        ``act, iso3, vote``.
    sat : pd.Series
        By (act, iso3), bool: the state cast a vote in the session.
    spec : ActsSpec

    Returns
    -------
    xr.Dataset
        Over (act, state): ``answer`` int8 (-1 missing, 0 against, 1 abstain, 2 support), ``included`` bool,
        ``pact`` 0/1, ``unpopular``: share of the other states voting that voted against, less the mean over
        acts, per 0.2. Over (act, state, covariate): ``covariates``, standardised. Coords: act with of, label,
        power, year, session, window, military (0/1), late (0/1: from 1990), kind; state with region. Attrs:
        spec (JSON), imputed (JSON, shares by covariate).

    Raises
    ------
    DataError
        A power has no pact or every state has one, an act divides nobody, or a covariate is unknown for too
        many. The message names the row.
    """
    cells = answers[answers["act"].isin(acts["act"])]
    table = cells.pivot(index="act", columns="iso3", values="vote").reindex(acts["act"])
    state = np.array(table.columns, dtype=str)
    shape = table.shape
    included, pact, rio = np.zeros(shape, bool), np.zeros(shape), np.zeros(shape)
    answer, given = np.full(shape, MISSING, np.int8), np.full(shape, MISSING, np.int8)
    years, other = read_state_years(), np.zeros(shape)
    for a, act in enumerate(acts.itertuples()):
        member = table.iloc[a].notna().to_numpy()
        rows = (act_year(act.vote_date), [FORMER.get(s, s) for s in state])
        known = years.xs(rows[0], level="year").reindex(rows[1])
        own = known["soviet_republic"].to_numpy() == 1
        pacts = {p: find_pacts(p, act.vote_date, state, spec) for p in POWERS}
        pact[a], rio[a] = pacts[act.power]["pact"], pacts[act.power]["rio"]
        other[a] = pacts[next(p for p in POWERS if p != act.power)]["pact"]
        left = (state == act.power) | ~known["distance_usa"].notna().to_numpy()
        if spec.republics == "out" or act.power == "RUS":
            left |= own
        if spec.target == "out":
            left |= state == str(act.target)
        if spec.rio == "out":
            left |= rio[a] == 1
        included[a] = member & ~left
        votes = table.iloc[a].fillna("absent").astype(str)
        here = sat.reindex([(act.act, s) for s in state]).fillna(False).astype(bool)
        for codes, absence in ((answer, spec.absence), (given, "missing")):
            codes[a] = np.where(included[a], code_answers(votes, act.supportive_vote, absence, here), MISSING)
    covariates, names, imputed = _covariates(
        acts, state, included, {"rio_only": rio, "other_pact": other}, spec
    )
    if spec.rio in ("apart", "none"):
        pact = pact * (1 - rio)
    kept = np.arange(len(acts))
    if spec.absence == "own":
        # Where everybody came, there is nothing to model.
        kept = np.flatnonzero(((answer == AGAINST).any(1)) & (answer == SUPPORT).any(1))
    check_variation(acts.iloc[kept].reset_index(drop=True), answer[kept], pact[kept])
    return xr.Dataset(
        {
            "answer": (("act", "state"), answer),
            "included": (("act", "state"), included),
            "pact": (("act", "state"), pact * included),
            "unpopular": (("act", "state"), measure_unpopularity(given)),
            "covariates": (("act", "state", "covariate"), covariates),
        },
        {
            "act": acts["act"].to_numpy(str),
            "state": state,
            "covariate": names,
            "region": ("state", read_states().set_index("iso3")["region"].reindex(state).to_numpy(str)),
            "year": ("act", acts["vote_date"].str[:4].to_numpy(int)),
            "late": ("act", (acts["vote_date"].str[:4].astype(int) >= LATE).to_numpy(int)),
            **{name: ("act", acts[name].to_numpy(str)) for name in ("of", "label", "power", "kind")},
            **{name: ("act", acts[name].to_numpy(int)) for name in ("session", "window", "military")},
        },
        {"spec": spec.to_json(), "imputed": json.dumps(imputed)},
    ).isel(act=kept)


def act_year(day: str) -> int:
    """Return the year of state_years.csv that an act takes."""
    return min(int(day[:4]), LAST_YEAR)


def measure_unpopularity(answer: np.ndarray) -> np.ndarray:
    """Measure, for each cell, the share of the other states voting that voted against.

    ``answer`` (act, state). Less the mean over acts of the share among all, in units of ``STEP``.
    """
    voted, against = answer != MISSING, answer == AGAINST
    n, k = voted.sum(1, keepdims=True), against.sum(1, keepdims=True)
    others = (k - against) / np.maximum(n - voted, 1)
    return (others - (k / n).mean()) / STEP


def check_variation(acts: pd.DataFrame, answer: np.ndarray, pact: np.ndarray) -> None:
    """Raise DataError for an act that divides nobody, and for a power whose pacts never vary."""
    for a, act in enumerate(acts.itertuples()):
        given = np.unique(answer[a][answer[a] != MISSING])
        if len(given) < 2:
            raise DataError(
                f"{act.row}: no variation left, all {(answer[a] != MISSING).sum()} states answer alike"
            )
    for power in acts["power"].unique():
        rows = (acts["power"] == power).to_numpy()
        held = np.unique(pact[rows][answer[rows] != MISSING])
        if len(held) < 2:
            names = ", ".join(acts["row"][rows].iloc[:3])
            raise DataError(f"{names}: no variation left, every state that voted has {power} pact = {held}")


def _covariates(
    acts: pd.DataFrame, state: np.ndarray, included: np.ndarray, pacts: dict, spec: ActsSpec
) -> tuple[np.ndarray, list[str], dict[str, float]]:
    """Return covariates (act, state, covariate), standardised over the included cells, and their names."""
    years, blocs = read_state_years(), read_blocs()
    region = read_states().set_index("iso3").reindex(state)
    values, names, imputed = [], [], {}
    american = (acts["power"] == "USA").to_numpy()
    for name in spec.covariates:
        column = np.full(included.shape, np.nan)
        for a, act in enumerate(acts.itertuples()):
            known = years.xs(act_year(act.vote_date), level="year").reindex([FORMER.get(s, s) for s in state])
            if name == "neighbour":
                column[a] = (region["subregion"] == str(act.target_subregion)).to_numpy()
            elif name in known.columns or name == "distance":
                column[a] = known[f"distance_{act.power.lower()}" if name == "distance" else name]
            else:
                day = f"{act.vote_date}-28"[:10]
                members = in_force(blocs[blocs["bloc"] == name], day)["iso3"]
                column[a] = np.isin(state, members)
        transform = COVARIATES[name]
        if transform != "none":
            # The seats of the Soviet republics have no capabilities of their own.
            positive = np.where(column == 0, np.nan, column)
            column = np.log(positive if transform == "log" else 1 + np.maximum(column, 0))
        counts = included & (american[:, None] if name in ("aid", "troops") else True)
        imputed[name] = float(np.isnan(column[counts]).mean()) if counts.any() else 0.0
        if imputed[name] > MOST_MISSING:
            a = int(np.argmax((np.isnan(column) & counts).mean(1)))
            raise DataError(f"{acts['row'].iloc[a]}: {name} is unknown for {imputed[name]:.0%} of the states")
        column = _fill(column, region["region"].to_numpy(str), counts)
        if np.ptp(column[counts]) == 0:
            continue
        values.append(np.where(counts, (column - column[counts].mean()) / column[counts].std(), 0.0))
        names.append(name)
    flags = {"rio_only": spec.rio == "apart", "other_pact": spec.other_power == "covariate"}
    for name, wanted in flags.items():
        if wanted and pacts[name][included].any():
            values.append(pacts[name] * included)
            names.append(name)
    return np.stack(values, -1) if values else np.zeros((*included.shape, 0)), names, imputed


def _fill(column: np.ndarray, region: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Replace unknown values by the mean of region and act, else of the act."""
    column = np.where(counts, column, np.nan)
    for a in np.flatnonzero((np.isnan(column) & counts).any(1)):
        for place in np.unique(region):
            here = region == place
            known = column[a, here & counts[a] & ~np.isnan(column[a])]
            column[a, here & np.isnan(column[a])] = known.mean() if len(known) else np.nanmean(column[a])
    return np.where(counts, column, 0.0)
