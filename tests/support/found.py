"""Marks for tests that need data that do not ship. Without the data, the tests are skipped."""

import pytest

from data.load import SHARED_DIR, find_rollcalls

needs_rollcalls = pytest.mark.skipif(
    find_rollcalls() is None, reason="needs roll calls, and none are found (see README.md)"
)

needs_shared = pytest.mark.skipif(
    not all((SHARED_DIR / f"{name}.parquet").is_file() for name in ("rollcalls", "votes", "state_year")),
    reason="needs the roll calls and tables beside the checkout (../shared/data)",
)
