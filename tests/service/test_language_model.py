"""A language model tells a report: what it learns, what it may say, and what happens when it does not answer. A stub on loopback."""

import json
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "rca"))
from report_samples import REQUEST, confirmed

from openstack_rca.errors import ConfigurationError, LanguageModelUnavailable
from openstack_rca.service.language_model import Narrative, narrate, narrative_lines
from openstack_rca.settings import Settings

pytest.importorskip("httpx", reason="the Python package httpx is not installed")


class Stub:
    """An OpenAI-compatible endpoint that says what a test wants."""

    def __init__(self) -> None:
        self.says: Callable[[], tuple[int, bytes]] = lambda: (200, b"{}")
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str | None] = []

    def speak(self, text: str) -> None:
        """Answer with this text."""
        self.says = lambda: (200, json.dumps({"choices": [{"message": {"content": text}}]}).encode())


@pytest.fixture(scope="module")
def endpoint() -> Iterator[tuple[Stub, str]]:
    stub = Stub()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            stub.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            stub.keys.append(self.headers.get("Authorization"))
            status, body = stub.says()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield stub, f"http://127.0.0.1:{server.server_address[1]}/v1"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def settings(endpoint: tuple[Stub, str], tmp_path: Path) -> Settings:
    return Settings(
        home=tmp_path, mlflow_enabled=False, llm_url=endpoint[1], llm_model="tiny", llm_key=SecretStr("k3y"),
        llm_timeout_seconds=20,
    )  # fmt: skip


def told(stub: Stub, settings: Settings, text: str) -> Narrative:
    stub.speak(text)
    return narrate(confirmed(), settings)


def test_it_learns_the_evidence_without_ids_and_secrets(endpoint: tuple[Stub, str], settings: Settings) -> None:
    """Request ids and the like are stand-ins over there, and what they stand for here."""
    report = confirmed()
    cause = report.causes[0]
    leaky = cause.evidence[1].model_copy(update={"text": f"{REQUEST} password=hunter2hunter2 at 192.0.2.77"})
    changed = cause.model_copy(update={"evidence": [cause.evidence[0], leaky]})
    endpoint[0].speak("Request <id1> failed [E2].")
    narrative = narrate(report.model_copy(update={"causes": [changed]}), settings, "why?")
    sent = json.dumps(endpoint[0].asked[-1])
    for secret in (REQUEST, "hunter2", "192.0.2.77", "k3y"):
        assert secret not in sent
    assert "Evidence E2" in sent
    assert "why?" in sent
    assert endpoint[0].keys[-1] == "Bearer k3y"
    assert REQUEST in narrative.sentences[0].text


def test_a_sentence_that_its_lines_support_is_shown_with_them(endpoint: tuple[Stub, str], settings: Settings) -> None:
    """Citations become file and line."""
    narrative = told(endpoint[0], settings, "At 14:02:09 mariadb on controller shut down [E1]. Nothing more is known.")
    first, second = narrative.sentences
    assert (first.problem, first.text) == ("", "At 14:02:09 mariadb on controller shut down.")
    assert "controller/mariadb.log:88" in narrative_lines(narrative)[0]
    assert second.problem == "it cites no evidence"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("The disk of ceph was full [E1].", "do not name ceph"),
        ("It lasted 4711 seconds [E1].", "do not hold 4711"),
        ("The server stopped [E99].", "cites no evidence"),
        ("The server stopped [E1, E99].", "does not exist"),
        ("This is INCONCLUSIVE [E1].", "the verdict is CONFIRMED"),
        ("Everything is fine.", "cites no evidence"),
    ],
)
def test_what_the_cited_lines_do_not_say_is_marked(
    endpoint: tuple[Stub, str], settings: Settings, text: str, problem: str
) -> None:
    """Components, figures, evidence that does not exist, another verdict."""
    (sentence,) = told(endpoint[0], settings, text).sentences
    assert problem in sentence.problem


def test_what_it_writes_is_only_text(endpoint: tuple[Stub, str], settings: Settings) -> None:
    """No escapes reach a terminal."""
    lines = narrative_lines(told(endpoint[0], settings, "\x1b[31mThe server stopped\x07 [E1]."))
    assert not any(sign in line for line in lines for sign in ("\x1b", "\x07"))


@pytest.mark.parametrize(
    ("status", "body", "hint"),
    [(401, b"", "OPENSTACK_RCA_LLM_KEY"), (500, b"", "answered 500"), (200, b"<html>", "form that is not known"),
     (200, b'{"choices": []}', "form that is not known"), (200, b"x" * 300_000, "does not stop answering"), (302, b"", "answered 302")],
)  # fmt: skip
def test_an_endpoint_that_fails_is_told(
    endpoint: tuple[Stub, str], settings: Settings, status: int, body: bytes, hint: str
) -> None:
    """In one sentence, without the key."""
    endpoint[0].says = lambda: (status, body)
    with pytest.raises(LanguageModelUnavailable, match=hint) as raised:
        narrate(confirmed(), settings)
    assert "k3y" not in str(raised.value)


def test_it_is_off_unless_it_is_set_and_the_key_never_travels_in_clear_text(settings: Settings) -> None:
    """No endpoint, or one beyond this machine without TLS."""
    for changes in ({"llm_url": None}, {"llm_url": "http://llm.example.org/v1"}, {"llm_url": "file:///etc/passwd"}):
        with pytest.raises(ConfigurationError):
            narrate(confirmed(), settings.model_copy(update=changes))
