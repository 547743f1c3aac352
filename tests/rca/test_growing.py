"""Of lines that are alike but for a quantity that grows, the last one is the worst, and is the proof."""

from datetime import timedelta

import polars as pl
import pytest
from test_kinds_of_fault import CATALOGUE, TOPOLOGY, observed

from openstack_rca.rca.evidence import match_signatures
from openstack_rca.rca.evidence.growing import last_of_growing


@pytest.mark.parametrize(
    ("shares", "told"),
    [((91, 95, 100), "100.00%"), ((98, 91, 95), "98.00%")],
    ids=["what grows ends worst", "what goes up and down is told first"],
)
def test_of_figures_that_grow_the_last_line_is_the_proof(shares: tuple[int, ...], told: str) -> None:
    lines = [
        observed(f"Thin pool vg-pool-tpool data is now {share}.00% full.", "host", "WARNING").with_columns(
            row=pl.lit(row, pl.UInt32), time=pl.col("time") + timedelta(minutes=row)
        )
        for row, share in enumerate(shares)
    ]
    (found,) = match_signatures(pl.concat(lines), CATALOGUE, TOPOLOGY, 1.0).findings
    assert told in found.title and told in found.proofs[0] and found.count == len(shares)


@pytest.mark.parametrize(
    ("titles", "last"),
    [
        (["the pool is 80 % full", "the pool is 95 % full"], True),
        (["nothing listens on port 5000", "nothing listens on port 9292"], False),
        (["40 GB are free", "2 GB are free"], True),
        (["osd.3 is full", "osd.12 is full"], False),
        (["nothing listens at 192.0.2.9:80", "nothing listens at 192.0.2.10:443"], False),
        (["disk sda is full", "disk sdb is full"], False),
        (["the pool is 90 % full"], False),
    ],
)
def test_only_figures_grow_not_names(titles: list[str], last: bool) -> None:
    assert last_of_growing(titles) == (titles[-1] if last else None)
