"""How strong measured causes are, in the units of a hidden one: each covariate and the region, by case."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import xarray as xr

from analysis.studies.checks.hidden.guarantee import explain_guarantee
from models.panel import Stage2Data

REGION = "region"
"""Name of the benchmark made of all differences between regions."""
RIDGE = 2.5
"""Prior scale of coefficients. It is wide, because a benchmark that is shrunk is understated."""


class Benchmark(NamedTuple):
    """Strengths of a measured cause in one case, logits per standard deviation, both at least 0.

    Their signs are left out: a hidden cause of these strengths is taken to point in the direction in which it
    explains the effect away.
    """

    name: str
    case: str
    on_guarantee: float
    on_joining: float


def measure_benchmarks(
    data: Stage2Data, level: int, posterior: xr.Dataset, cases: Sequence[str], covariates: Sequence[str]
) -> list[Benchmark]:
    """Return the strengths of every covariate and of the region on the guarantee and on joining, by case.

    Parameters
    ----------
    data : Stage2Data
        For the total effect; covariates are standardised.
    level : int
        Index of the guarantee level among those above none.
    posterior : xr.Dataset
        Draws along ``sample`` of the model without alignment: ``covariate_slope``, ``region_effect`` and,
        where the model has it, ``subregion_effect``.
    cases, covariates : sequence of str
        Names, in the order of the data.

    Returns
    -------
    list of Benchmark
        The strength of a covariate is its slope; that of the region is the standard deviation over states of
        all that differs between places.
    """
    slopes = posterior["covariate_slope"].mean("sample").transpose("case", "covariate").values
    places = place_effects(posterior, data)
    found = []
    for c, case in enumerate(cases):
        who = data.included[c] == 1
        regions = np.eye(data.region_idx.max() + 1)[data.region_idx[who]]
        design = np.column_stack([np.ones(who.sum()), data.covariates[c, who], regions])
        protected = (data.has_level[level, c, who] > 0).astype(float)
        _, *coefficients = explain_guarantee(protected, design, 0.0, RIDGE)
        of_region = np.array(coefficients[len(covariates) :])[data.region_idx[who]]
        for k, name in enumerate(covariates):
            found.append(Benchmark(name, case, abs(coefficients[k]), abs(slopes[c, k])))
        on_joining = places[:, c, who].std(1).mean()
        found.append(Benchmark(REGION, case, float(of_region.std()), float(on_joining)))
    return found


def place_effects(posterior: xr.Dataset, data: Stage2Data) -> np.ndarray:
    """Return what a state's region and subregion add to joining, logits: (sample, case, state)."""
    effect = posterior["region_effect"].transpose("sample", "case", "region").values[:, :, data.region_idx]
    if data.subregion_idx is not None:
        within = posterior["subregion_effect"].transpose("sample", "case", "subregion").values
        effect = effect + within[:, :, data.subregion_idx]
    return effect
