"""Read the pair ``rollcalls.parquet`` and ``votes.parquet``: the releases of 2016 and 2021 joined.

The data dictionary beside the files has the columns. Repeated resolutions (``match_group``) are the author's.
"""

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from data.tables.rules import DataError
from data.votes.releases.states import iso3_of
from data.votes.releases.tidy import (
    MAX_ROLLCALLS,
    MAX_ROWS,
    ROLLCALL_COLUMNS,
    VOTE_COLUMNS,
    VOTES,
    Progress,
    Release,
    finish_release,
    format_symbol,
)

MAX_BYTES = 1 << 29
"""Most bytes of a parquet file after decompression, and of any of its columns in memory."""
_DERIVED = ("symbol", "issue_source", "match_source", "us_vote", "unanimous")
_ROLLCALLS = [column for column in ROLLCALL_COLUMNS if column not in _DERIVED]


def read_parquet_pair(folder: Path, progress: Progress | None = None) -> Release:
    """Read the pair of tables in a folder.

    DataError if a file or column is missing, damaged or too large, a code is unknown, counts differ from the
    votes, or votes and roll calls do not belong together.
    """
    paths = [folder / "rollcalls.parquet", folder / "votes.parquet"]
    rollcalls = read_table(paths[0], _ROLLCALLS, MAX_ROLLCALLS)
    if progress:
        progress(0.3, "reading votes")
    votes = read_table(paths[1], list(VOTE_COLUMNS), MAX_ROWS)
    if progress:
        progress(0.6, "checking")
    where = str(folder)
    for column in ("rcid", "session"):
        _require_whole(rollcalls[column], column, paths[0])
    for column in ("rcid", "session", "ccode"):
        _require_whole(votes[column], column, paths[1])
    votes = votes.assign(vote=recode_votes(votes["vote"], paths[1]))
    check_states(votes, paths[1])
    session = rollcalls.drop_duplicates("rcid").set_index("rcid")["session"].reindex(votes["rcid"])
    differs = session.notna().to_numpy() & (
        session.to_numpy(float, na_value=0) != votes["session"].to_numpy(float)
    )
    if differs.any():
        raise DataError(
            f"{paths[1]}: session differs from that of the roll call in {differs.sum()} rows, first row "
            f"{np.flatnonzero(differs)[0] + 1}"
        )
    published = rollcalls[["rcid", "yes", "abstain", "no", "absent"]].copy()
    try:
        rollcalls = rollcalls.assign(
            date=pd.to_datetime(rollcalls["date"]).astype("datetime64[s]"),
            date_quality=rollcalls["date_quality"].astype(str),
            symbol=[format_symbol(None if pd.isna(u) else u) for u in rollcalls["unres"]],
            issue_source="coded",
            match_source=np.where(rollcalls["match_group"].notna(), "coded", "none"),
        )
        name = "parquet pair of the Dataverse releases of 2016 and 2021"
        digest = hash_files(paths)
        return finish_release(rollcalls, votes, name=name, sha256=digest, where=where, published=published)
    except (TypeError, OverflowError, pd.errors.ParserError) as error:
        raise DataError(f"{paths[0]}: a column is not of its type: {error}") from error


def read_table(path: Path, columns: list[str], max_rows: int) -> pd.DataFrame:
    """Check the size of a parquet file, then read columns; DataError if it is damaged."""
    if not path.is_file():
        raise DataError(f"{path}: no such file")
    try:
        meta = pq.read_metadata(path)
        size = sum(meta.row_group(g).total_byte_size for g in range(meta.num_row_groups))
        if meta.num_rows > max_rows or size > MAX_BYTES:
            raise DataError(
                f"{path}: {meta.num_rows:,} rows, {size:,} bytes unpacked; at most {max_rows:,} rows and "
                f"{MAX_BYTES:,} bytes are read"
            )
        missing = [c for c in columns if c not in meta.schema.to_arrow_schema().names]
        if missing:
            raise DataError(f"{path}: columns missing: {', '.join(missing)}")
        return _read_columns(path, columns, meta)
    except DataError:
        raise
    except (pa.ArrowException, OSError, ValueError, TypeError, KeyError, OverflowError) as error:
        raise DataError(
            f"{path}: damaged or truncated parquet: {' '.join(str(error).split())[:200]}"
        ) from error


def _read_columns(path: Path, columns: list[str], meta: pq.FileMetaData) -> pd.DataFrame:
    """Read texts as numbers of their distinct values; expand them only if the result stays small."""
    schema = meta.schema.to_arrow_schema()
    texts = [
        c
        for c in columns
        if pa.types.is_string(schema.field(c).type) or pa.types.is_large_string(schema.field(c).type)
    ]
    table = pq.read_table(path, columns=columns, read_dictionary=texts)
    for name in table.column_names:
        column = table[name]
        if pa.types.is_dictionary(column.type) and pa.types.is_string(column.type.value_type):
            longest = max(
                (pc.max(pc.binary_length(c.dictionary)).as_py() or 0 for c in column.chunks), default=0
            )
            if longest * max(len(column), 1) > MAX_BYTES:
                raise DataError(
                    f"{path}: texts of up to {longest:,} bytes in {name}, too many for {len(column):,} rows"
                )
    return table.to_pandas()


def recode_votes(vote: pd.Series, path: Path) -> pd.Series:
    """Turn votes in words into the codes of VOTES; DataError for other words, naming rows."""
    out = vote.astype("object").map({name: code for code, name in enumerate(VOTES.categories)})
    bad = out.isna().to_numpy()
    if bad.any():
        values = sorted({repr(v) for v in vote[bad].astype(object)})[:5]
        raise DataError(
            f"{path}: vote must be one of {', '.join(VOTES.categories)}; got {', '.join(values)}, first in "
            f"row {np.flatnonzero(bad)[0] + 1}"
        )
    return out.astype("int8")


def check_states(votes: pd.DataFrame, path: Path) -> None:
    """Reject unknown ccodes, and ISO codes that do not belong to the ccode."""
    known = iso3_of()
    pairs = votes[["ccode", "iso3"]].drop_duplicates()
    wrong = [f"{r.ccode} {r.iso3}" for r in pairs.itertuples() if known.get(r.ccode) != r.iso3]
    if wrong:
        raise DataError(f"{path}: unknown states (ccode iso3): {', '.join(wrong[:5])}")


def hash_files(paths: list[Path]) -> str:
    """Hash files one after the other (sha256)."""
    digest = hashlib.sha256()
    for path in paths:
        with open(path, "rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


def _require_whole(values: pd.Series, column: str, path: Path) -> None:
    if values.dtype.kind not in "iu" and not str(values.dtype).startswith(("Int", "UInt")):
        raise DataError(f"{path}: {column} must be whole numbers, is {values.dtype}")
    if values.isna().any():
        raise DataError(f"{path}: {column} is missing in {values.isna().sum()} rows")
