"""From records of lines to events: tracebacks, wrapped SQL and tables belong to the line that they explain."""

import polars as pl

from openstack_rca.logs.levels import COMPLAINTS
from openstack_rca.logs.records import ROW_STRIDE, Kind, level_in_text
from openstack_rca.logs.tracebacks import ANNOUNCED, CHAIN, EXCEPTION_LINE, TRACEBACK, join_tracebacks

_KEY = ("file_index", "stream", "time", "process", "logger")
_TAIL_EXCEPTION = r"(?:^|: )((?:[A-Za-z_]\w*\.)+(?:[A-Z]|libvirtE)\w*(?:: .*|$)|[A-Z]\w+(?:Error|Exception): .*)"
_LONE_EXCEPTION = r"^(?:[A-Za-z_]\w*\.)*[A-Z]\w*(?:Error|Exception): "
# The first line with text; where that ends with a colon too, the next one as well.
_PROMISED = r"^\s*((?:[^\n]*:[ \t]*\n)?[^\n]*[^\n\s])"
_FAILED = r"(?i)\b(?:fail(?:ed|ure)?|error|unable|cannot|can't|could not|out of memory|too many)\b"
_UWSGI_FOLLOWER = r"^\s|^$|\) \[0x[0-9a-f]+\]$|^\*\*\* end of backtrace|^/\S+\.so\S*\("


def join_events(lines: pl.DataFrame) -> pl.DataFrame:
    """Make events of lines.

    Args:
        lines: ``RECORD_SCHEMA`` plus ``file_index``, ``line`` and ``lines``, sorted by ``row``; ``message`` holds the whole text
            of lines of kind ``BARE``.

    Returns:
        one row an event, sorted by ``row``, with ``lines``, ``detail`` and ``exception`` added. Blank lines before the
        first event of a file belong to none; every other line belongs to exactly one.
    """
    lines = _open_orphans(_open_timeless(_open_bare_lines(join_tracebacks(_behind_an_envelope(lines)))))
    lines = _open_tracebacks(lines)
    owned = lines.with_columns(owner=pl.when(_is(Kind.OPENER)).then(pl.col("row")))
    if lines.select(_is(Kind.REPEATED).any()).item():
        owned = owned.update(_owners_of_repeated(lines), on="row", how="left")
    if owned["stream"].null_count() < owned.height:
        # Writers share a syslog: what follows a line is the next line of the same writer.
        in_stream = pl.col("owner").forward_fill().over("file_index", "stream")
        owned = owned.with_columns(owner=pl.when(pl.col("stream").is_null()).then(pl.col("owner")).otherwise(in_stream))
    owned = owned.with_columns(pl.col("owner").forward_fill())
    further = owned.filter(pl.col("owner") != pl.col("row"))
    none = pl.col("detail") == ""
    details = further.group_by("owner", maintain_order=True).agg(
        pl.col("message").str.join("\n").str.strip_chars_end("\n").alias("detail"),
        pl.col("lines").sum().alias("further"),
    )
    events = (
        owned.filter(pl.col("owner") == pl.col("row"))
        .join(details, on="owner", how="left", maintain_order="left")
        .with_columns(pl.when(~none).then(pl.col("detail")).alias("detail"))
        .join(_raised(owned), on="owner", how="left", maintain_order="left")
    )
    # Where nothing tells a level, what was raised does.
    guessed = (pl.col("level").fill_null("UNKNOWN") == "UNKNOWN") & pl.col("exception").is_not_null()
    events = events.with_columns(
        level=pl.when(guessed).then(pl.lit("ERROR")).otherwise("level"), level_guessed=guessed | pl.col("level_guessed")
    )
    return _with_tail_exceptions(_with_promised_text(events)).with_columns(
        lines=pl.max_horizontal(pl.col("lines") + pl.col("further").fill_null(0), 1).cast(pl.Int32)
    )


def in_order_of_time(lines: pl.DataFrame) -> pl.DataFrame:
    """Reverse the files that have their newest line first, as answers of OpenSearch and Loki do; others stay as they are.

    Args:
        lines: as for ``join_events``.
    """
    # Streams of one answer may stand behind each other, each with its newest line first.
    step = pl.col("time").diff().over("file_index", "stream")
    ways = (
        lines.lazy()
        .filter(pl.col("time").is_not_null())
        .select("file_index", step.alias("step"))
        .group_by("file_index")
        .agg(
            (pl.col("step") < pl.duration()).sum().alias("back"), (pl.col("step") > pl.duration()).sum().alias("forth")
        )
        .filter((pl.col("back") > 1) & (pl.col("back") > 20 * pl.col("forth")))
        .collect()["file_index"]
    )
    if ways.len() == 0:
        return lines
    turned = pl.col("file_index").is_in(ways.implode())
    # What a line holds inside keeps its own order.
    place = pl.when(turned).then(-(pl.col("row") // ROW_STRIDE).cast(pl.Int64)).otherwise(pl.col("row") // ROW_STRIDE)
    ordered = lines.sort("file_index", place, pl.col("row") % ROW_STRIDE, maintain_order=True)
    return ordered.with_columns(lines["row"].sort().alias("row"))


def _behind_an_envelope(lines: pl.DataFrame) -> pl.DataFrame:
    """Lines of one text that an envelope stands before but once: stamp, writer and process are those of its first line."""
    bare = _is(Kind.REPEATED) & pl.col("stream").is_null()
    if lines["stream"].null_count() == lines.height or not lines.select(bare.any()).item():
        return lines
    last = {name: pl.when(_is(Kind.OPENER)).then(pl.col(name)).forward_fill().over("file_index") for name in _KEY[1:]}
    goes_on = bare & (last["logger"] == pl.col("logger")) & last["stream"].is_not_null()
    goes_on &= pl.col("time").is_null() | (pl.col("time") == last["time"])
    return lines.with_columns(
        pl.when(goes_on.fill_null(value=False)).then(last[name]).otherwise(pl.col(name)).alias(name)
        for name in ("stream", "time", "process")
    )


def _is(kind: Kind) -> pl.Expr:
    return pl.col("kind") == int(kind)


def _open_bare_lines(lines: pl.DataFrame) -> pl.DataFrame:
    """uWSGI's and memcached's own bare lines are events, except uWSGI's backtraces, and so is what cloud-init's programs print.

    None knows levels: uWSGI marks trouble by ``!!!``, memcached says what failed.
    """
    text = pl.col("message")
    trouble = pl.when(text.str.starts_with("!!!")).then(pl.lit("WARNING")).otherwise(pl.lit("INFO"))
    failed = pl.when(text.str.contains(_FAILED)).then(pl.lit("ERROR")).otherwise(pl.lit("INFO"))
    for name, follower, level in (
        ("uwsgi", _UWSGI_FOLLOWER, trouble),
        ("memcached", r"^\s|^$", failed),
        ("cloud-init", r"^\s|^$", pl.lit("UNKNOWN")),
    ):
        files = lines.filter(pl.col("format") == name)["file_index"].unique()
        if files.len() == 0:
            continue
        bare = lines.filter(_is(Kind.BARE) & pl.col("file_index").is_in(files.implode())).select("row", "message")
        after_indented = text.shift().str.contains(r"^\s+\S") & (_line() == _line().shift() + 1)
        ends_traceback = text.str.contains(EXCEPTION_LINE) & after_indented.fill_null(False)
        opens = bare.filter(~text.str.contains(follower) & ~ends_traceback)["row"]
        lines = _opened(lines, pl.col("row").is_in(opens.implode()), level, name)
    return lines


def _line() -> pl.Expr:
    return pl.col("row") // ROW_STRIDE


def _open_timeless(lines: pl.DataFrame) -> pl.DataFrame:
    """Where many lines carry no time, as in a paste, a line that is not indented is an event of its own below such a line.

    Below a line with a time it is a part of that, as in any log.
    """
    begins = _is(Kind.OPENER) | _is(Kind.REPEATED)
    openers = lines.filter(begins)
    if openers["time"].null_count() == 0:
        return lines
    timeless = (
        openers.group_by("file_index")
        .agg(
            pl.col("time").is_null().mean().alias("share"),
            (pl.col("stream").is_null().all() & ~pl.col("format").is_in(["uwsgi", "memcached"]).any()).alias("single"),
        )
        .filter((pl.col("share") > 0.4) & pl.col("single"))["file_index"]
    )
    opens = (
        _is(Kind.BARE)
        & pl.col("file_index").is_in(timeless.implode())
        & pl.col("message").str.contains(r"^[^\s\[\](){}]")
        & ~pl.col("message").str.starts_with(TRACEBACK)
        & pl.when(begins).then(pl.col("time").is_null()).forward_fill().over("file_index").fill_null(value=True)
    )
    if not lines.select(opens.any()).item():
        return lines
    return _opened(lines, opens, pl.lit("UNKNOWN"), "unknown")


def _open_orphans(lines: pl.DataFrame) -> pl.DataFrame:
    """Bare lines before the first record of a file open events of level UNKNOWN; an indented one follows another.

    Blank lines before the first event are taken out.
    """
    bare = lines.filter(~_is(Kind.OPENER) & ~_is(Kind.REPEATED)).select(
        "row", "file_index", "message", _is(Kind.BARE).alias("bare")
    )
    if bare.height == 0:
        return lines
    starts = (
        lines.filter(_is(Kind.OPENER) | _is(Kind.REPEATED))
        .group_by("file_index")
        .agg(pl.col("row").min().alias("start"))
    )
    orphans = (
        bare.join(starts, on="file_index", how="left", maintain_order="left")
        .filter(pl.col("start").is_null() | (pl.col("row") < pl.col("start")))
        .with_columns(written=pl.col("message").str.contains(r"\S").cast(pl.Int32).cum_sum().over("file_index"))
    )
    if orphans.height == 0:
        return lines
    blank = orphans.filter(pl.col("written") == 0)["row"]
    first = (pl.col("written") == 1) & (pl.col("written").shift(1, fill_value=0).over("file_index") == 0)
    openers = orphans.filter(first | (pl.col("bare") & pl.col("message").str.contains(r"^\S")))["row"]
    lines = lines.filter(~pl.col("row").is_in(blank.implode())) if blank.len() else lines
    return _opened(lines, pl.col("row").is_in(openers.implode()), pl.lit("UNKNOWN"), "unknown")


def _open_tracebacks(lines: pl.DataFrame) -> pl.DataFrame:
    """What Python prints where nobody caught an exception is not part of a line that tells of no trouble: an event of its own."""
    text = pl.col("message")
    lone = text.str.contains(_LONE_EXCEPTION) & _is(Kind.OPENER).shift().over("file_index")
    header = (text.str.starts_with(TRACEBACK) | lone) & (pl.col("row") % ROW_STRIDE == 0) & ~_is(Kind.REPEATED)
    header &= ~_is(Kind.OPENER)
    if not lines.select(header.any()).item():
        return lines
    writer = ("file_index", "stream")
    before = pl.when(text.str.contains(r"\S")).then(text).shift().forward_fill().over(writer)
    level, said = (
        pl.when(_is(Kind.OPENER)).then(pl.col(name)).forward_fill().over(writer) for name in ("level", "message")
    )
    told = said.str.contains(ANNOUNCED) | said.str.contains(_FAILED) | before.str.contains(CHAIN)
    alone = level.is_in(["INFO", "DEBUG", "TRACE", "AUDIT"]) & ~told
    opens = lines.filter(lines.select((header & alone).fill_null(value=False)).to_series())["row"]
    return _opened(lines, pl.col("row").is_in(opens.implode()), pl.lit("ERROR"), "python")


def _opened(lines: pl.DataFrame, opens: pl.Expr, level: pl.Expr, format_name: str) -> pl.DataFrame:
    guess = level_in_text(pl.when(opens).then(pl.col("message")))
    return lines.with_columns(
        pl.when(opens).then(pl.lit(int(Kind.OPENER), pl.Int8)).otherwise(pl.col("kind")).alias("kind"),
        pl.when(opens).then(pl.coalesce(guess, level)).otherwise(pl.col("level")).alias("level"),
        pl.when(opens).then(guess.is_not_null()).otherwise(pl.col("level_guessed")).alias("level_guessed"),
        pl.when(opens).then(pl.lit(format_name)).otherwise(pl.col("format")).alias("format"),
    )


def _owners_of_repeated(lines: pl.DataFrame) -> pl.DataFrame:
    """The owner of each line that repeats a prefix: the latest line with the same stamp, process and logger.

    Processes interleave in one file, so the line before need not be it. A run of such lines that nobody opened belongs
    to its first line where it reads like a traceback (a rotated file begins in the middle of one); otherwise each of
    its lines is an event of its own.
    """
    records = lines.filter(_is(Kind.OPENER) | _is(Kind.REPEATED)).select("row", "kind", "message", *_KEY)
    same = pl.all_horizontal(pl.col(name).eq_missing(pl.col(name).shift()) for name in _KEY)
    # A run is what stands together: an opener with the lines that repeat its prefix, or such lines alone.
    records = records.with_columns(run=(~(same & _is(Kind.REPEATED))).cum_sum())
    text = pl.col("message")
    reads_like_traceback = (text.str.contains(r"^\s") | (text == "") | text.str.starts_with(TRACEBACK)) & _is(
        Kind.REPEATED
    )
    runs = records.group_by("run", maintain_order=True).agg(
        pl.col("row", "kind", *_KEY).first(), reads_like_traceback.any().alias("traceback")
    )
    wanted = runs.filter(_is(Kind.REPEATED)).select(_KEY).unique()
    keyed = runs.join(wanted, on=list(_KEY), how="semi", nulls_equal=True, maintain_order="left")
    opener = pl.when(_is(Kind.OPENER)).then(pl.col("row")).forward_fill().over(_KEY)
    unopened = pl.when(pl.col("traceback")).then(pl.col("row").first().over(_KEY))
    found = keyed.select("run", pl.coalesce(opener, unopened).alias("found"))
    owners = runs.join(found, on="run", how="left", maintain_order="left").select(
        "run", pl.when(_is(Kind.OPENER)).then(pl.col("row")).otherwise(pl.col("found")).alias("owner")
    )
    repeated = records.filter(_is(Kind.REPEATED)).join(owners, on="run", how="left", maintain_order="left")
    return repeated.select("row", pl.coalesce("owner", "row").alias("owner"))


def _raised(owned: pl.DataFrame) -> pl.DataFrame:
    """The unindented line behind the last traceback of each owner: class and text of what was raised in the end."""
    is_header = pl.col("message").str.ends_with(TRACEBACK)
    headers = owned.lazy().filter(is_header).group_by("owner").agg(pl.col("row").max().alias("header"))
    return (
        owned.lazy()
        .filter(pl.col("message").str.contains(r"^[A-Za-z_]") & ~is_header)
        .select("owner", "row", "message")
        .join(headers, on="owner", how="inner", maintain_order="left")
        .filter((pl.col("row") > pl.col("header")) & pl.col("message").str.contains(EXCEPTION_LINE))
        .group_by("owner")
        .agg(pl.col("message").first().alias("exception"))
        .collect()
    )


def _with_promised_text(events: pl.DataFrame) -> pl.DataFrame:
    """RabbitMQ says what happened on the line after the colon, Samba on the next one: the message is both lines."""
    later = pl.col("format").is_in(["rabbitmq", "samba"])
    text = pl.when(later).then(pl.col("message").str.strip_chars())
    following = pl.when(later).then(pl.col("detail")).str.extract(_PROMISED).str.replace_all(r"\s*\n\s*", " ")
    promised = (text.str.ends_with(":") | (text == "")) & following.is_not_null()
    both = (text + " " + following).str.strip_chars()
    return events.with_columns(
        pl.when(promised).then(both).when(later).then(text).otherwise(pl.col("message")).alias("message")
    )


def _with_tail_exceptions(events: pl.DataFrame) -> pl.DataFrame:
    """Where no traceback was written, oslo.log still puts ``: package.Class: text`` at the end of the message."""
    open_question = pl.col("exception").is_null() & pl.col("level").is_in(COMPLAINTS)
    in_message = pl.when(open_question).then(pl.col("message")).str.extract(_TAIL_EXCEPTION)
    in_detail = pl.when(open_question).then(pl.col("detail")).str.extract(rf"(?m){_TAIL_EXCEPTION}")
    return events.with_columns(pl.coalesce("exception", in_message, in_detail).alias("exception"))
