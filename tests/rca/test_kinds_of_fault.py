"""What kind of fault an answer tells: from the reason that a line gives, from an absence that shows itself, from words."""

import re
from dataclasses import replace
from datetime import UTC, datetime

import polars as pl
import pytest
from finding_samples import events, finding

from openstack_rca.rca.evidence import Finding, match_signatures, new_errors
from openstack_rca.rca.evidence.accusations import accuse
from openstack_rca.rca.evidence.error_kinds import kind_of, kind_of_error, kinds, telling_line
from openstack_rca.rca.evidence.own_words import own_words
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
        },
        schema_overrides={
            "row": pl.UInt32,
            "time": pl.Datetime("us", "UTC"),
            "template_id": pl.UInt64,
            "exception": pl.String,
            "detail": pl.String,
            "normal_per_minute": pl.Float64,
            "score": pl.Float32,
        },
    )


def matched(message: str, component: str, level: str = "ERROR") -> Finding:
    found = match_signatures(observed(message, component, level), CATALOGUE, TOPOLOGY, 1.0).findings
    return max(found, key=lambda one: one.strength)


def one_a_minute(lines: list[pl.DataFrame]) -> pl.DataFrame:
    return pl.concat(lines).with_columns(
        row=pl.int_range(pl.len(), dtype=pl.UInt32), time=pl.col("time") + pl.duration(minutes=pl.int_range(pl.len()))
    )


def test_a_fault_is_over_though_the_line_that_says_so_names_it_again() -> None:
    """The end quotes the fault, so those words are nobody's statement, and yet they end it."""
    said = ("Health check failed: 1 osds down (OSD_DOWN)", "Health check cleared: OSD_DOWN (was: 1 osds down)")
    window = one_a_minute([observed(text, "ceph-mon", "WARNING") for text in said])
    window = window.with_columns(text=own_words(window["text"], window["component"]))
    found = match_signatures(window, CATALOGUE, TOPOLOGY, 10.0).findings
    assert {one.recovered for one in found if one.accused == "ceph-osd"} == {window["time"][1]}


@pytest.mark.parametrize(
    ("links", "over"),
    [
        ([("eno1", "Down"), ("eno2", "Down"), ("eno2", "Up")], None),
        ([("eno1", "Down"), ("eno2", "Down"), ("eno2", "Up"), ("eno1", "Up")], 3),
        ([("eno1", "Down"), ("eno1", "Up"), ("eno2", "Down"), ("eno2", "Up")], 3),
        ([("eno1", "Down"), ("eno1", "Up"), ("eno1", "Down")], None),
    ],
    ids=["one of two is back", "both are back", "one after the other was lost", "lost again"],
)
def test_a_fault_is_over_when_all_that_it_named_is_well(links: list[tuple[str, str]], over: int | None) -> None:
    lines = [observed(f"igb 0000:02:00.0 {name}: NIC Link is {state}", "host", "INFO") for name, state in links]
    window = one_a_minute(lines)
    found = match_signatures(window, CATALOGUE, TOPOLOGY, 10.0).findings
    moment = None if over is None else window["time"][over]
    assert {one.recovered for one in found if one.accused == "network"} == {moment}


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


def test_a_warning_counts_in_lines_that_somebody_picked() -> None:
    window = observed("transaction error: permission error", "ovn-controller", "WARNING")
    assert not new_errors(window, 1.0)
    assert [one.accused for one in new_errors(window, 1.0, picked=True)] == ["ovn-controller"]


def test_a_service_that_is_called_by_its_projects_name_is_accused() -> None:
    told = accuse("volume service is down. (host: ctl@nfs-1)", "cinder-scheduler", TOPOLOGY)
    assert told is not None
    assert told.component == "cinder-volume"


def test_a_filter_of_hosts_that_is_called_forbidden_is_no_refusal() -> None:
    text = "Failed to retrieve allocation candidates for forbidden_aggregates: Got 400"
    assert accuse(text, "nova-scheduler", TOPOLOGY, "nova.scheduler.client.report") is None


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("curl: Could not resolve host: sso.example.org", Category.NETWORK),
        ("free space in thin pool vg/pool reached threshold", Category.CAPACITY),
        ("The credentials were incorrect or the account specified has been locked.", Category.AUTH),
        ("endpoint for network service in north region not found: EndpointNotFound", Category.CONFIG),
        ("Neither pacemaker nor pacemaker-remote is running.", Category.PROCESS_DOWN),
        ("(1044, \"Access denied for user 'svc'@'%' to database 'store # main'\")", Category.CONFIG),
        ("(2003, \"Can't connect to MySQL server on 'db' ([Errno 113] No route to host)\")", Category.NETWORK),
        ("SSL routines::certificate has expired", Category.AUTH),
        ("SSLCertVerificationError: certificate verify failed: self-signed certificate", Category.AUTH),
        ("Image 4f has active import task 6b; lock remains valid for 3541 more seconds", Category.HANG),
        ("kernel: neighbour: arp_cache: neighbor table overflow!", Category.CAPACITY),
        ("Galera cluster node is not synced.", Category.DATABASE),
        ("bond0: link status definitely down, disabling slave", Category.NETWORK),
        ("EXT4-fs error (device sdb1): reading directory lblock 0", Category.STORAGE),
        ("Bridge br-dc for physical network dc-vlan does not exist.", Category.CONFIG),
        ("Quota exceeded for instances: 60 of 60 used (HTTP 403)", Category.CAPACITY),
        ("librbd::BreakRequest: failed to blocklist lock owner: (13) Permission denied", Category.AUTH),
        ("rbd: image volume-7: image uses unsupported features: 0x38", Category.CONFIG),
        ("rados.ObjectNotFound: [errno 2] RADOS object not found (error opening pool 'vms')", Category.DATA_MISSING),
        ("iscsiadm: can not connect to iSCSI daemon (111)!", Category.PROCESS_DOWN),
        ("Quarantined /srv/node/d1/objects/5 due to corrupt metadata", Category.DATA_MISSING),
        ("osd.4: shard 3 has a checksum mismatch", Category.STORAGE),
        ("No host-to-cell mapping found for selected host cmp7.", Category.CONFIG),
        ("TSIG error with server: tsig verify failure", Category.AUTH),
        ("kernel: swapper: page allocation failure: order:4", Category.CAPACITY),
        ("(1193, \"Unknown system variable 'x'\")", Category.CONFIG),
        ("Line protocol on Interface Gi1/0/1, changed state to down", Category.NETWORK),
        ("upstream timed out (110: Connection timed out) while reading response header", Category.HANG),
        ("nfs: server filer1 not responding, still trying", Category.STORAGE),
        ("sd 2:0:0:0: rejecting I/O to offline device", Category.STORAGE),
        ("Health check failed: 1 host down (OSD_HOST_DOWN)", Category.PROCESS_DOWN),
    ],
)
def test_words_tell_the_kind_of_an_error_that_no_rule_knows(line: str, kind: Category) -> None:
    assert kind_of(line) is kind


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("ironic.common.exception.NoFreeConductorWorker: Requested action cannot be performed", Category.CAPACITY),
        ("oslo_limit.exception.ProjectOverLimit: Project 5d is over a limit for VCPU", Category.CAPACITY),
        ("psycopg2.errors.InsufficientPrivilege: table instances", Category.AUTH),
        ("tooz.coordination.ToozConnectionError: connection to etcd failed", Category.PROCESS_DOWN),
        ("octavia.common.exceptions.ProviderNotFound: Provider 'ovn' was not found.", Category.CONFIG),
        ("cinder.exception.SnapshotNotFound: Snapshot 7 could not be found.", Category.DATA_MISSING),
    ],
)
def test_the_words_of_an_exceptions_class_tell_its_kind(line: str, kind: Category) -> None:
    """OpenStack's classes are small sentences: whose name says what is wrong needs no row of its own."""
    assert kind_of(line) is kind


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("Filter ComputeFilter returned 0 hosts", Category.PROCESS_DOWN),
        ("Filter RamFilter returned 0 hosts", Category.CAPACITY),
        ("Filter AvailabilityZoneFilter returned 0 hosts", Category.CONFIG),
        ("FileNotFoundError: [Errno 2] No such file or directory: 'qemu-img'", Category.CONFIG),
        ("Could not open /etc/nova/api-paste.ini: No such file or directory", Category.CONFIG),
        ("could not open /etc/ssl/private/api.pem: No such file or directory", Category.DATA_MISSING),
        ("cannot open /var/lib/images/7: No such file or directory", Category.DATA_MISSING),
        ("md5sum of /etc/swift/object.ring.gz differs", Category.DATA_MISSING),
    ],
)
def test_what_is_missing_or_short_tells_the_kind(line: str, kind: Category) -> None:
    """A setting, a program or a file of configuration is config, a certificate or an image data that is missing."""
    assert kind_of(line) is kind


def test_what_an_error_is_about_is_only_a_guess() -> None:
    """No word says what is wrong: the subject tells the likeliest kind, and the finding is as vague as without."""
    [told] = new_errors(observed("RTNETLINK says nothing useful of the router", "neutron-l3-agent"), 1.0)
    assert (told.category, told.vague) == (Category.NETWORK, True)


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("node SIGTERM received - shutting down", Category.PROCESS_DOWN),
        ("number of channels opened has reached the negotiated channel_max", Category.CAPACITY),
        ("message store cannot read its index", Category.MESSAGING),
    ],
)
def test_a_servers_own_kind_gives_way_to_a_kind_that_is_told_plainly(line: str, kind: Category) -> None:
    assert kind_of_error("rabbitmq", line) is kind


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


@pytest.mark.parametrize("words", ["a mount of 3 volumes", "checksum 5f1c", "md5 of the image is 7a"])
def test_words_of_storage_alone_accuse_nobody(words: str) -> None:
    assert kind_of(words) is None


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


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("Connect() failed for backend nova_api: no free ports.", Category.CAPACITY),
        ("Free space of metadata in thin pool vg/pool is too low.", Category.CAPACITY),
        (
            "barbican.plugin.interface.secret_store.SecretNotFoundException: No secret information found",
            Category.DATA_MISSING,
        ),
    ],
)
def test_what_is_short_or_gone_is_told_whatever_module_raises_it(line: str, kind: Category) -> None:
    assert kind_of(line) is kind


def test_what_a_storage_command_wrote_is_the_telling_line() -> None:
    """Drivers write the standard error in small letters and indented."""
    detail = "Command: svctask mkvdisk\n stderr: CMMVC5860E There are not enough extents in the storage pool."
    assert telling_line("Create failed", None, detail).startswith("CMMVC5860E")


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


def test_no_row_of_the_table_of_kinds_looks_further_than_a_sentence() -> None:
    """A long run of letters, such as a key or a picture in a message, costs no more than its length."""
    rows = (*kinds(), *kinds(subjects=True))
    expressions = {one for _, needing, _ in rows for _, several in needing for one in several}
    assert max(re._parser.parse(one).getwidth()[1] for one in expressions) < 300  # type: ignore[attr-defined]


def test_a_service_that_ends_at_a_setting_is_not_just_down() -> None:
    ended = matched("No type driver for tenant network_type: geneve. Service terminated!", "neutron-server")
    assert ended.category is Category.CONFIG
    assert matched("Unhandled error: SystemExit: 3", "nova-compute").category is Category.PROCESS_DOWN


@pytest.mark.parametrize(
    ("text", "component", "kind"),
    [
        ("lookup of db7:3306 failed: [Errno -2] Name or service not known", "network", Category.NETWORK),
        ("GET https://ctl:9292/v2: [Errno 113] No route to host", "network", Category.NETWORK),
        ("https://ctl:9292/v2 failed: SSLError: certificate verify failed: self-signed", "glance-api", Category.AUTH),
    ],
)
def test_who_was_not_reached_or_is_not_trusted_is_not_down(text: str, component: str, kind: Category) -> None:
    told = accuse(text, "nova-compute", TOPOLOGY)
    assert told is not None
    assert (told.component, told.category) == (component, kind)


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


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (
            "device-mapper: thin: 253:4: metadata operation 'dm_thin_insert_block' failed: error = -28",
            Category.CAPACITY,
        ),
        ("space map metadata: unable to allocate new metadata block", Category.CAPACITY),
        ("OOM command not allowed when used memory > 'maxmemory'", Category.CAPACITY),
        ("bdev block _aio_thread got r=-5", Category.STORAGE),
        ("Error: HTTP GET https://bmc/redfish/v1 returned code 401", Category.AUTH),
        ("Missing required credential: roles ['stack_owner']", Category.AUTH),
        ("Certificate is not valid after: 2024-06-30", Category.AUTH),
        ("iscsiadm: initiator reported error (24 - iSCSI login failed due to authorization failure)", Category.AUTH),
        ("Unsafe migration: may lead to data corruption if disks use another cache", Category.CONFIG),
    ],
)
def test_numbers_and_plain_words_of_tools_tell_the_kind(words: str, kind: Category) -> None:
    """A negative error number of the kernel, a status behind the word for it, and words of limits tell the kind of fault."""
    assert kind_of(words) is kind


@pytest.mark.parametrize(
    "words",
    [
        "monitor script: rc=-1",
        "Child process returned code -1",
        "worker ended with exit code -13",
        "job ended, exit code -5",
        "Node ctl2 was evicted from the cluster",
        "MDS client was evicted after 300 s",
        "Failed command: iptables-restore",
        "answered after 413 ms",
        "pid 400 asks port 429",
        "slow on node 507",
        "agent 502 begins, 504 left, 404 seen",
        "adoption of the node begins",
        "the driver doesn't allow a resize",
    ],
)
def test_numbers_and_words_of_everything_tell_no_reason(words: str) -> None:
    """An exit code, a number that is no status, or a word that means much else tells no kind of fault."""
    assert kind_of(words) is None


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("ata1.00: failed command: READ FPDMA QUEUED", Category.STORAGE),
        ("mlx5_core: probe failed with error -13", Category.CONFIG),
        ("write failed, error code -28", Category.CAPACITY),
        ("eviction_manager: must evict pod(s) to reclaim", Category.CAPACITY),
        ("Eviction manager: attempting to reclaim resourceName=memory", Category.CAPACITY),
        ("Unexpected answer: Got 429", Category.CAPACITY),
        ("glance refused the image (HTTP 413)", Category.CAPACITY),
        ("status code: 507", Category.CAPACITY),
        ('"GET /v2.0/networks HTTP/1.1" 504 -', Category.HANG),
        ("502 Server Error for url: http://ctl:8774", Category.PROCESS_DOWN),
        ("The server answered: 503 Service Temporarily Unavailable", Category.PROCESS_DOWN),
        ("fork: Resource temporarily unavailable", Category.CAPACITY),
        ("backend glance_api has no server available!", Category.PROCESS_DOWN),
        ("No server is available to handle this request", Category.PROCESS_DOWN),
        ("No weighed backends available", Category.CAPACITY),
        ("Got 400 from placement", Category.CONFIG),
        ("HttpException: 404: Client Error for url", Category.DATA_MISSING),
        ('node with name "rabbit" already running on "mq1"', Category.CONFIG),
        ("Policy doesn't allow os_compute_api:servers:create", Category.AUTH),
    ],
)
def test_numbers_tell_the_kind_where_their_words_say_what_they_are(words: str, kind: Category) -> None:
    """A status beside a word of HTTP, an error number of the kernel, and the words of the programs that write them."""
    assert kind_of(words) is kind


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


def test_a_file_that_is_gone_is_missing_and_a_long_wait_is_a_hang() -> None:
    """A disk file that does not exist is missing data, not a broken backend; a thread that blocks hangs."""
    assert (
        kind_of("Cannot access backing file '/srv/_base/8b1f' of storage file: No such file") is Category.DATA_MISSING
    )
    assert kind_of("blocked 32000 ms waiting for revalidator95 to quiesce") is Category.HANG


def test_of_a_line_of_megabytes_the_beginning_and_the_end_are_searched() -> None:
    """What was raised stands last; what a dump between them holds is nobody's error."""
    filling = "x" * 50_000
    assert kind_of(f"{filling} OSError: No space left on device") is Category.CAPACITY
    assert kind_of(f"{filling} No space left on device {filling}") is None


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("Invalid strategy value: allow in the [quota]unified_limits config option", Category.CONFIG),
        ("FDB extension is only supported for OVS agent, currently uses linuxbridge", Category.CONFIG),
        ("Image signature metadata for image 1c4d is incomplete.", Category.DATA_MISSING),
        ("No nodes satisfy MAC addresses ['52:54:00:aa:bb:cc']", Category.DATA_MISSING),
        ("ARQs(['31aa']) bind has not finished, status is BindFailed.", Category.HANG),
        (
            "DBus.Error.ServiceUnknown: The name org.ganesha.nfsd was not provided by any .service files",
            Category.PROCESS_DOWN,
        ),
        ("KMIP server rejected client certificate /etc/barbican/kmip.crt", Category.AUTH),
    ],
)
def test_words_of_openstack_services_tell_the_kind_of_an_unknown_error(line: str, kind: Category) -> None:
    assert kind_of(line) is kind
