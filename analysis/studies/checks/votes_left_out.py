"""Checks that act through stage 1: votes left out, and alignment on issues far from security."""

from collections.abc import Callable
from dataclasses import asdict

import numpy as np
import pandas as pd
import xarray as xr

from analysis.fitting.fit import fit_ideal_points
from analysis.posterior.positions import draw_alignment
from analysis.store.files import load_or_fit
from analysis.store.keys import hash_dataset
from analysis.studies.checks.influence import COLUMNS
from analysis.studies.checks.model import Bench
from analysis.studies.checks.rows import row
from analysis.variants.sampler import Progress, SamplerSpec, derive_seed
from analysis.variants.table import Variant
from models.panel import centre_alignment

SAMPLER = SamplerSpec(draws=500, tune=300, target_accept=0.9)
"""Stage 1 without some votes: fewer draws than the main fit has, the same gates."""
POSITION_DRAWS = 40
SECURITY = ("nu", "di", "me")
FAR = ("ec", "hr")


def issues_of(votes: xr.Dataset) -> list[set[str]]:
    """All issue areas of each item: several for a roll call, one for a cell of the agenda."""
    labels = votes["issues"] if "issues" in votes.coords else votes["issue"]
    return [set(str(label).split("+")) for label in labels.values]


def drop_issue(votes: xr.Dataset, issue: str) -> xr.Dataset:
    """Votes without the items of an issue area."""
    return _keep(votes, [issue not in areas for areas in issues_of(votes)])


def drop_session(votes: xr.Dataset, session: int) -> xr.Dataset:
    """Votes without those of a session."""
    return _keep(votes, votes["session"].values != session)


def keep_area(votes: xr.Dataset, area: str) -> xr.Dataset:
    """Votes on security, or votes on economic development and human rights alone."""
    areas = issues_of(votes)
    if area == "security":
        return _keep(votes, [bool(a & set(SECURITY)) for a in areas])
    return _keep(votes, [bool(a & set(FAR)) and not a & set(SECURITY) for a in areas])


def _keep(votes: xr.Dataset, items: np.ndarray | list[bool]) -> xr.Dataset:
    chosen = votes.isel(item=np.flatnonzero(items))
    # A state without a vote left has no position of its own; its region's distribution gives one.
    voted = chosen["counts"].sum(("item", "response")) > 0
    return chosen.isel(state=np.flatnonzero(voted.values))


class Assembly:
    """The votes of all cases and the fits to them: what stage 1 gives to the checks.

    Parameters
    ----------
    variant : Variant
        Specs, seed, reference.
    votes : dict of str to xr.Dataset
        By case.
    panel : xr.Dataset
        The contract's panel.
    """

    def __init__(self, variant: Variant, votes: dict[str, xr.Dataset], panel: xr.Dataset):
        self.variant, self.votes, self.panel = variant, votes, panel

    def fit(self, case: str, votes: xr.Dataset, label: str, progress: Progress) -> xr.DataTree:
        """Stage 1 of one case with some of its votes; kept under the content of the votes."""
        content = {
            "votes": hash_dataset(votes),
            "spec": asdict(self.variant.ideal_point),
            "sampler": asdict(SAMPLER),
            "seed": self.variant.run.seed,
        }
        named = votes.assign_attrs(case=f"{case}, {label}")
        seed = derive_seed(self.variant.run.seed, "ideal_point", case, label)
        spec = self.variant.ideal_point
        return load_or_fit(
            "ideal_point_part",
            content,
            lambda: fit_ideal_points(named, spec, SAMPLER, seed=seed, progress=progress),
        )[0]

    def place(self, fits: dict[str, xr.DataTree]) -> np.ndarray:
        """Draws of all states' centred alignment: (draw, case, state)."""
        alignment = draw_alignment(fits, self.panel, self.variant)
        return centre_alignment(self.panel, alignment.isel(refit=slice(None, POSITION_DRAWS)))


def find_votes_influence(
    bench: Bench, assembly: Assembly, main: dict[str, xr.DataTree], progress: Progress
) -> pd.DataFrame:
    """Influence of each issue area and each session on the direct effect, by refits of both stages.

    The total effect uses no votes, so that nothing of this can touch it. Importance weights are of no use
    here: forty roll calls left out are thousands of answers.
    """
    base, sd, slope = bench.fit_cut(assembly.place(main), "all votes")
    units: list[tuple[str, str, dict[str, Callable]]] = []
    issues = sorted(set.union(*(a for votes in assembly.votes.values() for a in issues_of(votes))))
    for issue in issues:
        parts = {case: lambda v, i=issue: drop_issue(v, i) for case in assembly.votes}
        units.append(("issue", issue, parts))
    for case, votes in assembly.votes.items():
        for session in np.unique(votes["session"].values):
            units.append(("session", str(session), {case: lambda v, s=session: drop_session(v, s)}))
    rows = []
    for k, (kind, unit, parts) in enumerate(units):
        fits = dict(main)
        for case, drop in parts.items():
            fits[case] = assembly.fit(case, drop(assembly.votes[case]), f"without {unit}", lambda _: None)
        effect, _, without = bench.fit_cut(assembly.place(fits), f"without {kind} {unit}")
        for c, case in enumerate(bench.cases):
            shift = effect[c] - base[c]
            found = (base[c], effect[c], shift, shift / sd[c])
            rows.append((kind, unit, bench.quantity("direct"), case, *found, "refit", np.nan, np.nan))
        shift = without[0] - slope[0]
        found = (slope[0], without[0], shift, shift / slope[3])
        rows.append((kind, unit, "alignment_slope", "pooled", *found, "refit", np.nan, np.nan))
        progress((k + 1) / len(units))
    return pd.DataFrame(rows, columns=COLUMNS)


def compare_areas(
    bench: Bench, assembly: Assembly, main: dict[str, xr.DataTree], progress: Progress
) -> list[dict]:
    """Alignment on issues far from security beside alignment on security votes, as rows of checks.csv."""
    rows = []
    for k, area in enumerate(("all", "security", "far")):
        fits = main
        if area != "all":
            parts = {case: keep_area(votes, area) for case, votes in assembly.votes.items()}
            fits = {case: assembly.fit(case, v, f"{area} only", lambda _: None) for case, v in parts.items()}
        effect, sd, slope = bench.fit_cut(assembly.place(fits), f"{area} votes")
        items = {c: v.sizes["item"] for c, v in (parts if area != "all" else assembly.votes).items()}
        note = "; ".join(f"{case}: {n} items" for case, n in items.items())
        far = {"value": slope[0], "lower": slope[1], "upper": slope[2], "reference": 0.0}
        verdict = "positive" if slope[1] > 0 else "not told from 0"
        rows.append(row("issue_areas", f"alignment_slope, {area} votes", verdict=verdict, note=note, **far))
        bounds = {"lower": effect[-1] - 1.645 * sd[-1], "upper": effect[-1] + 1.645 * sd[-1]}
        item = f"{bench.quantity('direct')}, {area} votes"
        verdict = "positive" if bounds["lower"] > 0 else "not told from 0"
        rows.append(
            row("issue_areas", item, value=effect[-1], reference=0.0, verdict=verdict, note=note, **bounds)
        )
        progress((k + 1) / 3)
    return rows
