"""How a fit is sampled, without what samples it: a plan needs no compiler."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Self

from analysis.fitting.gates import is_short

Progress = Callable[[float], None]
"""Called with the share of a fit that is done, 0 to 1."""

CORES = 2
"""Chains or refits run side by side, where the caller says nothing. Draws do not depend on it."""


@dataclass(frozen=True, kw_only=True)
class SamplerSpec:
    """Settings of nutpie's NUTS for one kind of fit.

    Attributes
    ----------
    draws, tune : int
        Kept draws and warm-up steps of each chain.
    chains : int
        Chains; at least 2, for convergence to be judged.
    target_accept : float
        Acceptance probability aimed at first, 0.5 to 1.
    """

    draws: int
    tune: int
    chains: int = 4
    target_accept: float = 0.8

    def __post_init__(self):
        if self.draws < 20 or self.tune < 50 or self.chains < 2 or not 0.5 <= self.target_accept < 1:
            raise ValueError(
                f"{self}: at least 20 draws, 50 tune and 2 chains are needed, target_accept from 0.5 to 1"
            )

    def harder(self, figures: dict) -> Self:
        """Settings to try after a missed gate: half as bold steps if there were divergences, else more draws.

        Parameters
        ----------
        figures : dict
            What was measured; see ``analysis.fitting.convergence.measure_convergence``.
        """
        steps = self.step_smaller() if figures["divergences"] else self
        return replace(steps, draws=2 * self.draws) if is_short(figures) else steps

    def step_smaller(self) -> Self:
        """The same with steps half as bold."""
        return replace(self, target_accept=(1 + self.target_accept) / 2)


def derive_seed(seed: int, *names: object) -> int:
    """Seed of one fit, from the run's seed and what is fitted: the same in any order and company."""
    text = "/".join(map(str, (seed, *names)))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") >> 1
