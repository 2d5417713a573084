"""Read ideal points that somebody has published: by state and session or year, as CSV, tab or RData."""

from pathlib import Path

import numpy as np
import pandas as pd

from data.tables.rules import DataError, validate_columns
from data.votes.releases.cells import is_missing, map_columns, parse_int
from data.votes.releases.rdata import is_rdata, read_rdata
from data.votes.releases.states import apply_succession, find_ccode, iso3_of, uses_cow_letters
from data.votes.releases.text import read_blocks, read_header, scan_text

_STATE = {
    "ccode": ("ccode", "cowcode", "cow", "ccode1"),
    "country": ("iso3c", "iso3", "country_code", "stateabb", "country_text_id"),
    "name": ("countryname", "country_name", "country", "state", "statename"),
}
_TIME = {"session": ("session",), "year": ("year",)}


def describe_state(text: str) -> str:
    """Return the ISO code of a state given by code, number (Correlates of War) or name; else DataError."""
    number = int(text) if text.strip().isdigit() else None
    found = find_ccode(text, text, ccode=number)
    if found is None:
        raise DataError(f"{text!r} is no member of the United Nations that is known by code, number or name")
    return iso3_of()[found]


def read_ideal_points(path: Path, column: str | None = None) -> tuple[pd.DataFrame, str]:
    """Read published ideal points.

    Parameters
    ----------
    path : Path
        With a state (Correlates of War number, ISO code or name) and a session, or else a year: the session
        began in its autumn.
    column : str, optional
        Column of the ideal points; by default the first with ``idealpoint`` in its name.

    Returns
    -------
    table : pd.DataFrame
        ``cow session value``, one row per state and session; rows without a value or with an unknown state
        are left out.
    column : str

    Raises
    ------
    DataError
        The file is damaged, or a column is missing; the message names the nearest.
    """
    if not path.is_file():
        raise DataError(f"{path}: no such file")
    found: dict[str, str] = {}

    def choose(header: list[str]) -> dict[str, str] | None:
        points = [name for name in header if "idealpoint" in name.lower() and "dist" not in name.lower()]
        value = (
            {"value": column} if column in header else {"value": points[0]} if points and not column else {}
        )
        chosen = map_columns(header, _STATE | _TIME) | value
        if value and _STATE.keys() & chosen.keys() and _TIME.keys() & chosen.keys():
            found.update(chosen)
            return chosen
        return None

    if is_rdata(path):
        _, table = read_rdata(path, choose)
        table = table.to_pandas()
    else:
        scan = scan_text(path)
        header = read_header(path, scan.encoding)[0]
        if choose(header) is None:
            if column:
                validate_columns(pd.DataFrame(columns=header), [column], path.name)
            raise DataError(
                f"{path}: needs a state (such as ccode or iso3c), a session or year, and a column of ideal "
                f"points (IdealPoint..., or name it with --column); it has {', '.join(header[:12])}"
            )
        parts = [batch.to_pandas() for batch in read_blocks(path, scan, found)]
        table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(found))
    return _tidy(table.astype(str), path), found["value"]


def _tidy(table: pd.DataFrame, path: Path) -> pd.DataFrame:
    value = pd.to_numeric(table["value"].str.replace(",", "."), errors="coerce")
    clock = "session" if "session" in table else "year"
    names = [name for name in _STATE if name in table]
    cow = uses_cow_letters(table["country"].unique()) if "country" in table else False
    try:
        time = table[clock].map({w: np.nan if is_missing(w) else parse_int(w) for w in table[clock].unique()})
        codes = {
            key: _find_state(dict(zip(names, key, strict=True)), cow)
            for key in table[names].drop_duplicates().itertuples(index=False, name=None)
        }
    except ValueError as error:
        raise DataError(f"{path}: ccode and {clock} must be whole numbers: {error}") from None
    ccode = [codes[key] for key in table[names].itertuples(index=False, name=None)]
    out = pd.DataFrame(
        {"cow": pd.Series(ccode, dtype="float64"), "session": time - 1945 * (clock == "year"), "value": value}
    )
    out = out.dropna().astype({"session": int})
    if out.empty:
        raise DataError(f"{path}: no row has a known state, a session and an ideal point")
    out["cow"] = apply_succession(out["cow"].to_numpy(int), out["session"].to_numpy())
    return out.groupby(["cow", "session"], as_index=False)["value"].mean()


def _find_state(given: dict[str, str], cow: bool) -> int | None:
    """Find the Correlates of War code of a row."""
    number = given.get("ccode", "")
    return find_ccode(
        given.get("country", ""),
        given.get("name", ""),
        ccode=None if is_missing(number) else parse_int(number),
        cow=cow,
    )
