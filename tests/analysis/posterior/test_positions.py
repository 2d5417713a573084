import numpy as np
import xarray as xr

from analysis.posterior.positions import predict_positions
from models.spec import IdealPointSpec


def test_states_without_votes_are_drawn_from_their_region():
    posterior = xr.Dataset(
        {
            "region_mean": (("sample", "region"), np.tile([-2.0, 3.0], (4000, 1))),
            "region_sd": (("sample", "region"), np.tile([0.1, 0.5], (4000, 1))),
        },
        {"region": ["a", "b"]},
    )
    drawn = predict_positions(posterior, np.array(["b", "a"]), IdealPointSpec(), seed=1)
    assert drawn.shape == (4000, 2)
    np.testing.assert_allclose(drawn.mean(0), [3, -2], atol=0.05)
    np.testing.assert_allclose(drawn.std(0), [0.5, 0.1], rtol=0.1)
