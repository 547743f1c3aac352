"""What the analysis works with: findings, each a group of alike events that speaks against one component."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from openstack_rca.rca.vocabulary import Category, Directness, EvidenceSort
from openstack_rca.rca.weights import current


@dataclass(frozen=True)
class Finding:
    """Alike events of one stream that accuse one component.

    Attributes:
        rows: indices into the observed events, the most telling first, then in time order.
        proofs: for each row the line of the event that says it; empty where the event as a whole does.
        unexplained: an explicit error that no rule knows.
        vague: its words tell no kind of fault, so the category is only the likeliest one.
        quiet: from ``quiet_words``: without weight until others' complaints make it a cause.
        valued: its title names a value of the line: a user, a file, a port.
        recovered: when the accuser logged that the trouble is over; None where it did not.
        harmless: the logs show no harm of what is said against its accused, see ``tell_harmless``.
        compared: other streams or requests confirm it, as independent evidence.
        weight: strength of the finding in [0, 1], before novelty.
        novelty: 1 if nothing like it is normal, 0 if it is as frequent as ever.
        accuser, accuser_host: the stream that logged the events.
        first, last: times of the first and the last event, or of the gap for silence.
    """

    sort: EvidenceSort
    directness: Directness
    accused: str
    category: Category
    title: str
    why: str
    weight: float
    rows: tuple[int, ...]
    count: int
    first: datetime
    last: datetime
    accused_host: str | None = None
    accuser: str | None = None
    accuser_host: str | None = None
    novelty: float = 1.0
    baseline: str = ""
    signature: str | None = None
    proofs: tuple[str, ...] = ()
    unexplained: bool = False
    vague: bool = False
    valued: bool = False
    quiet: bool = False
    recovered: datetime | None = None
    harmless: bool = False
    compared: bool = False
    remedy: str = ""
    checks: tuple[str, ...] = field(default_factory=tuple)

    @property
    def strength(self) -> float:
        """Weight times novelty, in [0, 1]."""
        return self.weight * self.novelty

    @property
    def complains(self) -> bool:
        """Whether it is not a mere symptom, and its strength is at least ``Weights.complaint``."""
        return self.directness is not Directness.SYMPTOM and self.strength >= current().complaint

    def held_against(
        self, accused: str, host: str | None, remedy: str, checks: tuple[str, ...] = (), **changes: Any
    ) -> Finding:
        """The same events as a finding against another component; what its rule advises is about the one accused before."""
        return replace(self, accused=accused, accused_host=host, remedy=remedy, checks=checks, **changes)

    def weakened(self, factor: float) -> Finding:
        """The same finding with its weight times ``factor``."""
        return replace(self, weight=self.weight * factor)


def noisy_or(probabilities: Iterable[float]) -> float:
    """Probability that at least one of several independent signals is right (Pearl's noisy-OR): 1 - product(1 - p)."""
    remaining = 1.0
    for probability in probabilities:
        remaining *= 1.0 - min(max(probability, 0.0), 1.0)
    return 1.0 - remaining
