"""Simulation-based calibration of stage 2: whether the truth is an ordinary draw of its posterior.

    python -m analysis.studies.calibration

draws parameters from the prior and coalitions from the parameters, fits the one compiled model to each
coalition, and writes how the true values rank among the posterior draws to
``analysis/output/published/sbc.csv``, with a figure. The simulator is written here a second time, in numpy,
and shares nothing with the model. A model with a wrong prior goes through the same mill, and fails.
"""

from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import xarray as xr
from rich.progress import Progress as Bars
from scipy.stats import chi2

from analysis.fitting.fit import gate
from analysis.fitting.refits import compile_refits, refit
from analysis.store.files import RESULTS, ROOT, write_table
from analysis.store.keys import hash_content
from analysis.studies.propagation.figures import plot_ranks
from analysis.variants.sampler import Progress, SamplerSpec, derive_seed
from models.panel import centre_alignment, prepare_panel_data
from models.simulate.static import simulate_panel
from models.spec import CoalitionSpec

TARGET = ROOT / "analysis" / "output" / "published" / "sbc.csv"
Fitted = Literal["right", "wrong"]
BINS = 10
PART = 200
"""Simulations that are fitted, judged and kept together."""
RANKED = 99
"""Posterior draws that a true value is ranked among: 100 possible ranks, ten to a bin."""
SAMPLER = SamplerSpec(draws=400, tune=300, chains=2, target_accept=0.9)


def draw_prior(
    panel: xr.Dataset, position: np.ndarray, spec: CoalitionSpec, seed: int
) -> dict[str, np.ndarray]:
    """Parameters from the prior, and who joined.

    Parameters
    ----------
    panel : xr.Dataset
        The contract's panel; who joined in it does not matter.
    position : np.ndarray
        (case, state): alignment, centred.
    spec : CoalitionSpec
        Priors.
    seed : int
        Seed of numpy's generator.

    Returns
    -------
    dict of str to np.ndarray
        The model's variables by name, and ``joined`` (case, state), 0 or 1.
    """
    rng = np.random.default_rng(seed)
    data = prepare_panel_data(panel)
    n_level, n_case, n_state = data.has_level.shape

    def half_normal(scale, size=None):
        return np.abs(rng.normal(0, scale, size))

    true = {
        "intercept": rng.normal(0, spec.intercept_scale, n_case),
        "covariate_slope": rng.normal(0, spec.covariate_scale, (n_case, data.covariates.shape[-1])),
        "region_sd": half_normal(spec.region_scale),
        "guarantee_effect_mean": rng.normal(0, spec.guarantee_scale, n_level),
        "guarantee_effect_case_sd": half_normal(spec.guarantee_case_scale, n_level),
        "alignment_slope_mean": rng.normal(0, spec.alignment_scale),
        "alignment_slope_case_sd": half_normal(spec.alignment_case_scale),
        "state_sd": half_normal(spec.state_scale),
    }
    true["region_effect"] = rng.normal(0, true["region_sd"], (n_case, len(data.region)))
    true["guarantee_effect"] = rng.normal(
        true["guarantee_effect_mean"], true["guarantee_effect_case_sd"], (n_case, n_level)
    )
    true["alignment_slope"] = rng.normal(
        true["alignment_slope_mean"], true["alignment_slope_case_sd"], n_case
    )
    of_state = rng.normal(0, true["state_sd"], n_state)
    eta = np.empty((n_case, n_state))
    for case in range(n_case):
        eta[case] = (
            true["intercept"][case]
            + data.covariates[case] @ true["covariate_slope"][case]
            + true["region_effect"][case][data.region_idx]
            + true["guarantee_effect"][case] @ data.has_level[:, case]
            + true["alignment_slope"][case] * position[case]
            + of_state
        )
    true["joined"] = (rng.random(eta.shape) < 1 / (1 + np.exp(-eta))) * data.included
    return true


def rank_truths(
    fitted: Fitted,
    simulations: range,
    *,
    n_state: int = 60,
    sampler: SamplerSpec = SAMPLER,
    seed: int,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Rank the true value of every parameter among the draws of its posterior, coalition by coalition.

    Parameters
    ----------
    fitted : {"right", "wrong"}
        The model that made the coalitions, or one that takes guarantees to do a third of what they do.
    simulations : range
        Numbers of the coalitions: each has its own seed, so that a study can be made in parts.
    n_state : int
        States.
    sampler : SamplerSpec
        Settings of one fit.
    seed : int
        Seed.
    progress : callable, optional
        Told the share done.

    Returns
    -------
    pd.DataFrame
        ``fitted, quantity, bin, count``: true values in each tenth of the ranks.

    Raises
    ------
    ConvergenceError
        If a gate is missed.
    """
    panel, alignment, _ = simulate_panel(n_state=n_state, seed=seed)
    position = centre_alignment(panel, alignment)
    truth = CoalitionSpec()
    spec = truth if fitted == "right" else replace(truth, guarantee_scale=truth.guarantee_scale / 3)
    worlds = [draw_prior(panel, position, truth, derive_seed(seed, "world", k)) for k in simulations]
    model = compile_refits(prepare_panel_data(panel), position, spec, seed=derive_seed(seed, "pilot"))
    data = [{"joined_observed": world["joined"]} for world in worlds]
    idata = gate(
        refit(model, data, sampler, seed=seed, progress=progress), f"calibration ({fitted})", sampler
    )
    posterior = idata["posterior"].dataset
    draws = posterior.stack(sample=("chain", "draw"))
    draws = draws.isel(sample=np.linspace(0, draws.sizes["sample"] - 1, RANKED).astype(int))
    rows = []
    for name in model.saved:
        values = draws[name].transpose("refit", ..., "sample")
        labels = values.isel(refit=0, sample=0, drop=True)
        true = np.stack([world[name] for world in worlds])
        below = (values.values < true[..., None]).sum(-1)
        for place in np.ndindex(labels.shape):
            counts = np.bincount(below[(slice(None), *place)] * BINS // (RANKED + 1), minlength=BINS)
            label = [str(labels[d].values[i]) for d, i in zip(labels.dims, place, strict=True)]
            quantity = f"{name}[{', '.join(label)}]" if label else name
            rows += [
                {"fitted": fitted, "quantity": quantity, "bin": b, "count": int(n)}
                for b, n in enumerate(counts)
            ]
    return pd.DataFrame(rows)


def judge_ranks(table: pd.DataFrame) -> pd.DataFrame:
    """Chi-squared test of uniform ranks.

    Parameters
    ----------
    table : pd.DataFrame
        From ``rank_truths``.

    Returns
    -------
    pd.DataFrame
        ``fitted, quantity, chi2, p``; ``p`` is multiplied by the number of quantities of its model
        (Bonferroni), so that one below 0.05 is a fault of the model, not the worst of many.
    """
    groups = table.groupby(["fitted", "quantity"], sort=False)["count"]
    expected = groups.transform("mean")
    terms = (table["count"] - expected) ** 2 / expected
    judged = (
        terms.groupby([table["fitted"], table["quantity"]], sort=False).sum().rename("chi2").reset_index()
    )
    tests = judged.groupby("fitted")["quantity"].transform("size")
    judged["p"] = np.minimum(1.0, tests * chi2.sf(judged["chi2"], BINS - 1))
    return judged


def run_calibration(parts: dict[Fitted, int], seed: int, folder: Path) -> pd.DataFrame:
    """Rank the truths of both models part by part; finished parts are kept, and found again.

    Parameters
    ----------
    parts : dict of str to int
        Parts of ``PART`` simulations for each model.
    seed : int
        Seed.
    folder : Path
        Where finished parts are kept.

    Returns
    -------
    pd.DataFrame
        As ``rank_truths``, over all parts.
    """
    code = Path(__file__).read_text(encoding="utf-8")
    tables = []
    with Bars() as bars:
        for fitted, part in [(fitted, part) for fitted, n in parts.items() for part in range(n)]:
            simulations = range(part * PART, (part + 1) * PART)
            task = bars.add_task(f"{fitted} model, {simulations.start} to {simulations.stop}", total=1.0)
            key = hash_content([code, asdict(CoalitionSpec()), fitted, seed, simulations.start])
            kept = folder / f"{key[:16]}.csv"
            if not kept.is_file():
                told = partial(bars.update, task)
                table = rank_truths(
                    fitted, simulations, seed=seed, progress=lambda share, told=told: told(completed=share)
                )
                write_table(table, kept)
            tables.append(pd.read_csv(kept))
            bars.update(task, completed=1.0)
    columns = ["fitted", "quantity", "bin"]
    return pd.concat(tables).groupby(columns, sort=False)["count"].sum().reset_index()


if __name__ == "__main__":
    ranks = run_calibration({"right": 2, "wrong": 1}, 20030320, RESULTS / ".calibration")
    write_table(ranks, TARGET)
    plot_ranks(ranks).savefig(TARGET.with_suffix(".png"), dpi=150)
    verdict = judge_ranks(ranks).groupby("fitted")["p"].min()
    print(f"smallest p (Bonferroni): {verdict.to_dict()}; wrote {TARGET.relative_to(ROOT)}")
