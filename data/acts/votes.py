"""Find the votes on the acts in a record of roll calls, and draw ordinary votes that are as divided."""

from pathlib import Path

import numpy as np
import pandas as pd

from data.acts.spec import ActsSpec
from data.acts.tables import ANSWERS, read_corrections, read_more_votes
from data.tables.read import read_table
from data.tables.rules import DataError
from data.votes.releases.tidy import Release, format_symbol, symbol_key

EXTRA_VOTES = "acts_extra_votes.csv"
"""Votes on ES-11/7, which no usual record has: ``symbol, iso3, vote``; looked for beside the record."""

NOT_FOUND, OPTIONAL, EXTRA = "none", "where found", "acts_extra_votes"
"""Values of ``votes_by_state``: no record is known; used if the record has it; in ``EXTRA_VOTES``."""

YUGOSLAVIA_UNTIL = 55
"""Session in which today's Serbia took a seat under Yugoslavia's code."""

REPUBLICS = ("BLR", "UKR")
"""Seats of the Soviet Union's republics; they count in no share of a vote."""

COUNTS_DIFFER = 5
"""A record whose count of yes, no or abstentions is further from the published one is another vote."""


def find_rollcall(act: pd.Series, record: Release) -> int | None:
    """Return the number of an act's roll call in a record, by number or by UN symbol; None if it has none.

    Raises
    ------
    DataError
        The roll call of that number has another session or other counts than the act.
    """
    rollcalls = record.rollcalls
    text = str(act["rcid"])
    number = int(text) if text.isdigit() else symbol_key(format_symbol(text) or "")
    found = rollcalls[rollcalls["rcid"] == (number or 0)]
    if found.empty:
        symbol = format_symbol(str(act["symbol"]))
        same = (rollcalls["symbol"] == symbol) & ~rollcalls["is_para_or_amend"]
        found = rollcalls[same & (symbol is not None)].head(1)
    if found.empty:
        return None
    row = found.iloc[0]
    session = str(act["session"])
    if session.isdigit() and abs(int(session) - int(row["session"])) > 1:
        raise DataError(f"{act['row']}: rcid {text} is a vote of session {row['session']}, not {session}")
    for answer in ANSWERS:
        official = act.get(f"official_{answer}")
        if pd.notna(official) and abs(float(official) - float(row[answer])) > COUNTS_DIFFER:
            raise DataError(
                f"{act['row']}: rcid {text} has {row[answer]} {answer}, the table of acts {official:.0f}: "
                "another vote"
            )
    return int(row["rcid"])


def find_votes(acts: pd.DataFrame, record: Release, folders: list[Path], spec: ActsSpec):
    """Find how every state answered on each act.

    Parameters
    ----------
    acts : pd.DataFrame
        From ``data.acts.tables.read_acts``.
    record : Release
        Roll calls, see ``data.votes.record.load_record``.
    folders : list of Path
        Where ``EXTRA_VOTES`` may lie.
    spec : ActsSpec

    Returns
    -------
    answers : pd.DataFrame
        ``act, iso3, vote, session`` (vote: yes, no, abstain, absent), members only.
    notes : list of str
        Acts that are left out, each with the reason.

    Raises
    ------
    DataError
        A roll call is unknown, beyond the record (if ``lacking`` is ``refuse``) or another vote.
    """
    parts, notes = [], []
    first, last = record.rollcalls["session"].min(), record.rollcalls["session"].max()
    corrections = read_corrections(spec)
    for act in (row for _, row in acts.iterrows()):
        if act["votes_by_state"] == NOT_FOUND:
            notes.append(f"{act['act']}: left out, no record has votes by state on {act['symbol']}")
            continue
        number = find_rollcall(act, record)
        if number is not None:
            votes = take_votes(record, number)
        elif act["votes_by_state"] == EXTRA:
            votes = _read_extra(act, folders, spec)
            if votes is None:
                notes.append(f"{act['act']}: left out, no {EXTRA_VOTES} with {act['symbol']} is found")
                continue
        elif act["votes_by_state"] == OPTIONAL:
            notes.append(f"{act['act']}: left out, the record has no vote {act['symbol']}")
            continue
        else:
            session = int(act["session"]) if str(act["session"]).isdigit() else last + 1
            if first <= session <= last:
                raise DataError(
                    f"{act['row']}: unknown rcid {act['rcid']}; the record ({record.name}) has session "
                    f"{session}, but no such roll call"
                )
            if spec.lacking == "refuse":
                raise DataError(
                    f"{act['row']}: the record has no vote {act['rcid']}; it covers sessions {first}-{last}. "
                    "To go on without such acts: --set lacking=leave_out"
                )
            notes.append(f"{act['act']}: left out, the record ends with session {last}")
            continue
        wrong = corrections[corrections["symbol"] == act["symbol"]].set_index("iso3")["official_vote"]
        votes = votes.assign(act=act["act"])
        for iso3, official in wrong.items():
            votes.loc[votes["iso3"] == iso3, "vote"] = official
        parts.append(votes[["act", "iso3", "vote", "session"]])
    if not parts:
        raise DataError(f"no act has a vote in the record: {'; '.join(notes)}")
    return pd.concat(parts, ignore_index=True), notes


def take_votes(record: Release, number: int) -> pd.DataFrame:
    """Return the answers to a roll call: ``iso3, vote, session`` as text and number.

    Yugoslavia to 1992 and Serbia share a code in the record, and are told apart by the session.
    """
    votes = record.votes[record.votes["rcid"] == number]
    iso3, session = votes["iso3"].astype(str), votes["session"].astype(int)
    iso3 = iso3.mask((iso3 == "SRB") & (session < YUGOSLAVIA_UNTIL), "YUG")
    return pd.DataFrame({"iso3": iso3, "vote": votes["vote"].astype(str), "session": session})


def _read_extra(act: pd.Series, folders: list[Path], spec: ActsSpec) -> pd.DataFrame | None:
    """Read the votes on an act that only the extra table has; None if there is none, or they stay out."""
    path = next((f / EXTRA_VOTES for f in folders if (f / EXTRA_VOTES).is_file()), None)
    if path is None or spec.open_cells == "leave_out":
        return None
    table = read_table(path, ("symbol", "iso3", "vote"))
    table = table[table["symbol"] == act["symbol"]]
    if table.empty:
        return None
    opened = {"abstain": "abstain", "missing": "absent"}[spec.open_cells]
    return table.assign(vote=table["vote"].replace("abstain_or_absent", opened), session=79)


def draw_ordinary(acts: pd.DataFrame, answers: pd.DataFrame, record: Release, spec: ActsSpec) -> pd.DataFrame:
    """Draw ordinary votes for each act, out of those of its session that are most alike in division.

    Parameters
    ----------
    acts, record, spec
        As in ``find_votes``.
    answers : pd.DataFrame
        From ``find_votes``.

    Returns
    -------
    pd.DataFrame
        ``act`` (its name and ``/1``, ``/2``, ...), ``of`` (the act), ``rcid``, ``supportive_vote`` (the
        power's own vote).

    Raises
    ------
    DataError
        The session of an act has too few votes of its power.
    """
    rollcalls = record.rollcalls
    used = {find_rollcall(act, record) for _, act in acts.iterrows()} - {None}
    used |= {int(x) for x in read_more_votes()["rcid"].astype(str) if x.isdigit()}
    plain = ~rollcalls["is_procedural"] & rollcalls["dup_of_rcid"].isna() & ~rollcalls["unanimous"]
    rollcalls = rollcalls[plain & ~rollcalls["rcid"].isin(used)]
    own = record.votes[record.votes["iso3"].astype(str).isin(spec.powers)]
    own = own.assign(vote=own["vote"].astype(str)).pivot(index="rcid", columns="iso3", values="vote")
    session = answers.groupby("act")["session"].first()
    votes = record.votes[record.votes["rcid"].isin(rollcalls["rcid"])]
    votes = votes.assign(iso3=votes["iso3"].astype(str), vote=votes["vote"].astype(str))
    rows = []
    for act in (row for _, row in acts.iterrows() if row["act"] in session.index):
        # The same states as on the act: without the power, its republics and the target.
        left = {act["power"], act["target"], *REPUBLICS}
        theirs = answers[(answers["act"] == act["act"]) & ~answers["iso3"].isin(left)]
        wanted = _shares(theirs["vote"].value_counts(), act["supportive_vote"])
        here = votes[(votes["session"] == session[act["act"]]) & ~votes["iso3"].isin(left)]
        counts = here.groupby(["rcid", "vote"]).size().unstack(fill_value=0)
        counts = counts[(counts.reindex(columns=ANSWERS, fill_value=0) > 0).sum(axis=1) > 1]
        vote = own[act["power"]].reindex(counts.index)
        counts, vote = counts[vote.isin(["yes", "no"])], vote[vote.isin(["yes", "no"])]
        if len(counts) < spec.ordinary_among:
            raise DataError(
                f"{act['row']}: session {session[act['act']]} has {len(counts)} ordinary votes of "
                f"{act['power']}, fewer than ordinary_among = {spec.ordinary_among}"
            )
        unlike = [
            np.abs(_shares(row, support) - wanted).sum()
            for (_, row), support in zip(counts.iterrows(), vote, strict=True)
        ]
        nearest = np.argsort(unlike, kind="stable")[: spec.ordinary_among]
        rng = np.random.default_rng([spec.seed, sum(act["act"].encode())])
        for number, chosen in enumerate(rng.choice(nearest, spec.ordinary, replace=False), 1):
            rows.append((f"{act['act']}/{number}", act["act"], int(counts.index[chosen]), vote.iloc[chosen]))
    return pd.DataFrame(rows, columns=["act", "of", "rcid", "supportive_vote"])


def _shares(counts: pd.Series, support: str) -> np.ndarray:
    """Return the shares that supported the power and that voted against it, among those that voted."""
    against = "no" if support == "yes" else "yes"
    cast = np.array([counts.get(support, 0), counts.get(against, 0), counts.get("abstain", 0)], float)
    return (cast / cast.sum())[:2]
