"""One simulated coalition with a known effect, fitted once for all slow tests of the checks."""

import pytest
from support.made_bench import SPEC

from analysis.studies.checks.bench import Bench, fit_nested
from models.panel import centre_alignment
from models.simulate.static import simulate_panel


@pytest.fixture(scope="session")
def bench():
    """Return the bench of a simulated panel with a strong guarantee effect."""
    panel, alignment, _ = simulate_panel(n_state=120, guarantee_effect=2.0, seed=5)
    return Bench(panel, centre_alignment(panel, alignment), SPEC, seed=1)


@pytest.fixture(scope="session")
def nested(bench):
    """Return the nested models, fitted."""
    return fit_nested(bench)
