"""Trouble that is over, and what one user alone meets, is no failure of the cloud; the same lines that go on are one."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from finding_samples import finding
from planned_lines import (
    START,
    Line,
    Logs,
    api,
    backend,
    ceph,
    compute,
    every,
    galera,
    logs,
    oslo,
    proxied,
    servers,
    syslog,
    units,
)
from test_planned_work import judged

from openstack_rca.rca.evidence import is_of_one_user
from openstack_rca.rca.judgement.afterwards import Afterwards
from openstack_rca.rca.knowledge import load_topology
from openstack_rca.rca.vocabulary import Category, Verdict

LENGTH, BEGINS, ENDS = 1200.0, 400.0, 450.0
Kind = Callable[[float], Line]


def cloud(more: dict[str, list[Line]]) -> Logs:
    ordinary = {
        "ctl1/nova/nova-api.log": api(until=LENGTH),
        "ctl1/neutron/neutron-server.log": servers(until=LENGTH),
        "cmp1/nova/nova-compute.log": compute(until=LENGTH),
    }
    return logs({name: [*ordinary.get(name, []), *more.get(name, [])] for name in {**ordinary, **more}})


def stretch(kind: Kind, begin: float, end: float, apart: float) -> list[Line]:
    return [kind(begin + apart * number) for number in range(int((end - begin) / apart))]


def measured(at: float) -> Line:
    return oslo(at, "INFO", "gnocchi.cli.metricd", "41 measurements bundles across 20 metrics wait to be processed.")


def uncoordinated(at: float) -> Line:
    return oslo(at, "ERROR", "gnocchi.cli.metricd", "Unexpected error during processing job: "
                "tooz.coordination.ToozConnectionError: Error while reading from coord.example.org:6379 : (104, 'Connection reset')")  # fmt: skip


def listed(at: float) -> Line:
    return oslo(at, "INFO", "zaqar.transport.wsgi.driver", "10.0.0.9 - - GET /v2/queues/q1/messages 200")


def primary_gone(at: float) -> Line:
    return oslo(
        at, "ERROR", "zaqar.storage.mongodb.utils", "pymongo.errors.AutoReconnect: connection closed, attempt 2"
    )


def fetched(at: float) -> Line:
    return syslog(
        at, "sto1", "proxy-server", "10.0.0.9 10.0.0.9 10/Mar/2026/02/01/01 GET /v1/AUTH_9f/c/o1 HTTP/1.0 200 - curl"
    )


def object_server_gone(at: float) -> Line:
    return syslog(
        at, "sto1", "proxy-server", "ERROR with Object server 10.0.0.6:6200/sdb re: Trying to GET: Connection refused"
    )


@pytest.mark.parametrize(
    ("name", "works", "fails"),
    [
        ("ctl1/gnocchi/gnocchi-metricd.log", measured, uncoordinated),
        ("ctl1/zaqar/zaqar-server.log", listed, primary_gone),
        ("sto1/swift/proxy-server.log", fetched, object_server_gone),
    ],
    ids=["a coordinator away", "a new primary", "an object server away"],
)
def test_trouble_that_is_long_over_and_left_no_harm_is_no_failure(
    name: str, works: Kind, fails: Kind, tmp_path: Path
) -> None:
    """Its tellers work again as before, for longer than it lasted; while it lasts it is trouble."""
    before = [*stretch(works, 5, BEGINS, 15), *stretch(fails, BEGINS, ENDS, 3)]
    over, _ = judged(cloud({name: [*before, *stretch(works, ENDS, LENGTH, 15)]}), tmp_path / "over")
    lasting, _ = judged(cloud({name: [*before, *stretch(fails, ENDS, LENGTH, 3)]}), tmp_path / "lasting")
    assert (over, lasting is Verdict.NO_FAILURE_FOUND) == (Verdict.NO_FAILURE_FOUND, False)


def test_trouble_whose_teller_falls_silent_is_not_over_where_the_logs_begin_with_it(tmp_path: Path) -> None:
    """Nothing shows that who complained writes seldom, so that it need not write again."""
    verdict, _ = judged(cloud({"sto1/swift/proxy-server.log": stretch(object_server_gone, 4, 60, 3)}), tmp_path)
    assert verdict is not Verdict.NO_FAILURE_FOUND


def test_trouble_that_left_an_object_in_error_is_not_over(tmp_path: Path) -> None:
    name = "ctl1/zaqar/zaqar-server.log"
    lost = oslo(ENDS, "ERROR", "zaqar.storage.pipeline", "Queue 7 stays in ERROR")
    told = [
        *stretch(listed, 5, BEGINS, 15),
        *stretch(primary_gone, BEGINS, ENDS, 3),
        lost,
        *stretch(listed, ENDS, LENGTH, 15),
    ]
    verdict, _ = judged(cloud({name: told}), tmp_path)
    assert verdict is not Verdict.NO_FAILURE_FOUND


USERS = [f"{digit * 32} {digit * 32}" for digit in "abcdef"]


def asked(at: float, user: str, level: str, logger: str, text: str) -> Line:
    moment, line = oslo(at, level, logger, text)
    return moment, line.replace("[-]", f"[req-6f0e5b7c-41d2-4a7e-9c55-7d20c1a9e8f0 {user} - default default]")


def nowhere(at: float, user: str) -> Line:
    return asked(at, user, "INFO", "nova.scheduler.manager", "Got no allocation candidates from the Placement API.")


def built(at: float, user: str) -> Line:
    return asked(at, user, "INFO", "nova.compute.manager", "Took 9.62 seconds to build instance.")


@pytest.mark.parametrize(
    ("askers", "until", "failure"),
    [(USERS[:1], LENGTH, False), (USERS, LENGTH, True), (USERS[:1], BEGINS, True)],
    ids=["one user alone", "every user", "nobody is served any more"],
)
def test_what_fails_for_one_user_and_works_for_others_is_no_failure(
    askers: list[str], until: float, failure: bool, tmp_path: Path
) -> None:
    """A flavor that fits no host is its user's matter as long as what others ask for at that time comes through."""
    refused = [nowhere(BEGINS + 60 * number, askers[number % len(askers)]) for number in range(9)]
    served = [built(at, USERS[1 + int(at) % 5]) for at in range(20, int(until), 40)]
    files = cloud({"ctl1/nova/nova-scheduler.log": refused, "cmp1/nova/nova-compute.log": served})
    verdict, _ = judged(files, tmp_path)
    assert (verdict is not Verdict.NO_FAILURE_FOUND) is failure


@pytest.mark.parametrize(
    ("others", "of_one"),
    [([100, 200, 300, 700], True), ([100, 200, 300, 400], False), ([700, 800], False), ([], False)],
    ids=["before and after", "not after", "hardly any", "nobody"],
)
def test_a_request_that_was_made_once_is_its_users_matter_where_others_get_the_like_before_and_after(
    others: list[int], of_one: bool
) -> None:
    text = "Insufficient free space for volume creation on host sto1@ceph#rbd (requested / avail): 200000/61234.0"
    failed = pl.DataFrame(
        {"time": [START + timedelta(seconds=500)], "component": "cinder-scheduler", "project_id": "a", "text": text}
    )
    events = pl.DataFrame({"row": others, "time": [START + timedelta(seconds=at) for at in others]}).with_columns(
        component=pl.lit("cinder-volume"), level=pl.lit("INFO"), failed=pl.lit(value=False)
    )

    def words(rows: pl.Series) -> pl.DataFrame:
        made = pl.DataFrame({"instance_id": [None] * rows.len()}, schema={"instance_id": pl.String})
        return made.with_columns(project_id=pl.lit("b"), message=pl.lit("Created volume successfully."))

    assert is_of_one_user(failed, "cinder", events, words) is of_one


@pytest.mark.parametrize(
    "text",
    [
        "Failed to start libvirt guest: libvirt.libvirtError: internal error: qemu unexpectedly closed the monitor",
        "Instance failed network setup after 1 attempt(s): ConnectFailure: Unable to establish connection to http://10.0.0.7:9696",
    ],
    ids=["a hypervisor", "a service that is not reached"],
)
def test_what_is_broken_at_one_place_is_a_failure_though_one_user_alone_works_there(text: str, tmp_path: Path) -> None:
    """What others build on another host shows nothing of this one."""
    broken = [asked(BEGINS + 60 * number, USERS[0], "ERROR", "nova.compute.manager", text) for number in range(9)]
    served = [built(at, USERS[1 + int(at) % 5]) for at in range(20, int(LENGTH), 40)]
    files = {"cmp2/nova/nova-compute.log": [*compute(until=LENGTH), *broken], "cmp1/nova/nova-compute.log": served}
    verdict, _ = judged(cloud(files), tmp_path)
    assert verdict is not Verdict.NO_FAILURE_FOUND


@pytest.mark.parametrize(
    ("file", "good"),
    [("cmp1/nova/nova-compute.log", built), ("ctl1/nova/nova-metadata.log", None)],
    ids=["another host", "a cheaper request"],
)
def test_a_good_end_elsewhere_excuses_no_failure_of_one_user(file: str, good: object, tmp_path: Path) -> None:
    """A setting, or a shortage, of one host stays though others build on the next one, or are only told something."""

    def short(at: float) -> Line:
        return asked(
            at, USERS[0], "ERROR", "nova.compute.manager", "Insufficient compute resources: Free memory 12.00 MB."
        )

    def told(at: float, user: str) -> Line:
        return asked(at, user, "INFO", "nova.metadata.handler", "Metadata request finished successfully.")

    served = [(good or told)(at, USERS[1 + int(at) % 5]) for at in range(20, int(LENGTH), 40)]  # type: ignore[operator]
    broken = [short(BEGINS + 60 * number) for number in range(9)]
    files = {"cmp2/nova/nova-compute.log": [*compute(until=LENGTH), *broken], file: served}
    verdict, _ = judged(cloud(files), tmp_path)
    assert verdict is not Verdict.NO_FAILURE_FOUND


@pytest.mark.parametrize(("back", "healthy"), [(True, True), (False, False)], ids=["is back", "stays away"])
def test_a_line_to_a_site_is_well_again_where_who_lost_the_broker_behind_it_has_it_again(
    back: bool, healthy: bool, tmp_path: Path
) -> None:
    """Others were served by the broker meanwhile, so it is the way that was cut; of a way nothing else tells its end."""
    until = 620.0 if back else LENGTH
    lost = "[8f0d] AMQP server on ctl1.central:5672 is unreachable: timed out. Trying again in 1 seconds.: TimeoutError: timed out"
    found = "[8f0d] Reconnected to AMQP server on ctl1.central:5672 via [amqp] client with port 51762."
    logger = "oslo.messaging._drivers.impl_rabbit"
    edge = [
        *compute((BEGINS, until), until=LENGTH),
        *stretch(lambda at: oslo(at, "ERROR", logger, lost), BEGINS, until - 10, 20),
    ]
    edge += [oslo(until, "INFO", logger, found)] if back else []
    files = {"edge1/nova/nova-compute.log": edge, "cmp2/nova/nova-compute.log": compute(until=LENGTH)}
    verdict, _ = judged(cloud(files), tmp_path)
    assert (verdict is Verdict.NO_FAILURE_FOUND) is healthy


def stack(at: float, told: str) -> Line:
    moment, line = oslo(at, "ERROR", "heat.engine.resource", 'CREATE: Server "web" Stack "shop"')
    prefix = line[: line.index("CREATE")]
    return moment, "\n".join((line, f"{prefix}Traceback (most recent call last):", f"{prefix}{told}"))


@pytest.mark.parametrize(
    ("told", "healthy"),
    [
        ("BadRequest: resources.server: Invalid key_name provided. (HTTP 400) (Request-ID: req-1)", True),
        ("Conflict: resources.port: IP address 10.20.0.15 already allocated in subnet b60bb826", True),
        ("ClientException: resources.server: Unexpected API Error. Please report this at http://bugs.launchpad.net/nova/", False),
    ],
)  # fmt: skip
def test_what_a_service_turns_down_of_a_template_is_its_authors_matter(
    told: str, healthy: bool, tmp_path: Path
) -> None:
    """What a service fails at is not."""
    logger, done = "heat.engine.stack", "Stack CREATE COMPLETE (front): Stack CREATE completed successfully"
    lines = [
        *stretch(lambda at: oslo(at, "INFO", logger, done), 5, LENGTH, 30),
        *stretch(lambda at: stack(at, told), BEGINS, LENGTH, 20),
    ]
    verdict, _ = judged(cloud({"ctl1/heat/heat-engine.log": lines}), tmp_path)
    assert (verdict is Verdict.NO_FAILURE_FOUND) is healthy


def osd_own(at: float, text: str) -> Line:
    return at, f"{START + timedelta(seconds=at):%Y-%m-%dT%H:%M:%S.000}+0000 7f50d611db0a -1 {text}"


def osd(number: int, at: float, back: float | None) -> dict[str, list[Line]]:
    """One OSD of Ceph is told to stop, and starts again."""
    osds = f"osd.{number} [v2:10.0.1.1{number}:6800/81] boot"
    told = [
        ceph(at, f"osd.{number} marked itself down and dead"),
        ceph(at + 1, "Health check failed: 1 osds down (OSD_DOWN)", "WRN"),
    ]
    up = [] if back is None else [ceph(back, osds), ceph(back + 1, "Health check cleared: OSD_DOWN (was: 1 osds down)")]
    return {"sto1/ceph/ceph.log": told + up}


@pytest.mark.parametrize(("last", "healthy"), [(True, True), (False, False)], ids=["all are back", "the last is not"])
def test_osds_that_were_restarted_one_after_the_other_are_no_failure_if_each_is_back(
    last: bool, healthy: bool, tmp_path: Path
) -> None:
    """Of many such events only some are cited; the last one has to be over too."""
    lines = [ceph(20, "Health check failed: noout flag(s) set (OSDMAP_FLAGS)", "WRN")]
    for number in range(9):
        at = 100.0 + 60 * number
        lines += osd(number, at, at + 30 if last or number < 8 else None)["sto1/ceph/ceph.log"]
    daemon = [
        line
        for number in range(9)
        for at in (100.0 + 60 * number,)
        for line in (
            osd_own(at - 1, f"osd.{number} 481 *** Got signal Terminated ***"),
            osd_own(at + 28, f"osd.{number} 483 state: booting -> active"),
        )
    ]
    pages = every(20, lambda at: ceph(at, "pgmap v81: 129 pgs: 129 active+clean; 1.2 TiB data"), until=LENGTH)
    scrubs = stretch(lambda at: osd_own(at, "log_channel(cluster) log [DBG] : 9.dc deep-scrub ok"), 7, LENGTH, 50)
    own = [*scrubs, *(daemon if last else daemon[:-1])]
    verdict, _ = judged(cloud({"sto1/ceph/ceph.log": [*lines, *pages], "sto1/ceph/ceph-osd.log": own}), tmp_path)
    assert (verdict is Verdict.NO_FAILURE_FOUND) is healthy


@pytest.mark.parametrize(("own_link", "healthy"), [(True, True), (False, False)], ids=["its link", "no link"])
def test_what_a_host_says_of_the_broker_while_its_own_link_is_away_is_of_that_link(
    own_link: bool, healthy: bool, tmp_path: Path
) -> None:
    kernel = [
        syslog(BEGINS, "cmp1", "kernel", "[ 771.0] ixgbe 0000:18:00.0 eno1: NIC Link is Down"),
        syslog(BEGINS + 250, "cmp1", "kernel", "[ 991.0] ixgbe 0000:18:00.0 eno1: NIC Link is Up 10 Gbps"),
    ]
    logger = "oslo.messaging._drivers.impl_rabbit"
    lost = "[8f0d] AMQP server on 10.0.0.13:5672 is unreachable: timed out. Trying again in 1 seconds.: TimeoutError: timed out"
    found = "[8f0d] Reconnected to AMQP server on 10.0.0.12:5672 via [amqp] client with port 51762."
    away = [oslo(BEGINS + 1, "ERROR", logger, lost), oslo(BEGINS + 5, "INFO", logger, found)]
    files = {"cmp1/nova/nova-compute.log": away, **({"cmp1/kern.log": kernel} if own_link else {})}
    verdict, _ = judged(cloud(files), tmp_path)
    assert (verdict is Verdict.NO_FAILURE_FOUND) is healthy


@pytest.mark.parametrize(("back", "healthy"), [(630.0, True), (None, False)], ids=["is back", "stays away"])
def test_a_server_of_keystone_that_is_back_is_no_fault_for_the_log_ins_that_others_refuse(
    back: float | None, healthy: bool, tmp_path: Path
) -> None:
    """Passwords are mistyped before, meanwhile and after; who turns them down is there."""
    refused = (
        '10.0.0.9 - - [10/Mar/2026:02:00:01 +0000] "POST /v3/auth/tokens HTTP/1.1" 401 109 "-" "python-keystoneclient"'
    )
    files = {
        "lb1/haproxy.log": [*proxied(until=LENGTH), *backend(BEGINS, "ctl1", back, 2, "keystone")],
        "ctl3/keystone/keystone_access.log": stretch(lambda at: (at, refused), 30, LENGTH - 20, 120),
    }
    verdict, _ = judged(cloud(files), tmp_path)
    assert (verdict is Verdict.NO_FAILURE_FOUND) is healthy


@pytest.mark.parametrize(("until", "healthy"), [(LENGTH, True), (BEGINS, False)], ids=["it works", "it writes nothing"])
def test_who_was_started_again_is_back_if_it_works_not_because_it_was_started(
    until: float, healthy: bool, tmp_path: Path
) -> None:
    """The manager of services tells only that it began a process."""
    work = stretch(
        lambda at: oslo(at, "INFO", "neutron.agent.dhcp.agent", "Synchronizing state complete"), 5, until - 6, 20
    )
    files = {
        "ctl1/syslog": units("ctl1", BEGINS - 5, BEGINS, "neutron-dhcp-agent"),
        "ctl1/neutron/neutron-dhcp-agent.log": work,
    }
    verdict, _ = judged(cloud(files), tmp_path)
    assert (verdict is Verdict.NO_FAILURE_FOUND) is healthy


def test_the_further_lines_of_one_user_are_found_in_a_recording_that_keeps_its_names_once() -> None:
    """A long recording holds them as categories, the window as text."""
    text = "Insufficient free space for volume creation on host sto1@ceph#rbd (requested / avail): 200000/61234.0"
    at = [START + timedelta(seconds=seconds) for seconds in (100, 500, 700)]
    surroundings = pl.DataFrame({"row": [0, 1, 2], "time": at, "template_id": [7, 8, 7], "failed": False}).with_columns(
        component=pl.Series(["cinder-volume", "cinder-scheduler", "cinder-volume"], dtype=pl.Categorical),
        host=pl.lit("ctl1").cast(pl.Categorical), level=pl.lit("INFO"),
    )  # fmt: skip
    window = pl.DataFrame(
        {"row": [1], "time": [at[1]], "component": "cinder-scheduler", "host": "ctl1", "template_id": [8]}
    ).with_columns(project_id=pl.lit("a"), text=pl.lit(text))

    def words(rows: pl.Series) -> pl.DataFrame:
        made = pl.DataFrame({"instance_id": [None] * rows.len()}, schema={"instance_id": pl.String})
        return made.with_columns(project_id=pl.lit("b"), message=pl.lit("Created volume successfully."))

    one = finding("cinder-volume", "cinder-scheduler", "ctl1", category=Category.CAPACITY, row=1)
    seen = Afterwards([one], window, surroundings, surroundings, lambda _: None, words, load_topology())
    assert seen.is_a_requests_matter(one)


@pytest.mark.parametrize(("stuck", "first"), [(True, "mariadb"), (False, "host")], ids=["a member", "nobody"])
def test_a_host_that_is_up_again_is_not_why_a_member_of_a_cluster_there_does_not_serve(
    stuck: bool, first: str, tmp_path: Path
) -> None:
    """After a power cut hosts come back, and a database that may not bootstrap says so itself."""
    kernel = [
        syslog(BEGINS, "db1", "kernel", "[ 0.000000] Linux version 6.8.0-45-generic (buildd@lcy02) #45-Ubuntu SMP")
    ]
    told = [galera(5, "ready for connections.")]
    told += [
        galera(BEGINS + 60, "WSREP: It may not be safe to bootstrap the cluster from this node. It was not the last one to leave the "
               "cluster and may not contain all the updates.", "ERROR"),
        galera(BEGINS + 61, "Aborting", "ERROR"),
    ] if stuck else []  # fmt: skip
    _, named = judged(cloud({"db1/kern.log": kernel, "db1/mariadb/mariadb.log": told}), tmp_path)
    assert named[:1] == [first] or (not stuck and not named)
    assert not stuck or "host" not in named
