"""Make the hashes of code see files that a test has edited."""

from analysis.store import code


def forget_sources() -> None:
    """Forget what was read of the project's source files in this process."""
    for kept in vars(code).values():
        if hasattr(kept, "cache_clear"):
            kept.cache_clear()
