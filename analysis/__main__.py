"""The command line. ``sfl --help`` is the table of contents; each command stands in ``analysis/commands``."""

# The order of the imports is the order of the commands in the help.
# isort: off
from analysis.commands import run, report, fit, compare, checks, sensitivity, propagation  # noqa: F401
from analysis.commands import claims, dynamic, benchmark, calibration, propagation_study  # noqa: F401
from analysis.commands.data import data_app
from analysis.commands.case import case_app
from analysis.commands.app import app
# isort: on

app.add_typer(data_app, name="data")
app.add_typer(case_app, name="case")

if __name__ == "__main__":
    app(prog_name="sfl")
