"""Lines of programs that no format of ours names: stamp, level, program and text in whatever order they stand."""

from __future__ import annotations

import json

import pytest
from tests.logs.reading import REQUEST, STORY, STORY_COLUMNS, read_text, rows, story

TIME = "2026-11-20T02:11:09"
LINES = {
    "Cassandra": ("ERROR [main] 2026-11-20 02:11:09,004 Daemon.java:803 - boom", "ERROR", "Daemon.java:803 - boom"),
    "InfluxDB 1": ("[E] 2026-11-20T02:11:09Z boom", "ERROR", "boom"),
    "Fluent Bit": ("[2026/11/20 02:11:09] [ warn] [output:es] boom", "WARNING", "[output:es] boom"),
    "fluentd": ("2026-11-20 02:11:09 +0000 [warn]: #0 boom", "WARNING", "#0 boom"),
    "BIND": ("20-Nov-2026 02:11:09.004 client: error: boom", "ERROR", "client: error: boom"),
    "Tomcat": ("20-Nov-2026 02:11:09.004 SEVERE [main] boom", "ERROR", "[main] boom"),
    "Puppet": ("2026-11-20 02:11:09 +0000 Puppet (err): boom", "ERROR", "boom"),
    "Ansible": ("2026-11-20 02:11:09,004 p=7 u=root n=ansible | fatal: [c1]: FAILED!", "ERROR", "fatal: [c1]: FAILED!"),
    "Ansible in TripleO": ("2026-11-20 02:11:09.004123 | 525400d6-8f2f-1c77-6d15-000000000046 |      FATAL | boom | c1", "ERROR", "boom | c1"),
    "MaxScale": ("2026-11-20 02:11:09   error  : (12) boom", "ERROR", "(12) boom"),
    "loguru": ("2026-11-20 02:11:09.004 | ERROR    | my.module:run:12 - boom", "ERROR", "my.module:run:12 - boom"),
    "logfmt with quotes": ('time="2026-11-20T02:11:09Z" level=error msg="said: \\"boom\\""', "ERROR", 'said: "boom"'),
    "Ceph's gateway": ("2026-11-20T02:11:09.004+0000 7f1b2c3d4700  0 ERROR: boom", "ERROR", "ERROR: boom"),
    "cloud-init": ("2026-11-20 02:11:09,004 - util.py[WARNING]: boom", "WARNING", "boom"),
    "Consul": ("2026/11/20 02:11:09 [ERR] boom", "ERROR", "boom"),
    "MidoNet": ("2026.11.20 02:11:09.004 ERROR [main] boom", "ERROR", "[main] boom"),
    "ProxySQL": ("2026-11-20 02:11:09 X.cpp:1:monitor(): [ERROR] boom", "ERROR", "boom"),
    "Heat's events": ("2026-11-20 02:11:09Z [net.port]: CREATE_FAILED  boom", "ERROR", "CREATE_FAILED  boom"),
    "seconds since 1970": ("1795140669.004     12 10.0.0.1 TCP_MISS/503 boom", "UNKNOWN", "12 10.0.0.1 TCP_MISS/503 boom"),
    "a process first": ("[2001] 2026-11-20 02:11:09.004 ERROR nova.manager: boom", "ERROR", "nova.manager: boom"),
    "a clock of 12 hours": ("11/20/2026 02:11:09 AM nova.manager ERROR boom", "ERROR", "boom"),
    "Telegraf": ("2026-11-20T02:11:09Z E! [inputs.x] boom", "ERROR", "[inputs.x] boom"),
    "GlusterFS": ("[2026-11-20 02:11:09.004123] E [MSGID: 1] boom", "ERROR", "E [MSGID: 1] boom"),
    "Nagios": ("[1795140669] SERVICE ALERT: c1;nova;CRITICAL;boom", "CRITICAL", "SERVICE ALERT: c1;nova;CRITICAL;boom"),
    "Zabbix": ("  12:20261120:021109.004 error: boom", "ERROR", "error: boom"),
    "monit": ("[UTC Nov 20 02:11:09] error    : boom", "ERROR", "error    : boom"),
    "Icinga": ("[2026-11-20 02:11:09 +0000] critical/Listener: boom", "CRITICAL", "critical/Listener: boom"),
    "Ruby": ("E, [2026-11-20T02:11:09.004000 #18] ERROR -- : boom", "ERROR", "boom"),
    "a server's event log": ("   1 | 11/20/2026 | 02:11:09 | Fan | boom", "UNKNOWN", "| Fan | boom"),
    "Tempest": ("2026-11-20 02:11:09,004 7 ERROR    [tempest.test] boom", "ERROR", "boom"),
    "ESXi": ("2026-11-20T02:11:09.004Z cpu1:2)boom", "INFO", "boom"),
    "Ganesha": ("20/11/2026 02:11:09 : epoch 6a : n1 : ganesha.nfsd-7[main] f :FSAL :CRIT :boom", "CRITICAL", "boom"),
    "only a time": ("20-Nov-2026 02:11:09.004 zone example.org/IN: loaded", "UNKNOWN", "zone example.org/IN: loaded"),
}  # fmt: skip


@pytest.mark.parametrize("name", LINES)
def test_time_level_and_text_are_found_in_whatever_order_they_stand(name: str) -> None:
    line, level, message = LINES[name]
    (event,) = rows(f"{line}\n", "program.log")
    assert (event["time"].isoformat()[:19], event["level"], event["message"]) == (TIME, level, message)


def test_the_colon_behind_a_logger_is_no_part_of_its_name() -> None:
    (event,) = rows("[2026-11-20 02:11:09,004] my.module: INFO up\n", "program.log")
    assert (event["logger"], event["message"]) == ("my.module", "up")


def test_the_words_of_a_sentence_are_no_level() -> None:
    (event,) = rows("2026-11-20 02:11:09 the error handler of x was registered\n", "program.log")
    assert event["level"] == "UNKNOWN"


AROUND = {
    "kubetail": "[nova-compute-default-x7x2k] {}",
    "kubectl logs of all": "pod/nova-compute-default-x7x2k nova-compute {}",
    "Discord": "[02:12]Jane: {}",
    "WhatsApp": "20/11/2026, 02:12 - Jane Doe: {}",
    "daemontools": "@40000000692284ca0c5a1b2c {}",
    "a platform's router": "2026-11-23T04:00:01.123456+00:00 app[web.1]: {}",
    "a monotonic clock": "[  123.456] {}",
    "Jenkins": "[2026-11-23T04:00:00.123Z] {}",
    "snap": "2026-11-23T04:00:01Z microstack.nova-compute[2001]: {}",
    "grep -A": "/var/log/nova/nova-compute.log-{}",
    "grep -n": "/var/log/nova/nova-compute.log:1044:{}",
}


@pytest.mark.parametrize("name", AROUND)
def test_what_stands_before_every_line_is_taken_off(name: str) -> None:
    read = read_text("\n".join(AROUND[name].format(line) for line in STORY), "saved.log")
    assert read.events.select(STORY_COLUMNS).equals(story())
    assert set(read.events["service"]) == {"nova-compute"}


@pytest.mark.parametrize(
    "said",
    [
        "[20/11/2026 02:12] Jane Doe",
        "Jane Doe  2:12 AM",
        "stack@ctl1:~$ tail nova-compute.log",
        "[root@ctl1 ~]# less x",
    ],
)
def test_what_a_chat_or_a_terminal_says_between_lines_is_no_event(said: str) -> None:
    text = "\n".join([said, *STORY[:2], said, *STORY[2:], said])
    assert read_text(text, "saved.txt").events.select(STORY_COLUMNS).equals(story())


def test_the_level_of_an_envelope_counts_where_a_line_states_none() -> None:
    """A line of the kernel has no place for a level; syslog's priority is one."""
    line = "<3>1 2026-11-20T02:11:09.000001+00:00 lb1 kernel - - - [88211.403311] ixgbe 0000:05:00.0: NIC Link is Down"
    assert [event["level"] for event in rows(line)] == ["ERROR"]


@pytest.mark.parametrize("around", ["* {}", "| {} |", "'{}'", "\u2022 {}", "  - {}"])
def test_what_all_lines_share_around_them_is_taken_off(around: str) -> None:
    text = "\n".join(around.format(line) for line in STORY)
    assert read_text(text, "saved.txt").events.select(STORY_COLUMNS).equals(story())


HEADERS = {
    "tail -f": "==> {0}/nova-compute.log <==",
    "rg": "{0}/nova-compute.log",
    "ansible": "{0} | CHANGED | rc=0 >>",
    "pssh": "[1] 04:00:00 [SUCCESS] {0}",
}


@pytest.mark.parametrize("name", HEADERS)
def test_names_above_lines_are_their_hosts(name: str) -> None:
    text = "\n".join([HEADERS[name].format("np1"), *STORY[:2], HEADERS[name].format("np2"), *STORY[2:]])
    read = read_text(text, "saved.txt")
    assert read.events.select(STORY_COLUMNS).equals(story())
    assert read.events["host"].to_list() == ["np1", "np1", "np2", "np2"]


NAMED = {
    "clush": "np1: {}",
    "Windows": "C:\\logs\\np1\\nova-compute.log:12:{}",
    "columns of a find": "np1/nova-compute.log:12:5:{}",
    "CloudWatch": "2026-11-23T04:00:01.000000+00:00 np1/nova-compute {}",
}


@pytest.mark.parametrize("name", NAMED)
def test_a_name_before_every_line_is_its_host(name: str) -> None:
    read = read_text("\n".join(NAMED[name].format(line) for line in STORY), "saved.txt")
    assert read.events.select(STORY_COLUMNS).equals(story())
    assert set(read.events["host"]) == {"np1"}


def test_colours_whose_escape_was_lost_are_taken_off() -> None:
    text = "\n".join(f"[00;32m{line[:30]}[01;35m{line[30:]}[00m" for line in STORY)
    assert read_text(text).events.select(STORY_COLUMNS).equals(story())


@pytest.mark.parametrize("context", ["[req_id={0} user=u]", "({0})"])
def test_a_request_in_a_context_of_a_clouds_own_shape_is_found(context: str) -> None:
    line = f"2026-11-23 04:00:00.100 7 INFO nova.api {context.format(REQUEST)} up"
    assert [event["request_id"] for event in rows(line)] == [REQUEST]


def test_texts_of_the_catalogue_belong_to_the_entry_above() -> None:
    text = "Nov 20 02:11:09 c1 systemd[1]: x failed\n\u2591\u2591 Subject: y\n\u2591\u2591 \n\u2591\u2591 z\n"
    assert [(event["message"], event["lines"]) for event in rows(text, "saved.txt")] == [("x failed", 4)]


def test_a_logger_knows_better_than_the_name_of_its_project() -> None:
    line = json.dumps({"labels": {"job": "nova"}, "line": STORY[0], "ts": "1795406400100000000"})
    assert [event["service"] for event in rows(line, "x.log")] == ["nova-compute"]


def test_numbers_of_lines_beside_a_page_are_no_events() -> None:
    numbers = "<pre>" + "\n".join(map(str, range(1, 8))) + "</pre>"
    page = (
        f"<html><body><table><tr><td>{numbers}</td><td><pre>" + "\n".join(STORY) + "\n</pre></td></tr></table></html>"
    )
    assert read_text(page, "paste.html").events.select(STORY_COLUMNS).equals(story())


def test_an_indented_line_of_another_writer_follows_nobody() -> None:
    """sudo puts spaces before the name of who called it."""
    lines = [
        f"Nov 23 04:00:00 ctl1 nova-compute[77]: {STORY[0]}",
        "Nov 23 04:00:02 ctl1 sudo[9]:    nova : TTY=unknown",
    ]
    assert [event["lines"] for event in rows("\n".join(lines), "syslog")] == [1, 1]


def test_an_exception_below_an_error_as_long_as_a_terminal_is_wide_is_no_rest_of_it() -> None:
    error = "[2026-11-23 04:00:00,123] ERROR Closing socket (kafka.network.Processor)"
    (event,) = rows(f"{error}\njava.io.IOException: reset\n\tat a.B.c(B.java:1)\n", "server.log")
    assert (len(error), event["message"], event["lines"]) == (72, "Closing socket (kafka.network.Processor)", 3)


def test_a_class_of_java_is_no_service() -> None:
    record = {"timestamp": "2026-11-23T04:00:00Z", "level": "ERROR", "component": "o.e.b.Bootstrap", "message": "boom"}
    assert [event["service"] for event in rows(json.dumps(record) + "\n", "opensearch.log")] == ["opensearch"]


def test_pythons_logging_without_a_setting_tells_level_and_logger_but_no_time() -> None:
    (event,) = rows("ERROR:nova.compute.manager:boom\n", "saved.log")
    told = (event["time"], event["service"], event["level"], event["level_guessed"], event["logger"], event["message"])
    assert told == (None, "nova-compute", "ERROR", False, "nova.compute.manager", "boom")


@pytest.mark.parametrize("line", ["WARNI [alembic.env] boom", "WARN[0012] boom", "04:00:00.123 [main] WARN  boom"])
def test_a_line_without_a_date_may_state_its_level(line: str) -> None:
    (event,) = rows(line + "\n", "saved.log")
    assert (event["time"], event["level"], event["level_guessed"], event["message"]) == (None, "WARNING", False, "boom")


def test_what_pacemaker_says_behind_a_space_is_an_event_of_its_own() -> None:
    lines = [
        f"Nov 23 04:00:0{second} ha1 pacemaker-controld[7]:  {said}"
        for second, said in enumerate(("notice: a", "error: b"))
    ]
    assert [event["level"] for event in rows("\n".join(lines), "ha-log.txt")] == ["INFO", "ERROR"]


def test_a_traceback_explains_the_error_of_its_moment_and_ends_before_the_next_line() -> None:
    stamp = "2026-11-23 04:00:01,000 7 {} [tempest.test] {}"
    said = [
        ("ERROR", "no start"),
        ("ERROR", "Traceback (most recent call last):"),
        ("ERROR", "  x"),
        ("ERROR", "ValueError: y"),
        ("DEBUG", "[z] on"),
    ]
    events = rows("\n".join(stamp.format(*one) for one in said), "tempest.log")
    assert [(event["message"], event["exception"]) for event in events] == [
        ("no start", "ValueError: y"),
        ("[z] on", None),
    ]
