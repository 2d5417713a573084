"""Agreement of our positions with ideal points that somebody has published."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.studies.dynamic.export import build_export
from data.load import DataError, read_ideal_points

LEAST_STATES = 10
"""States that a session must share for its correlation to count."""


@dataclass(frozen=True)
class Agreement:
    """How well two sets of positions agree.

    Attributes
    ----------
    sessions : pd.DataFrame
        ``session states correlation``: Pearson's, over the states of the session, positive if both have the
        same states at their upper end.
    states : pd.DataFrame
        ``iso3 sessions difference largest session``: mean and largest difference of a state over its
        sessions, in standard deviations of the states of a session, and the session of the largest. The
        states that differ most come first.
    overall : float
        Correlation over all state-sessions.
    column : str
        Column of the file that was compared.
    """

    sessions: pd.DataFrame
    states: pd.DataFrame
    overall: float
    column: str


def compare_positions(path: Path, column: str | None = None, folder: Path | None = None) -> Agreement:
    """Compare the positions of all sessions with those in a file.

    Parameters
    ----------
    path : Path
        Published ideal points by state and session or year: CSV, tab or RData.
    column : str, optional
        Column of the ideal points; the first whose name has ``idealpoint`` in it by default.
    folder : Path, optional
        Folder of ``sfl dynamic``.

    Raises
    ------
    DataError
        The file cannot be read or lacks a column, or no session has ``LEAST_STATES`` states in both.
    """
    theirs, column = read_ideal_points(path, column)
    ours, _ = build_export("USA", "session", folder)
    both = ours[["iso3", "cow", "session", "mean"]].merge(theirs, on=["cow", "session"])
    size = both.groupby("session")["mean"].transform("size")
    both = both[size >= LEAST_STATES]
    if both.empty:
        raise DataError(f"{path}: no session with {LEAST_STATES} states that have a position here too")
    # Both in standard deviations of the states of a session: scales differ.
    scaled = both.groupby("session")[["mean", "value"]].transform(lambda x: (x - x.mean()) / x.std())
    sign = np.sign(both["mean"].corr(both["value"])) or 1.0
    both["difference"] = (scaled["mean"] - sign * scaled["value"]).abs()
    rows = [
        (session, len(part), part["mean"].corr(part["value"])) for session, part in both.groupby("session")
    ]
    largest = both.loc[both.groupby("iso3")["difference"].idxmax()].set_index("iso3")
    states = both.groupby("iso3")["difference"].agg(sessions="size", difference="mean")
    states["largest"], states["session"] = largest["difference"], largest["session"]
    return Agreement(
        pd.DataFrame(rows, columns=["session", "states", "correlation"]),
        states.sort_values("difference", ascending=False).reset_index(),
        float(both["mean"].corr(both["value"])),
        column,
    )
