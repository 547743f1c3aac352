"""Small helpers of the dashboard's tests: the pages in process, a server of their own, a browser's shots."""

import re
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from streamlit.testing.v1 import AppTest

from trained_environment import ROOT, SAMPLES, environment, program

APP = ROOT / "src" / "openstack_rca" / "dashboard" / "app.py"
PAGES = ("ask", "explore", "models", "train", "runs")
CHROMIUM = Path("/usr/bin/chromium")
ARTIFACTS = ROOT / "test-artifacts"
INCIDENT = "INC-009"
ASK = "Ask the recorded question"
HANGS_AFTER_SECONDS = 120

HOSTILE = (
    "<script>window.harmed=1</script><img src=x onerror=window.harmed=1> **bold** [link](http://evil.invalid/) "
    "![shot](http://evil.invalid/a.png) :red[red] $$x^2$$ `code` \x1b[31mansi\x1b[0m \u202egnp.exe"
)
"""A log line's text that tries to act on whatever shows it."""


def open_page(name: str = "ask") -> AppTest:
    """A page of the app, drawn once, in this process."""
    app = AppTest.from_file(str(APP), default_timeout=HANGS_AFTER_SECONDS).run()
    if name != "ask":
        app = app.switch_page(f"screens/{name}.py").run()
    return app


def words_of(app: AppTest) -> str:
    """All text that the page shows, in one string."""
    parts: list[str] = []
    for kind in ("title", "header", "subheader", "text", "markdown", "caption", "code", "error", "warning", "info"):
        parts += [str(element.value) for element in app.get(kind)]
    parts += [str(element.value) for element in app.success]
    parts += [f"{metric.label} {metric.value}" for metric in app.metric]
    return "\n".join(parts)


def press(app: AppTest, label: str) -> AppTest:
    """Press the button with this label."""
    (button,) = [button for button in app.button if button.label == label]
    return button.click().run()


def type_option(app: AppTest, key: str, text: str) -> AppTest:
    """Type something that a box of choices does not offer; the page is not drawn yet."""
    box = app.selectbox(key=key)
    box.options.append(text)
    box.select(text)
    return app


def choose_row(app: AppTest, key: str, row: int) -> AppTest:
    """Choose a row of a table."""
    app.session_state[key] = {"selection": {"rows": [row], "columns": [], "cells": []}}
    return app.run()


def sidebar_words(app: AppTest) -> str:
    """All text of the sidebar."""
    kinds = ("text", "caption", "error", "warning", "info")
    return "\n".join(str(element.value) for kind in kinds for element in app.sidebar.get(kind))


def hostile_logs(folder: Path) -> Path:
    """A sample incident whose error lines all carry the hostile text."""
    import lzma

    source = SAMPLES / "incidents" / INCIDENT / "logs"
    for path in sorted(source.rglob("*.xz")):
        text = lzma.decompress(path.read_bytes()).decode("utf-8", "replace")
        lines = [
            f"{line} {HOSTILE}" if re.search(r" (?:ERROR|CRITICAL|\[ERROR\]) ", line) else line
            for line in text.splitlines()
        ]
        target = folder / path.relative_to(source).with_suffix("")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


@dataclass
class Server:
    """A dashboard that serves on a free port of this machine; ``said`` is what it has written so far."""

    process: subprocess.Popen[str]
    port: int
    said: list[str] = field(default_factory=list)

    @property
    def address(self) -> str:
        """Where its start page is."""
        return f"http://127.0.0.1:{self.port}/"


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def serving(home: Path, *arguments: str, **variables: str | Path) -> Iterator[Server]:
    """The dashboard by the command line, until the block ends; stopped by its own process id."""
    port = free_port()
    process = subprocess.Popen(
        [*program(), "dashboard", "--port", str(port), *arguments],
        env=environment(OPENSTACK_RCA_HOME=home, HOME=home.parent, **variables),
        cwd=home.parent,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    server = Server(process, port)
    started = threading.Event()

    def listen() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            server.said.append(line)
            if "server started on" in line:
                started.set()
        started.set()

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    try:
        assert started.wait(HANGS_AFTER_SECONDS), server.said
        assert process.poll() is None, server.said
        yield server
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(HANGS_AFTER_SECONDS)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
            listener.join()
            assert process.stdout is not None
            process.stdout.close()


def command(home: Path, *arguments: str, **variables: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own, on this home."""
    return subprocess.run(
        [*program(), *arguments],
        env=environment(OPENSTACK_RCA_HOME=home, HOME=home.parent, **variables),
        cwd=home.parent,
        capture_output=True,
        text=True,
        check=False,
        timeout=HANGS_AFTER_SECONDS * 3,
    )


SETTLED = """
() => document.querySelector('[data-testid=stApp]').dataset.testScriptState === 'notRunning'
   && !document.querySelector('[data-testid=stSkeleton], [data-stale=true]')
"""
TWO_FRAMES = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))"


def settled(page: Any) -> None:
    """Wait until the script is done, everything is drawn and the browser has painted it."""
    page.wait_for_function(SETTLED)
    page.evaluate("document.fonts.ready.then(() => true)")
    page.evaluate(TWO_FRAMES)


def shoot(page: Any, name: str) -> Path:
    """Keep a picture of the whole page as it is now."""
    ARTIFACTS.mkdir(exist_ok=True)
    settled(page)
    width = page.viewport_size["width"]
    before = page.viewport_size
    height = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
    page.set_viewport_size({"width": width, "height": min(height + 40, 7000)})
    settled(page)
    path = ARTIFACTS / f"{name}-{width}.png"
    page.screenshot(path=str(path), animations="disabled")
    page.set_viewport_size(before)
    return path
