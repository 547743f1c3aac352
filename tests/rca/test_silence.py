"""Silence: when a stream that stopped is evidence, and when it is not."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from openstack_rca.rca.evidence import silence, silent_workers
from openstack_rca.rca.evidence.silence import find_gaps
from openstack_rca.rca.vocabulary import Category

START = datetime(2026, 1, 1, tzinfo=UTC)


def stream(component: str, seconds: list[float], host: str = "node1", process: int = 100) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "time": [START + timedelta(seconds=second) for second in seconds],
            "component": [component] * len(seconds),
            "host": [host] * len(seconds),
            "process": [process] * len(seconds),
        },
        schema_overrides={"time": pl.Datetime("us", "UTC"), "process": pl.Int32},
    )


def observed(*streams: pl.DataFrame) -> pl.DataFrame:
    return pl.concat(streams).sort("time").with_row_index("row")


STEADY = [float(second) for second in range(0, 180, 2)]


def test_a_steady_stream_that_stops_while_others_go_on_is_a_gap() -> None:
    stopped = [second for second in STEADY if not 60 < second < 130]
    gaps = find_gaps(observed(stream("cinder-volume", stopped), stream("nova-api", STEADY)))
    assert [gap.component for gap in gaps] == ["cinder-volume"]
    assert (gaps[0].start - START).total_seconds() == 60
    assert (gaps[0].end - START).total_seconds() == 130
    assert gaps[0].others_active == 1.0
    assert gaps[0].resumed


def test_who_wrote_whenever_its_twins_did_is_missed_by_them() -> None:
    """Agents that hear the same notifications are in step; one that has work of its own is not."""
    rarely = [float(second) for second in range(0, 300, 11)]
    now_and_then = [second for number, second in enumerate(rarely) if number % 3]
    told = []
    for before in (rarely, now_and_then):
        stopped = [second for second in before if second < 170]
        streams = [stream("neutron-macvtap-agent", times, host) for times, host in ((stopped, "a"), (rarely, "b"))]
        streams.append(stream("nova-compute", rarely, "a"))
        told.append([(gap.host, gap.alike) for gap in find_gaps(observed(*streams))])
    assert told[0] == [("a", True)]
    assert ("a", True) not in told[1]


def test_a_host_whose_logs_all_end_sooner_is_not_shown_away_by_its_twins() -> None:
    """They may have been collected sooner."""
    rarely = [float(second) for second in range(0, 300, 11)]
    sooner = [second for second in rarely if second < 170]
    agents = [
        stream(agent, times, host)
        for agent in ("neutron-macvtap-agent", "nova-compute")
        for times, host in ((sooner, "a"), (rarely, "b"))
    ]
    assert not [gap for gap in find_gaps(observed(*agents)) if gap.alike]


def test_of_many_twins_each_is_looked_at_a_few_times(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many hosts run the same agent."""
    looked = []
    real = silence._active
    monkeypatch.setattr(silence, "_active", lambda times: looked.append(1) or real(times))
    hosts = 30
    find_gaps(observed(*[stream("nova-compute", [*STEADY[:30], *STEADY[60:]], f"c{host}") for host in range(hosts)]))
    assert len(looked) < 10 * hosts


def test_a_stream_that_never_comes_back_is_a_gap_until_the_logs_end() -> None:
    gaps = find_gaps(observed(stream("cinder-volume", [s for s in STEADY if s <= 60]), stream("nova-api", STEADY)))
    assert len(gaps) == 1
    assert not gaps[0].resumed
    assert (gaps[0].end - START).total_seconds() == STEADY[-1]


def test_steady_streams_have_no_gap() -> None:
    assert find_gaps(observed(stream("nova-api", STEADY), stream("keystone", STEADY))) == []


def test_a_pause_that_training_has_seen_as_long_is_normal() -> None:
    stopped = [second for second in STEADY if not 60 < second < 100]
    frame = observed(stream("cinder-volume", stopped), stream("nova-api", STEADY))
    assert find_gaps(frame)
    assert find_gaps(frame, {"cinder-volume": 40.0}) == []


def test_a_stream_that_always_logs_rarely_says_nothing_by_its_pauses() -> None:
    assert find_gaps(observed(stream("nova-scheduler", [5.0, 70.0, 90.0, 170.0]), stream("nova-api", STEADY))) == []


def test_the_same_process_after_the_gap_tells_a_freeze_from_a_restart() -> None:
    before = stream("nova-conductor", [s for s in STEADY if s <= 60], process=7)
    frozen = stream("nova-conductor", [s for s in STEADY if s >= 130], process=7)
    restarted = stream("nova-conductor", [s for s in STEADY if s >= 130], process=8)
    others = stream("nova-api", STEADY)
    assert find_gaps(observed(before, frozen, others))[0].same_process is True
    assert find_gaps(observed(before, restarted, others))[0].same_process is False


def test_when_every_stream_stops_at_once_no_other_is_active() -> None:
    stopped = [second for second in STEADY if not 60 < second < 130]
    gaps = find_gaps(observed(stream("nova-api", stopped), stream("keystone", stopped)))
    assert {gap.others_active for gap in gaps} == {0.0}


def test_no_events_give_no_gaps() -> None:
    assert find_gaps(observed(stream("nova-api", []))) == []


def test_a_short_lively_spell_of_a_usually_quiet_stream_is_no_rhythm_to_lose() -> None:
    lively = [float(second) for second in range(0, 40, 2)]
    frame = observed(stream("nova-scheduler", lively), stream("nova-api", STEADY))
    assert find_gaps(frame)
    assert find_gaps(frame, {}, {"nova-scheduler": 2.0}) == []


def worker(process: int, seconds: list[float]) -> pl.DataFrame:
    return stream("neutron-server", seconds, process=process).with_columns(level=pl.lit("INFO"))


@pytest.mark.parametrize(
    ("processes", "silent"),
    [
        ([worker(100, STEADY[:40]), worker(101, STEADY)], True),
        ([worker(100, STEADY), worker(101, STEADY)], False),
        ([worker(100, STEADY[:40]), worker(101, STEADY), worker(102, STEADY[45:])], False),
        ([worker(100, STEADY[:40] + STEADY[70:]), worker(101, STEADY)], False),
        ([worker(100, STEADY[:40]), worker(101, STEADY[:42])], False),
        ([worker(100, STEADY[:40:4]), worker(101, [second / 8 for second in range(1440)])], False),
    ],
    ids=["it is frozen", "both work", "it was replaced", "it works again", "both are silent", "it does other work"],
)
def test_a_worker_that_is_silent_for_good_while_its_peers_work_hangs(
    processes: list[pl.DataFrame], silent: bool
) -> None:
    found = silent_workers(observed(*processes))
    assert [(one.accused, one.accused_host, one.category) for one in found] == [
        ("neutron-server", "node1", Category.HANG)
    ] * silent
