"""What a use case tells its caller while it works."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from openstack_rca.model.card import TrainingProgress


class Listener:
    """Hears how far a use case is; its methods do nothing until overridden. An exception from one ends the use case."""

    def step(self, name: str) -> None:
        """The step of this name begins."""

    def part(self, done: int, total: int) -> None:
        """Bytes done and bytes in all, of what the running step reads or uploads."""

    def incident(self, done: int, total: int, name: str) -> None:
        """Incidents done and incidents in all; ``name`` is the next one's, empty at the end."""

    def note(self, text: str) -> None:
        """Something worth knowing that is no error."""

    def gradient_step(self, progress: TrainingProgress) -> None:
        """One gradient step of a training is done."""


SILENT = Listener()
