"""A complaint of which nothing follows, while the cloud works on, is a remark; with a consequence it is none."""

from pathlib import Path

import pytest
from planned_lines import Line, api, compute, logs, oslo, servers
from test_planned_work import judged

from openstack_rca.rca.vocabulary import Verdict

NEUTRON = (
    "neutronclient.common.exceptions.ConnectionFailed: Connection to neutron failed: Read timed out. (read timeout=60)"
)
COMPUTE, API = "cmp1/nova/nova-compute.log", "ctl1/nova/nova-api.log"


def complains(at: float, level: str = "WARNING") -> Line:
    return oslo(at, level, "nova.compute.manager", f"Error auto-healing info cache for instance.: {NEUTRON}")


def cloud(*more: Line, until: float = 900, asks: list[Line] | None = None) -> dict[str, str]:
    return logs(
        {
            API: [*api(until=until), *(asks or [])],
            "ctl1/neutron/neutron-server.log": servers(until=until),
            COMPUTE: [*compute(until=until), *more],
        }
    )


def test_one_complaint_while_the_cloud_works_on_is_no_failure(tmp_path: Path) -> None:
    verdict, _ = judged(cloud(complains(300)), tmp_path)
    assert verdict is Verdict.NO_FAILURE_FOUND


FAILED = '10.0.0.9 "POST /v2.1/servers HTTP/1.1" status: 500 len: 211 microversion: 2.1 time: 9.12'
LOST = oslo(330, "ERROR", "nova.compute.manager", "Setting instance vm_state to ERROR")


@pytest.mark.parametrize(
    ("told", "until", "asks"),
    [
        ([complains(300 + 90 * number) for number in range(6)], 900, []),
        ([complains(300)], 340, []),
        ([complains(300), LOST], 900, []),
        ([complains(300)], 900, [oslo(310, "INFO", "nova.api.openstack.requestlog", FAILED)]),
    ],
    ids=["it is told again and again", "the logs end with it", "an instance is lost", "a request fails"],
)
def test_the_same_complaint_counts_where_something_follows_of_it(
    told: list[Line], until: float, asks: list[Line], tmp_path: Path
) -> None:
    verdict, _ = judged(cloud(*told, until=until, asks=asks), tmp_path)
    assert verdict is not Verdict.NO_FAILURE_FOUND


def test_a_speaker_that_falls_silent_after_its_complaint_has_not_gone_on(tmp_path: Path) -> None:
    files = cloud()
    files[COMPUTE] = logs({COMPUTE: [*compute(until=300), complains(301)]})[COMPUTE]
    verdict, _ = judged(files, tmp_path)
    assert verdict is not Verdict.NO_FAILURE_FOUND


def test_what_a_component_says_is_wrong_with_itself_is_no_remark(tmp_path: Path) -> None:
    full = oslo(
        300, "ERROR", "nova.compute.manager", "OSError: [Errno 28] No space left on device: '/var/lib/nova/instances'"
    )
    verdict, _ = judged(cloud(full), tmp_path)
    assert verdict is not Verdict.NO_FAILURE_FOUND
