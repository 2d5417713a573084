"""What is run and concluded: variants, fits, effects, studies, the report and the command line.

In a notebook, ``load_results`` and ``effects`` are all that is needed. Importing them loads neither compiler
nor sampler.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import xarray as xr

    from analysis.store.results import Results

__all__ = ["effects", "load_results"]


def load_results(variant: str | None = None, *, folder: Path | str | None = None) -> "Results":
    """Load the results of a run.

    Parameters
    ----------
    variant : str, optional
        Name of the run; by default the main analysis, or its quick form if only that was run.
    folder : Path or str, optional
        Folder of all results; by default that of the project.

    Returns
    -------
    Results
        Tables ``effects``, ``ideal_points``, ``predictions`` and ``table(name)``; draws ``draws`` (effects),
        ``total`` and ``direct`` (joining), ``posterior(case)`` (positions); ``panel`` and ``record``.

    Raises
    ------
    FileNotFoundError
        If there are none. The message names the command that makes them.
    """
    from analysis.store.results import Results, load_main_results

    if variant is None and folder is None:
        return load_main_results()
    return Results.load(variant or "main", results=None if folder is None else Path(folder))


def effects(
    results: "Results",
    *,
    model: Literal["total", "direct"] = "total",
    level: str | None = None,
    at: Mapping[str, float | Iterable[float]] | None = None,
    states: str | Iterable[str] | None = None,
    by_state: bool = False,
    draws: int | None = None,
) -> "xr.Dataset":
    """Compare a guarantee with none, for any states and any values of covariates, as labelled draws.

    Parameters
    ----------
    results : Results
        From ``load_results``.
    model : {"total", "direct"}
        The model without alignment, or with alignment held fixed.
    level : str, optional
        Guarantee level; by default the highest, a pact.
    at : mapping, optional
        Values by name of a covariate, in its natural unit (``results.panel["unit"]``), or by ``alignment``,
        in standard deviations of states (``direct`` only). Several values become a dim: a curve.
    states : str or iterable of str, optional
        iso3 of states, or the name of a group (``all``, ``overlap``, a region); by default ``overlap``.
    by_state : bool
        Keep the states apart instead of averaging over them.
    draws : int, optional
        Use about this many draws, evenly spaced; by default all.

    Returns
    -------
    xr.Dataset
        (chain, draw, case, ...): ``without`` and ``given``, probabilities of joining without a guarantee and
        with the level; their ``difference`` and ``ratio``. See ``posterior.predictions.marginal.compare_at``.

    Examples
    --------
    >>> curve = effects(results, at={"distance": [1000, 5000, 10000]}, draws=500)
    >>> curve["difference"].mean(("chain", "draw"))
    """
    from analysis.posterior.predictions.marginal import compare_at

    if model not in ("total", "direct"):
        raise ValueError(f"model = {model!r}; allowed: total, direct")
    tree = results.total if model == "total" else results.direct
    how = {"level": level, "at": at, "states": states, "by_state": by_state, "draws": draws}
    link = results.record["variant"]["coalition"]["link"]
    return compare_at(tree["posterior"].dataset, results.panel, link=link, **how)
