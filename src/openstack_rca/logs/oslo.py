"""Lines of oslo.log: ``date time.msec pid LEVEL logger [context] [instance: id] message``.

The plain shape is cut by a vectorised split; the rarer ones (ISO stamps with offset, a host name before the process id,
no process id) by one regular expression.
"""

from collections.abc import Callable
from functools import partial

import polars as pl

from openstack_rca.logs.beginnings import matching, parts_of
from openstack_rca.logs.programs import python_packages
from openstack_rca.logs.records import UUID, Kind, as_records, level_in_text, normal_level
from openstack_rca.logs.stamps import (
    DAY,
    ISO,
    MONTH,
    NAMED_ZONE,
    any_times,
    iso_time,
    to_utc,
)

NAME = "oslo"
_PLAIN = r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} \d+ [A-Z]+ [^ ]"
_LEVELS = "TRACE|DEBUG|INFO|AUDIT|WARNING|WARN|ERROR|CRITICAL|FATAL"
_LOGGER = r"(?P<logger>[A-Za-z_][A-Za-z0-9_.-]*)"
_RARE = (
    rf"^(?P<stamp>\d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d [A-Z]{{3,5}}[.,]\d{{3}}|{ISO}(?: {NAMED_ZONE})?) +"
    rf"(?:(?P<host>[A-Za-z][A-Za-z0-9_.-]*) +)??(?:(?P<process>\d{{1,9}}) +)?"
    rf"(?P<level>{_LEVELS}) +{_LOGGER}(?: (?P<rest>.*))?$"
)
# What `log_date_format` makes of the date, with one clock; oslo.log puts the milliseconds behind it.
_OTHER_DATE = (
    rf"^(?P<stamp>(?:\d|{DAY}|{MONTH}|[A-Z][a-z]+, \d)[\w/., +-]{{0,30}}?(?::\d\d){{0,3}}[\w/., +-]{{0,25}}?(?:[+-]\d\d:\d\d)?)"
    rf"(?:\.(?P<milliseconds>\d{{3}}))? (?P<process>\d{{1,9}}) (?P<level>{_LEVELS}) "
    rf"{_LOGGER}(?: (?P<rest>.*))?$"
)
# Without a stamp before it a dot in the logger, or a context, tells that the line is oslo.log's.
_CLOCK = r"(?:\d{1,2}:\d\d:\d\d(?:[.,]\d{1,6})? +(?:\d{1,9} +)?)?"
_LATE_STAMP = rf"(?: +[\[(]?(?P<stamp>{ISO})[\])]?(?: +(?P<process>\d{{1,9}}))?)?"
_UNSTAMPED = (
    rf"^{_CLOCK}(?P<level>{_LEVELS}) +(?P<logger>[a-z_][a-z0-9_]*(?:\.[A-Za-z0-9_-]+)+){_LATE_STAMP}(?: (?P<rest>.*))?$",
    rf"^{_CLOCK}(?P<level>{_LEVELS}) +(?P<logger>[A-Za-z_][\w-]*){_LATE_STAMP} +(?P<rest>\[(?:-|None|req-).*)$",
)
# A format string of a cloud's own may put the fields into another order: level or logger before the stamp, logger before level.
_STAMP_PROCESS = rf"\[?(?P<stamp>{ISO})\]? +(?:(?P<process>\d{{1,9}}) +)?"
_PACKAGE = rf"(?:{'|'.join(python_packages())})"
_REORDERED = (
    rf"^\[?(?P<level>{_LEVELS})\]? +{_STAMP_PROCESS}{_LOGGER}:?(?: (?P<rest>.*))?$",
    rf"^\[?(?P<logger>{_PACKAGE}(?:\.[A-Za-z0-9_]+)+)\]?:? +{_STAMP_PROCESS}(?P<level>{_LEVELS}):?(?: (?P<rest>.*))?$",
    rf"^{_STAMP_PROCESS}\[?(?P<logger>{_PACKAGE}(?:\.[A-Za-z0-9_]+)*)\]?:? +(?P<level>{_LEVELS}):?(?: (?P<rest>.*))?$",
)
# A format string of a cloud's own may leave the level out.
_LEVELLESS = (
    rf"^(?P<stamp>{ISO}) +(?:(?P<process>\d{{1,9}}) +)?(?P<logger>[a-z_][a-z0-9_]*(?:\.[A-Za-z0-9_-]+)+)"
    r" +(?P<rest>\[(?:-|None |req-).*)$"
)
_GO_SOURCE = r"^[\w-]+\.go:\d+ "
_CONTEXT = r"^\[(?:-|None|req-[^ \[]+)(?: |$)"
_INSTANCE = rf"^\[instance: ({UUID})\]"
_INSTANCE_LENGTH = len("[instance: ]") + 36


def split_oslo(lines: pl.DataFrame, timezone: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Split lines into the records of oslo.log (``RECORD_SCHEMA``) and the other lines.

    Args:
        lines: columns ``row`` and ``text``.
        timezone: IANA zone of stamps without an offset.
    """
    plain, others = matching(lines, _PLAIN)
    parsed = [_plain_records(plain, timezone)] if plain.height else []
    ways: list[tuple[str, Callable[[pl.DataFrame, str], pl.DataFrame]]] = [
        (_RARE, _rare_records),
        (_OTHER_DATE, _other_date_records),
        *((pattern, partial(_rare_records, pattern=pattern)) for pattern in _REORDERED),
        (_LEVELLESS, _levelless_records),
    ]
    for pattern, records_of in ways:
        hits, rest = matching(others, pattern)
        if hits.height:
            records = records_of(hits, timezone)
            if records.height == hits.height:
                others = rest
            elif records.height:
                others = others.join(records.select("row"), on="row", how="anti", maintain_order="left")
            parsed.append(records)
    return (pl.concat(parsed) if parsed else as_records(lines.clear(), NAME)), others


def inner_records(lines: pl.DataFrame, timezone: str) -> pl.DataFrame:
    """Records of ``LEVEL logger [context] message``, which journald-bound services write without a stamp.

    Args:
        lines: columns ``row`` and ``text``; ``time`` is null in what comes back where no stamp follows the logger.
        timezone: IANA zone of stamps without an offset.
    """
    parts = []
    for pattern in _UNSTAMPED:
        hits, lines = matching(lines, pattern)
        if hits.height:
            parts.append(parts_of(hits, pattern))
    if not parts:
        return as_records(lines.clear().select("row"), NAME)
    # DevStack writes the process behind the message.
    process = pl.coalesce("process", pl.col("rest").str.extract(r"\{\{\(pid=(\d+)\)")).cast(pl.Int32, strict=False)
    parsed = (
        pl.concat(parts)
        .sort("row")
        .with_columns(
            normal_level(pl.col("level")), process.alias("process"), iso_time(pl.col("stamp"), timezone).alias("time")
        )
    )
    return _finish(parsed.with_columns(rest=pl.col("rest").fill_null("")))


def _plain_records(lines: pl.DataFrame, timezone: str) -> pl.DataFrame:
    parts = lines.select(
        "row",
        to_utc(_stamped(lines["text"]), timezone).alias("time"),
        pl.col("text").str.slice(24).str.splitn(" ", 4).struct.rename_fields(["process", "level", "logger", "rest"]),
    ).unnest("text")
    known = _LEVELS.split("|")
    return _finish(
        parts.with_columns(
            pl.col("process").cast(pl.Int32, strict=False),
            # A word in capitals that is not a level of oslo.log (a plug-in's own) is kept as information.
            pl.when(pl.col("level").is_in(known)).then(normal_level(pl.col("level"))).otherwise(pl.lit("INFO")),
            rest=pl.col("rest").fill_null(""),
        )
    )


def _stamped(lines: pl.Series) -> pl.Expr:
    """The times of lines that begin with ``YYYY-MM-DD HH:MM:SS.mmm``, null where there is no such time."""
    # Of many lines few minutes are distinct.
    minute = lines.str.slice(0, 16)
    distinct = minute.unique()
    begun = minute.replace_strict(
        distinct,
        distinct.str.to_datetime("%Y-%m-%d %H:%M", time_unit="us", strict=False),
        return_dtype=pl.Datetime("us"),
    )
    seconds = lines.str.slice(17, 2).cast(pl.Int64)
    past = seconds * 1_000_000 + lines.str.slice(20, 3).cast(pl.Int64) * 1_000
    return pl.when(pl.lit(seconds <= 60)).then(pl.lit(begun) + pl.lit(past.cast(pl.Duration("us"))))


def _rare_records(lines: pl.DataFrame, timezone: str, pattern: str = _RARE) -> pl.DataFrame:
    parsed = parts_of(lines, pattern)
    # Without a process id, "date LEVEL word" is many programs' shape: a dotted logger or a context makes it oslo.log's.
    sure = (
        pl.col("process").is_not_null()
        | pl.col("logger").str.contains(".", literal=True)
        | pl.col("rest").str.contains(r"^\[(?:-|None |req-)")
    )
    parsed = parsed.filter(sure.fill_null(False) & ~pl.col("rest").str.contains(_GO_SOURCE).fill_null(False))
    return _finish(
        parsed.with_columns(
            normal_level(pl.col("level")),
            iso_time(pl.col("stamp"), timezone).alias("time"),
            rest=pl.col("rest").fill_null(""),
        )
    )


def _levelless_records(lines: pl.DataFrame, timezone: str) -> pl.DataFrame:
    parsed = parts_of(lines, _LEVELLESS)
    guess = level_in_text(pl.col("rest").str.replace(r"^\[[^\]]*\] ?", ""))
    records = _finish(parsed.with_columns(guess.alias("level"), iso_time(pl.col("stamp"), timezone).alias("time")))
    return records.with_columns(pl.col("level").is_not_null().alias("level_guessed"))


def _other_date_records(lines: pl.DataFrame, timezone: str) -> pl.DataFrame:
    parsed = parts_of(lines, _OTHER_DATE).filter(~pl.col("stamp").str.contains(r"^\d+\.\d+\.\d+\.\d"))
    dated = parsed.with_columns(any_times(parsed["stamp"], timezone).alias("time")).filter(pl.col("time").is_not_null())
    milliseconds = pl.col("milliseconds").cast(pl.Int64).fill_null(0)
    return _finish(
        dated.with_columns(
            normal_level(pl.col("level")),
            (pl.col("time") + pl.duration(milliseconds=milliseconds)).alias("time"),
            rest=pl.col("rest").fill_null(""),
        )
    )


def _finish(parsed: pl.DataFrame) -> pl.DataFrame:
    """Cut context and instance from ``rest``; a line in ERROR without a context may repeat an earlier prefix."""
    if parsed.select(pl.col("rest").str.starts_with(" ").any()).item():
        # Runs of spaces before a context are a paste's; before other text they are the indent of a traceback.
        parsed = parsed.with_columns(pl.col("rest").str.replace(r"^ +(\[(?:-|None |req-|instance: ))", "${1}"))
    halves = parsed.with_columns(
        pl.col("rest").str.splitn("]", 2).struct.rename_fields(["context", "behind"]).struct.unnest()
    )
    has_context = (
        pl.when(pl.col("rest").str.starts_with("[") & pl.col("behind").is_not_null())
        .then(_is_context(pl.col("context")))
        .otherwise(False)
    )
    halves = halves.with_columns(has_context.alias("has_context")).with_columns(
        pl.when("has_context").then(pl.col("behind").str.strip_prefix(" ")).otherwise(pl.col("rest")).alias("message"),
        pl.when("has_context").then(pl.col("context").str.slice(1)),
    )
    if halves.select(pl.col("context").str.contains("  ", literal=True).any()).item():
        halves = halves.with_columns(pl.col("context").str.replace_all("  ", " ", literal=True))
    halves = _with_context_ids(halves)
    instance = pl.when(pl.col("message").str.starts_with("[instance: ")).then(pl.col("message").str.extract(_INSTANCE))
    records = halves.with_columns(
        instance.alias("instance_id"),
        pl.when(~pl.col("has_context") & pl.col("level").is_in(["ERROR", "TRACE"]))
        .then(int(Kind.REPEATED))
        .otherwise(int(Kind.OPENER))
        .alias("kind"),
    ).with_columns(
        pl.when(pl.col("instance_id").is_not_null())
        .then(pl.col("message").str.slice(_INSTANCE_LENGTH).str.strip_prefix(" "))
        .otherwise(pl.col("message"))
        .alias("message")
    )
    # Before Liberty a traceback was written with a level of its own.
    repeats = (pl.col("kind") == int(Kind.REPEATED)) & (pl.col("level") == "TRACE")
    records = records.with_columns(pl.when(repeats).then(pl.lit("ERROR")).otherwise(pl.col("level")).alias("level"))
    return as_records(records, NAME)


def _is_context(text: pl.Expr) -> pl.Expr:
    """Whether what stands before the first ``]`` is a context: words with spaces between them, at most one space at the end."""
    single = text.str.count_matches("[", literal=True) == 1
    return single & text.str.contains(_CONTEXT) & ~text.str.ends_with("  ")


def _with_context_ids(records: pl.DataFrame) -> pl.DataFrame:
    """Ids of a context: no, one or two request ids, then user, project and up to four more fields.

    ``None req-2 user project`` and ``req-1 req-2 user project`` have the caller's id first; ``req-2 user project`` has
    none. A field without a value is ``-`` or ``None``.
    """
    names = [f"part_{number}" for number in range(5)]
    split = pl.col("context").str.splitn(" ", 5).struct.rename_fields(names).struct.unnest()
    has_caller = (pl.col("part_0") == "None") | pl.col("part_1").str.starts_with("req-").fill_null(False)
    fields: dict[str, pl.Expr] = {"global_request_id": pl.when("has_caller").then(pl.col("part_0"))}
    for position, name in enumerate(("request_id", "user_id", "project_id")):
        with_caller, without = pl.col(f"part_{position + 1}"), pl.col(f"part_{position}")
        fields[name] = pl.when("has_caller").then(with_caller).otherwise(without)
    # In a pass of their own, for an expression that stands twice in another one is computed twice.
    given = [pl.when(~pl.col(name).is_in(["-", "None", ""])).then(name).alias(name) for name in fields]
    chosen = records.with_columns(split).with_columns(has_caller=has_caller).with_columns(**fields)
    return chosen.with_columns(given).drop(names)
