"""``openstack-rca mcp``."""

import os
import signal

import click

from openstack_rca.cli.options import ROOTS, opened_roots, with_settings
from openstack_rca.cli.services import places
from openstack_rca.extras import require_extra
from openstack_rca.settings import Settings


@click.command("mcp")
@ROOTS
@with_settings
def mcp_command(roots: tuple[str, ...], settings: Settings) -> None:
    """Serve tools for an agent over standard input and output until it closes them, by the Model Context Protocol.

    The tools analyse logs, read reports, search logs and list model versions. They change nothing in the cloud, and read
    nothing but the logs below the roots.

    \b
    Examples:
      openstack-rca mcp --root /var/log/kolla
    """
    require_extra("mcp", "The MCP server")
    if roots:
        settings = settings.model_copy(update={"log_roots": os.pathsep.join(opened_roots(roots))})
    places.require_home(settings, writable=True)
    from openstack_rca.servers.mcp_server import build_server

    # The thread that waits for standard input would outlive an ordinary ending.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    build_server(settings).run("stdio")
