"""A small panel with made-up draws of both stages: three states, two cases, five decisions."""

import numpy as np
import xarray as xr

from models.alignment import pick_draws, sample_alignment

RNG = np.random.default_rng(1)


def make_panel():
    included = np.array([[True, True, False], [True, True, True]])
    return xr.Dataset(
        {
            "included": (("case", "state"), included),
            "joined": (("case", "state"), np.where(included, [[1, 0, 0], [1, 0, 1]], np.nan)),
            "guarantee": (
                ("case", "state"),
                [["none", "pact", ""], ["rio", "pact", "none"]],
                {"levels": ["none", "rio", "pact"]},
            ),
            "capability_group": (
                ("case", "state"),
                [["small", "small", ""], ["small", "major", "small"]],
                {"levels": ["small", "major"]},
            ),
        },
        {"case": ["iraq", "isis"], "state": ["AAA", "BBB", "CCC"]},
    )


def make_posterior(n=50, state_sd=True):
    posterior = xr.Dataset(
        {
            "eta": (("sample", "case", "state"), RNG.normal(size=(n, 2, 3))),
            "guarantee_effect": (("sample", "case", "level"), RNG.normal(1, 0.3, size=(n, 2, 2))),
            "alignment_slope": (("sample", "case"), RNG.normal(size=(n, 2))),
        },
        {"case": ["iraq", "isis"], "state": ["AAA", "BBB", "CCC"], "level": ["rio", "pact"]},
    )
    return posterior.assign(state_sd=("sample", np.abs(RNG.normal(size=n)))) if state_sd else posterior


def make_mediator(n=50, scale=1.0):
    moves = scale * RNG.normal(0.5, 0.3, size=(2, n, 2))
    return xr.Dataset(
        {"guarantee_effect": (("case", "sample", "level"), moves)},
        {"case": ["iraq", "isis"], "level": ["rio", "pact"]},
    )


def draw_alignment_model(*given, **named):
    """Draw from the model of alignment once for each draw of the positions, without the gates."""
    return pick_draws(sample_alignment(*given, **named))
