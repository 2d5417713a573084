"""The other claims of the argument: what was measured, the result, and what would have refuted it."""

import json
from pathlib import Path

import pandas as pd

from analysis.report.blocks import Facts, Folded, Heading, Missing, Picture, Section, Text, plain_table
from analysis.report.pictures import embed_picture
from analysis.store.results import Results

PAGES = "claims/claims.json"


def build_claims(results: Results) -> Section:
    """Each claim with its verdict. The command ``claims`` wrote the sentences with the numbers."""
    table, pages = results.table("claims.csv"), results.find(PAGES)
    if table is None or pages is None:
        return Section("claims", "The rest of the argument", [Missing(results.how_to_make("claims.csv"))])
    record = json.loads(pages.read_text(encoding="utf-8"))
    blocks = [
        Text(
            "Five claims of the wider argument. For each, quantities that could refute it were named in "
            "advance, and the rule for verdicts was written down before the numbers (models/docs/claims.md). "
            "All quantities are judged together: at most 0.1 false signs are expected among those called "
            "supported or contradicted. A description has no probability and says nothing about causes."
        )
    ]
    for page in record["claims"]:
        blocks += _page(page, table[table["claim"] == page["claim"]], pages.parent)
    return Section("claims", "The rest of the argument", blocks, ("claims.csv",))


def _page(page: dict, rows: pd.DataFrame, folder: Path) -> list:
    """The blocks of one claim."""
    facts = [
        ("Verdict", page["verdict"]),
        ("Measured", page["measured"]),
        *(("Result", sentence) for sentence in page["result"]),
        *([("All together", page["together"])] if page["together"] else []),
        ("What would have refuted it", page["refuted_by"]),
        *(("Other codings and variants", sentence) for sentence in page["codings"]),
        ("Limits", page["limits"]),
    ]
    pictures = [
        Picture(embed_picture(folder / figure["file"]), figure["title"], figure["title"])
        for figure in page["figures"]
        if (folder / figure["file"]).is_file()
    ]
    missing = [Missing(message) for message in page["missing"]]
    # claims.csv has the other codings and variants. Each number comes with the share of them that agrees.
    estimated = rows[(rows["kind"] == "posterior") & (rows["coding"] == "main")]
    estimated = estimated.drop(columns=["claim", "kind", "coding"])
    described = rows[(rows["kind"] == "description") & ~rows["when"].astype(str).str.fullmatch(r"\d{4}")]
    described = described[["quantity", "when", "group", "coding", "mean", "unit"]]
    numbers = [
        plain_table(frame, f"{page['title']} {name}")
        for name, frame in (("Estimated", estimated), ("Described", described))
        if len(frame)
    ]
    return [Heading(page["title"]), Facts(facts), *missing, *pictures, Folded("The numbers", numbers)]
