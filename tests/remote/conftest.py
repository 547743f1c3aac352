"""What the tests of remote logs share: settings, a real sshd on loopback, an HTTP server with recorded answers, tools on PATH."""

import getpass
import json
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from remote_answers import Answers, Request

from openstack_rca.settings import Settings

SSHD = Path("/usr/sbin/sshd")
JOURNALCTL = Path("/usr/bin/journalctl")
JOURNAL_WRITER = Path("/lib/systemd/systemd-journal-remote")
LINE = "2026-11-23 04:17:{:02d}.000 1 {} nova.compute.manager [-] {}\n"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings that wait for nobody long."""
    return Settings(
        home=tmp_path / "home", mlflow_enabled=False, network_timeout_seconds=1.0, remote_timeout_seconds=20.0
    )


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """A folder of logs as a host has it."""
    folder = tmp_path / "var-log"
    (folder / "nova").mkdir(parents=True)
    (folder / "nova" / "nova-compute.log").write_text(
        "".join(LINE.format(second, "ERROR" if second == 30 else "INFO", f"step {second}") for second in range(40))
    )
    (folder / "nova" / "secret.key").write_text("not a log")
    return folder


@dataclass
class Sshd:
    """A running sshd: the configuration by which ssh reaches it under any name but ``dead``, and where it finds programs first."""

    config: Path
    programs: Path


@pytest.fixture(scope="session")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    """A real sshd for this user, on loopback, with a key of its own."""
    if not SSHD.exists() or not shutil.which("ssh-keygen"):
        pytest.skip(f"{SSHD} is not there: install Debian's package openssh-server")
    folder = tmp_path_factory.mktemp("sshd")
    (folder / "bin").mkdir()
    for name in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True)
    shutil.copy(folder / "user.pub", folder / "authorized")
    with closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    (folder / "sshd_config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nAuthorizedKeysFile {folder}/authorized\n"
        "StrictModes no\nUsePAM no\nPasswordAuthentication no\nPidFile none\nPrintMotd no\n"
        f"SetEnv PATH={folder}/bin:/usr/local/bin:/usr/bin:/bin\n"
    )
    (folder / "ssh_config").write_text(
        "Host dead\n  Port 9\nHost *\n"
        f"  HostName 127.0.0.1\n  Port {port}\n  User {getpass.getuser()}\n  IdentityFile {folder}/user\n"
        "  IdentitiesOnly yes\n  StrictHostKeyChecking no\n  UserKnownHostsFile /dev/null\n"
    )
    Path("/run/sshd").mkdir(exist_ok=True) if getpass.getuser() == "root" else None
    process = subprocess.Popen(
        [str(SSHD), "-D", "-e", "-f", str(folder / "sshd_config")], stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    try:
        said = ""
        while "listening on" not in said:
            line = process.stderr.readline()
            if not line:
                pytest.skip(f"sshd does not start for this user: {said}")
            said += line
        yield Sshd(folder / "ssh_config", folder / "bin")
    finally:
        process.terminate()
        process.wait()
        process.stderr.close()


@pytest.fixture(scope="session")
def journal(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A program in the place of ``journalctl``: the real one, before a journal of our own that systemd has written."""
    if not JOURNAL_WRITER.exists() or not JOURNALCTL.exists():
        pytest.skip(f"{JOURNAL_WRITER} is not there: install Debian's package systemd-journal-remote")
    path = tmp_path_factory.mktemp("journal") / "ctl1.journal"
    now = int(time.time()) * 1_000_000
    entries = [
        f"__REALTIME_TIMESTAMP={now - ago * 1_000_000}\n__MONOTONIC_TIMESTAMP={1_000_000_000_000 - ago * 1_000_000}\n"
        f"_BOOT_ID={'c' * 32}\n_MACHINE_ID={'a' * 32}\n_HOSTNAME=ctl1\n_SYSTEMD_UNIT={unit}.service\n"
        f"SYSLOG_IDENTIFIER={unit}\nPRIORITY={priority}\nMESSAGE={text}\n"
        for ago, unit, priority, text in (
            (864_000, "nova-compute", 3, "long ago"),
            (60, "nova-compute", 6, "all is well"),
            (30, "neutron-server", 3, "another unit"),
            (20, "nova-compute", 3, "it is broken"),
        )
    ]
    command = [str(JOURNAL_WRITER), f"--output={path}", "-"]
    subprocess.run(command, input="\n".join([*entries, ""]).encode(), check=True, capture_output=True)
    return f'exec {JOURNALCTL} --file={path} "$@"'


@pytest.fixture
def server() -> Iterator[Answers]:
    """An HTTP server that plays back what a test gives it."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            request = Request(self.command, parts.path, parse_qs(parts.query), dict(self.headers), body)
            served.asked.append(request)
            route = served.routes.get(f"{self.command} {parts.path}") or served.routes.get(parts.path)
            status, headers, data = route(request) if route else (404, {}, b"no such page")
            try:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", headers.get("X-Length", str(len(data))))
                self.end_headers()
                self.wfile.write(data)
            except OSError:
                pass

        do_POST = do_DELETE = do_GET  # noqa: N815

        def log_message(self, format: str, *arguments: Any) -> None:
            pass

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listening.daemon_threads = True
    served = Answers(listening.server_address[1])
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield served
    listening.shutdown()
    listening.server_close()
    thread.join()


@pytest.fixture
def tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Path]:
    """Put a small program on PATH that prints what the real tool prints; it notes how it was called."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder), prepend=":")

    def make(name: str, script: str) -> Path:
        calls = folder / f"{name}.calls"
        program = folder / name
        program.write_text(f'#!/bin/sh\necho "$@" >> {calls}\n{script}\n')
        program.chmod(0o755)
        return calls

    return make
