"""Steady tasks: when one that stopped is evidence, and when it is not."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import chain

import polars as pl
import pytest

from openstack_rca.rca.evidence import Finding, NormalRates, stopped_tasks
from openstack_rca.rca.vocabulary import Category

START = datetime(2026, 1, 1, tzinfo=UTC)
LOOP, WORK = 1, 2
WHOLE = range(0, 600, 2)
Line = tuple[float, str, int, int, str]


def steady(times: Sequence[float], kind: int, host: str = "a", process: int = 100, level: str = "INFO") -> list[Line]:
    return [(float(second), host, process, kind, level) for second in times]


def stopped(period: float, *logged: list[Line]) -> list[Finding]:
    """What is found where the loop normally comes so often."""
    schema = ["second", "host", "process", "template_id", "level"]
    told = pl.DataFrame(sorted(chain(*logged)), schema=schema, orient="row").with_row_index("row")
    told = told.with_columns(
        pl.col("template_id").cast(pl.UInt64),
        time=pl.lit(START).dt.cast_time_unit("us") + pl.duration(milliseconds=pl.col("second") * 1000),
        component=pl.lit("neutron-macvtap-agent"),
        template=pl.lit("loop <*> started"),
    )
    kinds = pl.DataFrame(
        {"component": ["neutron-macvtap-agent"], "template_id": [LOOP], "period_seconds": [period]},
        schema_overrides={"template_id": pl.UInt64},
    )
    rates = NormalRates(kinds.select("component", "template_id", normal_per_minute=30.0), periods=kinds)
    return stopped_tasks(told.drop("process", "template"), rates, lambda rows, names: told.select(names)[rows])


def test_a_loop_that_stops_while_its_process_works_on_hangs() -> None:
    (found,) = stopped(2.1, steady(WHOLE[:100], LOOP), steady(WHOLE, WORK), steady(WHOLE, LOOP, "b"))
    assert (found.accused, found.accused_host, found.category) == ("neutron-macvtap-agent", "a", Category.HANG)
    assert (found.first - START).total_seconds() == 198
    assert found.compared, "it goes on on another host"
    assert found.complains
    (alone,) = stopped(2.1, steady(WHOLE[:100], LOOP), steady(WHOLE, WORK))
    assert not alone.compared


@pytest.mark.parametrize(
    ("period", "logged"),
    [
        (2.1, [steady(WHOLE, LOOP), steady(WHOLE, WORK)]),
        (2.1, [steady(WHOLE[:100], LOOP), steady(WHOLE[:105], WORK)]),
        (2.1, [steady(WHOLE[:100], LOOP), steady(WHOLE[100:], WORK, process=101)]),
        (2.1, [steady([*WHOLE[:100], *WHOLE[140:]], LOOP), steady(WHOLE, WORK)]),
        (2.1, [steady(WHOLE[:100], LOOP, level="DEBUG"), steady(WHOLE, WORK)]),
        (2.1, [steady(range(0, 400, 60), LOOP), steady(WHOLE, WORK)]),
        (200.0, [steady([0.0, 100.0, 200.0], LOOP), steady(WHOLE, WORK)]),
        (2.1, [steady([100.0], LOOP), steady(WHOLE, WORK)]),
    ],
    ids=[
        "it goes on",
        "its process ends too",
        "another process took over",
        "it was held up and comes back",
        "lines of its level are written no more",
        "it has another interval here",
        "it is hardly late",
        "it came once",
    ],
)
def test_a_task_that_did_not_surely_stop_is_none(period: float, logged: list[list[Line]]) -> None:
    assert not stopped(period, *logged)
