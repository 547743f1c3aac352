"""The one table of weights: every number that decides an answer, once, with its unit and its meaning.

Each was set on recorded incidents and healthy hours: ``openstack-rca evaluate --sensitivity`` measures what it decides there.
``tests/rca/weight_cases.py`` holds a small case for each, whose answer changes when the number is halved or doubled.

The rooms ask for the table with ``current()`` at the moment of use, so that an evaluation can answer the same incident with
another table (``using``).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from functools import partial
from typing import Any


class Unit(StrEnum):
    """What a number of the table counts."""

    STRENGTH = "strength, 0 to 1"
    SHARE = "share, 0 to 1"
    FACTOR = "factor"
    SECONDS = "seconds"
    COUNT = "count"
    SIGNIFICANCE = "-ln of a probability"


@dataclass(frozen=True)
class Number:
    """One number of the table: its name, value, unit and meaning."""

    name: str
    value: float
    unit: Unit
    meaning: str


def _number(unit: Unit, value: float, meaning: str) -> float:
    made: float = field(default=value, metadata={"unit": unit, "meaning": meaning})
    return made


_strength = partial(_number, Unit.STRENGTH)
_share = partial(_number, Unit.SHARE)
_factor = partial(_number, Unit.FACTOR)
_seconds = partial(_number, Unit.SECONDS)
_count = partial(_number, Unit.COUNT)
_significance = partial(_number, Unit.SIGNIFICANCE)


@dataclass(frozen=True)
class Weights:
    """The numbers that decide. A strength is how much a finding speaks against its accused before novelty."""

    # When: stretches of trouble.
    whole_seconds: float = _seconds(900.0, "shorter logs are one window")
    margin_seconds: float = _seconds(90.0, "a window opens and closes so long around the errors")
    merge_seconds: float = _seconds(240.0, "bursts closer than this are one trouble")
    cause_before_seconds: float = _seconds(3600.0, "a cause may be told so long before its first victim complains")
    burst_slice_seconds: float = _seconds(30.0, "suspicion is added up by slices so long; longer in very long logs")
    quiet_seconds: float = _seconds(300.0, "a shorter part without trouble does not show what is normal")
    burst_suspicion: float = _count(1.0, "suspicion of a slice from which it is a burst, in errors")
    warning_suspicion: float = _share(0.2, "suspicion of a new warning, or of one surprising line, in errors")
    episode_share: float = _share(0.1, "a further trouble is answered if it weighs at least this of the heaviest")

    # What is normal.
    doubted_novelty: float = _strength(0.35, "novelty of errors that go on all the time where normal is not known")
    least_novelty: float = _strength(0.2, "below this an event is normal")
    new: float = _strength(0.9, "from this novelty on nothing like it is normal")
    unknown_normal: float = _factor(0.7, "an error where nobody knows what is normal")
    steady_slices: float = _count(6.0, "quarters of a minute without which nothing shows to go on all the time")
    surprising_score: float = _share(0.99, "anomaly score from which a warning counts")

    # What errors say that no rule knows.
    error: float = _strength(0.2, "an error that no rule knows")
    warning: float = _strength(0.1, "a warning that surprises the model")
    expected_score: float = _share(0.9, "anomaly score below which the network expected an error where it came")
    foreseen: float = _factor(0.4, "an error of a kind that normal logs hold, where the model expected it")
    telling: float = _strength(0.6, "an error that says what failed: an end, a refusal, a call without a reply")
    client_side: float = _strength(0.45, "an error out of the client library of a service, or that calls it gone")
    once: float = _factor(0.4, "a symptom that comes once")
    many: float = _count(8.0, "symptoms, or errors without telling words, that count in full")

    # Silence.
    silence: float = _strength(0.6, "a stream that fell silent")
    silence_significance: float = _significance(5.0, "a gap that chance leaves more often is none")
    silence_certain: float = _significance(20.0, "a gap from which a silence counts in full")
    gap_seconds: float = _seconds(15.0, "a shorter gap is none: who writes in each slice so long goes on")
    slice_seconds: float = _seconds(5.0, "a gap is judged by slices so long that usually hold a line: streams burst")
    active_slices: float = _count(5.0, "slices with a line without which a stream has no rhythm to lose")
    longest_gap: float = _share(0.9, "share of the logs that a gap may fill at most: else the stream hardly began")
    going_share: float = _share(0.25, "share of its usual lines from which another stream goes on meanwhile")
    missed_beats: float = _count(3.0, "normal intervals after which a steady task that stayed away has stopped")
    awaited_lines: float = _count(
        12.0, "lines of a kind awaited in vain of a process that goes on, if it left that off"
    )
    normal_gaps: float = _factor(1.5, "a gap up to so many times the longest normal one is none")
    idle_prior: float = _count(4.0, "idle slices' worth of belief that a stream does not come in bursts")
    lonely_silence: float = _factor(0.3, "a silence that every other stream shares")
    unmissed: float = _factor(0.5, "a silence that nobody complains of, usual gaps unknown")

    # Steps of requests that did not come.
    late_steps: float = _strength(0.3, "requests whose next step, or whose answer, came late")
    later: float = _factor(2.0, "a step came late from so many times the wait of nearly all normal ones on")
    slow_seconds: float = _seconds(10.0, "an answer that took less is not slow, however fast they normally are")
    slower: float = _factor(3.0, "an answer is slow from so many times the longest normal one on")
    steps_significance: float = _significance(9.2, "stops that chance makes more often are not trouble")
    steps_certain: float = _significance(13.8, "stops from which a trouble counts in full")
    pause_seconds: float = _seconds(120.0, "stops further apart are separate troubles")
    unknown_rate: float = _share(0.05, "steps that stay away where the normal logs held too few to tell")
    proven_steps: float = _count(5.0, "times that a step must have come on this cloud before it counts")
    on_the_way: float = _share(0.9, "suspicion of who stands between the last step and the missing one")
    needed: float = _share(0.7, "suspicion of what the component needs whose step is missing")
    least_suspicion: float = _share(0.3, "suspicion below which stopped requests accuse nobody")

    # When nobody can say that all is well.
    few_events: float = _count(200.0, "so few events show neither what is usual nor how often")
    error_share: float = _share(0.3, "share of errors that only a search for errors leaves")
    lasting_errors: float = _count(6.0, "new errors of one kind that are a fault")
    late_seconds: float = _seconds(30.0, "an error that begins so long after the logs is not noise of this cloud")
    blind_service_share: float = _share(0.5, "share of a service's lines without a level that makes the service blind")
    blind_share: float = _share(0.05, "share of lines of unknown level in which an error would not show")

    # Who is meant: comparison with others.
    complaint: float = _strength(0.2, "the least that counts as a complaint")
    compared: float = _strength(0.8, "shown by comparison: others are served, a proxy is silent, requests stop")
    left: float = _factor(0.15, "what is left of evidence that something else accounts for")
    enough_events: float = _count(3.0, "lines, or requests, that show that somebody complains, is served, or is stuck")
    enough_others: float = _count(2.0, "others that must be served, or refused, alike")
    settling_seconds: float = _seconds(3.0, "what a process still writes after its stop, or wakes to write")
    parting_seconds: float = _seconds(40.0, "so long before it tells its stop who stops lets its clients go")
    restart_seconds: float = _seconds(30.0, "so long a restart may take while nobody else of its kind serves")
    follows_seconds: float = _seconds(90.0, "trouble that begins so soon after a change follows from it")
    daily_changes: float = _count(6.0, "changes of one kind that are somebody's daily work")
    back_lines: float = _count(10.0, "ordinary lines after a stop that show a process at work")
    quiet_share: float = _share(0.1, "share of its usual lines below which a proxy passes nothing on")

    # What nobody says.
    sharing: float = _count(3.0, "components that must stop at once before what they share is suspected")
    active_lines: float = _count(30.0, "lines without which nothing shows that a component stopped, or is blind")
    coverage: float = _share(0.8, "share of the stopped that need what is suspected, and of its users that stopped")

    # Guilt, explaining away, ranking.
    noticeable: float = _strength(0.12, "below this nobody is suspected; a thing that is not found weighs so much")
    plain: float = _strength(0.5, "a finding this strong says plainly what it says, own words a fault of their own")
    nearly: float = _factor(0.75, "of findings so close in strength the first decides, and the hosts of all are told")
    further_accuser: float = _factor(0.75, "each further accuser, or silent stream, counts this much less")
    further_symptom: float = _factor(0.6, "each further symptom")
    most_symptoms: float = _strength(0.35, "symptoms alone prove no more than this")
    waiting_seconds: float = _seconds(20.0, "so close are a stop and its start, or its error, a cause and its effect")
    weak_tie: float = _factor(0.5, "trouble passed to who can do without for a while, and by who is only silent")
    pointing: float = _strength(0.4, "words from which it is known who of two troubles whom")
    accuser_power: float = _factor(0.2, "an explanation that began later, or that the explained one is accused by")
    explained: float = _share(0.9, "how far a full explanation excuses from what others say")
    explained_words: float = _share(0.3, "how far it excuses from own words")
    reach: float = _share(0.6, "what guilt is worth that explains no trouble of others")
    own_reach: float = _share(0.8, "what own words are worth that explain no trouble of others")

    nothing_to_explain: float = _share(0.5, "share of the trouble explained where nobody else is in trouble")
    tie: float = _strength(0.02, "scores, or suspicions, so close are as good as equal")

    # Verdict.
    failure: float = _strength(0.25, "a best score below this is what healthy clouds show too")
    lone_witness: float = _strength(0.8, "what a single one must say of another, with the reason, to be a proof")
    thin: float = _count(
        0.25, "lines of trouble a minute below which a cloud that works on shows no harm, twice if from the start"
    )
    rival: float = _factor(0.9, "a second cause that scores so much of the first leaves open which of the two it is")

    # What the operator's words and past incidents add.
    history_bonus: float = _share(0.2, "what a confirmed incident exactly like this one adds to the fit to the issue")
    same_seconds: float = _seconds(30.0, "analyses whose first evidence is so close in time are of one incident")
    signature_weight: float = _factor(2.0, "a signature in common, against a component or a template in common")
    similar: float = _share(0.32, "similarity from which a past incident is told; others stay below .27")
    alike_features: float = _count(3.0, "features that similar incidents share at least")
    evidence_share: float = _share(0.8, "weight of the evidence in the similarity; the issue has the rest")


_UNITS: dict[str, Unit] = {item.name: item.metadata["unit"] for item in fields(Weights)}
_NAMES = frozenset(_UNITS)
_sink: ContextVar[set[str] | None] = ContextVar("sink", default=None)


class _Noting(Weights):
    """A table that notes which of its numbers are read."""

    def __getattribute__(self, name: str) -> Any:
        sink = _sink.get()
        if sink is not None and name in _NAMES:
            sink.add(name)
        return super().__getattribute__(name)


_TABLE = Weights()
_table: ContextVar[Weights] = ContextVar("weights", default=_TABLE)


def current() -> Weights:
    """The table in use."""
    return _table.get()


@contextmanager
def using(weights: Weights) -> Iterator[None]:
    """Within the block ``current()`` returns this table, in this thread or task only."""
    token = _table.set(weights)
    try:
        yield
    finally:
        _table.reset(token)


@contextmanager
def noting(read: set[str]) -> Iterator[None]:
    """Within the block the name of each number that is read from the table in use is added to ``read``."""
    table = current()
    with using(_Noting(**{name: getattr(table, name) for name in _NAMES})):
        sink = _sink.set(read)
        try:
            yield
        finally:
            _sink.reset(sink)


def scaled(name: str, factor: float) -> Weights:
    """A copy of the table in use with one number multiplied; strengths, shares and factors up to 1 stay at most 1."""
    table = current()
    value = getattr(table, name)
    bounded = value <= 1.0 and _UNITS[name] in (Unit.STRENGTH, Unit.SHARE, Unit.FACTOR)
    return replace(table, **{name: min(1.0, value * factor) if bounded else value * factor})


def numbers() -> list[Number]:
    """Every number of the table, in its order."""
    made = Weights()
    return [
        Number(item.name, getattr(made, item.name), item.metadata["unit"], item.metadata["meaning"])
        for item in fields(Weights)
    ]
