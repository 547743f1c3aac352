"""The stages of a whole recording: its events, their scores, and the stretches of trouble among them."""

from datetime import UTC, datetime

from openstack_rca.errors import EmptyWindow
from openstack_rca.rca import evidence
from openstack_rca.rca.engine.case import Case, stage
from openstack_rca.rca.report import COLUMNS
from openstack_rca.rca.weights import current


@stage("observe", reads=("request", "events", "topology"), writes=("observed", "surroundings", "untimed"), needed=True)
def observe(case: Case) -> None:
    """Write the events with their components, cut to the window asked for. Raises EmptyWindow: no event lies in it."""
    case.untimed = case.events.counted["time"].null_count() == case.events.height
    observed = evidence.placed_in_time(evidence.observe(case.events, case.topology))
    case.observed = observed
    if observed.is_empty():
        return
    case.surroundings = observed.select("row", "host", "template_id", "failed", "undated", *COLUMNS)
    case.observed = evidence.within(observed, case.request.since, case.request.until)
    if case.observed.is_empty():
        first, last = evidence.time_span(observed)
        raise EmptyWindow(
            f"No event lies in the window that was given, {_told(case.request.since, case.request.until)} UTC.",
            f"The logs cover {first:%Y-%m-%d %H:%M:%S} to {last:%Y-%m-%d %H:%M:%S} UTC; times without an offset are in "
            "the logs' time zone (OPENSTACK_RCA_LOG_TIMEZONE).",
        )


def _told(since: datetime | None, until: datetime | None) -> str:
    ends = (("from", since), ("to", until))
    return " ".join(f"{word} {end.astimezone(UTC):%Y-%m-%d %H:%M:%S}" for word, end in ends if end)


@stage("score", reads=("observed", "scores"), writes=("observed", "surroundings"))
def score(case: Case) -> None:
    """Write each event's anomaly score; without a model it stays null."""
    if case.scores is not None and not case.observed.is_empty():
        case.observed = evidence.add_scores(case.observed, case.scores)
        case.surroundings = evidence.add_scores(case.surroundings, case.scores)


@stage("rhythm", reads=("observed", "untimed", "rates", "events"), writes=("stopped",))
def rhythm(case: Case) -> None:
    """Write a finding for each component of which a steady task stopped, whatever the window."""
    if not case.untimed:
        case.stopped = evidence.stopped_tasks(case.observed, case.rates, case.events.take)


@stage("awaited", reads=("observed", "untimed", "scores", "events", "topology", "stopped"), writes=("stopped",))
def awaited(case: Case) -> None:
    """Write a finding for each component that left off what the network awaits of it, whatever the window."""
    if case.scores is not None and not case.untimed and not case.observed.is_empty():
        found = evidence.awaited_lines(case.observed, case.scores["awaited"], case.events.take, case.topology)
        known = {(one.accused, one.accused_host) for one in case.stopped}
        case.stopped = case.stopped + [one for one in found if (one.accused, one.accused_host) not in known]


MAX_EPISODES = 4
"""So many stretches of trouble are answered."""


@stage(
    "window",
    reads=("request", "observed", "rates", "expected", "stopped"),
    writes=("picked", "windows", "normal"),
    needed=True,
)
def find_the_windows(case: Case) -> None:
    """Write the stretches of trouble, heaviest first: the one that was asked for, or those that are found."""
    request, observed = case.request, case.observed
    if observed.is_empty():
        return
    case.normal = case.rates
    case.picked = evidence.looks_preselected(observed, case.rates)
    if request.since is not None or request.until is not None:
        first, last = evidence.time_span(observed)
        case.windows = [evidence.FoundWindow(request.since or first, request.until or last, 0.0)]
        return
    weights = evidence.suspicion(observed, case.rates.templates)
    if "steps" not in request.omitted.stages:
        weights = weights + evidence.step_suspicion(case.expected, observed)
    for finding in case.stopped:
        weights[(observed["row"] == finding.rows[0]).to_numpy()] += current().enough_events
    windows = evidence.find_windows(observed["time"], weights, observed["template_id"])
    if not case.picked:
        case.normal = case.rates.merged_with(evidence.quiet_rates(observed, windows))
    windows = evidence.opened_where_it_began(windows, observed, weights)
    case.windows = [window for window in windows if window.weight >= current().episode_share * windows[0].weight][
        :MAX_EPISODES
    ]
