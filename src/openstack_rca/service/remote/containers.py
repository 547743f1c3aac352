"""Logs of containers and of the journal of this machine, by the tools that hold them."""

from __future__ import annotations

import json
from pathlib import Path

from openstack_rca.errors import RemoteLogsUnavailable
from openstack_rca.service.remote.addresses import Address, names_in
from openstack_rca.service.remote.fetch_folder import Spool, safe_name
from openstack_rca.service.remote.hosts import journal_command
from openstack_rca.service.remote.running import output_of, stream_to


def fetch_journal(address: Address, spool: Spool) -> None:
    """The journal of this machine; ``journald:UNIT[,UNIT]`` for some units of it."""
    units = names_in(address.rest.strip("/"))
    stream_to(journal_command(spool, units), spool.folder / "journal.export", spool)


def fetch_containers(address: Address, spool: Spool) -> None:
    """Logs of containers of Docker or Podman on this machine: those named, else all that run."""
    tool = address.place.value.rstrip(":")
    names = names_in(address.rest.strip("/"))
    if not names:
        names = output_of([tool, "ps", "--format", "{{.Names}}"], spool).split()
    if not names:
        raise RemoteLogsUnavailable(f"{tool} runs no container here.", f"Name one, as in {tool}:nova_api.")
    failures = []
    for name in names:
        command = [tool, "logs", "--timestamps", "--since", f"{spool.since:%Y-%m-%dT%H:%M:%SZ}", name]
        failures += _tried(command, spool.folder / f"{safe_name(name)}.log", spool, name)
    _require_one(failures, len(names))


def fetch_pods(address: Address, spool: Spool) -> None:
    """Logs of all containers of a namespace's pods; ``kubectl:NAMESPACE/LABEL=VALUE`` narrows them."""
    namespace, _, selector = address.rest.strip("/").partition("/")
    names_in(namespace)
    where = ["-n", namespace or "openstack"]
    chosen = [f"--selector={selector}"] if selector else []
    listed = output_of(["kubectl", "get", "pods", *where, *chosen, "-o", "json"], spool)
    try:
        pods = [
            (item["metadata"]["name"], item["spec"].get("nodeName", ""), part["name"])
            for item in json.loads(listed)["items"]
            for part in item["spec"]["containers"]
        ]
    except (ValueError, KeyError, TypeError):
        raise RemoteLogsUnavailable(
            "kubectl listed its pods in a form that is not known.", "Check its version."
        ) from None
    failures = []
    for pod, node, container in pods:
        folder = spool.room_of_host(node) if node else spool.folder
        command = ["kubectl", "logs", *where, pod, "-c", container, "--timestamps"]
        command += [f"--since-time={spool.since:%Y-%m-%dT%H:%M:%SZ}"]
        path = folder / safe_name(pod) / f"{safe_name(container)}.log"
        failures += _tried(command, path, spool, f"{pod}/{container}")
    if not pods:
        raise RemoteLogsUnavailable(
            f"There are no pods in {where[1]}.", "Check the namespace and the context of kubectl."
        )
    _require_one(failures, len(pods))


def _tried(command: list[str], path: Path, spool: Spool, name: str) -> list[RemoteLogsUnavailable]:
    try:
        stream_to(command, path, spool)
    except RemoteLogsUnavailable as error:
        spool.note(f"Not read from {name}: {error.message}")
        return [error]
    return []


def _require_one(failures: list[RemoteLogsUnavailable], number: int) -> None:
    if len(failures) == number:
        raise failures[0]
