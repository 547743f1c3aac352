"""What kind of fault an answer tells: from the reason that a line gives, or from an absence that shows itself."""

from dataclasses import replace
from datetime import UTC, datetime

import polars as pl
import pytest
from finding_samples import events, finding

from openstack_rca.rca.evidence import Finding, generic_accusations, match_signatures, new_errors, quiet_words
from openstack_rca.rca.judgement import blame_own_settings, discount_stop_after_own_error, explain, weigh
from openstack_rca.rca.knowledge import load_catalogue, load_topology
from openstack_rca.rca.vocabulary import Category, Directness, EvidenceSort

TOPOLOGY = load_topology()
CATALOGUE = load_catalogue()


def observed(message: str, component: str, level: str = "ERROR", detail: str = "") -> pl.DataFrame:
    """One event as the matching reads it."""
    return pl.DataFrame(
        {
            "row": [0],
            "time": [datetime(2026, 1, 1, tzinfo=UTC)],
            "host": ["node7"],
            "component": [component],
            "level": [level],
            "text": [f"{message}\n{detail}" if detail else message],
            "message": [message],
            "exception": [None],
            "detail": [detail or None],
            "template_id": [1],
            "novelty": [1.0],
            "normal_per_minute": [None],
            "familiar": [False],
            "score": [None],
            "logger": [None],
            "stands_for": [1],
            "request_id": [None],
        },
        schema_overrides={
            "row": pl.UInt32,
            "time": pl.Datetime("us", "UTC"),
            "template_id": pl.UInt64,
            "exception": pl.String,
            "detail": pl.String,
            "normal_per_minute": pl.Float64,
            "score": pl.Float32,
            "logger": pl.String,
            "request_id": pl.String,
        },
    )


def matched(message: str, component: str, level: str = "ERROR") -> Finding:
    found = match_signatures(observed(message, component, level), CATALOGUE, TOPOLOGY, 1.0).findings
    return max(found, key=lambda one: one.strength)


def one_a_minute(lines: list[pl.DataFrame]) -> pl.DataFrame:
    return pl.concat(lines).with_columns(
        row=pl.int_range(pl.len(), dtype=pl.UInt32), time=pl.col("time") + pl.duration(minutes=pl.int_range(pl.len()))
    )


def test_a_driver_that_says_why_it_did_not_start_is_told_by_that_and_not_by_the_heartbeat_it_withholds() -> None:
    withheld = 'Manager for service cinder-volume ctl1@rbd-1 is reporting problems, not sending heartbeat. Service will appear "down".'
    refused = "Failed to initialize driver.: rados.PermissionDeniedError: [errno 13] RADOS permission denied (error connecting to the cluster)"
    window = one_a_minute([observed(text, "cinder-volume") for text in (refused, withheld)])
    found = match_signatures(window, CATALOGUE, TOPOLOGY, 10.0).findings
    assert {one.accused for one in found} == {"cinder-volume"}
    assert matched(withheld, "cinder-volume").accused == "storage"


def test_what_is_used_up_is_capacity_whatever_failed_for_it() -> None:
    """dnsmasq usually does not start for its configuration; here the line itself says what was short."""
    told = matched("dnsmasq: failed to create inotify: Too many open files", "neutron-dhcp-agent")
    assert (told.accused, told.category) == ("neutron-dhcp-agent", Category.CAPACITY)


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("[Errno 111] ECONNREFUSED. Trying again in 1 seconds.", Category.PROCESS_DOWN),
        ("timed out. Trying again in 1 seconds.", Category.HANG),
        ("connection already closed. Trying again in 1 seconds.", Category.MESSAGING),
    ],
)
def test_the_error_of_a_client_tells_whether_its_broker_runs(words: str, kind: Category) -> None:
    told = matched(f"AMQP server on ctl01:5672 is unreachable: {words}", "neutron-server")
    assert (told.accused, told.category) == ("rabbitmq", kind)


@pytest.mark.parametrize(
    ("backend", "component"),
    [("nova_api_back", "nova-api"), ("keystone_internal", "keystone"), ("glance-api-public-back", "glance-api")],
)
def test_a_proxy_that_takes_a_server_out_speaks_of_the_service_behind_it(backend: str, component: str) -> None:
    line = f'Server {backend}/ctl02 is DOWN, reason: Layer4 connection problem, info: "Connection refused", check'
    told = matched(line, "haproxy", "INFO")
    assert (told.accused, told.accused_host) == (component, "ctl02")


def test_who_is_started_again_was_down_though_its_clients_saw_it_hang() -> None:
    """A client only knows that no answer came; that the service started afterwards shows that it had gone."""
    waits = [finding("nova-conductor", "nova-compute", f"cmp{n}", category=Category.HANG) for n in range(3)]
    start = finding("nova-conductor", "nova-conductor", at=50, weight=0.35, directness=Directness.CAUSE)
    alone, started = weigh(waits)[0], weigh([*waits, start])[0]
    assert (alone.category, started.category) == (Category.HANG, Category.PROCESS_DOWN)


def test_the_start_of_a_service_that_worked_for_an_hour_is_not_the_onset_of_its_trouble() -> None:
    start = finding("keystone", "keystone", weight=0.05, directness=Directness.CAUSE)
    full = finding("keystone", "keystone", at=3600, directness=Directness.CAUSE)
    assert weigh([start, full])[0].onset == full.first
    assert weigh([start])[0].onset == start.first


def test_a_pod_without_a_node_tells_the_reasons_and_nothing_of_preemption() -> None:
    lack = "0/3 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/disk-pressure: }"
    told = matched(f"{lack}. preemption: 0/3 nodes are available.: FailedScheduling", "kubelet")
    assert told.title.endswith("disk-pressure: }.")


def test_who_goes_on_after_a_silence_hung_though_a_proxy_calls_it_gone() -> None:
    gone = [finding("keystone", name) for name in ("nova-api", "cinder-api")]
    gone.append(finding("keystone", "haproxy", category=Category.HANG))
    silence = finding("keystone", "keystone", category=Category.HANG, sort=EvidenceSort.SILENCE, weight=0.6)
    assert weigh([*gone, silence])[0].category is Category.HANG


def test_an_error_that_tells_its_kind_comes_before_one_that_does_not() -> None:
    vague = replace(finding("cinder-volume", "cinder-volume", category=Category.CONFIG), vague=True)
    clear = finding("cinder-volume", "cinder-volume", at=1, category=Category.STORAGE, row=1)
    symptoms = [replace(one, directness=Directness.SYMPTOM) for one in (vague, clear)]
    assert weigh(symptoms)[0].category is Category.STORAGE


def test_a_command_that_failed_is_an_error_at_any_level() -> None:
    """nova tells of a resize that was undone at INFO, with what ssh wrote below it."""
    detail = "Command: ssh -o BatchMode=yes cmp2 mkdir x\nExit code: 255\nStderr: 'Host key verification failed.\\r\\n'"
    found = new_errors(observed("Setting instance back to active", "nova-compute", "INFO", detail), 1.0)
    assert [(one.accused, one.category, one.unexplained) for one in found] == [("nova-compute", Category.CONFIG, True)]
    assert not new_errors(observed("Setting instance back to active", "nova-compute", "INFO", "Exit code: 0"), 1.0)


def test_a_server_that_warns_of_what_it_runs_short_of_is_heard_but_not_what_it_warns_of_its_clients() -> None:
    short = observed("file descriptor limit alarm set", "rabbitmq", "WARNING")
    assert [(one.accused, one.category) for one in quiet_words(short, 1.0, TOPOLOGY)] == [
        ("rabbitmq", Category.CAPACITY)
    ]
    client = observed("closing AMQP connection: client unexpectedly closed TCP connection", "rabbitmq", "WARNING")
    assert not quiet_words(client, 1.0, TOPOLOGY)


def test_of_the_lines_that_one_rule_knows_the_one_that_tells_a_refusal_is_told() -> None:
    """After a refused login a library tries on with a session that it does not have."""
    code = "HSM returned response code: {}"
    first, second = (
        observed(code.format(answer), "barbican-api").with_columns(row=pl.lit(row, pl.UInt32))
        for row, answer in enumerate(("0xb3 CKR_SESSION_HANDLE_INVALID", "0xa4 CKR_PIN_LOCKED"))
    )
    known = CATALOGUE.without({"barbican-hsm-login"})
    told = next(iter(match_signatures(pl.concat([first, second]), known, TOPOLOGY, 1.0).findings))
    assert (told.signature, told.category) == ("barbican-hsm-unavailable", Category.AUTH)
    assert "PIN_LOCKED" in told.title


def test_a_warning_counts_in_lines_that_somebody_picked() -> None:
    window = observed("transaction error: permission error", "ovn-controller", "WARNING")
    assert not new_errors(window, 1.0)
    assert [one.accused for one in new_errors(window, 1.0, picked=True)] == ["ovn-controller"]


@pytest.mark.parametrize(
    "notice",
    [
        'Deprecated: Option "auth_uri" from group "keystone_authtoken" is deprecated. Use option "www_authenticate_uri".',
        'Deprecated: Option "api_servers" from group "glance" is deprecated for removal (use endpoint_override).',
        "keystone_authtoken.service_token_roles_required is False. This is backwards compatible but deprecated behaviour.",
    ],
)
def test_what_is_only_to_be_removed_one_day_is_no_trouble_however_new_it_is(notice: str) -> None:
    surprise = observed(notice, "nova-api", "WARNING").with_columns(score=pl.lit(0.999, pl.Float32))
    assert not new_errors(surprise, 1.0)
    assert not new_errors(surprise, 1.0, picked=True)


def test_what_a_warning_of_what_is_to_be_removed_tells_besides_counts() -> None:
    told = "Option auth_plugin is deprecated. Cannot load plugin v2password: authentication will fail for all users"
    [found] = new_errors(observed(told, "nova-api", "WARNING").with_columns(score=pl.lit(0.999, pl.Float32)), 1.0)
    assert found.accused == "nova-api"


def test_a_stranger_at_a_door_that_no_cloud_has_is_no_trouble_of_the_host_that_turns_it_away() -> None:
    knock = (
        "[UFW BLOCK] IN=br-ex OUT= MAC=52:54:00 SRC=203.0.113.4 DST=198.51.100.9 LEN=40 PROTO=TCP SPT=51514 DPT={} SYN"
    )
    assert not new_errors(observed(knock.format(23), "host", "INFO"), 1.0, few=True)
    assert new_errors(observed(knock.format(2377), "host", "INFO"), 1.0, few=True)


@pytest.mark.parametrize(
    "notice",
    [
        "*** Python threads support is disabled. You can enable it with --enable-threads ***",
        "thunder lock: disabled (you can enable it with --thunder-lock)",
    ],
)
def test_what_uwsgi_could_do_besides_is_no_trouble(notice: str) -> None:
    assert not new_errors(observed(notice, "keystone", "INFO"), 1.0, few=True)


def test_what_an_error_is_about_is_only_a_guess() -> None:
    """No word says what is wrong: the subject tells the likeliest kind, and the finding is as vague as without."""
    [told] = new_errors(observed("RTNETLINK says nothing useful of the router", "neutron-l3-agent"), 1.0)
    assert (told.category, told.vague) == (Category.NETWORK, True)


def test_whoever_says_that_it_fails_and_why_is_believed_for_the_reason() -> None:
    """ "Secrets cannot be read" and "there is no such secret", by the same service and as surely."""
    failed = finding("barbican-api", "nova-compute")
    reason = finding("barbican-api", "nova-compute", category=Category.DATA_MISSING, row=1)
    assert weigh([failed, reason])[0].category is Category.DATA_MISSING
    of_another = replace(reason, accuser="cinder-api")
    assert weigh([failed, of_another])[0].category is Category.PROCESS_DOWN


def test_a_certificate_that_a_client_does_not_trust_is_no_login_that_is_refused() -> None:
    window = events(("nova-api", "ctl"), ("nova-scheduler", "ctl"))
    distrust = finding("glance-api", "nova-api", category=Category.AUTH, signature="tls-certificate-invalid")
    assert blame_own_settings([distrust], window, TOPOLOGY)[0].accused == "glance-api"
    refused = replace(distrust, signature="identity-request-requires-authentication")
    assert blame_own_settings([refused], window, TOPOLOGY)[0].accused == "nova-api"


def test_a_server_that_its_host_saw_die_is_down_whatever_its_own_errors_are() -> None:
    died = observed("nfs-ganesha.service: Main process exited, code=killed, status=9/KILL", "host", "WARNING")
    [told] = new_errors(died, 1.0, topology=TOPOLOGY)
    assert (told.accused, told.category) == ("storage", Category.PROCESS_DOWN)


@pytest.mark.parametrize(
    "line", ["Failed to start MariaDB Backup Job.", "mariadb-backup.service: Failed with result 'exit-code'."]
)
def test_a_job_beside_a_server_is_not_that_server(line: str) -> None:
    [told] = new_errors(observed(line, "host", "WARNING"), 1.0, topology=TOPOLOGY)
    assert told.accused == "host"
    assert TOPOLOGY.component_of_backend("cinder-backup") == "cinder-backup"


def test_a_name_that_does_not_exist_for_one_component_alone_is_its_own_setting() -> None:
    """Others find the database meanwhile; whoever calls that component only quotes its error."""
    window = events(("placement-api", "ctl"), ("nova-scheduler", "ctl"), ("keystone", "ctl"), ("glance-api", "ctl"))
    unknown = replace(
        finding("network", "placement-api", category=Category.NETWORK, directness=Directness.CAUSE),
        proofs=("(2003, \"Can't connect to MySQL server on 'db9' ([Errno -2] Name or service not known)\")",),
    )
    quoted = replace(unknown, accuser="nova-scheduler", rows=(1,))
    blamed = max(blame_own_settings([unknown, quoted], window, TOPOLOGY), key=lambda one: one.strength)
    assert (blamed.accused, blamed.category) == ("placement-api", Category.CONFIG)
    silent = [replace(one, proofs=("[Errno -3] Temporary failure in name resolution",)) for one in (unknown, quoted)]
    assert {one.accused for one in blame_own_settings(silent, window, TOPOLOGY)} == {"network"}


def test_a_host_that_finds_no_names_explains_whom_it_cannot_reach() -> None:
    """Placement does not answer one host, on which no name resolves."""
    names = finding("network", "nova-compute", "cmp2", category=Category.NETWORK, directness=Directness.CAUSE)
    found = [replace(names, accused_host="cmp2"), finding("placement-api", "nova-compute", "cmp2", at=3, row=1)]
    explained = {one.component: one.explained_by for one in explain(weigh(found), found, TOPOLOGY)}
    assert explained["placement-api"] is not None
    assert explained["placement-api"][0] == "network"


def test_a_failed_start_without_a_reason_follows_from_the_error_before_it() -> None:
    pull = finding("trove", "trove", category=Category.CAPACITY, directness=Directness.SYMPTOM, weight=0.2, count=1)
    start = finding("trove", "trove", at=0.2, category=Category.CONFIG, directness=Directness.CAUSE, row=1, count=1)
    told = discount_stop_after_own_error(
        [replace(pull, unexplained=True), replace(start, unexplained=True, vague=True)], CATALOGUE
    )
    assert weigh(told)[0].category is Category.CAPACITY


def test_a_service_that_ends_at_a_setting_is_not_just_down() -> None:
    ended = matched("No type driver for tenant network_type: geneve. Service terminated!", "neutron-server")
    assert ended.category is Category.CONFIG
    assert matched("Unhandled error: SystemExit: 3", "nova-compute").category is Category.PROCESS_DOWN


def test_what_a_host_tells_of_a_unit_is_about_the_service_of_that_unit() -> None:
    window = observed("memcached.service: Main process exited, code=exited, status=71/OSERR", "host", "WARNING")
    assert [one.accused for one in new_errors(window, 1.0, topology=TOPOLOGY)] == ["memcached"]
    unknown = observed("site-backup.service: Main process exited, code=exited, status=71/OSERR", "host", "WARNING")
    assert [one.accused for one in new_errors(unknown, 1.0, topology=TOPOLOGY)] == ["host"]


def test_words_of_trouble_count_at_any_level_where_the_log_is_short() -> None:
    """Many daemons tell what fails at INFO or WARNING; what an API tells its caller is none of it."""
    told = observed("DHCPDISCOVER(br-prov) 0c:42:a1:77:1b:34 no address available", "neutron-dhcp-agent", "INFO", "")
    assert not new_errors(told, 1.0)
    (found,) = new_errors(told, 1.0, few=True)
    assert (found.accused, found.category, found.unexplained) == ("neutron-dhcp-agent", Category.CAPACITY, True)
    assert not new_errors(
        observed("HTTP exception thrown: Flavor x could not be found.", "nova-api", "INFO", ""), 1.0, few=True
    )


def test_a_reason_of_its_own_is_told_before_that_it_ended() -> None:
    """A service whose end its manager tells, and that logged why itself, is told with its own reason."""
    ended = finding("nova-compute", "host", weight=0.6, directness=Directness.CAUSE)
    reason = replace(
        finding(
            "nova-compute", "nova-compute", weight=0.07, category=Category.AUTH, directness=Directness.SYMPTOM, row=1
        ),
        unexplained=True,
    )
    [candidate] = weigh([ended, reason])
    assert (candidate.leading, candidate.category) == (reason, Category.AUTH)
    refused = finding("mariadb", "mariadb", weight=0.9, category=Category.AUTH, directness=Directness.ACCUSATION, row=1)
    failed = finding("mariadb", "mariadb", weight=1.0, category=Category.DATABASE, directness=Directness.CAUSE)
    [server] = weigh([failed, refused])
    assert (server.leading, server.category) == (refused, Category.AUTH), "a rule's reason counts like an unknown one"


def test_an_outcome_gives_way_to_the_reason_on_its_own_line() -> None:
    """A rule that says what came of a fault takes the kind of the reason that stands on the line."""
    line = "redis.exceptions.ResponseError: OOM command not allowed when used memory > 'maxmemory'."
    assert matched(line, "gnocchi-metricd").category is Category.CAPACITY


def test_who_passes_on_an_error_says_nothing_of_itself() -> None:
    """An error that was raised at the other end of a call weighs far less than one that its logger raised."""
    own, passed = (
        new_errors(observed(f"Failed to compute_task: {name}: No valid host was found.", "nova-conductor"), 1.0)[0]
        for name in ("nova.exception.NoValidHost", "nova.exception_Remote.NoValidHost_Remote")
    )
    assert passed.strength < own.strength / 2


def test_who_passes_on_an_error_is_not_said_to_have_called_whom_it_names() -> None:
    line = "Can't connect to MySQL server on 'db1' ([Errno 111] ECONNREFUSED)"
    own, passed = (
        matched(f"{lead}{line}", "nova-compute") for lead in ("", "RemoteError: Remote error: DBConnectionError ")
    )
    assert own.title.endswith("which nova-compute calls.")
    assert passed.title.endswith("which a service behind nova-compute calls.")


def test_trouble_that_did_not_come_is_none() -> None:
    """A count of no failures and a search for what is stuck are no trouble; the same words without them are."""

    def found(message: str) -> list[Finding]:
        return new_errors(observed(message, "swift-object", "INFO"), 1.0, few=True)

    assert found("440 successes, 0 failures") == found("Looking for instances stuck in BUILDING") == []
    assert found("finished corruption check") == []
    assert found("UserWarning: Policy agents:list failed scope check.") == []
    assert found("437 successes, 3 failures")
    assert found("Maximum number of concurrent queries reached (max: 150)")


@pytest.mark.parametrize(
    "message",
    [
        "Waiting for network-vif-plugged: connection timed out",
        "Waiting for network-vif-plugged timed out after 300 s",
        "Checking for Galera: connection refused",
        "Cannot reach the monitor at 192.0.2.7, will retry in 10 s",
        "will retry in 10 s: connection refused",
        "dashboard could not load: UserWarning: old module",
        "osd.0 failed to report",
        "10.0.0.0 failed",
        "Scheduling failed: 0 hosts are suitable",
        "write: no space error",
        "keystone answered: 401 Client Error: Unauthorized",
    ],
)
def test_calm_words_hide_no_trouble_beside_them(message: str) -> None:
    """What is said of calm takes its own words from a line: the trouble before or behind them still counts."""
    assert new_errors(observed(message, "swift-object", "INFO"), 1.0, few=True)


@pytest.mark.parametrize(
    "message",
    [
        "ok=3 changed=1 unreachable=0 failed=0 rescued=0",
        "check done, errors: 0, failed: 0",
        "3 passed, 0 failed",
        "done without any write errors",
        "no errors found",
        "/usr/lib/python3/error.py:12: UserWarning: scope check failed",
        "A request that stays without an answer will be retried on failure",
        'Client-side error: Invalid input for field "name"',
        "delete failed (client error): One or more ports have an IP allocation from this subnet.",
    ],
)
def test_counts_of_nothing_and_what_is_only_planned_are_calm(message: str) -> None:
    """A count of zero, a warning of Python's and what is done if something fails are no trouble."""
    assert not new_errors(observed(message, "swift-object", "INFO"), 1.0, few=True)


@pytest.mark.parametrize(
    ("line", "accused"),
    [
        ("Failed to start nova-compute.service - OpenStack Nova Compute.", "nova-compute"),
        ("Failed to start OpenStack Nova Compute.", "nova-compute"),
        ("Failed to start MariaDB 10.11.6 database server.", "mariadb"),
        ("nfs: server 192.0.2.4 not responding, still trying: core dumped", "storage"),
        ("Failed to start Something Else.", "host"),
        ("Failed to start Network Manager Wait Online.", "host"),
        ("Failed to start Docker Storage Setup.", "host"),
        ("Failed to start Host and Network Name Lookups.", "host"),
        ("Failed to start Ceph object storage daemon osd.3.", "ceph-osd"),
        ("Failed to start Ceph metadata server daemon.", "ceph-mds"),
    ],
)
def test_a_line_of_a_host_is_about_whom_it_names(line: str, accused: str) -> None:
    """What the kernel or the manager of services tells of a unit or of a program is held against that, not the host."""
    [found] = new_errors(observed(line, "host", "INFO"), 1.0, topology=TOPOLOGY, few=True)
    assert found.accused == accused


@pytest.mark.parametrize(
    ("line", "accused"),
    [
        ("cluster [ERR] 3.2b1 shard 21 soid 3:8d1a : candidate had a read error", "ceph-osd"),
        ("cluster [ERR] Health check failed: 1 filesystem is degraded: mds.a failed", "ceph-mds"),
        ("mon.c failed to join: election error", "ceph-mon"),
        ("mon.ctl1@0(leader).osd e501 failed to write transaction: no space left on device", "ceph-mon"),
        ("mon.x@-1(probing).mgr e9 could not commit", "ceph-mon"),
        ("mon.x@1(peon).paxosservice(mdsmap 1..55) refresh failed", "ceph-mon"),
        ("mon.ctl1@0(leader).osd e501 osd.3 failed to answer", "ceph-osd"),
        ('mon.a@0(leader) e1 handle_command {"prefix": "osd pool create"} failed: no space left', "ceph-mon"),
    ],
)
def test_the_cluster_log_is_about_the_daemon_that_it_names(line: str, accused: str) -> None:
    """Ceph's monitors write the log of all daemons: what they tell of an OSD's data is held against the OSDs."""
    [found] = new_errors(observed(line, "ceph-mon"), 1.0, topology=TOPOLOGY)
    assert found.accused == accused


def test_an_exit_with_a_bare_status_follows_from_the_error_before_it() -> None:
    reason = finding("nova-novncproxy", "nova-novncproxy", category=Category.DATA_MISSING, weight=0.2, count=1)
    reason = replace(reason, directness=Directness.SYMPTOM, unexplained=True)
    ended = finding("nova-novncproxy", "nova-novncproxy", at=0.2, directness=Directness.CAUSE, row=1, count=1)
    bare = replace(ended, proofs=("Unhandled error: SystemExit: 1",))
    assert weigh(discount_stop_after_own_error([reason, bare], CATALOGUE))[0].category is Category.DATA_MISSING
    told = replace(ended, proofs=("Unhandled error: SystemExit: no such folder",))
    assert weigh(discount_stop_after_own_error([reason, told], CATALOGUE))[0].category is Category.PROCESS_DOWN


def test_what_a_rule_finds_out_of_reach_is_of_the_kind_that_its_reason_tells() -> None:
    died = matched(
        "process exited while connecting to monitor: qemu-kvm: unsupported machine type: pc-q35-rhel9.4.0",
        "nova-compute",
    )
    assert (died.accused, died.category) == ("libvirt", Category.CONFIG)


def test_a_server_that_takes_no_new_connection_after_the_old_ones_broke_is_down() -> None:
    """What broke first tells no kind; a proxy or a hang breaks connections too."""
    broke = "DBConnectionError: (pymysql.err.OperationalError) (2013, 'Lost connection to MySQL server during query')"
    refused = "DBConnectionError: (pymysql.err.OperationalError) (2003, \"Can't connect to server on 'db' ([Errno 111] ECONNREFUSED)\")"
    general = CATALOGUE.without({"database-connection-refused", "database-connection-lost"})
    told = {}
    for words in (broke, refused):
        window = one_a_minute([observed(text, "nova-conductor") for text in (broke, broke, words)])
        (found,) = match_signatures(window, general, TOPOLOGY, 10.0).findings
        told[words] = (found.accused, found.category)
    assert told == {broke: ("mariadb", Category.DATABASE), refused: ("mariadb", Category.PROCESS_DOWN)}


def test_the_kind_of_fault_is_what_a_server_answered_and_not_what_clients_of_its_client_repeat() -> None:
    refused = (
        "keystoneauth1.exceptions.http.Unauthorized: The request you have made requires authentication. (HTTP 401)"
    )
    body = "The server is currently unavailable. Please try again at a later time.<br /><br />"
    repeated = f"Failed to access port 3f9a: {body} The Keystone service is temporarily unavailable."
    told = [(refused, "neutron-server"), (repeated, "nova-compute"), (repeated, "nova-scheduler")]
    window = one_a_minute([observed(words, component) for words, component in told])
    (keystone,) = (one for one in weigh(generic_accusations(window, TOPOLOGY, 5.0)) if one.component == "keystone")
    assert (keystone.category, len(keystone.findings)) == (Category.AUTH, 3)
    alone = weigh(generic_accusations(window[1:], TOPOLOGY, 5.0))
    assert [(one.component, one.category) for one in alone] == [("keystone", Category.PROCESS_DOWN)]


def test_a_container_that_has_ended_is_asked_for_its_health_once_more_and_that_is_no_error() -> None:
    asked = '"Probe errored" err="rpc error: code = {}" probeType="Readiness" pod="openstack/db-sync-28948015-7e5f9"'
    ended, unanswered = "NotFound desc = container is not created or running", "DeadlineExceeded desc = context"
    assert not new_errors(observed(asked.format(ended), "kubelet"), 1.0)
    assert len(new_errors(observed(asked.format(unanswered), "kubelet"), 1.0)) == 1
