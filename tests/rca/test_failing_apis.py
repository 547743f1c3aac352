"""What APIs share that answer with internal errors at once, though nobody says why."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from openstack_rca.logs.event_table import EventTable
from openstack_rca.rca.evidence.finding import Finding
from openstack_rca.rca.judgement.failing_apis import infer_from_failing_apis
from openstack_rca.rca.knowledge.topology import load_topology
from openstack_rca.rca.vocabulary import Category, Directness, EvidenceSort

START = datetime(2026, 1, 1, tzinfo=UTC)
APIS = ("nova-api", "glance-api", "placement-api", "neutron-server", "cinder-api")


def inferred(answers: dict[str, tuple[int, ...]], *findings: Finding, repeated: int = 10) -> list[Finding]:
    """What is inferred from access lines: for each API the statuses that it answers with, one a second, again and again."""
    lines = [
        (START + timedelta(seconds=second), name, status)
        for name, statuses in answers.items()
        for second, status in enumerate(statuses * repeated)
    ]
    events = pl.DataFrame(lines, schema=["time", "component", "status"], orient="row").sort("time")
    events = events.with_columns(
        row=pl.int_range(pl.len()),
        template_id=pl.col("status").cast(pl.UInt64),
        level=pl.lit("INFO"),
        failed=pl.col("status") >= 500,
        message=pl.format('192.0.2.5 "GET /v2/things HTTP/1.1" status: {} len: 70 time: 0.1', "status"),
        lines=pl.lit(1),
    )
    return infer_from_failing_apis(findings, events.drop("message"), EventTable.of(events), load_topology())


def said(accused: str, sort: EvidenceSort = EvidenceSort.SIGNATURE) -> Finding:
    """Somebody accuses a component."""
    return Finding(
        sort=sort,
        directness=Directness.ACCUSATION,
        accused=accused,
        accuser="nova-api",
        category=Category.AUTH,
        title="",
        why="",
        weight=0.7,
        rows=(0,),
        count=1,
        first=START,
        last=START,
    )


def test_apis_that_fail_together_accuse_their_database() -> None:
    """Five APIs answer 500, and the only thing that all of them need is the database."""
    (finding,) = inferred(dict.fromkeys(APIS, (200, 500)))
    assert (finding.accused, finding.category) == ("mariadb", Category.DATABASE)
    assert len(finding.rows) == len(APIS)


def test_who_waits_in_vain_says_nothing_about_the_reason() -> None:
    """A request that stopped is no word on why the APIs fail."""
    assert inferred(dict.fromkeys(APIS, (500,)), said("cinder-volume", EvidenceSort.MISSING_STEP))


@pytest.mark.parametrize(
    ("answers", "findings"),
    [
        (dict.fromkeys(APIS[:2], (500,)), []),
        (dict.fromkeys(APIS, (503,)), []),
        (dict.fromkeys(APIS, (200, 404)), []),
        (dict.fromkeys(APIS, (500,)), [said("mariadb")]),
        (dict.fromkeys(APIS, (500,)), [said("keystone")]),
        (dict.fromkeys(APIS[:3], (500,)) | dict.fromkeys((*APIS[3:], "keystone", "heat-api"), (200,)), []),
    ],
    ids=["two APIs", "who is behind them fails", "no errors", "said", "said of keystone", "others are served"],
)
def test_nothing_is_inferred_where(answers: dict[str, tuple[int, ...]], findings: list[Finding]) -> None:
    """Too few fail, somebody else is at fault, or somebody says what is wrong."""
    assert inferred(answers, *findings) == []


def test_a_keystone_that_fell_silent_before_may_be_the_reason() -> None:
    """It answered until the APIs began to fail: who needs it shows nothing about the database."""
    early = {"keystone": (200,)}
    lines = dict.fromkeys(APIS, (200,) * 10 + (500,) * 10)
    assert [finding.accused for finding in inferred(lines | {"keystone": (200,) * 20})] == ["mariadb"]
    assert inferred(lines | early) == []


def test_apis_that_fail_one_after_the_other_share_nothing() -> None:
    """Each had its own bad quarter of a minute."""
    turns = {
        name: tuple(500 if place == turn else 200 for place in range(len(APIS)) for _ in range(15))
        for turn, name in enumerate(APIS)
    }
    assert inferred(turns, repeated=1) == []


def test_answers_of_others_before_do_not_hide_an_api_s_own_errors() -> None:
    """An hour of 503, for which somebody behind it is to blame, then 500."""
    assert inferred(dict.fromkeys(APIS, (503,) * 90 + (500,) * 10), repeated=1)
