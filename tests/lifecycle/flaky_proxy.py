"""A TCP proxy on loopback that spoils HTTP traffic on purpose: cuts, delays, truncates, corrupts, answers itself.

Each request goes upstream over a connection of its own, so that a fault hits one request and not its neighbours.
"""

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

BLOCK = 64 * 1024
END_OF_HEAD = b"\r\n\r\n"


@dataclass
class Fault:
    """What happens to requests that match.

    Attributes:
        kind: ``silent`` (takes the request, never answers), ``cut`` (resets before the request is passed on), ``lost``
            (passes the request on and resets instead of answering), ``delay`` (each answer later by ``seconds``),
            ``truncate`` (ends the answer in the middle of its body), ``corrupt`` (flips a bit in the middle of the
            body), ``trickle`` (a byte of the answer in each ``seconds``), ``trickle body`` (its head at once, then so)
            or a status such as ``503``, which the proxy answers itself.
        method: only requests of this method; all where empty.
        path: only requests whose path holds this.
        times: so many requests at most; -1: all.
    """

    kind: str
    method: str = ""
    path: str = ""
    times: int = -1
    seconds: float = 0.0
    hits: int = 0

    def matches(self, method: str, path: str) -> bool:
        return self.times != self.hits and method.startswith(self.method) and self.path in path


@dataclass
class FlakyProxy:
    """A running proxy; ``fault`` may be changed at any time."""

    address: str
    fault: Fault | None = None
    requests: list[str] = field(default_factory=list)
    heads: list[bytes] = field(default_factory=list)
    require: Callable[[bytes], bool] | None = None


@contextmanager
def flaky_proxy(upstream: str, tls: ssl.SSLContext | None = None) -> Iterator[FlakyProxy]:
    """Stand before the server at ``upstream`` (``http://host:port``) until the block ends; with ``tls``, speak HTTPS."""
    target = urlsplit(upstream)
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listening:
        listening.settimeout(0.2)
        proxy = FlakyProxy(f"http://127.0.0.1:{listening.getsockname()[1]}")

        def serve() -> None:
            while not over.is_set():
                with suppress(TimeoutError):
                    client, _ = listening.accept()
                    work = (client, tls, target, proxy, over)
                    threading.Thread(target=_connection, args=work, daemon=True).start()

        accepting = threading.Thread(target=serve)
        accepting.start()
        try:
            yield proxy
        finally:
            over.set()
            accepting.join()


def _connection(
    accepted: socket.socket, tls: ssl.SSLContext | None, target: object, proxy: FlakyProxy, over: threading.Event
) -> None:
    with accepted, suppress(OSError), tls.wrap_socket(accepted, True) if tls else accepted as client:
        client.settimeout(60)
        head, body = _read_request(client)
        if not head:
            return
        method, path = head.split(b" ", 2)[:2]
        proxy.requests.append(f"{method.decode()} {path.decode()}")
        proxy.heads.append(head)
        if proxy.require is not None and not proxy.require(head):
            client.sendall(_own_answer(401))
            return
        fault = proxy.fault
        if fault is not None and fault.matches(method.decode(), path.decode()):
            fault.hits += 1
        else:
            fault = None
        _serve(client, target, head, body, fault, over)


def _serve(
    client: socket.socket, target: object, head: bytes, body: bytes, fault: Fault | None, over: threading.Event
) -> None:
    if fault is not None and fault.kind.isdigit():
        client.sendall(_own_answer(int(fault.kind)))
    elif fault is not None and fault.kind == "cut":
        _reset(client)
    elif fault is not None and fault.kind == "silent":
        over.wait(60)
    else:
        answer = _ask(target, head, body)
        if fault is None:
            client.sendall(answer)
        else:
            _spoil(client, answer, fault, over)


def _spoil(client: socket.socket, answer: bytes, fault: Fault, over: threading.Event) -> None:
    start = answer.index(END_OF_HEAD) + len(END_OF_HEAD)
    middle = (start + len(answer)) // 2
    if fault.kind == "lost":
        _reset(client)
    elif fault.kind == "delay":
        over.wait(fault.seconds)
        client.sendall(answer)
    elif fault.kind == "truncate":
        client.sendall(answer[:middle])
    elif fault.kind == "corrupt" and middle == len(answer):
        client.sendall(answer)
    elif fault.kind == "corrupt":
        client.sendall(answer[:middle] + bytes([answer[middle] ^ 1]) + answer[middle + 1 :])
    elif fault.kind.startswith("trickle"):
        begin = start if fault.kind == "trickle body" else 0
        client.sendall(answer[:begin])
        for place in range(begin, len(answer)):
            client.sendall(answer[place : place + 1])
            if over.wait(fault.seconds):
                return
    else:
        raise AssertionError(fault.kind)


def _read_request(client: socket.socket) -> tuple[bytes, bytes]:
    data = b""
    while END_OF_HEAD not in data:
        block = client.recv(BLOCK)
        if not block:
            return b"", b""
        data += block
    head, _, body = data.partition(END_OF_HEAD)
    lines = head.split(b"\r\n")
    fields = {name.strip().lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines[1:])}
    if fields.get(b"expect", b"").lower() == b"100-continue":
        client.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    missing = int(fields.get(b"content-length", b"0")) - len(body)
    while missing > 0:
        block = client.recv(BLOCK)
        if not block:
            return b"", b""
        body += block
        missing -= len(block)
    kept = [line for line in lines if not line.lower().startswith((b"connection:", b"expect:"))]
    return b"\r\n".join([*kept, b"Connection: close"]) + END_OF_HEAD, body


def _ask(target: object, head: bytes, body: bytes) -> bytes:
    with socket.create_connection((target.hostname, target.port), timeout=60) as server:  # type: ignore[attr-defined]
        server.sendall(head + body)
        answer = b""
        while block := server.recv(BLOCK):
            answer += block
    return answer


def _own_answer(status: int) -> bytes:
    body = b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>" if status in (401, 403) else b"out of order"
    head = f"HTTP/1.1 {status} Fault\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return head.encode() + body


def _reset(client: socket.socket) -> None:
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
