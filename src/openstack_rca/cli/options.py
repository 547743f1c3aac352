"""The options that commands share, and the settings that they lead to."""

import functools
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from openstack_rca.cli.output import notice
from openstack_rca.errors import ConfigurationError
from openstack_rca.plain_text import one_line
from openstack_rca.service.moments import parse_moment
from openstack_rca.settings import Settings, load_settings, mistyped_variables

JSON_FORMAT = click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", help="Form of the output."
)
MODEL = click.option(
    "--model",
    default="latest",
    metavar="latest|N|@ALIAS|FILE|none",
    help="Which model scores the events: a version, an alias, a .keras file, or none.",
)
FAST = click.option(
    "--fast/--hybrid",
    "--fast-mode/--hybrid-mode",
    "fast",
    default=False,
    help="Match the issue by its words only, not by its meaning; faster.",
)
SIGNATURES = click.option(
    "--signatures",
    type=click.Path(path_type=Path),
    metavar="DIRECTORY",
    help="Folder with your own signatures of failures (YAML); they come before the built-in ones.",
)
HOSTS = click.option(
    "--hosts",
    "hosts_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Inventory (Ansible, INI or YAML) with the hosts of ssh:// addresses, see docs/remote.md.",
)
SCHEDULER = click.option(
    "--scheduler",
    metavar="tcp://HOST:PORT|local[:N]",
    help="Let the workers of this Dask cluster read and score, or N processes on this machine (default: one per "
    "processor); they must see the logs under the same path, or read them from s3://. The answer is the same. See docs/scale.md.",
)
ROOTS = click.option(
    "--root",
    "roots",
    multiple=True,
    metavar="PATH",
    help="Folder whose logs visitors may read; may be repeated. Default: OPENSTACK_RCA_LOG_ROOTS, else /var/log.",
)


def opened_roots(roots: Sequence[str]) -> list[str]:
    """The folders of ``--root``, absolute. Raises ConfigurationError: one is not there."""
    for root in roots:
        if not Path(root).is_dir():
            raise ConfigurationError(f"There is no folder {root}.", "Give --root a folder that holds logs.")
    return [str(Path(root).absolute()) for root in roots]


def connection_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options that name the environment: tracking server, experiment, or none."""
    for option in (
        click.option(
            "--disable-mlflow",
            is_flag=True,
            help="Work without MLflow: record no runs, and let the store number versions.",
        ),
        click.option(
            "--mlflow-experiment",
            "--experiment",
            "mlflow_experiment",
            metavar="NAME",
            help="Environment to work in; default MLFLOW_EXPERIMENT_NAME, else openstack_rca_system_staging.",
        ),
        click.option(
            "--mlflow-uri", metavar="URI", help="Tracking server; default MLFLOW_TRACKING_URI, else an embedded one."
        ),
    ):
        command = option(command)
    return command


def with_settings(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of ``connection_options``, and in place of their values the ``settings`` that they lead to."""

    @functools.wraps(command)
    def called(
        *arguments: Any, mlflow_uri: str | None, mlflow_experiment: str | None, disable_mlflow: bool, **options: Any
    ) -> Any:
        return command(*arguments, settings=settings_from(mlflow_uri, mlflow_experiment, disable_mlflow), **options)

    return connection_options(called)


def with_form_and_settings(command: Callable[..., Any]) -> Callable[..., Any]:
    """``with_settings``, for a command that prints as text or as JSON: ``form`` says which."""
    return JSON_FORMAT(with_settings(command))


def line_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options for facts that log lines do not state (format, host, year); their values go into the command's ``settings``.

    Stands below ``with_settings``; without that the settings are those of the environment.
    """

    @functools.wraps(command)
    def called(
        *arguments: Any,
        log_format: str | None,
        host: str | None,
        year: int | None,
        correct_skew: bool = False,
        hosts_file: Path | None = None,
        fetch_since: datetime | None = None,
        settings: Settings | None = None,
        **options: Any,
    ) -> Any:
        # The readers of logs cost half a second to import, and --help needs none.
        from openstack_rca.service.log_reading import with_reading

        said = with_reading(settings or load_settings(), log_format, host, year, correct_skew, hosts_file, fetch_since)
        return command(*arguments, settings=said, **options)

    with_options: Callable[..., Any] = called
    for option in (
        click.option(
            "--year",
            type=click.IntRange(1970, 9999),
            help="Year of a log's last line, for logs whose lines carry no year.",
        ),
        click.option("--host", metavar="NAME", help="Host to assume for lines that name none."),
        click.option("--log-format", metavar="NAME", help="Read lines as this format only, see docs/logs.md."),
    ):
        with_options = option(with_options)
    return with_options


def reading_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """``line_options``, and the options about clocks and about the hosts that logs are fetched from."""
    skew = click.option(
        "--correct-skew", is_flag=True, help="Correct the times of hosts whose clock disagrees with the others."
    )
    return HOSTS(skew(line_options(command)))


def settings_from(mlflow_uri: str | None, mlflow_experiment: str | None, disable_mlflow: bool) -> Settings:
    """The environment's settings, with the command's options on top; notices tell of unsafe and mistyped ones."""
    settings = load_settings(
        mlflow_tracking_uri=mlflow_uri,
        experiment_name=mlflow_experiment,
        mlflow_enabled=False if disable_mlflow else None,
    )
    if settings.mlflow_tracking_insecure_tls:
        notice("MLFLOW_TRACKING_INSECURE_TLS is set: the certificate of the tracking server is not checked.")
    for name, meant in mistyped_variables().items():
        notice(f"{one_line(name, 80)} is no setting and has no effect.{f' Did you mean {meant}?' if meant else ''}")
    return settings


def parse_time(context: click.Context, parameter: click.Parameter, value: str | None) -> datetime | None:
    """Parse a time, see ``service.moments``, to UTC; without an offset it is in the logs' zone. Raises click.BadParameter."""
    if value is None:
        return None
    try:
        return parse_moment(value, timezone=load_settings().log_timezone, now=datetime.now(UTC)).astimezone(UTC)
    except ConfigurationError as error:
        raise click.BadParameter(str(error)) from None


FETCH_SINCE = click.option(
    "--since",
    "fetch_since",
    callback=parse_time,
    metavar="TIME",
    help="How far back to fetch remote logs. Default: one hour; finished logs (of CI, in a bucket) whole.",
)
