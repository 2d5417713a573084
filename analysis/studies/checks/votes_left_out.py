"""Checks that act through stage 1: votes left out, and alignment on issues far from security."""

from dataclasses import replace

import numpy as np
import pandas as pd
import xarray as xr

from analysis.pipeline.plan import plan_stage1
from analysis.posterior.positions import draw_alignment
from analysis.posterior.summaries import NORMAL_ERRORS
from analysis.store.task import Task
from analysis.studies.checks.bench import by_case, open_bench
from analysis.studies.checks.influence import tabulate_shift
from analysis.studies.checks.rows import direction, row, to_table
from analysis.variants.sampler import SamplerSpec
from analysis.variants.variant import Variant
from models.panel import centre_alignment

SAMPLER = SamplerSpec(draws=500, tune=300, target_accept=0.9)
"""Stage 1 without some votes: fewer draws than the main fit, the same gates."""
POSITION_DRAWS = 40
"""Draws of the positions to which stage 2 is refitted."""
AREAS = ("security", "far")
"""Issues that are compared with all: security, and those far from it."""
SECURITY = ("nu", "di", "me")
FAR = ("ec", "hr")


def issues_of(votes: xr.Dataset) -> list[set[str]]:
    """Return the issue areas of each item: one or more for a roll call, one for a cell of the agenda."""
    labels = votes["issues"] if "issues" in votes.coords else votes["issue"]
    return [set(str(label).split("+")) for label in labels.values]


def keep_area(votes: xr.Dataset, area: str) -> xr.Dataset:
    """Return the votes on security, or those on economic development and human rights alone."""
    areas = issues_of(votes)
    if area == "security":
        return _keep(votes, [bool(a & set(SECURITY)) for a in areas])
    return _keep(votes, [bool(a & set(FAR)) and not a & set(SECURITY) for a in areas])


def _keep(votes: xr.Dataset, items: np.ndarray | list[bool]) -> xr.Dataset:
    chosen = votes.isel(item=np.flatnonzero(items))
    # A state without a vote left has no position of its own; stage 2 draws one from its region.
    voted = chosen["counts"].sum(("item", "response")) > 0
    return chosen.isel(state=np.flatnonzero(voted.values))


def list_parts(votes: dict[str, xr.Dataset]) -> list[tuple[str, str, dict[str, xr.Dataset]]]:
    """Return each issue area and session by kind and name, with the votes that remain in its cases."""
    issues = sorted(set.union(*(areas for counted in votes.values() for areas in issues_of(counted))))
    parts = []
    for issue in issues:
        without = {c: _keep(v, [issue not in areas for areas in issues_of(v)]) for c, v in votes.items()}
        parts.append(("issue", issue, without))
    for case, counted in votes.items():
        session = counted["session"].values
        parts += [("session", str(s), {case: _keep(counted, session != s)}) for s in np.unique(session)]
    return parts


def plan_left_out(variant: Variant, votes: dict[str, xr.Dataset]) -> tuple[Task, ...]:
    """Return the fits of stage 1 without each issue area and without each session."""
    return tuple(
        _plan_part(variant, case, remaining, f"without {unit}")
        for _, unit, parts in list_parts(votes)
        for case, remaining in parts.items()
    )


def plan_areas(variant: Variant, votes: dict[str, xr.Dataset]) -> tuple[Task, ...]:
    """Return the fits of stage 1 to each of ``AREAS`` alone."""
    return tuple(
        _plan_part(variant, case, keep_area(counted, area), f"{area} only")
        for area in AREAS
        for case, counted in votes.items()
    )


def _plan_part(variant: Variant, case: str, votes: xr.Dataset, label: str) -> Task:
    """Stage 1 of a case with some of its votes; the label is part of the seed."""
    run = replace(variant.run, ideal_point=SAMPLER, items_kept=False)
    window = replace(variant, positions="window", run=run)
    return plan_stage1(window, votes.assign_attrs(case=f"{case}/{label}"))


def make_votes_influence(data: tuple, fits: list, variant: Variant, **run) -> pd.DataFrame:
    """Return how each issue area and each session moves the direct effect, by refits of both stages.

    The total effect uses no votes. Importance weights would fail here: a session has thousands of answers.
    ``data`` are the panel and the votes by case; ``fits``: stage 1, then those of ``plan_left_out``.
    """
    panel, votes = data
    bench, main = open_bench(panel, fits, variant, **run), by_case(panel, fits)
    refitted, parts = iter(fits[len(main) :]), list_parts(votes)
    base, sd, slope = bench.fit_cut(place(main, panel, variant), "all votes")
    effects = {"quantity": bench.quantity("direct"), "cases": bench.cases, "main": base, "sd": sd}
    slopes = {"quantity": "alignment_slope", "cases": ["pooled"], "main": slope[:1], "sd": slope[3]}
    tables = []
    for k, (kind, unit, remaining) in enumerate(parts):
        positions = place(main | {case: next(refitted) for case in remaining}, panel, variant)
        name = f"without {kind} {unit}"
        effect, _, without = bench.fit_cut(positions, name, bench.part(k, len(parts)))
        tables.append(tabulate_shift(kind, unit, effect, **effects))
        tables.append(tabulate_shift(kind, unit, without[:1], **slopes))
    return pd.concat(tables, ignore_index=True)


def make_areas(data: tuple, fits: list, variant: Variant, **run) -> pd.DataFrame:
    """Compare alignment on issues far from security with alignment on security, as rows of checks.csv.

    ``data`` are the panel and the votes by case; ``fits``: stage 1, then those of ``plan_areas``.
    """
    panel, votes = data
    bench, n = open_bench(panel, fits, variant, **run), len(votes)
    rows = []
    for k, area in enumerate(("all", *AREAS)):
        used = votes if area == "all" else {case: keep_area(v, area) for case, v in votes.items()}
        positions = place(by_case(panel, fits[k * n : (k + 1) * n]), panel, variant)
        effect, sd, slope = bench.fit_cut(positions, f"{area} votes", bench.part(k, 1 + len(AREAS)))
        error = NORMAL_ERRORS * sd[-1]
        note = "; ".join(f"{case}: {counted.sizes['item']} items" for case, counted in used.items())
        direct = effect[-1], effect[-1] - error, effect[-1] + error
        for quantity, found in (("alignment_slope", slope), (bench.quantity("direct"), direct)):
            numbers = dict(zip(("value", "lower", "upper"), found, strict=False)) | {"reference": 0.0}
            verdict, item = direction(*found[1:3]), f"{quantity}, {area} votes"
            rows.append(row("issue_areas", item, verdict=verdict, note=note, **numbers))
    return to_table(rows)


def place(stage1: dict[str, xr.DataTree], panel: xr.Dataset, variant: Variant) -> np.ndarray:
    """Return draws of all states' centred alignment: (draw, case, state)."""
    alignment = draw_alignment(stage1, panel, variant)
    return centre_alignment(panel, alignment.isel(refit=slice(None, POSITION_DRAWS)))
