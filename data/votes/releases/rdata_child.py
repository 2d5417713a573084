"""Read an RData file in a process of its own, and leave its data frames behind as Arrow files.

A broken file may crash the C library that pyreadr calls, or make it ask for more memory than there is. Then
only this process ends. ``rdata.read_rdata`` starts this script by its path, so it must not import
anything from the project.
"""

import json
import sys
from contextlib import suppress

import pandas as pd
import pyarrow as pa
import pyreadr

MAX_MEMORY = 6 << 30
"""Most address space of this process in bytes; a release of 2024 needs a third of it."""


def limit_memory() -> None:
    """Make a request for too much memory fail here; Windows has no such limit."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))


def read(path: str) -> dict[str, pd.DataFrame]:
    """Read all objects; text without an encoding mark is UTF-8 or, failing that, Windows-1252."""
    try:
        return pyreadr.read_r(path)
    except UnicodeDecodeError:
        return pyreadr.read_r(path, encoding="WINDOWS-1252")


def encode(column: pd.Series) -> pa.DictionaryArray:
    """Number the distinct values of a column and write them as text; a missing value becomes ``NA``."""
    codes, distinct = pd.factorize(column)
    codes[codes < 0] = len(distinct)
    texts = [write(value) for value in distinct] + ["NA"]
    return pa.DictionaryArray.from_arrays(pa.array(codes, pa.int32()), pa.array(texts, pa.string()))


def write(value: object) -> str:
    """Write a value as text: a day as YYYY-MM-DD, a number or a truth value as a decimal."""
    if isinstance(value, str):
        return value
    return str(value)[:10] if hasattr(value, "year") else repr(float(value))


def main(path: str, folder: str) -> dict[str, list[str]]:
    """Write the data frame number i to ``<folder>/<i>.arrow``; return all objects with their columns.

    Without a folder, nothing is read but the names.
    """
    limit_memory()
    if not folder:
        return {str(o["object_name"] or ""): list(o["columns"] or []) for o in pyreadr.list_objects(path)}
    objects = read(path)
    for number, table in enumerate(objects.values()):
        columns = [encode(table.iloc[:, place]) for place in range(table.shape[1])]
        whole = pa.Table.from_arrays(columns, list(map(str, table.columns)))
        with pa.ipc.new_file(f"{folder}/{number}.arrow", whole.schema) as file:
            file.write_table(whole)
    return {str(name or ""): list(map(str, table.columns)) for name, table in objects.items()}


if __name__ == "__main__":
    try:
        answer = {"objects": main(sys.argv[1], sys.argv[2])}
    except Exception as error:
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer))
