"""``openstack-rca dashboard``."""

import ipaddress
import socket
from importlib.resources import files
from pathlib import Path

import click

from openstack_rca.cli.options import ROOTS, connection_options, opened_roots, settings_from
from openstack_rca.cli.output import notice, say
from openstack_rca.cli.services import places
from openstack_rca.errors import ConfigurationError
from openstack_rca.extras import require_extra

APP = Path(str(files("openstack_rca"))) / "dashboard" / "app.py"


@click.command("dashboard")
@click.option("--host", default="127.0.0.1", metavar="ADDRESS", help="Address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), default=8501, help="Port to listen on.")
@ROOTS
@connection_options
def dashboard_command(
    host: str,
    port: int,
    roots: tuple[str, ...],
    mlflow_uri: str | None,
    mlflow_experiment: str | None,
    disable_mlflow: bool,
) -> None:
    """Serve the dashboard until Ctrl-C: ask, explore the logs, models, train, runs.

    It listens on this machine only unless --host says otherwise. Visitors can read the logs below the roots, train, and yank
    or pin versions; see the documentation for a password or a login.

    \b
    Examples:
      openstack-rca dashboard
      openstack-rca dashboard --port 8600 --root /var/log/kolla --root /srv/logs
    """
    places.require_home(settings_from(mlflow_uri, mlflow_experiment, disable_mlflow), writable=True)
    arguments: list[str] = []
    for root in opened_roots(roots):
        arguments += ["--root", root]
    arguments += ["--mlflow-uri", mlflow_uri] if mlflow_uri else []
    arguments += ["--mlflow-experiment", mlflow_experiment] if mlflow_experiment else []
    arguments += ["--disable-mlflow"] if disable_mlflow else []
    require_extra("dashboard", "The dashboard")
    require_free(host, port, "The dashboard")
    if not is_loopback(host):
        notice(f"Everyone who reaches {host}:{port} can read the logs below the roots and change versions.")
    say(f"Dashboard: http://{in_url(host)}:{port}  (Ctrl-C ends it)")
    _serve(host, port, arguments)


def _serve(host: str, port: int, arguments: list[str]) -> None:
    """Run Streamlit in this process until a signal ends it."""
    # Streamlit costs a second to import.
    from streamlit.web.cli import main as streamlit

    options = ["--server.address", host, "--server.port", str(port)]
    streamlit(["run", str(APP), *options, "--", *arguments], standalone_mode=False)


def require_free(host: str, port: int, who: str) -> None:
    """Check, before anything slow is imported, that ``who`` can listen there. Raises ConfigurationError: it cannot."""
    try:
        (family, kind, protocol, _, address), *_ = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        with socket.socket(family, kind, protocol) as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind(address)
    except OSError as error:
        raise ConfigurationError(
            f"{who} cannot listen on {host}:{port}: {error.strerror or error}.",
            "Give another --port, or another --host.",
        ) from None


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches the address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def in_url(host: str) -> str:
    """The host as a URL writes it: an IPv6 address in brackets."""
    return f"[{host}]" if ":" in host else host
