"""A failed request's path through the services, joined by request id, instance id and time."""

from collections.abc import Sequence

import polars as pl

from openstack_rca.logs.levels import FAILURES
from openstack_rca.rca.judgement import Candidate
from openstack_rca.rca.report.report import RequestPath, RequestStep

MAX_PATHS = 2
MAX_STEPS = 10


def failed_requests(named: Sequence[Candidate], observed: pl.DataFrame) -> list[RequestPath]:
    """The requests among the evidence that crossed the most services and ended in an error.

    A request is followed by its global request id where the services log one, else by its own id, which oslo.context
    hands on as the next service's global id; events that name the same instance in between belong to it.

    Args:
        named: causes, best first; the evidence of the first two is searched.

    Returns at most ``MAX_PATHS`` paths, each with its first event per service and every error, in time order.
    """
    rows = {row for candidate in named[:2] for finding in candidate.findings for row in finding.rows}
    cited = observed.filter(pl.col("row").is_in(list(rows)))
    ids = set(cited["global_request_id"].drop_nulls().to_list()) | set(cited["request_id"].drop_nulls().to_list())
    if not ids:
        return []
    wanted = list(ids)
    related = observed.filter(pl.col("request_id").is_in(wanted) | pl.col("global_request_id").is_in(wanted))
    related = related.with_columns(
        journey=pl.when(pl.col("global_request_id").is_in(wanted))
        .then(pl.col("global_request_id"))
        .otherwise(pl.col("request_id"))
    )
    return [
        _path(journey, related.filter(pl.col("journey") == journey), observed)
        for journey in failed_journeys(related, "component")[:MAX_PATHS]
    ]


def failed_journeys(events: pl.DataFrame, service: str) -> list[str]:
    """Each ``journey`` of events that holds an error, those in the most services (a column) first, then by errors and time."""
    journeys = events.group_by("journey").agg(
        services=pl.col(service).n_unique(),
        errors=pl.col("level").cast(pl.String).is_in(FAILURES).sum(),
        first=pl.col("time").min(),
    )
    ranked = journeys.filter(pl.col("errors") > 0).sort(
        "services", "errors", "first", "journey", descending=[True, True, False, False]
    )
    return ranked["journey"].to_list()


def _path(request_id: str, events: pl.DataFrame, observed: pl.DataFrame) -> RequestPath:
    instances = events["instance_id"].drop_nulls().unique().to_list()
    if instances:
        within = observed.filter(
            pl.col("instance_id").is_in(instances)
            & pl.col("time").is_between(events["time"].min(), events["time"].max())
            & pl.col("level").is_in(FAILURES)
        )
        events = pl.concat([events.drop("journey"), within]).unique("row")
    ordered = events.sort("time", "row")
    first_per_stream = ordered.unique(["component", "host"], keep="first", maintain_order=True)["row"]
    chosen = ordered.filter(pl.col("row").is_in(first_per_stream.implode()) | pl.col("level").is_in(FAILURES))
    # The same error logged again says nothing new about the way.
    chosen = chosen.unique(["component", "host", "template_id"], keep="first", maintain_order=True).head(MAX_STEPS)
    return RequestPath(
        request_id=request_id,
        instance_id=str(instances[0]) if len(instances) == 1 else None,
        steps=[
            RequestStep(
                time=step["time"],
                component=step["component"],
                host=step["host"],
                file=step["file"],
                line=step["line"],
                level=step["level"],
                text=step["message"],
            )
            for step in chosen.iter_rows(named=True)
        ],
    )
