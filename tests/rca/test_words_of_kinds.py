"""What kind of fault words tell, and whom they are about, where no rule knows the line."""

import re
from pathlib import Path

import pytest
import yaml

import openstack_rca
from openstack_rca.rca.evidence.accusations import accuse
from openstack_rca.rca.evidence.error_kinds import kind_of, kind_of_error, kinds, telling_line
from openstack_rca.rca.knowledge import load_topology
from openstack_rca.rca.vocabulary import Category

TOPOLOGY = load_topology()
PACKAGE = Path(openstack_rca.__file__).parent
TABLES = [path for path in sorted(PACKAGE.rglob("*.yaml")) if "signatures" not in path.parts]


@pytest.mark.parametrize("table", TABLES, ids=lambda path: path.name)
def test_a_shipped_table_is_read_alike_with_and_without_libyaml(table: Path) -> None:
    """PyYAML has its own reader where libyaml is missing, and it takes fewer unquoted words."""
    text = table.read_text(encoding="utf-8")
    assert yaml.load(text, Loader=yaml.SafeLoader) == yaml.load(text, Loader=yaml.CSafeLoader)


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
        ("ProxyError('Cannot connect to proxy.', OSError('Tunnel connection failed: 503'))", Category.NETWORK),
        ("No conductor supports driver x. Ensure the driver is valid and enabled.", Category.CONFIG),
        ("StorageError: the array gave up", Category.STORAGE),
        ("Unable to acquire lock(s) for share 7f2c", Category.HANG),
        ("Error authenticating with application credential 7f2c", Category.AUTH),
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
        ("ssl.SSLError: [SSL: CA_MD_TOO_WEAK] ca md too weak (_ssl.c:4029)", Category.CONFIG),
        ("[SSL: SSLV3_ALERT_CERTIFICATE_EXPIRED] sslv3 alert certificate expired", Category.AUTH),
        ("conmon: error while loading libssh.so.4: cannot open shared object file: No such file", Category.CONFIG),
        ("Unable to generate unique mac on network 7f2c.", Category.CAPACITY),
        ("Key repository /srv/keys does not exist or the service lacks permission to access it", Category.DATA_MISSING),
        (
            "Basic.consume: (404) NOT_FOUND - queue 'x' in vhost '/' process is stopped due to timeout",
            Category.MESSAGING,
        ),
        ("Exchange.declare: (403) ACCESS_REFUSED - access to exchange 'nova' refused", Category.AUTH),
        ("setxattr: [Errno 95] Operation not supported", Category.CONFIG),
        ("ceph: mds2 hung", Category.HANG),
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


@pytest.mark.parametrize("words", ["a mount of 3 volumes", "checksum 5f1c", "md5 of the image is 7a"])
def test_words_of_storage_alone_accuse_nobody(words: str) -> None:
    assert kind_of(words) is None


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


def test_a_hook_that_is_called_postcommit_tells_nothing_of_a_database() -> None:
    assert kind_of("mechanism_manager.create_network_postcommit failed, deleting network 'd7c0'") is None


def test_what_a_storage_command_wrote_is_the_telling_line() -> None:
    """Drivers write the standard error in small letters and indented."""
    detail = "Command: svctask mkvdisk\n stderr: CMMVC5860E There are not enough extents in the storage pool."
    assert telling_line("Create failed", None, detail).startswith("CMMVC5860E")


def test_no_row_of_the_table_of_kinds_looks_further_than_a_sentence() -> None:
    """A long run of letters, such as a key or a picture in a message, costs no more than its length."""
    rows = (*kinds(), *kinds(subjects=True))
    expressions = {one for _, needing, _ in rows for _, several in needing for one in several}
    assert max(re._parser.parse(one).getwidth()[1] for one in expressions) < 300  # type: ignore[attr-defined]


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
        ("FailedISCSITargetPortalLogin: Could not login to any iSCSI portal.", Category.STORAGE),
        ("API failed. Reason - aggregate offline", Category.STORAGE),
        ("Volume type with name fast could not be found.", Category.CONFIG),
        ("DiscoveryFailure: Could not find endpoints. Please check that your auth_url is correct.", Category.CONFIG),
        ("CPU set to pin [4, 5] must be a subset of free CPU set [8]", Category.CAPACITY),
        ("unable to load SSL certificate file '/etc/haproxy/api.pem': no such file", Category.DATA_MISSING),
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
