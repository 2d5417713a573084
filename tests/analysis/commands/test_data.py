"""The commands under ``data``: what they print, what they leave, and how they end."""

import re

import pytest
from support.found import needs_shared
from support.release_files import dataverse_text, made_up_votes, write
from typer.main import get_command
from typer.testing import CliRunner

from analysis.__main__ import app
from data.describe import describe_tables
from data.load import load_record
from data.tables.read import TABLES_DIR
from data.votes.releases.agreement import describe_agreement


def run(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


def test_check_of_a_good_file(tmp_path):
    path = write(tmp_path / "votes.csv", dataverse_text(made_up_votes()))
    done = run("data", "check", path)
    assert done.exit_code == 0
    assert "sessions 58-59, 6 roll calls" in done.output
    assert "rollcalls" not in done.output
    with_sessions = run("data", "check", path, "--sessions").output
    assert with_sessions.startswith(done.output)
    assert re.search(r"\| 58 \| 3 \|", with_sessions)


@pytest.mark.parametrize(
    ("content", "part"),
    [("", "0 bytes"), ("<html></html>", "web page"), ("rcid,ccode,vote,session\n", "no rows")],
)
def test_check_of_a_bad_file_ends_with_2(content, part, tmp_path):
    done = run("data", "check", write(tmp_path / "votes.csv", content))
    assert done.exit_code == 2
    assert "unusable" in done.output
    assert part in done.output


def test_check_of_nothing_ends_with_2(tmp_path):
    assert run("data", "check", tmp_path / "no.csv").exit_code == 2


def test_fetch_of_an_unknown_name_ends_with_2(tmp_path):
    done = run("data", "fetch", "dataverze", "--to", tmp_path)
    assert done.exit_code == 2
    assert "unknown source 'dataverze'" in done.output
    assert list(tmp_path.iterdir()) == []


def test_build_without_sources_ends_with_2(tmp_path):
    done = run("data", "build", "--shared", tmp_path)
    assert done.exit_code == 2
    assert "Bad input" in done.output


def test_every_command_has_a_summary_and_an_example():
    group = get_command(app)
    commands = {name: command for name, command in group.commands.items() if not hasattr(command, "commands")}
    commands |= {f"data {name}": command for name, command in group.commands["data"].commands.items()}
    assert {"run", "data fetch", "data check", "data describe", "data agreement", "data build"} <= set(
        commands
    )
    for name, command in commands.items():
        assert command.help, name
        assert f"python -m analysis {name}" in command.epilog, name


@needs_shared
def test_the_codebook_holds_what_describe_prints():
    text = (TABLES_DIR / "README.md").read_text(encoding="utf-8")
    for table in describe_tables().split("\n\n"):
        assert table in text, table


@needs_shared
def test_the_page_on_records_holds_what_agreement_prints():
    text = (TABLES_DIR / "releases" / "README.md").read_text(encoding="utf-8")
    for table in describe_agreement(load_record(sessions=(1, 74))).split("\n\n"):
        assert table in text, table
