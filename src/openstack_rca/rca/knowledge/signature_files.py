"""Reading signature files: a rule a file, or the older list of rules in one file; compiled once, since YAML is slow.

This module uses the standard library and PyYAML only: the build runs it alone, to put the compiled catalogue into the
wheel. In a checkout it is compiled at the first use, kept where Python keeps its compiled modules, and compiled anew when a
rule has changed.
"""

import contextlib
import json
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

BUILT = "signatures.json"
"""The compiled catalogue in a wheel, beside the folder of the rules."""

_SUFFIXES = (".yaml", ".yml")
_FORMAT = 1
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
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    for path in paths:
        try:
            content = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506  # a safe loader
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
    built = folder.with_name(BUILT)
    if built.is_file():
        return list(json.loads(built.read_bytes()))
    cache, state = folder.with_name("__pycache__") / BUILT, _state_of(folder)
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        known = json.loads(cache.read_bytes())
        if known["state"] == state:
            return list(known["rules"])
    rules = compiled(folder, literals)
    _keep(cache, {"state": state, "rules": rules})
    return rules


def _state_of(folder: Path) -> list[Any]:
    """Name, size and time of every rule file and of the modules that compile them."""
    code = [Path(__file__), Path(__file__).with_name("literals.py")]
    modules = [[path.name, path.stat().st_size, path.stat().st_mtime_ns] for path in code]
    return [_FORMAT, *modules, *sorted(_states(str(folder)))]


def _states(folder: str) -> Iterator[list[Any]]:
    """The same for what lies below a folder; ``os.scandir`` is several times as fast as ``Path`` for a thousand files."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir():
                yield from _states(entry.path)
            elif entry.name.endswith(_SUFFIXES):
                found = entry.stat()
                yield [entry.path, found.st_size, found.st_mtime_ns]


def _keep(cache: Path, content: dict[str, Any]) -> None:
    """Write the compiled rules whole or not at all; where nothing can be written, the next start compiles again."""
    part = cache.with_name(f"{cache.name}.{os.getpid()}")
    try:
        cache.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps(content), encoding="utf-8")
        part.replace(cache)
    except OSError:
        with contextlib.suppress(OSError):
            part.unlink()
