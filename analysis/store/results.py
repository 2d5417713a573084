"""Read back what a run and the commands after it have written, or say how to make it."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pandas as pd
import xarray as xr

from analysis.store.files import OUTPUT, RESULTS

PUBLISHED = OUTPUT / "published"

MADE_BY = {
    "checks.csv": "checks",
    "predictions.csv": "checks",
    "influence.csv": "checks",
    "confounding.csv": "checks",
    "tiers.csv": "checks",
    "sensitivity.csv": "sensitivity",
    "sensitivity_axes.csv": "sensitivity",
    "claims.csv": "claims",
    "dynamic_ideal_points.csv": "dynamic",
    "benchmark.csv": "benchmark",
}
"""Tables beside those of a run, and the command of ``python -m analysis`` that writes each."""


class MissingResultsError(FileNotFoundError):
    """A result that was never made; the message says by which command it is."""


@dataclass(frozen=True)
class Results:
    """What one variant's run has written.

    Attributes
    ----------
    variant : str
        Its name.
    folder : Path
        Its folder.
    output : Path
        Folder of what is not of one variant: sensitivity, claims, benchmark.
    record : dict
        ``run.json``.
    effects, ideal_points : pd.DataFrame
        ``effects.csv`` and ``ideal_points.csv``.
    panel : xr.Dataset
        The panel that stage 2 was fitted to, as stored in ``coalition.nc``.
    models : dict of str to str
        Text of the models of stage 2, by what they estimate.
    """

    variant: str
    folder: Path
    output: Path
    record: dict
    effects: pd.DataFrame
    ideal_points: pd.DataFrame
    panel: xr.Dataset
    models: dict[str, str]

    @classmethod
    def load(cls, variant: str = "main", *, results: Path | None = None, output: Path | None = None) -> Self:
        """Load the results of a variant.

        Parameters
        ----------
        variant : str
            Name of the folder of its results.
        results, output : Path, optional
            Where results and outputs lie; otherwise in the project.

        Raises
        ------
        MissingResultsError
            Naming what is missing and the command that makes it, and the variants that are there.
        """
        results, output = results or RESULTS, output or OUTPUT
        folder = results / variant
        names = ("run.json", "effects.csv", "ideal_points.csv", "coalition.nc")
        missing = [name for name in names if not (folder / name).is_file()]
        if missing:
            there = sorted(path.parent.name for path in results.glob("*/run.json"))
            raise MissingResultsError(
                f"{folder}: {', '.join(missing)} missing. {how_to_run(variant)} "
                f"Results that are there: {', '.join(there) or 'none'}."
            )
        with xr.open_datatree(folder / "coalition.nc", engine="h5netcdf") as tree:
            panel = tree["panel"].dataset.load()
            models = {
                name.removeprefix("model_"): text
                for name, text in tree.attrs.items()
                if name.startswith("model_")
            }
        return cls(
            variant=variant,
            folder=folder,
            output=output,
            record=json.loads((folder / "run.json").read_text(encoding="utf-8")),
            effects=pd.read_csv(folder / "effects.csv"),
            ideal_points=pd.read_csv(folder / "ideal_points.csv"),
            panel=panel,
            models=models,
        )

    @property
    def quick(self) -> bool:
        """Whether it is a run for trying out."""
        return bool(self.record["quick"])

    @property
    def case_labels(self) -> dict[str, str]:
        """Names of the cases for readers."""
        return {case["name"]: case["label"] for case in self.record["variant"]["data"]["cases"]}

    @property
    def levels(self) -> list[str]:
        """Guarantee levels, no guarantee first."""
        return [str(level) for level in self.panel["guarantee"].attrs["levels"]]

    def find(self, name: str) -> Path | None:
        """File of that name: of this variant, else of the project's output, else its published copy."""
        places = (self.folder, self.output, self.output / "published")
        return next((place / name for place in places if (place / name).is_file()), None)

    def table(self, name: str) -> pd.DataFrame | None:
        """A table of another command, or None where it was not made."""
        path = self.find(name)
        return None if path is None else pd.read_csv(path)

    def show(self, name: str) -> pd.DataFrame | str:
        """A table to look at or, where it was not made, how to make it."""
        table = self.table(name)
        return self.how_to_make(name) if table is None else table

    def posterior(self, case: str) -> xr.DataTree:
        """Posterior and sampler statistics of a case's ideal points."""
        with xr.open_datatree(self.folder / f"ideal_point_{case}.nc", engine="h5netcdf") as tree:
            return tree.load()

    def how_to_make(self, name: str) -> str:
        """One sentence: which command makes a table that is missing."""
        if name.startswith("propagation/"):
            return f"{name} is not there. To make it: python -m analysis propagation"
        given = f" {self.variant}" if MADE_BY[name] == "checks" and self.variant != "main" else ""
        return f"{name} is not there. To make it: python -m analysis {MADE_BY[name]}{given}"


def how_to_run(variant: str) -> str:
    """One sentence: how to make the results of a variant."""
    if variant in ("main", "main-quick"):
        quick = " --quick" if variant.endswith("-quick") else ""
        return f"To make them: python -m analysis run{quick}."
    return "To make them: run the variant of that name in analysis/variants.py."


def load_main_results() -> Results:
    """Results of the main analysis or, where only its quick form was run, of that, saying so.

    Raises
    ------
    MissingResultsError
        If neither is there.
    """
    quick = (RESULTS / "main-quick" / "run.json").is_file()
    if not (RESULTS / "main" / "run.json").is_file() and quick:
        print("Only a quick run is there: what follows is for trying out, not a result.")
        return Results.load("main-quick")
    return Results.load("main")
