"""Templates: a message with what varies masked. The masked text is the template; its hash is the id.

For one ``MASK_VERSION`` the same message gives the same template in every process on every machine; what is remembered of the
messages before only saves time.
"""

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

# The first masks make most access lines equal, and only texts that are distinct after one go on to the next.
# No word border around ids: nova writes `<uuid>_del`.
_IDS = ((rf"(?:req-)?{_UUID}|[0-9a-fA-F]{{32,}}|\b[0-9]+\.[0-9]{{4,}}\b", MASK),)
_SIZES = ((r"\b(len|bytes|time)([:=] ?)\d[\d.]*", "${1}${2}" + MASK),)

_KEEPING: tuple[tuple[str, str], ...] = (
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
)

_LATE: tuple[tuple[str, str], ...] = (
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

# To the late masks one digit is as good as another, except in `0x`; and a digit stays only in a word behind an underscore
# (what was kept begins with one) or a letter that is not ASCII. So of messages that differ in other digits, one is masked.
_SAME_DIGITS = bytes.maketrans(b"0123456789", b"1" * 10)
# Messages hold this byte only where something is kept, and then an underscore behind it.
_BORDER = "\x02\n"
_SURVIVING = r"(?:_|[^\x00-\x7F])\w*"

# Polars keeps 32 patterns built: the late ones would be built anew, in ten milliseconds, for each batch of lines.
_KNOWN: dict[str, str] = {}
_MOST_KNOWN = 10_000


def mask_messages(messages: pl.Series) -> pl.Series:
    """The template of each message, row by row, as text of at most ``TEMPLATE_LENGTH`` characters."""
    text = pl.col("message").str.slice(0, _MESSAGE_LENGTH).str.replace_all(r"[\x01\x02]", " ")
    early = messages.rename("message").to_frame().select(_masked(text, _IDS).alias("early"))
    sized = early.select(pl.col("early").drop_nulls().unique()).with_columns(
        _masked(pl.col("early"), _SIZES).alias("sized")
    )
    distinct = sized.select(pl.col("sized").unique()).with_columns(_masked(pl.col("sized"), _KEEPING).alias("kept"))
    survivors = pl.col("kept").str.extract_all(_SURVIVING).list.join(" ")
    alike = distinct.with_columns(_shapes(distinct["kept"]).alias("shape")).with_columns(
        pl.concat_str("shape", survivors, separator=_BORDER).alias("kind")
    )
    kinds = alike.group_by("kind").agg(pl.col("kept").first())
    kinds = kinds.with_columns(template=_templates_of_kinds(kinds))
    table = sized.join(alike, on="sized").join(kinds, on="kind").select("early", "template")
    return early.join(table, on="early", how="left", maintain_order="left")["template"].rename(messages.name)


def _templates_of_kinds(kinds: pl.DataFrame) -> pl.Series:
    """The template of each ``kind``, of which ``kept`` is a text."""
    found = [_KNOWN.get(kind) for kind in kinds["kind"].to_list()]
    new = kinds.filter(pl.Series([template is None for template in found], dtype=pl.Boolean))
    if new.is_empty():
        return pl.Series(found, dtype=pl.String)
    late = _masked(pl.col("kept"), _LATE)
    late = late.str.replace_all(_KEEP, "", literal=True).str.replace_all(_QUOTE, '"', literal=True)
    templates = new.select(late.str.strip_chars().str.slice(0, TEMPLATE_LENGTH)).to_series()
    made = dict(zip(new["kind"].to_list(), templates.to_list(), strict=True))
    if len(_KNOWN) + len(made) > _MOST_KNOWN:
        _KNOWN.clear()
    if len(made) <= _MOST_KNOWN:
        _KNOWN.update(made)
    return pl.Series(
        [made.get(kind, template) for kind, template in zip(kinds["kind"], found, strict=True)], dtype=pl.String
    )


def _shapes(texts: pl.Series) -> pl.Series:
    """The texts with every digit alike, but for the one in ``0x``."""
    # Python turns all texts at once round in a fraction of the time that an expression takes for each digit.
    together = _BORDER.join(texts.fill_null("").to_list()).encode().replace(b"0x", b"\2x").translate(_SAME_DIGITS)
    return pl.Series(together.decode().split(_BORDER) if len(texts) else [], dtype=pl.String)


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
