"""The way of requests: which components they pass, and whom on it those that stopped speak against.

A component is suspected as far as the requests that had to pass it stopped and those that went on did not need it. That
measure is Ochiai's coefficient, which fault localisation takes from the spectra of failing and passing runs (Abreu,
Zoeteweij, van Gemund, "On the accuracy of spectrum-based fault localization", 2007).
"""

import math
from collections import Counter, defaultdict
from collections.abc import Set

import polars as pl

from openstack_rca.rca.evidence.expected_steps import Trouble
from openstack_rca.rca.knowledge import Topology
from openstack_rca.rca.weights import current

BROKER = "rabbitmq"
PROXY = "haproxy"
IDENTITY = "keystone"
_SILENT = ("mariadb", "rabbitmq")
"""Infrastructure that is suspected though its log may not be at hand."""


def suspicions(
    trouble: Trouble, topology: Topology, present: Set[str], foreign: bool = False
) -> list[tuple[str, float]]:
    """How far each component on the way of the stopped requests accounts for them, in [0, 1], most suspected first.

    Beside the service of the missing step only components in ``present`` (those that log here), the database and the
    broker are suspected. ``foreign``: the steps were learned on another cloud; a component that a request may have asked
    then counts as at work.
    """
    ways = Ways(trouble, topology, present)
    stopped, passed = Counter[str](), Counter[str]()
    borne: dict[str, float] = defaultdict(float)
    for follower, story in trouble.stops.select("follower", "story").iter_rows():
        for name, share in ways.of(follower, story).items():
            stopped[name] += 1
            borne[name] += share
    rule = ["service", "template", "follower"]
    alike = set(trouble.stops.select(rule).iter_rows())
    for service, template, follower, story in trouble.went_on.select(*rule, "story").iter_rows():
        passed.update(ways.proven_by(follower, story, (service, template, follower) in alike, foreign))
    total = trouble.stops.height
    suspected = {name: borne[name] / math.sqrt(total * (count + passed[name])) for name, count in stopped.items()}
    ranked = sorted(suspected.items(), key=lambda item: (-item[1], item[0]))
    return [(name, share) for name, share in ranked if share >= current().least_suspicion]


class Ways:
    """Which components a request passes on its way to a service."""

    def __init__(self, trouble: Trouble, topology: Topology, present: Set[str]) -> None:
        self._topology = topology
        self._present = present
        both = pl.concat([part.select("story", "service", "follower") for part in (trouble.stops, trouble.went_on)])
        grouped = both.group_by("story").agg(pl.col("service").unique(), pl.col("follower").unique())
        self._stories = {story: (frozenset(seen), frozenset(due)) for story, seen, due in grouped.iter_rows()}
        self._known: dict[tuple[str, frozenset[str], frozenset[str]], dict[str, float]] = {}

    def of(self, follower: str, story: int) -> dict[str, float]:
        """Components on a request's way to the follower, each with the weight of suspicion that it can bear, in [0, 1]."""
        seen, due = self._stories[story]
        key = (follower, seen, due)
        if key not in self._known:
            self._known[key] = self._way(*key)
        return self._known[key]

    def proven_by(self, follower: str, story: int, alike: bool = True, foreign: bool = False) -> list[str]:
        """Components that a step which came proves to be at work.

        An API that a worker asked on the way shows that the worker began, not that it goes on. And requests of another kind
        than those that stopped (not ``alike``) may have reached the follower without the worker: a volume is deleted without
        the scheduler.
        """
        way = self.of(follower, story)
        by_broker = not serves(follower, self._topology)
        if alike and by_broker:
            return list(way)
        # Whom an API asks for some requests only is not shown at work by one that it took.
        asked = {name for name in way if not foreign and serves(name, self._topology)} - {follower, IDENTITY}
        unsure = asked | {name for name, share in way.items() if share == current().on_the_way}
        return [name for name in way if name not in unsure or (by_broker and name == BROKER)]

    def _way(self, follower: str, seen: frozenset[str], due: frozenset[str]) -> dict[str, float]:
        topology, table = self._topology, current()
        way = {follower: 1.0}
        if follower not in topology:
            return way
        callers = [name for name in seen if name in topology and name != follower]
        workers = {
            name for caller in callers for name in topology.dependencies(caller) if self._works_for(name, follower, due)
        }
        for name in workers:
            # Of the workers before an API the one that cannot do without it is the one that asks it.
            asks = not serves(follower, topology) or topology.depends_on(name, follower)
            way[name] = table.on_the_way if asks else table.needed
        if workers or any(calls_by_broker(caller, follower, topology) for caller in callers):
            way[BROKER] = table.on_the_way
        if PROXY in self._present and serves(follower, topology):
            way[PROXY] = table.on_the_way
        for name in topology.dependencies(follower, include_weak=False):
            if name in self._present or (topology.is_leaf(name) and name in _SILENT):
                way.setdefault(name, table.needed)
        return way

    def _works_for(self, name: str, follower: str, due: frozenset[str]) -> bool:
        """Whether a component is a worker that takes over from an API and itself needs the follower.

        One that cannot do without some API stands on the way only if the request reaches that API too.
        """
        topology = self._topology
        if (
            name == follower
            or name not in self._present
            or serves(name, topology)
            or not topology.component(name).topics
        ):
            return False
        apis = {
            api
            for api in topology.dependencies(name, include_weak=False)
            if serves(api, topology) and api not in (IDENTITY, follower)
        }
        return follower in topology.dependencies(name) and apis <= due


def serves(name: str, topology: Topology) -> bool:
    """Whether a component is an API that others call over HTTP."""
    return name in topology and bool(topology.component(name).paths)


def calls_by_broker(caller: str, follower: str, topology: Topology) -> bool:
    """Whether a call goes over the message broker: to a worker, or from an agent to the server of its own project."""
    if not topology.component(follower).topics:
        return False
    if not serves(follower, topology):
        return True
    return not serves(caller, topology) and caller.split("-")[0] == follower.split("-")[0]


def server_of(agent: str, topology: Topology) -> str | None:
    """The one server that a component which runs on many hosts calls over the message broker; None: there is none, or several."""
    if agent not in topology or not topology.is_per_host(agent):
        return None
    servers = [
        name
        for name in topology.dependencies(agent, include_weak=False)
        if calls_by_broker(agent, name, topology) and not topology.is_per_host(name)
    ]
    return servers[0] if len(servers) == 1 else None
