"""Work that was ordered and is over is no failure; the same work that went wrong is one."""

from __future__ import annotations

from pathlib import Path

import pytest
from planned_work import WORK, Logs

from openstack_rca.logs.events import read_logs
from openstack_rca.rca.engine import AnalysisRequest, investigate
from openstack_rca.rca.evidence import NormalRates
from openstack_rca.rca.knowledge import load_catalogue, load_topology
from openstack_rca.rca.vocabulary import Verdict

ISSUE = "Is the cloud healthy after tonight's work?"


def judged(logs: Logs, folder: Path) -> tuple[Verdict, list[str]]:
    """The verdict, and the components that are named."""
    for name, text in logs.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    events = read_logs([folder]).events
    request = AnalysisRequest(ISSUE, ["logs"])
    case = investigate(request, events, None, NormalRates.empty(), load_catalogue(), load_topology())
    return case.verdict, [candidate.component for candidate in case.candidates]


@pytest.mark.parametrize("work", WORK)
def test_work_that_was_ordered_and_is_over_is_no_failure(work: str, tmp_path: Path) -> None:
    """Whoever stopped was told to, is back, and what others complained of ended with it."""
    make, _ = WORK[work]
    verdict, _ = judged(make(True), tmp_path)
    assert verdict is (Verdict.INCONCLUSIVE if work == "an OSD out on purpose" else Verdict.NO_FAILURE_FOUND)


@pytest.mark.parametrize("work", WORK)
def test_work_that_went_wrong_is_a_failure(work: str, tmp_path: Path) -> None:
    """Whoever stopped does not come back, crashed instead of being told, or is complained of for good."""
    make, failed = WORK[work]
    verdict, named = judged(make(False), tmp_path)
    if work == "a container made anew":
        assert (verdict, failed in named[:2]) == (Verdict.INCONCLUSIVE, True)
    else:
        assert verdict in (Verdict.CONFIRMED, Verdict.LIKELY)
        assert named[0] == load_topology().canonical(failed)


def test_what_a_server_writes_on_its_way_down_does_not_show_it_at_work(tmp_path: Path) -> None:
    """A database that was told to stop, says a few things more and is not back is down, though nobody complains yet."""
    going = (
        "Event Scheduler: Purging the queue. 0 events",
        "InnoDB: FTS optimize thread exiting.",
        "InnoDB: Dumping buffer pool(s) to ib_buffer_pool",
        "InnoDB: Buffer pool(s) dump completed at 8:01:04",
    )
    stop = "2026-11-24  8:01:00 0 [Note] /usr/sbin/mariadbd (initiated by: root): Normal shutdown\n"
    tail = "".join(f"2026-11-24  8:01:0{second} 0 [Note] {words}\n" for second, words in enumerate(going, 1))
    verdict, named = judged({"db1/mariadb/error.log": stop + tail}, tmp_path)
    assert (verdict, named[:1]) == (Verdict.CONFIRMED, ["mariadb"])
