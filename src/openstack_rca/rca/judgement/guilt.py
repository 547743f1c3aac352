"""Guilt: how much speaks against each of the accused.

Each component's own guilt is a noisy-OR over independent signals: its own words, what others say of it, its silence, its
unexplained errors.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from openstack_rca.rca.evidence import Finding, noisy_or
from openstack_rca.rca.vocabulary import OUTCOMES, REASONS, STATED_CAUSES, Category, Directness, EvidenceSort
from openstack_rca.rca.weights import current

_ABSENT = (Category.PROCESS_DOWN, Category.HANG)

_REFUSED = (Category.AUTH, Category.CONFIG)
"""Reasons that a stop does not bring about: what it started again with is wrong."""


@dataclass
class Candidate:
    """A component under suspicion, with the parts of its score.

    Attributes:
        direct: guilt from its own words, in [0, 1].
        accused: guilt from what others say, in [0, 1].
        silent: guilt from silence, in [0, 1].
        symptom: guilt from unexplained errors of its own, in [0, 1].
        guilt: the four together (``noisy_or``).
        onset: time of the first noticeable finding that is not a mere symptom, else of the first of its best.
        explained_by: the guilty dependency that accounts for it, and how much of it, in [0, 1].
        explains: components in trouble that depend on it.
        explains_share: share of all other components' trouble that it accounts for.
        vouched: False where the only accuser is another service that has dependencies and is not in ``explains``.
        rivalled: of the best candidate: the second one scores about as much, and the best does not explain it.
        relevance: how well it fits the issue text, in [0, 1].
        score: what the ranking sorts by.
    """

    component: str
    findings: list[Finding] = field(default_factory=list)
    direct: float = 0.0
    accused: float = 0.0
    silent: float = 0.0
    symptom: float = 0.0
    guilt: float = 0.0
    onset: datetime | None = None
    explained_by: tuple[str, float] | None = None
    explains: list[str] = field(default_factory=list)
    explains_share: float = field(default_factory=lambda: current().nothing_to_explain)
    vouched: bool = True
    rivalled: bool = False
    relevance: float = 0.0
    score: float = 0.0

    @property
    def harmless(self) -> bool:
        """Whether the logs show no harm of what is said against it (``tell_harmless``)."""
        return any(finding.harmless for finding in self.findings)

    @property
    def leading(self) -> Finding:
        """The finding that names the cause: the first strong one that is not a mere symptom, or the reason before it.

        A component that says plainly why it stopped is not just down, and what it complains of afterwards is not the reason.
        Its own error that says what is wrong says more than what others make of it, if they are not surer.
        """
        table = current()
        own_errors = [f for f in self.findings if f.unexplained and f.accuser == self.component]
        errors = [finding for finding in own_errors if not finding.vague]
        # Where all are symptoms, what no rule knows says more than what is known to follow from another fault.
        plain = [finding for finding in self.findings if finding.directness is not Directness.SYMPTOM]
        plain = plain or errors or own_errors or self.findings
        if errors and errors[0].strength > max(finding.strength for finding in plain):
            plain = errors
        most = max(finding.strength for finding in plain)
        strong = [finding for finding in plain if finding.strength >= table.nearly * most]
        own = [finding for finding in strong if finding.directness is Directness.CAUSE]
        strongest = _first_told(own) if own else _told_best(strong)
        reason = self._reason_behind(strongest, errors)
        if reason is not None:
            return reason
        # A fault that lasts as long as the logs do is in them as if it were normal: who is missed for it says why all the same.
        missed = strongest.category in OUTCOMES and strongest.accuser != self.component
        reasons = [
            finding
            for finding in plain
            if finding.directness is not Directness.SYMPTOM
            and (finding.directness is Directness.CAUSE or finding.accuser == self.component)
            and finding.category in STATED_CAUSES
            and (
                finding.strength >= table.plain
                or (missed and _says_of_itself(finding) and finding.weight >= table.plain)
            )
            and (finding.recovered is None or strongest.recovered is not None)
            and finding.first <= strongest.first + timedelta(seconds=table.waiting_seconds)
        ]
        return max(reasons, key=lambda finding: finding.strength, default=strongest)

    def _reason_behind(self, finding: Finding, errors: list[Finding]) -> Finding | None:
        """An error of its own that tells why, where the finding tells only that it ended, hangs, or failed at something."""
        table = current()
        general = finding.directness is Directness.ACCUSATION and finding.accuser == self.component
        general &= finding.strength <= table.plain
        if not (finding.vague or general or finding.category in _ABSENT):
            return None
        told = [error for error in errors if error.novelty >= table.new and error is not finding]
        reasons = [error for error in told if error.category in REASONS]
        return next(iter(reasons or (told if finding.vague else [])), None)

    @property
    def category(self) -> Category:
        """The kind of fault of the leading finding.

        Clients cannot tell whether a component that does not answer is down or hangs. So the component's own start or stop
        decides, or a silence of a kind that some client names too.
        """
        kind = self.leading.category
        if kind not in _ABSENT or self.leading.directness is Directness.CAUSE:
            return kind
        telling = [f for f in self.findings if f.category in _ABSENT and f.strength >= current().complaint]
        ended = [f.category for f in telling if f.directness is Directness.CAUSE and f.accuser == self.component]
        said = {f.category for f in telling if f.accuser != self.component}
        silent = [f.category for f in telling if f.sort is EvidenceSort.SILENCE and f.category in said]
        return next(iter(ended + silent), kind)


def _says_of_itself(finding: Finding) -> bool:
    return finding.directness is Directness.CAUSE and finding.accuser == finding.accused


def _first_told(own: list[Finding]) -> Finding:
    """What a component said first of itself, and is not over; of what it said alike at about that time, what names a value.

    Who stopped, and says afterwards why it does not work again, is not down for the stop.
    """
    own = [finding for finding in own if not finding.recovered] or own
    first = min(own, key=lambda finding: (finding.first, -finding.strength))
    if first.category is Category.PROCESS_DOWN:
        reasons = (f for f in own if f.category in _REFUSED and f.strength >= current().plain)
        first = min(reasons, key=lambda finding: finding.first, default=first)
    until = first.first + timedelta(seconds=current().settling_seconds)
    alike = (f for f in own if f.valued and f.category is first.category and f.first <= until)
    return first if first.valued else min(alike, key=lambda finding: finding.first, default=first)


def _commonest(findings: list[Finding]) -> Finding:
    """The strongest finding of the kind of fault that most is said of."""
    said: dict[Category, float] = defaultdict(float)
    for finding in [finding for finding in findings if not finding.vague] or findings:
        said[finding.category] += finding.strength
    kind = max(said, key=lambda category: said[category])
    return max((finding for finding in findings if finding.category is kind), key=lambda finding: finding.strength)


def _told_best(findings: list[Finding]) -> Finding:
    """What is said most, or the reason for it that whoever says so gives as plainly."""
    commonest = _commonest(findings)
    if commonest.category not in OUTCOMES:
        return commonest
    said = [finding for finding in findings if finding.accuser == commonest.accuser and not finding.vague]
    reasons = [finding for finding in said if finding.category in STATED_CAUSES]
    return max(reasons, key=lambda finding: finding.strength, default=commonest)


def weigh(findings: list[Finding]) -> list[Candidate]:
    """One candidate for each accused component, with its guilt."""
    table = current()
    by_component: dict[str, Candidate] = {}
    for finding in findings:
        by_component.setdefault(finding.accused, Candidate(finding.accused)).findings.append(finding)
    for candidate in by_component.values():
        candidate.findings.sort(key=lambda finding: (-finding.strength, finding.first))
        candidate.direct = noisy_or(
            _best_by(candidate, Directness.CAUSE, lambda finding: (finding.signature,)).values()
        )
        accusers = _best_by(
            candidate, Directness.ACCUSATION, lambda finding: (finding.accuser, finding.accuser_host), silence=False
        )
        # Accusers on one host or of one kind are not independent: each further one counts for less.
        ordered = sorted(accusers.values(), reverse=True)
        candidate.accused = noisy_or(
            strength * table.further_accuser**position for position, strength in enumerate(ordered)
        )
        silences = sorted((f.strength for f in candidate.findings if f.sort is EvidenceSort.SILENCE), reverse=True)
        candidate.silent = noisy_or(
            strength * table.further_accuser**position for position, strength in enumerate(silences)
        )
        # One mishap leaves several different lines, so further symptoms prove less and less.
        symptoms = sorted(_best_by(candidate, Directness.SYMPTOM, lambda f: (f.rows[:1],)).values(), reverse=True)
        candidate.symptom = min(
            table.most_symptoms,
            noisy_or(strength * table.further_symptom**place for place, strength in enumerate(symptoms)),
        )
        candidate.guilt = noisy_or([candidate.direct, candidate.accused, candidate.silent, candidate.symptom])
        candidate.onset = min(finding.first for finding in _telling(candidate.findings))
    return list(by_component.values())


def _telling(findings: list[Finding]) -> list[Finding]:
    """What tells that trouble had begun: no mere symptom, nor an oddity such as an ordinary start, where there is more."""
    said = [finding for finding in findings if finding.directness is not Directness.SYMPTOM] or findings
    least = min(current().noticeable, max(finding.strength for finding in said))
    return [finding for finding in said if finding.strength >= least]


def _best_by(candidate: Candidate, directness: Directness, key, silence: bool = True) -> dict[object, float]:  # type: ignore[no-untyped-def]
    best: dict[object, float] = {}
    for finding in candidate.findings:
        if finding.directness is directness and (silence or finding.sort is not EvidenceSort.SILENCE):
            best[key(finding)] = max(best.get(key(finding), 0.0), finding.strength)
    return best
