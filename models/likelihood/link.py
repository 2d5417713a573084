"""Links from the linear predictor of joining to its probability.

All are symmetric, P(joins) = F(eta) = 1 - F(-eta), and scaled to rise by a quarter at ``eta = 0``, as the
logistic does. A coefficient, and its prior, then mean nearly the same under each. They differ in the
tails, that is in how strongly surprising outcomes influence the fit (McCullagh and Nelder 1989,
Generalized Linear Models, section 4.3; Koenker and Yoon 2009, doi:10.1016/j.jeconom.2009.01.009).
"""

import numpy as np
from scipy.special import expit, log_expit, log_ndtr, ndtr

PROBIT_SCALE = np.sqrt(np.pi / 8)
CAUCHIT_SCALE = np.pi / 4


def cdf(link: str, eta):
    """Probability of joining.

    Parameters
    ----------
    link : {"logit", "probit", "cauchit"}
        As in ``CoalitionSpec``.
    eta : array-like or xr.DataArray
        Any shape, in units of the logit's slope at 0.

    Returns
    -------
    array-like or xr.DataArray
        0 to 1.
    """
    if link == "logit":
        return expit(eta)
    return ndtr(PROBIT_SCALE * eta) if link == "probit" else np.arctan2(1.0, -CAUCHIT_SCALE * eta) / np.pi


def log_cdf(link: str, eta):
    """Log of ``cdf``, accurate near 0."""
    if link == "logit":
        return log_expit(eta)
    return log_ndtr(PROBIT_SCALE * eta) if link == "probit" else np.log(cdf(link, eta))


def require_logit(link: str, what: str) -> None:
    """Raise ValueError if the link is not the logit, for ``what`` exists for the logit only."""
    if link != "logit":
        raise ValueError(f"{what} is offered for CoalitionSpec(link='logit') only; got link={link!r}")
