"""Positions and alignment of all states by session or year, as a table to join with other data."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from analysis.store.files import OUTPUT, PUBLISHED, SaveError
from analysis.studies.dynamic.summary import COLUMNS, REFERENCE, summarize
from data.load import DataError, add_codes, describe_state

FORMATS = ("csv", "parquet", "dta")
"""Endings of the files that can be written: text, parquet and Stata."""

LABELS = {
    "iso3": "ISO 3166 alpha-3; YUG, DDR, CSK, YMD, EAZ are former states",
    "cow": "Correlates of War code in that session",
    "m49": "UN M49 code in that session",
    "session": "Session of the General Assembly",
    "year": "Calendar year in whose autumn the session began",
    "votes": "Votes cast in the session",
    "mean": "Position, sd of all state-sessions: posterior mean",
    "sd": "Position: posterior sd",
    "lower": "Position: lower end of the 90 % interval",
    "upper": "Position: upper end of the 90 % interval",
    "reference": "State from which alignment is measured",
    "alignment_mean": "Position minus that of the reference: posterior mean",
    "alignment_sd": "Alignment: posterior sd",
    "alignment_lower": "Alignment: lower end of the 90 % interval",
    "alignment_upper": "Alignment: upper end of the 90 % interval",
}
"""What each column is; Stata files carry these labels."""


def find_positions(folder: Path | None = None) -> Path:
    """Return the folder with all positions: the given one, the user's own, or the published one."""
    folders = [folder] if folder else [OUTPUT, PUBLISHED]
    for one in folders:
        if (one / "dynamic_ideal_points.csv").is_file():
            return one
    raise DataError(
        f"no dynamic_ideal_points.csv in {' or '.join(map(str, folders))}; make it with sfl dynamic"
    )


def build_export(reference: str, by: str, folder: Path | None = None) -> tuple[pd.DataFrame, str]:
    """Build the table of positions and alignment.

    Parameters
    ----------
    reference : str
        A state's ISO code, Correlates of War number or name.
    by : {"session", "year"}
        ``session`` keeps the number of the session, ``year`` the year in whose autumn it began.
    folder : Path, optional
        Folder of ``sfl dynamic``.

    Returns
    -------
    table : pd.DataFrame
        The columns of ``LABELS``, without ``session`` if by year. One row per state and session in which it
        voted.
    remark : str
        What the table cannot say; empty if nothing. Without the draws, which do not ship, only the mean of
        the alignment with another state than the US is known.

    Raises
    ------
    DataError
        There are no positions, or the reference has none.
    """
    home = find_positions(folder)
    table = pd.read_csv(home / "dynamic_ideal_points.csv")
    iso3 = describe_state(reference)
    if iso3 not in set(table["state"]):
        raise DataError(f"reference {reference!r} has no position; give a member such as USA, CHN or RUS")
    remark = ""
    if iso3 != REFERENCE:
        draws = home / "dynamic_ideal_points.nc"
        columns = [f"alignment_{name}" for name in COLUMNS]
        if draws.is_file():
            table[columns] = _align(draws, table, iso3)
        else:
            own = table[table["state"] == iso3].set_index("session")["mean"]
            table[columns] = np.nan
            table["alignment_mean"] = table["mean"] - table["session"].map(own)
            remark = (
                f"Intervals of the alignment with {iso3} need the draws of positions, which do not ship: run "
                "sfl dynamic. The means are exact."
            )
    table.insert(table.columns.get_loc("alignment_mean"), "reference", iso3)
    table = add_codes(table)
    return (table if by == "session" else table.drop(columns="session")), remark


def _align(draws: Path, table: pd.DataFrame, reference: str) -> np.ndarray:
    """Summarize the alignment of each row within draws: (row, mean sd lower upper)."""
    with xr.open_datatree(draws) as tree:
        points = tree["posterior"]["ideal_point"].transpose("chain", "draw", "position").load()
    values = points.values.reshape(-1, points.sizes["position"])
    place = {str(label): k for k, label in enumerate(points["position"].values)}
    out = np.full((len(table), len(COLUMNS)), np.nan)
    for session, rows in table.groupby("session"):
        own = place.get(f"{reference}-{session}")
        if own is None:
            continue
        at = [place[f"{state}-{session}"] for state in rows["state"]]
        out[table.index.get_indexer(rows.index)] = summarize(values[:, at] - values[:, [own]])
    return out


def write_export(table: pd.DataFrame, path: Path) -> None:
    """Write the table in the format that the file's ending names; it appears whole or not at all."""
    kind = path.suffix.removeprefix(".").lower()
    if kind not in FORMATS:
        raise DataError(f"{path}: the ending must be one of .{', .'.join(FORMATS)}")
    part = path.with_name(f".{path.name}.part")
    try:
        if kind == "csv":
            table.to_csv(part, index=False, lineterminator="\n")
        elif kind == "parquet":
            table.to_parquet(part, index=False)
        else:
            labels = {name: LABELS[name] for name in table}
            whole = {name: "float64" for name in table if str(table[name].dtype) == "Int64"}
            text = {name: object for name in ("iso3", "reference")}
            table.astype(whole | text).to_stata(part, write_index=False, version=118, variable_labels=labels)
        os.replace(part, path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise SaveError(f"{path}: {error.strerror or error}") from error
