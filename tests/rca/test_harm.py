"""A fault is told as sure only where the logs show harm beside it, or end too soon to show that none came of it."""

from pathlib import Path

import pytest
from planned_lines import Line, api, compute, every, logs, oslo, servers, syslog
from test_planned_work import judged

from openstack_rca.rca.vocabulary import Verdict

SURE = (Verdict.CONFIRMED, Verdict.LIKELY)
FAILED = (
    "neutronclient.common.exceptions.ConnectionFailed: Connection to neutron failed: Read timed out. (read timeout=60)"
)
SPACE = "OSError: [Errno 28] No space left on device: '/var/lib/nova/instances'"


def full(at: float) -> Line:
    return oslo(at, "ERROR", "nova.compute.manager", SPACE)


def cloud(*more: Line, until: float = 900) -> dict[str, str]:
    return logs(
        {
            "ctl1/nova/nova-api.log": api(until=until),
            "ctl1/neutron/neutron-server.log": servers(until=until),
            "cmp1/nova/nova-compute.log": [*compute(until=until), *more],
        }
    )


def test_a_fault_told_once_while_the_cloud_works_on_without_harm_is_not_sure(tmp_path: Path) -> None:
    verdict, named = judged(cloud(full(300)), tmp_path)
    assert verdict is Verdict.INCONCLUSIVE
    assert named[:1] == ["host"]


@pytest.mark.parametrize(
    ("told", "until"),
    [
        ([full(300 + 60 * number) for number in range(10)], 900),
        ([full(300), oslo(320, "ERROR", "nova.compute.manager", "Setting instance vm_state to ERROR")], 900),
        ([full(300), *(oslo(310 + 50 * n, "ERROR", "nova.compute.manager", "Oops") for n in range(6))], 900),
        ([full(300)], 340),
    ],
    ids=["it is told again and again", "an instance is lost", "others fail since", "the logs end with it"],
)
def test_the_same_fault_is_sure_where_harm_is_seen_or_may_follow(
    told: list[Line], until: float, tmp_path: Path
) -> None:
    verdict, _ = judged(cloud(*told, until=until), tmp_path)
    assert verdict in SURE


def test_a_complaint_as_old_as_the_logs_has_to_come_more_often(tmp_path: Path) -> None:
    """What goes on since before the logs began, now and then, shows no onset of a fault."""
    now_and_then = [full(at) for at in (150, 380, 520, 760)]
    verdict, _ = judged(cloud(*now_and_then), tmp_path)
    assert verdict is Verdict.INCONCLUSIVE
    verdict, _ = judged(cloud(*(full(at) for at in (600, 650, 700, 760))), tmp_path)
    assert verdict in SURE


def test_complaints_of_others_that_come_now_and_then_are_no_failure(tmp_path: Path) -> None:
    """They come more often than a remark does, and nothing fails beside them."""
    refused = [
        oslo(at, "WARNING", "nova.compute.manager", f"Error auto-healing info cache for instance.: {FAILED}")
        for at in (150, 390, 520, 760)
    ]
    verdict, _ = judged(cloud(*refused), tmp_path)
    assert verdict is Verdict.NO_FAILURE_FOUND


def kernel(at: float, text: str) -> Line:
    return syslog(at, "cmp1", "kernel", text)


@pytest.mark.parametrize(
    ("told", "until"),
    [
        ([kernel(300, "Out of memory: Killed process 4711 (nova-compute) total-vm:9000000kB")], 300),
        ([kernel(300, "EXT4-fs (dm-3): Remounting filesystem read-only")], 900),
    ],
    ids=["a killed process writes no more", "the line itself says that it stays"],
)
def test_a_cause_that_lasts_is_sure_though_nobody_complains_of_it(
    told: list[Line], until: float, tmp_path: Path
) -> None:
    files = cloud() | logs(
        {
            "cmp1/nova/nova-compute.log": compute(until=until),
            "cmp1/messages": [*every(60, lambda at: syslog(at, "cmp1", "systemd[1]", "Started Session 4.")), *told],
        }
    )
    verdict, _ = judged(files, tmp_path)
    assert verdict is Verdict.CONFIRMED


def test_a_service_that_was_stopped_and_never_comes_back_is_a_sure_cause(tmp_path: Path) -> None:
    stopped = oslo(302, "INFO", "oslo_service.service", "Caught SIGTERM, stopping children")
    files = cloud() | logs({"cmp1/nova/nova-compute.log": [*compute(until=300), stopped]})
    verdict, named = judged(files, tmp_path)
    assert (verdict, named[0]) == (Verdict.CONFIRMED, "nova-compute")


STOPPED = syslog(300, "ctl2", "Keepalived[7]", "Stopped Keepalived v2.2.7 (01/16,2022)")
STARTED = syslog(600, "ctl2", "Keepalived[9]", "Starting Keepalived v2.2.7 (01/16,2022)")
PEER = [
    syslog(10.0 * number, "ctl2", "CRON[1]", f"pam_unix(cron:session): session {number} opened") for number in range(90)
]


def test_a_stop_whose_end_is_told_long_after_is_no_failure_where_no_harm_is_seen(tmp_path: Path) -> None:
    """The start comes after the stretch of trouble; without it, nobody can say that who stopped is back."""

    def verdict_of(name: str, *told: Line) -> Verdict:
        files = {
            "ctl1/nova/nova-api.log": api(),
            "ctl1/neutron/neutron-server.log": servers(),
            "cmp1/nova/nova-compute.log": compute(),
            "ctl2/syslog": [*PEER, *told],
        }
        return judged(logs(files), tmp_path / name)[0]

    assert verdict_of("back", STOPPED, STARTED) is Verdict.NO_FAILURE_FOUND
    assert verdict_of("away", STOPPED) is not Verdict.NO_FAILURE_FOUND
