"""What nobody says: a shared dependency, or a host, inferred from who stopped."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import polars as pl

from openstack_rca.rca.evidence.finding import Finding
from openstack_rca.rca.judgement.shared_dependencies import infer_shared
from openstack_rca.rca.knowledge.topology import load_topology
from openstack_rca.rca.vocabulary import Category, Directness, EvidenceSort

START = datetime(2026, 1, 1, tzinfo=UTC)
TOPOLOGY = load_topology()
DATABASE_USERS = [
    "keystone",
    "glance-api",
    "nova-api",
    "nova-conductor",
    "neutron-server",
    "cinder-api",
    "placement-api",
]


def silence(component: str, host: str = "ctl", weight: float = 0.4) -> Finding:
    return Finding(
        sort=EvidenceSort.SILENCE,
        directness=Directness.ACCUSATION,
        accused=component,
        accused_host=host,
        accuser=component,
        accuser_host=host,
        category=Category.HANG,
        title="silent",
        why="silent",
        weight=weight,
        rows=(hash(component) % 97,),
        count=0,
        first=START,
        last=START + timedelta(seconds=60),
    )


def accusation(accused: str, accuser: str, weight: float = 0.7) -> Finding:
    return Finding(
        sort=EvidenceSort.SIGNATURE,
        directness=Directness.ACCUSATION,
        accused=accused,
        accuser=accuser,
        accuser_host="ctl",
        category=Category.HANG,
        title="no answer",
        why="no answer",
        weight=weight,
        rows=(1,),
        count=5,
        first=START + timedelta(seconds=30),
        last=START + timedelta(seconds=60),
    )


def window(streams: dict[str, list[str]], each: int = 40) -> pl.DataFrame:
    rows = [(component, host) for host, names in streams.items() for component in names for _ in range(each)]
    names = {"component": [row[0] for row in rows], "host": [row[1] for row in rows]}
    nothing = pl.lit(None, pl.String)
    return pl.DataFrame(names).with_columns(time=pl.lit(START), message=nothing, request_id=nothing)


def with_shared(findings: list[Finding], observed: pl.DataFrame) -> list[Finding]:
    words = observed.select("message", "request_id")
    return infer_shared(findings, observed.with_row_index("row"), TOPOLOGY, lambda rows: words[rows])


def inferred(findings: list[Finding], observed: pl.DataFrame) -> list[tuple[str, str | None]]:
    added = with_shared(findings, observed)[len(findings) :]
    return [(item.accused, item.accused_host) for item in added]


def test_all_users_of_the_database_that_stop_at_once_accuse_it() -> None:
    observed = window({"ctl": [*DATABASE_USERS, "rabbitmq"], "hv1": ["nova-compute"]})
    assert inferred([silence(name) for name in DATABASE_USERS], observed) == [("mariadb", None)]


def test_two_that_stop_are_too_few() -> None:
    observed = window({"ctl": [*DATABASE_USERS, "rabbitmq"], "hv1": ["nova-compute"]})
    assert inferred([silence("nova-conductor"), silence("nova-api")], observed) == []


def test_a_database_whose_other_users_go_on_is_not_suspected() -> None:
    observed = window({"ctl": [*DATABASE_USERS, "rabbitmq"], "hv1": ["nova-compute"]})
    assert inferred([silence(name) for name in ("nova-conductor", "placement-api", "glance-api")], observed) == []


def test_nothing_is_inferred_where_one_of_the_stopped_says_why() -> None:
    own = Finding(**{**accusation("keystone", "keystone").__dict__, "directness": Directness.CAUSE, "weight": 0.9})
    observed = window({"ctl": [*DATABASE_USERS, "rabbitmq"], "hv1": ["nova-compute"]})
    assert inferred([silence(name) for name in DATABASE_USERS] + [own], observed) == []


def test_nothing_lies_deeper_than_a_stopped_component_that_all_others_need_and_accuse() -> None:
    """keystone hangs, and the interfaces that validate tokens with it: they accuse it, so it is not the database."""
    clients = ["glance-api", "nova-api", "neutron-server", "cinder-api", "placement-api"]
    findings = [silence(name) for name in ["keystone", *clients]]
    findings += [accusation("keystone", name) for name in clients]
    observed = window({"ctl": [*DATABASE_USERS, "rabbitmq"], "hv1": ["nova-compute"]})
    assert inferred(findings, observed) == []


def test_an_accused_component_that_some_of_the_stopped_do_not_need_does_not_account_for_them() -> None:
    findings = [silence(name) for name in DATABASE_USERS] + [accusation("keystone", "nova-api")]
    assert not TOPOLOGY.depends_on("nova-conductor", "keystone")
    observed = window({"ctl": [*DATABASE_USERS, "rabbitmq"], "hv1": ["nova-compute"]})
    assert inferred(findings, observed) == [("mariadb", None)]


def test_a_host_all_of_whose_streams_stop_is_accused() -> None:
    observed = window({"hv1": ["nova-compute", "neutron-openvswitch-agent"], "hv2": ["nova-compute"]})
    findings = [silence("nova-compute", "hv1"), silence("neutron-openvswitch-agent", "hv1")]
    assert inferred(findings, observed) == [("host", "hv1")]


def test_a_host_on_which_one_stream_goes_on_is_alive() -> None:
    observed = window({"hv1": ["nova-compute", "neutron-openvswitch-agent"], "hv2": ["nova-compute"]})
    assert inferred([silence("nova-compute", "hv1")], observed) == []


def test_logs_of_one_host_alone_do_not_show_a_dead_host() -> None:
    observed = window({"hv1": ["nova-compute", "neutron-openvswitch-agent"]})
    findings = [silence("nova-compute", "hv1"), silence("neutron-openvswitch-agent", "hv1")]
    assert inferred(findings, observed) == []


def test_no_silence_no_inference() -> None:
    assert inferred([], window({"ctl": DATABASE_USERS})) == []


def missed(component: str, host: str) -> Finding:
    return replace(
        accusation(component, "neutron-server", 0.8),
        accused_host=host,
        accuser_host="ctl",
        first=START + timedelta(seconds=40),
        last=START + timedelta(seconds=60),
    )


def test_a_host_whose_services_are_all_missed_by_others_is_gone_unless_one_of_them_still_speaks() -> None:
    rows = [(component, host, 10.0) for component in ("nova-compute", "neutron-dhcp-agent") for host in ("hv1", "hv2")]
    blank = dict.fromkeys(("message", "request_id"))
    window = pl.DataFrame(
        [{"component": name, "host": host, "time": START + timedelta(seconds=at), **blank} for name, host, at in rows],
        schema_overrides=dict.fromkeys(blank, pl.String),
    )
    findings = [missed("nova-compute", "hv1"), missed("neutron-dhcp-agent", "hv1")]
    found = with_shared(findings, window)
    assert [(item.accused, item.accused_host) for item in found[2:]] == [("host", "hv1")]
    speaks = pl.DataFrame([{"component": "nova-compute", "host": "hv1", "time": START + timedelta(seconds=50)}])
    both = pl.concat([window, speaks.cast({"time": window.schema["time"]})], how="diagonal")
    assert with_shared(findings, both) == findings
    assert with_shared(findings[:1], window) == findings[:1]


def going_on(streams: dict[str, list[str]]) -> pl.DataFrame:
    """Streams that go on for half a minute after the silences."""
    return window(streams).with_columns(time=pl.lit(START + timedelta(seconds=90)))


def test_those_that_wake_at_one_moment_waited_for_the_same_however_idle_they_are() -> None:
    """Each silence alone proves next to nothing."""
    idle = [silence(name, weight=0.05) for name in DATABASE_USERS]
    assert inferred(idle, going_on({"ctl": DATABASE_USERS})) == [("mariadb", None)]
    apart = [replace(found, last=found.last - timedelta(seconds=10 * n)) for n, found in enumerate(idle)]
    assert inferred(apart, going_on({"ctl": DATABASE_USERS})) == []


def test_a_proxy_that_sleeps_and_wakes_with_those_behind_it_is_what_they_share() -> None:
    found = [silence(name, weight=0.05) for name in DATABASE_USERS] + [silence("haproxy", "lb", 0.05)]
    assert inferred(found, going_on({"ctl": DATABASE_USERS, "lb": ["haproxy"]})) == [("haproxy", "lb")]


def test_who_only_reads_meanwhile_does_not_show_that_the_database_takes_writes() -> None:
    idle = [silence(name, weight=0.05) for name in DATABASE_USERS[:4]]
    logged = going_on({"ctl": DATABASE_USERS})
    meanwhile = pl.col("time") - timedelta(seconds=60)
    reads, writes = (
        logged.filter(pl.col("component").is_in(DATABASE_USERS[4:])).with_columns(
            meanwhile, message=pl.lit(f'"{verb} /v2.0/ports HTTP/1.1" status: 200')
        )
        for verb in ("GET", "POST")
    )
    assert inferred(idle, pl.concat([logged, reads])) == [("mariadb", None)]
    assert inferred(idle, pl.concat([logged, writes])) == []


def test_three_that_stop_one_after_the_other_share_nothing_that_others_still_use() -> None:
    """No moment is known at which all three stood still, so nobody is left out for not working just then."""
    users = DATABASE_USERS[:3]
    one_by_one = [
        replace(silence(name), first=START + timedelta(seconds=30 * n), last=START + timedelta(seconds=30 * n + 61))
        for n, name in enumerate(users)
    ]
    assert inferred(one_by_one, going_on({"ctl": DATABASE_USERS})) == []
