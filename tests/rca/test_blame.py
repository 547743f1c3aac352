"""Whom a complaint really speaks against: a client's own settings, the proxy in front, a change, nobody."""

from dataclasses import replace

import polars as pl
import pytest
from finding_samples import events, finding

from openstack_rca.rca.evidence import Finding, NormalRates
from openstack_rca.rca.judgement import (
    blame_own_settings,
    blame_proxy_in_front,
    discount_proxies_without_address,
    discount_undated,
    discount_unmissed_silence,
    weigh_changes,
)
from openstack_rca.rca.knowledge import load_catalogue, load_topology
from openstack_rca.rca.vocabulary import Category, Directness, EvidenceSort

TOPOLOGY = load_topology()
SERVED = (("nova-api", "c1"), ("neutron-server", "c1"), ("glance-api", "c1"), ("keystone", "c1"), ("heat-api", "c2"))
REFUSED = "Unable to establish connection to http://vip.example.org:{}/: [Errno 111] ECONNREFUSED"


def first(findings: list[Finding]) -> tuple[str, Category]:
    return findings[0].accused, findings[0].category


@pytest.mark.parametrize("category", [Category.AUTH, Category.CONFIG])
def test_one_client_that_is_turned_away_while_others_are_served_has_wrong_settings(category: Category) -> None:
    """Blame, kind of fault, place and remedy move to the client together."""
    moved = blame_own_settings([finding("keystone", "heat-api", "c2", category=category)], events(*SERVED), TOPOLOGY)
    assert first(moved) == ("heat-api", category)
    assert moved[0].accused_host == "c2"
    assert moved[0].directness is Directness.CAUSE
    assert "heat-api" in moved[0].remedy
    assert "others are served" in moved[0].title


@pytest.mark.parametrize(("service", "section"), [("keystone", "keystone_authtoken|"), ("placement-api", "placement)")])
def test_the_settings_of_who_is_turned_away_are_looked_at_in_the_section_for_that_service(
    service: str, section: str
) -> None:
    served = (("nova-api", "c1"), ("nova-compute", "c1"), ("nova-conductor", "c1"), ("heat-api", "c1"), (service, "c1"))
    told = finding(service, "nova-scheduler", "c2", category=Category.AUTH)
    moved = blame_own_settings([told], events(*served), TOPOLOGY)
    assert first(moved)[0] == "nova-scheduler"
    assert moved[0].checks[0].startswith("grep ")
    assert section in moved[0].checks[0]


@pytest.mark.parametrize(
    ("client", "line", "section"),
    [
        ("nova-compute", "['internal'] endpoint for network service in north region not found", "[neutron]"),
        ("nova-scheduler", "internal endpoint for placement service in north region not found", "[placement]"),
        ("octavia-worker", "publicURL endpoint for image service in north region not found", "[glance]"),
        ("heat-engine", "public endpoint for compute service in north region not found", "[clients_nova]"),
    ],
)
def test_who_asks_the_catalogue_for_another_region_is_told_the_section_that_names_it(
    client: str, line: str, section: str
) -> None:
    """Keystone turns nobody away: it answers with a catalogue that lacks what the client was told to ask for."""
    told = finding("keystone", client, "c2", category=Category.CONFIG, signature="identity-endpoint-missing")
    (moved,) = blame_own_settings([replace(told, proofs=(f"EndpointNotFound: {line}",))], events(*SERVED), TOPOLOGY)
    project = client.partition("-")[0]
    assert moved.accused == client
    assert "north" in moved.title
    assert "turns" not in moved.title
    assert section in moved.remedy
    assert f"/etc/{project}/{project}.conf" in moved.remedy
    assert any("region" in check and f"/etc/{project}/" in check for check in moved.checks)
    assert f"openstack endpoint list --service {line.split(' service')[0].split()[-1]}" in moved.checks


@pytest.mark.parametrize("place", ["network", "host"])
def test_no_place_turns_a_client_away(place: str) -> None:
    """Who is refused by something outside the cloud is refused by no server that serves others."""
    told = [finding(place, "designate-worker", "c2", category=Category.AUTH)]
    assert blame_own_settings(told, events(*SERVED), TOPOLOGY) == told


def test_several_clients_that_are_turned_away_speak_against_the_service() -> None:
    """Nobody but the service is what they have in common."""
    both = [finding("keystone", name, category=Category.AUTH) for name in ("heat-api", "nova-api")]
    told = blame_own_settings(both, events(*SERVED), TOPOLOGY)
    assert {one.accused for one in told} == {"keystone"}
    assert all("openstack user list --project service" in one.checks for one in told)


def test_who_has_no_account_shares_none() -> None:
    """OVN's daemons refuse each other's certificates; keystone has nothing to do with that."""
    own = [
        finding(name, name, directness=Directness.CAUSE, category=Category.AUTH)
        for name in ("ovn-sb-db", "ovn-controller")
    ]
    own = [replace(one, signature="tls-own-certificate-refused") for one in own]
    assert {one.accused for one in blame_own_settings(own, events(*SERVED), TOPOLOGY)} == {
        "ovn-sb-db",
        "ovn-controller",
    }


def test_a_service_that_tells_of_its_own_fault_is_not_cleared() -> None:
    """A change in keystone that refuses one user is keystone's."""
    own = finding("keystone", "keystone", directness=Directness.CAUSE, category=Category.AUTH)
    told = [finding("keystone", "heat-api", category=Category.AUTH), own]
    assert blame_own_settings(told, events(*SERVED), TOPOLOGY) == told


def test_a_client_that_waits_in_vain_says_nothing_of_its_settings() -> None:
    """Silence and time-outs are matters of the service or of the link."""
    waits = [finding("keystone", "heat-api", category=Category.HANG)]
    assert blame_own_settings(waits, events(*SERVED, texts={0: "timed out"}), TOPOLOGY) == waits


def test_requests_that_stopped_are_nobodys_word_on_their_settings() -> None:
    """Who had taken them last need not be who was turned away."""
    stopped = [finding("keystone", "heat-api", category=Category.CONFIG, sort=EvidenceSort.MISSING_STEP)]
    assert blame_own_settings(stopped, events(*SERVED), TOPOLOGY) == stopped


def test_a_client_that_alone_is_refused_at_once_has_a_wrong_address() -> None:
    """The service answers others at the right one."""
    alone = [finding("keystone", "heat-api", "c2")]
    moved = blame_own_settings(alone, events(*SERVED, texts={0: REFUSED.format(5001)}), TOPOLOGY)
    assert first(moved) == ("heat-api", Category.CONFIG)


def test_a_client_that_is_refused_by_a_service_that_it_never_needs_has_a_wrong_address() -> None:
    """The metadata agent talks to nova; that nothing listens at a port of cinder is no fault of cinder."""
    texts = {0: REFUSED.format(8776)}
    stray = [finding("cinder-api", "neutron-metadata-agent", "c2", category=Category.PROCESS_DOWN)]
    moved = blame_own_settings(stray, events(("neutron-metadata-agent", "c2"), texts=texts), TOPOLOGY)
    assert first(moved) == ("neutron-metadata-agent", Category.CONFIG)
    assert "never needs" in moved[0].title


PASSED_ON = (
    "oslo_messaging.rpc.client.RemoteError: Remote error: DBConnectionError {}",
    "nova.exception.InternalServerError: {} (HTTP 500) (Request-ID: req-1)",
    'Resource CREATE failed: went to status ERROR due to "Message: {}, Code: 500"',
)


@pytest.mark.parametrize("wording", PASSED_ON)
def test_who_quotes_the_error_of_a_service_behind_it_called_nobody_itself(wording: str) -> None:
    """nova-compute asks nova-conductor, which the database refuses: that the agent needs none makes nothing a stray call."""
    seen = events(("nova-compute", "c2"), ("nova-conductor", "c1"), texts={0: wording.format(TEXTS[0])})
    told = [finding("mariadb", "nova-compute", "c2")]
    assert blame_own_settings(told, seen, TOPOLOGY) == told
    refused = refused_logins("mariadb", "nova-compute", "c2")
    served = events(("nova-compute", "c2"), ("nova-compute", "c1"), texts={0: wording.format("Access denied")})
    assert blame_own_settings(refused, served, TOPOLOGY) == refused


def test_who_alone_is_refused_is_blamed_although_its_callers_quote_it() -> None:
    """Others use the same database meanwhile; a quote by somebody who does not call the refused one speaks against that."""
    served = (("keystone", "c1"), ("glance-api", "c1"), ("placement-api", "c1"))
    seen = events(
        ("nova-conductor", "c1"), ("nova-compute", "c2"), *served, texts={0: TEXTS[0], 1: PASSED_ON[0].format(TEXTS[0])}
    )
    direct, quoted = finding("mariadb", "nova-conductor", "c1"), finding("mariadb", "nova-compute", "c2", row=1)
    moved = blame_own_settings([direct, quoted], seen, TOPOLOGY)
    assert first(moved) == ("nova-conductor", Category.CONFIG)
    assert moved[1].weight < quoted.weight
    elsewhere = [direct, replace(quoted, accuser="cinder-backup")]
    assert blame_own_settings(elsewhere, seen, TOPOLOGY) == elsewhere


def test_a_service_that_answers_is_the_one_that_was_meant() -> None:
    """What ironic tells nova-compute of a node is no matter of nova-compute's settings."""
    told = [finding("ironic-conductor", "nova-compute", "c2", category=Category.CONFIG)]
    assert blame_own_settings(told, events(("nova-compute", "c2")), TOPOLOGY) == told


def test_a_proxy_that_a_server_refuses_has_no_wrong_settings() -> None:
    """It checks each server itself: one that is restarted refuses it, while the others serve everybody."""
    told = [finding("keystone", "haproxy", "lb")]
    seen = events(*SERVED, ("haproxy", "lb"), texts={0: "Connection refused"})
    assert blame_own_settings(told, seen, TOPOLOGY) == told


def test_without_others_that_use_it_a_service_is_not_cleared() -> None:
    """Nothing shows that it serves anybody."""
    alone = [finding("keystone", "heat-api", category=Category.AUTH)]
    assert blame_own_settings(alone, events(("heat-api", "c2"), ("keystone", "c1")), TOPOLOGY) == alone


def behind_the_proxy() -> list[Finding]:
    return [finding("mariadb", "nova-conductor", row=0), finding("neutron-server", "nova-api", row=1)]


TEXTS = {0: "Can't connect to MySQL server on 'vip.example.org' ([Errno 111] ECONNREFUSED)", 1: REFUSED.format(9696)}


def test_services_that_refuse_at_one_address_behind_a_silent_proxy_are_not_down() -> None:
    """The proxy is; it leaves no line when it is killed."""
    seen = events(("nova-conductor", "c1"), ("nova-api", "c1"), ("haproxy", "lb"), texts=TEXTS, until={"haproxy": 0})
    moved = blame_proxy_in_front(behind_the_proxy(), seen)
    assert {(item.accused, item.accused_host, item.category) for item in moved} == {
        ("haproxy", "lb", Category.PROCESS_DOWN)
    }
    assert all("vip.example.org" in item.title for item in moved)


def test_a_proxy_that_goes_on_passing_requests_is_not_accused() -> None:
    """What is behind it refuses, then."""
    seen = events(("nova-conductor", "c1"), ("nova-api", "c1"), ("haproxy", "lb"), texts=TEXTS)
    assert blame_proxy_in_front(behind_the_proxy(), seen) == behind_the_proxy()


GAVE_AWAY = "(API_VIP) Entering BACKUP STATE"
CHECK_FAILED = "Script `check_haproxy` now returning 1"


@pytest.mark.parametrize(
    ("host", "texts", "counts"),
    [
        ("lb1", {62: GAVE_AWAY}, False),
        ("lb2", {62: GAVE_AWAY}, True),
        ("lb1", {62: GAVE_AWAY, 63: CHECK_FAILED}, True),
        ("lb1", {110: GAVE_AWAY}, True),
    ],
    ids=["gave it away", "another host did", "a check failed", "long after"],
)
def test_a_proxy_whose_host_gave_its_address_away_is_not_missed(host: str, texts: dict[int, str], counts: bool) -> None:
    """Row 62 comes 10 s after the silence began, row 110 250 s; a check that failed says that the proxy was gone first."""
    silent = finding("haproxy", "haproxy", host, sort=EvidenceSort.SILENCE)
    kept = discount_proxies_without_address([silent], events(("keepalived", "lb1"), texts=texts))
    assert (kept[0].strength > 0) is counts


def test_one_service_that_refuses_says_nothing_of_the_proxy() -> None:
    """It may be down itself."""
    seen = events(("nova-conductor", "c1"), ("haproxy", "lb"), texts=TEXTS, until={"haproxy": 0})
    assert blame_proxy_in_front(behind_the_proxy()[:1], seen) == behind_the_proxy()[:1]


def change(at: float, count: int = 1) -> Finding:
    return finding(
        "keystone",
        "keystone",
        at=at,
        count=count,
        weight=0.35,
        category=Category.AUTH,
        signature="identity-user-changed",
    )


def test_a_change_that_complaints_follow_is_a_cause() -> None:
    """Somebody changed a password, and ten seconds later the first login is refused."""
    complaint = finding("keystone", "neutron-server", at=10, category=Category.AUTH)
    weighed = weigh_changes([change(0), complaint], load_catalogue())[0]
    assert weighed.directness is Directness.CAUSE
    assert weighed.strength > 0.7


@pytest.mark.parametrize("complaints", [[], [-60.0], [600.0]])
def test_a_change_without_trouble_soon_after_it_is_daily_work(complaints: list[float]) -> None:
    """Nothing follows, or what there is began before it or much later."""
    others = [finding("keystone", "neutron-server", at=at, category=Category.AUTH) for at in complaints]
    assert weigh_changes([change(0), *others], load_catalogue())[0].strength < 0.1


def test_changes_that_go_on_all_the_time_are_daily_work() -> None:
    """An orchestrator makes and deletes users in every minute."""
    complaint = finding("keystone", "neutron-server", at=10, category=Category.AUTH)
    assert weigh_changes([change(0, count=40), complaint], load_catalogue())[0].strength < 0.1


def test_a_silence_that_nobody_misses_weighs_less() -> None:
    """Whoever has nothing to do is silent too."""
    silence = finding("nova-compute", "nova-compute", sort=EvidenceSort.SILENCE)
    missed = finding("nova-compute", "nova-scheduler")
    assert discount_unmissed_silence([silence], NormalRates.empty())[0].strength < silence.strength
    assert discount_unmissed_silence([silence, missed], NormalRates.empty())[0] == silence
    beside_twins = replace(silence, compared=True)
    assert discount_unmissed_silence([beside_twins], NormalRates.empty()) == [beside_twins]


def test_a_silence_longer_than_any_that_is_normal_needs_nobody_who_misses_it() -> None:
    """The rates of this cloud say how long the component is silent when all is well."""
    silence = finding("nova-compute", "nova-compute", sort=EvidenceSort.SILENCE)
    known = replace(NormalRates.empty(), longest_gap_seconds={"nova-compute": 20.0})
    assert discount_unmissed_silence([silence], known) == [silence]


def test_several_components_that_are_refused_their_login_share_an_account() -> None:
    """Each says that its own credentials are wrong; keystone's account is what they have in common."""
    own = [
        finding(
            name, name, directness=Directness.CAUSE, category=Category.AUTH, signature="placement-credentials-refused"
        )
        for name in ("nova-scheduler", "nova-conductor")
    ]
    moved = blame_own_settings(own, events(*SERVED), TOPOLOGY)
    assert {item.accused for item in moved} == {"keystone"}


def test_what_several_are_refused_at_a_device_is_not_their_account_in_keystone() -> None:
    """Both processes of barbican hold the PIN of the same HSM, of which keystone knows nothing."""
    own = [
        finding(name, name, directness=Directness.CAUSE, category=Category.AUTH, signature="barbican-hsm-login")
        for name in ("barbican-api", "barbican-worker")
    ]
    moved = blame_own_settings(own, events(*SERVED), TOPOLOGY)
    assert {item.accused for item in moved} == {"barbican-api", "barbican-worker"}


def test_a_store_of_keys_is_nobodys_wrong_address() -> None:
    """Any service may be told to keep its locks there, so who is refused there alone does not call it by mistake."""
    refused = [finding("etcd", "neutron-server", "c2")]
    texts = dict.fromkeys(range(200), "[Errno 111] Connection refused")
    assert blame_own_settings(refused, events(*SERVED, texts=texts), TOPOLOGY) == refused


def refused_logins(server: str, client: str, host: str) -> list[Finding]:
    """A server's line on logins that it refuses, and the refused client's own."""
    more = {"directness": Directness.CAUSE, "category": Category.AUTH, "weight": 0.9}
    return [finding(server, server, "srv", **more), finding(server, client, host, **more)]


@pytest.mark.parametrize(("server", "client"), [("rabbitmq", "nova-compute"), ("mariadb", "cinder-volume")])
def test_a_login_that_is_refused_to_one_of_several_alike_is_that_ones_password(server: str, client: str) -> None:
    """The same service is served on another host, with the same account: what the server says of it is about the client."""
    found = refused_logins(server, client, "h4")
    served = events((client, "h4"), (client, "h1"), (server, "srv"))
    told, moved = blame_own_settings(found, served, TOPOLOGY)
    assert (moved.accused, moved.accused_host, moved.category) == (client, "h4", Category.AUTH)
    assert told.weight < 0.5 * moved.weight
    alone = events((client, "h4"), (server, "srv"))
    assert first(blame_own_settings(found, alone, TOPOLOGY)) == (server, Category.AUTH)


def test_who_is_refused_on_every_host_may_have_lost_its_account() -> None:
    """Nobody shows that the account is good, so the blame stays where the account is kept."""
    found = [*refused_logins("rabbitmq", "nova-compute", "h4"), refused_logins("rabbitmq", "nova-compute", "h1")[1]]
    served = events(("nova-compute", "h4"), ("nova-compute", "h1"), ("rabbitmq", "srv"))
    assert first(blame_own_settings(found, served, TOPOLOGY))[0] == "rabbitmq"


def test_an_expired_certificate_is_no_matter_of_the_client_that_met_it() -> None:
    """The server shows it to everybody, so nothing in one client's settings is wrong."""
    met = [finding("keystone", "heat-api", "c2", category=Category.AUTH, signature="tls-certificate-expired")]
    assert blame_own_settings(met, events(*SERVED), TOPOLOGY) == met


@pytest.mark.parametrize(("category", "left"), [(Category.CAPACITY, 0.9), (Category.NETWORK, 0.36)])
def test_words_without_a_date_count_in_full_where_dated_ones_tell_the_same(category: Category, left: float) -> None:
    """A server whose log bears no time says itself what its clients meet: it may be of any moment, but hardly is."""
    own = finding("memcached", "memcached", "ctl2", weight=0.9, category=Category.CAPACITY, row=1)
    client = finding("memcached", "keystone", "ctl1", category=category, row=2)
    window = pl.DataFrame({"row": [1, 2], "undated": [True, False]})
    told = discount_undated([own, client], window)
    assert [one.weight for one in told] == [pytest.approx(left), client.weight]
