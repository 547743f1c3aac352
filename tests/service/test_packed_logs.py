"""Logs that are too long to be held in memory: the answer is the same as of logs that are held whole."""

import random
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from openstack_rca.logs import reading
from openstack_rca.logs.event_table import COUNTED, EventTable, PackedTable
from openstack_rca.logs.events import read_logs
from openstack_rca.model.baseline import Baseline
from openstack_rca.model.stories import build_stories
from openstack_rca.rca.evidence import words_needed
from openstack_rca.rca.knowledge import load_catalogue
from openstack_rca.service.analysis import analyze, events_without_words
from openstack_rca.service.trouble import find_trouble
from openstack_rca.settings import load_settings
from trained_environment import SAMPLES

INCIDENTS = [SAMPLES / "incidents" / name for name in ("INC-003", "INC-009", "INC-010", "INC-017", "HEALTHY-001")]


@pytest.fixture
def long_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on a batch holds little, and all but what is counted is put away."""
    monkeypatch.setattr(reading, "_BATCH_BYTES", 300_000)


def answer(incident: Path) -> dict[str, object]:
    """The report but for what no two reports have in common."""
    settings = load_settings(mlflow_enabled=False, log_cache_bytes=0)
    report = analyze([incident / "logs"], "Something is wrong", settings=settings, model="none").report
    return report.model_dump(mode="json", exclude={"created", "id", "seconds", "stages"})


@pytest.mark.parametrize("incident", INCIDENTS, ids=[path.name for path in INCIDENTS])
def test_the_answer_does_not_depend_on_where_the_words_lie(incident: Path, request: pytest.FixtureRequest) -> None:
    """Incident by incident, to the last word of the report."""
    whole = answer(incident)
    request.getfixturevalue("long_logs")
    assert answer(incident) == whole


@pytest.fixture(scope="module")
def tables() -> tuple[EventTable, EventTable]:
    """The same events, held whole and put away."""
    logs = [INCIDENTS[0] / "logs"]
    whole = read_logs(logs)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "_BATCH_BYTES", 100_000)
        packed = read_logs(logs)
    assert packed.files == whole.files
    return whole.table, packed.table


def test_events_that_are_chosen_are_those_of_the_whole_table(tables: tuple[EventTable, EventTable]) -> None:
    whole, packed = (table.chosen(pl.Series(range(7, table.height, 3), dtype=pl.UInt32)) for table in tables)
    assert isinstance(packed, PackedTable) and packed.take().equals(whole.take())
    assert packed.evaluated(pl.col("message").str.len_chars()).equals(
        whole.evaluated(pl.col("message").str.len_chars())
    )


def test_any_events_are_found_again_by_their_index(tables: tuple[EventTable, EventTable]) -> None:
    """All of them, some in any order, none; all columns or a few."""
    whole, packed = tables
    assert isinstance(packed, PackedTable) and len(packed.parts.heights) > 1
    assert packed.take().equals(whole.take())
    picked = random.Random(1).sample(range(whole.height), 100)
    for rows in (picked, sorted(picked), [0], []):
        wanted = pl.Series(rows, dtype=pl.UInt32)
        assert packed.take(wanted).equals(whole.take(wanted))
        assert packed.take(wanted, ["message", "time"]).equals(whole.take(wanted, ["message", "time"]))


def test_what_is_counted_and_told_is_the_same(tables: tuple[EventTable, EventTable]) -> None:
    """Row by row, also after hosts were named anew."""
    whole, packed = tables
    text = [pl.col(name).cast(pl.String) for name, dtype in COUNTED.items() if dtype == pl.Categorical()]
    assert packed.counted.with_columns(text).equals(whole.counted)
    words = pl.col("message").str.len_chars()
    assert packed.evaluated(words).equals(whole.evaluated(words))
    host = whole.counted["host"][0]
    renamed = [table.renamed("host", {host: "another"}).take() for table in tables]
    assert renamed[0].equals(renamed[1]) and "another" in renamed[1]["host"]


def test_a_training_is_told_the_same_stories_and_trouble_without_the_words(
    tables: tuple[EventTable, EventTable],
) -> None:
    """Of the words it takes the ids that lines name; what rules call a failure is fetched for the complaints alone."""
    whole, packed = tables
    events = events_without_words(packed, objects=True)
    told, wanted = build_stories(events), build_stories(whole.take())
    assert {"instance", "request"} <= set(wanted.kind)
    assert (told.names, told.kind) == (wanted.names, wanted.kind)
    assert np.array_equal(told.rows, wanted.rows) and np.array_equal(told.offsets, wanted.offsets)
    assert "detail" not in events.columns
    durations = Baseline.learn(events).templates["slowest_seconds"]
    assert durations.count() > 0 and durations.equals(Baseline.learn(whole.take()).templates["slowest_seconds"])
    failing = find_trouble(packed, load_catalogue())
    assert failing.any() and np.array_equal(failing, find_trouble(whole, load_catalogue()))


@pytest.mark.parametrize("incident", INCIDENTS, ids=[path.name for path in INCIDENTS])
def test_the_answer_is_the_same_where_most_everyday_lines_are_only_counted(
    incident: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = answer(incident)
    monkeypatch.setattr(words_needed, "MOST_WORDS", 400)
    assert answer(incident) == whole


@pytest.mark.parametrize("incident", INCIDENTS, ids=[path.name for path in INCIDENTS])
def test_the_first_answer_is_the_same_where_most_complaints_are_only_counted_too(
    incident: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = answer(incident)
    monkeypatch.setattr(words_needed, "MOST_WORDS", 400)
    monkeypatch.setattr(words_needed, "MOST_COMPLAINTS", 100)
    some = answer(incident)
    assert some["verdict"] == whole["verdict"]
    assert [(one["component"], one["category"]) for one in some["causes"][:1]] == [
        (one["component"], one["category"]) for one in whole["causes"][:1]
    ]
