"""Progress of a long job, and its errors in words."""

from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from analysis.fitting.gates import ConvergenceError
from analysis.variants.variant import Variant
from data.load import FETCH_COMMAND, DataError, find_rollcalls

Report = Callable[[str], Callable[[float], None]]


def run_with_progress(
    run: Callable[[Report], Path], variant: Variant, votes_path: Path | None, console: Console
) -> tuple[int, Path | None]:
    """Say which votes are used, run with a bar for each step, and put an error into words.

    Parameters
    ----------
    run : callable
        What is run, given the function that is told of steps; returns the folder of its results.
    variant, votes_path, console
        As in ``run_and_show``.

    Returns
    -------
    code : int
        As ``run_and_show`` returns it.
    folder : Path or None
        None unless the code is 0.
    """
    try:
        console.print(_first_line(variant, votes_path), highlight=False)
        with Progress(
            TextColumn("{task.description:32}"),
            BarColumn(),
            TextColumn("{task.percentage:>4.0f} %"),
            TimeElapsedColumn(),
            console=console,
        ) as bars:

            def report(name: str):
                task = bars.add_task(name, total=1.0)
                return lambda share: bars.update(task, completed=share)

            return 0, run(report)
    except DataError as error:
        console.print(f"[bold red]Bad input:[/bold red] {escape(str(error))}", highlight=False)
        return 2, None
    except ConvergenceError as error:
        console.print(f"[bold red]No result saved:[/bold red] {error}", highlight=False)
        return 1, None
    except OSError as error:
        console.print(f"[bold red]Could not be saved:[/bold red] {escape(str(error))}", highlight=False)
        return 4, None
    except KeyboardInterrupt:
        console.print("[bold]Stopped.[/bold] Finished fits are kept: the same command goes on from there.")
        return 130, None


def _first_line(variant: Variant, votes_path: Path | None) -> str:
    found = find_rollcalls(votes_path)
    if variant.data.granularity == "agenda":
        return "Votes: the agenda tallies that ship, as asked for."
    if found is None:
        return (
            "Votes: no roll calls found; using the agenda tallies that ship. "
            f"To get roll calls: {FETCH_COMMAND}"
        )
    return f"Votes: roll calls in {found}."
