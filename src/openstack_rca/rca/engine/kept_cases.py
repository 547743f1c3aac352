"""What was found in logs before anything of the question's words was looked at, as a table that can be kept."""

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl

from openstack_rca.logs.packed_parts import packed
from openstack_rca.rca.engine.case import Case
from openstack_rca.rca.evidence import Finding, FoundWindow
from openstack_rca.rca.knowledge import Deployment
from openstack_rca.rca.report import plotted
from openstack_rca.rca.vocabulary import Unclear
from openstack_rca.rca.weights import current

MOST_EVENTS = 200_000
"""Of stretches with more events nothing is kept: their words would be there twice."""

_SCHEMA = {"facts": pl.String, "observed": pl.Binary, "earlier": pl.Binary, "surroundings": pl.Binary}


@dataclass(frozen=True)
class _Facts:
    """What is kept of a case beside its events."""

    window: FoundWindow
    findings: list[Finding]
    picked: bool
    untimed: bool
    unclear: Unclear | None
    deployment: Deployment | None
    doubtful: bool


def as_table(cases: Sequence[Case]) -> pl.DataFrame:
    """The cases of all stretches of trouble, one a row; no row where they hold more than ``MOST_EVENTS`` events."""
    told = [case for case in cases if case.window is not None]
    if sum(case.counted.height + case.earlier.height for case in told) > MOST_EVENTS:
        told = []
    return pl.DataFrame([_row(case, case.window) for case in told if case.window], schema=_SCHEMA, orient="row")


def from_table(table: pl.DataFrame, recording: Case) -> list[Case]:
    """The cases that ``as_table`` wrote; the fields that it does not keep are those of ``recording``."""
    return [_case(row, recording) for row in table.iter_rows(named=True)]


def key_of(case: Case) -> str:
    """Key of the table: a digest of what decides, beside logs and model, what is found: window, rules, paths, program files."""
    request = case.request
    told = [_program(), case.catalogue.digest, repr(current()), request.since, request.until, request.logs]
    return hashlib.sha256(json.dumps(told, default=str).encode()).hexdigest()


def _row(case: Case, window: FoundWindow) -> tuple[str, bytes, bytes, bytes]:
    facts = _Facts(window, case.findings, case.picked, case.untimed, case.unclear, case.deployment, case.doubtful)
    frames = (case.observed, case.earlier, plotted(case.surroundings, window))
    observed, earlier, surroundings = (bytes(packed(frame)) for frame in frames)
    return _form().dump_json(facts).decode(), observed, earlier, surroundings


def _case(row: dict[str, Any], recording: Case) -> Case:
    facts: _Facts = _form().validate_json(row["facts"])
    frames: dict[str, Any] = {name: pl.read_parquet(row[name]) for name in ("observed", "earlier", "surroundings")}
    return replace(recording, **{name: getattr(facts, name) for name in _Facts.__dataclass_fields__}, **frames)


@cache
def _form() -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(_Facts)


@cache
def _program() -> list[tuple[str, int, int]]:
    """Name, size and time of every file that decides what is found, but those of the rules."""
    found = []
    for folder, folders, names in os.walk(Path(__file__).parents[1]):
        folders[:] = [name for name in folders if name not in ("signatures", "__pycache__")]
        for name in names:
            status = Path(folder, name).stat()
            found.append((name, status.st_size, status.st_mtime_ns))
    return sorted(found)
