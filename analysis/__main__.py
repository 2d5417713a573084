"""The command line. ``sfl --help`` is the table of contents; each command stands in ``analysis/commands``."""

# The order of the imports is the order of the commands in the help.
# isort: off
from analysis.commands import run, report, fit, compare, checks, sensitivity  # noqa: F401
from analysis.commands.methods import propagation  # noqa: F401
from analysis.commands import claims, acts, ideal, dynamic  # noqa: F401
from analysis.commands.methods import benchmark, calibration, propagation_study, record  # noqa: F401
from analysis.commands.data import data_app
from analysis.commands.case import case_app
from analysis.commands.app import app
from analysis.commands.surroundings import with_results
# isort: on

app.add_typer(data_app, name="data")
app.add_typer(case_app, name="case")

for each in (app, *(group.typer_instance for group in app.registered_groups)):
    for command in each.registered_commands:
        command.callback = with_results(command.callback)

if __name__ == "__main__":
    app(prog_name="sfl")
