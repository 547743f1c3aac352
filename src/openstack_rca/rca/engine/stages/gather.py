"""Stage ``gather``: get the words of the events of one stretch of trouble."""

from __future__ import annotations

from openstack_rca.rca.engine.case import Case, stage
from openstack_rca.rca.evidence import with_words


@stage("gather", reads=("events", "observed"), writes=("observed",), needed=True)
def gather(case: Case) -> None:
    """Fetch the words of the window's events."""
    case.observed = with_words(case.observed, case.events)
