"""Times on the pages: in UTC, and beside it in the viewer's zone where that is another one."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from openstack_rca.dashboard import report_charts, words

MOMENT = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


def seen_from(zone: str | None, patch: pytest.MonkeyPatch) -> None:
    patch.setattr("openstack_rca.dashboard.words.st", SimpleNamespace(context=SimpleNamespace(timezone=zone)))


def test_a_time_stands_beside_that_of_the_viewers_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    seen_from("Europe/Berlin", monkeypatch)
    assert words.here(MOMENT) == " (05:00:00 Europe/Berlin)"
    assert words.row_time(MOMENT) == "04:00:00 (05:00:00)"


@pytest.mark.parametrize("zone", ["UTC", "Etc/UTC", "Nowhere/Town", "../../etc/passwd", None])
def test_nothing_stands_beside_a_time_where_the_viewers_zone_is_utc_or_unknown(
    zone: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen_from(zone, monkeypatch)
    assert (words.here(MOMENT), words.row_time(MOMENT)) == ("", "04:00:00")


def test_many_times_on_a_page_look_through_the_zone_database_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each look opens every file of it."""
    looks = []

    def available() -> set[str]:
        looks.append(1)
        return {"Europe/Berlin"}

    seen_from("Europe/Berlin", monkeypatch)
    words._known_zones.cache_clear()
    monkeypatch.setattr("openstack_rca.dashboard.words.available_timezones", available)
    assert {words.here(MOMENT) for _ in range(100)} == {" (05:00:00 Europe/Berlin)"}
    words._known_zones.cache_clear()
    assert len(looks) == 1


def test_numbers_of_onsets_that_would_lie_on_one_another_are_one_text() -> None:
    """Two onsets within a few seconds of a window of minutes, and one apart."""
    row = SimpleNamespace(bin_seconds=10, counts=[1] * 30)
    onsets = [
        (MOMENT + timedelta(seconds=seconds), number, "nova-api") for seconds, number in ((0, 1), (4, 3), (60, 2))
    ]
    texts = report_charts._onset_numbers(onsets, SimpleNamespace(activity=[row]))
    assert [(text["time"], text["number"]) for text in texts] == [
        (MOMENT + timedelta(seconds=4), "1, 3"),
        (MOMENT + timedelta(seconds=60), "2"),
    ]


def test_the_words_below_the_timeline_tell_the_marks_that_it_holds() -> None:
    """Without a model no bar has a colour of its own."""
    silence = SimpleNamespace(kind="silence")
    told = report_charts.timeline_marks(SimpleNamespace(activity=[SimpleNamespace(scores=[None])], timeline=[silence]))
    assert "score" not in told and "triangle" not in told and "A cross" in told
    scored = report_charts.timeline_marks(SimpleNamespace(activity=[SimpleNamespace(scores=[0.5])], timeline=[]))
    assert "score" in scored and "cross" not in scored


@pytest.mark.parametrize("zone", ["", "Europe/Berlin"])
def test_the_hours_of_a_time_axis_are_counted_to_24(zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Vega's own labels show 13:30 as 01:30."""
    seen_from(zone, monkeypatch)
    labels = words.time_axis("time").to_dict()["axis"]["labelExpr"]
    assert "utcFormat(datum.value, '%H:%M')" in labels
    assert not any(form in labels for form in ("%I", "%p", "datum.label"))
