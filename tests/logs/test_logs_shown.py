"""Lines of a log that something else showed: a shell, a recorded terminal, a page of a wiki, an exported ticket, a run of tasks."""

import html
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from tests.logs.reading import STORY, STORY_COLUMNS, read_text, rows, story

from openstack_rca.logs.events import read_logs

TEXT = "\n".join(STORY) + "\n"
SHOWN = {
    "a page of Confluence as it is stored": (
        f'<p>See</p><ac:structured-macro ac:name="code"><ac:plain-text-body><![CDATA[{TEXT}]]></ac:plain-text-body>'
        "</ac:structured-macro><p>and tell.</p>\n"
    ),
    "a ticket of Jira as it is exported": (
        '<?xml version="1.0"?>\n<rss><channel><item><title>[X-1] No start</title><description>&lt;p&gt;It fails&lt;/p&gt;&lt;pre&gt;'
        f"{html.escape(TEXT)}&lt;/pre&gt;</description></item></channel></rss>\n"
    ),
    "a session that asciinema recorded": "\n".join(
        (
            json.dumps({"version": 2, "width": 80, "height": 24}),
            *(
                json.dumps([number, "o", part])
                for number, part in enumerate(
                    (TEXT[:50], "\x1b[1m" + TEXT[50:90] + "\x1b[0m", TEXT[90:].replace("\n", "\r\n"))
                )
            ),
        )
    )
    + "\n",
}


SHOWN["a chat that fences with no line of its own"] = f"ops: it fails\n```{TEXT.rstrip()}```\nany idea?\n"
SHOWN["an answer of a chat's interface"] = (
    json.dumps({"ts": "1795406500.1", "text": f"it fails: ```{TEXT}``` any idea?"}) + "\n"
)
SHOWN["a stamp that a viewer put before each line"] = "".join(f"2026-11-23 05:00:01.123 | {line}\n" for line in STORY)
SHOWN["a viewer that frames and numbers"] = "\n".join(
    (
        "\u2500" * 7 + "\u252c" + "\u2500" * 50,
        "       \u2502 File: nova-compute.log",
        "\u2500" * 7 + "\u253c" + "\u2500" * 50,
        *(f"{number:>4}   \u2502 {line}" for number, line in enumerate(STORY, 1)),
        "\u2500" * 7 + "\u2534" + "\u2500" * 50,
    )
)
SHOWN["numbers before a bar"] = "".join(f"{number:>4} \u2502 {line}\n" for number, line in enumerate(STORY, 1))
SHOWN["what was added to a file"] = f"--- a/x.log\n+++ b/x.log\n@@ -1,0 +1,{len(STORY)} @@\n" + "".join(
    f"+{line}\n" for line in STORY
)
SHOWN["marks of the direction of a text"] = "".join(f"\u200e{line}\u2060\n" for line in STORY)
SHOWN["files put behind each other, each with its mark"] = "".join(f"\ufeff\ufeff{line}\n" for line in STORY)
SHOWN["a file without a last line end before the next one"] = (
    STORY[0] + "\n" + STORY[1] + "\ufeff" + "\n".join(STORY[2:]) + "\n"
)
for fences in (
    ("----", "----"),
    ("#+BEGIN_EXAMPLE", "#+END_EXAMPLE"),
    ('<syntaxhighlight lang="text">', "</syntaxhighlight>"),
):
    SHOWN[f"a document that fences with {fences[0]}"] = f"Problem\n\n{fences[0]}\n{TEXT}{fences[1]}\n\nAny idea?\n"


@pytest.mark.parametrize("name", SHOWN)
def test_what_shows_a_log_is_taken_off(name: str) -> None:
    read = read_text(SHOWN[name], "x.txt").events
    assert_frame_equal(read.filter(pl.col("logger").is_not_null()).select(STORY_COLUMNS), story())


def test_the_last_line_of_a_recorded_terminal_is_read_where_its_record_ends_another_one() -> None:
    shown = [{"version": 2, "width": 80, "height": 24}, [0.1, "o", TEXT.rstrip("\n").replace("\n", "\r\n")]]
    found = rows("".join(json.dumps(record) + "\n" for record in shown), "x.cast")
    assert [event["message"] for event in found] == [event["message"] for event in rows(TEXT, "x.log")]


@pytest.mark.parametrize(
    ("typed", "host"),
    [
        ("[root@cmp1 ~]# tail -2 /var/log/nova/nova-compute.log", "cmp1"),
        ("root@cmp1:/var/log/nova# sudo grep nova nova-compute.log", "cmp1"),
        ("ops@cmp1.example.com:~$ journalctl -u nova-compute", "cmp1.example.com"),
        ("ops@jump:~$ cat collected/nova-compute.log", None),
        ("ops@jump:~$ cat /var/log/remote/cmp7/nova-compute.log", "cmp7"),
        ("ops@jump:~$ kubectl logs nova-compute-x7x2k", None),
        ("ops@jump:~$ ssh cmp1 tail /var/log/nova/nova-compute.log", None),
        ("ops@jump:~$ journalctl -D /srv/cmp1/journal", None),
    ],
)
def test_the_host_of_a_prompt_counts_where_its_own_logs_were_printed(typed: str, host: str | None) -> None:
    """Not where the command fetched them from elsewhere."""
    found = rows(f"{typed}\n{TEXT}", "x.txt")
    assert {event["host"] for event in found} == {host if host != "cmp7" else None}
    assert len(found) == 4


def test_the_names_of_files_that_tail_puts_above_their_lines_count_beside_the_host() -> None:
    text = (
        "root@c1:~# tail /var/log/nova/nova-conductor.log /var/log/octavia/worker.log\n"
        f"==> /var/log/nova/nova-conductor.log <==\n{STORY[0]}\n\n==> /var/log/octavia/worker.log <==\n{STORY[6]}\n"
    )
    told = [(event["host"], event["service"]) for event in rows(text, "x.txt")]
    assert told == [("c1", "nova-conductor"), ("c1", "octavia-worker")]


def test_a_prompt_counts_until_the_next_one() -> None:
    text = f"root@c1:/var/log/nova# cat nova-compute.log\n{STORY[0]}\nroot@c1:~# kubectl logs x\n{STORY[6]}\n"
    assert [event["host"] for event in rows(text, "x.txt")] == ["c1", None]


def test_a_traceback_behind_the_names_of_hosts_is_of_its_host() -> None:
    """`pdsh` puts the name before each line and mixes the hosts."""
    told = [
        *(
            f"c1: {STORY[2]}",
            f"c2: {STORY[6]}",
            "c1: Traceback (most recent call last):",
            'c1:   File "x.py", line 1, in y',
        ),
        "c1:     y()",
        "c1: KeyError: 1",
    ]
    found = rows("\n".join(told) + "\n", "all.txt")
    assert [(event["host"], event["level"], event["lines"]) for event in found] == [
        ("c1", "ERROR", 5),
        ("c2", "INFO", 1),
    ]


def test_a_node_of_rabbitmq_in_a_pod_is_no_host() -> None:
    line = "2026-11-23 04:00:01.123456+00:00 [error] <0.123.0> closing AMQP connection\n"
    (event,) = rows(line, "rabbit@rabbitmq-server-0.rabbitmq-nodes.openstack.log")
    assert (event["service"], event["host"]) == ("rabbitmq", None)


def test_a_run_of_tasks_tells_what_failed_on_which_host() -> None:
    """Ansible's JSON and Zuul's; where a host has a word for its output, that is no host."""
    hosts: dict[str, Any] = {
        "c1": {"failed": True, "msg": "no start", "stderr": "boom"},
        "c2": {"changed": False, "msg": "ok"},
    }
    task = {"task": {"name": "Start", "duration": {"start": "2026-11-23T04:00:00.1Z"}}, "hosts": hosts}
    found = rows(
        json.dumps([{"phase": "run", "plays": [{"play": {"name": "all"}, "tasks": [task]}]}], indent=1), "x.json"
    )
    told = [(event["host"], event["service"], event["level"], event["message"]) for event in found]
    assert told == [("c1", "ansible", "ERROR", "Start: no start"), ("c2", "ansible", "INFO", "Start: ok")]
    assert found[0]["time"].isoformat() == "2026-11-23T04:00:00.100000+00:00"


def test_a_loop_of_a_task_tells_what_failed_in_it() -> None:
    """Its own words are only that all items are done."""
    items = [{"failed": True, "msg": "no start"}, {"msg": "ok"}, {"failed": True, "stderr": "no disk"}, "odd"]
    task = {"task": {"name": "Start", "duration": {"start": "2026-11-23T04:00:00.1Z"}}}
    task["hosts"] = {"c1": {"failed": True, "msg": "All items completed", "results": items}}
    (event,) = rows(json.dumps([{"phase": "run", "plays": [{"tasks": [task]}]}], indent=1), "x.json")
    assert (event["level"], event["message"]) == ("ERROR", "Start: no start; no disk")


def test_the_last_lines_of_cephs_cluster_log_in_a_sosreport_are_read(tmp_path: Path) -> None:
    path = tmp_path / "sosreport-c1-2026-11-23-abcdefg" / "sos_commands" / "ceph_mon" / "ceph_log_last_10000_cluster"
    path.parent.mkdir(parents=True)
    path.write_text(
        "2026-11-23T04:00:02.123456+0000 mon.c1 (mon.0) 12 : cluster [WRN] Health check failed: 1 osds down\n"
    )
    (event,) = read_logs([tmp_path]).events.to_dicts()
    assert (event["host"], event["service"], event["level"]) == ("c1", "ceph", "WARNING")
