"""A bloc that votes as one at the end of the scale has one place, whatever the chains begin with."""

from dataclasses import replace

import arviz as az
import numpy as np
import pytest
import xarray as xr

from analysis.studies.dynamic.fit import compile_record, sample_pair
from analysis.studies.dynamic.plan import Record
from analysis.variants.sampler import SamplerSpec
from models.coordinates.dynamic_start import disperse_positions, estimate_rough_start
from models.coordinates.layout import prepare_layout
from models.coordinates.start import prepare_direction
from models.simulate.dynamic import simulate_record
from models.spec import DynamicIdealPointSpec

SPEC = DynamicIdealPointSpec()
FREE = replace(SPEC, session_log_sd_scale=10.0)
"""The model of before: votes alone tell how far a session spreads."""
N_STATE, BLOC, MIDDLE = 60, 8, 4


@pytest.fixture(scope="module")
def world():
    """Eight states lie far out and vote as one; in the middle session they often side with the other end."""
    return simulate_record(n_state=N_STATE, n_session=9, items_per_session=40, bloc=BLOC, seed=2)


def find_bloc(votes) -> np.ndarray:
    """Positions (position,) that are those of the bloc in the middle session."""
    layout = prepare_layout(votes)
    return (layout.state_idx >= N_STATE - BLOC) & (layout.session_idx == MIDDLE)


def test_climbs_begin_far_apart(world):
    votes, _ = world
    layout = prepare_layout(votes)
    rough = estimate_rough_start(votes["counts"].values, layout, prepare_direction(votes)).position
    apart = [disperse_positions(rough, layout, np.random.default_rng(seed)) for seed in range(8)]
    bloc = find_bloc(votes)
    assert np.ptp([positions[bloc].mean() for positions in apart]) > 1


def sample(votes, spec) -> xr.Dataset:
    """Eight chains (chain, draw, position) that begin apart, without the gates."""
    compiled = compile_record(Record(votes, spec))
    sampler = SamplerSpec(draws=150, tune=200, chains=2, target_accept=0.9)
    pairs = [sample_pair(*compiled, sampler, 10 + pair)["posterior"].dataset for pair in range(4)]
    return xr.concat(pairs, "chain").assign_coords(chain=np.arange(8))[["ideal_point"]]


@pytest.mark.slow
def test_eight_chains_that_begin_apart_agree_only_if_sessions_spread_alike(world):
    votes, truth = world
    bloc = find_bloc(votes)
    agree, free = sample(votes, SPEC), sample(votes, FREE)
    assert float(az.rhat(agree)["ideal_point"].max()) < 1.06
    assert float(az.rhat(free)["ideal_point"].max()) > 1.3
    true = truth["ideal_point"].values[prepare_layout(votes).sat][bloc].mean()
    assert float(agree["ideal_point"].values[..., bloc].mean()) == pytest.approx(true, abs=0.5)
