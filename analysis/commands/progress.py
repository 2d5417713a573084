"""Progress bars of a long job, and its errors in words."""

from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from analysis.commands.app import show_error
from analysis.fitting.gates import ConvergenceError
from analysis.variants.sampler import Report
from analysis.variants.variant import Variant


def run_with_progress(
    run: Callable[[Report], Path], variant: Variant | None, votes_path: Path | None, console: Console
) -> tuple[int, Path | None]:
    """Say which votes are used, run a job with a bar for each step, and put an error into words.

    Parameters
    ----------
    run : callable
        Job to run: takes a step reporter, returns the folder of its results.
    variant : Variant or None
        Variant that the job runs; None if the job uses no votes.
    votes_path : Path, optional
        File or folder of the roll calls; see ``data.load.find_rollcalls``.
    console : Console
        Where everything is printed.

    Returns
    -------
    code : int
        Exit code: 0; 1 if a fit did not converge; 2 if the input is bad; 4 if something could not be saved;
        130 if the user stopped the job.
    folder : Path or None
        None unless the code is 0.
    """
    from data.load import DataError

    try:
        if variant is not None:
            console.print(_name_votes(variant, votes_path), highlight=False)
        with Progress(
            TextColumn("{task.description:32}"),
            BarColumn(),
            TextColumn("{task.percentage:>4.0f} %"),
            TimeElapsedColumn(),
            console=console,
        ) as bars:

            def report(name: str) -> Callable[[float], None]:
                task = bars.add_task(name, total=1.0)
                return lambda share: bars.update(task, completed=share)

            return 0, run(report)
    except DataError as error:
        show_error("Bad input", error, console)
        return 2, None
    except ConvergenceError as error:
        show_error("No result saved", error, console)
        return 1, None
    except OSError as error:
        show_error("Could not be saved", error, console)
        return 4, None
    except KeyboardInterrupt:
        console.print(
            "[bold]Stopped.[/bold] Finished fits are kept; run the same command again to continue from there."
        )
        return 130, None


def _name_votes(variant: Variant, votes_path: Path | None) -> str:
    from data.load import FETCH_COMMAND, find_rollcalls

    found = find_rollcalls(votes_path)
    if variant.data.granularity == "agenda":
        return "Votes: the agenda tallies that ship with the project, as the variant asks."
    if found is None:
        return (
            "Votes: no roll calls found; using the agenda tallies that ship with the project. "
            f"To get roll calls: {FETCH_COMMAND}"
        )
    return f"Votes: roll calls in {found}."
