import itertools
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from scipy.integrate import quad
from scipy.special import expit
from scipy.stats import norm
from support.made_acts import make_acts

from models.acts.model import CHANGED, LOGISTIC_VARIANCE, build_acts_model, prepare_cells
from models.acts.spec import ActsModelSpec
from models.checked import SpecError
from models.simulate.acts import ActsTruth, permute_pacts, simulate_acts


@pytest.fixture(scope="module")
def acts():
    """Eight acts of both powers with made-up votes."""
    return make_acts().isel(act=slice(5, 13))


@pytest.fixture(scope="module")
def agreement(acts):
    rng = np.random.default_rng(3)
    shape = acts["answer"].shape
    dims = ("act", "state")
    sd = np.where(rng.random(shape) < 0.1, 1.0, 0.2)
    return xr.Dataset({"mean": (dims, rng.normal(size=shape)), "sd": (dims, sd)})


def test_cells_are_the_answers_act_by_act(acts, agreement):
    cells = prepare_cells(acts, ActsModelSpec(), agreement)
    assert len(cells.answer) == (acts["answer"] >= 0).sum()
    assert (np.diff(cells.act_idx) >= 0).all()
    at = 40
    cell = {"act": cells.act[cells.act_idx[at]], "state": cells.state[cells.state_idx[at]]}
    for name in ("answer", "pact"):
        assert getattr(cells, name)[at] == acts[name].sel(cell)
    assert cells.features[at, 1] == pytest.approx(float(acts["unpopular"].sel(cell)))
    assert cells.power[cells.cell_power[at]] == acts["power"].sel(act=cell["act"])
    # A row holds states of one act with about the same error of agreement.
    assert (np.add.reduceat(cells.act_idx == 0, cells.row_offset[:-1]) > 0).sum() == 3
    inner = np.split(cells.agreement_sd, cells.row_offset[1:-1])
    assert all(a.max() <= b.min() for a, b in itertools.pairwise(inner[:3]))
    with_pact = prepare_cells(acts, ActsModelSpec(split="within"), agreement)
    assert with_pact.covariate[-1] == CHANGED


@pytest.mark.parametrize("agrees", [False, True])
def test_both_implementations_have_the_same_density(acts, agreement, agrees):
    cells = prepare_cells(acts, ActsModelSpec(), agreement if agrees else None)
    values = []
    for likelihood in ("fused", "graph"):
        model = build_acts_model(cells, ActsModelSpec(likelihood=likelihood))
        rng = np.random.default_rng(5)
        point = {
            name: np.asarray(value) + 0.3 * rng.normal(size=np.shape(value))
            for name, value in model.initial_point().items()
        }
        values.append(model.compile_logp(mode="FAST_COMPILE")(point))
    assert values[0] == pytest.approx(values[1], rel=1e-10)


def test_the_density_is_that_of_the_equation(acts, agreement):
    cells, spec = prepare_cells(acts, ActsModelSpec(), agreement), ActsModelSpec()
    model = build_acts_model(cells, spec)
    names = ("cutpoint", "pact_slope", "pact_act", "covariate_slope", "state_effect", "region_effect")
    names = (*names, "agreement_slope")
    rng = np.random.default_rng(6)
    point = {
        name: np.asarray(value) + 0.3 * rng.normal(size=np.shape(value))
        for name, value in model.initial_point().items()
    }
    outputs = [model[name] for name in names] + [model["answers"]]
    *drawn, logp = model.compile_fn(
        model.replace_rvs_by_values(outputs), inputs=model.value_vars, mode="FAST_COMPILE"
    )(point)
    given = dict(zip(names, drawn, strict=True))
    p, a = cells.cell_power, cells.act_idx
    pact = (given["pact_slope"][p] * cells.features).sum(1) + given["pact_act"][a]
    eta = cells.pact * pact + (given["covariate_slope"][p] * cells.covariates).sum(1)
    eta += given["state_effect"][p, cells.state_idx] + given["region_effect"][a, cells.region_idx]
    slope = given["agreement_slope"][p]
    eta += slope * cells.agreement
    variance = np.repeat(cells.row_variance(), np.diff(cells.row_offset))
    shrink = (1 + slope**2 * variance / LOGISTIC_VARIANCE) ** -0.5
    reach = expit(shrink[:, None] * (eta[:, None] - given["cutpoint"][a]))
    share = -np.diff(np.column_stack([np.ones(len(a)), reach, np.zeros(len(a))]), axis=1)
    assert logp == pytest.approx(np.log(share[np.arange(len(a)), cells.answer]).sum(), rel=1e-8)
    assert given["region_effect"].sum(1) == pytest.approx(0, abs=1e-10)


@pytest.mark.parametrize("sd", [0.1, 0.4, 1.0])
def test_the_error_of_agreement_is_averaged_over(sd):
    for eta in (-3.0, -0.5, 1.0, 4.0):
        exact = quad(lambda e, eta=eta: expit(eta + e) * norm.pdf(e, scale=sd), -8 * sd, 8 * sd)[0]
        assert expit(eta * (1 + sd**2 / LOGISTIC_VARIANCE) ** -0.5) == pytest.approx(exact, abs=0.012)


def test_one_power_alone_has_no_difference(acts):
    alone = acts.isel(act=np.flatnonzero(acts["power"].values == "USA"))
    model = build_acts_model(prepare_cells(alone, ActsModelSpec()), ActsModelSpec())
    assert "pact_difference" not in model.named_vars
    both = build_acts_model(prepare_cells(acts, ActsModelSpec()), ActsModelSpec())
    assert both["pact_slope"].eval().shape == (2, 4)


def test_answers_left_out_do_not_count(acts):
    cells = prepare_cells(acts, ActsModelSpec())
    given = cells.leave_out(np.where(cells.act_idx == 2, -1, cells.answer))
    assert (given["votes_response"][cells.act_idx == 2] == -1).all()
    other = replace(cells, answer=np.where(cells.act_idx == 2, -1, cells.answer))
    kept = given["votes_abstain_position"]
    assert (other.answer[kept] == 1).all()
    assert len(kept) == (other.answer == 1).sum()


def test_permuted_pacts_keep_their_number_by_region_and_session(acts):
    dealt = permute_pacts(acts, np.random.default_rng(0))
    voted = (acts["answer"] >= 0).values
    assert (dealt["pact"].values != acts["pact"].values).any()
    for region in np.unique(acts["region"].values):
        here = acts["region"].values == region
        for act in range(acts.sizes["act"]):
            before, after = (x["pact"].values[act, here & voted[act]].sum() for x in (acts, dealt))
            alone = (acts["session"].values == acts["session"].values[act]).sum() == 1
            assert not alone or before == after


def test_a_simulated_world_has_the_shape_and_about_the_shares_of_the_acts(acts):
    world, agreement, true = simulate_acts(acts, ActsTruth(), np.random.default_rng(1))
    assert ((world["answer"] >= 0) == (acts["answer"] >= 0)).all()
    for act in range(acts.sizes["act"]):
        before, after = (np.bincount(x["answer"].values[act] + 1, minlength=4)[1:] for x in (acts, world))
        assert abs(before - after).max() < 25
    assert agreement["sd"].min() > 0
    assert true["pact_effect"].shape == acts["answer"].shape


def test_a_spec_refuses_a_wrong_prior():
    with pytest.raises(SpecError, match="must be positive"):
        ActsModelSpec(pact_scale=0.0)
    with pytest.raises(SpecError, match="'together', 'within'"):
        ActsModelSpec(split="apart")
