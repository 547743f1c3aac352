"""Mails that were saved (.eml, mbox): what is written and attached, decoded, each as a file of its own.

Python's ``email`` reads headers and decodes; parts are cut here, a level at a time, so that parts in parts cost no more
than the mail's size.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesHeaderParser
from itertools import islice

from openstack_rca.errors import LogBoundReached
from openstack_rca.logs.bounds import DEEPEST
from openstack_rca.logs.packing import Readable

LARGEST_BYTES = 64 * 1024 * 1024
"""So much of one mail is kept in memory."""

MOST_PARTS = 1000
"""So many parts of one mail are taken apart."""

_HEADER_BYTES = 64 * 1024
# Longer fields are no use, and Python takes the time of their length squared to read them.
_FIELD = re.compile(rb"(?im)^content-[a-z-]{1,40}:(?:[^\n]*\n[ \t])*[^\n]*(?:\n|\Z)")
_FIELD_BYTES = 2048
_READ_AT_ONCE = 8 * 1024 * 1024
_BORDER = re.compile(rb"^From \S.* \d{4}\r?\n(?=[A-Za-z-]+:)", re.MULTILINE)
_END_OF_HEADER = re.compile(rb"^\r?\n|\r?\n\r?\n")
_LONGEST_NAME = 200
# Others are read as what they are, or do not part bytes from characters.
_CHARSET = re.compile(
    r"(?i)(?:iso-?8859|windows-|cp\d|koi8|utf-?16|utf-?32|latin|big5|gb\d|gb[kb]|euc|shift_?jis|iso-2022)[\w-]*"
)


@dataclass(frozen=True)
class MailPart:
    """A text or a file of a mail; ``name`` is None for what was written in the mail itself."""

    name: str | None
    data: bytes


def mails_of(stream: Readable, called: str) -> Iterator[bytes]:
    """The mails of a file: one, or those of a mailbox.

    Raises:
        LogBoundReached: one is larger than ``LARGEST_BYTES``; those before it were given.
        UnreadableLog: the file is damaged.
    """
    rest, final, is_box = b"", False, False
    while not final:
        piece = stream.read(_READ_AT_ONCE)
        final = not piece
        rest += piece
        begin = 0
        # A single mail may quote the borders of another one.
        is_box = is_box or rest.lstrip().startswith(b"From ")
        for border in _BORDER.finditer(rest) if is_box else ():
            if border.start():
                yield rest[begin : border.start()]
                begin = border.start()
        rest = rest[begin:]
        if len(rest) > LARGEST_BYTES:
            raise LogBoundReached(
                f"{called} holds a mail of more than {LARGEST_BYTES // 1024**2} MiB; from there on it was not read.",
                "Save what is attached to it, and give that.",
            )
    if rest:
        yield rest


def parts_of_mail(mail: bytes, depth: int = DEEPEST) -> Iterator[MailPart]:
    """The decoded parts of a mail, or of a part of one; of alternatives (``multipart/alternative``) only the plain text.

    Args:
        mail: header and body.
        depth: how many levels of parts are taken apart; what lies deeper is given as it stands.

    Of more than ``MOST_PARTS`` parts on a level the next one holds all the rest, and is the last.
    """
    border = _BORDER.match(mail)
    start = border.end() if border else 0
    if depth == DEEPEST:
        # A mail that is written into another one has blank lines in place of that one's header; a part may have no header.
        start += len(mail[start:]) - len(mail[start:].lstrip(b"\r\n"))
    opened = _END_OF_HEADER.search(mail, start, start + _HEADER_BYTES)
    if opened is None:
        yield MailPart(None, mail)
        return
    body = opened.end()
    header = _header(mail[start:body])
    between = _told(header.get_boundary) if header.get_content_maintype() == "multipart" else None
    if between is None or not depth:
        yield _decoded(header, mail, body)
        return
    cuts = list(islice(_line_of(str(between)).finditer(mail, body), MOST_PARTS + 1))
    ends = [cut.start() for cut in cuts[1:]] + [len(mail)]
    parts = [mail[cut.end() : end] for cut, end in zip(cuts, ends, strict=False) if not cut[1]]
    if header.get_content_subtype() == "alternative":
        parts = sorted(parts, key=_is_not_plain)[:1]
    for part in parts:
        yield from parts_of_mail(part, depth - 1)


def _header(lines: bytes) -> Message:
    """What a header says of the content."""
    fields = (found[0] for found in _FIELD.finditer(lines))
    return BytesHeaderParser().parsebytes(b"".join(field for field in fields if len(field) <= _FIELD_BYTES))


def _told(say: Callable[[], str | None]) -> str | None:
    """What a header says, or nothing where Python cannot read it."""
    with suppress(MessageError, ValueError, LookupError):
        return say()
    return None


def _line_of(between: str) -> re.Pattern[bytes]:
    told = re.escape(between.encode("utf-8", "surrogateescape"))
    return re.compile(rb"^--" + told + rb"(--)?[ \t]*\r?(?:\n|\Z)", re.MULTILINE)


def _is_not_plain(part: bytes) -> bool:
    return re.search(rb"(?i)^content-type:[ \t]*text/plain", part[:_HEADER_BYTES], re.MULTILINE) is None


def _decoded(header: Message, mail: bytes, body: int) -> MailPart:
    data = mail[body:]
    if header.get_content_type() == "message/rfc822":
        return MailPart(_file_name(header) or "message.eml", data)
    encoding = str(header.get("content-transfer-encoding", "")).strip().lower()
    if encoding in ("quoted-printable", "base64", "x-uuencode", "uuencode", "x-uue", "uue"):
        header.set_payload(data.decode("ascii", "surrogateescape"))
        decoded = header.get_payload(decode=True)
        data = decoded if isinstance(decoded, bytes) else data
    elif _file_name(header) is None:
        # So that its lines have the numbers that they have in the mail.
        data = b"\n" * mail.count(b"\n", 0, body) + data
    charset = _told(header.get_content_charset) or ""
    if header.get_content_maintype() == "text" and _CHARSET.fullmatch(charset):
        with suppress(LookupError):
            data = data.decode(charset, "replace").encode("utf-8", "replace")
    return MailPart(_file_name(header), data)


def _file_name(header: Message) -> str | None:
    name = _told(header.get_filename)
    if name is None:
        return None
    with suppress(MessageError, ValueError, LookupError):
        name = str(make_header(decode_header(name)))
    return "".join(sign for sign in name if sign.isprintable())[:_LONGEST_NAME].strip() or None
