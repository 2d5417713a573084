"""Every command in data/DOUBTS.md exists and changes the votes or the panel of the main analysis."""

import re
import shlex
from itertools import pairwise
from pathlib import Path

import pytest

from analysis.variants.table import choose_variants
from data.load import TABLES_DIR, load_panel
from data.spec import DataSpec

PAGE = TABLES_DIR.parent / "DOUBTS.md"
COMMANDS = re.findall(r"`(sfl fit [^`]+)`", PAGE.read_text(encoding="utf-8"))


def change_data(command: str) -> DataSpec:
    """Coding choices of the variant that a command fits."""
    words = shlex.split(command)[2:]
    changes = [word for before, word in pairwise(words) if before == "--set"]
    names = [] if changes else words
    return choose_variants(names, changes)[0].data


def test_the_page_has_commands():
    assert len(COMMANDS) > 30


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_changes_the_panel(command):
    panel = load_panel(change_data(command))
    assert not panel.equals(load_panel(DataSpec()))


def test_ids_are_unique():
    ids = re.findall(r"^\| ([ISGV]\d+) \|", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert len(ids) > 30
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("page", [PAGE, *PAGE.parent.rglob("README.md"), TABLES_DIR / "COUNTS.md"], ids=str)
def test_pages_are_short(page: Path):
    text = page.read_text(encoding="utf-8")
    parts = re.split(r"\n\s*\n|\n(?=[-|#])", text)
    assert len(re.findall(r"\S*\w\S*", text)) <= 1500
    assert max(len(re.findall(r"\S*\w\S*", part)) for part in parts) <= 80
