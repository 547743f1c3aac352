"""Whether long logs are of OpenStack at all: a few events of each kind are asked, not all words at once."""

from collections.abc import Sequence

import polars as pl
import pytest

from openstack_rca.rca.evidence import clearance
from openstack_rca.rca.evidence.clearance import tells_of_openstack

KINDS = ["served a page"] * 40 + ["wrote to the disk"] * 40
MOST = 10


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clearance, "_TOLD_ROWS", MOST)


def tells(messages: Sequence[str]) -> tuple[bool, int]:
    """Whether such messages of a web server tell of OpenStack, and the words of how many were asked for."""
    events = pl.DataFrame({"component": "nginx", "service": "nginx", "message": messages}).with_row_index("row")
    asked = 0

    def words(rows: pl.Series, columns: Sequence[str]) -> pl.DataFrame:
        nonlocal asked
        asked += len(rows)
        return events.with_columns(logger=pl.lit("http"))[rows].select(columns)

    return tells_of_openstack(events.with_columns(template_id=pl.col("message").hash()), words), asked


def test_of_many_events_that_are_none_of_openstacks_only_some_words_are_asked_for() -> None:
    assert tells(KINDS) == (False, MOST)


def test_one_event_of_its_own_kind_that_speaks_of_openstack_is_heard_among_many() -> None:
    assert tells([*KINDS, "Out of memory: killed nova-compute"])[0]
