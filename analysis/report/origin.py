"""Where the numbers of a section come from: this run, files beside it, or the published results."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from analysis.store.results import MADE_BY, Results

HASH = 7
"""Characters of a commit that are shown."""
RUN = ("effects.csv", "ideal_points.csv")
"""Files that belong to every run."""


@dataclass(frozen=True)
class Origin:
    """Where a section's numbers come from, in words, and whether all of them come from the run shown."""

    text: str
    own: bool


def describe_origin(results: Results, files: tuple[str, ...]) -> Origin:
    """Say which run and commit the numbers of some files come from.

    A file in the folder of the run belongs to it. A file beside it was made by another command, of the full
    analysis. A published file is called so, with the commit that the published page gives, unless the
    published run itself is shown.
    """
    told: dict[str, list[str]] = {}
    own = True
    for name in files:
        path = results.find(name)
        if path is None:
            continue
        text, is_own = _describe(results, name, path)
        told.setdefault(text, []).append(name)
        own = own and is_own
    if not told:
        return Origin("", True)
    parts = [text if len(told) == 1 else f"{', '.join(names)}: {text}" for text, names in told.items()]
    return Origin("; ".join(parts), own)


def name_run(results: Results) -> str:
    """Name the run: which analysis, when, by which commit."""
    kind = "quick run, for trying out" if results.quick else "run"
    return (
        f"{kind} {results.variant} of {results.record['finished'][:10]}, "
        f"commit {results.record['commit'][:HASH]}"
    )


def _describe(results: Results, name: str, path: Path) -> tuple[str, bool]:
    if path.parent == results.folder and not is_published(results):
        return f"this {name_run(results)}", True
    if results.published in path.parents or is_published(results):
        home = results.folder if is_published(results) else results.published
        commit = find_commit(home / "README.md", path.relative_to(home).as_posix())
        if is_published(results):
            commit = commit or results.record["commit"][:HASH]
            return f"published results, commit {commit}", True
        by = f", commit {commit}" if commit else ""
        return f"published results{by}, not this {'quick run' if results.quick else 'run'}", False
    day = datetime.fromtimestamp(path.stat().st_mtime, UTC).date()
    command = "propagation" if name.startswith("propagation/") else MADE_BY.get(name, "run")
    beside = "" if not results.quick and results.variant == "main" else ", which is not about this run"
    return f"sfl {command} of {day}{beside}", not beside


def is_published(results: Results) -> bool:
    """Whether the run shown is the published one."""
    return results.folder.name == "published"


def find_commit(page: Path, name: str) -> str:
    """Commit that made a published file, from the table of the published page; empty if it gives none."""
    if not page.is_file():
        return ""
    for line in page.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        listed = re.findall(r"`([^`]+)`", cells[0])
        if len(cells) > 2 and any(
            name == one or (one.endswith("/") and name.startswith(one)) for one in listed
        ):
            return cells[2]
    return ""
