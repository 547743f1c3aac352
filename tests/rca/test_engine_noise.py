"""Clouds in which nothing failed, however noisy; and faults amid noise."""

from collections.abc import Callable

import pytest
from api_troubles import neutron_lost, placement_lost
from cloud import CLEARED, HEALTHY_SECONDS, Cloud, Scenario
from sites import KOLLA, OLD, OVN, SMALL, Site
from troubles import PYTHON, broker_errors, database_errors, started

from openstack_rca.model.baseline import Baseline
from openstack_rca.rca.engine import AnalysisRequest, investigate
from openstack_rca.rca.evidence.normal_rates import NormalRates
from openstack_rca.rca.knowledge.catalogue import load_catalogue
from openstack_rca.rca.knowledge.topology import load_topology
from openstack_rca.rca.vocabulary import Verdict

SITES = {"small": SMALL, "kolla": KOLLA, "old": OLD, "ovn": OVN}


@pytest.mark.parametrize("seed", [3, 11, 29])
@pytest.mark.parametrize("site", SITES.values(), ids=SITES)
def test_ordinary_traffic_is_no_failure(site: Site, seed: int) -> None:
    answer = Cloud(site, seed=seed).analyse("Users say that things feel slow, is anything wrong?")
    assert answer.report.verdict is Verdict.NO_FAILURE_FOUND, answer.told()


@pytest.mark.parametrize("site", SITES.values(), ids=SITES)
def test_ordinary_traffic_is_no_failure_though_nothing_is_known_of_normal(site: Site) -> None:
    answer = Cloud(site, seed=41).analyse("Database connection timeout", baseline=False)
    assert answer.report.verdict is Verdict.NO_FAILURE_FOUND, answer.told()
    assert answer.report.summary == "Nothing in these logs points to a failure."


@pytest.mark.parametrize("program", ["node_exporter", "zabbix-agentd", "filebeat", "rsyslogd", "puppet-agent", "CRON"])
def test_what_an_onlooker_complains_of_is_no_failure_of_the_cloud(program: str) -> None:
    """Who watches the machine or ships its logs is needed by no service."""
    cloud = Cloud(SMALL, seed=41)
    for at in (60.0, 75.0, 90.0):
        cloud.say(at, program, "ERROR", "collector", "collector failed: could not get IPVS stats")
    answer = cloud.analyse("Is something wrong on this node?", baseline=False)
    assert answer.report.verdict is Verdict.NO_FAILURE_FOUND, answer.told()


@pytest.mark.parametrize(
    ("service", "line"),
    [
        ("nova-novncproxy", "  4: connecting to: 127.0.0.1:5903"),
        ("host", "ata3: SATA link down (SStatus 0 SControl 300)"),
        ("kubelet", "Another app is currently holding the xtables lock; still 9s 0us time ahead to have a chance to grab the lock..."),
        ("host", "audit: audit_lost=1 audit_rate_limit=0 audit_backlog_limit=64"),
        ("ceph-mds", "mds.a respawn!"),
        ("haproxy", "Server nova_api/ctl02 is going DOWN for maintenance. 2 active and 0 backup servers left. 0 sessions active"),
        ("mariadb", "Plugin group_replication reported: 'Group membership changed: This member has left the group.'"),
    ],
    ids=["a console where proxy and compute share a host", "a port without a disk", "a lock that is waited for", "lines of the audit that were lost as the host started", "a metadata server that is told to begin anew", "a server in maintenance while others serve", "a member that is told to leave"],
)  # fmt: skip
def test_a_line_that_healthy_clouds_write_confirms_no_failure(service: str, line: str) -> None:
    cloud = Cloud(SMALL, seed=41)
    for at in (60.0, 75.0):
        cloud.say(at, service, "INFO", "x", line)
    answer = cloud.analyse("Is something wrong on this node?", baseline=False)
    assert answer.report.verdict is Verdict.NO_FAILURE_FOUND, answer.told()


def test_an_error_that_nothing_explains_is_told_where_no_failure_is_found() -> None:
    cloud = Cloud(SMALL, seed=41)
    cloud.say(60.0, "nova-compute", "ERROR", "nova.virt.gadget", "The gadget of tray seven is bent")
    report = cloud.analyse("Is something wrong on this node?", baseline=False).report
    assert report.verdict is Verdict.NO_FAILURE_FOUND
    assert "The gadget of tray seven is bent" in report.missing[0]


@pytest.mark.parametrize(("back", "verdict"), [(64.0, Verdict.NO_FAILURE_FOUND), (None, Verdict.INCONCLUSIVE)])
def test_a_peer_of_the_broker_that_is_back_in_seconds_is_no_partition(back: float | None, verdict: Verdict) -> None:
    cloud = Cloud(SMALL, seed=41)
    cloud.say(60.0, "rabbitmq", "INFO", "x", "node 'rabbit@mq2' down: connection_closed")
    if back is not None:
        cloud.say(back, "rabbitmq", "INFO", "x", "node 'rabbit@mq2' up")
    answer = cloud.analyse("Is something wrong?", baseline=False)
    assert answer.report.verdict is verdict, answer.told()


def tenants_mistakes(cloud: Cloud) -> None:
    """One user asks for what does not exist, exceeds a quota, and mistypes a password."""
    for at in cloud.every(7, 0, cloud.seconds):
        text = f"HTTP exception thrown: Instance {cloud.uuid()} could not be found."
        cloud.say(at, "nova-api", "INFO", "nova.api.openstack.wsgi", text)
        line = f'10.77.0.31 "GET /v2.1/servers/{cloud.uuid()} HTTP/1.1" status: 404  len: 111 time: 0.0524241'
        cloud.say(at, "nova-api", "INFO", "nova.osapi_compute.wsgi.server", line)
        gone = "show failed (client error): The resource could not be found."
        cloud.say(at + 1, "neutron-server", "INFO", "neutron.pecan_wsgi.hooks.translation", gone)
    for at in (50.0, 90.0):
        text = "HTTP exception thrown: Quota exceeded for instances: Requested 1, but already used 10 of 10 instances"
        cloud.say(at, "nova-api", "INFO", "nova.api.openstack.wsgi", text)
    for at in (40.0, 44.0):
        text = "Authorization failed. The request you have made requires authentication. from 10.77.0.99"
        cloud.say(at, "keystone", "WARNING", "keystone.server.flask.application", text)
        cloud.access(at, "POST /v3/auth/tokens", 401)
    text = f"HTTP exception thrown: Cannot 'stop' instance {cloud.uuid()} while it is in task_state powering-off"
    cloud.say(70.0, "nova-api", "INFO", "nova.api.openstack.wsgi", text)


def clean_restart(service: str) -> Callable[[Cloud], None]:
    """An administrator restarts a service: three seconds, and nobody complains."""

    def build(cloud: Cloud) -> None:
        host = cloud.hosts_of(service)[0]
        cloud.say(60.0, service, "INFO", "oslo_service.service", "Caught SIGTERM, exiting", host=host, context=False)
        cloud.stop(service, 60.0, 63.0, host=host)
        started(cloud, service, host, 63.0)

    return build


def client_went_away(cloud: Cloud) -> None:
    cloud.rabbitmq(
        61.0,
        "warning",
        "closing AMQP connection <0.9.0> (10.77.0.31:4 -> 10.77.0.12:5672 - nova-api:7:1f, vhost: '/', user: 'openstack'):",
        "client unexpectedly closed TCP connection",
    )
    cloud.mariadb(
        75.0,
        "Warning",
        "Aborted connection 42 to db: 'nova' user: 'nova' host: '10.77.0.12' (Got an error reading communication packets)",
    )
    reset = "[Errno 104] Connection reset by peer"
    text = f"A recoverable connection/channel error occurred, trying to reconnect: {reset}"
    cloud.say(61.2, "nova-api", "INFO", "oslo.messaging._drivers.impl_rabbit", text, context=False)


def one_deadlock(cloud: Cloud) -> None:
    text = "(1213, 'Deadlock found when trying to get lock; try restarting transaction')"
    error = f"oslo_db.exception.DBDeadlock: (pymysql.err.OperationalError) {text}"
    cloud.say(66.0, "neutron-server", "WARNING", "oslo_db.api", f"DB deadlock, retrying: {error}")


def one_failed_server(cloud: Cloud) -> None:
    """One boot of one user fails; such things happen."""
    error = "nova.exception_Remote.NoValidHost_Remote: No valid host was found. There are not enough hosts available."
    cloud.say(70.0, "nova-conductor", "ERROR", "nova.conductor.manager", f"Failed to schedule instances: {error}")
    cloud.say(
        70.1,
        "nova-conductor",
        "WARNING",
        "nova.scheduler.utils",
        "Failed to compute_task_build_instances: No valid host was found.",
    )


def late_event(cloud: Cloud) -> None:
    for at in (50.0, 80.0):
        text = f"[instance: {cloud.uuid()}] Received unexpected event network-vif-plugged-{cloud.uuid()} for instance with vm_state active and task_state None."
        cloud.say(at, "nova-compute", "WARNING", "nova.compute.manager", text)


NOISE: dict[str, Callable[[Cloud], None]] = {
    "mistakes of tenants": tenants_mistakes,
    "a clean restart of nova-conductor": clean_restart("nova-conductor"),
    "a clean restart of cinder-volume": clean_restart("cinder-volume"),
    "a clean restart of one nova-compute": clean_restart("nova-compute"),
    "a client that went away": client_went_away,
    "one deadlock": one_deadlock,
    "one failed server": one_failed_server,
    "late events": late_event,
}


@pytest.mark.parametrize("noise", NOISE.values(), ids=NOISE)
def test_noise_is_no_failure(noise: Callable[[Cloud], None]) -> None:
    cloud = Cloud(SMALL, seed=13)
    noise(cloud)
    answer = cloud.analyse("Users say that things feel slow, is anything wrong?")
    assert answer.report.verdict is Verdict.NO_FAILURE_FOUND, answer.told()


def routine_errors(cloud: Cloud) -> None:
    """What this cloud always logs, errors among it."""
    for at in cloud.every(6, 0, cloud.seconds):
        text = f"Network {cloud.uuid()} is not available."
        cloud.say(at, cloud.site.l2_agent, "ERROR", "neutron.plugins.ml2.drivers.agent._common_agent", text)
    for at in cloud.every(15, 0, cloud.seconds):
        error = "keystoneauth1.exceptions.connection.ConnectFailure: Unable to establish connection to http://10.9.9.9:9311/"
        cloud.say(at, "cinder-volume", "WARNING", "castellan.key_manager", f"Barbican is not reachable: {error}")
    for at in cloud.every(20, 0, cloud.seconds):
        reason = "[Errno 104] Connection reset by peer"
        text = f"[{cloud.uuid()}] AMQP server on ctl-a:5672 is unreachable: {reason}. Trying again in 1 seconds.: ConnectionResetError: {reason}"
        cloud.say(at, "nova-api", "ERROR", "oslo.messaging._drivers.impl_rabbit", text, context=False)


@pytest.fixture(scope="module")
def noisy_rates() -> NormalRates:
    """Learnt from a healthy recording with the routine errors in it."""
    cloud = Cloud(SMALL, HEALTHY_SECONDS, seed=77)
    routine_errors(cloud)
    return NormalRates.from_baseline(Baseline.learn(cloud.events()), load_topology().canonical)


def test_errors_at_their_normal_rate_are_no_failure(noisy_rates: NormalRates) -> None:
    cloud = Cloud(SMALL, seed=5)
    routine_errors(cloud)
    request = AnalysisRequest("Servers fail", ["logs"])
    found = investigate(request, cloud.events(), None, noisy_rates, load_catalogue(), load_topology())
    assert found.verdict is Verdict.NO_FAILURE_FOUND


def test_a_fault_is_found_amid_errors_at_their_normal_rate(noisy_rates: NormalRates) -> None:
    cloud = Cloud(SMALL, seed=5)
    routine_errors(cloud)
    cloud.stop("placement-api")
    placement_lost(cloud)
    request = AnalysisRequest("Servers fail", ["logs"])
    found = investigate(request, cloud.events(), None, noisy_rates, load_catalogue(), load_topology())
    assert found.candidates[0].component == "placement-api"


def loud_bystander(cloud: Cloud) -> None:
    """neutron is dead; cinder-volume complains loudly of something old that hurts nobody."""
    cloud.stop("neutron-server")
    neutron_lost(cloud)
    for at in cloud.every(0.4, 0, cloud.seconds):
        trace = [
            "Traceback (most recent call last):",
            f'  File "{PYTHON}/cinder/volume/manager.py", line 3012, in publish',
            "KeyError: 'pool'",
        ]
        cloud.say(
            at,
            "cinder-volume",
            "ERROR",
            "cinder.volume.manager",
            "Failed to publish capabilities: KeyError: 'pool'",
            trace=trace,
        )


def tenants_amid_a_fault(cloud: Cloud) -> None:
    tenants_mistakes(cloud)
    cloud.stop("placement-api")
    placement_lost(cloud)


def restart_after_the_fault(cloud: Cloud) -> None:
    """Administrators restarted half of the cloud in the hope that it helps."""
    refused = "(2003, \"Can't connect to MySQL server on '10.77.0.250' ([Errno 111] Connection refused)\")"
    database_errors(cloud, refused)
    for number, service in enumerate(("nova-api", "nova-conductor", "neutron-server", "cinder-volume")):
        at = CLEARED + 5 * number
        cloud.say(at, service, "INFO", "oslo_service.service", "Caught SIGTERM, exiting", context=False)
        started(cloud, service, cloud.controller, at + 2)


SCENARIOS = [
    Scenario("loud bystander", loud_bystander, ("neutron-server",)),
    Scenario("loud bystander, nothing known of normal", loud_bystander, ("neutron-server",), baseline=False),
    Scenario("tenants' mistakes beside a fault", tenants_amid_a_fault, ("placement-api",)),
    Scenario("restarts after the fault", restart_after_the_fault, ("mariadb",)),
]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_the_fault_is_found_amid_noise(scenario: Scenario) -> None:
    scenario.check()


def database_down_throughout(cloud: Cloud) -> None:
    refused = "(2003, \"Can't connect to MySQL server on '10.77.0.250' ([Errno 111] Connection refused)\")"
    database_errors(cloud, refused, since=0, until=cloud.seconds)


def broker_down_throughout(cloud: Cloud) -> None:
    broker_errors(cloud, "[Errno 111] ECONNREFUSED", since=0, until=cloud.seconds)
    cloud.stop("rabbitmq", 0, cloud.seconds)


def placement_down_throughout(cloud: Cloud) -> None:
    placement_lost(cloud, since=0, until=cloud.seconds)
    cloud.stop("placement-api", 0, cloud.seconds)


@pytest.mark.parametrize("known", [True, False], ids=["known normal", "unknown normal"])
@pytest.mark.parametrize(
    ("build", "component"),
    [
        (database_down_throughout, "mariadb"),
        (broker_down_throughout, "rabbitmq"),
        (placement_down_throughout, "placement-api"),
    ],
)
def test_an_outage_that_fills_the_whole_recording_is_found(
    build: Callable[[Cloud], None], component: str, known: bool
) -> None:
    """Who is in trouble often gives the logs of the trouble only."""
    Scenario("throughout", build, (component,), ("process-down",), baseline=known).check()
