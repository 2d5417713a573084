"""What was mended, left out or odd in the data of a run: one list, which every page and screen prints."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Literal

import xarray as xr

Kind = Literal["mended", "left out", "odd"]


@dataclass(frozen=True)
class Note:
    """One sentence about the data.

    Attributes
    ----------
    kind : {"mended", "left out", "odd"}
        What was changed, what does not count, and what was accepted as it is.
    about : {"votes", "panel"}
    text : str
    """

    kind: Kind
    about: Literal["votes", "panel"]
    text: str

    def __str__(self) -> str:
        return f"{self.about.capitalize()}, {self.kind}: {self.text}."

    def to_dict(self) -> dict[str, str]:
        """Return the note as JSON can write it; ``Note(**...)`` reads it."""
        return asdict(self)


def list_notes(votes: dict[str, xr.Dataset], panel: xr.Dataset, doubts: Iterable[str] = ()) -> list[Note]:
    """List what was mended, left out or odd in the data of a run, without repetitions.

    Parameters
    ----------
    votes : dict of str to xr.Dataset
        Votes by case, see ``data.load.load_votes``.
    panel : xr.Dataset
        Panel, see ``data.load.load_panel``.
    doubts : iterable of str
        Doubts about the record in the windows, see ``data.load.load_doubts``.
    """
    labels = dict(zip(panel["case"].values.tolist(), panel["label"].values.tolist(), strict=True))
    notes = []
    for case, dataset in votes.items():
        read = {field: json.loads(dataset.attrs.get(field, "[]")) for field in ("mends", "notes")}
        notes += [Note("mended", "votes", text) for text in read["mends"]]
        notes += [
            Note("left out", "votes", f"{labels.get(case, case)}: {states} ({reason})")
            for reason, states in _by_reason(json.loads(dataset.attrs.get("left_out", "{}")))
        ]
        if absent := dataset.attrs.get("us_absent"):
            notes.append(
                Note(
                    "left out", "votes", f"{labels.get(case, case)}: {absent} resolutions, the US was absent"
                )
            )
        notes += [Note("odd", "votes", text) for text in read["notes"]]
    for case, left_out in json.loads(panel.attrs.get("left_out", "{}")).items():
        notes += [
            Note("left out", "panel", f"{labels.get(case, case)}: {states} ({reason})")
            for reason, states in _by_reason(left_out)
        ]
    notes += [Note("odd", "votes", text) for text in doubts]
    order = {"mended": 0, "left out": 1, "odd": 2}
    return sorted(dict.fromkeys(notes), key=lambda note: order[note.kind])


def _by_reason(left_out: dict[str, str]) -> list[tuple[str, str]]:
    """Return reasons, each with the states that it holds for."""
    reasons: dict[str, list[str]] = {}
    for iso3, reason in left_out.items():
        reasons.setdefault(reason, []).append(iso3)
    return [(reason, ", ".join(states)) for reason, states in reasons.items()]
