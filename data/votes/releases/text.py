"""Read delimited text in bounded memory: one pass checks the bytes, another parses them in blocks."""

import codecs
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from data.tables.rules import DataError
from data.votes.releases.tidy import MAX_ROWS, Progress

BLOCK = 4 << 20
"""Bytes read at a time."""
MAX_LINE = 1 << 20
"""Longest line in bytes; no line of a published file is longer than a few thousand."""
DELIMITERS = (",", "\t", ";")
_SEP_LINE = re.compile(r'"?sep=(.)"?', re.IGNORECASE)
"""First line by which some spreadsheets tell each other the delimiter."""


@dataclass(frozen=True)
class TextScan:
    """Hash and encoding of a text file, its number of lines, and whether its last line is complete.

    The encoding is ``utf-8``, ``utf-16`` or ``cp1252``.
    """

    sha256: str
    encoding: str
    lines: int
    complete: bool


def scan_text(path: Path, progress: Progress | None = None) -> TextScan:
    """Hash a text file, find its encoding and check its lines.

    The encoding is UTF-16 if the file begins with its mark, UTF-8 if all bytes are valid, else Windows-1252
    (older exports). A file with both invalid bytes and multi-byte UTF-8 characters is refused, because some
    of its names would change silently.

    Raises
    ------
    DataError
        NUL bytes, a line longer than ``MAX_LINE``, more than ``MAX_ROWS`` lines, mixed encodings.
    """
    digest, size = hashlib.sha256(), path.stat().st_size
    decoder = codecs.getincrementaldecoder("utf-8")()
    wide = codecs.getincrementaldecoder("utf-16")() if is_utf16(path) else None
    lines, since_newline, last, bad_line, multibyte, done = 0, 0, b"", None, False, 0
    with open(path, "rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
            done += len(block)
            block = block if wide is None else _narrow(path, block, wide, last=done == size)
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
            last = block[-1:] or last
            if progress:
                progress(0.2 * done / size, "checking bytes")
    if bad_line is None and decoder.getstate()[0]:
        bad_line = lines + 1
    if bad_line is not None and multibyte:
        raise DataError(f"{path}: mixed encodings: UTF-8 characters, but line {bad_line} is no UTF-8")
    encoding = "utf-16" if wide else "utf-8" if bad_line is None else "cp1252"
    return TextScan(digest.hexdigest(), encoding, lines + (last != b"\n"), last == b"\n")


def is_utf16(path: Path) -> bool:
    """Tell whether a file begins with the byte-order mark of UTF-16, as spreadsheets write it."""
    with open(path, "rb") as file:
        return file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def _narrow(path: Path, block: bytes, wide: codecs.IncrementalDecoder, *, last: bool) -> bytes:
    """Turn a block of UTF-16 into UTF-8."""
    try:
        return wide.decode(block, final=last).encode()
    except UnicodeError as error:
        raise DataError(f"{path}: begins as UTF-16, but is damaged or truncated: {error}") from error


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
    """Decode a block as UTF-8; if that fails, return the line and whether it has multi-byte characters."""
    try:
        decoder.decode(block)
        return bad_line, True
    except UnicodeDecodeError as error:
        decoder.reset()
        if bad_line is None:
            bad_line = lines + 1 + block.count(b"\n", 0, max(error.start, 0))
        pattern = rb"[\xc3-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}"
        return bad_line, multibyte or re.search(pattern, block) is not None


def read_header(path: Path, encoding: str = "utf-8") -> tuple[list[str], str, int]:
    """Read the column names, the delimiter and the number of lines before the first row.

    The delimiter is the one that splits the line of names into the most columns, or that of a first line
    ``sep=;``.
    """
    if is_utf16(path):
        encoding = "utf-16"
    try:
        with open(path, encoding="utf-8-sig" if encoding == "utf-8" else encoding, newline="") as file:
            lines = [file.readline(MAX_LINE + 1) for _ in range(2)]
    except UnicodeError:
        with open(path, encoding="cp1252", errors="replace", newline="") as file:
            lines = [file.readline(MAX_LINE + 1) for _ in range(2)]
    told = _SEP_LINE.fullmatch(lines[0].strip())
    text = lines[1 if told else 0].rstrip("\r\n")
    delimiter = told[1] if told and told[1] in DELIMITERS else max(DELIMITERS, key=text.count)
    names = [name.strip().strip('"').strip() for name in text.split(delimiter)]
    return names, delimiter, 2 if told else 1


def _drop_blank(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Drop the rows in which every column is empty, as spreadsheets leave them at the end."""
    blank = pc.equal(pc.utf8_trim_whitespace(batch.column(0)), "")
    if not pc.any(blank).as_py():
        return batch
    for column in batch.columns[1:]:
        blank = pc.and_(blank, pc.equal(pc.utf8_trim_whitespace(column), ""))
    return batch.filter(pc.invert(blank))


def read_blocks(
    path: Path, scan: TextScan, columns: dict[str, str], progress: Progress | None = None
) -> Iterator[pa.RecordBatch]:
    """Yield a delimited file in blocks of text columns with canonical names.

    ``columns`` maps canonical names to those in the file. Lines of blanks and delimiters alone are passed
    over. DataError if a row has too many or too few fields, a quote is never closed, or a character is
    invalid.
    """
    names, delimiter, head = read_header(path, scan.encoding)
    size = path.stat().st_size
    try:
        reader = pacsv.open_csv(
            path,
            # A header may repeat a name or leave one empty (row numbers written by R), so names get numbers.
            read_options=pacsv.ReadOptions(
                block_size=BLOCK, encoding=scan.encoding, skip_rows=head, use_threads=False,
                column_names=[f"{i}:{name}" for i, name in enumerate(names)],
            ),
            parse_options=pacsv.ParseOptions(
                delimiter=delimiter, newlines_in_values=True,
                invalid_row_handler=lambda row: "error" if row.text.strip(" \t\r;,") else "skip",
            ),
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
            yield _drop_blank(batch.rename_columns(list(columns)))
    except (pa.ArrowInvalid, pa.ArrowKeyError, UnicodeDecodeError, OSError) as error:
        if "Empty CSV" in str(error):
            raise DataError(f"{path}: a header and no rows") from error
        raise DataError(f"{path}: not a well-formed table: {' '.join(str(error).split())[:300]}") from error
