"""Each section names the run and commit of its numbers; what is of another run is marked."""

import re
from dataclasses import replace

import pytest
from support.made_results import write_results, write_tables

from analysis.report.first import overturn_card
from analysis.report.origin import describe_origin, find_commit
from analysis.report.page import render_report
from analysis.report.published import load_published
from analysis.store import results as result_files
from analysis.store.results import Results

PAGE = """
| files | made by | commit | on |
|---|---|---|---|
| `dynamic_ideal_points.csv`, `claims/` | `dynamic` | 1a2b3c4 | roll calls |
"""


@pytest.fixture
def results(tmp_path):
    folder = write_results(tmp_path / "results")
    write_tables(folder, tmp_path / "output")
    return Results.load("main", results=folder, output=tmp_path / "output")


def publish(results: Results, name: str) -> None:
    """Move a table of the output folder among the published ones."""
    (results.output / "published").mkdir(exist_ok=True)
    (results.output / "published" / "README.md").write_text(PAGE)
    (results.output / name).rename(results.output / "published" / name)


def test_tables_of_the_run_and_beside_it_are_told_apart(results):
    own = describe_origin(results, ("effects.csv", "checks.csv"))
    assert own.own
    assert own.text == "this run main of 2026-11-22, commit 0000000"
    beside = describe_origin(results, ("sensitivity.csv",))
    assert beside.own
    assert beside.text.startswith("sfl sensitivity of ")
    assert describe_origin(results, ("nothing.csv",)).text == ""


def test_a_published_table_is_marked_with_its_commit(results):
    publish(results, "dynamic_ideal_points.csv")
    found = describe_origin(results, ("dynamic_ideal_points.csv",))
    assert not found.own
    assert found.text == "published results, commit 1a2b3c4, not this run"
    page = render_report(results)
    assert '<p class="origin foreign">Numbers: published results, commit 1a2b3c4, not this run.</p>' in page
    assert find_commit(results.output / "published" / "README.md", "claims/a.png") == "1a2b3c4"
    assert find_commit(results.output / "published" / "README.md", "other.csv") == ""


def test_a_published_table_is_marked_when_results_lie_elsewhere(results, tmp_path, monkeypatch):
    publish(results, "dynamic_ideal_points.csv")
    (results.output / "published").rename(tmp_path / "published")
    # So it is with --results: the project's published tables stay where they are.
    monkeypatch.setattr(result_files, "OUTPUT", results.output)
    monkeypatch.setattr(result_files, "PUBLISHED", tmp_path / "published")
    found = describe_origin(results, ("dynamic_ideal_points.csv",))
    assert not found.own
    assert found.text == "published results, commit 1a2b3c4, not this run"


def test_published_checks_say_nothing_about_what_would_overturn_this_run(results):
    assert "fits with another choice" in overturn_card(results).sentence
    publish(results, "sensitivity.csv")
    assert "Other choices are not computed" in overturn_card(results).sentence


def test_a_quick_run_says_quick_everywhere(results):
    quick = replace(results, record=results.record | {"quick": True})
    page = render_report(quick)
    text = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    assert '<body data-run="quick run, for trying out main' in text
    captions = re.findall(r"<b>Figure \d+(.*?)</b>", text)
    assert len(captions) > 10
    assert set(captions) == {" (quick run)."}
    origins = re.findall(r'<p class="origin[^>]*>(.*?)</p>', text)
    assert all(origin.startswith("<b>Quick run.</b>") for origin in origins)
    assert "which is not about this run" in text


def test_the_published_copy_is_small_has_no_votes_and_names_its_commits():
    page = render_report(load_published())
    assert len(page.encode()) < 4e6
    assert re.search(r'id="vote-answers">\{\}</script>', page)
    assert "Numbers: published results, commit " in page
    assert "not this run" not in page
