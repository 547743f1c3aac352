"""Errors that no rule and no cause accounts for, told where the answer is that no failure was found: nothing is lost."""

from collections.abc import Sequence

import polars as pl

from openstack_rca.plain_text import counted
from openstack_rca.rca.evidence import Finding

_MOST = 3
_LONGEST = 200


def unexplained(findings: Sequence[Finding], observed: pl.DataFrame) -> list[str]:
    """A sentence for each of the first kinds of error that nothing explains, with its place and its words, and for the rest."""
    kinds = {finding.title: finding for finding in sorted(findings, key=lambda one: one.first) if finding.unexplained}
    cited = observed.filter(pl.col("row").is_in([finding.rows[0] for finding in kinds.values()]))
    lines = {line["row"]: line for line in cited.select("row", "file", "line").iter_rows(named=True)}
    placed = [(finding, lines[finding.rows[0]]) for finding in kinds.values() if finding.rows[0] in lines]
    left = len(placed) - _MOST
    more = [f"Nothing explains {counted(left, 'further kind')} of error."] if left > 0 else []
    return [_sentence(finding, line) for finding, line in placed[:_MOST]] + more


def _sentence(finding: Finding, line: dict[str, object]) -> str:
    words = finding.title.rstrip(".")
    words = words if len(words) <= _LONGEST else f"{words[:_LONGEST]}…"
    host = f" on {finding.accuser_host}" if finding.accuser_host else ""
    where = f"{finding.accuser}{host}, at {line['file']}:{line['line']}"
    return f"Nothing explains {counted(finding.count, 'error')} of {where}: {words}."
