"""However logs are handed over, they are the same events."""

from functools import cache
from pathlib import Path

import polars as pl
import pytest
from tests.logs.repacking import ADDRESSES, PACKINGS, load

from openstack_rca.logs.events import read_logs
from openstack_rca.rca.knowledge.topology import load_topology

SAMPLES = Path(__file__).resolve().parents[2] / "samples" / "incidents"
INCIDENTS = sorted(folder.name for folder in SAMPLES.iterdir())
COLUMNS = [
    "host",
    "service",
    "time",
    "line",
    "level",
    "logger",
    "message",
    "exception",
    "request_id",
    "instance_id",
    "template_id",
]


def table(paths: list[Path]) -> pl.DataFrame:
    """What the events say, wherever the file was; hosts by name."""
    canonical = load_topology().canonical
    events = read_logs(paths).events
    names = {name: canonical(name) or name for name in events["service"].unique().to_list()}
    hosts = {address: name for name, address in ADDRESSES.items()}
    return (
        events.with_columns(
            pl.col("service").replace(names), pl.col("host").replace(hosts), pl.col("level").cast(pl.String)
        )
        .select(COLUMNS)
        .sort(COLUMNS, nulls_last=True)
    )


@cache
def plain(incident: str) -> pl.DataFrame:
    return table([SAMPLES / incident / "logs"])


@pytest.mark.parametrize(("number", "packing"), list(enumerate(PACKINGS)), ids=list(PACKINGS))
def test_an_incident_holds_the_same_events_in_every_packing(number: int, packing: str, tmp_path: Path) -> None:
    """Column by column: host, service, time, line, level, logger, message, exception, ids, template.

    Two incidents a packing; each incident has its turn.
    """
    for incident in (INCIDENTS[number % len(INCIDENTS)], INCIDENTS[(number + 3) % len(INCIDENTS)]):
        folder = tmp_path / incident
        folder.mkdir()
        PACKINGS[packing](load(SAMPLES / incident / "logs"), folder)
        found, expected = table([folder]), plain(incident)
        assert found.height == expected.height, incident
        for column in COLUMNS:
            assert found[column].equals(expected[column], null_equal=True), (incident, column)
