"""Tables that are put away come back as they were, in order, whole or some columns of them."""

import tempfile

import polars as pl
import pytest

from openstack_rca.logs.event_table import EVENT_SCHEMA
from openstack_rca.logs.packed_parts import PackedParts


def part(number: int) -> pl.DataFrame:
    """A table with every type of the events table, and with gaps."""
    text = [f"message with a long text {number}", None, ""]
    given = {name: text if dtype == pl.String() else [None, None, None] for name, dtype in EVENT_SCHEMA.items()}
    return pl.DataFrame({**given, "line": [number, 2, None], "level": ["ERROR", None, "INFO"]}, schema=EVENT_SCHEMA)


@pytest.mark.parametrize("count", [0, 1, 5])
def test_what_goes_in_comes_out(count: int) -> None:
    """None, one, or several; also from the same file by who knows only where they lie."""
    with tempfile.TemporaryFile() as file:
        parts = PackedParts(file)
        for number in range(count):
            parts.add(part(number))
        for reader in (parts, PackedParts(file, parts.index)):
            found = [reader.read(number) for number in range(count)]
            assert [each.rows() for each in found] == [part(number).rows() for number in range(count)]
            assert all(each.schema == pl.Schema(EVENT_SCHEMA) for each in found)
            assert [reader.read(number, ["line"]).columns for number in range(count)] == [["line"]] * count
            assert reader.heights == [3] * count
