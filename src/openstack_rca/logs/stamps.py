"""Time stamps of many shapes, as columns of UTC microseconds."""

import re
import statistics
from collections.abc import Sequence
from datetime import UTC, datetime

import polars as pl

UTC_TIME = pl.Datetime("us", "UTC")
# Year of stamps that carry none, until the read knows which year it is in; a leap year, so that 29 February parses.
PLACEHOLDER_YEAR = 1904
# In the place of 20, where the first number of a date may be the year or the day, until the read knows which.
UNSURE_CENTURY = 24
# The start of a machine of whose lines only the seconds since then are known, until the read knows when that was.
FIRST_MOMENT = datetime(1800, 1, 1, tzinfo=UTC)
_FIRST_OF_CALENDARS = datetime(PLACEHOLDER_YEAR - 2, 1, 1, tzinfo=UTC)

DAY = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
MONTH = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
OFFSET = r"(?:Z|[+-]\d\d(?::?\d\d)?)"
ISO = rf"\d{{4}}-\d\d-\d\d[T ]+\d{{1,2}}:\d\d:\d\d(?:{OFFSET})?(?:[.,]\d{{1,9}})?(?: ?(?:{OFFSET}|UTC))?"
"""A date and a time as most programs write them; oslo.log puts its milliseconds behind an offset in the date format."""

# What a service's own line begins with: needed where the prefix alone could be anything.
OWN_BEGINNING = (
    rf"(?:\[?{ISO}|\d{{4}}/\d\d/\d\d \d\d:|<\d{{1,3}}>|{MONTH} [ \d]\d \d\d:|\[?{DAY} {MONTH} |\{{\"|=[A-Z]+ REPORT|"
    r"(?:TRACE|DEBUG|INFO|AUDIT|WARNING|ERROR|CRITICAL) [a-z_]\w*(?:(?:\.\w+)+ | \[))"
)

OSLO_BEGINNING = (
    r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} \d{1,9} (?:TRACE|DEBUG|INFO|AUDIT|WARNING|ERROR|CRITICAL) [a-z_][\w.]* "
)
SURE_BEGINNING = rf"{OSLO_BEGINNING}\["

# Abbreviations that name one offset in practice, in minutes; the others (IST, CST, BST in Asia ...) name several.
_ZONES = {
    "Z": 0, "UTC": 0, "GMT": 0, "WET": 0, "WEST": 60, "CET": 60, "MET": 60, "CEST": 120, "MEST": 120, "EET": 120,
    "EEST": 180, "MSK": 180, "BST": 60, "EST": -300, "EDT": -240, "CDT": -300, "MST": -420, "MDT": -360, "PST": -480,
    "PDT": -420, "JST": 540, "KST": 540, "AEST": 600, "AEDT": 660, "NZST": 720, "NZDT": 780, "SAST": 120, "HKT": 480,
    "SGT": 480,
}  # fmt: skip
NAMED_ZONE = "(?:" + "|".join(sorted(_ZONES, key=len, reverse=True)) + ")"
"""An abbreviation of a zone that names one offset."""
_NUMERIC = (
    r"^(?P<date>[0-9]{4}[-/][0-9][0-9][-/][0-9][0-9])[ T]+(?P<hour>[0-9]{1,2})(?P<rest>:[0-9][0-9]:[0-9][0-9])"
    r"(?P<early>Z|[+-][0-9][0-9]:?[0-9][0-9]| [A-Z]{2,5})?"
    r"(?:[.,](?P<fraction>[0-9]{1,9}))? ?(?P<offset>[A-Z]{1,5}|[+-][0-9][0-9](?::?[0-9][0-9])?)?$"
)
# The abbreviated months of other languages, as glibc has them, where they differ from English: German, French, Spanish,
# Italian, Portuguese, Dutch, Russian, Polish, Czech, Ukrainian, Turkish, Hungarian, the languages of the north.
_FOREIGN_MONTHS = (
    ("Feb", "févr|fév|feb|fev|фев|lut|úno|лют|şub|febr|helmi"),
    ("Jan", "jän|janv|jan|ene|gen|янв|sty|led|січ|oca|tammi|ian"),
    ("Mar", "mär|mrz|märz|mars|mar|mrt|мар|bře|бер|márc|maalis"),  # noqa: RUF001 - Cyrillic
    ("Apr", "avril|april|avr|abr|apr|апр|kwi|dub|кві|nis|ápr|huhti"),
    ("May", "mai|maj|may|mei|mag|maio|май|kvě|тра|máj|touko"),
    ("Jun", "juin|juni|jun|giu|июн|cze|čen|чер|haz|jún|kesä|iun"),
    ("Jul", "juil|juli|jul|lug|июл|lip|čec|лип|tem|júl|heinä|iul"),
    ("Aug", "août|aout|ago|aug|авг|sie|srp|сер|ağu|elo"),  # noqa: RUF001 - Cyrillic
    ("Sep", "sept|sep|set|сен|wrz|zář|вер|eyl|szept|syys"),
    ("Oct", "okt|oct|ott|out|окт|paź|říj|жов|eki|loka"),
    ("Nov", "nov|ноя|lis|лис|kas|marras"),
    ("Dec", "déc|dec|dez|dic|дек|gru|pro|гру|ara|des|joulu"),  # noqa: RUF001 - Cyrillic
)
_MONTH_NUMBERS = {
    name: f"{('Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec').index(english) + 1:02d}"
    for english, pattern in _FOREIGN_MONTHS
    for name in (english.lower(), *pattern.split("|"))
} | {f"{number}{sign}": f"{number:02d}" for number in range(1, 13) for sign in "月월"}
_YEARLESS = (
    r"^ ?(?:(?P<before>[0-9]{1,2})\.? +)?(?P<month>[0-9]{0,2}\p{L}+)\.?(?: +(?P<behind>[0-9]{1,2}))?"
    r" +(?P<clock>[0-9][0-9]:[0-9][0-9]:[0-9][0-9])"
    r"(?:[.,](?P<fraction>[0-9]{1,9}))?$"
)
ANY_MONTH = r"(?i: ?1?[0-9][月월]|" + "|".join(pattern for _, pattern in _FOREIGN_MONTHS) + r")\.?"
"""An abbreviated month in one of many languages; English ones too."""


def to_utc(naive: pl.Expr, timezone: str) -> pl.Expr:
    """Naive wall-clock times of ``timezone`` in UTC.

    A time in the hour that happens twice when clocks go back is taken as the first of the two; ``years`` corrects it by
    the order of the lines. A time in the hour that is left out when they go forward is read with the offset before it.
    """
    if timezone == "UTC":
        return naive.dt.replace_time_zone("UTC")
    hour = pl.duration(hours=1)

    def localised(times: pl.Expr) -> pl.Expr:
        zoned = times.dt.replace_time_zone(timezone, ambiguous="earliest", non_existent="null")
        return zoned.dt.convert_time_zone("UTC")

    return pl.coalesce(localised(naive), localised(naive - hour) + hour)


def iso_time(text: pl.Expr, timezone: str) -> pl.Expr:
    """Stamps such as ``2026-11-23T04:00:00.123Z``, ``2026-11-23  4:17:22`` (padded hour), ``... 04:00:00,123+0100``.

    A comma or a point before the fraction, an offset before or behind it, slashes in the date, and the common
    abbreviations of zones are read too. Without an offset they are wall-clock times of ``timezone``; what is not a date
    becomes null.
    """
    zoned = text.str.to_datetime("%+", time_unit="us", time_zone="UTC", strict=False)
    naive = text.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us", strict=False)
    usual = pl.coalesce(zoned, to_utc(naive, timezone))
    return pl.coalesce(usual, _unusual_iso_time(pl.when(usual.is_null()).then(text), timezone))


def _unusual_iso_time(text: pl.Expr, timezone: str) -> pl.Expr:
    """The same with a regular expression, which takes ten times as long."""
    part = text.str.extract_groups(_NUMERIC).struct
    date = part.field("date").str.replace_all("/", "-", literal=True)
    naive = (date + " " + part.field("hour").str.zfill(2) + part.field("rest")).str.to_datetime(
        "%Y-%m-%d %H:%M:%S", time_unit="us", strict=False
    )
    fraction = part.field("fraction").fill_null("").str.slice(0, 6).str.pad_end(6, "0").cast(pl.Int64, strict=False)
    naive = naive + pl.duration(microseconds=fraction)
    written = pl.coalesce(part.field("early").str.strip_chars_start(), part.field("offset"))
    digits = written.str.replace(":", "", literal=True).str.pad_end(5, "0")
    minutes = digits.str.slice(1, 2).cast(pl.Int64, strict=False) * 60
    minutes += digits.str.slice(3, 2).cast(pl.Int64, strict=False)
    numeric = pl.when(written.str.starts_with("-")).then(-minutes).otherwise(minutes)
    named = written.replace_strict(_ZONES, default=None, return_dtype=pl.Int64)
    shift = pl.when(written.str.contains("^[+-]")).then(numeric).otherwise(named)
    with_offset = (naive - pl.duration(minutes=shift)).dt.replace_time_zone("UTC")
    return pl.when(shift.is_null()).then(to_utc(naive, timezone)).otherwise(with_offset)


def formatted_time(text: pl.Expr, layout: str, timezone: str) -> pl.Expr:
    """Naive stamps in a chrono ``layout`` such as ``%a %b %d %H:%M:%S %Y``; a day may be padded by a space."""
    padded = text.str.replace_all("  ", " 0", literal=True)
    return to_utc(padded.str.to_datetime(layout, time_unit="us", strict=False), timezone)


def yearless_time(text: pl.Expr, _timezone: str) -> pl.Expr:
    """Stamps such as ``Nov 23 04:00:00``: wall-clock time in ``PLACEHOLDER_YEAR``, until ``years`` knows year and offset.

    The month may be German, French or of another western language, the day may stand before it, and a fraction may
    follow the seconds.
    """
    part = text.str.extract_groups(_YEARLESS).struct
    month = part.field("month").str.to_lowercase().replace_strict(_MONTH_NUMBERS, default=None, return_dtype=pl.String)
    day = pl.coalesce(part.field("before"), part.field("behind")).str.zfill(2)
    naive = (pl.lit(f"{PLACEHOLDER_YEAR}-") + month + "-" + day + " " + part.field("clock")).str.to_datetime(
        "%Y-%m-%d %H:%M:%S", time_unit="us", strict=False
    )
    fraction = part.field("fraction").fill_null("").str.slice(0, 6).str.pad_end(6, "0").cast(pl.Int64, strict=False)
    return (naive + pl.duration(microseconds=fraction)).dt.replace_time_zone("UTC")


def time_since_start(text: pl.Expr) -> pl.Expr:
    """Seconds since the machine started, such as ``[ 12.345678]``, added to ``FIRST_MOMENT`` until the start is known."""
    seconds = text.str.extract(r"([0-9]{1,9}\.[0-9]{1,9})").cast(pl.Float64)
    return pl.lit(FIRST_MOMENT, UTC_TIME) + pl.duration(microseconds=(seconds * 1e6).round().cast(pl.Int64))


def hexadecimal_time(seconds: pl.Expr, fraction: pl.Expr, behind: int = 0) -> pl.Expr:
    """Hexadecimal seconds since ``behind`` seconds before 1970, and a fraction (8 digits: nanoseconds, 5: microseconds)."""
    whole, part = (digits.str.to_integer(base=16, strict=False, dtype=pl.Int64) for digits in (seconds, fraction))
    micros = pl.when(fraction.str.len_bytes() > 5).then(part // 1000).otherwise(part).fill_null(0)
    micros = (whole - behind) * 1_000_000 + micros
    return micros.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")


def is_since_start() -> pl.Expr:
    """Whether ``time`` is a result of ``time_since_start``, not yet a date."""
    return (pl.col("time") < pl.lit(_FIRST_OF_CALENDARS, UTC_TIME)).fill_null(False)


def epoch_time(text: pl.Expr) -> pl.Expr:
    """Seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by their size, in UTC."""
    number = text.cast(pl.Float64, strict=False)
    whole = text.cast(pl.Int64, strict=False)
    micros = (
        pl.when(number.abs() < 1e11)
        .then((number * 1e6).round())
        .when(number.abs() < 1e14)
        .then((number * 1e3).round())
        .when(number.abs() < 1e17)
        .then(pl.coalesce(whole.cast(pl.Float64), number))
    )
    exact = pl.when(whole.abs() >= 100_000_000_000_000_000).then(whole // 1000)
    return pl.coalesce(exact, micros.cast(pl.Int64, strict=False)).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")


# What a date of no usual shape is made of: its clock, what stands around that, and the numbers and words of its day.
_CLOCK_PART = (
    r"(?:^|[^0-9])(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})(?:[.,:](?P<fraction>[0-9]{1,9}))?"
    r" ?(?P<half>[AaPp])?(?:\.?[Mm]\.?)? ?(?P<zone>Z|UTC|GMT|[+-][0-9]{2}:?[0-9]{2}|[A-Z]{3,4})?(?:[^A-Za-z0-9]|$)"
)
_TIGHT = r"^([0-9]{4})([0-9]{2})([0-9]{2})[T:_-]?([0-9]{2})([0-9]{2})([0-9]{2})(?:[.,]([0-9]{1,9}))?"
_DAYS = (
    # Year first, in four digits, packed, or without its century; then a named month; both with the parts' order.
    (r"(?:^|[^0-9])([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})(?:[^0-9]|$)", "ymd"),
    (r"(?:^|[^0-9])([0-9]{4})([0-9]{2})([0-9]{2})(?:[^0-9]|$)", "ymd"),
    (r"^([0-9]{2})([0-9]{2})([0-9]{2}) ", "ymd"),
    (r"(?:^|[^0-9])([0-9]{1,2})[ ./-]*([A-Za-z\x{80}-\x{10FFFF}]{3,})[. /-]+([0-9]{4})(?:[^0-9]|$)", "dmy"),
    (r"([A-Za-z\x{80}-\x{10FFFF}]{3,})[. ]+([0-9]{1,2}),? (?:.* )?([0-9]{4})(?:[^0-9]|$)", "mdy"),
    (r"(?:^|[^0-9])([0-9]{4})[ ./-]+([A-Za-z\x{80}-\x{10FFFF}]{3,})[. /-]+([0-9]{1,2})(?:[^0-9]|$)", "ymd"),
)
_SLASHED = r"(?:^|[^0-9])([0-9]{1,2})([/.-])([0-9]{1,2})[/.-]([0-9]{4}|[0-9]{2})(?:[^0-9]|$)"


def written_times(stamps: pl.Series, timezone: str) -> pl.Series:
    """The times of one source's stamps, whatever shape these have; what is not a date becomes null.

    The year, the month as a number or by its name, and the day stand in any order; the clock has 12 or 24 hours; a zone
    may follow. Which of two numbers is the month all stamps tell together: a number above 12 is a day; else the month is
    first where the clock has 12 hours, as in the United States.
    """
    table = stamps.alias("stamp").to_frame().with_columns(iso_time(pl.col("stamp"), timezone).alias("time"))
    # A year of two digits is none of the first century.
    table = table.with_columns(pl.when(pl.col("time").dt.year() > 99).then("time").alias("time"))
    open_ = table.filter(pl.col("time").is_null() & pl.col("stamp").is_not_null())["stamp"].unique()
    if open_.len() == 0:
        return table["time"]
    plain = open_.to_frame().with_columns(text=pl.col("stamp").str.replace_all(r"[\x{A0}\x{202F}\x{2009}]", " "))
    slashed = plain["text"].str.extract_groups(_SLASHED).struct.unnest()
    first, second = (slashed[name].cast(pl.Int32).max() for name in ("1", "3"))
    halved = plain["text"].str.contains(r"[0-9] ?[AaPp]\.?[Mm](?:[^A-Za-z]|$)").any()
    american = int(str(first or 0)) <= 12 and (int(str(second or 0)) > 12 or halved)
    ways = [(pattern, order, ("1", "2", "3"), 20) for pattern, order in _DAYS]
    begins_with_year = _begins_with_year(slashed)
    unsure = begins_with_year is None and not american
    order = "ymd" if begins_with_year or unsure else "mdy" if american else "dmy"
    ways.append((_SLASHED, order, ("1", "3", "4"), UNSURE_CENTURY if unsure else 20))
    ways.append((_TIGHT, "ymd", ("1", "2", "3"), 20))
    whole = plain.select("stamp", _clock_of(plain["text"]), date=_dates_of(plain["text"], ways))
    times = whole.select("stamp", found=pl.col("date") + " " + pl.col("clock"))
    found = times.select("stamp", iso_time(pl.col("found"), timezone).alias("found"))
    return table.join(found, on="stamp", how="left", maintain_order="left").select(pl.coalesce("time", "found"))["time"]


def _begins_with_year(slashed: pl.DataFrame) -> bool | None:
    """Whether the first of three numbers of two digits is the year; None where the numbers do not tell.

    What does not change is the year. It is not below ten: OpenStack began in 2010.
    """
    parts = slashed.drop_nulls()
    if parts.height == 0 or not parts.select(pl.all_horizontal((pl.col("1", "4").str.len_bytes() == 2).all())).item():
        return False
    first, second, third = (parts[name].cast(pl.Int32) for name in ("1", "3", "4"))
    ahead, middle, behind = (int(str(number)) for number in (first.min(), second.max(), third.min()))
    if middle > 12:
        return False
    if (first.n_unique() == 1) != (third.n_unique() == 1):
        return first.n_unique() == 1
    return None if (ahead < 10) == (behind < 10) else behind < 10


def _dates_of(texts: pl.Series, ways: Sequence[tuple[str, str, tuple[str, ...], int]]) -> pl.Series:
    """Dates as ``2026-11-23``, found by the first way that finds one.

    A way is a pattern, the order of its parts, their places, and the century of a year of two digits.
    """
    dates = pl.Series("date", [None] * texts.len(), pl.String)
    for pattern, order, places, usual in ways:
        if dates.null_count() == 0:
            break
        part = (
            texts.str.extract_groups(pattern)
            .struct.unnest()
            .select(**{name: pl.col(place) for name, place in zip(order, places, strict=True)})
        )
        word = pl.col("m").str.to_lowercase()
        months = part.select(
            pl.coalesce(
                *(word.str.slice(0, length).replace_strict(_MONTH_NUMBERS, default=None) for length in (4, 3)),
                pl.when(word.str.contains("^[0-9]+$")).then(word.str.zfill(2)),
            )
        ).to_series()
        century = pl.when(pl.col("y").str.len_bytes() == 2).then(pl.lit(str(usual))).otherwise(pl.lit(""))
        found = part.select(century + pl.col("y") + "-" + months + "-" + pl.col("d").str.zfill(2)).to_series()
        dates = dates.zip_with(dates.is_not_null(), found)
    return dates


def _clock_of(texts: pl.Series) -> pl.Series:
    """Clocks as ``08:20:31.640 +0000``, of 24 hours."""
    part = texts.str.extract_groups(_CLOCK_PART).struct.unnest()
    tight = texts.str.extract_groups(_TIGHT).struct.unnest().select(_tight_clock())
    half, hour = pl.col("half").str.to_lowercase(), pl.col("hour").cast(pl.Int32)
    hour = pl.when(half.is_null()).then(hour).otherwise(hour % 12 + pl.when(half == "p").then(12).otherwise(0))
    clock = pl.concat_str(hour.cast(pl.String).str.zfill(2), "minute", "second", separator=":")
    behind = [(pl.lit(sign) + pl.col(name)).fill_null("") for sign, name in ((".", "fraction"), (" ", "zone"))]
    return part.select(pl.coalesce(clock + behind[0] + behind[1], tight.to_series()).alias("clock"))["clock"]


def _tight_clock() -> pl.Expr:
    return pl.concat_str("4", "5", "6", separator=":") + (pl.lit(".") + pl.col("7")).fill_null("")


def any_times(stamps: pl.Series, timezone: str) -> pl.Series:
    """As ``written_times``, also of stamps without a year and of seconds since 1970; each distinct one is read once."""
    distinct = stamps.drop_nulls().unique()
    seconds = pl.col("stamp").str.contains(r"^[0-9]{9,10}(?:[0-9]{3}|[0-9]{6}|[0-9]{9})?(?:\.[0-9]+)?$")
    read = distinct.alias("stamp").to_frame().with_columns(time=written_times(distinct, timezone))
    table = read.with_columns(
        pl.coalesce(
            "time",
            yearless_time(pl.col("stamp").str.replace("^[A-Z]{3,4} ", ""), timezone),
            pl.when(seconds).then(epoch_time(pl.col("stamp"))),
        ).alias("time")
    )
    return stamps.alias("stamp").to_frame().join(table, on="stamp", how="left", maintain_order="left")["time"]


_CLOCK = re.compile(r"[0-9]{2}:[0-9]{2}:[0-9]{2}")
_OFFSET = re.compile(
    rf"[0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}(?:[.,][0-9]{{1,9}})? ?({NAMED_ZONE}|[+-][0-9]{{2}}:?[0-9]{{2}})(?:\W|$)"
)
_ZONE_LINES = 50


def zone_in(lines: pl.Series) -> str | None:
    """The offset from UTC that most stamps at the beginning of a log carry, as ``+00:00``; None where they carry none."""
    clocks = [(line, clock) for line in lines.head(_ZONE_LINES).to_list() if (clock := _CLOCK.search(line)) is not None]
    # A record of JSON may tell its time behind a long text, so the look begins at the first clock.
    stamped = [line[clock.start() :][:200] for line, clock in clocks]
    found = [match[1].replace(":", "") for stamp in stamped if (match := _OFFSET.search(stamp)) is not None]
    if not found or len(found) * 2 < len(stamped):
        return None
    most = min(statistics.multimode(found))
    minutes = _ZONES.get(most)
    if minutes is not None:
        most = f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}{abs(minutes) % 60:02d}"
    return f"{most[:3]}:{most[3:]}"
