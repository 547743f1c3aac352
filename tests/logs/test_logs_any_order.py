"""Lines of programs that no format of ours names: stamp, level, program and text in whatever order they stand."""

from __future__ import annotations

import pytest
from tests.logs.reading import STORY, STORY_COLUMNS, read_text, rows, story

TIME = "2026-11-20T02:11:09"
LINES = {
    "Cassandra": ("ERROR [main] 2026-11-20 02:11:09,004 Daemon.java:803 - boom", "ERROR", "Daemon.java:803 - boom"),
    "InfluxDB 1": ("[E] 2026-11-20T02:11:09Z boom", "ERROR", "boom"),
    "Fluent Bit": ("[2026/11/20 02:11:09] [ warn] [output:es] boom", "WARNING", "[output:es] boom"),
    "fluentd": ("2026-11-20 02:11:09 +0000 [warn]: #0 boom", "WARNING", "#0 boom"),
    "BIND": ("20-Nov-2026 02:11:09.004 client: error: boom", "ERROR", "boom"),
    "Tomcat": ("20-Nov-2026 02:11:09.004 SEVERE [main] boom", "ERROR", "[main] boom"),
    "Puppet": ("2026-11-20 02:11:09 +0000 Puppet (err): boom", "ERROR", "boom"),
    "Ansible": ("2026-11-20 02:11:09,004 p=7 u=root n=ansible | fatal: [c1]: FAILED!", "ERROR", "p=7 u=root n=ansible | fatal: [c1]: FAILED!"),
    "Consul": ("2026/11/20 02:11:09 [ERR] boom", "ERROR", "boom"),
    "MidoNet": ("2026.11.20 02:11:09.004 ERROR [main] boom", "ERROR", "[main] boom"),
    "ProxySQL": ("2026-11-20 02:11:09 X.cpp:1:monitor(): [ERROR] boom", "ERROR", "boom"),
    "a clock of 12 hours": ("11/20/2026 02:11:09 AM nova.manager ERROR boom", "ERROR", "boom"),
    "only a time": ("20-Nov-2026 02:11:09.004 zone example.org/IN: loaded", "UNKNOWN", "zone example.org/IN: loaded"),
}  # fmt: skip


@pytest.mark.parametrize("name", LINES)
def test_time_level_and_text_are_found_in_whatever_order_they_stand(name: str) -> None:
    line, level, message = LINES[name]
    (event,) = rows(f"{line}\n", "program.log")
    assert (event["time"].isoformat()[:19], event["level"], event["message"]) == (TIME, level, message)


def test_the_words_of_a_sentence_are_no_level() -> None:
    (event,) = rows("2026-11-20 02:11:09 the error handler of x was registered\n", "program.log")
    assert event["level"] == "UNKNOWN"


AROUND = {
    "kubetail": "[nova-compute-default-x7x2k] {}",
    "kubectl logs of all": "pod/nova-compute-default-x7x2k nova-compute {}",
    "Discord": "[02:12]Jane: {}",
    "WhatsApp": "20/11/2026, 02:12 - Jane Doe: {}",
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
