"""What surrounds a command: the folder of results, caches that cannot be written, and a plain terminal."""

import inspect
import os
import sys
import tempfile
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated

import typer

ROOT = Path(__file__).resolve().parents[2]

ResultsOption = Annotated[
    Path | None,
    typer.Option("--results", help="Folder of results instead of analysis/results."),
]


def with_results(command: Callable) -> Callable:
    """Give a command the option ``--results``, which all commands share."""
    own = inspect.signature(command)
    option = inspect.Parameter(
        "results", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=ResultsOption
    )

    @wraps(command)
    def run(*args: object, results: Path | None = None, **given: object) -> object:
        if results is not None:
            choose_results(results)
        return command(*args, **given)

    run.__signature__ = own.replace(parameters=[*own.parameters.values(), option])
    return run


def choose_results(folder: Path) -> None:
    """Let this process and its workers write to a folder.

    Raises
    ------
    typer.BadParameter
        It is a file.
    RuntimeError
        The store is loaded already, with its folder.
    """
    folder = Path(os.path.abspath(folder.expanduser()))
    if folder.exists() and not folder.is_dir():
        raise typer.BadParameter(f"{folder} is a file, not a folder", param_hint="--results")
    if "analysis.store.files" in sys.modules:
        raise RuntimeError("--results must be read before the store is loaded")
    os.environ["SECURITY_FOR_LEGITIMACY_RESULTS"] = str(folder)


def spare_terminal() -> None:
    """Print a question mark for a character that the terminal does not have, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def redirect_caches() -> str:
    """Let compiled code go to a temporary folder where the home folder cannot be written.

    Returns
    -------
    str
        A sentence that says so; empty if nothing was changed.
    """
    wanted = {}
    home = Path(os.path.expanduser("~"))
    flags = os.environ.get("PYTENSOR_FLAGS", "")
    if "compiledir" not in flags and not can_write(home / ".pytensor"):
        wanted["PYTENSOR_FLAGS"] = ",".join(filter(None, [flags, "base_compiledir={}/pytensor"]))
    config = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
    if "MPLCONFIGDIR" not in os.environ and not can_write(config / "matplotlib"):
        wanted["MPLCONFIGDIR"] = "{}/matplotlib"
    # Numba keeps code beside the source, or else in the user's cache.
    places = (ROOT / "models" / "__pycache__", Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache"))
    if "NUMBA_CACHE_DIR" not in os.environ and not any(map(can_write, places)):
        wanted["NUMBA_CACHE_DIR"] = "{}/numba"
    if not wanted:
        return ""
    folder = _own_temporary_folder()
    os.environ.update({name: value.format(folder) for name, value in wanted.items()})
    return f"The home folder {home} cannot be written; compiled code is kept in {folder}."


def can_write(path: Path) -> bool:
    """Tell whether a folder can be written, or made if it is not there."""
    while not path.exists() and path != path.parent:
        path = path.parent
    return path.is_dir() and os.access(path, os.W_OK | os.X_OK)


def _own_temporary_folder() -> str:
    """Return a temporary folder that only this user can write; the same for all runs, if possible."""
    user = os.getuid() if hasattr(os, "getuid") else "user"
    folder = Path(tempfile.gettempdir()) / f"security-for-legitimacy-{user}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        status = folder.lstat()
    except OSError:
        return tempfile.mkdtemp(prefix="security-for-legitimacy-")
    # Somebody else may have made a folder of this name.
    safe = folder.is_dir() and not folder.is_symlink() and status.st_mode & 0o022 == 0
    if safe and (not hasattr(os, "getuid") or status.st_uid == os.getuid()):
        return str(folder)
    return tempfile.mkdtemp(prefix="security-for-legitimacy-")
