"""The command line. ``sfl --help`` is the table of contents; each command stands in ``analysis/commands``."""

from analysis.commands import (  # noqa: F401
    benchmark,
    checks,
    claims,
    compare,
    dynamic,
    fit,
    propagation,
    report,
    run,
    sensitivity,
)
from analysis.commands.app import app
from analysis.commands.data import data_app

app.add_typer(data_app, name="data")

if __name__ == "__main__":
    app()
