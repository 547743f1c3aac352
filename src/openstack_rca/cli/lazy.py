"""A command group that imports a command when it is asked for, so that ``--help`` and completion start at once."""

import difflib
import gc
import importlib
from collections.abc import Sequence
from typing import NamedTuple

import click
from click.exceptions import NoSuchCommand
from click.shell_completion import CompletionItem


class LazyCommand(NamedTuple):
    """A command's module and name there, and its line in the group's help, which is shown without importing it."""

    module: str
    attribute: str
    short_help: str


NEAR = 0.7
"""How alike a mistyped command and the one that is suggested are at least: ``runs`` did not mean ``prune``."""
OTHER_WORDS = {"delete": ("prune", "yank"), "remove": ("prune", "yank"), "rm": ("prune", "yank"), "log": ("history",)}
"""What other programs call a command."""


def no_such_command(name: str, known: Sequence[str], context: click.Context) -> NoSuchCommand:
    """The error for a command that a group does not know, with those that may be meant, here or at the top."""
    near = difflib.get_close_matches(name, known, cutoff=NEAR)
    error = NoSuchCommand(name, ctx=context)
    meant = near or [word for word in OTHER_WORDS.get(name, ()) if word in known]
    if meant:
        return NoSuchCommand(name, f"{error.message} Did you mean {' or '.join(map(repr, meant))}?", ctx=context)
    top = context.find_root()
    if top is not context and isinstance(top.command, click.Group) and name in top.command.list_commands(top):
        return NoSuchCommand(name, f"{error.message} Did you mean 'openstack-rca {name}'?", ctx=context)
    return error


class LazyGroup(click.Group):
    """A group whose commands are named in a table and imported one by one.

    Args:
        lazy: name of the command -> where it lives, and its line in the list of commands.
    """

    def __init__(self, *arguments: object, lazy: dict[str, LazyCommand], **settings: object) -> None:
        super().__init__(*arguments, **settings)  # type: ignore[arg-type]
        self.lazy = lazy

    def list_commands(self, context: click.Context) -> list[str]:
        """Names of all commands, in alphabetical order."""
        return sorted({*self.commands, *self.lazy})

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """The command of this name, imported now; None if there is none."""
        if name not in self.lazy:
            return super().get_command(context, name)
        place = self.lazy[name]
        # What an import makes stays; the collector need not walk over it then or ever again.
        gc.disable()
        try:
            command = getattr(importlib.import_module(f"openstack_rca.cli.{place.module}"), place.attribute)
        finally:
            gc.freeze()
            gc.enable()
        assert isinstance(command, click.Command)
        return command

    def shell_complete(self, context: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete the name of a command from the table; nothing is imported."""
        rows = [(name, help_) for name, help_ in self._rows(context) if name.startswith(incomplete)]
        return [CompletionItem(name, help=help_) for name, help_ in rows] + click.Command.shell_complete(
            self, context, incomplete
        )

    def resolve_command(
        self, context: click.Context, arguments: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the first argument names. Raises NoSuchCommand, which suggests commands with similar names."""
        try:
            return super().resolve_command(context, arguments)
        except NoSuchCommand as error:
            raise no_such_command(error.command_name, self.list_commands(context), context) from None

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands from the table; nothing is imported."""
        with formatter.section("Commands"):
            formatter.write_dl(self._rows(context))

    def _rows(self, context: click.Context) -> list[tuple[str, str]]:
        """Each command with its line, in alphabetical order."""
        own = {name: command.get_short_help_str() for name, command in self.commands.items()}
        return [(name, own.get(name) or self.lazy[name].short_help) for name in self.list_commands(context)]
