"""An invented cloud that writes logs: host names, addresses, layout and release are chosen freely.

Times are seconds from the start of the recording. Ordinary traffic of all services runs through the whole recording, a
fault is told by stopping streams (``stop``) and by adding lines (``say`` and its siblings).
"""

from __future__ import annotations

import random
import shutil
import tempfile
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path

import polars as pl
from ordinary_traffic import ordinary_traffic
from sites import PORTS, SMALL, Site

from openstack_rca.logs.events import read_logs
from openstack_rca.model.baseline import Baseline
from openstack_rca.rca.engine import AnalysisRequest, Case, Omitted, build_report, investigate
from openstack_rca.rca.evidence.normal_rates import NormalRates
from openstack_rca.rca.knowledge.catalogue import load_catalogue
from openstack_rca.rca.knowledge.topology import load_topology
from openstack_rca.rca.report.report import Report

START = datetime(2025, 3, 4, 10, 0, tzinfo=UTC)
HEALTHY_SECONDS = 420.0
FAULT = 45.0
CLEARED = 105.0
END = 140.0


@dataclass
class _Stop:
    service: str
    host: str | None
    since: float
    until: float


@dataclass
class Cloud:
    """One recording of one site."""

    site: Site = SMALL
    seconds: float = END
    seed: int = 7
    lines: list[tuple[float, str, str, str]] = field(default_factory=list)
    stops: list[_Stop] = field(default_factory=list)
    skews: dict[str, float] = field(default_factory=dict)
    load: float = 1.0

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)

    # Where things are

    @property
    def controller(self) -> str:
        return self.site.controllers[0]

    def url(self, component: str, path: str = "") -> str:
        return f"http://{self.site.vip}:{PORTS[component]}{path}"

    def hosts_of(self, service: str) -> tuple[str, ...]:
        per_host = (self.site.l2_agent, "nova-compute", "neutron-ovn-metadata-agent", "libvirtd")
        return self.site.computes if service in per_host else self.site.controllers

    def file_of(self, service: str, host: str) -> str:
        if not self.site.kolla:
            name = "keystone-uwsgi" if service == "keystone-access" else service
            return f"{host}/{name}.log"
        special = {
            "rabbitmq": f"rabbitmq/rabbit@{host}.log",
            "mariadb": "mariadb/mariadb.log",
            "keystone-access": "keystone/keystone-apache-public-access.log",
            "libvirtd": "libvirt/libvirtd.log",
            "messages": "messages",
        }
        folder = service.split("-")[0]
        return f"{host}/{special.get(service, f'{folder}/{service}.log')}"

    def process(self, service: str, host: str) -> int:
        return 1000 + sum(ord(letter) for letter in f"{service}/{host}") % 9000

    # Lines

    def say(
        self,
        at: float,
        service: str,
        level: str,
        logger: str,
        message: str,
        *,
        host: str | None = None,
        trace: Sequence[str] = (),
        context: bool = True,
        process: int | None = None,
    ) -> None:
        """One line of an OpenStack service, with the lines of a traceback below it."""
        host = host or self.random.choice(self.hosts_of(service))
        pid = process or self.process(service, host)
        stamp = self._stamp(at, host)
        prefix = f"{stamp} {pid} {level} {logger} "
        text = [f"{prefix}[{self._context() if context else '-'}] {message}"]
        text += [f"{prefix}{line}" for line in trace]
        self.lines.append((at, host, service, "\n".join(text)))

    def mariadb(self, at: float, level: str, message: str, *, host: str | None = None) -> None:
        moment = START + timedelta(seconds=at + self.skews.get(host or self.controller, 0.0))
        stamp = f"{moment:%Y-%m-%d} {moment.hour:2d}:{moment:%M:%S}"
        self.lines.append((at, host or self.controller, "mariadb", f"{stamp} 0 [{level}] {message}"))

    def rabbitmq(self, at: float, level: str, *messages: str, host: str | None = None) -> None:
        host = host or self.controller
        moment = START + timedelta(seconds=at + self.skews.get(host, 0.0))
        number = self.random.randint(200, 9000)
        prefix = f"{moment:%Y-%m-%d %H:%M:%S.%f}+00:00 [{level}] <0.{number}.0> "
        self.lines.append((at, host, "rabbitmq", "\n".join(prefix + message for message in messages)))

    def access(
        self, at: float, request: str, status: int, *, service: str = "keystone-access", host: str | None = None
    ) -> None:
        """A line of keystone's access log: uwsgi's, or Apache's under kolla."""
        host = host or self.random.choice(self.site.controllers)
        moment = START + timedelta(seconds=at + self.skews.get(host, 0.0))
        size, client = self.random.randint(300, 5000), f"10.77.0.{self.random.randint(11, 14)}"
        if self.site.kolla:
            text = (
                f'{client} - - [{moment:%d/%b/%Y:%H:%M:%S} +0000] "{request} HTTP/1.1" {status} {size} '
                f'{self.random.randint(20000, 90000)} "-" "keystoneauth1/5.1.2 python-requests/2.28 CPython/3.10"'
            )
        else:
            pid = self.process("keystone", host)
            text = (
                f"[pid: {pid}|app: 0|req: {self.random.randint(1, 999)}/{self.random.randint(999, 9999)}] {client} () "
                f"{{34 vars in 814 bytes}} [{moment:%a %b %d %H:%M:%S %Y}] {request} => generated {size} bytes in "
                f"{self.random.randint(20, 90)} msecs (HTTP/1.1 {status}) 6 headers in 380 bytes "
                "(1 switches on core 0)"
            )
        self.lines.append((at, host, service, text))

    def uwsgi(self, at: float, service: str, message: str, *, host: str | None = None) -> None:
        host = host or self.controller
        moment = START + timedelta(seconds=at + self.skews.get(host, 0.0))
        self.lines.append((at, host, service, f"{moment:%a %b %d %H:%M:%S %Y} - {message}"))

    def syslog(self, at: float, host: str, message: str) -> None:
        moment = START + timedelta(seconds=at + self.skews.get(host, 0.0))
        self.lines.append((at, host, "messages", f"{moment:%Y-%m-%dT%H:%M:%S.%f}+00:00 {host} {message}"))

    def openvswitch(self, at: float, service: str, host: str, module: str, level: str, message: str) -> None:
        moment = START + timedelta(seconds=at + self.skews.get(host, 0.0))
        text = (
            f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z|{len(self.lines):05d}|"
            f"{module}|{level}|{message}"
        )
        self.lines.append((at, host, service, text))

    def haproxy(self, at: float, level: str, message: str, *, host: str | None = None) -> None:
        host = host or self.controller
        moment = START + timedelta(seconds=at + self.skews.get(host, 0.0))
        text = f"{moment:%b} {moment.day:2d} {moment:%H:%M:%S} {host} haproxy[12]: [{level}] (12) : {message}"
        self.lines.append((at, host, "haproxy", text))

    def every(self, seconds: float, since: float = FAULT, until: float = CLEARED) -> list[float]:
        """Moments from ``since`` to ``until``, about ``seconds`` apart."""
        moments, at = [], since + self.random.uniform(0.1, seconds)
        while at < until:
            moments.append(at)
            at += self.random.uniform(0.6, 1.4) * seconds
        return moments

    # Faults

    def stop(self, service: str, since: float = FAULT, until: float = CLEARED, *, host: str | None = None) -> None:
        """The ordinary lines of a service are not written for a while; ``*`` is every service."""
        self.stops.append(_Stop(service, host, since, until))
        if service == "keystone":
            self.stops.append(_Stop("keystone-access", host, since, until))

    def skew(self, host: str, seconds: float) -> None:
        """The clock of a host is ahead. To be called before lines are added."""
        self.skews[host] = seconds

    # Reading and answering

    def write(self, folder: Path, *, only: Sequence[str] = (), without: Sequence[str] = ()) -> None:
        """Write the log files, of some services only or of all but some."""
        files: dict[str, list[tuple[float, str]]] = {}
        ordinary = Cloud(self.site, self.seconds, self.seed + 1, skews=self.skews, load=self.load)
        ordinary_traffic(ordinary)
        kept = [line for line in ordinary.lines if not self._stopped(*line[:3])]
        for at, host, service, text in kept + self.lines:
            if (only and service not in only) or service in without:
                continue
            files.setdefault(self.file_of(service, host), []).append((at, text))
        for name, lines in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            lines.sort(key=lambda line: line[0])
            path.write_text("\n".join(text for _, text in lines) + "\n", encoding="utf-8")

    def events(self, *, only: Sequence[str] = (), without: Sequence[str] = ()) -> pl.DataFrame:
        folder = Path(tempfile.mkdtemp(prefix="cloud-"))
        try:
            self.write(folder, only=only, without=without)
            return read_logs([folder]).events
        finally:
            shutil.rmtree(folder)

    def analyse(
        self,
        issue: str = "New servers fail to build",
        *,
        only: Sequence[str] = (),
        without: Sequence[str] = (),
        baseline: bool = True,
        omitted: Omitted | None = None,
    ) -> Answer:
        """Write, read and analyse this recording against a healthy one of the same site."""
        events = self.events(only=only, without=without)
        rates = healthy_rates(self.site) if baseline else NormalRates.empty()
        request = AnalysisRequest(issue, ["logs"], omitted=omitted or Omitted())
        case = investigate(request, events, None, rates, load_catalogue(), load_topology())
        return Answer(case, build_report(case))

    # Details

    def _stopped(self, at: float, host: str, service: str) -> bool:
        return any(
            stop.service in (service, "*") and stop.host in (None, host) and stop.since <= at < stop.until
            for stop in self.stops
        )

    def _stamp(self, at: float, host: str) -> str:
        moment = START + timedelta(seconds=at + self.skews.get(host, 0.0))
        return f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03d}"

    def _context(self) -> str:
        request, user, project = (self.uuid() for _ in range(3))
        user, project = user.replace("-", ""), project.replace("-", "")
        if self.site.early:
            return f"req-{request} {user} {project} - default default"
        return f"None req-{request} {user} {project} - - default default"

    def uuid(self) -> str:
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))


@dataclass(frozen=True)
class Answer:
    """Analysis and report of one recording."""

    case: Case
    report: Report

    @property
    def first(self) -> str | None:
        """The component that is named first; None where no failure was found."""
        return self.report.causes[0].component if self.report.causes else None

    @property
    def hosts(self) -> set[str]:
        """Hosts of the first cause."""
        host = self.report.causes[0].host if self.report.causes else None
        return set(host.split(",")) if host else set()

    def told(self) -> str:
        """The ranking with its reasons, for a failed assertion."""
        lines = [f"{self.report.verdict.value}"]
        for candidate in self.case.candidates[:5]:
            lines.append(
                f"{candidate.component} [{candidate.category.value}] {candidate.score:.2f}: direct {candidate.direct:.2f}"
                f" accused {candidate.accused:.2f} silent {candidate.silent:.2f} symptom {candidate.symptom:.2f}"
                f" share {candidate.explains_share:.2f} explained by {candidate.explained_by}"
            )
            for finding in candidate.findings[:5]:
                lines.append(
                    f"    {finding.directness.value} {finding.sort.value} {finding.signature} {finding.strength:.2f}"
                    f" {finding.accuser}@{finding.accuser_host} -> {finding.accused_host} x{finding.count}"
                    f" ({finding.baseline}) {finding.first:%H:%M:%S} {finding.title[:90]}"
                )
        return "\n".join(lines)


@lru_cache(maxsize=8)
def healthy_rates(site: Site) -> NormalRates:
    """Normal rates, learnt from a healthy recording of the site."""
    events = Cloud(site, HEALTHY_SECONDS, seed=101).events()
    return NormalRates.from_baseline(Baseline.learn(events), load_topology().canonical)


@dataclass(frozen=True)
class Scenario:
    """A fault, what its logs show, and what the answer must say.

    Attributes:
        components: names that count as right; the first is the one that was broken.
        categories: kinds of fault that count as right; empty: any.
        where: hosts that the answer must name, from the site; None: not said.
        without: services whose logs are missing.
        only: the only services whose logs are there.
    """

    name: str
    build: Callable[[Cloud], None]
    components: tuple[str, ...]
    categories: tuple[str, ...] = ()
    where: Callable[[Site], set[str]] | None = None
    issue: str = "New servers fail to build"
    site: Site = SMALL
    seed: int = 7
    without: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    baseline: bool = True

    def __str__(self) -> str:
        return self.name

    def answer(self, *, omitted: Omitted | None = None) -> Answer:
        """Build the recording and analyse it."""
        cloud = Cloud(self.site, seed=self.seed)
        self.build(cloud)
        return cloud.analyse(self.issue, only=self.only, without=self.without, baseline=self.baseline, omitted=omitted)

    def check(self) -> None:
        """Assert that the answer is right; the reasons are shown where it is not."""
        answer = self.answer()
        told = f"\n{self.name}: expected {self.components} {self.categories}\n{answer.told()}"
        assert answer.first in self.components, told
        if self.where is not None:
            assert answer.hosts == self.where(self.site), f"{told}\nhosts {answer.hosts}"
        if self.categories:
            assert answer.report.causes[0].category.value in self.categories, told
        assert answer.report.causes[0].evidence, told


def first_compute(site: Site) -> set[str]:
    return {site.computes[0]}


def all_computes(site: Site) -> set[str]:
    return set(site.computes)


def first_controller(site: Site) -> set[str]:
    return {site.controllers[0]}
