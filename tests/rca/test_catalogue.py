"""The signature catalogue: what it holds, how users add to it, and how it is searched."""

import re
from functools import cache
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openstack_rca.rca import knowledge
from openstack_rca.rca.knowledge import RememberingCatalogue, Signature
from openstack_rca.rca.knowledge.catalogue import TEXT_LIMIT, Catalogue, event_text, load_catalogue, own_signatures
from openstack_rca.rca.knowledge.literals import required_literals
from openstack_rca.rca.knowledge.topology import load_topology
from openstack_rca.rca.vocabulary import Category, Directness

CATALOGUE = load_catalogue()

TOPOLOGY = load_topology()
OWN = """
title: Our own storage array reports a failed controller.
pattern: '{pattern}'
accuses: {accuses}
category: storage
directness: cause
remedy: Call the vendor of the array.
source: our own array
cases:
  - line: 'array7: controller failed'
"""


@cache
def shipped() -> list[Signature]:
    """What the package ships with the cases, which a loaded catalogue does without."""
    return own_signatures(Path(knowledge.__path__[0]) / "signatures")


def own_file(
    folder: Path, *, id: str = "own-array", pattern: str = "controller failed", accuses: str = "storage", more: str = ""
) -> Path:
    path = folder / f"{id}.yaml"
    path.write_text(OWN.format(pattern=pattern, accuses=accuses) + more, encoding="utf-8")
    return path


def own(folder: Path, **fields: str) -> Catalogue:
    """A catalogue of one rule."""
    return Catalogue(own_signatures(own_file(folder, **fields)))


def texts(*rows: tuple[str | None, str, str]) -> pl.DataFrame:
    schema = {"service": pl.String, "level": pl.String, "text": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row").with_row_index("key")


def found(*rows: tuple[str | None, str, str]) -> set[tuple[int, str]]:
    hits = CATALOGUE.match(texts(*rows))
    return set(zip(hits["key"].to_list(), hits["signature_id"].to_list(), strict=True))


def test_the_catalogue_is_broad() -> None:
    assert len(CATALOGUE) >= 120
    assert {signature.category for signature in CATALOGUE.signatures} == set(Category)
    assert {signature.directness for signature in CATALOGUE.signatures} == set(Directness)
    accused = {signature.accuses for signature in CATALOGUE.signatures}
    assert {"mariadb", "rabbitmq", "memcached", "keystone", "placement-api", "glance-api", "neutron-server"} <= accused
    assert {"nova-api", "nova-conductor", "nova-compute", "cinder-volume", "libvirt", "ovs", "ceph-mon"} <= accused
    assert {"ovn-nb-db", "ovn-sb-db", "haproxy", "heat-engine", "apache", "host", "network", "storage"} <= accused


def test_compiled_rules_are_the_rules_without_their_cases() -> None:
    """What a search needs is the same whether it was read from YAML or compiled."""
    for loaded, read in zip(
        sorted(CATALOGUE.signatures, key=lambda rule: rule.id),
        sorted(shipped(), key=lambda rule: rule.id),
        strict=True,
    ):
        assert loaded.literals == read.literals
        assert loaded.model_dump(exclude={"contains"}) == read.model_dump(exclude={"contains"})


def test_each_signature_finds_its_own_examples_when_the_whole_catalogue_is_searched() -> None:
    wanted: list[tuple[str, tuple[str | None, str, str]]] = []
    for signature in shipped():
        service = next((name for name in TOPOLOGY.components if signature.applies_to(name)), None)
        wanted += [
            (signature.id, (case.service or service, case.level, case.text)) for case in signature.cases if case.line
        ]
    hits = found(*(row for _, row in wanted))
    assert [name for key, (name, _) in enumerate(wanted) if (key, name) not in hits] == []


def test_no_signature_keeps_a_quirk_of_one_cloud() -> None:
    quirk = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-|\bcompute\d\b|\bcontroller:|\bcontroller\b'\)?,? port")
    for signature in shipped():
        for text in (signature.pattern, signature.title, *signature.contains):
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
    text = "Unexpected exception in API method"
    assert (0, "nova-api-unexpected-exception") in found(("nova-api", "ERROR", text))
    assert (0, "nova-api-unexpected-exception") in found(("nova-api", "UNKNOWN", text))
    assert (0, "nova-api-unexpected-exception") not in found(("nova-api", "INFO", text))


def test_no_texts_give_no_hits() -> None:
    hits = CATALOGUE.match(texts())
    assert hits.is_empty()
    assert hits.columns == [
        *("key", "signature_id", "url", "port", "host", "topic", "service", "path"),
        *("line", "line_text", "specificity", "values"),
    ]


@settings(deadline=None, max_examples=30)
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
    hits = own(tmp_path, more="weight: 0\n").match(texts((None, "INFO", "array7: controller failed")))
    assert hits.is_empty()


def test_a_hit_tells_its_line_within_the_event(tmp_path: Path) -> None:
    text = "Task died\nTraceback (most recent call last):\n  File x\narray7: controller failed, again\nend"
    (hit,) = own(tmp_path).match(texts((None, "ERROR", text))).to_dicts()
    assert (hit["line"], hit["line_text"]) == (3, "array7: controller failed, again")


def test_of_a_command_that_failed_the_line_that_says_why_is_told() -> None:
    text = "Command: ssh -o BatchMode=yes 192.0.2.9 mkdir -p /x\nExit code: 255\nStdout: ''\nStderr: 'Host key verification failed.'"
    hits = CATALOGUE.match(texts(("nova-compute", "ERROR", text))).to_dicts()
    (hit,) = [hit for hit in hits if hit["signature_id"] == "nova-migration-host-key-unknown"]
    assert (hit["line"], hit["line_text"]) == (3, "Stderr: 'Host key verification failed.'")


def test_every_hit_of_one_text_tells_its_own_line(tmp_path: Path) -> None:
    rule = own(tmp_path, pattern=r"controller \w+ failed", more="every: true\n")
    hits = rule.match(texts((None, "ERROR", "two gone\ncontroller a failed\ncontroller é failed"))).to_dicts()
    assert [(hit["line"], hit["line_text"]) for hit in hits] == [(1, "controller a failed"), (2, "controller é failed")]


def test_the_title_holds_what_the_line_names(tmp_path: Path) -> None:
    path = own_file(tmp_path, pattern=r"(?P<array>[\w.]+): controller(?: (?P<part>\w+))? failed")
    path.write_text(
        path.read_text().replace(
            "title: Our own storage array reports a failed controller.",
            "title: 'Array {array} lost controller {part}.'\ntitle_plain: An array lost a controller.",
        )
    )
    rule = own_signatures(path)[0]
    told = []
    for text in ("nas7: controller B failed", "nas7: controller failed"):
        (hit,) = Catalogue([rule]).match(texts((None, "ERROR", text))).to_dicts()
        told.append(rule.statement({item["name"]: item["value"] for item in hit["values"]}))
    assert told == ["Array nas7 lost controller B.", "An array lost a controller."]


def test_groups_with_a_number_stand_for_the_same_value_of_another_alternative() -> None:
    rule = shipped()[0].model_copy(
        update={"title": "User {user} was refused", "pattern": "user (?P<user>.*) refused|refused: (?P<user2>.*)"}
    )
    assert rule.statement({"user": None, "user2": "nova"}) == "User nova was refused"


def test_a_part_of_a_title_whose_value_is_missing_is_left_out() -> None:
    """What is known is told, without a gap where the line names less."""
    update = {"title": "The server[ {host}] refuses[ user {user}] {logger}", "pattern": "(?P<host>a)|(?P<user>b)"}
    rule = shipped()[0].model_copy(update=update)
    assert rule.statement({"host": "db1", "user": None, "logger": "nova-api"}) == "The server db1 refuses nova-api"
    assert rule.statement({"host": None, "user": "nova"}) == "The server refuses user nova a service"


def test_a_title_names_who_logged_the_line(tmp_path: Path) -> None:
    """The client is often what a person has to look at, and no text names it."""
    path = own_file(tmp_path)
    path.write_text(
        path.read_text().replace(
            "title: Our own storage array reports a failed controller.", "title: '{logger} lost the array.'"
        )
    )
    rule = own_signatures(path)[0]
    told = []
    for service in ("cinder-volume", None):
        (hit,) = Catalogue([rule]).match(texts((service, "ERROR", "array nas7: controller failed"))).to_dicts()
        told.append(rule.statement({item["name"]: item["value"] for item in hit["values"]}))
    assert told == ["cinder-volume lost the array.", "A service lost the array."]


def test_a_value_that_ended_a_sentence_ends_the_statement_with_one_full_stop() -> None:
    rule = CATALOGUE.get("nova-resources-exhausted-on-host")
    assert rule.statement({"what": "Free disk 5 GB."}).endswith(": Free disk 5 GB.")


def test_values_in_a_title_hold_no_control_characters_and_are_bounded() -> None:
    rule = shipped()[0].model_copy(update={"title": "{user} was refused", "pattern": "(?P<user>.*) refused"})
    told = rule.statement({"user": "a\x1b[31m\nb" + "x" * 500})
    assert "\x1b" not in told
    assert "\n" not in told
    assert len(told) < 200


@pytest.mark.parametrize(
    ("pattern", "text", "demanded"),
    [
        ("controller failed", "controller failed", 16),
        (r"controller (?:\w+ )?failed", "controller B failed", 16),
        ("controller (?:a|bcd) failed", "controller bcd failed", 17),
        ("failed|controller x failed", "controller x failed", 17),
        ("failed|controller x failed", "it failed", 6),
        (r"con[tx]{2,3}roller\.\d+", "conttroller.9", 10),
    ],
)
def test_specificity_counts_the_literal_characters_that_the_matching_alternative_demands(
    tmp_path: Path, pattern: str, text: str, demanded: int
) -> None:
    (hit,) = own(tmp_path, pattern=pattern).match(texts((None, "ERROR", text))).to_dicts()
    assert hit["specificity"] == demanded


def test_a_signature_speaks_only_beside_what_it_needs(tmp_path: Path) -> None:
    rules = own_signatures(own_file(tmp_path, more="needs: [host-oom-kill, host-disk-full]\n"))
    catalogue = Catalogue([*rules, *CATALOGUE.signatures])
    assert catalogue.speaking({"own-array"}) == set()
    assert catalogue.speaking({"own-array", "host-disk-full"}) == {"own-array", "host-disk-full"}


def test_a_signature_is_silent_beside_what_says_more(tmp_path: Path) -> None:
    rules = own_signatures(own_file(tmp_path, more="unless: [host-oom-kill]\n"))
    catalogue = Catalogue([*rules, *CATALOGUE.signatures])
    assert catalogue.speaking({"own-array", "host-oom-kill"}) == {"host-oom-kill"}
    assert catalogue.speaking({"own-array", "host-oom-kill"}, {"own-array"}) == {"own-array"}
    assert catalogue.speaking({"own-array"}) == {"own-array"}


@pytest.mark.parametrize(
    ("pattern", "literals"),
    [
        ("controller failed", ("controller failed",)),
        (r"(?i)Controller\.Failed", ("controller.failed",)),
        ("alpha|beta", ("alpha", "beta")),
        ("(?:alpha|beta) gamma?", ("alpha gamm", "beta gamm")),
        ("al[pb]ha failed", ("albha failed", "alpha failed")),
        ("(?:[0-9]+|beta) gamma", (" gamma",)),
        ("server (?:alpha)+", ("server alpha",)),
        ("(?:alpha)+ server", ("alpha",)),
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


@settings(deadline=None, max_examples=300)
@given(st.text(alphabet="ab()|?*+[]{}\\.^$dP<>:xi,0", max_size=12), st.text(alphabet="abxid0.", max_size=12))
def test_a_text_that_matches_always_holds_a_required_literal(pattern: str, text: str) -> None:
    try:
        matches = pl.Series([text]).str.contains(pattern).item()
    except pl.exceptions.ComputeError:
        return
    literals = required_literals(pattern)
    assert not matches or not literals or any(literal in text.lower() for literal in literals)


SPOKEN = [
    ("nova-api", "ERROR", "Can't connect to MySQL server on 'db1' ([Errno 111] Connection refused)"),
    ("nova-compute", "ERROR", "MessagingTimeout: Timed out waiting for a reply to message ID 5f"),
    ("nova-compute", "INFO", "Instance spawned successfully."),
    (None, "CRITICAL", "Can't connect to MySQL server on 'db1' ([Errno 111] Connection refused)"),
    (
        "mariadb",
        "ERROR",
        "[ERROR] mysqld: Disk full (/var/lib/mysql/ibtmp1); waiting for someone to free some space...",
    ),
]


@settings(max_examples=15, deadline=None)
@given(st.lists(st.lists(st.sampled_from(SPOKEN), unique=True, max_size=5), min_size=1, max_size=4))
def test_what_was_found_before_is_what_would_be_found_now(questions: list[list[tuple[str | None, str, str]]]) -> None:
    """However questions overlap, a catalogue that remembers gives the hits of one that does not."""
    remembering = RememberingCatalogue(CATALOGUE.signatures)
    for question in questions:
        assert remembering.match(texts(*question)).equals(CATALOGUE.match(texts(*question)))


def test_a_text_is_searched_once_while_it_is_asked_about(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a second question only the new texts are searched; what is asked about no more is forgotten, so memory is bounded."""
    remembering, searched, search = RememberingCatalogue(CATALOGUE.signatures), [], Catalogue.match
    monkeypatch.setattr(
        Catalogue, "match", lambda self, asked: searched.append(asked["text"].to_list()) or search(self, asked)
    )
    for lines in (["one"], ["one", "two"], [f"line {number}" for number in range(1010)], ["two"], ["one"]):
        remembering.match(texts(*(("nova-api", "INFO", line) for line in lines)))
    assert searched[:2] == [["one"], ["two"]]
    assert [len(each) for each in searched] == [1, 1, 1010, 1]


def test_no_line_makes_the_search_for_a_recovery_try_from_each_of_its_letters_to_its_end() -> None:
    """Python's engine reads the words out of these lines, and would take a second for one of hostile length."""
    endless = [
        rule.id
        for rule in load_catalogue().signatures
        for part in (rule.recovered or "").split("|")
        if re.match(r"\(\?P<\w+>(?:\[[^\]]+\])*(?:\[[^\]]+\]|\\\w)[*+]", part)
    ]
    assert endless == []


def test_each_rule_that_knows_an_end_shows_the_line_that_tells_it_and_takes_no_line_of_the_fault_for_it() -> None:
    wrong = [
        rule.id
        for rule in shipped()
        if rule.recovered
        and (
            not any(re.search(rule.recovered, case.silent) for case in rule.cases if case.silent)
            or any(re.search(rule.recovered, case.line) for case in rule.cases if case.line)
        )
    ]
    assert wrong == []
