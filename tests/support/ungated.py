"""Short fits whose draws are compared with a truth. The gates, which need long ones, have their own tests."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from analysis.fitting import chains, refits


@contextmanager
def short_fits() -> Iterator[None]:
    """Let fits end at their first length, whatever the gates would say."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (chains, refits):
            patch.setattr(module, "gate", lambda fit, *_: fit)
        yield
