"""A small legislature with parties, simulated in plain numpy: the example of "Your own assembly"."""

from typing import NamedTuple

import numpy as np

from models.simulate.static import standardise

PARTIES = (("Left", 24, -1.1), ("Centre", 12, 0.1), ("Right", 24, 0.9))
"""Name, members and mean position of each party."""


class Chamber(NamedTuple):
    """Members, their parties and true positions (mean 0, sd 1), and answers (member, roll call) as words."""

    member: list[str]
    party: list[str]
    position: np.ndarray
    answer: np.ndarray


def simulate_chamber(n_roll_call: int = 90, absent: float = 0.06, seed: int = 1789) -> Chamber:
    """Simulate the chamber that ships as ``data/examples/chamber.csv``.

    Parameters
    ----------
    n_roll_call : int
        Roll calls.
    absent : float
        Probability, 0 to 1, that a member misses one; the cell is then empty.
    seed : int
        Seed of numpy's generator.
    """
    rng = np.random.default_rng(seed)
    party = [name for name, size, _ in PARTIES for _ in range(size)]
    mean = np.repeat([mean for *_, mean in PARTIES], [size for _, size, _ in PARTIES])
    position = standardise(rng.normal(mean, 0.45))
    slope, middle = rng.normal(0, 1.8, n_roll_call), rng.normal(0, 1.2, n_roll_call)
    gap = np.exp(rng.normal(-1, 0.4, n_roll_call))
    reaction = position[:, None] * slope + rng.logistic(size=(len(party), n_roll_call))
    number = (reaction > middle - gap / 2).astype(int) + (reaction > middle + gap / 2)
    answer = np.array(["nay", "abstain", "yes"], dtype=object)[number]
    answer[rng.random(answer.shape) < absent] = ""
    return Chamber([f"M{k:02d}" for k in range(len(party))], party, position, answer)
