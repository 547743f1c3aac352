"""Log lines, file names and issues are written by anyone: none of their control characters reaches a screen."""

import json
import lzma
import re
from pathlib import Path

import pytest
from cli_helpers import LOGS, Program, Result, run_process

from openstack_rca.cli.output import notice, print_columns

NASTY = (
    " \x1b]0;owned\x07 \x1b[2J\x1b[31mred\x1b[0m \x9b31m \x90q\x9c \u202egnp.exe \u2066\u200b\x00 \x08\x08 \r\x7f "
    "<script>alert(1)</script> [bold]markup[/bold] `rm` | [a](http://b)"
)
FORBIDDEN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2066-\u2069]")


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sample incident in a folder with a hostile name; each of its errors and warnings has a hostile ending."""
    folder = tmp_path_factory.mktemp("hostile") / "logs\x1b[31m"
    for name in ("controller/neutron-server.log", "controller/nova-api.log", "compute3/nova-compute.log"):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        lines = lzma.decompress(Path(LOGS, f"{name}.xz").read_bytes()).decode().split("\n")
        marked = [line + NASTY if " WARNING " in line or " ERROR " in line else line for line in lines]
        target.write_bytes("\n".join(marked).encode())
    return folder


def harmless(text: str) -> None:
    found = FORBIDDEN.search(text)
    assert found is None, repr(text[max(0, found.start() - 40) : found.end() + 40])


def analyze(logs: Path, tmp_path: Path, *words: str) -> Result:
    fixed = ("--issue", "it \x1b[5mblinks\x07", "--disable-mlflow")
    return run_process("analyze", logs, *fixed, *words, cwd=tmp_path, OPENSTACK_RCA_HOME=tmp_path / "home")


@pytest.mark.parametrize("form", ["text", "json", "markdown", "html"])
def test_no_control_character_of_a_log_is_printed(logs: Path, tmp_path: Path, form: str) -> None:
    """The lines are cited, with what is not seen made visible or written as an escape of the format."""
    result = analyze(logs, tmp_path, "--format", form)
    assert result.status == 0
    assert result.out
    harmless(result.out)
    harmless(result.err)
    assert "Unable to validate token" in result.out


@pytest.mark.parametrize("suffix", ["txt", "json", "md", "html"])
def test_no_control_character_of_a_log_is_written(logs: Path, tmp_path: Path, suffix: str) -> None:
    """The same for the file that --output names."""
    assert analyze(logs, tmp_path, "--output", f"report.{suffix}").status == 0
    written = (tmp_path / f"report.{suffix}").read_text()
    assert "Unable to validate token" in written
    harmless(written)


def test_json_gives_back_the_line_as_it_was_logged(logs: Path, tmp_path: Path) -> None:
    """Escaped, not changed, but for colours: a program that reads it gets the evidence itself."""
    report = json.loads(analyze(logs, tmp_path, "--format", "json").out)
    texts = [item["text"] for cause in report["causes"] for item in cause["evidence"]]
    assert any("\x1b]0;owned" in text for text in texts)


def test_html_does_not_run_what_a_log_says(logs: Path, tmp_path: Path) -> None:
    """A script in a line is text."""
    assert "<script>alert" not in analyze(logs, tmp_path, "--format", "html").out


def test_an_error_shows_a_hostile_path_harmlessly(rca: Program, tmp_path: Path) -> None:
    """One line, whatever the name holds."""
    result = rca("analyze", tmp_path / "no\x1b]0;owned\x07\nsuch\u202e.log", "--issue", "x", "--disable-mlflow")
    assert result.status == 1
    assert len(result.err.splitlines()) == 1
    harmless(result.err)


def test_a_run_with_a_hostile_issue_is_listed_harmlessly(home: Path, logs: Path, rca: Program) -> None:
    """What was recorded comes back on one line."""
    assert rca("analyze", logs, "--issue", "it \x1b[5mblinks\x07").status == 0
    for form in ("text", "json"):
        out = rca("runs", "list", "--format", form).out
        harmless(out)
    assert len(rca("runs", "list").out.splitlines()) == 3


def test_a_table_shows_hostile_cells_harmlessly_each_on_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Notes, reasons, descriptions and aliases are typed by anyone: no escape, no line break, no markup acts."""
    print_columns(["name", "note"], [(f"a{NASTY}\nb", "[red]x[/red]"), ("plain", NASTY)])
    out = capsys.readouterr().out
    harmless(out)
    assert len(out.splitlines()) == 3
    assert "[red]x[/red]" in out


def test_a_notice_is_one_harmless_line(capsys: pytest.CaptureFixture[str]) -> None:
    """What a server answered may be part of it."""
    notice(f"the server says {NASTY}\nand more [bold]x[/bold]")
    err = capsys.readouterr().err
    harmless(err)
    assert len(err.splitlines()) == 1
    assert "[bold]x[/bold]" in err
