"""What is told of a cause that several hosts share: the rule that found it speaks of one of them."""

import re
from collections.abc import Collection, Sequence

from openstack_rca.rca.evidence import Finding

_MOST = 4
_ONE = re.compile(r"\b(?P<where>[Oo]n|[Oo]f|[Aa]t|[Oo]ff) (?:this|that) host\b(?!['\u2019])")
_OWNED = re.compile(r"\b(?:this|that) host's\b")


def statement_of_all(best: Finding, findings: Sequence[Finding], hosts: Sequence[str]) -> str:
    """The sentence of the best finding, with what is said of the hosts that it leaves out where it names one of them."""
    told = f"{best.title.rstrip('.')}."
    left_out = [host for host in hosts if not _names(told, host)]
    if len(left_out) in (0, len(hosts)):
        return told
    alike = {finding.accused_host for finding in findings if finding.signature and finding.signature == best.signature}
    same = [host for host in left_out if host in alike]
    accused = {finding.accused_host for finding in findings}
    others = [host for host in left_out if host in accused - alike]
    more = [f"The same is said of {_listed(same)}."] if same else []
    more += [f"{_listed(others)} {'is' if len(others) == 1 else 'are'} in trouble too."] if others else []
    return " ".join([told, *more])


def remedy_for_all(remedy: str, hosts: Sequence[str]) -> str:
    """A remedy that speaks of that host, for each of several."""
    if len(hosts) < 2:
        return remedy
    named = _ONE.sub(lambda found: f"{found['where']} each of {_listed(hosts)}", remedy, count=1)
    return _OWNED.sub("each host's", _ONE.sub(lambda found: f"{found['where']} each of them", named))


def _names(text: str, host: str) -> bool:
    short = host if host.replace(".", "").isdigit() else host.partition(".")[0]
    return re.search(rf"(?<![\w.-]){re.escape(short)}(?![\w-])", text) is not None


def _listed(hosts: Collection[str]) -> str:
    names = list(hosts)
    if len(names) > _MOST:
        return f"{', '.join(names[: _MOST - 1])} and {len(names) - _MOST + 1} more"
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
