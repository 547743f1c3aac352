"""A training in a process of its own: one at a time, watched from anywhere, stopped on request.

The process belongs to no browser tab and no server: it goes on when those end. Whether it runs is told by a lock that
the kernel lets go of when the process ends, however it ends; how far it is, by the lines that it writes.
"""

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from openstack_rca.errors import ConfigurationError
from openstack_rca.lifecycle.objects import locked, write_whole
from openstack_rca.model.card import TrainingConfig
from openstack_rca.service.places import require_home
from openstack_rca.service.training_steps import STEPS
from openstack_rca.settings import Settings

__all__ = ["STEPS", "Job", "current_job", "read_job", "start_training", "stop_training"]

JOB_FILE = "job.json"
PROGRESS_FILE = "progress.jsonl"
OUTCOME_FILE = "outcome.json"
LOG_FILE = "log.txt"
LOCK_FILE = "lock"
STARTING_FILE = "starting"
KEPT_JOBS = 10
LOG_TAIL_BYTES = 16 * 1024
START_SECONDS = 30.0
LOOK_AGAIN_SECONDS = 0.02
LOOKING_SECONDS = 1.0

PACKAGE_PARENT = Path(__file__).resolve().parents[2]
_PROGRAM = (
    "import sys; from pathlib import Path; sys.path.insert(0, sys.argv[1]);"
    "from openstack_rca.service.job_process import main; sys.exit(main(Path(sys.argv[2])))"
)
"""The process finds the package where this one has it, installed or not."""
_processes: list[subprocess.Popen[bytes]] = []


@dataclass(frozen=True)
class Job:
    """A training as its files tell it.

    Attributes:
        id: name of its folder.
        state: running, finished, failed or stopped.
        logs, config: what it was told.
        started: UTC.
        step: 1-based place in ``STEPS`` of the step that runs, or ran last.
        step_times: UTC time when each step began, for those that did.
        share: how far the running step is, in [0, 1]; None where it cannot be told.
        note: the same in words.
        losses: (epochs done, as a fraction; mean loss of the epoch so far, nats per event), in order.
        outcome: what came of it, once it is over: version, uri, metrics, history, notices, or error and hint.
        log: the end of what the process wrote.
    """

    id: str
    state: str
    logs: list[str]
    config: dict[str, Any]
    started: datetime
    step: int = 1
    step_times: list[datetime] = field(default_factory=list)
    share: float | None = None
    note: str = ""
    losses: list[tuple[float, float]] = field(default_factory=list)
    outcome: dict[str, Any] = field(default_factory=dict)
    log: str = ""

    @property
    def running(self) -> bool:
        """Whether the process is still at work."""
        return self.state == "running"


def jobs_folder(settings: Settings) -> Path:
    """Where the files of the trainings are."""
    return settings.state_folder / "trainings"


def start_training(settings: Settings, logs: Sequence[str | Path], config: TrainingConfig | None = None) -> Job:
    """Start a training in the background; secrets reach the process through the environment only.

    Raises ConfigurationError: one runs already, or it could not be started.
    """
    require_home(settings, writable=True)
    folder = jobs_folder(settings)
    folder.mkdir(parents=True, exist_ok=True)
    with _starting(folder):
        if _locked(folder):
            raise ConfigurationError(
                "A training is running already; one runs at a time.", "Wait until it is done, or stop it."
            )
        name = _spawn(settings, folder, [str(path) for path in logs], config or TrainingConfig())
    found = read_job(settings, name)
    assert found is not None
    return found


def _spawn(settings: Settings, folder: Path, logs: list[str], config: TrainingConfig) -> str:
    started = datetime.now(UTC)
    job = folder / f"{started:%Y%m%d-%H%M%S-%f}"
    job.mkdir(mode=0o700)
    facts = {
        "logs": logs,
        "config": asdict(config),
        "started": started.isoformat(),
        "settings": {
            "home": str(settings.home),
            "mlflow_tracking_uri": settings.mlflow_tracking_uri,
            "experiment_name": settings.experiment_name,
            "model_name": settings.model_name,
            "mlflow_enabled": settings.mlflow_enabled,
        },
    }
    write_whole(job / JOB_FILE, json.dumps(facts).encode())
    # The process puts its own number there once it is up; until then nobody takes it for the one before.
    (folder / LOCK_FILE).write_text(f"- {job.name}", encoding="utf-8")
    with (job / LOG_FILE).open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, str(PACKAGE_PARENT), str(job)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    # Kept, so that it is reaped once it is done.
    _processes[:] = [other for other in _processes if other.poll() is None] + [process]
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and _pid(folder) is None and time.monotonic() < deadline:
        time.sleep(LOOK_AGAIN_SECONDS)
    _forget_old(folder)
    return job.name


def stop_training(settings: Settings) -> None:
    """Ask the running training, if any, to stop, as Ctrl-C does: no partial file is left, the run is marked as killed."""
    pid = _pid(jobs_folder(settings))
    if pid is not None:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGINT)


def current_job(settings: Settings) -> Job | None:
    """The training that runs, else the latest one; None where there never was one here."""
    names = _names(jobs_folder(settings))
    return read_job(settings, names[-1]) if names else None


def read_job(settings: Settings, name: str) -> Job | None:
    """A training by its id; None where its files are gone or damaged."""
    folder = jobs_folder(settings)
    job = folder / name
    # The lock before the outcome: a process that ends in between has written its outcome by then.
    running = _written(folder).get("job") == name and (_locked(folder) or _is_held(folder / STARTING_FILE))
    try:
        facts = json.loads((job / JOB_FILE).read_bytes())
    except (OSError, ValueError):
        return None
    outcome = _outcome(job)
    state = "running" if running and not outcome else str(outcome.get("state", "failed"))
    if state == "failed" and not outcome:
        outcome = {
            "state": "failed",
            "error": "The training's process ended without a word.",
            "hint": "It may have run out of memory; the log below may say more.",
        }
    return Job(
        id=name,
        state=state,
        logs=list(facts["logs"]),
        config=dict(facts["config"]),
        started=datetime.fromisoformat(facts["started"]),
        outcome=outcome,
        log=_tail(job / LOG_FILE),
        **_progress(job / PROGRESS_FILE),
    )


def _progress(path: Path) -> dict[str, Any]:
    """How far a training is, by the names of a job's attributes."""
    step, share, note = 1, None, ""
    times: list[datetime] = []
    losses: list[tuple[float, float]] = []
    for line in _lines(path):
        if "step" in line:
            step, share, note = int(line["step"]), None, ""
            times.append(datetime.fromtimestamp(float(line["time"]), UTC))
        if "share" in line:
            share, note = float(line["share"]), str(line.get("note", ""))
        if "loss" in line:
            losses.append((float(line["epoch"]), float(line["loss"])))
    return {"step": step, "step_times": times, "share": share, "note": note, "losses": losses}


def _lines(path: Path) -> Iterator[Mapping[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError:
        return
    for line in text.splitlines():
        # The last line may be half there while it is being written.
        with suppress(ValueError):
            yield json.loads(line)


def _outcome(job: Path) -> dict[str, Any]:
    try:
        return dict(json.loads((job / OUTCOME_FILE).read_bytes()))
    except (OSError, ValueError):
        return {}


def _tail(path: Path) -> str:
    try:
        with path.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - LOG_TAIL_BYTES))
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""


def _names(folder: Path) -> list[str]:
    try:
        return sorted(path.name for path in folder.iterdir() if (path / JOB_FILE).is_file())
    except OSError:
        return []


def _forget_old(folder: Path) -> None:
    for name in _names(folder)[:-KEPT_JOBS]:
        for file in (folder / name).iterdir():
            file.unlink(missing_ok=True)
        (folder / name).rmdir()


def _locked(folder: Path) -> bool:
    """Whether a training's process holds the lock."""
    return _is_held(folder / LOCK_FILE)


def _is_held(path: Path) -> bool:
    try:
        with path.open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def _pid(folder: Path) -> int | None:
    pid = _written(folder).get("pid", "")
    return int(pid) if pid.isdigit() and _locked(folder) else None


def _written(folder: Path) -> dict[str, str]:
    """The number of the process and the name of the training that wrote themselves into the lock last."""
    try:
        words = (folder / LOCK_FILE).read_text(encoding="utf-8").split()
    except OSError:
        return {}
    return dict(zip(("pid", "job"), words, strict=False))


@contextmanager
def holding(folder: Path, job: str) -> Iterator[bool]:
    """Hold the lock of the trainings as this process; gives False where another one has it."""
    with ExitStack() as stack:
        try:
            # Not at once: who only looks whether it is held, holds it for a moment.
            stack.enter_context(locked(folder / LOCK_FILE, LOOKING_SECONDS))
        except TimeoutError:
            yield False
            return
        (folder / LOCK_FILE).write_text(f"{os.getpid()} {job}", encoding="utf-8")
        yield True


@contextmanager
def _starting(folder: Path) -> Iterator[None]:
    """One start at a time: two visitors who press the button at once start one training."""
    with (folder / STARTING_FILE).open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
