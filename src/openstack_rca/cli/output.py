"""What the commands print: consoles, lines, columns, JSON, progress."""

from __future__ import annotations

import io
import json
import math
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from openstack_rca.errors import LifecycleError
from openstack_rca.plain_text import one_line
from openstack_rca.service.interrupt import Interrupt
from openstack_rca.service.listener import Listener
from openstack_rca.settings import Settings

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from openstack_rca.service.reports import Report
    from openstack_rca.service.training import TrainingProgress

PROGRAM = "openstack-rca"


def console() -> Console:
    """A Rich console on standard output."""
    return Console(highlight=False, emoji=False, soft_wrap=False)


def program_path() -> str:
    """The command that starts this program: its name if the shell finds it, else its path, quoted for the shell."""
    called = Path(sys.argv[0])
    found = shutil.which(PROGRAM)
    if called.name != PROGRAM or (found and Path(found).resolve() == called.resolve()):
        return PROGRAM
    return shlex.quote(str(called.absolute()))


def show_report(report: Report, settings: Settings, *, full: bool) -> None:
    """Print a report as text: on a terminal one screen of it, or with ``full`` all through the pager; elsewhere all."""
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
    # Rich ends the program where a pager is left before it read everything.
    paged = io.StringIO()
    print_report(report, Console(file=paged, force_terminal=True, width=screen.width, highlight=False, emoji=False))
    # Ctrl-C in the pager is the pager's.
    with (
        subprocess.Popen([program, *pager[1:]], stdin=subprocess.PIPE, text=True) as process,
        suppress(KeyboardInterrupt),
    ):
        process.communicate(paged.getvalue())


def error_console() -> Console:
    """A Rich console on standard error, for progress, notices and errors."""
    return Console(stderr=True, highlight=False, emoji=False, soft_wrap=True)


def say(text: str) -> None:
    """Print one line as it is: nothing in it acts on the terminal or is taken for markup."""
    console().print(one_line(text), markup=False, soft_wrap=True)


def answer(form: str, facts: object, text: str) -> None:
    """Print ``facts`` as JSON if ``form`` is json, else ``text`` as one line."""
    if form == "json":
        print_json(facts)
    else:
        say(text)


def print_json(data: Any) -> None:
    """Print one JSON document; NaN and infinite numbers become ``null``, for JSON has no word for them."""
    sys.stdout.write(json.dumps(_finite(data), indent=2, default=_plain, allow_nan=False) + "\n")


def _finite(data: Any) -> Any:
    if isinstance(data, float) and not math.isfinite(data):
        return None
    if isinstance(data, dict):
        return {key: _finite(value) for key, value in data.items()}
    return [_finite(value) for value in data] if isinstance(data, (list, tuple)) else data


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def print_columns(
    titles: Sequence[str], rows: Sequence[Sequence[object]], right: Collection[str] = (), below: int = 0
) -> None:
    """Print a table as plain columns, each row on one line of any width; titles in ``right`` name right-aligned columns.

    The last ``below`` columns are words of people. On a terminal that is too narrow for them each has a line of its own below
    its row, and what is still too long is cut.
    """
    lines = [list(titles), *([one_line(str(cell)) for cell in row] for row in rows)]
    widths = [max(cell_len(line[place]) for line in lines) for place in range(len(titles))]
    screen = console()
    narrow = below > 0 and screen.is_terminal and sum(widths) + 2 * (len(widths) - 1) > screen.width
    kept = len(titles) - below if narrow else len(titles)
    for number, line in enumerate(lines):
        cells = []
        for title, width, cell in list(zip(titles, widths, line, strict=True))[:kept]:
            gap = " " * (width - cell_len(cell))
            cells.append(gap + cell if title in right else cell + gap)
        shown = Text("  ".join(cells).rstrip(), style="bold" if number == 0 else "")
        further = [Text(f"  {cell}") for cell in line[kept:] if number and cell not in ("", "-")]
        for text in (shown, *further):
            if narrow:
                text.truncate(screen.width, overflow="ellipsis")
            screen.print(text, soft_wrap=True)


def print_listing(
    form: str,
    facts: Sequence[object],
    nothing: str,
    titles: Sequence[str],
    rows: Sequence[Sequence[object]],
    right: Collection[str] = (),
    below: int = 0,
) -> None:
    """Print ``facts`` if ``form`` is json, else ``rows`` as ``print_columns`` does, or ``nothing`` if there are none."""
    if form == "json":
        print_json(facts)
    elif rows:
        print_columns(titles, rows, right, below)
    else:
        say(nothing)


def notice(text: str) -> None:
    """Print on standard error something worth knowing that is not an error."""
    error_console().print(f"Note: {one_line(text)}", markup=False)


@contextmanager
def naming_new_folders(target: Path | None) -> Iterator[None]:
    """After the block say which folder above ``target`` it made: the path may be mistyped."""
    missing = [] if target is None else [folder for folder in target.absolute().parents if not folder.exists()]
    yield
    if missing and missing[0].exists():
        notice(f"The folder {missing[0]} was not there and is made.")


def recorded(what: str, record: Callable[..., object], *facts: object) -> None:
    """Call ``record`` with the facts, which logs them as a run; where it cannot be, a notice says so of ``what``."""
    try:
        record(*facts)
    except LifecycleError as error:
        notice(f"This {what} is not recorded as a run. {error}")


class Steps(Listener):
    """Shows the running step, with a bar where the length is known. Draws only on a terminal.

    Every call is also a moment at which Ctrl-C takes effect.
    """

    def __init__(self, progress: Progress | None, interrupt: Interrupt) -> None:
        self.progress = progress
        self.interrupt = interrupt
        self.task: TaskID | None = None

    def step(self, name: str) -> None:
        """Begin a step of unknown length, in the place of the one before."""
        self.interrupt.check()
        if self.progress is None:
            return
        if self.task is not None:
            self.progress.remove_task(self.task)
        self.task = self.progress.add_task(name.replace("_", " "), total=None, note="")

    def part(self, done: int, total: int) -> None:
        """Show that ``done`` of ``total`` parts of the running step are over."""
        self.interrupt.check()
        if self.task is None:
            self.step("working")
        if self.progress is not None and self.task is not None:
            self.progress.update(self.task, completed=done, total=total or 1)

    def incident(self, done: int, total: int, name: str) -> None:
        """Show how far the running step is, and ``name``, what it works on."""
        self.interrupt.check()
        if self.progress is not None and self.task is not None:
            self.progress.update(self.task, completed=done, total=total, note=name)

    def note(self, text: str) -> None:
        """Print it as ``notice`` does."""
        notice(text)

    def gradient_step(self, progress: TrainingProgress) -> None:
        """How far training is, with epoch, loss and time left."""
        done = (progress.epoch - 1) * progress.steps + progress.step
        left = "" if progress.seconds_left is None else f", {progress.seconds_left:.0f} s left"
        words = f"epoch {progress.epoch}/{progress.epochs}, loss {progress.loss:.3f}{left}"
        self.incident(done, progress.epochs * progress.steps, words)


SECONDS_BETWEEN_LINES = 60.0
"""Between two lines of a training's progress where no terminal shows it."""


class Lines(Steps):
    """Tells how a training goes in a line now and then, for a log: the first when it begins to learn."""

    def __init__(self, interrupt: Interrupt) -> None:
        super().__init__(None, interrupt)
        self._next = 0.0

    def incident(self, done: int, total: int, name: str) -> None:
        """Tell ``name``, what is worked on, where the last line is old enough."""
        super().incident(done, total, name)
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + SECONDS_BETWEEN_LINES
            error_console().print(f"Training: {one_line(name)}", markup=False)


@contextmanager
def steps(*, lines: bool = False) -> Iterator[Steps]:
    """Progress on standard error; where that is no terminal nothing is drawn, or with ``lines`` told as ``Lines`` does."""
    shown, interrupt = error_console(), Interrupt()
    if not shown.is_terminal:
        with interrupt.watching():
            yield Lines(interrupt) if lines else Steps(None, interrupt)
        return
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    with (
        Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[note]}"),
            TimeElapsedColumn(),
            console=shown,
            transient=True,
        ) as progress,
        interrupt.watching(),
    ):
        yield Steps(progress, interrupt)
