"""The rest of the argument: five claims, each as quantities that could come out against it."""

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from analysis.fitting.gates import ConvergenceError
from analysis.pipeline.run import Report, run_variant
from analysis.store.files import OUTPUT, RESULTS, atomic_folder, write_table
from analysis.studies.claims.describe import (
    describe_asymmetry,
    describe_goods,
    describe_hierarchy,
    share_with_us,
)
from analysis.studies.claims.estimate import (
    estimate_alone,
    estimate_closeness,
    estimate_formal_alignment,
    estimate_formality,
    estimate_goods,
    take_effects,
)
from analysis.studies.claims.figures.draw import draw_claims
from analysis.studies.claims.fits import draw_positions
from analysis.studies.claims.judge import add_sign_shares, gather_others, judge
from analysis.studies.claims.rows import MAIN_CODING, describe, tabulate
from analysis.studies.claims.text import write_pages
from analysis.variants.table import Variant, find_variants
from data.alliances.spec import ALTERNATIVES, ClaimsSpec
from data.load import FETCH_COMMAND, find_rollcalls, load_alliances, load_panel, load_votes
from models.likelihood.link import require_logit

SENSITIVITY_COMMAND = "python -m analysis sensitivity"


OTHER_MODELS = (
    "covariates-minimal",
    "covariates-and-troops",
    "pooling-joining-no-regions",
    "pooling-joining-regions-apart",
    "pooling-cases-apart",
    "state-effect-off",
    "priors-coalition-guarantee_scale-halved",
    "priors-coalition-guarantee_scale-doubled",
)
"""Variants in which the claims on goods, form and the hub are estimated again: same votes, same states."""


def run_claims(variant: Variant, *, votes_path: Path | None = None, report: Report) -> Path:
    """Describe and estimate all claims under a variant, and judge them.

    Parameters
    ----------
    variant : Variant
        Whose specs are used; the claims' own codings are varied in the main analysis only.
    votes_path : Path, optional
        File or folder of the roll calls.
    report : callable
        Told of each step and its progress.

    Returns
    -------
    Path
        Folder with claims.csv, claims.json and the figures: ``analysis/output/claims`` of the main analysis,
        ``claims`` in the folder of the results of any other variant or of a quick run.

    Raises
    ------
    DataError, ConvergenceError
        As ``analysis.pipeline.run.run_variant``, which is run first where the variant's results are missing.
    ValueError
        If the variant has another link than the logit.
    """
    require_logit(variant.coalition.link, "claims")
    results = RESULTS / variant.name
    if not (results / "effects.csv").is_file():
        run_variant(variant, votes_path=votes_path, report=report)
    rows, missing = collect_rows(variant, pd.read_csv(results / "effects.csv"), votes_path, report)
    elsewhere = read_elsewhere(variant)
    if elsewhere.empty:
        missing["unpopular"] = [*missing.get("unpopular", []), f"Other variants: {SENSITIVITY_COMMAND}"]
    others = gather_others(rows, elsewhere)
    rows, judged = add_sign_shares(rows, others), judge(rows, others)
    if variant.run.quick:
        rows = rows.assign(quick=True)
    is_main = variant.name == "main"
    folder = OUTPUT / "claims" if is_main else results / "claims"
    with atomic_folder(folder) as work:
        drawn = draw_claims(
            rows, others, judged, load_panel(variant.data, votes_path), work, variant.run.quick
        )
        for claim, message in drawn.missing.items():
            missing[claim] = [*missing.get(claim, []), message]
        pages = write_pages(rows, judged, others, missing)
        for page in pages:
            page["figures"] = drawn.files[page["claim"]]
        write_table(judged, work / "verdicts.csv")
        write_table(rows, work / "claims.csv")
        text = json.dumps({"quick": variant.run.quick, "claims": pages}, indent=2)
        (work / "claims.json").write_text(text + "\n", encoding="utf-8")
    if is_main:
        write_table(rows, OUTPUT / "claims.csv")
    return folder


def collect_rows(
    variant: Variant, effects: pd.DataFrame, votes_path: Path | None, report: Report
) -> tuple[pd.DataFrame, dict[str, list[str]]]:
    """All rows of claims.csv, and by claim what could not be computed.

    A fit that misses a convergence gate leaves its own quantities out, and is named.

    Parameters
    ----------
    variant, votes_path, report
        As in ``run_claims``.
    effects : pd.DataFrame
        ``effects.csv`` of the variant.
    """
    spec, missing = ClaimsSpec(), {}
    reading = report("votes")
    panel = load_panel(variant.data, votes_path)
    votes = {case.name: load_votes(variant.data, case, votes_path) for case in variant.data.cases}
    reading(1.0)
    positions = draw_positions(variant.data, panel, variant, votes_path, "all votes", report)
    parts = [
        *describe_asymmetry(),
        *describe_one_way(),
        *describe_goods(panel, spec, share_with_us(votes)),
        *describe_hierarchy(),
        take_effects(effects, panel),
        *estimate_formal_alignment(panel, positions, spec, variant),
    ]
    if find_rollcalls(votes_path) is None:
        missing["unpopular"] = [f"Resolutions where the US stands alone need roll calls: {FETCH_COMMAND}"]
    for claim, estimate in list_estimates(panel, positions, spec, variant, votes_path, report):
        try:
            parts += estimate()
        except ConvergenceError as error:
            # One fit that is no result must not take the other claims with it.
            missing[claim] = [*missing.get(claim, []), f"No result: {error}"]
    return tabulate(parts), missing


def list_estimates(
    panel: xr.Dataset,
    positions: np.ndarray,
    spec: ClaimsSpec,
    variant: Variant,
    votes_path: Path | None,
    report: Report,
) -> list[tuple[str, Callable[[], list[pd.DataFrame]]]]:
    """The estimates that need fits, each with its claim; other codings in the main analysis only.

    Returns
    -------
    list of (claim, callable)
        The callable fits, and returns rows of claims.csv.
    """
    is_main = variant.name == "main"
    granularity = "agenda" if variant.data.granularity == "agenda" else "rollcall"
    estimates = [
        ("goods", partial(estimate_goods, panel, variant, report)),
        ("formality", partial(estimate_formality, panel, spec, variant, report)),
        ("hierarchy", partial(estimate_closeness, panel, positions, variant, report)),
    ]
    if is_main:
        for name, one in ALTERNATIVES["formality"].items():
            estimates += [
                ("formality", partial(estimate_formality, panel, one, variant, report, name)),
                ("formality", partial(estimate_formal_alignment, panel, positions, one, variant, name)),
            ]
        for one in find_variants(OTHER_MODELS):
            other, name = replace(one, run=variant.run), one.name
            seen = load_panel(other.data, votes_path)
            estimates += [
                ("goods", partial(estimate_goods, seen, other, report, name)),
                ("formality", partial(estimate_formality, seen, spec, other, report, name)),
                ("formality", partial(estimate_formal_alignment, seen, positions, spec, other, name)),
                ("hierarchy", partial(estimate_closeness, seen, positions, other, report, name)),
            ]
    if find_rollcalls(votes_path) is not None:
        alone = {MAIN_CODING: (spec, granularity)}
        if is_main:
            alone |= {"agenda tallies": (spec, "agenda")}
            alone |= {name: (one, granularity) for name, one in ALTERNATIVES["unpopular"].items()}
        estimates += [
            (
                "unpopular",
                partial(
                    estimate_alone, panel, one, variant, votes_path, report, granularity=how, coding=name
                ),
            )
            for name, (one, how) in alone.items()
        ]
    return estimates


def describe_one_way() -> list[pd.DataFrame]:
    """Rows of the claim ``formality`` that describe: share of allied pairs in which just one is bound."""
    balance = load_alliances("balance.csv").query("weight == 'pairs'")
    return [
        describe("formality", "one_way", table.set_index("year")["one_way"], "share", group=f"{scope} pairs")
        for scope, table in balance.groupby("scope")
    ]


def read_elsewhere(variant: Variant) -> pd.DataFrame:
    """What other variants say of the same quantities: their own claims.csv, and the table of sensitivity.

    Returns
    -------
    pd.DataFrame
        Rows of claims.csv with ``variant``; empty where there is none. Quick runs and variants that failed do
        not count.
    """
    parts = []
    for path in sorted(RESULTS.glob("*/claims/claims.csv")):
        table = pd.read_csv(path)
        if path.parents[1].name not in ("main", variant.name) and "quick" not in table:
            parts.append(table.assign(variant=path.parents[1].name))
    seen = {name for part in parts for name in part["variant"]}
    for path in (OUTPUT / "sensitivity.csv", OUTPUT / "published" / "sensitivity.csv"):
        if path.is_file():
            parts.append(translate_sensitivity(pd.read_csv(path), seen | {"main", variant.name}))
            break
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def translate_sensitivity(table: pd.DataFrame, without: set[str]) -> pd.DataFrame:
    """The main job's effect of a pact in every variant, as rows of the claim ``unpopular``.

    Parameters
    ----------
    table : pd.DataFrame
        ``sensitivity.csv``: ``variant, quantity, case, mean, sd, lower, upper, prob_positive, status``, and
        ``group`` where effects are given by group.
    without : set of str
        Variants that are known otherwise.
    """
    chosen = (table["quantity"] == "ame_pact_total") & ~table["variant"].isin(without) & table["mean"].notna()
    if "group" in table:
        chosen &= table["group"] == "all"
    columns = ["variant", "when", "mean", "sd", "lower", "upper", "prob"]
    renamed = table[chosen].rename(columns={"case": "when", "prob_positive": "prob"})[columns]
    keys = {"claim": "unpopular", "quantity": "ame_pact_total", "group": "all", "coding": MAIN_CODING}
    return renamed.assign(**keys, kind="posterior", unit="points")
