"""Write docs/commands.md from the help texts of the command line; ``--check``: only say whether it is current."""

import importlib
import inspect
import pkgutil
import sys
from collections.abc import Iterator
from pathlib import Path

import click

import openstack_rca.cli

TARGET = Path(__file__).resolve().parent.parent / "docs" / "commands.md"
HEADER = "<!-- Written by `make reference` from the help texts. Change those, not this file. -->"
PROGRAM = "openstack-rca"


def root_command() -> click.Group:
    """The group that holds the commands, in whichever module of ``openstack_rca.cli`` it is."""
    names = [f"openstack_rca.cli.{module.name}" for module in pkgutil.iter_modules(openstack_rca.cli.__path__)]
    for module in [openstack_rca.cli, *map(importlib.import_module, names)]:
        for value in vars(module).values():
            if isinstance(value, click.Group) and "analyze" in value.list_commands(click.Context(value)):
                return value
    raise LookupError("openstack_rca.cli holds no group with the command analyze")


def commands(command: click.Command, name: str = PROGRAM) -> Iterator[tuple[str, click.Command]]:
    """Each command with its full name, a group before what is in it."""
    yield name, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for child in command.list_commands(context):
            found = command.get_command(context, child)
            if found is not None and not found.hidden:
                yield from commands(found, f"{name} {child}")


def value_name(parameter: click.Parameter) -> str:
    """What stands for the value in a usage line; empty for a flag."""
    if isinstance(parameter, click.Option) and (parameter.is_flag or parameter.count):
        return ""
    if isinstance(parameter.type, click.Choice):
        return "[" + "|".join(str(choice) for choice in parameter.type.choices) + "]"
    name = parameter.metavar or (parameter.name or "").upper()
    if isinstance(parameter, click.Option) and not parameter.metavar:
        name = parameter.type.name.upper().removesuffix(" RANGE")
    many = parameter.nargs == -1 or parameter.multiple
    return name.removesuffix("...") + "..." if many else name


def option_row(option: click.Option, context: click.Context) -> str:
    """A line of the table: the names of the option, what it means, its default."""
    names = " / ".join(
        ", ".join(f"`{name}`" for name in group) for group in (option.opts, option.secondary_opts) if group
    )
    value = f" `{value_name(option)}`".replace("|", "\\|") if value_name(option) else ""
    default = option.get_default(context, call=False)
    remarks = [" ".join((option.help or "").split())]
    told = isinstance(default, str | int | float) and not isinstance(default, bool) and default != ""
    if told and not option.is_flag:
        remarks.append(f"Default: `{default}`.")
    if option.required:
        remarks.append("Required.")
    text = " ".join(remark for remark in remarks if remark)
    return f"| {names}{value} | {text} |"


def help_of(command: click.Command) -> str:
    """The help text; a paragraph that click leaves as it is (after a backspace) becomes a line and a block."""
    paragraphs = inspect.cleandoc((command.help or "").split("\f")[0]).split("\n\n")
    for number, paragraph in enumerate(paragraphs):
        if paragraph.startswith("\b\n"):
            first, *rest = paragraph.removeprefix("\b\n").splitlines()
            paragraphs[number] = "\n".join([first, "", *(f"    {line.strip()}" for line in rest)])
    return "\n\n".join(paragraphs)


def section(name: str, command: click.Command) -> str:
    """Heading, usage, help and options of one command."""
    context = click.Context(command, info_name=name)
    taken = [item for item in command.params if isinstance(item, click.Argument)]
    arguments = [
        name if item.required or name.startswith("[") else f"[{name}]" for item in taken for name in [value_name(item)]
    ]
    arguments += ["COMMAND ..."] if isinstance(command, click.Group) else []
    usage = " ".join([name, "[OPTIONS]", *arguments])
    options = [item for item in command.params if isinstance(item, click.Option) and not item.hidden]
    table = ["| option | meaning |", "|---|---|", *(option_row(option, context) for option in options)]
    return "\n\n".join([f"## {name}", f"    {usage}", help_of(command), *(["\n".join(table)] if options else [])])


def reference() -> str:
    """The whole page."""
    intro = "Every command also takes `--help`."
    return "\n\n".join(["# Commands", HEADER, intro, *(section(*item) for item in commands(root_command()))]) + "\n"


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        current = TARGET.is_file() and TARGET.read_text() == reference()
        sys.exit(0 if current else "docs/commands.md is not current; run: make reference")
    TARGET.write_text(reference())
