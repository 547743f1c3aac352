"""What a node's own log and its runtime of containers put around the lines of services."""

import json

import pytest
from tests.logs.reading import rows

MESSAGES = "c0/var/log/messages"


def test_what_podman_tells_of_a_container_in_syslog_is_that_containers_event() -> None:
    told = "container died 4c8e01c0f4f2 (image=quay.io/x, name=nova_compute)"
    head = "Nov 23 04:00:00 c0 podman[7]: 2026-11-23 04:00:00.123456789 +0000 UTC m=+0.051234567 "
    (event,) = rows(f"{head}{told}\n", MESSAGES)
    assert (event["service"], event["level"], event["message"]) == ("nova_compute", "INFO", told)


def test_what_conmon_says_is_an_event_with_its_level_and_what_it_passes_on_is_the_services() -> None:
    head = "Nov 23 04:00:0{} c0 conmon[7]: conmon 4c8e01c0f4f2a13f "
    lines = (
        head.format(0) + "<ninfo>: container 9 exited with status 1",
        head.format(1) + "<error>: 2026-11-23 04:00:00.900 2 WARNING nova.compute.manager [-] Slow",
        head.format(2) + "<nwarn>: stdio_input read failed",
    )
    told = [(event["level"], event["message"], event["service"]) for event in rows("\n".join(lines) + "\n", MESSAGES)]
    assert told[1] == ("WARNING", "Slow", "nova-compute")
    assert [told[0][:2], told[2][:2]] == [
        ("INFO", "container 9 exited with status 1"),
        ("WARNING", "stdio_input read failed"),
    ]


@pytest.mark.parametrize("stamp", ["Nov 22 23:00:0{0}", "2026-11-22T23:00:0{0}"])
def test_syslog_in_a_host_s_own_zone_agrees_with_its_containers_which_keep_utc(stamp: str) -> None:
    oslo = " c0 nova_compute[7]: 2026-11-23 04:00:0{0}.100 2 INFO nova.compute.manager [-] No {0}\n"
    lines = "".join((stamp + oslo).format(second) for second in range(3))
    text = lines + stamp.format(5) + " c0 systemd[1]: Stopped nova_compute container.\n"
    assert [f"{event['time']:%d %H:%M:%S}" for event in rows(text, MESSAGES)][-1] == "23 04:00:05"


def test_two_lines_that_were_passed_on_hours_later_move_no_clock() -> None:
    late = "Nov 23 07:00:00 c0 nova_compute[7]: 2026-11-23 04:00:00.100 2 INFO nova.compute.manager [-] No\n"
    text = late + "Nov 23 07:00:05 c0 systemd[1]: Stopped nova_compute container.\n"
    assert [f"{event['time']:%H:%M:%S}" for event in rows(text, MESSAGES)] == ["04:00:00", "07:00:05"]


@pytest.mark.parametrize(
    ("said", "host"),
    [
        ("fatal: [cmp-a]: FAILED! => {}", "cmp-a"),
        ("changed: [cmp-a -> ctl1] => (item=x)", "cmp-a"),
        ("failed: [cmp-a] (item=x) => {}", "cmp-a"),
        ("FAILED - RETRYING: [cmp-a]: Wait for it (3 retries left).", "cmp-a"),
        ("cmp-a | UNREACHABLE! => {}", "cmp-a"),
        ("cmp-a                      : ok=5    changed=1    unreachable=0    failed=1", "cmp-a"),
        ("fatal: [ctl1_nova_api_container-1a2b3c4d]: FAILED! => {}", "ctl1"),
        ("ok: [localhost]", None),
        ("[WARNING]: No host", None),
        ("[ERROR]: Task failed: Module failed", None),
        ("TASK [nova : Start it] ****", None),
    ],
)
@pytest.mark.parametrize(
    "before", ["2026-11-23 04:00:00,123 p=7 u=root n=ansible | ", "2026-11-23 04:00:00,123 p=7 u=root |  ", ""]
)
def test_what_a_task_came_to_is_of_the_host_that_ansible_names(before: str, said: str, host: str | None) -> None:
    """In its own log and on a terminal."""
    (event,) = rows(f"{before}{said}\n", "ansible.log")
    assert (event["host"], event["service"], event["message"]) == (host, "ansible", said)


@pytest.mark.parametrize("before", ["2026-11-23 04:00:00,123 p=7 u=root n=ansible | ", ""])
def test_a_task_that_is_tried_again_warns_and_one_that_gave_up_failed(before: str) -> None:
    text = (
        "FAILED - RETRYING: [cmp-a]: Wait for it (1 retries left).",
        "FAILED - RETRYING: Wait for it (1 retries left).",
        'fatal: [cmp-a]: FAILED! => {"attempts": 3, "msg": "Timeout"}',
    )
    found = rows("".join(f"{before}{line}\n" for line in text), "ansible.log")
    assert [event["level"] for event in found] == ["WARNING", "WARNING", "ERROR"]


@pytest.mark.parametrize(
    ("result", "host"), [("FATAL | Wait | cmp-a | error={}", "cmp-a"), ("TASK | Wait for a | b", None)]
)
def test_tripleo_names_the_host_behind_the_task(result: str, host: str | None) -> None:
    (event,) = rows(f"2026-11-23 04:00:00.123456 | 52540000-1111-2222-3333-000000000001 |  {result}\n", "ansible.log")
    assert event["host"] == host


@pytest.mark.parametrize(
    ("head", "service"),
    [
        ("2026-11-23T04:00:00.000000+00:00 c-1 nova-compute[7]", "nova-compute"),
        ("2026-11-23T04:00:00Z c-1 kernel", "kernel"),
        ("2026-11-23T04:00:00Z c-1 neutron-server", "neutron-server"),
        ("Nov 23 04:00:00 c-1 nova-compute[7]", "nova-compute"),
        ("2026-11-23 04:00:00 c-1 nova-compute[7]:", "nova-compute"),
        ("2026-11-23 04:00:00 c-1 kernel:", "kernel"),
    ],
)
def test_syslog_may_lack_the_colon_behind_the_program_or_the_t_in_the_stamp(head: str, service: str) -> None:
    (event,) = rows(f"{head} No room left\n", "all.log")
    assert (event["host"], event["service"], event["message"]) == ("c-1", service, "No room left")


@pytest.mark.parametrize("text", ["Starting systemd units", "Worker nova-compute is up", "Stopping sshd now"])
def test_words_behind_a_stamp_are_no_host_and_program(text: str) -> None:
    (event,) = rows(f"2026-11-23T04:00:00Z {text}\n", "x.log")
    assert (event["host"], event["message"]) == (None, text)


def test_a_request_of_haproxy_in_a_record_without_a_time_has_the_time_at_which_it_began() -> None:
    request = "192.0.2.9:47 [23/Nov/2026:04:00:01.004] front back/c1 0/0/1/38/39 200 1102 - - ---- 2/4/0/0/0 0/0"
    texts = (request, "Server back/c2 is DOWN, reason: Layer4 timeout")
    lines = [json.dumps({"host": "c1", "ident": "haproxy", "pid": "14", "message": text}) for text in texts]
    found = rows("\n".join(lines), "haproxy/haproxy_latest.log")
    assert [f"{event['time']:%Y-%m-%d %H:%M:%S}" for event in found] == ["2026-11-23 04:00:01"] * 2


EVENT = """apiVersion: v1
items:
- apiVersion: events.k8s.io/v1
  deprecatedFirstTimestamp: "2026-11-23T03:00:00Z"
  deprecatedLastTimestamp: "2026-11-23T04:00:00Z"
  deprecatedSource:
    component: kubelet
    host: c1
  eventTime: null
  kind: Event
  metadata:
    creationTimestamp: "2026-11-23T03:00:00Z"
    name: nova-api-0.17f
  note: Back-off restarting failed container
  reason: BackOff
  regarding:
    kind: Pod
    name: nova-api-0
  type: Warning
kind: List
"""


def test_an_event_of_the_later_interface_of_kubernetes_says_what_an_earlier_one_does() -> None:
    (event,) = rows(EVENT, "events.yaml")
    assert (f"{event['time']:%H}", event["host"], event["service"], event["level"], event["message"]) == (
        "04",
        "c1",
        "nova-api",
        "WARNING",
        "Back-off restarting failed container: BackOff",
    )
