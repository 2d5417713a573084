"""What inequality of allies to expect if the places in the network were filled with states at random.

A group keeps its size: an alliance its number of members, a state its number of allies. Its members are
drawn from the states of the year without replacement. Each expectation is a count of subsets, so nothing is
simulated.
"""

import numpy as np
from scipy.special import gammaln


def expect_hegemonic(power: np.ndarray, sizes: np.ndarray, ratio: float, *, own: bool) -> float:
    """Expect the share of groups whose strongest member is so many times as strong as another.

    Parameters
    ----------
    power : np.ndarray
        (state,), above 0: capabilities from which members are drawn.
    sizes : np.ndarray
        (group,), whole numbers from 2 to the number of states: members of each group.
    ratio : float
        Above 1.
    own : bool
        True: a group is a state and its allies, and the state is compared with its strongest ally, whichever
        of the two is stronger. False: the strongest member is compared with the next.

    Returns
    -------
    float
        0 to 1; NaN without groups.
    """
    if not len(sizes):
        return np.nan
    ordered, n = np.sort(power), len(power)
    # Number of states that are so many times as weak as each state, and that are not so many times as strong.
    weak = np.searchsorted(ordered, ordered / ratio, side="right")
    near = np.searchsorted(ordered, ordered * ratio, side="left") - 1
    size, count = np.unique(sizes, return_counts=True)
    others = size[:, None] - 1
    if own:
        none_strong = _share_of_subsets(near, n - 1, others)
        chance = (1 - none_strong + _share_of_subsets(weak, n - 1, others)).mean(axis=1)
    else:
        # Each state may be the strongest; the probability that it is a member at all is size / n.
        chance = (size[:, None] / n * _share_of_subsets(weak, n - 1, others)).sum(axis=1)
    return float(chance @ count / count.sum())


def _share_of_subsets(good: np.ndarray, n: int, size: np.ndarray) -> np.ndarray:
    """Return the probability that a random subset of ``size`` of ``n`` states has only ``good`` ones."""
    enough = good >= size
    good = np.where(enough, good, size)
    log = gammaln(good + 1) - gammaln(good - size + 1) - gammaln(n + 1) + gammaln(n - size + 1)
    return np.where(enough, np.exp(log), 0.0)
