"""The command group, and the outermost boundary: every error leaves as one line and an exit status."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from openstack_rca import __version__
from openstack_rca.cli.analyze import analyze_command
from openstack_rca.cli.backup import backup_command, restore_command
from openstack_rca.cli.dashboard import dashboard_command
from openstack_rca.cli.demo import demo_command
from openstack_rca.cli.doctor import doctor_command
from openstack_rca.cli.evaluate import evaluate_command
from openstack_rca.cli.history import confirm_command, history_group
from openstack_rca.cli.logs import logs_group
from openstack_rca.cli.models import models_group
from openstack_rca.cli.output import error_console
from openstack_rca.cli.runs import runs_group
from openstack_rca.cli.signatures import signatures_group
from openstack_rca.cli.store import store_group
from openstack_rca.cli.train import train_command
from openstack_rca.errors import OpenStackRcaError
from openstack_rca.service.problems import keep_trace
from openstack_rca.service.reports import one_line

EPILOG = """\b
Begin with:
  openstack-rca demo                                   train on the samples, answer a sample incident
  openstack-rca train /var/log/kolla                   learn what normal looks like on your cloud
  openstack-rca analyze /var/log/kolla --issue "Instances stay in BUILD"

Exit status: 0 done, 1 failed (one line on stderr says why), 2 wrong usage.
"""


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}, epilog=EPILOG)
@click.version_option(__version__, prog_name="openstack-rca")
def cli() -> None:
    """Find the root cause of an OpenStack cloud's trouble in its logs, offline, with the lines that prove it."""


for command in (
    train_command,
    analyze_command,
    evaluate_command,
    confirm_command,
    history_group,
    logs_group,
    models_group,
    runs_group,
    store_group,
    backup_command,
    restore_command,
    signatures_group,
    dashboard_command,
    doctor_command,
    demo_command,
):
    cli.add_command(command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit status."""
    sys.exit(run(cli, arguments))


def run(command: click.Command, arguments: Sequence[str] | None = None) -> int:
    """Run one command; every error becomes one line on stderr and an exit status."""
    try:
        result = command.main(args=None if arguments is None else list(arguments), standalone_mode=False)
        return result if isinstance(result, int) else 0
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        _complain("Stopped. Nothing was left half-written.")
        return 1
    except OpenStackRcaError as error:
        _complain(str(error))
        return 1
    except BrokenPipeError:
        # The reader (head, less) went away. Python would complain again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:  # noqa: BLE001 - the outermost boundary: a user never sees a bare stack trace
        _complain(f"Unexpected {type(error).__name__}: {error}. {keep_trace()}")
        return 1


def _complain(message: str) -> None:
    """One line: the name of a file or a server's answer may hold anything."""
    text = one_line(message)
    error_console().print(f"Error: {text}" if not text.startswith("Stopped") else text, markup=False)
