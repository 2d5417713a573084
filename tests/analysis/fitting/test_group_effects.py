"""Effects by group in worlds where a pact does the same everywhere, and in worlds where it does not."""

import numpy as np
import pytest
from support.results.worlds_of_groups import average_by_group, fit_worlds, simulate_worlds

from models.spec import CoalitionSpec

SPEC = CoalitionSpec(heterogeneity="capability-region")
WITHOUT = CoalitionSpec(heterogeneity="none")
N = 12
KINDS = {
    "drawn": {},
    "same": {"pact": 1.2, "by_capability": 0.0, "by_region": {}},
    "by region": {"pact": 0.8, "by_capability": 0.0, "by_region": {"WEOG": 1.5, "Asia-Pacific": -1.5}},
    "by capability": {"pact": 1.0, "by_capability": 1.2, "by_region": {}},
}


@pytest.fixture(scope="module")
def worlds():
    return {kind: simulate_worlds(N, 7, **parameters) for kind, parameters in KINDS.items()}


@pytest.fixture(scope="module")
def fitted(worlds):
    """Effects by group of each world, by kind: all fits are of one compiled model."""
    panels = [panel for kind in worlds.values() for panel, _ in kind]
    found = [
        average_by_group(p, panel) for p, panel in zip(fit_worlds(panels, SPEC, seed=3), panels, strict=True)
    ]
    return {kind: found[k * N : (k + 1) * N] for k, kind in enumerate(worlds)}


def compare(effects, first, second):
    """Draws (sample,) of the pooled effect in one group less that in another, for each world."""
    pooled = [effect["ame"].sel(case="pooled") for effect in effects]
    return [(e.sel(group=first, drop=True) - e.sel(group=second, drop=True)).values for e in pooled]


def share_sure(effects, first, second):
    return np.mean([(draws > 0).mean() > 0.95 for draws in compare(effects, first, second)])


@pytest.mark.slow
@pytest.mark.parametrize("quantity", ["ame", "att"])
def test_intervals_cover_the_effects_of_groups(worlds, fitted, quantity):
    covered, errors = [], []
    for (_, truth), effect in zip(worlds["drawn"], fitted["drawn"], strict=True):
        draws = effect[quantity].reindex(group=truth["group"].values).transpose("case", "group", "sample")
        true = truth[quantity].values
        lower, upper = np.quantile(draws.values, [0.05, 0.95], axis=-1)
        known = np.isfinite(true)
        covered.append(((lower <= true) & (true <= upper))[known].mean())
        errors.append(((draws.mean("sample").values - true) / draws.std("sample").values)[known].mean())
    # Groups and cases of a world share its states: the world is the unit.
    assert np.mean(covered) > 0.9 - 3 * np.std(covered) / np.sqrt(N)
    assert np.mean(covered) > 0.75
    assert abs(np.mean(errors)) < 3.3 * np.std(errors) / np.sqrt(N) + 0.1


@pytest.mark.slow
def test_differences_between_regions_are_found_where_they_are_and_not_where_they_are_not(worlds, fitted):
    true = np.mean([
        float(t["ame"].sel(case="pooled", group="WEOG") - t["ame"].sel(case="pooled", group="Asia-Pacific"))
        for _, t in worlds["by region"]
    ])  # fmt: skip
    estimated = np.mean([d.mean() for d in compare(fitted["by region"], "WEOG", "Asia-Pacific")])
    assert true > 0.2
    assert estimated > true / 3
    assert share_sure(fitted["by region"], "WEOG", "Asia-Pacific") > 0.3
    for first, second in (("WEOG", "Asia-Pacific"), ("Asia-Pacific", "WEOG"), ("Eastern European", "WEOG")):
        assert share_sure(fitted["same"], first, second) <= 0.17


@pytest.mark.slow
def test_small_and_major_states_can_differ_only_with_the_interaction(worlds, fitted):
    """What the old model called a finding: without the interaction the numbers agree on any data."""
    panels = [panel for panel, _ in worlds["by capability"]]
    without = [
        average_by_group(p, panel)
        for p, panel in zip(fit_worlds(panels, WITHOUT, seed=4), panels, strict=True)
    ]
    true = np.mean([
        float(t["ame"].sel(case="pooled", group="major") - t["ame"].sel(case="pooled", group="small"))
        for _, t in worlds["by capability"]
    ])  # fmt: skip
    by_model = {
        name: np.mean([d.mean() for d in compare(effects, "major", "small")])
        for name, effects in (("with", fitted["by capability"]), ("without", without))
    }
    assert true > 0.2
    assert by_model["with"] > 0.5 * true
    assert by_model["without"] < 0.5 * by_model["with"]
    assert share_sure(fitted["by capability"], "major", "small") > 0.3
    assert share_sure(fitted["same"], "major", "small") <= 0.17
