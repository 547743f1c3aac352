"""What the place of a file in a collection says: whether it can be a log at all, and which file names the host."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import TZPATH, ZoneInfo, ZoneInfoNotFoundError, available_timezones

import polars as pl

from openstack_rca.logs.envelopes import service_of_tag
from openstack_rca.logs.name_words import words
from openstack_rca.logs.stamps import NAMED_ZONE, written_times

_LOG_NAME = re.compile(
    r"(?:^|[._-])(?:logs?|err|out)(?:$|[._-])|^(?:syslog|messages|kern|daemon|auth|secure|dmesg|user|cron|debug|"
    r"journal|maillog)(?:$|[._-])|^rabbit@|[._-]log$",
    re.IGNORECASE,
)
# Told by name before anything is read; what may hold logs (csv, html, json, md, txt, archives) is told by its content.
_OTHER_EXTENSIONS = words(
    "avi bmp cfg cnf conf crt css db deb der doc docx gif h5 ico ini iso jar jpeg jpg js keras key lock lua md5 "
    "mp4 npy npz odt parquet pb pcap pdf pem pickle pid pkl png po pptx proto py pyc qcow2 rpm service sh "
    "sha256 so sql sqlite svg swp toml ts vmdk whl woff xls xlsx"
)
# When `oc adm must-gather` began and ended.
_OTHER_NAMES = words("timestamp")
_SOSREPORT = re.compile(r"^sos(?:report|collector)?-")
_SOSREPORT_LOGS = re.compile(
    r"(?:^|/)(?:var/log/|sos_commands/(?:logs|ceph\w*/ceph_log_last|kernel/dmesg|systemd/journalctl|(?:docker|podman|crio|containers_common)/.*logs))"
)
_HOST_NAME = re.compile(rb"^\s*([A-Za-z0-9][A-Za-z0-9.-]{0,252})\s*$")
_ZONE = re.compile(rb"^[ \t]*(?:Time zone: )?([A-Z][A-Za-z_]+(?:/[A-Za-z0-9_+-]+){0,2})(?: \(.*\))?\s*$", re.MULTILINE)
_STARTED = re.compile(rb"^btime (\d{9,10})$", re.MULTILINE)
_ZONE_LINK = re.compile(rb"/zoneinfo/(?:posix/|right/)?([\w+/-]+)$")
# A zone of one offset: what a moment says in any other is not known.
_OFFSET = re.compile(rf" (?:{NAMED_ZONE})\b|[+-]\d\d:?\d\d\b")
# Numbers are as long as a host can run: a report may hold anything.
_UPTIME = re.compile(
    rb"\bup +(?:(\d{1,4}) days?,? *)?(?:(\d{1,2}):(\d\d),|(\d{1,2}) min)?|^(\d{1,9}\.\d\d) \d+\.\d\d\s*$"
)
_LONGEST_DATE = 100
_DOCKER_LOG = re.compile(r"^[0-9a-f]{12,64}-json\.log(?:\.\d+)?$")
_RECORD_BYTES = 4 * 1024 * 1024
_STEM = re.compile(
    r"(?:\.log)?\.(?:tar|tgz|tbz2?|txz|tzst|zip|gz|bz2|xz|zst|lz4|lzma|7z|eml|mbox)(?:\.(?:gz|bz2|xz|zst|lz4|lzma))?"
    r"(?:[._-](?:part[._-]?)?(?:\d{1,4}|[a-z]{2}))?$",
    re.IGNORECASE,
)


def is_called_like_log(name: str) -> bool:
    """Whether a file's name alone says that it is a log."""
    return _LOG_NAME.search(name) is not None


def stem_of_archive(name: str) -> str:
    """The name of an archive without its extensions: ``ctl01-logs.tar.gz`` -> ``ctl01-logs``."""
    return _STEM.sub("", name)


def is_other_kind(parts: tuple[str, ...]) -> bool:
    """Whether a path alone says that a file is not a log: by its extension, or as part of a sosreport but not of its logs."""
    name = parts[-1]
    if name.rpartition(".")[2].lower() in _OTHER_EXTENSIONS or name.startswith(".") or name in _OTHER_NAMES:
        return True
    # A collector's archive holds reports.
    reports = (number for number, part in enumerate(parts[:-1]) if _SOSREPORT.match(part) and "collector" not in part)
    below = next(reports, None)
    return below is not None and not _SOSREPORT_LOGS.search("/".join(parts[below + 1 :]))


@dataclass(frozen=True)
class HostFacts:
    """What files beside a host's logs say of the host, None where they do not: its name, its IANA zone, when it started.

    ``up`` is how long the host had been running at the time ``asked``.
    """

    name: str | None = None
    zone: str | None = None
    started: datetime | None = None
    asked: datetime | None = None
    up: timedelta | None = None

    @property
    def start(self) -> datetime | None:
        """When the host started: ``started``, else ``asked`` less ``up``; None where unknown or before the year 1."""
        if self.started is not None or self.asked is None or self.up is None:
            return self.started
        try:
            return self.asked - self.up
        except OverflowError:
            return None

    def completed(self, others: Iterable[HostFacts]) -> HostFacts:
        """These facts; each that is missing is taken from the first of the others that has it."""
        told: dict[str, Any] = {}
        for facts in (self, *others):
            told = {each.name: getattr(facts, each.name) for each in fields(facts)} | {
                name: value for name, value in told.items() if value is not None
            }
        return HostFacts(**told)


def depth_of_host_file(parts: tuple[str, ...]) -> int | None:
    """For a file that describes its host, how many last parts of its path lie below the host's root; None for any other file."""
    return next((len(tail) for tail in _HOST_FILES if parts[-len(tail) :] == tail), None)


def facts_in(parts: tuple[str, ...], data: bytes) -> HostFacts | None:
    """What ``data``, the beginning of a file, says of its host; None also where ``depth_of_host_file`` is None."""
    depth = depth_of_host_file(parts)
    return _HOST_FILES[parts[-depth:]](data) if depth else None


def service_beside(path: Path) -> str | None:
    """The service of the container whose log Docker keeps at this path, from Docker's record beside it; None without one."""
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


def _zone_of_clock(data: bytes) -> HostFacts | None:
    """Of ``localtime``: a link names its zone, a file's last line the rule of it, which one of Python's zones has too."""
    link = _ZONE_LINK.search(data)
    if link is not None:
        return _zone_named_in(link[1])
    zone = _zones_of_rules().get(data.rstrip(b"\n").rpartition(b"\n")[2]) if data.startswith(b"TZif") else None
    return HostFacts(zone=zone) if zone else None


@cache
def _zones_of_rules() -> dict[bytes, str]:
    """A zone for each rule that the system's files of zones end with; empty where the system has none."""
    zones: dict[bytes, str] = {}
    for zone in sorted(available_timezones(), key=lambda zone: (zone != "UTC", "/" not in zone, zone)):
        for root in TZPATH:
            with suppress(OSError):
                zones.setdefault(Path(root, zone).read_bytes().rstrip(b"\n").rpartition(b"\n")[2], zone)
                break
    return zones


def _moment_named_in(data: bytes) -> HostFacts | None:
    text = data.decode("utf-8", "replace").strip()
    moment = written_times(pl.Series([text]), "UTC")[0] if _OFFSET.search(text) and len(text) < _LONGEST_DATE else None
    return HostFacts(asked=moment) if moment is not None else None


def _uptime_named_in(data: bytes) -> HostFacts | None:
    ran = _UPTIME.search(data)
    if ran is None or not any(ran.groups()):
        return None
    days, hours, minutes, more, seconds = (float(part or 0) for part in ran.groups())
    return HostFacts(up=timedelta(days=days, hours=hours, minutes=minutes + more, seconds=seconds))


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
    ("etc", "localtime"): _zone_of_clock,
    ("proc", "stat"): _start_named_in,
    ("proc", "uptime"): _uptime_named_in,
    ("sos_commands", "host", "uptime"): _uptime_named_in,
    ("sos_commands", "general", "uptime"): _uptime_named_in,
    ("sos_commands", "date", "date"): _moment_named_in,
    ("sos_commands", "date", "date_--utc"): _moment_named_in,
    ("sos_commands", "general", "date"): _moment_named_in,
}
