"""Interactive charts: each function returns a Vega-Lite spec with its data.

They draw summaries and compute nothing.
Colours of text, grid and background are variables of the page's style, for light, dark and print.
"""

import textwrap

import altair as alt
import pandas as pd

INK, FAINT, PAPER, ACCENT = "var(--ink)", "var(--grid)", "var(--paper)", "var(--accent)"
FONT = "system-ui, sans-serif"
LABEL_HEIGHT = 112
"""Where the names of states begin in a chart of positions, in pixels from its top."""
LABEL_WIDTH = 22
"""Characters after which the label of a row wraps. A phone has no room for more beside the chart."""


def interval_chart(frame: pd.DataFrame, x_title: str, *, zero: bool = True, row_height: int = 30) -> dict:
    """Chart means as markers and intervals as lines, a row for each label.

    Parameters
    ----------
    frame : pd.DataFrame
        ``row`` (label, in the order of the chart), ``mean, lower, upper`` in the unit of the axis, ``colour``
        and ``shape`` (as in Vega-Lite). Optional columns: ``series`` puts several estimates in a row, one
        below the other, the first filled and the others hollow; ``text`` is written above the marker;
        columns that begin with ``tip_`` appear on hovering.
    x_title : str
        Title of the axis, with its unit.
    zero : bool
        Draw a line at zero.
    row_height : int
        Height of a row, pixels.
    """
    frame = frame.assign(
        row=["\n".join(textwrap.wrap(str(text), LABEL_WIDTH)) for text in frame["row"]],
    )
    several = "series" in frame and frame["series"].nunique() > 1
    fill = frame["colour"]
    if several:
        fill = fill.where(frame["series"] == frame["series"].iloc[0], PAPER)
    frame = frame.assign(fill=fill)
    y = alt.Y("row:N", sort=None, title=None).axis(
        labelExpr="split(datum.label, '\\n')", labelLimit=190, labelPadding=6, grid=False
    )
    x = alt.X("mean:Q", title=x_title).scale(zero=zero).axis(tickCount=7, labelFlush=False)
    base = alt.Chart(frame).encode(y=y, tooltip=list_tips(frame), color=alt.Color("colour:N", scale=None))
    if several:
        base = base.encode(yOffset=alt.YOffset("series:N", sort=None))
    line = base.mark_rule(strokeWidth=2).encode(
        x=alt.X("lower:Q", title=x_title).scale(zero=zero), x2="upper:Q"
    )
    mark = base.mark_point(size=70, strokeWidth=2, opacity=1).encode(
        x=x, fill=alt.Fill("fill:N", scale=None), shape=alt.Shape("shape:N", scale=None)
    )
    layers = [line, mark]
    if "text" in frame:
        layers.append(
            base.mark_text(dy=-13, fontSize=13, fontWeight="bold").encode(
                x=x, text="text:N", color=alt.value(INK)
            )
        )
    if zero:
        layers.insert(0, _zero_line())
    rows = frame["row"].nunique()
    per_row = row_height * (1 if not several else max(1, 0.62 * frame["series"].nunique()))
    return finish(alt.layer(*layers), height=int(rows * per_row) + 10)


def positions_chart(frame: pd.DataFrame, y_title: str) -> dict:
    """Chart the states of a case in the order of their positions, with intervals, and details on hovering.

    ``frame`` has ``order`` (1 is the lowest), ``state, name, mean, lower, upper, colour, shape, fill``,
    ``label`` (a name that is always shown, or empty), and columns that begin with ``tip_``. The spec's
    parameter ``shown`` is 0, or the list of states to highlight.
    """
    shown = alt.param(name="shown", value=0)
    picked = "(!isArray(shown) || indexof(shown, datum.state) >= 0)"
    named = "isArray(shown) && length(shown) <= 6 && indexof(shown, datum.state) >= 0"
    frame = frame.assign(left=frame["order"] - 0.5, right=frame["order"] + 0.5)
    x = alt.X("order:Q", title="States in the order of their alignment").axis(
        labels=False, ticks=False, grid=False
    )
    # Room for the names at both ends, which would stand on the axis.
    x = x.scale(domain=[-1.5, len(frame) + 2.5], nice=False)
    tips = list_tips(frame)
    colour = alt.Color("colour:N", scale=None)
    low, high = frame["lower"].min(), frame["upper"].max()
    # The upper third is for the names.
    scale = alt.Scale(zero=False, nice=False, domain=[low, high + 0.42 * (high - low)])
    clear = alt.when(picked).then(alt.value(1)).otherwise(alt.value(0.08))
    base = alt.Chart(frame).encode(x=x, color=colour)
    line = base.mark_rule(strokeWidth=1.5).encode(
        y=alt.Y("lower:Q", title=y_title).scale(scale).axis(titleAnchor="start"), y2="upper:Q", opacity=clear
    )
    mark = base.mark_point(size=22, strokeWidth=1.5).encode(
        y="mean:Q", shape=alt.Shape("shape:N", scale=None), fill=alt.Fill("fill:N", scale=None), opacity=clear
    )
    names = (
        alt.Chart(frame)
        .transform_calculate(label=f"{named} ? datum.name : ''")
        .mark_text(dy=-10, color=INK, fontWeight="bold", fontSize=12)
        .encode(x="order:Q", y="upper:Q", text="label:N")
    )
    labels = (
        alt.Chart(frame[frame["label"] != ""])
        .mark_text(angle=270, align="left", baseline="middle", fontSize=11, color=INK)
        .encode(x="order:Q", y=alt.value(LABEL_HEIGHT), text="label:N", opacity=clear)
    )
    leader = (
        alt.Chart(frame[frame["label"] != ""])
        .mark_rule(color=FAINT, strokeWidth=1)
        .encode(x="order:Q", y=alt.Y("upper:Q").scale(scale), y2=alt.value(LABEL_HEIGHT + 4))
    )
    hover = (
        alt.Chart(frame)
        .mark_bar(opacity=0, cursor="crosshair")
        .encode(x=alt.X("left:Q"), x2="right:Q", y=alt.value(0), y2=alt.value("height"), tooltip=tips)
    )
    layers = alt.layer(leader, line, mark, labels, names, hover)
    return finish(layers.add_params(shown), height=400)


def curve_chart(frame: pd.DataFrame, main: float, y_title: str) -> dict:
    """Chart the specification curve: the effect under every variant, from the smallest to the largest.

    ``frame`` has ``order, mean, lower, upper, is_main``, and columns that begin with ``tip_``; ``main`` is
    the effect of the main analysis.
    """
    x = alt.X("order:Q", title="Variants, from the smallest effect to the largest").axis(
        labels=False, ticks=False, grid=False
    )
    colour = alt.when("datum.is_main").then(alt.value(ACCENT)).otherwise(alt.value("var(--level-pact)"))
    base = alt.Chart(frame).encode(
        x=x.scale(domain=[0, len(frame) + 1], nice=False), color=colour, tooltip=list_tips(frame)
    )
    line = base.mark_rule(strokeWidth=2).encode(
        y=alt.Y("lower:Q", title=y_title).scale(zero=True), y2="upper:Q"
    )
    mark = base.mark_point(size=45, filled=True, opacity=1).encode(y="mean:Q")
    at_main = (
        alt.Chart(pd.DataFrame({"y": [main]})).mark_rule(color=ACCENT, strokeDash=[4, 4]).encode(y="y:Q")
    )
    zero = alt.Chart(pd.DataFrame({"y": [0.0]})).mark_rule(color=INK).encode(y="y:Q")
    return finish(alt.layer(zero, at_main, line, mark), height=280)


def grid_chart(frame: pd.DataFrame, x_title: str, y_title: str, value_title: str) -> dict:
    """Chart a grid of labelled cells, e.g. an effect by two strengths of confounding.

    ``frame`` has ``x, y``, ``text`` (written in the cell), ``tip`` (shown on hovering, titled
    ``value_title``) and ``clear`` (whether the interval excludes zero).
    """
    base = alt.Chart(frame).encode(
        x=alt.X("x:O", title=x_title).axis(labelAngle=0, grid=False),
        y=alt.Y("y:O", title=y_title, sort="descending").axis(grid=False),
        tooltip=[alt.Tooltip("tip:N", title=value_title)],
    )
    cell = base.mark_rect(stroke=PAPER, strokeWidth=2).encode(
        color=alt.when("datum.clear")
        .then(alt.value("var(--cell-clear)"))
        .otherwise(alt.value("var(--cell-zero)"))
    )
    text = base.mark_text(color=INK, fontSize=12).encode(text="text:N")
    return finish(alt.layer(cell, text), height=34 * frame["y"].nunique() + 20)


def list_tips(frame: pd.DataFrame) -> list[alt.Tooltip]:
    """Tooltips from the columns that begin with ``tip_``."""
    names = [name for name in frame.columns if name.startswith("tip_")]
    return [alt.Tooltip(f"{name}:N", title=name.removeprefix("tip_")) for name in names]


def _zero_line() -> alt.Chart:
    return alt.Chart(pd.DataFrame({"zero": [0.0]})).mark_rule(color=INK, strokeWidth=1).encode(x="zero:Q")


def finish(chart: alt.LayerChart, height: int) -> dict:
    """Set the width, the page's colours and one font."""
    text = {"labelColor": INK, "titleColor": INK, "labelFont": FONT, "titleFont": FONT}
    return (
        chart.properties(width="container", height=height, background="transparent")
        .configure(font=FONT, autosize=alt.AutoSizeParams(type="fit-x", contains="padding"))
        .configure_axis(
            **text,
            gridColor=FAINT,
            domainColor=INK,
            tickColor=INK,
            labelFontSize=12,
            titleFontSize=12,
            titleFontWeight="normal",
            titlePadding=8,
        )
        .configure_axisX(titleAnchor="end", titleLimit=400)
        .configure_legend(**text, labelFontSize=12, labelLimit=140)
        .configure_view(stroke=None)
        .to_dict()
    )
