"""An oslo.log line reads the same whatever stands around it, however often."""

import json
import re

import pytest
from tests.logs.reading import REQUEST, STORY, STORY_COLUMNS, read_text, rows, story

from openstack_rca.logs import blocks, reading

ISO = "2026-11-23T04:00:00.4"


def times(line: str) -> str:
    found = re.search(r"04:00:00\.\d{3}", line)
    return f"2026-11-23T{found.group() if found else '04:00:00.000'}"


def clock(line: str) -> str:
    return times(line)[11:19]


ENVELOPES = {
    "docker logs -t": lambda line: f"{times(line)}123456Z {line}",
    "podman logs -t": lambda line: f"{times(line)[:19]}+00:00 {line}",
    "kubectl logs --timestamps": lambda line: f"{times(line)}000001Z {line}",
    "kubectl logs --prefix": lambda line: f"[pod/nova-compute-x7x2k/nova-compute] {line}",
    "kubectl logs --prefix --timestamps": lambda line: f"[pod/nova-compute-0/nova-compute] {times(line)}Z {line}",
    "docker compose logs": lambda line: f"kolla-nova_compute-1  | {line}",
    "docker service logs": lambda line: f"nova_nova-compute.1.k3x9f2lq0z8vw7n1c4b6m5a2d@cmp1    | {line}",
    "docker service logs, tasks shortened": lambda line: f"nova_nova-compute.1.k3x9f2lq0z8v@cmp1    | {line}",
    "docker service logs -t": lambda line: f"{times(line)}000Z nova_nova-compute.1.k3x9f2lq0z8vw7n1c4b6m5a2d@cmp1    | {line}",
    "a chat": lambda line: f"14:02:10 <@ops> {line}",
    "a chat with days": lambda line: f"[2026-11-24 14:02] <ops_> {line}",
    "cat -v of colours": lambda line: f"^[[00;36m{line}^[[00m",
    "rsyslog's escapes of colours": lambda line: f"#033[00;36m{line}#033[00m",
    "docker compose logs -t": lambda line: f"nova-compute-1  | {times(line)}000Z {line}",
    "CRI": lambda line: f"{times(line)}123456+00:00 stderr F {line}",
    "Pebble": lambda line: f"{times(line)}Z [nova-compute] {line}",
    "stern": lambda line: f"nova-compute-0 nova-compute {line}",
    "stern --all-namespaces -t": lambda line: f"openstack nova-compute-default-7xk2p nova-compute {times(line)}000000Z {line}",
    "grep -H": lambda line: f"/var/log/nova/nova-compute.log:{line}",
    "grep -Hn": lambda line: f"/var/log/nova/nova-compute.log:17:{line}",
    "logcli": lambda line: f'{times(line)}Z {{filename="/var/log/nova/nova-compute.log", job="x"}} {line}',
    "quote": lambda line: f"> {line}",
    "syslog": lambda line: f"Nov 23 {clock(line)} compute1 nova-compute[2001]: {line}",
    "syslog with a priority": lambda line: f"<14>Nov 23 {clock(line)} compute1 nova-compute[2001]: {line}",
    "syslog with a year": lambda line: f"Nov 23 2026 {clock(line)} compute1 nova-compute[2001]: {line}",
    "rsyslog": lambda line: f"{times(line)}000+00:00 compute1 nova-compute[2001]: {line}",
    "RFC 5424": lambda line: f'<14>1 {times(line)}Z compute1 nova-compute 2001 - [a@1 b="]"] {line}'.replace('"]"', '"\\]"'),
    "journalctl -o short-full": lambda line: f"Mon 2026-11-23 {clock(line)} UTC compute1 nova-compute[2001]: {line}",
    "journalctl -o with-unit": lambda line: f"Mon 2026-11-23 {clock(line)} UTC compute1 nova-compute.service[2001]: {line}",
    "journalctl -o short-unix": lambda line: f"1795406400.400000 compute1 nova-compute[2001]: {line}",
    "journalctl -o short-monotonic": lambda line: f"[  400.100000] compute1 nova-compute[2001]: {line}",
    "journalctl --no-hostname": lambda line: f"Nov 23 {clock(line)} nova-compute[2001]: {line}",
    "snap logs": lambda line: f"{times(line)}Z openstack-hypervisor.nova-compute[2001]: {line}",
    "docker json-file": lambda line: json.dumps({"log": line + "\n", "stream": "stderr", "time": times(line) + "Z"}),
    "Vector": lambda line: json.dumps({"timestamp": times(line) + "Z", "file": "/var/log/nova/nova-compute.log", "message": line}),
    "rsyslog in JSON": lambda line: json.dumps({"@timestamp": times(line) + "Z", "programname": "nova-compute", "severity": "info",
                                                "message": line}),
    "logcli -o jsonl": lambda line: json.dumps({"labels": {"filename": "/var/log/nova/nova-compute.log"}, "line": line,
                                                "timestamp": times(line) + "Z"}),
    "fluentd out_file": lambda line: f"{times(line)}+00:00\tnova.compute\t" + json.dumps({"message": line}),
    "Fluent Bit on standard output": lambda line: '[0] nova-compute: [1795406400.400000000, {"log"=>' + json.dumps(line) + "}]",
    "Fluent Bit of Kubernetes, quotes as they are": lambda line: "[0] kube.var.log.containers.nova-compute-0_openstack_nova-compute-"
        + "4f1a" * 16 + '.log: [[1795406400.400000000, {}], {"stream"=>"stderr", "_p"=>"F", "log"=>"' + line
        + '", "kubernetes"=>{"pod_name"=>"nova-compute-0", "container_name"=>"nova-compute"}}]',
    "journalctl -o json": lambda line: json.dumps({"__REALTIME_TIMESTAMP": "1795406400400000", "PRIORITY": "6",
                                                   "SYSLOG_IDENTIFIER": "nova-compute", "MESSAGE": line}),
    "journalctl -o json-sse": lambda line: "data: " + json.dumps({"__REALTIME_TIMESTAMP": "1795406400400000", "MESSAGE": line}),
}  # fmt: skip


@pytest.mark.parametrize("name", ENVELOPES)
def test_a_story_reads_the_same_in_every_envelope(name: str) -> None:
    """Times, levels, ids and the traceback are those of the plain file; every line belongs to an event."""
    read = read_text("\n".join(map(ENVELOPES[name], STORY)) + "\n")
    assert read.events.select(STORY_COLUMNS).to_dicts() == story().to_dicts()
    assert set(read.events["service"].str.replace("_", "-")) == {"nova-compute"}
    assert read.events["lines"].sum() == read.files[0].lines == len(STORY)


def test_a_stamp_before_the_first_line_of_a_text_alone_counts_for_all_of_it() -> None:
    """``aws logs tail`` writes its stamp and the stream once a message, however many lines that has."""
    bare = [line[29:] for line in STORY]
    stamps = [f"{times(line)}000+00:00 cmp1/nova-compute " for line in STORY[:3]] + [""] * 3
    text = "".join(f"{stamp}{line}\n" for stamp, line in zip(stamps, bare, strict=False))
    found = rows(text, "tail.txt")
    assert [event["lines"] for event in found] == [1, 1, 4]
    assert {event["service"] for event in found} == {"nova-compute"}
    assert found[2]["exception"] == "nova.exception.PortBindingFailed: Binding failed"


def test_a_context_of_a_clouds_own_shape_behind_level_process_and_module() -> None:
    """``logging_context_format_string`` puts what it likes in any order; the traceback keeps oslo.log's own prefix."""
    own = f"2026-11-23 04:00:00.400 ERROR [2001] nova.compute.manager req={REQUEST} user=u No start\n"
    (event,) = rows(own + "\n".join(STORY[3:6]) + "\n")
    assert (event["logger"], event["process"], event["request_id"]) == ("nova.compute.manager", 2001, REQUEST)
    assert (event["lines"], event["exception"]) == (4, "nova.exception.PortBindingFailed: Binding failed")


@pytest.mark.parametrize(
    "names",
    [
        ("CRI", "docker json-file"),
        ("docker logs -t", "CRI"),
        ("grep -H", "syslog"),
        ("quote", "grep -Hn"),
        ("journalctl -o json", "docker logs -t"),
        ("rsyslog", "Vector"),
        ("kubectl logs --prefix", "Pebble"),
        ("docker compose logs", "journalctl -o json"),
    ],
)
def test_envelopes_nest(names: tuple[str, str]) -> None:
    """An envelope in an envelope is opened too."""
    outer, inner = names
    text = "\n".join(ENVELOPES[outer](ENVELOPES[inner](line)) for line in STORY) + "\n"
    assert read_text(text).events.select(STORY_COLUMNS).to_dicts() == story().to_dicts()


def test_pieces_of_a_long_line_are_one_line_again() -> None:
    """The kubelet and Docker cut lines at 16 KiB; the pieces count as lines of the one event."""
    halves = (STORY[1][:60], STORY[1][60:])
    cri = f"{ISO}Z stderr P {halves[0]}\n{ISO}Z stderr F {halves[1]}\n{ISO}Z stderr F {STORY[6]}\n"
    docker = "".join(
        json.dumps({"log": text, "stream": "stderr", "time": ISO + "Z"}) + "\n"
        for text in (halves[0], halves[1] + "\n", STORY[6] + "\n")
    )
    for text in (cri, docker):
        found = rows(text)
        assert [event["message"] for event in found] == ["Disk is slow", "Periodic task"]
        assert [event["lines"] for event in found] == [2, 1]


def test_what_is_inside_an_envelope_knows_better_than_the_envelope() -> None:
    """Time and level are the line's own where it has them, else the envelope's."""
    known, plain = rows(
        f"<11>Nov 23 09:00:00 ctl1 nova-compute[1]: {STORY[0]}\n<11>Nov 23 09:00:01 ctl1 sshd[2]: no such user\n",
        "messages",
    )
    assert (known["level"], known["time"].hour) == ("INFO", 4)
    assert (plain["level"], plain["time"].hour) == ("ERROR", 9)


@pytest.mark.parametrize(
    ("line", "host", "service", "level"),
    [
        ("2026-11-23T04:00:00+00:00 ctl1 daemon.err nova-api[12]: no db", "ctl1", "nova-api", "ERROR"),
        ("<daemon.crit>Nov 23 04:00:00 ctl1 haproxy[1]: no server", "ctl1", "haproxy", "CRITICAL"),
        ("Nov 23 04:00:00 192.0.2.9 haproxy[1]: x", "192.0.2.9", "haproxy", "INFO"),
        ("Nov 23 04:00:00 ctl1 proxy-server: ERROR Insufficient Storage", "ctl1", "proxy-server", "ERROR"),
        ("Nov 23 04:00:00 ctl1 docker[1]: odd", "ctl1", "messages", "INFO"),
        ("1 2026-11-23T04:00:00Z ctl1 haproxy 13 - - no server", "ctl1", "haproxy", "INFO"),
    ],
)
def test_a_line_of_plain_syslog_has_host_service_and_severity(line: str, host: str, service: str, level: str) -> None:
    """A severity comes from the priority, from rsyslog's word, or from the text; a messenger is no service."""
    (event,) = rows(line + "\n", "messages")
    assert (event["host"], event["service"], event["level"]) == (host, service, level)


@pytest.mark.parametrize(
    ("stamp", "month"),
    [
        ("Okt 23", 10),
        ("Mär  3", 3),
        ("Dez 23", 12),
        ("févr. 3", 2),
        ("août 23", 8),
        ("ene 23", 1),
        ("23 mars", 3),
        ("3. Mai", 5),
    ],
)
def test_months_of_other_languages_are_months(stamp: str, month: int) -> None:
    """German, French, Spanish; the day may stand first."""
    (event,) = rows(f"{stamp} 04:00:00 ctl1 haproxy[1]: down\n", "messages")
    assert (event["time"].month, event["host"], event["service"]) == (month, "ctl1", "haproxy")


def test_a_search_that_answered_newest_first_is_read_in_order() -> None:
    """OpenSearch and Loki answer backwards: a traceback still belongs to its error."""
    backwards = [ENVELOPES["logcli"](line) for line in reversed(STORY)]
    assert read_text("\n".join(backwards) + "\n").events.select(STORY_COLUMNS).to_dicts() == story().to_dicts()


def test_what_journalctl_says_of_the_journal_is_no_event() -> None:
    """Its first line, its marks of a boot; an explanation of the catalogue belongs to the message before it."""
    text = (
        "-- Journal begins at Mon 2026-11-23 03:00:00 UTC, ends at Mon 2026-11-23 05:00:00 UTC. --\n"
        "Nov 23 04:00:00 ctl1 systemd[1]: nova-api.service: Failed.\n-- Subject: Unit failed\n-- Defined-By: systemd\n"
        "Nov 23 04:00:01 ctl1 kernel: x\n-- Boot 123 --\nNov 23 04:00:02 ctl1 kernel: y\n"
    )
    assert [(event["message"], event["lines"]) for event in rows(text, "messages")] == [
        ("nova-api.service: Failed.", 3), ("x", 2), ("y", 1),
    ]  # fmt: skip


def test_several_files_that_tail_or_grep_showed_together_keep_their_services() -> None:
    """Each line is of the file that was named before it; what grep shows around a find is read too."""
    tail = "==> /var/log/nova/nova-api.log <==\n{0}\n\n==> /var/log/cinder/cinder-volume.log <==\n{0}\n"
    grep = "nova-api.log-16-{0}\n--\ncinder-volume.log:27:{0}\n"
    for text in (tail, grep):
        found = rows(text.format("2026-11-23 04:00:00.100 7 INFO oslo.x [-] up"), "x.log")
        assert [event["service"] for event in found] == ["nova-api", "cinder-volume"]


@pytest.mark.parametrize("stamp", ["2026-11-23T04:00:00+0000", "[   77.100000] cmp1"])
def test_the_kernel_needs_no_process_beside_a_stamp_of_the_journal(stamp: str) -> None:
    found = rows("".join(f"{stamp} {tag}: up\n" for tag in ("nova-api[7]", "kernel")), "journal.log")
    assert {(event["service"], event["process"], event["message"]) for event in found} == {
        ("nova-api", 7, "up"),
        ("kernel", None, "up"),
    }


def test_what_nobody_signed_is_of_the_only_host_that_its_file_names() -> None:
    text = "x nova-compute.service - Nova\n   Active: failed\n\nNov 23 04:00:00 cmp1 nova-compute[7]: down\n"
    assert [event["host"] for event in rows(text, "paste.txt")] == ["cmp1", "cmp1"]
    both = text + "Nov 23 04:00:00 cmp2 nova-compute[7]: down\n"
    assert [event["host"] for event in rows(both, "paste.txt")] == [None, "cmp1", "cmp2"]


@pytest.mark.parametrize("batch", [1, 1_000_000], ids=["many batches", "one batch"])
@pytest.mark.parametrize("second", ["sw1", "sw2"])
def test_which_hosts_a_file_names_is_told_by_all_of_it(
    batch: int, second: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However large it is: what nobody signed may stand far from the other host."""
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 600)
    monkeypatch.setattr(reading, "_BATCH_BYTES", batch)
    signed = [f"Nov 23 04:{n // 60:02d}:{n % 60:02d} {{}} kernel: port {n} is up\n" for n in range(20)]
    text = "what nobody signed\n" + "".join(signed).format(*["sw1"] * 20) + "".join(signed).format(*[second] * 20)
    (host,) = [event["host"] for event in rows(text, "relay.txt") if event["line"] == 1]
    assert host == ("sw1" if second == "sw1" else None)
