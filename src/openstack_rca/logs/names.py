"""What a log file's path says: the service that wrote it and the host that it ran on."""

import ipaddress
import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from openstack_rca.logs.name_words import (
    DAEMON_STEMS,
    DATABASES,
    EVERYONES,
    GATHERED,
    PLACES,
    ROLE_STEMS,
    SERVICES,
    words,
)
from openstack_rca.logs.pods import is_made_up, is_pod, service_in_pods, service_of_pod
from openstack_rca.logs.programs import component_of_program, is_program, normal_name

_LARGER_THAN_VERSIONS = 100
_COMPRESSION = re.compile(r"\.(?:gz|bz2|xz|zst|zstd|lz4|lzma|Z)$", re.IGNORECASE)
# A number, a date or a date with time behind the name, as logrotate, savelog and people write them.
_ROTATION = re.compile(
    r"(?:[._-](?:\d{1,4}|\d{8}(?:[-_T]?\d{2,6})?|\d{10}|\d{4}-\d\d-\d\d(?:[-_T]?[\d:.-]+)?|old|bak|prev))+$"
)
_DATED_ROTATION = re.compile(_ROTATION.pattern.replace(r"\d{1,4}|", r"(?<!-)\d{1,4}|", 1))
_EXTENSION = re.compile(r"[._-](?:log|err|out|txt|rtf|json|jsonl|ndjson|html|csv|xml|ya?ml|eml|mbox)$", re.IGNORECASE)
_ROLE = re.compile(r"[._-](?:access|error|request|requests|other[._-]vhosts|stdout|stderr)$", re.IGNORECASE)
_NODE_NAME = re.compile(r"^(?:rabbit|rabbitmq)@(.+?)(?:[_-](?:sasl|upgrade))?$")
_NODE_SUFFIX = re.compile(r"(?:\.(?:log|gz|bz2|xz|zst|\d{1,4}|old|bak)|-\d{8}(?:-\d+)?)+$", re.IGNORECASE)

_HOST_LIKE = re.compile(
    r"^(?:[a-z0-9]+-){0,3}(?:(?:nova)?compute|controller|control|ctl|ctrl|cmp|cpt|network|net|storage|stor|node|host|hv|hypervisor|"
    r"server|srv|infra|gateway|gw|ceph|overcloud|master|worker|mon|osd|lb|db|mq|np)s?[a-z]*[-_.]?\d+(?:[-.][\w.-]+)?$|"
    r"^(?:controller|compute|network|storage)$",
    re.IGNORECASE,
)
_NUMBERED_HOST = re.compile(rf"(?=.*\d)(?:{_HOST_LIKE.pattern})", re.IGNORECASE)
_DATED = re.compile(r"^[\d_.:TZ-]+$")
_IDENTIFIER = re.compile(
    r"^(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{12,64}|\d+)(?:-json)?$", re.IGNORECASE
)
_SOSREPORT = re.compile(
    r"^(?:[a-z]+-)?sos(?:report|collector)?[-_](?P<host>.+?)(?:-\d{5,})?(?:-\d{4}-\d\d-\d\d)?(?:-\d{8,14})?(?:-[a-z]{7})?"
    r"(?:-obfuscated)?$",
    re.IGNORECASE,
)
_SUPPORTCONFIG = re.compile(r"^(?:scc|nts)_(?P<host>[\w.-]+?)_\d{6}_\d{4}$")
# When a copy was made stands behind its host's name.
_COPIED = re.compile(r"(?<=[\w])[._-](?:\d{8}|\d{4}-\d\d-\d\d)(?:[._T-]?\d{4,6})?$")
# A container of OpenStack-Ansible: what is called `cmp-a_nova_api_container-12345678` calls itself by dashes alone.
_ANSIBLE_CONTAINER = re.compile(r"^(?:(?P<host>[^_]+)_(?P<service>[a-z0-9_]+)_|(?P<dashed>.+)-)container-[0-9a-f]{8}$")
_CONTAINER_FILE = re.compile(r"^(?P<container>.+[_-]container-[0-9a-f]{8})(?P<rest>[._-].*)?$")
# A word for what somebody collected, which no host is called by.
_COLLECTED = re.compile(
    r"(?:^|[^a-z])(?:logs|tickets?|cases?|incidents?|inc|issues?|bugs?|dump|reports?|bundle|archive|diag|diagnostics|evidence|"
    r"collected|collection|export)(?:[^a-z]|$)",
    re.IGNORECASE,
)
# With a number right behind it such a word is a host of that use.
_HOST_OF_USE = re.compile(r"^(?:logs|archive|export)\d{1,3}$", re.IGNORECASE)
_NOT_HOSTS = words(
    "kolla openstack devstack microstack docker podman tripleo edpm snap screen unit machine pod service container journal "
    "journalctl log logs new old full combined all my the application charm vmcore"
)
# Daemons that cephadm (`ceph-rgw.SERVICE.HOST.abcdef`) or ceph-ansible (`ceph-client.rgw.HOST.rgw0`) placed, and clients.
_CEPH_FILE = re.compile(
    r"^ceph-(?:client\.)?(?P<daemon>mgr(?=\.)|(?:mds|rgw|nfs|iscsi|rbd-mirror)(?:\.[\w-]+)*?(?=\.[\w-]+\.\w+$))"
    r"\.(?P<host>[\w.-]+)\.(?:[a-z]{6}|rgw\d+)$|^ceph-client\.(?P<client>[a-z]+)"
    r"(?:\.(?P<named>[A-Za-z][\w-]*\d[\w-]*(?:\.[A-Za-z][\w-]*)*))?"
)
# What somebody typed to get the lines.
_COMMANDS = words(
    "systemctl status journalctl docker podman crictl kubectl oc logs log tail head grep zgrep cat show get list output u f n t "
    "no pager boot unit reverse since pod pods describe previous var"
)
_NOT_HOST_TAIL = re.compile(r"^(?:cell\d+|v\d+|\d+|worker\d+|[0-9a-f]{8,10}(?:-[a-z0-9]{5})?|py\d+)$")


# Files of 389 Directory Server, in a folder called by its instance; sssd calls a file by the domain.
_DIRECTORY = re.compile(r"^(?:errors|access|audit|auditfail|security)(?:[.-]|$)")
_DOMAIN = re.compile(r"^sssd_.")
GUEST = "guest"

# The number of a unit of Juju's.
_UNIT = re.compile(r"-\d{1,4}$")
# What browsers, file managers and editors make of a name that is taken.
_COPY = re.compile(
    r"^(?:Copy of |#(?=.*#$))|(?:~|#| ?\(\d{1,3}\)|\.~\d{1,3}~|\.(?:save|orig|rpmsave|dpkg-old)|"
    r" - Copy(?: \(\d{1,3}\))?| copy(?: \d{1,3})?| \((?:another |\d{1,3}\w\w )?copy(?: \d{1,3})?\))(?=(?:\.\w{1,5}){0,3}$)",
    re.IGNORECASE,
)
_ADDRESS_IN_NAME = re.compile(r"(?:^|[-_.@]+)(?P<address>\d{1,3}(?:\.\d{1,3}){3})(?=[-_.@]|$)[-_@]*")
_TYPED = re.compile(r"^(?:(?:kubectl|oc|pods?|logs?|var[-_]log)[-_]+)+(?=[a-z])", re.IGNORECASE)
# A folder of a host's logs.
_OF_LOGS = re.compile(r"^logs?[-_.]|[-_.]logs?(?=[-_.]|$)", re.IGNORECASE)
# A part of a file that was cut.
_CUT = re.compile(r"[._-]part[._-]?(?:\d{1,4}|[a-z]{2})$|(?<=\.log)\.[a-z]{2}$")


@dataclass(frozen=True)
class Origin:
    """Who wrote a file; ``None`` where the path does not say."""

    service: str | None
    host: str | None


def plain_stem(name: str, rotation: re.Pattern[str] = _ROTATION) -> str:
    """The file's name without compression, ``rotation`` and log suffixes: ``nova-api.log.2.gz`` -> ``nova-api``."""
    stem = name
    previous = ""
    while stem != previous:
        previous = stem
        stem = _COMPRESSION.sub("", stem) or previous
        stem = _EXTENSION.sub("", rotation.sub("", stem)) or previous
    return stem


def origin_of(inside: Sequence[str], outside: Sequence[str] = ()) -> Origin:
    """Read service and host from a path.

    Args:
        inside: parts of the path below what the user gave, file name last: ``("compute1", "nova-compute.log")``.
        outside: parts above it; a folder there is a host only where it stands right below ``logs``, ``log`` or
            ``hosts`` or looks like a host's name, since any folder may hold a collection of logs.
    """
    if inside[-1].startswith("console.log") and _IDENTIFIER.match([*outside, *inside][-2:][0]):
        # What a guest shows on its console, in the folder that nova gives it.
        return Origin(GUEST, _host(list(inside[:-2]), list(outside)))
    if _DIRECTORY.match(inside[-1]) or "dirsrv" in inside:
        inside = ["slapd" if part.startswith("slapd-") else part for part in inside]
    folders = [part for part in (*outside, *inside[:-1]) if part not in ("/", "", ".", "..")]
    name = _COPY.sub("", _CUT.sub("", inside[-1]))
    addressed = _ADDRESS_IN_NAME.search(name)
    if addressed is not None and not _is_address(addressed["address"], begins=addressed.start() == 0):
        addressed = None
    if addressed is not None:
        name = _ADDRESS_IN_NAME.sub("", name, count=1)
    service, named_host = _service(name, folders) if plain_stem(f"x{name}") != "x" else (None, None)
    named_host = addressed["address"] if addressed else named_host
    container = next(filter(None, map(_in_container, reversed(folders))), None)
    if container is not None and not is_program(service or ""):
        service = _program_of(container) or service
    # A folder with whose name the program's begins is the program's: `kea/kea-dhcp4.log`, `nagios/nagios.log`.
    called = (service or "").lower()
    parts = [called.partition(sign) for sign in "-_."]
    begun = {before for before, _, behind in parts if behind and behind not in EVERYONES}
    begun |= set() if re.search(r"\d", called) else {called}
    own = [part for part in _without_pods(inside) if not (part.lower() in begun and not _HOST_LIKE.match(part))]
    host = _host(own, [part for part in outside if part != "/" and part.lower() not in begun])
    return Origin(service, named_host or host)


def _without_pods(inside: Sequence[str]) -> list[str]:
    """The folders of a path without those of pods and of their namespaces, which are called by words alone."""
    names = ("", *inside[:-1], plain_stem(inside[-1], _DATED_ROTATION))
    below = (*inside[1:-1], "", "")
    pods = [is_pod(*near) for near in zip(names[1:], names, below, strict=False)]
    return [
        folder
        for folder, pod, holds_pod in zip(inside, pods, pods[1:], strict=False)
        if not (pod or (holds_pod and folder.isalpha()))
    ]


def machine_of(host: str) -> str:
    """The host that runs the OpenStack-Ansible container of this name; the name of any other host as it is."""
    container = _in_container(host.partition(".")[0])
    return (container and container.host) or host


def _service(name: str, folders: list[str]) -> tuple[str | None, str | None]:
    """Service, and the host where the file's own name holds it."""
    parent = folders[-1] if folders else ""
    plain = _NODE_SUFFIX.sub("", name)
    alone = _service_of_name(name, plain)
    if alone is not None:
        return alone
    whole_stem = _TYPED.sub("", plain_stem(name, _DATED_ROTATION))
    in_pod = service_of_pod(whole_stem) if is_pod(whole_stem) else service_in_pods(plain, plain_stem(plain), folders)
    if in_pod is not None:
        return in_pod, None
    whole = _split_name(whole_stem)
    if whole[1] is not None and parent.lower() not in SERVICES:
        # The number behind a host's last dash is not a rotation's.
        return whole
    stem = plain_stem(name)
    if stem.lower().startswith(("screen-", "unit-")):
        whole_stem = stem = _UNIT.sub("", stem.partition("-")[2])
    if stem.lower() not in ROLE_STEMS:
        stem = _ROLE.sub("", stem)
    if parent.lower() == "qemu":
        return parent, None
    if parent.lower() in DATABASES and name.endswith(".err") and not is_program(stem):
        # Without a setting the server calls its log by its host.
        return parent, stem if _may_be_host(stem) else None
    project = parent.lower() if parent.lower() in SERVICES or is_program(parent) else ""
    if project and parent.lower() not in PLACES:
        joined = f"{normal_name(project)}-{normal_name(stem)}"
        if is_program(joined):
            return joined, None
        if stem.lower() in ROLE_STEMS:
            return parent, None
        if stem.lower() in DAEMON_STEMS:
            return joined, None
    service, host = _split_name(stem)
    if project and not component_of_program(service) and not _ROLE.search(service):
        return parent, host
    if _IDENTIFIER.match(service):
        container = _in_container(parent)
        return (container.service if container else None), host
    unknown = host is None and not component_of_program(service)
    return (None, whole_stem) if unknown and _NUMBERED_HOST.match(whole_stem) else (service or None, host)


def _service_of_name(name: str, plain: str) -> tuple[str | None, str | None] | None:
    """Service and host of a file whose name alone tells them."""
    node = _NODE_NAME.match(plain)
    if node is not None:
        container = _in_container(node.group(1))
        host = container.host if container else node.group(1)
        return "rabbitmq", None if is_pod((host or "").partition(".")[0]) else host
    if _DOMAIN.match(name):
        return "sssd", None
    of_container = _CONTAINER_FILE.match(name)
    container = _in_container(of_container["container"]) if of_container else None
    if of_container is None or container is None:
        return None
    stem = plain_stem((of_container["rest"] or "").lstrip("._-"))
    return stem if is_program(stem) else _program_of(container), container.host


def _split_name(stem: str) -> tuple[str, str | None]:
    """Take a host off a name: ``compute1-nova-compute`` and ``nova-compute.compute1`` hold one, ``nova-compute`` none."""
    if is_program(stem):
        return stem, None
    ceph = _CEPH_FILE.match(stem)
    if ceph is not None:
        service = "ceph-" + (ceph["daemon"] or ceph["client"]).partition(".")[0]
        return service if is_program(service) else "ceph", ceph["host"] or ceph["named"]
    borders = [match.start() for match in re.finditer(r"[-_.@]+", stem)]
    for border in borders:
        before, behind = stem[:border], stem[border + 1 :].lstrip("-_.@")
        # What keeps a program's lines tells no more than the program.
        kept = behind.lower() in _NOT_HOSTS and is_program(before)
        if is_program(_ROLE.sub("", behind)) and _may_be_prefix(before) and not kept:
            return _ROLE.sub("", behind), None if _is_no_host(before) else before
    for border in reversed(borders):
        before, behind = stem[:border], stem[border + 1 :].lstrip("-_.@")
        if is_program(before):
            if re.split("[-_.]", behind.lower())[0] in ("log", "logs"):
                behind = re.sub(r"^logs?[-_.]*", "", behind, flags=re.IGNORECASE)
                # The name of a host holds no underscore.
                if not behind or "_" in behind:
                    return before, None
            # Controllers put what looks like five letters of a name behind a dash, never behind a dot.
            tail = re.compile(r"^(?:v\d+|worker\d+|py\d+)$") if stem[border] == "." else _NOT_HOST_TAIL
            looks = re.search(r"^[A-Za-z].*\d|\.", behind) and not tail.match(behind)
            is_host = looks and (_is_address(behind) or re.match("[A-Za-z]", behind)) and _may_be_host(behind)
            return (before, behind) if is_host else (stem, None)
    for border in borders:
        before, behind = stem[:border], stem[border + 1 :].lstrip("-_.@")
        for name, host in ((before, behind), (behind, before)):
            if name.lower() in EVERYONES and re.search(r"^[A-Za-z].*\d", host) and _may_be_host(host):
                return name, host
    return stem, None


def _is_no_host(text: str) -> bool:
    typed = _COMMANDS.issuperset(re.split(r"[-_. ]+", text.lower()))
    return typed or text.lower() in _NOT_HOSTS or _is_service(text) or is_program(service_of_pod(text) or "")


def _may_be_prefix(text: str) -> bool:
    return bool(text) and not _DATED.match(text)


def _is_service(text: str) -> bool:
    return text.lower() in SERVICES or (is_program(text) and not _HOST_LIKE.match(text))


def _host(inside: list[str], outside: list[str]) -> str | None:
    for above, folder in itertools.pairwise(inside):
        # Where a server gathers the logs of others, each has a folder.
        if above.lower() in GATHERED and (host := _host_in(folder)):
            return host
    if "sos_commands" in inside:
        inside = inside[: inside.index("sos_commands")]
    whole = [*outside, *inside]
    for above, folder, below in zip(whole, whole[1:], whole[2:], strict=False):
        # OpenStack-Ansible keeps what a service without a container writes in a folder of host and project.
        host, _, project = below.rpartition("-")
        if (above, folder) == ("openstack", "log") and host and project in SERVICES and _may_be_host(host):
            return host
    for above, folder, below in zip(inside, inside[1:], inside[2:], strict=False):
        # A copy of a host's tree of files is called by the host.
        if (folder, below) in (("var", "log"), ("var", "run"), ("var", "lib")) and (host := _host_in(above)):
            return host
    gathered = next((place for place, part in enumerate(inside) if part.startswith("must-gather")), len(inside))
    for position in range(len(inside) - 1, -1, -1):
        if not {"pods", "pod-logs"}.isdisjoint(inside[:position]) and "nodes" not in inside[position - 1 : position]:
            continue
        if position > gathered and not _SOSREPORT.match(inside[position]):
            # Kinds of what a cluster holds.
            continue
        host = _host_in(inside[position])
        if host is not None:
            return host
    for position in range(len(outside) - 1, -1, -1):
        part = outside[position]
        host = _host_in(part)
        if host is None and _is_collection(part):
            return None
        if host is None:
            continue
        above = outside[position - 1].lower() if position else ""
        told = host != part or above in ("logs", "log", *GATHERED) or _HOST_LIKE.match(part)
        return host if told or _is_address(part) else None
    return None


def _host_in(part: str) -> str | None:
    """The host that a folder's name tells, if any: none where it is a path whose parts are joined (``var-log-pods``)."""
    if part.lower() in PLACES or PLACES.issuperset(re.split("[-_]", part.lower())):
        return None
    report = _SOSREPORT.match(part) or _SUPPORTCONFIG.match(part)
    if report is not None:
        return None if report["host"].startswith("collector-") else report["host"]
    container = _in_container(part)
    if container is not None:
        return container.host
    part = _COPIED.sub("", _COPY.sub("", part.strip()))
    bare = _COPIED.sub("", _OF_LOGS.sub("", part))
    if bare != part and _NUMBERED_HOST.fullmatch(bare) and not _is_service(re.split("[-_.]", bare)[-1]):
        return bare
    return part if _may_be_host(part) else None


def _in_container(name: str) -> Origin | None:
    """Service and host of a container of OpenStack-Ansible, by its name."""
    found = _ANSIBLE_CONTAINER.match(name)
    if found is None or found["host"]:
        return found and Origin(found["service"], found["host"])
    borders = [place for place, letter in enumerate(found["dashed"]) if letter == "-"]
    splits = [Origin(found["dashed"][place + 1 :], found["dashed"][:place]) for place in borders]
    known = (split for split in splits if _is_service(split.service or ""))
    hosts = (split for split in splits if _HOST_LIKE.match(split.host or ""))
    return next(known, None) or next(hosts, None) or next(iter(splits), Origin(None, found["dashed"]))


def _program_of(container: Origin) -> str | None:
    """The program in a container of OpenStack-Ansible, whose name may say more: ``nova_api_os_compute``, ``cinder_volumes``."""
    called = words_left = normal_name(container.service or "")
    while words_left:
        for name in (words_left, words_left.removesuffix("s")):
            if is_program(name):
                return name
        words_left = words_left.rpartition("-")[0]
    return called or None


def _is_collection(part: str) -> bool:
    """Whether a folder is called by a word for what somebody collected; what lies above it then tells no host either."""
    called = part.partition(".")[0]
    return part.lower() not in PLACES and not _HOST_OF_USE.match(called) and _COLLECTED.search(called) is not None


def _is_address(text: str, begins: bool = True) -> bool:
    """Whether a text is an IP address, perhaps with dashes.

    A version has four numbers too: behind a program's name (not ``begins``) only an address that is private or has a large
    number counts.
    """
    try:
        address = ipaddress.ip_address(text if ":" in text else text.replace("-", "."))
    except ValueError:
        return False
    return begins or address.is_private or max(address.packed) >= _LARGER_THAN_VERSIONS


def _may_be_host(part: str) -> bool:
    lower = part.lower()
    if _is_address(part):
        return True
    return (
        lower not in PLACES
        and not re.search(r"\s", part)
        and not _is_service(lower)
        and not _DATED.match(part)
        and not _IDENTIFIER.match(part)
        and not _is_collection(part)
        and not is_made_up(part)
        and not lower.endswith("-namespace")
        and not part.startswith((".", "must-gather", "juju-crashdump", "quay-io", "registry-"))
    )
