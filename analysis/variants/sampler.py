"""Sampler settings, seeds and progress. Nothing here loads a sampler or compiler."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Self

Progress = Callable[[float], None]
"""Takes the share of a step that is done, 0 to 1."""

Report = Callable[[str], Progress]
"""Takes the name of a step as it begins; returns a function that takes the share done, 0 to 1."""

CORES = 2
"""Default number of chains or refits that run side by side. Draws do not depend on it."""


@dataclass(frozen=True, kw_only=True)
class SamplerSpec:
    """Settings of nutpie's NUTS sampler for one kind of fit.

    Attributes
    ----------
    draws, tune : int
        Kept draws (at least 20) and warm-up steps (at least 50) of each chain.
    chains : int
        At least 2, or convergence could not be judged.
    target_accept : float
        Acceptance probability at the first attempt, 0.5 to 1.
    microcanonical : bool
        Microcanonical trajectories in place of the usual ones, for comparisons. Both agree where both pass,
        but with these divergences and BFMI see less of what is wrong.
    """

    draws: int
    tune: int
    chains: int = 4
    target_accept: float = 0.8
    microcanonical: bool = False

    def __post_init__(self):
        if self.draws < 20 or self.tune < 50 or self.chains < 2 or not 0.5 <= self.target_accept < 1:
            raise ValueError(
                f"{self}: needs at least 20 draws, 50 tune, 2 chains, and target_accept from 0.5 to 1"
            )

    def step_smaller(self) -> Self:
        """Return the same settings with a rejection probability half as large, so with smaller steps."""
        return replace(self, target_accept=(1 + self.target_accept) / 2)


def derive_seed(seed: int, *names: object) -> int:
    """Derive the seed of one fit from the run's seed and the fit's name, whatever the order of fits."""
    text = "/".join(map(str, (seed, *names)))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") >> 1
