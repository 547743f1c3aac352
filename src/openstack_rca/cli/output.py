"""What the commands share: consoles, options, progress, JSON."""

from __future__ import annotations

import functools
import json
import math
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from openstack_rca.errors import ConfigurationError
from openstack_rca.plain_text import one_line
from openstack_rca.service.interrupt import Interrupt
from openstack_rca.service.moments import parse_moment
from openstack_rca.settings import Settings, load_settings

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from openstack_rca.service.reports import Report

PROGRAM = "openstack-rca"

JSON_FORMAT = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    help="How to print the facts.",
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
    help="Folder whose logs visitors may read; may be given again. Default: OPENSTACK_RCA_LOG_ROOTS, else /var/log.",
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
            help="Do without MLflow: record no runs, and let the store number versions.",
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
    """Settings of the environment, with the command's options on top; what is dangerous in them is said."""
    settings = load_settings(
        mlflow_tracking_uri=mlflow_uri,
        experiment_name=mlflow_experiment,
        mlflow_enabled=False if disable_mlflow else None,
    )
    if settings.mlflow_tracking_insecure_tls:
        notice("MLFLOW_TRACKING_INSECURE_TLS is set: the certificate of the tracking server is not checked.")
    return settings


def console() -> Console:
    """Standard output."""
    return Console(highlight=False, emoji=False, soft_wrap=False)


def program_path() -> str:
    """How this program is called from where the user is: by its name if the shell finds it, else by its path."""
    called = Path(sys.argv[0])
    found = shutil.which(PROGRAM)
    if called.name != PROGRAM or (found and Path(found).resolve() == called.resolve()):
        return PROGRAM
    return shlex.quote(str(called.absolute()))


def show_report(report: Report, settings: Settings, *, full: bool) -> None:
    """A report in text: on a terminal what fits on one screen, or all of it through the pager; elsewhere all of it."""
    # Reports cost half a second to import, and most commands show none.
    from openstack_rca.service.reports import print_report

    screen = console()
    if not screen.is_terminal:
        print_report(report, screen)
        return
    pager = shlex.split(settings.pager)
    program = shutil.which(pager[0]) if pager else None
    if not full or program is None:
        print_report(report, screen, full=full, program=program_path())
        return
    with subprocess.Popen([program, *pager[1:]], stdin=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        paged = Console(
            file=process.stdin, force_terminal=True, width=screen.width, highlight=False, emoji=False, soft_wrap=False
        )
        # Who has seen enough leaves the pager, and Ctrl-C there is the pager's.
        with suppress(BrokenPipeError):
            print_report(report, paged)
        with suppress(BrokenPipeError, KeyboardInterrupt):
            process.stdin.close()
            process.wait()


def error_console() -> Console:
    """Standard error: progress, notices and errors."""
    return Console(stderr=True, highlight=False, emoji=False, soft_wrap=True)


def say(text: str) -> None:
    """Print one line as it is: nothing in it acts on the terminal or is taken for markup."""
    console().print(one_line(text), markup=False, soft_wrap=True)


def answer(form: str, facts: object, text: str) -> None:
    """Print what was done, as JSON or in one line."""
    if form == "json":
        print_json(facts)
    else:
        say(text)


def print_json(data: Any) -> None:
    """One JSON document on standard output; a figure that is not a number is ``null``, which every reader takes."""
    sys.stdout.write(json.dumps(_finite(data), indent=2, default=_plain, allow_nan=False) + "\n")


def _finite(data: Any) -> Any:
    if isinstance(data, float) and not math.isfinite(data):
        return None
    if isinstance(data, dict):
        return {key: _finite(value) for key, value in data.items()}
    return [_finite(value) for value in data] if isinstance(data, (list, tuple)) else data


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def print_columns(titles: Sequence[str], rows: Sequence[Sequence[object]], right: Collection[str] = ()) -> None:
    """A table as plain columns: every cell whole on its line, whatever the width of the screen.

    Args:
        titles: names of the columns, with their units.
        rows: cells, made harmless here.
        right: titles of the columns of numbers.
    """
    lines = [list(titles), *([one_line(str(cell)) for cell in row] for row in rows)]
    widths = [max(cell_len(line[place]) for line in lines) for place in range(len(titles))]
    screen = console()
    for number, line in enumerate(lines):
        cells = []
        for title, width, cell in zip(titles, widths, line, strict=True):
            gap = " " * (width - cell_len(cell))
            cells.append(gap + cell if title in right else cell + gap)
        screen.print(Text("  ".join(cells).rstrip(), style="bold" if number == 0 else ""), soft_wrap=True)


def print_listing(
    form: str,
    facts: Sequence[object],
    nothing: str,
    titles: Sequence[str],
    rows: Sequence[Sequence[object]],
    right: Collection[str] = (),
) -> None:
    """Print what was found as JSON or as columns, or ``nothing`` where it is empty; see ``print_columns``."""
    if form == "json":
        print_json(facts)
    elif rows:
        print_columns(titles, rows, right)
    else:
        say(nothing)


def notice(text: str) -> None:
    """Something worth knowing that is not an error."""
    error_console().print(f"Note: {one_line(text)}", markup=False)


class Steps:
    """Shows the running step, with a bar where the length is known. Only a terminal is drawn on.

    Every call is also a moment at which Ctrl-C takes effect.
    """

    def __init__(self, progress: Progress, interrupt: Interrupt) -> None:
        self.progress = progress
        self.interrupt = interrupt
        self.task: TaskID | None = None

    def step(self, name: str) -> None:
        """Begin a step of unknown length."""
        self.interrupt.check()
        if self.task is not None:
            self.progress.update(self.task, total=1, completed=1)
        self.task = self.progress.add_task(name, total=None, note="")

    def part(self, done: int, total: int) -> None:
        """How far the running step is."""
        self.interrupt.check()
        if self.task is None:
            self.step("working")
        assert self.task is not None
        self.progress.update(self.task, completed=done, total=total or 1)

    def note(self, done: float, total: float, note: str) -> None:
        """How far the running step is, with words."""
        self.interrupt.check()
        if self.task is not None:
            self.progress.update(self.task, completed=done, total=total, note=note)


@contextmanager
def steps() -> Iterator[Steps]:
    """Progress on standard error; nothing is drawn where that is not a terminal."""
    # Most commands show none.
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    shown = error_console()
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[note]}"),
        TimeElapsedColumn(),
        console=shown,
        disable=not shown.is_terminal,
        transient=True,
    ) as progress:
        interrupt = Interrupt()
        with interrupt.watching():
            yield Steps(progress, interrupt)


def parse_time(context: click.Context, parameter: click.Parameter, value: str | None) -> datetime | None:
    """A moment, see ``service.moments``; without an offset it is in the logs' time zone."""
    if value is None:
        return None
    try:
        return parse_moment(value, timezone=load_settings().log_timezone, now=datetime.now(UTC))
    except ConfigurationError as error:
        raise click.BadParameter(str(error)) from None


FETCH_SINCE = click.option(
    "--since",
    "fetch_since",
    callback=parse_time,
    metavar="TIME",
    help="How far back to fetch remote logs; default: one hour, finished logs whole.",
)
