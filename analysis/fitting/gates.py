"""The gates that a fit must pass: an unconverged fit is not a result."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Gates:
    """Thresholds of Vehtari et al. (2021), doi:10.1214/20-BA1221; tightened by nobody, loosened never.

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
    """A fit missed a gate. ``figures`` holds what was measured, the message names the offenders."""

    def __init__(self, message: str, figures: dict):
        super().__init__(message)
        self.figures = figures


def is_short(figures: dict, gates: Gates = GATES) -> bool:
    """True if more than divergences keep a fit from passing, so that it needs more draws.

    Parameters
    ----------
    figures, gates
        As in ``check_convergence``.
    """
    enough = min(figures["min_ess_bulk"], figures["min_ess_tail"]) > gates.min_ess
    return not (figures["max_rhat"] < gates.max_rhat and enough and figures["min_bfmi"] > gates.min_bfmi)


def check_convergence(figures: dict, *, name: str, gates: Gates = GATES) -> None:
    """Let a fit pass, or say what is wrong with it.

    Parameters
    ----------
    figures : dict
        From ``analysis.fitting.convergence.measure_convergence`` or ``measure_refits``.
    name : str
        What was fitted, for the message.
    gates : Gates
        The thresholds.

    Raises
    ------
    ConvergenceError
        Naming each gate missed and the number that missed it by most.
    """
    offences = []
    if figures["divergences"]:
        offences.append(f"{figures['divergences']} divergences (0 allowed)")
    if not figures["max_rhat"] < gates.max_rhat:
        offences.append(
            f"R-hat {figures['max_rhat']:.4f} of {figures['max_rhat_at']} (below {gates.max_rhat} needed)"
        )
    for kind in ("bulk", "tail"):
        if not figures[f"min_ess_{kind}"] > gates.min_ess:
            offences.append(
                f"{kind} ESS {figures[f'min_ess_{kind}']:.0f} of {figures[f'min_ess_{kind}_at']} "
                f"(above {gates.min_ess:.0f} needed)"
            )
    if not figures["min_bfmi"] > gates.min_bfmi:
        offences.append(f"BFMI {figures['min_bfmi']:.2f} (above {gates.min_bfmi} needed)")
    if offences:
        raise ConvergenceError(f"{name} did not converge: " + "; ".join(offences), figures)
