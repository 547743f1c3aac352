"""The table of formats in docs/logs.md is that of the code."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from openstack_rca.logs.parsing import format_names

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """The script that writes the table."""
    spec = importlib.util.spec_from_file_location("make_format_table", ROOT / "scripts/make_format_table.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_table_of_formats_is_current(script: ModuleType) -> None:
    """docs/logs.md is what `make reference` writes of the formats of today."""
    text = (ROOT / "docs" / "logs.md").read_text()
    assert script.with_table(text) == text


def test_every_format_that_can_be_forced_is_in_the_table(script: ModuleType) -> None:
    """`--log-format` takes no name that the table does not explain."""
    named = {line.split("|")[1].strip() for line in script.table().splitlines() if line.startswith("| ")}
    assert set(format_names()) <= named


@pytest.mark.parametrize(
    ("pattern", "shape"),
    [
        (r"^(?P<stamp>\d+) \[(?P<level>[A-Z]+)\](?: (?P<message>.*))?$", "STAMP [LEVEL] [MESSAGE]"),
        (r"^(?:a|b) (?P<x>y)$", "a X"),
        (r"^<(?P<priority>\d+)>\S+: z?$", "<PRIORITY>\u2026:"),
    ],
)
def test_a_pattern_is_told_by_its_shape(script: ModuleType, pattern: str, shape: str) -> None:
    """Named parts in capitals, optional ones in brackets, the first of alternatives, an ellipsis for what varies."""
    assert script.shape(pattern) == shape
