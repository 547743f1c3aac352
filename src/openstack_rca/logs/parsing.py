"""Lines to records: each format takes its lines out of what the formats before it left; envelopes are opened in turn."""

import polars as pl

from openstack_rca.logs.beginnings import any_of, by_first_character, matching, may_match
from openstack_rca.logs.envelopes import CONTINUED, PIECE, WHOLE_EVENT
from openstack_rca.logs.formats import (
    FALLBACKS,
    FORMATS,
    INNER_FALLBACKS,
    INNER_FORMATS,
    TIMELESS,
    UNDATED,
    UNPREFIXED,
    WEAK,
    LineFormat,
)
from openstack_rca.logs.formats.web import with_times_of_requests
from openstack_rca.logs.json_lines import NAME as JSON
from openstack_rca.logs.json_lines import unwrap_json
from openstack_rca.logs.levels import COMPLAINTS
from openstack_rca.logs.oslo import NAME as OSLO
from openstack_rca.logs.oslo import inner_records, split_oslo
from openstack_rca.logs.records import ROW_STRIDE, Kind, as_records, level_in_text
from openstack_rca.logs.stamps import is_since_start
from openstack_rca.logs.wrappers import WRAPPERS, unwrap
from openstack_rca.logs.zones_of_envelopes import in_one_zone

_DEEPEST = 6
_GATED_FORMATS, _GATED_LINES = 4, 500
_PASSED_ON_SECONDS = 1
# A stamp of oslo.log and of most programs, with nothing of a zone behind it.
_NAIVE = (
    r"^\[?[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.,][0-9]{1,9})?\]? +[^ +0-9-]|"
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}[.,][0-9]{3} [0-9]+ [A-Z]"
)
# What journalctl says of the journal, what grep puts between its finds, the names of columns.
_NOTE = r"^-- (?:Journal begins|Logs begin|Boot |Reboot|No entries).*--$|^--$|"
# Which containers Compose and stern follow.
_NOTE += r"^Will tail \d+ logs\.\.\.$|^Attaching to [\w.-]+(?:, [\w.-]+)*$|^[+-] [^ ]+(?: [^ ]+)? \x{203A} [^ ]+$|"
# What Elasticsearch's bulk files say of the record on the next line.
_NOTE += r'^\{ ?"(?:index|create|update|delete)" ?: ?\{(?: ?"_\w+" ?: ?(?:"[^"]*"|\d+) ?,?)* ?\} ?\}$|'
_NOTE += r"^={20,}$|^ +Date \(UTC\) Time +[A-Z]|^ID +\| Date +\| Time +\| |^TIME +PID +UID +GID +SIG|^Time +Type +Status +Message"
_WARNED = r"^\S+\.py:\d+: \w*Warning: "
"""A warning of Python itself, on standard error, all of which Apache and others mark as errors."""

# Pacemaker and corosync begin what they say with spaces.
_SET_OFF = r"^ +(?:\[[A-Z]+ *\]|(?:debug|info|notice|warning|error|crit): )"
_WRITER = ("outer_host", "outer_service", "outer_process")
_IDS = ("hostname", "logger", "global_request_id", "request_id", "project_id", "user_id", "instance_id")
# What an envelope is called as a format where nothing inside is known.
_PLAIN_NAMES = {"container": "timestamped", "grep": "timestamped", "quoted": "timestamped"}


def format_names() -> list[str]:
    """The names of all formats, in alphabetical order."""
    return sorted(
        {
            OSLO,
            JSON,
            *(each.name for each in (*FORMATS, *FALLBACKS, *TIMELESS, *UNPREFIXED)),
            *(each.name for each in WRAPPERS),
        }
    )


def parse_lines(lines: pl.DataFrame, timezone: str, only: str | None = None) -> pl.DataFrame:
    """Recognise lines.

    Args:
        lines: ``text``, ``file_index``, ``line`` and ``lines`` (how many lines of the file this one stands for).
        timezone: IANA zone of stamps without an offset.
        only: the only format whose lines are taken, inside envelopes too; for the name of an envelope, the only one.

    Returns:
        ``RECORD_SCHEMA`` with ``file_index``, ``line`` and ``lines``, at least one row a line, sorted by ``row``. Lines
        that no format knows have kind ``BARE`` and their whole text as message. Of the rows of one line the first one
        counts its ``lines``, the others none.
    """
    numbered = lines.with_row_index("row").with_columns(pl.col("row").cast(pl.UInt64) * ROW_STRIDE)
    recogniser = _Recogniser(timezone, only)
    known = recogniser.records(numbered.select("row", "text"), numbered.select("row", "file_index"), _DEEPEST)
    known = with_times_of_requests(known, timezone)
    place = (known["row"] // ROW_STRIDE).cast(pl.UInt32)
    origins = lines.select(pl.col("file_index", "line", "lines").gather(place))
    first = pl.Series((known["row"] % ROW_STRIDE) == 0)
    return known.hstack(origins).with_columns(
        pl.when(first).then(pl.col("lines")).otherwise(0).alias("lines"),
        # Python's calendar has no other years, and hours may be added for a zone.
        pl.when(pl.col("time").dt.year().is_between(2, 9998)).then("time").alias("time"),
    )


class _Recogniser:
    """Takes lines apart for one zone, with all formats or with one."""

    def __init__(self, timezone: str, only: str | None) -> None:
        self._timezone = timezone
        self._envelopes = {JSON: unwrap_json, **{wrapper.name: unwrap for wrapper in WRAPPERS}}
        self._only_envelope = only if only in self._envelopes else None
        self._only = only if only not in self._envelopes else None

    def records(self, lines: pl.DataFrame, files: pl.DataFrame, depth: int) -> pl.DataFrame:
        """Records of lines (``row``, ``text``), sorted by ``row``; ``files`` says which file a line (its row) is of."""
        inside = depth < _DEEPEST
        records, rest = (
            split_oslo(lines, self._timezone) if self._takes(OSLO) else (as_records(lines.clear(), OSLO), lines)
        )
        parts = [records]
        # Behind an envelope a line of oslo.log needs no time; in front, everything else comes first.
        if inside:
            rest = self._unstamped(rest, parts)
        for formats in (FORMATS, INNER_FORMATS if inside else ()):
            rest = self._take(formats, rest, parts)
        if depth:
            rest = self._opened(rest, files, depth, parts)
        rest = self._take(INNER_FALLBACKS if inside else FALLBACKS, rest, parts)
        if inside:
            rest = self._take(TIMELESS, rest, parts)
        else:
            rest = self._timeless(self._unstamped(rest, parts), files, parts)
            rest = self._undated(rest, files, parts)
        parts.append(_bare(rest))
        known = pl.concat(parts)
        return known.sort("row") if len(parts) > 1 or rest.height else known

    def _takes(self, name: str) -> bool:
        return self._only is None or self._only == name

    def _unstamped(self, lines: pl.DataFrame, parts: list[pl.DataFrame]) -> pl.DataFrame:
        if lines.height == 0 or not self._takes(OSLO):
            return lines
        return _without(lines, inner_records(lines, self._timezone), parts)

    def _take(self, formats: tuple[LineFormat, ...], lines: pl.DataFrame, parts: list[pl.DataFrame]) -> pl.DataFrame:
        if lines.height == 0 or not formats:
            return lines
        rests = []
        for begun, group in by_first_character(lines):
            wanted = tuple(each for each in formats if self._takes(each.name) and may_match(each.pattern, begun))
            rests += self._taken(wanted, group, parts)
        return pl.concat(rests).sort("row") if len(rests) > 1 else rests[0]

    def _timeless(self, lines: pl.DataFrame, files: pl.DataFrame, parts: list[pl.DataFrame]) -> pl.DataFrame:
        """Take what tells a level but no date; below other undated text of an event of oslo.log's it is a part of that."""
        taken: list[pl.DataFrame] = []
        rest = self._take((*TIMELESS, *UNPREFIXED), lines, taken)
        own = pl.col("format") == OSLO
        dated = [each.filter(own & pl.col("time").is_not_null()).select("row") for each in parts]
        if not taken or not any(each.height for each in dated):
            parts.extend(taken)
            return rest
        known = [each.select("row", goes_on=own & pl.col("message").str.ends_with(":")) for each in parts]
        # What a shell says that it runs (`+ kolla_set_configs`) is nobody's text.
        known.append(rest.select("row", goes_on=~pl.col("text").str.starts_with("+ ")))
        before = pl.concat(known).sort("row").join_asof(files, on="row")
        of_oslo = files.join(pl.concat(dated), on="row", how="semi").select("file_index").unique()
        found = pl.concat(taken).sort("row")
        places = (
            found.select("row")
            .join_asof(files, on="row")
            .join_asof(before, on="row", by="file_index", check_sortedness=False)
        )
        refused = places.filter(pl.col("goes_on")).join(of_oslo, on="file_index", how="semi")
        return _without(lines, found.join(refused, on="row", how="anti"), parts)

    def _undated(self, lines: pl.DataFrame, files: pl.DataFrame, parts: list[pl.DataFrame]) -> pl.DataFrame:
        """Take the formats that a text inside of an event may have too, where no line of the file is dated.

        A library of Kubernetes in a program that writes no dates dates its own lines.
        """
        taken: list[pl.DataFrame] = []
        self._take(UNDATED, lines, taken)
        if not taken:
            return lines
        own = (pl.col("time").is_not_null() & (pl.col("format") != "klog")).fill_null(value=False)
        dated = files.join(pl.concat([each.filter(own).select("row") for each in parts]), on="row", how="semi")
        elsewhere = files.join(dated, on="file_index", how="anti").select("row")
        return _without(lines, pl.concat(taken).join(elsewhere, on="row", how="semi"), parts)

    def _taken(
        self, formats: tuple[LineFormat, ...], lines: pl.DataFrame, parts: list[pl.DataFrame]
    ) -> list[pl.DataFrame]:
        """What formats leave of lines that begin alike; their records join ``parts``."""
        rests = []
        if len(formats) > _GATED_FORMATS and lines.height > _GATED_LINES:
            # One look tells which lines any of them could take.
            lines, others = matching(lines, any_of(tuple(each.pattern for each in formats)))
            rests.append(others)
        for line_format in formats:
            if lines.height == 0:
                break
            found, lines = line_format.take(lines, self._timezone)
            if found.height:
                named = found if self._only is None else found.with_columns(format=pl.lit(self._only))
                parts.append(named)
        return [*rests, lines]

    def _opened(self, lines: pl.DataFrame, files: pl.DataFrame, depth: int, parts: list[pl.DataFrame]) -> pl.DataFrame:
        """Open the envelopes and recognise what is inside; lines without one are left."""
        only = self._only_envelope if depth == _DEEPEST else None
        for opening in (unwrap_json, unwrap):
            if lines.height and (only is None or self._envelopes[only] is opening):
                wrapped, lines = opening(lines, self._timezone)
                if wrapped.height:
                    parts.append(self._wrapped_records(wrapped, files, depth - 1))
        return lines

    def _wrapped_records(self, wrapped: pl.DataFrame, files: pl.DataFrame, depth: int) -> pl.DataFrame:
        """Records of what is inside envelopes.

        A line that no format knows follows the line of its writer before it where that writer speaks a format of ours or
        the line is indented; else it is a line of the envelope's own, whose severity its words may tell.
        """
        # Rows of what a line holds inside lie behind the line's own.
        outer = wrapped.sort("row").join_asof(files, on="row")
        outer, absorbed = _pieces_joined(outer)
        # What stands inside is told apart by who wrote it, as by files.
        told = pl.col("outer_host").is_not_null() | pl.col("outer_service").is_not_null()
        writers = outer.select("row", file_index=pl.struct("file_index", *_WRITER).hash())
        within = writers if outer.select(told.any()).item() else outer.select("row", "file_index")
        spoken = self.records(outer.select("row", "text"), within, depth)
        if spoken.height != outer.height:
            outer = spoken.select("row").join_asof(outer, on="row")
        # Where the envelope says it all, its text is a message whatever it looks like; only oslo.log's own says more.
        opaque = pl.Series(
            (outer["part"] == WHOLE_EVENT) & spoken["format"].is_not_null() & (spoken["format"] != "oslo")
        )
        if opaque.any():
            plain = _bare(outer.filter(opaque).select("row", "text"))
            spoken = pl.concat([spoken.filter(~opaque), plain]).sort("row")
        writer = pl.struct(_WRITER)
        own_stream = spoken["stream"]
        naive = outer["text"].str.contains(_NAIVE).alias("naive")
        both = spoken.drop("stream").hstack(
            outer.drop("row", "text").with_columns(naive, pl.when(told).then(writer.hash()).alias("stream"))
        )
        both = both.with_columns(pl.coalesce(own_stream, pl.col("stream")).alias("stream"))
        records = _with_envelope(in_one_zone(both, self._timezone))
        if absorbed.height:
            records = pl.concat([records, _absorbed(absorbed, writer, told)]).sort("row")
        return records


def _without(lines: pl.DataFrame, found: pl.DataFrame, parts: list[pl.DataFrame]) -> pl.DataFrame:
    """The lines that are not among the found records, which join ``parts``."""
    if found.height == 0:
        return lines
    parts.append(found)
    return lines.join(found.select("row"), on="row", how="anti", maintain_order="left")


def _bare(lines: pl.DataFrame) -> pl.DataFrame:
    return as_records(
        lines.select(
            "row",
            pl.lit(int(Kind.BARE), pl.Int8).alias("kind"),
            pl.lit(None, pl.String).alias("format"),
            # That is nobody's line.
            pl.when(pl.col("text").str.contains(_NOTE)).then(pl.lit("")).otherwise(pl.col("text")).alias("message"),
        ),
        "",
    )


def _with_envelope(both: pl.DataFrame) -> pl.DataFrame:
    """Put together what a line says and what its envelope says; the line knows better."""
    both = _tracebacks_at_once(both)
    bare = pl.col("kind") == int(Kind.BARE)
    known = ~bare & ~pl.col("format").is_in(WEAK)
    speaks = known.any().over("file_index", "wrapper", *_WRITER)
    part = pl.col("part")
    # Of its writer's first line there is nothing to follow, as where sudo puts a name behind spaces.
    writer = pl.struct("file_index", "wrapper", *_WRITER)
    indented = pl.col("message").str.contains(r"^\s|^$") & ~pl.col("message").str.contains(_SET_OFF)
    indented &= ~writer.is_first_distinct()
    # Who ships a program's lines gives those of one text one severity: a graver one begins another event.
    serious = pl.col("outer_level").is_in(COMPLAINTS) & ~pl.col("message").str.contains(r"^\s|^$")
    graver = serious & pl.col("outer_level").ne_missing(pl.col("outer_level").shift().over(writer)) | _says_error()
    follows = bare & ((part == CONTINUED) | ((part != WHOLE_EVENT) & ((speaks & ~graver) | indented)))
    # A record's further lines may repeat the prefix that its first one lost.
    text = (part != CONTINUED).cum_sum()
    headless = ~(pl.col("kind") == int(Kind.OPENER)).any().over(text)
    follows |= (pl.col("kind") == int(Kind.REPEATED)) & (part == CONTINUED) & headless
    both = both.with_columns(follows=follows).with_columns(opens=bare & ~pl.col("follows"))
    told = pl.col("opens") & pl.col("outer_level").is_null()
    both = both.with_columns(guess=level_in_text(pl.when(told).then(pl.col("message"))))
    opens, guess = pl.col("opens"), pl.col("guess")
    own_format = pl.col("wrapper").replace(_PLAIN_NAMES)
    # A record without a level tells no more than a time.
    own_format = (
        pl.when((own_format == JSON) & pl.col("outer_level").is_null())
        .then(pl.lit("timestamped"))
        .otherwise(own_format)
    )
    quiet = pl.when(own_format.is_in(WEAK)).then(pl.lit("UNKNOWN")).otherwise(pl.lit("INFO"))
    stated: pl.Expr = pl.when(
        bare | pl.col("level").is_null() | (pl.col("level") == "UNKNOWN") | pl.col("level_guessed").fill_null(True)
    ).then(pl.coalesce("outer_level", pl.when(~bare).then(pl.col("level"))))
    stated = pl.when(bare & pl.col("message").str.contains(_WARNED)).then(pl.lit("WARNING")).otherwise(stated)
    return as_records(
        both.with_columns(
            pl.when(opens)
            .then(int(Kind.OPENER))
            .when("follows")
            .then(int(Kind.FOLLOWER))
            .otherwise(pl.col("kind"))
            .alias("kind"),
            pl.when(bare).then(own_format).otherwise(pl.col("format")).alias("format"),
            pl.when(is_since_start())
            .then(pl.coalesce("outer_time", "time"))
            .otherwise(pl.coalesce("time", "outer_time"))
            .alias("time"),
            pl.coalesce("host", "outer_host").alias("host"),
            pl.coalesce("service", "outer_service").alias("service"),
            pl.coalesce("process", "outer_process").alias("process"),
            *(pl.coalesce(name, f"outer_{name}").alias(name) for name in _IDS),
            pl.coalesce(stated, pl.when(bare).then(pl.coalesce(guess, quiet)), "level").alias("level"),
            (
                pl.col("outer_level").is_null()
                & pl.when(bare).then(guess.is_not_null()).otherwise(pl.col("level_guessed"))
            ).alias("level_guessed"),
        ),
        "",
    )


def _says_error() -> pl.Expr:
    return pl.col("message").str.contains(r"^(?:ERROR|CRITICAL|FATAL)\b")


def _tracebacks_at_once(both: pl.DataFrame) -> pl.DataFrame:
    """A traceback of oslo.log without stamps has the time of the line that it explains, not those of its passing on."""
    repeated = (pl.col("kind") == int(Kind.REPEATED)) & pl.col("time").is_null()
    if not both.select(repeated.any()).item():
        return both
    serious = pl.col("level").is_in(COMPLAINTS)
    opens = pl.col("kind") == int(Kind.OPENER)
    writer = ("file_index", "outer_host", "outer_service", "outer_process", "logger")
    opener = pl.when(opens & serious).then("row").when(opens).then(pl.lit(-1, pl.Int64)).forward_fill().over(writer)
    begun = both.with_columns(opener=opener.cast(pl.Int64))
    times = both.select(opener=pl.col("row").cast(pl.Int64), begun=pl.coalesce("time", "outer_time"))
    begun = begun.join(times, on="opener", how="left", maintain_order="left")
    late = pl.col("outer_time") - pl.col("begun")
    at_once = repeated & late.is_between(pl.duration(), pl.duration(seconds=_PASSED_ON_SECONDS))
    time = pl.when(at_once).then(pl.col("begun")).otherwise(pl.col("time"))
    return begun.with_columns(time.alias("time")).drop("opener", "begun")


def _pieces_joined(outer: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Join the pieces that a runtime made of a long line; the second frame holds the pieces that were taken in."""
    if not outer.select((pl.col("part") == PIECE).any()).item():
        return outer, outer.clear()
    # The last piece of a line is whole itself: its number is that of the pieces before it.
    keys = ["file_index", "wrapper", "outer_host", "outer_service", "outer_pipe"]
    ended = (pl.col("part").shift(1) != PIECE).fill_null(True).over(keys)
    grouped = outer.with_columns(whole=ended.cast(pl.Int64).cum_sum().over(keys), first=ended)
    texts = grouped.group_by([*keys, "whole"], maintain_order=True).agg(pl.col("text").str.join("").alias("joined"))
    joined = grouped.join(texts, on=[*keys, "whole"], how="left", nulls_equal=True, maintain_order="left")
    kept = joined.filter("first").with_columns(
        text=pl.col("joined"), part=pl.when(pl.col("part") == PIECE).then(0).otherwise(pl.col("part")).cast(pl.Int8)
    )
    return kept.select(outer.columns), joined.filter(~pl.col("first")).select(outer.columns)


def _absorbed(pieces: pl.DataFrame, writer: pl.Expr, told: pl.Expr) -> pl.DataFrame:
    """Records of the pieces that are in another one's text already: they only count as lines."""
    return as_records(
        pieces.select(
            "row",
            pl.lit(int(Kind.FOLLOWER)).alias("kind"),
            pl.lit(None, pl.String).alias("message"),
            pl.when(told).then(writer.hash()).alias("stream"),
        ),
        "",
    ).with_columns(pl.lit(None, pl.String).alias("format"))
