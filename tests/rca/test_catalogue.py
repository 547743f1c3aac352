"""The signature catalogue: what it holds, how users add to it, and how it is searched."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openstack_rca.errors import SignatureCatalogueError
from openstack_rca.rca.knowledge.catalogue import TEXT_LIMIT, event_text, lint_catalogue, load_catalogue
from openstack_rca.rca.knowledge.literals import required_literals
from openstack_rca.rca.knowledge.topology import load_topology
from openstack_rca.rca.vocabulary import Category, Directness

CATALOGUE = load_catalogue()
TOPOLOGY = load_topology()
OWN = """
- id: {id}
  title: Our own storage array reports a failed controller.
  pattern: '{pattern}'
  accuses: {accuses}
  category: storage
  directness: cause
  remedy: Call the vendor of the array.
  match: ['array7: controller failed']
  source: our own array
"""


def own_file(
    folder: Path, *, id: str = "own-array", pattern: str = "controller failed", accuses: str = "storage"
) -> Path:
    path = folder / "own.yaml"
    path.write_text(OWN.format(id=id, pattern=pattern, accuses=accuses), encoding="utf-8")
    return path


def texts(*rows: tuple[str | None, str, str]) -> pl.DataFrame:
    schema = {"service": pl.String, "level": pl.String, "text": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row").with_row_index("key")


def found(*rows: tuple[str | None, str, str]) -> set[tuple[int, str]]:
    hits = CATALOGUE.match(texts(*rows))
    return set(zip(hits["key"].to_list(), hits["signature_id"].to_list(), strict=True))


def test_every_example_of_the_shipped_catalogue_holds() -> None:
    assert [str(problem) for problem in lint_catalogue()] == []


def test_the_catalogue_is_broad() -> None:
    assert len(CATALOGUE) >= 120
    assert {signature.category for signature in CATALOGUE.signatures} == set(Category)
    assert {signature.directness for signature in CATALOGUE.signatures} == set(Directness)
    accused = {signature.accuses for signature in CATALOGUE.signatures}
    assert {"mariadb", "rabbitmq", "memcached", "keystone", "placement-api", "glance-api", "neutron-server"} <= accused
    assert {"nova-api", "nova-conductor", "nova-compute", "cinder-volume", "libvirt", "ovs", "ceph-mon"} <= accused
    assert {"ovn-nb-db", "ovn-sb-db", "haproxy", "heat-engine", "apache", "host", "network", "storage"} <= accused


def test_each_signature_finds_its_own_examples_when_the_whole_catalogue_is_searched() -> None:
    wanted: list[tuple[str, tuple[str | None, str, str]]] = []
    for signature in CATALOGUE.signatures:
        service = next((name for name in TOPOLOGY.components if signature.applies_to(name)), None)
        wanted += [(signature.id, (service, "ERROR", text)) for text in signature.match]
    hits = found(*(row for _, row in wanted))
    assert [name for key, (name, _) in enumerate(wanted) if (key, name) not in hits] == []


def test_no_signature_keeps_a_quirk_of_one_cloud() -> None:
    quirk = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-|\bcompute\d\b|\bcontroller:|\bcontroller\b'\)?,? port")
    for signature in CATALOGUE.signatures:
        for text in (signature.pattern, *signature.match, *signature.contains):
            assert not quirk.search(text), (signature.id, text)


@pytest.mark.parametrize(
    ("service", "level", "text"),
    [
        ("nova-compute", "WARNING", "Using RPCClient manually to instantiate client. Please use get_rpc_client"),
        ("nova-compute", "INFO", "No controller found for drive"),
        ("neutron-macvtap-agent", "ERROR", "Network 7f73 is not available."),
        ("nova-api", "INFO", '192.0.2.5 "GET /v2.1/servers/b1f0 HTTP/1.1" status: 200 len: 500 time: 0.503'),
        ("keystone", "UNKNOWN", "POST /v3/auth/tokens => generated 4006 bytes in 533 msecs (HTTP/1.1 201) 6 headers"),
        ("rabbitmq", "INFO", "accepting AMQP connection <0.22.0> (192.0.2.5:41766 -> 192.0.2.10:5672)"),
        ("nova-compute", "INFO", "[instance: b1f0] Took 5.04 seconds to build instance."),
        ("neutron-server", "INFO", "GET failed (client error): The resource could not be found."),
        ("mariadb", "UNKNOWN", "Version: '10.11.6-MariaDB'  socket: '/run/mysqld/mysqld.sock'  port: 3306"),
        ("keystone", "WARNING", "Truncating password to algorithm specific maximum length 72 characters."),
        ("heat-engine", "INFO", "rabbitmq mariadb keystone neutron-server are names, not proof"),
    ],
)
def test_lines_of_a_healthy_cloud_match_nothing(service: str, level: str, text: str) -> None:
    assert found((service, level, text)) == set()


def test_the_accused_is_who_is_named_not_who_logged_it() -> None:
    text = "(pymysql.err.OperationalError) (2003, \"Can't connect to MySQL server on 'db' ([Errno 111] refused)\")"
    hits = CATALOGUE.match(texts(("nova-api", "ERROR", text)))
    accused = {CATALOGUE.get(hit["signature_id"]).accused(hit, "nova-api", TOPOLOGY) for hit in hits.to_dicts()}
    assert accused == {"mariadb"}


def test_the_port_of_a_refused_call_names_the_accused() -> None:
    text = (
        "HTTPConnectionPool(host='api.example.org', port=9696): Max retries exceeded with url: / (Caused by "
        "NewConnectionError('Failed to establish a new connection: [Errno 111] Connection refused'))"
    )
    hits = CATALOGUE.match(texts(("nova-compute", "ERROR", text)))
    hit = hits.filter(pl.col("signature_id") == "http-connection-refused").to_dicts()[0]
    assert hit["port"] == "9696"
    assert CATALOGUE.get("http-connection-refused").accused(hit, "nova-compute", TOPOLOGY) == "neutron-server"


def test_a_daemon_that_was_stopped_accuses_itself() -> None:
    hits = CATALOGUE.match(texts(("cinder-volume", "INFO", "Caught SIGTERM, exiting")))
    hit = hits.filter(pl.col("signature_id") == "service-stopped-by-signal").to_dicts()[0]
    assert CATALOGUE.get(hit["signature_id"]).accused(hit, "cinder-volume", TOPOLOGY) == "cinder-volume"


def test_every_dead_agent_of_one_report_is_a_hit_of_its_own() -> None:
    text = (
        "Agent healthcheck: found 2 dead agents out of 7:\n                Type       Last heartbeat host\n"
        "  Open vSwitch agent 2024-05-05 10:00:00 cmp07\n          DHCP agent 2024-05-05 10:00:01 net01"
    )
    hits = CATALOGUE.match(texts(("neutron-server", "WARNING", text))).filter(
        pl.col("signature_id") == "neutron-agents-dead"
    )
    signature = CATALOGUE.get("neutron-agents-dead")
    accused = {(signature.accused(hit, "neutron-server", TOPOLOGY), hit["host"]) for hit in hits.to_dicts()}
    assert accused == {("neutron-openvswitch-agent", "cmp07"), ("neutron-dhcp-agent", "net01")}


def test_a_signature_of_one_service_does_not_speak_for_another() -> None:
    text = "SIGTERM received - shutting down"
    assert (0, "rabbitmq-shutdown") in found(("rabbitmq", "UNKNOWN", text))
    assert (0, "rabbitmq-shutdown") in found(("rabbit@ctl01", "UNKNOWN", text))
    assert (0, "rabbitmq-shutdown") not in found(("glance-api", "ERROR", text))


def test_a_log_of_unknown_service_may_carry_a_signature_that_names_its_accused() -> None:
    assert (0, "rabbitmq-shutdown") in found((None, "UNKNOWN", "SIGTERM received - shutting down"))
    assert (0, "service-stopped-by-signal") not in found((None, "INFO", "Caught SIGTERM, exiting"))


def test_lines_below_the_least_level_are_passed_over_but_unknown_levels_are_not() -> None:
    text = "Placement API service is not responding."
    assert (0, "placement-not-responding") in found(("nova-compute", "WARNING", text))
    assert (0, "placement-not-responding") in found(("nova-compute", "UNKNOWN", text))
    assert (0, "placement-not-responding") not in found(("nova-compute", "INFO", text))


def test_no_texts_give_no_hits() -> None:
    hits = CATALOGUE.match(texts())
    assert hits.is_empty()
    assert hits.columns == ["key", "signature_id", "url", "port", "host", "topic", "service"]


@settings(deadline=None)
@given(st.lists(st.tuples(st.none() | st.text(), st.sampled_from(["INFO", "UNKNOWN", "odd"]), st.text()), max_size=5))
def test_any_text_can_be_searched(rows: list[tuple[str | None, str, str]]) -> None:
    assert set(CATALOGUE.match(texts(*rows))["key"].to_list()) <= set(range(len(rows)))


def test_head_and_tail_of_a_long_text_are_searched() -> None:
    frame = pl.DataFrame(
        {"message": ["Lost connection"], "exception": [None], "detail": ["x" * 3 * TEXT_LIMIT + "end"]}
    )
    text = frame.select(event_text()).to_series()[0]
    assert len(text) <= TEXT_LIMIT
    assert text.startswith("Lost connection")
    assert text.endswith("end")


def test_a_users_signature_comes_first(tmp_path: Path) -> None:
    own_file(tmp_path)
    catalogue = load_catalogue(tmp_path)
    assert catalogue.signatures[0].id == "own-array"
    assert len(catalogue) == len(CATALOGUE) + 1
    assert "own-array" in set(catalogue.match(texts((None, "INFO", "array7: controller failed")))["signature_id"])


def test_a_users_signature_replaces_a_shipped_one_of_the_same_id(tmp_path: Path) -> None:
    catalogue = load_catalogue(own_file(tmp_path, id="host-oom-kill"))
    assert catalogue.get("host-oom-kill").source == "our own array"
    assert len(catalogue) == len(CATALOGUE)


def test_weight_zero_switches_a_signature_off(tmp_path: Path) -> None:
    path = own_file(tmp_path)
    path.write_text(path.read_text(encoding="utf-8") + "  weight: 0\n", encoding="utf-8")
    hits = load_catalogue(path).match(texts((None, "INFO", "array7: controller failed")))
    assert "own-array" not in set(hits["signature_id"])


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"pattern": "(?=x)controller failed"}, "look-around"),
        ({"pattern": "(controller failed"}, "unclosed group"),
        ({"pattern": "(?P<colour>controller) failed"}, "colour"),
        ({"accuses": "coffee-machine"}, "coffee-machine"),
        ({"accuses": '"@url"'}, "url"),
        ({"id": "Own_Array"}, "Own_Array"),
    ],
)
def test_a_faulty_entry_is_refused_with_file_and_id(tmp_path: Path, changes: dict[str, str], named: str) -> None:
    path = own_file(tmp_path, **changes)
    with pytest.raises(SignatureCatalogueError) as caught:
        load_catalogue(tmp_path)
    assert str(path) in str(caught.value)
    assert changes.get("id", "own-array") in str(caught.value)
    assert named in str(caught.value)


def test_lint_names_an_example_that_does_not_match(tmp_path: Path) -> None:
    path = own_file(tmp_path, pattern="something else")
    problems = lint_catalogue([tmp_path])
    assert [(problem.file, problem.signature) for problem in problems] == [(str(path), "own-array")]
    assert "does not match" in problems[0].problem


def test_lint_names_an_id_that_is_used_twice(tmp_path: Path) -> None:
    path = own_file(tmp_path)
    path.write_text(path.read_text(encoding="utf-8") * 2, encoding="utf-8")
    assert ["used twice" in problem.problem for problem in lint_catalogue([path])] == [True]


@pytest.mark.parametrize("text", ["- id: [", "just words", "\x00"])
def test_broken_yaml_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SignatureCatalogueError, match=r"broken\.yaml"):
        load_catalogue(tmp_path)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SignatureCatalogueError, match="nowhere"):
        load_catalogue(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("pattern", "literals"),
    [
        ("controller failed", ("controller failed",)),
        (r"(?i)Controller\.Failed", ("controller.failed",)),
        ("alpha|beta", ("alpha", "beta")),
        ("(?:alpha|beta) gamma?", (" gamm",)),
        ("alpha|be", ()),
        (r"\d+ of [a-z]+ broken", (" broken",)),
        ("(?:optional)?", ()),
        ("alpha{0,3}", ("alph",)),
        (r"\p{Greek}+ alpha", ()),
        ("(?x) a l p h a", ()),
    ],
)
def test_required_literals_are_named_only_where_sure(pattern: str, literals: tuple[str, ...]) -> None:
    assert required_literals(pattern) == literals


@settings(deadline=None)
@given(st.text(alphabet="ab()|?*+[]{}\\.^$dP<>:xi,0", max_size=12), st.text(alphabet="abxid0.", max_size=12))
def test_a_text_that_matches_always_holds_a_required_literal(pattern: str, text: str) -> None:
    try:
        matches = pl.Series([text]).str.contains(pattern).item()
    except pl.exceptions.ComputeError:
        return
    literals = required_literals(pattern)
    assert not matches or not literals or any(literal in text.lower() for literal in literals)
