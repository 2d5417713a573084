"""Units left out by weights: a planted outlier is found, and refits agree."""

import numpy as np
import pytest
from scipy.special import logsumexp
from support.made_bench import make_data, make_draws

from analysis.posterior.answers import linear_predictor, log_likelihood_by_state, state_contrasts
from analysis.posterior.draws import stack
from analysis.posterior.joining import average_contrasts
from analysis.studies.checks.bench import EXACT, leave_out
from analysis.studies.checks.comparison import leave_one_state_out, with_log_likelihood
from analysis.studies.checks.influence import effect_without_units, most_influential


def test_importance_weights_find_a_planted_outlier():
    """The state that contradicts the effect is the most influential one."""
    panel, _, data = make_data(n_state=40)
    posterior = make_draws(panel, n=3000, seed=1)
    has = data.has_level[1].min(0) == 1
    eta = linear_predictor(posterior, data).mean(0)
    surest = np.flatnonzero(has)[np.argmax(eta.sum(0)[has])]
    data = data._replace(joined_observed=(eta > 0).astype(float) * data.included)
    data.joined_observed[:, surest] = 0
    contrasts = state_contrasts(posterior, data, 1)
    likelihood = log_likelihood_by_state(posterior, data)
    units = {str(s): panel["state"].values == s for s in panel["state"].values}
    without, pareto_k = effect_without_units(contrasts, likelihood, units)
    main = np.append(*(lambda x: (x, x.mean()))(np.nanmean(contrasts.mean(0), axis=1)))
    assert most_influential(without, main)[0] == panel["state"].values[surest]
    assert max(pareto_k.values()) < 1
    # With equal weights only the average over states moves, and the outlier is not found.
    nothing = 1e-9 * np.random.default_rng(2).normal(size=likelihood.shape)
    flat, _ = effect_without_units(contrasts, nothing, units)
    assert abs(flat[str(panel["state"].values[surest])][-1] - main[-1]) < 0.02


@pytest.mark.slow
def test_weights_agree_with_true_refits_and_loo_with_leaving_out(bench, nested):
    data = bench.data("direct")
    posterior = stack(nested["alignment"].dataset)
    contrasts = state_contrasts(posterior, data, bench.top)
    likelihood = log_likelihood_by_state(posterior, data)
    units = {str(s): bench.panel["state"].values == s for s in bench.panel["state"].values}
    without, _ = effect_without_units(contrasts, likelihood, units)
    main = average_contrasts(contrasts).mean(0)
    top = most_influential(without, main, n=3)
    fitted = [leave_out(data, units[u]) for u in top]
    idata = bench.fit(fitted, EXACT, "left out")
    sd = average_contrasts(contrasts).std(0)
    tree = with_log_likelihood(nested["alignment"].dataset, data, bench.panel["state"].values)
    estimate = leave_one_state_out(bench, tree, data).estimate
    for k, unit in enumerate(top):
        refitted = stack(idata["posterior"].dataset.isel(refit=k))
        effect = average_contrasts(state_contrasts(refitted, fitted[k], bench.top)).mean(0)
        np.testing.assert_allclose(without[unit], effect, atol=0.15 * sd.max())
        # The shift is larger than the difference between weights and refit.
        assert abs(effect[-1] - main[-1]) > abs(without[unit][-1] - effect[-1])
        density = log_likelihood_by_state(refitted, data)[:, units[unit]]
        exact = (logsumexp(density, axis=0) - np.log(len(density))).item()
        assert estimate.elpd_i.sel(unit=unit).item() == pytest.approx(exact, abs=0.15)
