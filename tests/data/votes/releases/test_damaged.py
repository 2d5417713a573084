"""Damaged and hostile files end in a clear DataError, write nothing and need little memory."""

import gzip
import re
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyreadr
import pytest
from support.release_files import (
    dataverse_rows,
    dataverse_text,
    made_up_votes,
    table_text,
    undl_text,
    write_parquet_pair,
)

from data.tables.rules import DataError
from data.votes.checks.report import check_release
from data.votes.releases import rdata, text, tidy
from data.votes.releases.read import read_release

VOTES = made_up_votes()


def refuse(path: Path, *words: str) -> None:
    """Reading must end in a DataError that names the file and the words; the folder stays as it was."""
    before = sorted(p.name for p in path.parent.iterdir())
    with pytest.raises(DataError) as error:
        read_release(path)
    for word in (path.name, *words):
        assert word in str(error.value), f"{word!r} not in {error.value}"
    assert not check_release(path).usable
    assert sorted(p.name for p in path.parent.iterdir()) == before


def file(folder: Path, content: str | bytes, name="votes.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_missing_file(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        read_release(tmp_path / "nothing.csv")


def test_empty_file_of_zero_bytes(tmp_path):
    refuse(file(tmp_path, b""), "0 bytes")


def test_folder_without_the_pair(tmp_path):
    refuse(tmp_path, "rollcalls.parquet")


def test_header_without_rows(tmp_path):
    refuse(file(tmp_path, dataverse_text(VOTES).split("\n")[0] + "\n"), "no rows")


@pytest.mark.parametrize("page", ["<!DOCTYPE html><html>", "\n <html lang=en>", '<?xml version="1.0"?>'])
def test_web_page(page, tmp_path):
    refuse(file(tmp_path, page + "<body>Sign in</body>"), "web page")


def test_zip_archive(tmp_path):
    refuse(file(tmp_path, b"PK\x03\x04" + bytes(100)), "zip")


@pytest.mark.parametrize("maker", [dataverse_text, undl_text])
def test_truncated_in_the_middle_of_a_row(maker, tmp_path):
    content = maker(VOTES)
    cut = content.rindex("\n", 0, -200) + 40
    refuse(file(tmp_path, content[:cut]), "well-formed")


def test_truncated_at_the_end_of_a_row_shows_in_the_counts(tmp_path):
    lines = undl_text(VOTES).splitlines(keepends=True)
    refuse(file(tmp_path, "".join(lines[:-2])), "do not add up", "4001012")
    many = undl_text(made_up_votes(per_session=9)).splitlines(keepends=True)
    notes = read_release(file(tmp_path, "".join(many[:-1]))).notes
    assert any("differ from the counts" in note for note in notes)


def test_truncated_in_the_last_field_is_noted(tmp_path):
    notes = read_release(file(tmp_path, undl_text(VOTES)[:-6])).notes
    assert any("truncated" in note for note in notes)


def test_wrong_delimiter(tmp_path):
    refuse(file(tmp_path, dataverse_text(VOTES).replace(",", "|")), "delimiter")


def test_delimiter_changes_within_the_file(tmp_path):
    lines = dataverse_text(VOTES).splitlines(keepends=True)
    lines[5] = lines[5].replace(",", ";")
    refuse(file(tmp_path, "".join(lines)), "well-formed", "#6")


def test_other_table(tmp_path):
    refuse(file(tmp_path, "country,year,gdp\nUSA,2000,1\n"), "country", "expected")


@pytest.mark.parametrize("maker", [dataverse_text, undl_text])
def test_state_casting_two_votes(maker, tmp_path):
    russia = VOTES[(VOTES["ccode"] == 365) & (VOTES["code"] == 1)].iloc[[0]]
    other = russia.assign(code=3)
    again = pd.concat([VOTES, other])
    refuse(file(tmp_path, maker(again)), "twice", "RUS")


def test_roll_call_listed_twice_in_parquet(tmp_path):
    write_parquet_pair(VOTES, tmp_path)
    table = pd.read_parquet(tmp_path / "rollcalls.parquet")
    pd.concat([table, table.iloc[[0]]]).to_parquet(tmp_path / "rollcalls.parquet")
    refuse(tmp_path, "listed twice", "1000")


def test_unknown_vote_code(tmp_path):
    refuse(
        file(tmp_path, dataverse_text(VOTES.assign(code=VOTES["code"].where(VOTES.index != 7, 4)))),
        "'4'",
        "row 8",
    )
    content = undl_text(VOTES).replace(",Y,", ",Q,", 1)
    refuse(file(tmp_path, content), "'Q'", "data row", "Y yes")


def test_unknown_state(tmp_path):
    refuse(file(tmp_path, dataverse_text(VOTES.replace({"ccode": {750: 999}}))), "999", "IND", "row 6")
    refuse(file(tmp_path, undl_text(VOTES.replace({"iso3": {"IND": "QQQ"}}))), "QQQ", "row 6")


def test_unknown_state_that_is_no_member_does_not_matter(tmp_path):
    kosovo = VOTES.replace({"ccode": {750: 347}, "iso3": {"IND": "XKX"}})
    kosovo.loc[kosovo["ccode"] == 347, "code"] = 9
    assert 347 not in set(read_release(file(tmp_path, dataverse_text(kosovo))).votes["ccode"])


def test_mixed_encodings(tmp_path):
    lines = dataverse_text(VOTES, Countryname="Türkiye").encode().split(b"\n")
    lines[4] = lines[4].replace("ü".encode(), "ü".encode("cp1252"))
    refuse(file(tmp_path, b"\n".join(lines)), "mixed encodings", "line 5")


def test_date_far_outside_its_session(tmp_path):
    refuse(file(tmp_path, undl_text(VOTES, date="1950-01-01")), "1950-01-01", "session 58")


def test_date_of_a_special_session_is_noted(tmp_path):
    table = dataverse_rows(VOTES)
    table.loc[table["rcid"] == 1000, "date"] = "2005-03-01"
    notes = read_release(file(tmp_path, table_text(table, ","))).notes
    assert any("1 dates outside their session" in note and "1000" in note for note in notes)


@pytest.mark.parametrize("date", ["01/02/2003", "2003-13-01", "yesterday", "2003-12-01 25:61"])
def test_date_that_is_none(date, tmp_path):
    refuse(file(tmp_path, undl_text(VOTES, date=date)), "date", date[:10])


@pytest.mark.parametrize(("column", "value"), [("rcid", "1.5"), ("session", "LVIII"), ("session", "0")])
def test_number_that_is_none(column, value, tmp_path):
    refuse(
        file(tmp_path, dataverse_text(VOTES, **{column: value})), column, value if column == "rcid" else ""
    )


def test_flag_that_is_neither_0_nor_1_is_unknown_and_noted(tmp_path):
    table = dataverse_rows(VOTES)
    table.loc[table["rcid"] == 1001, "ec"] = "7"
    release = read_release(file(tmp_path, table_text(table, ",")))
    assert release.rollcalls.set_index("rcid")["ec"].isna().to_dict()[1001]
    assert any("ec neither 0 nor 1" in note and "1001" in note for note in release.notes)


def test_nul_bytes(tmp_path):
    refuse(file(tmp_path, dataverse_text(VOTES).replace("1002", "10\x002")), "NUL")


def test_quote_that_is_never_closed(tmp_path):
    lines = dataverse_text(made_up_votes(per_session=9)).splitlines(keepends=True)
    lines[3] = lines[3].replace(",State", ',"State', 1)
    refuse(file(tmp_path, "".join(lines)), "")


def test_damaged_parquet(tmp_path):
    write_parquet_pair(VOTES, tmp_path)
    content = (tmp_path / "votes.parquet").read_bytes()
    (tmp_path / "votes.parquet").write_bytes(content[: len(content) // 2])
    refuse(tmp_path, "damaged or truncated")


def test_parquet_without_a_column(tmp_path):
    write_parquet_pair(VOTES, tmp_path)
    pd.read_parquet(tmp_path / "votes.parquet").drop(columns="vote").to_parquet(tmp_path / "votes.parquet")
    refuse(tmp_path, "columns missing: vote")


def test_parquet_counts_that_differ_from_the_votes(tmp_path):
    write_parquet_pair(VOTES, tmp_path)
    table = pd.read_parquet(tmp_path / "rollcalls.parquet")
    table.assign(yes=table["yes"] + 1).to_parquet(tmp_path / "rollcalls.parquet")
    refuse(tmp_path, "do not add up")


def test_a_state_that_votes_under_two_codes(tmp_path):
    votes = made_up_votes(states={2: "USA", 20: "CAN", 255: "DEU", 260: "DEU"})
    votes["code"] = votes["code"].mask(votes["ccode"] == 255, 1).mask(votes["ccode"] == 260, 3)
    write_parquet_pair(votes, tmp_path)
    refuse(tmp_path, "states vote twice", "DEU in rcid")


@pytest.mark.parametrize("cut", [20, 200, -20])
def test_truncated_rdata(cut, tmp_path):
    path = tmp_path / "votes.RData"
    pyreadr.write_rdata(str(path), dataverse_rows(VOTES).drop(columns=""), df_name="x", compress="gzip")
    path.write_bytes(path.read_bytes()[:cut])
    refuse(path, "")


def test_a_crash_of_the_c_library_ends_the_child_alone(tmp_path, monkeypatch):
    child = file(tmp_path, "import os; os.abort()", "child.py")
    monkeypatch.setattr(rdata, "_CHILD", child)
    path = tmp_path / "votes.RData"
    pyreadr.write_rdata(str(path), dataverse_rows(VOTES).drop(columns=""), df_name="x")
    refuse(path, "crashed with exit code")


def test_a_workspace_that_unpacks_to_too_much(tmp_path, monkeypatch):
    monkeypatch.setattr(rdata, "MAX_BYTES", 1000)
    path = tmp_path / "votes.RData"
    pyreadr.write_rdata(str(path), dataverse_rows(VOTES).drop(columns=""), df_name="x", compress="gzip")
    refuse(path, "unpacks to more than 1,000 bytes")


def test_rdata_without_votes(tmp_path):
    path = tmp_path / "other.RData"
    pyreadr.write_rdata(str(path), pd.DataFrame({"a": [1.0]}), df_name="x")
    refuse(path, "no data frame with rcid", "x (a)")


def test_gzip_of_something_else(tmp_path):
    refuse(file(tmp_path, gzip.compress(b"a,b\n1,2\n"), "x.gz"), "no RData inside")


def peak_growth(action) -> float:
    """Growth of resident memory at its peak while something runs, in MB."""
    try:
        Path("/proc/self/clear_refs").write_text("5")  # resets the peak
    except OSError:
        pytest.skip("the peak of memory can only be reset on Linux")
    before = resident_peak()
    action()
    return resident_peak() - before


def resident_peak() -> float:
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1024


def test_peak_of_memory_is_noticed():
    assert peak_growth(lambda: len(b"x" * (300 << 20))) > 250


def test_bomb_of_one_endless_line(tmp_path):
    path = file(tmp_path, dataverse_text(VOTES))
    with open(path, "ab") as out:
        for _ in range(100):
            out.write(b"a" * (1 << 20))
    assert peak_growth(lambda: refuse(path, "longer than")) < 100


def test_bomb_of_too_many_rows(tmp_path, monkeypatch):
    monkeypatch.setattr(text, "MAX_ROWS", 30)
    refuse(file(tmp_path, dataverse_text(VOTES)), "more than 30 lines")


def test_bomb_of_too_many_roll_calls(tmp_path, monkeypatch):
    from data.votes.releases import cells

    monkeypatch.setattr(cells, "MAX_ROLLCALLS", 4)
    refuse(file(tmp_path, dataverse_text(VOTES)), "more than 4 different values")


def test_bomb_in_a_compressed_workspace(tmp_path):
    length = tidy.MAX_ROWS + 1
    head = b"RDX2\nX\n" + bytes([0, 0, 0, 2, 0, 3, 5, 0, 0, 2, 3, 0])
    body = (
        b"\0\0\4\2" + b"\0\0\0\1" + b"\0\4\0\x09" + b"\0\0\0\1x" + b"\0\0\0\x0e" + length.to_bytes(4, "big")
    )
    path = file(tmp_path, gzip.compress(head + body + bytes(8) * 20_000_000, 1), "bomb.RData")
    assert path.stat().st_size < 2_000_000
    assert peak_growth(lambda: refuse(path, "damaged or truncated RData")) < 100


def test_bomb_of_many_small_items_in_a_workspace(tmp_path):
    head = b"RDX2\nX\n" + bytes([0, 0, 0, 2, 0, 3, 5, 0, 0, 2, 3, 0])
    body = (
        b"\0\0\4\2"
        + b"\0\0\0\1"
        + b"\0\4\0\x09"
        + b"\0\0\0\1x"
        + b"\0\0\0\x13"
        + (5_000_000).to_bytes(4, "big")
    )
    path = file(
        tmp_path, gzip.compress(head + body + (b"\0\0\0\x0d" + bytes(4)) * 5_000_000, 1), "bomb.RData"
    )
    assert peak_growth(lambda: refuse(path, "damaged or truncated RData")) < 100


def test_bomb_of_one_long_text_in_parquet(tmp_path):
    write_parquet_pair(VOTES, tmp_path)
    table = pa.concat_tables([pq.read_table(tmp_path / "rollcalls.parquet")] * 3000).combine_chunks()
    text = pa.DictionaryArray.from_arrays(pa.array([0] * len(table), pa.int32()), pa.array(["x" * (1 << 20)]))
    table = table.set_column(table.column_names.index("descr"), "descr", text)
    pq.write_table(table, tmp_path / "rollcalls.parquet")
    assert peak_growth(lambda: refuse(tmp_path, "too many for 18,000 rows")) < 200
