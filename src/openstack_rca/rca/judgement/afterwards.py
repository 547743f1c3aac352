"""Afterwards: whether what was complained of without harm may still be there when the logs end, or is over.

It is over where a line tells so, where who was kept from its work, or was away, goes on with it, and where a good end is told of
the object that an attempt left half made. What states a reason stays until somebody acts, unless it was told only at a start.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from openstack_rca.rca.evidence import (
    Finding,
    belongs_to_cloud,
    ends_well_later,
    is_of_one_user,
    leaves_open,
    tells_of_lasting_harm,
    time_span,
)
from openstack_rca.rca.judgement.verdict import PLACES
from openstack_rca.rca.knowledge import HOST, Topology
from openstack_rca.rca.vocabulary import STATED_CAUSES, Category, Directness, EvidenceSort
from openstack_rca.rca.weights import current

NOT_TOLD = (EvidenceSort.SILENCE, EvidenceSort.MISSING_STEP, EvidenceSort.LATE_STEP, EvidenceSort.SHARED_DEPENDENCY)
"""Sorts of evidence that are no line: of them no line tells an end."""

_STARTS = r"(?i)^.{0,40}\b(?:start(?:ed|ing)(?: up)?|initiali[sz]ed|booting)\b"
_BOOTS = r"^(?:\[ *[\d.]+\] |kernel: )*Linux version \d"
"""How programs, and a kernel, tell that they start."""

_WENT = (
    r"(?i)\b(?:(?:re)?boot(?:ed|ing)?|shut(?:ting)? ?down|power(?:ing|ed)?[ -](?:down|off)|power key"
    r"|linux version|startup finished)\b"
)
"""What is told of a host that goes down, or comes up, as a whole."""


@dataclass(frozen=True)
class Afterwards:
    """What the logs hold beside and after the findings of one stretch of trouble, see ``tell_harmless`` for the parts.

    ``ordinary`` are the events below a warning that no finding cites.
    """

    findings: Sequence[Finding]
    window: pl.DataFrame
    surroundings: pl.DataFrame
    ordinary: pl.DataFrame
    ended: Callable[[Finding], datetime | None]
    words: Callable[[pl.Series], pl.DataFrame]
    topology: Topology

    def rows_of_absences(self) -> set[int]:
        """Events in the time in which hosts that went as a whole were away, until shortly after their last start."""
        rows: set[int] = set()
        for gone in self.findings:
            host = gone.accused_host or gone.accuser_host
            if gone.accused != HOST or not self._went_itself(gone) or not self._is_over(gone):
                continue
            began = gone.first - timedelta(seconds=current().settling_seconds)
            ended = max([self._heard_after(host, gone.last), *(start.last for start in self._starts(gone))])
            until = ended + timedelta(seconds=current().follows_seconds)
            if host is not None:
                rows |= set(self.surroundings.filter(pl.col("time").is_between(began, until))["row"].to_list())
        return rows

    def is_a_requests_matter(self, one: Finding) -> bool:
        """Whether what nobody states a cause of fails for one user and comes through for others."""
        if not one.rows or one.sort in NOT_TOLD or one.directness is Directness.CAUSE or one.accuser is None:
            return False
        # Who is away, or broken, at one place may be met by one user alone, who works there.
        if one.category is Category.STORAGE or one.category not in STATED_CAUSES:
            return False
        cited = self.window.filter(pl.col("row").is_in(one.rows))
        kinds = cited.select("component", "host", "template_id")
        alike = self.window.join(kinds, on=kinds.columns, how="semi", nulls_equal=True)
        everywhere = self._of_kinds(alike)
        within = max(alike.height, int(everywhere["time"].is_between(*time_span(self.window)).sum()))
        # Of one kind are also lines that say something else, where a value in them states the trouble.
        failed = self._with_others(alike, everywhere) if within <= one.count else cited
        projects = {name.split("-")[0] for name in (one.accused, one.accuser)}
        # That it comes through on other hosts shows nothing of this one.
        there = pl.col("host").eq_missing(pl.lit(one.accuser_host, dtype=pl.String))
        events = self.surroundings.filter(there) if self.topology.is_per_host(one.accuser) else self.surroundings
        return any(is_of_one_user(failed, project, events, self.words) for project in projects)

    def _of_kinds(self, lines: pl.DataFrame) -> pl.DataFrame:
        """All lines of the kinds of these; those beyond the stretch of trouble too: users ask again after a while."""
        kinds = ["component", "host", "template_id"]
        # Events that were read later stand in the window with plain names.
        wanted = lines.select(pl.col(name).cast(self.surroundings.schema[name]) for name in kinds)
        # To join all events takes ten times as long as to look for their templates.
        alike = self.surroundings.filter(pl.col("template_id").is_in(wanted["template_id"].implode()))
        return alike.join(wanted, on=kinds, how="semi", nulls_equal=True)

    def _with_others(self, failed: pl.DataFrame, everywhere: pl.DataFrame) -> pl.DataFrame:
        """These lines, and those of all whose words were not read yet."""
        columns = ["row", "time", "component", "host", "project_id", "text"]
        beyond = everywhere.filter(~pl.col("row").is_in(failed["row"].implode()))
        told = beyond.hstack(self.words(beyond["row"])).rename({"message": "text"})
        return pl.concat([failed.select(columns), told.select(columns)], how="vertical_relaxed")

    def may_last(self, one: Finding, excused: set[int]) -> bool:
        """Whether a cause may be there still, its speaker left off with it, or something stays undone or half made.

        ``excused`` are events of the time in which a host was away, see ``rows_of_absences``: what has no reason of its own ended
        with it.
        """
        if one.sort is EvidenceSort.SILENCE and not one.compared:
            return not (self._long_after(one.last) and self._is_heard_again(one))
        cause = self._states_cause(one, excused)
        unconfirmed = one.compared and not cause and self.ended(one) is None
        if one.sort in NOT_TOLD or unconfirmed or (cause and not self._is_over(one)):
            return True
        # Of an error that no rule knows nothing tells whether it passes; a place writes nothing by which it would show.
        unknown = one.unexplained and not one.complains and (one.accused in PLACES or self._is_echoed(one))
        if unknown and not self._all_end_well(one):
            return True
        return self._left_off(one) or self._is_left_open(one)

    def has_passed(
        self, told: Sequence[Finding], everything: Sequence[Finding], failed: pl.DataFrame, excused: set[int]
    ) -> bool:
        """Whether trouble stays away for longer than it was there or ever paused, and who told of it works again as before.

        All else that is plainly told, and what ``failed`` since it began, has to be over with it; a cause needs an end of its
        own.
        """
        table = current()
        begun = min(one.first for one in told)
        ended = max(one.last for one in [*told, *(other for other in everything if other.complains)])
        settled = pl.col("time") > ended + timedelta(seconds=table.settling_seconds)
        first, last = time_span(self.surroundings)
        if last - ended < max(timedelta(seconds=table.follows_seconds), self._lasted(told)):
            return False
        # A place writes nothing by which it would show that it is well again: a lost link stays lost.
        lasting = [one for one in told if one.accused in PLACES or self._states_cause(one, excused)]
        if not all(map(self._is_over, lasting)):
            return False
        for component, host in {(one.accuser, one.accuser_host) for one in told}:
            ordinary = _lines_of(component, host, self.ordinary)
            before = ordinary.filter(pl.col("time") < begun).height
            # Who writes seldom need not have written again, where the logs show that it does.
            writes = before >= table.enough_events or begun - first < timedelta(seconds=table.follows_seconds)
            if writes and ordinary.filter(settled).height < table.enough_events:
                return False
            if _lines_of(component, host, failed.filter(settled)).height:
                return False
        return True

    def _lasted(self, told: Sequence[Finding]) -> timedelta:
        """The longer of the time that trouble was there, in all its stretches together, and its longest pause."""
        cited = self.window.filter(pl.col("row").is_in({row for one in told for row in one.rows}))
        times = dict(cited.select("row", "time").iter_rows())
        spans = [
            span
            for one in told
            for span in (
                [(times[row], times[row]) for row in one.rows if row in times]
                # What was over each time was not there from its first to its last.
                if one.count <= len(one.rows) or self.ended(one) is not None
                else [(one.first, one.last)]
            )
        ]
        there = pause = timedelta(0)
        until = min(one.first for one in told)
        for begin, end in sorted(spans):
            gap, near = begin - until, timedelta(seconds=current().follows_seconds)
            there += max(end - until, timedelta(0)) - (gap if gap > near else timedelta(0))
            pause, until = max(pause, gap), max(until, end)
        return max(there, pause)

    def _states_cause(self, one: Finding, excused: set[int]) -> bool:
        """Whether somebody states a cause that did not end with the absence of a host."""
        ended_with_it = bool(one.rows) and excused.issuperset(one.rows) and one.category not in STATED_CAUSES
        return one.directness is Directness.CAUSE and one.complains and not ended_with_it

    def _is_echoed(self, one: Finding) -> bool:
        """Whether somebody on another host tells of the same kind of fault at the same moment."""
        near = timedelta(seconds=current().settling_seconds)
        return any(
            other.weight
            and other.category is one.category
            and other.accuser_host != one.accuser_host
            and abs(other.first - one.first) <= near
            for other in self.findings
        )

    def _is_heard_again(self, one: Finding) -> bool:
        """Whether a stream that was silent writes again, more than once."""
        own = _lines_of(one.accused, one.accused_host, self.surroundings)
        return own.filter(pl.col("time") >= one.last).height >= current().enough_events

    def _left_off(self, one: Finding) -> bool:
        """Whether the speaker hardly wrote afterwards, in a time in which it used to write far more; of a start, who started."""
        table = current()
        first, last = time_span(self.surroundings)
        who = one.accused if self._tells_start(one) else one.accuser
        own = _lines_of(who, one.accuser_host, self.ordinary)
        before = own.filter(pl.col("time") < one.first).height
        after = own.height - before
        usual = before * ((last - one.last) / max(one.first - first, timedelta(seconds=table.slice_seconds)))
        return before >= table.enough_events > after and usual - after >= table.silence_significance

    def _is_left_open(self, one: Finding) -> bool:
        """Whether a complaint of which no end is told says that something stays undone, or leaves an object half made."""
        if one.recovered is not None or not one.weight:
            return False
        lines = self.window.filter(pl.col("row").is_in(one.rows))
        if tells_of_lasting_harm(lines, one.rows):
            return True
        of_other = one.accused != one.accuser
        told = [
            (line, f"{line['instance_id'] or ''} {line['text']}", line["level"]) for line in lines.iter_rows(named=True)
        ]
        half_made = [self._ends_well(line, text) for line, text, level in told if leaves_open(text, level, of_other)]
        # Where the first attempt fails again and again, something is wrong though each comes through.
        return not all(half_made) or len(half_made) >= current().enough_events

    def _all_end_well(self, one: Finding) -> bool:
        lines = self.window.filter(pl.col("row").is_in(one.rows)).iter_rows(named=True)
        return all(self._ends_well(line, f"{line['instance_id'] or ''} {line['text']}") for line in lines)

    def _ends_well(self, line: dict[str, Any], text: str) -> bool:
        later = self.surroundings.filter(pl.col("time") >= line["time"])
        return ends_well_later(text, (line["component"], line["host"]), later, self.words)

    def _is_over(self, one: Finding) -> bool:
        """Whether long before the end of the logs a cause was told to be over, or whom it kept from its work went on with it."""
        # What a cause does to the same place tells its end too.
        place = (one.accused, one.accused_host, one.category)
        alike = [other for other in self.findings if (other.accused, other.accused_host, other.category) == place]
        ends = [end for other in alike if (end := self.ended(other)) is not None and end >= one.last]
        ended = self.ended(one) or min(ends, default=None)
        if not self._long_after(ended or one.last):
            return False
        if ended is not None:
            return True
        if one.accused == HOST and self._went_itself(one):
            return self._host_is_back(one.accused_host or one.accuser_host, one.first, one.last)
        if one.category is Category.PROCESS_DOWN and self._starts_after(one):
            return True
        began = self._start_before(one)
        at_start = began is not None and one.category is Category.CONFIG
        if one.category in STATED_CAUSES and not at_start:
            return False
        if one.accused == HOST and began is not None:
            return self._host_is_back(one.accused_host or one.accuser_host, began, one.last)
        if one.accused in PLACES:
            return False
        host = one.accused_host or one.accuser_host
        return self._writes_again(one.accused, host, one.last + timedelta(seconds=current().waiting_seconds))

    def _went_itself(self, one: Finding) -> bool:
        told = self.window.filter(pl.col("row").is_in(one.rows))["text"]
        return one.category is Category.PROCESS_DOWN and not told.is_empty() and bool(told.str.contains(_WENT).all())

    def _long_after(self, moment: datetime) -> bool:
        _, last = time_span(self.surroundings)
        return last - moment >= timedelta(seconds=current().follows_seconds)

    def _writes_again(self, component: str, host: str | None, since: datetime) -> bool:
        after = _lines_of(component, host, self.surroundings).filter(~pl.col("failed") & (pl.col("time") > since))
        return after.height >= current().enough_events

    def _host_is_back(self, host: str | None, gone: datetime, back: datetime) -> bool:
        """Whether all of the cloud that worked on a host before it went does so again, until long after."""
        table = current()
        here = self.ordinary.filter(pl.col("host").eq_missing(pl.lit(host, dtype=pl.String)))
        after = here.filter(pl.col("time") > back)
        before = here.filter(pl.col("time") < gone).group_by("component").len()
        at_work = [
            name
            for name, lines in before.iter_rows()
            if lines >= table.enough_events and belongs_to_cloud(name, self.topology)
        ]
        return bool(host) and after.height >= table.back_lines and set(at_work) <= set(after["component"].to_list())

    def _heard_after(self, host: str | None, gone: datetime) -> datetime:
        """When a host that went wrote again: the end of the longest gap right after it; when it went where there is none."""
        table = current()
        here = self.surroundings.filter(
            pl.col("host").eq_missing(pl.lit(host, dtype=pl.String)) & (pl.col("time") >= gone)
        )
        soon = gone + timedelta(seconds=table.follows_seconds)
        pauses = here.sort("time").select("time", back=pl.col("time").shift(-1)).filter(pl.col("time") <= soon)
        longest = pauses.drop_nulls().sort(pl.col("back") - pl.col("time")).tail(1).rows()
        if not longest or longest[0][1] - longest[0][0] < timedelta(seconds=table.restart_seconds):
            return gone
        back: datetime = longest[0][1]
        return back

    def _start_before(self, one: Finding) -> datetime | None:
        """When the accused, or its host, told that it starts, right before it told a reason; None where it did not."""
        until = timedelta(seconds=current().restart_seconds)
        host = one.accused_host or one.accuser_host
        told = [
            start.first
            for start in self._starts(one)
            if start.accused in (one.accused, HOST) and timedelta(0) <= one.last - start.first <= until
        ]
        own = _lines_of(one.accused, host, self.surroundings)
        near = own.filter(pl.col("time").is_between(one.first - until, one.first))
        lines = near.hstack(self.words(near["row"]).select("message"))
        told += lines.filter(pl.col("message").str.contains(_BOOTS if one.accused == HOST else _STARTS))[
            "time"
        ].to_list()
        return min(told, default=None)

    def _starts_after(self, one: Finding) -> bool:
        return any(start.last >= one.last for start in self._starts(one) if start.accused == one.accused)

    def _starts(self, one: Finding) -> list[Finding]:
        host = one.accused_host or one.accuser_host
        here = [
            start
            for start in self.findings
            if start is not one and host is not None and host == (start.accused_host or start.accuser_host)
        ]
        return [start for start in here if start.category is Category.PROCESS_DOWN and self._tells_start(start)]

    def _tells_start(self, start: Finding) -> bool:
        if start.accused == HOST:
            return self._went_itself(start)
        return start.recovered is None and self.ended(start) == start.last


def _lines_of(component: str | None, host: str | None, events: pl.DataFrame) -> pl.DataFrame:
    return events.filter((pl.col("component") == component) & pl.col("host").eq_missing(pl.lit(host, dtype=pl.String)))
