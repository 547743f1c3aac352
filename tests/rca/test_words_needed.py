"""Of a stretch with too many events the words of some are read: those that tell of trouble, and some of everyday work."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import polars as pl
import pytest

from openstack_rca.logs.event_table import EVENT_SCHEMA, EventTable
from openstack_rca.rca.evidence import (
    ExpectedSteps,
    NormalRates,
    add_novelty,
    match_signatures,
    new_errors,
    observe,
    with_needed_words,
    with_words,
    words_needed,
)
from openstack_rca.rca.evidence.ended_well import good_ends_soon
from openstack_rca.rca.knowledge import load_catalogue, load_topology

START = datetime(2026, 11, 24, tzinfo=UTC)
EVERYDAY = 2_000
UNREACHABLE = "AMQP server on 127.0.0.1:5672 is unreachable: [Errno 111] ECONNREFUSED. Trying again in 1 seconds."
TOPOLOGY = load_topology()


def told(line: str, level: str = "INFO", kinds: int = 1, times: int = 1) -> tuple[pl.DataFrame, EventTable]:
    """Everyday lines of one second each, with one more in the middle of them, as they are counted; and their table.

    ``times``: so many of that one.
    """
    lines = (
        [("everyday", "INFO")] * (EVERYDAY // 2) + [(line, level)] * times + [("everyday", "INFO")] * (EVERYDAY // 2)
    )
    events = pl.DataFrame(
        [
            {
                "time": START + timedelta(seconds=second),
                "service": "nova-novncproxy",
                "host": "compute1",
                "level": level,
                "message": line,
                "template_id": second % kinds,
            }
            for second, (line, level) in enumerate(lines)
        ],
    )
    missing = {name: pl.lit(None, dtype) for name, dtype in EVENT_SCHEMA.items() if name not in events.columns}
    table = EventTable.of(events.with_columns(**missing).select(pl.col(n).cast(t) for n, t in EVENT_SCHEMA.items()))
    return add_novelty(observe(table, TOPOLOGY), NormalRates.empty(), 30.0), table


def rows(observed: pl.DataFrame, table: EventTable) -> list[int]:
    found = with_needed_words(observed, table, load_catalogue(), TOPOLOGY, ExpectedSteps())
    return found["row"].to_list()


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(words_needed, "MOST_WORDS", 100)
    return 100


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("Something odd", "WARNING"),
        ("aborting", "INFO"),
        ("4: connecting to: 127.0.0.1:5903", "INFO"),
    ],
    ids=["complaint", "end of a process", "rule"],
)
def test_the_words_of_a_line_that_tells_of_trouble_are_read(line: str, level: str) -> None:
    assert EVERYDAY // 2 in rows(*told(line, level))


@pytest.mark.usefixtures("few")
def test_the_last_event_of_a_request_that_got_no_further_is_read() -> None:
    observed, table = told("everyday")
    steps = pl.DataFrame({"state": ["missing"], "last_row": [777]})
    found = with_needed_words(observed, table, load_catalogue(), TOPOLOGY, ExpectedSteps(steps))
    assert 777 in found["row"]


@pytest.mark.parametrize("kinds", [1, EVERYDAY], ids=["one kind", "no two of a kind"])
def test_of_everyday_lines_no_more_are_read_than_memory_is_meant_to_hold(few: int, kinds: int) -> None:
    assert len(rows(*told("everyday", kinds=kinds))) <= few


@pytest.mark.usefixtures("few")
def test_who_wrote_when_stays_to_be_seen() -> None:
    """The everyday lines whose words are read lie all over the stretch, its first and its last one among them."""
    found = rows(*told("everyday"))
    assert (found[0], found[-1]) == (0, EVERYDAY)
    assert max(later - one for one, later in pairwise(found)) <= EVERYDAY // 10


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize(
    ("line", "level", "kinds"),
    [("Something odd", "WARNING", 1), (UNREACHABLE, "ERROR", 1), (UNREACHABLE, "ERROR", 2 * EVERYDAY)],
    ids=["of no rule", "of a rule", "no two of a kind"],
)
def test_of_too_many_complaints_some_are_read_and_stand_for_all(
    line: str, level: str, kinds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(words_needed, "MOST_COMPLAINTS", 60)
    found = with_needed_words(*told(line, level, kinds, EVERYDAY), load_catalogue(), TOPOLOGY, ExpectedSteps())
    complaints = found.filter(pl.col("level") == level)
    assert complaints.height <= 60
    assert complaints["stands_for"].sum() == EVERYDAY
    assert (complaints["row"].min(), complaints["row"].max()) == (EVERYDAY // 2, EVERYDAY // 2 + EVERYDAY - 1)


@pytest.mark.usefixtures("few")
def test_a_finding_counts_the_complaints_whose_words_were_not_read_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words_needed, "MOST_COMPLAINTS", 60)
    observed, table = told(UNREACHABLE, "ERROR", times=EVERYDAY)
    some = with_words(with_needed_words(observed, table, load_catalogue(), TOPOLOGY, ExpectedSteps()), table)
    by_rule, by_words = match_signatures(some, load_catalogue(), TOPOLOGY, 30.0).findings, new_errors(some, 30.0)
    assert [one.count for one in (*by_rule, *by_words)] == [EVERYDAY, EVERYDAY]


def test_good_ends_that_a_speaker_told_soon_after_it_tried_again_are_found() -> None:
    lines = {
        1: "Error connecting, retrying in 2 seconds",
        3: "Reconnected to the broker",
        900: "Reconnected to the broker",
    }
    counted = pl.DataFrame(
        {
            "row": list(lines),
            "time": [START + timedelta(seconds=second) for second in lines],
            "component": "nova-compute",
            "host": None,
            "level": ["WARNING", "INFO", "INFO"],
            "failed": False,
            "text": list(lines.values()),
        },
        schema_overrides={"host": pl.String},
    )
    found = good_ends_soon(counted[:1], counted, lambda rows: pl.DataFrame({"message": [lines[row] for row in rows]}))
    assert found.to_list() == [3]


def test_where_there_are_few_events_the_words_of_all_are_read() -> None:
    observed, table = told("everyday")
    assert rows(observed, table) == observed["row"].to_list()
