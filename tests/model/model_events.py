"""Synthetic but realistic logs, and the settings of a small model."""

from datetime import UTC, datetime, timedelta
from uuid import NAMESPACE_OID, uuid5

import numpy as np
import polars as pl

from openstack_rca.logs.event_table import EVENT_SCHEMA
from openstack_rca.logs.templates import template_ids
from openstack_rca.model.card import TrainingConfig
from openstack_rca.model.stories import Stories

BEGIN = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

# Per service: how a request goes through it. The LSTM has to learn that the second line depends on the first.
REQUESTS: dict[str, list[list[tuple[str, str]]]] = {
    "nova-api": [
        [("INFO", "POST /servers status: 202 len: <*> time: <*>"), ("INFO", "Creating event for <*>")],
        [("INFO", "GET /servers status: 200 len: <*> time: <*>"), ("INFO", "Listing servers took <*>")],
        [("INFO", "DELETE /servers/<*> status: 204 len: <*>"), ("INFO", "Event for <*> sent")],
    ],
    "nova-compute": [
        [("INFO", "Claim successful on node <*>"), ("INFO", "Creating image"), ("INFO", "Instance spawned in <*>")],
        [("INFO", "Terminating instance"), ("INFO", "Instance destroyed successfully"), ("INFO", "Took <*> seconds")],
    ],
    "neutron-server": [
        [("INFO", "POST /ports status: 201 time: <*>"), ("DEBUG", "Port <*> bound"), ("INFO", "PUT /ports/<*> done")],
        [("INFO", "GET /networks status: 200 time: <*>")],
    ],
    "rabbitmq": [[("INFO", "accepting AMQP connection <*>"), ("INFO", "connection <*> authenticated")]],
}
STREAMS = [
    ("controller", "nova-api"),
    ("controller", "neutron-server"),
    ("controller", "rabbitmq"),
    ("compute1", "nova-compute"),
    ("compute2", "nova-compute"),
]


LOST = "Lost connection to MySQL server <*>"
COLUMNS = ["time", "host", "service", "level", "template"]


def make_events(rows: list[tuple[datetime | None, str | None, str | None, str, str]]) -> pl.DataFrame:
    """An events table from (time, host, service, level, template)."""
    frame = pl.DataFrame(
        rows, schema=["time", "host", "service", "level", "template"], orient="row", infer_schema_length=None
    )
    lines = pl.int_range(1, len(rows) + 1, dtype=pl.Int32)
    frame = frame.with_columns(
        pl.col("template").alias("message"),
        template_ids(frame["template"].cast(pl.String)).alias("template_id"),
        pl.lit("controller/all.log").alias("file"),
        lines.alias("line"),
        pl.lit(1, dtype=pl.Int32).alias("lines"),
    )
    absent = [pl.lit(None).alias(name) for name in EVENT_SCHEMA if name not in frame.columns]
    return frame.with_columns(absent).select(pl.col(name).cast(kind) for name, kind in EVENT_SCHEMA.items())


def normal_events(minutes: float = 8.0, seed: int = 0, begin: datetime = BEGIN) -> pl.DataFrame:
    """A recording without faults, some 500 events a minute, each stream a row of requests at random moments."""
    random = np.random.default_rng(seed)
    rows: list[tuple[datetime | None, str | None, str | None, str, str]] = []
    for host, service in STREAMS:
        moment = 0.0
        while moment < minutes * 60.0:
            request = REQUESTS[service][int(random.integers(len(REQUESTS[service])))]
            for level, template in request:
                rows.append((begin + timedelta(seconds=moment), host, service, level, template))
                moment += float(random.uniform(0.01, 0.2))
            moment += float(random.exponential(1.2))
            if random.random() < 0.003:
                rows.append(
                    (
                        begin + timedelta(seconds=moment),
                        host,
                        service,
                        "WARNING",
                        f"rare trouble {random.integers(30)}x",
                    )
                )
    return make_events(rows).sort("time", maintain_order=True)


def incident_events(seed: int, begin: datetime = BEGIN) -> tuple[pl.DataFrame, datetime, datetime]:
    """Two minutes of normal logs; in the second one a database is away and services say so."""
    frame = normal_events(2.0, seed, begin)
    start, end = begin + timedelta(seconds=60), begin + timedelta(seconds=120)
    random = np.random.default_rng(seed)
    rows = [
        (
            start + timedelta(seconds=float(moment)),
            "controller",
            "nova-api",
            "ERROR",
            "Lost connection to MySQL server <*>",
        )
        for moment in np.sort(random.uniform(0.0, 60.0, 80))
    ]
    return pl.concat([frame, make_events(list(rows))]).sort("time", maintain_order=True), start, end


STORY: dict[str, list[tuple[str, str, float]]] = {
    "instance": [
        ("nova-api", "Accepted a server", 0.0),
        ("nova-scheduler", "Chose a host", 0.2),
        ("nova-compute", "Claimed", 0.3),
        ("neutron-server", "Created a port", 0.5),
        ("nova-compute", "Spawned", 2.0),
    ],
    "volume": [
        ("cinder-api", "Accepted a volume", 0.0),
        ("cinder-scheduler", "Chose a pool", 0.1),
        ("cinder-volume", "Made the volume", 0.8),
    ],
}
"""Kind of story -> its steps: service, template, seconds since the step before it (in the mean)."""


def story_rows(
    kind: str, begin: datetime, random: np.random.Generator
) -> list[tuple[datetime | None, str | None, str | None, str, str]]:
    """One whole story of a kind, each wait within a factor of two."""
    moment, rows = begin, []
    for service, template, seconds in STORY[kind]:
        moment += timedelta(seconds=seconds * float(random.uniform(0.7, 1.4)))
        rows.append((moment, "controller", service, "INFO", template))
    return rows


def told_stories(count: int = 60, seed: int = 0, minutes: float = 8.0) -> tuple[pl.DataFrame, Stories]:
    """Interleaved stories of both kinds, all ended."""
    random = np.random.default_rng(seed)
    kinds = [("instance", "volume")[int(random.integers(2))] for _ in range(count)]
    rows, of_row = [], []
    for number, kind in enumerate(kinds):
        told = story_rows(kind, BEGIN + timedelta(seconds=float(random.uniform(0, minutes * 60))), random)
        rows += told
        of_row += [number] * len(told)
    order = sorted(range(len(rows)), key=lambda row: rows[row][0])  # type: ignore[arg-type,return-value]
    owner = np.asarray([of_row[row] for row in order])
    return make_events([rows[row] for row in order]), Stories(
        rows=np.argsort(owner, kind="stable").astype(np.int64),
        offsets=np.append(0, np.cumsum(np.bincount(owner, minlength=count))).astype(np.int64),
        ended=np.ones(count, dtype=np.bool_),
        kind=kinds,
        names=[f"object-{number}" for number in range(count)],
    )


def told_recording(count: int = 700, seed: int = 0, minutes: float = 12.0) -> pl.DataFrame:
    """The same as logs: every story is a request with an id, as ``build_stories`` finds it."""
    events, stories = told_stories(count, seed, minutes)
    names = np.empty(events.height, dtype=object)
    names[stories.rows] = np.repeat(
        [f"req-{uuid5(NAMESPACE_OID, name)}" for name in stories.names], np.diff(stories.offsets)
    )
    return events.with_columns(pl.Series("request_id", names.tolist(), dtype=pl.String))


SMALL = TrainingConfig(
    epochs=8, batch_size=8, lstm_units=24, embedding_units=12, chunk_length=48, learning_rate=0.02, seed=3
)
