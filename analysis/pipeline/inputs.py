"""What a variant is run on: votes by case and the panel, loaded and checked."""

from dataclasses import dataclass
from pathlib import Path

import xarray as xr

from analysis.variants.sampler import Progress
from analysis.variants.variant import Variant
from data.load import load_panel, load_votes


@dataclass(frozen=True)
class Inputs:
    """The data of a variant: votes by case, and the panel, as the contract has them."""

    votes: dict[str, xr.Dataset]
    panel: xr.Dataset


def load_inputs(variant: Variant, votes_path: Path | None, progress: Progress | None = None) -> Inputs:
    """Load and check all data of a variant.

    Parameters
    ----------
    variant : Variant
        What is run.
    votes_path : Path, optional
        File or folder of the roll calls; see ``data.load.find_rollcalls``.
    progress : callable, optional
        Told the share of the votes that is read.

    Raises
    ------
    DataError
        If an input table breaks a rule.
    """
    tell = (lambda share, _: progress(share)) if progress else None
    spec = variant.data
    votes = {case.name: load_votes(spec, case, votes_path, tell) for case in spec.cases}
    return Inputs(votes, load_panel(spec, votes_path))


class Loader:
    """Loads each dataset once, whatever the number of variants that have it."""

    def __init__(self, votes_path: Path | None):
        self.votes_path = votes_path
        self.votes, self.panels = {}, {}

    def load(self, variant: Variant) -> Inputs:
        """Data of a variant; see ``load_inputs``."""
        spec, votes = variant.data, {}
        for case in spec.cases:
            key = (case.name, spec.votes_json(case))
            if key not in self.votes:
                self.votes[key] = load_votes(spec, case, self.votes_path)
            votes[case.name] = self.votes[key]
        if spec.to_json() not in self.panels:
            self.panels[spec.to_json()] = load_panel(spec, self.votes_path)
        return Inputs(votes, self.panels[spec.to_json()])
