"""What ended well: an operation that was tried again and came through, a peer that soon answered again.

Clouds are built to try again: an instance that one host refused runs on the next, an agent that boots is asked until it
answers. Such a complaint is over where its speaker, or anybody who names the same object, tells a good end of it.
"""

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from openstack_rca.logs.event_table import EVENTS_AT_ONCE
from openstack_rca.rca.evidence import trouble
from openstack_rca.rca.evidence.finding import Finding
from openstack_rca.rca.evidence.unusual import ERROR_AND_WORSE
from openstack_rca.rca.vocabulary import Category, Directness
from openstack_rca.rca.weights import current

_OBJECT = re.compile(r"(?:req-|^\W*\[)?[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
_PLACE = re.compile(
    r"\b(?:\d{1,3}\.){3}\d{1,3}(?::\d+)?|\b[0-9a-f]{16}\b|(?<![\d:.])\d{1,3}:\d{1,4}(?![\d:.])"
    r"|\b(?:sd[a-z]{1,3}|dm-\d+|nvme\d+n\d+)\b"
)
_DRIVE = re.compile(r"(?:sd|dm-|nvme)\S+")
_PATH = re.compile(r"(?i)\bpaths?\b|\breinstated\b")
"""What is said of the way to a drive: a drive that loses what it holds answers well otherwise."""

_GONE = re.compile(
    r"(?i)not ?found\b|\bno \w{1,30} found\b|\bno longer\b|\bdoes ?n[o']t exist\b|\bdisappeared\b|\b(?:being|been|was) deleted\b"
)
"""What is said of an object that somebody deleted meanwhile."""

_TURNED_DOWN = re.compile(
    r"(?i)\b(?:is|was|are) (?:still )?(?:busy|in use)\b|(?:is ?busy|in ?use|already ?exists|quota ?exceeded|over ?quota)\b"
    r"|\bhas (?:dependent|active) \w+|\b(?:bad ?request|invalid ?input|conflict)\b|\bHTTP 4\d\d\b"
)
"""What is said of an order that the rules turn down, before anything of it is done."""

_LOOK = re.compile(
    r"(?i)\b(?:fail\w*|unable|could not|cannot|can't|errors?|exception)\b[^.:;]{0,20}\b"
    r"(?:get|fetch|poll|list|query|retriev|read|look|collect|inspect|monitor|refresh|synchroni[sz]|heal"
    r"|updat(?:e|ing) (?:\w+ )?(?:resource|usage|stat|statistic|capabilit|health|info))"
    r"|\bduring (?:sync|poll)\w*"
)
"""What is said of a look at something, or of a report on it, which leaves nothing half made and comes again by itself."""

_UNDERTAKING = re.compile(
    r"(?i)\b(attach|detach|snapshot|backup|backing up|restor|migrat|resiz|extend|retyp|rebuild|build|spawn|evacuat|rescu|shelv"
    r"|upload|download)"
)
"""What is undertaken with an object: the good end of another undertaking says nothing of this one."""

_MAKING = re.compile(r"(?i)\b(creat)(?:e|ed|ing|ion)\b")

_NO_OBJECT = re.compile(r"\?[\w.-]+=\S+|\b[\w.-]+:\d+:[0-9a-f]{8}-[0-9a-f-]{27}")
"""What the address of a request asks for, and the name of a client's connection: neither is made by what is told of it."""

_LAST_TRY = re.compile(r"(?i)\b(\d+) ?(?:of|/) ?\1\b|\bg[ai]v\w* up\b|\bexhausted\b")
_STATED = (Category.AUTH, Category.CONFIG, Category.CAPACITY, Category.DATA_MISSING)
"""Kinds of fault that do not pass by themselves: that a peer answers again, or something else succeeds, ends none of them."""
_CALM = ~pl.col("failed") & ~pl.col("level").is_in(["WARNING", *ERROR_AND_WORSE])


@dataclass(frozen=True)
class _End:
    """A line that tells a good end."""

    time: datetime
    stream: tuple[str, str | None]
    undone: bool
    objects: frozenset[str]
    places: frozenset[str]

    def concerns_others(self, objects: Sequence[str], places: Sequence[str]) -> bool:
        """Whether it tells of an object, or a place, besides these, where there are any."""
        return bool((objects and self.objects.difference(objects)) or (places and self.places.difference(places)))


def discount_ended_well(findings: Sequence[Finding], window: pl.DataFrame) -> list[Finding]:
    """Set to 0 the weight of findings whose events all ended well, where no other finding speaks against the accused.

    A peer has to answer again within the time of a restart. Work on an object may take longer, though not after an error.
    Where this holds of many objects of one component its findings keep their weight: each first attempt fails.
    """
    # A silence cites a line, and is none: that somebody soon answers ends it no sooner than its own next line.
    told = [one for one in findings if one.strength and one.rows and 0 < one.count <= len(one.rows)]
    rows = {row for one in told for row in one.rows}
    # What a line does not name, the others of its request do.
    of_request = pl.col("instance_id").drop_nulls().first().over("request_id")
    named = pl.coalesce("instance_id", pl.when(pl.col("request_id").is_not_null()).then(of_request))
    lines = {
        row: (time, (component, host), level in ERROR_AND_WORSE, f"{instance or ''} {text}")
        for row, time, component, host, level, instance, text in window.with_columns(instance_id=named)
        .filter(pl.col("row").is_in(rows))
        .select("row", "time", "component", "host", "level", "instance_id", "text")
        .iter_rows()
    }
    if not lines:
        return list(findings)
    of_subject, of_stream = _ends(window)
    table = current()
    ended: dict[int, set[str]] = {}
    for one in told:
        ways = [_way(one, lines[row], of_subject, of_stream) for row in one.rows if row in lines]
        if None not in ways and len(ways) == len(one.rows):
            ended[id(one)] = {way for way in ways if way is not None}
    objects: dict[str, set[str]] = defaultdict(set)
    for one in told:
        objects[one.accused] |= ended.get(id(one), set()) - {""}
    many = {name for name, of_it in objects.items() if len(of_it) >= table.enough_events}
    lasting = {one.accused for one in findings if one.complains and one.recovered is None and id(one) not in ended}
    return [one.weakened(0.0) if id(one) in ended and one.accused not in lasting | many else one for one in findings]


def tells_good_end_of(texts: Iterable[str]) -> pl.Expr:
    """Whether an event tells a good end, and names an object or a place that one of the texts names."""
    subjects = {name for text in texts for name in (*_objects(text), *_PLACE.findall(text))}
    if not subjects:
        return pl.lit(value=False)
    told = pl.concat_str(pl.col("instance_id").fill_null(""), pl.col("message")).str.contains_any(sorted(subjects))
    return told & pl.col("message").str.contains(trouble.ended_well())


def good_ends_soon(cited: pl.DataFrame, counted: pl.DataFrame, words: Callable[[pl.Series], pl.DataFrame]) -> pl.Series:
    """Indices of the good ends that the speakers of such of the ``cited`` events as are tried again told soon after them.

    Args:
        counted: all events of the stretch of trouble (``row``, ``time``, ``component``, ``host``, ``level``, ``failed``).
        words: gives ``message`` of the events with these indices.
    """
    tried = ~pl.col("level").is_in(ERROR_AND_WORSE) & pl.col("text").str.contains(trouble.retried())
    place = [pl.col("component").cast(pl.String), pl.col("host").cast(pl.String).fill_null("")]
    begun = cited.filter(tried).drop_nulls("time").select(*place, "time", begun="time").sort("time")
    there = pl.col("component").is_in(begun["component"].unique().implode()) & pl.col("time").is_not_null()
    later = counted.select("row", "time", "component", "host", "level", "failed").filter(there, _CALM)
    soon = later.select(*place, "time", "row").join_asof(
        begun,
        on="time",
        by=["component", "host"],
        tolerance=timedelta(seconds=current().follows_seconds),
        check_sortedness=False,
    )
    rows = soon.drop_nulls("begun")["row"]
    return rows.filter(words(rows)["message"].str.contains(trouble.ended_well()))


def leaves_open(text: str, level: str, of_other: bool) -> bool:
    """Whether a complaint, of which no good end is told, leaves something open: a try to be made again, an object half made.

    ``of_other``: it is about another component, which may not be back where its speaker went on to the next member.
    """
    tried_again = re.search(trouble.retried(), text) is not None
    if tried_again and of_other and _PLACE.search(text):
        return True
    if any(told.search(text) for told in (_GONE, _TURNED_DOWN, _LOOK)):
        return False
    return bool(_objects(_NO_OBJECT.sub("", text))) and (tried_again or level in ERROR_AND_WORSE)


def ends_well_later(
    text: str, stream: tuple[str, str | None], later: pl.DataFrame, words: Callable[[pl.Series], pl.DataFrame]
) -> bool:
    """Whether a good end of what a complaint names is told after it, however late: of the object, or of the place by its speaker.

    Args:
        later: all events from the complaint on (``row``, ``time``, ``component``, ``host``, ``level``, ``failed``).
        words: gives columns (``instance_id``, ``message``) of the events with these indices.
    """
    objects, places = _objects(text), _PLACE.findall(text)
    calm = later.filter(_CALM)
    if calm.is_empty() or not (objects or places):
        return False
    said = pl.concat_str(pl.col("instance_id").fill_null(""), pl.col("message"))
    undoing, undertaken = re.search(trouble.undone(), text) is not None, _undertaken(text)
    for end in _good_ends_among(calm, words, said.str.contains_any(objects or places)).iter_rows(named=True):
        if end["undone"] and not undoing:
            continue
        told = f"{end['instance_id'] or ''} {end['message']}"
        if objects:
            # Further objects are the end's own: the number of an update, the ports of an instance.
            if _objects(told)[:1] == objects[:1] and (not undertaken or undertaken.issuperset(_undertaken(told))):
                return True
        elif (end["component"], end["host"]) == stream and set(places).issuperset(_PLACE.findall(told)):
            return True
    return False


def is_of_one_user(
    failed: pl.DataFrame, project: str, events: pl.DataFrame, words: Callable[[pl.Series], pl.DataFrame]
) -> bool:
    """Whether lines of one user's project fail at what comes through for others, meanwhile (around a single one) and after.

    Args:
        failed: the lines, with their words.
        project: first part of the names of the components (``nova``) whose good ends count.
        events: all events (``row``, ``time``, ``component``, ``level``, ``failed``).
        words: gives columns (``instance_id``, ``project_id``, ``message``) of the events with these indices.
    """
    users = failed["project_id"].unique().to_list()
    if len(users) != 1 or None in users:
        return False
    first, last = failed["time"].min(), failed["time"].max()
    own = [name for name in events["component"].unique().drop_nulls().to_list() if name.split("-")[0] == project]
    calm = events.filter(_CALM, pl.col("component").is_in(own))
    ends = _good_ends_among(calm, words, pl.col("project_id") != users[0])
    undertaken = {word for text in failed["text"] for word in _asked(text)}
    tellers = set(failed["component"].to_list())
    others = [
        time
        for time, component, text in ends.filter(~pl.col("undone")).select("time", "component", "message").iter_rows()
        # What names no undertaking is answered by one all the same, or by its own teller, not by any good word.
        if (undertaken.intersection(_asked(text)) if undertaken else component in tellers or _undertaken(text))
    ]
    # Around a request that was made once others come through before and after.
    meanwhile = [time for time in others if first < time < last or first == last]
    return len(meanwhile) >= current().enough_events and last < max(others)


def _ends(window: pl.DataFrame) -> tuple[dict[str, list[_End]], dict[tuple[str, str | None], list[_End]]]:
    """The good ends that a window tells: by the object or the place that they name, and by the stream that tells them."""
    good = _good_ends(window)
    of_subject: dict[str, list[_End]] = defaultdict(list)
    of_stream: dict[tuple[str, str | None], list[_End]] = defaultdict(list)
    columns = ("time", "component", "host", "instance_id", "message", "undone")
    for time, component, host, instance, text, undoes in good.select(*columns).iter_rows():
        objects, places = frozenset(_objects(f"{instance or ''} {text}")), frozenset(_PLACE.findall(text))
        end = _End(time, (component, host), undoes, objects, places)
        of_stream[end.stream].append(end)
        for subject in objects | places:
            if _PATH.search(text) or not _DRIVE.fullmatch(subject):
                of_subject[subject].append(end)
    return of_subject, of_stream


def _good_ends(events: pl.DataFrame) -> pl.DataFrame:
    """Those of these events that tell a good end, with ``undone``: of a deletion, or of something taken back."""
    return events.filter(
        _CALM,
        pl.col("message").str.contains(trouble.ended_well()),
        ~pl.col("message").str.contains(trouble.words_of_trouble()),
    ).with_columns(undone=pl.col("message").str.contains(trouble.undone()))


def _good_ends_among(events: pl.DataFrame, words: Callable[[pl.Series], pl.DataFrame], which: pl.Expr) -> pl.DataFrame:
    """``_good_ends`` of those of these events for which ``which`` holds, a condition on their words."""
    # All words of a long recording would take more memory than all else.
    parts = [events[:0], *events.iter_slices(EVENTS_AT_ONCE // 4)]
    return pl.concat([_good_ends(part.hstack(words(part["row"])).filter(which)) for part in parts])


def _way(
    one: Finding,
    line: tuple[datetime, tuple[str, str | None], bool, str],
    of_subject: dict[str, list[_End]],
    of_stream: dict[tuple[str, str | None], list[_End]],
) -> str | None:
    """The object of a complaint that came through; empty where its place, or its speaker, did soon; None where none did."""
    time, stream, error, text = line
    table = current()
    if error and one.directness is Directness.CAUSE:
        # Who says what is wrong with itself, and calls that an error, did not just have to wait.
        return None
    undoing = re.search(trouble.undone(), text) is not None
    objects, places = _objects(text), _PLACE.findall(text)
    for name in objects:
        # A pool, or a network, is named in the good ends of others too, and an instance in those of its other volumes.
        # What comes long after an error is another undertaking.
        late = time + timedelta(seconds=table.merge_seconds) if error else datetime.max.replace(tzinfo=time.tzinfo)
        ends = [
            end
            for end in _between(of_subject.get(name, []), time, late)
            if end.objects.issuperset(objects) or name == objects[0]
        ]
        if any(end.undone <= undoing and not end.concerns_others(objects, ()) for end in ends):
            return name
    if one.category in _STATED:
        return None
    until = time + timedelta(seconds=table.restart_seconds)
    soon = [end for name in places for end in _between(of_subject.get(name, []), time, until) if end.stream == stream]
    if not error and re.search(trouble.retried(), text) and not _LAST_TRY.search(text):
        until = time + timedelta(seconds=table.follows_seconds)
        soon += [end for end in _between(of_stream.get(stream, []), time, until) if end.undone <= undoing]
    return None if all(end.concerns_others(objects, places) for end in soon) else ""


def _between(ends: list[_End], time: datetime, until: datetime) -> list[_End]:
    """Those of these ends, which lie in order of time, from one moment to another."""
    return ends[bisect_left(ends, time, key=_time) : bisect_right(ends, until, key=_time)]


def _time(end: _End) -> datetime:
    return end.time


def _undertaken(text: str) -> set[str]:
    return {told.lower() for told in _UNDERTAKING.findall(text)}


def _asked(text: str) -> set[str]:
    """What a user asked for: what is undertaken with an object, or to have one made."""
    return _undertaken(text) | {told.lower() for told in _MAKING.findall(text)}


def _objects(text: str) -> list[str]:
    return [name for name in _OBJECT.findall(text) if name[0] in "0123456789abcdef"]
