"""Moments as they are typed."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openstack_rca.errors import ConfigurationError
from openstack_rca.service.moments import parse_moment

NOW = datetime(2026, 3, 9, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-09T04:17", "2026-03-09T03:17:00+00:00"),
        ("2026-03-09 04:17:05.25", "2026-03-09T03:17:05.250000+00:00"),
        ("2026-03-09T04:17:00Z", "2026-03-09T04:17:00+00:00"),
        ("04:17", "2026-03-09T03:17:00+00:00"),
        ("4:17", "2026-03-09T03:17:00+00:00"),
        ("13:29:59", "2026-03-09T12:29:59+00:00"),
        ("13:31", "2026-03-08T12:31:00+00:00"),
        ("now", "2026-03-09T12:30:00+00:00"),
        ("10m", "2026-03-09T12:20:00+00:00"),
        ("1.5h", "2026-03-09T11:00:00+00:00"),
        ("2 hours ago", "2026-03-09T10:30:00+00:00"),
        ("35 minutes ago", "2026-03-09T11:55:00+00:00"),
        ("90 sec", "2026-03-09T12:28:30+00:00"),
        ("1 day ago", "2026-03-08T12:30:00+00:00"),
        ("today", "2026-03-08T23:00:00+00:00"),
        ("Yesterday", "2026-03-07T23:00:00+00:00"),
        (" 3w ", "2026-02-16T12:30:00+00:00"),
    ],
)
def test_a_moment_is_understood_as_it_is_typed(text: str, expected: str) -> None:
    """Times without an offset are in the logs' zone; a time of day is the latest one that has passed."""
    moment = parse_moment(text, timezone="Europe/Paris", now=NOW)
    assert moment.astimezone(UTC).isoformat() == expected


@pytest.mark.parametrize("text", ["", "yesterdayish", "25:00", "10 parsecs", "2026-13-01", "m", "-5m", "1:2:3:4"])
def test_anything_else_is_refused_with_examples(text: str) -> None:
    """The message shows what can be written."""
    with pytest.raises(ConfigurationError, match="2 hours ago"):
        parse_moment(text, timezone="UTC", now=NOW)


@given(st.text(max_size=30))
def test_no_text_breaks_the_reading_of_a_moment(text: str) -> None:
    """A moment with a zone, or the one error that says what can be written."""
    try:
        assert parse_moment(text, timezone="UTC", now=NOW).tzinfo is not None
    except ConfigurationError as error:
        assert "is not a time" in error.message
