"""Cases that a user writes as a file: read one, find one by name, and write an empty one to fill in."""

import datetime
import difflib
import re
import tomllib
from dataclasses import fields
from pathlib import Path

from data.case import IRAQ, ISIS, CaseSpec, check_choice
from data.spec import DataSpec
from data.tables.delimited import decode_text
from data.tables.rules import DataError

EXAMPLES_DIR = Path(__file__).parent / "examples"
"""Cases that ship as examples, and the template."""

TEMPLATE = EXAMPLES_DIR / "template.txt"
HEADER = "iso3,joined,source,confidence\n"
"""First line of an empty coalition table."""

LAST_SESSION = 80
"""Last session of any record of roll calls that the project reads."""

RESERVED = ("pooled", "difference", "all", "record", *(field.name for field in fields(DataSpec)))
"""Names that stand for something else where a case is named."""

_KINDS = {
    "name": str,
    "label": str,
    "coalition_file": str,
    "joined": str,
    "guarantee_date": datetime.date,
    "exclude": list,
    "tiers": dict,
    "first_session": int,
    "last_session": int,
    "votes_until": datetime.date,
    "covariate_year": int,
    "covariate_file": str,
    "guarantee_file": str,
}
_WORDS = {str: "text", datetime.date: "a day such as 2011-03-19", list: "a list of iso3 codes",
          dict: "tiers with lists of columns", int: "a whole number"}  # fmt: skip
_NEEDED = ("label", "coalition_file", "joined", "guarantee_date")


def list_cases() -> list[tuple[str, CaseSpec, bool]]:
    """List the cases that ship: name for ``choose_cases``, case, and whether it is of the main analysis."""
    main = [(case.name, case, True) for case in (IRAQ, ISIS)]
    return main + [(path.stem, read_case(path), False) for path in sorted(EXAMPLES_DIR.glob("*.toml"))]


def choose_cases(names: list[str]) -> tuple[CaseSpec, ...]:
    """Return cases by name, or by the path of a case file (``.toml``).

    ``iraq`` and ``isis`` are those of the main analysis; the other names are files in ``data/examples``.

    Raises
    ------
    DataError
        A file is no case file; see ``read_case``.
    ValueError
        An unknown name; the message has the nearest.
    """
    shipped, chosen = {name: case for name, case, _ in list_cases()}, []
    for name in names:
        if Path(name).suffix == ".toml" or Path(name).name != name:
            chosen.append(read_case(Path(name).expanduser()))
            continue
        if name not in shipped:
            near = max(shipped, key=lambda known: difflib.SequenceMatcher(None, name, known).ratio())
            raise ValueError(
                f"no case {name!r}; nearest: {near!r}. A case of your own is a file, as in ./{name}.toml"
            )
        chosen.append(shipped[name])
    return tuple(chosen)


def read_case(path: Path) -> CaseSpec:
    """Read a case file; files that it names are looked for beside it.

    What it does not say follows from ``guarantee_date``: covariates and votes end with the year before, and
    the window has five sessions.

    Raises
    ------
    DataError
        The file does not exist, is no TOML, lacks a field, has an unknown one (the message names the nearest)
        or a wrong value, or names a file that does not exist.
    """
    given = _parse(path)
    for name, value in given.items():
        if name not in _KINDS:
            _check(path, check_choice, "case file", "field", name, list(_KINDS))
        # A day with an hour is a day in Python, and true is a whole number.
        if type(value) is not _KINDS[name] or value in ("", [], {}):
            wrong = "is empty" if value in ("", [], {}) else f"= {value!r}"
            raise DataError(f"{path}: {name} {wrong}: write {_WORDS[_KINDS[name]]}")
    if lacking := [name for name in _NEEDED if name not in given]:
        raise DataError(f"{path}: {lacking[0]} is missing: write {_WORDS[_KINDS[lacking[0]]]}")
    _check_lists(given, path)
    day = given["guarantee_date"]
    year = given.get("covariate_year", day.year - 1)
    until = given.get("votes_until", datetime.date(day.year - 1, 12, 31))
    # Session s begins in September of the year 1945 + s.
    last = given.get("last_session", until.year - 1945)
    _check_times(path, day, year, until, last)
    joined = given["joined"].lower()
    files = {name: _find_beside(path, name, given[name]) for name in given if name.endswith("_file")}
    tiers = {name: tuple(column.lower() for column in columns) for name, columns in given["tiers"].items()} \
        if "tiers" in given else {"political": tuple(re.findall(r"[a-z_]\w*", joined))}  # fmt: skip
    return _check(
        path,
        CaseSpec,
        name=_name(given, path),
        label=given["label"],
        first_session=given.get("first_session", max(1, last - 4)),
        last_session=last,
        votes_until=until,
        covariate_year=year,
        guarantee_date=day,
        joined=joined,
        tiers=tuple(tiers.items()),
        exclude=tuple(state.upper() for state in given.get("exclude", ["USA"])),
        **files,
    )


def write_template(path: Path) -> list[Path]:
    """Write an empty case file and, beside it, an empty coalition table; returns both paths.

    DataError if a file of either name exists, the folder does not, or it cannot be written.
    """
    if path.suffix != ".toml":
        raise DataError(f"{path}: the name of a case file ends with .toml, as in libya.toml")
    table = path.with_suffix(".csv")
    for file in (path, table):
        if file.exists():
            raise DataError(f"{file}: exists already; nothing was written")
    if not path.parent.is_dir():
        raise DataError(f"{path.parent}: no such folder")
    text = TEMPLATE.read_text(encoding="utf-8").replace("FILE", path.stem)
    try:
        path.write_text(text, encoding="utf-8")
        table.write_text(HEADER, encoding="utf-8")
    except OSError as error:
        raise DataError(f"{path.parent}: cannot be written: {error.strerror}") from None
    return [path, table]


def _parse(path: Path) -> dict:
    if not path.is_file():
        raise DataError(f"{path}: no such case file; to begin one: sfl case new {path.name}")
    try:
        return tomllib.loads(decode_text(path.read_bytes()[: 1 << 20], path).replace("\r\n", "\n"))
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{path}: not a case file: {error}") from None


def _check_lists(given: dict, path: Path) -> None:
    """Check that exclude and the tiers are lists of words."""
    lists = {"exclude": given.get("exclude", []), **given.get("tiers", {})}
    for name, words in lists.items():
        if not isinstance(words, list) or not all(isinstance(word, str) and word for word in words):
            raise DataError(f'{path}: {name} = {words!r}: write a list of words, as in ["USA", "LBY"]')


def _check_times(path: Path, day: datetime.date, year: int, until: datetime.date, last: int) -> None:
    """Check that votes and covariates come before the decision that they are to explain."""
    if until >= day:
        raise DataError(f"{path}: votes_until = {until} must lie before guarantee_date = {day}")
    if year > day.year:
        raise DataError(f"{path}: covariate_year = {year} lies after guarantee_date = {day}")
    if last > LAST_SESSION:
        raise DataError(f"{path}: last_session = {last}: roll calls end with session {LAST_SESSION}")
    if last < 1:
        raise DataError(f"{path}: no session of the General Assembly came before guarantee_date = {day}")


def _name(given: dict, path: Path) -> str:
    name = given.get("name", re.sub(r"\W+", "_", path.stem.lower()))
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", name):
        raise DataError(f"{path}: name = {name!r}: write at most 40 small letters, digits and _")
    if name in RESERVED:
        raise DataError(f"{path}: name = {name!r} stands for something else; choose another")
    return name


def _find_beside(path: Path, field: str, name: str) -> str:
    """Return the absolute path of a file that a case file names."""
    file = (path.parent / Path(name).expanduser()).resolve()
    if not file.is_file():
        raise DataError(f"{path}: {field} = {name!r}: no such file beside it ({file})")
    return str(file)


def _check(path: Path, call: object, *given: object, **fields: object) -> object:
    """Call a function whose ValueError is about the case file."""
    try:
        return call(*given, **fields)
    except (ValueError, TypeError) as error:
        raise DataError(f"{path}: {error}") from None
