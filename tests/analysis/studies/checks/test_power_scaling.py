"""Every structural prior is scaled as the spec states it."""

import dataclasses

import numpy as np
import pytest
from scipy import stats
from support.made_bench import SPEC, make_data, make_draws

from analysis.posterior.priors import PRIORS, compute_log_priors


def test_every_structural_prior_is_scaled_as_it_stands_in_the_spec():
    panel, *_ = make_data()
    posterior = make_draws(panel, n=3).rename(sample="draw").expand_dims("chain")
    for name in ("guarantee_effect_mean", "alignment_slope_mean"):
        posterior[name] = posterior[name.removesuffix("_mean")].isel(case=0, drop=True)
    posterior["guarantee_capability_mean"] = posterior["guarantee_effect_mean"]
    for name in (name for group in PRIORS.values() for name in group if name.endswith("_sd")):
        posterior[name] = posterior["state_sd"]
    priors = compute_log_priors(posterior, SPEC)
    expected = stats.norm.logpdf(posterior["guarantee_effect_mean"], 0, SPEC.guarantee_scale).sum(-1)
    expected = expected + stats.norm.logpdf(posterior["state_sd"], 0, SPEC.guarantee_case_scale)
    assert np.ptp(priors["guarantee"].values - expected) < 1e-10
    # No prior is forgotten, whatever coordinates or further priors a model gets.
    fields = {f.name for f in dataclasses.fields(SPEC) if f.name.endswith("_scale")}
    elsewhere = {"guarantee_level_scale"} | {name for name in fields if name.startswith("missing_")}
    assert {field for group in PRIORS.values() for field in group.values()} == fields - elsewhere
    assert set(priors) == set(PRIORS)
    with pytest.raises(ValueError, match="guarantee_pooling = 'levels'"):
        compute_log_priors(posterior, dataclasses.replace(SPEC, guarantee_pooling="levels"))
