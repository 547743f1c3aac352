"""What a prefix before a service's own line is, and the stamps that only such prefixes have."""

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from openstack_rca.logs.beginnings import matching_unless, parts_of
from openstack_rca.logs.envelopes import ENVELOPE_SCHEMA, NO_ENVELOPES, PIECE, WHOLE, service_of_tag, with_origins
from openstack_rca.logs.names import Origin
from openstack_rca.logs.pods import is_made_up
from openstack_rca.logs.records import normal_level, syslog_level
from openstack_rca.logs.stamps import NAMED_ZONE, formatted_time, hexadecimal_time, iso_time

SYSLOG = "syslog"
"""What the prefixes of syslog and journald are called."""
# What rsyslog writes in the place of a text that comes again.
_REPEATED = r"^message repeated ([0-9]{1,9} times): \[ ?(.*)\]$"
# More than one space before the program's own stamp.
_SET_OFF = r"^ +([0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:)"
# An offset behind the clock, a zone of one offset, or seconds since 1970.
_ZONED = rf":\d\d(?:[.,]\d+)? ?(?:{NAMED_ZONE}|[+-]\d\d(?::?\d\d)?)$|^\d{{9,10}}\.\d+$|^4[0-9a-f]{{23}}$"


@dataclass(frozen=True)
class Wrapper:
    """One kind of prefix; the named groups of ``pattern`` are its parts and, as ``inner``, what is behind it.

    ``origin`` tells service and host from the part ``source`` (a path, labels, a pod); ``priority`` is a number of syslog,
    ``severity``, ``worded`` and ``level`` are words; ``piece`` says ``P`` where the line goes on in the next one;
    ``unless`` recognises lines that only look like it; ``part`` is one of ``envelopes``.
    """

    name: str
    pattern: str
    time: Callable[[pl.Expr, str], pl.Expr] | None = None
    origin: Callable[[str], Origin] | None = None
    about: str = ""
    unless: str = ""
    part: int = WHOLE

    def take(self, lines: pl.DataFrame, timezone: str) -> tuple[pl.DataFrame, pl.DataFrame]:
        """``ENVELOPE_SCHEMA`` of the lines (``row``, ``text``) that begin with this prefix, and the other lines."""
        hits, others = matching_unless(lines, self.pattern, self.unless)
        if hits.height == 0:
            return NO_ENVELOPES, others
        return self._unwrapped(parts_of(hits, self.pattern), timezone), others

    def _unwrapped(self, parts: pl.DataFrame, timezone: str) -> pl.DataFrame:
        columns = {"text": pl.col("inner").fill_null(""), "wrapper": pl.lit(self.name), "part": pl.lit(self.part)}
        if self.name == SYSLOG:
            columns["text"] = (
                columns["text"].str.replace(_REPEATED, "${2} (repeated ${1})").str.replace(_SET_OFF, "${1}")
            )
        if self.origin is not None:
            parts = with_origins(parts, "source", self.origin)
            columns["outer_service"], columns["outer_host"] = pl.col("found_service"), pl.col("found_host")
        if "tag" in parts.columns:
            parts = with_origins(parts, "tag", lambda tag: Origin(service_of_tag(tag.partition("[")[0]), None))
            columns["outer_service"] = pl.col("found_service")
        if self.time is not None:
            columns["outer_time"] = self.time(pl.col("stamp"), timezone)
            columns["outer_zoned"] = pl.col("stamp").str.contains(_ZONED).fill_null(False)
        if "host" in parts.columns:
            # Ansible's numbers of tasks stand where Zuul has a host.
            named = ~pl.col("host").str.contains(r"^(?:-|localhost|[0-9a-f]{8}-[0-9a-f]{4}-.*)$")
            columns["outer_host"] = pl.coalesce(pl.when(named).then("host"), columns.get("outer_host", pl.lit(None)))
            if self.name == SYSLOG:
                # In a pod the pod's name stands where a machine's does.
                pods = [name for name in parts["host"].drop_nulls().unique() if is_made_up(name)]
                columns["outer_host"] = pl.when(~pl.col("host").is_in(pods)).then(columns["outer_host"])
        for name in {"process", "pipe"}.intersection(parts.columns):
            columns[f"outer_{name}"] = pl.col(name)
        if "piece" in parts.columns:
            columns["part"] = pl.when(pl.col("piece") == "P").then(PIECE).otherwise(WHOLE)
        levels = [
            normal_level(pl.col(name)) for name in ("worded", "severe", "severity", "level") if name in parts.columns
        ]
        if "priority" in parts.columns:
            levels.append(syslog_level(pl.col("priority")))
        if levels:
            columns["outer_level"] = pl.coalesce(levels)
        return parts.select(
            "row",
            *(
                columns.get(name, pl.lit(None)).cast(dtype, strict=False).alias(name)
                for name, dtype in ENVELOPE_SCHEMA.items()
                if name != "row"
            ),
        )


def journal_time(stamp: pl.Expr, timezone: str) -> pl.Expr:
    """ISO stamps behind the abbreviated name of a day in any language."""
    return iso_time(stamp.str.replace(r"^\p{L}+\.? ", ""), timezone)


def dated_short_time(stamp: pl.Expr, timezone: str) -> pl.Expr:
    """Stamps of syslog with a year before the month, behind the day or behind the clock."""
    ordered = stamp.str.replace(r"^(\d{4}) (\w+ +\d+)|^(\w+ +\d+) ([\d:.]+) (\d{4})$", "${2}${3} ${1}${5} ${4}")
    ordered = ordered.str.replace_all(" +", " ").str.replace(",", ".", literal=True)
    return formatted_time(ordered, "%b %d %Y %H:%M:%S%.f", timezone)


def tai64n_time(stamp: pl.Expr, _timezone: str) -> pl.Expr:
    """Stamps of TAI64N: hexadecimal seconds since 1970 plus 2**62, ten ahead of UTC then, and nanoseconds."""
    return hexadecimal_time(stamp.str.slice(1, 15), stamp.str.slice(16), 10)


def apache_time(stamp: pl.Expr, timezone: str) -> pl.Expr:
    """Stamps such as ``Mon Nov 23 04:00:00.123456 2026``."""
    return formatted_time(stamp, "%a %b %d %H:%M:%S%.f %Y", timezone)
