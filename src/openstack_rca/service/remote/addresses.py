"""Addresses of logs that lie elsewhere: which kind of place, and what in it."""

import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import unquote, urlsplit

from openstack_rca.errors import ConfigurationError


class Place(StrEnum):
    """Kinds of places; the value is how an address of the kind begins."""

    SSH = "ssh://"
    SSH_JOURNAL = "ssh+journald:"
    JOURNAL = "journald:"
    DOCKER = "docker:"
    PODMAN = "podman:"
    KUBECTL = "kubectl:"
    S3 = "s3://"
    HTTPS = "https://"
    HTTP = "http://"
    LOKI = "loki+https://"
    LOKI_PLAIN = "loki+http://"
    OPENSEARCH = "opensearch+https://"
    OPENSEARCH_PLAIN = "opensearch+http://"


@dataclass(frozen=True)
class Address:
    """An address as it was given, the kind of its place, and what follows the kind."""

    text: str
    place: Place
    rest: str


def is_remote(text: str) -> bool:
    """Whether logs of this name lie elsewhere; a path that happens to look so can be given as ./PATH."""
    return _place(text) is not None or re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", text) is not None


def is_bucket(text: str) -> bool:
    """Whether an address is that of logs in a bucket."""
    return text.startswith(Place.S3)


def _place(text: str) -> Place | None:
    return next((place for place in Place if text.startswith(place.value)), None)


def parse_address(text: str) -> Address:
    """Take an address apart. Raises ConfigurationError: of no kind that is read, or it holds a password, which would be kept."""
    place = _place(text)
    if place is None:
        raise ConfigurationError(
            f"Logs are not read from {text.partition('://')[0]}:// addresses.",
            f"These are: {', '.join(kind.value for kind in Place)}; a path of this machine is given as ./PATH.",
        )
    rest = text[len(place.value) :]
    if re.match(r"(?://)?[^/?@]*:[^/?@]*@", rest):
        raise ConfigurationError(
            f"The address {plain_address(text)} holds a password.",
            "Leave it out; credentials come from the environment or from the tool's own files, see docs/remote.md.",
        )
    return Address(text, place, rest)


def plain_address(text: str) -> str:
    """The address without user and password, as it may be kept and shown."""
    return re.sub(r"(:(?://)?)[^/?@]*@", r"\1", text, count=1) if is_remote(text) else text


def names_in(rest: str) -> list[str]:
    """Names separated by commas, in order, each once. Raises ConfigurationError: one could be an option, or is no name."""
    found = list(dict.fromkeys(part.strip() for part in rest.split(",") if part.strip()))
    for name in found:
        if not re.fullmatch(r"[A-Za-z0-9_\[][A-Za-z0-9_.:@%\[\]-]*", name):
            raise ConfigurationError(
                f"{name[:60]!r} is not the name of a host, a container or a unit.", "Check the address."
            )
    return found


def hosts_and_path(rest: str) -> tuple[list[str], str]:
    """``a,b/var/log`` -> the hosts and the absolute path, which is empty where none was given."""
    hosts, slash, path = rest.removeprefix("//").partition("/")
    return names_in(hosts), unquote(slash + path)


def server_and_query(address: Address) -> tuple[str, str, str]:
    """Of a server's address: its root as https or http, the path, and the text behind ``query=``."""
    scheme = "http" if address.place in (Place.LOKI_PLAIN, Place.OPENSEARCH_PLAIN) else "https"
    before, _, query = address.rest.partition("?")
    parts = urlsplit(f"{scheme}://{before}")
    found = re.search(r"(?:^|&)query=(.*)$", query, re.DOTALL)
    return f"{scheme}://{parts.netloc}", parts.path.strip("/"), unquote(found[1]) if found else ""
