"""What holds for any bytes whatever: no crash, no line lost, every number valid."""

import tempfile
from pathlib import Path

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from openstack_rca.errors import NoKnownLines, UnreadableLog
from openstack_rca.logs.event_table import EVENT_SCHEMA
from openstack_rca.logs.events import read_logs
from openstack_rca.logs.log_read import LogRead
from openstack_rca.logs.templates import TEMPLATE_LENGTH, mask_messages

STAMP = "2026-11-23 04:00:00.1"
LINES = [
    f"{STAMP}23 77 INFO nova.api [-] up",
    f"{STAMP}23 77 ERROR nova.api [-] bad",
    f"{STAMP}23 77 ERROR nova.api Traceback (most recent call last):",
    f'{STAMP}23 77 ERROR nova.api   File "a.py", line 1',
    f"{STAMP}23 77 ERROR nova.api ValueError: x",
    f"{STAMP}23 78 ERROR nova.api Traceback (most recent call last):",
    f"{STAMP}24 77 ERROR nova.api ",
    f"{STAMP}24 99999999999 INFO nova.api [None req-x  a b",
    "2026-99-99 04:00:00.123 77 INFO nova.api [-] no such day",
    "(Background on this error at: https://sqlalche.me/e/14/e3q8)",
    "  indented",
    "",
    "\t",
    "words of no format",
    "2026-11-23 03:51:21.006248+00:00 [info] <0.289.0> text:",
    "2026-11-23 03:51:21.006248+00:00 [info] <0.289.0> ",
    "=ERROR REPORT==== 23-Nov-2026::03:51:21 ===",
    "2026-11-23  4:17:22 0 [Note] text",
    "[pid: 1|app: 0|req: 1/1] ::1 () {3 vars in 6 bytes} [Mon Nov 23 03:54:09 2026] GET / => generated",
    "!!! uWSGI process 9168 got Segmentation Fault !!!",
    "*** end of backtrace ***",
    "Nov 23 04:00:02 ctl1 nova-api[77]: 2026-11-23 04:00:02.123 77 ERROR nova.api [-] bad",
    "Nov 23 04:00:02 ctl1 nova-api[77]:   indented",
    "Feb 29 04:00:02 ctl1 kernel: leap",
    "Feb 31 04:00:02 ctl1 kernel: no such day",
    "2026-11-23T04:00:10Z stdout F   words",
    "[Mon Nov 23 04:00:07.1 2026] [wsgi:error] [pid 1] words",
    "nova-api.log:2026-11-23 04:00:00.123 words",
    "\x01\x02 GET \x1b[0m <*> ${1} {'a': [",
]


def read_bytes(data: bytes) -> LogRead | None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "nova-api.log")
        path.write_bytes(data)
        try:
            return read_logs([path])
        except (NoKnownLines, UnreadableLog):
            return None


def leading_blank_lines(data: bytes) -> int:
    text = data.removeprefix(b"\xef\xbb\xbf").replace(b"\x00", b"").decode("utf-8", "replace")
    count = 0
    for line in text.split("\n"):
        if line.strip():
            return count
        count += 1
    return count


def check(data: bytes) -> None:
    result = read_bytes(data)
    if result is None:
        return
    events, read = result.events, result.files[0]
    assert dict(events.schema) == EVENT_SCHEMA
    text = data.replace(b"\x00", b"")
    assert read.lines == text.count(b"\n") + (not text.endswith(b"\n"))
    # Every line belongs to exactly one event, except blank ones before the first.
    assert events["lines"].sum() == read.lines - leading_blank_lines(data)
    assert events["line"].is_unique().all()
    assert events["line"].min() >= 1  # type: ignore[operator]
    assert events["line"].max() <= read.lines  # type: ignore[operator]
    required = ("message", "level", "template", "template_id", "file", "line", "lines")
    assert events.select(pl.col(required).is_null().any()).row(0) == (False,) * len(required)
    assert read.events == events.height
    assert events.filter(pl.col("time").is_not_null())["time"].is_sorted()


@given(st.binary(max_size=400))
@settings(max_examples=25, deadline=None)
def test_any_bytes_are_events_or_a_clear_error(data: bytes) -> None:
    check(data)
    check(b"2026-11-23 04:00:00.123 77 INFO nova.api [-] up\n" + data)


@given(st.lists(st.sampled_from(LINES), max_size=25), st.sampled_from(["\n", "\r\n"]), st.booleans())
@settings(max_examples=25, deadline=None)
def test_lines_of_all_formats_in_any_order_lose_nothing(lines: list[str], ending: str, ends: bool) -> None:
    data = ending.join(lines) + (ending if ends and lines else "")
    check(data.encode())


@given(st.lists(st.text(max_size=200), max_size=5))
@settings(max_examples=40, deadline=None)
def test_any_text_has_a_template_of_bounded_length(messages: list[str]) -> None:
    templates = mask_messages(pl.Series("message", messages, pl.String))
    assert templates.null_count() == 0
    assert all(len(template) <= TEMPLATE_LENGTH for template in templates)
    assert templates.equals(mask_messages(pl.Series("message", messages, pl.String)))


PIECES = st.sampled_from(
    ["1", "7", "23", "404", "0x1f", "3x1f", "_", "v2.1", "/v", "é", "-", ".", ":", "/", " ", "=", "'", '"', "[", "]", "(", ")", "{",
     "}", "<", ">", "GET ", "HTTP/1.1", "status ", "Errno ", "code: ", "[MY-", "abc", "tap", "ff", "%", "10.0.0.1:80", "+5", "\x00"]
)  # fmt: skip


@given(st.lists(st.lists(PIECES, max_size=7).map("".join), min_size=2, max_size=5))
@settings(max_examples=30, deadline=None)
def test_a_template_is_the_same_whatever_else_is_masked_with_it(messages: list[str]) -> None:
    together = mask_messages(pl.Series("message", messages, pl.String))
    assert together.to_list() == [mask_messages(pl.Series([message]))[0] for message in messages]
