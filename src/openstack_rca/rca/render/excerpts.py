"""What of a log line is shown where room is short, and which cited lines say the same.

A prefix of a log line rarely tells what went wrong: the exception stands at its end, behind identifiers, statements of a
database and addresses of help pages.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from openstack_rca.rca.report import EvidenceItem, one_line

# The parts of an oslo.log line before its message: time, process, level, logger, request context, instance.
_OSLO_PREFIX = re.compile(
    r"\d{4}-\d\d-\d\d[ T][\d:.,]+\S* (?:\d+ )?(?:[A-Z]+ )?(?:\S+ )?\[[^\]]*\] (?:\[instance: [^\]]*\] )?"
)
_HELP_PAGE = re.compile(r"\s*\(Background on this error at: [^)\s]*\)")
_STATEMENT = re.compile(r"\[SQL: (.{60}).+?\](?=\s*(?:\[parameters:|\(Background|$))")
_PARAMETERS = re.compile(r"\[parameters: .{20,}?[})\]]\](?=\s|$)")
_MARKUP = re.compile(r"(?:<br ?/?>\s*)+")
_EXCEPTION = re.compile(r"\b(?:[A-Za-z_]\w*\.)+([A-Z]\w+)\)?(?=[:\s])")
_ERROR = re.compile(
    r"\[Errno -?\d+\][^'\")}\]]{0,80}|\berrno[ =:]{1,2}\d+|\bE(?:CONN|HOST|NET|TIMED|ADDR|ACCES|PERM|PIPE|NO[ST])[A-Z]{0,12}\b"
    r"|\bStderr: u?['\"](?!['\"])[^'\"]{1,200}"
)
_READ_LIMIT = 6000
_GAP = " ... "
_LEAST_HEAD = 20
_LEAST_SAID = 9
_REPEATED = 30


@dataclass(frozen=True)
class EvidenceGroup:
    """One cited event, and the events alike (see ``grouped``)."""

    item: EvidenceItem
    like: tuple[EvidenceItem, ...] = ()


def grouped(evidence: Sequence[EvidenceItem]) -> list[EvidenceGroup]:
    """Return the evidence in its order, alike pieces behind the first of them.

    Alike are events of one signature (without one: of one sort and reason) that the same service on the same host
    logged and that accuse the same component on the same host.
    """
    groups: dict[tuple[object, ...], list[EvidenceItem]] = {}
    for item in evidence:
        kind = (item.signature,) if item.signature else (item.sort, item.why)
        key = (*kind, item.service, item.host, item.accuses, item.accused_host)
        groups.setdefault(key, []).append(item)
    return [EvidenceGroup(first, tuple(like)) for first, *like in groups.values()]


def like_text(group: EvidenceGroup) -> str:
    """Return how many further events a group has and on which lines, "" if there are none."""
    if not group.like:
        return ""
    here = [str(item.line) for item in group.like if item.file == group.item.file]
    elsewhere = [f"{item.file}:{item.line}" for item in group.like if item.file != group.item.file]
    places = [f"{'lines' if len(here) > 1 else 'line'} {', '.join(here)} of the same file"] if here else []
    return f"and {len(group.like)} more like it: {', '.join(places + elsewhere)}"


def essence(text: str) -> str:
    """Return a log line without the oslo.log parts before its message; the whole line if it has none."""
    found = _OSLO_PREFIX.match(text)
    return (text[found.end() :] if found else text) or text


def excerpt(text: str, room: int, matched: str = "") -> str:
    """Return the telling part of a log line in at most ``room`` characters, on one printable line.

    What no reader needs goes first: the parts before the message, addresses of help pages, database statements and their
    parameters. Of what is still too long the beginning stays, and the end from the last exception on; without an
    exception its last words. Where that would leave out the words ``matched``, the line is shown from these on instead, and
    where it would leave out the last error that the line gives (a number of the system, what a command said), that is the end.
    """
    shown = _excerpt(text, room)
    words = one_line(matched, _READ_LIMIT).strip()
    line = one_line(essence(text), _READ_LIMIT).strip()
    at = max(0, line.find(words))
    errors = [found[0].rstrip() for found in _ERROR.finditer(line, at)]
    if (words[: room // 2] in shown and (not errors or errors[-1] in shown)) or room < 4 * len(_GAP):
        return shown
    whole = _from_words(line, at, len(words), room)
    # Of words that do not fit the end says more than the middle.
    end = errors[-1] if errors else _tail(words, room // 3) if len(words) > room else ""
    if not end or end in whole:
        return whole
    tail = f"{_GAP}{end if len(end) <= room // 2 else _cut_end(end, room // 2)}"
    return _from_words(line, at, len(words), room - len(tail)).rstrip(" .") + tail


def _from_words(line: str, at: int, length: int, room: int) -> str:
    """The line from its words at a place on, with its beginning where there is room beside them."""
    if at == 0:
        return _cut_end(line, room)
    spare = room - length - 2 * len(_GAP)
    head = _head(line[:at], spare // 2) if spare >= 2 * _LEAST_HEAD else ""
    return f"{head}{_GAP}{_cut_end(line[at:], room - len(head) - len(_GAP))}".strip()


def _excerpt(text: str, room: int) -> str:
    line = one_line(essence(text), _READ_LIMIT).strip()
    if len(line) <= room:
        return line
    line = _MARKUP.sub(" ", _HELP_PAGE.sub("", line)).strip()
    line = _PARAMETERS.sub("[parameters: ...]", _STATEMENT.sub(r"[SQL: \1 ...]", line))
    if len(line) <= room:
        return line
    if room < 4 * len(_GAP):
        return line[:room]
    line = _said_once(line)
    if len(line) <= room:
        return line
    start = max((found.start(1) for found in _EXCEPTION.finditer(line[:-_LEAST_SAID])), default=0)
    if start:
        end = _cut_end(line[start:], room - len(_GAP))
        before = room - len(end)
        return f"{_cut_end(line[:start], before) if before >= _LEAST_HEAD else ''}{end}".strip()
    head = _head(line, room * 2 // 5)
    return f"{head}{_GAP}{_tail(line, room - len(head) - len(_GAP))}"


def _said_once(line: str) -> str:
    """Return a line without its exception where that only repeats what the line said before."""
    for found in _EXCEPTION.finditer(line):
        repeated = line[found.end() :].lstrip(") :")[:_REPEATED]
        if len(repeated) == _REPEATED and repeated in line[: found.start()]:
            return line[: found.start()].rstrip(" :(")
    return line


def _cut_end(text: str, room: int) -> str:
    """Return the beginning of ``text``, with dots where it was cut."""
    if len(text) <= room:
        return text
    return _head(text, room - len(_GAP)) + _GAP


def _head(text: str, room: int) -> str:
    cut = text[: max(0, room)]
    whole = cut.rsplit(" ", 1)[0]
    return (whole if len(whole) >= room * 2 // 3 else cut).rstrip()


def _tail(text: str, room: int) -> str:
    cut = text[len(text) - max(1, room) :]
    whole = cut.split(" ", 1)[-1]
    return (whole if len(whole) >= room * 2 // 3 else cut).lstrip()
