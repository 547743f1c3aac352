"""MariaDB, MySQL, PostgreSQL, Redis, memcached, etcd."""

import polars as pl

from openstack_rca.logs.formats.line_format import DATE, LineFormat, dated, guessed, iso, timeless
from openstack_rca.logs.records import Kind, normal_level
from openstack_rca.logs.stamps import iso_time

_POSTGRESQL_LEVEL = "DEBUG\\d?|INFO|NOTICE|WARNING|ERROR|LOG|FATAL|PANIC"
_POSTGRESQL_FURTHER = "DETAIL|HINT|STATEMENT|CONTEXT|QUERY|LOCATION|BACKTRACE"


def _postgresql(parts: pl.DataFrame, timezone: str) -> pl.DataFrame:
    # Further lines of a message carry a prefix of their own.
    further = pl.col("level").str.contains(rf"^(?:{_POSTGRESQL_FURTHER})$")
    level = pl.col("level").str.replace(r"^DEBUG\d$", "DEBUG")
    return parts.with_columns(
        iso_time(pl.col("stamp"), timezone).alias("time"),
        normal_level(level).fill_null("INFO").alias("level"),
        pl.when(further).then(int(Kind.FOLLOWER)).otherwise(int(Kind.OPENER)).alias("kind"),
        pl.when(further)
        .then(pl.col("level") + ":  " + pl.col("message"))
        .otherwise(pl.col("message"))
        .alias("message"),
    )


def _redis(parts: pl.DataFrame, timezone: str) -> pl.DataFrame:
    mark = pl.col("mark").replace_strict({".": "DEBUG", "-": "DEBUG", "*": "INFO", "#": "WARNING"}, default="INFO")
    return dated(parts, timezone).with_columns(mark.alias("level"))


FORMATS = (
    LineFormat(
        "mariadb",
        rf"^(?P<stamp>{DATE}[T ]+\d{{1,2}}:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?) (?:(?P<process>\d+)|0x[0-9a-f]+) "
        r"\[(?P<level>[A-Za-z]+)\] ?(?P<message>.*)$",
        iso,
        "MariaDB, MySQL 5.7 and later, Galera",
    ),
    LineFormat(
        "mariadb",
        r"^(?P<stamp>\d{6} [ \d]\d:\d\d:\d\d) \[(?P<level>[A-Za-z]+)\] ?(?P<message>.*)$",
        dated,
        "MySQL and MariaDB before",
    ),
    LineFormat(
        "mariadb",
        r"^(?P<stamp>\d{6} [ \d]\d:\d\d:\d\d) +(?P<message>[A-Za-z].*)$",
        guessed(dated),
        "mysqld_safe, InnoDB before it had levels",
    ),
    LineFormat(
        "mariadb",
        rf"^(?P<stamp>{DATE}[T ]+\d{{1,2}}:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?) "
        r"(?P<message>(?:mysqld_safe|mariadbd-safe) .*)$",
        guessed(iso),
        "mysqld_safe",
    ),
    LineFormat(
        "mariadb",
        r"^(?P<message>WSREP_SST: \[(?P<level>[A-Z]+)\] .*) \((?P<stamp>\d{8} \d\d:\d\d:\d\d)\.\d+\)$",
        dated,
        "Galera's state transfers",
    ),
    LineFormat(
        "mariadb",
        r"^(?P<stamp>\d{8} \d\d:\d\d:\d\d),(?P<host>[\w.-]+),(?P<message>[^,]*,[^,]*,\d+,\d+,[A-Z_]+,.*)$",
        dated,
        "MariaDB's server_audit",
    ),
    LineFormat(
        "mariadb",
        r"^(?P<message># Time: (?P<stamp>\d{4}-\d\d-\d\dT[\d:.]+Z?|\d{6} +[\d:]+))$",
        dated,
        "the log of slow queries",
    ),
    LineFormat(
        "postgresql",
        rf"^(?P<stamp>{DATE} \d\d:\d\d:\d\d(?:\.\d+)? [A-Z]{{2,5}}|{DATE} \d\d:\d\d:\d\d(?:\.\d+)? [+-]\d\d)"
        rf"(?: \[(?P<process>\d+)(?:-\d+)?\]:?(?: \[\d+-\d+\])?(?: [^ ]+)?|:[^:]*:[^:]*:\[\d+\]:?|(?: [^ ]+){{0,3}}) ?"
        rf"(?P<level>{_POSTGRESQL_LEVEL}|{_POSTGRESQL_FURTHER}):  ?(?P<message>.*)$",
        _postgresql,
        "PostgreSQL with the usual prefixes; DETAIL, HINT and STATEMENT belong to the line before",
    ),
    LineFormat(
        "redis",
        r"^(?:(?P<process>\d+):[A-Z]|\[\d+\]) (?P<stamp>\d\d? [A-Z][a-z]{2} (?:\d{4} )?\d\d:\d\d:\d\d(?:\.\d+)?) "
        r"(?P<mark>[.*#-]) ?(?P<message>.*)$",
        _redis,
        "Redis, Valkey, Sentinel",
    ),
    LineFormat(
        "memcached",
        r"^(?P<message>slab class +\d+: chunk size .*|[<>]\d+ .*)$",
        guessed(timeless),
        "memcached -v; its other lines are events too",
    ),
    LineFormat(
        "mongodb",
        rf"^(?P<stamp>{DATE}T\d\d:\d\d:\d\d\.\d{{3}}(?:Z|[+-]\d{{4}})) (?P<level>[DIWEF])\d? +(?P<logger>[A-Z]+|-) +"
        r"\[[^\]]+\] (?P<message>.*)$",
        iso,
        "MongoDB before 4.4 (later ones write JSON)",
    ),
    LineFormat(
        "etcd",
        rf"^(?P<stamp>{DATE} \d\d:\d\d:\d\d\.\d{{6}}) (?P<level>[A-Z]) \| (?P<logger>[\w/-]+): (?P<message>.*)$",
        iso,
        "etcd before 3.4 (later ones write JSON)",
    ),
)
