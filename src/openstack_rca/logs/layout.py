"""What the place of a file in a collection says: whether it can be a log at all, and which file names the host."""

from __future__ import annotations

import json
import re
from pathlib import Path

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
_HOST_NAME_FILES = (
    ("etc", "hostname"),
    ("sos_commands", "host", "hostname"),
    ("sos_commands", "general", "hostname"),
    ("hostname",),
)
_HOST_NAME = re.compile(rb"^\s*([A-Za-z0-9][A-Za-z0-9.-]{0,252})\s*$")
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


def depth_of_host_file(parts: tuple[str, ...]) -> int | None:
    """How many last parts of a path lead from a host's root to the file that names it; None for any other file."""
    return next((len(tail) for tail in _HOST_NAME_FILES if parts[-len(tail) :] == tail), None)


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


def host_named_in(data: bytes) -> str | None:
    """The host that a ``hostname`` file holds, if it holds one and nothing else."""
    named = _HOST_NAME.match(data)
    return named[1].decode() if named and named[1].lower() != b"localhost" else None
