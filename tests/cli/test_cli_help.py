"""The help teaches: every command says what it does and takes, and shows it on an 80-column screen."""

import re
from collections.abc import Iterator

import click
import pytest
from cli_helpers import Program
from click.testing import CliRunner

from openstack_rca import __version__
from openstack_rca.cli.main import COMMANDS, cli
from openstack_rca.cli.manual import manual_command
from openstack_rca.cli.models import COMMANDS as MODEL_COMMANDS
from openstack_rca.cli.models import models_group


def commands(command: click.Command, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command with the words that lead to it."""
    yield words, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from commands(below, (*words, name))


ALL = [*commands(cli), (("main.py",), manual_command)]
NAMES = [" ".join(words) or "openstack-rca" for words, _ in ALL]
LEAVES = [(words, command) for words, command in ALL if not isinstance(command, click.Group)]


@pytest.mark.parametrize(("words", "command"), ALL, ids=NAMES)
def test_every_command_and_option_says_what_it_does(words: tuple[str, ...], command: click.Command) -> None:
    """No option is a bare name, and no default is left to be guessed."""
    assert command.help
    options = [item for item in command.params if isinstance(item, click.Option)]
    assert [option.name for option in options if not option.help] == []


@pytest.mark.parametrize(("words", "command"), LEAVES, ids=[" ".join(words) for words, _ in LEAVES])
def test_a_command_with_arguments_shows_an_example(words: tuple[str, ...], command: click.Command) -> None:
    """Whoever has to give something sees how it is given."""
    if any(isinstance(item, click.Argument) or item.required for item in command.params):
        assert "Example" in (command.help or "")


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize(("words", "command"), ALL, ids=NAMES)
def test_help_fits_the_screen(words: tuple[str, ...], command: click.Command, width: int) -> None:
    """Prose is wrapped within the width; only examples, which must stay whole, may be longer."""
    root, arguments = (cli, list(words)) if command is not manual_command else (manual_command, [])
    result = CliRunner().invoke(root, [*arguments, "--help"], terminal_width=width)
    assert result.exit_code == 0
    prose = [line for line in result.output.splitlines() if "openstack-rca " not in line and "main.py" not in line]
    assert [line for line in prose if len(line) > width] == []


@pytest.mark.parametrize("words", [(), ("analyze",), ("models", "pin")], ids=" ".join)
def test_on_a_narrow_screen_help_fits_whole_and_its_examples_can_be_pasted(words: tuple[str, ...]) -> None:
    """Below each other, not beside each other; a shell joins the parts of a command again."""
    output = CliRunner().invoke(cli, [*words, "--help"], env={"COLUMNS": "40"}).output
    assert [line for line in output.splitlines() if len(line) > 40 and line[6] != '"'] == []
    joined = re.sub(r" \\\n +", " ", output)
    assert {
        (): "  openstack-rca analyze /var/log/kolla\n",
        ("analyze",): 'openstack-rca analyze /var/log/kolla --issue "Instances stay in BUILD"\n',
        ("models", "pin"): 'openstack-rca models pin 14 --reason "until the new release is understood"\n',
    }[words] in joined


@pytest.mark.parametrize("words", [(), ("models",), ("runs",), ("signatures",)], ids=" ".join)
def test_the_list_of_commands_is_not_cut_off(words: tuple[str, ...]) -> None:
    """Each command has a summary that fits in its line."""
    output = CliRunner().invoke(cli, [*words, "--help"], terminal_width=80).output
    summaries = output.split("Commands:\n")[1].split("\n\n")[0]
    assert "..." not in summaries


def test_every_command_answers_to_both_names_of_help(rca: Program) -> None:
    """-h and --help, with exit status 0 and nothing on stderr."""
    for words, _ in commands(cli):
        for name in ("-h", "--help"):
            result = rca(*words, name)
            assert (result.status, result.err) == (0, ""), words
            assert result.out.startswith("Usage: ")


def test_the_help_of_the_program_tells_how_to_begin(rca: Program) -> None:
    """The first three commands of a newcomer, and what an exit status means."""
    out = rca("--help").out
    for words in ("openstack-rca demo", "openstack-rca train", "openstack-rca analyze", "Exit status: 0 done"):
        assert words in out


def test_the_version_is_that_of_the_package(rca: Program) -> None:
    """``--version`` and ``-V`` say it."""
    for name in ("--version", "-V"):
        assert rca(name).out == f"openstack-rca, version {__version__}\n"


@pytest.mark.parametrize(
    ("group", "name"), [(cli, name) for name in COMMANDS] + [(models_group, n) for n in MODEL_COMMANDS]
)
def test_every_command_of_a_list_is_where_the_list_says(group: click.Group, name: str) -> None:
    """The lists are written without importing a command; each name of them leads to one."""
    command = group.get_command(click.Context(group), name)
    assert command is not None and command.name == name


def test_help_is_a_command_too(rca: Program) -> None:
    """``help models yank`` shows what ``models yank --help`` shows; an unknown name is wrong usage."""
    assert rca("help", "models", "yank").out == rca("models", "yank", "--help").out
    assert rca("help").out == rca("--help").out
    assert rca("help", "models", "nothing").status == 2


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script_for_each_shell(rca: Program, shell: str) -> None:
    """The script calls the program with click's variable for that shell."""
    result = rca("completion", shell)
    assert (result.status, result.err) == (0, "")
    assert f"_OPENSTACK_RCA_COMPLETE={shell}_complete" in result.out


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["analize", "x"], "analyze"),
        (["models", "lst"], "list"),
        (["help", "modls"], "models"),
        (["help", "models", "rollbck"], "rollback"),
        (["models", "log"], "history"),
        (["models", "runs"], "openstack-rca runs"),
        (["analyze", "--isue", "x"], "--issue"),
    ],
)
def test_a_mistyped_command_is_answered_with_the_one_that_was_meant(rca: Program, words: list[str], meant: str) -> None:
    """In every group, and for ``help``."""
    assert f"Did you mean '{meant}'?" in rca(*words).err


def test_an_option_far_from_every_other_is_answered_with_none(rca: Program) -> None:
    """A wrong suggestion is worse than none."""
    result = rca("analyze", "--version", "3")
    assert result.status == 2 and "Did you mean" not in result.err


def test_the_components_that_a_cause_may_name_are_listed(rca: Program) -> None:
    """Nobody has to guess how a component is called here."""
    assert {"mariadb", "masakari-api"} <= set(rca("confirm", "--components").out.replace(",", " ").split())
