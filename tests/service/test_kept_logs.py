"""Logs that were read once: taken from the cache while they are the same, read on where they grew, never wrong."""

import lzma
import os
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from openstack_rca.logs import events as reading_events
from openstack_rca.logs import reading
from openstack_rca.logs.clocks import ClockSkew
from openstack_rca.logs.event_table import PackedTable
from openstack_rca.logs.log_read import LogRead
from openstack_rca.logs.sources import Collection
from openstack_rca.service import kept_logs, log_reading
from openstack_rca.service.analysis import analyze
from openstack_rca.service.kept_logs import clear_kept, list_kept, logs_folder
from openstack_rca.service.log_reading import read_for_question, read_given
from openstack_rca.settings import Settings, load_settings
from trained_environment import SAMPLES

BEGAN = datetime(2026, 11, 23, 4, tzinfo=UTC)


def lines(first: int, last: int, word: str = "Something ordinary", seconds: float = 1.0) -> str:
    """Lines of oslo.log, one a second."""
    stamps = ((number, BEGAN + timedelta(seconds=number * seconds)) for number in range(first, last))
    return "".join(
        f"{stamp:%Y-%m-%d %H:%M:%S}.{number % 1000:03d} 7 INFO nova.api [-] {word} {number} happened\n"
        for number, stamp in stamps
    )


@pytest.fixture
def settings(empty_home: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A home of its own, where small logs are kept too and large files are those of 16 kB."""
    monkeypatch.setattr(kept_logs, "LEAST_BYTES", 0)
    monkeypatch.setattr(log_reading, "LEAST_TO_SEEK", 16 * 1024)
    return load_settings()


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """Two logs of one host."""
    folder = tmp_path / "logs" / "ctl01"
    folder.mkdir(parents=True)
    (folder / "nova-api.log").write_text(lines(0, 50))
    (folder / "nova-compute.log").write_text(lines(0, 30))
    return tmp_path / "logs"


def same(found: LogRead, expected: LogRead) -> bool:
    """Whether two readings have the same events and say the same of their files."""
    return found.events.equals(expected.events) and found.files == expected.files and found.roots == expected.roots


def read(logs: Path, settings: Settings) -> LogRead:
    return read_for_question([logs], settings).read


def unreadable(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on nothing can be read from logs themselves."""

    def refuse(*_: object, **__: object) -> LogRead:
        raise AssertionError("a log was read")

    monkeypatch.setattr(reading_events, "read_collection", refuse)


def test_a_second_question_reads_no_log(logs: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The events and what is said of their files come from the cache, as they were."""
    first = read(logs, settings)
    unreadable(monkeypatch)
    assert same(read(logs, settings), first)


def test_what_has_grown_is_read_on_from_its_last_event(
    logs: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A traceback that was cut off by the end of the file is whole afterwards, and the answer is that of a whole reading."""
    cut = "2026-11-23 04:01:00.000 7 ERROR nova.api [-] It failed\n2026-11-23 04:01:00.000 7 ERROR nova.api Traceback (most"
    api = logs / "ctl01" / "nova-api.log"
    with api.open("a") as file:
        file.write(cut)
    read(logs, settings)
    rest = ' recent call last):\n2026-11-23 04:01:00.000 7 ERROR nova.api   File "a.py", line 1, in b\n'
    rest += "2026-11-23 04:01:00.000 7 ERROR nova.api ValueError: no\n"
    with api.open("a") as file:
        file.write(rest + lines(70, 80, "Something new"))
    seen: list[int] = []
    real = reading_events.read_collection

    def watched(collection: object, *options: object) -> LogRead:
        seen.extend(source.stretch.start if source.stretch else 0 for source in collection.sources)  # type: ignore[attr-defined]
        return real(collection, *options)  # type: ignore[arg-type]

    monkeypatch.setattr(reading_events, "read_collection", watched)
    found = read(logs, settings)
    assert seen and all(start > 0 for start in seen)
    assert same(found, read_given([logs], settings))
    assert found.events.filter(pl.col("exception").is_not_null()).height == 1
    unreadable(monkeypatch)
    assert same(read(logs, settings), found)


@pytest.fixture
def long_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on every file is a batch of its own, so that the words of the logs are put away while they are read."""
    monkeypatch.setattr(reading, "_BATCH_BYTES", 1)


def kept_words(settings: Settings) -> list[Path]:
    return list(logs_folder(settings).glob("*.lines"))


def no_link(*_: object, **__: object) -> None:
    raise OSError("This folder has no links.")


@pytest.mark.parametrize("link", [os.link, no_link], ids=["linked", "copied"])
@pytest.mark.usefixtures("long_logs")
def test_words_of_long_logs_are_kept_beside_what_is_counted(
    link: Callable[..., None], logs: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For the second question too; for their reader alone; and they go together."""
    monkeypatch.setattr(os, "link", link)
    first = read(logs, settings)
    (words,) = kept_words(settings)
    assert stat.S_IMODE(words.stat().st_mode) == 0o600
    with monkeypatch.context() as patch:
        unreadable(patch)
        again = read(logs, settings)
    (listed,) = list_kept(settings)
    assert listed.size_bytes == words.stat().st_size + listed.path.stat().st_size
    assert clear_kept(settings) == listed.size_bytes
    assert kept_words(settings) == []
    # Who has them open goes on reading.
    assert isinstance(again.table, PackedTable) and same(again, first)


@pytest.mark.usefixtures("long_logs")
def test_long_logs_that_grew_are_read_on(logs: Path, settings: Settings) -> None:
    """Their old words are taken over, and no others stay behind."""
    for number in range(2):
        read(logs, settings)
        with (logs / "ctl01" / "nova-api.log").open("a") as file:
            file.write(lines(50 + 10 * number, 60 + 10 * number, "Something new"))
    found = read(logs, settings)
    assert same(found, read_given([logs], settings))
    assert len(kept_words(settings)) == 1
    assert same(read(logs, settings), found)


@pytest.mark.usefixtures("long_logs")
def test_what_is_true_of_kept_events_is_found_once(
    logs: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second question gets the same marks without the words; where a file grew they are found for all events anew."""
    tells = pl.col("message").str.contains("7 happened", literal=True)
    first = read(logs, settings).table.marked(tells)
    with monkeypatch.context() as patch:
        patch.setattr(PackedTable, "evaluated", None)
        assert read(logs, settings).table.marked(tells).equals(first)
    (logs / "ctl01" / "nova-api.log").write_text(lines(0, 60))
    grown = read(logs, settings)
    assert grown.table.marked(tells).equals(grown.events.select(tells.alias("mark"))["mark"])
    assert grown.table.marked(tells).len() == first.len() + 10


@pytest.mark.usefixtures("long_logs")
def test_lost_words_are_read_anew(logs: Path, settings: Settings) -> None:
    """As if nothing had been kept; words that belong to nothing are removed."""
    first = read(logs, settings)
    kept_words(settings)[0].unlink()
    (logs_folder(settings) / "other-1.lines").write_bytes(b"words")
    assert same(read(logs, settings), first)
    assert [path.name for path in kept_words(settings)] != ["other-1.lines"] and len(kept_words(settings)) == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda path: path.write_text(lines(0, 20, "Something else")),
        lambda path: path.write_text(lines(0, 90, "Something else")),
        lambda path: path.write_text(lines(0, 50).replace("ordinary", "peculiar")),
        lambda path: path.rename(path.with_name("nova-api.log.1")),
        lambda path: path.with_name("keystone.log").write_text(lines(0, 5)),
    ],
    ids=["truncated", "rewritten longer", "rewritten as long", "rotated", "another file"],
)
def test_other_content_is_read_anew(change: object, logs: Path, settings: Settings) -> None:
    """Nothing of the old content is left in the events."""
    read(logs, settings)
    path = logs / "ctl01" / "nova-api.log"
    change(path)  # type: ignore[operator]
    if path.exists():
        os.utime(path, ns=(1, path.stat().st_mtime_ns + 1_000_000))
    assert same(read(logs, settings), read_given([logs], settings))


@pytest.mark.parametrize(
    ("change", "read_again"),
    [
        (lambda folder: (folder / "keystone.log").write_text(lines(0, 5)), ["keystone.log"]),
        (lambda folder: (folder / "nova-compute.log").write_text(lines(0, 20, "Something else")), ["nova-compute.log"]),
        (lambda folder: (folder / "nova-compute.log").rename(folder / "nova-compute.log.1"), ["nova-compute.log.1"]),
        (lambda folder: (folder / "nova-compute.log").unlink(), []),
    ],
    ids=["a new one", "one rewritten", "one rotated", "one gone"],
)
@pytest.mark.parametrize("batch", [None, 1], ids=["short", "long"])
def test_of_many_files_only_what_is_new_is_read(
    batch: int | None,
    change: Callable[[Path], object],
    read_again: list[str],
    logs: Path,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The rest comes from the cache, and all together is what a whole reading gives; nothing stays of what was kept before."""
    if batch is not None:
        monkeypatch.setattr(reading, "_BATCH_BYTES", batch)
    read(logs, settings)
    change(logs / "ctl01")
    seen: list[str] = []
    real = reading_events.read_collection

    def watched(collection: Collection, *options: Any) -> LogRead:
        seen.extend(source.inside[-1] for source in collection.sources)
        return real(collection, *options)

    with monkeypatch.context() as patch:
        patch.setattr(reading_events, "read_collection", watched)
        found = read(logs, settings)
    assert seen == read_again
    assert same(found, read_given([logs], settings))
    assert len(list_kept(settings)) == 1
    unreadable(monkeypatch)
    assert same(read(logs, settings), found)


@pytest.mark.parametrize("damage", [b"", b"PAR1 nonsense PAR1"], ids=["empty", "no table"])
def test_a_damaged_file_of_the_cache_is_made_anew(damage: bytes, logs: Path, settings: Settings) -> None:
    """It counts as if it were not there."""
    first = read(logs, settings)
    (kept,) = logs_folder(settings).glob("*.parquet")
    kept.write_bytes(damage)
    assert same(read(logs, settings), first)
    assert [each.events for each in list_kept(settings)] == [80]


def test_what_is_kept_of_logs_is_for_their_reader_alone(logs: Path, settings: Settings) -> None:
    """A log that others may not read is not readable for them in the cache either."""
    read(logs, settings)
    (kept,) = logs_folder(settings).glob("*.parquet")
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700


def test_the_longest_unused_goes_first(logs: Path, settings: Settings) -> None:
    """The bound holds for all that is kept."""
    read(logs, settings)
    (first,) = logs_folder(settings).glob("*.parquet")
    os.utime(first, (1, 1))
    read(logs / "ctl01", settings.model_copy(update={"log_cache_bytes": first.stat().st_size + 10}))
    assert [each.path != first for each in list_kept(settings)] == [True]
    assert clear_kept(settings) > 0
    assert list_kept(settings) == []


def test_scores_are_kept_for_the_events_and_the_model_that_they_are_of(logs: Path, settings: Settings) -> None:
    """Another model or another content of the logs is scored anew."""
    calls: list[str] = []

    def scores(model: str) -> int:
        given = read_for_question([logs], settings)
        assert given.kept is not None

        def score() -> pl.DataFrame:
            calls.append(model)
            return pl.DataFrame({"score": [0.5] * given.read.events.height})

        return given.kept.scores(model, score).height

    assert [scores("a" * 64), scores("a" * 64), scores("b" * 64)] == [80, 80, 80]
    assert [call[0] for call in calls] == ["a", "b"]
    with (logs / "ctl01" / "nova-api.log").open("a") as file:
        file.write(lines(50, 60))
    assert scores("a" * 64) == 90
    assert [call[0] for call in calls] == ["a", "b", "a"]


def test_the_steps_that_a_model_expected_are_kept_beside_its_scores(logs: Path, settings: Settings) -> None:
    """They are found once for a model, and are no scores."""
    kept = read_for_question([logs], settings).kept
    assert kept is not None
    first, second = pl.DataFrame({"steps": [[1, 2]]}), pl.DataFrame({"steps": [[3]]})
    assert kept.steps("a" * 64, lambda: first).equals(first)
    assert kept.steps("a" * 64, lambda: second).equals(first)
    assert kept.steps("b" * 64, lambda: second).equals(second)
    assert sorted((each.kind, each.events) for each in list_kept(settings)) == [
        ("events", 80),
        ("steps", 1),
        ("steps", 2),
    ]


def test_nothing_is_kept_where_the_setting_says_so(logs: Path, settings: Settings) -> None:
    """No file, no folder."""
    read(logs, settings.model_copy(update={"log_cache_bytes": 0}))
    assert not logs_folder(settings).exists()


def test_a_window_is_read_alone_and_gives_its_events(logs: Path, settings: Settings) -> None:
    """A note says what was passed over; small files beside the large one are read whole."""
    (logs / "ctl01" / "nova-api.log").write_text(lines(0, 2000, seconds=10))
    since, until = BEGAN + timedelta(hours=3), BEGAN + timedelta(hours=3, minutes=5)
    given = read_for_question([logs], settings, since, until)
    asked = pl.col("time").is_between(since, until)
    whole = read_given([logs], settings).events
    assert given.read.events.height < 300 < whole.height
    assert given.read.events.filter(asked).equals(whole.filter(asked))
    assert len(given.notes) == 1 and "around the window" in given.notes[0]


def test_a_window_without_events_is_read_whole(logs: Path, settings: Settings) -> None:
    """So that the error can say which time the logs cover."""
    (logs / "ctl01" / "nova-api.log").write_text(lines(0, 2000, seconds=10))
    since = BEGAN + timedelta(days=2)
    given = read_for_question([logs], settings, since, None)
    assert same(given.read, read_given([logs], settings))


def test_yearless_lines_beside_a_window_keep_their_year(logs: Path, settings: Settings) -> None:
    """Their year is told by the latest date of all logs, not by the latest that was read."""
    (logs / "ctl01" / "nova-api.log").write_text(lines(0, 2000, seconds=1000))
    (logs / "ctl01" / "messages").write_text(
        "Nov 23 04:10:00 ctl01 sshd[1]: hello\nDec 15 04:10:00 ctl01 sshd[1]: bye\n"
    )
    given = read_for_question([logs], settings, BEGAN, BEGAN + timedelta(minutes=20))
    assert given.notes
    assert given.read.events.filter(pl.col("file").str.ends_with("messages"))["time"].dt.year().to_list() == [2026] * 2


@pytest.mark.parametrize("incident", ["INC-003", "INC-009", "INC-019"])
def test_a_recorded_incident_gets_the_same_answer_from_its_window_alone(
    incident: str, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As from all of its logs, cut to the window afterwards."""
    monkeypatch.setattr("openstack_rca.logs.stretches.WARM_UP", timedelta(seconds=1))
    monkeypatch.setattr("openstack_rca.logs.stretches.SLACK", timedelta(seconds=2))
    for packed in (SAMPLES / "incidents" / incident / "logs").rglob("*.xz"):
        plain = tmp_path / incident / packed.relative_to(SAMPLES / "incidents" / incident / "logs").with_suffix("")
        plain.parent.mkdir(parents=True, exist_ok=True)
        plain.write_bytes(lzma.decompress(packed.read_bytes()))
    folder = tmp_path / incident
    whole = settings.model_copy(update={"log_cache_bytes": 0, "mlflow_enabled": False})
    found = analyze([folder], "x", settings=whole, model="none").report
    assert found.window.start is not None and found.window.end is not None
    since, until = found.window.start, found.window.start + (found.window.end - found.window.start) / 2
    part = analyze([folder], "x", settings=whole, model="none", since=since, until=until).report
    monkeypatch.setattr(log_reading, "LEAST_TO_SEEK", 1 << 40)
    all_read = analyze([folder], "x", settings=whole, model="none", since=since, until=until).report
    assert part.lines < all_read.lines
    assert (part.verdict, part.causes, part.chain) == (all_read.verdict, all_read.causes, all_read.chain)


def test_clocks_are_compared_once(logs: Path, settings: Settings) -> None:
    """What was found out about them is kept beside the events, until these change."""
    calls: list[int] = []

    def clocks() -> list[ClockSkew]:
        given = read_for_question([logs], settings)
        assert given.kept is not None

        def estimate() -> list[ClockSkew]:
            calls.append(given.read.events.height)
            return [ClockSkew("compute1", "ctl01", -2.5, len(calls))]

        return given.kept.skews(estimate)

    assert clocks() == clocks() == [ClockSkew("compute1", "ctl01", -2.5, 1)]
    with (logs / "ctl01" / "nova-api.log").open("a") as file:
        file.write(lines(50, 60))
    assert clocks() == [ClockSkew("compute1", "ctl01", -2.5, 2)]
    assert calls == [80, 90]
    assert {each.kind for each in list_kept(settings)} == {"events", "clocks"}


@pytest.mark.parametrize("found", [[], [ClockSkew("compute1", "ctl01", 7.0, 5)]], ids=["none", "one"])
def test_disagreeing_clocks_come_back_as_they_were(found: list[ClockSkew], logs: Path, settings: Settings) -> None:
    """Also where none disagrees."""
    kept = read_for_question([logs], settings).kept
    assert kept is not None
    assert kept.skews(lambda: found) == kept.skews(list) == found
