"""One table in every dialect that spreadsheets and statistics programs write is one table."""

import datetime
import io
import os
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from data.spec import IRAQ, DataSpec
from data.tables.delimited import read_delimited
from data.tables.read import find_table, load_coalition, load_states, locate_given
from data.tables.rules import DataError

PLAIN = (
    "iso3,ccode,white_house_list,troops,invasion_force,peak_troops,troops_start,note,source,confidence\n"
    'ALB,339,1,1,0,240.5,2003-04,"120, then 240",list; tallies,high\n'
    "TON,955,1,1,0,55,2004-07,,list,medium\n"
    "AFG,700,1,0,0,,,Words alone.,list,high\n"
)
ROWS = [line.split(",") for line in PLAIN.replace('"120, then 240"', "120 then 240").splitlines()]


def write(folder: Path, content: bytes | str, name="mine.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def load(path: Path) -> pd.DataFrame:
    return load_coalition(
        DataSpec().replace_case("iraq", coalition_file=str(path)).case("iraq"), load_states()
    )


def semicolons(text: str) -> str:
    rows = pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)
    rows["peak_troops"] = rows["peak_troops"].str.replace(".", ",")
    return rows.to_csv(index=False, sep=";")


DIALECTS = {
    "semicolons, decimal commas": semicolons(PLAIN).encode(),
    "tabs": PLAIN.replace(",", "\t").replace("120\t", "120,").encode(),
    "bars": semicolons(PLAIN).replace(";", "|").replace('"list| tallies"', "list; tallies").encode(),
    "byte-order mark": b"\xef\xbb\xbf" + PLAIN.encode(),
    "CRLF": PLAIN.replace("\n", "\r\n").encode(),
    "CR": PLAIN.replace("\n", "\r").encode(),
    "no last line end": PLAIN.rstrip("\n").encode(),
    "UTF-16 with a mark": PLAIN.encode("utf-16"),
    "UTF-16 big-endian, no mark": PLAIN.encode("utf-16-be"),
    "UTF-16 little-endian, no mark": PLAIN.encode("utf-16-le"),
    "UTF-32": PLAIN.encode("utf-32"),
    "upper case": PLAIN.replace("iso3,ccode", "ISO3,CCode").replace("high", "HIGH").encode(),
    "names with spaces": PLAIN.replace("white_house_list", "White House list").encode(),
    "small states": PLAIN.replace("ALB,", "alb,").replace("TON", "Ton").encode(),
    "spaces around cells": PLAIN.replace(",1,", ", 1 ,").encode(),
    "blank lines": ("\n\n" + PLAIN.replace("\nTON", "\n\n,,,,,,,,,\nTON") + "\n\n").encode(),
    "a first line sep=;": b"sep=;\r\n" + semicolons(PLAIN).encode(),
    "empty columns at the end": PLAIN.replace("\n", ",,\n").encode(),
    "row numbers of R": "".join(
        f'"{n or ""}",{line}\n' for n, line in enumerate(PLAIN.splitlines())
    ).encode(),
    "all cells in quotes": pd.read_csv(io.StringIO(PLAIN), dtype=str, keep_default_na=False)
    .to_csv(index=False, quoting=1)
    .encode(),
}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_dialect_changes_nothing(tmp_path, dialect):
    plain = load(write(tmp_path, PLAIN, "plain.csv"))
    table = load(write(tmp_path, DIALECTS[dialect]))
    table.attrs.clear()
    pd.testing.assert_frame_equal(table, plain)


def write_workbook(path: Path, rows: list[list]) -> None:
    """Write the least that is a workbook: one sheet whose cells are texts and numbers."""

    def cell(value):
        if isinstance(value, str):
            return f'<c t="inlineStr"><is><t>{value}</t></is></c>'
        return f"<c><v>{value}</v></c>"

    sheet = "".join(f"<row>{''.join(map(cell, row))}</row>" for row in rows)
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    rels = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    packed = "http://schemas.openxmlformats.org/package/2006/relationships"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{packed}"><Relationship Id="r1" Type="{rels}/officeDocument" '
            'Target="xl/workbook.xml"/></Relationships>',
        )
        book.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{main}" xmlns:r="{rels}"><sheets><sheet name="a" sheetId="1" r:id="r1"/>'
            "</sheets></workbook>",
        )
        book.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{packed}"><Relationship Id="r1" Type="{rels}/worksheet" '
            'Target="worksheets/sheet1.xml"/></Relationships>',
        )
        book.writestr(
            "xl/worksheets/sheet1.xml",
            f'<worksheet xmlns="{main}"><sheetData>{sheet}</sheetData></worksheet>',
        )


def test_a_workbook_is_the_same_table(tmp_path):
    numbers = [[float(c) if c.replace(".", "").isdigit() else c for c in row] for row in ROWS]
    write_workbook(tmp_path / "mine.xlsx", numbers)
    plain = load(write(tmp_path, PLAIN.replace("120, then", "120 then")))
    pd.testing.assert_frame_equal(load(tmp_path / "mine.xlsx"), plain)


def test_cells_of_a_workbook_are_written_as_in_a_csv():
    from data.tables.delimited import _write_cell

    day = datetime.datetime(2003, 4, 1)
    assert [_write_cell(c) for c in (1.0, 0.5, True, day, " a ")] == ["1", "0.5", "1", "2003-04-01", "a"]


def test_the_shared_coalition_tables(tmp_path):
    cases = Path(__file__).parents[4] / "shared" / "cases"
    if not cases.is_dir():
        pytest.skip("no ../shared/cases")
    theirs = load(cases / "coalition_excel_semicolon.csv").set_index("iso3")
    ours = load_coalition(IRAQ, load_states()).set_index("iso3")
    columns = ["white_house_list", "troops", "peak_troops", "troops_start"]
    pd.testing.assert_frame_equal(theirs[columns], ours.loc[theirs.index, columns])


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (PLAIN.replace("ccode", "iso3"), "column 'iso3' is there twice"),
        (PLAIN.replace("white_house_list", "whitehouse"), "'white_house_list' (nearest: 'whitehouse')"),
        (PLAIN.replace("confidence", "conf"), "'confidence' (nearest: 'conf')"),
        (PLAIN[:-12], "line 4 has 8 cells and the header 10"),
        (PLAIN.replace("list,medium", "list,medium,more"), "line 3 has 11 cells"),
        (PLAIN.replace('240"', "240"), "not a well-formed CSV"),
        (PLAIN.replace("240.5", '"2,400"'), "decimal commas or commas between thousands"),
        (PLAIN.replace(",55,", ',"5,5",'), "decimal commas and decimal points"),
        ("\n\n" + PLAIN.replace("TON", "TUN\n"), "line 5 has 1 cells"),
        (
            "\n\n" + PLAIN.replace("TON,955", "\nTON,956"),
            "ccode is not that of states.csv for the iso3. Line 6",
        ),
        (b"<!DOCTYPE html><html>", "a web page"),
        (b"PK\x03\x04 damaged", "not a workbook that can be read"),
        (b"\xd0\xcf\x11\xe0 damaged", "not a workbook that can be read"),
        (b"iso3,a\nFRA,\x00\x01\x02\n", "NUL"),
        ("iso3,note\nFRA,é\n".encode() + b"TON,\xe9\n", "mixed encodings"),
        (b" \n\n", "the file is empty"),
    ],
)
def test_a_wrong_table_ends_in_one_sentence(tmp_path, content, part):
    with pytest.raises(DataError) as error:
        load(write(tmp_path, content))
    assert part in str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_in_the_current_folder_does_not_take_the_place_of_a_shipped_one(tmp_path, monkeypatch):
    before = load_coalition(IRAQ, load_states())
    (tmp_path / IRAQ.coalition_file).write_text(PLAIN)
    monkeypatch.chdir(tmp_path)
    pd.testing.assert_frame_equal(load_coalition(IRAQ, load_states()), before)
    assert find_table(f"./{IRAQ.coalition_file}").is_file()
    with pytest.raises(DataError, match=r"ships a table of this name.*write \./coalition_iraq_2003"):
        locate_given(IRAQ.coalition_file)
    assert locate_given(f"./{IRAQ.coalition_file}") == str(tmp_path / IRAQ.coalition_file)
    (tmp_path / IRAQ.coalition_file).unlink()
    assert locate_given(IRAQ.coalition_file) == IRAQ.coalition_file
    with pytest.raises(DataError, match="no such file in"):
        locate_given("mine.csv")


@pytest.mark.skipif(os.name != "posix", reason="needs a folder in the place of a file")
def test_a_folder_is_no_table(tmp_path):
    with pytest.raises(DataError, match="not a file"):
        read_delimited(tmp_path)
