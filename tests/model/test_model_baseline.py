"""What is normal, counted."""

from datetime import timedelta

import polars as pl
import pytest
from model_events import BEGIN, make_events, normal_events

from openstack_rca.model.baseline import Baseline


def steady(every_seconds: float, minutes: float, host: str = "a", offset_minutes: float = 0.0) -> pl.DataFrame:
    count = int(minutes * 60 / every_seconds) + 1
    begin = BEGIN + timedelta(minutes=offset_minutes)
    return make_events(
        [(begin + timedelta(seconds=i * every_seconds), host, "nova-api", "INFO", "tick") for i in range(count)]
    )


def test_rates_are_counts_over_the_length_of_the_recording() -> None:
    """A tick every two seconds for ten minutes: 301 ticks, 30 in the busiest clock minute, no gap above 2 s."""
    baseline = Baseline.learn(steady(2.0, 10.0))
    template, service = baseline.templates.row(0, named=True), baseline.services.row(0, named=True)
    assert baseline.minutes == pytest.approx(10.0)
    assert template["count"] == service["events"] == 301
    assert template["per_minute"] == pytest.approx(30.1)
    assert template["busiest_minute"] == 30
    assert service["longest_gap_seconds"] == pytest.approx(2.0)


def test_hosts_are_counted_and_their_ticks_added_up() -> None:
    frame = pl.concat([steady(2.0, 10.0, "a"), steady(2.0, 10.0, "b")]).sort("time")
    baseline = Baseline.learn(frame)
    assert baseline.templates["hosts"].to_list() == [2]
    assert baseline.templates["count"].to_list() == [602]
    assert baseline.services["host"].to_list() == ["a", "b"]


def test_the_pause_between_two_recordings_counts_for_nothing() -> None:
    """Two recordings of ten minutes, a day apart, are twenty minutes without a silence."""
    frame = pl.concat([steady(2.0, 10.0), steady(2.0, 10.0, offset_minutes=1440)])
    baseline = Baseline.learn(frame)
    assert baseline.minutes == pytest.approx(20.0)
    assert baseline.services["minutes"].to_list() == [pytest.approx(20.0)]
    assert baseline.services["longest_gap_seconds"].to_list() == [pytest.approx(2.0)]


def test_a_silence_while_others_log_is_a_gap() -> None:
    """A host that is quiet for 20 minutes while another one logs was silent, not paused."""
    quiet = pl.concat([steady(2.0, 5.0, "quiet"), steady(2.0, 5.0, "quiet", offset_minutes=25)])
    baseline = Baseline.learn(pl.concat([quiet, steady(2.0, 30.0, "busy")]).sort("time"))
    gaps = dict(baseline.services.select("host", "longest_gap_seconds").iter_rows())
    assert gaps == {"busy": pytest.approx(2.0), "quiet": pytest.approx(1200.0)}


def test_the_level_kept_is_the_highest() -> None:
    rows = [
        (BEGIN + timedelta(seconds=i), "a", "s", level, "t") for i, level in enumerate(("INFO", "ERROR", "WARNING"))
    ]
    assert Baseline.learn(make_events(list(rows))).templates["level"].to_list() == ["ERROR"]


def test_a_baseline_survives_its_json_form() -> None:
    baseline = Baseline.learn(normal_events(1.0))
    again = Baseline.from_dict(baseline.as_dict())
    assert again.templates.equals(baseline.templates)
    assert again.services.equals(baseline.services)
    assert (again.minutes, again.first, again.last) == (baseline.minutes, baseline.first, baseline.last)


def test_events_without_any_time_have_counts_and_finite_rates() -> None:
    baseline = Baseline.learn(make_events([(None, None, None, "UNKNOWN", "odd")] * 3))
    assert baseline.templates["count"].to_list() == [3]
    assert baseline.templates["per_minute"].is_finite().all()
    assert baseline.first is None


def test_what_follows_what_is_kept_with_the_rates() -> None:
    """Thirty servers that the API accepts and the compute takes up make a rule, which the record holds."""
    rows = []
    for number in range(30):
        begin = BEGIN + timedelta(seconds=10 * number)
        rows += [
            (begin, "a", "nova-api", "INFO", "accepted"),
            (begin + timedelta(seconds=2), "b", "nova-compute", "INFO", "taken up"),
        ]
    rows.append((BEGIN + timedelta(seconds=400), "a", "keystone", "INFO", "the recording goes on"))
    frame = make_events(rows)
    requests = [f"req-{number // 2}" for number in range(60)]
    baseline = Baseline.learn(frame.with_columns(request_id=pl.Series([*requests, None])))
    assert baseline.follow.rules.select("service", "follower").rows() == [("nova-api", "nova-compute")]
    assert Baseline.from_dict(baseline.as_dict()).follow.rules.equals(baseline.follow.rules)


def test_the_longest_that_an_answer_of_a_kind_took_is_kept() -> None:
    line = '10.0.0.9 "GET /v2.1/servers HTTP/1.1" status: 200 len: 301 time: {}'
    rows = [(BEGIN + timedelta(seconds=n), "a", "nova-api", "INFO", line.format(n / 4)) for n in range(1, 9)]
    whole, part = (
        Baseline.learn(make_events(some).with_columns(template=pl.lit("GET"), template_id=pl.lit(7, pl.UInt64)))
        for some in (rows, rows[:4])
    )
    for known in (whole, whole.merged(part), part.merged(whole)):
        assert known.templates["slowest_seconds"].to_list() == [2.0]


def test_a_record_from_before_durations_were_kept_knows_none() -> None:
    facts = Baseline.learn(steady(2.0, 10.0)).as_dict()
    del facts["templates"]["slowest_seconds"], facts["templates"]["period_seconds"]
    assert Baseline.from_dict(facts).templates["slowest_seconds"].null_count() == 1


def test_a_record_from_before_there_were_stories_has_no_rules() -> None:
    """An older file is read; nothing is expected then."""
    facts = Baseline.learn(steady(2.0, 10.0)).as_dict()
    del facts["follow"]
    assert Baseline.from_dict(facts).follow.rules.is_empty()


def test_what_a_process_writes_steadily_all_its_life_has_a_period_and_nothing_else_has() -> None:
    """A loop has; a transfer that is over, work on demand and what others ask for at steady intervals have not."""
    kinds = {
        "loop": [10.0 * n for n in range(60)],
        "copied": [100.0 + 2 * n for n in range(50)],
        "on demand": [0.3 * n * n for n in range(44)],
        'a "GET /healthcheck HTTP': [5.0 * n for n in range(120)],
    }
    rows = [
        (BEGIN + timedelta(seconds=second), "a", "agent", "INFO", kind)
        for kind, seconds in kinds.items()
        for second in seconds
    ]
    baseline = Baseline.learn(make_events(sorted(rows)))
    for known in (baseline, Baseline.from_dict(baseline.as_dict()), baseline.merged(baseline)):
        periods = known.templates.drop_nulls("period_seconds")
        assert periods.select("template", "period_seconds").rows() == [("loop", 10.0)]
