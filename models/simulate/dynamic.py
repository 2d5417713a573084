"""Simulated votes over many sessions in plain numpy, with known truth; nothing here calls the models."""

import numpy as np
import xarray as xr

from models.simulate.static import REGIONS

BLOC_AT, TURNED = -4.0, 0.3
"""Where a bloc begins, and the share of items of the middle session on which it sides with state 0."""


def simulate_record(
    *,
    n_state: int = 40,
    n_session: int = 12,
    items_per_session: int = 15,
    repeated: float = 0.4,
    drift: float = 0.0,
    jump: float = 0.0,
    bloc: int = 0,
    absent: float = 0.1,
    seed: int,
) -> tuple[xr.Dataset, xr.Dataset]:
    """Simulate the votes of an assembly over many sessions, and return its true positions.

    A third of the states enter late, some leave early, some miss whole sessions. All states may drift
    together, and the agenda with them. Then only repeated resolutions reveal the drift.

    Parameters
    ----------
    n_state, n_session, items_per_session : int
        Numbers of states, sessions, and items in a session.
    repeated : float
        Probability, 0 to 1, that a resolution is put again in the next session.
    drift : float
        Movement of all states and of the middle of the agenda per session.
    jump : float
        Size of a single move of one state in ten, in the middle session.
    bloc : int
        Number of states, the last ones, that hardly move, at the lower end, and vote as one. In the middle
        session they vote as state 0, at the other end, on some of the items: a second dimension.
    absent : float
        Probability that a state misses one vote.
    seed : int
        Seed of numpy's generator.

    Returns
    -------
    votes : xr.Dataset
        As from ``data.load.load_votes`` at roll-call granularity: ``counts`` (item, state, response), 0 or 1,
        with ``session`` and ``match_group``.
    truth : xr.Dataset
        ``ideal_point`` (session, state), NaN where the state did not vote; mean 0 and sd 1 over all
        state-sessions. ``step_sd`` (state) in the same unit.
    """
    rng = np.random.default_rng(seed)
    step_sd = np.exp(rng.normal(-2.2, 0.5, size=n_state))
    moves = rng.normal(0, step_sd, size=(n_session, n_state))
    moves[0] = rng.normal(0, 1, size=n_state)
    # State 0 plays the US: it barely moves, sits at the upper end, and supplies us_vote.
    step_sd[0], moves[:, 0] = 0.05, rng.normal(0, 0.05, size=n_session)
    moves[0, 0] = 2.5
    jumping = np.arange(1, n_state, 10)
    moves[n_session // 2, jumping] += jump * rng.choice([-1, 1], size=len(jumping))
    allied = np.arange(n_state) >= n_state - bloc
    step_sd[allied], moves[:, allied] = 0.05, rng.normal(0, 0.05, size=(n_session, bloc))
    moves[0, allied] = BLOC_AT
    position = moves.cumsum(0) + drift * np.arange(n_session)[:, None]

    enters = np.where(rng.random(n_state) < 1 / 3, rng.integers(1, n_session - 2, size=n_state), 0)
    leaves = np.where(
        rng.random(n_state) < 0.1, rng.integers(n_session // 2, n_session, size=n_state), n_session
    )
    time = np.arange(n_session)[:, None]
    member = (time >= enters) & (time < leaves) & (rng.random((n_session, n_state)) > 0.03)
    member[:, 0] = True

    # Some resolutions of each session are those of the previous session, put again.
    session, group, items, last = [], [], [], []
    for t in range(n_session):
        kept = [g for g in last if rng.random() < repeated]
        new = list(range(len(items), len(items) + items_per_session - len(kept)))
        for _ in new:
            slope, gap = rng.normal(0, 2.0), np.exp(rng.normal(0, 0.4))
            divide = rng.normal(0, 0.8) + drift * t
            items.append((slope, slope * divide - gap / 2, slope * divide + gap / 2))
        last = kept + new
        session += [t] * len(last)
        group += last
    session, group = np.array(session), np.array(group)
    slope, lower, upper = np.array(items)[group].T

    reaction = slope[:, None] * position[session] + rng.logistic(size=(len(session), n_state))
    response = (reaction > lower[:, None]).astype(int) + (reaction > upper[:, None])
    if bloc:
        response[:, allied] = response[:, -1:]
        turned = (session == n_session // 2) & (rng.random(len(session)) < TURNED)
        response[np.ix_(turned, allied)] = response[turned, :1]
    voted = member[session] & (rng.random(response.shape) >= absent)
    counts = np.stack([(response == r) & voted for r in range(3)], axis=-1).astype(np.int32)
    votes = xr.Dataset(
        {"counts": (("item", "state", "response"), counts)},
        {
            "item": np.arange(len(session)),
            "state": [f"S{i:03d}" for i in range(n_state)],
            "response": ["no", "abstain", "yes"],
            "session": ("item", session + 1),
            "match_group": ("item", group),
            "us_vote": ("item", np.array(["no", "abstain", "yes"])[response[:, 0]]),
            "region": ("state", np.array(REGIONS)[np.arange(n_state) % len(REGIONS)]),
        },
    )
    sat = np.stack([voted[session == t].any(0) for t in range(n_session)])
    known = position[sat]
    truth = xr.Dataset(
        {
            "ideal_point": (
                ("session", "state"),
                np.where(sat, (position - known.mean()) / known.std(), np.nan),
            ),
            "step_sd": ("state", step_sd / known.std()),
        },
        {"session": np.arange(1, n_session + 1), "state": votes["state"].values},
    )
    return votes, truth
