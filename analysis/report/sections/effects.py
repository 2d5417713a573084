"""The effects: how much more likely joining is with a guarantee, in total and at a given alignment."""

import pandas as pd

from analysis.figures.findings import name_difference, say_more
from analysis.figures.style import (
    ALL,
    GROUP_NAMES,
    OVERLAP,
    is_share,
    level_name,
    level_shape,
    quantity_name,
    quantity_unit,
    short_level,
)
from analysis.posterior.joining import find_holders
from analysis.posterior.words import estimate, interval, number, percent, points
from analysis.report.blocks import Chart, Folded, Heading, Legend, Section, Sortable, Text
from analysis.report.charts import interval_chart
from analysis.report.sections.differences import describe_differences
from analysis.report.tables import (
    Column,
    Table,
    estimates,
    in_points,
    interval_column,
    make_table,
    number_column,
    plain_columns,
)
from analysis.report.verdict import highest_level, select_effects
from analysis.store.results import Results

POINTS = "Percentage points (mean and 90 % interval)"
PATHS = {
    "total": "{} joining over both coalitions",
    "direct": "{} at the same alignment",
    "indirect": "{} through alignment",
}
KINDS = tuple(PATHS)


def case_names(results: Results) -> dict[str, str]:
    """Names of all cases of ``effects.csv``, with ``pooled`` and ``difference``."""
    names = list(results.case_labels.values())
    pooled = {1: "the case", 2: "both pooled"}.get(len(names), "all pooled")
    return results.case_labels | {"pooled": pooled, "difference": name_difference([names[0], names[-1]])}


def level_style(level: str) -> dict[str, str]:
    """Colour and shape of a level, for charts."""
    return {"colour": f"var(--level-{level}, var(--level-other))", "shape": level_shape(level)}


def level_legend(results: Results, note: str = "") -> Legend:
    """The legend of colours and shapes."""
    return Legend([(level, level_name(level), level_shape(level)) for level in results.levels], note)


def effect_rows(results: Results, level: str, cases: list[str], kinds: tuple[str, ...]) -> pd.DataFrame:
    """Effects of one level in percentage points, for a chart: a row a case, a series a kind."""
    names, parts = case_names(results), []
    for case in cases:
        for kind in kinds:
            rows = select_effects(results.effects, f"ame_{level}_{kind}")
            if case in rows.index:
                parts.append(rows.loc[[case]].assign(row=names[case], series=kind))
    frame = in_points(pd.concat(parts).reset_index())
    return frame.assign(
        level=level,
        **level_style(level),
        tip_effect=frame["row"] + ", " + frame["series"],
        tip_points=[number(v, 0) for v in frame["mean"]],
        tip_interval=[interval(a, b) for a, b in zip(frame["lower"], frame["upper"], strict=True)],
    )


def headline_chart(results: Results) -> Chart:
    """The chart beside the answer: the total effect of each guarantee, per case and pooled."""
    cases = [*results.case_labels, "pooled"]
    frame = pd.concat([effect_rows(results, level, cases, ("total",)) for level in results.levels[:0:-1]])
    frame = frame.assign(text=frame["tip_points"])
    names = {level: short_level(level) for level in results.levels[1:]}
    frame["row"] = frame["row"] + ": " + frame["level"].map(names)
    order = {case: i for i, case in enumerate(cases)}
    frame = frame.sort_values("case", key=lambda column: column.map(order), kind="stable")
    numbers = "; ".join(f"{r.row} {r.tip_points} ({r.tip_interval})" for r in frame.itertuples())
    return Chart(
        "headline",
        interval_chart(frame, "Probability of joining less that with none, points", row_height=52),
        f"Effects of a guarantee in percentage points: {numbers}.",
        f"{_say_headline(results)} Mean and 90 % interval, over the states of regions in which some "
        "states have "
        "a pact and some have none.",
    )


def _say_headline(results: Results) -> str:
    """How much more joining the strongest guarantee goes with in each coalition, compared with none."""
    level = highest_level(results)
    total = select_effects(results.effects, f"ame_{level}_total")
    parts = [
        f"{say_more(total.loc[case, 'mean'])} joining in {name}" for case, name in results.case_labels.items()
    ]
    told = " and ".join(parts)
    return f"Compared with no guarantee and all else alike, a {short_level(level)} goes with {told}."


def build_effects(results: Results) -> Section:
    """Charts and tables of all effects."""
    level = highest_level(results)
    total, direct = (
        select_effects(results.effects, f"ame_{level}_{kind}").loc["pooled", ["mean", "lower", "upper"]]
        for kind in ("total", "direct")
    )
    cases = [case for case in case_names(results) if case in set(results.effects["case"])]
    blocks = [
        Text(
            "The total effect compares a world in which all states have the guarantee to one in which none "
            "has it, with all covariates unchanged. The direct effect also holds alignment in the General "
            "Assembly constant: it is what a guarantee does other than by moving a state nearer to the US in "
            f"its votes. Over all coalitions the total effect is {points(total['mean'])} points, the direct "
            f"one {estimate(*direct, scale=100)}. These are adjusted associations. They are causal "
            "effects only if the models leave out nothing that matters."
        ),
        Text(" ".join(filter(None, (_coverage(results, level), _say_sum(results, level))))),
    ]
    for name in results.levels[1:]:
        frame = effect_rows(results, name, cases, KINDS)
        kinds = ", ".join(dict.fromkeys(frame["series"]))
        blocks.append(
            Chart(
                f"effects-{name}",
                interval_chart(frame, POINTS, row_height=44),
                f"Effects of {level_name(name)} on joining: see the table of all effects below.",
                f"{capitalize(level_name(name))}: {_say_paths(results, name)}. From top to bottom in each "
                f"row: {kinds} "
                "(filled: total).",
            )
        )
    blocks += [Heading("Who joins at each level"), level_legend(results), _joining_chart(results)]
    if set(results.effects["group"]) - {ALL}:
        blocks += [Heading("By capability and region"), _groups_chart(results, level)]
        blocks += describe_differences(results, level)
    blocks.append(Folded("Every effect", [Sortable(_effects_table(results), tall=True)]))
    return Section(
        "effects", "Joining with a guarantee and without", blocks, ("effects.csv", "differences.csv")
    )


def _coverage(results: Results, level: str) -> str:
    """Say over which states the effects are averaged, and what all states would give."""
    rows = results.effects[results.effects["quantity"] == f"ame_{level}_total"].set_index(["group", "case"])
    if (OVERLAP, "pooled") not in rows.index:
        return "The effects are averages over all states."
    regions = [g for g in rows.index.unique("group") if g not in GROUP_NAMES]
    everywhere = rows.loc[(ALL, "pooled"), ["mean", "lower", "upper"]]
    return (
        f"The effects are averages over the states of {', '.join(regions)}: there some states have the "
        "guarantee and some have none, so that they can be compared. Over all states the total effect would "
        f"be {estimate(*everywhere, scale=100)} points. That is an extrapolation: elsewhere nobody has it."
    )


def _say_sum(results: Results, level: str) -> str:
    """Say why direct and indirect effects do not add up to the total one."""
    rows = select_effects(results.effects, f"ame_{level}_mediated")
    if "pooled" not in rows.index:
        return ""
    return (
        "Direct and indirect effects come from the model with alignment, in which they add up to "
        f"{estimate(*rows.loc['pooled', ['mean', 'lower', 'upper']], scale=100)} points; the total effect "
        "comes from the model without it."
    )


def _say_paths(results: Results, level: str) -> str:
    """How much of the pooled effect is direct and how much runs through alignment."""
    parts = []
    for kind, words in PATHS.items():
        rows = select_effects(results.effects, f"ame_{level}_{kind}")
        if "pooled" in rows.index:
            mean = rows.loc["pooled", "mean"]
            parts.append(words.format(say_more(mean) if kind == "total" else points(mean)))
    return ", ".join(parts)


def capitalize(text: str) -> str:
    """Begin a text with a capital letter."""
    return text[:1].upper() + text[1:]


def _joining_chart(results: Results) -> Chart:
    parts, observed = [], []
    for case, label in results.case_labels.items():
        of_case = results.panel.sel(case=case)
        for level in results.levels:
            rows = select_effects(results.effects, f"probability_{level}_total").loc[[case]]
            has = find_holders(results.panel, level).sel(case=case).values
            share = float(of_case["joined"].values[has].mean()) if has.any() else float("nan")
            count = int(has.sum())
            observed.append((label, level_name(level), count, 100 * share))
            parts.append(
                rows.assign(
                    row=f"{label}: {short_level(level)}",
                    **level_style(level),
                    tip_states=f"{count} states, {percent(share)} of them joined",
                )
            )
    frame = in_points(pd.concat(parts))
    frame["tip_probability"] = [
        f"{number(r.mean, 0)} % ({interval(r.lower, r.upper)})" for r in frame.itertuples(index=False)
    ]
    counts = pd.DataFrame(observed, columns=["Coalition", "Guarantee", "States", "Joined, %"])
    table = make_table(
        counts,
        plain_columns(counts, digits=0),
        "States of these regions by guarantee, and the share of them that joined, as observed",
    )
    return Chart(
        "joining",
        interval_chart(frame, "Probability of joining if all had that level, %", row_height=40),
        "Estimated probability of joining by guarantee level and coalition.",
        f"{_say_joining(results)} Probability of joining if all states of the regions with comparison had "
        "that "
        "level, all else unchanged (mean and 90 % interval).",
        table,
    )


def _say_joining(results: Results) -> str:
    """Probability of joining with the strongest guarantee and with none, in each coalition."""
    level = highest_level(results)
    have, none = (
        select_effects(results.effects, f"probability_{name}_total")["mean"]
        for name in (level, results.levels[0])
    )
    parts = [
        f"{name}: {percent(have[case])} with a {short_level(level)}, {percent(none[case])} with none"
        for case, name in results.case_labels.items()
    ]
    return f"{'; '.join(parts)}."


def _groups_chart(results: Results, level: str) -> Chart:
    rows = results.effects[results.effects["quantity"] == f"ame_{level}_total"]
    rows = rows[rows["case"].isin([*results.case_labels, "pooled"])]
    names = case_names(results)
    frame = in_points(rows).assign(
        row=[GROUP_NAMES.get(r.group, r.group) for r in rows.itertuples()],
        series=[names[r.case] for r in rows.itertuples()],
        tip_effect=[f"{names[r.case]}: {GROUP_NAMES.get(r.group, r.group)}" for r in rows.itertuples()],
        tip_points=estimates(rows, scale=100),
        **level_style(level),
    )
    groups = [*GROUP_NAMES, *sorted(set(rows["group"]) - set(GROUP_NAMES))]
    order = {name: place for place, name in enumerate([*names, *groups])}
    frame = frame.sort_values(["group", "case"], key=lambda column: column.map(order))
    series = ", ".join(dict.fromkeys(frame["series"]))
    return Chart(
        "groups",
        interval_chart(frame, POINTS, row_height=32),
        "Total effect by the capability and region of states. The table of all effects has the numbers.",
        f"{capitalize(level_name(level))}: from {number(frame['mean'].min(), 0)} to "
        f"{number(frame['mean'].max(), 0)} "
        f"points by capability and region. From top to bottom in each row: {series}. Regions without "
        "comparison "
        "appear only in the row of all states, which is an extrapolation.",
    )


def _effects_table(results: Results) -> Table:
    names = case_names(results)
    frame = results.effects[results.effects["group"].isin((ALL, OVERLAP))].copy()
    share = frame["quantity"].map(is_share)
    for name in ("mean", "sd", "lower", "upper"):
        frame[name] = frame[name].where(~share, 100 * frame[name])
    columns = [
        Column("Quantity", lambda row: quantity_name(row["quantity"])),
        Column("Coalition", lambda row: names.get(row["case"], row["case"])),
        Column("States", lambda row: GROUP_NAMES.get(row["group"], row["group"])),
        Column("Unit", lambda row: quantity_unit(row["quantity"])),
        number_column("Mean", "mean", 2),
        number_column("sd", "sd", 2),
        interval_column(2),
        Column("P(above 0)", lambda row: row["prob_positive"], numeric=True, digits=3),
    ]
    if "stage1_share" in frame:
        columns.append(number_column("Share of variance from stage 1", "stage1_share", 2))
    return make_table(
        frame, columns, "All quantities, shares in percent; effects.csv has them by capability and region too"
    )
