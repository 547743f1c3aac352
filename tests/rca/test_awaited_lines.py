"""Lines that the network awaits in vain: when they are evidence, and when they are not."""

from collections.abc import Sequence
from datetime import UTC, datetime

import polars as pl
import pytest

from openstack_rca.rca.evidence import Finding, awaited_lines
from openstack_rca.rca.knowledge import load_topology
from openstack_rca.rca.vocabulary import Category

START = datetime(2026, 1, 1, tzinfo=UTC)
EVENT = "Nova event matching [<*>] response: <*>"


def left_off(
    awaited: float,
    *,
    component: str = "neutron-server",
    template: str = EVENT,
    level: str = "INFO",
    request: str | None = None,
    earlier: Sequence[float] = (1.0, 0.5, 2.0, 0.0),
    goes_on: int = 120,
) -> list[Finding]:
    """What is found where a kind comes five times, is then awaited so often, and its process goes on for so many seconds."""
    own = [*earlier, awaited]
    times = [10.0 * number for number in range(len(own))]
    other = [times[-1] + second for second in range(1, goes_on, 3)]
    events = pl.DataFrame(
        {
            "second": times + other,
            "template_id": pl.Series([1] * len(own) + [2] * len(other), dtype=pl.UInt64),
            "awaited": pl.Series([*own, *[0.0] * len(other)], dtype=pl.Float32),
        }
    ).with_columns(
        row=pl.int_range(pl.len(), dtype=pl.UInt32),
        time=pl.lit(START).dt.cast_time_unit("us") + pl.duration(milliseconds=pl.col("second") * 1000),
        component=pl.lit(component),
        host=pl.lit("ctl1"),
        level=pl.lit(level),
        template=pl.lit(template),
        request_id=pl.lit(request),
        global_request_id=pl.lit(None, dtype=pl.String),
    )
    observed = events.drop("awaited", "template", "request_id", "global_request_id")
    return awaited_lines(observed, events["awaited"], lambda rows, names: events.select(names)[rows], load_topology())


def test_a_process_that_goes_on_without_what_the_network_awaits_of_it_left_that_off() -> None:
    (found,) = left_off(20.0)
    assert (found.accused, found.accused_host, found.category) == ("neutron-server", "ctl1", Category.HANG)
    assert (found.first - START).total_seconds() == 40
    assert found.complains and found.count == 0, "the line that it cites complains of nothing"
    (asked,) = left_off(20.0, component="nova-compute", request="req-1")
    assert asked.accused == "nova-compute", "a worker's requests are its work"


@pytest.mark.parametrize(
    "logged",
    [
        {"awaited": 8.0},
        {"awaited": 20.0, "request": "req-1"},
        {"awaited": 20.0, "template": '<*> "GET /v2.0/ports?<*>" status: 200'},
        {"awaited": 20.0, "level": "WARNING"},
        {"awaited": 20.0, "earlier": (1.0, 12.0, 0.5, 1.0)},
        {"awaited": 20.0, "earlier": (1.0,)},
        {"awaited": 20.0, "goes_on": 20},
    ],
    ids=[
        "chance leaves it as long",
        "an API's users ask for less",
        "a reader asks no more",
        "a complaint that is over",
        "this cloud's process is another",
        "it hardly came",
        "it may still come",
    ],
)
def test_what_may_come_as_others_like_is_not_missed(logged: dict[str, object]) -> None:
    assert not left_off(**logged)  # type: ignore[arg-type]
