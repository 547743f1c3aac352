"""An investigation that can be asked again with another table of weights or with fewer rules, from the stage that is touched.

The first pass keeps the case as it was before each stage, and notes which numbers each stage reads. A question that changes a
number repeats only what comes after its first reader; one that nobody reads changes nothing.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

from openstack_rca.rca.engine.case import Case, Omitted, Stage
from openstack_rca.rca.engine.pipeline import best_of, case_of, with_doubt
from openstack_rca.rca.engine.stages import RECORDING_STAGES, WINDOW_STAGES
from openstack_rca.rca.weights import Weights, noting, using


@dataclass
class _Track:
    """One case on its way: as it was before each stage, and the numbers that each stage read."""

    stages: tuple[Stage, ...]
    before: list[Case] = field(default_factory=list)
    read: list[set[str]] = field(default_factory=list)
    final: Case | None = None

    def run(self, case: Case) -> Case:
        """Pass the case through the stages and remember the way."""
        for stage in self.stages:
            self.before.append(_copied(case))
            numbers: set[str] = set()
            with noting(numbers):
                _do(case, stage)
            self.read.append(numbers)
        self.final = case
        return case

    def first_reader(self, names: Collection[str]) -> int | None:
        """Place of the first stage that read one of the numbers."""
        return next((place for place, read in enumerate(self.read) if not read.isdisjoint(names)), None)

    def again_from(self, place: int, omitted: Omitted | None = None) -> Case:
        """The case of another pass, from one stage on."""
        case = _copied(self.before[place])
        if omitted is not None:
            case.request = replace(case.request, omitted=omitted)
        for stage in self.stages[place:]:
            _do(case, stage)
        return case


class RepeatableInvestigation:
    """One incident, analysed at once and then again with other weights or rules; ``first`` is the first result.

    The case should have a ``RememberingCatalogue``, since a question may match all signatures again.
    """

    def __init__(self, case: Case) -> None:
        self._recording = _Track(RECORDING_STAGES)
        self._windows: list[_Track] = []
        self._chosen: set[str] = set()
        self._recording.run(case)
        with noting(self._chosen):
            self._recording_final = with_doubt(case)
        for window in case.windows:
            track = _Track(WINDOW_STAGES)
            track.run(case_of(case, window))
            self._windows.append(track)
        self.first = self._best([track.final for track in self._windows if track.final is not None])

    @property
    def numbers(self) -> frozenset[str]:
        """Names of all numbers that this investigation read."""
        tracks = [self._recording, *self._windows]
        return frozenset(self._chosen).union(*(read for track in tracks for read in track.read))

    @property
    def rules(self) -> frozenset[str]:
        """Ids of the signatures that found something."""
        cases = [track.final for track in self._windows if track.final is not None]
        return frozenset(name for case in cases for name in case.matched_rules)

    def with_weights(self, weights: Weights, names: Sequence[str]) -> Case:
        """The resulting case under another table of weights, of which only the numbers with these names differ."""
        with using(weights):
            if self._recording.first_reader(names) is not None or not self._chosen.isdisjoint(names):
                return self._whole(self._recording.first_reader(names) or 0)
            cases = []
            for track in self._windows:
                place = track.first_reader(names)
                cases.append(track.final if place is None else track.again_from(place))
            return self._best([case for case in cases if case is not None])

    def without_rule(self, rule: str) -> Case:
        """The resulting case without the signature of this id."""
        place = next(number for number, stage in enumerate(WINDOW_STAGES) if stage.name == "match")
        omitted = self._recording_final.request.omitted
        fewer = replace(omitted, signatures=omitted.signatures | {rule})
        return self._best([track.again_from(place, fewer) for track in self._windows])

    def _whole(self, place: int) -> Case:
        """Another pass over the recording from one of its stages on, and over whatever windows are found then."""
        recording = with_doubt(self._recording.again_from(place))
        cases = []
        for window in recording.windows:
            case = case_of(recording, window)
            for stage in WINDOW_STAGES:
                _do(case, stage)
            cases.append(case)
        return best_of(recording, cases)

    def _best(self, cases: list[Case]) -> Case:
        return best_of(self._recording_final, [replace(case) for case in cases])


def _do(case: Case, stage: Stage) -> None:
    if stage.name not in case.request.omitted.stages and not (stage in WINDOW_STAGES and case.observed.is_empty()):
        stage.run(case)


def _copied(case: Case) -> Case:
    """The case with candidates of its own: stages write into them."""
    return replace(case, candidates=[replace(candidate) for candidate in case.candidates])
