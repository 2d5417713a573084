"""The terminal shows the answer of a run case by case, in sentences and in tables that cut no name."""

import io
from dataclasses import replace

import pytest
from rich.console import Console
from support.made_results import write_results

from analysis.commands import progress
from analysis.commands.answer import show_answer, show_table
from analysis.variants.table import MAIN


@pytest.mark.parametrize("variant", ["main", "main-quick"])
def test_a_run_ends_with_the_answer_by_case_and_what_to_do_next(tmp_path, variant):
    text = show(show_answer, write_results(tmp_path, variant) / variant)
    assert "Iraq 2003: +42 points (29 to 55), P(> 0) above 0.999" in text
    assert "mean of the cases: +1.10 sd (0.77 to 1.43)" in text
    assert "Does it run through the Assembly? Found for Iraq 2003" in " ".join(text.split())
    assert "largest R-hat 1.0071 (joining, total effect)" in " ".join(text.split())
    assert "divergences 0" in " ".join(text.split())
    assert ("for trying out, not a result" in text) == (variant == "main-quick")
    following = text[text.index("Next:") :].splitlines()[1:]
    assert all(line.startswith("  uv run sfl ") for line in following if line)
    paths = ("Files:",)
    assert max(len(line) for line in text.splitlines() if not line.startswith(paths)) <= 80


def test_the_table_has_every_quantity_with_its_whole_name(tmp_path):
    text = show(show_table, write_results(tmp_path, "main") / "main")
    kinds = ("total", "direct", "indirect")
    lines = text.splitlines()
    for kind in kinds:
        assert any(line.startswith(f"ame_pact_{kind}  (") for line in lines), kind
    at = next(k for k, line in enumerate(lines) if line.startswith("ame_rio_total"))
    assert lines[at + 1].split()[:2] == ["Iraq", "2003"]
    assert "12.0 (−2.8 to 26.8)" in lines[at + 1]


def show(what, folder):
    """Return what is printed in a terminal of 80 columns."""
    console = Console(width=80, record=True, file=io.StringIO())
    what(folder, console)
    return console.export_text()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({}, "using the agenda tallies that ship"),
        ({"granularity": "agenda"}, "as the variant asks"),
        ({"us_side_below": 0.1}, "us_side_below = 0.1 cannot be had from the shipped tallies"),
    ],
)
def test_the_first_line_says_which_votes_are_used_and_promises_none_that_lack(monkeypatch, changes, says):
    monkeypatch.setattr("data.load.find_rollcalls", lambda path: None)
    variant = replace(MAIN, data=replace(MAIN.data, **changes))
    said = progress.name_votes(variant, None)
    assert says in said
    assert ("using" in said) == (not changes)
