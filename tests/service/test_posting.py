"""Documents for webhooks: what counts as arrived, and what is said where one did not."""

import threading
import urllib.error
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from openstack_rca.posting import post_json, why_not_posted

ASKED: list[str] = []


class Hook(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        ASKED.append(self.path)
        self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/nonsense":
            self.wfile.write(b"nonsense\r\n")
            return
        self.send_response(302 if self.path == "/moved" else 204)
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        """Quiet."""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Hook) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_any_success_is_an_arrival(address: str) -> None:
    """Also one without a body."""
    post_json(f"{address}/hook", {"text": "words"}, seconds=10)
    assert ASKED[-1] == "/hook"


def test_a_redirect_is_no_arrival_and_is_not_followed(address: str) -> None:
    """The document is for whom the address names, and for nobody else."""
    with pytest.raises(urllib.error.HTTPError) as refused:
        post_json(f"{address}/moved", {}, seconds=10)
    assert ASKED[-1] == "/moved"
    assert why_not_posted(refused.value) == "it answers 302"


def test_an_answer_that_is_no_http_is_told_in_words(address: str) -> None:
    with pytest.raises(OSError, match="not HTTP") as failed:
        post_json(f"{address}/nonsense", {}, seconds=10)
    assert why_not_posted(failed.value) == "its answer is not HTTP"


def test_what_is_said_of_a_failure_does_not_hold_the_address() -> None:
    """Whoever knows the address of a webhook can write there."""
    with pytest.raises(OSError) as failed:
        post_json("http://127.0.0.1:9/secret-token", {}, seconds=10)
    told = why_not_posted(failed.value)
    assert told and "127.0.0.1" not in told and "secret" not in told
