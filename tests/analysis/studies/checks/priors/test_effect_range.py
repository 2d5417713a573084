"""The page on the prior: its numbers are those of the prior, which holds possible what the page states."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from analysis.studies.checks.priors.effect_range import draw_prior, find_limits
from analysis.variants.table import MAIN
from data.load import load_panel
from models.panel import prepare_panel_data
from models.spec import CoalitionSpec

PAGE = Path(__file__).parents[5] / "models" / "docs" / "priors.md"
BEFORE = {"geography": "region", "heterogeneity": "none"}
"""The model of joining for which the prior was chosen; it had no covariate capability."""
STATED = {"95 %": 0.60, "half": 0.20, "difference, 95 %": 0.50}


@pytest.fixture(scope="module")
def limits():
    """A function of both scales: the limits of effects under that prior."""
    covariates = tuple(pair for pair in MAIN.data.covariates if pair[0] != "capability")
    panel = prepare_panel_data(load_panel(replace(MAIN.data, covariates=covariates)))
    prior = draw_prior(panel, CoalitionSpec(**BEFORE), len(panel.level) - 1, seed=1)
    return lambda scale, case_scale: find_limits(prior, panel, scale, case_scale, seed=2)


@pytest.mark.slow
def test_the_table_of_the_page_is_that_of_the_prior(limits):
    found = re.findall(
        r"^\| \**(?:\w+, )?([\d.]+), ([\d.]+)\**(?::[^|]*)? \| ±(\d+) \| ±(\d+) \| ±(\d+) \|$",
        PAGE.read_text(encoding="utf-8"),
        flags=re.MULTILINE,
    )
    assert len(found) == 6
    for scale, case_scale, *told in found:
        drawn = limits(float(scale), float(case_scale)).values()
        # Errors of 4,000 draws, and of rounding.
        assert [100 * value for value in drawn] == pytest.approx([float(value) for value in told], abs=3)


@pytest.mark.slow
def test_the_prior_of_the_spec_holds_possible_what_is_stated_and_the_old_one_did_not(limits):
    def misses(scale: float, case_scale: float) -> list[float]:
        return [abs(limit - STATED[name]) for name, limit in limits(scale, case_scale).items()]

    spec = CoalitionSpec()
    assert max(misses(spec.guarantee_scale, spec.guarantee_case_scale)) < 0.08
    assert max(misses(1.0, 0.5)) > 0.25
