"""From contested acts to effects of a pact on acts and on ordinary votes, predictions and verdicts."""

from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import xarray as xr

from analysis.fitting.gates import ConvergenceError
from analysis.store.files import OUTPUT, write_json, write_table, write_tree
from analysis.store.keys import git_commit, now, package_versions
from analysis.store.store import load_or_make
from analysis.studies.acts.plan import EFFECTS, VOTES, ActsPlan, ActsRun, plan_acts
from analysis.variants.sampler import Report
from data.load import ActsData, load_acts

SHIELD = "P(shield), acts less ordinary votes"
SLOPE = "slope on unpopularity"
"""Names of quantities."""


class Estimates(NamedTuple):
    """What the fits of a run say.

    Attributes
    ----------
    by_act : dict of (str, str) to xr.DataArray
        Draws by act, by votes and effect; see ``analysis.studies.acts.effects.compute_effects``.
    parts : dict of (str, str) to xr.DataArray
        Means over acts; ``difference`` in the place of the votes: acts less ordinary votes.
    slopes : pd.DataFrame
        What a pact's effect is made of, and the differences between the powers, logits.
    """

    by_act: dict[tuple[str, str], xr.DataArray]
    parts: dict[tuple[str, str], xr.DataArray]
    slopes: pd.DataFrame


def run_acts(
    run: ActsRun, *, votes_path: Path | None = None, output: Path | None = None, report: Report
) -> Path:
    """Fit, judge and save.

    Parameters
    ----------
    run : ActsRun
    votes_path : Path, optional
        File or folder of the roll calls; see ``data.load.find_rollcalls``.
    output : Path, optional
        Folder of tables, draws and figures; by default ``analysis/output``, or ``acts-NAME`` in it for a run
        that is not the main one.
    report : callable
        Called with the name of each step; returns a function that takes the share done, 0 to 1.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    DataError
        No roll calls are found, or a row of the acts is wrong.
    ConvergenceError
        Stage 1 or a fit of the answers misses a gate. If refits to permuted pacts or without an act do, a
        note says so.
    """
    started, commit = now(), git_commit()
    reading = report("acts and votes")
    data = load_acts(run.data, votes_path, lambda share, _: reading(share))
    reading(1.0)
    plan = plan_acts(run, data.acts, data.ordinary, data.windows)
    made: dict[str, object] = {}
    # Direct effects that are stored do not load the positions that they were made from.
    for task in plan.windows.values():
        load_or_make(task, made=made, report=report)
    fits = {key: load_or_make(task, made=made, report=report)[0] for key, task in plan.fits.items()}
    estimates = estimate(run, data, plan, fits, made)
    further, lost = [], []
    for task in (plan.permuted, plan.left_out):
        try:
            further.append(load_or_make(task, made=made, report=report)[0] if task else None)
        except ConvergenceError as error:
            # The effects do not need these refits.
            further.append(None)
            lost.append(f"not computed: {error}")
    permuted, left_out = further
    if output is None:
        output = OUTPUT if run.name == "main" else OUTPUT / f"acts-{run.name}"
    about = {"started": started, "commit": commit, "notes": [*data.notes, *lost]}
    save(run, data, fits, estimates, permuted, left_out, output, about)
    return output


def estimate(run: ActsRun, data: ActsData, plan: ActsPlan, fits: dict, made: dict) -> Estimates:
    """Compute all effects. ``made`` has the fits of stage 1, by key."""
    from analysis.studies.acts.effects import average_acts, compute_effects
    from analysis.studies.acts.fit import prepare

    by_act, parts = {}, {}
    for votes in VOTES:
        acts = getattr(data, votes)
        for effect in EFFECTS:
            stage1 = [made[task.key] for task in plan.windows.values()] if effect == "direct" else []
            by_act[votes, effect] = compute_effects(fits[votes, effect], prepare(acts, stage1, run))
            parts[votes, effect] = average_acts(by_act[votes, effect], acts)
    for effect in EFFECTS:
        parts["difference", effect] = parts["acts", effect] - parts["ordinary", effect]
    return Estimates(by_act, parts, tabulate_slopes(fits))


def tabulate_slopes(fits: dict) -> pd.DataFrame:
    """Summarize what a pact's effect is made of: ``votes, effect, power, feature`` and the summary."""
    from analysis.posterior.draws import stack
    from analysis.studies.acts.effects import summarize

    parts = []
    for (votes, effect), fit in fits.items():
        posterior = stack(fit["posterior"].dataset)
        parts.append(summarize(posterior["pact_slope"], votes=votes, effect=effect))
        if "pact_difference" in posterior:
            parts.append(
                summarize(posterior["pact_difference"], votes=votes, effect=effect, power="USA less RUS")
            )
        names = [name for name in ("act_sd", "power_sd", "region_sd", "state_sd") if name in posterior]
        for name in names:
            parts.append(
                summarize(posterior[name], votes=votes, effect=effect, feature=name).assign(
                    prob_positive=None
                )
            )
        if "agreement_slope" in posterior:
            parts.append(
                summarize(posterior["agreement_slope"], votes=votes, effect=effect, feature="agreement")
            )
        covariates = summarize(posterior["covariate_slope"], votes=votes, effect=effect)
        parts.append(covariates.rename(columns={"covariate": "feature"}))
    columns = ["votes", "effect", "power", "feature", "mean", "sd", "lower", "upper", "prob_positive"]
    return pd.concat(parts, ignore_index=True).reindex(columns=columns)


def list_deciding(estimates: Estimates) -> pd.DataFrame:
    """List the deciding quantities: ``quantity, power``, the summary, and the effect on acts alone."""
    from analysis.studies.acts.effects import summarize

    def pick(votes: str) -> pd.DataFrame:
        whole = summarize(estimates.parts[votes, "total"], quantity=SHIELD)
        chosen = (whole["kind"] == "all") & (whole["era"] == "all") & (whole["answer"] == "shield")
        return whole[chosen & (whole["group"] == "protected")]

    on_acts = pick("acts")
    shield = pick("difference").assign(
        on_acts=on_acts["mean"].to_numpy(), on_acts_prob=on_acts["prob_positive"].to_numpy()
    )
    slopes = estimates.slopes
    own = (slopes["votes"] == "acts") & (slopes["effect"] == "total") & (slopes["feature"] == "unpopular")
    slope = slopes[own & (slopes["power"] != "USA less RUS")].assign(quantity=SLOPE)
    slope = slope.assign(on_acts=slope["mean"], on_acts_prob=slope["prob_positive"])
    columns = [
        "quantity",
        "power",
        "mean",
        "sd",
        "lower",
        "upper",
        "prob_positive",
        "on_acts",
        "on_acts_prob",
    ]
    return pd.concat([shield[columns], slope[columns]], ignore_index=True)


def tabulate_acts(data: ActsData, estimates: Estimates) -> pd.DataFrame:
    """One row an act: what it was, how states voted, and a pact's effects on it."""
    from analysis.studies.acts.effects import summarize

    acts = data.acts
    answer, voted = acts["answer"].values, (acts["answer"].values >= 0).sum(1)
    table = pd.DataFrame(
        {
            **{name: acts[name].values for name in ("act", "label", "power", "year", "kind", "military")},
            "states": voted,
            **{
                name: (answer == code).sum(1) / voted
                for code, name in enumerate(("against", "abstained", "supported"))
            },
            "protected": (acts["pact"].values * (answer >= 0)).sum(1).astype(int),
        }
    )
    for effect in EFFECTS:
        rows = summarize(estimates.by_act["acts", effect])
        for kind in ("shield", "support"):
            own = rows[(rows["answer"] == kind) & (rows["group"] == "protected")].set_index("act")
            for name in ("mean", "lower", "upper", "prob_positive"):
                table[f"{kind}_{effect}_{name}"] = own[name].reindex(table["act"]).to_numpy()
    return table


def save(
    run: ActsRun,
    data: ActsData,
    fits: dict,
    estimates: Estimates,
    permuted: pd.DataFrame | None,
    left_out: pd.DataFrame | None,
    output: Path,
    record: dict,
) -> None:
    """Write tables, draws, figures and ``acts.json``."""
    from analysis.figures.draw import save_figures
    from analysis.studies.acts.effects import summarize
    from analysis.studies.acts.figures import draw_acts
    from analysis.studies.acts.judge import judge
    from analysis.studies.acts.predict import compare_coalitions, score_acts
    from data.load import load_panel
    from data.spec import DataSpec

    output.mkdir(parents=True, exist_ok=True)
    variants = output / "acts_variants.csv"
    others = pd.read_csv(variants) if variants.is_file() else None
    verdicts = judge(list_deciding(estimates), permuted, others)
    effects = pd.concat(
        [summarize(draws, votes=votes, effect=effect) for (votes, effect), draws in estimates.parts.items()],
        ignore_index=True,
    )
    table = tabulate_acts(data, estimates)
    tables = {
        "acts": table,
        "acts_effects": effects,
        "acts_slopes": estimates.slopes,
        "acts_verdicts": verdicts,
    }
    if left_out is not None:
        years = dict(zip(table["act"], table["year"], strict=True))
        coalitions = compare_coalitions(left_out, load_panel(DataSpec()), years)
        tables["acts_predictions"] = pd.concat([score_acts(left_out), coalitions], ignore_index=True)
    if permuted is not None:
        tables["acts_permuted"] = permuted
    for name, content in tables.items():
        write_table(content, output / f"{name}.csv")
    draws = {effect: estimates.by_act["acts", effect].drop_attrs() for effect in EFFECTS}
    write_tree(xr.DataTree.from_dict({"effects": xr.Dataset(draws)}), output / "acts_effects.nc")
    save_figures(output, draw_acts(table, effects))
    further = {
        "finished": now(),
        "run": asdict(run),
        "versions": package_versions(),
        "convergence": {"/".join(key): fit.attrs["convergence"] for key, fit in fits.items()},
        "sha256": data.acts.attrs["sha256"],
    }
    write_json(record | further, output / "acts.json")
