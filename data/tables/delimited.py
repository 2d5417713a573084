"""Read a table that somebody wrote, in the dialects that spreadsheets and statistics programs write.

Commas, semicolons, tabs or bars; UTF-8, UTF-16 or Windows-1252; a byte-order mark; a first line ``sep=;``;
decimal commas; column names in upper case; blank lines; a workbook (xlsx, xls or ods). What is read is the
same table, whatever the dialect, or an error of one sentence.
"""

import codecs
import csv
import datetime
import io
import re
import zipfile
from pathlib import Path

import pandas as pd
from python_calamine import load_workbook

from data.tables.rules import DataError, list_first

MAX_BYTES = 64 << 20
"""Largest file, and largest workbook once unpacked. The largest table that ships has a megabyte."""

MAX_CELLS = 6_000_000
"""Most cells of a table: a thousand members by five thousand roll calls, and some more."""

DELIMITERS = (",", ";", "\t", "|")

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?([eE][+-]?\d+)?")
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?")
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")


def read_delimited(path: Path, text: tuple[str, ...] = ()) -> pd.DataFrame:
    """Read a table in any dialect, with tidy column names; only an empty cell is missing.

    Parameters
    ----------
    path : Path
        Delimited text, or a workbook, of which the first sheet is read.
    text : tuple of str
        Columns that stay text, such as dates.

    Returns
    -------
    pd.DataFrame
        Names in lower case with ``_`` for spaces. ``attrs["lines"]`` has the line of each row, as an editor
        numbers them, unless they are simply 2, 3, 4, ...

    Raises
    ------
    DataError
        The file does not exist, cannot be read, is empty, too large or no table; a row has another number of
        cells than the header, or a column is there twice.
    """
    start = _read_bytes(path, 8)
    rows = _read_workbook(path) if start.startswith(_WORKBOOKS) else _read_rows(path)
    rows = [(line, cells) for line, cells in rows if any(cells)]
    if not rows:
        raise DataError(f"{path}: the file is empty")
    (_, header), *body = rows
    names = tidy_names(header, path)
    body = [(line, _fit_row(cells, len(names), line, path)) for line, cells in body]
    columns = {
        name: [cells[k] for _, cells in body]
        for k, name in enumerate(names)
        # A column without a name holds the row numbers of a statistics program, or nothing.
        if name
    }
    table = _infer_types({name: _mend_decimals(name, cells, path) for name, cells in columns.items()}, text)
    lines = [line for line, _ in body]
    if lines != list(range(2, len(lines) + 2)):
        table.attrs["lines"] = lines
    return table


def tidy_names(header: list[str], path: Path) -> list[str]:
    """Write column names in lower case with ``_`` for spaces; DataError if a name is there twice."""
    names = ["_".join(re.split(r"[\s.\-]+", name.strip().lower())) for name in header]
    while names and not names[-1]:
        names.pop()
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise DataError(f"{path}: column {list_first(map(repr, twice))} is there twice")
    return names


def decode_text(raw: bytes, path: Path) -> str:
    """Decode bytes as UTF-8, UTF-16 or UTF-32, else as Windows-1252.

    A file with both bytes that are no UTF-8 and characters of several bytes is refused, because some of its
    names would change silently.
    """
    encoding = next((name for mark, name in _BOMS if raw.startswith(mark)), None)
    if encoding is None and b"\0" in raw:
        # Text in UTF-16 without a mark has a zero in nearly every second byte.
        even, odd = raw[::2].count(0), raw[1::2].count(0)
        encoding = "utf-16-le" if odd > even else "utf-16-be"
        if max(odd, even) < len(raw) / 5 or min(odd, even) > max(odd, even) / 10:
            encoding = None
        if encoding is None:
            raise DataError(f"{path}: holds NUL bytes: not a text file, or damaged")
    try:
        text = raw.decode(encoding or "utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        if encoding is not None:
            raise DataError(f"{path}: damaged {encoding.upper()} text near line {line}") from None
        if re.search(rb"[\xc3-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}", raw):
            raise DataError(f"{path}: mixed encodings: UTF-8, but not on line {line}") from None
        try:
            text = raw.decode("cp1252")
        except UnicodeDecodeError:
            raise DataError(f"{path}: line {line} is neither UTF-8 nor Windows-1252 text") from None
    if "\0" in text:
        raise DataError(f"{path}: holds NUL characters: not a text file, or damaged")
    return text


def _read_bytes(path: Path, limit: int | None = None) -> bytes:
    if not path.is_file():
        raise DataError(f"{path}: no such file" if not path.exists() else f"{path}: not a file")
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise DataError(f"{path}: {size:,} bytes, more than a table of states can have ({MAX_BYTES:,})")
        with path.open("rb") as file:
            return file.read(-1 if limit is None else limit)
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from None


def _read_rows(path: Path) -> list[tuple[int, list[str]]]:
    """Split delimited text into rows of stripped cells, each with the line on which it begins."""
    text = decode_text(_read_bytes(path), path).replace("\r\n", "\n").replace("\r", "\n")
    if text.lstrip()[:1] == "<":
        raise DataError(f"{path}: a web page or XML, not a table")
    skipped, delimiter = 0, None
    if found := re.match(r'"?sep=([,;\t|:])"?[^\n]*\n', text, flags=re.IGNORECASE):
        delimiter, skipped, text = found[1], 1, text[found.end() :]
    if delimiter is None:
        first = next((line for line in text.split("\n") if line.strip(' \t;,|"')), "")
        bare = re.sub(r'"[^"]*"', "", first)
        delimiter = max(DELIMITERS, key=bare.count)
    reader = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
    rows, cells, line = [], 0, skipped + 1
    try:
        for row in reader:
            cells += len(row)
            if cells > MAX_CELLS:
                raise DataError(
                    f"{path}: more than {MAX_CELLS:,} cells, more than a table of states can have"
                )
            rows.append((line, [cell.strip() for cell in row]))
            line = skipped + reader.line_num + 1
    except csv.Error as error:
        raise DataError(f"{path}: not a well-formed CSV at line {line}: {error}") from None
    return rows


def _read_workbook(path: Path) -> list[tuple[int, list[str]]]:
    """Read the first sheet of a workbook as rows of text."""
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                if sum(part.file_size for part in archive.infolist()) > MAX_BYTES:
                    raise DataError(f"{path}: a workbook of more than {MAX_BYTES:,} bytes once unpacked")
        with load_workbook(path) as book:
            if not book.sheet_names:
                raise DataError(f"{path}: a workbook without a sheet")
            sheet = book.get_sheet_by_index(0)
            if sheet.total_height * sheet.total_width > MAX_CELLS:
                raise DataError(
                    f"{path}: more than {MAX_CELLS:,} cells, more than a table of states can have"
                )
            rows = sheet.to_python(skip_empty_area=False)
    except (DataError, KeyboardInterrupt, SystemExit, MemoryError):
        raise
    # A damaged workbook may end the reader, which is written in Rust, in a panic: that is no Exception.
    except BaseException as error:
        raise DataError(f"{path}: not a workbook that can be read: {' '.join(str(error).split())}") from None
    return [(line, [_write_cell(cell) for cell in row]) for line, row in enumerate(rows, start=1)]


def _write_cell(cell: object) -> str:
    """Write a cell of a workbook as the text of a CSV: whole numbers without a point, dates as YYYY-MM-DD."""
    if isinstance(cell, bool):
        return str(int(cell))
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    if isinstance(cell, datetime.datetime):
        return cell.date().isoformat() if cell.time() == datetime.time() else cell.isoformat(" ")
    return str(cell).strip()


def _fit_row(cells: list[str], width: int, line: int, path: Path) -> list[str]:
    """Cut empty cells at the end; DataError if a row has more or fewer cells than the header."""
    if len(cells) < width or any(cells[width:]):
        raise DataError(
            f"{path}: line {line} has {len(cells)} cells and the header {width}; a cell with the delimiter "
            "in it needs quotes, or the file is cut short"
        )
    return cells[:width]


def _mend_decimals(name: str, cells: list[str], path: Path) -> list[str]:
    """Write decimal commas as points in a column of numbers; DataError if they may be thousands."""
    given = [cell for cell in cells if cell]
    if not any("," in cell for cell in given) or not all(map(_NUMBER.fullmatch, given)):
        return cells
    commas = [cell for cell in given if "," in cell]
    if any("." in cell for cell in given):
        raise DataError(f"{path}: {name} has decimal commas and decimal points: {list_first(commas, 2)}")
    if all(map(_THOUSANDS.fullmatch, commas)):
        raise DataError(
            f"{path}: {name} may have decimal commas or commas between thousands: {list_first(commas, 3)}; "
            "write the numbers without commas between thousands"
        )
    return [cell.replace(",", ".") if _DECIMAL_COMMA.fullmatch(cell) else cell for cell in cells]


def _infer_types(columns: dict[str, list[str]], text: tuple[str, ...]) -> pd.DataFrame:
    """Turn text into numbers where a whole column is numbers, by the rules of pandas."""
    plain = io.StringIO()
    csv.writer(plain, lineterminator="\n").writerows([list(columns), *zip(*columns.values(), strict=True)])
    plain.seek(0)
    # A table of one column would lose its empty rows, which are cells here.
    return pd.read_csv(
        plain,
        keep_default_na=False,
        na_values=[""],
        dtype=dict.fromkeys(text, "string"),
        skip_blank_lines=False,
        low_memory=False,
    )
