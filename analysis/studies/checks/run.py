"""The checks of a variant: which there are, in which order, and what they write."""

from dataclasses import asdict
from pathlib import Path

import pandas as pd

from analysis.figures.draw import save_figures
from analysis.fitting.gates import ConvergenceError
from analysis.pipeline.inputs import Inputs, load_inputs
from analysis.pipeline.plan import plan_positions
from analysis.store.files import RESULTS, write_table
from analysis.store.keys import hash_content, hash_dataset
from analysis.store.store import Store, load_or_make
from analysis.store.task import Task
from analysis.studies.checks.bench import make_nested
from analysis.studies.checks.calibration import judge_calibration, make_calibration
from analysis.studies.checks.comparison import make_comparison
from analysis.studies.checks.controls import AMONG, make_permuted
from analysis.studies.checks.figures import draw_checks
from analysis.studies.checks.hazard import make_hazard, make_waves
from analysis.studies.checks.hidden.judge import make_judgement
from analysis.studies.checks.hidden.surface import make_surface
from analysis.studies.checks.influence import make_influence
from analysis.studies.checks.power_scaling import make_power_scaling
from analysis.studies.checks.prediction import make_predictions
from analysis.studies.checks.predictive import make_posterior_predictive, make_prior_predictive
from analysis.studies.checks.priors.figure import plot_priors
from analysis.studies.checks.priors.scale import make_priors
from analysis.studies.checks.rows import row, to_table
from analysis.studies.checks.stage1.figures import draw_positions
from analysis.studies.checks.stage1.make import keep_summary, make_position_checks
from analysis.studies.checks.stage1.starts import judge_starts, make_starts
from analysis.studies.checks.tiers import make_tier_fit, make_tiers
from analysis.studies.checks.votes_left_out import (
    make_areas,
    make_votes_influence,
    plan_areas,
    plan_left_out,
)
from analysis.studies.checks.weighting import make_weighting
from analysis.variants.sampler import Progress, Report
from analysis.variants.variant import Variant
from data.load import (
    ISSUE_NAMES,
    load_blocs,
    load_coalition,
    load_guarantees,
    load_states,
    prepare_waves,
)
from models.likelihood.link import require_logit

NEEDED_BY_ALL = ("ideal_point", "check_nested")
"""Fits without which there is nothing to check."""
ORDER = (
    *(
        "positions",
        "starts",
        "prior",
        "comparison",
        "calibration",
        "posterior",
        "power_scaling",
        "priors",
        "weighting",
    ),
    *(*AMONG, "areas", "hazard", "confounding"),
)
"""Kinds of checks in the order in which checks.csv has their rows."""


def plan_checks(variant: Variant, inputs: Inputs) -> list[Task]:
    """Return the checks of a variant in order, each a task, without making any.

    They use the fits of stage 1 that the variant's run made. With alignment on several axes there is one
    check: which of them predict joining.
    """
    variant.require_plain_stage2("checks", one_axis=False)
    run, panel, votes = variant.run, inputs.panel, inputs.votes
    waves = prepare_waves(panel, load_coalition(variant.data.case("isis"), load_states()))
    stage1 = tuple(plan_positions(variant, votes).values())
    both = {"coalition": asdict(variant.coalition), "seed": run.seed}
    of_fit = both | {"sampler": asdict(run.total)}
    of_positions = both | {"ideal_point": asdict(variant.ideal_point), "propagation": variant.propagation}
    of_positions |= {"stage1_draws": run.stage1_draws, "reference": variant.reference}
    of_positions |= {"axes": list(variant.axis_names)} if variant.axis_names else {}
    hashes = {case: hash_dataset(counted) for case, counted in votes.items()}

    def plan(kind, name, make, needs=stage1, content=of_positions, data=panel):
        seen = data[0] if isinstance(data, tuple) else data
        levels = {v: seen[v].attrs["levels"] for v in seen.data_vars if "levels" in seen[v].attrs}
        of_data = {"panel": hash_dataset(seen.drop_vars("commitments", errors="ignore")), "levels": levels}
        about = {"data": panel.attrs.get("spec", ""), "files": panel.attrs.get("sha256", "")}
        return Task(f"check_{kind}", name, make, variant, data, of_data | content, about, needs)

    nested = plan("nested", "nested models", make_nested)
    fits = (*stage1, nested)
    comparison = plan("comparison", "states left out, nested models", make_comparison, fits)
    if variant.axes != "one":
        return [*stage1, nested, comparison]
    surface = plan("surface", "unmeasured confounding", make_surface, fits)
    tiers = plan("tier_fit", "tiers of support", make_tier_fit, (), of_fit)
    hazard = plan("waves", "time to joining", make_waves, (), of_fit, waves)
    blocs = load_blocs(load_states(), load_guarantees(load_states()))
    seen = {"votes": hashes, "blocs": hash_content(blocs.fillna("").to_dict("list")), "seed": run.seed}
    replicated = Task(
        *("check_positions", "votes replicated", make_position_checks, variant, (votes, blocs), seen),
        needs=stage1,
    )
    seen = {"votes": hashes, "ideal_point": asdict(variant.ideal_point), "seed": run.seed}
    starts = Task("check_starts", "stage 1 from forty starts", make_starts, variant, votes, seen)
    of_votes, parts = (panel, votes), of_positions | {"votes": hashes}
    left_out, areas = (*stage1, *plan_left_out(variant, votes)), (*stage1, *plan_areas(variant, votes))
    return [
        *stage1,
        replicated,
        starts,
        nested,
        plan("prior", "prior predictive", make_prior_predictive),
        comparison,
        plan("calibration", "calibration", make_calibration, fits),
        plan("posterior", "posterior predictive", make_posterior_predictive, fits),
        plan("power_scaling", "power-scaling of priors", make_power_scaling, fits),
        plan("priors", "other priors of the guarantee", make_priors, fits),
        plan("weighting", "second estimator", make_weighting, fits),
        plan("predictions", "prediction across cases", make_predictions),
        surface,
        plan("confounding", "strength of hidden causes", make_judgement, (*fits, surface)),
        plan("influence", "states and regions left out", make_influence, fits),
        tiers,
        plan("tiers", "tiers by guarantee", make_tiers, (tiers,), both),
        hazard,
        plan("hazard", "hazard by guarantee", make_hazard, (hazard,), both, waves),
        *(plan(item, f"permuted {AMONG[item]}", make_permuted, fits, data=(panel, item)) for item in AMONG),
        plan("areas", "issue areas", make_areas, areas, parts, of_votes),
        plan("votes", "votes left out", make_votes_influence, left_out, parts, of_votes),
    ]


def run_checks(variant: Variant, *, votes_path: Path | None = None, report: Report) -> Path:
    """Check both stages of a variant, and write their tables and figures into the folder of its results.

    Parameters are those of ``analysis.pipeline.run.run_variant``. Returns the folder.

    Raises
    ------
    DataError
        If an input table breaks a rule.
    ValueError
        If the variant has another link than the logit.
    ConvergenceError
        If stage 1 or a nested model misses a gate. Any other check that misses one is named in checks.csv as
        ``not_computed``, and so are those that need it.
    """
    require_logit(variant.coalition.link, "checks")
    reading = report("votes")
    inputs = load_inputs(variant, votes_path, reading)
    reading(1.0)
    store, made, found, lost = Store(), {}, {}, {}
    for task in plan_checks(variant, inputs):
        progress = report(task.name)
        needed = next((need.name for need in task.needs if need.key in lost), None)
        try:
            if needed is None:
                found[task.kind] = make_check(task, store, made, progress)
            else:
                lost[task.key] = task.name, f"it needs {needed}, which was not computed"
        except ConvergenceError as error:
            if task.kind in NEEDED_BY_ALL:
                raise
            # The other checks do not depend on this fit.
            lost[task.key] = task.name, str(error)
        progress(1.0)
    return write_checks(variant, inputs, found, dict(lost.values()))


def make_check(task: Task, store: Store, made: dict, progress: Progress) -> object:
    """Return the result of a check, stored or made anew; ``made`` are results that tasks share."""
    # Stage 1 without some votes: many fits, which share the progress of the check that needs them.
    further = [] if store.find(task) else [need for need in task.needs if need.key not in made]
    for k, need in enumerate(further):
        load_or_make(need, store, made=made)
        progress((k + 1) / (len(further) + 1))
    return load_or_make(task, store, made=made, progress=progress)[0]


def write_checks(variant: Variant, inputs: Inputs, found: dict, lost: dict[str, str]) -> Path:
    """Write tables and figures from what the checks found, by kind of task; return the folder.

    ``lost`` has, by name, why a check was not computed. Tables that cannot be written are removed, so that
    none of an earlier run is left beside those of this one.
    """
    folder, quick = RESULTS / variant.name, variant.run.quick
    named = [row("not_computed", name, verdict="not computed", note=why) for name, why in lost.items()]
    not_computed = [to_table(named)] if named else []
    if variant.axes != "one":
        tables = {"checks": pd.concat([found["check_comparison"], *not_computed])}
        _write_tables(tables, folder, quick)
        return folder
    rows = {kind: found[f"check_{kind}"] for kind in ORDER if f"check_{kind}" in found}
    curve, positions = found.get("check_calibration"), found.get("check_positions")
    rows |= {} if positions is None else {"positions": keep_summary(positions)}
    rows |= {"starts": judge_starts(rows["starts"])} if "starts" in rows else {}
    rows |= {} if curve is None else {"calibration": judge_calibration(curve)}
    shifts = [found[kind] for kind in ("check_influence", "check_votes") if kind in found]
    tables = {
        "checks": pd.concat([*(rows[kind] for kind in ORDER if kind in rows), *not_computed]),
        "calibration": curve,
        "position_checks": positions,
        "starts": found.get("check_starts"),
        "predictions": found.get("check_predictions"),
        "influence": pd.concat(shifts, ignore_index=True) if shifts else None,
        "confounding": found.get("check_surface"),
        "tiers": found.get("check_tiers"),
    }
    tables = _write_tables(tables, folder, quick)
    labels = {str(c.item()): str(c["label"].item()) for c in inputs.panel["case"]}
    figures = draw_checks(tables, inputs.panel, ISSUE_NAMES)
    figures |= {} if positions is None else draw_positions(positions, labels)
    figures |= {"check_priors": plot_priors(found["check_priors"], labels)} if "check_priors" in found else {}
    save_figures(folder, figures, quick=quick)
    return folder


def _write_tables(
    tables: dict[str, pd.DataFrame | None], folder: Path, quick: bool
) -> dict[str, pd.DataFrame]:
    """Write the tables that there are, remove the files of the others, and return those written."""
    there = {name: table for name, table in tables.items() if table is not None}
    for name, table in there.items():
        write_table(table.assign(quick=True) if quick else table, folder / f"{name}.csv")
    for name in tables.keys() - there.keys():
        (folder / f"{name}.csv").unlink(missing_ok=True)
    return there


def list_all(tasks: list[Task]) -> list[Task]:
    """Return tasks and what they need, each once, in an order in which they can be made."""
    return list({each.key: each for task in tasks for each in (*task.needs, task)}.values())
