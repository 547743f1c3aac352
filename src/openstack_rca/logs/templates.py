"""Templates: a message with what varies masked. The masked text is the template; its hash is the id.

There is no state: for one ``MASK_VERSION`` the same message gives the same template in every process on every machine.
"""

from __future__ import annotations

from hashlib import blake2b

import polars as pl

MASK_VERSION = 1
"""Raised with every change of a mask; a model file carries the version that it was trained with."""

MASK = "<*>"
TEMPLATE_LENGTH = 400
"""Longest template, in characters."""

_MESSAGE_LENGTH = 2000
_METHODS = "GET|POST|PUT|DELETE|PATCH|HEAD|OPTIONS|CONNECT|TRACE|COPY|REPORT"
_UUID = r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
# Written before digits that must survive: the underscore joins them to a word, so that the number mask passes by.
_KEEP = "\x02_"
# Stands for the double quotes around a request line, so that the mask of quoted values passes by.
_QUOTE = "\x01"

# The first masks make most access lines equal, and only distinct texts go on to the others.
_EARLY: tuple[tuple[str, str], ...] = (
    # No word border around ids: nova writes `<uuid>_del`.
    (rf"(?:req-)?{_UUID}|[0-9a-fA-F]{{32,}}|\b[0-9]+\.[0-9]{{4,}}\b", MASK),
    (r"\b(len|bytes|time)([:=] ?)\d[\d.]*", "${1}${2}" + MASK),
)

_LATE: tuple[tuple[str, str], ...] = (
    # What must survive: the request line, status codes, error numbers, API versions.
    (rf'"((?:{_METHODS}) [^"]*)"', f"{_QUOTE}${{1}}{_QUOTE}"),
    (
        r"\b(status(?:[_ ]code)?[:=]? ?|HTTP/\d(?:\.\d)?\x01? |HTTP |Errno |code: ?)([1-9]\d{0,4})\b",
        f"${{1}}{_KEEP}${{2}}",
    ),
    (r"\((\d{4}), (['\"])", f"({_KEEP}${{1}}, ${{2}}"),
    (r"\b([45]\d\d)-\{", f"{_KEEP}${{1}}-{{"),
    (r"\[MY-(\d+)\]", f"[MY-{_KEEP}${{1}}]"),
    # HAProxy: five timers, then the status.
    (r"( [-+]?\d+(?:/[-+]?\d+){3,4}) ([1-5]\d\d) ", f"${{1}} {_KEEP}${{2}} "),
    (r"/v(\d+)\b", f"/v{_KEEP}${{1}}"),
    (r"(/v\x02_\d+)\.(\d+)", f"${{1}}.{_KEEP}${{2}}"),
    # Times.
    (r"\[\d{1,2}/[A-Z][a-z]{2}/\d{4}[: ][0-9:.]+(?: [+-]\d{4})?\]", f"[{MASK}]"),
    (r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?", MASK),
    (r"\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? (?:\d\d )?[A-Z][a-z]{2} +\d{1,4} [0-9:]{8}(?: \d{4}| GMT)?", MASK),
    # Addresses.
    (r"\b[0-9a-fA-F]{2}(?::[0-9a-fA-F]{2}){5}\b", MASK),
    (r"(?:\b|::ffff:)\d{1,3}(?:\.\d{1,3}){3}(?:[:/]\d+)?\b", MASK),
    (r"\b[0-9a-fA-F]{1,4}(?::[0-9a-fA-F]{0,4}){2,7}\b", MASK),
    (r"\b(https?|amqps?|tcp|ssl|rabbit|rbd|mysql\+pymysql|swift|file)://[^/\s'\"<>)\],]+", f"${{1}}://{MASK}"),
    # Requests keep the words of their path; queries and temporary paths go.
    (r"\?[\w.%~\[\]<*>-]+=[^\s'\"\x01)]*", f"?{MASK}"),
    (r"/tmp/[^\s'\",)]+", f"/tmp/{MASK}"),  # noqa: S108
    # Values.
    (r"<(?:\d+|<\*>)(?:\.(?:\d+|<\*>))+>", MASK),
    (r"\b0x[0-9a-fA-F]+\b", MASK),
    (r"(^|[\s=(\[{,:<])u?'[^']*'", f"${{1}}'{MASK}'"),
    (r'(^|[\s=(\[{,:<])u?"[^"]*"', f'${{1}}"{MASK}"'),
    (r"\b[0-9a-f]{8}-[0-9a-f]{2}\b", MASK),
    (r"\b[a-f]{0,12}\d[0-9a-f]{6,}\b", MASK),
    (r"\b(tap|qvo|qvb|qbr|qr-|qg-|sg-|fg-|ha-|macvtap)[0-9a-f]{8}(?:-[0-9a-f]{1,2})?\b", f"${{1}}{MASK}"),
    (r"(^|[\s=(:,])[-+](\d)", "${1}${2}"),
    (r"\b\d[\w%]*(?:[.,:]\d+\w*)*", MASK),
    (r"\b([A-Za-z]+)\d\w*", f"${{1}}{MASK}"),
    # Containers vary in length.
    (r"(?:'<\*>'|\"<\*>\"|<\*>)(?:, ?(?:'<\*>'|\"<\*>\"|<\*>))+", MASK),
    (r"\{[^{}]*\}", "{" + MASK + "}"),
    (r"\{[^{}]*\{<\*>\}[^{}]*\}", "{" + MASK + "}"),
    (r"(?:\{<\*>\}|'<\*>'|\"<\*>\"|<\*>)(?:, ?(?:\{<\*>\}|'<\*>'|\"<\*>\"|<\*>))+", MASK),
    (r"\[(?:\{<\*>\}|'<\*>'|\"<\*>\"|<\*>|None|True|False|[, ])*\]", f"[{MASK}]"),
    (r"\{[^{}]*(?:\{<\*>\}[^{}]*)+\}", "{" + MASK + "}"),
    (r"(?:<\*>[ :./_-]?)*<\*>", MASK),
    (r" +", " "),
)


def mask_messages(messages: pl.Series) -> pl.Series:
    """The template of each message, row by row, as text of at most ``TEMPLATE_LENGTH`` characters."""
    given = messages.rename("message").to_frame()
    early = given.with_columns(
        _masked(pl.col("message").str.slice(0, _MESSAGE_LENGTH).str.replace_all(r"[\x01\x02]", " "), _EARLY).alias(
            "early"
        )
    )
    distinct = early.select(pl.col("early").unique())
    late = _masked(pl.col("early"), _LATE)
    late = late.str.replace_all(_KEEP, "", literal=True).str.replace_all(_QUOTE, '"', literal=True)
    table = distinct.with_columns(late.str.strip_chars().str.slice(0, TEMPLATE_LENGTH).alias("template"))
    return early.join(table, on="early", how="left", maintain_order="left")["template"].rename(messages.name)


def template_ids(templates: pl.Series) -> pl.Series:
    """The id of each template: the first 8 bytes (big-endian) of the BLAKE2b digest of its UTF-8 text, as UInt64."""
    distinct = templates.unique().drop_nulls()
    ids = [int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big") for text in distinct.to_list()]
    return templates.replace_strict(
        distinct, pl.Series(ids, dtype=pl.UInt64), default=None, return_dtype=pl.UInt64
    ).rename("template_id")


def _masked(text: pl.Expr, masks: tuple[tuple[str, str], ...]) -> pl.Expr:
    for pattern, replacement in masks:
        text = text.str.replace_all(pattern, replacement)
    return text
