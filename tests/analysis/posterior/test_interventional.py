"""Interventional effects against brute force, and where they must equal natural ones."""

import numpy as np
import pytest
import xarray as xr
from scipy.special import expit

from analysis.posterior.effects import compute_effects
from analysis.posterior.interventional import compute_interventional, find_residual
from models.panel import centre_alignment, prepare_panel_data
from models.simulate.static import simulate_panel

N = 8


@pytest.fixture(scope="module")
def made():
    """A simulated panel, its positions, and made-up draws of both models."""
    panel, alignment, _ = simulate_panel(n_state=60, seed=3)
    rng = np.random.default_rng(1)
    case, state, level = panel["case"].values, panel["state"].values, ["rio", "pact"]
    positions = centre_alignment(panel, alignment)[None] + rng.normal(0, 0.1, size=(N, 2, 60))
    positions = np.where(panel["included"].values, positions, 0.0)
    coords = {"case": case, "state": state, "level": level}
    direct = xr.Dataset(
        {
            "eta": (("sample", "case", "state"), rng.normal(-1, 1, size=(N, 2, 60))),
            "guarantee_effect": (("sample", "case", "level"), rng.normal(1, 0.3, size=(N, 2, 2))),
            "alignment_slope": (("sample", "case"), rng.normal(1, 0.3, size=(N, 2))),
        },
        coords,
    )
    mediator = xr.Dataset(
        {
            "guarantee_effect": (("case", "sample", "level"), rng.normal(0.6, 0.2, size=(2, N, 2))),
            "residual_sd": (("case", "sample"), rng.uniform(0.4, 0.8, size=(2, N))),
        },
        {"case": case, "level": level},
    )
    return panel, positions, direct, mediator


def test_effects_are_those_of_alignments_drawn_at_random(made):
    panel, positions, direct, mediator = made
    effects = compute_interventional(direct, mediator, positions, panel)
    data, rng = prepare_panel_data(panel), np.random.default_rng(2)
    moves = mediator["guarantee_effect"].transpose("sample", "case", "level").values
    own = np.einsum("ncl,lcs->ncs", moves, data.has_level)
    told = positions - own - find_residual(positions - own, data)
    spread = mediator["residual_sd"].transpose("sample", "case").values
    slope, pact = direct["alignment_slope"].values, direct["guarantee_effect"].values[..., 1]
    rest = direct["eta"].values - slope[:, :, None] * positions

    def chance(given: float, drawn: float) -> np.ndarray:
        noise = rng.normal(size=(4000, N, 2, 60)) * spread[..., None]
        at = told + drawn * moves[..., 1][..., None] + noise
        found = expit(rest + given * pact[:, :, None] + slope[:, :, None] * at).mean(0)
        return np.where(data.included, found, 0).sum(-1) / data.included.sum(-1)

    for name, expected in (
        ("direct", chance(1, 0) - chance(0, 0)),
        ("indirect", chance(1, 1) - chance(1, 0)),
    ):
        found = effects[f"ame_pact_interventional_{name}"].sel(group="all", case=list(panel["case"].values))
        np.testing.assert_allclose(found.transpose("sample", "case").values, expected, atol=2e-3)


def test_where_probabilities_are_linear_they_are_the_natural_effects(made):
    """With a tenth of every coefficient averages over residuals hardly change a probability."""
    panel, positions, direct, mediator = made
    flat = direct * 0.1
    found = compute_effects(flat, flat, mediator, panel, positions=positions).sel(group="all")
    for kind in ("direct", "indirect"):
        natural = found["ame_pact_natural_direct" if kind == "direct" else "ame_pact_indirect"]
        np.testing.assert_allclose(found[f"ame_pact_interventional_{kind}"], natural, atol=5e-4)


def test_without_positions_there_are_none(made):
    panel, _, direct, mediator = made
    assert not [name for name in compute_effects(direct, direct, mediator, panel) if "interventional" in name]


def test_residuals_are_what_no_covariate_or_place_tells(made):
    panel, positions, _, _ = made
    data = prepare_panel_data(panel)
    residual = find_residual(positions, data)
    for case in range(2):
        rows = data.included[case] == 1
        np.testing.assert_allclose(residual[:, case, rows] @ data.covariates[case, rows], 0, atol=1e-8)
        for place in np.unique(data.subregion_idx):
            np.testing.assert_allclose(
                residual[:, case, rows & (data.subregion_idx == place)].sum(-1), 0, atol=1e-8
            )
