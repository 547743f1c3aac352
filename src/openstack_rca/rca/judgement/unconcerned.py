"""What concerns nobody of the cloud: a machine's own programs and mounts, the log-ins of somebody's script, and a scan.

A program of monitoring that its own limit ended, a mount for backups that failed, a wrong password in a cron job: they are
told as loudly as a fault of the cloud. That none of the cloud is named, and that all of it goes on unharmed, tells them apart.
"""

import re
from collections.abc import Sequence

import polars as pl

from openstack_rca.rca.evidence import Finding, belongs_to_cloud
from openstack_rca.rca.judgement.strangers import rows_of_strangers
from openstack_rca.rca.knowledge import HOST, NETWORK, STORAGE, Topology
from openstack_rca.rca.vocabulary import Category, Directness, EvidenceSort
from openstack_rca.rca.weights import current

_PLACES = (HOST, NETWORK, STORAGE)
_FRONT = ("keystone", "apache", "haproxy")
"""Who tells that a log-in was refused, whoever tried it."""

_OF_AN_ACCOUNT = (
    r"^Authorization failed\. The (?:password is expired\b.*|account is (?:temporarily )?(?:locked|disabled)) for user: (\S+?)"
    r"\.?(?:\s|$)"
)
"""How keystone turns somebody away whose account is no longer good; only who uses it suffers."""

_OWN_AFFAIR = (
    r"(?i)memory cgroup out of memory|constraint_memcg|invoked oom-killer|\.(?:service|mount): "
    r"|\bfailed to (?:start|mount) |\bdependency failed for |^mount\.\w+: "
)
"""How a kernel and its manager of services tell of one program, unit or mount."""

_NOT_RUNNING = (
    r"(?i)\bfailed to (?:start|mount) |\bdependency failed for |\bfailed with result\b|memory cgroup out of memory"
)
"""How the same two tell that something does not run for it."""

_SHORT_OF_MEMORY = r"(?i)(?<!cgroup )\bout of memory: kill|constraint_none"
_MAY_BE_CLOUDS = re.compile(
    r"(?i)openstack|kolla|python|uwsgi|httpd|nginx|java|beam|erl|runc|conmon|container|docker|podman|kube|qemu|kvm|virt|target"
    r"|ceph|gluster|\bnfs|\biscsi|\btgtd?\b|\bdbus|instance|image|volume|object|network|route|lvm|path|scsi|chrony|ntp|timesync"
    r"|/var/lib\b|/srv\b|\bvar-lib|\bsrv-|\.{3}$"
)
"""Words for what parts of a cloud may be, or may stand on."""

_WORD = re.compile(r"[A-Za-z][\w-]{2,80}")


def discount_unconcerned(findings: Sequence[Finding], window: pl.DataFrame, topology: Topology) -> list[Finding]:
    """Return the findings; those about no part of the cloud get weight 0, if the cloud runs and complains of nothing."""
    present = [name for name in window["component"].unique().to_list() if name not in _PLACES]
    cloud = [name for name in present if belongs_to_cloud(name, topology)]
    strange = rows_of_strangers(window, topology) if findings else set()
    of_cloud = pl.col("component").is_in(cloud)
    lines, fails = window.select(
        of_cloud.sum().alias("lines"),
        (of_cloud & pl.col("failed") & ~pl.col("row").is_in(strange)).any().alias("fails"),
    ).row(0)
    if lines < current().active_lines or fails:
        return list(findings)
    texts = dict(
        window.filter(pl.col("row").is_in({row for one in findings for row in one.rows})).select("row", "text").rows()
    )
    harmed = _harmed_hosts(window, topology)
    affairs = [
        one
        for one in findings
        if one.accused in (HOST, STORAGE)
        and harmed.isdisjoint({one.accused_host, one.accuser_host})
        and _is_own_affair(one, texts, topology)
    ]
    refused = [
        one
        for one in findings
        if (one.rows and strange.issuperset(one.rows))
        or (
            one.accused == "keystone"
            and one.accuser in _FRONT
            # Who tries passwords tries names too.
            and (one.category is Category.AUTH or (strange and one.category is Category.DATA_MISSING))
            and (one.directness is not Directness.CAUSE or _is_of_users(one, texts, topology))
        )
    ]
    excused = {id(one) for one in (*affairs, *refused)}
    suffers = any(_complains(one) for one in findings if id(one) not in excused)
    if suffers or (refused and len(set(cloud) - set(_FRONT)) < current().enough_others):
        return list(findings)
    return [one.weakened(0.0) if id(one) in excused else one for one in findings]


def _is_of_users(one: Finding, texts: dict[int, str], topology: Topology) -> bool:
    """Whether all lines of a finding turn away accounts that are not called like a service's."""
    users = [re.match(_OF_AN_ACCOUNT, texts[row]) for row in one.rows if row in texts]
    return bool(users) and all(user and not belongs_to_cloud(user[1], topology) for user in users)


def _is_own_affair(one: Finding, texts: dict[int, str], topology: Topology) -> bool:
    """Whether all lines of a finding speak of a program, a unit or a mount that is no part of the cloud."""
    told = [texts[row] for row in one.rows if row in texts]
    return bool(told) and all(
        re.search(_OWN_AFFAIR, text) is not None
        and re.search(_SHORT_OF_MEMORY, text) is None
        and not _may_be_clouds(text, topology)
        for text in told
    )


def _harmed_hosts(window: pl.DataFrame, topology: Topology) -> set[str]:
    """Hosts on which a part of the cloud does not run, for what else would fail there may be why."""
    told = window.filter(pl.col("text").str.contains(_NOT_RUNNING)).select("host", "text")
    return {host for host, text in told.rows() if host and _may_be_clouds(text, topology)}


def _may_be_clouds(text: str, topology: Topology) -> bool:
    return _MAY_BE_CLOUDS.search(text) is not None or any(_of_cloud(word, topology) for word in _WORD.findall(text))


def _of_cloud(word: str, topology: Topology) -> bool:
    found = topology.component_of_backend(word)
    return found is not None and found not in _PLACES and found.split("-")[0] in word.lower()


def _complains(one: Finding) -> bool:
    """Whether somebody of the cloud suffers, or something says why it would."""
    heard = one.directness is not Directness.SYMPTOM or one.unexplained
    return heard and one.sort is not EvidenceSort.SILENCE and one.strength >= current().noticeable
