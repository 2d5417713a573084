"""Read the results of a run and of the commands after it, or say how to make them."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

import pandas as pd
import xarray as xr

from analysis.store.files import OUTPUT, PUBLISHED, RESULTS, restore_folder

MADE_BY = {
    "weighting.csv": "run",
    "checks.csv": "checks",
    "calibration.csv": "checks",
    "position_checks.csv": "checks",
    "starts.csv": "checks",
    "predictions.csv": "checks",
    "influence.csv": "checks",
    "confounding.csv": "checks",
    "tiers.csv": "checks",
    "sensitivity.csv": "sensitivity",
    "sensitivity_axes.csv": "sensitivity",
    "robustness.csv": "sensitivity",
    "claims.csv": "claims",
    **dict.fromkeys(
        (f"dynamic_{name}.csv" for name in ("ideal_points", "actors", "agreement", "expectations")), "dynamic"
    ),
    "benchmark.csv": "benchmark",
}
"""Tables beside those of a run, and the ``sfl`` command that writes each."""


class MissingResultsError(FileNotFoundError):
    """A result does not exist yet. The message names the command that makes it."""


@dataclass(frozen=True)
class Results:
    """Results of one variant.

    Attributes
    ----------
    variant : str
        Name of the variant.
    folder : Path
        Folder of its results.
    output : Path
        Folder of results that do not belong to one variant: sensitivity, claims, benchmark.
    record : dict
        ``run.json``.
    effects, ideal_points : pd.DataFrame
        ``effects.csv`` and ``ideal_points.csv``.
    panel : xr.Dataset
        The panel that stage 2 was fitted to, as stored in ``coalition.nc``.
    models : dict of str to str
        Text of the models of stage 2, by the effect that each estimates.
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
            Folders of results and outputs; by default those of the project.

        Raises
        ------
        MissingResultsError
            If a file is missing or damaged. The message names it, the command that makes it, and the
            variants that have results.
        """
        results, output = results or RESULTS, output or OUTPUT
        folder = results / variant
        names = ("run.json", "effects.csv", "ideal_points.csv", "coalition.nc")
        restore_folder(folder)
        missing = [name for name in names if not (folder / name).is_file()]
        if missing:
            there = sorted(path.parent.name for path in results.glob("*/run.json"))
            raise MissingResultsError(
                f"{folder}: {', '.join(missing)} missing. {how_to_run(variant)} "
                f"Existing results: {', '.join(there) or 'none'}."
            )
        try:
            panel, models = _read_panel(folder / "coalition.nc")
            record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
            tables = [pd.read_csv(folder / name) for name in ("effects.csv", "ideal_points.csv")]
            record["variant"], tables[0]["case"], tables[1]["case"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise MissingResultsError(
                f"{folder}: a file is damaged ({' '.join(str(error).split())}). {how_to_run(variant)}"
            ) from error
        return cls(variant, folder, output, record, *tables, panel, models)

    @property
    def quick(self) -> bool:
        """Whether the run was a quick one, for trying out."""
        return bool(self.record["quick"])

    @property
    def case_labels(self) -> dict[str, str]:
        """Labels of the cases."""
        return {case["name"]: case["label"] for case in self.record["variant"]["data"]["cases"]}

    @property
    def state_names(self) -> dict[str, str]:
        """Names of the states, by iso3."""
        return dict(
            zip(map(str, self.panel["state"].values), map(str, self.panel["name"].values), strict=True)
        )

    @property
    def published(self) -> Path:
        """Folder of the published tables: that of the project, wherever its results are."""
        return PUBLISHED if self.output == OUTPUT else self.output / "published"

    @property
    def levels(self) -> list[str]:
        """Guarantee levels, no guarantee first."""
        return [str(level) for level in self.panel["guarantee"].attrs["levels"]]

    def find(self, name: str) -> Path | None:
        """Path of a file: of the variant, else in the output folder, else in the published folder."""
        places = (self.folder, self.output, self.published)
        return next((place / name for place in places if (place / name).is_file()), None)

    def table(self, name: str) -> pd.DataFrame | None:
        """Table that another command wrote, or None if it does not exist."""
        path = self.find(name)
        return None if path is None else pd.read_csv(path)

    def show(self, name: str) -> pd.DataFrame | str:
        """Table that another command wrote, or a sentence that says how to make it."""
        table = self.table(name)
        return self.how_to_make(name) if table is None else table

    def posterior(self, case: str) -> xr.DataTree:
        """Positions of a case, in the schema of ArviZ; see ``analysis.posterior.schema.positions``."""
        return self._tree(f"ideal_point_{case}")

    @cached_property
    def total(self) -> xr.DataTree:
        """The model of joining without alignment, in the schema of ArviZ."""
        return self._tree("coalition_total")

    @cached_property
    def direct(self) -> xr.DataTree:
        """The model of joining with alignment, in the schema of ArviZ. Refits are spread over the chains."""
        return self._tree("coalition_direct")

    @cached_property
    def draws(self) -> xr.Dataset:
        """Draws of every effect, (chain, draw, case) and for averages over states (group)."""
        return self._tree("coalition")["posterior"].dataset

    @cached_property
    def predictions(self) -> pd.DataFrame:
        """``predictions_by_state.csv``."""
        return pd.read_csv(self.folder / "predictions_by_state.csv")

    def _tree(self, name: str) -> xr.DataTree:
        path = self.folder / f"{name}.nc"
        if not path.is_file():
            raise MissingResultsError(f"{path} does not exist. {how_to_run(self.variant)}")
        with xr.open_datatree(path, engine="h5netcdf") as tree:
            return tree.load()

    def how_to_make(self, name: str) -> str:
        """Sentence that names the command which makes a missing table."""
        if name.startswith("propagation/"):
            return f"{name} does not exist yet. To make it: uv run sfl propagation"
        given = f" {self.variant}" if MADE_BY[name] == "checks" and self.variant != "main" else ""
        return f"{name} does not exist yet. To make it: uv run sfl {MADE_BY[name]}{given}"


def _read_panel(path: Path) -> tuple[xr.Dataset, dict[str, str]]:
    """Read the panel of a run, and the texts of its models by the effect that each estimates."""
    with xr.open_datatree(path, engine="h5netcdf") as tree:
        models = {
            name.removeprefix("model_"): text
            for name, text in tree.attrs.items()
            if name.startswith("model_")
        }
        return tree["panel"].dataset.load(), models


def how_to_run(variant: str) -> str:
    """Sentence that names the command which makes the results of a variant."""
    if variant in ("main", "main-quick"):
        quick = " --quick" if variant.endswith("-quick") else ""
        return f"To make them: uv run sfl run{quick}."
    return f"To make them: uv run sfl fit {variant}."


def load_main_results() -> Results:
    """Load the results of the main analysis. If only its quick run exists, load that and say so.

    Raises
    ------
    MissingResultsError
        If neither exists.
    """
    quick = (RESULTS / "main-quick" / "run.json").is_file()
    if not (RESULTS / "main" / "run.json").is_file() and quick:
        print("Only a quick run exists: what follows is for trying out, not a result.")
        return Results.load("main-quick")
    return Results.load("main")
