"""The checks that an answer suggests, with the names that its lines give to what is to be looked at."""

import polars as pl

from openstack_rca.rca.evidence import Finding
from openstack_rca.rca.judgement import Candidate
from openstack_rca.rca.knowledge import PLACEHOLDER, Told, with_names

_FINDINGS = 4
_MOST_LINES = 40
_LONGEST = 4000
_STORY = ("request_id", "global_request_id", "instance_id")


def suggested_checks(candidate: Candidate, host: str | None, observed: pl.DataFrame) -> list[str]:
    """The checks of what speaks most against a candidate, with what the logs call the objects that they look at.

    ``host`` is where the candidate is in trouble; names separated by commas.
    """
    # One rule looks at one object: the same check of a second one says little more.
    findings: list[Finding] = []
    for one in [candidate.leading, *candidate.findings[:_FINDINGS]]:
        if one.signature is None or all(one.signature != other.signature for other in findings):
            findings.append(one)
    if not any(PLACEHOLDER.search(check) for finding in findings for check in finding.checks):
        return [check for finding in findings for check in finding.checks]
    rows = [row for finding in candidate.findings for row in finding.rows][:_MOST_LINES]
    beside = observed.filter(pl.col("row").is_in(rows))
    checks: dict[str, str] = {}
    for finding in findings:
        told = _told(finding, observed, beside, (host or "").split(","))
        checks |= {check: with_names(check, told) for check in finding.checks if check not in checks}
    return list(checks.values())


def _told(finding: Finding, observed: pl.DataFrame, beside: pl.DataFrame, hosts: list[str]) -> Told:
    own = observed.filter(pl.col("row").is_in(finding.rows)).sort(
        pl.col("row") != (finding.rows or (0,))[0], maintain_order=True
    )
    same = [pl.col(name).is_in(own[name].drop_nulls().unique().to_list()) for name in _STORY]
    story = observed.filter(pl.any_horizontal(same)).head(_MOST_LINES)
    # Kept in columns of their own, not in the words of a line.
    servers = pl.concat([own["instance_id"], story["instance_id"]]).drop_nulls()
    servers = (
        servers
        if servers.len() or beside["instance_id"].drop_nulls().n_unique() > 1
        else beside["instance_id"].drop_nulls()
    )
    known = {"<server>": servers, "<request-id>": own["request_id"].drop_nulls()}
    return Told(
        (*_texts(own), *_texts(story)),
        _texts(beside),
        {name: str(found[0]) for name, found in known.items() if found.len()},
        hosts,
    )


def _texts(events: pl.DataFrame) -> list[str]:
    lines = pl.concat_str(["message", "exception", "detail"], separator="\n", ignore_nulls=True)
    return events.select(lines.str.slice(0, _LONGEST)).to_series().to_list()
