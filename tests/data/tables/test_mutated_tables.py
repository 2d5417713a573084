"""Tables damaged in a thousand ways end in the right table or in one sentence, never in a foreign error."""

import io
import random

import numpy as np
import pandas as pd
import pytest

from data.case_file import EXAMPLES_DIR, read_case
from data.panel.own import load_own_covariates
from data.spec import DataSpec
from data.tables.read import TABLES_DIR, load_coalition, load_guarantees, load_states
from data.tables.rules import DataError

STATES = load_states()
SPEC = DataSpec()
LIBYA = read_case(EXAMPLES_DIR / "libya.toml")


def load_iraq(path):
    return load_coalition(SPEC.replace_case("iraq", coalition_file=str(path)).case("iraq"), STATES)


def load_covariates(path):
    return load_own_covariates(read_libya(path), SPEC, STATES)[0]


def read_libya(path):
    from dataclasses import replace

    return replace(LIBYA, covariate_file=str(path))


READERS = {
    "coalition": (TABLES_DIR / "coalition_iraq_2003.csv", load_iraq),
    "covariates": (EXAMPLES_DIR / "libya_covariates.csv", load_covariates),
    "guarantees": (TABLES_DIR / "guarantees.csv", lambda path: load_guarantees(STATES, path)),
    "case": (EXAMPLES_DIR / "libya.toml", read_case),
}
FAITHFUL = ("semicolons", "tabs", "utf16", "mark", "crlf", "blank", "upper", "trailing")
"""Mutations after which the table must be read, and be the same."""

DAMAGES = (
    "cut",
    "byte",
    "drop",
    "double",
    "swap",
    "cell",
    "line",
    "nul",
    "garbage",
    "quote",
    "encoding",
    "joint",
)


def mutate(raw: bytes, how: str, rng: random.Random) -> bytes:
    """Damage a file in one way."""
    lines = raw.split(b"\n")
    place, row = rng.randrange(len(raw)), rng.randrange(len(lines))
    match how:
        case "cut":
            return raw[:place]
        case "byte":
            return raw[:place] + bytes([rng.randrange(256)]) + raw[place + 1 :]
        case "drop":
            return raw[:place] + raw[place + rng.randrange(1, 80) :]
        case "double":
            return b"\n".join([*lines[:row], lines[row], *lines[row:]])
        case "swap":
            return raw.replace(b",", rng.choice([b";", b"\t", b"|", b" ", b":"]))
        case "cell":
            cells = lines[row].split(b",")
            cells[rng.randrange(len(cells))] = rng.choice(
                [
                    b"",
                    b"nan",
                    b"1e999",
                    b"-1",
                    b"2",
                    b"FRA",
                    b"31.12.2003",
                    b"=1+1",
                    b"\xff",
                    b"yes",
                    b"1,5",
                    b"0.0",
                ]
            )
            return b"\n".join([*lines[:row], b",".join(cells), *lines[row + 1 :]])
        case "line":
            return b"\n".join(lines[:row] + lines[row + 1 :])
        case "nul":
            return raw[:place] + b"\0" * rng.randrange(1, 9) + raw[place:]
        case "garbage":
            return rng.randbytes(rng.randrange(1, 4000))
        case "quote":
            return raw[:place] + b'"' + raw[place:]
        case "encoding":
            return raw.decode().encode(rng.choice(["utf-16", "utf-16-le", "utf-32", "utf-7"]))[
                : rng.randrange(1, len(raw))
            ]
        case "joint":
            return raw + rng.choice([b"<html>", raw, b"PK\x03\x04", b"\n\n\n", raw[:place]])
    raise ValueError(how)


def spell(raw: bytes, how: str) -> bytes:
    """Write a CSV in another dialect."""
    table = pd.read_csv(io.BytesIO(raw), dtype=str, keep_default_na=False)
    header, _, rest = raw.partition(b"\n")
    return {
        "semicolons": lambda: table.to_csv(index=False, sep=";").encode(),
        "tabs": lambda: table.to_csv(index=False, sep="\t").encode(),
        "utf16": lambda: raw.decode().encode("utf-16"),
        "mark": lambda: b"\xef\xbb\xbf" + raw,
        "crlf": lambda: raw.replace(b"\n", b"\r\n"),
        "blank": lambda: b"\n" + header + b"\n\n" + rest + b"\n\n",
        "upper": lambda: header.upper() + b"\n" + rest,
        "trailing": lambda: raw.replace(b"\n", b",\n"),
    }[how]()


@pytest.mark.parametrize("how", FAITHFUL)
@pytest.mark.parametrize("kind", ["coalition", "covariates", "guarantees"])
def test_another_dialect_is_the_same_table(tmp_path, kind, how):
    source, load = READERS[kind]
    path = tmp_path / source.name
    path.write_bytes(spell(source.read_bytes(), how))
    table = load(path)
    table.attrs.clear()
    pd.testing.assert_frame_equal(table, load(source))


@pytest.mark.parametrize("kind", READERS)
def test_300_damaged_files_end_in_a_table_or_a_sentence(tmp_path, kind):
    source, load = READERS[kind]
    raw, rng, good = source.read_bytes(), random.Random(f"{kind} 17"), load(source)
    path, refused = tmp_path / source.name, 0
    for file in source.parent.glob("libya*.csv"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    for number in range(300):
        how = DAMAGES[number % len(DAMAGES)]
        path.write_bytes(mutate(raw, how, rng))
        try:
            found = load(path)
        except DataError as error:
            refused += 1
            said = str(error)
        else:
            said = ""
        assert "\n" not in said, (how, said)
        assert len(said) < 1500, (how, said)
        if not said and kind != "case":
            # What is read is no foreign table: its states are states, with no more rows than there were.
            assert set(found["iso3"]) <= set(STATES["iso3"])
            assert len(found) <= len(good) + 1
            numbers = found.select_dtypes("number").to_numpy(float)
            assert not np.isinf(numbers).any(), how
    assert refused > 120
