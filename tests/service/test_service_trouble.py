"""Which events of a recording are called a failure, and so teach nothing normal."""

from datetime import UTC, datetime, timedelta

import polars as pl

from openstack_rca.logs.event_table import EVENT_SCHEMA, EventTable
from openstack_rca.rca.knowledge import load_catalogue
from openstack_rca.service.trouble import find_trouble


def events(*lines: tuple[str, str, str, str | None]) -> pl.DataFrame:
    """An events table of (service, level, message, exception), a second apart."""
    begin = datetime(2026, 11, 25, 10, 0, tzinfo=UTC)
    rows = [
        dict.fromkeys(EVENT_SCHEMA)
        | {
            "time": begin + timedelta(seconds=number),
            "host": "controller",
            "service": service,
            "level": level,
            "message": message,
            "exception": exception,
        }
        for number, (service, level, message, exception) in enumerate(lines)
    ]
    return pl.DataFrame(rows, schema=EVENT_SCHEMA, orient="row")


def test_what_a_signature_calls_a_failure_is_trouble_and_normal_lines_are_not() -> None:
    """The same complaint at several places is found at each of them."""
    lost = (
        "(pymysql.err.OperationalError) (2003, \"Can't connect to MySQL server on 'db01' ([Errno 111] ECONNREFUSED)\")"
    )
    frame = events(
        ("nova-api", "INFO", '10.0.0.1 "GET /v2.1/servers HTTP/1.1" status: 200 len: 15 time: 0.1', None),
        ("nova-conductor", "ERROR", lost, None),
        ("nova-compute", "INFO", "Took 2.1 seconds to spawn the instance", None),
        ("nova-conductor", "ERROR", lost, None),
    )
    assert find_trouble(EventTable.of(frame), load_catalogue()).tolist() == [False, True, False, True]


def test_an_error_that_ends_in_an_exception_is_trouble_though_no_signature_knows_it() -> None:
    """A plain error line of no known meaning is not: healthy clouds log some of these all the time."""
    frame = events(
        ("magnum-conductor", "ERROR", "Odd thing happened", "magnum.exception.NeverHeardOf: odd"),
        ("neutron-macvtap-agent", "ERROR", "Network 17 is not available.", None),
        ("magnum-conductor", "DEBUG", "Odd thing happened", "magnum.exception.NeverHeardOf: odd"),
    )
    assert find_trouble(EventTable.of(frame), load_catalogue()).tolist() == [True, False, False]


def test_what_is_told_at_info_is_no_trouble() -> None:
    """An administrator's request may be somebody's cause; in a normal recording it is daily work."""
    frame = events(("keystone-uwsgi-public", "INFO", '"DELETE /v3/projects/0a1b HTTP/1.1" 204 0', None))
    assert find_trouble(EventTable.of(frame), load_catalogue()).tolist() == [False]


def test_no_events_hold_no_trouble() -> None:
    assert find_trouble(EventTable.of(events()), load_catalogue()).tolist() == []
