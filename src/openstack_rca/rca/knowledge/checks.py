"""The checks of an answer: what a signature suggests, made concrete for the component and told once."""

import re
from collections.abc import Iterable

from openstack_rca.rca.knowledge.named_objects import PLACEHOLDER
from openstack_rca.rca.knowledge.topology import GUEST, NETWORK, Topology

MAX_CHECKS = 6
_LISTED = re.compile(r"ls -(\w+) (.+)")
_LAST_LINES = re.compile(r" -n (\d+)(?= |$)")


def concrete_checks(suggested: Iterable[str], component: str, topology: Topology, host: str | None = None) -> list[str]:
    """Fill in ``<unit>``, ``<component>`` and ``<host>``, and leave out a check whose output another one shows too.

    Args:
        suggested: best first; what nobody knows stays a placeholder.
        host: where the component is in trouble; names separated by commas.

    Returns at most ``MAX_CHECKS``.
    """
    unit = topology.unit(component)
    known = {"<component>": component, "<host>": (host or "").partition(",")[0], "<unit>": unit or ""}
    checks = []
    for check in suggested:
        if unit is None and "<unit>" in check:
            check = _without_a_unit(check, component)
        for placeholder, value in known.items():
            check = check.replace(placeholder, value) if value else check
        checks.append(check)
    return _told_once(checks)[:MAX_CHECKS]


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
