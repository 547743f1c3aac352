"""Answers that are to become runs: written down on this machine at once, sent to the tracking server afterwards.

MLflow costs seconds of start-up, and a server may be away; neither is the answer's trouble. An entry is one file, named by
the time of its report. Whoever sends holds the lock of the folder, marks an entry before sending it, and removes it once
the server has all of it; an entry that was marked already is looked for on the server first, so that no run is there twice.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING

from openstack_rca.errors import ConfigurationError
from openstack_rca.lifecycle.objects import locked, not_kept_in, write_whole
from openstack_rca.settings import Settings

if TYPE_CHECKING:
    from openstack_rca.rca.report import Report

MOST_WAITING = 2000
"""More entries than this are not kept; the oldest go first."""
TAG_REPORT = "openstack_rca.report_id"
SEND = "openstack-rca runs send"
SUFFIX, PROBLEM = ".json", "problem.txt"
_SENDER = "from openstack_rca.service.waiting_runs import main; main()"


@dataclass(frozen=True)
class Sent:
    """What became of the answers that waited: runs that are recorded now, how many still wait, and why, in words."""

    run_ids: list[str] = field(default_factory=list)
    waiting: int = 0
    notices: list[str] = field(default_factory=list)


def write_down(report: Report, settings: Settings) -> None:
    """Keep an answer until it is sent; nothing where no runs are recorded. Raises ConfigurationError."""
    if not settings.mlflow_enabled:
        return
    from openstack_rca.rca.render import render_json

    folder = _folder(settings)
    head = json.dumps({"server": server(settings), "experiment": settings.experiment_name})
    path = folder / f"{report.created.astimezone(UTC):%Y%m%dT%H%M%S%f}-{report.id}{SUFFIX}"
    try:
        write_whole(path, f'{head[:-1]}, "report": {render_json(report)}}}'.encode())
        for old in entries(folder)[:-MOST_WAITING]:
            old.unlink(missing_ok=True)
    except OSError as error:
        reason, way = not_kept_in(folder, error)
        raise ConfigurationError(f"This answer is not recorded as a run: {reason}.", way) from None


def send_as_configured(settings: Settings) -> Sent:
    """Have what waits sent in the way that the setting ``send_runs`` names.

    A process of its own does it in the background, unless this process is a container's first one, whose end would be the
    sender's too.
    """
    if not settings.mlflow_enabled or not entries(_folder(settings)):
        return Sent()
    if settings.send_runs == "now" or (settings.send_runs == "background" and os.getpid() == 1):
        return send_waiting_runs(settings)
    told = _problem(settings)
    if settings.send_runs == "background":
        try:
            _start_sender(settings)
        except OSError as error:
            told = [f"The sender cannot be started ({error.strerror})."]
    waiting = len(entries(_folder(settings)))
    notices = [f"{those(waiting)} not recorded as runs yet. {text} Later: {SEND}" for text in told]
    return Sent(waiting=waiting, notices=notices)


def send_waiting_runs(settings: Settings) -> Sent:
    """Record every answer that waits for this tracking server, oldest first; whatever stands in the way is a notice."""
    folder = _folder(settings)
    if not settings.mlflow_enabled or not entries(folder):
        return Sent()
    # Reading a report imports the rules and Polars, and most commands that look here find that nothing waits.
    from openstack_rca.service.sending_runs import send_all

    try:
        with locked(folder / ".lock"):
            return send_all(folder, settings)
    except OSError as error:
        return Sent(
            [],
            len(entries(folder)),
            [f"The files that wait in {folder} cannot be sent now: {error.strerror or error}."],
        )


def _start_sender(settings: Settings) -> None:
    """Start a process that outlives this one; its secrets come with the environment, the rest through its input."""
    given: dict[str, str | bool | None] = {"home": str(settings.home), "mlflow_enabled": True}
    given |= {
        "mlflow_tracking_uri": settings.mlflow_tracking_uri,
        "mlflow_artifact_root": settings.mlflow_artifact_root,
    }
    process = subprocess.Popen(
        [sys.executable, "-c", _SENDER],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=settings.home,
        start_new_session=True,
    )
    assert process.stdin is not None
    with suppress(BrokenPipeError), process.stdin as stdin:
        stdin.write(json.dumps(given).encode())
    # Nobody waits for it.
    process.returncode = 0


def main() -> None:
    """The process that sends in the background."""
    from openstack_rca.settings import load_settings

    os.nice(5)
    given = json.load(sys.stdin)
    send_waiting_runs(load_settings(**given | {"home": Path(given["home"])}))


def _folder(settings: Settings) -> Path:
    return settings.spool_folder / "runs"


def entries(folder: Path) -> list[Path]:
    """Files of the entries, oldest first."""
    return sorted(folder.glob(f"2*{SUFFIX}"))


def server(settings: Settings) -> str:
    """The tracking server without its password; empty for the embedded one, whose home may be moved."""
    if not settings.mlflow_tracking_uri:
        return ""
    from openstack_rca.lifecycle.mlflow import without_password

    return without_password(settings.mlflow_tracking_uri)


def those(number: int) -> str:
    """The beginning of a sentence: ``1 answer is`` or ``N answers are``."""
    return "1 answer is" if number == 1 else f"{number} answers are"


def _problem(settings: Settings) -> list[str]:
    """Why the last sender could not send, as a list of one sentence or none."""
    with suppress(OSError, UnicodeDecodeError):
        return [text for text in (_folder(settings) / PROBLEM).read_text(encoding="utf-8").splitlines() if text]
    return []
