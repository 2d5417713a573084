"""Unmeasured confounding: how strong a hidden cause must be to explain the effect away."""

import numpy as np
import pandas as pd
import xarray as xr
from scipy.optimize import minimize
from scipy.special import log_expit, logsumexp

from analysis.posterior.answers import state_contrasts, state_outcomes
from analysis.posterior.draws import stack
from analysis.posterior.joining import average_contrasts
from analysis.posterior.summaries import interval
from analysis.studies.checks.bench import SHORT, open_bench
from analysis.studies.checks.rows import row, to_table
from analysis.variants.sampler import derive_seed
from analysis.variants.variant import Variant
from models.likelihood.quadrature import HIDDEN_LOG_WEIGHTS, HIDDEN_NODES
from models.panel import Stage2Data, prepare_panel_data

STRENGTHS = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0)
"""Logits per standard deviation of the hidden cause, on the guarantee and on joining."""
BENCHMARKS = ("democracy", "gdp_per_capita")
"""Measured covariates whose strengths are shown for comparison."""
RIDGE = 1.0
"""Prior scale of the coefficients of the model of the guarantee, per standard deviation of a covariate."""
COLUMNS = ["strength_guarantee", "strength_joining", "case", "effect", "lower", "upper", "benchmark"]


def make_surface(panel: xr.Dataset, fits: list, variant: Variant, **run) -> pd.DataFrame:
    """Return the effect that is left at each pair of strengths; ``fits``: stage 1, then the nested models."""
    from analysis.fitting.convergence import gate
    from analysis.fitting.fit import SAVED_TOTAL, list_saved
    from analysis.fitting.refits import refit, shape_refits
    from models.confounding import build_confounded_model

    bench = open_bench(panel, fits, variant, **run)
    data = bench.data("total")
    protected, design = describe_guarantee(data, bench.top)
    slopes = stack(fits[-1]["guarantee"].dataset)["covariate_slope"].mean(("sample", "case")).values
    points = [(a, b, "") for a in STRENGTHS for b in STRENGTHS]
    on_guarantee = explain_guarantee(protected, design, 0.0)[1:]
    names = list(map(str, panel["covariate"].values))
    for name in BENCHMARKS:
        if name in names:
            a, b = on_guarantee[names.index(name)], slopes[names.index(name)]
            # Reversing the hidden cause flips both signs, so that only the sign of their product counts.
            points.append((abs(a), np.sign(a * b) * abs(b), name))
    weights = [weigh_hidden(protected, design, a) for a, _, _ in points]
    model = build_confounded_model(prepare_panel_data(panel), bench.spec, weights[0], 1.0)
    saved = list_saved(model, [name for name in SAVED_TOTAL if name != "eta"])
    compiled = shape_refits(model, saved, seed=derive_seed(bench.seed, "pilot, confounding"))
    variations = [
        {"hidden_log_weight": w, "strength": np.array(b)}
        for w, (_, b, _) in zip(weights, points, strict=True)
    ]
    seed = derive_seed(bench.seed, "confounding")
    idata = refit(compiled, variations, SHORT, seed=seed, **run)
    posterior = gate(idata, "unmeasured confounding", SHORT)["posterior"].dataset
    rows = []
    for k, (a, b, name) in enumerate(points):
        draws = stack(posterior.isel(refit=k, draw=slice(None, None, 2)))
        effects = average_contrasts(hidden_contrasts(draws, data, bench.top, weights[k], b))
        bounds = interval(effects, axis=0)
        for c, case in enumerate(bench.cases):
            rows.append((a, b, case, effects[:, c].mean(), *bounds[:, c], name))
    return pd.DataFrame(rows, columns=COLUMNS)


def make_judgement(panel: xr.Dataset, fits: list, variant: Variant, **run) -> pd.DataFrame:
    """Return rows with the tipping strength and the E-value; ``fits``: stage 1, nested models, surface."""
    bench, nested, surface = open_bench(panel, fits, variant, **run), *fits[-2:]
    without, given = state_outcomes(stack(nested["guarantee"].dataset), bench.data("total"), bench.top)
    ratio = average_contrasts(given) / average_contrasts(without)
    rows = []
    for c, case in enumerate(bench.cases):
        part = surface[surface["case"] == case]
        grid, measured = part[part["benchmark"] == ""], part[part["benchmark"] != ""]
        equal = grid[grid["strength_guarantee"] == grid["strength_joining"]]
        equal = equal.sort_values("strength_guarantee")
        strengths = equal["strength_guarantee"].to_numpy()
        gone, doubtful = (find_tipping(strengths, equal[name].to_numpy()) for name in ("effect", "lower"))
        strongest = np.minimum(measured["strength_guarantee"], measured["strength_joining"].abs()).max()
        numbers = {"value": gone, "lower": doubtful, "reference": strongest}
        verdict = "beyond the benchmarks" if gone > strongest else "within the benchmarks"
        note = (
            "strength of a hidden cause, logits per sd on guarantee and joining alike, at which the effect "
        )
        note += f"is 0 (inf: beyond {strengths.max():g}); lower: at which the interval reaches 0; "
        note += "reference: the weaker side of the strongest measured covariate"
        rows.append(row("confounding", "tipping_strength", case, verdict=verdict, note=note, **numbers))
        lower, upper = interval(ratio[:, c])
        numbers = {"value": e_value(ratio[:, c].mean()), "reference": ratio[:, c].mean()}
        numbers |= {"lower": e_value(lower) if lower > 1 else 1.0, "upper": e_value(upper)}
        note = "E-value of the risk ratio (reference) and of the ends of its 90 % interval"
        rows.append(row("confounding", "e_value", case, note=note, **numbers))
    return to_table(rows)


def describe_guarantee(data: Stage2Data, level: int) -> tuple[np.ndarray, np.ndarray]:
    """Return which states ever had the guarantee, and the predictors of having it.

    ``level`` is the index of the guarantee level among those above none. Returns ``protected`` (state,), 0 or
    1: the state has the level in any case, because guarantees last and cases are no separate decisions.
    Returns the design (state, column): intercept, covariates (means over the cases), regions.
    """
    n_case = np.maximum(data.included.sum(0), 1)
    covariates = (data.covariates * data.included[..., None]).sum(0) / n_case[:, None]
    regions = np.eye(data.region_idx.max() + 1)[data.region_idx]
    protected = data.has_level[level].max(0)
    return protected, np.column_stack([np.ones(len(protected)), covariates, regions])


def explain_guarantee(protected: np.ndarray, design: np.ndarray, strength: float) -> np.ndarray:
    """Return the coefficients of the guarantee's logit, (column,), a hidden cause integrated out.

    They are the posterior mode, with normal priors of scale ``RIDGE`` on all but the intercept. ``protected``
    and ``design`` come from ``describe_guarantee``; ``strength`` is in logits per sd of the hidden cause.
    """
    tightness = np.full(design.shape[1], 1 / RIDGE**2)
    tightness[0] = 1e-2

    def loss(b):
        each = logsumexp(_log_joint(protected, design @ b, strength), axis=1)
        return -each.sum() + 0.5 * (tightness * b**2).sum()

    return minimize(loss, np.zeros(design.shape[1]), method="BFGS").x


def weigh_hidden(protected: np.ndarray, design: np.ndarray, strength: float) -> np.ndarray:
    """Return where each state stands on the hidden cause, given its guarantee and covariates.

    Parameters are those of ``explain_guarantee``. Returns (state, node): the log probability of each of
    ``models.likelihood.quadrature.HIDDEN_NODES``.
    """
    b = explain_guarantee(protected, design, strength)
    joint = _log_joint(protected, design @ b, strength)
    return joint - logsumexp(joint, axis=1, keepdims=True)


def _log_joint(protected: np.ndarray, logit: np.ndarray, strength: float) -> np.ndarray:
    """Log probability of each state's guarantee and of each node of the hidden cause: (state, node)."""
    at_node = logit[:, None] + strength * HIDDEN_NODES
    return HIDDEN_LOG_WEIGHTS + log_expit((2 * protected - 1)[:, None] * at_node)


def hidden_contrasts(
    posterior: xr.Dataset, data: Stage2Data, level: int, log_weight: np.ndarray, strength: float
) -> np.ndarray:
    """Return the effect of the guarantee on each state-case, the hidden cause held constant.

    Takes draws along ``sample`` of ``models.confounding.build_confounded_model``, the data for the total
    effect, the index of the level among those above none, the weights of ``weigh_hidden``, and the logits of
    joining per standard deviation of the hidden cause. Returns (sample, case, state).
    """
    sd = posterior["state_sd"].transpose("sample").values
    at_node = strength * HIDDEN_NODES[:, None] + sd[:, None, None] * HIDDEN_NODES
    effect = at_node.reshape(len(sd), -1).T
    both = (log_weight[:, :, None] + HIDDEN_LOG_WEIGHTS).reshape(len(log_weight), -1)
    without = posterior.assign(alignment_slope=xr.zeros_like(posterior["intercept"]))
    return state_contrasts(without, data, level, (effect, both))


def e_value(risk_ratio: float) -> float:
    """Return the smallest risk ratio that a hidden cause must have with both to explain a risk ratio away.

    VanderWeele and Ding (2017), doi:10.7326/M16-2607. Ratios below 1 are inverted.
    """
    ratio = max(risk_ratio, 1 / risk_ratio)
    return ratio + np.sqrt(ratio * (ratio - 1))


def find_tipping(strengths: np.ndarray, effects: np.ndarray) -> float:
    """Return the smallest strength, the same on guarantee and joining, at which the effect is 0 or less.

    ``strengths`` rise; ``effects`` are those at each strength of both. The result is interpolated linearly;
    it is infinite if the effect stays above 0.
    """
    gone = np.flatnonzero(effects <= 0)
    if not len(gone):
        return np.inf
    before, after = max(gone[0] - 1, 0), gone[0]
    return float(np.interp(0.0, effects[[after, before]], strengths[[after, before]]))
