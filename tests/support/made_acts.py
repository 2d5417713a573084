"""Acts with made-up votes, from the tables that ship: who was a member, pacts and totals are as they were."""

import numpy as np
import pandas as pd
import xarray as xr

from data.acts.prepare import act_year, prepare_acts
from data.acts.spec import ActsSpec
from data.acts.tables import read_acts, read_state_years
from data.votes.releases.tidy import VOTES, Release


def make_answers(acts: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Make up who voted how: ``act, iso3, vote, session``, with the official totals as far as they fit."""
    years, parts = read_state_years(), []
    for act in acts.itertuples():
        member = years.xs(act_year(act.vote_date), level="year").index.to_numpy(str)
        totals = np.nan_to_num([act.official_yes, act.official_abstain, act.official_no], nan=30).astype(int)
        cast = np.repeat(["yes", "abstain", "no"], totals)
        vote = rng.permutation(np.append(cast, ["absent"] * len(member))[: len(member)])
        own = np.flatnonzero(member == act.power)[0]
        # Some other state gets the power's vote, so that the totals stay.
        other = np.flatnonzero(vote == act.supportive_vote)
        if len(other) > 1:
            vote[[own, other[0]]] = vote[[other[0], own]]
        session = int(act.vote_date[:4]) - 1945
        parts.append(pd.DataFrame({"act": act.act, "iso3": member, "vote": vote, "session": session}))
    return pd.concat(parts, ignore_index=True)


def make_acts(spec: ActsSpec | None = None, seed: int = 0) -> xr.Dataset:
    """Make the Dataset of acts with made-up votes; see ``data.acts.prepare.prepare_acts``."""
    spec = spec or ActsSpec()
    acts = read_acts(spec)
    answers = make_answers(acts, np.random.default_rng(seed))
    session = acts["act"].map(answers.groupby("act")["session"].first())
    acts = acts.assign(of=acts["act"], session=session, window=(session - 1) // 2 * 2)
    sat = pd.Series(True, pd.MultiIndex.from_frame(answers[["act", "iso3"]]))
    return prepare_acts(acts, answers, sat, spec).assign_attrs(sha256="{}")


def make_record(acts: pd.DataFrame, answers: pd.DataFrame, sessions: range = range(1, 75)) -> Release:
    """Make a record of roll calls with the given acts, and 12 ordinary votes in each of their sessions."""
    rng, calls, votes = np.random.default_rng(1), [], []
    for act in acts.itertuples():
        own = answers[answers["act"] == act.act]
        calls.append((int(act.rcid), act.symbol, int(own["session"].iloc[0])))
        votes.append(own.assign(rcid=int(act.rcid)))
        for number in range(12):
            rcid = 10**6 + 100 * int(act.rcid) + number
            calls.append((rcid, "", int(own["session"].iloc[0])))
            other = own.assign(rcid=rcid, vote=rng.permutation(own["vote"].to_numpy()))
            other.loc[other["iso3"] == act.power, "vote"] = "no"
            votes.append(other)
    table = pd.concat(votes, ignore_index=True).drop(columns="act")
    counts = table.groupby(["rcid", "vote"]).size().unstack(fill_value=0)
    rollcalls = pd.DataFrame(calls, columns=["rcid", "symbol", "session"]).drop_duplicates("rcid")
    empty = pd.DataFrame({"rcid": -np.array(sessions), "symbol": "", "session": np.array(sessions)})
    rollcalls = pd.concat([rollcalls, empty], ignore_index=True).assign(
        is_para_or_amend=False, is_procedural=False, unanimous=False, dup_of_rcid=pd.NA
    )
    for answer in ("yes", "abstain", "no"):
        rollcalls[answer] = counts[answer].reindex(rollcalls["rcid"]).fillna(0).to_numpy()
    table["vote"] = table["vote"].astype(VOTES)
    return Release(rollcalls, table, "made record", "0")
