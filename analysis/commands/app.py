"""The application that every command joins, what commands share, and how bad input ends them."""

import errno
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape

from analysis.commands.surroundings import ROOT, redirect_caches, spare_terminal
from analysis.fitting.gates import ConvergenceError
from analysis.variants.variant import Variant

if TYPE_CHECKING:
    from data.case import CaseSpec

RESUME = "Finished fits are kept; run the same command again to continue from there."

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="Does a US security guarantee buy diplomatic legitimacy? From General Assembly votes to an answer.",
)
console = Console()


@app.callback()
def begin() -> None:
    """Make ready for any terminal, and for a home folder that cannot be written."""
    spare_terminal()
    if said := redirect_caches():
        console.print(said, highlight=False, markup=False, soft_wrap=True)


VotesOption = Annotated[
    Path | None,
    typer.Option(
        "--votes",
        help="Roll calls: a file of any release, or a folder that holds one. By default the usual places "
        "are searched.",
    ),
]
QuickOption = Annotated[
    bool, typer.Option("--quick", help="Run a short version on the shipped tallies, to try the command out.")
]
CaseOption = Annotated[
    list[str] | None,
    typer.Option(
        "--case",
        help="A case: a file of your own (sfl case new), or a name of sfl case list. Give it again for more "
        "cases. By default iraq and isis.",
    ),
]
VariantArgument = Annotated[str, typer.Argument(help="Name of a variant.")]
ExplainOption = Annotated[
    bool, typer.Option("--explain", help="Only say what would be fitted and why, and what would be reused.")
]
OutputOption = Annotated[Path | None, typer.Option(help="Folder for the table and the figure.")]


@contextmanager
def bad_input_ends(console: Console = console) -> Iterator[None]:
    """Print an error of data or of a spec in one line and exit with code 2.

    So does any other ValueError that the project itself raises; one from a library is a fault of the project,
    and keeps its traceback.
    """
    from data.load import DataError
    from models.spec import SpecError

    try:
        yield
    except ValueError as error:
        if not (isinstance(error, DataError | SpecError) or is_own(error)):
            raise
        show_error("Bad input", error, console)
        sys.exit(2)


def is_own(error: Exception) -> bool:
    """Tell whether an error was raised by a line of the project, not by a library that it calls."""
    *_, (frame, _) = traceback.walk_tb(error.__traceback__)
    place = Path(frame.f_code.co_filename)
    return any(place.is_relative_to(ROOT / folder) for folder in ("analysis", "data", "models"))


@contextmanager
def job_ends(console: Console, *, saves: bool = True) -> Iterator[None]:
    """Print an error of a job in one line and exit.

    The code is 1 if a fit did not converge, 2 if the input or a spec is bad, 4 if something could not be
    saved or read, and 130 if the user stopped the job. Before a job that ``saves``, the folder of results is
    checked.
    """
    from analysis.store.files import RESULTS, SaveError, check_folder

    try:
        with bad_input_ends(console):
            if saves:
                check_folder(RESULTS)
            yield
    except ConvergenceError as error:
        show_error("No result saved", error, console)
        sys.exit(1)
    except OSError as error:
        saving = isinstance(error, SaveError) or error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
        show_error("Could not be saved" if saving else "Could not be read", error, console)
        console.print(RESUME)
        sys.exit(4)
    except KeyboardInterrupt:
        console.print(f"[bold]Stopped.[/bold] {RESUME}")
        sys.exit(130)


@contextmanager
def bad_option_ends() -> Iterator[None]:
    """Show the usage and exit with code 2 if a name or value from the command line is wrong."""
    try:
        yield
    except (ValueError, TypeError) as error:
        raise typer.BadParameter(str(error)) from None


def load_xarray() -> None:
    """Load xarray without the other kinds of arrays that it knows, which no command uses.

    At its first data xarray loads ``dask.array`` and ``sparse``, where they are installed, to tell whether
    the data are theirs. That costs half a second, and ``sparse`` loads a compiler.
    """
    hidden = {"dask.array", "sparse"} - sys.modules.keys()
    # Python does not find a module that stands here as None.
    sys.modules |= dict.fromkeys(hidden)
    try:
        import xarray as xr

        xr.IndexVariable("x", [0])
    finally:
        for name in hidden:
            del sys.modules[name]


def show_error(title: str, error: Exception, console: Console = console) -> None:
    """Print an error in one line. Square brackets in its message are not markup."""
    console.print(f"[bold red]{title}:[/bold red] {escape(str(error))}", highlight=False, soft_wrap=True)


def load_cases(names: list[str] | None) -> tuple["CaseSpec", ...]:
    """Return the cases of ``--case``. A wrong file or name ends the command with code 2."""
    if not names:
        return ()
    from data.load import choose_cases

    with bad_option_ends(), bad_input_ends():
        return choose_cases(names)


def choose_variant(name: str, quick: bool) -> Variant:
    """Return the variant of a name. An unknown name ends the command and names the nearest one."""
    from analysis.variants.table import choose_variants

    with bad_option_ends():
        return choose_variants([] if name == "main" else [name], [], quick=quick)[0]
