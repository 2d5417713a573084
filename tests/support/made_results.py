"""Made-up files of results, as a run and the other commands write them, for tests of the report."""

import base64
import json
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from analysis.pipeline.robustness import tabulate_robustness
from analysis.store.files import write_tree
from analysis.studies.sensitivity.summary import summarize_axes
from analysis.variants.table import MAIN
from data.load import load_panel

CASES = ("iraq", "isis", "pooled", "difference")
HOSTILE = "<img src=x onerror=\"document.title='owned'\"></script><b>Tuvalu"
"""A name of a state that would load an image and run a script if the page did not escape it."""


def write_results(folder: Path, variant: str = "main", *, rename: dict[str, str] | None = None) -> Path:
    """Write the files of a run and return the folder of all results. ``rename`` maps iso3 to names."""
    rng = np.random.default_rng(7)
    target = folder / variant
    target.mkdir(parents=True)
    panel = load_panel(MAIN.data)
    names = [
        (rename or {}).get(s, n) for s, n in zip(panel["state"].values, panel["name"].values, strict=True)
    ]
    panel = panel.assign_coords(name=("state", np.array(names)))
    tree = xr.DataTree.from_dict({"panel": panel})
    tree.attrs = {"quick": 0, "model_total": "joined ~ Bernoulli(p)", "model_direct": "joined ~ Bernoulli(q)"}
    write_tree(tree, target / "coalition.nc")
    make_effects().to_csv(target / "effects.csv", index=False)
    for name, table in zip(("differences", "interactions"), make_differences(), strict=True):
        table.to_csv(target / f"{name}.csv", index=False)
    make_ideal_points(panel, rng).to_csv(target / "ideal_points.csv", index=False)
    fit = {
        "chains": 4,
        "draws": 1000,
        "divergences": 0,
        "max_rhat": 1.004,
        "max_rhat_at": "a[0]",
        "min_ess_bulk": 812.0,
        "min_ess_tail": 1033.0,
        "min_bfmi": 0.81,
        "file": "x.nc",
        "reused": False,
    }
    votes = {
        "granularity": "rollcall",
        "fallback": "",
        "source": "rollcalls.parquet + votes.parquet",
        "sha256": json.dumps({"votes.parquet": "ab" * 32}),
        "items": 335,
        "states": 189,
        "content": "cd" * 32,
        "left_out": "{}",
        "notes": "[]",
        "case": "iraq",
    }
    record = {
        "variant": MAIN.to_dict() | {"name": variant},
        "quick": variant.endswith("-quick"),
        "started": "2026-11-22T10:00:00+00:00",
        "finished": "2026-11-22T10:03:00+00:00",
        "commit": "0" * 40,
        "versions": {"python": "3.12.1", "pymc": "6.4.0"},
        "seed": 20030320,
        "seconds": {"ideal points, iraq": 20.5, "joining, total effect": 10.25},
        "convergence": {"ideal points, iraq": fit, "joining, total effect": fit | {"max_rhat": 1.0071}},
        "votes": {"iraq": votes, "isis": votes | {"case": "isis", "items": 327}},
        "panel": {"sha256": panel.attrs["sha256"], "content": "ef" * 32},
        "positions_from_region": {"iraq": ["LBR"], "isis": []},
    }
    (target / "run.json").write_text(json.dumps(record, default=str))
    return folder


def make_effects() -> pd.DataFrame:
    """Effects of the Rio Treaty near zero and of a pact far from it, in the columns of ``effects.csv``."""
    centre = {"ame_rio": (0.05, 0.09), "ame_pact": (0.39, 0.08), "att_pact": (0.31, 0.08)}
    rows = []
    for case, shift in zip(CASES, (0.07, -0.06, 0.0, -0.22), strict=True):
        for name, (mean, sd) in centre.items():
            for kind, less in (("total", 0.0), ("direct", 0.07)):
                rows.append((f"{name}_{kind}", case, "all", mean + shift - less, sd))
        rows.append(("ame_pact_indirect", case, "all", 0.11, 0.03))
        rows.append(("risk_ratio_pact_total", case, "all", 2.3, 0.4))
        rows.append(("alignment_slope", case, "all", 0.9, 0.3))
        rows.append(("alignment_pact", case, "all", 1.1, 0.2))
        for group, more in (("small", 0.05), ("middle", 0.0), ("major", -0.05)):
            rows.append(("ame_pact_total", case, group, 0.35 + shift + more, 0.1))
        if case != "difference":
            for level, share in (("none", 0.27), ("rio", 0.32), ("pact", 0.62)):
                rows.append((f"probability_{level}_total", case, "all", share + shift / 2, 0.05))
    # Over all states, the effect of a pact would be larger: elsewhere nobody has one.
    rows += [
        (name, case, "overlap", mean - 0.04 * name.startswith("ame_pact"), sd)
        for name, case, group, mean, sd in rows
        if group == "all" and ("pact" in name or "_none_" in name) and not name.startswith("alignment")
    ]
    for region, more in (("Asia-Pacific", -0.1), ("Western Europe and Others", 0.1)):
        rows += [("ame_pact_total", case, region, 0.35 + more, 0.1) for case in CASES[:3]]
    table = pd.DataFrame(rows, columns=["quantity", "case", "group", "mean", "sd"])
    table["lower"], table["upper"] = table["mean"] - 1.645 * table["sd"], table["mean"] + 1.645 * table["sd"]
    table["prob_positive"] = np.where(table["lower"] > 0, 0.9995, 0.7)
    table["stage1_share"] = np.where(table["quantity"].str.endswith("direct"), 0.11, np.nan)
    return table


def make_differences() -> tuple[pd.DataFrame, pd.DataFrame]:
    """One difference that the data show, one that comes from baselines, and how far the prior has moved."""
    keys = [
        "quantity",
        "level",
        "case",
        "first",
        "second",
        "mean",
        "lower",
        "upper",
        "prob_positive",
        "by_form",
    ]
    differences = [
        ("ame", "pact", "pooled", "major", "small", -0.05, -0.20, 0.10, 0.3, -0.05),
        ("ame", "pact", "iraq", "middle", "small", -0.10, -0.18, -0.02, 0.02, -0.09),
        ("ame", "pact", "isis", "Western Europe and Others", "Asia-Pacific", 0.3, 0.1, 0.5, 0.99, 0.02),
    ]
    interactions = [("guarantee_region", "pact", "Asia-Pacific", "isis", -0.6, 0.3, 0.4)]
    moved = ["parameter", "level", "region", "case", "mean", "sd", "variance_left"]
    return pd.DataFrame(differences, columns=keys), pd.DataFrame(interactions, columns=moved)


def make_ideal_points(panel: xr.Dataset, rng: np.random.Generator) -> pd.DataFrame:
    """A position, an alignment and a rank for each state of each case."""
    tables = []
    for case in panel["case"].values:
        states = panel["state"].values[panel["included"].sel(case=case).values]
        mean = rng.normal(size=len(states)) + (
            panel["guarantee"].sel(case=case, state=states).values == "pact"
        )
        for quantity, values in (
            ("ideal_point", mean),
            ("alignment", mean - 3),
            ("rank", len(states) - mean.argsort().argsort()),
        ):
            frame = pd.DataFrame(
                {"case": case, "state": states, "quantity": quantity, "mean": values, "sd": 0.2}
            )
            tables.append(frame.assign(lower=frame["mean"] - 0.33, upper=frame["mean"] + 0.33))
    return pd.concat(tables, ignore_index=True)


def write_claims(output: Path, estimate: dict[str, float]) -> None:
    """Write what the command ``claims`` writes, with one claim and a picture of one dot."""
    row = {
        "claim": "goods",
        "quantity": "adds_military",
        "when": "pooled",
        "group": "small",
        "coding": "main",
    }
    pd.DataFrame([row | estimate | {"prob": 0.99, "kind": "posterior", "unit": "points"}]).to_csv(
        output / "claims.csv", index=False
    )
    page = {
        "claim": "goods",
        "title": "Small states give <b>names</b>.",
        "measured": "Estimated: tiers.",
        "result": ["A pact adds 12 points."],
        "verdict": "fragile",
        "together": "The probability that all hold is at least 0.80.",
        "refuted_by": "Nothing added.",
        "codings": ["3 to 20 points elsewhere."],
        "limits": "Few states.",
        "missing": ["Roll calls: sfl data fetch"],
        "figures": [{"file": "goods.png", "title": "Names are given"}, {"file": "lost.png", "title": "Lost"}],
    }
    (output / "claims").mkdir(exist_ok=True)
    (output / "claims" / "claims.json").write_text(json.dumps({"quick": False, "claims": [page]}))
    dot = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    (output / "claims" / "goods.png").write_bytes(base64.b64decode(dot))


def make_weighting() -> pd.DataFrame:
    """The second estimator: it agrees with ``make_effects`` about Iraq and not about ISIS."""
    rows = [
        ("iraq", 0.40, 0.20, 0.60, 0.999, 26.0, 77.0, 17.0),
        ("isis", 0.05, -0.10, 0.22, 0.7, 35.0, 69.0, 8.0),
        ("pooled", 0.23, 0.10, 0.40, 0.99, np.nan, np.nan, np.nan),
        ("difference", 0.35, 0.10, 0.60, 0.98, np.nan, np.nan, np.nan),
    ]
    columns = ["case", "mean", "lower", "upper", "prob_positive", "treated", "controls", "effective_controls"]
    table = pd.DataFrame(rows, columns=columns).assign(sd=0.1)
    parts = [
        table.assign(quantity=f"{kind}_pact", unit=unit)
        for kind in ("att", "ate", "ato", "raw")
        for unit in ("state", "subregion")
    ]
    return pd.concat(parts, ignore_index=True)


def make_prior_sensitivity() -> pd.DataFrame:
    """How far the prior moves the headline: much, if it is half as wide."""
    columns = ["quantity", "case", "prior", "mean", "lower", "upper", "pareto_k", "moved", "power_scaling"]
    rows = [
        ("ame_pact_total", case, prior, 0.35 + moved / 4, 0.1, 0.5, 0.4, moved, 0.1)
        for case in CASES
        for prior, moved in (("half as wide", -0.4), ("half as wide again", 0.1))
    ]
    return pd.DataFrame(rows, columns=columns)


def write_tables(folder: Path, output: Path, variant: str = "main") -> None:
    """Write other tables of a run, and those of ``checks``, ``sensitivity``, ``claims`` and ``dynamic``."""
    target = folder / variant
    make_weighting().to_csv(target / "weighting.csv", index=False)
    make_prior_sensitivity().to_csv(target / "prior_sensitivity.csv", index=False)
    output.mkdir(parents=True, exist_ok=True)
    estimate = {"mean": 0.3, "sd": 0.1, "lower": 0.14, "upper": 0.46}
    pd.DataFrame(
        {
            "check": ["joined by level", "residuals", "randomisation"],
            "item": ["pact", "Europe", "whole_blocs"],
            "case": ["iraq", "isis", "isis"],
            "value": [0.6, 0.1, 0.035],
            "lower": [0.5, -0.2, np.nan],
            "upper": [0.7, 0.2, np.nan],
            "reference": [0.62, 0.0, 0.05],
            "verdict": ["pass", "fail", "beyond chance"],
            "note": ["", "<i>odd</i>", "199 permutations"],
        }
    ).to_csv(target / "checks.csv", index=False)
    pd.DataFrame(
        {
            "check": ["repeats", "residual_correlation", "state_fit"],
            "item": ["answers that differ from the last one", "NATO", "India"],
            "case": "iraq",
            "value": [291.0, 0.2, 6.5],
            "lower": [1007.0, -0.02, 0.4],
            "upper": [1278.0, 0.02, 2.0],
            "reference": [1142.0, 0.0, 1.0],
            "verdict": [
                "less than the model expects",
                "more than the model expects",
                "the model cannot place it",
            ],
            "note": "",
        }
    ).to_csv(target / "position_checks.csv", index=False)
    pd.DataFrame(
        [
            {"train": a, "test": b, "model": model, "score": score, **estimate}
            for a, b in (("iraq", "isis"), ("isis", "iraq"))
            for model in ("full", "no guarantee")
            for score in ("log_score", "brier")
        ]
    ).to_csv(target / "predictions.csv", index=False)
    shares = {"expected": [0.05, 0.7], "observed": [0.04, 0.8], "lower": [0.0, 0.5], "upper": [0.1, 0.9]}
    pd.DataFrame(shares | {"n": 47, "p_value": 0.61, "refitted": 1}).to_csv(
        target / "calibration.csv", index=False
    )
    pd.DataFrame(
        [
            {
                "kind": "state",
                "unit": unit,
                "quantity": "ame_pact_total",
                "case": "pooled",
                "effect_main": 0.35,
                "effect_without": 0.35 + shift,
                "shift": shift,
                "shift_in_sd": shift / 0.08,
                "method": "psis",
                "pareto_k": 0.3,
                "confirmed": "",
            }
            for unit, shift in (("POL", -0.02), ("FRA", 0.03), ("DEU", 0.01))
        ]
    ).to_csv(target / "influence.csv", index=False)
    pd.DataFrame(
        [
            {
                "strength_guarantee": a,
                "strength_joining": b,
                "case": "pooled",
                "effect": 0.35 - 0.1 * a * b,
                "lower": 0.22 - 0.12 * a * b,
                "upper": 0.48 - 0.1 * a * b,
                "benchmark": name,
                "benchmark_case": of_case,
            }
            for a, b, name, of_case in (
                *((a, b, "", "") for a in (0.0, 0.5, 1.0, 1.5) for b in (0.0, 0.5, 1.0, 1.5)),
                (0.8, 0.9, "region", "isis"),
            )
        ]
    ).to_csv(target / "confounding.csv", index=False)
    pd.DataFrame(
        [
            {"case": case, "level": level, "group": "all", "tier": tier, **estimate}
            for case in ("iraq", "isis")
            for level in ("none", "pact")
            for tier in ("political", "military", "combat")
        ]
    ).to_csv(target / "tiers.csv", index=False)
    ways = output / "propagation" / variant / "propagation.csv"
    ways.parent.mkdir(parents=True)
    pd.DataFrame(
        [
            {"way": way, "quantity": "ame_pact_direct", "case": case, **estimate, "stage1_share": share}
            for way, share in (("plugin", 0.0), ("draws", 0.1), ("joint", 0.2))
            for case in ("iraq", "isis", "pooled")
        ]
    ).to_csv(ways, index=False)
    make_sensitivity().to_csv(output / "sensitivity.csv", index=False)
    summarize_axes(make_sensitivity()).to_csv(output / "sensitivity_axes.csv", index=False)
    tabulate_robustness(make_sensitivity()).to_csv(output / "robustness.csv", index=False)
    write_claims(output, estimate)
    pd.DataFrame(
        [
            {
                "state": state,
                "session": session,
                "year": 1945 + session,
                "mean": k + session / 40,
                "sd": 0.1,
                "lower": k + session / 40 - 0.16,
                "upper": k + session / 40 + 0.16,
            }
            for k, state in enumerate(("RUS", "GBR", "USA"))
            for session in range(1, 75)
            # A state that was absent for some years.
            if state != "GBR" or not 30 <= session <= 45
        ]
    ).to_csv(output / "dynamic_ideal_points.csv", index=False)


def make_sensitivity() -> pd.DataFrame:
    """A few variants; a coding of the guarantee moves the effect most, votes cannot, one variant failed."""
    choices = (
        ("main", "main", "main", 0.35),
        ("rio_as_pact", "guarantee", "rio counts as a pact", 0.18),
        ("troops", "outcome", "troops sent", 0.31),
        ("agenda", "votes", "tallies", 0.35),
        ("broken", "prior", "flat", np.nan),
    )
    rows = [
        {
            "variant": name,
            "axis": axis,
            "choice": choice,
            "pact_level": "pact",
            "quantity": "ame_pact_total",
            "case": "pooled",
            "fit": "total-main" if name in ("main", "agenda") else f"total-{name}",
            "mean": mean,
            "sd": 0.08,
            "lower": mean - 0.13,
            "upper": mean + 0.13,
            "prob_positive": 0.999 if mean else np.nan,
            "status": "failed" if np.isnan(mean) else "ok",
            "reason": "did not converge" if np.isnan(mean) else "",
        }
        for name, axis, choice, mean in choices
    ]
    return pd.DataFrame(rows)
