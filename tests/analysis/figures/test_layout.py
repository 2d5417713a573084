"""Every figure says its finding, and nothing in it is cut off, overprinted or covered.

The figures are drawn from the published tables; those that are not published, from made-up ones.
"""

import re

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox
from support.made_results import make_sensitivity

from analysis.commands.compare import compare_effects
from analysis.figures.compare import plot_comparison
from analysis.figures.draw import save_figure, title_figure
from analysis.figures.run import draw_run
from analysis.pipeline.robustness import pick_effect
from analysis.report.published import load_published
from analysis.store.results import PUBLISHED
from analysis.studies.acts.figures import draw_acts
from analysis.studies.calibration.stage2 import plot_ranks
from analysis.studies.checks.figures import draw_checks
from analysis.studies.checks.priors.figure import plot_priors
from analysis.studies.checks.stage1.figures import draw_positions
from analysis.studies.propagation.figures import plot_study
from analysis.studies.sensitivity.figure import plot_curve
from data.load import ISSUE_NAMES

CHECKS = ("checks", "calibration", "confounding", "tiers", "influence")
SLACK = 2
"""Pixels by which a text may leave the figure."""


def make_acts() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Made-up acts.csv and acts_effects.csv."""
    rng, powers = np.random.default_rng(1), ["USA", "RUS"]
    acts = pd.DataFrame(
        {
            "power": np.repeat(powers, 12),
            "label": [f"Intervention number {k} with a rather long name of a place" for k in range(24)],
            "year": 1950 + np.arange(24),
            "against": rng.random(24),
        }
    )
    for effect in ("total", "direct"):
        mean = rng.normal(0.2, 0.05, 24)
        for name, shift in (("mean", 0), ("lower", -0.1), ("upper", 0.1)):
            acts[f"shield_{effect}_{name}"] = mean + shift
    fixed = {"answer": "shield", "group": "protected", "kind": "all", "mean": 0.2, "lower": 0.1, "upper": 0.3}
    effects = pd.DataFrame(
        [
            fixed | {"power": power, "era": era, "votes": votes, "effect": effect}
            for power in powers
            for era in ("all", "to 1989", "from 1990")
            for votes in ("acts", "ordinary")
            for effect in ("total", "direct")
        ]
    )
    return acts, effects


@pytest.fixture(scope="module")
def figures() -> dict[str, Figure]:
    results = load_published()
    tables = {name: pd.read_csv(PUBLISHED / f"{name}.csv") for name in CHECKS}
    tables["confounding"]["benchmark"] = tables["confounding"]["benchmark"].fillna("")
    variants = make_sensitivity()
    other = results.effects.assign(mean=results.effects["mean"] + 0.1)
    return {
        "compare": plot_comparison(
            compare_effects(results.effects, other), "main", "a-variant-of-a-long-name"
        ),
        **draw_run(results.ideal_points, results.effects, results.table("overlap.csv"), results.panel),
        **draw_checks(tables, results.panel, ISSUE_NAMES),
        **draw_positions(pd.read_csv(PUBLISHED / "position_checks.csv"), results.case_labels),
        **draw_acts(*make_acts()),
        "check_priors": plot_priors(tables["checks"], results.case_labels),
        "study": plot_study(pd.read_csv(PUBLISHED / "propagation_study.csv"), {"iraq": 0.14, "isis": 0.13}),
        "sbc": plot_ranks(pd.read_csv(PUBLISHED / "sbc.csv")),
        "curve": plot_curve(
            pick_effect(variants), pick_effect(variants, "direct"), "mean of both coalitions", (-0.4, 0.4)
        ),
    }


def box(part) -> Bbox:
    return part.get_window_extent()


def is_drawn(text: Text) -> bool:
    return bool(text.get_visible() and text.get_text().strip() and (not text.axes or text.axes.get_visible()))


def find_faults(figure: Figure) -> list[str]:
    """Return what is cut off, overprinted or covered in a figure."""
    FigureCanvasAgg(figure).draw()
    whole, faults = figure.bbox.padded(SLACK), []
    axes = [axis for ax in figure.axes if ax.get_visible() for axis in (ax.xaxis, ax.yaxis)]
    ticks = [tick for axis in axes for tick in (*axis.majorTicks, *axis.minorTicks)]
    of_ticks = {label for tick in ticks for label in (tick.label1, tick.label2)}
    renderer = figure.canvas.get_renderer()
    parts = {axis: axis.get_tightbbox(renderer) for axis in axes}
    parts |= {text: box(text) for text in figure.findobj(Text) if text not in of_ticks and is_drawn(text)}
    for part, found in parts.items():
        if found is not None and not (whole.contains(*found.min) and whole.contains(*found.max)):
            faults.append(f"cut off: {part.get_text() if isinstance(part, Text) else part}")
    title = figure._suptitle
    others = [*figure.legends, *(ax.title for ax in figure.axes if ax.get_title()), figure._supxlabel]
    faults += [
        f"overprints the title: {other}"
        for other in filter(None, others)
        if title is not None and box(title).padded(-1).overlaps(box(other))
    ]
    for legend in figure.legends:
        faults += [
            "a legend covers a panel" for ax in figure.axes if box(ax).padded(-1).overlaps(box(legend))
        ]
    for ax in figure.axes:
        legend = ax.get_legend()
        if legend is None:
            continue
        frame = box(legend)
        points = [
            ax.transData.transform(np.column_stack(line.get_data()))
            for line in ax.lines
            if len(line.get_xdata())
        ]
        if any(frame.contains(*point) for of_line in points for point in of_line):
            faults.append("a legend covers data")
    return faults


def test_nothing_is_cut_off_overprinted_or_covered(figures):
    faults = {name: found for name, figure in figures.items() if (found := find_faults(figure))}
    assert faults == {}


def test_titles_say_the_finding_in_one_size_of_type(figures):
    titles = {name: " ".join(figure.get_suptitle().split()) for name, figure in figures.items()}
    nearest = {name for name in titles if name.startswith("alignment_") and "effects" not in name}
    # A finding has a number, or names who stands out.
    names = nearest | {"check_unplaced", "sbc"}
    assert [name for name, title in titles.items() if name not in names and not re.search(r"\d", title)] == []
    assert all("nearest to the US" in titles[name] for name in nearest)
    assert {figure._suptitle.get_fontsize() for figure in figures.values()} == {10.0}


def test_titles_claim_no_more_than_the_model(figures):
    claim = re.compile(r"\b(adds?|rais(e|es|ed)|lower(s|ed)|makes?|boosts?|leads? to)\b", re.IGNORECASE)
    titles = {name: figure.get_suptitle() for name, figure in figures.items()}
    assert {name: title for name, title in titles.items() if claim.search(title)} == {}


def test_text_in_an_svg_stays_text(figures, tmp_path):
    for name in ("effects", "check_tiers", "curve"):
        save_figure(figures[name], tmp_path / name)
        drawn = (tmp_path / f"{name}.svg").read_text()
        assert figures[name].get_suptitle().split()[0] in drawn
        assert "<text" in drawn


def test_faults_are_seen():
    figure = Figure(figsize=(3, 3))
    ax = figure.subplots()
    ax.plot([0, 1], [0, 1], label="a line")
    ax.legend(loc="upper right")
    figure.suptitle("a title that is far too long for a figure of this width, and then some")
    faults = find_faults(figure)
    assert [fault.split(":")[0] for fault in faults] == ["cut off", "a legend covers data"]
    title_figure(figure, "a title that is far too long for a figure of this width, and then some")
    ax.get_legend().remove()
    figure.set_layout_engine("constrained")
    assert find_faults(figure) == []
