"""Lines whose parts stand in another order or another language than usual: still whose, when and how grave."""

from __future__ import annotations

import pytest
from tests.logs.reading import REQUEST, rows

STAMP = "2026-11-23 04:00:00.100"
ORDERS = {
    "level first": f"ERROR    {STAMP} 77 nova.compute.manager",
    "level and stamp in brackets": f"[ERROR] [{STAMP}] 77 nova.compute.manager",
    "logger first": f"nova.compute.manager: {STAMP} 77 ERROR",
    "logger before level": f"{STAMP} 77 nova.compute.manager ERROR",
}


@pytest.mark.parametrize("order", ORDERS)
def test_fields_of_oslo_log_stand_in_the_order_of_the_clouds_own_format_string(order: str) -> None:
    """With the context taken apart and the traceback joined, as in the usual order."""
    prefix = ORDERS[order]
    lines = [
        f"[{REQUEST} u p - - -] boom",
        "Traceback (most recent call last):",
        '  File "x", line 1',
        "nova.exception.Bad: boom",
    ]
    (event,) = rows("\n".join(f"{prefix} {line}" for line in lines), "saved.log")
    told = [event[name] for name in ("process", "level", "logger", "message", "request_id", "exception", "lines")]
    assert told == [77, "ERROR", "nova.compute.manager", "boom", REQUEST, "nova.exception.Bad: boom", 4]
    assert event["time"].isoformat() == "2026-11-23T04:00:00.100000+00:00"


SWITCHES = {
    "IOS": "Nov 23 04:00:00 sw1 4711: *Mar  1 00:00:05.123: %LINK-3-UPDOWN: down",
    "IOS without a number": "<187>Nov 23 04:00:00 sw1 : Nov 23 04:00:00.000 UTC: %LINK-3-UPDOWN: down",
    "NX-OS at a relay": "2026-11-23T04:00:00+00:00 sw1 : 2026 Nov 23 04:00:00 UTC: %LINK-3-UPDOWN: down",
    "NX-OS": "2026 Nov 23 04:00:00 sw1 %LINK-3-UPDOWN: down",
    "EOS": "Nov 23 04:00:00 sw1 Ebra: %LINK-3-UPDOWN: down",
}


@pytest.mark.parametrize("system", SWITCHES)
def test_the_number_in_the_mnemonic_of_a_switch_is_its_severity(system: str) -> None:
    (event,) = rows(SWITCHES[system] + "\n", "relay.log", year=2026)
    told = (event["time"].isoformat(), event["host"], event["service"], event["level"], event["message"])
    assert told == ("2026-11-23T04:00:00+00:00", "sw1", "switch", "ERROR", "UPDOWN: down")


@pytest.mark.parametrize("month", ["окт", "paź", "říj", "жов", "Eki", "10月", "10월", "lokakuu"[:4]])
def test_months_have_their_names_in_the_language_of_the_machine(month: str) -> None:
    (event,) = rows(f"{month} 23 04:00:00 ctl1 haproxy[1]: x\n", "saved.txt", year=2026)
    assert (event["host"], event["time"].isoformat()) == ("ctl1", "2026-10-23T04:00:00+00:00")


def test_a_single_figure_of_a_month_stands_behind_a_space() -> None:
    (event,) = rows(" 1月  2 04:00:00 ctl1 haproxy[1]: x\n", "syslog", year=2026)
    assert event["time"].isoformat() == "2026-01-02T04:00:00+00:00"


@pytest.mark.parametrize(
    ("days", "years"),
    [(["Feb 29", "Mar  1"], [2024, 2024]), (["Feb 28", "Mar  1"], [2026, 2026]), (["Dec 31", "Feb 29"], [2023, 2024])],
)
def test_a_leap_day_without_a_year_is_of_the_last_leap_year(days: list[str], years: list[int]) -> None:
    text = "".join(f"{day} 23:59:58 gw1 haproxy[1]: x\n" for day in days)
    assert [event["time"].year for event in rows(text, "syslog", year=2026)] == years


DESCRIBED = """Name:             nova-api-0
Node:             ctl1/10.0.0.1
Events:
  Type     Reason     Age                From     Message
  ----     ------     ----               ----     -------
  Warning  BackOff    10s (x3 over 2m)   kubelet  Back-off restarting

Name:             glance-api-0
Events:
  Type    Reason  Age  From     Message
  ----    ------  ---- ----     -------
  Normal  Pulled  10s  kubelet  ok
"""


def test_the_events_that_kubectl_describes_are_those_of_the_object_above_them() -> None:
    found = [(row["host"], row["service"], row["level"], row["message"]) for row in rows(DESCRIBED, "describe.txt")]
    assert found == [
        ("ctl1", "nova-api", "WARNING", "Back-off restarting: BackOff"),
        (None, "glance-api", "INFO", "ok: Pulled"),
    ]


def test_a_line_of_zuul_is_of_the_node_that_is_named_before_it() -> None:
    """Whatever level follows the node; who did it for another one is named first."""
    lines = ["controller | [ERROR] boom", "controller | ERROR: boom", "compute1 -> localhost | ok"]
    found = rows("".join(f"2026-11-23 04:00:00.100000 | {line}\n" for line in lines), "job-output.txt")
    assert [(row["host"], row["level"]) for row in found] == [
        ("controller", "ERROR"),
        ("controller", "ERROR"),
        ("compute1", "UNKNOWN"),
    ]
