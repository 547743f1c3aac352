"""The shape that every line format gives back: one record a recognised line."""

from enum import IntEnum, StrEnum

import polars as pl

from openstack_rca.logs.stamps import UTC_TIME


class Kind(IntEnum):
    """What a line is to the event that it belongs to."""

    OPENER = 0
    """Opens an event."""
    REPEATED = 1
    """Carries the prefix of an earlier line again: a traceback line of oslo.log."""
    FOLLOWER = 2
    """Belongs to the line before it although it carries a prefix of its own."""
    BARE = 3
    """No format knows it."""


class SkipReason(StrEnum):
    """Why a file, or the rest of one, was left out; the value is how it is told."""

    BINARY = "binary"
    NOT_A_LOG = "not a log"
    DANGLING_LINK = "a link that leads nowhere"
    SPECIAL_FILE = "a pipe, a socket or a device"
    UNREADABLE = "may not be read"
    DAMAGED = "damaged or truncated"
    OVER_BOUND = "over a bound"
    UNSAFE_MEMBER = "leads out of its archive"
    ENCRYPTED = "encrypted"
    UNKNOWN_PACKING = "a packing that is not read"
    MISSING_PART = "a part that is missing"
    NEEDS_JOURNALCTL = "a binary journal, which needs journalctl"
    WINDOWS_EVENTS = "a binary event log of Windows"


class HostSource(StrEnum):
    """Where the host of a file's events was taken from."""

    LINES = "lines"
    OPTION = "option"
    HOSTNAME_FILE = "hostname file"
    PATH = "path"
    PROGRAM = "program"


# ``hostname`` is what a process calls its machine, a container's name perhaps: it counts where nothing else tells a host.
# ``stream`` tells writers apart that share a file (syslog, a pod's log); it is null where a file has one writer.
RECORD_SCHEMA: dict[str, pl.DataType] = {
    "row": pl.UInt64(),
    "stream": pl.UInt64(),
    "kind": pl.Int8(),
    "format": pl.String(),
    "time": UTC_TIME,
    "host": pl.String(),
    "hostname": pl.String(),
    "service": pl.String(),
    "process": pl.Int32(),
    "level": pl.String(),
    "level_guessed": pl.Boolean(),
    "logger": pl.String(),
    "message": pl.String(),
    "global_request_id": pl.String(),
    "request_id": pl.String(),
    "project_id": pl.String(),
    "user_id": pl.String(),
    "instance_id": pl.String(),
}

NO_RECORDS = pl.DataFrame(schema=RECORD_SCHEMA)

ROW_STRIDE = 1 << 32
"""Rows of one line are numbered from the line's position times this, so that what a line holds inside finds room."""
NESTED_STRIDE = 1 << 12
"""The room that one record of many in a line has for what it holds itself."""


def as_records(frame: pl.DataFrame, format_name: str) -> pl.DataFrame:
    """Bring what a format parsed to ``RECORD_SCHEMA``: missing columns are null, ``kind`` is ``OPENER``."""
    missing = {
        "kind": pl.lit(int(Kind.OPENER), pl.Int8),
        "format": pl.lit(format_name, pl.String),
        "level_guessed": pl.lit(False),
    }
    columns = [
        pl.col(name).cast(dtype, strict=False)
        if name in frame.columns
        else missing.get(name, pl.lit(None, dtype)).alias(name)
        for name, dtype in RECORD_SCHEMA.items()
    ]
    return frame.select(columns)


_LEVELS = {
    word: level
    for level, words in {
        "TRACE": "TRACE T",
        "DEBUG": "DBG DBUG DEBU DEBUG DDEBUG SUBDEBUG VERBOSE FINE D",
        "INFO": "INFO INF INFORMATION INFORMATIONAL I N NOTE NOTICE SYSTEM NORMAL LOG OK",
        "AUDIT": "AUDIT",
        "WARNING": "WRN WARNI WARN WARNING W",
        "ERROR": "ERR EROR ERRO ERROR SEVERE SEC E",
        "CRITICAL": "CRIT CRITI CRITICAL C ALERT EMER EMERG EMERGENCY PANIC DPANIC FATAL FATA F",
    }.items()
    for word in words.split()
} | {
    # As viewers of events, spreadsheets and portals show them: German, French, Spanish, Italian, Portuguese, Dutch,
    # Japanese, Chinese, Korean, Russian.
    word: level
    for level, words in {
        "INFO": "INFORMATIONEN HINWEIS INFORMACIÓN INFORMAZIONI INFORMAÇÃO INFORMAÇÕES INFORMATIE 情報 信息 정보 СВЕДЕНИЯ",
        "WARNING": "WARNUNG AVERTISSEMENT ADVERTENCIA AVISO AVVISO WAARSCHUWING 警告 경고 ПРЕДУПРЕЖДЕНИЕ",
        "ERROR": "FEHLER ERREUR ERRORE ERRO FOUT エラー 错误 錯誤 오류 ОШИБКА",
        "CRITICAL": "KRITISCH CRITIQUE CRÍTICO CRÍTICA CRITICO KRITIEK 重大 严重 위험 КРИТИЧЕСКИЙ",
    }.items()
    for word in words.split()
}
_LEVEL_WORDS, _LEVEL_NAMES = pl.Series(list(_LEVELS)), pl.Series(list(_LEVELS.values()))
_SYSLOG_LEVELS = ("CRITICAL", "CRITICAL", "CRITICAL", "ERROR", "WARNING", "INFO", "INFO", "DEBUG")
_GUESSES = (
    (
        r"^\W{0,3}(?:FATAL|CRITICAL|PANIC|EMERG)\b|\b(?:FATAL|CRITICAL|CRIT|PANIC)\b *[:;\]|-]|^[Pp]anic: |^Kernel panic|"
        r"\bdumped core\b|^(?:backend|proxy) '?[\w.-]+'? has no server available!",
        "CRITICAL",
    ),
    (
        r"^\W{0,3}(?:ERROR|ERR|[Ee]rror)\b|\b(?:ERROR|ERR)\b|Traceback \(most recent call last\)|"
        r"^(?:[A-Za-z_]\w*\.)*\w*(?:Error|Exception|[a-z](?:Timeout|Failed|Failure|NotFound|Unavailable|Refused|Forbidden|"
        r"Unauthorized|Exceeded)|NoValidHost)(?:_Remote)?: \D|"
        r"^HttpException: [45]\d\d|\(HTTP [45]\d\d\) \(Request-ID: req-|^exited with code [1-9]|"
        r"^(?:[a-z_]\w*\.)+(?:exceptions?|errors?)\.(?:\w+\.)*[A-Z]\w*(?:: |$)|"
        r"(?:^|[:|] )[Ff]atal(?: error)?: |(?:^|: )(?:internal )?[Ee]rror: |^DAMN ! |\bHARAKIRI ON WORKER\b",
        "ERROR",
    ),
    (
        r"^\W{0,3}(?:WARNING|WARN|[Ww]arn(?:ing)?)\b|\bWARN(?:ING)?\b *[:;\]|-]|(?:^|: )[Ww]arning: |"
        r"^\*\*\* .* full !!!",
        "WARNING",
    ),
    (r"^\W{0,3}INFO\b|\bINFO\b *[:\]|-]", "INFO"),
    (r"^\W{0,3}DEBUG\b|\bDEBUG\b *[:\]|-]", "DEBUG"),
)

# Every guess holds one of these; a search for plain words is many times as fast as one for patterns.
_GUESS_WORDS = (
    "dumped core|FATAL|CRIT|PANIC|EMERG|ERR|WARN|INFO|DEBUG|atal|anic|rror|xception|Traceback|arn|Request-ID|ValidHost: |"
    "_Remote: |exited |Timeout: |Failed: |Failure: |Found: |Unavailable: |Refused: |Forbidden: |Unauthorized: |Exceeded: |"
    "available!|DAMN ! |HARAKIRI|!!!"
)


def level_name(word: str) -> str | None:
    """One name for a severity, whatever the program calls it; ``None`` for a word that is none."""
    return _LEVELS.get(word.strip("[]").upper())


def normal_level(level: pl.Expr) -> pl.Expr:
    """One name for each severity, whatever the program calls it; unknown words become null."""
    return level.str.to_uppercase().replace_strict(_LEVEL_WORDS, _LEVEL_NAMES, default=None, return_dtype=pl.String)


def syslog_level(priority: pl.Expr) -> pl.Expr:
    """The severity of a syslog priority (facility times eight plus severity, or the severity alone)."""
    numbers = pl.Series(range(8), dtype=pl.Int64)
    return (priority.cast(pl.Int64, strict=False) % 8).replace_strict(
        numbers, pl.Series(_SYSLOG_LEVELS), default=None, return_dtype=pl.String
    )


def syslog_level_name(priority: int) -> str:
    """As ``syslog_level``, for one number."""
    return _SYSLOG_LEVELS[priority % 8]


def level_in_text(message: pl.Expr) -> pl.Expr:
    """The severity that a line's own words tell where its format has no place for one; null where they tell none."""
    spoken = pl.when(message.str.contains(_GUESS_WORDS)).then(message)
    guess = pl.lit(None, pl.String)
    for pattern, level in reversed(_GUESSES):
        guess = pl.when(spoken.str.contains(pattern)).then(pl.lit(level)).otherwise(guess)
    return guess


UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_INSTANCE_IN_TEXT = rf"nstance(?: uuid| UUID)?:? ['\"]?({UUID})"
# A context of a cloud's own shape stands at the beginning too, in brackets or behind a name.
_REQUEST_IN_TEXT = rf"^(?:[\[(][^\])]*?\b|(?i:req|request|request[_-]?id)[=:] ?)(req-{UUID})\b"


def ids_in_text() -> tuple[pl.Expr, pl.Expr]:
    """Expressions for ``request_id`` and ``instance_id``: the column of that name, else what ``message`` says."""
    text = pl.col("message")
    in_front = pl.col("request_id").is_null() & text.str.contains(r"^(?:[\[(]|(?i:req))")
    request = pl.when(in_front).then(text).str.extract(_REQUEST_IN_TEXT)
    return (
        pl.coalesce("request_id", request).alias("request_id"),
        pl.coalesce("instance_id", text.str.extract(_INSTANCE_IN_TEXT)).alias("instance_id"),
    )
