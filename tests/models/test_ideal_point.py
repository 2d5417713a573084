import dataclasses

import numpy as np
import pytest
import xarray as xr
from scipy import stats
from scipy.special import expit
from support.densities import draw_point, evaluate_logp
from support.ungated import short_fits

from analysis.fitting.fit import fit_ideal_points
from analysis.variants.sampler import SamplerSpec
from models.coordinates.start import estimate_start, prepare_direction
from models.ideal_point import build_ideal_point_model
from models.simulate.static import simulate_votes
from models.spec import IdealPointSpec, SpecError

GRAPH = IdealPointSpec(likelihood="graph")


def small_votes(seed=1, n_state=12, n_item=9):
    return simulate_votes(n_state=n_state, n_item=n_item, seed=seed)[0]


def add_absences(votes):
    """The same votes with what a model of absence needs: who was there, and the United States."""
    states = ["USA", *votes["state"].values[1:]]
    presence = votes["counts"].any("response").astype(np.int8)
    return votes.assign(presence=presence).assign_coords(state=states)


def test_log_density_of_a_few_cells_equals_a_hand_sum():
    votes = small_votes(n_state=3, n_item=2)
    votes["counts"][:] = [
        [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
        [[0, 0, 1], [0, 0, 0], [1, 0, 0]],
    ]
    spec = GRAPH
    model = build_ideal_point_model(votes, spec)
    point = draw_point(model, 3)
    value = {k.removesuffix("_log__"): (np.exp(v) if k.endswith("_log__") else v) for k, v in point.items()}
    start = estimate_start(votes["counts"].values, prepare_direction(votes))
    gap_spread = np.sqrt(start.gap_error**2 + value["log_gap_sd"] ** 2)
    log_gap = value["log_gap_mean"] + value["log_gap_sd"] / gap_spread * value["gap_part"]
    beta, gap = value["raw_discrimination"], np.exp(log_gap)
    midpoint = value["anchor"] + start.centre * beta + (0.5 - start.upper_weight) * gap

    _, region_idx = np.unique(votes["region"].values, return_inverse=True)
    error, sd = model["region_error"].get_value(), value["region_mean_sd"]
    spread = np.sqrt(error**2 + sd**2)
    region_mean = sd / spread * value["region_part"]
    rough, part = model["position_error"].get_value(), value["position_part"]
    np.testing.assert_allclose(rough, start.position_error)
    mean, within = region_mean[region_idx], np.exp(value["region_log_sd"])[region_idx]
    part_mean, part_spread = mean / np.sqrt(1 + rough**2), np.sqrt(rough**2 + within**2)
    raw = mean + within / part_spread * (part - part_mean)
    theta = (raw - raw.mean()) / raw.std()

    total = 0.0
    for item, state, response in np.argwhere(votes["counts"].values == 1):
        below = [expit(midpoint[item] + side * gap[item] / 2 - beta[item] * theta[state]) for side in (-1, 1)]
        total += np.log([below[0], below[1] - below[0], 1 - below[1]][response])
    half_normals = {
        "region_mean_sd": spec.region_mean_scale,
        "discrimination_sd": spec.discrimination_scale,
        "midpoint_sd": spec.midpoint_sd_scale,
        "log_gap_sd": spec.log_gap_sd_scale,
    }
    for name, scale in half_normals.items():
        total += stats.halfnorm.logpdf(value[name], scale=scale) + point[f"{name}_log__"]
    normals = [
        (value["region_part"], 0, spread),
        (value["region_log_sd"], 0, spec.region_log_sd_scale),
        (part, part_mean, part_spread),
        ([raw.mean(), np.log(raw.std())], 0, spec.gauge_scale),
        (beta, 0, value["discrimination_sd"]),
        (value["log_gap_mean"], spec.log_gap_loc, spec.log_gap_scale),
        (value["gap_part"], 0, gap_spread),
        (value["midpoint_mean"], spec.midpoint_loc, spec.midpoint_scale),
        (midpoint, value["midpoint_mean"], value["midpoint_sd"]),
    ]
    total += sum(stats.norm.logpdf(x, loc, scale).sum() for x, loc, scale in normals)
    assert evaluate_logp(model, point) == pytest.approx(total, rel=1e-8)


@pytest.mark.parametrize("likelihood", ["fused", "graph"])
def test_relabelling_states_and_items_changes_nothing(likelihood):
    votes = small_votes()
    spec = IdealPointSpec(likelihood=likelihood)
    model = build_ideal_point_model(votes, spec)
    point = draw_point(model, 5)
    rng = np.random.default_rng(0)
    state, item = rng.permutation(votes.sizes["state"]), rng.permutation(votes.sizes["item"])
    relabelled = votes.isel(state=state, item=item).assign_coords(
        state=votes["state"].values, item=votes["item"].values
    )
    moved = point | {"position_part": point["position_part"][state]}
    for name in ("raw_discrimination", "gap_part", "anchor"):
        moved[name] = point[name][item]
    expected = evaluate_logp(model, point)
    other = build_ideal_point_model(relabelled, spec)
    assert evaluate_logp(other, moved) == pytest.approx(expected, rel=1e-10)
    # The check can fail: labels moved without their parameters are another density.
    assert evaluate_logp(other, point) != pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    "field", [f.name for f in dataclasses.fields(IdealPointSpec) if f.type is float and f.name != "family_df"]
)
def test_every_prior_number_changes_the_density(field):
    votes = small_votes().assign_coords(match_group=("item", [0, 0, 0, 1, 1, 2, 3, 4, 5]))
    model = {"testlet_scale": "testlet", "repeat_correlation": "tempered"}.get(field, "inertia")
    spec = dataclasses.replace(GRAPH, repeats=model)
    if field.startswith("absence"):
        votes, spec = add_absences(votes), dataclasses.replace(spec, absence="modelled")
    number = 0.4 if field == "repeat_correlation" else getattr(GRAPH, field) * 1.5 + 0.1
    changed = dataclasses.replace(spec, **{field: number})
    point = draw_point(build_ideal_point_model(votes, spec), 2)
    values = [evaluate_logp(build_ideal_point_model(votes, s), point) for s in (spec, changed)]
    assert abs(values[0] - values[1]) > 1e-6


def test_choices_change_the_density():
    votes = small_votes()
    point = draw_point(build_ideal_point_model(votes, GRAPH), 2)
    student = dataclasses.replace(GRAPH, family="student_t")
    wider = dataclasses.replace(student, family_df=30.0)
    values = [evaluate_logp(build_ideal_point_model(votes, s), point) for s in (GRAPH, student, wider)]
    assert len({round(v, 6) for v in values}) == 3
    world = build_ideal_point_model(votes, dataclasses.replace(GRAPH, pooling="world"))
    assert world.initial_point(0)["region_part"].shape == (1,)


def test_without_abstentions_the_model_is_binary():
    """The data cannot inform the gap, which would be a funnel; so there is one cutpoint per item."""
    votes = small_votes()
    counts = votes["counts"].values
    counts[..., 2] += counts[..., 1]
    counts[..., 1] = 0
    found = {}
    for likelihood in ("fused", "graph"):
        model = build_ideal_point_model(votes, IdealPointSpec(likelihood=likelihood))
        assert not [name for name in model.named_vars if name.startswith("log_gap")]
        point = draw_point(model, 3)
        found[likelihood] = model.compile_logp(vars=[model["votes"]])(point)
    cutpoint, position, slope = (
        model.compile_fn(
            model.replace_rvs_by_values([model[name]])[0], inputs=model.value_vars, on_unused_input="ignore"
        )(point)
        for name in ("cutpoint", "ideal_point", "discrimination")
    )
    # The saved positions and slopes may both be mirrored: their product is not.
    against = expit(cutpoint[:, :1] - np.outer(slope, position))
    by_hand = (counts[..., 0] * np.log(against) + counts[..., 2] * np.log1p(-against)).sum()
    assert found["fused"] == pytest.approx(by_hand, rel=1e-6)
    assert found["graph"] == pytest.approx(by_hand, rel=1e-6)
    assert build_ideal_point_model(small_votes(), GRAPH)["gap_part"] is not None


def test_a_bad_spec_is_refused():
    with pytest.raises(TypeError, match="discrimination_scal"):
        IdealPointSpec(discrimination_scal=1.0)
    with pytest.raises(SpecError, match="positive"):
        IdealPointSpec(midpoint_scale=0.0)
    with pytest.raises(SpecError, match="allowed: 'region', 'world'"):
        IdealPointSpec(pooling="continent")


def test_mirror_images_have_the_same_density_and_the_same_saved_numbers():
    """No reference state has to be chosen: the saved numbers do not depend on the image."""
    votes = small_votes(n_state=30, n_item=40)
    model = build_ideal_point_model(votes, GRAPH)
    point = draw_point(model, 7)
    mirrored = {k: v.copy() for k, v in point.items()}
    for name in ("position_part", "raw_discrimination", "region_part"):
        mirrored[name] = -point[name]
    centre = model["centre"].get_value()
    # The anchor lies beside the divide, which changes sides with the slope.
    mirrored["anchor"] = point["anchor"] + 2 * centre * point["raw_discrimination"]
    assert evaluate_logp(model, mirrored) == pytest.approx(evaluate_logp(model, point), rel=1e-10)
    names = ["ideal_point", "discrimination", "region_mean", "region_sd", "cutpoint"]
    saved = model.compile_fn(
        model.replace_rvs_by_values([model[name] for name in names]),
        inputs=model.value_vars,
        on_unused_input="ignore",
        mode="FAST_COMPILE",
    )
    for one, other in zip(saved(point), saved(mirrored), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-10)


SAMPLER = SamplerSpec(draws=700, tune=100)
SHORT = SamplerSpec(draws=300, tune=100)


@pytest.mark.slow
def test_chains_from_mirrored_starts_agree(monkeypatch):
    votes, truth = simulate_votes(n_state=60, n_item=80, seed=4)
    usual = fit_ideal_points(votes, IdealPointSpec(), SAMPLER, seed=1)["posterior"]["ideal_point"]

    def mirrored_start(counts, direction):
        start = estimate_start(counts, direction)
        return start._replace(
            position=-start.position, discrimination=-start.discrimination, centre=-start.centre
        )

    monkeypatch.setattr("models.ideal_point.estimate_start", mirrored_start)
    mirrored = fit_ideal_points(votes, IdealPointSpec(), SAMPLER, seed=2)["posterior"]["ideal_point"]
    first = [fit.isel(draw=slice(SAMPLER.draws)) for fit in (usual, mirrored)]
    both = xr.concat([first[0], first[1].assign_coords(chain=first[1]["chain"] + 10)], "chain")
    import arviz as az

    assert float(az.rhat(both.to_dataset()).to_array().max()) < 1.02
    assert np.corrcoef(mirrored.mean(("chain", "draw")), truth["ideal_point"])[0, 1] > 0.9


@pytest.fixture(scope="module")
def recovered():
    """Coverage of 90 % intervals, with responses as simulated and, in one world, shuffled."""
    shares = {"simulated": [], "shuffled": []}
    for seed in (11, 12, 13):
        votes, truth = simulate_votes(n_state=150, n_item=100, seed=seed)
        worlds = [("simulated", votes)]
        if seed == 11:
            # Each state is handed the answers of another: a good fit, to the wrong states.
            order = np.random.default_rng(seed).permutation(150)
            counts = votes["counts"].dims, votes["counts"].values[:, order]
            worlds.append(("shuffled", votes.assign(counts=counts)))
        for name, dataset in worlds:
            with short_fits():
                posterior = fit_ideal_points(dataset, IdealPointSpec(), SHORT, seed=seed)["posterior"]
            bounds = posterior["ideal_point"].quantile([0.05, 0.95], ("chain", "draw"))
            inside = (bounds[0] <= truth["ideal_point"]) & (truth["ideal_point"] <= bounds[1])
            shares[name].append(float(inside.mean()))
    return shares


@pytest.mark.slow
def test_positions_are_recovered(recovered):
    assert 0.85 <= np.mean(recovered["simulated"]) <= 0.95, recovered


@pytest.mark.slow
def test_recovery_fails_where_responses_are_shuffled(recovered):
    assert not 0.85 <= np.mean(recovered["shuffled"]) <= 0.95, recovered
