"""What the commands print: columns, JSON, one line, progress, and a report through the pager."""

import io
import json
import math
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from rich.progress import Progress
from tests.rca.report_samples import confirmed

from openstack_rca.cli import output
from openstack_rca.model.card import TrainingProgress
from openstack_rca.service.interrupt import Interrupt
from openstack_rca.settings import Settings


class Screen(io.StringIO):
    """A standard output that says whether it is a terminal."""

    def __init__(self, is_terminal: bool) -> None:
        super().__init__()
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[[], Screen]:
    """Makes standard output, from the call on, a terminal of 80 columns and 25 lines without colours."""

    def begin() -> Screen:
        screen = Screen(is_terminal=True)
        monkeypatch.setattr(sys, "stdout", screen)
        for name, value in {"COLUMNS": "80", "LINES": "25", "TERM": "xterm", "NO_COLOR": "1"}.items():
            monkeypatch.setenv(name, value)
        return screen

    return begin


@pytest.fixture
def shown() -> Iterator[output.Steps]:
    """Steps on a screen that nobody looks at."""
    with Progress(console=Console(file=io.StringIO()), disable=True) as progress:
        yield output.Steps(progress, Interrupt())


def test_columns_are_as_wide_as_their_widest_cell(capsys: pytest.CaptureFixture[str]) -> None:
    """Wide signs take two places; figures stand on the right; nothing stands behind the last cell."""
    output.print_columns(["Name", "Number"], [["計算機", 5], ["a", 12345678]], {"Number"})
    assert capsys.readouterr().out == "Name      Number\n計算機         5\na       12345678\n"


def test_a_row_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="longer"):
        output.print_columns(["Name", "Number"], [["b", 2, 3]])


def test_a_long_cell_stays_on_its_line(terminal: Callable[[], Screen]) -> None:
    """Also on a terminal, whatever its width: who passes the output on reads lines."""
    screen = terminal()
    output.print_columns(["Path"], [["/a" * 100]])
    assert screen.getvalue().splitlines()[1:] == ["/a" * 100]


def test_words_that_a_narrow_terminal_cannot_hold_stand_below_their_row(terminal: Callable[[], Screen]) -> None:
    """Elsewhere, and where there is room, a row is one line."""
    table = (["id", "issue", "note"], [["a1", "word " * 20, ""], ["b2", "short", "and " * 30]])
    screen = terminal()
    output.print_columns(*table, below=2)
    first, words, second, issue, note = screen.getvalue().splitlines()[1:]
    assert (first, second, issue) == ("a1", "b2", "  short") and words.startswith("  word word")
    assert note.endswith("…") and len(note) == 80
    screen = terminal()
    output.print_columns(["id", "issue"], [["a1", "short"]], below=1)
    assert screen.getvalue().splitlines()[1:] == ["a1  short"]


def test_titles_alone_are_in_bold(terminal: Callable[[], Screen], monkeypatch: pytest.MonkeyPatch) -> None:
    screen = terminal()
    monkeypatch.delenv("NO_COLOR")
    output.print_columns(["Name"], [["a"]])
    assert screen.getvalue() == "\x1b[1mName\x1b[0m\na\n"


def test_a_line_is_printed_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    """No word in brackets is taken for markup or for a picture, and a long line is not broken."""
    text = "[bold]x[/bold] :smile: " + "a b " * 60 + "end"
    output.say(text)
    output.notice(text)
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == (f"{text}\n", f"Note: {text}\n")


def test_figures_and_names_in_what_the_program_says_have_no_colour(
    terminal: Callable[[], Screen], monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = terminal()
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setattr(sys, "stderr", screen)
    output.say("version 15 of 'a' at /b/c")
    output.notice("version 15 of 'a' at /b/c")
    output.console().print("3 of 5 versions verify :smile:")
    assert "\x1b" not in screen.getvalue()
    assert screen.getvalue().endswith(":smile:\n")


def test_sentences_are_broken_between_words_on_a_terminal(terminal: Callable[[], Screen]) -> None:
    screen = terminal()
    output.console().print("word " * 20)
    assert [line.split() for line in screen.getvalue().splitlines()] == [["word"] * 16, ["word"] * 4]


def test_json_is_one_document_that_every_reader_takes(capsys: pytest.CaptureFixture[str]) -> None:
    """Figures that are no numbers are null, however deep they lie; times are ISO 8601, paths are text."""
    at = datetime(2026, 11, 23, 4, tzinfo=UTC)
    output.print_json({"a": [math.nan, (math.inf, 1.5)], "b": {"c": -math.inf}, "at": at, "path": Path("/x"), "n": 1})
    printed = capsys.readouterr().out
    assert json.loads(printed) == {
        "a": [None, [None, 1.5]],
        "b": {"c": None},
        "at": "2026-11-23T04:00:00+00:00",
        "path": "/x",
        "n": 1,
    }
    assert printed.startswith('{\n  "a": [\n    null,') and printed.endswith("}\n")


@pytest.mark.parametrize(
    ("form", "rows", "printed"),
    [
        ("json", [["a"]], '[\n  "fact"\n]\n'),
        ("json", [], '[\n  "fact"\n]\n'),
        ("text", [["a"]], "Name\n   a\n"),
        ("text", [], "Nothing is there.\n"),
    ],
)
def test_a_listing_is_json_columns_or_a_sentence(
    form: str, rows: list[list[object]], printed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    output.print_listing(form, ["fact"], "Nothing is there.", ["Name"], rows, {"Name"})
    assert capsys.readouterr().out == printed


@pytest.mark.parametrize(("form", "printed"), [("json", '{\n  "done": 1\n}\n'), ("text", "Done.\n")])
def test_an_answer_is_json_or_one_line(form: str, printed: str, capsys: pytest.CaptureFixture[str]) -> None:
    output.answer(form, {"done": 1}, "Done.")
    assert capsys.readouterr().out == printed


@pytest.mark.parametrize(
    ("called", "is_on_path", "told"),
    [
        ("bin/openstack-rca", True, "openstack-rca"),
        ("bin/openstack-rca", False, "'{}/my tools/bin/openstack-rca'"),
        ("other/openstack-rca", True, "'{}/my tools/other/openstack-rca'"),
        ("main.py", False, "openstack-rca"),
        ("main.py", True, "openstack-rca"),
    ],
)
def test_the_program_is_named_as_it_can_be_called(
    called: str, is_on_path: bool, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second installation is named by its path, which the shell would not find."""
    folder = tmp_path / "my tools"
    for name in ("bin", "other"):
        (folder / name).mkdir(parents=True)
        (folder / name / "openstack-rca").touch(mode=0o755)
    monkeypatch.setenv("PATH", str(folder / "bin") if is_on_path else "")
    monkeypatch.setattr(sys, "argv", [str(folder / called), "models", "list"])
    assert output.program_path() == told.format(tmp_path)


def test_what_no_terminal_shows_is_the_whole_report(capsys: pytest.CaptureFixture[str]) -> None:
    output.show_report(confirmed(), Settings(pager="false"), full=False)
    assert "Blast radius" in capsys.readouterr().out


@pytest.mark.parametrize("pager", ["", "no-such-pager -R"])
def test_without_a_pager_the_whole_report_is_printed(terminal: Callable[[], Screen], pager: str) -> None:
    screen = terminal()
    output.show_report(confirmed(), Settings(pager=pager), full=True)
    assert "Blast radius" in screen.getvalue()


def test_a_terminal_shows_what_fits_on_one_screen(terminal: Callable[[], Screen]) -> None:
    """It names the command that shows the rest."""
    screen = terminal()
    output.show_report(confirmed(), Settings(pager="cat"), full=False)
    assert len(screen.getvalue().splitlines()) <= 25
    assert "openstack-rca report show" in screen.getvalue()


def test_the_pager_gets_the_whole_report_as_wide_as_the_screen(terminal: Callable[[], Screen], tmp_path: Path) -> None:
    """Its arguments are its own, and nothing is printed past it."""
    screen = terminal()
    output.show_report(confirmed(), Settings(pager=""), full=True)
    printed, begin = screen.getvalue(), screen.tell()
    output.show_report(confirmed(), Settings(pager=f"tee '{tmp_path}/a b' {tmp_path}/c"), full=True)
    assert (tmp_path / "a b").read_text() == (tmp_path / "c").read_text() == printed
    assert screen.tell() == begin


def test_a_pager_that_is_left_early_is_no_error(
    terminal: Callable[[], Screen], capfd: pytest.CaptureFixture[str]
) -> None:
    terminal()
    output.show_report(confirmed(), Settings(pager="true"), full=True)
    assert capfd.readouterr() == ("", "")


def test_a_step_takes_the_place_of_the_one_before(shown: output.Steps) -> None:
    shown.step("read_logs")
    shown.step("ask the_model")
    (task,) = shown.progress.tasks
    assert (task.description, task.total, task.fields["note"]) == ("ask the model", None, "")


@pytest.mark.parametrize(("total", "of"), [(10, 10), (0, 1)])
def test_a_part_is_of_the_running_step(shown: output.Steps, total: int, of: int) -> None:
    """One that comes before any step begins one; a length of nothing is one of one."""
    shown.part(0, total)
    (task,) = shown.progress.tasks
    assert (task.description, task.completed, task.total) == ("working", 0, of)


def test_an_incident_is_named_beside_the_bar(shown: output.Steps) -> None:
    shown.incident(1, 2, "unseen")
    assert shown.progress.tasks == []
    shown.step("evaluate")
    shown.incident(3, 8, "INC-3")
    (task,) = shown.progress.tasks
    assert (task.completed, task.total, task.fields["note"]) == (3, 8, "INC-3")


@pytest.mark.parametrize(("left", "told"), [(None, ""), (12.4, ", 12 s left")])
def test_training_tells_how_far_it_is(shown: output.Steps, left: float | None, told: str) -> None:
    shown.step("train")
    shown.gradient_step(TrainingProgress(epoch=3, epochs=5, step=13, steps=20, loss=1.23456, seconds_left=left))
    (task,) = shown.progress.tasks
    assert (task.completed, task.total) == (53, 100)
    assert task.fields["note"] == f"epoch 3/5, loss 1.235{told}"


def test_where_no_terminal_is_a_training_tells_of_itself_in_few_lines(capsys: pytest.CaptureFixture[str]) -> None:
    """For the log of a service or of CI: the first line at once, the next when a minute is over."""
    with output.steps(lines=True) as shown:
        shown.step("train")
        for step in (1, 2):
            shown.gradient_step(TrainingProgress(epoch=1, epochs=5, step=step, steps=20, loss=2.5, seconds_left=90.0))
    assert capsys.readouterr().err == "Training: epoch 1/5, loss 2.500, 90 s left\n"


@pytest.mark.parametrize("call", [("step", "a"), ("part", 1, 2), ("incident", 1, 2, "a")])
def test_ctrl_c_takes_effect_at_the_next_call(call: tuple[Any, ...]) -> None:
    class Pressed(Interrupt):
        def check(self) -> None:
            raise KeyboardInterrupt

    with Progress(console=Console(file=io.StringIO()), disable=True) as progress:
        steps = output.Steps(progress, Pressed())
        with pytest.raises(KeyboardInterrupt):
            getattr(steps, call[0])(*call[1:])


@pytest.mark.parametrize("is_terminal", [True, False])
def test_progress_is_drawn_on_a_terminal_alone(is_terminal: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """When it is over, nothing of it is left there."""
    monkeypatch.setenv("TERM", "xterm")
    screen = Screen(is_terminal)
    monkeypatch.setattr(sys, "stderr", screen)
    with output.steps() as shown:
        shown.step("read logs")
        shown.incident(1, 4, "INC-3")
        if shown.progress is not None:
            shown.progress.refresh()
    drawn = screen.getvalue()
    assert ("read logs" in drawn and "INC-3" in drawn and "0:00:00" in drawn) == is_terminal
    assert drawn == "" or drawn.rstrip("\n").endswith(("\x1b[2K", "\x1b[?25h"))
