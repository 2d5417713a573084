"""The argument's other claims, a page each: what was measured, the result, what would have refuted it."""

import base64
import json
from pathlib import Path

import pandas as pd

from analysis.report.blocks import Facts, Folded, Heading, Missing, Picture, Section, Sortable, Text
from analysis.report.tables import make_table, plain_columns
from analysis.store.results import Results
from analysis.studies.claims.rows import MAIN_CODING

PAGES = "claims/claims.json"


def build_claims(results: Results) -> Section:
    """The claims as far as they were put to the data; the words were written beside the numbers."""
    table, pages = results.table("claims.csv"), results.find(PAGES)
    if table is None or pages is None:
        return Section("claims", "The rest of the argument", [Missing(results.how_to_make("claims.csv"))])
    record = json.loads(pages.read_text(encoding="utf-8"))
    blocks = [
        Text(
            "Five claims of the wider argument, each as quantities named in advance that could refute it. "
            "The rule of verdicts was written down before the numbers (models/README.md). "
            "A description has no probability, and says nothing of causes."
        )
    ]
    for page in record["claims"]:
        blocks += _page(page, table[table["claim"] == page["claim"]], pages.parent)
    return Section("claims", "The rest of the argument", blocks)


def _page(page: dict, rows: pd.DataFrame, folder: Path) -> list:
    """One claim."""
    facts = [
        ("Verdict", page["verdict"]),
        ("Measured", page["measured"]),
        *(("Result", sentence) for sentence in page["result"]),
        ("It would have been refuted by", page["refuted_by"]),
        *(("Other codings and variants", sentence) for sentence in page["codings"]),
        ("Limits", page["limits"]),
    ]
    pictures = [
        Picture(_embed(folder / figure["file"]), figure["title"], figure["title"])
        for figure in page["figures"]
        if (folder / figure["file"]).is_file()
    ]
    missing = [Missing(message) for message in page["missing"]]
    # Other codings and variants are in claims.csv; the share of them that agrees stands beside each number.
    estimated = rows[(rows["kind"] == "posterior") & (rows["coding"] == MAIN_CODING)]
    estimated = estimated.drop(columns=["claim", "kind", "coding"])
    described = rows[(rows["kind"] == "description") & ~rows["when"].astype(str).str.fullmatch(r"\d{4}")]
    described = described[["quantity", "when", "group", "coding", "mean", "unit"]]
    numbers = [
        Sortable(make_table(frame, plain_columns(frame), f"{page['title']} {name}"))
        for name, frame in (("Estimated", estimated), ("Described", described))
        if len(frame)
    ]
    return [Heading(page["title"]), Facts(facts), *missing, *pictures, Folded("The numbers", numbers)]


def _embed(path: Path) -> str:
    """A PNG as the address of an image: the page stays one file."""
    return "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode()
