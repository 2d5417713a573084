"""The commit of a result is the project's own, or unknown."""

import os
import subprocess

import pytest

from analysis.store import keys

MODULE = "analysis/store/keys.py"


def git(folder, *words):
    own = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    who = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "init.defaultBranch=main"]
    return subprocess.run(
        ["git", *who, *words], cwd=folder, env=own, capture_output=True, text=True, check=True
    ).stdout.strip()


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A checkout with one module of the project, which the project believes to be its own folder."""
    root = tmp_path / "checkout"
    (root / MODULE).parent.mkdir(parents=True)
    (root / MODULE).write_text("x = 1\n")
    git(root, "init", "--quiet")
    git(root, "add", MODULE)
    git(root, "commit", "--quiet", "-m", "first")
    monkeypatch.setattr(keys, "ROOT", root)
    return root


def test_a_clean_checkout(checkout):
    assert keys.git_commit() == git(checkout, "rev-parse", "HEAD")


@pytest.mark.parametrize(
    ("name", "is_dirty"),
    [("analysis/mine.py", True), ("models/deep/mine.py", True), ("notes.txt", False), ("script.py", False)],
)
def test_modules_that_are_not_tracked_count(checkout, name, is_dirty):
    (checkout / name).parent.mkdir(parents=True, exist_ok=True)
    (checkout / name).write_text("x = 2\n")
    assert keys.git_commit().endswith("-dirty") == is_dirty


def test_a_changed_module(checkout):
    (checkout / MODULE).write_text("x = 3\n")
    assert keys.git_commit() == git(checkout, "rev-parse", "HEAD") + "-dirty"


def test_another_repository_in_the_environment_is_ignored(checkout, tmp_path, monkeypatch):
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "--quiet")
    git(other, "commit", "--quiet", "--allow-empty", "-m", "of something else")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / "index"))
    assert keys.git_commit() == git(checkout, "rev-parse", "HEAD")


def test_the_commit_of_something_around_is_not_the_projects(checkout, monkeypatch):
    inner = checkout / "inner"
    (inner / MODULE).parent.mkdir(parents=True)
    (inner / MODULE).write_text("x = 1\n")
    monkeypatch.setattr(keys, "ROOT", inner)
    assert keys.git_commit() == "unknown"


def test_a_project_that_is_not_tracked(checkout):
    git(checkout, "rm", "--quiet", "--cached", MODULE)
    assert keys.git_commit() == "unknown"


def test_no_repository_and_no_git(tmp_path, checkout, monkeypatch):
    monkeypatch.setattr(keys, "ROOT", tmp_path)
    assert keys.git_commit() == "unknown"
    monkeypatch.setattr(keys, "ROOT", checkout)
    monkeypatch.setenv("PATH", "")
    assert keys.git_commit() == "unknown"
