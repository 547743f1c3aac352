"""When did it happen: the stretch of time that holds the burst of suspicious events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from openstack_rca.late_numpy import np
from openstack_rca.logs.levels import FAILURES
from openstack_rca.rca.evidence.normal_rates import NormalRates
from openstack_rca.rca.weights import current


@dataclass(frozen=True)
class FoundWindow:
    """A stretch of time and the suspicion inside it."""

    start: datetime
    end: datetime
    weight: float


def find_windows(times: pl.Series, weights: np.ndarray, kinds: pl.Series) -> list[FoundWindow]:
    """Find the bursts of suspicious events, and the stretches since which a kind of them goes on evenly.

    Slices of ``burst_slice_seconds`` whose weight is above the median by more than three times the median absolute
    deviation (and above ``burst_suspicion``), and those from the first to the last of a kind that began within the logs
    and went on evenly, are joined where less than ``merge_seconds`` lie between them.

    Args:
        times: time of each event, datetime[us, UTC], without nulls.
        weights: suspicion of each event, at least 0.
        kinds: the template of each event.

    Returns:
        Windows, heaviest first. Logs shorter than ``whole_seconds`` give one window over all of them. Empty if there is
        no event.
    """
    if times.len() == 0:
        return []
    table = current()
    start: datetime = times.min()  # type: ignore[assignment]
    end: datetime = times.max()  # type: ignore[assignment]
    span = (end - start).total_seconds()
    if span <= table.whole_seconds:
        return [FoundWindow(start, end, float(weights.sum()))]
    width = max(table.burst_slice_seconds, span / 5000.0)
    suspects = np.flatnonzero(weights)
    places = np.append(suspects, times.arg_max() or 0)
    offsets = (times[places].dt.timestamp("us").to_numpy() - int(start.timestamp() * 1e6)) / 1e6
    sums = np.bincount((offsets / width).astype(int), weights=np.append(weights[suspects], 0.0))
    median = float(np.median(sums))
    deviation = float(np.median(np.abs(sums - median)))
    trouble = sums > max(median + 3 * 1.4826 * deviation, table.burst_suspicion)
    begun = np.flatnonzero(_begun(times[suspects], kinds[suspects], start))
    told = pl.DataFrame({"kind": kinds[suspects[begun]], "at": offsets[begun]}).group_by("kind")
    spans = told.agg(first=pl.col("at").min(), last=pl.col("at").max(), count=pl.len())
    for first, last, count in spans.select("first", "last", "count").iter_rows():
        # What comes every few minutes may have begun as long before it was told first.
        began = first - (last - first) / (count - 1)
        trouble[int(began // width) : int(last // width) + 1] = True
    hot = np.flatnonzero(trouble)
    if len(hot) == 0:
        return [FoundWindow(start, end, float(weights.sum()))]
    groups: list[list[int]] = [[int(hot[0])]]
    for index in hot[1:]:
        if (index - groups[-1][-1]) * width <= table.merge_seconds:
            groups[-1].append(int(index))
        else:
            groups.append([int(index)])
    windows = [
        FoundWindow(
            max(start, start + timedelta(seconds=group[0] * width - table.margin_seconds)),
            min(end, start + timedelta(seconds=(group[-1] + 1) * width + table.margin_seconds)),
            float(sums[group[0] : group[-1] + 1].sum()),
        )
        for group in groups
    ]
    return sorted(windows, key=lambda window: -window.weight)


def _begun(times: pl.Series, kinds: pl.Series, start: datetime) -> pl.Series:
    """(events,) whether each is of a kind that began a good while after ``start``, and went on evenly for long."""
    table = current()
    time, slot = pl.col("time"), pl.col("time").dt.epoch("s") // int(table.merge_seconds)
    before = (time.min() - start).dt.total_seconds()
    lasted = (time.max() - time.min()).dt.total_seconds()
    evenly = slot.n_unique() * table.merge_seconds > lasted / 2
    missed = (pl.len() - 1) * before >= table.enough_events * lasted
    begun = (before >= table.quiet_seconds) & (lasted >= table.whole_seconds) & evenly & missed
    return pl.DataFrame({"time": times, "kind": kinds}).select(begun.over("kind")).to_series()


def opened_where_it_began(
    windows: Sequence[FoundWindow], observed: pl.DataFrame, weights: np.ndarray
) -> list[FoundWindow]:
    """The windows, the heaviest of them joined with the earlier ones, close before it, whose errors are mostly of its kinds.

    Errors that come back every few minutes are one trouble, and its cause stands where they began.
    """
    if len(windows) < 2:
        return list(windows)
    worst, *others = windows
    kinds = ["component", "template_id"]
    failing = observed.select("time", "level", *kinds).filter(pl.Series(weights > 0) & pl.col("level").is_in(FAILURES))
    since = worst.start - timedelta(seconds=current().cause_before_seconds)
    now = failing.filter(_inside(worst))
    before = [
        one for one in others if since <= one.start < worst.start and _alike(failing.filter(_inside(one)), now, kinds)
    ]
    if not before:
        return list(windows)
    start = min(one.start for one in before)
    joined = [one for one in windows if start <= one.start <= worst.start]
    whole = FoundWindow(start, worst.end, sum(one.weight for one in joined))
    return [whole, *(one for one in others if one not in joined)]


def _alike(some: pl.DataFrame, others: pl.DataFrame, kinds: Sequence[str]) -> bool:
    """Whether most of the errors on either side are of kinds that the other side has too."""
    pairs = ((some, others), (others, some))
    return all(2 * one.join(two, on=kinds, how="semi", nulls_equal=True).height > one.height for one, two in pairs)


def _inside(window: FoundWindow) -> pl.Expr:
    return pl.col("time").is_between(window.start, window.end)


def suspicion(observed: pl.DataFrame, normal: pl.DataFrame) -> np.ndarray:
    """(events,) how suspicious each event is, at least 0, from its level, its score, and whether it is new and rare.

    ``normal`` holds ``component``, ``template_id`` and ``normal_per_minute`` of the baseline; it may be empty.
    """
    # What is spread over the whole recording is this cloud's noise, whether or not a model knows it; what began within it is not.
    table = current()
    failing = pl.when(pl.col("level").is_in(FAILURES)).then(1.0)
    weight = failing.when(pl.col("level") == "WARNING").then(table.warning_suspicion).otherwise(0.0)
    known = pl.col("normal_per_minute").fill_null(0.0) > 0
    surprising = (pl.col("score").fill_null(0.0) > table.surprising_score).cast(pl.Float64) * table.warning_suspicion
    weighed = pl.when(known).then(0.0).otherwise(weight) + surprising
    rarity = pl.when("begun").then(1.0).otherwise((1.0 - 2.0 * pl.col("spread")).clip(lower_bound=0.0))
    weights = np.zeros(observed.height)
    # Of nearly all events nothing is to be weighed.
    places = observed.select((weight + surprising > 0).arg_true()).to_series()
    if places.is_empty():
        return weights
    kinds = ["component", "template_id"]
    suspects = observed.select("time", *kinds, "level", "score")[places]
    suspects = suspects.with_columns(begun=_begun(suspects["time"], suspects["template_id"], time_span(observed)[0]))
    slot = pl.col("time").dt.truncate("30s")
    slots = observed.select(slot.n_unique()).item()
    alike = observed.lazy().filter(pl.col("template_id").is_in(suspects["template_id"].unique().implode()))
    spread = alike.group_by(kinds).agg(spread=slot.n_unique() / slots).collect()
    joined = suspects.join(spread, on=kinds, how="left", nulls_equal=True, maintain_order="left").with_columns(
        pl.col("component").cast(pl.String)
    )
    joined = joined.join(normal, on=kinds, how="left", maintain_order="left")
    weights[places.to_numpy()] = joined.select(weighed * rarity).to_series().to_numpy()
    return weights


def within(observed: pl.DataFrame, since: datetime | None, until: datetime | None) -> pl.DataFrame:
    """The events from ``since`` to ``until``, both included; None is not a bound."""
    if since is not None:
        observed = observed.filter(pl.col("time") >= since)
    if until is not None:
        observed = observed.filter(pl.col("time") <= until)
    return observed


def placed_in_time(observed: pl.DataFrame) -> pl.DataFrame:
    """The events, each with a time: what has none of its own gets that of the line before it in its file, else after it.

    Events of a file without any time may be of any moment (``undated``): they get that of the last event of all. Where no
    event has a time, their order stands in for it, a millisecond a line.
    """
    if observed["time"].null_count() == observed.height:
        order = pl.col("row").cast(pl.Int64) * 1000
        return observed.with_columns(time=order.cast(pl.Datetime("us", "UTC")))
    if not observed["time"].null_count():
        # Two copies of the times, by file, would be the most memory that an answer takes.
        return observed
    neighbour = pl.coalesce(pl.col("time").forward_fill().over("file"), pl.col("time").backward_fill().over("file"))
    observed = observed.with_columns(time=neighbour)
    return _in_order(
        observed.with_columns(pl.col("time").fill_null(pl.col("time").max()), undated=pl.col("time").is_null())
    )


def in_window(observed: pl.DataFrame, window: FoundWindow) -> pl.DataFrame:
    """The events of a stretch of trouble, and all ``undated`` ones, with its end as their time."""
    if not observed["undated"].any() and time_span(observed) == (window.start, window.end):
        return observed
    inside = observed.filter(pl.col("undated") | pl.col("time").is_between(window.start, window.end))
    return _in_order(inside.with_columns(time=pl.when("undated").then(pl.lit(window.end)).otherwise("time")))


def _in_order(observed: pl.DataFrame) -> pl.DataFrame:
    return observed.sort("time", maintain_order=True) if observed["undated"].any() else observed


def time_span(observed: pl.DataFrame) -> tuple[datetime, datetime]:
    """Time of the first and of the last event; at least one must have a time."""
    first, last = observed["time"].min(), observed["time"].max()
    assert isinstance(first, datetime) and isinstance(last, datetime)
    return first, last


def quiet_rates(observed: pl.DataFrame, windows: Sequence[FoundWindow]) -> NormalRates:
    """Rates of the same logs outside every stretch of trouble; ``NormalRates.empty`` where that part is too short.

    What never came before the trouble, although at its rate it should have, is trouble that goes on and not normal.
    """
    troubled_rows = pl.any_horizontal(
        pl.lit(value=False), *(pl.col("time").is_between(window.start, window.end) for window in windows)
    )
    of_kind = (pl.len(), pl.col("time").min().alias("first"))
    # Counted by kind at once: a copy of the quiet rows of a long recording would be the most memory that an answer takes.
    kinds = observed.lazy().filter(~troubled_rows).group_by("component", "template_id").agg(of_kind).collect()
    first, last = time_span(observed)
    troubled = sum((window.end - window.start).total_seconds() for window in windows)
    seconds = (last - first).total_seconds() - troubled
    if kinds.is_empty() or seconds < current().quiet_seconds:
        return NormalRates.empty()
    begun = min((window.start for window in windows), default=last)
    before = (begun - first).total_seconds()
    if current().quiet_seconds <= before < seconds:
        missed = pl.col("len") * before / (seconds - before) >= current().enough_events
        kinds = kinds.filter(~(missed & (pl.col("first") >= begun)))
    return NormalRates.of_counts(kinds, seconds / 60.0)
