"""The dynamic model recovers positions with correct intervals, and only through repeated resolutions."""

import arviz as az
import numpy as np
import nutpie
import pytest
import xarray as xr
from support.densities import mirror

from analysis.fitting.compile import compile_model
from models.coordinates.dynamic_mode import estimate_dynamic_start
from models.coordinates.layout import prepare_layout
from models.dynamic_ideal_point import build_dynamic_ideal_point_model
from models.simulate.dynamic import simulate_record
from models.spec import DynamicIdealPointSpec


@pytest.fixture(scope="module")
def shifting():
    """States and agenda drift together, states enter late and miss sessions, resolutions repeat."""
    return simulate_record(n_state=40, n_session=10, items_per_session=30, repeated=0.95, drift=0.12, seed=8)


def sample(votes):
    """Draw (sample, position) without the gates, which are tested elsewhere."""
    model = build_dynamic_ideal_point_model(votes, DynamicIdealPointSpec())
    compiled = compile_model(model, ["ideal_point"])
    idata = nutpie.sample(compiled, draws=300, tune=250, chains=2, cores=2, seed=1, progress_bar=False)
    values = idata["posterior"]["ideal_point"].values
    return values.reshape(-1, values.shape[-1])


def score(draws, votes, truth):
    """Coverage of 90 % intervals, error of the Assembly's whole drift, correlation with the truth."""
    layout = prepare_layout(votes)
    true = truth["ideal_point"].values[layout.sat]
    lower, upper = np.quantile(draws, [0.05, 0.95], axis=0)
    mean = draws.mean(0)
    first, last = layout.session_idx == 0, layout.session_idx == layout.session_idx.max()
    drift = (mean[last].mean() - mean[first].mean()) - (true[last].mean() - true[first].mean())
    return ((lower <= true) & (true <= upper)).mean(), abs(drift), np.corrcoef(mean, true)[0, 1]


@pytest.mark.slow
def test_repeated_resolutions_recover_positions_when_the_agenda_drifts(shifting):
    votes, truth = shifting
    coverage, missed, correlation = score(sample(votes), votes, truth)
    assert coverage > 0.8
    assert missed < 0.5
    assert correlation > 0.95


@pytest.mark.slow
def test_without_repeated_resolutions_the_same_check_fails(shifting):
    votes, truth = shifting
    apart = votes.assign_coords(match_group=("item", np.arange(votes.sizes["item"])))
    coverage, missed, correlation = score(sample(apart), votes, truth)
    assert coverage < 0.6
    assert missed > 0.8
    assert correlation < 0.95


@pytest.mark.slow
def test_chains_from_mirrored_starts_agree():
    """One chain starts at the mirror image and stays there; the saved variables are the same."""
    votes, _ = simulate_record(n_state=25, n_session=6, items_per_session=20, seed=9)
    start = estimate_dynamic_start(votes, prepare_layout(votes), DynamicIdealPointSpec().session_log_sd_scale)
    raw, saved = [], []
    for begin in (start, mirror(start)):
        model = build_dynamic_ideal_point_model(votes, DynamicIdealPointSpec(), start=begin)
        compiled = compile_model(model, ["ideal_point", "step_sd", "relative_discrimination"])
        idata = nutpie.sample(compiled, draws=600, tune=300, chains=1, seed=1, progress_bar=False)
        posterior = idata["posterior"].dataset
        raw.append(posterior["relative_discrimination"].mean(("chain", "draw")).values)
        saved.append(posterior[["ideal_point", "step_sd"]].assign_coords(chain=[len(saved)]))
    assert np.corrcoef(*raw)[0, 1] < -0.9, "the chains should be on both sides"
    rhat = az.rhat(xr.concat(saved, "chain"))
    assert float(rhat["ideal_point"].max()) < 1.05
    assert float(rhat["step_sd"].max()) < 1.05
