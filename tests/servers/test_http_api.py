"""The HTTP API over loopback: a server in this process, asked by plain HTTP."""

import json
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from queue import Queue
from typing import Any

import pytest
from pydantic import SecretStr

from openstack_rca.settings import Settings
from trained_environment import SAMPLES

uvicorn = pytest.importorskip("uvicorn", reason="the Python package uvicorn is not installed")
pytest.importorskip("starlette", reason="the Python package starlette is not installed")

from openstack_rca.servers.http_api import Api, openapi  # noqa: E402

TOKEN = "a-token-that-is-long-enough"
HANGS_AFTER_SECONDS = 60
CALL = {
    "version": "4", "groupKey": "{}:{alertname=\"ApiErrors\"}", "status": "firing", "receiver": "rca", "unknown": 1,
    "alerts": [
        {"status": "firing", "labels": {"alertname": "ApiErrors", "service": "nova-api"},
         "annotations": {"summary": "nothing can be created"}, "startsAt": "2026-11-23T04:18:00Z", "endsAt": "0001-01-01T00:00:00Z"},
    ],
}  # fmt: skip


@dataclass
class Served:
    """The API on loopback, and what its webhook got."""

    port: int
    posted: Queue[dict[str, Any]]

    def ask(self, path: str, body: Any = None, token: str = TOKEN) -> tuple[int, Any]:
        """Status and answer."""
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", data, {"Authorization": f"Bearer {token}"} if token else {}
        )
        try:
            with urllib.request.urlopen(request, timeout=HANGS_AFTER_SECONDS) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One server for all tests: it may read the sample incidents, and answers alerts to a webhook on loopback."""
    posted: Queue[dict[str, Any]] = Queue()

    class Webhook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posted.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *arguments: Any) -> None:
            pass

    hook = HTTPServer(("127.0.0.1", 0), Webhook)
    hooked = threading.Thread(target=hook.serve_forever, kwargs={"poll_interval": 0.02})
    hooked.start()
    settings = Settings(
        home=tmp_path_factory.mktemp("api") / "home",
        mlflow_enabled=False,
        log_roots=str(SAMPLES / "incidents"),
        answer_webhook=SecretStr(f"http://127.0.0.1:{hook.server_address[1]}/hook"),
    )
    with closing(socket.socket()) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        app = Api(settings, TOKEN, "INC-009/logs").app()
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", ws="none"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        yield Served(listening.getsockname()[1], posted)
        server.should_exit = True
        thread.join(HANGS_AFTER_SECONDS)
    hook.shutdown()
    hook.server_close()
    hooked.join()


def test_a_question_is_answered_and_its_report_is_there(served: Served) -> None:
    """What matters comes at once, all of it by the report's id."""
    status, found = served.ask("/analyses", {"logs": "INC-009/logs", "issue": "nothing can be created"})
    assert status == 200
    assert (found["verdict"], found["causes"][0]["component"]) == ("CONFIRMED", "mariadb")
    status, report = served.ask(f"/reports/{found['id']}")
    assert (status, report["id"]) == (200, found["id"])
    assert found["id"] in str(served.ask("/reports?limit=5")[1])
    assert served.ask("/versions") == (200, [])


@pytest.mark.parametrize("path", ["/analyses", "/reports", "/reports/000000000000", "/versions", "/alerts"])
def test_nothing_is_told_without_the_token(served: Served, path: str) -> None:
    """Neither with none nor with another one."""
    body = {} if path in ("/analyses", "/alerts") else None
    for token in ("", "another-token-of-some-length"):
        assert served.ask(path, body, token)[0] == 401


def test_health_and_description_are_open(served: Served) -> None:
    """Every path of the description exists, and every path is described."""
    assert served.ask("/health", token="")[1]["status"] == "ok"
    status, described = served.ask("/openapi.json", token="")
    assert (status, described) == (200, openapi())
    assert set(described["paths"]) == {"/health", "/analyses", "/reports", "/reports/{id}", "/versions", "/alerts"}


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/analyses", b"{", 400),
        ("/analyses", {"logs": ""}, 400),
        ("/analyses", {"logs": "INC-009/logs", "other": 1}, 400),
        ("/analyses", {"logs": "/etc/passwd"}, 422),
        ("/analyses", {"logs": "INC-009/nothing"}, 404),
        ("/analyses", {"logs": "INC-009/logs", "since": "some day"}, 422),
        ("/analyses", b'{"logs": "' + b"x" * 2_000_000 + b'"}', 413),
        ("/alerts", {"alerts": [{"status": "firing"}]}, 400),
        ("/reports/..%2f..%2fstate", None, 404),
        ("/reports?limit=many", None, 400),
        ("/reports?limit=-1", None, 400),
    ],
)
def test_what_cannot_be_done_is_a_status_and_a_sentence(served: Served, path: str, body: Any, status: int) -> None:
    """No trace, no path outside of the roots, no body without an end."""
    found, told = served.ask(path, body)
    assert found == status
    assert "Traceback" not in str(told)


def test_an_alert_is_answered_at_the_webhook(served: Served) -> None:
    """The analysis looks at the time of the alert; one that is over starts none."""
    assert served.ask("/alerts", CALL) == (202, {"accepted": True})
    posted = served.posted.get(timeout=HANGS_AFTER_SECONDS)
    assert posted["report"]["causes"][0]["component"] == "mariadb"
    assert "mariadb" in posted["text"]
    report = served.ask(f"/reports/{posted['report']['id']}")[1]
    assert report["window"]["start"].startswith("2026-11-23T04:03:00")
    assert "nothing can be created" in report["issue"]
    over = {**CALL, "alerts": [{**CALL["alerts"][0], "status": "resolved"}]}  # type: ignore[dict-item]
    assert served.ask("/alerts", over)[1] == {"accepted": False, "reason": "nothing fires"}


def test_without_a_token_nothing_is_served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command says which variable is wanted."""
    from click.testing import CliRunner

    from openstack_rca.cli.serve import serve_command
    from openstack_rca.errors import ConfigurationError

    monkeypatch.setenv("OPENSTACK_RCA_HOME", str(tmp_path))
    monkeypatch.delenv("OPENSTACK_RCA_SERVE_TOKEN", raising=False)
    result = CliRunner().invoke(serve_command, ["--disable-mlflow"])
    assert isinstance(result.exception, ConfigurationError)
    assert "OPENSTACK_RCA_SERVE_TOKEN" in str(result.exception)
