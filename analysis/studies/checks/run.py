"""The checks of a variant in order, each kept when it is done: an interrupted run goes on from there."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.figure import Figure

from analysis.figures.style import DPI
from analysis.fitting.fit import fit_tiers, fit_total, stack_draws
from analysis.pipeline.plan import plan_stage1
from analysis.pipeline.run import Report
from analysis.posterior.answers import state_outcomes
from analysis.posterior.draws import count_draws
from analysis.posterior.joining import average_contrasts
from analysis.posterior.positions import draw_alignment
from analysis.posterior.tiers import compute_tiers, summarize_tiers
from analysis.store.files import RESULTS, load_or_fit, write_table
from analysis.store.keys import hash_content, hash_dataset
from analysis.store.store import Store, load_or_make
from analysis.studies.checks import confounding, figures
from analysis.studies.checks import model as steps
from analysis.studies.checks.comparison import stack
from analysis.studies.checks.hazard import describe_hazard
from analysis.studies.checks.model import Bench
from analysis.studies.checks.rows import row, to_table
from analysis.studies.checks.votes_left_out import Assembly, compare_areas, find_votes_influence
from analysis.variants.sampler import Progress, derive_seed
from analysis.variants.variant import Variant
from data.load import ISSUE_NAMES, load_coalition, load_panel, load_states, load_votes, prepare_waves
from models.likelihood.link import require_logit
from models.panel import centre_alignment
from models.spec import TierSpec

KEPT_DRAWS = 2000
"""Draws from which tiers and hazards are computed."""
TABLES = ("checks", "predictions", "influence", "confounding", "tiers")


def run_checks(variant: Variant, *, votes_path: Path | None = None, report: Report) -> Path:
    """Check stage 2 of a variant, and write ``TABLES`` and figures into the folder of its results.

    Parameters
    ----------
    variant : Variant
        What to check; fits that the variant's run has made are used.
    votes_path : Path, optional
        File or folder of the roll calls; see ``data.load.find_rollcalls``.
    report : callable
        Told of each step and its progress.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    DataError
        If an input table breaks a rule.
    ValueError
        If the variant has another link than the logit.
    ConvergenceError
        If a fit misses a gate; what was done before is kept.
    """
    require_logit(variant.coalition.link, "checks")
    run = variant.run
    reading = report("votes")
    votes = {case.name: load_votes(variant.data, case, votes_path) for case in variant.data.cases}
    panel = load_panel(variant.data, votes_path)
    reading(1.0)
    stage1 = {}
    for case, counted in votes.items():
        progress = report(f"ideal points, {case}")
        stage1[case] = load_or_make(plan_stage1(variant, counted), {}, Store(), progress=progress)[0]
        progress(1.0)
    alignment = draw_alignment(stage1, panel, variant)
    positions = centre_alignment(panel, alignment).mean(0)
    bench = Bench(panel, positions, variant.coalition, run.seed)
    content = {
        "panel": hash_dataset(panel.drop_vars("commitments")),
        "positions": hash_dataset(xr.Dataset({"at": (("case", "state"), positions)})),
        "stage1": {case: hash_dataset(counted) for case, counted in votes.items()},
        "spec": [asdict(variant.coalition), asdict(variant.ideal_point)],
        "seed": run.seed,
        "stage1_draws": run.stage1_draws,
        "code": _hash_checks(),
    }

    def keep(name: str, make: Callable[[Progress], xr.DataTree]) -> xr.DataTree:
        progress = report(name)
        tree = load_or_fit(f"check_{name.replace(' ', '_')}", content, lambda: make(progress))[0]
        progress(1.0)
        return tree

    def table(name: str, make: Callable[[Progress], pd.DataFrame]) -> pd.DataFrame:
        return _to_frame(keep(name, lambda progress: _to_tree(make(progress))))

    nested = keep("nested models", lambda p: steps.fit_nested(bench, p))
    checked = keep(
        "predictive checks",
        lambda p: xr.DataTree.from_dict(
            {name: _to_tree(t).dataset for name, t in steps.check_model(bench, nested, p).items()}
        ),
    )
    predictions = table("prediction", lambda p: steps.predict(bench, p))
    surface = table("unmeasured confounding", lambda p: steps.tip(bench, nested, p))
    influence = table("states and regions left out", lambda p: steps.find_influence(bench, nested, p))
    spec = TierSpec(predictor=variant.coalition)
    tiers = keep(
        "tiers of support",
        lambda p: fit_tiers(panel, spec, run.total, seed=derive_seed(run.seed, "tiers"), progress=p),
    )
    waves = _prepare_waves(variant, panel)
    hazard = keep(
        "time to joining",
        lambda p: fit_total(
            waves, variant.coalition, run.total, seed=derive_seed(run.seed, "waves"), progress=p
        ),
    )
    permuted = [
        table(f"guarantees permuted {kind}", lambda p, kind=kind: steps.permute(bench, nested, kind, p))
        for kind in steps.PERMUTED
    ]
    assembly = Assembly(variant, votes, panel)
    areas = table("issue areas", lambda p: to_table(compare_areas(bench, assembly, stage1, p)))
    of_votes = table("votes left out", lambda p: find_votes_influence(bench, assembly, stage1, p))
    drawn, hazard = (_thin(tree["posterior"].dataset) for tree in (tiers, hazard))
    found = {
        "checks": pd.concat(
            [
                _to_frame(checked["checks"]),
                *permuted,
                areas,
                to_table(describe_hazard(hazard, waves)),
                to_table(_judge_confounding(bench, nested, surface)),
            ],
            ignore_index=True,
        ),
        "predictions": predictions,
        "influence": pd.concat([influence, of_votes], ignore_index=True),
        "confounding": surface,
        "tiers": summarize_tiers(compute_tiers(drawn, panel, panel["capability_group"])),
    }
    folder = RESULTS / variant.name
    folder.mkdir(parents=True, exist_ok=True)
    for name in TABLES:
        write_table(found[name], folder / f"{name}.csv")
    _draw(folder, found, _to_frame(checked["calibration"]), bench, quick=run.quick)
    return folder


def _prepare_waves(variant: Variant, panel: xr.Dataset) -> xr.Dataset:
    """The panel of the hazard; only the coalition against ISIS was joined over years."""
    return prepare_waves(panel, load_coalition(variant.data.case("isis"), load_states()))


def _thin(posterior: xr.Dataset) -> xr.Dataset:
    return stack_draws(posterior, min(KEPT_DRAWS, count_draws(posterior)))


def _judge_confounding(bench: Bench, nested: xr.DataTree, surface: pd.DataFrame) -> list[dict]:
    """The tipping point, and the E-value of the risk ratio, as rows of checks.csv."""
    rows = []
    grid = surface[surface["benchmark"] == ""]
    equal = grid[grid["strength_guarantee"] == grid["strength_joining"]]
    posterior = stack(nested["guarantee"].dataset)
    without, given = state_outcomes(posterior, bench.data("total"), bench.top)
    ratio = average_contrasts(given) / average_contrasts(without)
    for c, case in enumerate(bench.cases):
        part = equal[equal["case"] == case].sort_values("strength_guarantee")
        strengths = part["strength_guarantee"].to_numpy()
        tips = {
            name: confounding.find_tipping(strengths, part[name].to_numpy()) for name in ("effect", "lower")
        }
        marks = surface[(surface["case"] == case) & (surface["benchmark"] != "")]
        strongest = max(
            (min(r.strength_guarantee, abs(r.strength_joining)) for r in marks.itertuples()), default=np.nan
        )
        rows.append(
            row(
                "confounding",
                "tipping_strength",
                case=case,
                value=tips["effect"],
                lower=tips["lower"],
                reference=strongest,
                verdict="beyond the benchmarks" if tips["effect"] > strongest else "within the benchmarks",
                note="logits per sd of a hidden cause, on guarantee and joining alike, at which the effect "
                f"is gone (inf: beyond {strengths.max():g}); lower: at which the interval reaches 0; "
                "reference: the weaker side of the strongest benchmark",
            )
        )
        lower, upper = np.quantile(ratio[:, c], [0.05, 0.95])
        rows.append(
            row(
                "confounding",
                "e_value",
                case=case,
                value=confounding.e_value(ratio[:, c].mean()),
                lower=confounding.e_value(lower) if lower > 1 else 1.0,
                upper=confounding.e_value(upper),
                reference=ratio[:, c].mean(),
                note="of the risk ratio (reference) and of its 90 % interval",
            )
        )
    return rows


def _draw(folder: Path, found: dict, curve: pd.DataFrame, bench: Bench, *, quick: bool) -> None:
    """Save all figures as PNG and SVG; a quick run's say that they are one."""
    labels = {str(c.item()): str(c["label"].item()) for c in bench.panel["case"]}
    names = ISSUE_NAMES | {str(s.item()): str(s["name"].item()) for s in bench.panel["state"]}
    drawn: dict[str, Figure] = {
        "check_calibration": figures.plot_calibration(curve),
        "check_counts": figures.plot_counts(found["checks"], labels),
        "check_confounding": figures.plot_confounding(found["confounding"]),
        "check_tiers": figures.plot_tiers(found["tiers"], labels),
    }
    for effect in steps.EFFECTS:
        quantity = bench.quantity(effect)
        drawn[f"check_influence_{effect}"] = figures.plot_influence(found["influence"], quantity, names)
    for name, figure in drawn.items():
        if quick:
            figure.text(0.005, 0.995, "QUICK RUN, NOT A RESULT", va="top", color="#D55E00", fontsize=8)
        for suffix in ("png", "svg"):
            metadata = {"Date": None} if suffix == "svg" else None
            figure.savefig(folder / f"{name}.{suffix}", dpi=DPI, metadata=metadata)


def _to_tree(frame: pd.DataFrame) -> xr.DataTree:
    """A table as a DataTree that can be stored: numbers as numbers, the rest as text."""
    columns = {
        name: ("row", column.to_numpy(float) if _is_number(column) else column.to_numpy(str))
        for name, column in frame.items()
    }
    return xr.DataTree(xr.Dataset(columns))


def _is_number(column: pd.Series) -> bool:
    return pd.to_numeric(column, errors="coerce").notna().eq(column.notna()).all()


def _to_frame(tree: xr.DataTree) -> pd.DataFrame:
    return tree.dataset.to_dataframe().reset_index(drop=True)[list(tree.dataset.data_vars)]


def _hash_checks() -> str:
    """Hash of the code that makes the checks' numbers from draws."""
    files = sorted(Path(__file__).parent.glob("*.py"))
    kept = [file for file in files if file.name not in ("figures.py", "run.py", "show.py")]
    return hash_content([file.read_text(encoding="utf-8") for file in kept])
