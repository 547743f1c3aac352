"""Syslog as it goes over a stream, each message behind the number of its octets (RFC 6587): a message may hold line feeds."""

import re
from typing import NamedTuple

from openstack_rca.logs.pieces import Piece, Splitter

_COUNT = re.compile(rb"\d{1,7} (?=<\d{1,3}>)")
_NEXT = re.compile(rb"\s*[1-9]\d{0,6} <\d{1,3}>")
_LONGEST_COUNT = len(b"9999999 <191>")


class _Frame(NamedTuple):
    """Where the count, the message and what is behind it begin."""

    start: int
    message: int
    end: int


def counted_frames(begin: bytes, whole: bool) -> Splitter | None:
    """The splitter for a text whose messages are set apart by byte counts, not by line ends; None for any other text.

    Args:
        begin: the text's first bytes.
        whole: whether these are all of it.
    """
    first, _ = _next_frame(begin, 0, whole)
    if first is None:
        return None
    if first.end == len(begin):
        # A single message is one by its count alone.
        return _split if first.start == 0 else None
    return _split if begin[first.end - 1 : first.end] != b"\n" and begin[first.end : first.end + 1].isdigit() else None


def _next_frame(data: bytes, place: int, final: bool) -> tuple[_Frame | None, bool]:
    """The first message whose count leads to the next one or to the end, and whether one before it may go on in more data.

    Digits before a count may be the end of another message: so much of them is the count as is true.
    """
    for found in _COUNT.finditer(data, place):
        for start in range(found.start(), found.end() - 1):
            end = found.end() + int(data[start : found.end() - 1])
            if data[start : start + 1] == b"0":
                continue
            if end > len(data) - _LONGEST_COUNT and not final:
                return None, True
            if end == len(data) or (end < len(data) and _NEXT.match(data, end)):
                return _Frame(start, found.end(), end), False
    return None, False


def _split(data: bytes, final: bool) -> tuple[list[Piece], int]:
    pieces: list[Piece] = []
    place = 0
    while place < len(data):
        frame, goes_on = _next_frame(data, place, final)
        if frame is None:
            # What is no message, or the last one, which is cut off.
            end = len(data) if final else place if goes_on else data.rfind(b"\n", place) + 1 or place
            frame = _Frame(end, end, end)
        if frame.start > place:
            headed = _COUNT.match(data, place, frame.start)
            pieces += _lines(data, headed.end() if headed else place, frame.start)
        if frame.end == frame.start:
            return pieces, frame.end
        pieces += _lines(data, frame.message, frame.end)
        place = frame.end
    return pieces, place


def _lines(data: bytes, start: int, end: int) -> list[Piece]:
    """The lines of one message; the last one counts as a line of the file where the file's line ends with it."""
    text = data[start:end].decode("utf-8", "replace").replace("\x00", "")
    lines = text.split("\n")
    last = int(end == len(data)) if lines[-1] or len(lines) == 1 else 0
    pieces = [Piece(line.rstrip("\r"), 1) for line in lines[:-1]]
    return [*pieces, Piece(lines[-1], last)] if lines[-1] or last else pieces
