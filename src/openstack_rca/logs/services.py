"""Which service an event is of: what its line says, what its file is called, what its logger and its format tell."""

import polars as pl

from openstack_rca.logs.formats import SERVICES
from openstack_rca.logs.name_words import words
from openstack_rca.logs.names import GUEST
from openstack_rca.logs.oslo import NAME as OSLO
from openstack_rca.logs.programs import component_of_logger, component_of_program, is_program, normal_name

# Names that only tell a project: a logger of the same project knows better.
_PROJECTS = words(
    "nova neutron cinder glance heat keystone placement swift octavia ironic designate manila barbican magnum aodh "
    "gnocchi ceilometer trove sahara mistral masakari watcher zun openstack"
)


def services_of_events(events: pl.DataFrame, origins: pl.DataFrame) -> pl.Series:
    """The service of each event.

    Args:
        events: ``file_index``, ``service`` (what the line says), ``logger``, ``format``, ``process``, ``request_id``.
        origins: ``file_index`` and ``path_service`` (what the file's name says).

    Returns:
        the line's own; else that of the file's name where it is a program's; else that of the logger, of the format, of
        the other lines of the file, of its process or of its request where they are all of one service; else the project
        that the logger names, or the file's name as it stands.
    """
    known = pl.Series("known", map(_how_known, origins["path_service"]), dtype=pl.Int8)
    names = origins.select("file_index", "path_service", known)
    frame = events.select("file_index", "service", "logger", "format", "process", "request_id").join(
        names, on="file_index", how="left", maintain_order="left"
    )
    project = pl.col("service").str.to_lowercase().is_in(sorted(_PROJECTS))
    if frame.select(project.any()).item():
        better = pl.col("better")
        knows = project & better.str.starts_with(pl.col("service").str.to_lowercase() + "-")
        frame = frame.with_columns(better=_of_loggers(frame["logger"])).with_columns(
            pl.when(knows).then(better).otherwise("service").alias("service")
        )
    frame = _run_by_servers(frame)
    # A guest's kernel and programs are not those of its host.
    frame = frame.with_columns(
        service=pl.when(pl.col("path_service") == GUEST).then("path_service").otherwise("service")
    )
    told = pl.coalesce("service", pl.when(pl.col("known") == _SURE).then(pl.col("path_service")))
    if frame.select(told.is_not_null().all()).item():
        return frame.select(told.alias("service")).to_series()
    frame = frame.with_columns(_of_loggers(frame["logger"]).alias("by_logger"))
    by_logger = pl.col("by_logger")
    # Below a project's name only a logger of that project counts.
    fits = (pl.col("known") == _UNKNOWN) | by_logger.str.starts_with(pl.col("path_service").str.to_lowercase() + "-")
    frame = frame.with_columns(
        pl.coalesce(
            told,
            pl.when(fits).then(by_logger),
            pl.when(pl.col("known") == _UNKNOWN).then(
                pl.col("format").replace_strict(SERVICES, default=None, return_dtype=pl.String)
            ),
        ).alias("found")
    )
    # What is written by several projects is nobody's own file, as a paste of several services' errors is.
    own = pl.col("logger").str.extract(r"^(\w+)\.")
    frame = frame.with_columns(own=pl.when(own.is_in(sorted(_PROJECTS))).then(own))
    found, projects = pl.col("found").drop_nulls(), pl.col("own").drop_nulls()
    only = pl.when((found.n_unique() == 1) & (projects == found.first().str.extract(r"^(\w+)")).all()).then(
        found.first()
    )
    for further in ("", "process", "request_id"):
        keys = ["file_index", further] if further else ["file_index"]
        of_key = frame.filter(pl.col("service").is_null()).drop_nulls(keys).group_by(keys).agg(only=only)
        frame = frame.join(of_key, on=keys, how="left", maintain_order="left")
        frame = frame.with_columns(found=pl.coalesce("found", "only")).drop("only")
    named = pl.when(pl.col("known") == _UNKNOWN).then("own")
    return frame.select(pl.coalesce("found", named, "path_service").alias("service")).to_series()


_UNKNOWN, _PROJECT, _SURE = 0, 1, 2
_SERVERS = ("apache", "apache2", "httpd", "mod_wsgi", "nginx", "uwsgi")


def _run_by_servers(frame: pl.DataFrame) -> pl.DataFrame:
    """A program that a web server runs writes into the server's log: its loggers, or those of its other lines, tell it."""
    served = pl.col("service").fill_null(pl.col("path_service"))
    # Nor is a name a program's that nobody knows, where a logger tells one: that of a host or a user perhaps.
    named = [name for name in frame["service"].unique().drop_nulls() if _how_known(name) == _UNKNOWN]
    of_server = (pl.col("format") == OSLO) & (served.is_in(_SERVERS) | pl.col("service").is_in(named))
    if not frame.select(of_server.any()).item():
        return frame
    frame = frame.with_columns(run=pl.when(of_server).then(_of_loggers(frame["logger"])))
    others = pl.col("run").drop_nulls().over("file_index", mapping_strategy="join")
    only = pl.when(others.list.n_unique() == 1).then(others.list.first())
    return frame.with_columns(pl.coalesce("run", pl.when(of_server).then(only), "service").alias("service"))


def _how_known(name: str | None) -> int:
    if not name:
        return _UNKNOWN
    if normal_name(name) in _PROJECTS:
        return _PROJECT
    return _SURE if is_program(name) or component_of_program(name) else _UNKNOWN


def _of_loggers(loggers: pl.Series) -> pl.Series:
    distinct = loggers.unique().drop_nulls()
    found = pl.Series([component_of_logger(name) for name in distinct.to_list()], dtype=pl.String)
    return loggers.replace_strict(distinct, found, default=None, return_dtype=pl.String)
