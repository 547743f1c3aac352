"""When all is well cannot be said: lines that somebody picked, errors that are new and go on."""

from pathlib import Path

import polars as pl
import pytest
from api_troubles import keystone_lost
from cloud import HEALTHY_SECONDS, Answer, Cloud, healthy_rates
from sites import SMALL
from troubles import repeat

from openstack_rca.logs.events import read_logs
from openstack_rca.model.baseline import Baseline
from openstack_rca.rca.engine import AnalysisRequest, build_report, investigate
from openstack_rca.rca.evidence import fails_in_cloud
from openstack_rca.rca.evidence.normal_rates import NormalRates
from openstack_rca.rca.knowledge.catalogue import load_catalogue
from openstack_rca.rca.knowledge.topology import load_topology
from openstack_rca.rca.vocabulary import EvidenceSort, Verdict

LOST = "(pymysql.err.OperationalError) (2013, 'Lost connection to MySQL server during query')"
TRACE = (
    "Traceback (most recent call last):",
    '  File "/usr/lib/python3/dist-packages/nova/api/openstack/wsgi.py", line 658, in wrapped',
    "    return f(*args, **kwargs)",
    "KeyError: 'tenant'",
)
SAID = {
    "lost database": ("nova-api", "oslo_db.sqlalchemy.engines", LOST, ()),
    "unknown error": ("nova-compute", "nova.virt.widget", "The widget turned over", ()),
    "traceback": (
        "nova-api",
        "nova.api.openstack.wsgi",
        "Unexpected exception in API method: KeyError: 'tenant'",
        TRACE,
    ),
    "no valid host": (
        "nova-conductor",
        "nova.conductor.manager",
        "Failed to schedule instances: nova.exception_Remote.NoValidHost_Remote: No valid host was found.",
        (),
    ),
    "no reply": (
        "cinder-api",
        "cinder.api.middleware.fault",
        "Caught error: oslo_messaging.exceptions.MessagingTimeout: Timed out waiting for a reply to message ID 4f0c",
        (),
    ),
}


def answer(folder: Path, service: str, lines: list[str], rates: NormalRates | None = None) -> Answer:
    log = folder / f"{service}.log"
    log.write_text("\n".join(lines) + "\n", encoding="utf-8")
    events, known = read_logs([log]).events, rates or NormalRates.empty()
    request = AnalysisRequest("Something is wrong", [str(log)])
    found = investigate(request, events, None, known, load_catalogue(), load_topology())
    return Answer(found, build_report(found))


def written(service: str, logger: str, message: str, trace: tuple[str, ...], count: int, apart: float) -> list[str]:
    cloud = Cloud(SMALL)
    for number in range(count):
        cloud.say(number * apart, service, "ERROR", logger, message, trace=trace, host=cloud.hosts_of(service)[0])
    return [text for _, _, _, text in cloud.lines]


@pytest.mark.parametrize("apart", [0.02, 1.0, 5.0, 30.0])
def test_fifty_lost_connections_of_one_service_accuse_the_database(tmp_path: Path, apart: float) -> None:
    found = answer(tmp_path, "nova-api", written(*SAID["lost database"], count=50, apart=apart))
    assert found.first == "mariadb", found.told()
    assert found.report.verdict is not Verdict.NO_FAILURE_FOUND, found.told()


@pytest.mark.parametrize("count", [1, 3, 20])
@pytest.mark.parametrize("apart", [0.5, 20.0])
@pytest.mark.parametrize("said", SAID.values(), ids=SAID)
def test_errors_alone_are_never_called_healthy(
    tmp_path: Path, said: tuple[str, str, str, tuple[str, ...]], count: int, apart: float
) -> None:
    found = answer(tmp_path, said[0], written(*said, count=count, apart=apart))
    assert found.report.verdict is not Verdict.NO_FAILURE_FOUND, found.told()
    assert found.report.causes[0].evidence, found.told()


def test_a_few_errors_among_the_ordinary_lines_of_one_service_leave_a_doubt(tmp_path: Path) -> None:
    ordinary = Cloud(SMALL, seconds=100.0)
    ordinary.write(tmp_path / "cloud", only=["nova-api"])
    lines = (tmp_path / "cloud" / "ctl-a" / "nova-api.log").read_text(encoding="utf-8").splitlines()[:80]
    lines += written(*SAID["traceback"], count=2, apart=1.0)
    found = answer(tmp_path, "nova-api", lines)
    assert found.report.verdict is Verdict.INCONCLUSIVE, found.told()
    assert found.first == "nova-api", found.told()


def test_the_ordinary_lines_of_one_service_raise_no_doubt(tmp_path: Path) -> None:
    ordinary = Cloud(SMALL, seconds=100.0)
    ordinary.write(tmp_path / "cloud", only=["nova-api"])
    lines = (tmp_path / "cloud" / "ctl-a" / "nova-api.log").read_text(encoding="utf-8").splitlines()[:80]
    assert answer(tmp_path, "nova-api", lines).report.verdict is Verdict.NO_FAILURE_FOUND


def test_where_normal_is_known_errors_at_their_normal_rate_are_no_failure_even_alone(tmp_path: Path) -> None:
    often = Cloud(SMALL, HEALTHY_SECONDS)
    logger, message = "neutron.agent.linux.utils", "The device vanished while it was being unplugged"
    repeat(often, 3, "nova-compute", "ERROR", logger, message, since=0.0, until=HEALTHY_SECONDS)
    rates = NormalRates.from_baseline(Baseline.learn(often.events()), load_topology().canonical)
    cloud = Cloud(SMALL)
    repeat(cloud, 3, "nova-compute", "ERROR", logger, message, since=0.0, until=60.0)
    found = answer(tmp_path, "nova-compute", [text for _, _, _, text in cloud.lines], rates)
    assert found.report.verdict is Verdict.NO_FAILURE_FOUND, found.told()


def test_new_errors_that_were_filtered_out_of_the_logs_leave_a_doubt_though_normal_is_known(tmp_path: Path) -> None:
    found = answer(
        tmp_path, "nova-conductor", written(*SAID["no valid host"], count=5, apart=9.0), healthy_rates(SMALL)
    )
    assert found.report.verdict is Verdict.INCONCLUSIVE, found.told()


def test_in_filtered_logs_silence_says_nothing() -> None:
    cloud = Cloud(SMALL)
    keystone_lost(cloud)
    events = cloud.events().filter(pl.col("level").cast(pl.String).is_in(["ERROR", "CRITICAL"]))
    request = AnalysisRequest("Nobody can log in", ["logs"])
    found = investigate(request, events, None, healthy_rates(SMALL), load_catalogue(), load_topology())
    assert found.candidates[0].component == "keystone"
    assert not any(finding.sort is EvidenceSort.SILENCE for finding in found.findings)


def test_requests_that_all_fail_leave_a_doubt_though_no_error_is_among_them(tmp_path: Path) -> None:
    cloud = Cloud(SMALL)
    for number in range(20):
        request = '10.77.0.31 "GET /v2.1/servers/detail HTTP/1.1" status: 500 len: 400 time: 0.1'
        cloud.say(number, "nova-api", "INFO", "nova.osapi_compute.wsgi.server", request)
    found = answer(tmp_path, "nova-api", [text for _, _, _, text in cloud.lines])
    assert found.report.verdict is Verdict.INCONCLUSIVE, found.told()
    assert found.first == "nova-api"


@pytest.mark.parametrize(("count", "apart"), [(12, 4.0), (3, 4.0), (12, 0.5)])
def test_a_new_error_without_telling_words_leaves_a_doubt(count: int, apart: float) -> None:
    """A window with an explicit error that nothing accounts for is never called healthy."""
    cloud = Cloud(SMALL, seed=11)
    said = "Volume {uuid}: the widget turned over"
    repeat(cloud, apart, "cinder-volume", "ERROR", "cinder.volume.widget", said, since=40.0, until=40.0 + count * apart)
    found = cloud.analyse("Volumes end in error")
    assert found.report.verdict is Verdict.INCONCLUSIVE, found.told()
    assert found.first == "cinder-volume", found.told()


def test_one_error_of_something_that_was_just_deleted_is_ordinary() -> None:
    """People delete servers while nova still works on them."""
    cloud = Cloud(SMALL, seed=11)
    cloud.say(50.0, "cinder-volume", "ERROR", "cinder.volume.widget", "Widget 7 could not be found")
    assert cloud.analyse("Volumes end in error").report.verdict is Verdict.NO_FAILURE_FOUND


@pytest.mark.parametrize(("failing", "doubtful"), [("node_exporter", False), ("nova-compute", True)])
def test_what_only_an_onlooker_fails_at_leaves_no_doubt(failing: str, doubtful: bool) -> None:
    """An error of a program that is no part of the cloud does not make a few lines of the cloud's look picked."""
    window = pl.DataFrame({"component": ["nova-compute", failing], "failed": [False, True]})
    assert fails_in_cloud(window, load_topology()) is doubtful


def test_where_nothing_is_the_clouds_every_failure_counts() -> None:
    """Errors of programs that nobody knows, alone, leave a doubt."""
    assert fails_in_cloud(pl.DataFrame({"component": ["mystery"], "failed": [True]}), load_topology())


def test_a_warning_with_a_traceback_that_stands_alone_is_no_all_clear(tmp_path: Path) -> None:
    """No other line shows that the cloud works on."""
    stamp = "2024-05-14 09:21:07.415 27"
    lines = [
        f"{stamp} WARNING octavia.controller.worker [-] The task 'make' went into state 'FAILURE'",
        f"{stamp} ERROR octavia.controller.worker Traceback (most recent call last):",
        f"{stamp} ERROR octavia.controller.worker octavia.common.exceptions.GadgetNotFound: No gadget is found.",
    ]
    found = answer(tmp_path, "octavia-worker", lines).report
    assert (found.verdict, found.causes[0].component) == (Verdict.INCONCLUSIVE, "octavia-worker")


def test_a_guest_out_of_memory_is_not_its_host(tmp_path: Path) -> None:
    """Its console has a kernel's lines too, in a file of the host."""
    console = tmp_path / "cmp1" / "instances" / "0f1e2d3c-aaaa-4bbb-8ccc-44ab5555f666" / "console.log"
    console.parent.mkdir(parents=True)
    console.write_text(
        "[    0.000000] Linux version 5.15.0-91-generic (buildd@build) (gcc 11.4.0)\n"
        "[ 4012.110231] mysqld invoked oom-killer: gfp_mask=0x140cca(GFP_HIGHUSER_MOVABLE), order=0, oom_score_adj=0\n"
        "[ 4012.130231] Out of memory: Killed process 1211 (mysqld) total-vm:3021000kB, anon-rss:1800000kB\n"
    )
    events = read_logs([tmp_path]).events
    request = AnalysisRequest("A server is slow", [str(tmp_path)])
    found = build_report(investigate(request, events, None, NormalRates.empty(), load_catalogue(), load_topology()))
    first = found.causes[0]
    assert (first.component, first.host, found.verdict) == ("guest", "cmp1", Verdict.INCONCLUSIVE)
