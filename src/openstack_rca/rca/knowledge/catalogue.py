"""The signature catalogue: what OpenStack and its dependencies say when they fail, and whom it accuses.

Signatures are data, one YAML file a rule, in ``signatures/<area>/``; users add a folder of their own. ``docs/signatures.md``
tells how to write one. Patterns run in Polars' regular expression engine, whose time is linear in the text: a hostile or
clumsy pattern can be slow, but never hang.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterable
from functools import cache, cached_property
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import polars as pl
from pydantic import ValidationError

from openstack_rca.errors import SignatureCatalogueError
from openstack_rca.rca.knowledge.literals import required_literals
from openstack_rca.rca.knowledge.signature import CAPTURES, DEFAULT_WEIGHTS, LOGGER, Remedy, Signature, alike_groups
from openstack_rca.rca.knowledge.signature_files import Entry, read_entries, shipped_rules, signature_files
from openstack_rca.rca.knowledge.specificity import alternatives
from openstack_rca.rca.knowledge.topology import load_topology
from openstack_rca.rca.vocabulary import Category, Directness

TEXT_LIMIT = 8192
_TAIL = 3072
_HINT = "Correct that entry; docs/signatures.md describes the fields."
_LEVELS = {"TRACE": 0, "DEBUG": 1, "INFO": 2, "AUDIT": 2, "WARNING": 3, "ERROR": 4, "CRITICAL": 5}
_UNKNOWN_LEVEL = 9
_VALUES = pl.List(pl.Struct({"name": pl.String, "value": pl.String}))
HITS: dict[str, pl.DataType | type[pl.DataType]] = {
    "key": pl.Int64,
    "signature_id": pl.String,
    **dict.fromkeys(CAPTURES, pl.String),
    "line": pl.UInt32,
    "line_text": pl.String,
    "specificity": pl.UInt32,
    "values": _VALUES,
}
"""Columns of what ``Catalogue.match`` gives."""


class Catalogue:
    """Signatures in order of precedence, and the search for them."""

    def __init__(self, signatures: Iterable[Signature | _Shipped]) -> None:
        self._signatures: dict[str, Signature | _Shipped] = {}
        for signature in signatures:
            self._signatures.setdefault(signature.id, signature)

    @property
    def signatures(self) -> tuple[Signature, ...]:
        """All signatures, users' own first."""
        return tuple(map(self.get, self._signatures))

    @cached_property
    def digest(self) -> str:
        """SHA-256, in hex, of all fields of all rules."""
        rules = self._signatures.values()
        told = json.dumps([rule.fields if isinstance(rule, _Shipped) else vars(rule) for rule in rules], default=str)
        return hashlib.sha256(told.encode()).hexdigest()

    @property
    def phases(self) -> dict[str, str]:
        """The phase of each signature that has one, by its id."""
        return {name: rule.phase for name, rule in self._signatures.items() if rule.phase}

    def __len__(self) -> int:
        return len(self._signatures)

    def __contains__(self, signature_id: object) -> bool:
        return signature_id in self._signatures

    def get(self, signature_id: str) -> Signature:
        """The signature with this id (``KeyError`` if there is none)."""
        rule = self._signatures[signature_id]
        return rule.signature if isinstance(rule, _Shipped) else rule

    def without(self, signature_ids: Collection[str]) -> Catalogue:
        """The same catalogue, some signatures left out."""
        return Catalogue(rule for rule in self._signatures.values() if rule.id not in signature_ids)

    def speaking(self, found: Collection[str], told: Collection[str] | None = None) -> set[str]:
        """Ids of the signatures in ``told`` that count: what they need was found, and none silences them.

        Args:
            found: ids found anywhere in the window; ``needs`` of a signature is looked for here.
            told: ids found in the logs of one component; ``unless`` is looked for here; None: as ``found``.
        """
        ids = set(found)
        own = ids if told is None else set(told)
        rules = [self.get(name) for name in own]
        return {rule.id for rule in rules if (not rule.needs or ids & set(rule.needs)) and not own & set(rule.unless)}

    def match(self, texts: pl.DataFrame) -> pl.DataFrame:
        """Find every signature in every text.

        Args:
            texts: columns key (integer), service (canonical or raw name, nullable), level and text (`event_text`);
                distinct rows, since each is searched. Of a longer text the first 5 and the last 3 thousand characters count.

        Returns:
            One row a hit: key; signature_id; what the groups url, port, host, topic and service captured (nullable);
            line, the 0-based line of the text in which the match begins, and line_text; specificity, the number of
            literal characters that the matching alternative of the pattern demands; values, what each named group
            captured, and who logged the text.
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
        hits = [pl.DataFrame(schema=HITS)]
        for name in self._signatures:
            rows = candidates.get(name)
            if rows is None or (signature := self.get(name)).weight == 0:
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
        demanded = {name: rule.literals for name, rule in self._signatures.items()}
        candidates = {name: everything for name, literals in demanded.items() if not literals}
        # Flat lists, for a list of lists takes Polars many times as long.
        literals = [literal for of_one in demanded.values() for literal in of_one]
        owners = [name for name, of_one in demanded.items() for _ in of_one]
        if literals and frame.height:
            table = pl.DataFrame({"literal": literals, "id": owners})
            found = (
                frame.select(
                    "row",
                    literal=pl.col("text").str.extract_many(
                        list(set(literals)), ascii_case_insensitive=True, overlapping=True
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
    """The text that signatures are matched against: message, exception and detail, a line each, ``TEXT_LIMIT`` characters.

    Of a longer one head and tail are kept, because a traceback tells at its end what was called last.
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

    Raises SignatureCatalogueError: a file cannot be read or an entry does not follow the schema; names file and id.
    """
    own = [] if extra is None else own_signatures(extra)
    return Catalogue([*own, *_shipped()])


def own_signatures(path: Path) -> list[Signature]:
    """The signatures of a user's file or folder alone; raises as ``load_catalogue``."""
    return [_own(entry) for entry in read_entries(given_files(path))]


def given_files(path: Path) -> list[Path]:
    """The signature files at a path: that file, or all below that folder. Raises SignatureCatalogueError: it leads nowhere."""
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise SignatureCatalogueError(f"There is no signature file or folder {path}.", "Correct the path.")
    return signature_files(path)


def signature_of(entry: Entry) -> Signature | str:
    """The signature of one entry, or what is wrong with it: its fields, or a pattern that no engine takes."""
    if entry.fields is None:
        return entry.problem
    try:
        signature = Signature.model_validate(entry.fields)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}".removeprefix(": ")
    return _bad_pattern(signature) or signature


def _own(entry: Entry) -> Signature:
    signature = signature_of(entry)
    if isinstance(signature, str):
        name = f", {entry.name}" if entry.name else ""
        raise SignatureCatalogueError(f"The signature catalogue is faulty: {entry.file}{name}: {signature}.", _HINT)
    return signature


@cache
def _shipped() -> tuple[_Shipped, ...]:
    """The shipped signatures, read once a process."""
    with as_file(files("openstack_rca.rca.knowledge") / "signatures") as folder:
        try:
            return tuple(map(_Shipped, shipped_rules(folder, required_literals)))
        except (ValueError, KeyError, TypeError) as error:
            raise _faulty(error) from error


def _faulty(error: Exception) -> SignatureCatalogueError:
    return SignatureCatalogueError(f"The shipped signature catalogue is faulty: {error}.", "Reinstall.")


class _Shipped:
    """A shipped rule as it is written; made a signature when it is asked for, as most answers need but a few of them."""

    def __init__(self, fields: dict[str, Any]) -> None:
        self.fields = fields
        self.id: str = fields["id"]
        self.phase: str | None = fields.get("phase")

    @property
    def literals(self) -> tuple[str, ...]:
        """As ``Signature.literals``; ``shipped_rules`` found them."""
        return tuple(text.lower() for text in self.fields["contains"])

    @cached_property
    def signature(self) -> Signature:
        try:
            return _restored(self.fields)
        except (ValueError, KeyError, TypeError) as error:
            raise _faulty(error) from error


_DEFAULTS = {name: field.default for name, field in Signature.model_fields.items() if not field.is_required()}
_LISTS = ("services", "needs", "unless", "bug", "checks", "contains", "recovered_by")


def _restored(fields: dict[str, Any]) -> Signature:
    """A shipped signature without validating it again; ``signatures lint`` and the tests do that."""
    # With the defaults at hand Pydantic need not look for them, which took half of the time.
    given = _DEFAULTS | {name: tuple(value) if name in _LISTS else value for name, value in fields.items()}
    directness = Directness(given["directness"])
    given |= {"category": Category(given["category"]), "directness": directness}
    given["remedies"] = tuple(Remedy(**one) for one in given["remedies"])
    if "weight" not in fields:
        given["weight"] = DEFAULT_WEIGHTS[directness]
    return Signature.model_construct(**given)


def _search(signature: Signature, part: pl.DataFrame) -> pl.DataFrame:
    """Hits of one signature: where they begin, what they captured and how much the pattern demanded of them."""
    found = part.filter(pl.col("text").str.contains(signature.pattern))
    if found.is_empty():
        return pl.DataFrame(schema=HITS)
    found = found.with_columns(whole="text")
    if signature.every:
        found = found.with_columns(pl.col("text").str.extract_all(signature.pattern)).explode("text")
        start = pl.col("whole").str.find(pl.col("text"), literal=True)
    else:
        start = pl.col("whole").str.find(signature.pattern)
    before = pl.col("whole").cast(pl.Binary).bin.slice(0, start).cast(pl.String)
    # Of a command that failed, what it said tells more than how it was called.
    matched = pl.col("text").str.extract(signature.pattern, 0)
    below = (
        pl.when(matched.str.starts_with("Command: ")).then(matched.str.count_matches("\n", literal=True)).otherwise(0)
    )
    found = found.with_columns(line=before.str.count_matches("\n", literal=True) + below)
    captured: dict[str, pl.Expr] = {}
    if signature.groups:
        found = found.with_columns(captured=pl.col("text").str.extract_groups(signature.pattern))
        captured = {name: pl.col("captured").struct.field(name) for name in signature.groups}
    told = {LOGGER: pl.col("service"), **captured}
    values = [pl.struct(pl.lit(name).alias("name"), value.alias("value")) for name, value in told.items()]
    return found.select(
        "key",
        pl.lit(signature.id).alias("signature_id"),
        *(_captured(name, captured).alias(name) for name in CAPTURES),
        "line",
        pl.col("whole").str.split("\n").list.get(pl.col("line"), null_on_oob=True).alias("line_text"),
        _demand(signature).alias("specificity"),
        pl.concat_list(values).alias("values"),
    ).unique(maintain_order=True)


def _captured(name: str, captured: dict[str, pl.Expr]) -> pl.Expr:
    """What the group of a name captured, or in another alternative of the pattern the group of that name and a number."""
    groups = [captured[alike] for alike in alike_groups(name) if alike in captured]
    return pl.coalesce(groups) if groups else pl.lit(None, dtype=pl.String)


def _demand(signature: Signature) -> pl.Expr:
    """Literal characters of the most demanding alternative of the pattern that the text matches."""
    *some, last = alternatives(signature.pattern)
    demand: pl.Expr = pl.lit(last[1])
    for pattern, characters in reversed(some):
        demand = pl.when(pl.col("text").str.contains(pattern)).then(pl.lit(characters)).otherwise(demand)
    return demand.cast(pl.UInt32)


def _bad_pattern(signature: Signature) -> str | None:
    """Why an expression does not work in both engines: Polars' searches logs, Python's is what most people know."""
    for name, expression in (
        ("pattern", signature.pattern),
        ("recovered", signature.recovered or ""),
        *(("remedies", one.says) for one in signature.remedies),
    ):
        try:
            re.compile(expression)
            pl.Series([""]).str.contains(expression)
        except re.error as error:
            return f"{name}: {error}"
        except pl.exceptions.ComputeError as error:
            lines = str(error).splitlines()
            reason = next((line for line in lines if line.startswith("error:")), lines[0])
            return f"{name}: {reason.removeprefix('error:').strip()}"
    return None
