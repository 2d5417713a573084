"""Two commits of the project side by side, each in a work tree with its own environment, store and caches."""

import importlib.metadata
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from analysis.store.files import ROOT
from analysis.store.keys import PACKAGES
from data.load import find_rollcalls

VOTES_VARIABLE = "SECURITY_FOR_LEGITIMACY_VOTES"
OWN_SETTINGS = ("VIRTUAL_ENV", "PYTHONPATH", "PYTENSOR_FLAGS", "PYTENSORRC", "UV_PROJECT_ENVIRONMENT")
"""Settings of the user that would let one side find the environment or the compiled code of another."""


class CheckoutError(ValueError):
    """A commit cannot be measured; the message says why."""


@dataclass(frozen=True)
class Checkout:
    """One commit in a folder of its own.

    Attributes
    ----------
    name : str
        ``before`` or ``after``.
    commit : str
        Full hash.
    folder : Path
        Work tree. Its environment is in ``.venv``.
    home : Path
        Home folder of the commands that run there. It keeps compiled code, so no other code is found.
    """

    name: str
    commit: str
    folder: Path
    home: Path

    @property
    def results(self) -> Path:
        """Folder in which commands of this commit store what they make."""
        return self.folder / "analysis" / "results"

    @property
    def stored(self) -> Path:
        """Copy of the results of ``run``, for the jobs that need them."""
        return self.home / "results"

    @property
    def python(self) -> str:
        """Interpreter of this commit's environment."""
        return str(self.folder / ".venv" / "bin" / "python")

    def list_versions(self) -> str:
        """Return the versions of the packages that a result depends on, in this commit's environment."""
        folders = [str(path) for path in self.folder.glob(".venv/lib/python*/site-packages")]
        found = {package.name: package.version for package in importlib.metadata.distributions(path=folders)}
        return ", ".join(f"{name} {found[name]}" for name in PACKAGES if name in found)

    def environment(self, home: Path, votes: Path | None) -> dict[str, str]:
        """Return the environment variables of a command, with its home folder and the votes to use.

        Without ``votes`` the command finds no roll calls and uses the tallies that ship with the project.
        """
        kept = {
            name: value
            for name, value in os.environ.items()
            if name not in (*OWN_SETTINGS, VOTES_VARIABLE) and not name.startswith("XDG_")
        }
        # numba would keep compiled code beside the source, where it outlives the home folder.
        own = {"HOME": str(home), "NUMBA_CACHE_DIR": str(home / "numba")}
        return kept | own | ({VOTES_VARIABLE: str(votes)} if votes else {})


def find_commit(revision: str, root: Path = ROOT) -> str:
    """Return the full hash of a revision.

    Raises
    ------
    CheckoutError
        If the project is not a git checkout, or has no such commit.
    """
    try:
        top = run_git("rev-parse", "--show-toplevel", root=root)
    except (OSError, subprocess.CalledProcessError):
        top = ""
    if not top or Path(top).resolve() != root.resolve():
        raise CheckoutError(f"{root} is not a git checkout, so there is no other commit to compare with")
    commit = f"{revision}^{{commit}}"
    try:
        return run_git("rev-parse", "--verify", "--quiet", "--end-of-options", commit, root=root)
    except subprocess.CalledProcessError:
        raise CheckoutError(f"unknown revision {revision}; `git log --all` lists the commits") from None


def run_git(*arguments: str, root: Path) -> str:
    """Run git in the project, and return what it prints."""
    command = ["git", "-C", str(root), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def is_changed(root: Path = ROOT) -> bool:
    """Return whether tracked files differ from the commit."""
    return bool(run_git("status", "--porcelain", "--untracked-files=no", root=root))


@contextmanager
def open_checkouts(
    commits: dict[str, str], prepare: Callable[[Path], None], root: Path = ROOT
) -> Iterator[list[Checkout]]:
    """Check commits out into a temporary folder, which is removed at the end.

    Also after an error, Ctrl-C, or the signal by which ``timeout`` and clusters end a job.

    Parameters
    ----------
    commits : dict of str to str
        Full hash of each commit, by name.
    prepare : callable
        Makes the environment of a work tree, as ``sync_environment`` does.
    root : Path
        Git checkout of the project.

    Raises
    ------
    CheckoutError
        If git or ``prepare`` fails.
    """
    ended = signal.signal(signal.SIGTERM, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="benchmark-") as temporary:
        checkouts = [
            Checkout(name, commit, Path(temporary) / name, Path(temporary) / f"home-{name}")
            for name, commit in commits.items()
        ]
        try:
            for checkout in checkouts:
                checkout.home.mkdir()
                run_git("worktree", "add", "--detach", str(checkout.folder), checkout.commit, root=root)
                prepare(checkout.folder)
            yield checkouts
        except subprocess.CalledProcessError as error:
            raise CheckoutError(f"{' '.join(error.cmd)} failed: {error.stderr.strip()}") from error
        finally:
            for checkout in checkouts:
                # After an error there may be none to remove.
                with suppress(subprocess.CalledProcessError):
                    run_git("worktree", "remove", "--force", str(checkout.folder), root=root)
            signal.signal(signal.SIGTERM, ended)


def find_uv() -> str:
    """Return the path of uv: the one that started this process, or one on the search path.

    Raises
    ------
    CheckoutError
        If there is none.
    """
    # `uv run` names itself in this variable; `python -m uv` need not be on the search path.
    found = os.environ.get("UV") or shutil.which("uv")
    if found is None:
        raise CheckoutError("uv was not found; start with: python -m uv run sfl benchmark --against REV")
    return found


def sync_environment(folder: Path) -> None:
    """Install what the lock file of a work tree asks for, in an environment of its own.

    Raises
    ------
    CheckoutError
        If there is no uv.
    subprocess.CalledProcessError
        If uv fails.
    """
    environment = {name: value for name, value in os.environ.items() if name not in OWN_SETTINGS}
    command = [find_uv(), "sync", "--no-dev", "--quiet"]
    subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True)


def find_votes(path: Path | None) -> Path | None:
    """Return the roll calls that both sides use, or None if there are none."""
    found = find_rollcalls(path)
    return found.resolve() if found else None
