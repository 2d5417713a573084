"""The model of alignment against a regression done by hand, and its draws against the truth."""

import numpy as np
import pytest
import xarray as xr
from support.made_effects import draw_alignment_model

from analysis.fitting.convergence import check_chains
from analysis.fitting.gates import ConvergenceError
from models.alignment import pick_draws, sample_alignment
from models.covariates import draw_covariates
from models.panel import centre_alignment, prepare_panel_data
from models.simulate.coalitions import draw_panel
from models.simulate.static import simulate_panel
from models.spec import AlignmentSpec

WIDE = AlignmentSpec(
    intercept_scale=1e4,
    guarantee_scale=1e4,
    covariate_scale=1e4,
    region_scale=1e-4,
    residual_scale=1e3,
    state_effect=False,
    subregion_effect=False,
    tails="normal",
)
INDEPENDENT = AlignmentSpec(state_effect=False, subregion_effect=False, tails="normal")


def simulated(seed=1, n_state=190, **how):
    panel, alignment, _ = simulate_panel(n_state=n_state, seed=seed, **how)
    return panel, centre_alignment(panel, alignment)


def test_flat_priors_give_least_squares():
    panel, position = simulated()
    draws = draw_alignment_model(
        prepare_panel_data(panel), np.repeat(position[None], 8000, axis=0), WIDE, seed=2
    )
    data = prepare_panel_data(panel)
    for case in (0, 1):
        design = np.column_stack([np.ones(190), data.has_level[:, case].T, data.covariates[case]])
        estimate, squares, *_ = np.linalg.lstsq(design, position[case], rcond=None)
        squares = squares.item()
        sd = np.sqrt(np.diag(np.linalg.inv(design.T @ design)) * squares / (190 - design.shape[1]))
        effect = draws["guarantee_effect"].isel(case=case)
        np.testing.assert_allclose(effect.mean("sample"), estimate[1:3], atol=0.01)
        np.testing.assert_allclose(effect.std("sample"), sd[1:3], rtol=0.03)
        assert draws["residual_sd"].isel(case=case).mean() == pytest.approx(np.sqrt(squares / 185), rel=0.02)


def test_each_draw_belongs_to_its_positions():
    panel, position = simulated()
    moved = position + np.array([0.0, 3.0])[:, None, None] * prepare_panel_data(panel).has_level[1]
    draws = draw_alignment_model(prepare_panel_data(panel), moved, AlignmentSpec(), seed=2)
    pact = draws["guarantee_effect"].sel(level="pact")
    # Priors pull but little; the other level is left where it was.
    assert (np.abs(pact.isel(sample=1) - pact.isel(sample=0) - 3) < 0.8).all()


@pytest.mark.parametrize(
    "field",
    [
        "guarantee_scale",
        "covariate_scale",
        "region_scale",
        "residual_scale",
        "state_scale",
        "subregion_scale",
    ],
)
def test_priors_change_the_draws(field):
    panel, position = simulated(n_state=30)
    same = draw_alignment_model(prepare_panel_data(panel), position[None], AlignmentSpec(), seed=3)
    again = draw_alignment_model(prepare_panel_data(panel), position[None], AlignmentSpec(), seed=3)
    other = draw_alignment_model(
        prepare_panel_data(panel), position[None], AlignmentSpec(**{field: 0.1}), seed=3
    )
    assert same.equals(again)
    assert np.abs(other["guarantee_effect"] - same["guarantee_effect"]).max() > 1e-6


def draw_clustered_world(seed: int, n_state: int = 150):
    """A world as dependent as the real one, and not of the model's form: panel, positions and true effects.

    Residuals of a state correlate about 0.64 between the cases, those of neighbours about 0.25; pacts cluster
    in subregions; four states lie far out, on one side. The effect is 0.6 in both cases.
    """
    rng = np.random.default_rng(seed)
    panel = draw_panel(rng.integers(5, size=n_state), np.array([f"S{i:03d}" for i in range(n_state)]), rng)
    member = np.unique(panel["subregion"].values, return_inverse=True)[1]
    level = panel["guarantee"].values
    hosts = rng.random(member.max() + 1) < 0.3
    level[:, hosts[member] & (rng.random(n_state) < 0.6)] = "pact"
    panel["guarantee"].values[:] = level
    own = 0.36 * (rng.exponential(size=n_state) - 1)
    own[rng.choice(n_state, 4, replace=False)] += 1.8
    residual = 0.25 * rng.uniform(-1.7, 1.7, size=member.max() + 1)[member] + own
    residual = residual + 0.32 * rng.normal(size=(2, n_state))
    wealth = panel["covariates_transformed"].values[..., 0]
    position = 0.6 * (level == "pact") + 0.3 * (wealth - wealth.mean()) / wealth.std() + residual
    panel = panel.assign(joined=(("case", "state"), np.zeros((2, n_state))))
    return panel, position - position.mean(1, keepdims=True), residual


@pytest.mark.slow
def test_intervals_hold_the_truth_where_residuals_agree_and_independent_ones_do_not():
    """The check fails for the model that takes all residuals as independent."""
    inside = {"main": [], "independent": []}
    specs = {"main": AlignmentSpec(), "independent": INDEPENDENT}
    agreement = []
    for seed in range(100):
        panel, position, residual = draw_clustered_world(seed)
        agreement.append(np.corrcoef(residual)[0, 1])
        positions = np.repeat(position[None], 400, axis=0)
        for name, spec in specs.items():
            chains = sample_alignment(prepare_panel_data(panel), positions, spec, seed)["guarantee_effect"]
            pact = chains.sel(level="pact").stack(sample=("chain", "draw"), create_index=False)
            both = xr.concat([pact.mean("case"), pact.isel(case=0) - pact.isel(case=1)], "quantity")
            lower, upper = both.quantile([0.05, 0.95], "sample").values
            truth = np.array([0.6, 0.0])
            inside[name].append((lower < truth) & (truth < upper))
    assert np.mean(agreement) == pytest.approx(0.64, abs=0.1)
    main, independent = (np.mean(inside[name], axis=0) for name in ("main", "independent"))
    assert ((main > 0.85) & (main < 0.97)).all(), main
    assert independent[0] < 0.8, independent
    assert independent[1] > 0.97, independent


def test_chains_start_apart_and_agree():
    panel, position = simulated(n_state=60)
    noise = np.random.default_rng(1).normal(0, 0.05, size=(60, *position.shape))
    positions = np.concatenate([position + noise, position[None], position[None]])
    chains = sample_alignment(prepare_panel_data(panel), positions, AlignmentSpec(), 1)
    check_chains(chains, "alignment")
    drawn = pick_draws(chains)
    assert drawn.sizes["sample"] == 62
    assert {"state_sd", "subregion_sd", "residual_sd", "guarantee_effect"} == set(drawn)
    # Equal positions are visited once, and have different draws.
    assert chains["visit"].values[-2] == chains["visit"].values[-1]
    assert (drawn["residual_sd"].isel(sample=-1) != drawn["residual_sd"].isel(sample=-2)).all()
    # Chains that stay at their starts are refused.
    with pytest.raises(ConvergenceError, match="R-hat"):
        check_chains(chains + xr.DataArray(np.arange(4.0), dims="chain"), "alignment")


def test_states_in_one_case_only_count_there():
    panel, position = simulated(n_state=80)
    fewer = panel.copy(deep=True)
    fewer["included"][0, 5:30] = False
    data = prepare_panel_data(fewer)
    moved = position.copy()
    moved[0, 5:30] += 100.0
    one, other = (
        draw_alignment_model(data, np.repeat(p[None], 50, 0), AlignmentSpec(), 4) for p in (position, moved)
    )
    assert one.equals(other)


def test_imputed_covariates_enter_draw_by_draw():
    panel, position = simulated(n_state=40)
    lost = panel.copy(deep=True)
    lost["covariates_transformed"][1, 4, 0] = np.nan
    with pytest.raises(ValueError, match=r"missing in 1 rows: S004 \(isis\)"):
        draw_alignment_model(prepare_panel_data(lost), position[None], AlignmentSpec(), seed=1)
    values = lost["covariates_transformed"].values[..., 0]
    truth = (panel["covariates_transformed"].values[1, 4, 0] - np.nanmean(values)) / np.nanstd(values)
    positions = np.repeat(position[None], 400, axis=0)
    data = prepare_panel_data(lost, "impute")

    def fill(value):
        drawn = xr.Dataset({"covariate_imputed": (("sample", "missing"), np.full((400, 1), value))})
        return sample_alignment(data, positions, AlignmentSpec(), 1, draw_covariates(drawn, data))

    filled = fill(truth)
    whole = sample_alignment(prepare_panel_data(panel), positions, AlignmentSpec(), 1)
    by_level = [d["guarantee_effect"].isel(case=1).mean(["chain", "draw"]).values for d in (filled, whole)]
    np.testing.assert_allclose(*by_level, atol=0.05)
    far = fill(40.0)
    assert np.abs(far["guarantee_effect"].isel(case=1).mean(["chain", "draw"]) - by_level[1]).max() > 0.1


def sample_pact(panel, positions, spec, seed, axes=()):
    """Draws of the effect of a pact on alignment with fixed positions (case, state, ...)."""
    fixed = np.repeat(positions[None], 2000, axis=0)
    chains = sample_alignment(prepare_panel_data(panel), fixed, spec, seed, axes=axes)
    return chains["guarantee_effect"].sel(level="pact").stack(sample=("chain", "draw"), create_index=False)


def test_on_several_axes_flat_priors_and_independent_states_give_each_axis_as_alone():
    panel, position = simulated(n_state=100)
    other = 0.8 * position + 0.4 * np.random.default_rng(3).normal(size=position.shape)
    positions = np.stack([position, other], axis=-1)
    both = sample_pact(panel, positions, WIDE, 1, ["first", "second"])
    for k, axis in enumerate(("first", "second")):
        found, wanted = both.sel(axis=axis), sample_pact(panel, positions[..., k], WIDE, 2)
        np.testing.assert_allclose(found.mean("sample"), wanted.mean("sample"), atol=0.03)
        np.testing.assert_allclose(found.std("sample"), wanted.std("sample"), rtol=0.15)


def test_on_several_axes_errors_go_together_if_the_positions_do():
    panel, position = simulated(n_state=100)
    noise = np.random.default_rng(3).normal(size=position.shape)
    together, apart = (
        sample_pact(panel, np.stack([position, other], -1), AlignmentSpec(), 1, ["first", "second"]).isel(
            case=0
        )
        for other in (0.8 * position + 0.4 * noise, noise)
    )
    assert np.corrcoef(together.transpose("axis", "sample"))[0, 1] > 0.5
    assert abs(np.corrcoef(apart.transpose("axis", "sample"))[0, 1]) < 0.3
