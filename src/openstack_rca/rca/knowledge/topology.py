"""The component topology: canonical names, aliases, dependencies, and what a port, URL, topic or logger belongs to.

The facts are data, in the ``components.yaml`` of ``logs``, which needs the names; a fault in that file is found when it
is loaded.
"""

import re
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache, partial
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from openstack_rca.errors import ConfigurationError
from openstack_rca.logs.programs import component_descriptions, find_component, normal_name

HOST = "host"
GUEST = "guest"
NETWORK = "network"
STORAGE = "storage"

_JOBS = frozenset(
    {
        *("backup", "dump", "exporter", "metrics", "cleanup", "purge", "archive", "rotate", "job", "cron", "report"),
        *("interface", "setup", "bootstrap"),
    }
)
_PORT_IN_URL = re.compile(
    r"^[a-z0-9+.-]+://(?:[^/@\s]*@)?(?:\[[^\]]*\]|[^/:\s]*):(\d{1,5})|^[^/\s]*:(\d{1,5})(?:/|$)", re.I
)
_SCHEME = re.compile(r"^([a-z0-9]+)(?:\+[a-z0-9]+)?://", re.I)
_PATH_IN_URL = re.compile(r"^(?:[a-z0-9+.-]+://[^/\s]*)?(/[^\s]*)", re.I)
_SCHEMES = {
    "amqp": "rabbitmq",
    "rabbit": "rabbitmq",
    "mysql": "mariadb",
    "mariadb": "mariadb",
    "postgresql": "postgresql",
    "memcached": "memcached",
    "redis": "redis",
    "etcd3": "etcd",
    "qemu": "libvirt",
    "ldap": "ldap",
    "ldaps": "ldap",
    "rbd": "ceph-osd",
}


class Component(BaseModel):
    """One component of the cloud, as ``components.yaml`` describes it.

    Attributes:
        depends: components without which this one does not work.
        weak: components whose failure only hinders it, or hits a part of what it does.
        ports: TCP ports that it listens on; text such as ``6800-7300`` is a range.
        paths: regular expressions over the path of a URL that it serves.
        per_host: it runs on many hosts, so a finding against it needs a host to be complete.
        leaf: infrastructure that needs no OpenStack service itself.
        unit: its systemd unit on Debian where that is not called like it; empty for what is not a service.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    aliases: tuple[str, ...] = ()
    depends: tuple[str, ...] = ()
    weak: tuple[str, ...] = ()
    ports: tuple[int | str, ...] = ()
    paths: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    loggers: tuple[str, ...] = ()
    agent_types: tuple[str, ...] = ()
    per_host: bool = False
    leaf: bool = False
    unit: str | None = None


_MOST_NAMES = 10_000
"""So many names are remembered with what they mean."""


class Topology:
    """The components, and every question about them that the analysis asks.

    Args:
        description: canonical name to the fields of `Component`.

    Raises ConfigurationError: a field is unknown, a dependency does not exist, or two components claim the same alias,
    port, topic or logger.
    """

    def __init__(self, description: Mapping[str, Any]) -> None:
        self._parts: dict[str, Component] = {}
        for name, fields in description.items():
            try:
                self._parts[name] = Component.model_validate(fields or {})
            except ValidationError as error:
                first = error.errors(include_url=False)[0]
                raise _faulty(name, f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
        for name, part in self._parts.items():
            for other in (*part.depends, *part.weak):
                if other not in self._parts or other == name:
                    raise _faulty(name, f"it cannot depend on {other!r}")
        self._aliases = self._claims(lambda part: (*part.aliases, *map(normal_name, part.agent_types)), own_name=True)
        self._topics = self._claims(lambda part: part.topics)
        # The readers of logs use the loggers; here they are only checked.
        self._claims(lambda part: part.loggers)
        self._ports = self._claims(lambda part: _ports(part.ports))
        self._paths = [(re.compile(path), name) for name, part in self._parts.items() for path in part.paths]
        # Words of log lines are looked up too, and no two of them may be alike.
        self._named = lru_cache(_MOST_NAMES)(partial(find_component, names=self._aliases))
        self._reach: dict[str, frozenset[str]] = {}

    def _claims(self, claimed: Any, own_name: bool = False) -> dict[Any, str]:
        owners: dict[Any, str] = {name: name for name in self._parts} if own_name else {}
        for name, part in self._parts.items():
            for claim in claimed(part):
                owner = owners.setdefault(claim, name)
                if owner != name:
                    raise _faulty(name, f"{claim!r} already belongs to {owner}")
        return owners

    @property
    def components(self) -> tuple[str, ...]:
        """Canonical names, in the order of the file."""
        return tuple(self._parts)

    @property
    def ports(self) -> dict[int, str]:
        """TCP port to canonical name."""
        return dict(self._ports)

    def __contains__(self, component: object) -> bool:
        return component in self._parts

    def component(self, name: str) -> Component:
        """The description of a canonical component (``KeyError`` if there is none)."""
        return self._parts[name]

    def is_per_host(self, component: str) -> bool:
        """True if the component runs on many hosts."""
        return component in self._parts and self._parts[component].per_host

    def unit(self, component: str) -> str | None:
        """Name of a component's systemd unit; ``None`` for the host, the network and storage, which are not services."""
        part = self._parts.get(component, Component())
        return component if part.unit is None else part.unit or None

    def is_leaf(self, component: str) -> bool:
        """True for infrastructure that needs no OpenStack service."""
        return component in self._parts and self._parts[component].leaf

    def canonical(self, name: str | None) -> str | None:
        """Canonical name of a service, process, container, unit, log file or neutron agent type; ``None`` if unknown.

        ``nova_compute``, ``n-cpu.service``, ``/var/log/nova/nova-compute.log.1`` are all ``nova-compute``;
        ``rabbit@node7`` is ``rabbitmq``.
        """
        if not name:
            return None
        return self._named(name)

    def dependencies(self, component: str, *, include_weak: bool = True) -> tuple[str, ...]:
        """What a component depends on directly, hard dependencies first, then weak ones, then network and host.

        An unknown component depends on network and host only.
        """
        part = self._parts.get(component, Component())
        named = (*part.depends, *part.weak) if include_weak else part.depends
        everywhere = () if component == HOST else (HOST,) if component == NETWORK else (NETWORK, HOST)
        return tuple(dict.fromkeys((*named, *everywhere)))

    def uses(self, component: str, other: str) -> bool:
        """True if ``component`` depends on ``other`` (see ``depends_on``), or has it as a weak dependency of its own."""
        return self.depends_on(component, other) or other in self.dependencies(component)

    def depends_on(self, component: str, other: str) -> bool:
        """True if ``component`` has ``other`` as a hard dependency, directly or through others; never true of itself."""
        return component != other and other in self._reached(component)

    def _reached(self, component: str) -> frozenset[str]:
        if component not in self._reach:
            seen: set[str] = set()
            waiting = list(self.dependencies(component, include_weak=False))
            while waiting:
                name = waiting.pop()
                if name not in seen:
                    seen.add(name)
                    waiting.extend(self.dependencies(name, include_weak=False))
            self._reach[component] = frozenset(seen)
        return self._reach[component]

    def component_of_port(self, port: int) -> str | None:
        """The component that listens on a TCP port by default."""
        return self._ports.get(port)

    def component_of_backend(self, name: str | None) -> str | None:
        """The component behind a proxy's backend, which is named after it: ``nova_api_back``, ``keystone_internal``.

        A job beside a component, such as ``mariadb-backup``, is no part of it.
        """
        parts = re.split(r"[-_]", name or "")
        for count in range(len(parts), 0, -1):
            found = self.canonical("_".join(parts[:count])) or self.canonical("-".join(parts[:count]))
            if found is not None:
                return None if _JOBS.intersection(parts[count:]) else found
        return None

    def component_of_topic(self, topic: str | None) -> str | None:
        """The component that consumes an RPC topic; ``compute.node7`` and ``cinder-volume.node7@nfs`` count too."""
        if not topic:
            return None
        text = topic.strip().lower().removesuffix("_fanout")
        while text:
            if text in self._topics:
                return self._topics[text]
            shorter = re.split(r"[.@:](?=[^.@:]*$)", text)[0]
            if shorter == text:
                break
            text = shorter
        return self.canonical(text)

    def component_of_url(self, url: str | None) -> str | None:
        """The component behind a URL or ``host:port``: by scheme, then by port, then by path."""
        text = (url or "").strip()
        scheme = _SCHEME.match(text)
        if scheme and scheme[1].lower() in _SCHEMES:
            return _SCHEMES[scheme[1].lower()]
        port = _PORT_IN_URL.match(text)
        if port:
            found = self._ports.get(int(port[1] or port[2]))
            if found:
                return found
        path = _PATH_IN_URL.match(text)
        if path:
            for pattern, name in self._paths:
                if pattern.search(path[1]):
                    return name
        return None


def _faulty(name: str, problem: str) -> ConfigurationError:
    return ConfigurationError(f"components.yaml, {name}: {problem}.", "Correct that entry.")


def _ports(ports: Iterable[int | str]) -> Iterable[int]:
    for port in ports:
        if isinstance(port, int):
            yield port
        else:
            first, _, last = port.partition("-")
            yield from range(int(first), int(last or first) + 1)


@cache
def load_topology() -> Topology:
    """The shipped topology; made once a process. Raises ConfigurationError: ``components.yaml`` is faulty."""
    return Topology(component_descriptions())
