"""One host alone, a service that slept, a restart that nobody missed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from openstack_rca.rca.evidence.finding import Finding
from openstack_rca.rca.judgement.attribution import (
    blame_link_to_busy_service,
    blame_link_to_shared_service,
    blame_named_by_several,
    keep_blame_on_common_target,
)
from openstack_rca.rca.judgement.discounts import (
    confirm_absence,
    discount_clean_restarts,
    discount_complaints_after_own_silence,
    discount_lone_warnings,
    discount_old_boots,
)
from openstack_rca.rca.knowledge.catalogue import load_catalogue
from openstack_rca.rca.knowledge.topology import load_topology
from openstack_rca.rca.vocabulary import Category, Directness, EvidenceSort

START = datetime(2026, 1, 1, tzinfo=UTC)
TOPOLOGY = load_topology()
CLIENTS = [("nova-compute", "hv1"), ("nova-compute", "hv2"), ("nova-compute", "hv3"), ("nova-conductor", "ctl")]


def finding(
    accused: str,
    accuser: str,
    host: str,
    *,
    at: float = 0.0,
    lasts: float = 60.0,
    category: Category = Category.HANG,
    directness: Directness = Directness.ACCUSATION,
    sort: EvidenceSort = EvidenceSort.SIGNATURE,
    signature: str | None = None,
    row: int = 0,
) -> Finding:
    return Finding(
        sort=sort,
        directness=directness,
        accused=accused,
        accused_host=host if accused == accuser else None,
        accuser=accuser,
        accuser_host=host,
        category=category,
        title="a title",
        why="a reason",
        weight=0.6,
        rows=(row,),
        count=5,
        first=START + timedelta(seconds=at),
        last=START + timedelta(seconds=at + lasts),
        signature=signature,
    )


def window(text: str = "timed out", clients: list[tuple[str, str]] = CLIENTS) -> pl.DataFrame:
    """Every client logs every ten seconds; the first event carries the text."""
    rows = [(client, host, second) for second in range(0, 60, 10) for client, host in clients]
    return pl.DataFrame(
        {
            "row": list(range(len(rows))),
            "text": [text] + ["ordinary"] * (len(rows) - 1),
            "component": [row[0] for row in rows],
            "host": [row[1] for row in rows],
            "time": [START + timedelta(seconds=row[2]) for row in rows],
        },
        schema_overrides={"time": pl.Datetime("us", "UTC")},
    )


def test_one_host_that_cannot_reach_the_broker_accuses_its_network() -> None:
    moved = blame_link_to_shared_service([finding("rabbitmq", "nova-compute", "hv1")], window(), TOPOLOGY)
    assert [(item.accused, item.accused_host, item.category) for item in moved] == [
        ("network", "hv1", Category.NETWORK)
    ]


def test_two_hosts_that_cannot_reach_it_accuse_the_broker() -> None:
    two = [finding("rabbitmq", "nova-compute", "hv1"), finding("rabbitmq", "nova-compute", "hv2")]
    assert blame_link_to_shared_service(two, window(), TOPOLOGY) == two


@pytest.mark.parametrize(
    "answer",
    [
        "(pymysql.err.OperationalError) (1205, 'Lock wait timeout exceeded; try restarting transaction')",
        "(0, 0): (403) ACCESS_REFUSED - Login was refused",
        "An unexpected error (HTTP 500)",
    ],
)
def test_who_gets_an_answer_has_reached_the_other(answer: str) -> None:
    alone = [finding("mariadb", "nova-conductor", "ctl", category=Category.DATABASE)]
    clients = [("nova-conductor", "ctl"), ("keystone", "c2"), ("glance-api", "c2"), ("cinder-api", "c2")]
    assert blame_link_to_shared_service(alone, window(answer, clients), TOPOLOGY) == alone


def test_the_broker_is_not_cleared_where_it_says_itself_that_it_stopped() -> None:
    own = finding("rabbitmq", "rabbitmq", "ctl", directness=Directness.CAUSE)
    told = [finding("rabbitmq", "nova-compute", "hv1"), own]
    assert blame_link_to_shared_service(told, window(), TOPOLOGY) == told


def test_without_others_that_go_on_nothing_is_known_of_the_network() -> None:
    alone = [finding("rabbitmq", "nova-compute", "hv1")]
    assert blame_link_to_shared_service(alone, window(clients=[("nova-compute", "hv1")]), TOPOLOGY) == alone


def test_a_refusal_on_a_host_that_others_reach_it_from_is_no_matter_of_the_network() -> None:
    clients = [("keystone", "ctl"), ("nova-api", "ctl"), ("nova-conductor", "ctl"), ("glance-api", "ctl")]
    refused = [finding("mariadb", "keystone", "ctl", category=Category.PROCESS_DOWN)]
    dropped = [finding("mariadb", "keystone", "ctl", category=Category.HANG)]
    assert blame_link_to_shared_service(refused, window("refused", clients), TOPOLOGY) == refused
    assert blame_link_to_shared_service(dropped, window("timed out", clients), TOPOLOGY)[0].accused == "network"


def both(accuser: str, host: str) -> list[Finding]:
    """One line that speaks against keystone and hints at the network."""
    against = finding("keystone", accuser, host)
    return [against, replace(against, accused="network", accused_host=host, category=Category.NETWORK)]


def test_time_outs_of_several_hosts_towards_one_component_are_not_the_network() -> None:
    findings = both("nova-compute", "hv1") + both("nova-conductor", "ctl")
    weights = [item.weight for item in keep_blame_on_common_target(findings, window())]
    assert weights[0] == weights[2] == findings[0].weight
    assert weights[1] == weights[3] < 0.5 * findings[0].weight


def test_time_outs_of_one_host_may_be_its_network() -> None:
    findings = both("nova-compute", "hv1")
    assert keep_blame_on_common_target(findings, window()) == findings


def test_names_that_nobody_can_resolve_are_the_network_from_wherever() -> None:
    findings = both("nova-compute", "hv1") + both("nova-conductor", "ctl")
    assert keep_blame_on_common_target(findings, window("Temporary failure in name resolution")) == findings


def test_what_several_say_of_themselves_in_the_same_words_is_the_fault_of_whom_the_words_name() -> None:
    """Whoever needs placement ends at start with an error that speaks of it."""
    words = "{} does not start: the placement service for north has no supported version"
    ended = [
        replace(
            finding(name, name, "ctl", directness=Directness.CAUSE, signature="crash"),
            title=words.format(name),
            remedy="Start it again.",
        )
        for name in ("nova-scheduler", "nova-conductor")
    ]
    # What to do about those that ended says nothing of placement.
    assert {(one.accused, one.remedy) for one in blame_named_by_several(ended, TOPOLOGY)} == {("placement-api", "")}
    assert blame_named_by_several(ended[:1], TOPOLOGY) == ended[:1]
    # A setting, or a record, is put right in the same way.
    wrong = [replace(one, category=Category.CONFIG) for one in ended]
    assert {one.remedy for one in blame_named_by_several(wrong, TOPOLOGY)} == {"Start it again."}
    unknown = [replace(one, sort=EvidenceSort.NEW_TEMPLATE, signature=None, unexplained=True) for one in ended]
    assert {one.accused for one in blame_named_by_several(unknown, TOPOLOGY)} == {"placement-api"}


def test_a_stream_that_slept_blames_others_in_vain() -> None:
    slept = finding("nova-conductor", "nova-conductor", "ctl", sort=EvidenceSort.SILENCE)
    complaint = finding("rabbitmq", "nova-conductor", "ctl", at=61, lasts=10.0)
    _, weakened = discount_complaints_after_own_silence([slept, complaint])
    assert weakened.weight < 0.5 * complaint.weight


def test_a_complaint_that_goes_on_long_after_its_teller_woke_counts_in_full() -> None:
    slept = finding("nova-scheduler", "nova-scheduler", "ctl", sort=EvidenceSort.SILENCE)
    complaint = finding("nova-compute", "nova-scheduler", "ctl", at=61, lasts=120.0)
    assert discount_complaints_after_own_silence([slept, complaint]) == [slept, complaint]


def test_a_complaint_before_the_silence_counts_in_full() -> None:
    slept = finding("nova-conductor", "nova-conductor", "ctl", at=10, sort=EvidenceSort.SILENCE)
    complaint = finding("rabbitmq", "nova-conductor", "ctl", at=5)
    assert discount_complaints_after_own_silence([slept, complaint]) == [slept, complaint]


def test_several_that_wake_with_one_complaint_were_waiting_for_the_same() -> None:
    names = ("nova-api", "neutron-server", "cinder-api")
    slept = [finding(name, name, "ctl", sort=EvidenceSort.SILENCE) for name in names]
    complaints = [finding("keystone", name, "ctl", at=61) for name in names]
    assert discount_complaints_after_own_silence(slept + complaints) == slept + complaints


STOP = {"directness": Directness.CAUSE, "signature": "service-stopped-by-signal", "lasts": 0.0}
BEGIN = {"directness": Directness.CAUSE, "signature": "service-started", "lasts": 0.0}


def restart(seconds: float) -> list[Finding]:
    return [
        finding("nova-conductor", "nova-conductor", "ctl", **STOP),  # type: ignore[arg-type]
        finding("nova-conductor", "nova-conductor", "ctl", at=seconds, **BEGIN),  # type: ignore[arg-type]
    ]


def test_a_restart_of_seconds_that_nobody_missed_is_no_failure() -> None:
    before = restart(3)
    stop, begin = discount_clean_restarts(before, load_catalogue(), window(clients=[("nova-api", "ctl")]))
    assert stop.weight < 0.3 * before[0].weight
    assert begin.weight < 0.3 * before[1].weight


def test_who_goes_on_writing_in_logs_of_no_known_host_is_back() -> None:
    stop = replace(restart(3)[0], accused_host=None, accuser_host=None)
    streams = window(clients=[("nova-conductor", "ctl")] * 9).with_columns(host=pl.lit(None, dtype=pl.String))
    (weakened,) = discount_clean_restarts([stop], load_catalogue(), streams)
    assert weakened.weight < 0.3 * stop.weight


def test_a_restart_that_somebody_missed_counts() -> None:
    missed = [*restart(3), finding("nova-conductor", "nova-compute", "hv1", at=1)]
    assert discount_clean_restarts(missed, load_catalogue(), window(clients=[("nova-api", "ctl")])) == missed


def test_a_service_that_stayed_away_counts() -> None:
    assert discount_clean_restarts(restart(50), load_catalogue(), window(clients=[("nova-api", "ctl")])) == restart(50)
    assert (
        discount_clean_restarts(restart(3)[:1], load_catalogue(), window(clients=[("nova-api", "ctl")]))
        == restart(3)[:1]
    )


def test_a_service_that_stopped_again_after_its_restart_counts() -> None:
    again = replace(restart(3)[0], last=START + timedelta(seconds=30))
    assert (
        discount_clean_restarts([again, restart(3)[1]], load_catalogue(), window(clients=[("nova-api", "ctl")]))[
            0
        ].weight
        == again.weight
    )


def test_a_restart_on_one_host_does_not_excuse_a_stop_on_another() -> None:
    other = finding("nova-conductor", "nova-conductor", "ctl2", **STOP)  # type: ignore[arg-type]
    told = discount_clean_restarts([*restart(3), other], load_catalogue(), window(clients=[("nova-api", "ctl")]))
    assert told[2] == other


def served(component: str, every: int = 5) -> pl.DataFrame:
    """The log of a service on another host, which goes on."""
    times = [START + timedelta(seconds=second) for second in range(-30, 90, every)]
    rows = [
        {"component": component, "host": "ctl", "time": time, "text": "GET 200", "row": 900 + n}
        for n, time in enumerate(times)
    ]
    return pl.DataFrame(rows)


def with_service(text: str, component: str, every: int = 5) -> pl.DataFrame:
    seen, service = window(text), served(component, every)
    columns = ["row", "component", "host", "time", "text"]
    return pl.concat([seen.select(columns), service.select(columns).cast(dict(seen.select(columns).schema))])


UNANSWERED = "ConnectTimeoutError(, 'Connection to api.example.org timed out. (connect timeout=None)')"


def test_time_outs_of_one_host_at_a_service_that_serves_others_speak_of_the_way() -> None:
    alone = [finding("placement-api", "nova-compute", "hv1")]
    moved = blame_link_to_busy_service(alone, with_service(UNANSWERED, "placement-api"))
    assert [(item.accused, item.accused_host, item.category) for item in moved] == [
        ("network", "hv1", Category.NETWORK)
    ]


@pytest.mark.parametrize(
    ("findings", "events"),
    [
        ([finding("placement-api", "nova-compute", "hv1")], with_service(UNANSWERED, "placement-api", every=60)),
        ([finding("placement-api", "nova-compute", "hv1")], with_service("HTTP 500", "placement-api")),
        ([finding("placement-api", "nova-compute", "hv1")], window(UNANSWERED)),
        (
            [finding("placement-api", "nova-compute", host) for host in ("hv1", "hv2")],
            with_service(UNANSWERED, "placement-api"),
        ),
        ([finding("placement-api", "nova-conductor", "ctl")], with_service(UNANSWERED, "placement-api")),
    ],
    ids=["it pauses", "it answers", "its log is missing", "two hosts complain", "no other such client"],
)
def test_the_service_stays_accused_where_its_fault_is_not_ruled_out(
    findings: list[Finding], events: pl.DataFrame
) -> None:
    assert blame_link_to_busy_service(findings, events) == findings


def test_a_start_without_a_stop_that_nobody_waited_for_is_where_a_log_begins() -> None:
    """It weighs little; one that somebody waited for tells that the service had been away."""
    begin = restart(3)[1]
    streams = window(clients=[("nova-api", "ctl")])
    (alone,) = discount_clean_restarts([begin], load_catalogue(), streams)
    assert alone.weight < begin.weight
    waiting = finding("nova-conductor", "nova-compute", "hv1", category=Category.PROCESS_DOWN)
    assert discount_clean_restarts([begin, waiting], load_catalogue(), streams) == [begin, waiting]


def test_a_refusal_within_seconds_of_a_start_belongs_to_the_start() -> None:
    begin = finding("mariadb", "mariadb", "db", directness=Directness.CAUSE, signature="database-started", lasts=0)
    early = replace(finding("mariadb", "nova-conductor", "ctl", at=5, lasts=0, category=Category.PROCESS_DOWN), count=1)
    streams = window(clients=[("nova-api", "ctl")])
    for told, before in zip(
        discount_clean_restarts([begin, early], load_catalogue(), streams), (begin, early), strict=True
    ):
        assert told.weight < 0.3 * before.weight
    late = replace(early, last=START + timedelta(seconds=50))
    assert discount_clean_restarts([begin, late], load_catalogue(), streams) == [begin, late]


@pytest.fixture
def goodbye() -> Finding:
    """What the broker says of a client whose connections ended."""
    gone = finding(
        "nova-scheduler", "rabbitmq", "ctl", lasts=1, category=Category.PROCESS_DOWN, signature="a-peer-left"
    )
    return replace(gone, weight=0.1)


def test_a_client_that_left_without_a_goodbye_and_only_starts_again_was_gone(goodbye: Finding) -> None:
    begin = finding("nova-scheduler", "nova-scheduler", "ctl", at=40, **BEGIN)  # type: ignore[arg-type]
    streams = pl.concat([window(clients=[("nova-api", "ctl")]), window(clients=[("nova-scheduler", "ctl")])[4:]])
    assert confirm_absence([goodbye, begin], load_catalogue(), streams)[0].weight >= 0.8


def test_a_client_that_goes_on_writing_was_not_gone(goodbye: Finding) -> None:
    streams = window(clients=[("nova-api", "ctl"), ("nova-scheduler", "ctl")])
    assert confirm_absence([goodbye], load_catalogue(), streams) == [goodbye]


def test_a_client_whose_connections_all_ended_and_that_writes_nothing_any_more_is_gone(goodbye: Finding) -> None:
    streams = pl.concat([window(clients=[("nova-api", "ctl")]), window(clients=[("nova-scheduler", "ctl")])[:1]])
    assert confirm_absence([goodbye], load_catalogue(), streams)[0].weight >= 0.8
    one = replace(goodbye, count=1)
    assert confirm_absence([one], load_catalogue(), streams) == [one]


def test_a_lone_warning_where_nothing_failed_proves_little() -> None:
    lone = replace(
        finding("nova-compute", "nova-compute", "hv1", directness=Directness.CAUSE, signature="unsure"),
        weight=0.5,
        count=1,
    )
    calm = window().with_columns(level=pl.lit("WARNING"), failed=pl.lit(False))
    assert discount_lone_warnings([lone], calm)[0].weight < lone.weight
    troubled = calm.with_columns(failed=pl.col("row") == 3)
    assert discount_lone_warnings([lone], troubled) == [lone]
    for sure in (replace(lone, weight=0.8), replace(lone, count=5)):
        assert discount_lone_warnings([sure], calm) == [sure]


def test_a_warning_that_two_services_tell_is_not_weakened() -> None:
    """The quota that neutron refuses and that made heat's stack fail is no everyday warning."""
    refused = replace(
        finding("neutron-server", "neutron-server", "ctl", signature="quota-exceeded"), weight=0.3, count=1
    )
    passed_on = replace(refused, accuser="heat-engine")
    calm = window().with_columns(level=pl.lit("INFO"), failed=pl.lit(False))
    assert discount_lone_warnings([refused], calm)[0].weight < refused.weight
    assert discount_lone_warnings([refused, passed_on], calm) == [refused, passed_on]


def test_a_boot_days_before_the_trouble_is_not_its_cause() -> None:
    """A kernel's log begins with its boot; one right before the trouble is another matter."""
    boot = replace(
        finding("host", "host", "hv1", directness=Directness.CAUSE, category=Category.PROCESS_DOWN, lasts=0.0),
        weight=0.9,
    )
    late, soon = (finding("rabbitmq", "nova-compute", "hv1", at=at) for at in (2 * 86_400.0, 60.0))
    assert discount_old_boots([boot, late]) == [late]
    assert discount_old_boots([boot, soon]) == [boot, soon]
    assert discount_old_boots([boot]) == [boot]


def test_a_boot_that_nobody_missed_gives_way_to_the_reason_told_on_that_host_afterwards() -> None:
    """A host that is up again with a wrong clock is not down; one that others missed before it booted was."""
    down = {"directness": Directness.CAUSE, "category": Category.PROCESS_DOWN, "lasts": 0.0}
    boot = replace(finding("host", "host", "hv1", at=60.0, **down), weight=0.9)  # type: ignore[arg-type]
    told = replace(
        finding("host", "libvirt", "hv1", at=300.0, directness=Directness.CAUSE, category=Category.CONFIG), weight=0.9
    )
    missed = finding("host", "nova-conductor", "ctl1", at=30.0)
    assert discount_old_boots([boot, told]) == [told]
    assert discount_old_boots([boot, told, missed]) == [boot, told, missed]
    elsewhere = replace(told, accuser_host="hv2")
    assert discount_old_boots([boot, elsewhere]) == [boot, elsewhere]
