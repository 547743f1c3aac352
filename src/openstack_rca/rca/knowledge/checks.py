"""The checks of an answer: what a signature suggests, made concrete for the component, told once, and safe to paste."""

import re
from collections.abc import Iterable

from openstack_rca.rca.knowledge.named_objects import PLACEHOLDER
from openstack_rca.rca.knowledge.topology import GUEST, NETWORK, Topology

MAX_CHECKS = 6
_LISTED = re.compile(r"ls -(\w+) (.+)")
_LAST_LINES = re.compile(r" -n (\d+)(?= |$)")
_ONLY_OF = re.compile(rf" --[a-z-]+ (?:[a-z-]+=)?{PLACEHOLDER.pattern}")
_OBJECT = re.compile(
    r"openstack (baremetal node|resource provider|volume type|server group|network agent|share type|share network"
    r"|coe cluster template|image|flavor|server|port|volume|router|network|user|hypervisor|stack|loadbalancer|project|segment"
    r"|alarm|secret|endpoint|service|region)\b"
)
_OF_A_GUEST = re.compile(r"openstack console ")
_OF_EVERYBODY = ("server", "volume")
"""Objects of which only those of one's own project are listed, unless all are asked for."""

_URLS_SHOWN = re.compile(r"^(?:grep|cat|sed|tail|head) .*(?:connection|_url\b| -\w*A ?\d)")
_SECRETS_SHOWN = re.compile(
    r"^(?:grep|sed|tail|head) .*(?: -\w*A ?\d|secret\b|passw|_key\b|swift_store|s3_|backup_|nas_)|^cat /etc/\S*swift"
)
_MASKED_URLS = "s#:[^:@]*@#:***@#g"
_MASKED_SECRETS = r"s#(password|phrase|secret|key|login)(\s*=\s*)[^/[:space:]].*#\1\2***#I"


def concrete_checks(suggested: Iterable[str], component: str, topology: Topology, host: str | None = None) -> list[str]:
    """Fill in what is known of the component, leave out what another check shows too, and make each safe to paste.

    Args:
        suggested: best first. ``<unit>``, ``<component>``, ``<host>`` and ``<etc>``, the folder of its settings, are filled in.
            Where nobody knows an object, all of its kind are listed; else the check is left out, unless no other one is left:
            a shell takes angle brackets for redirections.
        host: where the component is in trouble; names separated by commas.

    Returns at most ``MAX_CHECKS``; none prints a password of a configuration file.
    """
    unit = topology.unit(component)
    known = {
        "<component>": component,
        "<host>": (host or "").partition(",")[0],
        "<unit>": unit or "",
        "<etc>": f"/etc/{component.partition('-')[0]}",
    }
    checks = []
    for check in suggested:
        if unit is None and "<unit>" in check:
            check = _without_a_unit(check, component)
        for placeholder, value in known.items():
            check = check.replace(placeholder, value) if value else check
        checks.append(check)
    listed = _told_once(_of_all(check) for check in _told_once(checks))
    complete = [check for check in listed if not PLACEHOLDER.search(check)]
    left = complete or [PLACEHOLDER.sub(lambda name: name[0][1:-1].upper(), check) for check in listed]
    return [_without_secrets(check) for check in left[:MAX_CHECKS]]


def _of_all(check: str) -> str:
    """Where a client asks for an object that nobody knows: a list of all of its kind, else the check as it is."""
    if not PLACEHOLDER.search(check):
        return check
    if " list" in check:
        check = _ONLY_OF.sub("", check)
    kind = _OBJECT.match(check)
    noun = kind[1] if kind else "server" if _OF_A_GUEST.match(check) else None
    if noun is None or not PLACEHOLDER.search(check):
        return check
    return f"openstack {noun} list{' --all-projects' if noun in _OF_EVERYBODY else ''}"


def _without_secrets(check: str) -> str:
    """A check that shows settings, with the passwords and keys among them masked."""
    shown = ((_URLS_SHOWN, _MASKED_URLS), (_SECRETS_SHOWN, _MASKED_SECRETS))
    masks = "".join(f' -e "{mask}"' for shows, mask in shown if shows.search(check))
    return f"{check} | sed -E{masks}" if masks and " | " not in check else check


def _without_a_unit(check: str, component: str) -> str:
    """What to look at where no systemd unit is in trouble; a switch has none at all."""
    if component == NETWORK:
        return "ping <host>"
    if component == GUEST:
        return "openstack console log show <server>"
    return "journalctl -p err -n 100" if check.startswith("journalctl") else "systemctl --failed"


def _told_once(checks: Iterable[str]) -> list[str]:
    """Of checks that differ in how much they show, the one that shows most, in the place of the first."""
    kept: list[str] = []
    for check in checks:
        alike = next(
            (number for number, other in enumerate(kept) if _covers(check, other) or _covers(other, check)), -1
        )
        if alike < 0:
            kept.append(check)
        elif _covers(check, kept[alike]):
            kept[alike] = check
    return kept


def _covers(check: str, other: str) -> bool:
    """Whether a check shows what the other one does, at least: more of the same log, an option more, a name for a placeholder."""
    listed, also = _LISTED.fullmatch(check), _LISTED.fullmatch(other)
    if listed and also and listed[2] == also[2]:
        # With -d a folder shows itself, without it what lies in it.
        return set(listed[1]) >= set(also[1]) and ("d" in listed[1]) == ("d" in also[1])
    mine, its = _LAST_LINES.search(check), _LAST_LINES.search(other)
    if mine and its and _LAST_LINES.sub("", check) == _LAST_LINES.sub("", other):
        return int(mine[1]) >= int(its[1])
    named = r"\S+".join(map(re.escape, PLACEHOLDER.split(other)))
    return check.startswith(f"{other} --") or re.fullmatch(named, check) is not None
