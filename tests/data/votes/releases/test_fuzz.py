"""Mutated copies of small files end in a DataError or a correct table, never in another error."""

import random
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pyreadr
import pytest
from support.forked import run_forked
from support.release_files import (
    dataverse_rows,
    dataverse_text,
    made_up_votes,
    table_text,
    undl_text,
    write,
    write_parquet_pair,
)

from data.tables.rules import DataError
from data.votes.releases import rdata
from data.votes.releases.read import read_release

NAMES = {2: "United States", 20: "Canada", 200: "UK", 365: "Russia", 651: "Egypt", 750: "India"}


def snapshot(release) -> dict:
    rollcalls = release.rollcalls.set_index("rcid")
    votes = release.votes
    cells = dict(zip(zip(votes["rcid"], votes["ccode"], strict=True), votes["vote"].astype(str), strict=True))
    facts = rollcalls[["session", "date"]].map(str).agg("|".join, axis=1).to_dict()
    return {"cells": cells, "facts": facts}


def mutate(content: bytes, rng: random.Random) -> bytes:
    """Change a file as accidents do: bytes, cuts, doubled or lost lines, swapped fields, other encodings."""
    kind = rng.randrange(9)
    at = rng.randrange(len(content))
    lines = content.split(b"\n")
    row = rng.randrange(len(lines))
    if kind == 0:
        return content[:at] + bytes([rng.randrange(256)]) + content[at + 1 :]
    if kind == 1:
        return content[:at]
    if kind == 2:
        return content[:at] + content[at + rng.randrange(1, 30) :]
    if kind == 3:
        return content[:at] + rng.randbytes(rng.randrange(1, 20)) + content[at:]
    if kind == 4:
        lines.insert(row, rng.choice(lines))
    elif kind == 5:
        del lines[row]
    elif kind == 6:
        fields = lines[row].split(b",")
        i, j = rng.randrange(len(fields)), rng.randrange(len(fields))
        fields[i], fields[j] = fields[j], fields[i]
        lines[row] = b",".join(fields)
    elif kind == 7:
        fields = lines[row].split(b",")
        fields[rng.randrange(len(fields))] = rng.choice(
            [b"", b"NA", b"-1", b"1e9", b"9", b"x", b'"', "é".encode(), b"\xe9"]
        )
        lines[row] = b",".join(fields)
    else:
        lines[row] = lines[row].replace(b",", rng.choice([b";", b"\t", b",,"]), rng.randrange(1, 4))
    return b"\n".join(lines)


def fuzz(path: Path, count: int, seed: int) -> dict:
    """Read mutated copies: each ends in a DataError, the true votes, or a table whose notes tell of it."""
    content, release, rng = path.read_bytes(), read_release(path), random.Random(seed)
    truth, known = snapshot(release), {*release.notes, *release.mends}
    if path.name in ("rollcalls.parquet", "un_roll_calls.csv"):
        # A date there has no second copy, so a slip within the session is a fact.
        truth.pop("facts")
    if path.name == "un_votes.csv":
        # It has neither counts nor rows of absent states: a lost row cannot be told from an absence.
        truth = {}
    outcome = {"error": 0, "named": 0, "same": 0, "noted": 0}
    for _ in range(count):
        mutated = mutate(content, rng)
        path.write_bytes(mutated)
        try:
            release = read_release(path)
        except DataError as error:
            outcome["error"] += 1
            outcome["named"] += str(path.parent) in str(error)
            continue
        got = {key: value for key, value in snapshot(release).items() if key in truth}
        if got == truth:
            outcome["same"] += 1
            continue
        assert {*release.notes, *release.mends} - known, f"a silently different table from {mutated!r}"
        outcome["noted"] += 1
    path.write_bytes(content)
    assert outcome.pop("named") == outcome["error"]
    return outcome


def _formats(folder: Path) -> dict[str, Path]:
    votes = made_up_votes(per_session=12)
    write_parquet_pair(votes, folder)
    rdata = folder / "votes.RData"
    pyreadr.write_rdata(str(rdata), dataverse_rows(votes).drop(columns=""), df_name="completeVotes")
    table, text = dataverse_rows(votes), dataverse_text(votes)
    slashes = pd.to_datetime(table["date"]).dt.strftime("%m/%d/%Y")
    named = table.assign(ccode="", Country="", Countryname=votes["ccode"].map(NAMES))
    wide = folder / "wide.csv"
    wide.write_bytes(text.encode("utf-16"))
    package = folder / "package"
    package.mkdir()
    cast, calls = votes[votes["code"] < 8], table.drop_duplicates("rcid")
    words = cast["code"].map({1: "yes", 2: "abstain", 3: "no"})
    un_votes = pd.DataFrame({"rcid": cast["rcid"], "country": cast["ccode"].map(NAMES), "vote": words})
    un_calls = calls[["rcid", "session", "importantvote", "date", "unres", "amend", "para", "short", "descr"]]
    return {
        "csv": write(folder / "votes.csv", text),
        "undl": write(folder / "undl.csv", undl_text(votes)),
        "semicolons": write(folder / "excel.csv", "sep=;\n" + text.replace(",", ";").replace(".0;", ",0;")),
        "wide": wide,
        "slashes": write(folder / "slashes.tab", table_text(table.assign(date=slashes), "\t")),
        "names": write(folder / "names.csv", table_text(named, ",")),
        "un_roll_calls": write(package / "un_roll_calls.csv", table_text(un_calls, ",")),
        "un_votes": write(package / "un_votes.csv", table_text(un_votes, ",")),
        "votes": folder / "votes.parquet",
        "rollcalls": folder / "rollcalls.parquet",
        "rdata": rdata,
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "count"),
    [
        *(("csv", 800), ("undl", 800), ("votes", 200), ("rollcalls", 200), ("rdata", 100)),
        *(("semicolons", 500), ("wide", 300), ("slashes", 500), ("names", 400)),
        *(("un_votes", 400), ("un_roll_calls", 300)),
    ],
)
def test_mutated_copies(name, count, tmp_path, monkeypatch):
    # Starting Python for each copy takes longer than reading it. A few copies are read so below.
    monkeypatch.setattr(rdata, "subprocess", SimpleNamespace(run=run_forked))
    outcome = fuzz(_formats(tmp_path)[name], count, 7)
    assert sum(outcome.values()) == count
    assert outcome["error"] > count / 10
    if name not in ("votes", "rollcalls"):
        assert outcome["same"] > 0


def test_a_few_mutated_copies(tmp_path):
    for path in _formats(tmp_path).values():
        assert sum(fuzz(path, 12, 3).values()) == 12
