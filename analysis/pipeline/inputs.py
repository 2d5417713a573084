"""The data of a variant: votes by case and the panel, loaded and checked."""

from dataclasses import dataclass
from pathlib import Path

import xarray as xr

from analysis.variants.sampler import Progress
from analysis.variants.variant import Variant
from data.load import load_panel, load_votes


@dataclass(frozen=True)
class Inputs:
    """The data of a variant.

    Attributes
    ----------
    votes : dict of str to xr.Dataset
        Votes by case, see ``data.load.load_votes``.
    panel : xr.Dataset
        Panel, see ``data.load.load_panel``.
    """

    votes: dict[str, xr.Dataset]
    panel: xr.Dataset


def load_inputs(
    variant: Variant,
    votes_path: Path | None = None,
    progress: Progress | None = None,
    *,
    loaded: dict[str, xr.Dataset] | None = None,
) -> Inputs:
    """Load and check all data of a variant.

    Parameters
    ----------
    variant : Variant
    votes_path : Path, optional
        File or folder of the roll calls; see ``data.load.find_rollcalls``.
    progress : callable, optional
        Takes the share of the votes that is read, 0 to 1.
    loaded : dict, optional
        Datasets that are in memory already, by their spec; new ones are added. With one dict for many
        variants, each dataset is loaded once.

    Raises
    ------
    DataError
        If an input table breaks a rule.
    """
    spec, votes = variant.data, {}
    loaded = {} if loaded is None else loaded
    show_share = (lambda share, _: progress(share)) if progress else None
    for case in spec.cases:
        key = f"{case.name}: {spec.votes_json(case)}"
        if key not in loaded:
            loaded[key] = load_votes(spec, case, votes_path, show_share)
        votes[case.name] = loaded[key]
    if spec.to_json() not in loaded:
        loaded[spec.to_json()] = load_panel(spec, votes_path)
    return Inputs(votes, loaded[spec.to_json()])
