"""Does the prior know an assembly like this one? Judged on figures of the Assembly's own votes."""

import numpy as np
import pymc as pm
import pytest

from data.load import load_votes
from data.spec import DataSpec
from models.ideal_point import build_ideal_point_model
from models.spec import IdealPointSpec
from tests.conftest import needs_rollcalls

DRAWS = 100


def describe(counts: np.ndarray, region: np.ndarray) -> dict[str, float]:
    """Figures of an assembly from (item, state, response) counts of single votes or shares."""
    total = counts.sum(-1, keepdims=True)
    share = counts.sum(1) / np.maximum(total.sum(1), 1e-9)
    answer = np.where(total[..., 0] > 0, counts.argmax(-1), -1)
    same = region[:, None] == region
    np.fill_diagonal(same, False)
    rng = np.random.default_rng(0)
    agree_within, agree_all = [], []
    for row in answer[rng.choice(len(answer), min(len(answer), 60), replace=False)]:
        voted = row >= 0
        equal = (row[:, None] == row) & voted[:, None] & voted
        both = voted[:, None] & voted
        agree_within.append(equal[same].sum() / max(both[same].sum(), 1))
        agree_all.append(equal.mean() / max(both.mean(), 1e-9))
    return {
        "share of the last answer": share[:, 2].mean(),
        "share of abstentions": share[:, 1].mean(),
        "median share of the commonest answer": float(np.median(share.max(1))),
        "spread of the share of the last answer": share[:, 2].std(),
        "agreement within regions above all": np.mean(agree_within) - np.mean(agree_all),
    }


def simulate_from_prior(votes, spec):
    model = build_ideal_point_model(votes, spec)
    names = ["ideal_point", "discrimination", "cutpoint"]
    with pytest.warns(UserWarning, match="Potential"):
        prior = pm.sample_prior_predictive(DRAWS, model=model, var_names=names, random_seed=1)["prior"]
    rng = np.random.default_rng(1)
    present = votes["counts"].values.sum(-1)
    for draw in range(DRAWS):
        d = prior.isel(chain=0, draw=draw)
        reaction = d["discrimination"].values[:, None] * d["ideal_point"].values + rng.logistic(
            size=(votes.sizes["item"], votes.sizes["state"])
        )
        cut = d["cutpoint"].values
        answer = (reaction > cut[:, :1]).astype(int) + (reaction > cut[:, 1:])
        yield np.eye(3)[answer] * present[..., None]


def within_prior(votes, spec) -> dict[str, bool]:
    region = votes["region"].values
    prior = [describe(counts, region) for counts in simulate_from_prior(votes, spec)]
    seen = describe(votes["counts"].values, region)
    return {
        name: bool(np.quantile([p[name] for p in prior], 0.05) <= value)
        and bool(value <= np.quantile([p[name] for p in prior], 0.95))
        for name, value in seen.items()
    }


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
    assert not all(within_prior(votes, narrow).values())
