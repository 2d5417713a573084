"""Simulation-based calibration of stage 2: a true value should rank like a draw of its posterior.

Parameters are drawn from the prior and coalitions from the parameters. One compiled model is fitted to each
coalition, and every true value is ranked among its posterior draws. If the model is right, all ranks are
equally likely (Talts et al. 2018). The simulator is a second implementation in numpy that shares no code with
the model. A model with a wrong prior goes through the same test and must fail it.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal, get_args

import matplotlib as mpl
import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.figure import Figure
from scipy.stats import binom, chi2

from analysis.figures.draw import save_figure, title_figure
from analysis.figures.style import STYLE
from analysis.posterior.summaries import ENDS
from analysis.store.files import write_table
from analysis.store.store import Store, load_or_make
from analysis.store.task import Task
from analysis.variants.sampler import CORES, Progress, Report, SamplerSpec, derive_seed
from models.exposure import find_capability
from models.panel import centre_alignment, prepare_panel_data
from models.simulate.static import simulate_panel
from models.spec import CoalitionSpec

Fitted = Literal["right", "wrong"]
SEED = 20030320
BINS = 10
PARTS = {"right": 2, "wrong": 1}
PART = 200
"""Coalitions that are fitted, judged and stored together."""
QUICK_PART = 20
RANKED = 99
"""Posterior draws among which a true value is ranked: 100 possible ranks, ten to a bin."""
SAMPLER = SamplerSpec(draws=400, tune=300, chains=2, target_accept=0.9)
TRUTH = CoalitionSpec(heterogeneity="capability-region")
"""The model that simulates: that of the main analysis, with subregions and interactions."""


@dataclass(frozen=True, kw_only=True)
class RankSettings:
    """One part of the calibration: ``count`` coalitions from number ``first`` on, each with its own seed.

    ``fitted``: the model that simulated the coalitions, or one with a third of the prior scale of guarantee
    effects. ``sampler``: settings of one fit.
    """

    fitted: Fitted
    first: int
    count: int
    n_state: int = 60
    sampler: SamplerSpec = SAMPLER
    seed: int = SEED


def draw_prior(
    panel: xr.Dataset, position: np.ndarray, spec: CoalitionSpec, seed: int
) -> dict[str, np.ndarray]:
    """Draw parameters from the prior, and who joined.

    Takes a panel (its ``joined`` is not used; capability is a covariate) and centred alignment (case, state),
    in standard deviations of states. Returns the model's variables by name, and ``joined`` (case, state), 0
    or 1.
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
        "subregion_sd": half_normal(spec.subregion_scale),
        "guarantee_effect_mean": rng.normal(0, spec.guarantee_scale, n_level),
        "guarantee_effect_case_sd": half_normal(spec.guarantee_case_scale, n_level),
        "alignment_slope_mean": rng.normal(0, spec.alignment_scale),
        "alignment_slope_case_sd": half_normal(spec.alignment_case_scale),
        "state_sd": half_normal(spec.state_scale),
        "guarantee_capability_mean": rng.normal(0, spec.interaction_scale, n_level),
        "guarantee_capability_case_sd": half_normal(spec.interaction_case_scale, n_level),
        "guarantee_region_sd": half_normal(spec.interaction_region_scale),
    }
    for kind, places in (("region", data.region), ("subregion", data.subregion)):
        true[f"{kind}_effect"] = rng.normal(0, true[f"{kind}_sd"], (n_case, len(places)))
    for name in ("guarantee_effect", "guarantee_capability"):
        true[name] = rng.normal(true[f"{name}_mean"], true[f"{name}_case_sd"], (n_case, n_level))
    true["alignment_slope"] = rng.normal(
        true["alignment_slope_mean"], true["alignment_slope_case_sd"], n_case
    )
    # The cases share half of the variance between regions.
    size = (n_level, len(data.region))
    apart = (rng.normal(size=size) + rng.normal(size=(n_case, *size))) / np.sqrt(2)
    true["guarantee_region"] = true["guarantee_region_sd"] * apart
    capability = data.covariates[..., find_capability(data.covariate)]
    of_state = rng.normal(0, true["state_sd"], n_state)
    eta = np.empty((n_case, n_state))
    for case in range(n_case):
        eta[case] = (
            true["intercept"][case]
            + data.covariates[case] @ true["covariate_slope"][case]
            + true["region_effect"][case][data.region_idx]
            + true["subregion_effect"][case][data.subregion_idx]
            + true["guarantee_effect"][case] @ data.has_level[:, case]
            + true["guarantee_capability"][case] @ data.has_level[:, case] * capability[case]
            + (true["guarantee_region"][case][:, data.region_idx] * data.has_level[:, case]).sum(0)
            + true["alignment_slope"][case] * position[case]
            + of_state
        )
    true["joined"] = (rng.random(eta.shape) < 1 / (1 + np.exp(-eta))) * data.included
    return true


def make_ranks(
    data: None, fits: list, settings: RankSettings, cores: int = CORES, progress: Progress | None = None
) -> pd.DataFrame:
    """Rank the true value of every parameter among the draws of its posterior, for each coalition.

    Returns ``fitted, quantity, bin, count``: number of true values in each tenth of the ranks. Raises
    ConvergenceError if a gate is missed.
    """
    from analysis.fitting.fit import gate
    from analysis.fitting.refits import compile_refits, refit

    fitted, seed, sampler = settings.fitted, settings.seed, settings.sampler
    simulations = range(settings.first, settings.first + settings.count)
    panel, alignment, _ = simulate_panel(n_state=settings.n_state, seed=seed)
    panel = panel.assign_coords(covariate=["gdp_per_capita", "capability"])
    position = centre_alignment(panel, alignment)
    spec = TRUTH if fitted == "right" else replace(TRUTH, guarantee_scale=TRUTH.guarantee_scale / 3)
    worlds = [draw_prior(panel, position, TRUTH, derive_seed(seed, "world", k)) for k in simulations]
    model = compile_refits(prepare_panel_data(panel), position, spec, seed=derive_seed(seed, "pilot"))
    joined = [{"joined_observed": world["joined"]} for world in worlds]
    refits = refit(model, joined, sampler, seed=seed, cores=cores, progress=progress)
    idata = gate(refits, f"calibration ({fitted})", sampler)
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
    """Test with chi-squared whether ranks are uniform.

    Parameters
    ----------
    table : pd.DataFrame
        From ``run_calibration``.

    Returns
    -------
    pd.DataFrame
        ``fitted, quantity, chi2, p``. ``p`` is multiplied by the number of quantities (Bonferroni), so that a
        value below 0.05 speaks against the model and is not just the smallest of many.
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


def plan_calibration(*, quick: bool = False) -> list[Task]:
    """List the parts of the calibration as tasks, without fitting anything.

    Parameters
    ----------
    quick : bool
        One small part of each model, to try the command out.
    """
    size = QUICK_PART if quick else PART
    tasks = []
    for fitted in get_args(Fitted):
        for part in range(1 if quick else PARTS[fitted]):
            settings = RankSettings(fitted=fitted, first=part * size, count=size)
            name = f"{fitted} model, coalitions {settings.first} to {settings.first + size - 1}"
            content = asdict(settings) | {"coalition": asdict(TRUTH)}
            tasks.append(Task("calibration", name, make_ranks, settings, None, content))
    return tasks


def run_calibration(
    tasks: Iterable[Task], store: Store | None = None, report: Report | None = None
) -> pd.DataFrame:
    """Rank the true values in all parts. Stored parts are reused.

    See ``analysis.store.store.load_or_make`` for the parameters.

    Returns
    -------
    pd.DataFrame
        As from ``make_ranks``, summed over parts.
    """
    tables = [load_or_make(task, store, report=report)[0] for task in tasks]
    columns = ["fitted", "quantity", "bin"]
    return pd.concat(tables).groupby(columns, sort=False)["count"].sum().reset_index()


def save_calibration(ranks: pd.DataFrame, folder: Path, *, quick: bool = False) -> Path:
    """Write table and figure (``sbc``, in a quick run ``sbc-quick``), and return the path of the table."""
    path = folder / ("sbc-quick.csv" if quick else "sbc.csv")
    write_table(ranks.assign(quick=True) if quick else ranks, path)
    save_figure(plot_ranks(ranks), path.with_suffix(""), quick=quick)
    return path


def plot_ranks(table: pd.DataFrame) -> Figure:
    """Plot by how much the share of low ranks differs from that of uniform ranks, for both models.

    Takes the table of ``run_calibration``. A line a quantity. The band holds 90 % of the lines of uniform
    ranks at each point.
    """
    bins = table["bin"].max() + 1
    share = np.arange(1, bins) / bins
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.2, 3.2), layout="constrained")
        axes = figure.subplots(1, 2, sharey=True)
        for ax, (fitted, rows) in zip(axes, table.groupby("fitted", sort=False), strict=True):
            simulations = rows.groupby("quantity")["count"].sum().max()
            lower, upper = (binom.ppf(end, simulations, share) / simulations - share for end in ENDS)
            ax.fill_between(share, lower, upper, color="#d9d9d9", lw=0)
            for quantity, counts in rows.groupby("quantity", sort=False):
                # The wrong model has the wrong prior of this quantity.
                concerned = quantity.startswith("guarantee_effect_mean")
                below = counts.sort_values("bin")["count"].cumsum().to_numpy()[:-1]
                ax.plot(
                    share,
                    below / simulations - share,
                    color="#0072B2" if concerned else "#7f7f7f",
                    lw=1.5 if concerned else 0.5,
                )
            ax.axhline(0, color="black", lw=0.8)
            ax.set_title(f"{fitted} model ({simulations} simulations)")
            ax.set_xlabel("rank of the truth among draws, 0 to 1")
        axes[0].set_ylabel("cumulative share less uniform")
        figure.supxlabel("shaded: 90 % of the lines of uniform ranks lie there, at each point", fontsize=8)
        title_figure(figure, "Ranks are near uniform if the model is right; a wrong prior (blue) shows")
    return figure
