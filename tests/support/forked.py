"""Run a Python script in a fork of a process that has its imports already: starting Python takes longer."""

import multiprocessing
import runpy
import sys
import tempfile
from contextlib import redirect_stdout
from pathlib import Path
from types import SimpleNamespace


def run_forked(command: list[str], **_) -> SimpleNamespace:
    """Run ``python -P script ...`` as ``subprocess.run`` does; return what it printed and its exit code."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["pandas", "pyarrow", "pyreadr"])
    script = command.index("-P") + 1
    with tempfile.NamedTemporaryFile() as printed:
        child = context.Process(target=run_script, args=(command[script:], printed.name))
        child.start()
        child.join()
        text = Path(printed.name).read_text(encoding="utf-8")
    return SimpleNamespace(stdout=text, stderr="", returncode=child.exitcode)


def run_script(command: list[str], printed: str) -> None:
    """Run a script as the main program, with its printed text in a file."""
    sys.argv[:] = command
    with open(printed, "w", encoding="utf-8") as file, redirect_stdout(file):
        runpy.run_path(command[0], run_name="__main__")
