"""The page of a watch: ``/metrics`` for Prometheus and ``/healthz`` for whoever restarts what hangs, on loopback."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from openstack_rca.errors import ConfigurationError
from openstack_rca.service.deliveries import Deliveries
from openstack_rca.service.watching import Figures

LOOPBACK = "127.0.0.1"
STALE_SECONDS = 120.0
"""A watch that has not looked for so long is not healthy."""
_PREFIX = "openstack_rca_watch_"


def metrics_text(figures: Figures, deliveries: Deliveries, model: str) -> str:
    """All figures in Prometheus' text format."""
    rows: list[tuple[str, str, str, float]] = [
        ("lines_total", "counter", "Lines that were read.", figures.lines),
        ("events_total", "counter", "Events that were read.", figures.events),
        ("unreadable_total", "counter", "Pieces of logs without a line of a known format.", figures.unreadable),
        ("analyses_total", "counter", "Times that the window was looked at.", figures.analyses),
        ("lag_bytes", "gauge", "Bytes that the files hold and that were not read yet.", figures.lag_bytes),
        ("lag_seconds", "gauge", "How far the reading is behind the clock, while there is a backlog.", figures.lag_seconds),
        ("files", "gauge", "Files that are followed.", figures.files),
        ("window_events", "gauge", "Events in the window.", figures.window_events),
        ("trouble_open", "gauge", "Whether a trouble goes on.", float(figures.is_open)),
        ("deliveries_total", "counter", "What was told and has arrived.", deliveries.delivered),
        ("delivery_failures_total", "counter", "Tries that failed.", deliveries.failures),
        ("deliveries_given_up_total", "counter", "What was told and will not arrive.", deliveries.given_up),
        ("deliveries_waiting", "gauge", "What was told and has not arrived yet.", len(deliveries.waiting)),
        ("last_look_seconds", "gauge", "When the watch looked last, in seconds since 1970.", figures.last_look),
    ]  # fmt: skip
    lines = []
    for name, kind, told, value in rows:
        lines += [f"# HELP {_PREFIX}{name} {told}", f"# TYPE {_PREFIX}{name} {kind}", f"{_PREFIX}{name} {value:.12g}"]
    lines += [f"# HELP {_PREFIX}troubles_total What was told of troubles.", f"# TYPE {_PREFIX}troubles_total counter"]
    for turn in ("began", "changed", "ended"):
        lines.append(f'{_PREFIX}troubles_total{{turn="{turn}"}} {getattr(figures, turn)}')
    lines += [f"# HELP {_PREFIX}model_info The model that scores.", f"# TYPE {_PREFIX}model_info gauge"]
    lines.append(f'{_PREFIX}model_info{{version="{_label(model)}"}} 1')
    return "\n".join(lines) + "\n"


@contextmanager
def serving(
    port: int, figures: Figures, deliveries: Deliveries, model: str, clock: Callable[[], float] = time.time
) -> Iterator[int]:
    """Serve the page on loopback while the block lasts; gives the port, a free one for 0. Raises ConfigurationError."""

    class Page(BaseHTTPRequestHandler):
        """Two paths; nothing of a request is kept or shown."""

        def do_GET(self) -> None:
            """Answer one request."""
            if self.path == "/metrics":
                self._answer(200, metrics_text(figures, deliveries, model), "text/plain; version=0.0.4; charset=utf-8")
            elif self.path == "/healthz":
                healthy = clock() - figures.last_look < STALE_SECONDS
                text = "ok\n" if healthy else "stuck\n"
                text += f"last failed delivery: {deliveries.last_error}\n" if deliveries.last_error else ""
                self._answer(200 if healthy else 503, text, "text/plain; charset=utf-8")
            else:
                self._answer(404, "not found\n", "text/plain; charset=utf-8")

        def log_message(self, format: str, *args: object) -> None:
            """Requests are not worth a line."""

        def _answer(self, status: int, text: str, kind: str) -> None:
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    try:
        server = ThreadingHTTPServer((LOOPBACK, port), Page)
    except OSError as error:
        raise ConfigurationError(
            f"The page cannot be served on {LOOPBACK}:{port} ({error.strerror}).", "Name another port with --port."
        ) from None
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _label(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
