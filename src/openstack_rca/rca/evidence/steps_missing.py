"""Missing steps: requests that began and did not go on. They find trouble where nothing is logged.

The model says which step of a request was expected, and whether it came. The steps that did not come are counted against
what is normal, and the component to blame is looked for on the way between the last step and the missing one: the service
that should have logged, the broker and the workers between them. Requests that went on meanwhile clear whom they passed.
Where a component says in the stopped requests themselves what is wrong with it, they were not lost: it is the one.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import polars as pl

from openstack_rca.rca.evidence.expected_steps import ExpectedSteps, Trouble, find_troubles
from openstack_rca.rca.evidence.finding import Finding
from openstack_rca.rca.evidence.request_ways import PROXY, server_of, serves, suspicions
from openstack_rca.rca.knowledge import Topology
from openstack_rca.rca.vocabulary import Category, Directness, EvidenceSort
from openstack_rca.rca.weights import current

MOST_ROWS = 10
_MOST_SHOWN = 60
"""Characters of a kind of line that stand in a sentence."""

_BY_CHANCE = 0.001
"""That stops fall on one of several instances is chance, if it is no less likely than this."""

_REFUSED = r"(?:status: |HTTP/1\.[01]\"? )4(?:00|04|09|13)\b"
"""What an API says at the end of a request of which its user asked for what cannot be."""


def missing_steps(
    expected: ExpectedSteps, window: pl.DataFrame, topology: Topology, said: Sequence[Finding] = ()
) -> list[Finding]:
    """A finding for each suspect of each stretch in the window in which requests stopped or were late.

    Args:
        window: observed events (``row``, ``time``, ``component``, ``host``, ``process``, ``level``, ``failed``, ``message``).
        said: findings from what components say.
    """
    if window.is_empty():
        return []
    within = missing_steps(expected.own, window, topology, said) if expected.own is not None else []
    if expected.steps.is_empty():
        return within
    start, end = window["time"].min(), window["time"].max()
    inside = expected.steps.filter(pl.col("time").is_between(pl.lit(start), pl.lit(end)))
    # A request that ends with a refusal was answered: nothing more was to come of it.
    refused = window.filter(pl.col("message").str.contains(_REFUSED))["row"]
    inside = inside.filter((pl.col("state") != "missing") | ~pl.col("last_row").is_in(refused.implode()))
    present = set(window["component"].unique().to_list())
    findings: list[Finding] = []
    table = current()
    for trouble in find_troubles(replace(expected, steps=inside)):
        why, strength = "", None
        server = _awaited_server(trouble, window, topology)
        failing = _failing_api(trouble, expected.rows, window, topology)
        if server is not None:
            suspects, strength = [(server, 1.0)], table.plain
            why = f"; on all its hosts at once, as they do where {server} does not answer"
        elif (instance := _only_instance(trouble, window)) is not None:
            name, host = instance
            why = f"; all of them came by {name} on {host}, and those of its others went on"
            findings.append(_finding(trouble, name, 1.0, host, Category.HANG, why))
            continue
        elif failing is not None:
            suspects, why = [(failing, 1.0)], f"; {failing} answered most of them with an error"
        elif _is_within(trouble):
            # What it waits for there is another matter: the others that need the same tell of that.
            suspects = [(name, n / trouble.stops.height) for name, n in Counter(trouble.stops["service"]).most_common()]
        else:
            suspects = suspicions(trouble, topology, present - _at_work(trouble, window), expected.foreign)
        stated = _stated(trouble, expected.rows, said)
        if stated is not None:
            share = suspects[0][1] if suspects else 1.0
            findings.append(_finding(trouble, stated.accused, share, stated.accused_host, stated.category))
            continue
        findings += [
            _finding(
                trouble,
                name,
                share,
                _host(trouble, name, window, topology),
                Category.HANG if trouble.late else _category(trouble, name, window),
                why,
                strength,
            )
            for name, share in suspects
            if share >= suspects[0][1] - table.tie
        ]
    return findings + within


def _commonest(values: pl.Series) -> str:
    return str(Counter(values.to_list()).most_common(1)[0][0])


def _is_within(trouble: Trouble) -> bool:
    """Whether the requests stand still within services, not between two."""
    return bool((trouble.stops["service"] == trouble.stops["follower"]).all())


def _awaited_server(trouble: Trouble, window: pl.DataFrame, topology: Topology) -> str | None:
    """The server of an agent within which requests stood still on each of its hosts and went on at one moment.

    They may have waited for an API too: not for one that wrote meanwhile.
    """
    agents = trouble.stops["service"].unique().to_list()
    server = server_of(agents[0], topology) if _is_within(trouble) and trouble.late and len(agents) == 1 else None
    if server is None:
        return None
    table = current()
    own = window.filter((pl.col("component") == agents[0]) & pl.col("host").is_not_null())
    stood = own.join(trouble.stops.select(pl.col("row").cast(own["row"].dtype)), on="row", how="semi")
    hosts = set(own["host"].unique().to_list())
    went_on = trouble.stops.select(at=pl.col("time") + pl.duration(seconds=1) * pl.col("wait_seconds"))["at"]
    awake: datetime = went_on.min()  # type: ignore[assignment]
    together = went_on.max() - awake <= timedelta(seconds=table.settling_seconds)  # type: ignore[operator]
    still = window.filter(pl.col("time").is_between(trouble.start, awake))
    at_work = set(still.group_by("component").len().filter(pl.col("len") >= table.enough_events)["component"])
    apis = {name for name in topology.dependencies(agents[0]) if serves(name, topology)}
    apis &= set(window["component"].unique())
    everywhere = set(stood["host"].unique().to_list()) == hosts and len(hosts) >= table.enough_others
    return server if everywhere and together and apis <= at_work else None


def _failing_api(trouble: Trouble, rows: pl.DataFrame, window: pl.DataFrame, topology: Topology) -> str | None:
    """The API that answered most of the stopped requests with an error of its own: they went no further for that.

    One at which they stopped, or that needs whom they should have reached, only passes the failure on.
    """
    service, follower = (_commonest(trouble.stops[column]) for column in ("service", "follower"))
    failed = window.filter(pl.col("failed"), pl.col("level").cast(pl.String) == "INFO").select(
        pl.col("row").cast(rows["row"].dtype), "component"
    )
    ended = rows.join(trouble.stops.select("story").unique(), on="story", how="semi").join(failed, on="row")
    counted = ended.group_by("component").agg(pl.col("story").n_unique().alias("stories")).sort("stories", "component")
    for name, stories in counted.reverse().iter_rows():
        passes_on = name in (service, follower) or topology.uses(name, follower)
        if serves(name, topology) and not passes_on and stories * 2 > trouble.stops.height:
            return str(name)
    return None


def _only_instance(trouble: Trouble, window: pl.DataFrame) -> tuple[str, str] | None:
    """The service and host at which requests stopped, while those that other instances of the service had taken went on."""
    table, service = current(), _commonest(trouble.stops["service"])
    places = window.select(pl.col("row").cast(pl.Int64), "host").drop_nulls()
    taken = (pl.col("service") == service) & (pl.col("follower") != service)
    stops, went_on = (part.filter(taken).join(places, on="row")["host"] for part in (trouble.stops, trouble.went_on))
    if stops.is_empty() or went_on.is_empty():
        return None
    host = _commonest(stops)
    here, passed = stops.to_list().count(host), went_on.to_list().count(host)
    all_here, tried = here + passed, stops.len() + went_on.len()
    # Fisher's exact test: that so many stops fall on one of the hosts by chance.
    chance = sum(
        math.comb(all_here, number) * math.comb(tried - all_here, stops.len() - number)
        for number in range(here, min(all_here, stops.len()) + 1)
    ) / math.comb(tried, stops.len())
    hosts = pl.concat([stops, went_on]).n_unique()
    sure = here >= table.nearly * trouble.stops.height and chance * hosts < _BY_CHANCE
    return (service, host) if sure else None


def _at_work(trouble: Trouble, window: pl.DataFrame) -> set[str]:
    """The proxy, where it writes meanwhile: it tells of each request that it passed on or could not."""
    lines = window.filter((pl.col("component") == PROXY) & pl.col("time").is_between(trouble.start, trouble.end)).height
    return {PROXY} if lines >= current().back_lines else set()


def _stated(trouble: Trouble, rows: pl.DataFrame, said: Sequence[Finding]) -> Finding | None:
    """The strongest cause that a component states of itself within the stopped requests, or else what ended many of them."""
    table = current()
    stopped = trouble.stops.select("story").unique().join(rows, on="story", how="inner")
    within = set(stopped["row"].to_list())
    own = [f for f in said if f.accused == f.accuser and not within.isdisjoint(f.rows)]
    causes = [f for f in own if f.directness is Directness.CAUSE and f.strength >= table.plain]
    if not causes:
        # Where many of them hold an error that no rule knows, or a refusal that one does, they ended with it.
        often = table.least_suspicion * trouble.stops.height
        services = set(trouble.stops["service"].to_list())
        told = [
            f
            for f in own
            if (f.unexplained and not f.vague)
            or (f.signature is not None and f.complains and f.accuser in services)
            or (f.sort is EvidenceSort.MODEL_ANOMALY and f.complains)
        ]
        causes = [f for f in told if f.count >= often and within.issuperset(f.rows)]
    return max(causes, key=lambda finding: finding.strength, default=None)


def _finding(
    trouble: Trouble,
    accused: str,
    share: float,
    host: str | None,
    category: Category,
    how: str = "",
    strength: float | None = None,
) -> Finding:
    """``how`` the accused has to do with it, where it is not known by its place on the way."""
    count = trouble.stops.height
    service, follower = (_commonest(trouble.stops[column]) for column in ("service", "follower"))
    within = float(trouble.stops["within_seconds"].median() or 0.0)  # type: ignore[arg-type]
    table = current()
    certainty = min(1.0, -math.log(max(trouble.chance, 1e-12)) / table.steps_certain)
    if strength is None:
        strength = table.late_steps if trouble.late else table.plain if _is_within(trouble) else table.compared
    told = _told(trouble, service, follower, within)
    by_way = how or ("" if accused in (follower, service) else f"; {accused} stands between them")
    return Finding(
        sort=EvidenceSort.LATE_STEP if trouble.late else EvidenceSort.MISSING_STEP,
        directness=Directness.ACCUSATION,
        accused=accused,
        accused_host=host,
        accuser=service,
        category=category,
        title=told,
        why=told + by_way,
        weight=strength * certainty * share,
        rows=tuple(trouble.stops["last_row"].head(MOST_ROWS).to_list()),
        count=count,
        # A request that is late was not so when it was made.
        first=min(trouble.start + timedelta(seconds=within), trouble.end) if trouble.late else trouble.start,
        last=trouble.end,
        baseline="0",
    )


def _told(trouble: Trouble, service: str, follower: str, within: float) -> str:
    count = trouble.stops.height
    since = f"{trouble.start:%H:%M:%S}"
    if service == follower:
        after = _commonest(trouble.stops["template"])
        stood = "stood" if trouble.late else "stand"
        shown = " ".join(after.split())[:_MOST_SHOWN]
        where = f"within {service} after “{shown}” since {since}"
        return f"{count} requests {stood} still {where}; normally for less than {within:.0f} s"
    same = trouble.stops.filter(pl.col("follower") == follower).height
    others = trouble.went_on.filter(pl.col("follower") == follower).height
    if trouble.late:
        return f"{count} requests since {since} waited for {follower} longer than the {within:.0f} s that are normal"
    of_all = "none of them was" if not others else f"{same} of them were not"
    return (
        f"{same + others} requests that {service} had taken since {since} should have gone on to {follower}, and {of_all} "
        f"taken up there; normally that takes less than {within:.0f} s"
    )


def _category(trouble: Trouble, accused: str, window: pl.DataFrame) -> Category:
    """Who logs on, or goes on later as the same process, hangs; else, or where another process logs, it was down."""
    own = window.filter(pl.col("component") == accused)
    meanwhile = own.filter(pl.col("time").is_between(trouble.start, trouble.end))
    before = set(own.filter(pl.col("time") < trouble.start)["process"].drop_nulls().to_list())
    if not meanwhile.filter(pl.col("process").is_in(before).fill_null(value=True) | pl.lit(not before)).is_empty():
        return Category.HANG
    after = set(own.filter(pl.col("time") > trouble.end)["process"].drop_nulls().to_list())
    return Category.HANG if before & after else Category.PROCESS_DOWN


def _host(trouble: Trouble, accused: str, window: pl.DataFrame, topology: Topology) -> str | None:
    """The only host on which a component that runs on many stopped logging, if the others went on."""
    if accused not in topology or not topology.is_per_host(accused):
        return None
    own = window.filter((pl.col("component") == accused) & pl.col("host").is_not_null())
    before = set(own.filter(pl.col("time") < trouble.start)["host"].unique().to_list())
    meanwhile = set(own.filter(pl.col("time").is_between(trouble.start, trouble.end))["host"].unique().to_list())
    gone: Sequence[str] = sorted(before - meanwhile)
    return gone[0] if len(gone) == 1 and meanwhile else None
