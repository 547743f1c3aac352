"""A command group that imports a command when it is asked for, so that ``--help`` and completion start at once."""

import gc
import importlib
from typing import NamedTuple

import click
from click.exceptions import NoSuchCommand


class LazyCommand(NamedTuple):
    """A command's module and name there, and its line in the group's help, which is shown without importing it."""

    module: str
    attribute: str
    short_help: str


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

    def resolve_command(
        self, context: click.Context, arguments: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the first argument names. Raises NoSuchCommand, which suggests commands with similar names."""
        try:
            return super().resolve_command(context, arguments)
        except NoSuchCommand as error:
            raise NoSuchCommand(error.command_name, possibilities=self.list_commands(context), ctx=context) from None

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands from the table; nothing is imported."""
        rows = []
        for name in self.list_commands(context):
            own = self.commands.get(name)
            rows.append((name, own.get_short_help_str() if own else self.lazy[name].short_help))
        with formatter.section("Commands"):
            formatter.write_dl(rows)
