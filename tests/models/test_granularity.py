"""Roll calls and the shipped tallies of them give the same positions."""

import pytest
from support.found import needs_rollcalls
from support.ungated import short_fits

from analysis.fitting.fit import fit_ideal_points
from analysis.variants.sampler import SamplerSpec
from data.load import load_votes
from data.spec import DataSpec
from models.spec import IdealPointSpec

MIN_CORRELATION = 0.98


@needs_rollcalls
@pytest.mark.slow
@pytest.mark.parametrize("case", ["iraq", "isis"])
def test_positions_agree_between_granularities(case):
    sampler = SamplerSpec(draws=200, tune=100, chains=2)
    means = {}
    for granularity in ("agenda", "rollcall"):
        spec = DataSpec(granularity=granularity)
        votes = load_votes(spec, spec.case(case))
        with short_fits():
            fit = fit_ideal_points(votes, IdealPointSpec(), sampler, seed=1)
        means[granularity] = fit["posterior"]["ideal_point"].mean(("chain", "draw")).to_series()
    both = means["agenda"].to_frame("agenda").join(means["rollcall"].rename("rollcall"), how="inner")
    assert len(both) == len(means["agenda"])
    assert both.corr(method="spearman").loc["agenda", "rollcall"] >= MIN_CORRELATION
