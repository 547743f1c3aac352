"""The few answers of S3 that a store needs, from memory: what a test wants to show of remote stores needs no Swift.

Real servers differ in what they make of "create only" (``If-None-Match: *``); ``Conditions`` names the three kinds.
"""

import hashlib
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape, unescape

BUCKET = "models"


class Conditions(Enum):
    """What a server makes of a request that may only create."""

    HONOURED = "412 where the key is taken"
    REFUSED = "501, as Swift 2.30"
    IGNORED = "overwritten, as Ceph in a versioned bucket"


@dataclass
class Kept:
    """One object."""

    content: bytes
    attributes: dict[str, str]


def _nothing(_key: str) -> None:
    return


@dataclass
class SmallS3:
    """What the server holds, and how it behaves.

    Attributes:
        before_write: called with the key before an object is written.
        lost_answers: so many writes are done and not answered.
    """

    conditions: Conditions = Conditions.HONOURED
    objects: dict[str, Kept] = field(default_factory=dict)
    before_write: Callable[[str], None] = _nothing
    lost_answers: int = 0
    writes: list[str] = field(default_factory=list)
    endpoint: str = ""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    world: SmallS3

    def _key(self) -> str:
        return unquote(urlsplit(self.path).path).removeprefix(f"/{BUCKET}").removeprefix("/")

    def _answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if "Content_Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _error(self, status: int, code: str) -> None:
        self._answer(status, f"<Error><Code>{code}</Code><Message>{code}</Message></Error>".encode())

    def do_PUT(self) -> None:
        world, key = self.world, self._key()
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        only_new = self.headers.get("If-None-Match") == "*"
        if only_new and world.conditions is Conditions.REFUSED:
            self._error(501, "NotImplemented")
            return
        world.before_write(key)
        if only_new and world.conditions is Conditions.HONOURED and key in world.objects:
            self._error(412, "PreconditionFailed")
            return
        names = {name.lower(): value for name, value in self.headers.items()}
        own = {name: value for name, value in names.items() if name.startswith("x-amz-meta-")}
        world.objects[key] = Kept(content, own)
        world.writes.append(key)
        if world.lost_answers:
            world.lost_answers -= 1
            self.close_connection = True
            self.connection.close()
            return
        self._answer(200, ETag=_tag(content))

    def do_GET(self) -> None:
        key = self._key()
        if not key:
            self._answer(200, self._listing(), Content_Type="application/xml")
        elif key not in self.world.objects:
            self._error(404, "NoSuchKey")
        else:
            kept = self.world.objects[key]
            facts = {name.replace("-", "_"): value for name, value in kept.attributes.items()}
            self._answer(
                200,
                kept.content,
                Content_Length=str(len(kept.content)),
                ETag=_tag(kept.content),
                Last_Modified=formatdate(usegmt=True),
                **facts,
            )

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_POST(self) -> None:
        """Deletes what is listed, all at once."""
        listed = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        keys = [unescape(key) for key in re.findall("<Key>(.*?)</Key>", listed)]
        for key in keys:
            self.world.objects.pop(key, None)
        gone = "".join(f"<Deleted><Key>{escape(key)}</Key></Deleted>" for key in keys)
        self._answer(200, f"<DeleteResult>{gone}</DeleteResult>".encode(), Content_Type="application/xml")

    def _listing(self) -> bytes:
        asked = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        prefix, delimiter = asked.get("prefix", ""), asked.get("delimiter")
        parts, folders = [], set()
        for key, kept in sorted(self.world.objects.items()):
            rest = key.removeprefix(prefix)
            if not key.startswith(prefix):
                continue
            if delimiter and delimiter in rest:
                folders.add(prefix + rest.split(delimiter)[0] + delimiter)
                continue
            parts.append(
                f"<Contents><Key>{escape(key)}</Key><LastModified>2026-01-01T00:00:00Z</LastModified>"
                f"<ETag>{_tag(kept.content)}</ETag><Size>{len(kept.content)}</Size></Contents>"
            )
        parts += [f"<CommonPrefixes><Prefix>{escape(name)}</Prefix></CommonPrefixes>" for name in sorted(folders)]
        return f"<ListBucketResult><IsTruncated>false</IsTruncated>{''.join(parts)}</ListBucketResult>".encode()

    def log_message(self, *_arguments: object) -> None:
        """Say nothing on the screen."""


def _tag(content: bytes) -> str:
    return f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"'


@contextmanager
def small_s3(conditions: Conditions = Conditions.HONOURED) -> Iterator[SmallS3]:
    """A server on loopback."""
    world = SmallS3(conditions)
    handler = type("Handler", (_Handler,), {"world": world})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        serving = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        serving.start()
        world.endpoint = f"http://127.0.0.1:{server.server_port}"
        yield world
        server.shutdown()
        serving.join()
