"""The process of a background training, which ``service.jobs`` starts."""

import json
import logging
import signal
import sys
import time
from pathlib import Path
from typing import Any, Self

from openstack_rca.errors import OpenStackRcaError, PublishInterrupted, TrainingInterrupted
from openstack_rca.lifecycle.objects import write_whole
from openstack_rca.model.card import TrainingConfig, TrainingProgress
from openstack_rca.service.interrupt import Interrupt
from openstack_rca.service.jobs import JOB_FILE, OUTCOME_FILE, PROGRESS_FILE, holding
from openstack_rca.service.listener import Listener
from openstack_rca.service.training import TrainOutcome, train
from openstack_rca.service.training_steps import SHOWN_AS, STEPS, ShownStep, TrainingStep
from openstack_rca.settings import load_settings

SECONDS_BETWEEN_LINES = 0.25

log = logging.getLogger("training")


class ProgressWriter(Listener):
    """Writes the progress of a training as lines of JSON, a few a second at most; after a stop, the next report raises."""

    def __init__(self, path: Path, interrupt: Interrupt) -> None:
        self._interrupt = interrupt
        self._file = path.open("a", encoding="utf-8", buffering=1)
        self._step = 0
        self._last = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def begin(self, step: int) -> None:
        """Write that a step (its place in ``STEPS``, from 1) begins, and any earlier ones not written yet."""
        while self._step < step:
            self._step += 1
            self._write({"step": self._step, "time": time.time()})
            log.info("%d of %d: %s", self._step, len(STEPS), STEPS[self._step - 1])

    def step(self, name: str) -> None:
        """The use case begins a step."""
        self._interrupt.check()
        self.begin(SHOWN_AS[TrainingStep(name)])

    def part(self, done: int, total: int) -> None:
        """Bytes read or uploaded so far, and in all."""
        self._interrupt.check()
        if done >= total:
            self.begin(ShownStep.EVENTS)
        elif self._is_time():
            self._write({"share": done / total, "note": f"{done / 1e6:.1f} of {total / 1e6:.1f} MB"})

    def gradient_step(self, progress: TrainingProgress) -> None:
        """One gradient step is done."""
        self._interrupt.check()
        self.begin(ShownStep.FIT)
        ends_epoch = progress.step == progress.steps
        if not (ends_epoch or self._is_time()):
            return
        done = progress.epoch - 1 + progress.step / progress.steps
        left = "" if progress.seconds_left is None else f", {progress.seconds_left:.0f} s left at most"
        note = f"epoch {progress.epoch} of {progress.epochs}{left}"
        share = min(1.0, done / progress.epochs)
        self._write({"share": share, "note": note, "epoch": done, "loss": progress.loss})
        if ends_epoch:
            log.info("epoch %d of %d, loss %.4f", progress.epoch, progress.epochs, progress.loss)
            if progress.epoch == progress.epochs:
                self.begin(ShownStep.MEASURE)

    def _is_time(self) -> bool:
        now = time.monotonic()
        if now - self._last < SECONDS_BETWEEN_LINES:
            return False
        self._last = now
        return True

    def _write(self, facts: dict[str, Any]) -> None:
        self._file.write(json.dumps(facts) + "\n")


def main(job: Path) -> int:
    """Run the training that the folder describes and write its outcome there; gives the exit status."""
    # A shell that starts a server in the background makes its children deaf to it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    log.setLevel(logging.INFO)
    with holding(job.parent, job.name) as alone:
        if not alone:
            outcome = {"state": "failed", "error": "A training is running already.", "hint": "Wait until it is done."}
        else:
            outcome = _train(job, Interrupt())
        log.info("%s", outcome.get("error") or f"done: version {outcome.get('version')}")
        write_whole(job / OUTCOME_FILE, json.dumps(outcome).encode())
    return 0 if outcome["state"] == "finished" else 1


def _train(job: Path, interrupt: Interrupt) -> dict[str, Any]:
    try:
        with interrupt.watching():
            outcome = _watched(job, interrupt)
        reason = outcome.version.status_reason if outcome.version else ""
        return {**outcome.as_json(), "state": "finished", "status_reason": reason, "history": outcome.history}
    except PublishInterrupted as error:
        return {"state": "stopped", "error": error.message, "hint": error.hint}
    except (TrainingInterrupted, KeyboardInterrupt):
        return {"state": "stopped", "error": "The training was stopped; no version was made.", "hint": ""}
    except OpenStackRcaError as error:
        return {"state": "failed", "error": error.message, "hint": error.hint}


def _watched(job: Path, interrupt: Interrupt) -> TrainOutcome:
    facts = json.loads((job / JOB_FILE).read_bytes())
    overrides = facts["settings"] | {"home": Path(facts["settings"]["home"])}

    with ProgressWriter(job / PROGRESS_FILE, interrupt) as writer:
        writer.begin(ShownStep.CHECK)
        outcome = train(
            facts["logs"],
            settings=load_settings(**overrides),
            config=TrainingConfig(**facts["config"]),
            listener=writer,
        )
        writer.begin(ShownStep.RECORD)
    return outcome
