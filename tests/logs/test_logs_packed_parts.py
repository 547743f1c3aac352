"""Tables that wait to be put together come back as they were, in order."""

from __future__ import annotations

import polars as pl
import pytest

from openstack_rca.logs.events import EVENT_SCHEMA
from openstack_rca.logs.packed_parts import PackedParts


def part(number: int) -> pl.DataFrame:
    """A table with every type of the events table, and with gaps."""
    text = [f"message with a long text {number}", None, ""]
    given = {name: text if dtype == pl.String() else [None, None, None] for name, dtype in EVENT_SCHEMA.items()}
    return pl.DataFrame({**given, "line": [number, 2, None], "level": ["ERROR", None, "INFO"]}, schema=EVENT_SCHEMA)


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_what_goes_in_comes_out(count: int) -> None:
    """None, one, or several; and nothing is left behind."""
    parts = PackedParts()
    for number in range(count):
        parts.add(part(number))
    found = parts.take_all()
    assert [each.to_dict(as_series=False) for each in found] == [part(n).to_dict(as_series=False) for n in range(count)]
    assert all(each.schema == pl.Schema(EVENT_SCHEMA) for each in found)
    assert parts.take_all() == []
