"""Following logs that are being written: every line once, whatever happens to the file."""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from openstack_rca.errors import LogPathNotFound
from openstack_rca.logs import following
from openstack_rca.logs.following import Follower, Place

Follow = Callable[..., Follower]


def line(number: int, text: str = "Something ordinary happened") -> str:
    """One line of oslo.log; long enough that a few of them tell a file from another."""
    return f"2026-11-23 04:{number // 60:02d}:{number % 60:02d}.000 7 INFO nova.api [-] {text} {number}\n"


def lines(first: int, last: int) -> str:
    return "".join(line(number) for number in range(first, last))


@pytest.fixture
def follow() -> Iterator[Follow]:
    """Makes followers and lets their files go afterwards."""
    made: list[Follower] = []

    def make(*paths: str | Path, from_start: bool = False, places: Mapping[str, Place] | None = None) -> Follower:
        made.append(Follower(paths, from_start=from_start, places=places))
        return made[-1]

    yield make
    for follower in made:
        follower.close()


class Reader:
    """Puts together what a follower hands out, as its user does: by file and number of the line."""

    def __init__(self, follower: Follower) -> None:
        self.follower = follower
        self.held: dict[tuple[str, int], str] = {}

    def look(self) -> list[str]:
        """All lines so far, in the order in which their places first came."""
        for arrival in self.follower.look():
            stretch = arrival.source.stretch
            assert stretch is not None and stretch.held is not None
            for number, text in enumerate(stretch.held.decode().splitlines(), stretch.first_line):
                self.held[arrival.key, number] = text
        return list(self.held.values())


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log with twenty lines."""
    path = tmp_path / "logs" / "nova-api.log"
    path.parent.mkdir()
    path.write_text(lines(0, 20))
    return path


def append(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


def expected(first: int, last: int) -> list[str]:
    return lines(first, last).splitlines()


def test_only_what_comes_is_read_with_its_own_numbers(log: Path, follow: Follow) -> None:
    """The lines that the file held before are counted and not handed out."""
    reader = Reader(follow(log))
    assert reader.look() == []
    append(log, lines(20, 22))
    assert reader.look() == expected(20, 22)
    assert [number for _, number in reader.held] == [21, 22]


def test_from_the_start_all_is_read(log: Path, follow: Follow) -> None:
    """In pieces, where it is a lot."""
    reader = Reader(follow(log.parent, from_start=True))
    assert reader.look() == expected(0, 20)


def test_a_line_is_handed_out_when_it_is_whole(log: Path, follow: Follow) -> None:
    """Half a line waits for its other half."""
    reader = Reader(follow(log))
    append(log, line(20)[:30])
    assert reader.look() == []
    append(log, line(20)[30:])
    assert reader.look() == expected(20, 21)


def test_an_event_that_goes_on_is_handed_out_again_from_its_beginning(log: Path, follow: Follow) -> None:
    """So that a traceback becomes one event."""
    follower = follow(log)
    append(log, lines(20, 22) + line(22) + "Traceback (most recent call last):\n")
    follower.look()
    append(log, "ValueError: no\n")
    (arrival,) = follower.look()
    assert arrival.source.stretch is not None and arrival.source.stretch.held is not None
    assert arrival.source.stretch.held.decode() == line(22) + "Traceback (most recent call last):\nValueError: no\n"


def test_a_renamed_file_is_read_to_its_end_and_its_successor_from_its_beginning(log: Path, follow: Follow) -> None:
    """As logrotate does it, with lines that come late into the old file."""
    reader = Reader(follow(log.parent))
    append(log, lines(20, 22))
    reader.look()
    old = log.rename(log.with_name("nova-api.log.1"))
    append(old, lines(22, 24))
    log.write_text(lines(24, 26))
    reader.look()
    append(log, lines(26, 28))
    assert reader.look() == expected(20, 28)


def test_a_truncated_file_is_read_from_its_beginning(log: Path, follow: Follow) -> None:
    """Its lines have numbers of their own again."""
    reader = Reader(follow(log))
    append(log, lines(20, 22))
    reader.look()
    log.write_text(lines(22, 24))
    assert reader.look() == expected(20, 24)


def test_a_copy_before_the_truncation_is_not_read_again(log: Path, follow: Follow) -> None:
    """Of logrotate's copytruncate only the lines that came just before it are read from the copy."""
    reader = Reader(follow(log.parent))
    append(log, lines(20, 22))
    reader.look()
    append(log, lines(22, 24))
    shutil.copy(log, log.with_name("nova-api.log.1"))
    log.write_text(lines(24, 26))
    assert sorted(reader.look()) == expected(20, 26)


def test_a_file_that_vanishes_and_comes_back_is_read_from_its_beginning(log: Path, follow: Follow) -> None:
    """While it is away, nothing is wrong."""
    reader = Reader(follow(log.parent))
    append(log, lines(20, 21))
    log.unlink()
    assert reader.look() == expected(20, 21)
    assert reader.look() == expected(20, 21)
    log.write_text(lines(21, 23))
    assert reader.look() == expected(20, 23)


def test_a_new_file_in_a_folder_is_followed_and_what_is_no_log_is_not(log: Path, follow: Follow) -> None:
    """It is read from its beginning; packed files hold what was read before they were packed."""
    reader = Reader(follow(log.parent))
    (log.parent / "notes").write_text("to do: nothing\n" * 100)
    (log.parent / "nova-api.log.2.gz").write_bytes(b"\x1f\x8b" + b"x" * 100)
    (log.parent / "neutron-server.log").write_text(lines(40, 42))
    assert reader.look() == expected(40, 42)


def test_what_looks_like_parts_of_one_file_is_followed_file_by_file(tmp_path: Path, follow: Follow) -> None:
    """The last line of a log that is being written is half there, as that of a part."""
    one, two = tmp_path / "worker.log.01", tmp_path / "worker.log.02"
    one.write_text(lines(0, 3).rstrip("\n"))
    two.write_text(lines(10, 12))
    reader = Reader(follow(tmp_path))
    append(two, lines(12, 14))
    assert reader.look() == expected(12, 14)
    append(one, "\n" + lines(3, 4))
    assert reader.look()[-1:] == expected(3, 4)


def test_another_process_goes_on_where_the_last_event_began(log: Path, follow: Follow) -> None:
    """Also where the file was renamed meanwhile, and from the beginning of what took its place."""
    first = Reader(follow(log.parent))
    append(log, lines(20, 23))
    first.look()
    places = first.follower.places
    old = log.rename(log.with_name("nova-api.log.1"))
    append(old, lines(23, 24))
    log.write_text(lines(24, 26))
    found = Reader(follow(log.parent, places=places)).look()
    assert sorted(found) == expected(22, 26)


def test_of_a_backlog_no_file_runs_ahead(log: Path, monkeypatch: pytest.MonkeyPatch, follow: Follow) -> None:
    """The file that is furthest behind in time is read first."""
    monkeypatch.setattr(following, "PIECE_BYTES", 400)
    log.write_text(lines(0, 600))
    (log.parent / "neutron-server.log").write_text(lines(0, 600))
    follower = follow(log.parent, from_start=True)
    reached: dict[str, int] = {}
    for _ in range(300):
        for arrival in follower.look():
            stretch = arrival.source.stretch
            assert stretch is not None and stretch.held is not None
            last = stretch.held.decode().splitlines()[-1]
            reached[arrival.key] = int(last.rsplit(" ", 1)[1])
            follower.note_time(arrival.key, datetime.fromisoformat(last[:23]).replace(tzinfo=UTC))
        if len(reached) == 2 and follower.lag_bytes:
            assert abs(reached[min(reached)] - reached[max(reached)]) <= 70
    assert set(reached.values()) == {599}
    assert follower.horizon is None


def test_an_empty_folder_is_watched_until_a_log_comes(tmp_path: Path, follow: Follow) -> None:
    """A service that has not written yet, or whose logs were just removed, needs no second start of the watch."""
    folder = tmp_path / "nova"
    folder.mkdir()
    follower = follow(folder)
    assert (follower.look(), follower.ended) == ([], False)
    (folder / "nova-api.log").write_text("2026-11-24 04:00:00.000 1 INFO nova.api [-] one\n")
    assert [arrival.source.name.endswith("nova-api.log") for arrival in follower.look()] == [True]


def test_what_is_not_there_is_said_at_once(follow: Follow) -> None:
    """A watch that would never see a line does not begin."""
    with pytest.raises(LogPathNotFound):
        follow("/nowhere/at/all")


def test_standard_input_is_followed_to_its_end(monkeypatch: pytest.MonkeyPatch, follow: Follow) -> None:
    """Nothing is waited for, and the last line needs no end."""
    reading, writing = os.pipe()
    saved = os.dup(0)
    os.dup2(reading, 0)
    try:
        reader = Reader(follow("-", from_start=True))
        assert reader.look() == []
        os.write(writing, (lines(0, 2) + line(2)[:-1]).encode())
        assert reader.look() == expected(0, 2)
        assert not reader.follower.ended
        os.close(writing)
        assert reader.look() == expected(0, 3)
        assert reader.follower.ended
    finally:
        os.dup2(saved, 0)
        os.close(saved)
        os.close(reading)
