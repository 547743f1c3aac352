"""Reading signature files: a rule a file, or the older list of rules in one file; compiled once, since YAML is slow.

This module needs PyYAML and the standard library only, for the build uses it to put the compiled catalogue into the wheel.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from openstack_rca.shipped import compiled_once, identity_of, read_yaml

BUILT = "signatures.json"
"""The compiled catalogue in a wheel, beside the folder of the rules."""

_SUFFIXES = (".yaml", ".yml")
_OLD_HOSTS = {"self": "logger", "captured": "named", "none": "unknown"}
_ROUTINE = {"at_least": 8, "within": "5m"}
"""What the older field ``routine`` stands for."""


@dataclass(frozen=True)
class Entry:
    """One rule as it is written.

    Attributes:
        file: path of its file.
        name: id, or the number of the entry where there is none.
        fields: fields of `Signature`; None where the file cannot be read as rules.
        problem: why it cannot be read.
        old: it is written in the older form, a list of rules in one file.
    """

    file: str
    name: str
    fields: dict[str, Any] | None
    problem: str = ""
    old: bool = False


def signature_files(folder: Path) -> list[Path]:
    """All rule files below a folder, in the order of their paths."""
    return sorted(path for path in folder.rglob("*") if path.suffix in _SUFFIXES and path.is_file())


def read_entries(paths: Iterable[Path]) -> Iterator[Entry]:
    """The rules of files, whichever form they have; a file that cannot be read is an entry with a problem."""
    import yaml  # Compiled rules need none of it.

    for path in paths:
        try:
            content = read_yaml(path)
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            yield Entry(str(path), "", None, " ".join(str(error).split()))
            continue
        if isinstance(content, dict):
            yield Entry(str(path), path.stem, {**content, "id": path.stem, "area": path.parent.name})
        elif isinstance(content, list):
            for number, item in enumerate(content, start=1):
                yield _old_entry(path, number, item)
        else:
            yield Entry(str(path), "", None, "it does not hold the fields of a signature")


def _old_entry(path: Path, number: int, item: Any) -> Entry:
    if not isinstance(item, dict):
        return Entry(str(path), f"entry {number}", None, "it does not hold the fields of a signature", old=True)
    fields = dict(item)
    cases = [{"line": line} for line in fields.pop("match", ())]
    fields["cases"] = cases + [{"silent": line} for line in fields.pop("no_match", ())]
    if "host" in fields:
        fields["accused_host"] = _OLD_HOSTS.get(fields["host"], fields["host"])
        del fields["host"]
    if fields.pop("routine", False):
        fields |= _ROUTINE
    return Entry(str(path), str(item.get("id", f"entry {number}")), {**fields, "area": "own"}, old=True)


def compiled(folder: Path, literals: Callable[[str], tuple[str, ...]]) -> list[dict[str, Any]]:
    """Fields of every rule below a folder, without its cases and with the literals of its pattern: what a search needs.

    Raises ValueError: a file does not hold a rule; the message names it.
    """
    rules = []
    for entry in read_entries(signature_files(folder)):
        if entry.fields is None:
            raise ValueError(f"{entry.file}: {entry.problem}")
        fields = {name: value for name, value in entry.fields.items() if name != "cases"}
        fields["contains"] = fields.get("contains") or list(literals(fields["pattern"]))
        rules.append(fields)
    return rules


def shipped_rules(folder: Path, literals: Callable[[str], tuple[str, ...]]) -> list[dict[str, Any]]:
    """The compiled rules of the package: from the wheel, as compiled before if no rule has changed since, or compiled now."""
    rules = compiled_once(folder.with_name(BUILT), lambda: _state_of(folder), lambda: compiled(folder, literals))
    return list(rules)


def _state_of(folder: Path) -> list[Any]:
    """Name, size and time of every rule file and of the modules that compile them."""
    code = [Path(__file__), Path(__file__).with_name("literals.py")]
    return [*map(identity_of, code), *sorted(_states(str(folder)))]


def _states(folder: str) -> Iterator[list[Any]]:
    """The same for what lies below a folder; ``os.scandir`` is several times as fast as ``Path`` for a thousand files."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir():
                yield from _states(entry.path)
            elif entry.name.endswith(_SUFFIXES):
                found = entry.stat()
                yield [entry.path, found.st_size, found.st_mtime_ns]
