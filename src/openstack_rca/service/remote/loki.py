"""Logs from Grafana Loki by its HTTP API: a LogQL selector over a stretch of time, page after page.

Facts of the API: https://grafana.com/docs/loki/latest/reference/loki-http-api/ (query_range; times in nanoseconds;
``limit`` lines a page; header ``X-Scope-OrgID`` names the tenant).
"""

from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from openstack_rca.errors import ConfigurationError, NoRemoteLogs, RemoteLogsUnavailable
from openstack_rca.service.remote.addresses import Address, server_and_query
from openstack_rca.service.remote.fetch_folder import Spool, safe_name
from openstack_rca.service.remote.http_client import Web, authorisation

PAGE = 5000
"""Lines that a server gives at once where nobody has set its limit otherwise."""
VARIABLES = "OPENSTACK_RCA_LOKI_TOKEN, or OPENSTACK_RCA_LOKI_USER and OPENSTACK_RCA_LOKI_PASSWORD"
HOST_LABELS = ("host", "hostname", "node", "node_name", "nodename", "instance")
SERVICE_LABELS = (
    "service",
    "service_name",
    "app",
    "programname",
    "container",
    "container_name",
    "unit",
    "job",
    "filename",
)

Entry = tuple[int, str, str, str]
"""Time in nanoseconds, host, service, line."""


def fetch_loki(address: Address, spool: Spool) -> None:
    """Lines of a selector, one file for each host and service, each line with the time that Loki has for it."""
    server, path, query = server_and_query(address)
    if not query:
        raise ConfigurationError(
            f"{address.text} holds no selector.", 'Write it like loki+https://loki.example?query={job="openstack"}.'
        )
    settings = spool.settings
    headers = authorisation(settings.loki_token, settings.loki_user, settings.loki_password)
    headers |= {"X-Scope-OrgID": settings.loki_tenant} if settings.loki_tenant else {}
    web = Web(settings, headers, VARIABLES)
    base = "/".join(part for part in (server, path, "loki/api/v1/query_range") if part)
    start, end = (int(moment.timestamp() * 1e9) for moment in (spool.since, spool.until))
    at_last: set[Entry] = set()
    came = 0
    with ExitStack() as files:
        writers: dict[tuple[str, str], Any] = {}
        while start < end:
            asked = {"query": query, "start": start, "end": end, "limit": PAGE, "direction": "forward"}
            try:
                page = _entries(web.json(f"{base}?{urlencode(asked)}"), server)
            except RemoteLogsUnavailable as error:
                if not came:
                    raise
                spool.note(
                    f"Loki broke off at {datetime.fromtimestamp(start / 1e9, UTC):%H:%M:%S} UTC. {error.message}"
                )
                return
            new = [entry for entry in page if entry not in at_last]
            for entry in new:
                _write(entry, writers, files, spool)
            came += len(new)
            if len(page) < PAGE:
                break
            last = page[-1][0]
            # The next page begins with the last moment of this one, of which there may be more lines.
            at_last = {entry for entry in page if entry[0] == last} if new else set()
            start = last if new else last + 1
    if not came:
        raise NoRemoteLogs(f"Loki has no line for {query} in that time.", "Check the selector and --since.")


def _entries(answer: Any, server: str) -> list[Entry]:
    try:
        streams = answer["data"]["result"]
        if answer["data"]["resultType"] != "streams":
            raise ConfigurationError(
                "The query returns numbers, not lines.", 'Use a selector such as {job="openstack"}.'
            )
        found = [
            (
                int(value[0]),
                _label(stream["stream"], HOST_LABELS),
                _label(stream["stream"], SERVICE_LABELS),
                str(value[1]),
            )
            for stream in streams
            for value in stream["values"]
        ]
    except (KeyError, TypeError, ValueError, IndexError):
        raise RemoteLogsUnavailable(
            f"{server} answered with something that is not an answer of Loki.",
            "Check that the address is that of the service.",
        ) from None
    return sorted(found)


def _label(labels: dict[str, str], names: tuple[str, ...]) -> str:
    return next((str(labels[name]).rpartition("/")[2] for name in names if labels.get(name)), "")


def _write(entry: Entry, writers: dict[tuple[str, str], Any], files: ExitStack, spool: Spool) -> None:
    nanoseconds, host, service, line = entry
    if (host, service) not in writers:
        folder = spool.room_of_host(host.partition(":")[0]) if host else spool.folder
        path = folder / f"{safe_name(service.removesuffix('.log') or 'loki')}.log"
        writers[host, service] = files.enter_context(spool.writing(path))
    moment = datetime.fromtimestamp(nanoseconds // 1_000_000_000, UTC)
    stamp = f"{moment:%Y-%m-%dT%H:%M:%S}.{nanoseconds % 1_000_000_000:09d}Z"
    for part in line.rstrip("\n").split("\n"):
        writers[host, service](f"{stamp} {part}\n".encode())
