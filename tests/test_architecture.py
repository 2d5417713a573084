"""The rules of the house: directions of imports, sizes of files, folders and pages.

Each rule is a function that returns what breaks it. A test applies it to the project, and another shows that
it sees a trespass.
"""

import ast
import re
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("analysis", "data", "models")
FLOORS = (
    *("variants", "posterior", "store", "figures", "fitting", "pipeline", "studies", "report", "commands"),
    "__main__",
)
"""Folders of ``analysis``, lowest first. Each imports itself and lower ones only."""

DOORS = {"data.load", "data.spec", "data.case", "data.acts.spec", "data.alliances.spec"}
"""All of ``data`` that ``analysis`` may import."""

USES_LOAD = {"data.load", "data.build", "data.describe"}
"""Modules of ``data`` that may import ``data.load``."""

HEAVY = {"pymc", "pytensor", "numba", "nutpie", "arviz"}
"""Packages that compile, sample or diagnose."""

MAX_LINES, MAX_TEST_LINES, MAX_MODULES = 300, 400, 16
MAX_PAGE, MAX_PARAGRAPH = 1500, 80
"""Words of a page and of a paragraph."""


@cache
def is_module(name: str) -> bool:
    """Return whether the project has a module or package of that name."""
    place = ROOT.joinpath(*name.split("."))
    return place.with_suffix(".py").is_file() or (place / "__init__.py").is_file()


def find_imports(source: str) -> set[str]:
    """Return all modules that a source imports, also within functions."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide where a name comes from"
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            modules = set(filter(is_module, inner))
            names |= modules | ({node.module} if modules != inner else set())
    return names


def list_sources(*packages: str) -> dict[str, str]:
    """Return the source of each module, by name."""
    sources = {}
    for path in sorted(p for package in packages for p in (ROOT / package).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        sources[".".join(part for part in parts if part != "__init__")] = path.read_text(encoding="utf-8")
    return sources


def find_wrong_packages(name: str, imports: set[str]) -> set[str]:
    """Data and models know nothing of each other, and nothing of analysis."""
    package = name.split(".")[0]
    foreign = {i for i in imports if i.split(".")[0] in PACKAGES and i.split(".")[0] != package}
    return foreign if package != "analysis" else set()


def find_upward(name: str, imports: set[str]) -> set[str]:
    """Folders of analysis import lower ones only, and no study imports another."""
    package, room, *inner = [*name.split("."), "", ""]
    if package != "analysis" or not room:
        return set()
    wrong = set()
    for imported in imports:
        other, floor, *part = [*imported.split("."), "", ""]
        if other != "analysis" or not floor:
            continue
        is_other_study = room == floor == "studies" and part[0] and part[0] != inner[0]
        if FLOORS.index(floor) > FLOORS.index(room) or is_other_study:
            wrong.add(imported)
    return wrong


def find_wrong_doors(name: str, imports: set[str]) -> set[str]:
    """Analysis enters data through few modules, and data itself does not go through ``data.load``."""
    if name.startswith("analysis"):
        return {i for i in imports if i.split(".")[0] == "data"} - DOORS
    return imports & {"data.load"} if name.startswith("data") and name not in USES_LOAD else set()


def find_typer(name: str, imports: set[str]) -> set[str]:
    """Only commands import typer."""
    allowed = name.startswith("analysis.commands")
    return set() if allowed else {i for i in imports if i.split(".")[0] == "typer"}


@pytest.mark.parametrize("rule", [find_wrong_packages, find_upward, find_wrong_doors, find_typer])
def test_imports_go_one_way(rule):
    sources = list_sources(*PACKAGES)
    trespasses = {name: rule(name, find_imports(source)) for name, source in sources.items()}
    assert not {name: found for name, found in trespasses.items() if found}


@pytest.mark.parametrize(
    ("rule", "name", "source"),
    [
        (find_wrong_packages, "models.tier", "from data.load import load_votes"),
        (find_wrong_packages, "data.load", "import models.spec"),
        (find_wrong_packages, "models.tier", "def f():\n    from analysis.variants.table import MAIN"),
        (find_upward, "analysis.posterior.draws", "from analysis.fitting import fit"),
        (find_upward, "analysis.pipeline.run", "def f():\n    from analysis.studies.calibration import run"),
        (find_upward, "analysis.studies.calibration", "from analysis.commands.app import console"),
        (find_upward, "analysis.studies.claims.run", "from analysis.studies.checks.rows import make_row"),
        (find_upward, "analysis.studies.claims.run", "from analysis.studies import calibration"),
        (find_wrong_doors, "analysis.pipeline.inputs", "from data.votes.prepare import prepare_votes"),
        (find_wrong_doors, "data.votes.prepare", "from data.load import load_votes"),
        (find_typer, "analysis.studies.claims.run", "import typer"),
    ],
)
def test_a_trespass_is_seen(rule, name, source):
    assert rule(name, find_imports(source))
    assert not rule(name, find_imports("import numpy as np"))


def test_what_is_allowed_is_no_trespass():
    assert not find_upward("analysis.studies.claims.run", {"analysis.studies.claims.rows", "models.spec"})
    assert not find_upward("analysis.report.page", {"analysis.studies.claims.rows"})
    assert not find_wrong_doors("analysis.pipeline.inputs", {"data.load"})
    assert not find_typer("analysis.commands.app", {"typer"})


def find_forbidden_in_models(source: str) -> set[str]:
    """Models read no files and do not sample."""
    sampling = {"pm.sample("} if "pm.sample(" in source else set()
    return sampling | (find_imports(source) & {"pandas", "nutpie", "h5netcdf", "pyarrow"})


def test_models_read_no_files_and_do_not_sample():
    found = {name: find_forbidden_in_models(source) for name, source in list_sources("models").items()}
    assert not {name: wrong for name, wrong in found.items() if wrong}
    assert find_forbidden_in_models("import pandas\npm.sample(100)") == {"pandas", "pm.sample("}


def find_long(sources: dict[str, str]) -> set[str]:
    """List modules that are too long to read in one sitting."""
    limits = {name: MAX_TEST_LINES if name.startswith("tests") else MAX_LINES for name in sources}
    return {name for name, source in sources.items() if len(source.splitlines()) > limits[name]}


def find_full(names: list[str]) -> set[str]:
    """List folders with too many modules to take in at a glance."""
    folders = Counter(name.rpartition(".")[0] for name in names)
    return {folder for folder, count in folders.items() if count > MAX_MODULES}


def test_files_are_read_in_one_sitting():
    assert not find_long(list_sources(*PACKAGES, "tests"))
    assert find_long({"data.load": "x\n" * 301, "tests.test_x": "x\n" * 301}) == {"data.load"}
    assert find_long({"tests.test_x": "x\n" * 401}) == {"tests.test_x"}


def test_folders_are_seen_at_a_glance():
    sources = list_sources(*PACKAGES, "tests")
    modules = [name for name in sources if not (ROOT / name.replace(".", "/")).is_dir()]
    assert not find_full(modules)
    assert find_full([f"data.votes.part_{k}" for k in range(17)]) == {"data.votes"}


def find_misplaced(names: list[str]) -> set[str]:
    """List test modules whose folder has no package of the same name in the tree."""
    return {name for name in names if not is_module(name.removeprefix("tests.").rpartition(".")[0])}


def test_tests_mirror_the_tree():
    sources = list_sources(*(f"tests/{package}" for package in PACKAGES))
    assert not find_misplaced([name for name in sources if ".test_" in name])
    assert find_misplaced(["tests.models.test_tier", "tests.models.old.test_x"]) == {
        "tests.models.old.test_x"
    }


def count_words(text: str) -> int:
    """Count words, without the signs of lists and tables."""
    return len(re.findall(r"\S*\w\S*", text))


def find_long_prose(text: str) -> list[str]:
    """List what is too long in a page: the page itself, or a paragraph, list item or table row."""
    found = [f"{count_words(text)} words"] if count_words(text) > MAX_PAGE else []
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    # A list item, a table row or a heading begins a block of its own.
    blocks = re.split(r"\n\s*\n|\n(?=\s*(?:[-*+|#]|\d+\.)\s)", prose)
    return found + [block for block in blocks if count_words(block) > MAX_PARAGRAPH]


def test_pages_are_short():
    pages = [*ROOT.glob("*.md"), *(page for package in PACKAGES for page in (ROOT / package).rglob("*.md"))]
    found = {p: find_long_prose(p.read_text(encoding="utf-8")) for p in pages if p.name != "NOTES.md"}
    assert not {str(page.relative_to(ROOT)): long for page, long in found.items() if long}


def test_a_long_page_or_paragraph_is_seen():
    paragraph = "word " * 81
    assert find_long_prose(paragraph) == [paragraph]
    assert find_long_prose(f"short\n\n- {paragraph}")
    assert find_long_prose("- ten words\n" * 40) == []
    assert find_long_prose(f"```\n{paragraph}\n```") == []
    assert find_long_prose("word " * 50 + "\n\n" + "word " * 50) == []
    assert find_long_prose("short word\n\n" * 751) == ["1502 words"]


def loaded_by(modules: str) -> set[str]:
    """Return the packages that a new process has loaded after it imported some modules."""
    code = f"import sys, {modules}; print(*{{name.split('.')[0] for name in sys.modules}})"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(run.stdout.split())


def test_what_only_reads_results_loads_no_compiler_and_no_sampler():
    readers = "analysis.__main__, analysis.report.page, analysis.store.explain, analysis.store.results, "
    readers += "analysis.figures.compare, analysis.posterior.positions, analysis.posterior.tiers, "
    readers += "analysis.studies.dynamic.plan, analysis.studies.dynamic.run"
    assert not loaded_by(readers) & HEAVY
    assert loaded_by("analysis.fitting.fit") >= HEAVY
