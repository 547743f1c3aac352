"""The trace that belongs to a run: its steps with their times, on MLflow's page of traces.

The trace has the run's own id, so a run has one however often it is sent, and whoever removes the run finds it.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

Steps = Mapping[str, "float | Steps"]
"""Wall seconds of each step, in order; a step that has parts holds the seconds of each part."""


def trace_id(run_id: str) -> str:
    """The id of the trace of a run."""
    return f"tr-{run_id}"


def record_trace(uri: str, run: Any, name: str, began: datetime, steps: Steps) -> None:
    """Store the trace of a run, whose steps follow each other without a gap; raises MLflow's own exceptions."""
    from mlflow.entities import TraceInfo, TraceLocation, TraceState
    from mlflow.tracing.client import TracingClient
    from mlflow.tracing.constant import TRACE_SCHEMA_VERSION, TRACE_SCHEMA_VERSION_KEY, TraceMetadataKey, TraceTagKey

    start = int(began.timestamp() * 1e9)
    spans = _spans(run.info.run_id, name, start, steps)
    info = TraceInfo(
        trace_id=trace_id(run.info.run_id),
        trace_location=TraceLocation.from_experiment_id(run.info.experiment_id),
        request_time=start // 10**6,
        execution_duration=(spans[0].end_time_ns - start) // 10**6,
        state=TraceState.OK,
        trace_metadata={
            TraceMetadataKey.SOURCE_RUN: run.info.run_id,
            TRACE_SCHEMA_VERSION_KEY: str(TRACE_SCHEMA_VERSION),
        },
        tags={TraceTagKey.TRACE_NAME: name},
    )
    client = TracingClient(uri)
    client.start_trace(info)
    client.log_spans(run.info.experiment_id, spans)


def remove_trace(uri: str, run: Any) -> None:
    """Remove the trace of a run, where it has one."""
    from mlflow.tracing.client import TracingClient

    TracingClient(uri).delete_traces(run.info.experiment_id, trace_ids=[trace_id(run.info.run_id)])


def _spans(run_id: str, name: str, start: int, steps: Steps) -> Sequence[Any]:
    """MLflow's spans; each stands before its parts."""
    from mlflow.entities import Span
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.trace import SpanContext, Status, StatusCode, TraceFlags

    spans: list[Any] = []

    def add(title: str, parent: SpanContext | None, begin: int, length: float | Steps) -> int:
        context = SpanContext(int(run_id, 16), len(spans) + 1, is_remote=False, trace_flags=TraceFlags(1))
        place = len(spans)
        spans.append(None)
        end = begin
        if isinstance(length, Mapping):
            for part, its_length in length.items():
                end = add(part, context, end, its_length)
        else:
            end += int(length * 1e9)
        facts = {"mlflow.traceRequestId": json.dumps(trace_id(run_id)), "mlflow.spanType": json.dumps("CHAIN")}
        spans[place] = Span(
            ReadableSpan(
                name=title,
                context=context,
                parent=parent,
                start_time=begin,
                end_time=end,
                status=Status(StatusCode.OK),
                attributes=facts,
            )
        )
        return end

    add(name, None, start, steps)
    return spans
