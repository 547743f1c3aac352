"""Lines whose stamp, level, program and text stand in another order or language than usual, and what is put around lines."""

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
    "kolla's start in a container": ("2026-11-20T02:11:09.004123Z ERROR:__main__:boom", "ERROR", "boom"),
    "a class of Python's errors behind the level": ("2026-11-20 02:11:09 ERROR:OSError: boom", "ERROR", "OSError: boom"),
    "a cloud's collector (LogScale)": ('{"@timestamp":1795140669004,"@rawstring":"ERROR boom","#repo":"x"}', "ERROR", "ERROR boom"),
    "a Kubernetes entrypoint": ("Entrypoint ERROR: 2026/11/20 02:11:09 entrypoint.go:74: boom", "ERROR", "entrypoint.go:74: boom"),
    "Telegraf": ("2026-11-20T02:11:09Z E! [inputs.x] boom", "ERROR", "[inputs.x] boom"),
    "GlusterFS": ("[2026-11-20 02:11:09.004123] E [MSGID: 1] boom", "ERROR", "E [MSGID: 1] boom"),
    "Nagios": ("[1795140669] SERVICE ALERT: c1;nova;CRITICAL;boom", "CRITICAL", "SERVICE ALERT: c1;nova;CRITICAL;boom"),
    "Zabbix": ("  12:20261120:021109.004 error: boom", "ERROR", "error: boom"),
    "monit": ("[UTC Nov 20 02:11:09] error    : boom", "ERROR", "error    : boom"),
    "Icinga": ("[2026-11-20 02:11:09 +0000] critical/Listener: boom", "CRITICAL", "boom"),
    "Ruby": ("E, [2026-11-20T02:11:09.004000 #18] ERROR -- : boom", "ERROR", "boom"),
    "a server's event log": ("   1 | 11/20/2026 | 02:11:09 | Fan | boom", "INFO", "Fan | boom"),
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
    "clush": "np1: {}",
    "Windows": "C:\\logs\\np1\\nova-compute.log:12:{}",
    "columns of a find": "np1/nova-compute.log:12:5:{}",
    "CloudWatch": "2026-11-23T04:00:01.000000+00:00 np1/nova-compute {}",
}


@pytest.mark.parametrize("name", AROUND)
def test_what_stands_before_every_line_is_taken_off(name: str) -> None:
    """A host that it names is that of every line."""
    read = read_text("\n".join(AROUND[name].format(line) for line in STORY), "saved.log")
    assert read.events.select(STORY_COLUMNS).equals(story())
    assert set(read.events["service"]) == {"nova-compute"}
    if "np1" in AROUND[name]:
        assert set(read.events["host"]) == {"np1"}


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
    "more": "::::::::::::::\n{0}/nova-compute.log\n::::::::::::::",
}


@pytest.mark.parametrize("name", HEADERS)
def test_names_above_lines_are_their_hosts(name: str) -> None:
    text = "\n".join([HEADERS[name].format("np1"), *STORY[:2], HEADERS[name].format("np2"), *STORY[2:]])
    read = read_text(text, "saved.txt")
    assert read.events.select(STORY_COLUMNS).equals(story())
    assert read.events["host"].to_list() == ["np1", "np1", "np2", "np2"]


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


def test_what_stands_around_the_log_in_a_long_page_is_no_event() -> None:
    """The first lines of a file are looked at before all of it is read; where they end says nothing of where it begins."""
    head = f"<html><head><title>{STORY[0]}</title></head><body>\n<pre>\n"
    page = head + "\n".join([STORY[0]] * 500) + "\n</pre></body></html>"
    assert read_text(page, "paste.html").events.height == 500


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


STAMP = "2026-11-23 04:00:00.100"
ORDERS = {
    "level first": f"ERROR    {STAMP} 77 nova.compute.manager",
    "level and stamp in brackets": f"[ERROR] [{STAMP}] 77 nova.compute.manager",
    "logger first": f"nova.compute.manager: {STAMP} 77 ERROR",
    "logger before level": f"{STAMP} 77 nova.compute.manager ERROR",
}


@pytest.mark.parametrize("order", ORDERS)
def test_fields_of_oslo_log_stand_in_the_order_of_the_clouds_own_format_string(order: str) -> None:
    """With the context taken apart and the traceback joined, as in the usual order."""
    prefix = ORDERS[order]
    lines = [
        f"[{REQUEST} u p - - -] boom",
        "Traceback (most recent call last):",
        '  File "x", line 1',
        "nova.exception.Bad: boom",
    ]
    (event,) = rows("\n".join(f"{prefix} {line}" for line in lines), "saved.log")
    told = [event[name] for name in ("process", "level", "logger", "message", "request_id", "exception", "lines")]
    assert told == [77, "ERROR", "nova.compute.manager", "boom", REQUEST, "nova.exception.Bad: boom", 4]
    assert event["time"].isoformat() == "2026-11-23T04:00:00.100000+00:00"


SWITCHES = {
    "IOS": "Nov 23 04:00:00 sw1 4711: *Mar  1 00:00:05.123: %LINK-3-UPDOWN: down",
    "IOS without a number": "<187>Nov 23 04:00:00 sw1 : Nov 23 04:00:00.000 UTC: %LINK-3-UPDOWN: down",
    "NX-OS at a relay": "2026-11-23T04:00:00+00:00 sw1 : 2026 Nov 23 04:00:00 UTC: %LINK-3-UPDOWN: down",
    "NX-OS": "2026 Nov 23 04:00:00 sw1 %LINK-3-UPDOWN: down",
    "EOS": "Nov 23 04:00:00 sw1 Ebra: %LINK-3-UPDOWN: down",
}


@pytest.mark.parametrize("system", SWITCHES)
def test_the_number_in_the_mnemonic_of_a_switch_is_its_severity(system: str) -> None:
    (event,) = rows(SWITCHES[system] + "\n", "relay.log", year=2026)
    told = (event["time"].isoformat(), event["host"], event["service"], event["level"], event["message"])
    assert told == ("2026-11-23T04:00:00+00:00", "sw1", "switch", "ERROR", "UPDOWN: down")


@pytest.mark.parametrize("month", ["окт", "paź", "říj", "жов", "Eki", "10月", "10월", "lokakuu"[:4]])
def test_months_have_their_names_in_the_language_of_the_machine(month: str) -> None:
    (event,) = rows(f"{month} 23 04:00:00 ctl1 haproxy[1]: x\n", "saved.txt", year=2026)
    assert (event["host"], event["time"].isoformat()) == ("ctl1", "2026-10-23T04:00:00+00:00")


def test_a_single_figure_of_a_month_stands_behind_a_space() -> None:
    (event,) = rows(" 1月  2 04:00:00 ctl1 haproxy[1]: x\n", "syslog", year=2026)
    assert event["time"].isoformat() == "2026-01-02T04:00:00+00:00"


@pytest.mark.parametrize(
    ("days", "years"),
    [(["Feb 29", "Mar  1"], [2024, 2024]), (["Feb 28", "Mar  1"], [2026, 2026]), (["Dec 31", "Feb 29"], [2023, 2024])],
)
def test_a_leap_day_without_a_year_is_of_the_last_leap_year(days: list[str], years: list[int]) -> None:
    text = "".join(f"{day} 23:59:58 gw1 haproxy[1]: x\n" for day in days)
    assert [event["time"].year for event in rows(text, "syslog", year=2026)] == years


DESCRIBED = """Name:             nova-api-0
Node:             ctl1/10.0.0.1
Events:
  Type     Reason     Age                From     Message
  ----     ------     ----               ----     -------
  Warning  BackOff    10s (x3 over 2m)   kubelet  Back-off restarting

Name:             glance-api-0
Events:
  Type    Reason  Age  From     Message
  ----    ------  ---- ----     -------
  Normal  Pulled  10s  kubelet  ok
"""


def test_the_events_that_kubectl_describes_are_those_of_the_object_above_them() -> None:
    found = [(row["host"], row["service"], row["level"], row["message"]) for row in rows(DESCRIBED, "describe.txt")]
    assert found == [
        ("ctl1", "nova-api", "WARNING", "Back-off restarting: BackOff"),
        (None, "glance-api", "INFO", "ok: Pulled"),
    ]


def test_a_line_of_zuul_is_of_the_node_that_is_named_before_it() -> None:
    """Whatever level follows the node; who did it for another one is named first."""
    lines = ["controller | [ERROR] boom", "controller | ERROR: boom", "compute1 -> localhost | ok"]
    found = rows("".join(f"2026-11-23 04:00:00.100000 | {line}\n" for line in lines), "job-output.txt")
    assert [(row["host"], row["level"]) for row in found] == [
        ("controller", "ERROR"),
        ("controller", "ERROR"),
        ("compute1", "UNKNOWN"),
    ]


@pytest.mark.parametrize("first", ["\x00\ra, b, c", "a," + "b" * 200_000 + ",c"], ids=["a return within", "endless"])
def test_a_first_line_that_no_table_can_have_is_read_as_text(first: str) -> None:
    """What looks for columns must not stop at what cannot be cut into cells."""
    lines = "2026-03-09 04:17:05.250 7 ERROR nova.compute.manager [-] Instance failed to spawn\n"
    assert "ERROR" in [row["level"] for row in rows(f"{first}\n{lines}")]
