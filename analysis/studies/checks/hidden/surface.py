"""The effect that is left beside a hidden cause of any strength, and of the strengths of measured causes."""

import numpy as np
import pandas as pd
import xarray as xr

from analysis.posterior.answers import state_contrasts
from analysis.posterior.draws import stack
from analysis.posterior.joining import average_contrasts
from analysis.posterior.summaries import interval
from analysis.studies.checks.bench import SHORT, open_bench
from analysis.studies.checks.hidden.benchmarks import measure_benchmarks
from analysis.studies.checks.hidden.guarantee import describe_guarantee, weigh_hidden
from analysis.variants.sampler import derive_seed
from analysis.variants.variant import Variant
from models.likelihood.quadrature import HIDDEN_LOG_WEIGHTS, HIDDEN_NODES
from models.panel import Stage2Data, prepare_panel_data

STRENGTHS = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0)
"""Logits per standard deviation of the hidden cause, on the guarantee and on joining."""
ESTIMATES = ["effect", "lower", "upper"]
COLUMNS = ["strength_guarantee", "strength_joining", "case", *ESTIMATES, "benchmark", "benchmark_case"]


def make_surface(panel: xr.Dataset, fits: list, variant: Variant, **run) -> pd.DataFrame:
    """Return the effect that is left at each pair of strengths; ``fits``: stage 1, then the nested models.

    Rows with a ``benchmark`` are about a hidden cause that is as strong in all cases as that measured cause
    is in ``benchmark_case``.
    """
    from analysis.fitting.convergence import gate
    from analysis.fitting.fit import SAVED_TOTAL, list_saved
    from analysis.fitting.refits import refit, shape_refits
    from models.confounding import build_confounded_model

    bench = open_bench(panel, fits, variant, **run)
    data = bench.data("total")
    protected, design = describe_guarantee(data, bench.top)
    posterior, names = stack(fits[-1]["guarantee"].dataset), list(map(str, panel["covariate"].values))
    benchmarks = measure_benchmarks(data, bench.top, posterior, bench.cases[:-1], names)
    points = [(a, b, "", "") for a in STRENGTHS for b in STRENGTHS]
    points += [(each.on_guarantee, each.on_joining, each.name, each.case) for each in benchmarks]
    weights = [weigh_hidden(protected, design, a) for a, *_ in points]
    model = build_confounded_model(prepare_panel_data(panel), bench.spec, weights[0], 1.0)
    saved = list_saved(model, [name for name in SAVED_TOTAL if name != "eta"])
    compiled = shape_refits(model, saved, seed=derive_seed(bench.seed, "pilot, confounding"))
    variations = [
        {"hidden_log_weight": w, "strength": np.array(b)}
        for w, (_, b, *_) in zip(weights, points, strict=True)
    ]
    seed = derive_seed(bench.seed, "confounding")
    idata = refit(compiled, variations, SHORT, seed=seed, **run)
    posterior = gate(idata, "unmeasured confounding", SHORT)["posterior"].dataset
    rows = []
    for k, (a, b, name, of_case) in enumerate(points):
        draws = stack(posterior.isel(refit=k, draw=slice(None, None, 2)))
        effects = average_contrasts(bench.compare(hidden_contrasts(draws, data, bench.top, weights[k], b)))
        bounds = interval(effects, axis=0)
        for c, case in enumerate(bench.cases):
            rows.append((a, b, case, effects[:, c].mean(), *bounds[:, c], name, of_case))
    return pd.DataFrame(rows, columns=COLUMNS)


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
