"""Download of published records into the user cache: checked, and stored whole or not at all."""

import datetime
import difflib
import json
import logging
import os
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pooch
import requests

from data.tables.rules import DataError
from data.votes.cache import cache_dir
from data.votes.releases.read import read_release
from data.votes.releases.tidy import Progress

MAX_BYTES = 4 << 30
"""Largest file that is fetched; the largest published one has 0.4 GB."""


_REFUSALS = (401, 403, 405, 406, 429)
"""Answers of servers that let only browsers in."""


@dataclass(frozen=True)
class Source:
    """One entry of ``sources.toml``.

    Attributes
    ----------
    name : str
    title, doi, page, url, file, licence : str
        ``page`` is for people, ``url`` the file itself; ``file`` is its name in the cache.
    sha256 : str
        Of the file; empty where the publisher states none.
    """

    name: str
    title: str
    doi: str
    page: str
    url: str
    file: str
    sha256: str
    licence: str


def load_sources() -> dict[str, Source]:
    """Read ``sources.toml``; each entry must have exactly the fields of ``Source``."""
    with open(Path(__file__).with_name("sources.toml"), "rb") as file:
        entries = tomllib.load(file)
    return {name: Source(name=name, **entry) for name, entry in entries.items()}


def fetch_release(
    name: str = "dataverse",
    *,
    cache: Path | str | None = None,
    url: str | None = None,
    sha256: str | None = None,
    timeout: float = 60.0,
    progress: Progress | None = None,
) -> Path:
    """Fetch a published record, or find it in the cache.

    The file appears in the cache only when it is complete, has the right hash and has been read as a record
    of roll calls. A download that breaks off leaves nothing behind; the next one begins again.

    If the publisher states no sha256, that of the first download is recorded in ``cache/fetched.json``. A
    later download of the same address must have it too.

    Parameters
    ----------
    name : str
        Entry of ``sources.toml``.
    cache : path-like, optional
        Folder; the user cache by default.
    url : str, optional
        Another address, such as a newer version. Its last part becomes the file's name.
    sha256 : str, optional
        Hash that the file must have. It takes precedence over ``sources.toml`` and the recorded hash.
    timeout : float
        Seconds without a byte after which the connection counts as lost.
    progress : callable, optional
        ``progress(share_done, what)``.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    DataError
        The name is unknown, the address is not found, the connection is lost, the hash is wrong, or what
        arrives cannot be read as a record. If the server sent a page for browsers instead, the message says
        what to download by hand.
    """
    sources = load_sources()
    if name not in sources:
        near = difflib.get_close_matches(name, sources, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise DataError(f"unknown source {name!r}, known are {', '.join(sources)}{hint}")
    source = sources[name]
    cache = Path(cache) if cache else cache_dir()
    address = url or source.url
    file = (Path(requests.utils.urlparse(url).path).name if url else "") or source.file
    fetched = _load_fetched(cache)
    stated = "" if url else source.sha256
    known = sha256 or stated or fetched.get(address, {}).get("sha256", "")
    by_hand = f"Open {url or source.page} in a browser, download {file}, and put it into {cache} or give its "
    by_hand += "path with --votes"
    path = _retrieve(address, f"sha256:{known}" if known else None, cache / file, timeout, progress, by_hand)
    if address not in fetched:
        entry = {
            "file": file,
            "sha256": pooch.file_hash(str(path)),
            "bytes": path.stat().st_size,
            "fetched": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        }
        _save_fetched(cache, fetched | {address: entry})
    return path


def _retrieve(
    url: str, known_hash: str | None, path: Path, timeout: float, progress: Progress | None, by_hand: str
) -> Path:
    """Let pooch fetch a file to a path; it writes beside the path and moves the file there at the end.

    ``by_hand`` says what to do if the server sends pages to browsers only.
    """
    # Without compression on the way, the length that the server states is that of the file.
    headers = {"Accept-Encoding": "identity"}
    download = pooch.HTTPDownloader(
        progressbar=_Progress(url, progress, by_hand), timeout=timeout, headers=headers
    )

    def download_record(url: str, target: str, fetcher: object) -> None:
        download(url, target, fetcher)
        if _is_page(Path(target)):
            raise DataError(f"{url}: the server sent a web page instead of the file. {by_hand}")
        if known_hash and f"sha256:{pooch.file_hash(target)}" != known_hash:
            return  # pooch refuses it
        try:
            read_release(target, progress)
        except DataError as error:
            raise DataError(
                f"{url}: what arrived is no record of roll calls that can be read, and was not kept: {error}"
            ) from error

    pooch.get_logger().setLevel(logging.WARNING)
    try:
        pooch.retrieve(url, known_hash, path.name, path.parent, downloader=download_record)
    except DataError:
        raise
    except requests.HTTPError as error:
        if error.response is not None and error.response.status_code in _REFUSALS:
            raise DataError(f"{error}; the server may want a browser. {by_hand}") from error
        raise DataError(f"{error}; the address may have changed, or the server is down") from error
    except requests.RequestException as error:
        raise DataError(f"{url}: connection lost, run again ({type(error).__name__})") from error
    except ValueError as error:
        raise DataError(f"{url}: the file does not have the expected {known_hash}: {error}") from error
    except OSError as error:
        raise DataError(f"{url}: could not be stored in {path.parent}: {error}") from error
    return path


def _is_page(path: Path) -> bool:
    """Tell whether a file is a web page, such as a login or a challenge."""
    with open(path, "rb") as file:
        start = file.read(1024).lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return start.startswith((b"<!doctype", b"<html", b"<head", b"<?xml", b"<script"))


class _Progress:
    """Progress object that pooch calls: it sets the length, then counts the bytes."""

    def __init__(self, url: str, progress: Progress | None, by_hand: str):
        self.url, self.progress, self.by_hand = url, progress, by_hand
        self.length, self.done = 0, 0

    @property
    def total(self) -> int:
        return self.length

    @total.setter
    def total(self, length: int) -> None:
        if length == 0:
            raise DataError(
                f"{self.url}: the server sent nothing (a length of 0 bytes, or none), as it does to ask "
                f"whether a browser is there. {self.by_hand}"
            )
        if length > MAX_BYTES:
            raise DataError(
                f"{self.url}: the server states a length of {length:,} bytes; at most {MAX_BYTES:,} are "
                "fetched"
            )
        self.length = length

    def update(self, size: int) -> None:
        self.done += size
        if self.progress:
            self.progress(min(1.0, self.done / self.length), "downloading")

    def reset(self) -> None:
        self.done = 0

    def close(self) -> None:
        pass


def _load_fetched(cache: Path) -> dict[str, dict]:
    path = cache / "fetched.json"
    if not path.is_file():
        return {}
    try:
        fetched = json.loads(path.read_text(encoding="utf-8"))
        if not all(isinstance(entry, dict) for entry in fetched.values()):
            raise ValueError("entries must be objects")
        return fetched
    except (ValueError, AttributeError) as error:
        raise DataError(
            f"{path}: damaged record of downloads ({error}); delete it to trust the next one"
        ) from error


def _save_fetched(cache: Path, fetched: dict) -> None:
    path = cache / "fetched.json"
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    temporary.write_text(json.dumps(fetched, indent=1), encoding="utf-8")
    os.replace(temporary, path)
