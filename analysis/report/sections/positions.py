"""Where the states stand: maps, a chart of all states for each case, and a table to search and sort."""

import pandas as pd

from analysis.figures.style import level_name, short_level
from analysis.posterior.words import estimate
from analysis.report.blocks import Chart, Explorer, Maps, Section, StatePage, Text
from analysis.report.charts import positions_chart
from analysis.report.sections.effects import level_legend, level_style
from analysis.report.states import PREDICTIONS, state_positions
from analysis.report.tables import Cell, Column, estimates, make_table, text_column
from analysis.store.results import Results

UNIT = "Alignment with the US (sd of states)"
NAMED = ("ISR", "GBR", "POL", "RUS", "CHN", "IND", "FRA", "DEU", "JPN", "BRA", "TUR", "CUB", "AUS", "KOR")
NAMED += ("UKR", "MEX", "ZAF", "SWE", "COL", "SAU", "PAK", "IDN", "GEO", "NGA", "PLW", "CAN", "ARG", "VNM")
"""States whose names the charts of positions show, the first ones first, as far as there is room."""
ROOM = 7
"""States between two names in a chart of positions."""
REFERENCE = "USA"


def build_positions(results: Results) -> Section:
    """The charts of both cases, and the table of all states."""
    positions = state_positions(results)
    labels, names = results.case_labels, results.state_names
    tallies = [labels[c] for c, v in results.record["votes"].items() if v["granularity"] == "agenda"]
    about = (
        "A state\N{RIGHT SINGLE QUOTATION MARK}s alignment is its position in the votes of the General "
        "Assembly minus that of the US, in standard deviations of states. Higher is nearer to the US. "
        "Hover over a line or tap it to see the state, its 90 % interval, its guarantee, and whether it "
        "joined each coalition. The charts highlight the states that you search for."
    )
    if tallies:
        about += (
            f" {' and '.join(tallies)}: estimated from tallies that compare each vote to the US vote. The US "
            "itself then has no position, and zero is the mean of all states."
        )
    legend = level_legend(results, "Filled: joined that coalition. Hollow: did not.")
    blocks = [_maps(results, positions), StatePage(_list_states(results)), Text(about), legend]
    blocks += [_case_chart(positions, case, labels, labels[case] in tallies) for case in labels]
    blocks.append(_explorer(results, positions))
    unseen = [
        f"{labels[case]}: {', '.join(names.get(state, state) for state in states)}"
        for case, states in results.record["positions_from_region"].items()
        if states
    ]
    if unseen:
        blocks.append(
            Text(
                "Stage 1 cannot estimate the position of a state that cast no vote in the window. Stage 2 "
                f"draws it from the distribution of its region. {'; '.join(unseen)}."
            )
        )
    return Section("positions", "Where the states stand", blocks, ("ideal_points.csv", PREDICTIONS))


def _maps(results: Results, positions: pd.DataFrame) -> Maps:
    """The maps, with a caption that says who joined without a guarantee, and who stayed away with one."""
    measures = [("alignment", "Alignment"), ("guarantee", "Guarantee"), ("joined", "Joined")]
    if (results.folder / PREDICTIONS).is_file():
        measures.append(("expected", "Expected probability of joining"))
    top, parts = results.levels[-1], []
    for case, label in results.case_labels.items():
        rows = positions[positions["case"] == case]
        joined, has = rows["joined"] == "yes", rows["guarantee"] == top
        parts.append(
            f"{label}: {int((joined & has).sum())} of {int(has.sum())} states with a pact joined, and "
            f"{int((joined & ~has).sum())} of {int((~has).sum())} without one"
        )
    told = "; ".join(parts)
    return Maps(
        measures,
        results.case_labels,
        f"Maps of all states. {told}. The table of states below has the same numbers.",
        f"{told}. On tiles every state is as large as any other. Choose what the maps show; a click on a "
        "state opens its page below.",
    )


def _list_states(results: Results) -> list[tuple[str, str]]:
    """All states by name, with the reference."""
    return sorted((results.state_names | {REFERENCE: "United States"}).items(), key=lambda item: item[1])


def _case_chart(positions: pd.DataFrame, case: str, labels: dict[str, str], by_tallies: bool) -> Chart:
    rows = positions[(positions["case"] == case) & positions["mean"].notna()]
    rows = _add_reference(rows, by_tallies).sort_values("mean", ignore_index=True)
    styles = pd.DataFrame([level_style(level) for level in rows["guarantee"]])
    others = [c for c in labels if c != case]
    joined = positions.set_index(["case", "state"])["joined"]
    frame = rows.assign(
        order=rows.index + 1.0,
        label=_choose_names(rows),
        colour=styles["colour"].where(rows["state"] != REFERENCE, "var(--accent)"),
        shape=styles["shape"],
        fill=styles["colour"].where(rows["joined"] == "yes", "var(--paper)"),
        tip_state=rows["name"],
        tip_alignment=estimates(rows, digits=2),
        tip_guarantee=[level_name(level) for level in rows["guarantee"]],
        **{f"tip_joined {labels[case]}": rows["joined"]},
        **{
            f"tip_joined {labels[c]}": [joined.get((c, state), "not a member") for state in rows["state"]]
            for c in others
        },
    ).drop(columns=["case", "region", "guarantee", "joined", "rank"])
    states = rows[rows["state"] != REFERENCE]
    lowest, highest = (list(states["name"].iloc[part]) for part in (slice(0, 3), slice(-3, None)))
    return Chart(
        f"positions-{case}",
        positions_chart(frame, UNIT),
        f"Alignment of {len(states)} states before {labels[case]}, from {', '.join(lowest)} at the far "
        "end to "
        f"{', '.join(highest)} nearest to the US. The table of states below has all numbers.",
        f"Before {labels[case]}, {states['name'].iloc[-1]} stood nearest to the US and "
        f"{states['name'].iloc[0]} furthest from it. Alignment of every state, mean and 90 % interval.",
    )


def _add_reference(rows: pd.DataFrame, by_tallies: bool) -> pd.DataFrame:
    """Add the US where it stands: alignment is measured from it, so that it is 0 without an interval."""
    if by_tallies:
        # Tallies have no place for the US; zero is then the mean of all states.
        return rows
    us = {"state": REFERENCE, "name": "United States", "guarantee": "none", "joined": "led it"}
    return pd.concat(
        [rows, pd.DataFrame([us | dict.fromkeys(("mean", "lower", "upper"), 0.0)])], ignore_index=True
    )


def _choose_names(rows: pd.DataFrame) -> list[str]:
    """Choose names to show, the US and the ends first, with room between them."""
    place = {state: i for i, state in enumerate(rows["state"])}
    ends = [rows["state"].iloc[0], rows["state"].iloc[-1]]
    taken: list[int] = []
    for state in (REFERENCE, *ends, *NAMED):
        if state in place and all(abs(place[state] - other) >= ROOM for other in taken):
            taken.append(place[state])
    return [name if i in taken else "" for i, name in enumerate(rows["name"])]


def _explorer(results: Results, positions: pd.DataFrame) -> Explorer:
    labels, panel = results.case_labels, results.panel
    low, high = positions["lower"].min(), positions["upper"].max()
    by_case = {case: rows.set_index("state") for case, rows in positions.groupby("case")}
    states = pd.DataFrame(
        {"state": panel["state"].values, "name": panel["name"].values, "region": panel["region"].values}
    ).sort_values("name", ignore_index=True)
    columns = [text_column("State", "name"), text_column("Region", "region")]
    for case, label in labels.items():
        columns += [
            Column(f"{label}: alignment", _alignment(by_case[case], low, high), numeric=True),
            Column(f"{label}: guarantee", _member(by_case[case], "guarantee")),
            Column(f"{label}: joined", _member(by_case[case], "joined")),
        ]
    table = make_table(
        states, columns, "All states: alignment (mean and 90 % interval), guarantee, and whether they joined"
    )
    keys = [
        {
            "state": r.state,
            "region": r.region,
            "levels": sorted(
                {str(t.loc[r.state, "guarantee"]) for t in by_case.values() if r.state in t.index}
            ),
        }
        for r in states.itertuples(index=False)
    ]
    return Explorer(
        table,
        sorted(set(map(str, panel["region"].values))),
        [(level, level_name(level)) for level in results.levels],
        keys,
    )


def _alignment(rows: pd.DataFrame, low: float, high: float):
    def make(state: pd.Series) -> Cell:
        if state["state"] not in rows.index:
            return Cell("not in this case", "")
        row = rows.loc[state["state"]]
        if pd.isna(row["mean"]):
            return Cell("no votes", "")
        place = [round(100 * (row[name] - low) / (high - low), 1) for name in ("lower", "mean", "upper")]
        text = estimate(row["mean"], row["lower"], row["upper"], digits=2)
        return Cell(text, float(row["mean"]), (*place, row["guarantee"]))

    return make


def _member(rows: pd.DataFrame, name: str):
    def make(state: pd.Series) -> str:
        if state["state"] not in rows.index:
            return ""
        value = rows.loc[state["state"], name]
        return short_level(value) if name == "guarantee" else value

    return make
