"""Ctrl-C while a real process trains: one plain line, exit status 130, no version, no file that is not whole."""

import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import click
import pytest
from cli_helpers import HANGS_AFTER_SECONDS, Program, files_below

from openstack_rca.cli.main import run
from openstack_rca.cli.output import steps
from trained_environment import ROOT, Trained, environment, program

ESCAPES = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass
class OnATerminal:
    """A process whose standard error is a terminal, where it draws its progress."""

    process: subprocess.Popen[bytes]
    terminal: int
    seen: bytes = b""

    def read_until(self, words: bytes) -> None:
        """Wait until the terminal shows these words; fails when the process ends before."""
        while words not in self.seen:
            more = self._more()
            assert more, f"{words!r} was never shown: {self.seen[-2000:]!r}"
            self.seen += more

    def read_to_the_end(self) -> str:
        """All that the terminal ever shows, without its escapes."""
        while more := self._more():
            self.seen += more
        return ESCAPES.sub(b"", self.seen).decode()

    def _more(self) -> bytes:
        try:
            return os.read(self.terminal, 65536)
        except OSError:
            # The last writer closed the terminal.
            return b""


@contextmanager
def on_a_terminal(arguments: list[str], cwd: Path, variables: dict[str, str]) -> Iterator[OnATerminal]:
    """Start a process on a terminal of its own; it is killed if it outlives the block."""
    ours, its = pty.openpty()
    with subprocess.Popen(
        arguments,
        cwd=cwd,
        env=variables | {"TERM": "xterm", "COLUMNS": "120"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=its,
        start_new_session=True,
    ) as process:
        os.close(its)
        try:
            yield OnATerminal(process, ours)
        finally:
            if process.poll() is None:
                process.kill()
            os.close(ours)


Interrupted = tuple[int, str, str]
Interrupt = Callable[[list[str], bytes], Interrupted]


def test_ctrl_c_while_the_program_is_still_loading_is_silent() -> None:
    """The first libraries take a tenth of a second, in which nothing of the program runs yet."""
    code = (
        "import builtins; load = builtins.__import__\n"
        "def interrupted(name, *more):\n"
        "    if name == 'click': raise KeyboardInterrupt\n"
        "    return load(name, *more)\n"
        "builtins.__import__ = interrupted\n"
        "from openstack_rca.cli import main"
    )
    stopped = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (stopped.returncode, stopped.stdout, stopped.stderr) == (130, "", "")


@pytest.mark.parametrize("sent", ["SIGTERM", "SIGHUP"])
@pytest.mark.parametrize("ctrl_c", ["signal.default_int_handler", "signal.SIG_IGN"])
def test_what_ends_a_program_ends_a_command_as_ctrl_c_does(ctrl_c: str, sent: str, tmp_path: Path) -> None:
    """systemd, CI, timeout and a closed terminal send it, also to a program in the background that is deaf to Ctrl-C."""
    code = (
        "import signal\n"
        "from openstack_rca.cli import main\n"
        "from openstack_rca.service import kept_reports\n"
        f"kept_reports.list_reports = lambda *_: signal.raise_signal(signal.{sent})\n"
        "signal.signal(signal.SIGHUP, signal.SIG_DFL)\n"
        f"signal.signal(signal.SIGINT, {ctrl_c})\n"
        "main(['report', 'list'])"
    )
    variables = environment(OPENSTACK_RCA_HOME=tmp_path)
    stopped = subprocess.run([sys.executable, "-c", code], env=variables, capture_output=True, text=True, check=False)
    assert (stopped.returncode, stopped.stdout) == (130, "")
    assert stopped.stderr.strip() == "Stopped. Nothing was left half-written."


def test_what_a_thread_computes_does_not_hold_up_the_end(tmp_path: Path) -> None:
    """What libraries began goes on for seconds, and nobody wants it any more."""
    code = (
        "import signal, threading\n"
        # Who runs in the background of a script begins without this signal.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from openstack_rca.cli import main\n"
        "from openstack_rca.service import kept_reports\n"
        "kept_reports.list_reports = lambda *_: signal.raise_signal(signal.SIGINT)\n"
        "threading.Thread(target=threading.Event().wait).start()\n"
        "main(['report', 'list'])"
    )
    command, variables = [sys.executable, "-c", code], environment(OPENSTACK_RCA_HOME=tmp_path)
    stopped = subprocess.run(command, env=variables, capture_output=True, check=False, timeout=HANGS_AFTER_SECONDS)
    assert stopped.returncode == 130


def test_ctrl_c_while_a_class_is_made_ends_the_command_as_any_other(capsys: pytest.CaptureFixture[str]) -> None:
    """Which takes a while when a library is imported; Python 3.11 tells of it by an error of its own."""

    class Interrupted:
        def __set_name__(self, owner: type, name: str) -> None:
            raise KeyboardInterrupt

    @click.command
    def loading() -> None:
        type("Made", (), {"field": Interrupted()})

    assert run(loading, []) == 130
    assert capsys.readouterr().err == "Stopped. Nothing was left half-written.\n"


def test_an_interrupt_that_a_library_swallows_comes_again() -> None:
    """NumPy drops one that hits it while it waits for an array of JAX: the next sign of progress raises it."""
    with steps() as shown, pytest.raises(KeyboardInterrupt):
        with suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        shown.part(1, 2)


def test_only_the_running_step_is_shown_and_by_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # Rich takes it for a terminal.
    with steps() as shown:
        shown.step("read logs")
        shown.step("look_back")
        assert shown.progress is not None
        assert [task.description for task in shown.progress.tasks] == ["look back"]


def test_after_a_command_ctrl_c_is_what_it_was_before() -> None:
    """The handler of the caller is put back."""
    before = signal.getsignal(signal.SIGINT)
    with steps():
        assert signal.getsignal(signal.SIGINT) != before
    assert signal.getsignal(signal.SIGINT) == before


@pytest.fixture
def interrupt(tmp_path: Path, empty_home: Path) -> Interrupt:
    """Start a command, send SIGINT once the words are shown; gives exit status, standard output and the terminal."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()

    def call(arguments: list[str], shown: bytes) -> Interrupted:
        variables = environment(OPENSTACK_RCA_HOME=empty_home, TMPDIR=scratch)
        with on_a_terminal(arguments, tmp_path / "working", variables) as running:
            running.read_until(shown)
            running.process.send_signal(signal.SIGINT)
            text = running.read_to_the_end()
            out = running.process.stdout.read().decode() if running.process.stdout else ""
            status = running.process.wait(HANGS_AFTER_SECONDS)
        assert files_below(scratch) == set()
        return status, out, text

    return call


def nothing_was_published(home: Path, rca: Program) -> None:
    assert [name for name in files_below(home) if name.endswith((".keras", ".part", ".partial"))] == []
    assert rca("models", "list", "--format", "json").json() == []
    runs = rca("runs", "list", "--format", "json").json()
    assert {run["status"] for run in runs} <= {"KILLED"}


def test_interrupted_training_leaves_no_version_and_no_file(
    trained: Trained, empty_home: Path, interrupt: Interrupt, rca: Program, tmp_path: Path
) -> None:
    """Stopped in its first epoch: a plain line, and neither a version nor the copy that was asked for."""
    output = tmp_path / "working" / "model.keras"
    command = [*program(), "train", str(trained.logs), "--epochs", "9999", "--output", str(output)]
    status, out, text = interrupt(command, b"epoch 1/9999")
    assert (status, out) == (130, "")
    assert text.rstrip().splitlines()[-1].startswith("Error: Training was stopped before it was done")
    assert "Traceback" not in text
    assert files_below(tmp_path / "working") == set()
    nothing_was_published(empty_home, rca)


def test_the_progress_shows_epoch_loss_and_time_left(trained: Trained, interrupt: Interrupt) -> None:
    """What a person sees while it trains."""
    command = [*program(), "train", str(trained.logs), "--epochs", "9999", "--disable-mlflow"]
    _, _, text = interrupt(command, b"s left")
    assert re.search(r"epoch \d+/9999, loss \d+\.\d+, \d+ s left", text)


def test_the_manuals_door_trains_on_the_samples_and_can_be_interrupted(
    empty_home: Path, interrupt: Interrupt, rca: Program, tmp_path: Path
) -> None:
    """``python3 main.py --mode train`` without --logs says what it takes, and Ctrl-C leaves no model file."""
    status, _, text = interrupt([sys.executable, str(ROOT / "main.py"), "--mode", "train"], b"epoch 1/")
    assert status == 130
    assert "No --logs given: training on the sample recording." in text
    assert "Training was stopped" in text
    assert files_below(tmp_path / "working") == set()
    nothing_was_published(empty_home, rca)


def test_interrupted_reading_is_one_plain_line(empty_home: Path, interrupt: Interrupt, tmp_path: Path) -> None:
    """Before anything is trained: while the logs are read from a pipe that never ends."""
    pipe = tmp_path / "endless.log"
    os.mkfifo(pipe)
    holder = os.open(pipe, os.O_RDWR)
    try:
        command = [*program(), "train", "-", "--disable-mlflow"]
        shell = ["sh", "-c", f'exec "$0" "$@" < "{pipe}"', *command]
        status, _, text = interrupt(shell, b"read logs")
    finally:
        os.close(holder)
    assert status == 130
    assert text.rstrip().splitlines()[-1] == "Stopped. Nothing was left half-written."
