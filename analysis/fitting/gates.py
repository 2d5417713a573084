"""The convergence gates: a fit that misses one is not a result."""

from dataclasses import dataclass

ATTEMPTS = 4
"""Number of attempts before a fit counts as not converged."""


@dataclass(frozen=True, kw_only=True)
class Gates:
    """Thresholds of Vehtari et al. (2021), doi:10.1214/20-BA1221. Do not loosen them.

    Attributes
    ----------
    max_rhat : float
        Largest rank-normalised split R-hat of any saved number.
    min_ess : float
        Smallest bulk and tail effective sample size, draws.
    min_bfmi : float
        Smallest Bayesian fraction of missing information of a chain.
    """

    max_rhat: float = 1.01
    min_ess: float = 400.0
    min_bfmi: float = 0.3


GATES = Gates()


class ConvergenceError(RuntimeError):
    """A fit missed a gate. ``figures`` are the measures; the message names the offending variables."""

    def __init__(self, message: str, figures: dict):
        super().__init__(message)
        self.figures = figures


def check_convergence(figures: dict, *, name: str) -> None:
    """Raise an error if a fit misses a gate.

    Parameters
    ----------
    figures : dict
        From ``analysis.fitting.convergence.measure_convergence`` or ``measure_refits``.
    name : str
        Name of the fit, for the message.

    Raises
    ------
    ConvergenceError
        If any gate is missed. The message names each, and the worst variable.
    """
    offences = []
    if figures["divergences"]:
        offences.append(f"{figures['divergences']} divergences (0 allowed)")
    if not figures["max_rhat"] < GATES.max_rhat:
        offences.append(
            f"R-hat {figures['max_rhat']:.4f} of {figures['max_rhat_at']} (below {GATES.max_rhat} needed)"
        )
    for kind in ("bulk", "tail"):
        if not figures[f"min_ess_{kind}"] > GATES.min_ess:
            offences.append(
                f"{kind} ESS {figures[f'min_ess_{kind}']:.0f} of {figures[f'min_ess_{kind}_at']} "
                f"(above {GATES.min_ess:.0f} needed)"
            )
    if not figures["min_bfmi"] > GATES.min_bfmi:
        offences.append(f"BFMI {figures['min_bfmi']:.2f} (above {GATES.min_bfmi} needed)")
    if offences:
        raise ConvergenceError(f"{name} did not converge: " + "; ".join(offences), figures)
