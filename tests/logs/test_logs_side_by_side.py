"""Batches that several threads read at once: the events, the files and the errors are those of one thread."""

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from openstack_rca.logs import event_table, events, reading
from openstack_rca.logs.events import read_collection
from openstack_rca.logs.gathered_events import ReadingOptions
from openstack_rca.logs.side_by_side import in_turn
from openstack_rca.logs.sources import collect_sources
from openstack_rca.service.log_reading import read_given
from openstack_rca.settings import load_settings
from trained_environment import SAMPLES

LOGS = SAMPLES / "incidents" / "INC-003" / "logs"


@pytest.fixture(autouse=True)
def no_thread_is_left(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Batches are small; and whatever a test does, all threads that it started have ended."""
    monkeypatch.setattr(reading, "_BATCH_BYTES", 50_000)
    before = threading.active_count()
    yield
    assert threading.active_count() == before


def test_results_come_in_the_order_of_the_items_of_which_several_are_worked_on_at_once() -> None:
    both = threading.Barrier(2)

    def work(item: int) -> int:
        both.wait()
        return -item

    assert list(in_turn(work, range(6), 2)) == [0, -1, -2, -3, -4, -5]


def test_all_threads_have_work_while_the_caller_has_a_result() -> None:
    begun = threading.Semaphore(0)

    with closing(in_turn(lambda _: begun.release(), range(6), 2)) as found:
        next(found)
        assert all(begun.acquire(timeout=60) for _ in range(3))


def test_one_thread_is_the_callers() -> None:
    assert set(in_turn(lambda _: threading.current_thread(), range(3), 1)) == {threading.current_thread()}


def test_an_error_comes_where_its_result_would() -> None:
    found = in_turn(lambda item: 1 // item, [1, 1, 0, 1], 2)
    assert (next(found), next(found)) == (1, 1)
    with pytest.raises(ZeroDivisionError):
        next(found)


def test_who_wants_no_more_results_leaves_nothing_behind() -> None:
    with closing(in_turn(abs, range(100), 4)) as found:
        assert next(found) == 0


def test_the_events_and_what_could_not_be_read_do_not_depend_on_the_number_of_threads(tmp_path: Path) -> None:
    """Of a damaged file what can be read; of one that is none of these its name."""
    packed = (LOGS / "controller" / "nova-api.log.xz").read_bytes()
    (tmp_path / "cut.log.xz").write_bytes(packed[: len(packed) // 2])
    (tmp_path / "broken.log.gz").write_bytes(b"\x1f\x8b\x08 no gzip")
    one, three = (
        read_collection(collect_sources([LOGS, tmp_path]), ReadingOptions(threads=number)) for number in (1, 3)
    )
    assert three.events.equals(one.events) and three.files == one.files
    assert {"cut.log.xz", "broken.log.gz"} <= {each.file for each in three.files if each.skip}


def test_the_setting_says_how_many_threads_read_the_logs_and_later_what_is_packed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[tuple[str, int]] = []

    def watched(name: str) -> Any:
        return lambda work, items, threads: asked.append((name, threads)) or in_turn(work, items, threads)

    monkeypatch.setattr(events, "in_turn", watched("logs"))
    monkeypatch.setattr(event_table, "in_turn", watched("packed"))
    monkeypatch.setenv("OPENSTACK_RCA_READING_THREADS", "3")
    read_given([LOGS], load_settings()).table.evaluated(pl.col("line"))
    assert asked == [("logs", 3), ("packed", 3)]


def test_ctrl_c_while_batches_are_read_ends_the_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(_done: int, _total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        read_collection(collect_sources([LOGS]), ReadingOptions(threads=3), on_progress=stop)
