"""What programs are called: the names of a component in logs, units, containers, pods and file names.

The names are data, in ``components.yaml``; what else that file says of a component is the business of ``rca``.
"""

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any

from openstack_rca.shipped import shipped_yaml

_MOST_NAMES = 4096
"""Logs name programs without end; of more than these the answer is found anew."""
_LOG_SUFFIX = re.compile(r"\.(log|err|out|txt|service|scope|gz|bz2|xz|zst)$|[.-](\d{1,8}|\d{4}-\d\d-\d\d)$")
_LOG_KIND = re.compile(
    r"[-.](access|error|err|stdout|stderr|wsgi|uwsgi|apache|public|internal|admin|ssl|bundle|log|main|daemon|server)$"
)
_PREFIX = re.compile(r"^(openstack|devstack|kolla|ceph-[0-9a-f-]{36}|snap|docker|podman|tripleo|edpm|container)[-@._]")
_SHARED_PACKAGES = {
    "keystoneauth",
    "keystonemiddleware",
    "oslo",
    *(
        f"oslo_{name}"
        for name in (
            "concurrency",
            "config",
            "db",
            "log",
            "messaging",
            "middleware",
            "policy",
            "privsep",
            "reports",
            "service",
            "versionedobjects",
        )
    ),
}
LONGEST_NAME, LONGEST_PATH = 255, 4096
"""What file systems hold: no longer name, in an archive or a record, is looked into."""

_POD_TAIL = re.compile(r"(-[0-9a-f]{8,10})?-[a-z0-9]{5}$")


@cache
def component_descriptions() -> Mapping[str, Any]:
    """Canonical name to what ``components.yaml`` says of the component; read once a process."""
    described: Mapping[str, Any] = shipped_yaml("openstack_rca.logs", "components.yaml")
    return described


def normal_name(name: str) -> str:
    """A name as the table of names writes it: the last part of a path, in lower case, with ``-`` between words.

    An agent of a cluster's resources carries the resource's name in parentheses, which is not its own.
    """
    base = (name.partition("(")[0] or name).strip().replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
    return re.sub(r"[\s_]+", "-", base).lower()


def find_component(name: str, names: Mapping[str, str]) -> str | None:
    """The component that a name means, shortened step by step until a table of names has it; ``None`` if none does.

    ``nova_compute``, ``n-cpu.service``, ``/var/log/nova/nova-compute.log.1`` are all nova-compute.
    """
    text = normal_name(name)
    for _ in range(12):
        if text in names:
            return names[text]
        shorter = _LOG_SUFFIX.sub("", text)
        if shorter == text:
            shorter = _PREFIX.sub("", text)
        if shorter == text and "@" in text:
            shorter = text.split("@", 1)[0]
        if shorter == text:
            shorter = _LOG_KIND.sub("", text)
        if shorter == text and "." in text:
            shorter = text.split(".", 1)[0]
        if shorter == text:
            shorter = _POD_TAIL.sub("", text)
        if shorter == text or not shorter:
            return None
        text = shorter
    return None


@lru_cache(maxsize=_MOST_NAMES)
def component_of_program(name: str) -> str | None:
    """The component that a program, unit, container or log file of this name belongs to; ``None`` if unknown."""
    return find_component(name, _names()) if name else None


def is_program(name: str) -> bool:
    """Whether a name, as it stands, is a component's own or one of its other names."""
    return bool(name) and normal_name(name) in _names()


def component_of_logger(logger: str) -> str | None:
    """The component whose code alone uses a Python logger; ``None`` where several share it or none is known."""
    return _user_of_logger(logger.strip("[]")[:LONGEST_NAME])


@lru_cache(maxsize=_MOST_NAMES)
def _user_of_logger(text: str) -> str | None:
    owners = _loggers()
    while text:
        if text in owners:
            return owners[text]
        text = text.rpartition(".")[0]
    return None


@cache
def python_packages() -> tuple[str, ...]:
    """The packages of Python whose modules OpenStack's services log as, in alphabetical order."""
    return tuple(sorted({logger.partition(".")[0] for logger in _loggers()} | _SHARED_PACKAGES))


@cache
def _names() -> Mapping[str, str]:
    names = {name: name for name in component_descriptions()}
    for name, fields in component_descriptions().items():
        names.update({normal_name(alias): name for alias in (fields or {}).get("aliases", ())})
    return names


@cache
def _loggers() -> Mapping[str, str]:
    return {
        logger: name
        for name, fields in component_descriptions().items()
        for logger in (fields or {}).get("loggers", ())
    }
