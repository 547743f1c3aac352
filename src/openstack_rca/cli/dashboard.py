"""``openstack-rca dashboard``."""

from __future__ import annotations

import click

from openstack_rca.errors import ConfigurationError


@click.command("dashboard", short_help="Not part of this release.")
def dashboard_command() -> None:
    """Open the dashboard in the browser (not part of this release)."""
    raise ConfigurationError(
        "This release has no dashboard.",
        "Use the command line: openstack-rca analyze LOGS --issue TEXT --output report.html",
    )
