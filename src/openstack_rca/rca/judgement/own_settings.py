"""A client that is turned away while others are served: its own settings are wrong, not the service.

A refusal is an answer. Where one component alone is refused (its credentials, its region, its address or port), and others go
on using the same service, the fault is in what that component was told: blame, kind of fault and remedy move to it. Who only
quotes the error of a service behind it was turned away by nobody.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from openstack_rca.rca.evidence import Finding, quotes_another
from openstack_rca.rca.judgement.asked_endpoints import NOT_IN_CATALOGUE, asked_endpoint
from openstack_rca.rca.judgement.front import PROXIES
from openstack_rca.rca.knowledge import HOST, NETWORK, Topology
from openstack_rca.rca.vocabulary import Category, Directness, EvidenceSort
from openstack_rca.rca.weights import current

IDENTITY = "keystone"
_FOUND_BY_NAME = "mariadb"
"""Services that depend on it and go on logging find their servers by name."""
_TURNED_AWAY = (Category.AUTH, Category.CONFIG)
_TURNED_AWAY_ALONE = "{service} turns only {client} away, while others are served: {title}"
_STRAY = "{client} calls an address or port of {service}, which it never needs, so its own settings name a wrong one: {title}"
_WRONG_NAME = "{client} calls a name that does not exist, while others find their servers: {title}"
_UNKNOWN_NAME = re.compile(
    r"Errno -2\b|Name or service not known|Unknown (?:MySQL |MariaDB )?server host|could not translate"
)
_SHOWN_TO_ALL = frozenset({"tls-certificate-expired"})
"""What a server shows to every client alike: no setting of one client makes it wrong."""
_OF_ACCOUNT = frozenset({"placement-credentials-refused"})
"""What a service says of its own credentials in keystone; any other log-in that it is refused is at a device or a server."""
_CERTIFICATES = _SHOWN_TO_ALL | {"tls-certificate-invalid", "tls-authority-unknown", "tls-name-mismatch"}
"""What a client refuses of a server is no login that the server refuses."""
_FOR_ANYBODY = frozenset({"etcd", "redis", "memcached"})
"""Stores of keys, which any service may be set to use: that one calls them is no sign of a wrong address."""
_REFUSED = re.compile(r"(?i)connection refused|ECONNREFUSED|Errno 111")
_REMEDIES = {
    Category.AUTH: "Compare the user, password and project in {client}'s configuration with those in {service}, correct them, "
    "and restart {client}.",
    Category.CONFIG: "Compare address, port, region and endpoint type of {service} in {client}'s configuration with those of a "
    "client that works, correct them, and restart {client}.",
}
_OF_ACCOUNTS = (
    "See what changed in keystone for the users of these services (passwords, roles, the service project, fernet keys): "
    "several are refused at once."
)
_CHECKS_OF_ACCOUNTS = (
    "openstack user list --project service",
    "openstack role assignment list --names --project service",
    "journalctl -u <unit> -n 200",
)
_CHECKS = ("journalctl -u <unit> -n 200", "openstack endpoint list", "systemctl status <unit>")
_SECTIONS = {IDENTITY: "keystone_authtoken|service_user|placement|neutron|cinder", "mariadb": "(api_)?database"}
_CALLED_BY_SECTION = frozenset(
    {"barbican", "cinder", "glance", "heat", "ironic", "neutron", "nova", "octavia", "placement"}
)
"""Projects whose clients hold the settings for their calls in a section of that name."""


def blame_own_settings(findings: list[Finding], window: pl.DataFrame, topology: Topology) -> list[Finding]:
    """Turn what only one client says against a service that serves others into a fault of that client's settings."""
    cited = [finding.rows[0] for finding in findings if finding.rows]
    texts = dict(window.filter(pl.col("row").is_in(cited)).select("row", "text").iter_rows())
    quoting = {row for row, text in texts.items() if quotes_another(text)}
    findings = _blame_refused_login(_blame_shared_account(findings, topology), window, quoting)
    findings = _blame_unknown_name(findings, window, topology)
    moved = list(findings)
    # A host and a network serve nobody of whom they would turn one away.
    servers = set(topology.components) - {HOST, NETWORK}
    for service in sorted({finding.accused for finding in findings if finding.accused in servers}):
        told = _complaints(findings, service)
        quoted = _quoted(told, quoting)
        against = [finding for finding in told if finding not in quoted]
        clients = {finding.accuser for finding in against}
        if len(clients) != 1 or clients & {None, *PROXIES} or _speaks_against_itself(findings, service):
            continue
        client = str(next(iter(clients)))
        if not all(topology.depends_on(str(finding.accuser), client) for finding in quoted):
            continue
        category = _kind(against, texts)
        # An answer shows that the service is meant; only a refused connection can be one to a wrong place.
        unanswered = not {finding.category for finding in against} <= set(_TURNED_AWAY)
        stray = unanswered and category is not None and _has_no_business(topology, client, service)
        if category is None or not (stray or _serves_others(findings, window, topology, service, client, against)):
            continue
        why = _STRAY if stray else _TURNED_AWAY_ALONE
        lines = [
            line for finding in against for line in (*finding.proofs, *(texts.get(row, "") for row in finding.rows))
        ]
        asked = asked_endpoint(client, lines)
        for place, finding in enumerate(findings):
            if finding in against:
                moved[place] = _own_fault(finding, client, service, category, why)
                if asked is not None and finding.signature == NOT_IN_CATALOGUE:
                    title = asked.title
                    moved[place] = replace(
                        moved[place], title=title, why=title, remedy=asked.remedy, checks=asked.checks
                    )
            elif finding in quoted or (finding.accused == service and finding.category is category):
                moved[place] = finding.weakened(current().left)
    return moved


def _blame_shared_account(findings: list[Finding], topology: Topology) -> list[Finding]:
    """Where several components are refused their login, what they share is the account in keystone, not a setting each.

    Who has no account there, such as a database or a broker, is refused by somebody else.
    """
    refused = [
        finding
        for finding in findings
        if _login_refused(finding)
        and finding.accuser not in (IDENTITY, None)
        and topology.uses(str(finding.accuser), IDENTITY)
        and (finding.accused == IDENTITY or (finding.accused == finding.accuser and finding.signature in _OF_ACCOUNT))
    ]
    if len({finding.accuser for finding in refused}) < current().enough_others:
        return findings
    return [
        finding.held_against(IDENTITY, None, _OF_ACCOUNTS, _CHECKS_OF_ACCOUNTS, directness=Directness.ACCUSATION)
        if finding in refused
        else finding
        for finding in findings
    ]


def _blame_refused_login(findings: list[Finding], window: pl.DataFrame, quoting: set[int]) -> list[Finding]:
    """Where a server refuses the login of one stream and serves others of its project, that stream holds a wrong password.

    What the server says of it is about the client. Keystone is left out: it keeps the accounts, which may have been changed.
    """
    refused = [finding for finding in findings if _login_refused(finding)]
    moved = list(findings)
    for server in sorted({finding.accused for finding in refused} - {IDENTITY}):
        against = [
            finding for finding in refused if finding.accused == server and finding.accuser not in (server, None)
        ]
        clients = {(finding.accuser, finding.accuser_host) for finding in against}
        if len(clients) != 1 or _quoted(against, quoting):
            continue
        client, host = next(iter(clients))
        assert client is not None
        others = window.filter(
            (pl.col("component").cast(pl.String).str.split("-").list.first() == client.split("-")[0])
            & ~((pl.col("component") == client) & pl.col("host").eq_missing(pl.lit(host, dtype=pl.String)))
            & pl.col("time").is_between(min(f.first for f in against), max(f.last for f in against))
        )
        troubled = {finding.accuser for finding in findings if finding.accused == server and finding.complains} - {
            client
        }
        served = others.filter(~pl.col("component").is_in(list(troubled)))
        if served.height < current().enough_events:
            continue
        for place, finding in enumerate(findings):
            if finding in against:
                moved[place] = _own_fault(finding, client, server, Category.AUTH)
            elif finding.accused == server and finding.accuser == server and finding.category is Category.AUTH:
                moved[place] = finding.weakened(current().left)
    return moved


def _login_refused(finding: Finding) -> bool:
    return finding.category is Category.AUTH and finding.complains and finding.signature not in _CERTIFICATES


def _blame_unknown_name(findings: list[Finding], window: pl.DataFrame, topology: Topology) -> list[Finding]:
    """Where one component alone asks for a name that does not exist, and others find their servers, it was told a wrong one.

    A name server that does not answer is told by another error ("temporary failure"). Who is called by a component in this
    trouble quotes its error, so of several who tell it the one that the others call counts.
    """
    moved = list(findings)
    asking = [f for f in findings if f.accused == "network" and f.category is Category.NETWORK and f.complains]
    asking = [finding for finding in asking if any(_UNKNOWN_NAME.search(proof) for proof in finding.proofs)]
    tellers = {finding.accuser for finding in asking if finding.accuser is not None}
    alone = [name for name in tellers if not any(topology.depends_on(name, other) for other in tellers)]
    if len(alone) != 1 or len(asking) != sum(
        finding.accused == "network" and finding.complains for finding in findings
    ):
        return findings
    client = alone[0]
    own = [finding for finding in asking if finding.accuser == client]
    if not _serves_others(findings, window, topology, _FOUND_BY_NAME, client, own):
        return findings
    for place, finding in enumerate(findings):
        if finding in own:
            told = _own_fault(finding, client, "its server", Category.CONFIG, _WRONG_NAME)
            moved[place] = replace(told, novelty=1.0)
        elif finding in asking:
            moved[place] = finding.weakened(current().left)
    return moved


def _complaints(findings: Sequence[Finding], service: str) -> list[Finding]:
    """What others say of a service, plainly enough; requests that stopped are nobody's word."""
    return [
        finding
        for finding in findings
        if finding.accused == service
        and finding.accuser not in (service, None)
        and finding.directness is Directness.ACCUSATION
        and finding.sort not in (EvidenceSort.MISSING_STEP, EvidenceSort.LATE_STEP)
        and finding.strength >= current().complaint
    ]


def _quoted(findings: Sequence[Finding], quoting: set[int]) -> list[Finding]:
    """The findings whose most telling event is one of those that only repeat the error of a service behind their accuser."""
    return [finding for finding in findings if quoting.intersection(finding.rows[:1])]


def _speaks_against_itself(findings: Sequence[Finding], service: str) -> bool:
    return any(
        finding.accused == service
        and (finding.directness is Directness.CAUSE or finding.sort is EvidenceSort.SILENCE)
        and finding.strength >= current().complaint
        for finding in findings
    )


def _kind(against: Sequence[Finding], texts: dict[int, str]) -> Category | None:
    """Kind of fault of a client that is turned away; None where a complaint is of something else."""
    kinds = {finding.category for finding in against}
    if any(finding.signature in _SHOWN_TO_ALL for finding in against):
        return None
    if kinds <= set(_TURNED_AWAY):
        return max(against, key=lambda finding: finding.strength).category
    if sum(finding.count for finding in against) < current().enough_events:
        return None
    refused = all(_REFUSED.search(texts.get(finding.rows[0], "")) for finding in against if finding.rows)
    # Everybody depends on keystone: who goes on logging while it is refused is not served for that.
    from_identity = IDENTITY in {finding.accuser for finding in against}
    return Category.CONFIG if refused and not from_identity else None


def _serves_others(
    findings: Sequence[Finding],
    window: pl.DataFrame,
    topology: Topology,
    service: str,
    client: str,
    against: Sequence[Finding],
) -> bool:
    """Whether enough other components that need the service log meanwhile, and none of them complains of it.

    Who complains of the client has trouble of its own: that it logs does not show that it is served.
    """
    start, end = min(finding.first for finding in against), max(finding.last for finding in against)
    counts = window.filter(pl.col("time").is_between(start, end)).group_by("component").len()
    complaining = {finding.accuser for finding in findings if finding.accused in (service, client)}
    served = [
        component
        for component, count in counts.iter_rows()
        if count >= current().enough_events
        and component not in (client, service)
        and component not in complaining
        and service in topology.dependencies(component, include_weak=False)
    ]
    return len(served) >= current().enough_others


def _has_no_business(topology: Topology, client: str, service: str) -> bool:
    """Whether a client that is known calls a service that it never needs: the address or port is then meant for another.

    Any service may be told to keep its locks or its cache in a store of keys.
    """
    if service in _FOR_ANYBODY:
        return False
    needed = topology.dependencies(client)
    return client in topology.components and bool(topology.component(client).depends) and service not in needed


def _own_fault(
    finding: Finding, client: str, service: str, category: Category, told: str = _TURNED_AWAY_ALONE
) -> Finding:
    """The same complaint, as one about the settings of who complains."""
    why = told.format(client=client, service=service, title=finding.title)
    return replace(
        finding,
        directness=Directness.CAUSE,
        accused=client,
        accused_host=finding.accuser_host,
        category=category,
        title=why,
        why=why,
        weight=max(finding.weight, current().compared),
        compared=True,
        remedy=finding.remedy
        if finding.signature in _CERTIFICATES
        else _REMEDIES[category].format(client=client, service=service),
        checks=(*_check_of_sections(service), *_CHECKS),
    )


def _check_of_sections(service: str) -> list[str]:
    """A look at the settings with which a client calls a service, if a section of their own holds them."""
    project = service.partition("-")[0]
    sections = _SECTIONS.get(project, project if project in _CALLED_BY_SECTION else None)
    return [f'grep -rn -A 12 -E "^.({sections})\\]" <etc>'] if sections else []
