"""Describe and estimate the claims of the wider argument, judge them, and write their pages."""

from collections import defaultdict
from pathlib import Path

import pandas as pd
import xarray as xr

from analysis.fitting.gates import ConvergenceError
from analysis.pipeline.inputs import Inputs, load_inputs
from analysis.pipeline.plan import plan_stage1
from analysis.pipeline.run import run_variant
from analysis.posterior.joining import OVERLAP
from analysis.store.files import OUTPUT, RESULTS, atomic_folder, write_json, write_table
from analysis.store.store import load_or_make
from analysis.studies.claims.describe import (
    describe_asymmetry,
    describe_duties,
    describe_goods,
    describe_hierarchy,
    share_with_us,
)
from analysis.studies.claims.estimate import draw_positions
from analysis.studies.claims.figures.draw import draw_claims
from analysis.studies.claims.judge import judge
from analysis.studies.claims.others import add_sign_shares, gather_others, read_elsewhere
from analysis.studies.claims.plan import list_estimates
from analysis.studies.claims.rows import ESTIMANDS, MAIN_CODING, strongest_level, tabulate
from analysis.studies.claims.text import write_pages
from analysis.variants.sampler import Report
from analysis.variants.variant import Variant
from data.alliances.spec import ClaimsSpec
from data.load import FETCH_COMMAND, find_rollcalls
from models.likelihood.link import require_logit


def run_claims(variant: Variant, *, votes_path: Path | None = None, report: Report) -> Path:
    """Describe and estimate all claims under a variant, and judge them.

    Parameters
    ----------
    variant : Variant
        Whose specs are used. Other codings and models are tried in the main analysis only.
    votes_path : Path, optional
        File or folder of the roll calls; see ``data.load.find_rollcalls``.
    report : callable
        Called with the name of each step; returns a function that takes the share done, 0 to 1.

    Returns
    -------
    Path
        Folder with claims.csv, verdicts.csv, claims.json and the figures: ``analysis/output/claims`` for the
        main analysis, ``claims`` in the folder of the results for any other variant or a quick run.

    Raises
    ------
    DataError, ConvergenceError
        As ``analysis.pipeline.run.run_variant``, which is run first if the variant has no results.
    ValueError
        If the variant has another link than the logit.
    """
    require_logit(variant.coalition.link, "claims")
    variant.require_plain_stage2("claims")
    results, quick = RESULTS / variant.name, variant.run.quick
    if not (results / "effects.csv").is_file():
        run_variant(variant, votes_path=votes_path, report=report)
    reading = report("votes")
    inputs = load_inputs(variant, votes_path, reading)
    reading(1.0)
    effects = pd.read_csv(results / "effects.csv")
    rows, missing = collect_rows(variant, inputs, effects, votes_path, report)
    elsewhere = read_elsewhere(variant)
    if elsewhere.empty:
        missing["unpopular"].append("No other variants have been run. To run them: sfl sensitivity")
    others = gather_others(rows, elsewhere)
    rows, judged = add_sign_shares(rows, others), judge(rows, others)
    if quick:
        rows, judged = rows.assign(quick=True), judged.assign(quick=True)
    is_main = variant.name == "main"
    folder = OUTPUT / "claims" if is_main else results / "claims"
    with atomic_folder(folder) as work:
        drawn, not_drawn = draw_claims(rows, others, judged, inputs.panel, work, quick)
        for claim, message in not_drawn.items():
            missing[claim].append(message)
        pages = write_pages(rows, judged, others, missing)
        for page in pages:
            page["figures"] = drawn[page["claim"]]
        write_table(judged, work / "verdicts.csv")
        write_table(rows, work / "claims.csv")
        write_json({"quick": quick, "claims": pages}, work / "claims.json")
    if is_main:
        write_table(rows, OUTPUT / "claims.csv")
    return folder


def collect_rows(
    variant: Variant,
    inputs: Inputs,
    effects: pd.DataFrame,
    votes_path: Path | None,
    report: Report,
) -> tuple[pd.DataFrame, dict[str, list[str]]]:
    """Return all rows of claims.csv and, by claim, messages about what could not be computed.

    If a fit misses a convergence gate, only its own quantities are left out.

    Takes the arguments of ``run_claims``, the votes and the panel of the variant, and its ``effects.csv``.
    """
    panel, missing = inputs.panel, defaultdict(list)

    def make(tasks) -> list[xr.DataTree]:
        return [load_or_make(task, report=report)[0] for task in tasks]

    stage1 = [plan_stage1(variant, votes) for votes in inputs.votes.values()]
    positions = draw_positions(make(stage1), panel, variant)
    parts = [
        *describe_asymmetry(),
        *describe_duties(panel),
        *describe_goods(panel, ClaimsSpec(), share_with_us(inputs.votes)),
        *describe_hierarchy(),
        take_effects(effects, panel),
    ]
    if find_rollcalls(votes_path) is None:
        message = f"Resolutions where the US is nearly alone need roll calls. To get them: {FETCH_COMMAND}"
        missing["unpopular"].append(message)
    for estimate in list_estimates(panel, positions, variant, votes_path):
        try:
            parts += estimate.compute(make(estimate.tasks))
        except ConvergenceError as error:
            # The other claims do not depend on this fit.
            missing[estimate.claim].append(f"No result: {error}")
    return tabulate(parts), missing


def take_effects(effects: pd.DataFrame, panel: xr.Dataset) -> pd.DataFrame:
    """Return the main job's effects of a pact on joining, by case and their difference.

    The claim ``unpopular`` compares the cases by every estimand; ``formality`` has the average effect.
    """
    level = strongest_level(panel)
    names = {name.replace("_pact_", f"_{level}_"): name for name in ESTIMANDS}
    rows = effects[effects["quantity"].isin(list(names)) & (effects["group"] == OVERLAP)]
    rows = rows.rename(columns={"case": "when", "prob_positive": "prob"})
    rows = rows.assign(quantity=rows["quantity"].map(names), coding=MAIN_CODING, kind="posterior")
    rows = rows.assign(claim="unpopular", unit=rows["quantity"].map(ESTIMANDS))
    shared = rows[rows["quantity"] == "ame_pact_total"].assign(claim="formality")
    return pd.concat([rows, shared], ignore_index=True)
