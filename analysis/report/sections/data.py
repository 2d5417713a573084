"""What was observed, how it was coded, and the doubts about single codings."""

import json
import re

import pandas as pd
from markdown_it import MarkdownIt
from markupsafe import Markup

from analysis.figures.style import level_name
from analysis.report.blocks import Folded, Heading, Html, Section, Sortable, Text, plain_table
from analysis.report.names import outcome_name
from analysis.report.tables import Column, Table, make_table
from analysis.store.files import ROOT
from analysis.store.results import Results
from data.load import TABLES_DIR, load_coalition, load_guarantees, load_states, sha256
from data.spec import DataSpec

DOUBTS = "Doubts, and how to change them"


def build_data(results: Results) -> Section:
    """Tables of the data, the coding of each state with its source, and the doubts."""
    spec = DataSpec.from_json(json.dumps(results.record["variant"]["data"]))
    blocks = [
        Text(
            "The votes are those of the General Assembly in the five sessions before each coalition, so that "
            "no vote comes after the joining that it should explain. A guarantee counts if it was in force "
            "on the day given in the table. Later promises do not count."
        ),
        _cases_table(results, spec),
        _levels_table(results),
    ]
    changed = changed_files(results)
    if changed:
        blocks.append(
            Text(
                "The tables below are the ones that ship now. Since this run some have changed: "
                f"{', '.join(changed)}."
            )
        )
    blocks.append(Heading("Codings of single states, with their sources"))
    states = load_states()
    for case in spec.cases:
        table = load_coalition(case, states)
        blocks.append(
            Folded(f"{case.label}: who took part, and how", [Sortable(_coding_table(table, case.label))])
        )
    guarantees = load_guarantees(states)
    blocks.append(
        Folded(
            "US commitments, 1990-2018", [Sortable(_coding_table(guarantees, "US commitments"), tall=True)]
        )
    )
    blocks += [Heading("Doubts about codings"), Folded(DOUBTS, [Html(render_doubts())])]
    return Section("data", "What was observed, and how it was coded", blocks, ("run.json",))


def _cases_table(results: Results, spec: DataSpec) -> Sortable:
    rows = []
    for case in spec.cases:
        votes, of_case = results.record["votes"][case.name], results.panel.sel(case=case.name)
        included = of_case["included"].values
        joined = of_case["joined"].values[included]
        sessions = spec.sessions(case)
        by_roll_call = votes["granularity"] == "rollcall"
        rows.append(
            {
                "Coalition": case.label,
                "Votes": "roll calls" if by_roll_call else "tallies by issue and session",
                "Sessions": f"{sessions[0]}-{sessions[-1]}, to {case.votes_until}",
                "Items": votes["items"],
                "States that voted": votes["states"],
                "States in the sample": int(included.sum()),
                "Joined": int(joined.sum()),
                "Joining is": outcome_name(case.joined),
                "Guarantee on": str(case.guarantee_date),
            }
        )
    return plain_table(pd.DataFrame(rows), "The coalitions, and the votes before them")


def _levels_table(results: Results) -> Sortable:
    rows = []
    for case, label in results.case_labels.items():
        of_case = results.panel.sel(case=case)
        for level in results.levels:
            has = (of_case["included"] & (of_case["guarantee"] == level)).values
            joined = of_case["joined"].values[has]
            names = ", ".join(map(str, of_case["name"].values[has]))
            rows.append(
                {
                    "Coalition": label,
                    "Guarantee": level_name(level),
                    "States": int(has.sum()),
                    "Joined": int(joined.sum()),
                    "Joined, %": 100 * joined.mean() if len(joined) else float("nan"),
                    "Which": "all others" if level == results.levels[0] else names,
                }
            )
    return plain_table(pd.DataFrame(rows), "Who has a guarantee, and how many of them joined", digits=0)


def _coding_table(table: pd.DataFrame, caption: str) -> Table:
    hidden = ["iso3", "ccode", "exclude", "seen"]
    frame = table.drop(columns=[name for name in hidden if name in table])
    columns = [
        Column(str(n).replace("_", " ").capitalize(), lambda row, n=n: _plain(row[n])) for n in frame.columns
    ]
    return make_table(frame, columns, f"{caption}: codings, notes and sources")


def _plain(value: object) -> str:
    if pd.isna(value):
        return ""
    return f"{value:g}" if isinstance(value, float) else str(value)


def changed_files(results: Results) -> list[str]:
    """Shipped tables that have changed since the run."""
    recorded = json.loads(results.record["panel"]["sha256"])
    return [
        name
        for name, digest in recorded.items()
        if (TABLES_DIR / name).is_file() and sha256(TABLES_DIR / name) != digest
    ]


def render_doubts() -> Markup:
    """Render ``data/DOUBTS.md`` as HTML, without its title and links, and with tags in it escaped."""
    text = (ROOT / "data" / "DOUBTS.md").read_text(encoding="utf-8")
    text = re.sub(r"\A# .*\n", "", text)
    text = re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", text)
    # "commonmark" with html off escapes tags.
    html = MarkdownIt("commonmark", {"html": False}).enable("table").render(text)
    start = f'<div class="scroll" role="region" tabindex="0" aria-label="{DOUBTS}"><table><caption>{DOUBTS}'
    return Markup(html.replace("<table>", f"{start}</caption>").replace("</table>", "</table></div>"))
