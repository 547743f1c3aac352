"""``openstack-rca completion``."""

import click
from click.shell_completion import get_completion_class


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion_command(context: click.Context, shell: str) -> None:
    """Print the script that completes commands and options in your shell.

    \b
    Examples:
      openstack-rca completion bash >> ~/.bashrc
      openstack-rca completion zsh > ~/.zfunc/_openstack-rca
      openstack-rca completion fish > ~/.config/fish/completions/openstack-rca.fish
    """
    completion = get_completion_class(shell)
    assert completion is not None
    root = context.find_root()
    click.echo(completion(root.command, {}, "openstack-rca", "_OPENSTACK_RCA_COMPLETE").source())
