"""The documentation is true: its commands run, its reference is current, its variables and its links exist.

Console blocks run in the order of the documents, in one empty home and one folder that holds ``samples/``; a command
that was run before is not run again. What needs a shell, or Keras, is a process; the rest is called in this one.
docs/development.md explains the comments that may stand before a block.
"""

import importlib.util
import io
import os
import re
import shlex
import shutil
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from unittest.mock import patch

import click
import pytest

from openstack_rca.cli.main import cli, run
from openstack_rca.settings import Settings
from trained_environment import make_cut

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "samples" / "README.md"]
BLOCK = re.compile(r"(?:^<!-- (?P<mark>[^>]+) -->\n)?^```console\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
MARK = re.compile(r"(?P<kind>not run|only parsed|exit status (?P<status>[12])): \S.*")
NEVER_RUN_HERE = {"export", "pipx", "podman", "make", "apt-get", "sudo", "git", "pip", "cd", "python3", "curl"}
"""Programs that a block may name without being run: they build what these tests run in."""
VARIABLE = re.compile(r"`((?:OPENSTACK_RCA|MLFLOW|AWS|REQUESTS)_[A-Z0-9_]+)`")
CALLED = re.compile(r"(?P<variables>(?:[A-Z_]+=\S+ )*)openstack-rca (?P<words>(?!train)[^|<>&;$`]*)")
"""Commands that need neither a shell nor Keras."""
HANGS_AFTER_SECONDS = 900


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@dataclass(frozen=True)
class Block:
    """A console block: its commands and what its comment says about them."""

    commands: tuple[str, ...]
    kind: str = "run"
    status: int = 0


def blocks_of(text: str) -> list[Block]:
    """Console blocks of a document; a mark that is not understood is an error."""
    blocks = []
    for found in BLOCK.finditer(text):
        lines = found["text"].replace("\\\n", " ").splitlines()
        commands = tuple(line.removeprefix("$ ") for line in lines if line.startswith("$ "))
        mark = MARK.fullmatch(found["mark"]) if found["mark"] else None
        assert found["mark"] is None or mark, f"<!-- {found['mark']} --> is none of the known comments"
        assert commands, "a console block without a line that begins with '$ '"
        kind = mark["kind"].split(" status")[0] if mark else "run"
        blocks.append(Block(commands, kind, int(mark["status"] or 0) if mark else 0))
    return blocks


@dataclass
class Session:
    """A shell in an empty home that remembers what it has run."""

    folder: Path
    seen: dict[str, int] = field(default_factory=dict)

    def run(self, command: str) -> int:
        """Exit status of the command; of its first run, where it has been run."""
        if command not in self.seen:
            ours = ("OPENSTACK_RCA_", "MLFLOW_", "AWS_")
            variables = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
            path = f"{Path(sys.executable).parent}{os.pathsep}{variables.get('PATH', '')}"
            variables |= {"HOME": str(self.folder), "PATH": path, "OPENSTACK_RCA_SEND_RUNS": "now"}
            plain = CALLED.fullmatch(command)
            if plain:
                variables |= dict(word.split("=", 1) for word in plain["variables"].split())
            status, told = self._called(plain["words"], variables) if plain else self._started(command, variables)
            self.seen[command] = status
            print(f"$ {command}\n{told}")
        return self.seen[command]

    def _started(self, command: str, variables: dict[str, str]) -> tuple[int, str]:
        result = subprocess.run(
            ["bash", "-o", "pipefail", "-c", command],
            cwd=self.folder / "work",
            env=variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=HANGS_AFTER_SECONDS,
        )
        return result.returncode, result.stdout + result.stderr

    def _called(self, words: str, variables: dict[str, str]) -> tuple[int, str]:
        told = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
        with pytest.MonkeyPatch.context() as here, patch.dict(os.environ, variables, clear=True):
            here.chdir(self.folder / "work")
            with redirect_stdout(told), redirect_stderr(told):
                status = run(cli, shlex.split(words))
        told.seek(0)
        return status, told.read()


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    """One home for all documents, as one reader would have."""
    folder = tmp_path_factory.mktemp("reader")
    samples = folder / "work" / "samples"
    shutil.copytree(ROOT / "samples", samples)
    # As long as a training needs to be one; the whole recording takes a minute more.
    normal = samples / "normal" / "logs"
    shutil.rmtree(normal)
    make_cut(normal)
    (normal / "controller" / "nova-api.log.xz").unlink()
    shutil.copy(ROOT / "samples" / "normal" / "logs" / "controller" / "cinder-api.log.xz", normal / "controller")
    return Session(folder)


@pytest.fixture(scope="module")
def reference() -> ModuleType:
    """The script that writes docs/commands.md."""
    spec = importlib.util.spec_from_file_location("make_command_reference", ROOT / "scripts/make_command_reference.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def parse(command: click.Command, line: str) -> None:
    """Let click parse one of our command lines without running it; wrong usage raises."""
    program, *words = shlex.split(line)
    assert program == "openstack-rca", f"only our own commands can be parsed: {line}"
    while isinstance(command, click.Group) and words:
        found = command.get_command(click.Context(command), words.pop(0))
        assert found is not None, f"there is no such command: {line}"
        command = found
    # A command keeps the help option that it was first asked with.
    command.make_context(line, words, help_option_names=["-h", "--help"])


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_the_commands_of_a_document_run(path: Path, session: Session) -> None:
    """Each command ends with the status that the document lets a reader expect: 0 where it says nothing else."""
    for block in blocks_of(path.read_text()):
        if block.kind in ("run", "exit"):
            for command in block.commands:
                assert session.run(command) == block.status, command


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_commands_that_are_only_shown_can_be_parsed(path: Path, reference: ModuleType) -> None:
    """What takes long or serves until it is stopped has at least a command and options that exist."""
    lines = [
        command for block in blocks_of(path.read_text()) if block.kind == "only parsed" for command in block.commands
    ]
    for line in lines:
        parse(reference.root_command(), line)


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_only_set_up_commands_go_unchecked(path: Path) -> None:
    """A block that is not run holds make, apt-get, pip and the like, or programs of an environment made by them."""
    for block in blocks_of(path.read_text()):
        if block.kind == "not run":
            programs = {shlex.split(command)[0] for command in block.commands}
            assert all(program in NEVER_RUN_HERE or "/bin/" in program for program in programs), programs


def test_the_reading_of_blocks_sees_marks_and_continued_lines() -> None:
    """A comment belongs to the block right after it, and a backslash joins two lines."""
    text = "```console\n$ a \\\n  b\nshown\n$ c\n```\n\n<!-- exit status 1: no such folder -->\n```console\n$ d\n```\n"
    text += "\n<!-- only parsed: it serves -->\n```console\n$ e\n```\n"
    first, second, third = blocks_of(text)
    assert [shlex.split(command) for command in first.commands] == [["a", "b"], ["c"]]
    assert (first.kind, first.status) == ("run", 0)
    assert (second.kind, second.status) == ("exit", 1)
    assert (third.kind, third.commands) == ("only parsed", ("e",))


def test_a_block_with_an_unknown_mark_is_refused() -> None:
    """A misspelt comment does not quietly turn into a block that runs, or one that does not."""
    with pytest.raises(AssertionError, match="none of the known"):
        blocks_of("<!-- not-run -->\n```console\n$ a\n```\n")


def test_the_command_reference_is_current(reference: ModuleType) -> None:
    """docs/commands.md is what `make reference` writes from the help texts of today."""
    assert (ROOT / "docs" / "commands.md").read_text() == reference.reference()


def test_every_command_and_option_has_a_help_text(reference: ModuleType) -> None:
    """The reference has no empty cell and no empty section."""
    for name, command in reference.commands(reference.root_command()):
        assert command.help, name
        options = [item for item in command.params if isinstance(item, click.Option) and not item.hidden]
        assert [option.opts for option in options if not option.help] == [], name


def test_the_commands_are_the_documented_ones(reference: ModuleType) -> None:
    """The names that scripts depend on exist."""
    names = {name.removeprefix("openstack-rca ") for name, _ in reference.commands(reference.root_command())}
    expected = {"train", "analyze", "evaluate", "demo", "doctor", "dashboard", "runs list", "signatures lint"}
    expected |= {f"models {name}" for name in ("list", "show", "download", "verify", "publish")}
    assert expected <= names


def test_every_environment_variable_is_documented_and_every_documented_one_exists() -> None:
    """The tables of docs/configuration.md and the fields of the settings name the same variables."""
    tables = [line for line in (ROOT / "docs/configuration.md").read_text().splitlines() if line.startswith("| `")]
    documented = {name for line in tables for name in VARIABLE.findall(line.split("|")[1])}
    assert documented == {name for names in variables_of_settings().values() for name in names}


def test_the_documented_defaults_are_the_real_ones() -> None:
    """Where a setting has a fixed default, its row shows it."""
    tables = [line for line in (ROOT / "docs/configuration.md").read_text().splitlines() if line.startswith("| `")]
    rows = {name: line.split("|")[2].strip() for line in tables for name in VARIABLE.findall(line.split("|")[1])}
    for setting, names in variables_of_settings().items():
        default = Settings.model_fields[setting].default
        if isinstance(default, str | int | float):
            shown = str(default).lower() if isinstance(default, bool) else str(default)
            assert {rows[name] for name in names} == {f"`{shown}`" if shown else "none"}


def variables_of_settings() -> dict[str, list[str]]:
    """Setting -> the environment variables that it is read from."""
    aliases = {name: info.validation_alias for name, info in Settings.model_fields.items()}
    return {name: [str(choice) for choice in getattr(alias, "choices", [])] for name, alias in aliases.items()}


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_links_lead_somewhere(path: Path) -> None:
    """Every relative link of a document is a file of the checkout."""
    targets = re.findall(r"\]\((?!https?://|#)([^)#]+)", path.read_text())
    assert [target for target in targets if not (path.parent / target).exists()] == []


def test_the_readme_names_every_document() -> None:
    """A page that nobody can find does not exist."""
    readme = (ROOT / "README.md").read_text()
    assert [name_of(path) for path in DOCUMENTS[1:] if f"]({name_of(path)})" not in readme] == []


def test_the_changelog_has_a_place_for_what_comes_next() -> None:
    """CHANGELOG.md follows Keep a Changelog: an Unreleased section, and only its kinds of change."""
    text = (ROOT / "CHANGELOG.md").read_text()
    assert "## [Unreleased]" in text
    kinds = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    assert set(re.findall(r"^### (.+)$", text, re.MULTILINE)) <= kinds
