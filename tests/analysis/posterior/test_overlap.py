"""Groups within the overlap, the rows that answer the question, and who is comparable."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from analysis.figures.overlap import plot_overlap
from analysis.posterior.groups.overlap import describe_overlap, fit_propensity
from analysis.posterior.joining import find_overlap, list_groups
from analysis.posterior.words import take_headline
from data.load import load_panel
from data.spec import DataSpec


@pytest.fixture(scope="module")
def panel():
    return load_panel(DataSpec())


def test_regions_overlap_where_some_have_the_level_and_some_have_none(panel):
    inside = find_overlap(panel)
    regions = {case: set(panel["region"].values[inside.sel(case=case)]) for case in ("iraq", "isis")}
    three = {"Asia-Pacific", "Eastern Europe", "Western Europe and Others"}
    assert regions == {"iraq": three, "isis": three}
    rio = find_overlap(panel, "rio")
    assert set(panel["region"].values[rio.any("case")]) == {"Latin America and Caribbean"}
    # Without the states that have none, a region has nobody to compare with.
    few = panel.copy(deep=True)
    few["included"] &= ~((few["region"] == "Asia-Pacific") & (few["guarantee"] == "none"))
    assert "Asia-Pacific" not in set(few["region"].values[find_overlap(few).any("case")])


def test_groups_lie_within_the_overlap(panel):
    groups = list_groups(panel)
    assert groups["group"].values[:5].tolist() == ["all", "overlap", "small", "middle", "major"]
    overlap = groups.sel(group="overlap", drop=True)
    sizes = groups.sel(group=["small", "middle", "major"])
    assert sizes.sum("group").equals(overlap.astype(int))
    regions = groups.isel(group=slice(5, None))
    assert regions.sum("group").equals(overlap.astype(int))
    assert not regions.sel(group="Africa").any()
    assert groups.sel(group="all", drop=True).equals(panel["included"].reset_coords(drop=True))


def test_the_headline_is_the_overlap_where_every_case_has_one():
    rows = [("ame", "iraq", "all"), ("ame", "iraq", "overlap"), ("ame", "iraq", "small"),
            ("rio", "iraq", "all"), ("rio", "isis", "all"), ("rio", "isis", "overlap"),
            ("slope", "iraq", "all")]  # fmt: skip
    effects = pd.DataFrame(rows, columns=["quantity", "case", "group"])
    taken = take_headline(effects)
    assert list(taken.itertuples(index=False, name=None)) == [rows[i] for i in (1, 3, 4, 6)]
    everywhere = effects[effects["group"] == "all"]
    assert take_headline(everywhere).equals(everywhere)


def test_propensity_follows_what_gives_pacts():
    rng = np.random.default_rng(1)
    design = rng.normal(size=(400, 2))
    true = expit(-1 + 1.5 * design[:, 0])
    found = fit_propensity(design, rng.random(400) < true)
    assert np.corrcoef(found, true)[0, 1] > 0.95
    assert np.abs(found - true).mean() < 0.06
    assert fit_propensity(design[:0], np.zeros(0, bool)).size == 0


def test_propensity_is_given_only_where_a_comparison_exists(panel):
    table = describe_overlap(panel)
    assert len(table) == int(panel["included"].sum())
    compared = table["overlap"] & table["level"].isin(["none", "pact"])
    assert (table["propensity"].notna() == compared).all()
    by_level = table.groupby(["case", "level"])["propensity"].mean().unstack()
    assert (by_level["pact"] > by_level["none"] + 0.2).all()


def test_figure_has_a_panel_for_each_case_and_names_regions_without_comparison(panel):
    figure = plot_overlap(describe_overlap(panel), panel)
    assert len(figure.axes) == 2 * panel.sizes["case"]
    labels = [text.get_text() for text in figure.axes[0].get_yticklabels()]
    assert [label.split("\n")[0] for label in labels if "no comparison" in label] == [
        "Latin America and Caribbean",
        "Africa",
    ]
