"""Missing steps: requests that began and did not go on. They find trouble where nothing is logged.

The model says which step of a request was expected, and whether it came. Here the steps that did not come are counted
against what is normal, and the component to blame is looked for on the way between the last step and the missing one:
the service that should have logged, the broker and the workers between them. A component is suspected as far as the
requests that had to pass it stopped and those that went on did not need it; that measure is Ochiai's coefficient, which
fault localisation takes from the spectra of failing and passing runs (Abreu, Zoeteweij, van Gemund, "On the accuracy of
spectrum-based fault localization", 2007).
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import numpy as np
import polars as pl

from openstack_rca.rca.evidence.finding import Finding
from openstack_rca.rca.knowledge import Topology
from openstack_rca.rca.vocabulary import Category, Directness, EvidenceSort

LEAST_STOPS = 3
"""One or two requests that broke off are any cloud's daily life."""

CHANCE = 1e-4
"""So seldom may chance make as many normal requests stop as one stretch of trouble holds."""

PAUSE = timedelta(seconds=120)
"""Stops with more time between them, and no longer, are one trouble."""

MOST_SCANNED = 500
"""Of more stops than this only the first are looked at for where the trouble begins."""

UNKNOWN_RATE = 0.05
"""Share of steps that stay away where the normal recording had too few to tell."""

PROVEN = 5
"""On a cloud that the model has not seen a rule counts only after it has held so often."""

LEAST_SUSPICION = 0.3
AS_SUSPECTED = 0.97
"""Only the most suspected component is accused, and who is suspected as much."""

MOST_ROWS = 10

STOP_WEIGHT = 0.7
LATE_WEIGHT = 0.3

GOES_ON = 0.5
"""How far requests that pass a component clear it of what others say of it."""

UNASKED = 0.5
"""What silence is worth where every request that was to reach the silent one did."""

AROUND = timedelta(seconds=5)
_STANDSTILL = (Category.PROCESS_DOWN, Category.HANG, Category.MESSAGING)

BROKER = "rabbitmq"
PROXY = "haproxy"
_NO_ROWS = pl.DataFrame(schema={"row": pl.Int64})
_SILENT = ("mariadb", "rabbitmq")
"""Infrastructure that is suspected though its log may not be at hand."""

_WAY_SHARE = 0.9
_NEED_SHARE = 0.7
"""Who stands on the way, and what the silent one needs, is suspected less than the silent one itself, all else equal."""


@dataclass(frozen=True)
class ExpectedSteps:
    """Steps that a model expected in the analysed logs, with services by their component's name.

    Attributes:
        steps: one row a step: ``story``, ``row`` (of the event that it follows), ``last_row`` (the story's last event in
            time for it), ``time``, ``service``, ``template``, ``follower``, ``follower_template``, ``median_seconds``,
            ``within_seconds``, ``came_row``, ``unsure`` (share of normal steps that take longer than the recording lasted) and
            ``state`` (``came``, ``late``, ``missing``). Rows count the events table.
        missing_rates: share of normal steps that stayed away, per follower.
        late_rates: share of normal steps that came late, per follower.
        foreign: the model was trained on another cloud.
    """

    steps: pl.DataFrame = field(default_factory=pl.DataFrame)
    missing_rates: Mapping[str, float] = field(default_factory=dict)
    late_rates: Mapping[str, float] = field(default_factory=dict)
    foreign: bool = False


@dataclass(frozen=True)
class Trouble:
    """A stretch of time in which more requests stopped, or were late, than chance explains.

    Attributes:
        start, end: times of the last steps of the first and of the last story.
        stops: one row a story, with the step that it stopped at.
        went_on: the steps that came meanwhile.
        chance: probability that as many normal steps stay away.
        late: the steps came, after their time.
    """

    start: datetime
    end: datetime
    stops: pl.DataFrame
    went_on: pl.DataFrame
    chance: float
    late: bool = False


def find_troubles(expected: ExpectedSteps) -> list[Trouble]:
    """Stretches in which requests stopped, and those in which they were late, each in order of time.

    Of the steps that a story lacks only the first one due counts: the others could not come without it.
    """
    steps = expected.steps
    if expected.foreign:
        steps = _proven(steps)
    due = (pl.col("time") + pl.duration(milliseconds=pl.col("median_seconds") * 1000)).alias("due")
    missing = (
        steps.filter(pl.col("state") == "missing")
        .with_columns(due)
        .sort("due", "row")
        .unique("story", keep="first", maintain_order=True)
    )
    broken = missing["story"].implode()
    late = steps.filter((pl.col("state") == "late") & ~pl.col("story").is_in(broken))
    late = late.sort("time", "row").unique("story", keep="first", maintain_order=True)
    in_time = steps.filter(pl.col("state") == "came")
    return _stretches(missing, in_time, expected.missing_rates, False) + _stretches(
        late, in_time, expected.late_rates, True
    )


def step_suspicion(expected: ExpectedSteps, observed: pl.DataFrame) -> np.ndarray:
    """How suspicious each event is because its request stopped after it: 1 for each such request, else 0.

    Args:
        expected: what the model expected.
        observed: observed events (``row``).
    """
    if expected.steps.is_empty():
        return np.zeros(observed.height)
    stops = pl.concat([trouble.stops.select("row") for trouble in find_troubles(expected)] or [_NO_ROWS])
    counted = stops.select(pl.col("row").cast(observed["row"].dtype)).group_by("row").len()
    joined = observed.select("row").join(counted, on="row", how="left", maintain_order="left")
    weights: np.ndarray = joined["len"].fill_null(0).cast(pl.Float64).to_numpy()
    return weights


def missing_steps(expected: ExpectedSteps, window: pl.DataFrame, topology: Topology) -> list[Finding]:
    """Findings for the stretches of trouble that lie in a window.

    Args:
        expected: what the model expected.
        window: observed events (``row``, ``time``, ``component``, ``host``, ``process``), cut to the window.
        topology: dependency graph.
    """
    if expected.steps.is_empty() or window.is_empty():
        return []
    start, end = window["time"].min(), window["time"].max()
    inside = expected.steps.filter(pl.col("time").is_between(pl.lit(start), pl.lit(end)))
    present = set(window["component"].unique().to_list())
    findings: list[Finding] = []
    for trouble in find_troubles(ExpectedSteps(inside, expected.missing_rates, expected.late_rates, expected.foreign)):
        suspects = suspicions(trouble, topology, present)
        findings += [
            _finding(trouble, name, share, window, topology)
            for name, share in suspects
            if share >= AS_SUSPECTED * suspects[0][1]
        ]
    return findings


def suspicions(trouble: Trouble, topology: Topology, present: Set[str]) -> list[tuple[str, float]]:
    """How far each component on the way of the stopped requests accounts for them, in [0, 1], most suspected first.

    Args:
        trouble: the requests that stopped, and the steps that came meanwhile.
        topology: dependency graph.
        present: components that log here; of OpenStack's own services no other is suspected.
    """
    ways = _Ways(trouble, topology, present)
    stopped, passed = Counter[str](), Counter[str]()
    borne: dict[str, float] = defaultdict(float)
    for follower, story in trouble.stops.select("follower", "story").iter_rows():
        for name, share in ways.of(follower, story).items():
            stopped[name] += 1
            borne[name] += share
    for follower, story in trouble.went_on.select("follower", "story").iter_rows():
        passed.update(ways.proven_by(follower, story))
    total = trouble.stops.height
    suspected = {name: borne[name] / math.sqrt(total * (count + passed[name])) for name, count in stopped.items()}
    ranked = sorted(suspected.items(), key=lambda item: (-item[1], item[0]))
    return [(name, share) for name, share in ranked if share >= LEAST_SUSPICION]


class _Ways:
    """Which components a request passes on its way to a service."""

    def __init__(self, trouble: Trouble, topology: Topology, present: Set[str]) -> None:
        self._topology = topology
        self._present = present
        both = pl.concat([part.select("story", "service", "follower") for part in (trouble.stops, trouble.went_on)])
        grouped = both.group_by("story").agg(pl.col("service").unique(), pl.col("follower").unique())
        self._stories = {story: (frozenset(seen), frozenset(due)) for story, seen, due in grouped.iter_rows()}
        self._known: dict[tuple[str, frozenset[str], frozenset[str]], dict[str, float]] = {}

    def of(self, follower: str, story: int) -> dict[str, float]:
        """Components on the way, each with the share of suspicion that it can bear."""
        seen, due = self._stories[story]
        key = (follower, seen, due)
        if key not in self._known:
            self._known[key] = self._way(*key)
        return self._known[key]

    def proven_by(self, follower: str, story: int) -> list[str]:
        """Components that a step which came shows at work.

        An API that a worker asked on the way shows that the worker began, not that it goes on.
        """
        way = self.of(follower, story)
        if not _serves(follower, self._topology):
            return list(way)
        return [name for name, share in way.items() if share != _WAY_SHARE or _serves(name, self._topology)]

    def _way(self, follower: str, seen: frozenset[str], due: frozenset[str]) -> dict[str, float]:
        topology = self._topology
        way = {follower: 1.0}
        if follower not in topology:
            return way
        callers = [name for name in seen if name in topology and name != follower]
        workers = {
            name for caller in callers for name in topology.dependencies(caller) if self._works_for(name, follower, due)
        }
        way |= dict.fromkeys(workers, _WAY_SHARE)
        if workers or any(_by_broker(caller, follower, topology) for caller in callers):
            way[BROKER] = _WAY_SHARE
        if PROXY in self._present and _serves(follower, topology):
            way[PROXY] = _WAY_SHARE
        for name in topology.dependencies(follower, include_weak=False):
            if name in self._present or (topology.is_leaf(name) and name in _SILENT):
                way.setdefault(name, _NEED_SHARE)
        return way

    def _works_for(self, name: str, follower: str, due: frozenset[str]) -> bool:
        """Whether a component is a worker that takes over from an API and itself needs the follower.

        One that cannot do without some API stands on the way only if the request reaches that API too.
        """
        topology = self._topology
        if (
            name == follower
            or name not in self._present
            or _serves(name, topology)
            or not topology.component(name).topics
        ):
            return False
        apis = {
            api
            for api in topology.dependencies(name, include_weak=False)
            if _serves(api, topology) and api not in ("keystone", follower)
        }
        return follower in topology.dependencies(name) and apis <= due


def _serves(name: str, topology: Topology) -> bool:
    """Whether a component is an API that others call over HTTP."""
    return name in topology and bool(topology.component(name).paths)


def _by_broker(caller: str, follower: str, topology: Topology) -> bool:
    """Whether a call goes over the message broker: to a worker, or from an agent to the server of its own project."""
    if not topology.component(follower).topics:
        return False
    if not _serves(follower, topology):
        return True
    return not _serves(caller, topology) and caller.split("-")[0] == follower.split("-")[0]


def _proven(steps: pl.DataFrame) -> pl.DataFrame:
    """Steps of rules that held here at first: another cloud may go another way from the beginning."""
    rule = ["service", "template", "follower"]
    first = steps.sort("time", "row").group_by(rule, maintain_order=True).agg(pl.col("state").head(PROVEN))
    holds = first.filter(
        pl.col("state").list.len() == PROVEN,
        pl.col("state").list.eval(pl.element() == "came").list.all(),
    )
    return steps.join(holds.select(rule), on=rule, how="semi", maintain_order="left")


def _stretches(stops: pl.DataFrame, came: pl.DataFrame, rates: Mapping[str, float], late: bool) -> list[Trouble]:
    """The densest stretch of every part of the recording in which stops lie close together."""
    if stops.height < LEAST_STOPS:
        return []
    rate = pl.col("follower").replace_strict(dict(rates), default=UNKNOWN_RATE, return_dtype=pl.Float64)
    tried = pl.concat([part.select("time", "follower", "unsure") for part in (stops, came)]).sort("time")
    tried = tried.with_columns((rate + pl.col("unsure")).cum_sum().alias("expected"))
    ordered = stops.sort("time", "row").with_columns(
        (pl.col("time").diff() > PAUSE).fill_null(False).cum_sum().alias("part")
    )
    troubles = []
    for part in ordered.partition_by("part", maintain_order=True, include_key=False):
        if part.height < LEAST_STOPS:
            continue
        first, last, mean = _densest(part["time"], tried)
        dense = part.slice(first, last - first + 1)
        # Any two stops may be the ends of the densest stretch.
        chance = min(1.0, _poisson_tail(dense.height, mean) * part.height)
        if dense.height >= LEAST_STOPS and chance < CHANCE:
            start, end = dense["time"][0], dense["time"][-1]
            went_on = came.filter(pl.col("time").is_between(start, end))
            troubles.append(Trouble(start, end, dense, went_on, chance, late))
    return troubles


def _densest(times: pl.Series, tried: pl.DataFrame) -> tuple[int, int, float]:
    """First and last stop of the densest stretch, and how many stops are normal in it.

    The stretch is the one with the highest likelihood ratio against the normal rate (Kulldorff, "A spatial scan
    statistic", 1997).
    """
    stamps = tried["time"].dt.timestamp("us").to_numpy()
    expected = np.concatenate([[0.0], tried["expected"].to_numpy()])
    own = times.dt.timestamp("us").to_numpy()[:MOST_SCANNED]
    before = expected[np.searchsorted(stamps, own, side="left")]
    until = expected[np.searchsorted(stamps, own, side="right")]
    counts = np.arange(len(own))[None, :] - np.arange(len(own))[:, None] + 1
    means = np.maximum(until[None, :] - before[:, None], 1e-9)
    ratio = np.where(counts > means, counts * np.log(np.maximum(counts, 1) / means) - (counts - means), -1.0)
    ratio[counts < 1] = -1.0
    first, last = np.unravel_index(int(ratio.argmax()), ratio.shape)
    if last == len(own) - 1:
        last = np.intp(len(times) - 1)
    return int(first), int(last), float(means[first, min(int(last), len(own) - 1)])


def _poisson_tail(count: int, mean: float) -> float:
    """Probability of at least ``count`` where ``mean`` are expected."""
    term = math.exp(-mean) * mean**count / math.factorial(count) if count < 150 else 0.0
    total, number = term, count
    while term > 1e-18 * total and term > 0.0:
        number += 1
        term *= mean / number
        total += term
    return min(total, 1.0)


def _finding(trouble: Trouble, accused: str, share: float, window: pl.DataFrame, topology: Topology) -> Finding:
    count = trouble.stops.height
    follower = Counter(trouble.stops["follower"].to_list()).most_common(1)[0][0]
    service = Counter(trouble.stops["service"].to_list()).most_common(1)[0][0]
    within = float(trouble.stops["within_seconds"].median() or 0.0)  # type: ignore[arg-type]
    certainty = min(1.0, -math.log10(max(trouble.chance, 1e-12)) / 8.0)
    told = _told(trouble, service, follower, within)
    by_way = "" if accused == follower else f"; {accused} stands between them"
    return Finding(
        sort=EvidenceSort.LATE_STEP if trouble.late else EvidenceSort.MISSING_STEP,
        directness=Directness.ACCUSATION,
        accused=accused,
        accused_host=_host(trouble, accused, window, topology),
        accuser=service,
        category=Category.HANG if trouble.late else _category(trouble, accused, window),
        title=told,
        why=told + by_way,
        weight=(LATE_WEIGHT if trouble.late else STOP_WEIGHT) * certainty * share,
        rows=tuple(trouble.stops["last_row"].head(MOST_ROWS).to_list()),
        count=count,
        first=trouble.start,
        last=trouble.end,
        baseline="0",
    )


def _told(trouble: Trouble, service: str, follower: str, within: float) -> str:
    count = trouble.stops.height
    since = f"{trouble.start:%H:%M:%S}"
    same = trouble.stops.filter(pl.col("follower") == follower).height
    others = trouble.went_on.filter(pl.col("follower") == follower).height
    if trouble.late:
        return f"{count} requests since {since} waited for {follower} longer than the {within:.0f} s that are normal"
    of_all = "none of them was" if not others else f"{same} of them were not"
    return (
        f"{same + others} requests that {service} had taken since {since} should have gone on to {follower}, and {of_all} "
        f"taken up there; normally that takes less than {within:.0f} s"
    )


def _category(trouble: Trouble, accused: str, window: pl.DataFrame) -> Category:
    """Who logs on, or goes on later as the same process, hangs; else it is taken to be down."""
    own = window.filter(pl.col("component") == accused)
    meanwhile = own.filter(pl.col("time").is_between(trouble.start, trouble.end))
    if meanwhile.height:
        return Category.HANG
    before = set(own.filter(pl.col("time") < trouble.start)["process"].drop_nulls().to_list())
    after = set(own.filter(pl.col("time") > trouble.end)["process"].drop_nulls().to_list())
    return Category.HANG if before & after else Category.PROCESS_DOWN


def _host(trouble: Trouble, accused: str, window: pl.DataFrame, topology: Topology) -> str | None:
    """The only host on which a component that runs on many stopped logging, if the others went on."""
    if accused not in topology or not topology.is_per_host(accused):
        return None
    own = window.filter((pl.col("component") == accused) & pl.col("host").is_not_null())
    before = set(own.filter(pl.col("time") < trouble.start)["host"].unique().to_list())
    meanwhile = set(own.filter(pl.col("time").is_between(trouble.start, trouble.end))["host"].unique().to_list())
    gone: Sequence[str] = sorted(before - meanwhile)
    return gone[0] if len(gone) == 1 and meanwhile else None


def discount_by_steps(
    findings: list[Finding], expected: ExpectedSteps, window: pl.DataFrame, topology: Topology
) -> list[Finding]:
    """Weaken what the requests that went on speak against.

    Who is said to be down, to hang or to lose messages, and is passed by request after request meanwhile, is not. And who
    fell silent, but was waited for by nobody, was not asked.

    Args:
        findings: all findings of the window.
        expected: what the model expected.
        window: observed events, cut to the window.
        topology: dependency graph.
    """
    if expected.steps.is_empty():
        return findings
    present = set(window["component"].unique().to_list())
    steps = _proven(expected.steps) if expected.foreign else expected.steps
    return [_weakened(finding, steps, present, topology) for finding in findings]


def _weakened(finding: Finding, steps: pl.DataFrame, present: Set[str], topology: Topology) -> Finding:
    if finding.directness is not Directness.ACCUSATION or finding.sort in (
        EvidenceSort.MISSING_STEP,
        EvidenceSort.LATE_STEP,
    ):
        return finding
    silent = finding.sort is EvidenceSort.SILENCE
    if not silent and finding.category not in _STANDSTILL:
        return finding
    meanwhile = steps.filter(pl.col("time").is_between(finding.first - AROUND, finding.last + AROUND))
    stops = meanwhile.filter(pl.col("state") != "came")
    went_on = meanwhile.filter(pl.col("state") == "came")
    trouble = Trouble(finding.first, finding.last, stops, went_on, 1.0)
    ways = _Ways(trouble, topology, present)
    passed = sum(finding.accused in ways.proven_by(*step) for step in went_on.select("follower", "story").iter_rows())
    stopped = sum(finding.accused in ways.of(*step) for step in stops.select("follower", "story").iter_rows())
    if silent:
        asked = passed + stopped
        return replace(finding, weight=finding.weight * UNASKED) if asked and not stopped else finding
    if passed < PROVEN:
        return finding
    return replace(finding, weight=finding.weight * (1.0 - GOES_ON * passed / (passed + stopped)))
