"""Data frames in RData files, read as a stream.

The file is an R workspace (``save()``): XDR serialization, versions 2 and 3, plain or compressed with gzip,
bzip2 or xz, as described in "R Internals", chapter "Serialization formats". `pyreadr` reads these files too,
and the tests compare with it; it needs 1.9 GB for a release of today's size before any work is done, because
every repetition of a description becomes an object of its own. Here a text column is kept as numbers into its
distinct texts. Bytes that do not follow the format end in a DataError, never in the C library.
"""

import bz2
import gzip
import hashlib
import lzma
import struct
import zlib
from pathlib import Path

import numpy as np
import pyarrow as pa

from data.tables.rules import DataError
from data.votes.releases.tidy import MAX_ROWS

MAX_BYTES = 1_300_000_000
"""Most bytes of a file after decompression, twice what a release of today's size unpacks to."""
_MAX_ITEMS = 100_000
_NULL, _SYMBOL, _PAIRLIST, _CHARS, _LOGICAL, _INTEGER, _REAL, _STRINGS, _LIST = (
    254,
    1,
    2,
    9,
    10,
    13,
    14,
    16,
    19,
)
_REFERENCE, _ALTREP, _GLOBAL = 255, 238, 253
_DEPTH = 60
_WINDOW = 1 << 20
_MAX_TEXTS = 200_000


class _Stream:
    """Bytes of the unpacked file with a look-ahead window; refuses to hand out more than ``MAX_BYTES``."""

    def __init__(self, file):
        self.file, self.window, self.at, self.total, self.items = file, b"", 0, 0, 0

    def fill(self, need: int) -> None:
        rest = self.window[self.at :]
        parts, have = [rest], len(rest)
        while have < need:
            part = self.file.read(max(_WINDOW, need - have))
            if not part:
                raise DataError("ends in the middle of the data (truncated)")
            parts.append(part)
            have += len(part)
            self.total += len(part)
            if self.total > MAX_BYTES:
                raise DataError(f"unpacks to more than {MAX_BYTES:,} bytes")
        self.window, self.at = b"".join(parts), 0

    def take(self, size: int) -> bytes:
        if len(self.window) - self.at < size:
            self.fill(size)
        self.at += size
        return self.window[self.at - size : self.at]

    def integer(self) -> int:
        return int.from_bytes(self.take(4), "big", signed=True)

    def length(self) -> int:
        value = self.integer()
        if not 0 <= value <= MAX_ROWS:
            raise DataError(f"a vector of length {value:,} (allowed are 0 to {MAX_ROWS:,})")
        return value

    def array(self, kind: str) -> np.ndarray:
        count, size = self.length(), int(kind[-1])
        parts = []
        while count:
            now = min(count, _WINDOW // size)
            parts.append(np.frombuffer(self.take(now * size), dtype=kind).astype(kind.replace(">", "=")))
            count -= now
        return np.concatenate(parts) if parts else np.zeros(0, kind.replace(">", "="))

    def texts(self) -> tuple[np.ndarray, list[bytes]] | None:
        """Read a character vector as numbers into its distinct values; a missing one is ``b"NA"``.

        None for a vector of more than ``_MAX_TEXTS`` distinct values: names of rows, of no use here.
        """
        count = self.length()
        codes, number, previous, code = np.zeros(count, np.int32), {}, b"", 0
        for i in range(count):
            # columns repeat the same text for every state of a roll call: compare before decoding
            if previous and self.window.startswith(previous, self.at):
                self.at += len(previous)
                codes[i] = code
                continue
            if len(self.window) - self.at < 8:
                self.fill(4)
            (flags,) = struct.unpack_from(">i", self.window, self.at)
            if flags & 255 != _CHARS:
                raise DataError(f"expected text, found an item of type {flags & 255}")
            self.at += 4
            size = self.integer()
            if size < -1 or size > _WINDOW:
                raise DataError(f"a text of length {size:,}")
            head = struct.pack(">ii", flags, size)
            value = self.take(size) if size >= 0 else b"NA"
            previous = head + (value if size >= 0 else b"")
            if len(number) <= _MAX_TEXTS:
                code = number.setdefault(value, len(number))
            codes[i] = code
        return (codes, list(number)) if len(number) <= _MAX_TEXTS else None


def read_rdata(path: Path, wanted, progress=None) -> tuple[str, dict[str, tuple[np.ndarray, list[str]]], str]:
    """Read the first data frame of a workspace that has the wanted columns.

    Parameters
    ----------
    path : Path
    wanted : callable
        Header (list of str) -> mapping canonical name -> column, or None if the frame is not the one.

    Returns
    -------
    object name, columns (canonical name -> numbers and the texts they stand for), sha256 of the file

    Raises
    ------
    DataError
        Not an RData file, damaged, too large, or without such a data frame.
    """
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    if progress:
        progress(0.05, "unpacking")
    seen = []
    try:
        with open_packed(path) as file:
            for name, value in _read_objects(_Stream(file)):
                columns = _frame_columns(value)
                seen.append(f"{name} ({', '.join(list(columns)[:6])})" if columns else name)
                chosen = wanted(list(columns)) if columns else None
                if chosen:
                    if len({len(columns[c][0]) for c in chosen.values()}) != 1:
                        raise DataError("columns of different lengths")
                    return name, {key: columns[source] for key, source in chosen.items()}, digest.hexdigest()
    except DataError as error:
        raise DataError(f"{path}: {error}") from error
    except (OSError, EOFError, zlib.error, lzma.LZMAError, UnicodeDecodeError, struct.error) as error:
        raise DataError(f"{path}: damaged or truncated RData: {error}") from error
    raise DataError(
        f"{path}: no data frame with rcid, ccode and vote in it; objects: {'; '.join(seen) or 'none'}"
    )


def open_packed(path: Path):
    """Open a file that may be compressed with gzip, bzip2 or xz."""
    with open(path, "rb") as file:
        magic = file.read(6)
    for start, opener in ((b"\x1f\x8b", gzip.open), (b"BZh", bz2.open), (b"\xfd7zXZ", lzma.open)):
        if magic.startswith(start):
            return opener(path, "rb")
    return open(path, "rb")


def to_batches(columns: dict[str, tuple[np.ndarray, list[str]]], rows: int = 200_000, progress=None):
    """Yield the columns as blocks of dictionary-coded text."""
    length = len(next(iter(columns.values()))[0])
    words = {name: pa.array(texts, pa.string()) for name, (_, texts) in columns.items()}
    for start in range(0, length, rows):
        if progress:
            progress(0.5 + 0.4 * start / length, "reading votes")
        yield pa.RecordBatch.from_arrays(
            [pa.DictionaryArray.from_arrays(pa.array(codes[start : start + rows]), words[name])
             for name, (codes, _) in columns.items()], names=list(columns),
        )  # fmt: skip


def _read_objects(stream: _Stream):
    magic = stream.take(7)
    if magic not in (b"RDX2\nX\n", b"RDX3\nX\n"):
        raise DataError(f"not an R workspace in XDR form (starts with {magic!r})")
    version = stream.integer()
    stream.take(8)
    if version == 3:
        stream.take(min(stream.length(), 64))
    elif version != 2:
        raise DataError(f"serialization version {version}; 2 and 3 are known")
    references: list[str] = []
    while True:
        flags = stream.integer()
        if flags & 255 == _NULL:
            return
        if flags & 255 != _PAIRLIST:
            raise DataError(f"expected an object, found an item of type {flags & 255}")
        if flags & 512:
            _read_item(stream, references, 1)
        tag = _read_item(stream, references, 1) if flags & 1024 else ""
        yield str(tag), _read_item(stream, references, 1)


def _read_item(stream: _Stream, references: list[str], depth: int):
    """Read one item: an array, (codes, texts) for a character vector, a dict for what has attributes."""
    stream.items += 1
    if depth > _DEPTH or stream.items > _MAX_ITEMS:
        raise DataError(
            f"nested more than {_DEPTH} deep or of more than {_MAX_ITEMS:,} items: no workspace of votes"
        )
    flags = stream.integer()
    kind, attributed = flags & 255, bool(flags & 512)
    if kind in (_NULL, _GLOBAL, 242, 241, 251, 252):
        return None
    if kind == _REFERENCE:
        index = (flags >> 8) or stream.integer()
        if not 1 <= index <= len(references):
            raise DataError(f"a reference to item {index} of {len(references)}")
        return references[index - 1]
    if kind == _SYMBOL:
        name = _read_item(stream, references, depth + 1)
        references.append(name if isinstance(name, str) else "NA")
        return references[-1]
    if kind == _CHARS:
        size = stream.integer()
        if size < -1 or size > _WINDOW:
            raise DataError(f"a text of length {size:,}")
        return "NA" if size < 0 else _decode(stream.take(size))
    if kind == _PAIRLIST:
        return _read_pairs(stream, references, depth, flags)
    if kind == _ALTREP:
        return _read_altrep(stream, references, depth)
    value = _read_vector(stream, references, depth, kind)
    if attributed:
        extra = _read_item(stream, references, depth + 1)
        return {"value": value, "attributes": extra if isinstance(extra, dict) else {}}
    return value


def _read_vector(stream: _Stream, references: list[str], depth: int, kind: int):
    if kind in (_LOGICAL, _INTEGER):
        return stream.array(">i4")
    if kind == _REAL:
        return stream.array(">f8")
    if kind == _STRINGS:
        return stream.texts()
    if kind == _LIST:
        return [_read_item(stream, references, depth + 1) for _ in range(stream.length())]
    raise DataError(f"an item of type {kind}, which no data frame of votes holds")


def _read_pairs(stream: _Stream, references: list[str], depth: int, flags: int) -> dict:
    out: dict = {}
    while flags & 255 == _PAIRLIST:
        if flags & 512:
            _read_item(stream, references, depth + 1)
        tag = _read_item(stream, references, depth + 1) if flags & 1024 else len(out)
        out[tag] = _read_item(stream, references, depth + 1)
        if len(out) > 1000:
            raise DataError("a list of more than 1,000 attributes")
        flags = stream.integer()
    return out


def _read_altrep(stream: _Stream, references: list[str], depth: int):
    """Compact vectors that R 3.5 and later write for ``1:n`` and wrapped vectors; others are refused."""
    info, state, _ = (_read_item(stream, references, depth + 1) for _ in range(3))
    kind = next(iter(info.values()), None) if isinstance(info, dict) else None
    if kind in ("compact_intseq", "compact_realseq") and isinstance(state, np.ndarray) and len(state) == 3:
        if not 0 <= state[0] <= MAX_ROWS:
            raise DataError(f"a sequence of length {state[0]:,}")
        return state[1] + state[2] * np.arange(int(state[0]), dtype=float)
    if isinstance(kind, str) and kind.startswith("wrap_"):
        return (
            state[0]
            if isinstance(state, list) and state
            else next(iter(state.values()), None)
            if isinstance(state, dict)
            else None
        )
    raise DataError(f"a compact vector of kind {kind}; save the data frame again with R's save(version = 2)")


def _decode(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("cp1252", errors="replace")


def _frame_columns(value) -> dict[str, tuple[np.ndarray, list[str]]]:
    """Columns of a data frame as numbers and texts; empty if it is none."""
    if not (isinstance(value, dict) and isinstance(value.get("value"), list)):
        return {}
    names = value["attributes"].get("names")
    if not (isinstance(names, tuple) and len(names[0]) == len(value["value"])):
        return {}
    titles = [_decode(names[1][code]) for code in names[0]]
    # from the end, so that a column can go once it is numbered
    columns = {title: _column(value["value"].pop()) for title in reversed(titles)}
    return {title: columns[title] for title in titles if columns[title] is not None}


def _column(column) -> tuple[np.ndarray, list[str]] | None:
    attributes = {}
    if isinstance(column, dict):
        column, attributes = column.get("value"), column.get("attributes", {})
    if isinstance(column, tuple):
        return column[0], [_decode(text) for text in column[1]]
    if not isinstance(column, np.ndarray):
        return None
    distinct, codes = np.unique(column, return_inverse=True)
    missing = np.isnan(distinct) if distinct.dtype.kind == "f" else distinct == np.iinfo(np.int32).min
    kinds = attributes.get("class")
    kinds = [_decode(kinds[1][c]) for c in kinds[0]] if isinstance(kinds, tuple) else []
    levels = attributes.get("levels")
    if isinstance(levels, tuple):
        labels = [_decode(levels[1][c]) for c in levels[0]]
        if any(not m and not 1 <= d <= len(labels) for d, m in zip(distinct, missing, strict=True)):
            raise DataError("a factor with values outside its levels")
        texts = ["NA" if m else labels[int(d) - 1] for d, m in zip(distinct, missing, strict=True)]
    elif "Date" in kinds or "POSIXct" in kinds:
        unit = 86400 if "Date" in kinds else 1
        texts = ["NA" if m or not abs(d) < 1e11 / unit else str(np.datetime64(int(d * unit), "s"))[:10]
                 for d, m in zip(distinct, missing, strict=True)]  # fmt: skip
    else:
        texts = ["NA" if m else repr(float(d)) for d, m in zip(distinct, missing, strict=True)]
    if len(texts) > _MAX_TEXTS and len(texts) > len(column) / 4:
        return None  # row numbers and the like; no key of a roll call has that many values
    return codes.astype(np.int32), texts
