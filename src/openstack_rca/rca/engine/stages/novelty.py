"""Stage ``novelty``: how far what is normal does not account for each event of the window."""

from __future__ import annotations

from openstack_rca.rca.engine.case import Case, stage
from openstack_rca.rca.evidence import add_novelty, time_span


@stage("novelty", reads=("observed", "normal", "picked"), writes=("observed", "minutes"), needed=True)
def novelty(case: Case) -> None:
    """Write each event's novelty, and how many minutes the events of the window cover."""
    # A window may reach beyond the logs; only the time that they cover can hold events.
    first, last = time_span(case.observed)
    case.minutes = max((last - first).total_seconds() / 60.0, 0.1)
    case.observed = add_novelty(case.observed, case.normal, case.minutes, case.picked)
