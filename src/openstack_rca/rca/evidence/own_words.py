"""What an event says itself, and what it only carries: source lines, quoted statements, dumps of somebody else's state.

A traceback shows the code that ran, a database error the statement and its values, a crash report of Erlang the state of the
process that died, and whoever tells that a trouble is over names it. Words in these are nobody's statement: a dump of a dead
client's connection that holds ``blocked`` does not say that the broker is blocked. Frames stay, since the path of a module
tells which service was called.
"""

import polars as pl

_SOURCE = r'(?m)^([ \t]*File "[^"\n]*", line \d+, in [^\n]*)\n[ \t]{4,}[^\n]*(?:\n[ \t]+[~^]+[ \t]*$)?'
"""Python's traceback: a frame, the source line below it, and the marks below that."""

_LONE_SOURCE = r"(?m)^[ \t]{2,}(?:raise|return|yield|if|for|with|self\.|\w+ = )[^\n]*$"
"""A source line whose frame stands in another event."""

_QUOTED_FRAME = r"File [^,\n]{1,300}, line \d+, in [\w<>.]+\\+n(?: +(?:[^\\\n]|\\[^n\n])*)?"
"""A frame inside the representation of a list of lines: somebody else's traceback, quoted in a message."""

_STATEMENT = r"(?m)\[(?:SQL|parameters): [^\n]*$"
"""What SQLAlchemy appends: the statement and its values."""

_ERLANG_STATE = r"(?m)^(?:\*\* (?:Last message|When [Ss]erver [Ss]tate|State|Client) [^\n]*|[ \t]+[\[{#<\"][^\n]*)$"
"""State of a process in a crash report of RabbitMQ."""

_OVER = (
    r"(?m)^[^\n]*(?:Health check cleared: |\b(?:is|are) no longer (?:down|full|nearfull|blocked|degraded|unreachable)\b"
    r"|\b(?:alarm|condition) (?:is |was )?cleared\b"
    r"|\b(?:is|are|came|comes|back) (?:up|reachable|available|healthy|online) again\b"
    r"|\bnow (?:healthy|up|reachable|online), was )[^\n]*$"
)
"""What is said of trouble that is over: the trouble that it names is quoted."""

_NOBODYS = r"(?m)^[^\n]*\b(?:dev|device|block device) \[?(?:fd|sr)\d+\b[^\n]*$"
"""What a kernel says of floppy and optical drives: no part of a cloud lies on them, and most of them do not even exist."""

_CARRIES = (
    r"File .{1,300}, line \d+, in |\[(?:SQL|parameters): |\*\* [A-Z]|\n[ \t]+[\[{#<\"]|^[ \t]{2,}"
    r"|cleared|no longer|again|, was |\b(?:fd|sr)\d"
)


def own_words(text: pl.Series, component: pl.Series) -> pl.Series:
    """The texts without what they only quote (see above), line breaks kept; ``component`` names the logger of each."""
    carrying = text.str.contains(_CARRIES).fill_null(value=False)
    if not carrying.any():
        return text
    frame = pl.DataFrame({"text": text, "component": component}).with_row_index("at")
    blank = pl.lit("$1\n")
    cleaned = frame.filter(carrying).with_columns(
        text=pl.col("text")
        .str.replace_all(_SOURCE, blank)
        .str.replace_all(_LONE_SOURCE, "")
        .str.replace_all(_QUOTED_FRAME, "")
        .str.replace_all(_STATEMENT, "")
        .str.replace_all(_OVER, "")
        .str.replace_all(_NOBODYS, "")
    )
    broker = cleaned["component"] == "rabbitmq"
    cleaned = cleaned.with_columns(
        text=pl.when(broker).then(pl.col("text").str.replace_all(_ERLANG_STATE, "")).otherwise("text")
    )
    words = frame.join(cleaned.select("at", words="text"), on="at", how="left", maintain_order="left")
    return words.select(pl.coalesce("words", "text").alias("text")).to_series()
