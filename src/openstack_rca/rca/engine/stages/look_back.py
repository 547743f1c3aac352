"""Stage ``look_back``: find what began before the stretch of trouble and may be its cause."""

from __future__ import annotations

import polars as pl

from openstack_rca.rca.engine.case import Case, stage
from openstack_rca.rca.evidence import earlier_causes


@stage(
    "look_back",
    reads=("request", "window", "windows", "surroundings", "events", "rates", "catalogue", "topology"),
    writes=("earlier",),
)
def look_back(case: Case) -> None:
    """Write the events before the window in which a component tells its own fault; none where the window was asked for."""
    case.earlier = pl.DataFrame()
    if case.window is not None and case.request.since is None and not case.untimed:
        known = case.catalogue.without(case.request.omitted.signatures)
        case.earlier = earlier_causes(
            case.surroundings, case.windows, case.window, case.rates, case.events, known, case.topology
        )
