"""Ranking: the direction of the graph rule, ties, cycles, absent components."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openstack_rca.rca.evidence.finding import Finding, noisy_or
from openstack_rca.rca.judgement import Candidate, explain, rank, verdict_on, weigh
from openstack_rca.rca.knowledge.topology import load_topology
from openstack_rca.rca.vocabulary import Category, Directness, EvidenceSort, Verdict
from openstack_rca.rca.weights import current

START = datetime(2026, 1, 1, tzinfo=UTC)
TOPOLOGY = load_topology()


def finding(
    accused: str,
    accuser: str,
    *,
    at: float = 0.0,
    weight: float = 0.7,
    directness: Directness = Directness.ACCUSATION,
    sort: EvidenceSort = EvidenceSort.SIGNATURE,
    host: str = "node1",
    category: Category = Category.PROCESS_DOWN,
    signature: str | None = "sample",
) -> Finding:
    time = START + timedelta(seconds=at)
    return Finding(
        sort=sort,
        directness=directness,
        accused=accused,
        accuser=accuser,
        accuser_host=host,
        category=category,
        title=f"{accuser} on {accused}",
        why="",
        weight=weight,
        rows=(int(at),),
        count=1,
        first=time,
        last=time,
        signature=signature,
    )


def ranked(findings: Sequence[Finding], relevance: dict[str, float] | None = None) -> list[Candidate]:
    """The candidates against whom enough speaks, best first."""
    found = list(findings)
    candidates = rank(explain(weigh(found), found, TOPOLOGY), relevance or {})
    return [candidate for candidate in candidates if candidate.guilt >= current().noticeable]


def ranking(*findings: Finding, relevance: dict[str, float] | None = None) -> list[str]:
    return [candidate.component for candidate in ranked(findings, relevance)]


def test_an_error_that_no_rule_knows_comes_before_what_is_known_to_follow_from_others() -> None:
    """neutron-server could not bind a port; the agent of that host says why, in words that no rule knows."""
    follows = finding("neutron-server", "neutron-server", weight=0.2, directness=Directness.SYMPTOM)
    says = finding("neutron-linuxbridge-agent", "neutron-linuxbridge-agent", weight=0.13, directness=Directness.SYMPTOM)
    new = replace(says, unexplained=True, signature=None)
    known = replace(follows, signature="known")
    assert ranking(known, new)[0] == new.accused
    assert ranking(known, replace(new, vague=True))[0] == new.accused


def test_weak_accusations_are_no_proof_however_many() -> None:
    weak = [finding("nova-compute", name, weight=0.45) for name in ("nova-scheduler", "nova-conductor", "nova-api")]
    assert verdict_on(ranked(weak)) is Verdict.INCONCLUSIVE
    assert verdict_on(ranked([replace(one, weight=0.6) for one in weak])) is Verdict.LIKELY


@pytest.mark.parametrize(
    ("accuser", "verdict"),
    [("cinder-backup", Verdict.INCONCLUSIVE), ("nova-compute", Verdict.LIKELY), ("host", Verdict.LIKELY)],
)
def test_one_that_does_not_need_whom_it_accuses_proves_little(accuser: str, verdict: Verdict) -> None:
    """Its own trouble would not follow; what only watches over a service has no trouble of its own."""
    accusation = finding("glance-api", accuser, weight=0.9, category=Category.CAPACITY)
    assert verdict_on(ranked([accusation])) is verdict


def test_nothing_found_ranks_nobody() -> None:
    assert ranking() == []


def test_the_failing_dependency_is_the_root_not_its_loud_dependents() -> None:
    order = ranking(
        finding("mariadb", "keystone"),
        finding("mariadb", "nova-api", at=1),
        finding("keystone", "glance-api", at=2),
        finding("keystone", "cinder-api", at=2),
        finding("keystone", "nova-api", at=3),
    )
    assert order[0] == "mariadb"


def test_a_dependent_in_trouble_does_not_clear_its_dependency() -> None:
    """The inverted rule (keep components without failing dependents) would name nova-api."""
    order = ranking(
        finding("mariadb", "nova-conductor"), finding("nova-api", "nova-api", at=5, sort=EvidenceSort.SILENCE)
    )
    assert order[0] == "mariadb"


def test_a_component_that_fails_alone_is_not_blamed_on_a_healthy_dependency() -> None:
    assert ranking(finding("cinder-volume", "cinder-scheduler"), finding("cinder-volume", "cinder-api")) == [
        "cinder-volume"
    ]


def test_own_words_outweigh_an_accusation_of_a_dependency() -> None:
    order = ranking(
        finding("glance-api", "glance-api", directness=Directness.CAUSE, weight=1.0),
        finding("keystone", "nova-api", at=30, weight=0.3),
    )
    assert order[0] == "glance-api"


def test_trouble_that_began_long_before_the_dependency_failed_is_not_explained_by_it() -> None:
    late = ranked(
        [finding("glance-api", "nova-compute", at=0), finding("keystone", "cinder-api", at=300, weight=0.5)],
    )
    assert late[0].component == "glance-api"


def test_in_a_cycle_the_guiltier_one_is_the_root() -> None:
    assert TOPOLOGY.depends_on("nova-compute", "neutron-server")
    order = ranking(
        finding("neutron-server", "nova-compute", host="node2"),
        finding("neutron-server", "nova-compute", host="node3"),
        finding("neutron-server", "nova-api"),
        finding("nova-api", "neutron-server", weight=0.3),
    )
    assert order[0] == "neutron-server"


def test_symptoms_alone_rank_but_stay_weak() -> None:
    candidates = ranked([finding("nova-compute", "nova-compute", directness=Directness.SYMPTOM, weight=0.2)])
    assert [candidate.component for candidate in candidates] == ["nova-compute"]
    assert candidates[0].guilt <= 0.35


def test_more_independent_accusers_make_a_component_guiltier() -> None:
    one = ranked([finding("rabbitmq", "nova-api")])[0]
    three = ranked([finding("rabbitmq", name) for name in ("nova-api", "cinder-api", "neutron-server")])[0]
    assert three.guilt > one.guilt


def test_the_issue_decides_between_equals_and_never_overrules_evidence() -> None:
    equals = (finding("glance-api", "a-client"), finding("placement-api", "a-client"))
    assert ranking(*equals, relevance={"placement-api": 1.0})[0] == "placement-api"
    assert ranking(*equals, relevance={"glance-api": 1.0})[0] == "glance-api"
    unequal = (finding("glance-api", "nova-compute", weight=0.9), finding("cinder-volume", "nova-compute", weight=0.2))
    assert ranking(*unequal, relevance={"cinder-volume": 1.0})[0] == "glance-api"


def test_a_component_that_the_graph_does_not_know_can_be_a_cause() -> None:
    assert ranking(finding("our-own-daemon", "our-own-daemon", directness=Directness.CAUSE, weight=0.9)) == [
        "our-own-daemon"
    ]


def test_the_category_is_the_one_that_the_direct_evidence_speaks_of() -> None:
    candidates = ranked(
        [
            finding("rabbitmq", "nova-api", category=Category.HANG),
            finding("rabbitmq", "rabbitmq", directness=Directness.CAUSE, weight=1.0, category=Category.CAPACITY),
        ],
    )
    assert candidates[0].category is Category.CAPACITY


@given(st.lists(st.floats(0, 1), max_size=8))
def test_noisy_or_lies_between_the_strongest_signal_and_one(values: list[float]) -> None:
    assert max(values, default=0.0) - 1e-9 <= noisy_or(values) <= 1.0


@given(
    st.lists(
        st.builds(
            finding,
            st.sampled_from(TOPOLOGY.components),
            st.sampled_from(TOPOLOGY.components),
            at=st.floats(0, 600),
            weight=st.floats(0, 1),
            directness=st.sampled_from(list(Directness)),
        ),
        max_size=20,
    )
)
def test_any_findings_give_scores_between_zero_and_one_in_falling_order(findings: list[Finding]) -> None:
    scores = [candidate.score for candidate in ranked(findings)]
    assert scores == sorted(scores, reverse=True)
    assert all(0.0 <= score <= 1.0 + 1e-9 for score in scores)


@pytest.mark.parametrize("silent_for", [15.0, 60.0])
def test_the_silence_of_a_dependent_is_explained_by_its_dead_dependency(silent_for: float) -> None:
    order = ranking(
        finding("keystone", "nova-api"),
        finding("keystone", "neutron-server"),
        finding("nova-conductor", "nova-conductor", at=silent_for, sort=EvidenceSort.SILENCE, weight=0.6),
    )
    assert order[0] == "keystone"


def test_an_oddity_long_before_does_not_begin_a_components_trouble() -> None:
    """A warning of no weight before the fault must not make the dependent look ill before its dependency was."""
    order = ranking(
        finding("nova-compute", "nova-compute", at=-60, weight=0.04, directness=Directness.SYMPTOM, signature=None),
        finding("rabbitmq", "nova-api", at=0),
        finding("rabbitmq", "cinder-api", at=0),
        finding("nova-compute", "nova-scheduler", at=12, weight=0.8),
        finding("nova-compute", "nova-conductor", at=15, weight=0.5),
    )
    assert order[0] == "rabbitmq"


def test_the_network_of_one_host_excuses_who_is_accused_there_though_it_complains_elsewhere() -> None:
    down = replace(finding("nova-compute", "nova-scheduler", at=20, weight=0.8), accused_host="hv1", accuser_host="ctl")
    cut = replace(
        finding("network", "nova-compute", category=Category.NETWORK, host="hv1"), accused_host="hv1", weight=0.7
    )
    elsewhere = finding("neutron-server", "nova-compute", weight=0.3, directness=Directness.SYMPTOM, host="hv2")
    assert ranking(down, cut, elsewhere)[0] == "network"


def test_who_says_plainly_what_is_wrong_with_itself_is_not_excused_by_its_own_complaints() -> None:
    own = finding("nova-compute", "nova-compute", weight=0.8, directness=Directness.CAUSE, category=Category.CONFIG)
    blame = finding("placement-api", "nova-compute", weight=0.6)
    assert ranking(own, blame)[0] == "nova-compute"
    assert ranking(own, blame, finding("placement-api", "nova-scheduler", weight=0.6))[0] == "placement-api"


def test_the_reason_for_a_stop_is_the_kind_of_fault() -> None:
    stop = finding("nova-api", "nova-api", weight=0.95, directness=Directness.CAUSE, signature="stopped")
    crash = finding("nova-api", "nova-api", weight=0.9, directness=Directness.CAUSE, signature="crashed")
    why = finding("nova-api", "nova-api", directness=Directness.CAUSE, category=Category.CONFIG, weight=0.9)
    assert ranked([stop, crash])[0].category is Category.PROCESS_DOWN
    assert ranked([stop, crash, why])[0].category is Category.CONFIG


def test_two_causes_that_are_accused_alike_leave_open_which_it_is() -> None:
    """Neither explains the other, so a verdict would be a guess."""
    own = finding("redis", "redis", weight=0.7, directness=Directness.CAUSE, category=Category.CONFIG)
    other = finding("memcached", "memcached", weight=0.7, directness=Directness.CAUSE, category=Category.CONFIG)
    assert verdict_on(ranked([own])) is Verdict.CONFIRMED
    assert verdict_on(ranked([own, other])) is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(("weight", "verdict"), [(0.9, Verdict.LIKELY), (0.7, Verdict.INCONCLUSIVE)])
def test_a_single_witness_must_be_sure(weight: float, verdict: Verdict) -> None:
    """What one client makes of another's fault is a proof only by a rule that is sure."""
    told = finding("glance-api", "nova-api", weight=weight, category=Category.AUTH)
    assert verdict_on(ranked([told])) is verdict


@pytest.mark.parametrize(
    ("category", "verdict"), [(Category.CAPACITY, Verdict.CONFIRMED), (Category.PROCESS_DOWN, Verdict.INCONCLUSIVE)]
)
def test_what_a_host_tells_of_a_process_is_no_word_on_the_host(category: Category, verdict: Verdict) -> None:
    """That a process crashed does not say that its host is at fault; that the memory is used up does."""
    told = finding("host", "host", weight=0.9, directness=Directness.CAUSE, category=category)
    assert verdict_on(ranked([told])) is verdict
