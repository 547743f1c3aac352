"""Of a stretch with too many events the words of some are read: those that tell of trouble, and some of everyday work."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import polars as pl
import pytest

from openstack_rca.logs.event_table import EVENT_SCHEMA, EventTable
from openstack_rca.rca.evidence import ExpectedSteps, NormalRates, add_novelty, observe, with_needed_words, words_needed
from openstack_rca.rca.knowledge import load_catalogue, load_topology

START = datetime(2026, 11, 24, tzinfo=UTC)
EVERYDAY = 2_000
TOPOLOGY = load_topology()


def told(line: str, level: str = "INFO", kinds: int = 1) -> tuple[pl.DataFrame, EventTable]:
    """Everyday lines of one second each, with one more in the middle of them, as they are counted; and their table."""
    lines = [("everyday", "INFO")] * (EVERYDAY // 2) + [(line, level)] + [("everyday", "INFO")] * (EVERYDAY // 2)
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


def test_where_there_are_few_events_the_words_of_all_are_read() -> None:
    observed, table = told("everyday")
    assert rows(observed, table) == observed["row"].to_list()
