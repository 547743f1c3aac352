"""The log lines that a cause cites, each at its own place."""

import re
from collections.abc import Sequence
from datetime import datetime

import polars as pl

from openstack_rca.rca.evidence import Finding
from openstack_rca.rca.knowledge import Catalogue
from openstack_rca.rca.report.report import EvidenceItem

MAX_EVIDENCE = 10
_COMMAND_FAILED = "Unexpected error while running command."
_WRITTEN = re.compile(r"\s*Stderr: u?(?:'[^']|\"[^\"])")


def cited_evidence(
    best: Finding, findings: Sequence[Finding], observed: pl.DataFrame, catalogue: Catalogue
) -> list[EvidenceItem]:
    """At most ``MAX_EVIDENCE`` cited events, those of the best finding first, each with the words that its signature knows."""
    return _with_matched(_cited([best, *_as_proof(findings, catalogue)], observed), catalogue)


def _cited(findings: Sequence[Finding], observed: pl.DataFrame) -> list[EvidenceItem]:
    """Cited events: the first of each finding, strongest finding first, then further ones."""
    # One line per distinct thing said comes before a second line that says the same, and the first word of each that
    # says it before anybody's second.
    seen: set[tuple[str | None, str | None, str]] = set()
    leading: list[tuple[Finding, int]] = []
    following: list[tuple[int, Finding, int]] = []
    for finding in findings:
        for position, row in enumerate(finding.rows):
            said = (finding.signature, finding.accuser, finding.title)
            fresh = position == 0 and said not in seen
            if fresh:
                leading.append((finding, row))
            else:
                following.append((position, finding, row))
            seen.add(said)
    following.sort(key=lambda further: further[0])
    picked: dict[int, Finding] = {}
    for finding, row in [*leading, *((finding, row) for _, finding, row in following)]:
        picked.setdefault(row, finding)
        if len(picked) == MAX_EVIDENCE:
            break
    columns = ["row", "file", "line", "lines", "message", "detail", "time", "host", "service", "score"]
    lines = {
        row["row"]: row
        for row in observed.filter(pl.col("row").is_in(list(picked))).select(columns).iter_rows(named=True)
    }
    return [_item(finding, row, lines[row]) for row, finding in picked.items() if row in lines]


def _place(finding: Finding, row: int, line: dict[str, object]) -> tuple[int, int, str]:
    """Number of the line that proves a finding, how many lines of the event follow from it on, and the line itself.

    Below its first line an event holds its detail, line for line but for blank lines at its end; what matched there is cited
    at its own place. Where a record holds several lines in one, what matched is cited at the place of the record.
    """
    first, lines, message = int(str(line["line"])), int(str(line["lines"])), str(line["message"])
    position = finding.rows.index(row)
    proof = finding.proofs[position] if position < len(finding.proofs) else ""
    below = str(line["detail"] or "").split("\n")
    if not proof.strip() or proof in message:
        return first, lines, f"{message} {said}" if (said := _said_by_command(message, below)) else message
    found = [number for number, text in enumerate(below, 1) if proof.strip() in text]
    if not found or len(below) >= lines:
        return first, lines, proof.strip()
    return first + found[-1], lines - found[-1], below[found[-1] - 1].strip()


def _said_by_command(message: str, below: Sequence[str]) -> str:
    """The line in which oslo's processutils quotes what a failed command wrote; "" where there is none."""
    if not message.rstrip().endswith(_COMMAND_FAILED):
        return ""
    return next((line.strip() for line in below if _WRITTEN.match(line)), "")


def _item(finding: Finding, row: int, line: dict[str, object]) -> EvidenceItem:
    score, time = line["score"], line["time"]
    number, lines, text = _place(finding, row, line)
    return EvidenceItem(
        file=str(line["file"]),
        line=number,
        lines=lines,
        event_line=first if (first := int(str(line["line"]))) < number else None,
        text=text,
        time=time if isinstance(time, datetime) else None,
        host=None if line["host"] is None else str(line["host"]),
        service=None if line["service"] is None else str(line["service"]),
        sort=finding.sort,
        accuses=finding.accused,
        accused_host=finding.accused_host,
        why=finding.why,
        count=finding.count,
        last=finding.last,
        baseline=finding.baseline,
        score=round(float(str(score)), 4) if score is not None else None,
        signature=finding.signature,
    )


def _with_matched(items: Sequence[EvidenceItem], catalogue: Catalogue) -> list[EvidenceItem]:
    """The same evidence, each piece with the words of its line that its signature knows."""
    patterns = [catalogue.get(item.signature).pattern if item.signature else "^$" for item in items]
    found = [pl.Series([item.text]).str.extract(known, 0)[0] for item, known in zip(items, patterns, strict=True)]
    return [item.model_copy(update={"matched": words or ""}) for item, words in zip(items, found, strict=True)]


def _as_proof(findings: Sequence[Finding], catalogue: Catalogue) -> list[Finding]:
    """The findings, those that only tell of a start or a stop in good order last: they prove no fault."""
    return sorted(findings, key=lambda one: bool(one.signature and catalogue.get(one.signature).phase))
