"""What was mended, left out or odd in the votes and the panel of the run."""

import pandas as pd

from analysis.report.blocks import Section, Text, fold
from analysis.store.results import Results
from data.load import Note


def build_notes(results: Results) -> Section:
    """List the notes that the run kept; runs of older versions have none."""
    notes = [Note(**note) for note in results.record.get("notes", [])]
    if not notes:
        return Section(
            "notes", "What was mended, left out or odd in the data", [Text("This run kept no notes.")]
        )
    table = pd.DataFrame([{"what": n.kind, "in": n.about, "note": n.text} for n in notes])
    return Section(
        "notes",
        "What was mended, left out or odd in the data",
        [
            Text(
                "Doubts about single states come from the votes themselves: a leap may be a change of "
                "government or an error of the record. The command uv run sfl data check lists "
                "those of all sessions."
            ),
            fold(f"All {len(table)} notes", table, "Notes on the data"),
        ],
    )
