"""What bytes are: a binary file, text, a log; and how text becomes lines."""

from __future__ import annotations

import re

import polars as pl

_SAMPLE = 64 * 1024
# Control bytes that no text holds; tab, line feed, form feed, carriage return, backspace and escape are text.
_CONTROL = bytes(byte for byte in range(32) if byte not in b"\t\n\r\x0c\x08\x1b\x00") + b"\x7f"
_COLOUR = r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\([A-Z]"
_STAMPED = re.compile(
    rb"(?m)^\W{0,2}(?:\d{4}-\d\d-\d\d[ T]+\d{1,2}:\d\d|(?:\w{3} )?\w{3} [ \d]\d \d\d:\d\d:\d\d|\[pid: \d+\||"
    rb"=[A-Z]+ REPORT====|\S+ \S+ \S+ \[\d\d/\w{3}/\d{4}:)"
)


def is_binary(data: bytes) -> bool:
    """Whether a file with this beginning is no text.

    NUL bytes at the very beginning are what a log looks like that was truncated while its writer kept it open; a few
    inside a text do no harm either.
    """
    sample = data.lstrip(b"\x00")[:_SAMPLE]
    if not sample:
        return bool(data)
    nulls = sample.count(0)
    controls = len(sample) - len(sample.translate(None, _CONTROL))
    return nulls * 10 > len(sample) or controls * 50 > len(sample)


def reads_like_log(data: bytes) -> bool:
    """Whether at least a third of the first hundred lines that are not blank or indented begin with a time stamp."""
    lines = [line for line in data.splitlines()[:300] if line.strip() and not line.startswith((b" ", b"\t"))][:100]
    stamped = sum(1 for line in lines if _STAMPED.match(line))
    return stamped * 3 >= len(lines) and stamped > 0


def text_lines(data: bytes, *, is_start: bool) -> pl.Series:
    """Cut bytes into lines at line feeds only, so that numbers agree with ``sed -n Np``.

    Invalid UTF-8 is replaced, NULs, colour codes and carriage returns at line ends are removed, a byte order mark at
    the start of the file too.
    """
    if is_start:
        data = data.removeprefix(b"\xef\xbb\xbf")
    if data.endswith(b"\n"):
        data = data[:-1]
    elif not data:
        return pl.Series("text", [], pl.String)
    if b"\x00" in data:
        data = data.replace(b"\x00", b"")
    has_returns, has_colour = b"\r" in data, b"\x1b" in data
    lines = pl.Series("text", [data.decode("utf-8", "replace")]).str.split("\n").explode()
    if has_colour:
        lines = lines.str.replace_all(_COLOUR, "")
    if has_returns:
        lines = lines.str.strip_chars_end("\r")
    return lines
