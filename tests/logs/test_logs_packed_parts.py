"""Tables that are put away come back as they were, in order, whole or some columns of them."""

import tempfile
from pathlib import Path
from typing import Any

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


def full_disk(**_: Any) -> Any:
    """A file that finds no room for what is written to it."""
    return Path("/dev/full").open("r+b")


@pytest.mark.parametrize("temporary_files", [tempfile.TemporaryFile, full_disk], ids=["room", "full"])
def test_a_full_disk_loses_no_words(temporary_files: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """They go to the folder of temporary files; where that is full too they stay in memory."""
    monkeypatch.setattr(tempfile, "TemporaryFile", temporary_files)
    parts = PackedParts(full_disk())
    parts.add(part(0))
    parts.add(part(1))
    assert [parts.read(number).rows() for number in range(2)] == [part(number).rows() for number in range(2)]
