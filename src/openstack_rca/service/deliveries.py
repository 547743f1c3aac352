"""What a watch tells, on its way to others: webhooks, commands, files. It is tried again, and nothing waits for it."""

import subprocess
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from pydantic import BaseModel

from openstack_rca.errors import ConfigurationError
from openstack_rca.lifecycle.objects import write_whole
from openstack_rca.posting import post_json, why_not_posted
from openstack_rca.service.choices import WebhookFormat as WebhookFormat
from openstack_rca.service.troubles import Told, Turn, describe

MOST_WAITING = 1000
"""Of more deliveries than this the oldest are given up."""
FIRST_PAUSE, LONGEST_PAUSE = 2.0, 300.0
"""Seconds until the second try; each further pause is twice as long, up to the longest."""
PATIENCE = 10.0
"""Seconds that one try may take."""


class Receiver(Protocol):
    """Where the messages of a watch are sent."""

    @property
    def name(self) -> str:
        """What errors call it; never its address."""

    def deliver(self, told: Told) -> None:
        """Send one message. Raises OSError, ValueError: it did not arrive; ``Deliveries`` tries again later."""


@dataclass(frozen=True)
class Webhook:
    """A POST of JSON to an http(s) address; raises ``ConfigurationError`` for any other address."""

    url: str
    form: WebhookFormat
    name: str = "webhook"

    def __post_init__(self) -> None:
        if not self.url.startswith(("http://", "https://")):
            raise ConfigurationError(
                "A webhook is an http:// or https:// address.", "Correct --webhook or OPENSTACK_RCA_WEBHOOK."
            )

    def deliver(self, told: Told) -> None:
        """Send it; raises ``OSError`` where nobody takes it."""
        post_json(self.url, payload(told, self.form), seconds=PATIENCE)


@dataclass(frozen=True)
class Command:
    """A program that gets what is told as JSON on its standard input; no shell reads any of it."""

    words: Sequence[str]
    name: str = "exec"

    def deliver(self, told: Told) -> None:
        """Run it; raises ``OSError`` where it cannot be run, fails or takes too long."""
        try:
            subprocess.run(
                list(self.words),
                input=told.model_dump_json().encode(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=PATIENCE,
                check=True,
            )
        # The words of the command may hold a secret: what is said of the error does not name them.
        except subprocess.CalledProcessError as error:
            raise OSError(0, f"it ended with exit status {error.returncode}") from None
        except subprocess.TimeoutExpired:
            raise OSError(0, f"it took longer than {PATIENCE:.0f} s") from None


@dataclass(frozen=True)
class Folder:
    """A folder that gets a JSON file for each thing that is told."""

    path: Path
    name: str = "output"

    def deliver(self, told: Told) -> None:
        """Write it; raises ``OSError`` where that is impossible."""
        name = f"{told.time:%Y%m%dT%H%M%S}Z-{told.turn.value}-{told.fingerprint}.json"
        write_whole(self.path / name, told.model_dump_json(indent=2).encode())


def payload(told: Told, form: WebhookFormat) -> object:
    """The JSON value that is sent to a webhook of this form."""
    if form is WebhookFormat.SLACK:
        return {"text": f"```{describe(told).replace('`', chr(39))}```"}
    if form is WebhookFormat.TEAMS:
        return _teams_message(told)
    if form is WebhookFormat.ALERTMANAGER:
        return [_alert(told)]
    return told.model_dump(mode="json")


def _teams_message(told: Told) -> object:
    lines = [{"type": "TextBlock", "text": line, "wrap": True} for line in describe(told).splitlines()]
    card = {"type": "AdaptiveCard", "version": "1.4", "body": lines}
    return {
        "type": "message",
        "attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "content": card}],
    }


def _alert(told: Told) -> object:
    """An alert of Alertmanager's API v2; it ends with the trouble."""
    labels = {"alertname": "OpenStackTrouble", "component": told.component, "category": told.category}
    labels |= {"host": told.host} if told.host else {}
    alert: dict[str, object] = {
        "labels": labels,
        "annotations": {
            "summary": told.statement,
            "description": "\n".join(told.evidence),
            "verdict": told.verdict,
            "report": told.report_id,
        },
        "startsAt": told.began.isoformat(),
    }
    if told.turn is Turn.ENDED:
        alert["endsAt"] = told.time.isoformat()
    return alert


class Waiting(BaseModel):
    """One delivery that has not arrived yet; it is tried at ``due``, in seconds of the clock of ``Deliveries``."""

    receiver: int
    told: Told
    tries: int = 0
    due: float = 0.0


@dataclass
class Deliveries:
    """A queue of messages to the receivers. One thread sends, others may ``put``; ``clock`` gives monotonic seconds."""

    receivers: Sequence[Receiver]
    clock: Callable[[], float]
    notice: Callable[[str], None] | None = None
    """Told once of each delivery that did not arrive at its first try."""
    waiting: list[Waiting] = field(default_factory=list)
    delivered: int = 0
    failures: int = 0
    given_up: int = 0
    last_error: str = ""
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _news: threading.Event = field(default_factory=threading.Event)

    def put(self, told: Told) -> None:
        """Queue a message to every receiver; of more than ``MOST_WAITING`` deliveries the oldest are given up."""
        with self._lock:
            self.waiting += [Waiting(receiver=number, told=told) for number in range(len(self.receivers))]
            self.given_up += max(0, len(self.waiting) - MOST_WAITING)
            del self.waiting[:-MOST_WAITING]
        self._news.set()

    def kept(self) -> list[Waiting]:
        """The deliveries that have not arrived, to be stored; each is due at once in the next process."""
        with self._lock:
            return [each.model_copy(update={"due": 0.0}) for each in self.waiting]

    def take_back(self, kept: Sequence[Waiting]) -> None:
        """Queue the deliveries that an earlier process stored."""
        with self._lock:
            self.waiting += [each for each in kept if each.receiver < len(self.receivers)]

    def try_due(self) -> float | None:
        """Try the deliveries that are due, in order; returns the seconds until the next is due, None where none waits."""
        blocked: set[int] = set()
        for each in list(self.waiting):
            # What is told later to the same receiver does not overtake.
            if each.receiver in blocked or each.due > self.clock():
                blocked.add(each.receiver)
                continue
            try:
                self.receivers[each.receiver].deliver(each.told)
            except (OSError, ValueError) as error:
                self._later(each, error)
                blocked.add(each.receiver)
            else:
                with self._lock:
                    self.delivered += 1
                    self.waiting = [other for other in self.waiting if other is not each]
        with self._lock:
            dues = [each.due for each in self.waiting]
        return max(0.0, min(dues) - self.clock()) if dues else None

    def _later(self, each: Waiting, error: Exception) -> None:
        with self._lock:
            each.due = self.clock() + min(LONGEST_PAUSE, FIRST_PAUSE * 2**each.tries)
            each.tries += 1
            self.failures += 1
            # The address of a webhook is a secret: what is said of the error does not name it.
            self.last_error = f"{self.receivers[each.receiver].name}: {why_not_posted(error)}"
        if self.notice is not None and each.tries == 1:
            self.notice(f"Not told yet, and tried again later: {self.last_error}.")

    def run(self, stop: threading.Event) -> None:
        """Deliver until ``stop`` is set; the work of a thread."""
        while not stop.is_set():
            pause = self.try_due()
            self._news.wait(pause)
            self._news.clear()

    def wake(self) -> None:
        """Make ``run`` check now whether it is to stop."""
        self._news.set()
