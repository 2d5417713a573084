"""Power-scaling: how sensitive the effect is to each named prior and to the likelihood."""

import pandas as pd
import xarray as xr

from analysis.posterior.draws import stack
from analysis.posterior.priors import compute_log_priors
from analysis.studies.checks.bench import EFFECTS, open_bench
from analysis.studies.checks.comparison import with_log_likelihood
from analysis.studies.checks.rows import row, to_table
from analysis.variants.variant import Variant

THRESHOLD = 0.05
"""Sensitivity above which a prior or the likelihood matters (Kallioinen et al. 2024)."""


def make_power_scaling(panel: xr.Dataset, fits: list, variant: Variant, **run) -> pd.DataFrame:
    """Scale the priors of both effects; ``fits``: stage 1, then the nested models."""
    bench, rows = open_bench(panel, fits, variant, **run), []
    for effect, model in EFFECTS.items():
        posterior, data = fits[-1][model].dataset, bench.data(effect)
        draws = bench.average_effect(stack(posterior), data)
        draws = draws.reshape(posterior.sizes["chain"], posterior.sizes["draw"], -1)
        effects = xr.DataArray(draws, {"case": bench.cases}, ("chain", "draw", "case"))
        priors = compute_log_priors(posterior, bench.spec)
        if effect == "total":
            priors = priors.drop_vars("alignment")
        tree = with_log_likelihood(posterior, data, panel["state"].values)
        tree["posterior"] = xr.DataTree(effects.to_dataset(name=bench.quantity(effect)))
        tree["log_prior"] = xr.DataTree(priors)
        rows += check_scaling(tree, effect)
    return to_table(rows)


def check_scaling(tree: xr.DataTree, name: str) -> list[dict]:
    """Return rows with the sensitivity of an effect to each named prior and to the likelihood.

    ``tree`` holds ``posterior`` (the effect alone, chain, draw, case), ``log_prior`` and ``log_likelihood``;
    ``name`` is ``total`` or ``direct``.
    """
    from arviz_stats import psense

    rows = []
    note = f"{name} effect: change of its distribution when this density is power-scaled (psense)"
    for part in (*map(str, tree["log_prior"].data_vars), "likelihood"):
        is_prior = part != "likelihood"
        group = {"group": "prior", "group_var_names": [part]} if is_prior else {"group": "likelihood"}
        weak, strong = ("weak", "strong") if is_prior else ("uninformative", "informative")
        for quantity, values in psense(tree, **group).data_vars.items():
            for case in map(str, values["case"].values):
                value = float(values.sel(case=case))
                verdict = strong if value > THRESHOLD else weak
                numbers = {"value": value, "reference": THRESHOLD}
                item = f"{quantity} by {part}"
                rows.append(row("power_scaling", item, case, verdict=verdict, note=note, **numbers))
    return rows
