"""What a node's own log and its runtime of containers put around the lines of services."""

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
        ("TASK [nova : Start it] ****", None),
    ],
)
@pytest.mark.parametrize("before", ["2026-11-23 04:00:00,123 p=7 u=root n=ansible | ", ""])
def test_what_a_task_came_to_is_of_the_host_that_ansible_names(before: str, said: str, host: str | None) -> None:
    """In its own log and on a terminal."""
    (event,) = rows(f"{before}{said}\n", "ansible.log")
    assert (event["host"], event["service"], event["message"]) == (host, "ansible", said)


@pytest.mark.parametrize(
    ("result", "host"), [("FATAL | Wait | cmp-a | error={}", "cmp-a"), ("TASK | Wait for a | b", None)]
)
def test_tripleo_names_the_host_behind_the_task(result: str, host: str | None) -> None:
    (event,) = rows(f"2026-11-23 04:00:00.123456 | 52540000-1111-2222-3333-000000000001 |  {result}\n", "ansible.log")
    assert event["host"] == host
