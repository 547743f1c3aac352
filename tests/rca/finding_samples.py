"""Findings and events for tests of the judgement, with what a test does not care about filled in."""

from datetime import UTC, datetime, timedelta

import polars as pl

from openstack_rca.rca.evidence import Finding
from openstack_rca.rca.vocabulary import Category, Directness, EvidenceSort

START = datetime(2026, 1, 1, tzinfo=UTC)


def finding(
    accused: str,
    accuser: str,
    host: str = "ctl",
    *,
    at: float = 0.0,
    lasts: float = 60.0,
    count: int = 5,
    weight: float = 0.7,
    category: Category = Category.PROCESS_DOWN,
    directness: Directness = Directness.ACCUSATION,
    sort: EvidenceSort = EvidenceSort.SIGNATURE,
    signature: str | None = None,
    row: int = 0,
) -> Finding:
    """A finding that lasts a minute."""
    return Finding(
        sort=sort,
        directness=directness,
        accused=accused,
        accused_host=host if accused == accuser else None,
        accuser=accuser,
        accuser_host=host,
        category=category,
        title=f"{accuser} says something of {accused}",
        why="a reason",
        weight=weight,
        rows=(row,),
        count=count,
        first=START + timedelta(seconds=at),
        last=START + timedelta(seconds=at + lasts),
        signature=signature,
    )


def events(
    *streams: tuple[str, str], texts: dict[int, str] | None = None, until: dict[str, float] | None = None
) -> pl.DataFrame:
    """Ten minutes in which each (component, host) logs every five seconds, up to a moment where ``until`` gives one."""
    rows = [
        (component, host, second)
        for second in range(-300, 300, 5)
        for component, host in streams
        if second < (until or {}).get(component, 300)
    ]
    return pl.DataFrame(
        {
            "row": list(range(len(rows))),
            "text": [(texts or {}).get(number, "ordinary") for number in range(len(rows))],
            "component": [row[0] for row in rows],
            "host": [row[1] for row in rows],
            "time": [START + timedelta(seconds=row[2]) for row in rows],
        },
        schema_overrides={"time": pl.Datetime("us", "UTC"), "row": pl.UInt32},
    )
