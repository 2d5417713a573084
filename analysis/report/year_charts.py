"""Charts over the years of the General Assembly: positions of chosen states, and how all are spread."""

import altair as alt
import pandas as pd

from analysis.report.charts import ACCENT, INK, finish

PATHS = "paths"
"""Name of the data in the spec, which the page replaces when the reader picks other states."""
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8c564b", "#7f7f7f")
EVENTS = (
    (1956, "Suez, Hungary"),
    (1968, "Prague"),
    (1979, "Afghanistan"),
    (1989, "Berlin Wall"),
    (2003, "Iraq"),
    (2014, "ISIS"),
)
BREAK = 2
"""Years without a vote after which a line breaks."""


def paths_chart(frame: pd.DataFrame, y_title: str) -> dict:
    """Chart positions over the years with their intervals, one line a state.

    ``frame`` has ``year, name, mean, lower, upper, tip``, sorted by name and year. A line breaks where years
    are missing.
    """
    new = frame["year"].diff().gt(BREAK) | frame["name"].ne(frame["name"].shift())
    names = list(dict.fromkeys(frame["name"]))
    frame = frame.assign(
        spell=new.cumsum(),
        colour=[COLOURS[names.index(name) % len(COLOURS)] for name in frame["name"]],
    )
    base = alt.Chart(alt.NamedData(PATHS)).encode(
        x=_years(),
        color=alt.Color("colour:N", scale=None),
        detail="spell:N",
    )
    band = base.mark_area(line=False, opacity=0.2).encode(
        y=alt.Y("lower:Q", title=y_title).scale(zero=False), y2="upper:Q"
    )
    line = base.mark_line(strokeWidth=2).encode(y="mean:Q")
    # Wide invisible marks are easy to hit with a finger.
    hit = base.mark_point(size=160, opacity=0, filled=True).encode(
        y="mean:Q", tooltip=[alt.Tooltip("tip:N", title="position"), alt.Tooltip("year:Q", title="year")]
    )
    spec = finish(alt.layer(*_events(), band, line, hit), height=380)
    return spec | {"datasets": spec.get("datasets", {}) | {PATHS: frame.to_dict("records")}}


def spread_chart(frame: pd.DataFrame, y_title: str) -> dict:
    """Chart how positions are spread in each year: bands, the median, and the US.

    ``frame`` has ``year, p10, p25, median, p75, p90, us, tip``.
    """
    base = alt.Chart(frame).encode(x=_years())
    outer = base.mark_area(opacity=0.2, color="var(--level-pact)").encode(
        y=alt.Y("p10:Q", title=y_title).scale(zero=False), y2="p90:Q"
    )
    inner = base.mark_area(opacity=0.35, color="var(--level-pact)").encode(y="p25:Q", y2="p75:Q")
    middle = base.mark_line(strokeWidth=2, color=INK).encode(y="median:Q")
    us = base.mark_line(strokeWidth=2, color=ACCENT, strokeDash=[5, 3]).encode(y="us:Q")
    hit = base.mark_rule(strokeWidth=8, opacity=0).encode(tooltip=[alt.Tooltip("tip:N", title="year")])
    return finish(alt.layer(*_events(), outer, inner, middle, us, hit), height=300)


def _years() -> alt.X:
    return (
        alt.X("year:Q", title="Year of the session")
        .axis(format="d", grid=False, tickCount=8)
        .scale(nice=False, zero=False)
    )


def _events() -> tuple[alt.Chart, alt.Chart]:
    """Lines at years that readers know, with their names."""
    base = alt.Chart(pd.DataFrame(EVENTS, columns=["year", "event"])).encode(x=_years())
    rule = base.mark_rule(color="var(--line)", strokeDash=[2, 3])
    text = base.mark_text(angle=270, align="right", dy=-5, fontSize=11, color="var(--muted)").encode(
        y=alt.value(2), text="event:N"
    )
    return rule, text
