"""What holds for any mixture of formats, envelopes and pastes: no crash, no line lost, every number valid."""

import json
from pathlib import PurePosixPath

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.logs.reading import STORY, read_text
from tests.logs.test_logs_documents import JOURNALS, PASTES
from tests.logs.test_logs_envelopes import ENVELOPES

from openstack_rca.errors import LogInputError
from openstack_rca.logs.documents import splitter_for
from openstack_rca.logs.event_table import EVENT_SCHEMA
from openstack_rca.logs.names import origin_of
from openstack_rca.logs.pastes import cleaner_for

WORDS = st.sampled_from(
    ["", "  indented", "Traceback (most recent call last):", '  File "x.py", line 1', "KeyError: 'x'", '{"message": "x"', '{"a": 1}',
     "During handling of the above exception, another exception occurred:", "[1, 2]", "> quoted", "```", "-- Boot 1 --",
     "[123.456] odd", "Feb 31 04:00:02 ctl1 kernel: no such day", "kern  :err   : [x] y", "slab class   1: chunk size 96",
     "2026-11-23T04:00:00Z stdout P half", "2026-11-23T04:00:00Z stdout F ", "Fév 30 04:00:00 x y[1]: z", "\x00\x01 | x"]
)  # fmt: skip
WRAPPED = st.builds(
    lambda name, line: ENVELOPES[name](line), st.sampled_from(sorted(ENVELOPES)), st.sampled_from(STORY) | WORDS
)
TWICE = st.builds(lambda name, line: ENVELOPES[name](line), st.sampled_from(sorted(ENVELOPES)), WRAPPED)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "message",
                    "log",
                    "_source",
                    "hits",
                    "data",
                    "result",
                    "time",
                    "level",
                    "host",
                    "values",
                    "stream",
                    "ts",
                    "labels",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


# Lines that are blank once an envelope, a fence or a tag is off, before the first event.
_BLANKED = 12


def check(data: bytes) -> None:
    """No line is lost, none is invented; every event has what it must have."""
    try:
        read = read_text(data, "x.log")
    except LogInputError:
        return
    events, file = read.events, read.files[0]
    assert dict(events.schema) == EVENT_SCHEMA
    leading = len(data) - len(data.lstrip(b"\n"))
    assert events["lines"].sum() >= file.lines - leading - _BLANKED
    assert events["line"].min() >= 1  # type: ignore[operator]
    assert events["line"].max() <= file.lines  # type: ignore[operator]
    required = ("message", "level", "level_guessed", "template", "file", "line", "lines")
    assert events.select(pl.col(required).is_null().any()).row(0) == (False,) * len(required)


@given(st.lists(st.sampled_from(STORY) | WORDS | WRAPPED | TWICE, max_size=12))
@settings(max_examples=10, deadline=None)
def test_any_lines_in_any_envelopes_are_events(lines: list[str]) -> None:
    """Whatever stands in whatever: every line that is not blank belongs to an event."""
    data = "\n".join(lines).encode("utf-8", "replace") + b"\n"
    check(data)


@given(JSON)
@settings(max_examples=10, deadline=None)
def test_any_json_is_read_or_kept(value: object) -> None:
    """A value on one line, and the same value indented."""
    check(json.dumps(value).encode() + b"\n")
    check(json.dumps(value, indent=2).encode() + b"\n")


@given(st.sampled_from(sorted(JOURNALS)), st.integers(0, 400), st.binary(max_size=6))
@settings(max_examples=12, deadline=None)
def test_a_damaged_journal_export_is_read_as_far_as_it_goes(form: str, place: int, junk: bytes) -> None:
    """Bytes put anywhere into an export, which is cut off there or goes on."""
    data = JOURNALS[form]
    check(data[:place] + junk + data[place:])
    check(data[:place] + junk)


@given(st.sampled_from(sorted(JOURNALS)), st.integers(1, 300))
@settings(max_examples=60, deadline=None)
def test_records_are_the_same_however_the_bytes_arrive(form: str, size: int) -> None:
    """A splitter that is fed in pieces gives what it gives in one."""
    data = JOURNALS[form]
    split = splitter_for(data)
    if split is None:
        return
    whole, taken = split(data, True)
    assert taken == len(data)
    pieces, rest, place = [], b"", 0
    while place < len(data):
        rest, place = rest + data[place : place + size], place + size
        found, used = split(rest, place >= len(data))
        pieces += found
        rest = rest[used:]
    assert [piece.text for piece in pieces if piece.text] == [piece.text for piece in whole if piece.text]
    assert sum(piece.lines for piece in pieces) == data.count(b"\n")


@given(st.sampled_from(sorted(PASTES)), st.lists(st.text(max_size=60), max_size=6))
@settings(max_examples=10, deadline=None)
def test_a_cleaner_keeps_the_number_of_lines(name: str, others: list[str]) -> None:
    """Each line of a paste is in exactly one piece."""
    paste = PASTES[name]
    text = paste if isinstance(paste, str) else paste.decode("utf-16")
    lines = [line for part in (text.split("\n"), others) for line in part]
    clean = cleaner_for(lines)
    if clean is not None:
        assert sum(piece.lines for piece in clean(lines)) == len(lines)


@given(st.text(min_size=1, max_size=60).filter(lambda text: text.strip("/") not in ("", ".", "..")))
@settings(max_examples=60, deadline=None)
def test_any_path_has_an_origin_or_none(path: str) -> None:
    """No name of a file or a folder breaks the reading of names; an empty name is no name."""
    parts = PurePosixPath(path).parts
    origin = origin_of(parts, ("/", "srv", "logs"))
    assert origin.service != ""
    assert origin.host != ""
