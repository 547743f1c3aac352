"""Signature files: check them, begin one, and see what one hits in logs."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from openstack_rca.errors import SignatureCatalogueError
from openstack_rca.logs.events import read_logs
from openstack_rca.logs.gathered_events import ReadingOptions
from openstack_rca.rca.evidence import overshadowed
from openstack_rca.rca.knowledge import (
    Catalogue,
    event_text,
    lint_catalogue,
    load_catalogue,
    load_topology,
    own_signatures,
)
from openstack_rca.settings import Settings
from openstack_rca.shipped import shipped_text

_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_MOST_HITS = 1000
_TEMPLATE = ("openstack_rca.service", "signature_template.yaml")


@dataclass(frozen=True)
class Checked:
    """What a check of signature files found: how many are sound, problems and hints, a line each."""

    signatures: int
    problems: list[str]
    hints: list[str]


def lint(path: Path | None) -> Checked:
    """Check the signatures of a folder or file (None: the built-in ones). Raises SignatureCatalogueError: there are none."""
    result = lint_catalogue([path] if path else [])
    if not result.problems and not result.signatures:
        raise SignatureCatalogueError(
            f"{path} holds no signature.", "Give a folder of *.yaml files with signatures, or one such file."
        )
    hints = [
        f"{file} holds a list of signatures, the older form. It is still read; one file a signature, named by its id, "
        "is easier to keep: openstack-rca signatures new."
        for file in result.old_files
    ]
    template = yaml.safe_load(shipped_text(*_TEMPLATE))["pattern"]
    hints += [
        f"{rule.id} is still the template: replace its title, its pattern and its cases by your own."
        for rule in result.signatures
        if rule.pattern == template
    ]
    hints += [
        f"{file}: give at least two lines and two look-alikes, or say no_look_alike: true."
        for file in result.thin_files
    ]
    catalogue = Catalogue([*result.signatures, *load_catalogue().signatures])
    hints += [
        f"{name} changes no answer: on its own lines {' and '.join(sorted(others))} says more. Join them, or ask for other words."
        for name, others in overshadowed(result.signatures, catalogue, load_topology()).items()
    ]
    return Checked(len(result.signatures), [str(problem) for problem in result.problems], hints)


def begin(signature_id: str, folder: Path) -> Path:
    """Write a commented signature file to start from; gives its path. Raises SignatureCatalogueError: it cannot be made."""
    if not _ID.fullmatch(signature_id):
        raise SignatureCatalogueError(
            f"{signature_id!r} cannot be an id.", "Use lower case letters and digits with '-' between words."
        )
    path = folder / f"{signature_id}.yaml"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(shipped_text(*_TEMPLATE).replace("{path}", str(path)))
    except FileExistsError:
        raise SignatureCatalogueError(f"{path} exists already.", "Give another id, or edit that file.") from None
    except OSError as error:
        raise SignatureCatalogueError(f"{path} cannot be written: {error.strerror}.", "Give another folder.") from None
    return path


@dataclass(frozen=True)
class Hit:
    """One line that a signature speaks of; ``accused`` is None where the rule cannot tell, ``statement`` the filled title."""

    signature: str
    file: str
    line: int
    time: str | None
    host: str | None
    service: str | None
    accused: str | None
    statement: str
    text: str


@dataclass(frozen=True)
class Tried:
    """What signatures hit in logs: how often each, over how many events, and the first hits."""

    events: int
    counts: dict[str, int]
    hits: list[Hit]


def try_out(path: Path, logs: Sequence[str | Path], settings: Settings) -> Tried:
    """Find out what signatures hit in logs. Raises SignatureCatalogueError (no or a faulty entry), LogInputError."""
    rules = own_signatures(path)
    events = read_logs(logs, ReadingOptions(timezone=settings.log_timezone)).events
    texts = events.with_row_index("key").select("key", "service", "level", text=event_text())
    topology = load_topology()
    found = Catalogue(rules).match(texts)
    counts = dict.fromkeys((rule.id for rule in rules), 0) | dict(found["signature_id"].value_counts().iter_rows())
    hits = []
    for match in found.head(_MOST_HITS).iter_rows(named=True):
        rule = next(rule for rule in rules if rule.id == match["signature_id"])
        event = events.row(match["key"], named=True)
        service = topology.canonical(event["service"]) or event["service"]
        hits.append(
            Hit(
                signature=rule.id,
                file=event["file"],
                line=event["line"],
                time=event["time"].isoformat() if event["time"] else None,
                host=event["host"],
                service=service,
                accused=rule.accused(match, service, topology),
                statement=rule.statement({item["name"]: item["value"] for item in match["values"]}),
                text=match["line_text"],
            )
        )
    return Tried(events.height, counts, hits)
