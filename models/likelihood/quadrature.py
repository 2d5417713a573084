"""Gauss-Hermite nodes and weights by which effects of states and a hidden cause are integrated out."""

import numpy as np

# A multiple of 8, so that the loops over nodes fill vector instructions.
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(16)
STATE_NODES = _NODES
"""Nodes of the quadrature over a state effect, in standard deviations."""
STATE_LOG_WEIGHTS = np.log(_WEIGHTS / _WEIGHTS.sum())
"""Log of the nodes' weights, which sum to 1."""

_FEWER_NODES, _FEWER_WEIGHTS = np.polynomial.hermite_e.hermegauss(8)
HIDDEN_NODES = _FEWER_NODES
"""Nodes, in standard deviations, of the quadrature over a hidden cause and over a state's own effect."""
HIDDEN_LOG_WEIGHTS = np.log(_FEWER_WEIGHTS / _FEWER_WEIGHTS.sum())
"""Log of the nodes' probabilities under a standard normal."""
