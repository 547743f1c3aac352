"""The newest runs, straight from an sqlite database: importing MLflow takes many times longer than reading them."""

from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from openstack_rca.lifecycle.mlflow.registry_reader import open_to_read
from openstack_rca.lifecycle.records import TAG

TAG_KIND = TAG + "kind"
STEP_SECONDS = "seconds_"
"""The metrics that hold how long each step of an analysis took begin so."""
NEWEST = """
SELECT run_uuid, name, status, start_time, end_time FROM runs
WHERE lifecycle_stage = 'active' AND experiment_id = (SELECT experiment_id FROM experiments WHERE name = :experiment)
AND (:kind IS NULL OR run_uuid IN (SELECT run_uuid FROM tags WHERE key = :tag AND value = :kind))
ORDER BY start_time DESC, run_uuid LIMIT :limit
"""


@dataclass(frozen=True)
class RunSummary:
    """One recorded run.

    ``kind`` is ``training``, ``analysis`` or empty; ``start`` is in UTC; ``seconds`` is ``None`` while it runs. An analysis is
    recorded after it: its seconds are those that its steps took, not those of the recording.
    """

    run_id: str
    name: str
    kind: str
    status: str
    start: datetime
    seconds: float | None
    metrics: dict[str, float] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)


def summary_of(run: Any) -> RunSummary:
    """What MLflow's client says of a run."""
    data, info = run.data, run.info
    return _summary(
        (info.run_id, info.run_name, info.status, info.start_time, info.end_time), data.metrics, data.params, data.tags
    )


def read_runs(database: Path, experiment: str, limit: int, kind: str | None, seconds: float) -> list[RunSummary]:
    """The newest runs of an experiment in an sqlite file, newest first; one that is not there holds no runs.

    Raises sqlite3.Error: it cannot be read, or its tables are not those of MLflow 3.
    """
    if not database.exists():
        return []
    asked = {"experiment": experiment, "kind": kind, "tag": TAG_KIND, "limit": limit}
    with closing(open_to_read(database, seconds)) as connection:

        def facts(table: str, run_id: str) -> dict[str, Any]:
            value = "CASE WHEN is_nan THEN 'nan' ELSE value END" if table == "latest_metrics" else "value"
            return dict(connection.execute(f"SELECT key, {value} FROM {table} WHERE run_uuid = ?", (run_id,)))  # noqa: S608

        return [
            _summary(row, facts("latest_metrics", row[0]), facts("params", row[0]), facts("tags", row[0]))
            for row in connection.execute(NEWEST, asked).fetchall()
        ]


def _summary(row: tuple[Any, ...], metrics: dict[str, Any], params: dict[str, str], tags: dict[str, str]) -> RunSummary:
    run_id, name, status, start, end = row
    steps = [float(value) for key, value in metrics.items() if key.startswith(STEP_SECONDS)]
    answered = tags.get(TAG_KIND) == "analysis" and bool(steps)
    return RunSummary(
        run_id=run_id,
        name=name or "",
        kind=tags.get(TAG_KIND, ""),
        status=status,
        start=datetime.fromtimestamp(start / 1000, UTC),
        seconds=sum(steps) if answered else (end - start) / 1000 if end else None,
        metrics={key: float(value) for key, value in metrics.items()},
        params=dict(params),
        tags={key: value for key, value in tags.items() if not key.startswith("mlflow.")},
    )
