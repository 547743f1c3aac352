"""Logs of containers and of the journal of this machine, by the tools that hold them."""

import json
from dataclasses import dataclass
from datetime import datetime
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


@dataclass(frozen=True)
class PodLog:
    """The log of one container of a pod."""

    where: list[str]
    name: str
    node: str
    container: str

    def command(self, since: datetime) -> list[str]:
        """The command that prints it from a moment on."""
        what = ["kubectl", "logs", *self.where, self.name, "-c", self.container, "--timestamps"]
        return [*what, f"--since-time={since:%Y-%m-%dT%H:%M:%SZ}"]

    def target(self, spool: Spool) -> Path:
        """The file for it, below its node's folder."""
        folder = spool.room_of_host(self.node) if self.node else spool.folder
        return folder / safe_name(self.name) / f"{safe_name(self.container)}.log"


def named_containers(address: Address, spool: Spool) -> tuple[str, list[str]]:
    """The tool and the containers: those of the address, else all that run. Raises RemoteLogsUnavailable: none does."""
    tool = address.place.value.rstrip(":")
    names = names_in(address.rest.strip("/"))
    if not names:
        names = output_of([tool, "ps", "--format", "{{.Names}}"], spool).split()
    if not names:
        raise RemoteLogsUnavailable(f"{tool} runs no container here.", f"Name one, as in {tool}:nova_api.")
    return tool, names


def fetch_containers(address: Address, spool: Spool) -> None:
    """Logs of containers of Docker or Podman on this machine: those named, else all that run."""
    tool, names = named_containers(address, spool)
    failures = []
    for name in names:
        command = [tool, "logs", "--timestamps", "--since", f"{spool.since:%Y-%m-%dT%H:%M:%SZ}", name]
        failures += _tried(command, spool.folder / f"{safe_name(name)}.log", spool, name)
    _require_one(failures, len(names))


def named_pods(address: Address, spool: Spool) -> list[PodLog]:
    """All containers of a namespace's pods, narrowed by ``kubectl:NAMESPACE/LABEL=VALUE``. Raises RemoteLogsUnavailable."""
    namespace, _, selector = address.rest.strip("/").partition("/")
    names_in(namespace)
    where = ["-n", namespace or "openstack"]
    chosen = [f"--selector={selector}"] if selector else []
    listed = output_of(["kubectl", "get", "pods", *where, *chosen, "-o", "json"], spool)
    try:
        pods = [
            PodLog(where, item["metadata"]["name"], item["spec"].get("nodeName", ""), part["name"])
            for item in json.loads(listed)["items"]
            for part in item["spec"]["containers"]
        ]
    except (ValueError, KeyError, TypeError):
        raise RemoteLogsUnavailable(
            "kubectl listed its pods in a form that is not known.", "Check its version."
        ) from None
    if not pods:
        raise RemoteLogsUnavailable(
            f"There are no pods in {where[1]}.", "Check the namespace and the context of kubectl."
        )
    return pods


def fetch_pods(address: Address, spool: Spool) -> None:
    """Logs of all containers of a namespace's pods."""
    pods = named_pods(address, spool)
    failures = []
    for pod in pods:
        failures += _tried(pod.command(spool.since), pod.target(spool), spool, f"{pod.name}/{pod.container}")
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
