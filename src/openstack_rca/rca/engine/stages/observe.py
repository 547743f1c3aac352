"""Stage ``observe``: give each event its component, and keep the events that the analysis is asked about."""

from __future__ import annotations

from openstack_rca.errors import EmptyWindow
from openstack_rca.rca.engine.case import Case, stage
from openstack_rca.rca.evidence import observe as observed_events
from openstack_rca.rca.evidence import placed_in_time, time_span, within
from openstack_rca.rca.report import COLUMNS


@stage("observe", reads=("request", "events", "topology"), writes=("observed", "surroundings", "untimed"), needed=True)
def observe(case: Case) -> None:
    """Write the events with their components, cut to the window that was asked for.

    Raises:
        EmptyWindow: no event lies in that window.
    """
    case.untimed = case.events.counted["time"].null_count() == case.events.height
    observed = placed_in_time(observed_events(case.events, case.topology))
    case.observed = observed
    if observed.is_empty():
        return
    case.surroundings = observed.select("row", "template_id", "failed", "undated", *COLUMNS)
    case.observed = within(observed, case.request.since, case.request.until)
    if case.observed.is_empty():
        first, last = time_span(observed)
        raise EmptyWindow(
            "No event lies in the window that was given.",
            f"The logs cover {first:%Y-%m-%d %H:%M:%S} to {last:%Y-%m-%d %H:%M:%S} UTC; times without an offset are in "
            "the logs' time zone (OPENSTACK_RCA_LOG_TIMEZONE).",
        )
