"""One compiled stage 1 serves many assemblies, with the same numbers as a model compiled for each."""

from dataclasses import replace

import numpy as np
import pytest
from support.ungated import short_fits

from analysis.fitting.fit import fit_ideal_points
from analysis.fitting.reuse import PositionsModel
from analysis.variants.sampler import SamplerSpec
from models.ideal_point import SAVED
from models.simulate.priors import SMALL, Priors, draw_world_from_priors
from models.spec import IdealPointSpec

SAMPLER = SamplerSpec(draws=200, tune=150, chains=2)


@pytest.fixture(scope="module")
def votes():
    """Votes of the two windows of one world."""
    world = draw_world_from_priors(Priors(), 5, replace(SMALL, n_state=20, n_item=25))
    return list(world.votes.values())


@pytest.mark.slow
def test_other_votes_give_the_draws_of_a_model_of_their_own(votes):
    model = PositionsModel(votes[0], IdealPointSpec(), SAVED)
    # The first votes must leave nothing behind for the second.
    model.search(votes[0], 1)
    with short_fits():
        reused = model.fit(model.search(votes[1], 1), SAMPLER, seed=1)
        own = fit_ideal_points(votes[1], IdealPointSpec(), SAMPLER, seed=1)
    for name in own["posterior"].data_vars:
        np.testing.assert_array_equal(reused["posterior"][name].values, own["posterior"][name].values, name)


def test_votes_of_another_size_or_without_abstentions_are_refused(votes):
    model = PositionsModel(votes[0], IdealPointSpec(), SAVED)
    with pytest.raises(ValueError, match="the same states"):
        model.take(votes[1].isel(state=slice(1, None)))
    binary = votes[1].copy(deep=True)
    binary["counts"][..., 2] += binary["counts"][..., 1]
    binary["counts"][..., 1] = 0
    with pytest.raises(ValueError, match="need another model"):
        model.take(binary)
