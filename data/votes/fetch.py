"""Download of published records into the user cache: checked, resumed, never half."""

import contextlib
import datetime
import difflib
import json
import logging
import os
import time
import tomllib
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path

import pooch
import requests

from data.tables.rules import DataError
from data.votes.cache import cache_dir
from data.votes.releases import identify_release

MAX_BYTES = 4 << 30
"""Largest file that is fetched; the largest published one has 0.4 GB."""
_CHUNK = 1 << 16
_DROPPED = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)


@dataclass(frozen=True)
class Source:
    """One entry of ``sources.toml``.

    Attributes
    ----------
    name : str
    title, doi, url, file, licence : str
        ``file`` is the name in the cache.
    sha256 : str
        Of the file; empty where the publisher states none.
    """

    name: str
    title: str
    doi: str
    url: str
    file: str
    sha256: str
    licence: str


def load_sources() -> dict[str, Source]:
    """Read ``sources.toml``.

    Raises
    ------
    DataError
        An entry lacks a field or has one that is not known.
    """
    with open(Path(__file__).with_name("sources.toml"), "rb") as file:
        entries = tomllib.load(file)
    names = {f.name for f in fields(Source)} - {"name"}
    for name, entry in entries.items():
        if entry.keys() != names:
            raise DataError(f"sources.toml [{name}]: fields must be {sorted(names)}, got {sorted(entry)}")
    return {name: Source(name=name, **entry) for name, entry in entries.items()}


def fetch_release(
    name: str = "dataverse",
    *,
    cache: Path | str | None = None,
    url: str | None = None,
    sha256: str | None = None,
    retries: int = 4,
    wait: float = 2.0,
    timeout: float = 60.0,
    progress=None,
) -> Path:
    """Fetch a published record, or find it in the cache.

    The file appears in the cache under its name only when it is complete, has the right hash, and is a
    record of roll calls. What has arrived of a broken download stays in ``cache/partial`` and is taken up
    by the next attempt, if the server vouches (ETag or date) that its file is still the same.

    Where the publisher states no sha256, that of the first download is recorded in ``cache/fetched.json`` and
    trusted from then on: a later download of the same address with another hash is refused.

    Parameters
    ----------
    name : str
        Entry of ``sources.toml``.
    cache : path-like, optional
        Folder; the user cache by default.
    url : str, optional
        Another address, e.g. a newer version; its last part becomes the file's name.
    sha256 : str, optional
        Hash that the file must have; wins over ``sources.toml`` and over the recorded one.
    retries : int
        Further attempts after a dropped connection or a server error (5xx).
    wait : float
        Seconds before the second attempt, doubled each time.
    timeout : float
        Seconds without a byte after which a connection counts as dropped.
    progress : callable, optional
        ``progress(share_done, what)``.

    Returns
    -------
    Path of the file

    Raises
    ------
    DataError
        Unknown name, address not found, connection lost for good, wrong hash, a web page or anything else
        instead of a record. The cache then holds no file of that name unless it did before.
    """
    sources = load_sources()
    if name not in sources:
        near = difflib.get_close_matches(name, sources, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise DataError(f"unknown source {name!r}, known are {', '.join(sources)}{hint}")
    source = sources[name]
    cache = Path(cache) if cache else cache_dir()
    address = url or source.url
    file = Path(requests.utils.urlparse(address).path).name or source.file if url else source.file
    record = _load_record(cache)
    known = sha256 or (source.sha256 if not url else "") or record.get(address, {}).get("sha256", "")
    get = partial(
        _download,
        part=cache / "partial" / f"{file}.part",
        retries=retries,
        wait=wait,
        timeout=timeout,
        progress=progress,
    )
    pooch.get_logger().setLevel(logging.WARNING)
    try:
        cache.mkdir(parents=True, exist_ok=True)
        path = Path(
            pooch.retrieve(
                address,
                known_hash=f"sha256:{known}" if known else None,
                fname=file,
                path=cache,
                downloader=get,
            )
        )
    except DataError:
        raise
    except ValueError as error:
        raise DataError(f"{address}: the file does not have the expected sha256 {known}: {error}") from error
    except OSError as error:
        raise DataError(f"{address}: could not be stored in {cache}: {error}") from error
    if address not in record:
        stored = {"file": file, "sha256": pooch.file_hash(str(path)), "bytes": path.stat().st_size,
                  "fetched": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")}  # fmt: skip
        _save_record(cache, record | {address: stored})
    return path


def _download(url: str, output_file, _pooch=None, *, part: Path, retries, wait, timeout, progress) -> None:
    """Get `url` into `output_file` by way of `part`; the downloader that pooch calls."""
    part.parent.mkdir(parents=True, exist_ok=True)
    problem = ""
    for attempt in range(retries + 1):
        if attempt:
            time.sleep(wait * 2 ** (attempt - 1))
        try:
            problem = _attempt(url, part, timeout, progress)
        except _DROPPED as error:
            got = part.stat().st_size if part.exists() else 0
            problem = f"connection lost after {got:,} bytes ({type(error).__name__})"
        if not problem:
            break
    else:
        kept = "; what has arrived is kept, run again to go on" if part.exists() else ""
        raise DataError(f"{url}: {problem}, {retries + 1} attempts{kept}")
    _tag(part).unlink(missing_ok=True)
    try:
        identify_release(part)
    except DataError as error:
        part.unlink()
        raise DataError(f"{url}: what arrived is no record of roll calls: {error}") from error
    os.replace(part, output_file)


def _attempt(url: str, part: Path, timeout: float, progress) -> str:
    """Try once; return what went wrong if another attempt may help, empty if the file is complete."""
    have, headers = _resumable(url, part)
    with requests.get(url, headers=headers, stream=True, timeout=timeout) as response:
        if response.status_code == 416:
            part.unlink(missing_ok=True)
            return "the server refused to go on from the part that is here"
        if response.status_code >= 500:
            return f"server error {response.status_code}"
        if response.status_code >= 400:
            raise DataError(f"{url}: {response.status_code} {response.reason}; the address may have changed")
        if "html" in response.headers.get("Content-Type", ""):
            raise DataError(f"{url}: a web page instead of data (login, error or consent page)")
        if response.status_code != 206:
            have = 0
        length = response.headers.get("Content-Length")
        if length is None or not length.isdigit():
            raise DataError(
                f"{url}: the server does not say how long the file is, so a cut could not be noticed"
            )
        total = have + int(length)
        if total > MAX_BYTES:
            raise DataError(f"{url}: {total:,} bytes; at most {MAX_BYTES:,} are fetched")
        if total == 0:
            raise DataError(f"{url}: empty (0 bytes)")
        _write_tag(url, part, response)
        with open(part, "ab" if have else "wb") as out:
            for block in response.iter_content(_CHUNK):
                out.write(block)
                if progress:
                    progress(min(1.0, out.tell() / total), "downloading")
        got = part.stat().st_size
    return "" if got == total else f"connection lost after {got:,} of {total:,} bytes"


def _resumable(url: str, part: Path) -> tuple[int, dict[str, str]]:
    """Count the bytes that are here and ask for the rest; from zero if nothing vouches for the file."""
    headers = {"Accept-Encoding": "identity"}
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        tag = json.loads(_tag(part).read_text(encoding="utf-8"))
        have = part.stat().st_size
        if tag["url"] == url and tag["validator"] and have:
            return have, headers | {"Range": f"bytes={have}-", "If-Range": tag["validator"]}
    return 0, headers


def _tag(part: Path) -> Path:
    return part.with_suffix(".json")


def _write_tag(url: str, part: Path, response) -> None:
    etag = response.headers.get("ETag", "")
    # a weak ETag does not promise the same bytes, and If-Range must not carry one (RFC 9110, 13.1.5)
    validator = response.headers.get("Last-Modified", "") if etag.startswith("W/") or not etag else etag
    _tag(part).write_text(json.dumps({"url": url, "validator": validator}), encoding="utf-8")


def _load_record(cache: Path) -> dict:
    path = cache / "fetched.json"
    if not path.is_file():
        return {}
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        if not all(isinstance(entry, dict) for entry in record.values()):
            raise ValueError("entries must be objects")
        return record
    except (ValueError, AttributeError) as error:
        raise DataError(
            f"{path}: damaged record of downloads ({error}); delete it to trust the next one"
        ) from error


def _save_record(cache: Path, record: dict) -> None:
    path = cache / "fetched.json"
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    temporary.write_text(json.dumps(record, indent=1), encoding="utf-8")
    os.replace(temporary, path)
