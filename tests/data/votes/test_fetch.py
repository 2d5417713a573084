"""Downloads from a local server that can also misbehave; no other address can be reached."""

import hashlib
import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from support.release_files import made_up_votes, undl_text
from typer.testing import CliRunner

from analysis.commands.data import data_app
from data import load
from data.tables.rules import DataError
from data.votes import record
from data.votes.fetch import fetch_release, load_sources
from data.votes.releases.read import read_release

CONTENT = undl_text(made_up_votes(per_session=300)).encode()
SHA256 = hashlib.sha256(CONTENT).hexdigest()
NAME = "2026_ga_voting.csv"


@pytest.fixture(autouse=True)
def only_loopback(monkeypatch):
    connect = socket.socket.connect

    def guarded(self, address):
        assert address[0] in ("127.0.0.1", "::1"), f"tried to reach {address}"
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)
    for variable in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(variable, raising=False)


class Server:
    """Serves one file; `plan` holds what each request in turn gets, the last entry for all that follow."""

    def __init__(self):
        self.plan, self.requests = ["good"], 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                outer.answer(self)

            def log_message(self, *_):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True).start()
        self.http.handle_error = lambda *_: None  # a client that hangs up on a bad answer is no news
        self.url = f"http://127.0.0.1:{self.http.server_port}/files/{NAME}"

    def answer(self, handler) -> None:
        behaviour = self.plan.pop(0) if len(self.plan) > 1 else self.plan[0]
        self.requests += 1
        if isinstance(behaviour, int):
            handler.send_error(behaviour)
            return
        body = CONTENT
        if behaviour == "wrong":
            body = body[:5000] + b"7" + body[5001:]
        if behaviour == "html":
            body = b"<!DOCTYPE html><html>Please log in</html>"
        if behaviour == "disguised html":
            body = b"<html>Please log in</html>"
        if behaviour == "other":
            body = b"country,year\nUSA,2000\n"
        if behaviour == "empty":
            body = b""
        if behaviour == "challenge":
            body = b""
        handler.send_response(202 if behaviour == "challenge" else 200)
        handler.send_header("Content-Type", "text/html" if behaviour == "html" else "text/csv")
        if behaviour != "no length":
            handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body[: len(body) // 3] if behaviour == "cut" else body)
        handler.close_connection = True


@pytest.fixture
def server():
    server = Server()
    yield server
    server.http.shutdown()
    server.http.server_close()


def fetch(server, cache, **options):
    return fetch_release("undl", cache=cache, url=server.url, timeout=5, **options)


def refuse(server, cache, *words, **options) -> None:
    """The download must end in a DataError and leave no file of that name, nor any temporary one."""
    with pytest.raises(DataError) as error:
        fetch(server, cache, **options)
    for word in words:
        assert word in str(error.value), f"{word!r} not in {error.value}"
    assert [p.name for p in cache.iterdir() if p.name != "fetched.json"] == []


def test_good_download_is_complete_recorded_and_readable(server, tmp_path):
    seen = []
    path = fetch(server, tmp_path, progress=lambda share, what: seen.append(share))
    assert path.name == NAME
    assert path.read_bytes() == CONTENT
    assert seen[-1] == 1.0
    assert len(read_release(path).rollcalls) == 600
    fetched = json.loads((tmp_path / "fetched.json").read_text())
    assert fetched[server.url]["sha256"] == SHA256


def test_command_says_where_the_file_went_and_runs_find_it(server, tmp_path, monkeypatch):
    monkeypatch.setattr("data.votes.fetch.cache_dir", lambda: tmp_path)
    monkeypatch.setattr(record, "cache_dir", lambda: tmp_path)
    monkeypatch.setattr(record, "SHARED_DIR", tmp_path / "nowhere")
    monkeypatch.delenv(record.VOTES_VARIABLE, raising=False)
    done = CliRunner().invoke(data_app, ["fetch", "undl", "--url", server.url])
    assert done.exit_code == 0
    for part in (str(tmp_path / NAME), SHA256, f"{len(CONTENT):,} bytes", "licence"):
        assert part in done.output
    assert load.find_rollcalls() == tmp_path / NAME
    assert len(load.load_record(sessions=(58, 59)).rollcalls) == 600


def test_command_ends_with_2_where_the_address_is_gone(server, tmp_path):
    server.plan = [404]
    done = CliRunner().invoke(data_app, ["fetch", "undl", "--url", server.url, "--to", str(tmp_path)])
    assert done.exit_code == 2
    assert "404" in done.output


def test_second_fetch_reaches_nobody(server, tmp_path):
    fetch(server, tmp_path)
    fetch(server, tmp_path)
    assert server.requests == 1


def test_stated_hash_is_checked(server, tmp_path):
    assert fetch(server, tmp_path, sha256=SHA256).read_bytes() == CONTENT


def test_wrong_bytes_are_refused_and_gone(server, tmp_path):
    server.plan = ["wrong"]
    refuse(server, tmp_path, "sha256", SHA256, sha256=SHA256)
    server.plan = ["good"]
    assert fetch(server, tmp_path, sha256=SHA256).read_bytes() == CONTENT


def test_other_bytes_than_the_first_time_are_refused(server, tmp_path):
    fetch(server, tmp_path).unlink()
    server.plan = ["wrong"]
    refuse(server, tmp_path, SHA256)


def test_file_damaged_in_the_cache_is_fetched_again(server, tmp_path):
    path = fetch(server, tmp_path)
    path.write_bytes(CONTENT[:1000])
    assert fetch(server, tmp_path).read_bytes() == CONTENT
    assert server.requests == 2


def test_broken_download_leaves_nothing_and_begins_again(server, tmp_path):
    server.plan = ["cut"]
    refuse(server, tmp_path, "connection lost", "run again")
    server.plan = ["good"]
    assert fetch(server, tmp_path).read_bytes() == CONTENT


def test_server_error_is_named(server, tmp_path):
    server.plan = [503]
    refuse(server, tmp_path, "503")


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [(404, ["404"]), (403, ["403", "in a browser"]), ("html", ["web page", "download", "--votes"]),
     ("disguised html", ["web page", NAME]), ("challenge", ["sent nothing", "in a browser"]),
     ("other", ["no record of roll calls", "country"]), ("empty", ["0 bytes"]), ("no length", ["length"])],
)  # fmt: skip
def test_anything_else_than_data_is_refused(behaviour, words, server, tmp_path):
    server.plan = [behaviour]
    refuse(server, tmp_path, server.url, *words)


def test_votes_that_cannot_be_read_are_not_kept(server, tmp_path, monkeypatch):
    damaged = CONTENT.replace(b",Y,", b",Q,", 1)
    monkeypatch.setitem(globals(), "CONTENT", damaged)
    refuse(server, tmp_path, "not kept", "'Q'")


def test_nobody_answers(server, tmp_path):
    server.http.shutdown()
    server.http.server_close()
    refuse(server, tmp_path, "connection lost")


def test_unknown_name_names_the_nearest(tmp_path):
    with pytest.raises(DataError, match="did you mean 'dataverse'"):
        fetch_release("dataverze", cache=tmp_path)


def test_damaged_record_of_downloads(server, tmp_path):
    (tmp_path / "fetched.json").write_text("{")
    refuse(server, tmp_path, "fetched.json", "damaged")


def test_cache_that_cannot_be_written(server, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="could not be stored"):
        fetch(server, tmp_path / "file")


def test_sources_are_complete():
    sources = load_sources()
    assert {"dataverse", "undl"} <= sources.keys()
    for source in sources.values():
        assert source.url.startswith("https://")
        assert source.licence
        assert len(source.sha256) in (0, 64)
