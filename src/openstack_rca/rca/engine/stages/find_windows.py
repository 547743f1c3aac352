"""Stage ``window``: find the stretches of trouble, and what the rest of the logs shows of normal."""

from __future__ import annotations

from openstack_rca.rca.engine.case import Case, stage
from openstack_rca.rca.evidence import (
    FoundWindow,
    find_windows,
    looks_preselected,
    quiet_rates,
    step_suspicion,
    suspicion,
    time_span,
)
from openstack_rca.rca.weights import current

MAX_EPISODES = 4
"""So many stretches of trouble are answered."""


@stage(
    "window", reads=("request", "observed", "rates", "expected"), writes=("picked", "windows", "normal"), needed=True
)
def find_the_windows(case: Case) -> None:
    """Write the stretches of trouble, heaviest first: the one that was asked for, or those that are found."""
    request, observed = case.request, case.observed
    if observed.is_empty():
        return
    case.normal = case.rates
    case.picked = looks_preselected(observed, case.rates)
    if request.since is not None or request.until is not None:
        first, last = time_span(observed)
        case.windows = [FoundWindow(request.since or first, request.until or last, 0.0)]
        return
    weights = suspicion(observed, case.rates.templates)
    if "steps" not in request.omitted.stages:
        weights = weights + step_suspicion(case.expected, observed)
    windows = find_windows(observed["time"], weights)
    if not case.picked:
        case.normal = case.rates.merged_with(quiet_rates(observed, windows))
    case.windows = [window for window in windows if window.weight >= current().episode_share * windows[0].weight][
        :MAX_EPISODES
    ]
