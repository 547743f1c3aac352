"""What APIs answer, against the model's normal: refusals among services, and answers that take far too long."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from openstack_rca.logs.templates import mask_messages, template_ids
from openstack_rca.rca.evidence import Finding, NormalRates, unusual_answers
from openstack_rca.rca.knowledge import load_topology
from openstack_rca.rca.vocabulary import Category, EvidenceSort

START = datetime(2026, 3, 4, 10, 0, tzinfo=UTC)
CANDIDATES = '10.0.0.9 "GET /allocation_candidates?limit=1000" status: {} len: 301 microversion: 1.36'
LOG_IN = "10.0.0.9 () {{34 vars}} POST /v3/auth/tokens => generated 109 bytes in {} msecs (HTTP/1.1 {}) 6 headers"
SERVERS = '10.0.0.9 "GET /v2.1/servers HTTP/1.1" status: 200 len: 301 time: {}.0'


def answers(component: str, *messages: str, asker: str | None = "req-of-the-asker") -> pl.DataFrame:
    """Access lines, one a second, of kinds that normal logs do not hold."""
    told = pl.Series("template", mask_messages(pl.Series(messages)))
    return pl.DataFrame(
        {
            "time": [START + timedelta(seconds=number) for number in range(len(messages))],
            "component": component,
            "host": "ctl01",
            "level": "INFO",
            "message": messages,
            "request_id": [f"req-{number}" for number in range(len(messages))],
            "global_request_id": pl.Series([asker] * len(messages), dtype=pl.String),
            "template": told,
            "template_id": template_ids(told),
            "novelty": 1.0,
            "familiar": True,
        }
    ).with_row_index("row")


def found(logged: pl.DataFrame, normal: pl.DataFrame, slowest: float | None = None) -> list[Finding]:
    """Findings where these are the kinds of answers that normal logs hold, with the time that the slowest took."""
    kinds = normal.select("component", "template_id").unique()
    timed = kinds.with_columns(slowest_seconds=pl.lit(slowest, pl.Float64)).drop_nulls()
    rates = NormalRates(kinds.with_columns(normal_per_minute=pl.lit(5.0)), slowest=timed)
    return unusual_answers(logged, rates, load_topology())


def test_a_service_that_is_refused_again_and_again_what_it_is_served_otherwise_speaks_of_a_fault() -> None:
    served, refused = (answers("placement-api", *[CANDIDATES.format(code)] * 8) for code in (200, 400))
    (told,) = found(refused, served)
    assert (told.accused, told.category, told.count) == ("placement-api", Category.CONFIG, 8)
    assert told.complains
    assert not found(refused.head(3), served), "a few are mishaps"
    assert not found(refused, served.head(0)), "nobody knows that it is served otherwise"


def test_what_a_user_is_refused_may_be_the_users_mistake() -> None:
    served, refused = (answers("placement-api", *[CANDIDATES.format(code)] * 8, asker=None) for code in (200, 400))
    assert not found(refused, served)


def test_no_room_that_placement_tells_of_is_wanting_on_the_computes() -> None:
    served, refused = (answers("placement-api", *[CANDIDATES.format(code)] * 8) for code in (200, 409))
    assert [(told.accused, told.category) for told in found(refused, served)] == [("nova-compute", Category.CAPACITY)]


def test_log_ins_that_keystone_refuses_count_though_they_carry_no_request() -> None:
    served, refused = (answers("keystone", *[LOG_IN.format(90, code)] * 8, asker=None) for code in (201, 401))
    assert [(told.accused, told.category) for told in found(refused, served)] == [("keystone", Category.AUTH)]


@pytest.mark.parametrize(
    ("took", "slowest", "slow"),
    [(45, 2.0, True), (45, 30.0, False), (8, 0.1, False), (45, None, False)],
    ids=["far above", "as ever", "not long", "nobody knows"],
)
def test_answers_that_take_far_longer_than_the_slowest_normal_one_say_that_their_api_hangs(
    took: int, slowest: float | None, slow: bool
) -> None:
    logged = answers("nova-api", *[SERVERS.format(took)] * 4)
    told = found(logged, logged, slowest)
    assert [(one.accused, one.category, one.sort) for one in told] == [
        ("nova-api", Category.HANG, EvidenceSort.LATE_STEP)
    ] * slow
    assert all(one.first == START - timedelta(seconds=took) for one in told), "what held it up began before the answer"


@pytest.mark.parametrize("took", ["9" * 12, "9" * 22, "9" * 400])
def test_an_answer_that_would_have_taken_many_years_tells_no_time(took: str) -> None:
    """Log text is anybody's: no clock counts so far back."""
    logged = answers("nova-api", *[SERVERS.format(took)] * 4, *[f'10.0.0.9 "GET /v2.1 HTTP/1.1" 200 3 {took}ms'] * 4)
    assert not found(logged, logged, 2.0)


PROXIED = (
    "10.0.0.9:5790 [25/Nov/2026:16:24:28.454] internal placement_back/ctl02 0/0/0/{0}/{0} 200 2136 - - ---- 9/6/0/0/0 0/0 "
    '"GET /allocation_candidates?limit=1000 HTTP/1.1"'
)
KOLLA = '10.0.0.9 - - [25/Nov/2026:16:24:28 +0000] "GET /allocation_candidates HTTP/1.1" 200 2136 {}000 "-" "nova-scheduler"'


@pytest.mark.parametrize(
    ("logged_by", "line"), [("haproxy", PROXIED), ("placement-api", KOLLA)], ids=["the proxy", "its web server"]
)
def test_a_slow_api_that_keeps_no_time_itself_is_told_by_who_does(logged_by: str, line: str) -> None:
    slow, quick = (answers(logged_by, *[line.format(took)] * 4) for took in (13000, 8000))
    (told,) = found(slow, slow, 0.5)
    assert (told.accused, told.accuser, told.sort) == ("placement-api", logged_by, EvidenceSort.LATE_STEP)
    assert not found(quick, quick, 0.5)
