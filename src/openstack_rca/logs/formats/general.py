"""Shapes that many programs share: Python's and Juju's logging, and lines of which only the time is known."""

from functools import cache

import polars as pl

from openstack_rca.logs.formats.line_format import DATE, LEVEL_WORD, LineFormat, dated, guessed, iso, timeless
from openstack_rca.logs.programs import python_packages
from openstack_rca.logs.records import level_in_text, normal_level
from openstack_rca.logs.stamps import DAY, ISO, MONTH, OSLO_BEGINNING, any_times

WEAK = ("timestamped",)
"""Formats that tell a time and no more: they are not a sign that a file was understood."""

_CTIME_PATTERN = rf"{DAY} {MONTH} [ \d]\d \d\d:\d\d:\d\d (?:[A-Z]{{3,5}} )?\d{{4}}"
_CAPITALS = "TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|CRITICAL|FATAL"
_WORDS = "debug|info|information|notice|warn|warning|err|error|crit|critical|alert|emerg|fatal|severe"
# A date in whatever order, a clock of 12 or 24 hours, a zone; what may stand before it.
_NUMBERS = rf"\d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}}|\d{{1,2}}[-/. ](?:\d{{1,2}}|{MONTH})[-/. ]\d{{2,4}}"
_CLOCK = r"\d{1,2}:\d\d:\d\d(?:[.,:]\d{1,9})?(?: ?[AaPp]\.?[Mm]\.?)?(?: ?(?:Z|UTC|GMT|[+-]\d\d:?\d\d))?"
_WRITTEN = (
    rf"(?:{DAY},? )?(?:{_NUMBERS}|{MONTH} \d{{1,2}},? \d{{4}})(?:[T_:,@|-]| )+(?:{DAY} )?{_CLOCK}|{_CTIME_PATTERN}|"
    rf"(?:(?:UTC|GMT) )?{MONTH} [ \d]\d \d\d:\d\d:\d\d(?:\.\d+)?|"
    r"\d{8}[T:_-]\d{6}(?:[.,]\d{1,9})?Z?"
)
_BEFORE = (
    rf"(?: {{0,8}}\d{{1,9}} ?[:|] ?)?(?:(?:(?:[A-Z][a-z]+ )?(?:{_CAPITALS})|[A-Z],|"
    r"\[[A-Za-z0-9][^\]]*\]|\([^)]*\)|"
    r"[A-Za-z][A-Za-z0-9_.-]*:)[ \t:|-]*){0,3}[\[(<]?"
)
# A level near the beginning of what follows a stamp: in brackets, in capitals, or before a colon.
_NEAR = (
    r"^[ \t\])>|:,-]*(?P<tokens>(?:(?:[\[(<{][^\]\[(){}<>]*[\])>}]|[A-Za-z0-9_./:#@$=%+*\[\]()-]+|\|)[ \t|,-]*){0,5}?)"
    rf"(?:[\[(<] ?(?P<marked>(?i:trace|{_WORDS}|notset|wrn|inf|dbg|[diwef])) {{0,8}}[\])>|]|"
    rf"(?P<capital>{_CAPITALS}|CRIT|ERR|EMERG|SEVERE)(?:/[A-Za-z][\w-]*\]|[ \t:|,\])-]|$)|"
    rf"(?P<slashed>{_WORDS})/[A-Za-z]+ *:|(?P<ended>{_WORDS.replace('|fatal', '')}) *:)"
    r"[ \t:|,\])-]*(?P<text>.*)$"
)
# A letter alone for a level: of Telegraf, of etcd's and Rook's log of capnslog, of GlusterFS.
_LETTER = r"^[ \t\])>|:,-]*([CDEFINTW])(?:!| \|| \[)"
# What may stand behind a level: a process in brackets or in a column, a module.
_BEHIND = (
    r"^(?:\[(?P<pid>\d{1,9})\] *|(?P<cell>\d{1,9}) *\| *)?"
    r"(?:\[(?P<module>[a-z_][a-z0-9_]*(?:\.[A-Za-z0-9_]+)+)\] |(?P<column>[\w.-]+) *\| *)?(?P<told>.*)$"
)
# Where Ansible names the host that a task came to an end on.
_CAME_TO = r"(?:FAILED|UNREACHABLE|SUCCESS|CHANGED)(?:!| \||\b.* =>| >>)"
_ANSIBLE_HOSTS = (
    r"^(?:[a-z]+: |FAILED - RETRYING: )?\[([A-Za-z0-9][\w.-]*)(?: -> [^\]]*)?\](?::| =>| \(|$)",
    rf"^([A-Za-z0-9][\w.-]*) \| {_CAME_TO}",
    r"^([A-Za-z0-9][\w.-]*) +: ok=\d+ +changed=\d",
)
_ANSIBLE_COLUMN = r" \| ([A-Za-z0-9][\w.-]*)(?: -> [\w.-]+)?(?: \| .*)?$"
_NOT_A_WORD = r"(?: +\] *| +[|:-] |[\])>:|,-]+ ?| |\t|$)"


def _juju(parts: pl.DataFrame, timezone: str) -> pl.DataFrame:
    shaped = iso(parts, timezone) if "stamp" in parts.columns else timeless(parts, timezone)
    unit = pl.coalesce(
        pl.col("entity").str.extract(r"^unit-(.+)-\d+$"), pl.col("logger").str.extract(r"^unit\.([\w-]+)/\d+")
    )
    return shaped.with_columns(unit.alias("service"))


def _with_urls(parts: pl.DataFrame) -> pl.DataFrame:
    """What stands before ``://`` is a part of the message and no logger."""
    cut = pl.col("logger").is_not_null() & pl.col("message").str.starts_with("//")
    if "logger" not in parts.columns or not parts.select(cut.any()).item():
        return parts
    return parts.with_columns(
        message=pl.when(cut).then(pl.col("logger") + ":" + pl.col("message")).otherwise("message"),
        logger=pl.when(~cut).then("logger"),
    )


def _logged(parts: pl.DataFrame, timezone: str) -> pl.DataFrame:
    return timeless(_with_urls(parts), timezone)


def _leveled(parts: pl.DataFrame, timezone: str) -> pl.DataFrame:
    levelled = iso(_with_urls(parts), timezone).with_columns(
        normal_level(pl.col("level")).fill_null("UNKNOWN").alias("level")
    )
    return _with_module(levelled)


@cache
def _module() -> str:
    return (
        r"^ *(?:[\[(]?(?P<number>\d{1,9})[\])]? +)?"
        rf"\[?(?P<module>(?:{'|'.join(python_packages())})(?:\.[A-Za-z0-9_]+)+)\]?:? +(?P<text>.*)$"
    )


def _with_module(records: pl.DataFrame) -> pl.DataFrame:
    """Process and Python module ahead of the text, which a format string of a cloud's own puts behind the level."""
    ahead = pl.col("message").str.extract_groups(_module())
    known = ahead.struct.field("module").is_not_null()
    if not records.select(known.any()).item():
        return records
    process = pl.col("process") if "process" in records.columns else pl.lit(None)
    logger = pl.col("logger") if "logger" in records.columns else pl.lit(None)
    return records.with_columns(
        process=pl.coalesce(process, ahead.struct.field("number")).cast(pl.Int32, strict=False),
        logger=pl.when(known).then(ahead.struct.field("module")).otherwise(logger),
        message=pl.when(known).then(ahead.struct.field("text")).otherwise("message"),
    )


def _anyhow(parts: pl.DataFrame, timezone: str) -> pl.DataFrame:
    """Level, program and text, wherever between the stamp and the text they stand; else the words tell the level."""
    before = pl.col("before") if "before" in parts.columns else pl.lit("")
    told = parts.with_columns(
        pl.col("message").str.extract_groups(_NEAR).struct.unnest(),
        time=any_times(parts["stamp"], timezone),
        letter=pl.col("message").str.extract(_LETTER),
        ahead=before.str.extract(rf"(?:^|[^\w.-])((?i:trace|{_WORDS})|[IWEFD])(?:[^\w.-]|$)"),
    )
    plain = pl.col("message").str.replace(r"^\]?(?:[:|,-]| -)?[ \t]?", "")
    stated = normal_level(pl.coalesce("letter", "marked", "capital", "slashed", "ahead"))
    behind = pl.coalesce("marked", "capital", "slashed").is_not_null() & pl.col("letter").is_null()
    # A word before a colon may be the program's place for a level, or a word of its text.
    guess = pl.coalesce(level_in_text(plain), normal_level(pl.col("ended")))
    tokens = pl.col("tokens").str.replace(r"[\])}>] *\{.*$", "").str.strip_chars(" \t[](){}<>|:,#-")
    tokens = tokens.str.replace(r"^pid=(\d+)$", "${1}")
    is_number = tokens.str.contains(r"^[0-9]{1,9}$")
    told = told.with_columns(pl.col("text").str.extract_groups(_BEHIND).struct.unnest())
    process = pl.coalesce(pl.when(is_number).then(tokens), "pid", "cell")
    ahead = pl.when(tokens.ne("") & ~is_number).then(tokens.str.replace(r" *:\d{1,6}$", ""))
    logger = pl.coalesce(pl.when(pl.col("cell").is_not_null()).then("column"), ahead, "module")
    cut = process.is_not_null() | (pl.col("module").is_not_null() & ahead.is_null())
    return told.select(
        "row",
        "time",
        pl.when(behind).then(process).alias("process"),
        pl.when(stated.is_not_null()).then(pl.lit("leveled")).otherwise(pl.lit("timestamped")).alias("format"),
        pl.coalesce(stated, guess, pl.lit("UNKNOWN")).alias("level"),
        pl.when(stated.is_null()).then(guess.is_not_null()).otherwise(False).alias("level_guessed"),
        pl.when(behind).then(logger).alias("logger"),
        pl.when(behind & cut).then("told").when(behind).then("text").otherwise(plain).alias("message"),
    )


def _tested(parts: pl.DataFrame, _timezone: str) -> pl.DataFrame:
    failed = pl.col("level").is_in(["FAILED", "uxsuccess"])
    return parts.with_columns(level=pl.when(failed).then(pl.lit("ERROR")).otherwise(pl.lit("INFO")))


def _ansible(parts: pl.DataFrame, timezone: str) -> pl.DataFrame:
    # What a task came to is told by the callback's word, or by what stands before the host.
    failed = r"^(?:fatal|failed): \[|^ERROR! |^\[ERROR\]: |FATAL|UNREACHABLE|FAILED"
    # What is tried again has not failed yet.
    retried = r"^(?:FAILED - )?RETRY"
    warned = r"^\[WARNING\]|IGNORED|WARNING"
    came_to = pl.col("result") if "result" in parts.columns else pl.col("message").str.slice(0, 60)
    level = (
        pl.when(came_to.str.contains(retried))
        .then(pl.lit("WARNING"))
        .when(came_to.str.contains(failed))
        .then(pl.lit("ERROR"))
        .when(came_to.str.contains(warned))
        .then(pl.lit("WARNING"))
        .otherwise(pl.lit("INFO"))
    )
    host = pl.coalesce(pl.col("message").str.extract(pattern) for pattern in _ANSIBLE_HOSTS)
    if "result" in parts.columns:
        host = pl.col("message").str.extract(_ANSIBLE_COLUMN)
        host = pl.when(pl.col("result").is_in(["TASK", "PLAY", "INCLUDED", "SUMMARY"]).not_()).then(host)
    return iso(parts, timezone).with_columns(
        level.alias("level"),
        pl.when(~host.is_in(["localhost", "WARNING", "ERROR"])).then(host).alias("host"),
    )


def _boot(parts: pl.DataFrame, _timezone: str) -> pl.DataFrame:
    levels = {"FAILED": "ERROR", "TIME": "ERROR", "DEPEND": "WARNING", "WARN": "WARNING"}
    return parts.with_columns(pl.col("level").replace_strict(levels, default="INFO"))


def _status(parts: pl.DataFrame, timezone: str) -> pl.DataFrame:
    levels = {"error": "ERROR", "lost": "ERROR", "failed": "ERROR", "down": "ERROR", "blocked": "WARNING"}
    level = pl.col("status").replace_strict(levels, default="INFO")
    return dated(parts, timezone).with_columns(
        level.alias("level"), message=pl.col("status") + ": " + pl.col("message")
    )


def _heat_events(parts: pl.DataFrame, timezone: str) -> pl.DataFrame:
    failed = pl.col("message").str.contains("^[A-Z]+_FAILED")
    level = pl.when(failed).then(pl.lit("ERROR")).otherwise(pl.lit("INFO"))
    return iso(parts, timezone).with_columns(level.alias("level"))


FORMATS = (
    LineFormat(
        "heat events",
        rf"^(?P<stamp>{DATE}[T ]\d\d:\d\d:\d\dZ?) \[(?P<logger>[^\] ]+)\]: "
        r"(?P<message>[A-Z]+_(?:IN_PROGRESS|COMPLETE|FAILED)\b.*)$",
        _heat_events,
        "openstack stack event list",
    ),
    LineFormat(
        "ansible",
        rf"^(?P<stamp>{DATE} \d\d:\d\d:\d\d,\d{{3}}) p=(?P<process>\d+) u=\S+ (?:n=\S+ )?(?:[A-Z]+)?\| {{0,2}}(?P<message>.*)$",
        _ansible,
        "Ansible's own log, of Kolla Ansible and OpenStack-Ansible",
    ),
    LineFormat(
        "ansible",
        rf"^(?P<stamp>{DATE} \d\d:\d\d:\d\d\.\d{{1,6}}) \| [0-9a-f]{{8}}-[0-9a-f-]{{27}} \| +(?P<result>[A-Z]+) \| "
        r"(?P<message>.*)$",
        _ansible,
        "Ansible's log in TripleO",
    ),
    LineFormat(
        "ansible",
        r"^(?P<message>(?P<stamp>[A-Z][a-z]+day \d\d [A-Z][a-z]+ \d{4}  \d\d:\d\d:\d\d(?: [+-]\d{4})?) \(\d+:[\d:.]+\) .*)$",
        dated,
        "when a task begins, as Ansible's `profile_tasks` shows it",
    ),
    LineFormat(
        "juju",
        rf"^(?:(?P<entity>(?:unit|machine|controller)-[\w-]+): )?(?P<stamp>{DATE} \d\d:\d\d:\d\d) (?P<level>{LEVEL_WORD}) "
        r"(?P<logger>\S+) (?:\S+\.go:\d+ )(?P<message>.*)$",
        _juju,
        "Juju's units and machines",
    ),
    LineFormat(
        "juju",
        rf"^(?P<entity>(?:unit|machine|controller)-[\w-]+): (?P<stamp>{DATE} \d\d:\d\d:\d\d) (?P<level>{LEVEL_WORD}) "
        r"(?P<logger>\S+) (?P<message>.*)$",
        _juju,
        "juju debug-log --date",
    ),
    LineFormat(
        "juju",
        rf"^(?P<entity>(?:unit|machine|controller)-[\w-]+): \d\d:\d\d:\d\d (?P<level>{LEVEL_WORD}) (?P<logger>\S+) "
        r"(?P<message>.*)$",
        _juju,
        "juju debug-log: no date",
    ),
    LineFormat(
        "juju",
        rf"^(?P<stamp>\d\d? {MONTH} \d{{4}} \d\d:\d\d:\d\d(?:Z|[+-]\d\d:\d\d)?)  +(?P<logger>[a-z][\w-]*)  +(?P<status>[a-z]+)  +"
        r"(?P<message>.*)$",
        _status,
        "juju show-status-log",
    ),
    LineFormat(
        "pm2",
        rf"^(?P<stamp>{ISO}): (?P<service>PM2) +(?P<level>log|error|debug|info|warn): (?P<message>.*)$",
        _leveled,
        "PM2",
    ),
    LineFormat(
        "leveled",
        rf"^\[?(?P<stamp>{ISO})\]?:?[ \t,|-]+(?:\(\w+\) |\[(?P<process>\d+)\] )?"
        rf"[\[(<]?(?P<level>{LEVEL_WORD}|LOG)(?::(?P<logger>[a-z_][\w.]*):|{_NOT_A_WORD})(?P<message>.*)$",
        _leveled,
        "a time and a level, as most programs write them",
        unless=rf"^[^ ]+ [a-z]+: +{OSLO_BEGINNING}",
    ),
    LineFormat(
        "leveled",
        rf"^\[?(?P<stamp>{ISO})\]?:?[ \t,-]+\[?(?P<logger>[A-Za-z_](?:[\w.:-]*\w)?)\]?[ \t:-]+"
        rf"[\[(<]?(?P<level>{_CAPITALS}){_NOT_A_WORD}(?P<message>.*)$",
        _leveled,
        "a time, a logger, a level: Python's logging",
    ),
    LineFormat(
        "leveled",
        rf"^\[?(?P<stamp>{ISO})\]? *\| *(?P<logger>[A-Za-z_](?:[\w.:-]*\w)?) *\| *(?P<level>{_CAPITALS}) *\| ?(?P<message>.*)$",
        _leveled,
        "the same in columns",
    ),
    LineFormat(
        "twisted",
        rf"^(?P<stamp>{DATE}[T ]\d\d:\d\d:\d\d[+-]\d{{4}}) "
        r"\[(?:(?P<logger>[\w.,<>: -]+)#(?P<level>error|critical|warn|info|debug)|-)\] (?P<message>.*)$",
        iso,
        "Twisted, as in MAAS",
    ),
    LineFormat(
        "packages",
        rf"^(?P<stamp>{DATE} \d\d:\d\d:\d\d) "
        r"(?P<message>startup (?:archives|packages) [a-z-]+|conffile /\S* (?:install|keep)|"
        r"(?:status (?:not-installed|config-files|(?:half-)?installed|unpacked|half-configured|triggers-\w+)|"
        r"(?:install|upgrade|configure|trigproc|remove|purge|disappear)) [a-z0-9][a-z0-9+.-]+:[a-z0-9-]+ \S+(?: \S+)?)$",
        iso,
        "dpkg",
    ),
    LineFormat(
        "leveled",
        rf"^\[(?P<stamp>{ISO})\]\[(?P<level>{_CAPITALS}) *\]\[(?P<logger>[^\]]+?) *\] ?(?P<message>.*)$",
        _leveled,
        "OpenSearch and Elasticsearch",
    ),
)

INNER_FORMATS = (
    LineFormat(
        "leveled",
        rf"^\[?(?P<level>{_CAPITALS}|[DEIW])(?:\]:?|:(?P<logger>[\w.]+):|:| -| \||!) ?(?P<message>.*)$",
        _logged,
        "a level at the beginning of a line, behind an envelope",
    ),
)

FALLBACKS = (
    LineFormat(
        "cloud-init",
        rf"^(?P<message>Cloud-init v\. ?\S+ (?:running '[\w:-]+'|finished) at "
        rf"(?P<stamp>{DAY}, \d\d {MONTH} \d{{4}} [\d:]{{8}} [+-]\d{{4}}).*)$",
        dated,
        "the stages of cloud-init in cloud-init-output.log; what programs print between them are events too",
    ),
    LineFormat(
        "timestamped",
        rf"^\[?(?P<stamp>{ISO})(?P<message>\]?(?:[:|,-]| -)?[ \t]?.*)$",
        _anyhow,
        "a time, and what comes behind it in any order",
    ),
    LineFormat(
        "timestamped",
        rf"^(?P<before>{_BEFORE})(?P<stamp>{_WRITTEN})(?P<message>(?:[^\w].*)?)$",
        _anyhow,
        "a date in any order of its parts; before and behind it a level, a program, a thread",
    ),
    LineFormat(
        "timestamped",
        r"^\[?(?P<stamp>1\d{9}(?:\d{3}|\d{6}|\d{9})?(?:\.\d{1,9})?)\]?:?[ \t]+(?P<message>.*)$",
        _anyhow,
        "seconds since 1970, as QEMU's agent writes them, or smaller units",
    ),
)

TIMELESS = (
    LineFormat(
        "ansible",
        r"^(?P<message>(?:(?:ok|changed|skipping|included|fatal|failed|unreachable|rescued|ignored): \[[\w.-]+[^\]]*\]|"
        rf"[A-Za-z0-9][\w.-]* (?:\| {_CAME_TO}| *: ok=\d+ +changed=\d)|FAILED - RETRYING: |"
        r"(?:PLAY|TASK|RUNNING HANDLER|PLAY RECAP|NO MORE HOSTS LEFT)\b.* \*{3,}$|\[(?:WARNING|ERROR)\]: |ERROR! ).*)$",
        lambda parts, timezone: _ansible(parts.with_columns(stamp=pl.lit(None, pl.String)), timezone),
        "what Ansible shows on a terminal",
    ),
    LineFormat(
        "tests",
        r"^\{\d+\} (?P<message>(?P<logger>[A-Za-z_][\w.]*)(?:\[[^\]]*\])?(?: \([^()]*\))? \[(?:\d[\d.]*s|n/a)?\] \.\.\. "
        r"(?P<level>ok|FAILED|SKIPPED|inprogress|xfail|uxsuccess)\b.*)$",
        _tested,
        "stestr, tempest and subunit-trace: what a test came to",
    ),
    LineFormat(
        "boot",
        r"^\[ {0,2}(?P<level>OK|FAILED|DEPEND|WARN|INFO|TIME) {0,2}\] (?P<message>[A-Z].*)$",
        _boot,
        "what systemd shows on a console",
    ),
    LineFormat(
        "leveled",
        r"^\d\d:\d\d:\d\d \| (?P<process>\d{1,9}) *\| (?P<logger>[\w.-]+) *\| (?P<message>.*)$",
        guessed(timeless),
        "ExaBGP without a date",
    ),
    LineFormat(
        "leveled",
        rf"^(?P<level>{_CAPITALS}|WARNI|CRITI|DEBU|ERRO|FATA)"
        r"(?:\[\d{4,}\]| *[:\[](?P<logger>[A-Za-z_][\w.]*)[:\]]) *(?P<message>.*)$",
        _logged,
        "Python's logging as it is without a setting, alembic's, Go's logrus on a terminal: no date",
    ),
    LineFormat(
        "leveled",
        r"^\[?\d{1,2}:\d\d:\d\d(?:[.,]\d{1,9})?\]?[ \t:|-]+(?:[\[(<]?(?P<logger>[A-Za-z][^\]\[()<> ]*)[\])>]?[ \t:|-]+)?"
        rf"[\[(<]?(?P<level>{_CAPITALS}){_NOT_A_WORD} *(?P<message>.*)$",
        timeless,
        "a clock without a date, and a level",
    ),
)

UNDATED = (
    LineFormat(
        "leveled",
        rf"^\[(?P<level>{_CAPITALS})\] (?P<message>.*)$",
        timeless,
        "CoreDNS and others: a level in brackets, no date",
    ),
)
