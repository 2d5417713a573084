"""Does the prior know an assembly like this one? Judged on figures of the Assembly's own votes."""

import pytest
from support.found import needs_rollcalls

from analysis.posterior.predictive import compare_prior
from data.load import load_votes
from data.spec import DataSpec
from models.spec import IdealPointSpec

DRAWS = 1000


def within_prior(votes, spec, draws=DRAWS) -> dict[str, bool]:
    return compare_prior(votes, spec, draws, 1).set_index("figure")["inside"].to_dict()


@pytest.mark.parametrize("case", ["iraq", "isis"])
def test_prior_holds_assemblies_like_the_one_tallied(case):
    spec = DataSpec(granularity="agenda")
    result = within_prior(load_votes(spec, spec.case(case)), IdealPointSpec())
    assert all(result.values()), result


@needs_rollcalls
def test_prior_holds_assemblies_like_the_one_that_voted():
    spec = DataSpec(granularity="rollcall")
    result = within_prior(load_votes(spec, spec.case("iraq")), IdealPointSpec())
    assert all(result.values()), result


def test_a_prior_far_from_the_assembly_is_seen():
    spec = DataSpec(granularity="agenda")
    votes = load_votes(spec, spec.case("iraq"))
    narrow = IdealPointSpec(
        discrimination_scale=0.01, midpoint_loc=8.0, midpoint_scale=0.1, midpoint_sd_scale=0.1
    )
    assert not all(within_prior(votes, narrow, draws=100).values())
