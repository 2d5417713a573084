"""Likelihoods of votes with repeats: the kernels agree with plain graphs, and with sums over all answers."""

import numpy as np
import pymc as pm
import pytensor
import pytensor.tensor as pt
import pytest
import xarray as xr
from scipy.special import expit

from models.ideal_point import build_ideal_point_model, check_votes
from models.likelihood.repeated.answers import answers_logp, prepare_answers
from models.likelihood.repeated.turns import find_last_answers
from models.simulate.static import simulate_votes
from models.spec import IdealPointSpec, SpecError

ITEMS, STATES = 12, 9
GROUP = [0, 1, 2, 3, 4, 5, 3, 4, 5, 3, 10, 11]


def repeated_votes(seed=0):
    rng = np.random.default_rng(seed)
    code = rng.integers(-1, 3, size=(ITEMS, STATES))
    code[6:9] = np.where(rng.random((3, STATES)) < 0.6, code[3:6], code[6:9])
    counts = np.stack([code == response for response in range(3)], -1).astype(int)
    coords = {"match_group": ("item", GROUP), "date": ("item", np.arange(ITEMS))}
    coords["session"] = ("item", np.zeros(ITEMS))
    return xr.Dataset({"counts": (("item", "state", "response"), counts)}, coords)


def draw_parameters(axes, seed=1):
    rng = np.random.default_rng(seed)
    shape = () if axes == 1 else (2,)
    middle, log_gap = rng.normal(size=(2, ITEMS))
    cut = middle[:, None] + np.exp(log_gap)[:, None] * [-0.5, 0.5]
    return [rng.normal(size=(*shape, STATES)), rng.normal(size=(*shape, ITEMS)), cut, 0.4]


def compile_logp(repeats, axes, implementation, votes):
    kinds = [pt.dvector, pt.dvector] if axes == 1 else [pt.dmatrix, pt.dmatrix]
    inputs = [kind() for kind in (*kinds, pt.dmatrix, pt.dscalar)]
    with pm.Model():
        answers = prepare_answers(votes, repeats, 0.7, on_axes=axes == 2)
        value = answers_logp(*inputs[:3], answers, inputs[3], implementation=implementation)
    gradients = pt.grad(value, inputs, disconnected_inputs="ignore")
    return pytensor.function(inputs, [value, *gradients], on_unused_input="ignore")


@pytest.mark.parametrize("axes", [1, 2])
@pytest.mark.parametrize("repeats", ["apart", "inertia", "testlet", "tempered"])
def test_kernels_agree_with_the_graph_in_value_and_gradients(repeats, axes):
    votes = repeated_votes()
    parameters = draw_parameters(axes)
    fused, graph = (compile_logp(repeats, axes, how, votes)(*parameters) for how in ("fused", "graph"))
    for mine, reference in zip(fused, graph, strict=True):
        np.testing.assert_allclose(mine, reference, rtol=1e-9, atol=1e-10)


def test_tallies_on_two_axes_agree_with_the_graph():
    votes = repeated_votes()
    votes["counts"] = votes["counts"] * 2 + votes["counts"].roll(state=1)
    fused, graph = (
        compile_logp("inertia", 2, how, votes.drop_vars("match_group"))(*draw_parameters(2))
        for how in ("fused", "graph")
    )
    for mine, reference in zip(fused, graph, strict=True):
        np.testing.assert_allclose(mine, reference, rtol=1e-9, atol=1e-10)


def test_inertia_is_the_chain_of_answers_written_out():
    votes = repeated_votes()
    position, slope, cut, rho = draw_parameters(1)
    last, code = find_last_answers(votes), votes["counts"].values.argmax(-1)
    total = 0.0
    for item, state in np.argwhere(votes["counts"].values.any(-1)):
        above = expit(slope[item] * position[state] - cut[item])
        p = [1 - above[0], above[0] - above[1], above[1]][code[item, state]]
        if last[item, state] >= 0:
            same = code[last[item, state], state] == code[item, state]
            p = rho * same + (1 - rho) * p
        total += np.log(p)
    assert compile_logp("inertia", 1, "fused", votes)(position, slope, cut, rho)[0] == pytest.approx(total)
    # The check can fail: without repeats the density is another.
    assert compile_logp("apart", 1, "fused", votes)(position, slope, cut, rho)[0] != pytest.approx(
        total, rel=1e-3
    )


def test_answers_that_all_change_still_tell_of_inertia():
    votes = repeated_votes().isel(item=[3, 6])
    votes["counts"][:] = 0
    votes["counts"][0, :, 0], votes["counts"][1, :, 2] = 1, 1
    position, slope, cut, rho = draw_parameters(1)
    values = [
        compile_logp("inertia", 1, "fused", votes)(position, slope[:2], cut[:2], r)[0] for r in (rho, 0.9)
    ]
    assert values[0] - values[1] == pytest.approx(STATES * (np.log1p(-rho) - np.log1p(-0.9)))


def test_the_last_answer_is_the_latest_one_that_was_no_absence():
    votes = repeated_votes()
    votes["counts"][6, 0] = 0
    votes["counts"][[3, 9], 0] = [0, 1, 0]
    last = find_last_answers(votes)
    assert (last[9, 0], last[6, 0], last[3, 0], last[0, 0]) == (3, -1, -1, -1)


def test_votes_that_repeat_without_end_tell_no_more_than_once():
    """With certain inertia a repeat is no evidence: gradients by positions are those of first answers."""
    votes = repeated_votes()
    votes["counts"][6:9] = votes["counts"][3:6]
    once = votes.copy(deep=True)
    once["counts"][6:9] = 0
    parameters = draw_parameters(1)
    with_repeats = compile_logp("inertia", 1, "fused", votes)(*parameters[:3], 1 - 1e-9)[1]
    without = compile_logp("apart", 1, "fused", once)(*parameters)[1]
    later = votes["counts"].values[9].any(-1)
    np.testing.assert_allclose(with_repeats[~later], without[~later], atol=1e-6)
    assert np.abs(compile_logp("apart", 1, "fused", votes)(*parameters)[1] - without).max() > 0.1


def test_bad_choices_end_before_anything_is_fitted():
    votes, _ = simulate_votes(n_state=8, n_item=6, seed=1)
    tallies, _ = simulate_votes(n_state=8, n_item=6, votes_per_item=4, seed=1)
    with pytest.raises(SpecError, match="repeats = 'testlet' needs single roll calls"):
        build_ideal_point_model(tallies, IdealPointSpec(repeats="testlet"))
    with pytest.raises(SpecError, match="repeats = 'inertia' needs to know which roll calls"):
        build_ideal_point_model(votes.drop_vars("match_group"), IdealPointSpec(repeats="inertia"))
    with pytest.raises(SpecError, match="dimensions = 2 needs votes on several issue areas"):
        check_votes(votes.assign_coords(issue=("item", ["me"] * 6)), IdealPointSpec(dimensions=2))
    with pytest.raises(SpecError, match="repeats = 'tempered': no resolution is put again"):
        check_votes(votes, IdealPointSpec(repeats="tempered"))
    with pytest.raises(SpecError, match=r"repeat_correlation = 1\.5; a correlation from 0 to 1"):
        IdealPointSpec(repeat_correlation=1.5)
    check_votes(tallies, IdealPointSpec(repeats="inertia"))
