"""Expected steps, and the stretches of time in which more of them stayed away, or came late, than chance explains."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import polars as pl

from openstack_rca.late_numpy import np
from openstack_rca.rca.weights import current

MOST_SCANNED = 500
"""Of more stops than this only the first are looked at for where the trouble begins."""

_NO_STORY_ROWS = pl.DataFrame(schema={"story": pl.Int64, "row": pl.Int64})


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
        rows: events of the requests that lack a step: ``story`` and ``row``.
        proofs: more steps that came, told by another source: they show who was at work, and count in no rate.
        own: steps within one service (``service`` is ``follower``), with rates of their own.
    """

    steps: pl.DataFrame = field(default_factory=pl.DataFrame)
    missing_rates: Mapping[str, float] = field(default_factory=dict)
    late_rates: Mapping[str, float] = field(default_factory=dict)
    foreign: bool = False
    rows: pl.DataFrame = field(default_factory=lambda: _NO_STORY_ROWS)
    proofs: pl.DataFrame = field(default_factory=pl.DataFrame)
    own: ExpectedSteps | None = None

    @property
    def told(self) -> pl.DataFrame:
        """``steps`` and ``proofs`` in one frame."""
        return self.steps if self.proofs.is_empty() else pl.concat([self.steps, self.proofs])


@dataclass(frozen=True)
class Trouble:
    """A stretch of time in which more requests stopped, or were late, than chance explains.

    Attributes:
        start, end: times of the last steps of the first and of the last story.
        stops: one row a story, with the step that it stopped at.
        went_on: the steps that came meanwhile.
        chance: probability that as many normal steps stay away.
        late: the steps of ``stops`` came, but too late; False: they did not come.
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
        steps = proven(steps)
    due = (pl.col("time") + pl.duration(milliseconds=pl.col("median_seconds") * 1000)).alias("due")
    missing = (
        steps.filter(pl.col("state") == "missing")
        .with_columns(due)
        .sort("due", "row")
        .unique("story", keep="first", maintain_order=True)
    )
    broken = missing["story"].implode()
    # All a cloud's waits are longer on a busy day than in the recording that was learnt. What is told of steps within one
    # service allows for that already.
    within_one = pl.col("service") == pl.col("follower")
    far = within_one | (pl.col("wait_seconds") > current().later * pl.col("within_seconds"))
    late = steps.filter((pl.col("state") == "late") & far & ~pl.col("story").is_in(broken))
    late = late.sort("time", "row").unique("story", keep="first", maintain_order=True)
    in_time = steps.filter((pl.col("state") == "came") | ((pl.col("state") == "late") & ~far))
    troubles = _stretches(missing, in_time, expected.missing_rates, False)
    troubles += _stretches(late, in_time, expected.late_rates, True)
    return [_with_proofs(trouble, expected.proofs) for trouble in troubles]


def _with_proofs(trouble: Trouble, proofs: pl.DataFrame) -> Trouble:
    if proofs.is_empty():
        return trouble
    meanwhile = proofs.filter(pl.col("time").is_between(trouble.start, trouble.end))
    return replace(trouble, went_on=pl.concat([trouble.went_on, meanwhile]))


def step_suspicion(expected: ExpectedSteps, observed: pl.DataFrame) -> np.ndarray:
    """(observed events,) how many of the requests in ``find_troubles`` stopped, or were late, after each event."""
    told = [part for part in (expected, expected.own) if part is not None and not part.steps.is_empty()]
    troubles = [trouble for part in told for trouble in find_troubles(part)]
    if not troubles:
        return np.zeros(observed.height)
    stops = pl.concat([trouble.stops.select("row") for trouble in troubles])
    counted = stops.select(pl.col("row").cast(observed["row"].dtype)).group_by("row").len()
    joined = observed.select("row").join(counted, on="row", how="left", maintain_order="left")
    weights: np.ndarray = joined["len"].fill_null(0).cast(pl.Float64).to_numpy()
    return weights


def proven(steps: pl.DataFrame) -> pl.DataFrame:
    """The steps of those rules whose first ``proven_steps`` steps all came: on another cloud a rule may never hold."""
    rule, often = ["service", "template", "follower"], int(current().proven_steps)
    first = steps.sort("time", "row").group_by(rule, maintain_order=True).agg(pl.col("state").head(often))
    holds = first.filter(
        pl.col("state").list.len() == often,
        pl.col("state").list.eval(pl.element() == "came").list.all(),
    )
    return steps.join(holds.select(rule), on=rule, how="semi", maintain_order="left")


def _stretches(stops: pl.DataFrame, came: pl.DataFrame, rates: Mapping[str, float], late: bool) -> list[Trouble]:
    """The densest stretch of every part of the recording in which stops lie close together."""
    table = current()
    if stops.height < table.enough_events:
        return []
    rate = pl.col("follower").replace_strict(dict(rates), default=table.unknown_rate, return_dtype=pl.Float64)
    tried = pl.concat([part.select("time", "follower", "unsure") for part in (stops, came)]).sort("time")
    tried = tried.with_columns((rate + pl.col("unsure")).alias("rate"))
    followers = tried["follower"].n_unique()
    ordered = stops.sort("time", "row").with_columns(
        (pl.col("time").diff() > timedelta(seconds=table.pause_seconds)).fill_null(False).cum_sum().alias("part")
    )
    troubles = []
    for part in ordered.partition_by("part", maintain_order=True, include_key=False):
        if part.height < table.enough_events:
            continue
        waited_for = part["follower"].unique()
        alike = tried.filter(pl.col("follower").is_in(waited_for.implode()))
        first, last, mean = _densest(part["time"], alike.select("time", pl.col("rate").cum_sum().alias("expected")))
        dense = part.slice(first, last - first + 1)
        # Any two stops may be the ends of the densest stretch, and any of the services the ones that are waited for.
        looks = part.height * math.comb(followers, waited_for.len())
        chance = min(1.0, _poisson_tail(dense.height, mean) * looks)
        if dense.height >= table.enough_events and chance < math.exp(-table.steps_significance):
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
