"""The command group, and the outermost boundary: every error leaves as one line and an exit status."""

import difflib
import gc
import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType

import click
from click.exceptions import NoSuchOption

from openstack_rca import ALLOCATOR, __version__
from openstack_rca.cli.help_text import HelpFormatter
from openstack_rca.cli.lazy import NEAR, LazyCommand, LazyGroup, no_such_command
from openstack_rca.cli.standard_output import guard_standard_output
from openstack_rca.errors import OpenStackRcaError, PublishInterrupted, TrainingInterrupted

EPILOG = """\b
Begin with:
  openstack-rca analyze /var/log/kolla                 find the root cause; no training is needed
  openstack-rca train /var/log/kolla                   learn what normal looks like on your cloud
  openstack-rca demo                                   answer a recorded incident, then train on the samples

Exit status: 0 done, 1 failed (one line on stderr says why), 2 wrong usage, 3 trained but not published,
130 stopped with Ctrl-C or SIGTERM.
"""

INTERRUPTED = 130
"""What shells report of a program that SIGINT ended: 128 and the signal's number."""

_STOPPED = "Stopped. Nothing was left half-written."

COMMANDS = {
    "analyze": LazyCommand("analyze", "analyze_command", "Find the root cause in logs."),
    "backup": LazyCommand("backup", "backup_command", "Copy the embedded tracking database."),
    "cache": LazyCommand("cache", "cache_group", "List or empty the cache of logs that were read before."),
    "completion": LazyCommand("completion", "completion_command", "Print the shell's completion script."),
    "confirm": LazyCommand("history", "confirm_command", "Record the actual root cause of an incident."),
    "dashboard": LazyCommand("dashboard", "dashboard_command", "Serve the dashboard: the same answers in a browser."),
    "demo": LazyCommand("demo", "demo_command", "Answer a recorded incident, then train on the samples."),
    "doctor": LazyCommand("doctor", "doctor_command", "Check the tracking server, the store and the credentials."),
    "evaluate": LazyCommand("evaluate", "evaluate_command", "Score the answers on labelled incidents."),
    "history": LazyCommand("history", "history_group", "List or import past incidents with their confirmed causes."),
    "logs": LazyCommand("logs", "logs_group", "Show how logs are read, without an analysis."),
    "mcp": LazyCommand(
        "mcp", "mcp_command", "Serve tools for agents (Model Context Protocol) on standard input and output."
    ),
    "models": LazyCommand("models", "models_group", "List, compare, change and remove versions of the model."),
    "report": LazyCommand("report", "report_group", "List, show and explain the reports of earlier analyses."),
    "restore": LazyCommand("backup", "restore_command", "Put a copy of the embedded tracking database back."),
    "runs": LazyCommand("runs", "runs_group", "List, send and remove the records of trainings and analyses."),
    "serve": LazyCommand("serve", "serve_command", "Serve an HTTP API, and answer the alerts of Alertmanager."),
    "signatures": LazyCommand("signatures", "signatures_group", "Write, check and test your own failure signatures."),
    "store": LazyCommand("store", "store_group", "Manage the store that keeps the model files."),
    "story": LazyCommand("story", "story_command", "Show what happened to one server, port, volume, image or request."),
    "train": LazyCommand("train", "train_command", "Learn what normal looks like and store it as the next version."),
    "watch": LazyCommand("watch", "watch_command", "Watch logs, and tell when trouble begins and ends."),
}
"""Every command: where it lives, and its line in the help."""

GO_ON = ("dashboard", "mcp", "serve", "watch")
"""Commands that go on until they are stopped."""

click.Context.formatter_class = HelpFormatter


@click.group(
    cls=LazyGroup,
    lazy=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110, "show_default": True},
    epilog=EPILOG,
)
@click.version_option(__version__, "-V", "--version", prog_name="openstack-rca")
def cli() -> None:
    """Find the root cause of an OpenStack cloud's trouble in its logs, offline, with the lines that prove it."""


@cli.command("help", short_help="Show the help of a command.")
@click.argument("words", nargs=-1, metavar="[COMMAND]...")
@click.pass_context
def help_command(context: click.Context, words: tuple[str, ...]) -> None:
    """Show the help of a command, as ``COMMAND --help`` does.

    \b
    Examples:
      openstack-rca help analyze
      openstack-rca help models yank
    """
    assert context.parent is not None
    at, command = context.parent, context.parent.command
    for word in words:
        found = command.get_command(at, word) if isinstance(command, click.Group) else None
        if found is None:
            known = command.list_commands(at) if isinstance(command, click.Group) else []
            raise no_such_command(word, known, at)
        at, command = click.Context(found, at, info_name=word), found
    click.echo(command.get_help(at))


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit status."""
    # Libraries and rules make a million objects that stay; by its default the collector walks over them again and again.
    gc.set_threshold(50_000, 20, 20)
    # Pydantic looks for plugins in every distribution that is installed; none is for this program.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    suit_the_allocator(sys.argv if arguments is None else arguments)
    guard_standard_output()
    signal.signal(signal.SIGTERM, _end_as_with_ctrl_c)
    # What nohup started goes on when its terminal closes.
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        signal.signal(signal.SIGHUP, _end_as_with_ctrl_c)
    status = run(cli, arguments)
    if status == INTERRUPTED:
        # What libraries compute in threads of theirs goes on, for seconds, and trips over what Python takes away at its end.
        sys.stdout.flush()
        os._exit(status)
    # At its end Python walks over all of them once more, to free what the system takes back anyway: a sixth of a second.
    gc.freeze()
    sys.exit(status)


def suit_the_allocator(words: Sequence[str]) -> None:
    """Let a command that ends soon keep the memory that it freed for longer; what the user says of the allocator stands.

    The large blocks, which are given back at once by default, are asked for again and again, page by page.
    """
    if os.environ["_RJEM_MALLOC_CONF"] == ALLOCATOR and not set(GO_ON) & set(words):
        os.environ["_RJEM_MALLOC_CONF"] = ALLOCATOR.replace(":500", ":5000") + ",oversize_threshold:0"


def _end_as_with_ctrl_c(_number: int, frame: FrameType | None) -> None:
    """What systemd, CI, timeout and a terminal that closes send: whoever holds Ctrl-C back just now holds this back too."""
    taken = signal.getsignal(signal.SIGINT)
    # A shell that starts a program in the background makes it deaf to Ctrl-C, not to this.
    if not callable(taken):
        raise KeyboardInterrupt
    taken(signal.SIGINT, frame)


def run(command: click.Command, arguments: Sequence[str] | None = None) -> int:
    """Run one command; every error becomes one line on stderr and an exit status."""
    try:
        result = command.main(args=None if arguments is None else list(arguments), standalone_mode=False)
        # What waits in the buffer may find no room either.
        sys.stdout.flush()
        return result if isinstance(result, int) else 0
    except click.ClickException as error:
        if isinstance(error, NoSuchOption):
            _keep_near(error)
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        _say(_STOPPED)
        return INTERRUPTED
    except OpenStackRcaError as error:
        _say(f"Error: {error}")
        return INTERRUPTED if isinstance(error, TrainingInterrupted | PublishInterrupted) else 1
    except PermissionError as error:
        _say(f"Error: {_forbidden(error)}")
        return 1
    except Exception as error:  # noqa: BLE001 - the outermost boundary: a user never sees a bare stack trace
        if isinstance(error.__cause__, KeyboardInterrupt):
            # Python before 3.12 tells so of Ctrl-C while a class is made, which imports do.
            _say(_STOPPED)
            return INTERRUPTED
        from openstack_rca.service.places import keep_trace

        _say(f"Error: Unexpected {type(error).__name__}: {error}. {keep_trace()}")
        return 1


def _keep_near(error: NoSuchOption) -> None:
    """Keep of the suggested options those that are alike without their dashes too."""
    wanted = error.option_name.lstrip("-")
    near = [one for one in error.possibilities or () if difflib.get_close_matches(wanted, [one.lstrip("-")], 1, NEAR)]
    if error.possibilities:
        error.possibilities[:] = near


def _forbidden(error: PermissionError) -> str:
    what = error.filename or "Something that is needed"
    return (
        f"{what} may not be used by this user ({(error.strerror or 'permission denied').lower()}). Have its owner allow it, "
        "or run as a user who may; OPENSTACK_RCA_HOME names another folder of models, runs and reports."
    )


def _say(message: str) -> None:
    """One line on stderr: the name of a file or a server's answer may hold anything."""
    from openstack_rca.cli.output import error_console
    from openstack_rca.plain_text import one_line

    error_console().print(one_line(message), markup=False)
