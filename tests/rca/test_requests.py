"""The way of a failed request through the services."""

from datetime import UTC, datetime, timedelta

import polars as pl

from openstack_rca.rca.evidence.finding import Finding
from openstack_rca.rca.judgement import Candidate
from openstack_rca.rca.report.failed_requests import MAX_STEPS, failed_requests
from openstack_rca.rca.vocabulary import Category, Directness, EvidenceSort

START = datetime(2026, 1, 1, tzinfo=UTC)
Row = tuple[str, str, str | None, str | None, str | None]


def events(rows: list[Row]) -> pl.DataFrame:
    """Component, level, request id, global request id, instance; a second apart."""
    count = len(rows)
    return pl.DataFrame(
        {
            "row": list(range(count)),
            "time": [START + timedelta(seconds=number) for number in range(count)],
            "component": [row[0] for row in rows],
            "host": ["node1"] * count,
            "level": [row[1] for row in rows],
            "request_id": pl.Series([row[2] for row in rows], dtype=pl.String),
            "global_request_id": pl.Series([row[3] for row in rows], dtype=pl.String),
            "instance_id": pl.Series([row[4] for row in rows], dtype=pl.String),
            "template_id": pl.Series(range(count), dtype=pl.UInt64),
            "file": ["a.log"] * count,
            "line": list(range(1, count + 1)),
            "message": [f"line {number}" for number in range(count)],
        },
        schema_overrides={"time": pl.Datetime("us", "UTC")},
    )


def cause(*rows: int) -> Candidate:
    found = Finding(
        sort=EvidenceSort.SIGNATURE,
        directness=Directness.ACCUSATION,
        accused="neutron-server",
        category=Category.HANG,
        title="t",
        why="w",
        weight=0.5,
        rows=rows,
        count=len(rows),
        first=START,
        last=START,
    )
    return Candidate("neutron-server", [found])


def test_a_request_is_followed_through_its_services_in_time_order() -> None:
    observed = events(
        [
            ("nova-api", "INFO", "req-1", None, None),
            ("nova-conductor", "INFO", "req-1", None, None),
            ("keystone", "INFO", "req-9", None, None),
            ("neutron-server", "ERROR", "req-2", "req-1", None),
            ("nova-compute", "ERROR", "req-1", None, "vm-1"),
        ]
    )
    (path,) = failed_requests([cause(3)], observed)
    assert path.request_id == "req-1"
    assert [step.component for step in path.steps] == ["nova-api", "nova-conductor", "neutron-server", "nova-compute"]
    assert path.instance_id == "vm-1"


def test_a_request_without_an_error_is_no_failed_request() -> None:
    assert failed_requests([cause(0)], events([("nova-api", "INFO", "req-1", None, None)])) == []


def test_evidence_without_request_ids_has_no_path() -> None:
    assert failed_requests([cause(0)], events([("rabbitmq", "ERROR", None, None, None)])) == []


def test_the_same_error_again_is_not_another_step() -> None:
    rows: list[Row] = [("nova-compute", "ERROR", "req-1", None, None)] * 30
    observed = events(rows).with_columns(template_id=pl.lit(7, dtype=pl.UInt64))
    (path,) = failed_requests([cause(0)], observed)
    assert len(path.steps) == 1


def test_a_long_way_is_cut() -> None:
    rows: list[Row] = [("nova-compute", "ERROR", "req-1", None, None)] * 30
    (path,) = failed_requests([cause(0)], events(rows))
    assert len(path.steps) == MAX_STEPS
