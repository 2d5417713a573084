"""Fit the variants of the study of acts, for its deciding quantities only."""

from dataclasses import replace
from pathlib import Path

import pandas as pd

from analysis.fitting.gates import ConvergenceError
from analysis.store.files import OUTPUT, write_table
from analysis.store.store import load_or_make
from analysis.studies.acts.plan import VOTES, ActsRun, plan_acts
from analysis.studies.acts.run import Estimates, list_deciding, tabulate_slopes
from analysis.studies.acts.variants import CHOICES, REVIEW, ActsChoice, change_run
from analysis.variants.sampler import Report
from data.load import load_acts


def run_variants(
    run: ActsRun,
    *,
    choices: tuple[ActsChoice, ...] = CHOICES,
    votes_path: Path | None = None,
    output: Path | None = None,
    report: Report,
) -> Path:
    """Fit each variant's total effects on acts and on ordinary votes.

    Parameters
    ----------
    run : ActsRun
        The main run.
    choices : tuple of ActsChoice
    votes_path, output, report
        As in ``analysis.studies.acts.run.run_acts``.

    Returns
    -------
    Path
        acts_variants.csv: ``variant, reason, quantity, power``, the summary; ``failed`` says why a variant
        has no numbers. It is written anew after each variant.

    Raises
    ------
    DataError
        As ``load_acts``.
    """
    path, parts = (output or OUTPUT) / "acts_variants.csv", []
    path.parent.mkdir(parents=True, exist_ok=True)
    for choice in choices:
        try:
            table = fit_variant(change_run(run, choice.changes, choice.name), votes_path, report).assign(
                failed=""
            )
        except ConvergenceError as error:
            table = pd.DataFrame({"failed": [str(error)]})
        parts.append(table.assign(variant=choice.name, reason=choice.reason))
        write_table(pd.concat(parts, ignore_index=True), path)
    return path


def fit_variant(run: ActsRun, votes_path: Path | None, report: Report) -> pd.DataFrame:
    """Return the deciding quantities of a variant; see ``analysis.studies.acts.run.list_deciding``."""
    from analysis.studies.acts.effects import average_acts, compute_effects
    from analysis.studies.acts.fit import prepare

    run = replace(run, answers=REVIEW, extent="effects")
    data = load_acts(run.data, votes_path)
    plan = plan_acts(run, data.acts, data.ordinary, {})
    fits, parts = {}, {}
    for votes in VOTES:
        acts = getattr(data, votes)
        fits[votes, "total"] = load_or_make(plan.fits[votes, "total"], report=report)[0]
        effects = compute_effects(fits[votes, "total"], prepare(acts, [], run))
        parts[votes, "total"] = average_acts(effects, acts)
    parts["difference", "total"] = parts["acts", "total"] - parts["ordinary", "total"]
    return list_deciding(Estimates({}, parts, tabulate_slopes(fits)))
