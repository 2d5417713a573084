"""Delimited text in bounded memory: one pass that looks at the bytes, one that parses them in blocks."""

import codecs
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv

from data.tables.rules import DataError
from data.votes.releases.tidy import MAX_ROWS

BLOCK = 4 << 20
"""Bytes read at a time."""
MAX_LINE = 1 << 20
"""Longest line accepted, bytes; in the published files no line is longer than a few thousand."""
DELIMITERS = (",", "\t", ";")


@dataclass(frozen=True)
class TextScan:
    """What the bytes of a text file say: hash, encoding, and whether the file ends as it should."""

    sha256: str
    encoding: str
    lines: int
    complete: bool


def scan_text(path: Path, progress=None) -> TextScan:
    """Hash a text file and find its encoding, line by line bounds included.

    UTF-8 is taken where every byte fits. A file with bytes that are no UTF-8 is taken as Windows-1252 (older
    exports) only if it holds no multi-byte UTF-8 character at all: a file with both is refused, since half
    of its names would silently turn into others.

    Raises
    ------
    DataError
        NUL bytes, a line longer than ``MAX_LINE``, more than ``MAX_ROWS`` lines, mixed encodings.
    """
    digest, size = hashlib.sha256(), path.stat().st_size
    decoder = codecs.getincrementaldecoder("utf-8")()
    lines, since_newline, last, bad_line, multibyte, done = 0, 0, b"", None, False, 0
    with open(path, "rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
            if b"\0" in block:
                raise DataError(
                    f"{path}: line {lines + 1 + block.count(10, 0, block.index(0))} holds a NUL byte: "
                    "not a text file, or damaged"
                )
            since_newline = _check_line_length(path, block, since_newline, lines)
            if not block.isascii() or decoder.getstate()[0]:
                bad_line, multibyte = _check_bytes(block, decoder, bad_line, multibyte, lines)
            lines += block.count(b"\n")
            if lines > MAX_ROWS:
                raise DataError(
                    f"{path}: more than {MAX_ROWS:,} lines; no record of the Assembly is that long"
                )
            last, done = block[-1:], done + len(block)
            if progress:
                progress(0.2 * done / size, "checking bytes")
    if bad_line is None and decoder.getstate()[0]:
        bad_line = lines + 1
    if bad_line is not None and multibyte:
        raise DataError(f"{path}: mixed encodings: UTF-8 characters, but line {bad_line} is no UTF-8")
    encoding = "utf-8" if bad_line is None else "cp1252"
    return TextScan(digest.hexdigest(), encoding, lines + (last != b"\n"), last == b"\n")


def _check_line_length(path: Path, block: bytes, since_newline: int, lines: int) -> int:
    first, final = block.find(b"\n"), block.rfind(b"\n")
    if first < 0:
        since_newline += len(block)
    longest = since_newline if first < 0 else since_newline + first
    if longest > MAX_LINE or (first >= 0 and max(map(len, block.split(b"\n"))) > MAX_LINE):
        raise DataError(
            f"{path}: a line near line {lines + 1} is longer than {MAX_LINE:,} bytes: no table of votes"
        )
    return since_newline if first < 0 else len(block) - final - 1


def _check_bytes(block, decoder, bad_line, multibyte, lines):
    """Try a block as UTF-8; on failure note the line, and whether valid multi-byte characters are there."""
    try:
        decoder.decode(block)
        return bad_line, True
    except UnicodeDecodeError as error:
        decoder.reset()
        if bad_line is None:
            bad_line = lines + 1 + block.count(b"\n", 0, max(error.start, 0))
        pattern = rb"[\xc3-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}"
        return bad_line, multibyte or re.search(pattern, block) is not None


def read_header(path: Path, encoding: str = "utf-8") -> tuple[list[str], str] | None:
    """Read column names and delimiter: the one that splits the first line into most columns."""
    with open(path, "rb") as file:
        line = file.readline(MAX_LINE + 1)
    try:
        text = line.decode("utf-8-sig" if encoding == "utf-8" else encoding, errors="strict")
    except UnicodeDecodeError:
        text = line.decode("cp1252", errors="replace")
    text = text.rstrip("\r\n")
    delimiter = max(DELIMITERS, key=text.count)
    names = [name.strip().strip('"').strip() for name in text.split(delimiter)]
    return names, delimiter


def read_blocks(
    path: Path, scan: TextScan, columns: dict[str, str], progress=None
) -> Iterator[pa.RecordBatch]:
    """Yield a delimited file in blocks, all columns as text under their canonical names.

    Parameters
    ----------
    path : Path
    scan : TextScan
    columns : dict
        Canonical name -> name in the file.

    Raises
    ------
    DataError
        A row with too many or too few fields, a quote that is never closed, characters outside the encoding.
    """
    names, delimiter = read_header(path, scan.encoding)
    size = path.stat().st_size
    try:
        reader = pacsv.open_csv(
            path,
            # names are given because a header may repeat one or leave one empty (row numbers written by R)
            read_options=pacsv.ReadOptions(
                block_size=BLOCK, encoding=scan.encoding, skip_rows=1, use_threads=False,
                column_names=[f"{i}:{name}" for i, name in enumerate(names)],
            ),
            parse_options=pacsv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
            convert_options=pacsv.ConvertOptions(
                include_columns=[f"{names.index(source)}:{source}" for source in columns.values()],
                column_types={f"{names.index(source)}:{source}": pa.string() for source in columns.values()},
                strings_can_be_null=False, check_utf8=True,
            ),
        )  # fmt: skip
        done = 0
        for batch in reader:
            done += batch.nbytes
            if progress:
                progress(0.2 + 0.7 * min(1.0, done / size), "reading votes")
            yield batch.rename_columns(list(columns))
    except (pa.ArrowInvalid, pa.ArrowKeyError, UnicodeDecodeError, OSError) as error:
        if "Empty CSV" in str(error):
            raise DataError(f"{path}: a header and no rows") from error
        raise DataError(f"{path}: not a well-formed table: {' '.join(str(error).split())[:300]}") from error
