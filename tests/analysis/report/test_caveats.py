"""What the first page says beside the headline."""

import pytest
from support.made_results import make_prior_sensitivity, make_weighting, write_results

from analysis.report.caveats import list_caveats
from analysis.report.page import render_report
from analysis.store.results import Results


@pytest.fixture
def results(tmp_path):
    return Results.load("main", results=write_results(tmp_path), output=tmp_path)


def write_weighting(results, isis):
    table = make_weighting()
    table.loc[table["case"] == "isis", ["mean", "lower", "upper", "prob_positive"]] = isis
    table.to_csv(results.folder / "weighting.csv", index=False)


def write_prior(results, moved, pareto_k=0.4):
    table = make_prior_sensitivity().query("prior == 'half as wide'")
    table = table.assign(moved=moved, pareto_k=pareto_k, mean=0.2)
    table.to_csv(results.folder / "prior_sensitivity.csv", index=False)


def test_a_disagreement_is_on_the_first_page(results):
    write_weighting(results, isis=(0.12, -0.04, 0.42, 0.9))
    told = " ".join(list_caveats(results))
    assert "disagree about ISIS" in told
    assert "25 (12 to 38) points" in told
    assert "12 (−4 to 42)" in told
    assert "Only one of them is sure" in told
    assert "agrees with it about Iraq 2003." in told
    page = render_report(results)
    assert page.index("disagree about ISIS") < page.index('id="method"')


def test_agreement_is_said_too(results):
    write_weighting(results, isis=(0.25, 0.1, 0.4, 0.99))
    told = list_caveats(results)
    assert len(told) == 1
    assert "agrees with it about Iraq 2003 and" in told[0]


def test_a_prior_that_moves_the_headline_is_named(results):
    write_prior(results, moved=-0.4)
    (told,) = list_caveats(results)
    assert "by more than a quarter" in told
    assert "Iraq 2003 from 42 to 20 points (0.40 of its interval) with a prior half as wide" in told


def test_a_prior_that_moves_little_is_said_too_and_bad_weights_are_not_believed(results):
    write_prior(results, moved=0.1)
    assert "moves no headline" in list_caveats(results)[0]
    write_prior(results, moved=0.1, pareto_k=0.9)
    (told,) = list_caveats(results)
    assert "cannot be told" in told


def test_a_run_without_these_tables_has_no_caveats(results):
    assert list_caveats(results) == []
