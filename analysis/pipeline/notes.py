"""What was mended, left out or odd in the data of a run, gathered once for screen, record and README."""

from pathlib import Path

from analysis.pipeline.inputs import Inputs
from analysis.variants.variant import Variant
from data.load import Note, list_notes, load_doubts


def gather_notes(variant: Variant, inputs: Inputs, votes_path: Path | None) -> list[Note]:
    """List the notes on the data of a variant, those of ``sfl data check`` on its windows among them."""
    return list_notes(inputs.votes, inputs.panel, load_doubts(variant.data, votes_path))


def write_readme(folder: Path, variant: Variant, notes: list[Note]) -> None:
    """Write ``README.md`` of a folder of results: what it is, and the notes on its data."""
    lines = [
        f"# {variant.name}",
        "",
        f"{variant.reason}. Tables are CSV, posteriors netCDF; `run.json` is the record of the run, with all "
        "settings.",
        "",
        "## What was mended, left out or odd in the data",
        "",
        *(f"- {note}" for note in notes),
        *([] if notes else ["Nothing."]),
    ]
    (folder / "README.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
