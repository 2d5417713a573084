"""A made-up fit of a simulated record: draws about the truth, without sampling."""

import numpy as np
import xarray as xr

from analysis.studies.dynamic.update.window import name_positions
from models.coordinates.layout import prepare_layout
from models.simulate.dynamic import simulate_record

LAST = 6


def make_record(seed: int = 3, **given):
    """Votes of sessions 1 to 6, those of session 7, and the truth of all."""
    how = {"n_state": 25, "n_session": 7, "items_per_session": 12, "repeated": 0.4, "seed": seed} | given
    votes, truth = simulate_record(**how)
    is_old = votes["session"].values <= LAST
    old, new = votes.isel(item=is_old), votes.isel(item=~is_old)
    old = old.isel(state=old["counts"].values.any((0, 2)))
    return old, new.isel(state=new["counts"].values.any((0, 2))), truth


def make_posterior(
    old: xr.Dataset, truth: xr.Dataset, *, draws: int = 100, error: float = 0.1, seed: int = 1
):
    """Posterior (chain, draw, ...) of the variables that an update reads."""
    rng, layout = np.random.default_rng(seed), prepare_layout(old)
    at = truth["ideal_point"].sel(state=old["state"].values, session=layout.session).values[layout.sat]
    shape, m = (2, draws // 2), len(layout.item)

    def about(middle, sd):
        return middle + sd * rng.normal(size=(*shape, *np.shape(middle)))

    slope, middle = about(rng.normal(0, 1.5, m), 0.1), about(rng.normal(0, 1, m), 0.1)
    gap = np.exp(about(np.zeros(m), 0.1))
    cutpoint = np.stack([middle - gap / 2, middle + gap / 2], -1)
    scalars = {"first_mean": 0.0, "first_sd": 1.0, "step_log_mean": -2.2, "step_log_sd": 0.5}
    scalars |= {"discrimination_sd": 1.5, "midpoint_mean": 0.0, "midpoint_sd": 1.5}
    scalars |= {"log_gap_mean": 0.0, "log_gap_sd": 0.5}
    variables = {name: (("chain", "draw"), about(value, 0.01)) for name, value in scalars.items()}
    steps = np.log(truth["step_sd"].sel(state=old["state"].values).values)
    variables |= {
        "ideal_point": (("chain", "draw", "position"), about(at, error)),
        "step_sd": (("chain", "draw", "state"), np.exp(about(steps, 0.2))),
        "discrimination": (("chain", "draw", "resolution"), slope),
        "cutpoint": (("chain", "draw", "resolution", "threshold"), cutpoint),
    }
    coords = {
        "position": name_positions(old, layout),
        "state": old["state"].values,
        "resolution": layout.item,
    }
    return xr.Dataset(variables, coords | {"threshold": ["lower", "upper"]})
