"""Logs on web servers: folders with index pages, and those of Zuul, whose manifest lists all files of a build."""

from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from html.parser import HTMLParser
from pathlib import PurePosixPath
from typing import IO, Any
from urllib.parse import quote, unquote, urljoin, urlsplit

from openstack_rca.errors import RemoteLogsUnavailable
from openstack_rca.logs.layout import is_called_like_log, is_other_kind
from openstack_rca.service.remote.addresses import Address
from openstack_rca.service.remote.fetch_folder import Spool, safe_path
from openstack_rca.service.remote.http_client import Web

MANIFEST = "zuul-manifest.json"
DEEPEST = 8
MOST_FILES = 5000
MOST_PAGES = 500
LARGEST_PAGE = 8 * 1024 * 1024
PIECE = 256 * 1024


def fetch_pages(address: Address, spool: Spool) -> None:
    """A file, or all that may be logs below a folder of a web server."""
    web = Web(spool.settings)
    url = address.text
    if not url.endswith("/") and _is_file(url):
        _download(web, url, spool, urlsplit(url).path)
        return
    root = url if url.endswith("/") else url + "/"
    found = 0
    for name, where in _files(web, root):
        if found >= MOST_FILES:
            spool.note(f"Only the first {MOST_FILES:,} files of {root} were read.")
            break
        if not is_other_kind(PurePosixPath(name).parts):
            found += 1
            try:
                _download(web, where, spool, name)
            except RemoteLogsUnavailable as error:
                spool.note(f"Not read: {name}. {error.message}")
    if not found:
        raise RemoteLogsUnavailable(
            f"{root} lists no logs.", "Give the folder that holds them, as the browser shows it."
        )


def _is_file(url: str) -> bool:
    name = urlsplit(url).path.rpartition("/")[2]
    return "." in name and (
        is_called_like_log(name) or name.rpartition(".")[2].lower() in ("gz", "xz", "bz2", "zst", "tgz", "zip", "tar")
    )


def _files(web: Web, root: str) -> Iterator[tuple[str, str]]:
    """Paths below the folder with their addresses."""
    try:
        manifest = web.json(root + MANIFEST)
    except RemoteLogsUnavailable:
        yield from _listed(web, root)
        return
    if isinstance(manifest, dict):
        for name in _of_manifest(manifest.get("tree"), "", 0):
            yield name, root + quote(name)


def _of_manifest(tree: Any, above: str, depth: int) -> Iterator[str]:
    for node in tree if isinstance(tree, list) and depth <= DEEPEST else []:
        name = node.get("name") if isinstance(node, dict) else None
        if not isinstance(name, str) or name in ("", ".", "..") or "/" in name:
            continue
        if "children" in node:
            yield from _of_manifest(node["children"], f"{above}{name}/", depth + 1)
        else:
            yield above + name


def _listed(web: Web, root: str) -> Iterator[tuple[str, str]]:
    waiting, seen = [root], {root}
    while waiting and len(seen) <= MOST_PAGES + MOST_FILES:
        page = waiting.pop(0)
        with web.opened(page) as answer:
            text = answer.read(LARGEST_PAGE).decode("utf-8", "replace")
        links = _Links()
        links.feed(text)
        for link in links.found:
            target = urljoin(page, link).partition("#")[0].partition("?")[0]
            # Only what lies below: neither "parent directory" nor another server.
            if not target.startswith(page) or target in seen:
                continue
            seen.add(target)
            if not target.endswith("/"):
                yield unquote(target.removeprefix(root)), target
            elif target.removeprefix(root).count("/") <= DEEPEST:
                waiting.append(target)


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.found += [value for name, value in attrs if name == "href" and value]


def _download(web: Web, url: str, spool: Spool, name: str) -> None:
    with web.opened(url) as answer:
        changed = _changed(answer)
        if spool.bounded and changed is not None and changed < spool.since:
            return
        with spool.writing(spool.folder / safe_path(name)) as write:
            while data := answer.read(PIECE):
                write(data)


def _changed(answer: IO[bytes]) -> datetime | None:
    said = getattr(answer, "headers", {}).get("Last-Modified")
    try:
        return parsedate_to_datetime(said).astimezone(UTC) if said else None
    except ValueError:
        return None
