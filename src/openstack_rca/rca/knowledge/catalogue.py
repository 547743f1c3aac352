"""The signature catalogue: what OpenStack and its dependencies say when they fail, and whom it accuses.

Signatures are data, one YAML file an area, in ``signatures/``; users add a folder of their own. ``docs/signatures.md``
tells how to write one. Patterns run in Polars' regular expression engine, whose time is linear in the text: a hostile or
clumsy pattern can be slow, but never hang.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache, cached_property
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, Literal, Self

import polars as pl
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from openstack_rca.errors import SignatureCatalogueError
from openstack_rca.rca.knowledge.literals import required_literals
from openstack_rca.rca.knowledge.topology import Topology, load_topology
from openstack_rca.rca.vocabulary import Category, Directness

CAPTURES = ("url", "port", "host", "topic", "service")
TEXT_LIMIT = 8192
_TAIL = 3072
_HINT = "Correct that entry; docs/signatures.md describes the fields."
_LEVELS = {"TRACE": 0, "DEBUG": 1, "INFO": 2, "AUDIT": 2, "WARNING": 3, "ERROR": 4, "CRITICAL": 5}
_UNKNOWN_LEVEL = 9
_GROUP = re.compile(r"\(\?P?<([A-Za-z_]\w*)>")
_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_DYNAMIC = ("@self", "@url", "@topic", "@service")
_WEIGHTS = {Directness.CAUSE: 1.0, Directness.ACCUSATION: 0.7, Directness.SYMPTOM: 0.2}
_HITS = {"key": pl.Int64, "signature_id": pl.String, **dict.fromkeys(CAPTURES, pl.String)}


class Signature(BaseModel):
    """One way in which something is known to fail.

    Attributes:
        pattern: regular expression (no look-around, no back-references) over message, exception and detail,
            joined by new lines. Groups named url, port, host, topic and service are captured.
        services: canonical components, or globs of them, whose logs may carry it; empty: any.
        level: least severity; lines whose level is unknown always pass.
        accuses: canonical component; or ``@self`` (who logged it), ``@url`` (behind the captured url or port),
            ``@topic`` (consumer of the captured RPC topic), ``@service`` (named by the captured service).
        otherwise: component (or ``@self``) accused where a dynamic form leads nowhere.
        host: where the fault is: on the host that logged it, on the captured host, or not said.
        directness: cause (direct evidence), accusation (another component names it), symptom (cause is elsewhere).
        weight: strength in [0, 1]; 0 switches the signature off.
        every: one hit for every match in a text, not only for the first.
        routine: healthy clouds log it now and then too (a login mistyped, a connection renewed): only its number speaks.
        phase: the line tells that the accused was stopped or started in good order; a stop that a start follows at once,
            and of which nobody complains, is a restart and no failure.
        contains: literals of which a matching text holds at least one (any case); derived from the pattern if empty.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    title: str = Field(min_length=8)
    pattern: str = Field(min_length=3)
    services: tuple[str, ...] = ()
    level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = "INFO"
    accuses: str
    otherwise: str | None = None
    host: Literal["self", "captured", "none"] = "none"
    category: Category
    directness: Directness
    weight: float = Field(default=-1.0, ge=-1, le=1)
    remedy: str = Field(min_length=8)
    checks: tuple[str, ...] = ()
    match: tuple[str, ...] = Field(min_length=1)
    no_match: tuple[str, ...] = ()
    source: str = Field(min_length=3)
    contains: tuple[str, ...] = ()
    every: bool = False
    routine: bool = False
    phase: Literal["stop", "start"] | None = None

    @model_validator(mode="before")
    @classmethod
    def _default_weight(cls, given: Any) -> Any:
        if isinstance(given, dict) and "weight" not in given and given.get("directness") in list(Directness):
            return {**given, "weight": _WEIGHTS[Directness(given["directness"])]}
        return given

    @model_validator(mode="after")
    def _sound(self) -> Self:
        topology = load_topology()
        if not _ID.fullmatch(self.id):
            raise ValueError(f"id {self.id!r} is not in lower case with '-' between words")
        if self.weight < 0:
            raise ValueError("weight is not between 0 and 1")
        for name, dynamic in ((self.accuses, _DYNAMIC), (self.otherwise, ("@self",))):
            if name is not None and name not in topology and name not in dynamic:
                raise ValueError(f"{name!r} is not a canonical component, nor one of {', '.join(dynamic)}")
        for glob in self.services:
            if not any(fnmatchcase(name, glob) for name in topology.components):
                raise ValueError(f"services: {glob!r} fits no canonical component")
        groups = self.groups
        if unknown := [name for name in groups if name not in CAPTURES]:
            raise ValueError(f"group {unknown[0]!r} is not one of {', '.join(CAPTURES)}")
        needed = {"@url": {"url", "port"}, "@topic": {"topic"}, "@service": {"service"}}.get(self.accuses, set())
        if needed and not needed & set(groups):
            raise ValueError(f"accuses {self.accuses} needs a group named {' or '.join(sorted(needed))}")
        if self.host == "captured" and "host" not in groups:
            raise ValueError("host: captured needs a group named host")
        return self

    @cached_property
    def groups(self) -> tuple[str, ...]:
        """Names of the pattern's named groups."""
        return tuple(_GROUP.findall(self.pattern))

    @cached_property
    def literals(self) -> tuple[str, ...]:
        """Lower-case literals of which a matching text holds at least one; empty if none can be named."""
        return tuple(text.lower() for text in self.contains) or required_literals(self.pattern)

    def applies_to(self, service: str | None) -> bool:
        """True if a log of ``service`` may carry this signature.

        A log whose service no topology knows (syslog, a journal) may carry any that names the component it accuses.
        """
        if not self.services:
            return True
        if service is None:
            return self.accuses != "@self"
        return any(fnmatchcase(service, glob) for glob in self.services)

    def accused(self, captured: Mapping[str, str | None], logged_by: str | None, topology: Topology) -> str | None:
        """Canonical component that one hit accuses, ``None`` if it cannot be told.

        Args:
            captured: a row of `Catalogue.match`.
            logged_by: canonical component, or raw service name, of the log that carries the hit.
        """
        found: str | None = self.accuses
        if self.accuses == "@self":
            found = topology.canonical(logged_by)
        elif self.accuses == "@topic":
            found = topology.component_of_topic(captured.get("topic"))
        elif self.accuses == "@service":
            found = topology.canonical(captured.get("service"))
        elif self.accuses == "@url":
            port = captured.get("port") or ""
            found = topology.component_of_port(int(port)) if port.isdecimal() else None
            found = found or topology.component_of_url(captured.get("url"))
        if found is None and self.otherwise == "@self":
            return topology.canonical(logged_by)
        return found or self.otherwise


@dataclass(frozen=True)
class CatalogueProblem:
    """What is wrong with one signature file or entry; ``signature`` is empty where the file as a whole is faulty."""

    file: str
    signature: str
    problem: str

    def __str__(self) -> str:
        entry = f", {self.signature}" if self.signature else ""
        return f"{self.file}{entry}: {self.problem}"


class Catalogue:
    """Signatures in order of precedence, and the search for them."""

    def __init__(self, signatures: Iterable[Signature]) -> None:
        self._signatures: dict[str, Signature] = {}
        for signature in signatures:
            self._signatures.setdefault(signature.id, signature)

    @property
    def signatures(self) -> tuple[Signature, ...]:
        """All signatures, users' own first."""
        return tuple(self._signatures.values())

    def __len__(self) -> int:
        return len(self._signatures)

    def __contains__(self, signature_id: object) -> bool:
        return signature_id in self._signatures

    def get(self, signature_id: str) -> Signature:
        """The signature with this id (``KeyError`` if there is none)."""
        return self._signatures[signature_id]

    def without(self, signature_ids: Collection[str]) -> Catalogue:
        """The same catalogue, some signatures left out."""
        return Catalogue(signature for signature in self.signatures if signature.id not in signature_ids)

    def match(self, texts: pl.DataFrame) -> pl.DataFrame:
        """Find every signature in every text.

        Args:
            texts: columns key (integer), service (canonical or raw name, nullable), level and text (`event_text`);
                distinct rows, since each is searched. Of a longer text the first 5 and the last 3 thousand characters count.

        Returns:
            One row a hit: key, signature_id, and what the groups url, port, host, topic and service captured (nullable).
        """
        topology = load_topology()
        services = texts["service"].cast(pl.String)
        names = {name: topology.canonical(name) for name in services.unique().to_list()}
        frame = pl.DataFrame(
            {
                "key": texts["key"].cast(pl.Int64),
                "service": pl.Series([names[name] for name in services], dtype=pl.String),
                "level": texts["level"]
                .cast(pl.String)
                .replace_strict(_LEVELS, default=_UNKNOWN_LEVEL, return_dtype=pl.Int8),
                "text": texts.select(_bounded(pl.col("text").cast(pl.String).fill_null(""))).to_series(),
            }
        ).with_row_index("row")
        known_services = frame["service"].unique().to_list()
        candidates = self._candidates(frame)
        hits = [pl.DataFrame(schema=_HITS)]
        for signature in self.signatures:
            rows = candidates.get(signature.id)
            if rows is None or signature.weight == 0:
                continue
            part = frame[rows] if len(rows) < frame.height else frame
            part = part.filter(pl.col("level") >= _LEVELS[signature.level])
            if signature.services:
                allowed = [name for name in known_services if signature.applies_to(name)]
                part = part.filter(pl.col("service").is_in(allowed, nulls_equal=True))
            if part.height:
                hits.append(_search(signature, part))
        return pl.concat(hits).sort("key", "signature_id", maintain_order=True)

    def _candidates(self, frame: pl.DataFrame) -> dict[str, pl.Series]:
        """Rows worth searching, by signature id."""
        everything = frame["row"]
        candidates: dict[str, pl.Series] = {}
        owners: dict[str, list[str]] = {}
        for signature in self.signatures:
            for literal in signature.literals:
                owners.setdefault(literal, []).append(signature.id)
            if not signature.literals:
                candidates[signature.id] = everything
        if owners and frame.height:
            table = pl.DataFrame({"literal": list(owners), "id": list(owners.values())}).explode("id")
            found = (
                frame.select(
                    "row",
                    literal=pl.col("text").str.extract_many(
                        list(owners), ascii_case_insensitive=True, overlapping=True
                    ),
                )
                .explode("literal")
                .drop_nulls()
                .with_columns(pl.col("literal").str.to_lowercase())
                .unique()
                .join(table, on="literal")
                .group_by("id")
                .agg(pl.col("row").unique().sort())
            )
            candidates.update(zip(found["id"], found["row"], strict=True))
        return candidates


def event_text() -> pl.Expr:
    """The text of an event that signatures are matched against: message, exception and detail, a line each.

    At most ``TEXT_LIMIT`` characters. Of a longer one head and tail are kept, because a traceback tells at its end
    what was called last.
    """
    return _bounded(pl.concat_str("message", "exception", "detail", separator="\n", ignore_nulls=True))


def _bounded(text: pl.Expr) -> pl.Expr:
    head_and_tail = pl.concat_str(text.str.head(TEXT_LIMIT - _TAIL - 1), text.str.tail(_TAIL), separator="\n")
    return pl.when(text.str.len_chars() > TEXT_LIMIT).then(head_and_tail).otherwise(text)


def load_catalogue(extra: Path | None = None) -> Catalogue:
    """The catalogue that the package ships, preceded by a user's own signatures.

    Args:
        extra: folder of ``*.yaml`` files, or one such file. Its entries come first; one with the id of a shipped
            signature replaces that.

    Raises:
        SignatureCatalogueError: a file cannot be read or an entry does not follow the schema; names file and id.
    """
    own: list[Signature] = []
    if extra is not None:
        own, problems = _read(_signature_files(extra), check=_bad_pattern)
        if problems:
            raise SignatureCatalogueError(f"The signature catalogue is faulty: {problems[0]}.", _HINT)
    return Catalogue([*own, *_shipped()])


def lint_catalogue(paths: Sequence[Path] = ()) -> list[CatalogueProblem]:
    """Check signature files: schema, regular expressions, and each example against its own signature.

    Args:
        paths: files or folders; none: the catalogue that the package ships.

    Raises:
        SignatureCatalogueError: a path leads nowhere.
    """
    if not paths:
        with as_file(files("openstack_rca.rca.knowledge") / "signatures") as folder:
            return lint_catalogue([folder])
    files_given = [file for path in paths for file in _signature_files(path)]
    return _read(files_given, check=lambda signature: _bad_pattern(signature) or _bad_example(signature))[1]


@cache
def _shipped() -> tuple[Signature, ...]:
    with as_file(files("openstack_rca.rca.knowledge") / "signatures") as folder:
        signatures, problems = _read(_signature_files(folder))
    if problems:
        raise SignatureCatalogueError(f"The shipped signature catalogue is faulty: {problems[0]}.", "Reinstall.")
    return tuple(signatures)


def _signature_files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise SignatureCatalogueError(f"There is no signature file or folder {path}.", "Correct the path.")
    return sorted(file for file in path.iterdir() if file.suffix in {".yaml", ".yml"} and file.is_file())


def _read(
    paths: Iterable[Path], check: Callable[[Signature], str | None] = lambda signature: None
) -> tuple[list[Signature], list[CatalogueProblem]]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    signatures: dict[str, Signature] = {}
    problems: list[CatalogueProblem] = []
    for path in paths:
        try:
            entries = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506  # a safe loader
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            problems.append(CatalogueProblem(str(path), "", " ".join(str(error).split())))
            continue
        if not isinstance(entries, list):
            problems.append(CatalogueProblem(str(path), "", "it does not hold a list of signatures"))
            continue
        for number, entry in enumerate(entries, start=1):
            name = str(entry.get("id", f"entry {number}")) if isinstance(entry, dict) else f"entry {number}"
            try:
                signature = Signature.model_validate(entry)
            except ValidationError as error:
                first = error.errors(include_url=False, include_context=False)[0]
                field = ".".join(map(str, first["loc"]))
                problems.append(CatalogueProblem(str(path), name, f"{field}: {first['msg']}".removeprefix(": ")))
                continue
            problem = "the id is used twice" if name in signatures else check(signature)
            if problem:
                problems.append(CatalogueProblem(str(path), name, problem))
            signatures.setdefault(name, signature)
    return list(signatures.values()), problems


def _search(signature: Signature, part: pl.DataFrame) -> pl.DataFrame:
    found = part.filter(pl.col("text").str.contains(signature.pattern))
    captured: dict[str, pl.Expr] = {}
    if signature.groups and found.height:
        if signature.every:
            found = found.with_columns(pl.col("text").str.extract_all(signature.pattern)).explode("text")
        found = found.with_columns(captured=pl.col("text").str.extract_groups(signature.pattern))
        captured = {name: pl.col("captured").struct.field(name) for name in signature.groups}
    nothing = pl.lit(None, dtype=pl.String)
    return found.select(
        "key",
        pl.lit(signature.id).alias("signature_id"),
        *(captured.get(name, nothing).alias(name) for name in CAPTURES),
    ).unique(maintain_order=True)


def _bad_pattern(signature: Signature) -> str | None:
    try:
        pl.Series([""]).str.contains(signature.pattern)
    except pl.exceptions.ComputeError as error:
        lines = str(error).splitlines()
        reason = next((line for line in lines if line.startswith("error:")), lines[0])
        return f"pattern: {reason.removeprefix('error:').strip()}"
    return None


def _bad_example(signature: Signature) -> str | None:
    for examples, wanted in ((signature.match, True), (signature.no_match, False)):
        matches = pl.Series(examples, dtype=pl.String).str.contains(signature.pattern)
        for text, matched in zip(examples, matches, strict=True):
            if matched != wanted:
                return f"example {'does not match' if wanted else 'matches, but must not'}: {text[:120]!r}"
            if wanted and signature.literals and not any(literal in text.lower() for literal in signature.literals):
                return f"contains: none of its literals is in {text[:120]!r}"
    return None
