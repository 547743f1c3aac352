"""``openstack-rca serve``."""

import os

import click

from openstack_rca.cli.dashboard import in_url, is_loopback, require_free
from openstack_rca.cli.options import ROOTS, opened_roots, with_settings
from openstack_rca.cli.output import notice, say
from openstack_rca.cli.services import places
from openstack_rca.errors import ConfigurationError
from openstack_rca.extras import require_extra
from openstack_rca.settings import Settings

SHORTEST_TOKEN = 16


@click.command("serve")
@click.option("--host", default="127.0.0.1", metavar="ADDRESS", help="Address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), default=8600, help="Port to listen on.")
@ROOTS
@click.option(
    "--alert-logs",
    default="",
    show_default=False,
    metavar="PATH",
    help="Logs below a root to analyse for an alert; default: all.",
)
@with_settings
def serve_command(host: str, port: int, roots: tuple[str, ...], alert_logs: str, settings: Settings) -> None:
    """Serve an HTTP API until Ctrl-C: analyses, reports, versions, health, and a webhook for Alertmanager.

    OPENSTACK_RCA_SERVE_TOKEN is the token that callers send; without it nothing is served. An alert starts an analysis around its
    time, and the answer is posted to OPENSTACK_RCA_ANSWER_WEBHOOK. /openapi.json describes the API; see docs/automation.md.

    \b
    Examples:
      openstack-rca serve --root /var/log/kolla
    """
    require_extra("serve", "The HTTP API")
    if roots:
        settings = settings.model_copy(update={"log_roots": os.pathsep.join(opened_roots(roots))})
    token = settings.serve_token.get_secret_value() if settings.serve_token else ""
    if len(token) < SHORTEST_TOKEN:
        raise ConfigurationError(
            f"OPENSTACK_RCA_SERVE_TOKEN holds no token of at least {SHORTEST_TOKEN} characters, so nothing is served.",
            "Make one, for example with: openssl rand -hex 24",
        )
    places.require_home(settings, writable=True)
    require_free(host, port, "The HTTP API")
    import uvicorn

    from openstack_rca.servers.http_api import Api

    if not is_loopback(host):
        notice(f"Whoever reaches {host}:{port} and has the token can read the logs below the roots. Put TLS before it.")
    say(f"HTTP API: http://{in_url(host)}:{port}  (Ctrl-C ends it)")
    uvicorn.run(Api(settings, token, alert_logs).app(), host=host, port=port, log_level="warning", access_log=False)
