"""Checking signature files: the fields, the pattern in both engines, and every case against its own rule."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path

import polars as pl

from openstack_rca.rca.knowledge.catalogue import Catalogue, given_files, load_catalogue, signature_of
from openstack_rca.rca.knowledge.signature import Case, Signature
from openstack_rca.rca.knowledge.signature_files import Entry, read_entries
from openstack_rca.rca.knowledge.topology import load_topology

_TAKEN_OFF = re.compile(
    r"^(?:[\w.-]+\[\d+\]: +"
    r"|(?:kernel|systemd|chronyd|multipathd|iscsid|haproxy|corosync|pacemaker[\w-]*|ovs-vswitchd|ovsdb-server): +"
    r"|(?:\d+\|)?[a-z]\w*(?:\([\w-]+\))?\|(?:INFO|WARN|ERR|EMER|DBG)\|"
    r"|\[(?:ERROR|Warning|Note|error|warning|info|notice)\] +(?:\[MY-\d+\] \[\w+\] )?(?:<[\d.]+> )?"
    r"|(?:FATAL|ERROR|PANIC|LOG):  +|(?:CRITICAL|ERROR|WARNING) [\w.]+ \[[^\]]*\] )"
)
"""What readers of logs take off a line: the program, its module, the level. A pattern that asks for it finds nothing in logs."""


@dataclass(frozen=True)
class CatalogueProblem:
    """What is wrong with one signature file or entry; ``signature`` is empty where the file as a whole is faulty."""

    file: str
    signature: str
    problem: str

    def __str__(self) -> str:
        entry = f", {self.signature}" if self.signature else ""
        return f"{self.file}{entry}: {self.problem}"


@dataclass(frozen=True)
class LintResult:
    """What was checked.

    Attributes:
        signatures: sound signatures.
        problems: what has to be corrected.
        old_files: files that still hold the older form, a list of rules.
        thin_files: files with fewer than two lines or, unless there is no look-alike, two look-alikes.
    """

    signatures: tuple[Signature, ...]
    problems: tuple[CatalogueProblem, ...]
    old_files: tuple[str, ...] = ()
    thin_files: tuple[str, ...] = ()


def lint_catalogue(paths: Sequence[Path] = ()) -> LintResult:
    """Check signature files: fields, patterns, ids, and each case against its own rule.

    Args:
        paths: files or folders; none: the catalogue that the package ships.

    Raises:
        SignatureCatalogueError: a path leads nowhere.
    """
    if not paths:
        with as_file(files("openstack_rca.rca.knowledge") / "signatures") as folder:
            return _lint([folder])
    return _lint(paths)


def _lint(paths: Sequence[Path]) -> LintResult:
    signatures: dict[str, Signature] = {}
    problems: list[CatalogueProblem] = []
    old: dict[str, None] = {}
    thin: list[str] = []
    entries = [entry for path in paths for entry in read_entries(given_files(path))]
    for entry in entries:
        if entry.old:
            old[entry.file] = None
        signature = signature_of(entry)
        if isinstance(signature, str):
            problems.append(CatalogueProblem(entry.file, entry.name, signature))
            continue
        problem = "the id is used twice" if signature.id in signatures else faulty_case(signature)
        if problem:
            problems.append(CatalogueProblem(entry.file, entry.name, problem))
        if not entry.old and _is_thin(signature):
            thin.append(entry.file)
        signatures.setdefault(signature.id, signature)
    problems += _unknown_ids(entries, signatures)
    return LintResult(tuple(signatures.values()), tuple(problems), tuple(old), tuple(thin))


def _is_thin(signature: Signature) -> bool:
    silent = sum(case.silent is not None for case in signature.cases)
    return len(signature.cases) - silent < 2 or (silent < 2 and not signature.no_look_alike)


def _unknown_ids(entries: Sequence[Entry], signatures: dict[str, Signature]) -> list[CatalogueProblem]:
    known = load_catalogue()
    return [
        CatalogueProblem(entry.file, entry.name, f"needs or unless: there is no signature {other!r}")
        for entry in entries
        if entry.name in signatures
        for other in (*signatures[entry.name].needs, *signatures[entry.name].unless)
        if other not in signatures and other not in known
    ]


def faulty_case(signature: Signature) -> str | None:
    """The first case that the rule does not answer as it says; None if all hold."""
    if not any(case.line is not None for case in signature.cases):
        return "cases: no line shows what it matches"
    rows = [(number, speaker(signature, case), case.level, case.text) for number, case in enumerate(signature.cases)]
    rows += [(number + len(rows), logger, level, _TAKEN_OFF.sub("", text)) for number, logger, level, text in rows]
    schema = {"key": pl.Int64, "service": pl.String, "level": pl.String, "text": pl.String}
    catalogue = Catalogue([signature.model_copy(update={"weight": signature.weight or 1.0})])
    hits = catalogue.match(pl.DataFrame(rows, schema=schema, orient="row"))
    found = {number: [hit for hit in hits.to_dicts() if hit["key"] == number] for number in range(len(rows))}
    for number, case in enumerate(signature.cases):
        problem = _faulty(signature, case, rows[number][1], found[number])
        if not problem and case.line is not None and not found[number + len(signature.cases)]:
            problem = "matches only with what readers take off before the message"
        if problem:
            return f"case {number + 1} {problem}: {case.text[:120]!r}"
    return None


def speaker(signature: Signature, case: Case) -> str | None:
    """Who logs the line of a case."""
    if case.service is not None:
        return case.service
    return next((name for name in load_topology().components if signature.applies_to(name)), None)


def _faulty(signature: Signature, case: Case, logger: str | None, hits: list[dict[str, object]]) -> str | None:
    if case.silent is not None:
        return "matches, but must not" if hits else None
    if not hits:
        return "does not match"
    accused = {signature.accused(hit, logger, load_topology()) for hit in hits}  # type: ignore[arg-type]
    if case.accuses is not None and case.accuses not in accused:
        return f"accuses {', '.join(sorted(str(name) for name in accused))} instead of {case.accuses}"
    if case.category is not None and case.category is not signature.category:
        return f"is told as {signature.category} instead of {case.category}"
    told = [signature.statement(_values(hit)) for hit in hits]
    if case.statement_has is not None and not any(case.statement_has in sentence for sentence in told):
        return f"is told as {told[0]!r}, without {case.statement_has!r}"
    return None


def _values(hit: dict[str, object]) -> dict[str, str | None]:
    values = hit["values"]
    assert isinstance(values, list)
    return {item["name"]: item["value"] for item in values}
