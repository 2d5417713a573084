"""Comparison with an independent implementation: Bambi, which samples the state effects."""

from dataclasses import replace

import bambi
import numpy as np
import pandas as pd
import pytest
from arviz import mcse

from analysis.fitting.fit import fit_total
from analysis.variants.sampler import SamplerSpec
from models.panel import prepare_panel_data
from models.simulate.static import simulate_panel
from models.spec import CoalitionSpec

SPEC = CoalitionSpec(geography="region")
SAMPLER = SamplerSpec(draws=1000, tune=500, target_accept=0.9)


def fit_by_bambi(panel):
    """Fit the model of joining, with the priors of the spec, in Bambi."""
    data = prepare_panel_data(panel)
    table = pd.concat(
        pd.DataFrame(
            {
                "joined": data.joined[c].astype(int),
                "case": case,
                "rio": data.has_level[0, c],
                "pact": data.has_level[1, c],
                "gdp": data.covariates[c, :, 0],
                "distance": data.covariates[c, :, 1],
                "state": panel["state"].values,
                "place": [f"{case} {r}" for r in data.region[data.region_idx]],
            }
        )
        for c, case in enumerate(panel["case"].values)
    )

    def normal(scale):
        return bambi.Prior("Normal", mu=0, sigma=scale)

    def varying(scale):
        return bambi.Prior("Normal", mu=0, sigma=bambi.Prior("HalfNormal", sigma=scale))

    priors = {
        "case": normal(SPEC.intercept_scale),
        "case:gdp": normal(SPEC.covariate_scale),
        "case:distance": normal(SPEC.covariate_scale),
        "rio": normal(SPEC.guarantee_scale),
        "pact": normal(SPEC.guarantee_scale),
        "rio|case": varying(SPEC.guarantee_case_scale),
        "pact|case": varying(SPEC.guarantee_case_scale),
        "1|place": varying(SPEC.region_scale),
        "1|state": varying(SPEC.state_scale),
    }
    model = bambi.Model(
        "joined ~ 0 + case + case:gdp + case:distance + rio + pact"
        " + (0 + rio | case) + (0 + pact | case) + (1 | place) + (1 | state)",
        table,
        family="bernoulli",
        priors=priors,
        center_predictors=False,
    )
    return model.fit(
        inference_method="nutpie",
        draws=SAMPLER.draws,
        tune=SAMPLER.tune,
        chains=SAMPLER.chains,
        cores=1,
        random_seed=1,
        target_accept=0.95,
    )["posterior"].dataset


def list_quantities(theirs, ours):
    """Pair the draws (chain, draw) of the same quantities, by name."""
    pairs = {}
    for case in ("iraq", "isis"):
        for level in ("rio", "pact"):
            effect = theirs[level] + theirs[f"{level}|case"].sel(case__factor_dim=case)
            pairs[f"{level} {case}"] = effect, ours["guarantee_effect"].sel(case=case, level=level)
        slope = ours["covariate_slope"].sel(case=case)
        pairs[f"gdp {case}"] = theirs["case:gdp"].sel({"case:gdp_dim": case}), slope.isel(covariate=0)
        distance = theirs["case:distance"].sel({"case:distance_dim": case})
        pairs[f"distance {case}"] = distance, slope.isel(covariate=1)
        pairs[f"intercept {case}"] = theirs["case"].sel(case_dim=case), ours["intercept"].sel(case=case)
    pairs["region_sd"] = theirs["1|place_sigma"], ours["region_sd"]
    pairs["state_sd"] = theirs["1|state_sigma"], ours["state_sd"]
    return {name: [draws.transpose("chain", "draw").values for draws in pair] for name, pair in pairs.items()}


def compare(theirs, ours):
    """Differences of means and of both ends of the 90 % interval, in Monte Carlo standard errors."""
    gaps = {}
    for name, pair in list_quantities(theirs, ours).items():
        means = [draws.mean() for draws in pair]
        errors = [mcse(draws, method="mean") for draws in pair]
        gaps[f"mean {name}"] = (means[0] - means[1]) / np.hypot(*errors)
        for prob in (0.05, 0.95):
            ends = [np.quantile(draws, prob) for draws in pair]
            errors = [mcse(draws, method="quantile", prob=prob) for draws in pair]
            gaps[f"{prob} {name}"] = (ends[0] - ends[1]) / np.hypot(*errors)
    return gaps


@pytest.mark.slow
def test_estimates_and_intervals_agree_with_bambi():
    panel, _, _ = simulate_panel(n_state=120, seed=4)
    theirs = fit_by_bambi(panel)
    ours = fit_total(panel, SPEC, SAMPLER, seed=2)["posterior"].dataset
    gaps = compare(theirs, ours)
    assert max(map(abs, gaps.values())) < 4, gaps
    # With so many comparisons some are far out, but not in the mean.
    assert np.mean(np.square(list(gaps.values()))) < 2, gaps
    # Another prior is another answer, and the same comparison sees it.
    other = fit_total(panel, replace(SPEC, guarantee_scale=0.7), SAMPLER, seed=2)["posterior"].dataset
    assert max(map(abs, compare(theirs, other).values())) > 6
