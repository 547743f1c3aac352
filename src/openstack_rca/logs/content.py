"""What bytes are: a binary file, text in which encoding, a log; and how text becomes lines."""

import codecs
import re

import polars as pl

from openstack_rca.logs.documents import holds_records
from openstack_rca.logs.packing import Readable
from openstack_rca.logs.pastes import cleaner_for
from openstack_rca.logs.pieces import COLOUR

_SAMPLE = 64 * 1024
# Control bytes that no text holds; tab, line feed, form feed, carriage return, backspace and escape are text.
_CONTROL = bytes(byte for byte in range(32) if byte not in b"\t\n\r\x0c\x08\x1b\x00") + b"\x7f"
_HOLE = re.compile(rb"\x00{512,}")
_SHOWN_ESCAPES = (b"^[[", b"#033[", b"\\x1b[", b"\\033[", b"\\e[")
_LOST_ESCAPES = re.compile(rb"\[(?:00?|[01]{1,2};3\d)m")
_CLOCK = rb"\d{1,2}:\d\d:\d\d"
_STAMPED = re.compile(
    rb"^.{0,300}?(?:\d{4}[-/.]\d\d[-/.]\d\d[ T]+\d{1,2}:\d\d|\d{0,2}(?:[^\W\d]|[\x80-\xff]){3,12}\.? +\d{1,2} "
    + _CLOCK
    + rb"|"
    rb"\d{1,2}[-/.](?:[A-Z][a-z]{2}|\d\d?)[-/.]\d{2,4}(?:::?| *[|,] *|,? )"
    + _CLOCK
    + rb"|[A-Z][a-z]{2}(?: +\d{1,2}, \d{4} @ |-\d\d-\d{4} \| )"
    + _CLOCK
    + rb")"
    rb"|^(?:\[ *\d+\.\d{6}\]|\d{1,4},\d+,\d+,[-c+][,;]|\[?1\d{9}(?:[\].]|(?:\d{3}|\d{6}|\d{9})?[\]\t ])|"
    rb" {0,8}\d+:\d{8}:\d{6}|@40000000[0-9a-f]{16} |"
    rb"\[[A-Z][a-z]{2} ?\d\d? \d\d:\d\d\] |\d\d? [A-Z][a-z]{2} \d{4} \d\d:|"
    rb"\[?"
    + _CLOCK
    + rb".{1,40}? (?:DEBUG|INFO|WARN|ERROR)|[IWEF]\d{4} "
    + _CLOCK
    + rb"|\d{6} +"
    + _CLOCK
    + rb"|=[A-Z]+ REPORT====|\[pid: \d+\|"
    rb"|\d+:[A-Z] \d\d [A-Z][a-z]{2} \d{4} "
    + _CLOCK
    + rb"|__CURSOR=|__REALTIME_TIMESTAMP=|# \w{3} \w{3} +\d+ "
    + _CLOCK
    + rb")"
    rb"|^.{0,80}?\b(?:DEBUG|INFO|AUDIT|WARNING|ERROR|CRITICAL|TRACE) [a-z_]+(?:\.[\w-]+)+ [\[]"
)
_PAGE = re.compile(rb"\s*<(?:!doctype html|html|head|body|pre|span )", re.IGNORECASE)
# Indented lines, and the catalogue's texts that `journalctl -x` puts below an entry.
_GOES_ON = (b" ", b"\t", b"\xe2\x96\x91", b"-- ")
_TAG = re.compile(rb"</?[a-zA-Z!][^<>]*>")
_UTF_16_SHARE = 0.7
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Where files were put behind each other: a mark of UTF-8, or one of UTF-16 whose text lost its NULs.
_MARKS_AHEAD = r"^(?:\x{FEFF}|\x{FF}\x{FE})+"
_MARK_WITHIN = r"(\S)\x{FEFF}+([\[{<]?\w)"
# How rsyslog and Swift write an end of line within a line; a colour of a page has six digits.
_ESCAPED_END = r"(?:#012)+([a-fA-F]{0,2}[^0-9a-fA-F]|20[0-9]{2}-|$)"
# A record whose text holds such ends: in JSON they are written otherwise.
_RECORD = r'^[^{]*\{\s*".*\}[\],;\s]*$'
_WESTERN = "openstack_rca_western"


def _western(error: UnicodeError) -> tuple[str, int]:
    """Bytes that are not UTF-8 are read as Windows-1252, of which Latin-1's letters are a part."""
    assert isinstance(error, UnicodeDecodeError)
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


codecs.register_error(_WESTERN, _western)


def is_binary(data: bytes) -> bool:
    """Whether a file with this beginning is not text.

    NUL bytes at the very beginning are what a log looks like that was truncated while its writer kept it open; a few
    inside a text do no harm either, nor does a hole that a crash left.
    """
    sample = _HOLE.sub(b"", data.lstrip(b"\x00"))[:_SAMPLE]
    if not sample:
        return bool(data)
    nulls = sample.count(0)
    controls = len(sample) - len(sample.translate(None, _CONTROL))
    return nulls * 10 > len(sample) or controls * 50 > len(sample)


def reads_like_log(data: bytes) -> bool:
    """Whether at least a third of the first hundred lines that are not blank or indented look like those of a log."""
    encoding = encoding_of(data)
    text = data if encoding == "utf-8" else data.decode(encoding, "replace").encode("utf-8", "replace")
    data = text.replace(b"\r", b"\n")
    if holds_records(data):
        return True
    if _PAGE.match(data):
        data = _TAG.sub(b"", data.partition(b"<pre")[2] or data)
    if _share_of_stamped(data.splitlines()) * 3 >= 1:
        return True
    # As it was before it was quoted, numbered or wrapped.
    pasted = data.decode("utf-8", "replace").splitlines()[:300]
    clean = cleaner_for(pasted)
    return clean is not None and _share_of_stamped([piece.text.encode() for piece in clean(pasted)]) * 3 >= 1


def _share_of_stamped(lines: list[bytes]) -> float:
    written = [line for line in lines[:300] if line.strip()]
    begun = [line for line in written if not line.startswith(_GOES_ON)][:100] or written[:100]
    return sum(1 for line in begun if _STAMPED.match(line[:4000])) / max(len(begun), 1)


def encoding_of(head: bytes) -> str:
    """The encoding of a text that begins with these bytes: by its byte order mark, else by where its NULs are."""
    for mark, encoding in _BOMS:
        if head.startswith(mark):
            return encoding
    sample = head[: _SAMPLE // 2 * 2]
    half = len(sample) // 2
    if half >= 8:
        for encoding, zeros, letters in (
            ("utf-16-le", sample[1::2], sample[0::2]),
            ("utf-16-be", sample[0::2], sample[1::2]),
        ):
            if zeros.count(0) > half * _UTF_16_SHARE and letters.count(0) < half * (1 - _UTF_16_SHARE):
                return encoding
    return "utf-8"


class PlainText:
    """A text as UTF-8 with line feeds, whatever its encoding and its line ends.

    Args:
        stream: gives the bytes.
        head: the first of them, which are still to be read.
    """

    def __init__(self, stream: Readable, head: bytes) -> None:
        self._stream = stream
        encoding = encoding_of(head)
        recode = encoding != "utf-8"
        self._decoder = codecs.getincrementaldecoder(encoding)("replace") if recode else None
        begin = head.decode(encoding, "replace") if recode else head.decode("latin-1")
        self._only_returns = "\r" in begin.rstrip("\r") and "\n" not in begin

    def read(self, size: int = -1, /) -> bytes:
        """About ``size`` bytes (-1: all); an empty result means the end."""
        data = self._stream.read(size)
        if self._decoder is not None:
            text = self._decoder.decode(data, not data)
            while data and not text:
                data = self._stream.read(size)
                text = self._decoder.decode(data, not data)
            data = text.encode("utf-8", "replace")
        return data.replace(b"\r", b"\n") if self._only_returns else data


def text_lines(data: bytes, *, is_start: bool) -> pl.Series:
    """Cut bytes into lines at line feeds only, so that numbers agree with ``sed -n Np``.

    Bytes that are not UTF-8 are read as Western ones; NULs, colour codes and carriage returns at the ends of lines are removed,
    a byte order mark at the start of the file too.
    """
    if is_start:
        data = data.removeprefix(codecs.BOM_UTF8)
    if b"\x00" in data:
        data = data.replace(b"\x00", b"")
    has_returns = b"\r" in data
    # Who shows escapes as text shows them all over a file: a part tells.
    part = data if len(data) < 2 * _SAMPLE else data[:_SAMPLE] + data[-_SAMPLE:]
    has_colour = b"\x1b" in data or any(escape in part for escape in _SHOWN_ESCAPES) or _lost_escapes(part)
    lines = _cut_at_line_feeds(data)
    # A single byte is looked for thirty times as fast as more of them.
    if b"\xef" in data or b"\xff" in data:
        lines = lines.str.replace(_MARKS_AHEAD, "")
    if has_colour:
        lines = lines.str.replace_all(COLOUR.pattern, "")
    if has_returns:
        lines = lines.str.strip_chars("\r")
    return lines


def parted_within(lines: pl.Series) -> tuple[pl.Series, pl.Series | None]:
    """Lines, parted where an end of line is written as ``#012``, or where a file that ended within its last line was followed
    by another one; ``text_lines`` gave them. A record in JSON stays whole, with such ends as JSON writes them.

    Returns:
        the lines, and how many of the file's lines each of them counts: the last part of one counts it, others none; None
        where nothing was parted.
    """
    marked, escaped = lines.str.contains(_MARK_WITHIN), lines.str.contains(_ESCAPED_END)
    if not (marked | escaped).any():
        return lines, None
    texts = lines.str.replace_all(_MARK_WITHIN, "${1}\n${2}")
    written = texts.str.replace_all(_ESCAPED_END, r"\n${1}")
    texts = written.zip_with(texts.str.contains(_RECORD), texts.str.replace_all(_ESCAPED_END, "\n${1}"))
    parts = texts.str.split("\n").alias("text").to_frame().with_row_index("line").explode("text")
    return parts["text"].alias(lines.name), parts["line"].is_last_distinct().cast(pl.Int32)


def _cut_at_line_feeds(data: bytes) -> pl.Series:
    # An empty line in front, so that no text that begins as a packed file does is taken for one.
    begun = b"\n" + data
    try:
        lines = pl.read_lines(begun)
    except pl.exceptions.ComputeError:
        lines = pl.read_lines(begun.decode("utf-8", _WESTERN).encode())
    return lines.to_series().slice(1).rechunk().rename("text")


def _lost_escapes(part: bytes) -> bool:
    return (b"[0" in part or b"[1;3" in part) and _LOST_ESCAPES.search(part) is not None


def first_lines(data: bytes) -> list[str]:
    """The lines of the beginning of a text, as ``text_lines`` gives them; faster for few lines."""
    if any(mark in data for mark in (b"\x00", b"\x1b", b"\r", *_SHOWN_ESCAPES)) or _lost_escapes(data):
        return text_lines(data, is_start=True).to_list()
    text = data.removeprefix(codecs.BOM_UTF8).decode("utf-8", _WESTERN)
    return text.removesuffix("\n").split("\n") if text else []
