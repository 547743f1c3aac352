"""Accusations where no signature speaks: who is meant is read from addresses, traceback frames and peers' names.

These rules are OpenStack's own conventions: every project keeps the client side of its remote procedure calls in
``<project>/<service>/rpcapi.py``, so the frame in a time-out's traceback names the service that did not answer; and
connection errors carry the ``host:port`` or the URL that failed; and an error that comes out of a client library accuses
what that library is the client of.
"""

import re
from dataclasses import dataclass
from functools import cache

from openstack_rca.rca.evidence.error_kinds import OWN_KIND, kind_of
from openstack_rca.rca.knowledge import HOST, NETWORK, STORAGE, Topology
from openstack_rca.rca.vocabulary import Category
from openstack_rca.rca.weights import current
from openstack_rca.shipped import shipped_yaml

_FRAME = re.compile(r"/(nova|cinder|manila|ironic|heat|octavia|magnum)/(?:[a-z_]+/)*?([a-z_]+)/rpcapi\.py")
_NEUTRON_FRAME = re.compile(
    r"/neutron/(agent/rpc|agent/securitygroups_rpc|agent/(?:dhcp|l3|metadata)/\w+|common/rpc)\.py"
)
_TIMEOUT = "MessagingTimeout"
_ADDRESS = re.compile(
    r"https?://[A-Za-z0-9._\[\]:-]+(?:/[^\s'\")]*)?|\b[A-Za-z0-9][A-Za-z0-9._-]*:(?:\d{4,5})\b|host='[^']+', port=\d+"
)
_POOL = re.compile(r"host='([^']+)', port=(\d+)")
"""How urllib3 writes an address."""

_GONE = re.compile(
    r"(?i)\b(?:is|are|seems?(?: to be)?|appears?(?: to be)?|found|reported) (?:\w+ )?"
    r"(?:down|dead|unavailable|unreachable|offline)\b"
    r"|\b(?:is|are|does|do|did|has|have) not (?:\w+ )?(?:responding|respond|answer\w*|alive|running|available|report\w*)\b"
    r"|\blost (?:the )?(?:connection|contact)\b|\bno (?:heartbeat|reply|response|answer)\b|\bnot been heard from\b"
)
_SERVICE = re.compile(r"(?i)\b([a-z]+) service\b")
"""What a project calls a service of its own: cinder's volume service, nova's compute service."""

_NO_WAY = re.compile(
    r"Errno (?:101|113)\b|E(?:NET|HOST)UNREACH|[Nn]etwork is unreachable|[Nn]o route to host|[Cc]ould not resolve host"
    r"|[Tt]emporary failure in name resolution|Name or service not known|Unknown (?:MySQL |MariaDB )?server host|EAI_AGAIN"
)
_CLASS = re.compile(r"\b\w+(?:\.\w+)+\b")
_PASSED_ON = re.compile(r"\w_Remote\b|\bRemoteError\b|Remote error: ")
"""How oslo.messaging names what a server raised where its client raises it again."""

_FAILED_AT_SERVER = re.compile(
    r"\(HTTP 5\d\d\)|\bCode: 5\d\d\b|\bHTTP(?:InternalServer|Server)Error: |\bThe server is currently unavailable\. Please"
    r"|\bThe server has either erred or is incapable|\binternal server error while processing your request"
)
"""How clients of APIs, and heat, write that a server answered with an error of its own, whose words they repeat."""

REFUSED = r"(?i)connection refused|ECONNREFUSED|actively refused|Errno 111"
"""How an error tells that nothing listens at an address."""

_REFUSED = re.compile(REFUSED)
_TIMED_OUT = re.compile(r"(?i)timed? ?out|Errno 110|ETIMEDOUT")
_UNTRUSTED = re.compile(r"(?i)\bSSL\w*Error|certificate verif|CertificateError|tls: |wrong version number")
_FAILED = re.compile(
    r"(?i)unreachable|unable to (?:establish|connect)|failed to (?:connect|establish)|connection (?:reset|aborted|closed)"
    r"|max retries exceeded|bad gateway|service unavailable|remote end closed|no route to host"
)


_OF_THE_OTHER = (Category.AUTH, Category.CAPACITY, Category.HANG, Category.PROCESS_DOWN, Category.DATA_MISSING)
"""Kinds of fault that an error speaks of and that lie with who was called; any other is the caller's own until it is shown."""

KEPT_FOR = {("placement-api", Category.CAPACITY): "nova-compute"}
"""Placement only does the book-keeping: a shortage that it reports is a shortage on the compute hosts."""

_HARMLESS = re.compile(
    r"(?i)duplicate entry|IntegrityError|DBDuplicateEntry|DBDeadlock|deadlock found|No active sessions|No records found"
    r"|Unexpected(?:Deleting)?TaskStateError"
)
"""What these libraries meet, or are answered, in OpenStack's ordinary work."""


@dataclass(frozen=True)
class Accusation:
    """A component that an event's text accuses.

    ``vague``: the words tell no kind of fault, only the place in the code does; ``quoted``: they are another server's answer.
    """

    component: str
    category: Category
    why: str
    weight: float
    vague: bool = False
    quoted: bool = False


def accuse(
    text: str, accuser: str | None, topology: Topology, logger: str | None = None, told: str | None = None
) -> Accusation | None:
    """Read from an error's own text (message, exception, traceback) which other component failed; None where none is told.

    Args:
        accuser, logger: component and Python module that logged it.
        told: the line of the event that says most (``telling_line``); None: the whole text is read.
    """
    if _TIMEOUT in text:
        consumer = _rpc_consumer(text, topology)
        if consumer is not None and consumer != accuser:
            return Accusation(
                consumer, Category.HANG, f"a remote procedure call to {consumer} got no reply", current().telling
            )
    return (
        _no_way(text, accuser)
        or _address(text, accuser, topology)
        or _client_side(text, accuser, topology, logger, told or text)
        or _named(text, accuser, topology)
    )


def _no_way(text: str, accuser: str | None) -> Accusation | None:
    """The network, where no server resolves a name or no way leads to a host: who is called has not been reached."""
    found = _NO_WAY.search(text)
    if found is None or accuser == NETWORK:
        return None
    return Accusation(NETWORK, Category.NETWORK, f"nothing gets through ({found.group()})", current().client_side)


def passes_on(text: str) -> bool:
    """Whether an error only tells what was raised at the other end of a remote procedure call."""
    return _PASSED_ON.search(text) is not None


def quotes_another(text: str) -> bool:
    """Whether an error repeats what failed within a service that was called, be it by a remote procedure call or by HTTP."""
    return passes_on(text) or _FAILED_AT_SERVER.search(text) is not None


def tells_of_time_out(text: str) -> bool:
    """True where a text speaks of an answer that did not come, and not of a refusal."""
    return _TIMED_OUT.search(text) is not None and _REFUSED.search(text) is None


def _address(text: str, accuser: str | None, topology: Topology) -> Accusation | None:
    """The component behind the first known address of a text that speaks of a failed connection."""
    refused, untrusted = _REFUSED.search(text), _UNTRUSTED.search(text)
    if not (refused or untrusted or _FAILED.search(text) or _TIMED_OUT.search(text)):
        return None
    for match in _ADDRESS.finditer(text):
        address = _POOL.sub(r"\1:\2", match.group())
        component = topology.component_of_url(address)
        if component is None or component == accuser:
            continue
        if untrusted:
            kind = kind_of(text) or Category.AUTH
            return Accusation(component, kind, f"{address} is not trusted", current().telling)
        if refused:
            return Accusation(component, Category.PROCESS_DOWN, f"{address} refuses connections", current().telling)
        if _TIMED_OUT.search(text):
            return Accusation(component, Category.HANG, f"{address} does not answer in time", current().telling)
        return Accusation(component, Category.PROCESS_DOWN, f"{address} cannot be reached", current().telling)
    return None


def _client_side(
    text: str, accuser: str | None, topology: Topology, logger: str | None, told: str
) -> Accusation | None:
    """The component whose client library, or whose client side in a service, the error comes out of."""
    searched = f"{logger or ''} {text}"
    for component, fragments in _client_modules().items():
        found = next((fragment for fragment in fragments if fragment in searched), None)
        if found is None or component == accuser or not topology.uses(accuser or component, component):
            continue
        spoken, own = kind_of(told), OWN_KIND.get(component)
        # The name of an exception's class says who failed; that it is of the server's own kind, the words behind it must say.
        by_words = own is not None and kind_of(_CLASS.sub("", told)) is own
        if spoken is Category.CONFIG and own is Category.STORAGE and not by_words:
            return None
        spoken = spoken if spoken in _OF_THE_OTHER or by_words else None
        category = spoken or own
        if category is not None and not _HARMLESS.search(text):
            weight = current().noticeable if category is Category.DATA_MISSING else current().client_side
            why = f"the error comes out of the client side of {component} ({found.strip('/.')})"
            wanting = KEPT_FOR.get((component, category), component)
            return Accusation(wanting, category, why, weight, vague=spoken is None)
    return None


def _named(text: str, accuser: str | None, topology: Topology) -> Accusation | None:
    """The component that a text calls by its name where it says that somebody is gone."""
    words = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("File "))
    if _GONE.search(words) is None:
        return None
    for name, component in named_dependencies(words, accuser, topology):
        words_of_another = quotes_another(text)
        return Accusation(
            component, Category.PROCESS_DOWN, f"{name} is gone", current().client_side, quoted=words_of_another
        )
    return None


def named_dependencies(words: str, accuser: str | None, topology: Topology) -> list[tuple[str, str]]:
    """Dependencies of the accuser that a text names: pairs of the words in the text and the component."""
    project = (accuser or "").split("-")[0]
    spoken = [(match.group(), match.group()) for match in _names(topology).finditer(words)]
    for match in _SERVICE.finditer(words):
        spoken += [(match.group(), f"{project}-{match[1]}"), (match.group(), match[1])]
    found = [(name, topology.canonical(service)) for name, service in spoken]
    needed = set(topology.dependencies(accuser) if accuser else topology.components) - {HOST, NETWORK, STORAGE, accuser}
    return [(name, component) for name, component in found if component in needed]


@cache
def _names(topology: Topology) -> re.Pattern[str]:
    """What components are called in running text: names that are not ordinary words, and neutron's types of agents."""
    known = {name for name in topology.components if "-" in name or topology.is_leaf(name)} - {
        "host",
        "network",
        "storage",
    }
    known |= {kind for name in topology.components for kind in topology.component(name).agent_types}
    longest_first = sorted(known, key=lambda name: (-len(name), name))
    return re.compile(rf"(?<![\w./-])(?:{'|'.join(map(re.escape, longest_first))})(?![\w/-])")


@cache
def _client_modules() -> dict[str, tuple[str, ...]]:
    data = shipped_yaml("openstack_rca.rca.evidence", "client_modules.yaml")
    return {str(name): (*entry["modules"], *entry["files"]) for name, entry in data.items()}


def _rpc_consumer(text: str, topology: Topology) -> str | None:
    """The service whose client module is the last one in the traceback before the time-out."""
    frames = _FRAME.findall(text)
    if frames:
        project, service = frames[-1]
        return topology.canonical(f"{project}-{service}")
    return "neutron-server" if _NEUTRON_FRAME.search(text) else None
