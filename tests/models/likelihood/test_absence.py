"""Likelihood of absences: the kernel agrees with the graph, and with probabilities written out."""

import numpy as np
import pymc as pm
import pytensor
import pytensor.tensor as pt
import pytest
import xarray as xr
from scipy.special import expit

from models.ideal_point import build_ideal_point_model
from models.likelihood.absence import absence_logp, prepare_absences
from models.simulate.static import simulate_votes
from models.simulate.worlds import World, simulate_window
from models.spec import IdealPointSpec, SpecError

ITEMS, STATES, GROUPS = 10, 37, 2
DAY = [0, 0, 0, 1, 1, 2, 3, 3, 3, 3]
GROUP = np.arange(STATES) % GROUPS
MODELLED = IdealPointSpec(absence="modelled")


def made_presence(seed=0):
    rng = np.random.default_rng(seed)
    presence = rng.integers(-1, 2, size=(ITEMS, STATES))
    # Some days nothing changes, so that every code occurs.
    presence[7:9] = presence[6]
    coords = {"date": ("item", np.array(DAY))}
    return xr.Dataset({"presence": (("item", "state"), presence)}, coords)


def draw_parameters(seed=1):
    rng = np.random.default_rng(seed)
    middle, log_gap, slope = rng.normal(size=(3, ITEMS))
    cut = middle[:, None] + np.exp(log_gap)[:, None] * [-0.5, 0.5]
    # Some states stay away or come nearly for certain.
    position, usual = rng.normal(size=STATES), 4 * rng.normal(size=STATES)
    return position, 3 * slope, cut, usual, rng.normal(size=(ITEMS, GROUPS)), 1.7, 0.6


def compile_logp(implementation, presence):
    cutpoint = pt.TensorType("float64", (None, 2))
    kinds = (pt.dvector, pt.dvector, cutpoint, pt.dvector, pt.dmatrix, pt.dscalar, pt.dscalar)
    inputs = [kind() for kind in kinds]
    with pm.Model():
        group = pm.Data("group", GROUP)
        value = absence_logp(*inputs, prepare_absences(presence), group, implementation=implementation)
    return pytensor.function(inputs, [value, *pt.grad(value, inputs)])


def test_the_kernel_agrees_with_the_graph_in_value_and_gradients():
    presence, parameters = made_presence(), draw_parameters()
    fused, graph = (compile_logp(how, presence)(*parameters) for how in ("fused", "graph"))
    for mine, reference in zip(fused, graph, strict=True):
        np.testing.assert_allclose(mine, reference, rtol=1e-9, atol=1e-10)


def test_absences_are_the_chain_of_a_day_written_out():
    presence, parameters = made_presence(), draw_parameters()
    position, slope, cut, usual, tendency, weight, inertia = parameters
    total = 0.0
    for state in range(STATES):
        before = {}
        for item in range(ITEMS):
            there = int(presence["presence"][item, state])
            if there < 0:
                continue
            no, less_than_yes = expit(cut[item] - slope[item] * position[state])
            answers = np.array([no, less_than_yes - no, 1 - less_than_yes])
            awkward = 2 * (1 - (answers**2).sum())
            p = expit(usual[state] + tendency[item, GROUP[state]] + weight * awkward)
            p = p if there == 0 else 1 - p
            if DAY[item] in before:
                p = inertia * (before[DAY[item]] == there) + (1 - inertia) * p
            before[DAY[item]] = there
            total += np.log(p)
    found = compile_logp("graph", presence)(*parameters)[0]
    assert found == pytest.approx(total)
    # The check can fail: absences that each are decided anew have another density.
    apart = presence.assign_coords(date=("item", np.arange(ITEMS)))
    assert compile_logp("graph", apart)(*parameters)[0] != pytest.approx(total, rel=1e-3)


def test_a_state_without_a_choice_tells_nothing_of_its_position():
    presence, parameters = made_presence(), draw_parameters()
    presence["presence"][:, 4] = -1
    _, by_position, *_ = compile_logp("fused", presence)(*parameters)
    assert by_position[4] == 0
    assert np.count_nonzero(by_position) == STATES - 1


def test_bad_choices_end_before_anything_is_fitted():
    votes, _ = simulate_window(World(n_state=12, n_item=20, absent=0.2), 1)
    tallies, _ = simulate_votes(n_state=8, n_item=6, votes_per_item=4, seed=1)
    with pytest.raises(SpecError, match="'modelled' needs single roll calls, and who was there"):
        build_ideal_point_model(tallies, MODELLED)
    with pytest.raises(SpecError, match="is for one dimension"):
        IdealPointSpec(absence="modelled", dimensions=2)
    with pytest.raises(SpecError, match="these votes have no absences"):
        build_ideal_point_model(votes.assign(presence=votes["presence"] * 0 + 1), MODELLED)
    with pytest.raises(SpecError, match="needs the votes of the United States"):
        build_ideal_point_model(votes.isel(state=slice(1, None)), MODELLED)
    with pytest.raises(SpecError, match=r"absence = 'modeled'; allowed: 'ignored', 'modelled'"):
        IdealPointSpec(absence="modeled")
