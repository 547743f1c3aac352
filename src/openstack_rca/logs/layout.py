"""What the place of a file in a collection says: whether it can be a log at all, and which file names the host."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from openstack_rca.logs.envelopes import service_of_tag
from openstack_rca.logs.names import words

_LOG_NAME = re.compile(
    r"(?:^|[._-])(?:logs?|err|out)(?:$|[._-])|^(?:syslog|messages|kern|daemon|auth|secure|dmesg|user|cron|debug|"
    r"journal|maillog)(?:$|[.-])|^rabbit@|[._-]log$",
    re.IGNORECASE,
)
# Told by name before anything is read; what may hold logs (csv, html, json, md, txt, archives) is told by its content.
_OTHER_EXTENSIONS = words(
    "avi bmp cfg cnf conf crt css db deb der diff doc docx gif h5 ico ini iso jar jpeg jpg js keras key lock lua md5 "
    "mp4 npy npz odt parquet patch pb pcap pdf pem pickle pid pkl png po pptx proto py pyc qcow2 rpm rst service sh "
    "sha256 so sql sqlite svg swp toml ts vmdk whl woff xls xlsx xml yaml yml"
)
_SOSREPORT = re.compile(r"^sos(?:report|collector)?-")
_SOSREPORT_LOGS = re.compile(
    r"(?:^|/)(?:var/log/|sos_commands/(?:logs|kernel/dmesg|systemd/journalctl|(?:docker|podman|crio|containers_common)/.*logs))"
)
_HOST_NAME = re.compile(rb"^\s*([A-Za-z0-9][A-Za-z0-9.-]{0,252})\s*$")
_ZONE = re.compile(rb"^\s*(?:Time zone: )?([A-Z][A-Za-z_]+(?:/[A-Za-z0-9_+-]+){0,2})(?: \(.*\))?\s*$", re.MULTILINE)
_STARTED = re.compile(rb"^btime (\d{9,10})$", re.MULTILINE)
_DOCKER_LOG = re.compile(r"^[0-9a-f]{12,64}-json\.log(?:\.\d+)?$")
_RECORD_BYTES = 4 * 1024 * 1024
_STEM = re.compile(
    r"(?:\.log)?\.(?:tar|tgz|tbz2?|txz|tzst|zip|gz|bz2|xz|zst|lz4|lzma|7z)(?:\.(?:gz|bz2|xz|zst|lz4|lzma))?$",
    re.IGNORECASE,
)


def is_called_like_log(name: str) -> bool:
    """Whether a file's name alone says that it is a log."""
    return _LOG_NAME.search(name) is not None


def stem_of_archive(name: str) -> str:
    """The name of an archive without what says that it is one: ``ctl01-logs.tar.gz`` -> ``ctl01-logs``."""
    return _STEM.sub("", name)


def is_other_kind(parts: tuple[str, ...]) -> bool:
    """Whether a path alone says that a file is no log: by its extension, or as part of a sosreport but not of its logs."""
    name = parts[-1]
    if name.rpartition(".")[2].lower() in _OTHER_EXTENSIONS or name.startswith("."):
        return True
    below = next((number for number, part in enumerate(parts[:-1]) if _SOSREPORT.match(part)), None)
    return below is not None and not _SOSREPORT_LOGS.search("/".join(parts[below + 1 :]))


@dataclass(frozen=True)
class HostFacts:
    """What files beside a host's logs say of it, None where they do not: its name, its IANA zone, when it started."""

    name: str | None = None
    zone: str | None = None
    started: datetime | None = None

    def completed(self, others: Iterable[HostFacts]) -> HostFacts:
        """The same with what the first of the others knows that is missing here."""
        told: dict[str, Any] = {}
        for facts in (self, *others):
            told = {each.name: getattr(facts, each.name) for each in fields(facts)} | {
                name: value for name, value in told.items() if value is not None
            }
        return HostFacts(**told)


def depth_of_host_file(parts: tuple[str, ...]) -> int | None:
    """How many last parts of a path lead from a host's root to a file that tells of it; None for any other file."""
    return next((len(tail) for tail in _HOST_FILES if parts[-len(tail) :] == tail), None)


def facts_in(parts: tuple[str, ...], data: bytes) -> HostFacts | None:
    """What the beginning of a file of which ``depth_of_host_file`` knows the depth says of its host, if anything."""
    depth = depth_of_host_file(parts)
    return _HOST_FILES[parts[-depth:]](data) if depth else None


def service_beside(path: Path) -> str | None:
    """The service of the container whose log Docker keeps under this path: its own record beside the log names it."""
    if _DOCKER_LOG.match(path.name) is None:
        return None
    try:
        record = json.loads((path.parent / "config.v2.json").read_bytes()[:_RECORD_BYTES])
        labels = (record.get("Config") or {}).get("Labels") or {}
        names = (
            labels.get("com.docker.compose.service"),
            labels.get("io.kubernetes.container.name"),
            record.get("Name"),
        )
    except (OSError, ValueError, AttributeError, RecursionError):
        return None
    return next((found for name in names if isinstance(name, str) and (found := service_of_tag(name))), None)


def _host_named_in(data: bytes) -> HostFacts | None:
    named = _HOST_NAME.match(data)
    return HostFacts(name=named[1].decode()) if named and named[1].lower() != b"localhost" else None


def _zone_named_in(data: bytes) -> HostFacts | None:
    named = _ZONE.search(data)
    try:
        return HostFacts(zone=ZoneInfo(named[1].decode()).key) if named else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _start_named_in(data: bytes) -> HostFacts | None:
    named = _STARTED.search(data)
    return HostFacts(started=datetime.fromtimestamp(int(named[1]), UTC)) if named else None


_HOST_FILES: dict[tuple[str, ...], Callable[[bytes], HostFacts | None]] = {
    ("etc", "hostname"): _host_named_in,
    ("sos_commands", "host", "hostname"): _host_named_in,
    ("sos_commands", "general", "hostname"): _host_named_in,
    ("hostname",): _host_named_in,
    ("etc", "timezone"): _zone_named_in,
    ("sos_commands", "systemd", "timedatectl"): _zone_named_in,
    ("proc", "stat"): _start_named_in,
}
