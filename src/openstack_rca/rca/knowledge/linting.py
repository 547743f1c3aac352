"""Checking signature files: the fields, the pattern in both engines, and every case against its own rule."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path

import polars as pl

from openstack_rca.rca.knowledge.catalogue import Catalogue, given_files, load_catalogue, signature_of
from openstack_rca.rca.knowledge.signature import Case, Signature, speaker
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

    ``old_files`` still hold the older form, a list of rules; ``thin_files`` have fewer than two lines or, unless there is
    no look-alike, fewer than two look-alikes.
    """

    signatures: tuple[Signature, ...]
    problems: tuple[CatalogueProblem, ...]
    old_files: tuple[str, ...] = ()
    thin_files: tuple[str, ...] = ()


def lint_catalogue(paths: Sequence[Path] = ()) -> LintResult:
    """Check signature files (none: the shipped ones): fields, patterns, ids, and each case against its own rule.

    Raises SignatureCatalogueError: a path leads nowhere.
    """
    if not paths:
        with as_file(files("openstack_rca.rca.knowledge") / "signatures") as folder:
            return _lint([folder])
    return _lint(paths)


def _lint(paths: Sequence[Path]) -> LintResult:
    signatures: dict[str, Signature] = {}
    written_in: dict[str, str] = {}
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
        if signature.id in signatures:
            problems.append(CatalogueProblem(entry.file, entry.name, "the id is used twice"))
        else:
            signatures[signature.id] = signature
            written_in[signature.id] = entry.file
        if not entry.old and _is_thin(signature):
            thin.append(entry.file)
    problems += [CatalogueProblem(written_in[id], id, problem) for id, problem in _faulty_cases(signatures)]
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


def _faulty_cases(signatures: Mapping[str, Signature]) -> Iterator[tuple[str, str]]:
    """Of each rule the first case that it does not answer as it says; all are searched at once, which takes half the time."""
    cases = [(rule, speaker(rule, case), case) for rule in signatures.values() for case in rule.cases]
    asked = [(2 * number, logger, case.level, case.text) for number, (_, logger, case) in enumerate(cases)]
    asked += [(number + 1, logger, level, _TAKEN_OFF.sub("", text)) for number, logger, level, text in asked]
    schema = {"key": pl.Int64, "service": pl.String, "level": pl.String, "text": pl.String}
    # A rule that a deployment switched off is held to its cases too.
    catalogue = Catalogue(rule.model_copy(update={"weight": rule.weight or 1.0}) for rule in signatures.values())
    found: dict[tuple[int, str], list[dict[str, object]]] = defaultdict(list)
    for hit in catalogue.match(pl.DataFrame(asked, schema=schema, orient="row")).iter_rows(named=True):
        found[hit["key"], hit["signature_id"]].append(hit)
    told = {rule.id for rule in signatures.values() if not any(case.line is not None for case in rule.cases)}
    yield from ((id, "cases: no line shows what it matches") for id in sorted(told))
    for number, (rule, logger, case) in enumerate(cases):
        problem = _faulty(rule, case, logger, found[2 * number, rule.id])
        if not problem and case.line is not None and not found[2 * number + 1, rule.id]:
            problem = "matches only with what readers take off before the message"
        if problem and rule.id not in told:
            told.add(rule.id)
            yield rule.id, f"case {rule.cases.index(case) + 1} {problem}: {case.text[:120]!r}"


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
    cures = [signature.cure(str(hit["line_text"]))[0] for hit in hits]
    if case.remedy_has is not None and not any(case.remedy_has in cure for cure in cures):
        return f"has the remedy {cures[0]!r}, without {case.remedy_has!r}"
    return None


def _values(hit: dict[str, object]) -> dict[str, str | None]:
    values = hit["values"]
    assert isinstance(values, list)
    return {item["name"]: item["value"] for item in values}
