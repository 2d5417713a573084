"""How well acts that were left out are foretold, and the two coalitions from the acts."""

import numpy as np
import pandas as pd
import xarray as xr
from scipy.stats import rankdata

N_BIN = 5
"""Groups of states by agreement, equally many in each."""

PREDICTORS = ("with pacts", "without pacts", "agreement", "region", "last act", "shares alone")


def foretell_simply(table: pd.DataFrame, key: pd.Series) -> np.ndarray:
    """Foretell each answer by the shares of answers in the same group on the power's other acts.

    Parameters
    ----------
    table : pd.DataFrame
        ``act, power, answer``, a row for each state that voted.
    key : pd.Series
        Group of each row.

    Returns
    -------
    np.ndarray
        (row, 3). Shares are drawn towards those of all groups as if three more states had answered so.
    """
    probability = np.zeros((len(table), 3))
    onehot = np.eye(3)[table["answer"]]
    for rows in table.groupby("power").groups.values():
        here = table.index.isin(rows)
        for act in table.loc[here, "act"].unique():
            target, other = here & (table["act"] == act), here & (table["act"] != act)
            overall = (onehot[other].sum(0) + 1) / (other.sum() + 3)
            counts = pd.DataFrame(onehot[other]).groupby(key[other].to_numpy()).sum()
            found = counts.reindex(key[target]).fillna(0).to_numpy()
            probability[target] = (found + 3 * overall) / (found.sum(1, keepdims=True) + 3)
    return probability


def find_last(table: pd.DataFrame) -> pd.Series:
    """Return each state's answer on the power's act before, or -1; acts are in the order of their votes."""
    last = pd.Series(-1, table.index)
    for _, own in table.groupby("power", sort=False):
        before: dict[str, int] = {}
        for _, act in own.groupby("act", sort=False):
            last[act.index] = act["state"].map(before).fillna(-1).astype(int)
            before |= dict(zip(act["state"], act["answer"], strict=True))
    return last


def score_acts(left_out: pd.DataFrame) -> pd.DataFrame:
    """Score every predictor on every act.

    Parameters
    ----------
    left_out : pd.DataFrame
        From ``analysis.studies.acts.refits.foretell_acts``.

    Returns
    -------
    pd.DataFrame
        ``act, power, predictor, states``; ``log_score`` (mean log probability of the answer given), ``brier``
        (mean squared error over the three answers), ``rank`` (probability that a state which shielded the
        power has a higher probability to than one that did not; NaN if all answered alike).
    """
    bins = left_out.groupby("act")["agreement"].rank(pct=True).mul(N_BIN).clip(upper=N_BIN - 1e-9).astype(int)
    probability = {
        "with pacts": left_out[[f"with_{k}" for k in range(3)]].to_numpy(),
        "without pacts": left_out[[f"without_{k}" for k in range(3)]].to_numpy(),
        "agreement": foretell_simply(left_out, bins),
        "region": foretell_simply(left_out, left_out["region"]),
        "last act": foretell_simply(left_out, find_last(left_out)),
        "shares alone": foretell_simply(left_out, left_out["power"]),
    }
    rows = []
    for act, here in left_out.groupby("act", sort=False):
        answer = here["answer"].to_numpy()
        for name in PREDICTORS:
            p = np.clip(probability[name][here.index], 1e-12, 1)
            log_score = np.log(p[np.arange(len(answer)), answer]).mean()
            brier = ((p - np.eye(3)[answer]) ** 2).sum(1).mean()
            rows.append(
                (
                    act,
                    here["power"].iloc[0],
                    name,
                    len(answer),
                    log_score,
                    brier,
                    measure_rank(p[:, 0], answer > 0),
                )
            )
    return pd.DataFrame(rows, columns=["act", "power", "predictor", "states", "log_score", "brier", "rank"])


def measure_rank(against: np.ndarray, shielded: np.ndarray) -> float:
    """Return the probability that one who shielded was less likely to vote against than one who did not."""
    n = shielded.sum()
    if n in (0, len(shielded)):
        return float("nan")
    ranks = rankdata(-against)
    return float((ranks[shielded].sum() - n * (n + 1) / 2) / (n * (len(shielded) - n)))


def compare_coalitions(left_out: pd.DataFrame, panel: xr.Dataset, year: dict[str, int]) -> pd.DataFrame:
    """Foretell who joined the two American coalitions from earlier acts, and later acts from who joined.

    Parameters
    ----------
    left_out : pd.DataFrame
        From ``analysis.studies.acts.refits.foretell_acts``.
    panel : xr.Dataset
        From ``data.load.load_panel``: ``joined``, ``included``, ``guarantee`` (case, state).
    year : dict of str to int
        Year of each act.

    Returns
    -------
    pd.DataFrame
        As ``score_acts``, rank only. ``act`` is what is foretold, ``predictor`` says from what.
    """
    rows = []
    american = left_out[left_out["power"] == "USA"]
    when = american["act"].map(year)
    for case in panel["case"].values.astype(str):
        begun = {"iraq": 2003, "isis": 2014}.get(case)
        if begun is None:
            continue
        own = panel.sel(case=case)
        members = own["state"].values[own["included"].values].astype(str)
        joined = pd.Series(own["joined"].sel(state=members).values == 1, members)
        earlier = american[(when < begun) & american["state"].isin(members)]
        against = earlier.groupby("state")["with_0"].mean().reindex(members).dropna()
        shielded = earlier.assign(shield=earlier["answer"] > 0).groupby("state")["shield"].mean()
        level = own["guarantee"].sel(state=members).values != own["guarantee"].attrs["levels"][0]
        guaranteed = pd.Series(level.astype(float), members)
        for name, score in (
            ("earlier acts, as foretold", -against),
            ("earlier acts, as voted", shielded.reindex(against.index)),
            ("guarantee alone", guaranteed[against.index]),
        ):
            rank = measure_rank(-score.to_numpy(), joined[score.index].to_numpy())
            rows.append((case, "USA", name, len(score), np.nan, np.nan, rank))
        for act, later in american[(when >= begun) & american["state"].isin(members)].groupby(
            "act", sort=False
        ):
            given = joined[later["state"]].to_numpy().astype(float)
            rank = measure_rank(-given, later["answer"].to_numpy() > 0)
            rows.append((act, "USA", f"who joined, {case}", len(later), np.nan, np.nan, rank))
    return pd.DataFrame(rows, columns=["act", "power", "predictor", "states", "log_score", "brier", "rank"])
