"""Real servers on loopback for the lifecycle tests: OpenStack Swift with its S3 API, and an MLflow server.

Each server runs in its own process on a free port with its files in a temporary folder, and is stopped by its process.
"""

import getpass
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

ROOT = Path(__file__).resolve().parents[2]
SWIFT_FOLDERS = (ROOT / ".venv-swift" / "bin", Path(sys.prefix) / "bin")
ACCESS_KEY = "test:tester"
SECRET = "a-secret-for-tests"
RINGS = ("account", "container", "object")


class S3Server(Protocol):
    """A running object store that takes ``ACCESS_KEY`` and ``SECRET``."""

    @property
    def endpoint(self) -> str:
        """Its address."""

    def make_bucket(self, name: str) -> str:
        """Make a bucket and return its name."""


@dataclass(frozen=True)
class SwiftServer:
    """A running Swift; buckets are made through its own API."""

    endpoint: str

    def make_bucket(self, name: str) -> str:
        """Make a container and return its name as an S3 bucket."""
        headers = {"X-Storage-User": ACCESS_KEY, "X-Storage-Pass": SECRET}
        with urllib.request.urlopen(urllib.request.Request(f"{self.endpoint}/auth/v1.0", headers=headers)) as answer:
            token, account = answer.headers["X-Auth-Token"], answer.headers["X-Storage-Url"]
        request = urllib.request.Request(f"{account}/{name}", method="PUT", headers={"X-Auth-Token": token})
        urllib.request.urlopen(request).close()
        return name


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def missing_for_swift() -> str:
    """Why Swift cannot be started here; empty if it can."""
    if shutil.which("memcached") is None:
        return "memcached is not installed (Debian: apt-get install memcached)"
    if _swift_folder() is None:
        return "Swift is not installed (make .venv-swift, or: pip install swift==2.38.3 into a .venv-swift)"
    return ""


def _swift_folder() -> Path | None:
    return next((folder for folder in SWIFT_FOLDERS if (folder / "swift-proxy-server").exists()), None)


@contextmanager
def process(
    arguments: list[str | Path], log: Path, user: str | None = None, **environment: str
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a process, as another user where one is named, until the block ends; its output goes to ``log``."""
    with log.open("ab") as output:
        started = subprocess.Popen(
            [str(part) for part in arguments],
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **environment},
            start_new_session=True,
            user=user,
            cwd=log.parent,
        )
    try:
        yield started
    finally:
        started.terminate()
        try:
            started.wait(timeout=20)
        except subprocess.TimeoutExpired:
            started.kill()
            started.wait()


def wait_for(url: str, started: list[subprocess.Popen[bytes]], log: Path, seconds: float = 90) -> None:
    """Ask until the URL answers; fails with the server's own words when it died or never did."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if any(one.poll() is not None for one in started):
            break
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"{url} did not start:\n{log.read_text(errors='replace')[-4000:]}")


@contextmanager
def swift_server(folder: Path) -> Iterator[SwiftServer]:
    """Swift with one replica on one device: proxy with s3api and tempauth, account, container and object server."""
    folder.mkdir(parents=True, exist_ok=True)
    programs = _swift_folder()
    assert programs is not None
    ports = {name: free_port() for name in (*RINGS, "proxy", "memcached")}
    _write_swift_configuration(folder, ports)
    for ring in RINGS:
        builder = folder / f"{ring}.builder"
        for step in (
            ["create", "4", "1", "1"],
            ["add", f"r1z1-127.0.0.1:{ports[ring]}/device", "1"],
            ["rebalance"],
        ):
            subprocess.run(
                [programs / "swift-ring-builder", builder, *step], check=True, stdout=subprocess.DEVNULL, cwd=folder
            )
    log = folder / "servers.log"
    with ExitStack() as stack:
        memcached = ["memcached", "-l", "127.0.0.1", "-p", str(ports["memcached"]), "-u", getpass.getuser()]
        started = [stack.enter_context(process(memcached, log))]
        started += [
            stack.enter_context(process([programs / f"swift-{name}-server", folder / f"{name}.conf", "-v"], log))
            for name in (*RINGS, "proxy")
        ]
        for name in (*RINGS, "proxy"):
            wait_for(f"http://127.0.0.1:{ports[name]}/healthcheck", started, log)
        yield SwiftServer(f"http://127.0.0.1:{ports['proxy']}")


def _write_swift_configuration(folder: Path, ports: dict[str, int]) -> None:
    (folder / "devices" / "device").mkdir(parents=True)
    common = f"bind_ip = 127.0.0.1\nworkers = 0\nuser = {getpass.getuser()}\nswift_dir = {folder}\n"
    (folder / "swift.conf").write_text(
        "[swift-hash]\nswift_hash_path_prefix = tests\nswift_hash_path_suffix = tests\n"
        "[storage-policy:0]\nname = one\ndefault = yes\n"
    )
    for name in RINGS:
        (folder / f"{name}.conf").write_text(
            f"[DEFAULT]\n{common}bind_port = {ports[name]}\ndevices = {folder / 'devices'}\nmount_check = false\n"
            f"[pipeline:main]\npipeline = healthcheck {name}-server\n"
            f"[app:{name}-server]\nuse = egg:swift#{name}\n"
            "[filter:healthcheck]\nuse = egg:swift#healthcheck\n"
        )
    filters = ["catch_errors", "gatekeeper", "healthcheck", "cache", "listing_formats", "bulk"]
    filters += ["s3api", "tempauth", "copy", "slo", "dlo"]
    names = {"cache": "memcache"}
    options = {
        "cache": f"memcache_servers = 127.0.0.1:{ports['memcached']}\n",
        "tempauth": f"user_test_tester = {SECRET} .admin\n",
        "s3api": "s3_acl = no\n",
    }
    sections = "".join(
        f"[filter:{name}]\nuse = egg:swift#{names.get(name, name)}\n{options.get(name, '')}" for name in filters
    )
    (folder / "proxy.conf").write_text(
        f"[DEFAULT]\n{common}bind_port = {ports['proxy']}\n"
        f"[pipeline:main]\npipeline = {' '.join(filters)} proxy-server\n"
        f"[app:proxy-server]\nuse = egg:swift#proxy\naccount_autocreate = true\n{sections}"
    )


@contextmanager
def mlflow_server(folder: Path, backend: str = "") -> Iterator[str]:
    """``mlflow server`` with proxied artifacts, on a database of its own or on ``backend``; yields its address."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    uri, log = f"http://127.0.0.1:{port}", folder / "server.log"
    arguments = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    arguments += ["--backend-store-uri", backend or f"sqlite:///{folder / 'server.db'}"]
    arguments += ["--artifacts-destination", (folder / "artifacts").as_uri()]
    quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    with process(arguments, log, **quiet) as started:
        wait_for(f"{uri}/health", [started], log)
        yield uri
