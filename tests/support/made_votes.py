"""A window of roll calls with known parameters, for tests of the checks of stage 1.

Votes can be odd in one way at a time: answers repeated, a second dimension, a bloc that confers.
"""

import numpy as np
import xarray as xr

from data.load import is_member, list_members, load_blocs, load_guarantees, load_states

STATES = load_states()
BLOCS = load_blocs(STATES, load_guarantees(STATES))
AREAS = ("me", "nu", "ec", "hr", "other")
TIMES = 3
"""How often each resolution is put, in sessions 53 to 55."""


def make_window(
    *, seed, n_state=90, n_resolution=30, inertia=0.0, second=0.0, bloc=0.0, absent=0.1, draws=150
):
    """Return votes and a posterior in which every draw is the truth, but for what makes the votes odd.

    ``inertia``: probability of repeating the last answer. ``second``: sd of slopes on a second dimension,
    which only resolutions on the Middle East have. ``bloc``: sd of what the European Union's members agree
    on, resolution by resolution, logits.
    """
    rng = np.random.default_rng(seed)
    members = STATES[is_member(STATES, "1999-12-01")]
    union = list_members(BLOCS, "1999-12-01")["European Union"]
    # A third of the states are of the European Union or ASEAN, so that pairs within blocs are many.
    first = members["iso3"].isin(union | list_members(BLOCS, "1999-12-01")["ASEAN"])
    states = (members.iloc[np.argsort(~first.values, kind="stable")[:n_state]]).sort_values("iso3")
    shape = n_item, n_state = n_resolution * TIMES, n_state
    group, session = (
        np.tile(np.arange(n_resolution), TIMES),
        np.repeat(np.arange(53, 53 + TIMES), n_resolution),
    )
    area = np.array(AREAS)[group % len(AREAS)]
    position, other = rng.normal(size=(2, n_state))
    # A resolution put again has the parameters of the first time, nearly.
    slope, side, middle, log_gap = np.tile(rng.normal(size=(4, n_resolution)), TIMES)
    slope, side = 1.5 * slope + rng.normal(0, 0.1, n_item), second * np.abs(side) * (area == "me")
    middle, gap = 1.5 * middle - 1, np.exp(0.2 + 0.5 * log_gap)
    cutpoint = np.stack([middle - gap / 2, middle + gap / 2], -1)

    reaction = slope[:, None] * position + side[:, None] * other + rng.logistic(size=shape)
    reaction += bloc * rng.normal(size=(n_item, 1)) * states["iso3"].isin(union).values
    answer = (reaction > cutpoint[:, :1]).astype(int) + (reaction > cutpoint[:, 1:])
    present = rng.random(shape) >= absent
    last = np.full((n_resolution, n_state), -1)
    for item in range(n_item):
        again = (last[group[item]] >= 0) & (rng.random(n_state) < inertia)
        answer[item] = np.where(again, last[group[item]], answer[item])
        last[group[item]] = np.where(present[item], answer[item], last[group[item]])
    votes = xr.Dataset(
        {"counts": (("item", "state", "response"), np.eye(3, dtype=int)[answer] * present[..., None])},
        {
            "state": states["iso3"].to_numpy(str),
            "item": np.arange(n_item) + 100,
            "response": ["no", "abstain", "yes"],
            "name": ("state", states["name"].to_numpy(str)),
            "region": ("state", states["region"].to_numpy(str)),
            "session": ("item", session),
            "date": ("item", np.array([f"{1945 + s}-12-01" for s in session], "datetime64[ns]")),
            "issue": ("item", area),
            "issues": ("item", area),
            "title": ("item", [f"RESOLUTION {g}" for g in group]),
            "match_group": ("item", group),
            "us_vote": ("item", np.where(slope > 0, "yes", "no")),
        },
        {"case": "made"},
    )
    truth = {"ideal_point": ("state", position), "discrimination": ("item", slope)}
    truth |= {"cutpoint": (("item", "threshold"), cutpoint)}
    posterior = xr.Dataset(truth, {"state": votes["state"].values, "item": votes["item"].values})
    return (
        votes,
        repeat_draws(posterior, draws),
        xr.Dataset(
            {
                "inertia": inertia,
                "second_ideal_point": ("state", other),
                "second_discrimination": ("item", side),
            }
        ),
    )


def repeat_draws(parameters, draws):
    """Return a posterior of one chain in which every draw is the same."""
    return parameters.expand_dims(chain=1, draw=draws)
