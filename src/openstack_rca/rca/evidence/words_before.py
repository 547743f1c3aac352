"""Words of trouble that those below OpenStack write without the level of an error: the kernel, daemons, switches, controllers.

Every machine writes some, so such a line alone speaks against nobody (it weighs less than anything that is told). Whether
one of them is why others complain is for ``judgement`` to say.
"""

import re
from typing import Any

import polars as pl

from openstack_rca.rca.evidence.accusations import accuse
from openstack_rca.rca.evidence.clearance import named_like_project
from openstack_rca.rca.evidence.error_kinds import kind_of, kind_of_error, printable_statement
from openstack_rca.rca.evidence.finding import Finding
from openstack_rca.rca.evidence.trouble import calm, everyday, over, words_of_neighbours
from openstack_rca.rca.evidence.unusual import FAILING, expected_text, of_one_kind, subject_of
from openstack_rca.rca.knowledge import HOST, NETWORK, STORAGE, Topology
from openstack_rca.rca.vocabulary import Category, Directness, EvidenceSort
from openstack_rca.rca.weights import current

_OF_CLIENTS = ("rabbitmq", "mariadb", "keystone", "haproxy", "memcached", "apache", "libvirt")
"""Servers that write, all day, what their clients do: the clients' trouble shows there first."""

_SHORT_THEMSELVES = ("rabbitmq", "mariadb", "haproxy", "memcached", "apache")
_OWN_REASONS = (Category.CAPACITY, Category.STORAGE)
"""Of these, those that warn of what they themselves run short of, and the kinds of it: no client of theirs brings that about."""

_WATCHERS = (HOST, "docker", "kubelet", "pacemaker", "syslog", "unknown")
"""Who runs others and watches over them, and so often speaks of one of them."""

_FOR_OTHERS = ("docker", "kubelet", "syslog", "unknown")
"""Of these, those whose own trouble, where they name nobody, is their host's."""

_UPKEEP = (
    *(
        "sshd",
        "sudo",
        "su",
        "polkitd",
        "dbus-daemon",
        "fail2ban",
        "fail2ban.actions",
        "cron",
        "crond",
        "anacron",
        "atd",
    ),
    *(
        "postfix",
        "sendmail",
        "logger",
        "snmpd",
        "nrpe",
        "zabbix_agentd",
        "zabbix-agentd",
        "telegraf",
        "collectd",
        "lldpd",
    ),
    *("prometheus", "alertmanager", "grafana", "promtail", "filebeat", "metricbeat"),
    *("puppet-agent", "chef-client", "cloud-init", "unattended-upgrade", "packagekitd", "fwupd", "rngd", "thermald"),
)
"""Programs for log-ins, mail, watching and upkeep of a machine, on which nothing of the cloud stands."""

_MEASURES = "[_-]exporter$"

_TOKEN = re.compile(r"[A-Za-z][\w.-]{3,80}")


def quiet_words(rest: pl.DataFrame, minutes: float, topology: Topology) -> list[Finding]:
    """A finding, of weight 0, for each new kind of line in which a program that is not OpenStack's tells of trouble.

    The level does not matter, except that DEBUG is left out. Warnings of cinder-volume, about what it drives, count too, and
    those of servers about what they run short of.
    ``rest`` holds the events that no rule knows.
    """
    component = pl.col("component")
    below = ~component.str.contains(named_like_project()) & ~component.is_in(_OF_CLIENTS)
    below &= ~component.str.to_lowercase().is_in(_UPKEEP) & ~component.str.contains(_MEASURES)
    warns = (pl.col("level") == "WARNING") & component.is_in(("cinder-volume", *_SHORT_THEMSELVES))
    spoken = (pl.col("level") != "DEBUG") & (pl.col("novelty") >= current().new) & (below | warns)
    words = ("message", "exception", "detail", "logger", "level")
    groups = of_one_kind(rest.filter(spoken), failing=FAILING.any(), **{name: pl.col(name).first() for name in words})
    said = pl.col("message").str.replace_all(calm(), "").str.replace_all(over(), "")
    groups = groups.filter(pl.col("failing") | said.str.contains(words_of_neighbours()))
    groups = groups.filter(~pl.col("message").str.contains(everyday()))
    return [finding for group in groups.iter_rows(named=True) if (finding := _finding(group, minutes, topology))]


def _finding(group: dict[str, Any], minutes: float, topology: Topology) -> Finding | None:
    component, message = group["component"], group["message"]
    accused = _spoken_of(group, topology)
    if accused is None or (component in _SHORT_THEMSELVES and kind_of(message) not in _OWN_REASONS):
        return None
    return Finding(
        sort=EvidenceSort.NEW_TEMPLATE,
        directness=Directness.SYMPTOM,
        accused=accused,
        accused_host=group["host"],
        accuser=component,
        accuser_host=group["host"],
        category=kind_of_error(accused, message),
        vague=kind_of(message) is None,
        title=f"{accused}: {printable_statement(message, group['exception'], group['detail'])}",
        why="words of trouble that came once, before others complained",
        weight=0.0,
        rows=tuple(group["rows"]),
        proofs=(message,),
        count=group["count"],
        first=group["first"],
        last=group["last"],
        novelty=group["novelty"],
        baseline=expected_text(group["normal"], minutes),
        quiet=True,
    )


def _spoken_of(group: dict[str, Any], topology: Topology) -> str | None:
    """Whom a line is about: whom it names, where its speaker watches over others or is not known; else its speaker."""
    component = group["component"]
    if component == "cinder-volume":
        driver = accuse(group["message"], component, topology, group["logger"])
        return driver.component if driver is not None and driver.component == STORAGE else None
    managed = subject_of(component, group["message"], topology)
    if managed is not None:
        return managed
    if component in _WATCHERS or component not in topology:
        named = next((one for token in _TOKEN.findall(group["message"]) if (one := _called(token, topology))), None)
        if named is not None:
            return named
    return component if component in topology and component not in _FOR_OTHERS else HOST


def _called(token: str, topology: Topology) -> str | None:
    """The component that a word names, be it a container, a pod, a unit or a file; ``None`` for any other word."""
    found = topology.component_of_backend(token.rstrip("."))
    plainly = found is not None and found.split("-")[0] in token.lower()
    return found if plainly and found not in (HOST, NETWORK, STORAGE, *_WATCHERS) else None
