"""Run the command line as a user does."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def run_command(*arguments: str, folder: Path = ROOT) -> subprocess.CompletedProcess:
    """Run ``python -m analysis`` in a folder, and return what it printed."""
    return subprocess.run(
        [sys.executable, "-m", "analysis", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        env=os.environ | {"COLUMNS": "120", "NO_COLOR": "1"},
        check=False,
    )
