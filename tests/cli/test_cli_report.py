"""``analyze`` on one screen, its exit status and forms, and ``openstack-rca report``."""

import fcntl
import json
import os
import pty
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest
from cli_helpers import HANGS_AFTER_SECONDS, HEALTHY, INCIDENT, LOGS, Program, files_below, refused

from openstack_rca.cli.output import PROGRAM, program_path
from trained_environment import environment, program

ALONE = ("--disable-mlflow", "--model", "none")


def test_an_analysis_needs_neither_issue_nor_model(empty_home: Path, rca: Program) -> None:
    """The first command on one's own logs: a path and nothing else."""
    result = rca("analyze", LOGS, *ALONE, "--format", "json")
    assert result.status == 0
    assert result.json()["issue"] == ""
    assert result.json()["causes"][0]["component"] == "keystone"


def test_the_report_of_an_analysis_opens_again_by_its_id(empty_home: Path, rca: Program) -> None:
    """As JSON it is what the analysis printed; the list names it first."""
    printed = rca("analyze", LOGS, *ALONE, "--issue", "401 on every call", "--format", "json").json()
    assert rca("report", "show", printed["id"][:8], "--format", "json").json() == printed
    (listed,) = rca("report", "list", "--format", "json").json()
    assert (listed["id"], listed["component"], listed["issue"]) == (printed["id"], "keystone", "401 on every call")
    assert printed["id"] in rca("report", "list").out


def test_a_program_that_the_shell_does_not_find_is_called_by_its_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is printed can be typed as it is; one that the shell finds is called by its name."""
    called = Path(sys.executable).parent / PROGRAM
    monkeypatch.setattr(sys, "argv", [str(called)])
    monkeypatch.setenv("PATH", str(called.parent / "none"))
    assert program_path() == str(called)
    monkeypatch.setenv("PATH", str(called.parent))
    assert program_path() == PROGRAM


def test_a_kept_report_is_written_in_the_form_of_the_suffix(empty_home: Path, rca: Program, tmp_path: Path) -> None:
    """``-o`` on report show, as on analyze."""
    rca("analyze", LOGS, *ALONE)
    assert rca("report", "show", "last", "-o", tmp_path / "a.md").status == 0
    assert (tmp_path / "a.md").read_text().startswith("# ")


def test_an_unknown_id_is_one_plain_line(empty_home: Path, rca: Program) -> None:
    """It names the command that lists what there is."""
    refused(rca("report", "show", "ffff"), "ffff", "report list")


def test_an_empty_list_says_where_reports_come_from(empty_home: Path, rca: Program) -> None:
    """No table without rows; as JSON an empty list."""
    assert "openstack-rca analyze" in rca("report", "list").out
    assert rca("report", "list", "--format", "json").json() == []


@pytest.mark.parametrize(("logs", "status"), [(LOGS, 11), (str(HEALTHY / "logs"), 0)], ids=["failure", "healthy"])
def test_the_exit_status_says_what_was_found(empty_home: Path, rca: Program, logs: str, status: int) -> None:
    """For cron and CI, and only when asked for."""
    assert rca("analyze", logs, *ALONE, "--exit-code").status == status
    assert rca("analyze", logs, *ALONE).status == 0


def test_a_ticket_is_printed_on_request(empty_home: Path, rca: Program) -> None:
    """At most 30 lines of Markdown."""
    out = rca("analyze", LOGS, *ALONE, "--ticket").out
    assert out.startswith("**")
    assert len(out.splitlines()) <= 30


def test_only_the_report_and_the_history_are_left_behind(empty_home: Path, rca: Program) -> None:
    """Nothing else is written by an analysis that records no run."""
    rca("analyze", LOGS, *ALONE)
    names = {name.split("/")[0] for name in files_below(empty_home)}
    assert names <= {"reports", "state", "cache"}


def test_a_home_that_cannot_be_written_still_answers(
    tmp_path: Path, clean_environment: Path, rca: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer is printed; notices say what was not kept."""
    (tmp_path / "home").write_text("a file in the way")
    monkeypatch.setenv("OPENSTACK_RCA_HOME", str(tmp_path / "home"))
    result = rca("analyze", LOGS, *ALONE, "--format", "json")
    assert result.status == 0
    assert json.loads(result.out)["causes"][0]["component"] == "keystone"
    assert "not kept" in result.err


def test_a_relative_window_is_accepted(empty_home: Path, rca: Program) -> None:
    """``--since "90 weeks ago"`` reads all of the recording; a wrong time is wrong usage."""
    assert rca("analyze", str(INCIDENT / "logs"), *ALONE, "--since", "90 weeks ago").status == 0
    assert rca("analyze", LOGS, *ALONE, "--since", "soonish").status == 2


def on_terminal(home: Path, *arguments: str, **variables: str | Path) -> str:
    """What a terminal of 80 columns shows of a command."""
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    process = subprocess.Popen(
        [*program(), *arguments],
        env=environment(OPENSTACK_RCA_HOME=home, TERM="xterm", **variables),
        stdin=its,
        stdout=its,
        stderr=subprocess.DEVNULL,
        close_fds=True,
    )
    os.close(its)
    shown = b""
    try:
        while part := os.read(ours, 65536):
            shown += part
    except OSError:
        pass  # what Linux says where the other side is closed
    finally:
        os.close(ours)
        process.wait(HANGS_AFTER_SECONDS)
    return shown.decode()


def test_a_whole_report_on_a_terminal_goes_through_the_pager(empty_home: Path, rca: Program, tmp_path: Path) -> None:
    """The pager gets all of it in colours; one that its reader leaves at once is no error; the short answer needs none."""
    rca("analyze", LOGS, *ALONE)
    taken = tmp_path / "paged"
    shown = on_terminal(empty_home, "report", "show", "last", "--full", OPENSTACK_RCA_PAGER=f"tee {taken}")
    paged = taken.read_text()
    assert shown.replace("\r\n", "\n").count(paged) == 1
    assert paged.count("\n") > 40
    assert "\x1b[" in paged
    left = on_terminal(empty_home, "report", "show", "last", "--full", OPENSTACK_RCA_PAGER="true")
    assert "Traceback" not in left and "Error" not in left
    taken.unlink()
    short = on_terminal(empty_home, "report", "show", "last", OPENSTACK_RCA_PAGER=f"tee {taken}")
    assert 5 < len(short.splitlines()) <= 25
    assert not taken.exists()


def test_where_nothing_can_be_kept_the_answer_says_how_to_save_it(
    tmp_path: Path, rca: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One note says that nothing is kept, and names the option that saves the answer."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("OPENSTACK_RCA_HOME", str(tmp_path / "file" / "home"))
    result = rca("analyze", LOGS, "--model", "none")
    assert result.status == 0
    assert "keystone" in result.out
    (note,) = [line for line in result.err.splitlines() if "kept" in line or "recorded" in line]
    assert "--output FILE" in note
