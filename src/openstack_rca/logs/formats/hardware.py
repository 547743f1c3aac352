"""What a machine's management controller (BMC) notes of its hardware: the system event log of IPMI."""

import polars as pl

from openstack_rca.logs.formats.line_format import LineFormat
from openstack_rca.logs.records import level_in_text
from openstack_rca.logs.stamps import any_times

# States by the words of IPMI 2.0, tables 42-2 and 42-3; what one says counts until it is over.
_CRITICAL = (
    r"Non-?[Rr]ecoverable|Critical|critical stop|IERR|Thermal [Tt]rip|FRB\d|Machine Check|[Ff]atal|"
    r"Kernel panic|\bNMI\b"
)
_ERROR = (
    r"Uncorrectable|[Ll]ost\b|[Ff]ail(?:ed|ure)|[Ff]ault|[Ii]nsufficient|Hang|[Oo]ut.of.range|[Dd]isabled|[Tt]imed? ?out|"
    r"Hard reset|\b[PS]ERR\b|Parity|Limit Exceeded|[Uu]navailable|Mismatch|[Ii]ntrusion|[Ee]rror\b"
)
_WARNING = (
    r"Pre-?dictive|Non-?[Cc]ritical|\bCorrectable|Degraded|Throttled|Nearly|Almost|[Ww]arning|Configuration [Ee]rror"
)
_OVER = r"\bDeasserted\b|Fully Redundant|Presence [Dd]etected|Log area reset|Nominal|Timestamp Clock Sync|\bOK\b"
_MOMENT = (
    r"(?P<stamp>(?:\d{1,4}|[A-Z][a-z]{2})[/.-](?:\d{1,2}|[A-Z][a-z]{2})[/.-]\d{2,4} *[|,] *"
    r"\d{1,2}:\d\d:\d\d(?: [AP]M)?(?: [A-Z]{3,4}| [+-]\d{4})?)"
)


def _noted(parts: pl.DataFrame, timezone: str) -> pl.DataFrame:
    stamps = parts["stamp"].str.replace(r" *[|,] *", " ").str.replace(r"^([A-Z][a-z]{2})-(\d{1,2})-", "${1} ${2} ")
    # The month stands first, whatever the other stamps look like.
    stamps = stamps.str.replace(r"^(\d\d)/(\d\d)/(?:20)?(\d\d) ", "20${3}-${1}-${2} ")
    return (
        parts.with_columns(
            any_times(stamps, timezone).alias("time"),
            pl.col("message").str.replace_all(r" *[|,] *", " | ").str.strip_chars(" |").alias("message"),
        )
        .with_columns(_state(pl.col("message")).alias("level"))
        .with_columns(level_guessed=pl.col("level") != "INFO")
    )


def _state(text: pl.Expr) -> pl.Expr:
    """The severity that a sensor's state tells, what is over or in order being information."""
    level = level_in_text(text).fill_null("INFO")
    for pattern, name in ((_ERROR, "ERROR"), (_CRITICAL, "CRITICAL"), (_WARNING, "WARNING"), (_OVER, "INFO")):
        level = pl.when(text.str.contains(pattern)).then(pl.lit(name)).otherwise(level)
    return level


FORMATS = (
    LineFormat(
        "ipmi",
        rf"^ *[0-9a-f]{{1,4}} *\|(?: *OEM record [0-9a-f]{{2}} *\|)? *(?:{_MOMENT}|P(?:re-|ost)Init *\| *\w+) *\| *"
        r"(?P<message>\S.*)$",
        _noted,
        "`ipmitool sel list`, `sel elist`, `ipmi-sel`; the words tell the level",
    ),
    LineFormat(
        "ipmi",
        rf"^[0-9a-f]{{1,4}},{_MOMENT},(?P<message>\S.*,(?:Dea|A)sserted\b.*)$",
        _noted,
        "`ipmitool -c sel elist`",
    ),
    LineFormat(
        "ipmi",
        r"^ *[0-9a-f]{1,4} *\| *(?P<message>OEM record [0-9a-f]{2} *\|.*)$",
        lambda parts, timezone: _noted(parts.with_columns(stamp=pl.lit(None, pl.String)), timezone),
        "its records of a manufacturer's own",
    ),
)
