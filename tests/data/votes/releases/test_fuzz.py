"""Mutated copies of small files end in a DataError or a correct table, never in another error."""

import random
from pathlib import Path
from types import SimpleNamespace

import pyreadr
import pytest
from support.forked import run_forked
from support.release_files import (
    dataverse_rows,
    dataverse_text,
    made_up_votes,
    undl_text,
    write,
    write_parquet_pair,
)

from data.tables.rules import DataError
from data.votes.releases import rdata
from data.votes.releases.read import read_release


def snapshot(release) -> dict:
    rollcalls = release.rollcalls.set_index("rcid")
    votes = release.votes
    cells = dict(zip(zip(votes["rcid"], votes["ccode"], strict=True), votes["vote"].astype(str), strict=True))
    facts = rollcalls[["session", "date"]].astype(str).agg("|".join, axis=1).to_dict()
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
    truth, known = snapshot(release), set(release.notes)
    if (
        path.name == "rollcalls.parquet"
    ):  # a date there has no second copy, so a slip within the session is a fact
        truth.pop("facts")
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
        assert set(release.notes) - known, f"a silently different table from {mutated!r}"
        outcome["noted"] += 1
    path.write_bytes(content)
    assert outcome.pop("named") == outcome["error"]
    return outcome


def _formats(folder: Path) -> dict[str, Path]:
    votes = made_up_votes(per_session=12)
    write_parquet_pair(votes, folder)
    rdata = folder / "votes.RData"
    pyreadr.write_rdata(str(rdata), dataverse_rows(votes).drop(columns=""), df_name="completeVotes")
    return {
        "csv": write(folder / "votes.csv", dataverse_text(votes)),
        "undl": write(folder / "undl.csv", undl_text(votes)),
        "votes": folder / "votes.parquet",
        "rollcalls": folder / "rollcalls.parquet",
        "rdata": rdata,
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "count"), [("csv", 800), ("undl", 800), ("votes", 200), ("rollcalls", 200), ("rdata", 100)]
)
def test_mutated_copies(name, count, tmp_path, monkeypatch):
    # Starting Python for each copy takes longer than reading it. A few copies are read so below.
    monkeypatch.setattr(rdata, "subprocess", SimpleNamespace(run=run_forked))
    outcome = fuzz(_formats(tmp_path)[name], count, 7)
    assert sum(outcome.values()) == count
    assert outcome["error"] > count / 10
    if name in ("csv", "undl", "rdata"):
        assert outcome["same"] > 0


def test_a_few_mutated_copies(tmp_path):
    for path in _formats(tmp_path).values():
        assert sum(fuzz(path, 12, 3).values()) == 12
