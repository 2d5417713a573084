"""The model of alignment against a regression done by hand, and its draws against the truth."""

import numpy as np
import pytest
import xarray as xr

from models.alignment import draw_alignment_model
from models.covariates import draw_covariates
from models.panel import centre_alignment, prepare_panel_data
from models.simulate.static import simulate_panel
from models.spec import AlignmentSpec

WIDE = AlignmentSpec(
    intercept_scale=1e4,
    guarantee_scale=1e4,
    covariate_scale=1e4,
    region_scale=1e-4,
    residual_df=1e-6,
)


def simulated(seed=1, n_state=190, **how):
    panel, alignment, _ = simulate_panel(n_state=n_state, seed=seed, **how)
    return panel, centre_alignment(panel, alignment)


def test_flat_priors_give_least_squares():
    panel, position = simulated()
    draws = draw_alignment_model(
        prepare_panel_data(panel), np.repeat(position[None], 20000, axis=0), WIDE, seed=2
    )
    data = prepare_panel_data(panel)
    for case in (0, 1):
        design = np.column_stack([np.ones(190), data.has_level[:, case].T, data.covariates[case]])
        estimate, squares, *_ = np.linalg.lstsq(design, position[case], rcond=None)
        squares = squares.item()
        sd = np.sqrt(np.diag(np.linalg.inv(design.T @ design)) * squares / 190)
        effect = draws["guarantee_effect"].isel(case=case)
        np.testing.assert_allclose(effect.mean("sample"), estimate[1:3], atol=0.01)
        np.testing.assert_allclose(effect.std("sample"), sd[1:3], rtol=0.03)
        assert draws["residual_sd"].isel(case=case).mean() == pytest.approx(np.sqrt(squares / 190), rel=0.02)


def test_each_draw_belongs_to_its_positions():
    panel, position = simulated()
    moved = position + np.array([0.0, 3.0])[:, None, None] * prepare_panel_data(panel).has_level[1]
    draws = draw_alignment_model(prepare_panel_data(panel), moved, AlignmentSpec(), seed=2)
    pact = draws["guarantee_effect"].sel(level="pact")
    # Priors pull but little; the other level is left where it was.
    assert (np.abs(pact.isel(sample=1) - pact.isel(sample=0) - 3) < 0.8).all()


@pytest.mark.parametrize("field", ["guarantee_scale", "covariate_scale", "region_scale", "residual_scale"])
def test_priors_change_the_draws(field):
    panel, position = simulated(n_state=30)
    same = draw_alignment_model(prepare_panel_data(panel), position[None], AlignmentSpec(), seed=3)
    again = draw_alignment_model(prepare_panel_data(panel), position[None], AlignmentSpec(), seed=3)
    other = draw_alignment_model(
        prepare_panel_data(panel), position[None], AlignmentSpec(**{field: 0.1}), seed=3
    )
    assert same.equals(again)
    assert np.abs(other["guarantee_effect"] - same["guarantee_effect"]).max() > 1e-6


def test_intervals_have_their_nominal_coverage():
    """The same check fails where the truth is shifted."""
    inside, wrong = [], []
    for seed in range(60):
        truth = 1.0 if seed % 2 else 0.0
        panel, position = simulated(seed=seed, alignment_by_guarantee=truth)
        draws = draw_alignment_model(
            prepare_panel_data(panel), np.repeat(position[None], 400, axis=0), AlignmentSpec(), seed
        )
        effect = draws["guarantee_effect"].sel(level="pact")
        lower, upper = effect.quantile([0.05, 0.95], "sample").values
        inside += list((lower < truth) & (truth < upper))
        wrong += list((lower < truth + 0.4) & (truth + 0.4 < upper))
    assert 0.82 < np.mean(inside) < 0.97
    assert np.mean(wrong) < 0.5


def test_imputed_covariates_enter_draw_by_draw():
    panel, position = simulated(n_state=40)
    lost = panel.copy(deep=True)
    lost["covariates_transformed"][1, 4, 0] = np.nan
    with pytest.raises(ValueError, match=r"missing in 1 rows: S004 \(isis\)"):
        draw_alignment_model(prepare_panel_data(lost), position[None], AlignmentSpec(), seed=1)
    values = lost["covariates_transformed"].values[..., 0]
    truth = (panel["covariates_transformed"].values[1, 4, 0] - np.nanmean(values)) / np.nanstd(values)
    positions = np.repeat(position[None], 2000, axis=0)
    data = prepare_panel_data(lost, "impute")

    def fill(value):
        drawn = xr.Dataset({"covariate_imputed": (("sample", "missing"), np.full((2000, 1), value))})
        return draw_alignment_model(data, positions, AlignmentSpec(), 1, draw_covariates(drawn, data))

    filled = fill(truth)
    whole = draw_alignment_model(prepare_panel_data(panel), positions, AlignmentSpec(), 1)
    by_level = [d["guarantee_effect"].isel(case=1).mean("sample").values for d in (filled, whole)]
    np.testing.assert_allclose(*by_level, atol=0.02)
    far = fill(40.0)
    assert np.abs(far["guarantee_effect"].isel(case=1).mean("sample") - by_level[1]).max() > 0.1


def test_on_several_axes_each_is_as_alone_and_residuals_go_together():
    panel, position = simulated()
    data, rng = prepare_panel_data(panel), np.random.default_rng(3)
    other = 0.8 * position + 0.4 * rng.normal(size=position.shape)
    positions = np.repeat(np.stack([position, other], axis=-1)[None], 8000, axis=0)
    both = draw_alignment_model(data, positions, AlignmentSpec(), 1, axes=["first", "second"])
    for k, axis in enumerate(("first", "second")):
        alone = draw_alignment_model(data, positions[..., k], AlignmentSpec(), 2)
        for name in ("guarantee_effect", "residual_sd"):
            found, wanted = both[name].sel(axis=axis), alone[name]
            np.testing.assert_allclose(found.mean("sample"), wanted.mean("sample"), atol=0.01)
            np.testing.assert_allclose(found.std("sample"), wanted.std("sample"), rtol=0.04)
    pact = both["guarantee_effect"].sel(level="pact").isel(case=0)
    assert np.corrcoef(pact.transpose("axis", "sample"))[0, 1] > 0.5
    apart = np.stack([position, rng.normal(size=position.shape)], axis=-1)
    apart = draw_alignment_model(data, np.repeat(apart[None], 8000, axis=0), AlignmentSpec(), 1, axes=[1, 2])
    pact = apart["guarantee_effect"].sel(level="pact").isel(case=0)
    assert abs(np.corrcoef(pact.transpose("axis", "sample"))[0, 1]) < 0.25
