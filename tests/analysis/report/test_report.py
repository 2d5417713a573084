"""The report shows what the result files contain, escapes it, and names what is missing."""

import json
import re
from dataclasses import replace
from html import unescape

import numpy as np
import pandas as pd
import pytest
from support.made_results import HOSTILE, make_differences, make_sensitivity, write_results, write_tables

from analysis.figures.style import LEVEL_COLOURS, quantity_name, quantity_unit
from analysis.posterior.words import certainty, estimate, interval, number, points, probability
from analysis.report.page import render_report, write_report
from analysis.report.sections.data import changed_files, render_doubts
from analysis.report.sections.differences import judge_differences
from analysis.report.verdict import choice_card, path_card, say_difference, sure_card, verdict_sentence
from analysis.report.year_charts import paths_chart
from analysis.store.results import MADE_BY, MissingResultsError, Results


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    results = write_results(folder / "results", rename={"TUV": HOSTILE})
    write_tables(results, folder / "output")
    return results, folder / "output"


@pytest.fixture(scope="module")
def results(folders):
    return Results.load("main", results=folders[0], output=folders[1])


@pytest.fixture(scope="module")
def page(results):
    return render_report(results)


def change_effect(results: Results, quantity: str, case: str, **values: float) -> Results:
    effects = results.effects.copy()
    chosen = (effects["quantity"] == quantity) & (effects["case"] == case) & (effects["group"] == "overlap")
    for name, value in values.items():
        effects.loc[chosen, name] = value
    return replace(results, effects=effects)


def test_a_changed_result_changes_the_page(folders, page):
    path = folders[0] / "main" / "effects.csv"
    before = path.read_text()
    table = pd.read_csv(path)
    chosen = (
        (table["quantity"] == "ame_pact_total") & (table["case"] == "iraq") & (table["group"] == "overlap")
    )
    table.loc[chosen, ["mean", "lower", "upper"]] = 0.5371, 0.4123, 0.6642
    table.to_csv(path, index=False)
    changed = render_report(Results.load("main", results=folders[0], output=folders[1]))
    path.write_text(before)
    texts = ("Iraq 2003 54 (41 to 66)", "53.71", "41.23 to 66.42")
    assert [(text in page, text in changed) for text in texts] == [(False, True)] * 3


CHANGES = {
    "ideal_points.csv": ("mean", -7.77, "−7.77 ("),
    "checks.csv": ("value", 0.8642, ">0.864<"),
    "calibration.csv": ("observed", 0.8531, ">0.853<"),
    "position_checks.csv": ("value", 0.7319, ">0.732<"),
    "predictions.csv": ("mean", 0.7531, ">0.753<"),
    "influence.csv": ("shift_in_sd", 7.6543, ">7.654<"),
    "confounding.csv": ("effect", 0.2468, ">0.247<"),
    "tiers.csv": ("mean", 0.1357, ">0.136<"),
    "sensitivity.csv": ("mean", 0.6543, ">65.4<"),
    "propagation/main/propagation.csv": ("sd", 0.2222, ">0.222<"),
    "weighting.csv": ("effective_controls", 11.111, ">11.111<"),
    "prior_sensitivity.csv": ("moved", -0.777, "(0.78 of its interval)"),
    "claims.csv": ("mean", 0.9876, ">0.988<"),
    "dynamic_ideal_points.csv": ("mean", 0.4321, ">0.432<"),
}


def test_every_table_is_read_from_its_file(tmp_path, page):
    folder = write_results(tmp_path / "results")
    write_tables(folder, tmp_path / "output")
    results = Results.load("main", results=folder, output=tmp_path / "output")
    for file, (column, value, _) in CHANGES.items():
        path = results.find(file)
        pd.read_csv(path).assign(**{column: value}).to_csv(path, index=False)
    changed = render_report(Results.load("main", results=folder, output=tmp_path / "output"))
    assert [file for file, (_, _, shown) in CHANGES.items() if shown not in changed] == []
    assert [file for file, (_, _, shown) in CHANGES.items() if shown in page] == []


def test_the_record_is_shown_as_it_was_written(results, page):
    record = results.record
    texts = (
        record["commit"],
        record["votes"]["iraq"]["content"],
        "1.0071",
        "joined ~ Bernoulli(q)",
        "20030320",
    )
    assert [text for text in texts if text not in page] == []


def test_a_claim_has_its_page_with_what_was_drawn_and_what_is_missing(page):
    texts = ("Small states give &lt;b&gt;names&lt;/b&gt;.", "fragile", "A pact adds 12 points.",
             "Nothing added.", "3 to 20 points elsewhere.", "Few states.",
             "Roll calls: sfl data fetch",
             '<img class="drawn" src="data:image/png;base64,', 'alt="Names are given"')  # fmt: skip
    assert [text for text in texts if text not in page] == []
    assert "Lost" not in page


def test_who_is_covered_is_said_and_what_lies_beyond_is_called_an_extrapolation(page):
    text = unescape(page)
    assert (
        "averages over the states of Asia-Pacific, Western Europe and Others: there some states have" in text
    )
    assert "Over all states the total effect would be 39 (26 to 52) points. That is an extrapolation" in text
    assert "all states (extrapolation)" in text


def test_a_difference_is_found_only_where_form_and_prior_do_not_make_it(page):
    """Baselines alone give the one among middle states; nothing is sure of the one among major states."""
    text = unescape(page)
    found = "Western Europe and Others less Asia-Pacific (isis): 30 (10 to 50) points, P = 0.990."
    assert f"Differences that the data show: {found}" in text
    differences, interactions = make_differences()
    assert "cannot tell" in judge_differences(differences, interactions.assign(variance_left=0.95))
    assert "cannot tell" in judge_differences(differences[:2], interactions)


def test_chance_is_told_in_words(page):
    assert "0.035 whole blocs (beyond chance)" in page


def test_replicated_votes_are_told_in_words(page):
    texts = (
        "Iraq 2003. When a resolution is put again, 291 answers differ from the state&#39;s last one; "
        "the model expects 1,142 (1,007 to 1,278).",
        "States that the model cannot place: India.",
    )
    assert [text for text in texts if text not in page] == []


def test_names_and_notes_are_escaped(page):
    assert [text for text in (HOSTILE, "<img src=x", "<i>odd</i>") if text in page] == []
    assert [text for text in ("&lt;img src=x", "&lt;i&gt;odd") if text not in page] == []
    # Inside the data of scripts "<" is written as a code, so that nothing there can end the script.
    specs = re.search(r'id="chart-specs">(.*?)</script>', page, flags=re.DOTALL).group(1)
    assert "<" not in specs
    assert any("Tuvalu" in json.dumps(spec) for spec in json.loads(specs).values())


def test_the_page_asks_for_nothing(page):
    assert page.count("default-src 'none'") == 1
    markup = re.sub(r"<(script|style)>.*?</\1>", "", page, flags=re.DOTALL)
    assert not re.search(r'<(?:script|img|iframe|link)[^>]*\s(?:src|href)="(?!data:)', markup)
    assert "@import" not in markup
    assert "url(" not in re.search(r"<style>(.*?)</style>", page, flags=re.DOTALL).group(1)


def test_headings_are_in_order_and_ids_are_unique(page):
    markup = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    levels = [int(level) for level in re.findall(r"<h([1-6])", markup)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert max(np.diff(levels)) <= 1
    ids = re.findall(r'\sid="([^"]+)"', markup)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', markup)) <= set(ids)


def test_every_table_has_a_caption_and_every_chart_words(page):
    markup = re.sub(r"<(script|style)>.*?</\1>", "", page, flags=re.DOTALL)
    assert markup.count("<table") == markup.count("<caption>") > 15
    charts = re.findall(r'role="img" aria-label="([^"]+)"><div class="chart"', page)
    assert len(charts) > 10
    assert min(map(len, charts)) > 30


def test_what_is_missing_is_named_with_its_command(tmp_path):
    results = Results.load("main", results=write_results(tmp_path), output=tmp_path / "nothing")
    page = render_report(results)
    said = {n: f"{n} does not exist yet. To make it: uv run sfl {c}" in page for n, c in MADE_BY.items()}
    assert {name for name, found in said.items() if not found} == {
        "sensitivity_axes.csv",
        "robustness.csv",
        "benchmark.csv",
        # Shown by their rows in another table, or by the figures beside them.
        "starts.csv",
        "dynamic_actors.csv",
        "dynamic_agreement.csv",
        "dynamic_expectations.csv",
    }
    assert choice_card(results).answer == "Not computed yet"


def test_a_run_that_is_missing_is_named_with_its_command(folders):
    with pytest.raises(MissingResultsError, match=r"sfl run --quick.*Existing results: main"):
        Results.load("main-quick", results=folders[0], output=folders[1])


def test_a_quick_run_is_marked(tmp_path):
    results = Results.load(
        "main-quick", results=write_results(tmp_path, "main-quick"), output=tmp_path / "none"
    )
    assert "for trying out, not a result" in render_report(results)


def test_the_page_is_small_and_replaced_whole(results, tmp_path):
    path = write_report(results, tmp_path / "deep" / "report.html")
    assert path.stat().st_size < 8e6
    assert [p.name for p in path.parent.iterdir()] == ["report.html"]


@pytest.mark.parametrize(
    ("mean", "prob", "says"),
    [
        (0.35, 0.9995, "pact went with a higher"),
        (0.1, 0.97, "very likely went with a higher"),
        (0.05, 0.85, "probably went with a higher"),
        (0.02, 0.6, "cannot be shown to have gone with a higher or a lower"),
        (-0.2, 0.002, "pact went with a lower"),
        (-0.1, 0.1, "probably went with a lower"),
    ],
)
def test_the_verdict_is_as_strong_as_the_posterior(results, mean, prob, says):
    changed = change_effect(results, "ame_pact_total", "iraq", mean=mean, prob_positive=prob)
    said = verdict_sentence(changed)
    assert said.startswith("Iraq 2003: a formal US pact")
    assert says in said.split(". ")[0]


def test_the_choice_that_matters_most_is_the_one_furthest_from_main(results):
    assert "rio counts as a pact" in choice_card(results).answer.lower()
    path = results.output / "sensitivity.csv"
    table = make_sensitivity()
    table.loc[table["variant"] == "troops", ["mean", "lower", "upper", "prob_positive"]] = (
        -0.1,
        -0.3,
        0.1,
        0.2,
    )
    table.to_csv(path, index=False)
    changed = choice_card(results), sure_card(results)
    make_sensitivity().to_csv(path, index=False)
    assert "troops sent" in changed[0].answer.lower()
    assert "from 35 to −10 points (−30 to 10)" in changed[0].sentence
    # The one that failed counts as not positive; tallies cannot move the total effect.
    assert "in 1 of 3 distinct fits" in changed[1].sentence
    assert "1 of 4 variants cannot move it" in changed[1].sentence


def test_doubts_are_those_of_the_codebook_and_a_changed_table_is_named(results):
    assert "Iceland" in render_doubts()
    assert changed_files(results) == []
    recorded = json.loads(results.record["panel"]["sha256"]) | {"guarantees.csv": "0" * 64}
    results.record["panel"]["sha256"], before = json.dumps(recorded), results.record["panel"]["sha256"]
    changed = changed_files(results)
    results.record["panel"]["sha256"] = before
    assert changed == ["guarantees.csv"]


def test_numbers_in_words():
    assert number(-1234.5, 1) == "−1,234.5"
    assert number(-0.001, 2) == "0.00"
    assert number(float("nan")) == "–"
    assert points(-0.094) == "−9"
    assert interval(0.1, 0.2, scale=100) == "10 to 20"
    assert estimate(0.15, 0.1, 0.2, scale=100) == "15 (10 to 20)"
    assert probability(0.9999) == "above 0.999"
    assert certainty(0.5) == certainty(0.3) == "uncertain"


def test_a_direction_that_the_posterior_does_not_tell_is_uncertain(results):
    changed = change_effect(results, "ame_pact_total", "isis", mean=0.02, prob_positive=0.6)
    assert (
        sure_card(changed).answer == "Iraq 2003: almost certain positive; ISIS 2014-17: direction uncertain"
    )


def test_the_path_through_alignment_is_told_coalition_by_coalition(results):
    assert path_card(results).answer == "Found for Iraq 2003, ISIS 2014-17"
    changed = change_effect(results, "ame_pact_indirect", "isis", mean=0.02, prob_positive=0.8)
    assert path_card(changed).answer == "Found for Iraq 2003; not found for ISIS 2014-17"


def test_whether_the_coalitions_differ_is_said_for_each_measure(results):
    said = say_difference(results)
    assert "found for ratio of probabilities only" in said
    assert "points over all states compared 0.700" in said


def test_quantities_have_names_and_units():
    assert quantity_name("ame_pact_total") == "pact: effect on joining, total"
    assert quantity_name("ame_rio_natural_direct") == "Rio: effect on joining, natural direct"
    assert quantity_name("alignment_slope") == "slope of alignment"
    assert quantity_name("alignment_rio") == "Rio: effect on alignment"
    assert quantity_name("something_else") == "something_else"
    assert [
        quantity_unit(q) for q in ("ame_pact_total", "probability_none_total", "risk_ratio_rio_total")
    ] == [
        "points",
        "%",
        "ratio",
    ]
    assert len(set(LEVEL_COLOURS.values())) >= 5


def test_a_path_breaks_where_a_state_was_absent():
    frame = pd.DataFrame({"year": [1, 2, 5, 6, 1, 2], "name": ["a"] * 4 + ["b"] * 2})
    frame = frame.assign(mean=0.0, lower=-1.0, upper=1.0, tip="")
    spells = [row["spell"] for row in paths_chart(frame, "position")["datasets"]["paths"]]
    assert spells[0] == spells[1] != spells[2] == spells[3]
    assert spells[3] != spells[4] == spells[5]
