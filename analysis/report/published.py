"""The published results as a run, for the copy of the report that ships with the project."""

import json

import pandas as pd

from analysis.store.results import PUBLISHED, MissingResultsError, Results
from data.load import load_panel
from data.spec import DataSpec


def load_published() -> Results:
    """Load the published tables as the results of a run.

    The panel is prepared anew from the shipped tables: no draws are published. The page says which of these
    tables have changed since.

    Raises
    ------
    MissingResultsError
        If a table of the run is not published.
    """
    missing = [n for n in ("run.json", "effects.csv", "ideal_points.csv") if not (PUBLISHED / n).is_file()]
    if missing:
        raise MissingResultsError(f"{PUBLISHED}: {', '.join(missing)} missing. It comes with the project.")
    record = json.loads((PUBLISHED / "run.json").read_text(encoding="utf-8"))
    return Results(
        variant=record["variant"]["name"],
        folder=PUBLISHED,
        output=PUBLISHED,
        record=record,
        effects=pd.read_csv(PUBLISHED / "effects.csv"),
        ideal_points=pd.read_csv(PUBLISHED / "ideal_points.csv"),
        panel=load_panel(DataSpec.from_json(json.dumps(record["variant"]["data"]))),
        models={},
    )
