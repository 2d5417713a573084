"""Commands as real processes, in whatever surrounds them."""

import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from analysis.commands.surroundings import can_write, redirect_caches
from analysis.store.files import SaveError, check_folder

ROOT = Path(__file__).parents[2]
LIST = ("case", "list")


def sfl(*words, folder=None, given=None, without=(), **how):
    """Run ``sfl`` in a folder, with and without some variables of the environment."""
    own = {k: v for k, v in os.environ.items() if k not in without} | {"COLUMNS": "120", "NO_COLOR": "1"}
    how = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT} | how
    return subprocess.run(
        [sys.executable, "-P", "-m", "analysis", *words],
        cwd=folder or ROOT,
        env=own | {"PYTHONPATH": str(ROOT)} | (given or {}),
        text=True,
        encoding="utf-8",
        errors="replace",
        check=False,
        timeout=600,
        **how,
    )


def ends(done, code, *parts):
    """Assert how a command ended, and that it said each part in sentences."""
    assert done.returncode == code, done.stdout
    assert "Traceback" not in done.stdout
    for part in parts:
        assert part in done.stdout


TERMINALS = {
    "ASCII": {"PYTHONIOENCODING": "ascii"},
    "C locale": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "Windows-1252": {"PYTHONIOENCODING": "cp1252"},
    "no terminal": {"TERM": "dumb"},
    "twenty columns": {"COLUMNS": "20"},
    "optimised Python": {"PYTHONOPTIMIZE": "2"},
}


@pytest.mark.parametrize("terminal", TERMINALS)
def test_any_terminal(terminal, tmp_path):
    name = tmp_path / "Türkiye – 土 [b].toml"
    ends(sfl("run", "--case", str(name), given=TERMINALS[terminal]), 2, "no such case file")


def test_a_pipe_that_is_closed_ends_quietly():
    done = sfl(*LIST, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, given={"PYTHONUNBUFFERED": "1"})
    assert (done.returncode, done.stderr) == (0, "")
    reader, writer = os.pipe()
    os.close(reader)
    done = sfl(*LIST, stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    assert "Traceback" not in done.stderr


HOMES = {
    "no home": ({"HOME": "/nonexistent/home"}, ()),
    "a file as home": ({"HOME": "/dev/null"}, ()),
    "nothing set": ({}, ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME")),
}


@pytest.mark.skipif(os.name != "posix", reason="folders of Unix")
@pytest.mark.parametrize("home", HOMES)
def test_a_home_that_cannot_be_written(home, tmp_path):
    given, without = HOMES[home]
    caches = ("PYTENSOR_FLAGS", "MPLCONFIGDIR", "NUMBA_CACHE_DIR")
    given = given | {"TMPDIR": str(tmp_path)}
    done = sfl(*LIST, given=given, without=(*without, *caches))
    said = [f"cannot be written; compiled code is kept in {tmp_path}"] if home == "a file as home" else []
    ends(done, 0, "Libya 2011", *said)


def test_caches_go_to_a_folder_of_ones_own(tmp_path, monkeypatch):
    for name in ("PYTENSOR_FLAGS", "MPLCONFIGDIR", "NUMBA_CACHE_DIR", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert redirect_caches() == ""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("HOME", str(tmp_path / "file"))
    monkeypatch.setenv("PYTENSOR_FLAGS", "optimizer=fast_run")
    mine = tmp_path / f"security-for-legitimacy-{os.getuid()}"
    assert str(mine) in redirect_caches()
    assert os.environ["PYTENSOR_FLAGS"] == f"optimizer=fast_run,base_compiledir={mine}/pytensor"
    assert mine.stat().st_mode & 0o777 == 0o700
    # Whatever others can write may hold their code.
    mine.chmod(0o777)
    monkeypatch.setenv("PYTENSOR_FLAGS", "")
    assert str(mine) + ";" not in redirect_caches()
    assert not can_write(tmp_path / "file" / "deep")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["a [b] c", "[/red]", "Zürich – Ελλάδα", "with 'quotes' & $HOME"])
def test_folders_of_any_name(tmp_path, name):
    folder = tmp_path / name.replace("/", "")
    folder.mkdir()
    ends(sfl("case", "new", "mine.toml", folder=folder), 0, "wrote mine.toml")
    ends(sfl("run", "--case", str(folder / "mine.toml"), folder=ROOT), 2, str(folder), "label is empty")


def test_a_current_folder_that_is_gone(tmp_path):
    folder = tmp_path / "gone"
    folder.mkdir()
    script = f"rmdir '{folder}'; exec '{sys.executable}' -P -m analysis case list"
    done = subprocess.run(
        ["sh", "-c", script], cwd=folder, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert "Libya 2011" in done.stdout, done.stderr


RESULTS = {
    "a file": ("/etc/hostname", 2, "is a file, not a folder"),
    "cannot be made": ("/proc/nowhere/results", 4, "for another folder: --results DIR"),
    "inside site-packages": ("{}/site-packages/results", 4, "lies within the installed package"),
    "below a file": ("/etc/hostname/results", 4, "for another folder: --results DIR"),
}


@pytest.mark.parametrize("where", [w for w in RESULTS if w != "a file"])
def test_a_folder_that_cannot_hold_results_is_refused(tmp_path, where):
    folder, _, part = RESULTS[where]
    with pytest.raises(SaveError) as error:
        check_folder(Path(folder.format(tmp_path)))
    assert part in str(error.value)


def test_a_folder_that_can_hold_results_is_left_empty(tmp_path):
    check_folder(tmp_path / "new" / "results")
    assert list((tmp_path / "new" / "results").iterdir()) == []


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").is_dir(), reason="folders of Linux")
@pytest.mark.parametrize("where", RESULTS)
def test_a_folder_of_results_is_tried_before_anything_is_read(tmp_path, where):
    folder, code, part = RESULTS[where]
    done = sfl("run", "--results", folder.format(tmp_path), "--votes", "/nonexistent")
    ends(done, code, part)
    assert "no such file or folder" not in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_is_full(tmp_path):
    """A limit on the size of files stands for a full disk: writing ends in an error in the same way."""
    done = sfl(
        "run", "--results", str(tmp_path / "results"), "--votes", "/nonexistent",
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1024, 1024)),
        given={"PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    ends(done, 4, "Could not be saved", "for another folder: --results DIR")


@pytest.mark.slow
def test_another_folder_of_results_is_used_and_the_usual_one_is_not(tmp_path):
    folder = tmp_path / "results [of mine]"
    ends(sfl("report", "--results", str(folder)), 2, str(folder / "main"))
    ends(sfl("compare", "main", "published", "--results", str(folder)), 2)
    done = sfl("run", "--results", str(folder), "--votes", "/nonexistent")
    ends(done, 2, "/nonexistent: no such file or folder")
    assert [path.name for path in folder.iterdir()] == []


def test_a_long_name_is_shortened(tmp_path):
    states = '["' + '","'.join(["USA"] * 60) + '"]'
    done = sfl("fit", "--set", f"data.states_left_out={states}", "--explain", "--votes", "/nonexistent")
    ends(done, 2, "no such file or folder")
    from analysis.variants.table import LONGEST_NAME, choose_variants

    long = [f'data.states_left_out=["{state}"]' for state in ("FRA", "GBR")]
    long = [f"{change[:-1]}{',"ITA"' * 80}]" for change in long]
    names = [choose_variants([], [change])[0].name for change in long]
    assert len(set(names)) == 2
    assert max(len(name.encode()) for name in names) == LONGEST_NAME


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="needs a second user")
def test_two_users_share_a_folder_of_results(tmp_path):
    folder = tmp_path / "shared"
    script = (
        "import sys; from pathlib import Path; from analysis.store.files import atomic_folder, check_folder\n"
        f"folder = Path({str(folder)!r}); check_folder(folder)\n"
        "with atomic_folder(folder / 'main') as work: (work / 'run.json').write_text(sys.argv[1])\n"
    )
    folder.mkdir()
    folder.chmod(0o777)
    for path in [tmp_path, *tmp_path.parents]:
        if path.stat().st_mode & 0o005 != 0o005:
            if path.name.startswith("pytest-") or path == tmp_path:
                path.chmod(0o755)
            else:
                pytest.skip(f"{path} is closed to others")
    copy = tmp_path / "code"
    shutil.copytree(ROOT / "analysis" / "store", copy / "analysis" / "store")
    command = [sys.executable, "-c", script]
    for user in (None, 65534, None):
        done = subprocess.run(
            [*command, str(user)], cwd="/", env={"PYTHONPATH": str(copy), "HOME": "/nonexistent"}, user=user,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if user and "Permission denied" in done.stderr and str(folder) not in done.stderr:
            pytest.skip("Python is closed to others")
        assert done.returncode == 0, done.stderr
        assert (folder / "main" / "run.json").read_text() == str(user)


BAD_WORDS = [
    (["benchmark", "--quick", "--votes", "/nonexistent", "--peers", "nobody"], "unknown peers nobody"),
    (["fit", "--set", "data.iraq.votes_until=yesterday", "--explain"], "Invalid isoformat string"),
    (["fit", "--set", "coalition.guarantee_scale=-1", "--explain"], "guarantee_scale"),
    (["fit", "--case", "libya", "--set", "data.isis.joined=forces"], "nearest"),
    (["run", "--case", "iraq", "--case", "iraq"], "no name twice"),
    (["run", "--case", "lybia"], "nearest: 'libya'"),
    (["fit", "--set", "data.iraq.coalition_file=nowhere.csv", "--explain"], "nowhere.csv: no such file in"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("words", "part"), BAD_WORDS)
def test_wrong_words_end_in_one_sentence(words, part):
    done = sfl(*words)
    assert done.returncode == 2, done.stdout
    assert part in " ".join(done.stdout.replace("│", " ").split())
    assert "Traceback" not in done.stdout
