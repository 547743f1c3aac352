"""Stretches of time in plain files: found without reading the rest, with the very lines that a whole reading gives."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import hypothesis
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openstack_rca.logs import blocks, stretches
from openstack_rca.logs.bounds import Bounds
from openstack_rca.logs.events import read_collection, read_logs, read_part, whole_read
from openstack_rca.logs.gathered_events import ReadingOptions
from openstack_rca.logs.sources import collect_sources
from openstack_rca.logs.stretches import SLACK, added_since, count_lines, parts_of, stretch_of_time

BEGAN = datetime(2026, 11, 23, 4, tzinfo=UTC)


def line(second: float, text: str = "ordinary") -> str:
    """One line of oslo.log, or an error with its traceback."""
    stamp = f"{BEGAN + timedelta(seconds=second):%Y-%m-%d %H:%M:%S}.000"
    if text != "error":
        return f"{stamp} 7 INFO nova.api [-] {text}\n"
    return f"{stamp} 7 ERROR nova.api [-] failed\nTraceback (most recent call last):\n  File a\nValueError: no\n"


@pytest.fixture(autouse=True)
def small_probes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Searched in small steps, so that small files take many."""
    monkeypatch.setattr(stretches, "_PROBE_BYTES", 512)
    monkeypatch.setattr(stretches, "_WINDOW_BYTES", 4096)


@hypothesis.settings(deadline=None, max_examples=12)
@given(
    steps=st.lists(st.tuples(st.integers(0, 400), st.sampled_from(["ordinary", "error"])), min_size=40, max_size=120),
    window=st.tuples(st.integers(-500, 30_000), st.integers(1, 9_000)),
    disorder=st.integers(0, 20),
)
def test_a_stretch_holds_every_event_of_its_time(
    steps: list[tuple[int, str]], window: tuple[int, int], disorder: int
) -> None:
    """With the numbers of its lines and with its tracebacks whole, also where neighbouring lines change places."""
    second, told = 0, []
    for number, (step, text) in enumerate(steps):
        second += step
        told.append(line(max(0, second - disorder * (number % 2)), text))
    since = BEGAN + timedelta(seconds=window[0])
    until = since + timedelta(seconds=window[1])
    with TemporaryDirectory() as folder:
        path = Path(folder) / "nova-api.log"
        path.write_text("".join(told))
        found = stretch_of_time(path, since, until, "UTC")
        assert found is not None
        whole = read_logs([path]).events
        asked = pl.col("time").is_between(since, until)
        expected = whole.filter(asked)
        stretch, latest = found
        assert latest == whole["time"].max()
        collection = collect_sources([path])
        if stretch.start == stretch.end:
            assert expected.is_empty()
            return
        part = read_collection(
            replace(collection, sources=[replace(collection.sources[0], stretch=stretch)]), ReadingOptions()
        )
        assert part.events.filter(asked).equals(expected)


def test_most_of_a_long_file_is_passed_over(tmp_path: Path) -> None:
    """Only the window, its warm-up and some slack are left."""
    path = tmp_path / "nova-api.log"
    path.write_text("".join(line(second) for second in range(0, 36_000, 10)))
    since = BEGAN + timedelta(hours=5)
    found = stretch_of_time(path, since, since + timedelta(minutes=10), "UTC")
    assert found is not None and found[0].end is not None
    expected = (timedelta(minutes=20) + 2 * SLACK).total_seconds() / 10 * len(line(0))
    assert found[0].end - found[0].start == pytest.approx(expected, rel=0.02)


def test_a_time_without_an_offset_is_in_the_zone_of_the_logs(tmp_path: Path) -> None:
    """Ten minutes that begin at four in Paris begin at three in UTC."""
    path = tmp_path / "nova-api.log"
    path.write_text("".join(line(second) for second in range(0, 36_000, 10)))
    found = stretch_of_time(path, BEGAN + timedelta(hours=4), None, "Europe/Paris")
    assert found is not None
    with path.open() as file:
        file.seek(found[0].start)
        assert file.readline().startswith("2026-11-23 08:49:00")


@pytest.mark.parametrize(
    "content",
    [
        "".join(line(second) for second in reversed(range(0, 36_000, 100))),
        "".join(f"Nov 23 04:{minute:02d}:00 ctl01 sshd[1]: hello\n" for minute in range(60)),
        "no stamp at all\n" * 500,
        "".join(line(second) for second in range(0, 3_600, 10)).replace("\n", "\r\n"),
    ],
    ids=["backwards", "without years", "without stamps", "returns"],
)
def test_what_cannot_be_searched_is_read_whole(content: str, tmp_path: Path) -> None:
    """Nothing is guessed about a file whose order of time cannot be seen."""
    path = tmp_path / "some.log"
    path.write_bytes(content.encode())
    assert stretch_of_time(path, BEGAN, BEGAN + timedelta(minutes=5), "UTC") is None


def test_packed_files_are_read_whole(tmp_path: Path) -> None:
    """There is no place to enter them."""
    path = tmp_path / "some.log.gz"
    path.write_bytes(b"\x1f\x8b" + b"x" * 5000)
    assert stretch_of_time(path, BEGAN, None, "UTC") is None


def test_reading_on_begins_before_the_last_event(tmp_path: Path) -> None:
    """What stands at the end may go on in the next lines; a file without a stamped line is read from its beginning."""
    path = tmp_path / "nova-api.log"
    text = line(0) + line(1) + line(2, "error") + "  more"
    path.write_text(text)
    found = added_since(path, len(text), 7)
    assert found is not None
    assert text[found.start :].startswith(line(2, "error"))
    assert found.first_line == 3
    path.write_text("a\nb\n")
    assert added_since(path, 4, 2) is None


def test_a_file_read_in_parts_gives_the_events_of_the_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the numbers of its lines, tracebacks whole, and the same said of the file; a part that finds no border is long."""
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 4096)
    monkeypatch.setattr(stretches, "BLOCK_BYTES", 4096)
    path = tmp_path / "nova-api.log"
    stuck = line(400) + "  a line that goes on\n" * 400
    told = [line(second, "error" if second % 7 == 0 else "ordinary") for second in range(400)]
    path.write_text("".join(told) + stuck + "".join(line(500 + second) for second in range(400)))
    parts = parts_of(path, 2)
    assert len(parts) > 4
    collection, first_line, whole = collect_sources([path]), 1, None
    for part in parts:
        stretch = replace(part, first_line=first_line)
        read = read_part([replace(collection.sources[0], stretch=stretch)], ReadingOptions(), Bounds())
        if whole is None:
            whole = read
        else:
            whole.take_in(replace(read, goes_on=True))
        first_line += count_lines(path, part.end, part.start) if part.end else 0
    assert whole is not None
    found, expected = whole_read(whole, collection, ReadingOptions()), read_logs([path])
    assert found.events.equals(expected.events) and found.files == expected.files
