"""What the report cites, different things and different witnesses before the same again, and on which host it sees a cause."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from cloud import FAULT, Cloud
from finding_samples import finding
from troubles import conductor_timeouts

from openstack_rca.rca.judgement.guilt import Candidate
from openstack_rca.rca.knowledge import load_topology
from openstack_rca.rca.report.narrative import causal_chain, host_of, ruled_out, summary
from openstack_rca.rca.report.next_checks import suggested_checks
from openstack_rca.rca.report.report import Cause
from openstack_rca.rca.vocabulary import Category, Directness, Verdict

AT = datetime(2026, 3, 9, 14, tzinfo=UTC)


def test_the_first_word_of_every_witness_is_cited_before_anybodys_second() -> None:
    cloud = Cloud(seed=7)
    cloud.stop("nova-conductor", until=FAULT + 70)
    conductor_timeouts(cloud)
    cause = cloud.analyse("Servers stay in BUILD").report.causes[0]
    assert cause.component == "nova-conductor"
    assert {item.host for item in cause.evidence if "nova-compute" in item.file} == set(cloud.site.computes)


@pytest.mark.parametrize(
    ("findings", "where"),
    [
        pytest.param([("ctl3", Directness.CAUSE, None)], "ctl3", id="the host on which it states its fault"),
        pytest.param(
            [("ctl3", Directness.ACCUSATION, None)], "ctl1,ctl3", id="all on which it logs, where it is only accused"
        ),
        pytest.param(
            [("ctl3", Directness.CAUSE, "ctl3"), ("ctl3", Directness.CAUSE, "ctl3.example.org")],
            "ctl3",
            id="a machine with a short and a full name once",
        ),
    ],
)
def test_a_cause_is_on_the_host_that_tells_of_it(
    findings: list[tuple[str, Directness, str | None]], where: str
) -> None:
    told = [
        replace(finding("keystone", "keystone", host, directness=directness), accused_host=accused)
        for host, directness, accused in findings
    ]
    logged = pl.DataFrame({"component": ["keystone", "keystone"], "host": ["ctl1", "ctl3"]})
    assert host_of(Candidate("keystone", findings=told), logged) == where


@pytest.mark.parametrize(
    ("category", "told"),
    [(Category.AUTH, Category.AUTH), (Category.CAPACITY, Category.PROCESS_DOWN)],
    ids=["what it starts again with is refused", "what a stop may bring about"],
)
def test_who_stopped_and_says_why_it_does_not_work_again_is_not_down_for_the_stop(
    category: Category, told: Category
) -> None:
    stopped = finding("rabbitmq", "rabbitmq", weight=0.9, directness=Directness.CAUSE)
    refused = finding("rabbitmq", "rabbitmq", at=200.0, weight=0.9, category=category, directness=Directness.CAUSE)
    assert Candidate("rabbitmq", findings=[stopped, refused]).leading.category is told


@pytest.mark.parametrize("said", ["The pool volumes is full.", "ceph-osd: The pool volumes is full."])
def test_a_thin_answer_says_what_its_best_candidate_says(said: str) -> None:
    """Whoever reads only the first lines learns what was found, not only whom it is held against."""
    guess = Cause(component="ceph-osd", host="sto1,sto2", category=Category.CAPACITY, statement=said, confidence=0.3)
    assert summary(Verdict.INCONCLUSIVE, [guess]) == (
        "The evidence is thin. The best candidate is ceph-osd on sto1, sto2: The pool volumes is full."
    )


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(-5, "which was in trouble no later"), (5, "which was in trouble too")],
    ids=["before", "after"],
)
def test_what_is_ruled_out_tells_the_order_of_the_two_as_the_times_tell_it(seconds: int, told: str) -> None:
    began = datetime(2026, 3, 10, 2, 0, tzinfo=UTC)
    root = Candidate("mariadb", onset=began + timedelta(seconds=seconds))
    victim = Candidate("nova-api", onset=began)
    victim.explained_by = ("mariadb", 0.8)
    (entry,) = ruled_out([root, victim], [root])
    assert entry.reason == f"it depends on mariadb, {told}"


def test_the_same_check_of_a_second_object_is_left_out() -> None:
    """Further rules add theirs."""
    first = replace(finding("glance-api", "glance-api", signature="a-rule"), checks=("ls -l /srv/a", "df -h"))
    again = replace(first, checks=("ls -l /srv/b", "df -h"))
    other = replace(finding("glance-api", "glance-api", signature="b-rule"), checks=("ls -l /etc",))
    candidate = Candidate("glance-api", findings=[first, again, other])
    assert suggested_checks(candidate, None, pl.DataFrame()) == ["ls -l /srv/a", "df -h", "ls -l /etc"]


def test_a_program_of_the_host_is_no_step_of_what_the_host_troubles() -> None:
    """What starts chronyd says the same as chronyd; the service whose clock is wrong suffers."""
    told = [finding("host", name) for name in ("chronyd-starter", "nova-compute")]
    root = Candidate("host", findings=told, explains=["chronyd-starter", "nova-compute"])
    assert [(hop.source, hop.target) for hop in causal_chain([root], told, load_topology())] == [
        ("host", "nova-compute")
    ]
