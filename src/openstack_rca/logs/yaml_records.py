"""Records in YAML, each an item of a list or a document of its own: events of Kubernetes, dumps of other tools."""

import json
import re
from typing import Any, cast

from openstack_rca.logs.json_records import holds_record, said_by_content
from openstack_rca.logs.pieces import Splitter
from openstack_rca.logs.printed_records import by_beginnings

_ITEM = re.compile(r"^( {0,4})- +[\w\"'.@-]+ *:(?: |$)", re.MULTILINE)
_DOCUMENT = re.compile(r"^---(?: |$)|^[\w\"'.@-]+ *:(?: |$)", re.MULTILINE)
_ALIAS = re.compile(r"[\s:,\[{-]\*[\w-]")
_LOOKED_AT = 60
_LONGEST = 1024 * 1024


def records_in_yaml(begin: str) -> Splitter | None:
    """The splitter for YAML with a time and a text in each of its items or documents; None for any other text.

    Only items of a list at the top or right below it count, and whole documents: what lies deeper is no log.
    """
    lines = begin.lstrip("\n").split("\n")
    if _DOCUMENT.match(lines[0]) is None and _ITEM.match(lines[0]) is None:
        return None
    item = next((match for line in lines[:_LOOKED_AT] if (match := _ITEM.match(line)) is not None), None)
    of_list = _items(lines, item[1]) if item is not None else None
    if of_list is not None:
        return of_list
    if not lines[0].startswith("---") and "\nkind: Event" not in begin:
        return None
    end = next((number for number, line in enumerate(lines) if number and line.startswith("---")), len(lines))
    if _record(lines[:end], 0) is not None:
        return by_beginnings(lambda _before, line: line.startswith("---"), lambda found: _record(found, 0))
    return None


def _items(lines: list[str], indent: str) -> Splitter | None:
    opening = re.compile(rf"^{indent}- ")
    starts = [number for number, line in enumerate(lines) if opening.match(line)]
    within = len(indent) + 1
    if _record(lines[starts[0] : [*starts, len(lines)][1]], within) is None:
        return None

    def read(found: list[str]) -> dict[str, Any] | None:
        # What stands above the list names it.
        return _record(found, within) if opening.match(found[0]) else {} if all(map(_is_around, found)) else None

    return by_beginnings(lambda _before, line: opening.match(line), read)


def _is_around(line: str) -> bool:
    """Whether a line beside a list is one of YAML."""
    return not line.strip() or line.startswith((" ", "#", "---", "...")) or _DOCUMENT.match(line) is not None


def _record(lines: list[str], indent: int) -> dict[str, Any] | None:
    """The record that the lines of an item hold, as far as they are indented; None where they hold none."""
    first = " " * indent + lines[0][indent:] if indent else lines[0]
    within = [first]
    for number, line in enumerate(lines[1:], 1):
        if line.strip() and len(line) - len(line.lstrip(" ")) < indent:
            if not all(map(_is_around, lines[number:])):
                return None
            break
        within.append(line)
    text = "\n".join(within)
    if len(text) > _LONGEST:
        return None
    import yaml  # Few logs have such records.

    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    try:
        if _ALIAS.search(text) and any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=loader)):
            # What stands for something else may stand for more than the memory holds.
            return None
        value = yaml.load(text, Loader=loader)  # noqa: S506 - makes nothing but texts, lists and dictionaries
        json.dumps(value)
    except (yaml.YAMLError, ValueError, TypeError, RecursionError):
        return None
    if not isinstance(value, dict):
        return None
    return cast("dict[str, Any]", value) if holds_record(value) else said_by_content(value)
