"""Work that was ordered and is over is no failure; the same work that went wrong is one."""

from pathlib import Path

import polars as pl
import pytest
from finding_samples import finding
from planned_lines import LENGTH, Logs, api, compute, every, logs, oslo, rabbit, signalled, syslog
from planned_work import WORK

from openstack_rca.logs.events import read_logs
from openstack_rca.rca.engine import AnalysisRequest, investigate
from openstack_rca.rca.evidence import NormalRates
from openstack_rca.rca.judgement import discount_planned_work
from openstack_rca.rca.knowledge import load_catalogue, load_topology
from openstack_rca.rca.vocabulary import Directness, Verdict

ISSUE = "Is the cloud healthy after tonight's work?"


def judged(logs: Logs, folder: Path) -> tuple[Verdict, list[str]]:
    """The verdict, and the components that are named."""
    for name, text in logs.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    events = read_logs([folder]).events
    request = AnalysisRequest(ISSUE, ["logs"])
    case = investigate(request, events, None, NormalRates.empty(), load_catalogue(), load_topology())
    return case.verdict, [candidate.component for candidate in case.candidates]


@pytest.mark.parametrize("work", WORK)
def test_work_that_was_ordered_and_is_over_is_no_failure(work: str, tmp_path: Path) -> None:
    """Whoever stopped was told to, is back, and what others complained of ended with it."""
    make, _ = WORK[work]
    verdict, _ = judged(make(True), tmp_path)
    assert verdict is Verdict.NO_FAILURE_FOUND


@pytest.mark.parametrize("work", WORK)
def test_work_that_went_wrong_is_a_failure(work: str, tmp_path: Path) -> None:
    """Whoever stopped does not come back, crashed instead of being told, or is complained of for good."""
    make, failed = WORK[work]
    verdict, named = judged(make(False), tmp_path)
    assert verdict in (Verdict.CONFIRMED, Verdict.LIKELY)
    assert named[0] == load_topology().canonical(failed)


@pytest.mark.parametrize(
    ("until", "verdict"),
    [(101.0, Verdict.NO_FAILURE_FOUND), (190.0, Verdict.CONFIRMED)],
    ids=["once", "until it was back"],
)
def test_clients_that_went_on_at_once_found_others_in_its_place(until: float, verdict: Verdict, tmp_path: Path) -> None:
    """One broker of several stops by order for a minute and a half: its client loses it once, or misses it until it is back."""
    lost = (
        "AMQP server on 10.7.0.12:5672 is unreachable: [Errno 104] Connection reset by peer. Trying again in 1 seconds."
    )
    errors = [
        oslo(at, "ERROR", "oslo.messaging._drivers.impl_rabbit", lost) for at in (100.5 + 5 * n for n in range(18))
    ]
    broker = [
        rabbit(at, "info", "accepting AMQP connection <0.31.0> (10.7.0.5:50122 -> 10.7.0.12:5672)") for at in (5, 60)
    ]
    broker += [rabbit(100.0, "info", "RabbitMQ is asked to stop...")]
    broker += [rabbit(190.0, "info", "Starting RabbitMQ 3.13.7 on Erlang 26.2.5.5 [jit]")]
    broker += [rabbit(200.0, "info", "Server startup complete; 5 plugins started.")]
    files = {
        "mq2/rabbitmq/rabbit@mq2.log": broker,
        "cmp1/nova/nova-compute.log": compute() + [error for error in errors if error[0] <= until],
    }
    assert judged(logs(files), tmp_path)[0] is verdict


@pytest.mark.parametrize(("elsewhere", "healthy"), [(True, True), (False, False)])
def test_a_broker_that_is_away_longer_is_missed_only_by_clients_that_find_no_other(
    elsewhere: bool, healthy: bool, tmp_path: Path
) -> None:
    """The other brokers need not write anything meanwhile: that its clients are at work again says that one serves."""
    lost = "[8f0d] AMQP server on ctl2:5672 is unreachable: [Errno 104] Connection reset by peer. Trying again in 1 seconds."
    found = "[8f0d] Reconnected to AMQP server on ctl1:5672 via [amqp] client with port 51762."
    driver = "oslo.messaging._drivers.impl_rabbit"
    told = {
        "ctl2/syslog": [
            syslog(300, "ctl2", "systemd[1]", "Stopping rabbitmq-server.service - RabbitMQ broker..."),
            syslog(306, "ctl2", "systemd[1]", "Stopped rabbitmq-server.service - RabbitMQ broker."),
            syslog(390, "ctl2", "systemd[1]", "Started rabbitmq-server.service - RabbitMQ broker."),
        ],
        "cmp1/nova/nova-compute.log": [
            *compute(*(() if elsewhere else ((300, LENGTH),))),
            *(oslo(301 + n * 0.2, "ERROR", driver, f"{lost}: ConnectionResetError: [Errno 104]") for n in range(3)),
            *([oslo(303, "INFO", driver, found)] if elsewhere else []),
        ],
        "ctl1/nova/nova-api.log": api(),
    }
    assert (judged(logs(told), tmp_path)[0] is Verdict.NO_FAILURE_FOUND) is healthy


@pytest.mark.parametrize(("before", "healthy"), [(30, True), (150, False)])
def test_a_broker_lets_its_clients_go_before_it_tells_that_it_stops(
    before: float, healthy: bool, tmp_path: Path
) -> None:
    """What they told long before the stop was not of it."""
    lost = "[8f0d] AMQP server on ctl2:5672 is unreachable: Server unexpectedly closed connection. Trying again in 1 seconds."
    closed = [oslo(300 - before + n * 0.2, "ERROR", "oslo.messaging._drivers.impl_rabbit", lost) for n in range(4)]
    broker = [
        *every(20, lambda at: rabbit(at, "info", "accepting AMQP connection <0.31.0>"), (300, 345)),
        rabbit(300, "info", "RabbitMQ is asked to stop..."),
        rabbit(340, "info", "Starting RabbitMQ 3.13.7 on Erlang 26.2.5.5 [jit]"),
        rabbit(345, "info", "Server startup complete; 5 plugins started."),
    ]
    told = {
        "ctl2/rabbitmq/rabbit@ctl2.log": broker,
        "ctl1/rabbitmq/rabbit@ctl1.log": every(20, lambda at: rabbit(at, "info", "accepting AMQP connection <0.32.0>")),
        "cmp1/nova/nova-compute.log": [*compute(), *closed],
        "ctl1/nova/nova-api.log": api(),
    }
    assert (judged(logs(told), tmp_path)[0] is Verdict.NO_FAILURE_FOUND) is healthy


def test_what_a_member_tells_as_another_stops_is_no_bad_end_of_its_own() -> None:
    """Two database servers are restarted one after the other; the second tells before its own stop that the first left."""
    told = [
        finding("mariadb", "mariadb", host, at=at, lasts=0.0, signature=signature, directness=Directness.CAUSE, row=row)
        for row, (host, at, signature) in enumerate(
            [
                ("db1", 0.0, "database-shutdown"),
                ("db2", 2.0, "galera-member-lost"),
                ("db1", 25.0, "database-started"),
                ("db2", 300.0, "database-shutdown"),
                ("db1", 302.0, "galera-member-lost"),
                ("db2", 325.0, "database-started"),
            ]
        )
    ]
    frame = pl.DataFrame(
        [(row, "mariadb", one.accuser_host, one.first) for row, one in enumerate(told)],
        schema=["row", "component", "host", "time"],
        orient="row",
    )
    assert not any(one.weight for one in discount_planned_work(told, load_catalogue(), frame, load_topology()))


def test_what_a_server_writes_on_its_way_down_does_not_show_it_at_work(tmp_path: Path) -> None:
    """A database that was told to stop, says a few things more and is not back is down, though nobody complains yet."""
    going = (
        "Event Scheduler: Purging the queue. 0 events",
        "InnoDB: FTS optimize thread exiting.",
        "InnoDB: Dumping buffer pool(s) to ib_buffer_pool",
        "InnoDB: Buffer pool(s) dump completed at 8:01:04",
    )
    stop = "2026-11-24  8:01:00 0 [Note] /usr/sbin/mariadbd (initiated by: root): Normal shutdown\n"
    tail = "".join(f"2026-11-24  8:01:0{second} 0 [Note] {words}\n" for second, words in enumerate(going, 1))
    verdict, named = judged({"db1/mariadb/error.log": stop + tail}, tmp_path)
    assert (verdict, named[:1]) == (Verdict.CONFIRMED, ["mariadb"])


@pytest.mark.parametrize(
    ("ended", "result"),
    [
        ("code=dumped, status=11/SEGV", "core-dump"),
        ("code=killed, status=9/KILL", "signal"),
        ("code=exited, status=1/FAILURE", "exit-code"),
    ],
)
def test_what_systemd_stops_and_starts_after_a_crash_was_no_order(tmp_path: Path, ended: str, result: str) -> None:
    """It writes "Stopped" before each automatic restart too."""
    told = (
        f"nova-compute.service: Main process exited, {ended}",
        f"nova-compute.service: Failed with result '{result}'.",
        "nova-compute.service: Scheduled restart job, restart counter is at 1.",
        "Stopped nova-compute.service - OpenStack Compute.",
        "Started nova-compute.service - OpenStack Compute.",
    )
    system = [syslog(400 + 5 * (number > 1), "cmp1", "systemd[1]", words) for number, words in enumerate(told)]
    verdict, named = judged(logs({"cmp1/syslog": system, "cmp1/nova-compute.log": compute((400, 406))}), tmp_path)
    assert verdict in (Verdict.CONFIRMED, Verdict.LIKELY)
    assert named[0] == "nova-compute"


def test_trouble_between_two_restarts_is_a_failure(tmp_path: Path) -> None:
    """Somebody restarts twice to mend something: what is said between lies close to neither."""
    call = "Exception during message handling: oslo_messaging.exceptions.MessagingTimeout: Timed out waiting for a reply from topic"
    waits = [oslo(350 + 50 * n, "ERROR", "nova.conductor.manager", f"{call} compute.cmp1") for n in range(8)]
    files = {
        "cmp1/nova-compute.log": [
            *compute((300, 306), (800, 806)),
            *signalled(300, "nova-compute", 305),
            *signalled(800, "nova-compute", 805),
        ],
        "ctl1/nova-conductor.log": waits,
    }
    verdict, named = judged(logs(files), tmp_path)
    assert verdict is not Verdict.NO_FAILURE_FOUND
    assert named[0] == "nova-compute"


def test_a_restart_in_which_many_calls_failed_is_a_failure(tmp_path: Path) -> None:
    """Nobody else of its kind served, and all that asked it were turned away."""
    keystone = [
        oslo(at, "INFO", "keystone.server", "Authenticated user") for at in range(0, LENGTH, 10) if not 300 < at < 325
    ]
    refused = "Unable to validate token: Unable to establish connection to http://ctl1:5000/v3/auth/tokens: Connection refused"
    answer = '10.0.0.9 "GET /v2.1/servers HTTP/1.1" status: 503 len: 300 microversion: 2.1 time: 0.02'
    files = {
        "ctl1/keystone.log": [*keystone, *signalled(300, "keystone", 325)],
        "ctl1/nova-api.log": [
            *api((300, 325)),
            *(oslo(301 + n, "ERROR", "keystonemiddleware.auth_token", refused) for n in range(20)),
            *(oslo(301.1 + n, "INFO", "nova.api.openstack.requestlog", answer) for n in range(20)),
        ],
    }
    verdict, named = judged(logs(files), tmp_path)
    assert verdict in (Verdict.CONFIRMED, Verdict.LIKELY)
    assert named[0] == "keystone"


@pytest.mark.parametrize(
    ("told", "verdict"),
    [
        (["die {}(execDuration=3, exitCode=137, image=x/mariadb, name=mariadb)"], Verdict.CONFIRMED),
        (["stop {}(image=x/mariadb, name=mariadb)"], Verdict.CONFIRMED),
        (["stop {}(image=x/mariadb, name=mariadb)", "start {}(image=x/mariadb, name=mariadb)"], None),
        (["die {}(execDuration=3, exitCode=0, image=x/mariadb, name=bootstrap_mariadb)"], None),
    ],
    ids=["killed", "stopped", "restarted", "done"],
)
def test_a_runtimes_events_tell_whose_container_ended(told: list[str], verdict: Verdict | None, tmp_path: Path) -> None:
    """What was killed, or stopped for good, is named; what was restarted, or had done its work, is no failure."""
    said = told + ["exec_start: ls {}(image=x/nova, name=nova_api)"] * 3
    lines = [
        f"2026-11-23T04:0{number if number > 1 else 0}:0{number}.1Z container {words.format('4f' * 32 + ' ')}"
        for number, words in enumerate(said)
    ]
    found, named = judged({"ctl1/events.txt": "\n".join(lines) + "\n"}, tmp_path)
    assert (found, named[:1]) == ((verdict, ["mariadb"]) if verdict else (Verdict.NO_FAILURE_FOUND, []))


@pytest.mark.parametrize(
    ("told", "verdict"),
    [
        (["terminated unexpectedly.  It has done this 1 time(s)."], Verdict.LIKELY),
        (["entered the stopped state.", "entered the running state."], Verdict.NO_FAILURE_FOUND),
    ],
    ids=["crashed", "restarted"],
)
def test_windows_tells_whose_service_ended(told: list[str], verdict: Verdict, tmp_path: Path) -> None:
    """A hypervisor's event log names the service that crashed; one that was restarted, and Windows' own, are no failure."""
    words = ["The Windows Update service entered the stopped state."] * 2
    words += [f"The OpenStack Nova Compute Service service {each}" for each in told]
    head = "Level,Date and Time,Source,Event ID,Task Category\n"
    rows = [
        f"{'Error' if 'terminated' in text else 'Information'},11/20/2026 10:00:0{number} AM,Service Control Manager,7034,None,{text}\n"
        for number, text in enumerate(words)
    ]
    assert judged({"hv1/events.csv": head + "".join(rows)}, tmp_path)[0] is verdict


@pytest.mark.parametrize("served", [True, False], ids=["others serve", "nobody serves"])
def test_a_web_server_in_a_pod_is_replaced_by_another_that_started_before(served: bool, tmp_path: Path) -> None:
    """Pods name no host: that the API in them goes on with its requests shows that the old one is not missed."""
    files = {"nova-compute.log": compute()}
    for name, begins, ends in (
        ("keystone-api-6d5f8c7b9d-2xk4q", 0, 400),
        ("keystone-api-75b9c6dd48-9vmtr", 370, LENGTH),
    ):
        if begins:
            note = "AH00489: Apache/2.4.52 (Ubuntu) mod_wsgi/4.9.0 Python/3.10 configured -- resuming normal operations"
            lines = [(begins, f"[Tue Mar 10 02:06:10.938128 2026] [mpm_event:notice] [pid 1:tid 1] {note}")]
        else:
            note = "AH00492: caught SIGWINCH, shutting down gracefully"
            lines = [(ends, f"[Tue Mar 10 02:06:40.111010 2026] [mpm_event:notice] [pid 1:tid 1] {note}")]
        for at in range(begins, ends if served or not begins else begins, 12):
            stamp = f"10/Mar/2026:02:{at // 60:02}:{at % 60:02} +0000"
            lines.append(
                (at, f'10.233.64.200 - - [{stamp}] "POST /v3/auth/tokens HTTP/1.1" 201 1723 "-" "keystoneauth1"')
            )
        files[f"openstack-namespace/{name}/keystone-api.log"] = lines
    verdict, _ = judged(logs(files), tmp_path)
    assert (verdict is Verdict.NO_FAILURE_FOUND) is served
