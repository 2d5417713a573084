"""The commands under ``data``: what they print, what they leave, and how they end."""

import re

import pytest
from support.found import needs_shared
from support.release_files import dataverse_text, made_up_votes, write
from typer.main import get_command
from typer.testing import CliRunner

from analysis.commands.data import data_app
from data.load import TABLES_DIR, describe_agreement, describe_tables, load_record


def run(*words):
    return CliRunner().invoke(data_app, [str(word) for word in words])


def test_check_of_a_good_file(tmp_path):
    path = write(tmp_path / "votes.csv", dataverse_text(made_up_votes()))
    done = run("check", path)
    assert done.exit_code == 0
    assert "sessions 58-59, 6 roll calls" in done.output
    assert "rollcalls" not in done.output
    with_sessions = run("check", path, "--sessions").output
    assert with_sessions.startswith(done.output)
    assert re.search(r"\| 58 \| 3 \|", with_sessions)


@pytest.mark.parametrize(
    ("content", "part"),
    [("", "0 bytes"), ("<html></html>", "web page"), ("rcid,ccode,vote,session\n", "no rows")],
)
def test_check_of_a_bad_file_ends_with_2(content, part, tmp_path):
    done = run("check", write(tmp_path / "votes.csv", content))
    assert done.exit_code == 2
    assert "unusable" in done.output
    assert part in done.output


def test_check_of_nothing_ends_with_2(tmp_path):
    assert run("check", tmp_path / "no.csv").exit_code == 2


def test_fetch_of_an_unknown_name_ends_with_2(tmp_path):
    done = run("fetch", "dataverze", "--to", tmp_path)
    assert done.exit_code == 2
    assert "unknown source 'dataverze'" in done.output
    assert list(tmp_path.iterdir()) == []


def test_build_without_sources_ends_with_2(tmp_path):
    done = run("build", "--shared", tmp_path)
    assert done.exit_code == 2
    assert "Bad input" in done.output


def test_every_data_command_has_a_summary_and_an_example():
    commands = get_command(data_app).commands
    assert set(commands) == {"fetch", "check", "describe", "agreement", "export", "build"}
    for name, command in commands.items():
        assert command.help, name
        assert f"sfl data {name}" in command.epilog, name


@needs_shared
def test_the_pages_hold_what_describe_prints():
    pages = (TABLES_DIR / "COUNTS.md", TABLES_DIR.parent / "votes" / "README.md")
    text = "".join(page.read_text(encoding="utf-8") for page in pages)
    for table in describe_tables().split("\n\n"):
        assert table in text, table


@needs_shared
def test_the_page_on_agreement_holds_what_agreement_prints():
    text = (TABLES_DIR.parent / "votes" / "AGREEMENT.md").read_text(encoding="utf-8")
    for table in describe_agreement(load_record(sessions=(1, 74))).split("\n\n"):
        assert table in text, table
