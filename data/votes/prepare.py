"""Build the Dataset that ideal-point models take from tidy votes and a DataSpec."""

import json

import numpy as np
import pandas as pd
import xarray as xr

from data.spec import ISSUES, CaseSpec, DataSpec
from data.tables.rules import DataError, list_first
from data.votes.select import ANSWERS

STANCES = ("against", "abstain", "with")
"""Answers counted against the US vote."""

ISSUE_NAMES = {
    "me": "Palestinian conflict",
    "nu": "nuclear weapons",
    "di": "arms control",
    "hr": "human rights",
    "co": "colonialism",
    "ec": "economic development",
    "other": "other",
}
"""Issue areas by name; the codes are those of the vote data (Bailey, Strezhnev and Voeten 2017)."""


def _split_former_states(votes: pd.DataFrame) -> pd.DataFrame:
    """Separate Yugoslavia (to 1992) from the state admitted in 2000 under the same COW code 345."""
    old = (votes["iso3"] == "SRB") & (votes["session"] < 55)
    return votes.assign(iso3=votes["iso3"].astype(str).mask(old, "YUG"))


def tally_agenda(items: pd.DataFrame, votes: pd.DataFrame) -> pd.DataFrame:
    """Count answers by state and cell of the agenda (session, issue area, US vote).

    Parameters
    ----------
    items : pd.DataFrame
        As ``select_rollcalls`` returns it.
    votes : pd.DataFrame
        Tidy votes: ``rcid, session, iso3, vote``; members only, absences included.

    Returns
    -------
    pd.DataFrame
        ``iso3, session, issue, us_vote, no, abstain, yes, absent``, sorted by these keys. A resolution with
        several issue areas is counted once, in the first of me, nu, di, hr, co, ec.

    Raises
    ------
    DataError
        The issue area of a roll call is unknown.
    """
    unknown = items["rcid"][items["issue"] == "unknown"]
    if len(unknown):
        raise DataError(
            f"agenda granularity needs issue areas, and {len(unknown)} roll calls have none, coded or "
            f"derived: rcid {list_first(unknown)}"
        )
    cells = items[["rcid", "issue", "us_vote"]].astype({"us_vote": str})
    merged = _split_former_states(votes[votes["rcid"].isin(items["rcid"])]).merge(
        cells, on="rcid", validate="m:1"
    )
    key = ["iso3", "session", "issue", "us_vote"]
    answers = [*ANSWERS, "absent"]
    counted = merged[key].join(
        pd.get_dummies(merged["vote"].astype(str), dtype=int).reindex(columns=answers, fill_value=0)
    )
    return counted.groupby(key, sort=True)[answers].sum().reset_index()


def prepare_rollcall_votes(
    items: pd.DataFrame, votes: pd.DataFrame, states: pd.DataFrame, spec: DataSpec, case: CaseSpec
) -> xr.Dataset:
    """Build the votes of a case, one item per roll call.

    ``items`` come from ``select_rollcalls``; ``votes`` are tidy: ``rcid, session, iso3, vote``. The result
    has ``counts`` (item, state, response) int32, 0/1; response ``no, abstain, yes``; and ``presence`` (item,
    state) int8: 1 voted, 0 absent, -1 had no choice (see ``find_presence``).
    """
    votes = _split_former_states(votes[votes["rcid"].isin(items["rcid"])])
    iso3 = np.array(sorted(votes["iso3"].unique()))
    cell = (
        pd.Index(items["rcid"]).get_indexer(votes["rcid"]),
        pd.Index(iso3).get_indexer(votes["iso3"]),
        pd.Index([*ANSWERS, "absent"]).get_indexer(votes["vote"].astype(str)),
    )
    answers = np.zeros((len(items), len(iso3), 4), dtype=np.int32)
    answers[cell] = 1
    session = items["session"].to_numpy()
    counts, divided, kept, left_out = _code_answers(answers, session, iso3, spec)
    if not divided.any():
        raise DataError(f"case {case.name}: no roll call divides the states under {spec.votes_json(case)}")
    presence = find_presence(answers, session, spec)[divided][:, np.isin(iso3, kept)]
    items = items[divided]
    item = {
        "session": items["session"].to_numpy(int),
        "date": items["date"].to_numpy("datetime64[ns]"),
        "issue": items["issue"].to_numpy(str),
        "issues": items["issues"].to_numpy(str),
        "important": items["important"].astype("Float64").to_numpy(float, na_value=np.nan),
        "us_vote": items["us_vote"].to_numpy(str),
        "match_group": items["match_group"].to_numpy(int),
        "title": items["title"].fillna("").to_numpy(str),
    }
    votes = _dataset(counts, items["rcid"].to_numpy(int), item, kept, ANSWERS, states, left_out)
    return votes.assign(presence=(("item", "state"), presence))


def prepare_agenda_votes(
    tallies: pd.DataFrame, states: pd.DataFrame, spec: DataSpec, case: CaseSpec
) -> xr.Dataset:
    """Build the votes of a case, one item per cell of the agenda, counted against the US vote.

    If the US voted yes, ``with`` is yes and ``against`` is no; if it voted no, the reverse. If it abstained,
    yes counts as ``against`` and no as ``with``, because it withheld the support that the majority gave
    (data/votes/README.md). If it was absent, there is nothing to count against: such cells are left out, and
    ``attrs["us_absent"]`` has their number of resolutions.

    ``tallies`` come from ``tally_agenda``. The result has ``counts`` (item, state, response) int32; response
    ``against, abstain, with``; without the United States.
    """
    tallies = tallies[tallies["session"].isin(spec.sessions(case))]
    absent = tallies[(tallies["us_vote"] == "absent") & (tallies["iso3"] == "USA")]["absent"].sum()
    tallies = tallies[tallies["us_vote"] != "absent"]
    # Size of a cell from the United States, which sat throughout.
    size = (
        tallies[tallies["iso3"] == "USA"]
        .set_index(["session", "issue", "us_vote"])[list(ANSWERS)]
        .sum(axis=1)
    )
    tallies = tallies[tallies["iso3"] != "USA"]
    order = {issue: n for n, issue in enumerate((*ISSUES, "other"))}
    cells = tallies[["session", "issue", "us_vote"]].drop_duplicates()
    cells = cells.sort_values(
        ["session", "issue", "us_vote"],
        key=lambda column: column.map(order) if column.name == "issue" else column,
    )
    iso3 = np.array(sorted(tallies["iso3"].unique()))
    cell = pd.MultiIndex.from_frame(cells).get_indexer(
        pd.MultiIndex.from_frame(tallies[cells.columns.tolist()])
    )
    answers = np.zeros((len(cells), len(iso3), 4), dtype=np.int32)
    answers[cell, pd.Index(iso3).get_indexer(tallies["iso3"])] = tallies[[*ANSWERS, "absent"]]
    counts, divided, iso3, left_out = _code_answers(answers, cells["session"].to_numpy(), iso3, spec)
    cells = cells[divided]
    flip = (cells["us_vote"] != "yes").to_numpy()
    counts[flip] = counts[flip][:, :, ::-1]
    name = [f"{row.session}-{row.issue}-{row.us_vote}" for row in cells.itertuples()]
    title = [
        f"{ISSUE_NAMES[row.issue]}, session {row.session}, US {row.us_vote}" for row in cells.itertuples()
    ]
    item = {
        "session": cells["session"].to_numpy(int),
        "issue": cells["issue"].to_numpy(str),
        "us_vote": cells["us_vote"].to_numpy(str),
        "resolutions": size.reindex(pd.MultiIndex.from_frame(cells)).to_numpy(int),
        "title": np.array(title),
    }
    votes = _dataset(counts, np.array(name), item, iso3, STANCES, states, left_out)
    return votes.assign_attrs(us_absent=int(absent))


def find_presence(answers: np.ndarray, session: np.ndarray, spec: DataSpec) -> np.ndarray:
    """Find who chose to be there: (item, state), int8.

    1 voted, 0 absent, -1 had no choice: no member, or no vote in the whole session. Absences that are coded
    as abstentions count as votes. ``answers`` as in ``_code_answers``, of single roll calls.
    """
    voted, absent = answers[:, :, :3].any(-1), answers[:, :, 3] & _sat(answers, session)
    if spec.absence == "abstain":
        voted, absent = voted | absent, np.zeros_like(absent)
    return np.where(voted, 1, np.where(absent, 0, -1)).astype(np.int8)


def _sat(answers: np.ndarray, session: np.ndarray) -> np.ndarray:
    """Return whether a state cast any vote in the session of an item: (item, state), bool."""
    cast = answers[:, :, :3].sum(-1)
    sat = {one: cast[session == one].sum(0) > 0 for one in np.unique(session)}
    return np.stack([sat[one] for one in session])


def _code_answers(
    answers: np.ndarray, session: np.ndarray, iso3: np.ndarray, spec: DataSpec
) -> tuple[np.ndarray, np.ndarray, np.ndarray, dict[str, str]]:
    """Recode abstentions and absences as the spec says, and drop items and states without information.

    ``answers`` are counts (item, state, [no, abstain, yes, absent]). Returns the coded counts (item, state,
    [no, abstain, yes]) of the items that divide the states, which items those are (bool), the states with
    enough votes, and why each other state is left out.
    """
    counts = answers[:, :, :3].copy()
    cast = counts.sum(axis=(0, 2))
    if spec.absence == "abstain":
        counts[:, :, 1] += answers[:, :, 3] * _sat(answers, session)
    if spec.abstention == "no":
        counts[:, :, 0] += counts[:, :, 1]
    if spec.abstention != "middle":
        counts[:, :, 1] = 0
    enough = cast >= spec.min_votes
    left_out = {
        str(state): f"{int(n)} votes in the window, fewer than min_votes = {spec.min_votes}"
        for state, n in zip(iso3[~enough], cast[~enough], strict=True)
    }
    counts = counts[:, enough]
    divided = (counts.sum(axis=1) > 0).sum(axis=1) > 1
    return counts[divided], divided, iso3[enough], left_out


def _dataset(
    counts: np.ndarray,
    item: np.ndarray,
    per_item: dict[str, np.ndarray],
    iso3: np.ndarray,
    response: tuple[str, ...],
    states: pd.DataFrame,
    left_out: dict[str, str],
) -> xr.Dataset:
    """Combine counts and labels."""
    known = states.set_index("iso3").reindex(iso3)
    if known["name"].isna().any():
        raise DataError(
            f"votes of states that are not in states.csv: {', '.join(iso3[known['name'].isna()])}"
        )
    coords = {"item": item, "state": iso3, "response": list(response)}
    coords |= {name: ("item", values) for name, values in per_item.items()}
    coords |= {
        "name": ("state", known["name"].to_numpy(str)),
        "ccode": ("state", known["ccode"].to_numpy(int)),
        "region": ("state", known["region"].to_numpy(str)),
    }
    votes = xr.Dataset({"counts": (("item", "state", "response"), counts)}, coords)
    return votes.assign_attrs(left_out=json.dumps(left_out))
