"""Confidence rises with the score, and what is told of a cause comes from one finding."""

from typing import Any

import pytest
from cloud import Cloud
from finding_samples import finding
from fit_confidence import LabelledAnswer, fit_steps, leave_one_group_out_error
from hypothesis import given
from hypothesis import strategies as st
from sites import SMALL
from test_engine_messaging import killed

from openstack_rca.rca.engine import AnalysisRequest, investigate
from openstack_rca.rca.evidence import Finding, NormalRates
from openstack_rca.rca.judgement import fitted_steps, probability, rank, verdict_on, weigh
from openstack_rca.rca.knowledge import load_catalogue, load_topology
from openstack_rca.rca.vocabulary import Category, Directness, EvidenceSort, Verdict

PROVEN = [Verdict.INCONCLUSIVE, Verdict.LIKELY, Verdict.CONFIRMED]


@given(st.tuples(st.integers(0, 2), st.floats(0, 1)), st.tuples(st.integers(0, 2), st.floats(0, 1)))
def test_better_proof_and_a_higher_score_are_never_less_sure(one: tuple[int, float], other: tuple[int, float]) -> None:
    """The map rises with the verdict, then with the score, and stays within (0, 1): no CONFIRMED is less sure than a LIKELY."""
    (low, less), (high, more) = sorted((one, other))
    assert 0.0 < probability(PROVEN[low], less) <= probability(PROVEN[high], more) < 1.0


def test_each_step_of_the_stored_map_rests_on_ten_answers() -> None:
    """So a confidence is a number everywhere."""
    steps = fitted_steps()
    assert all(step.answers >= 10 for step in steps)
    assert [step.share for step in steps] == sorted(step.share for step in steps)


@given(st.lists(st.tuples(st.integers(0, 2), st.floats(0, 1), st.booleans()), min_size=1, max_size=60))
def test_a_fitted_map_never_falls_and_counts_every_answer(given_answers: list[tuple[int, float, bool]]) -> None:
    """Pooling keeps all answers, whatever order right and wrong come in."""
    answers = [LabelledAnswer(str(rung), PROVEN[rung], score, right) for rung, score, right in given_answers]
    steps = fit_steps(answers)
    assert sum(step.answers for step in steps) == len(answers)
    assert [step.share for step in steps] == sorted(step.share for step in steps)
    assert all(step.answers >= 10 for step in steps) or len(steps) == 1


def test_a_kind_of_fault_is_not_judged_by_its_own_answers() -> None:
    """Where all answers of one kind are wrong and all others right, leaving the kind out shows that the map errs there."""
    answers = [LabelledAnswer("known", Verdict.CONFIRMED, 0.9, True)] * 30
    answers += [LabelledAnswer("odd", Verdict.CONFIRMED, 0.9, False)] * 10
    error = leave_one_group_out_error(answers)
    assert error is not None and error > 0.2


def against(accuser: str, **more: Any) -> Finding:
    return finding("rabbitmq", accuser, **{"weight": 0.4} | more)


def verdict(*found: Finding) -> Verdict:
    [candidate] = weigh(list(found))
    candidate.score = 0.9
    return verdict_on([candidate])


def test_who_says_so_itself_is_confirmed() -> None:
    """The broker's own line; the same words of a client are one witness that names it and the reason."""
    assert verdict(against("rabbitmq", weight=0.8, directness=Directness.CAUSE)) is Verdict.CONFIRMED
    assert verdict(against("nova-api", weight=0.8, directness=Directness.CAUSE)) is Verdict.LIKELY


def test_two_witnesses_are_likely_and_one_that_waits_in_vain_is_not() -> None:
    """Two services, one service on two hosts, or a service and the silence of the accused; one of them speaks plainly."""
    waits = against("nova-api", category=Category.HANG, weight=0.6)
    also = against("cinder-api", category=Category.HANG)
    silent = against("rabbitmq", sort=EvidenceSort.SILENCE, category=Category.HANG)
    assert verdict(waits) is Verdict.INCONCLUSIVE
    assert verdict(waits, also) is Verdict.LIKELY
    assert verdict(waits, silent) is Verdict.LIKELY
    assert verdict(also, silent) is Verdict.INCONCLUSIVE


def test_symptoms_alone_prove_nothing() -> None:
    """However many there are."""
    symptoms = [against(f"service-{n}", directness=Directness.SYMPTOM) for n in range(5)]
    assert verdict(*symptoms) is Verdict.INCONCLUSIVE


def test_who_is_excused_by_another_is_not_confirmed() -> None:
    """Its own words stand, but somebody else accounts for them."""
    [candidate] = weigh([against("rabbitmq", weight=0.8, directness=Directness.CAUSE)])
    candidate.score, candidate.explained_by = 0.9, ("host", 0.9)
    assert verdict_on([candidate]) is not Verdict.CONFIRMED


@pytest.mark.parametrize("issue", ["", "hello", "The coffee machine on the second floor is broken"])
def test_words_that_name_nothing_change_nothing(issue: str) -> None:
    """Ranking, verdict and confidence are those of no issue at all."""
    cloud = Cloud(SMALL)
    killed(cloud)
    events = cloud.events()

    def told(words: str) -> list[tuple[object, ...]]:
        case = investigate(
            AnalysisRequest(words, []), events, None, NormalRates.empty(), load_catalogue(), load_topology()
        )
        return [(case.verdict,), *((c.component, c.score) for c in case.candidates)]

    assert told(issue) == told("")


def test_words_of_the_issue_decide_between_equals_only() -> None:
    """Two that are as guilty: the one that the issue speaks of comes first; a guiltier one comes first whatever is said."""
    one, other = (finding(name, name, weight=0.6, directness=Directness.CAUSE) for name in ("glance-api", "cinder-api"))
    worse = finding("nova-api", "nova-api", weight=0.9, directness=Directness.CAUSE)
    for named in ("glance-api", "cinder-api"):
        assert rank(weigh([one, other]), {named: 1.0})[0].component == named
        assert rank(weigh([one, other, worse]), {named: 1.0})[0].component == "nova-api"


def test_the_reason_before_a_stop_is_what_is_told() -> None:
    """A service that cannot parse its configuration and is stopped for it has a fault of configuration."""
    stop = finding("nova-api", "nova-api", weight=0.95, directness=Directness.CAUSE, at=3)
    why = finding("nova-api", "nova-api", weight=0.8, directness=Directness.CAUSE, category=Category.CONFIG)
    assert weigh([stop, why])[0].leading is why


def test_what_is_complained_of_long_after_a_stop_is_no_reason() -> None:
    """A queue that is full after the restart did not stop the service."""
    stop = finding("keystone", "keystone", weight=0.95, directness=Directness.CAUSE)
    late = finding("keystone", "keystone", weight=1.0, directness=Directness.CAUSE, category=Category.CAPACITY, at=46)
    assert weigh([stop, late])[0].category is Category.PROCESS_DOWN


def test_the_kind_of_fault_of_a_silent_server_is_what_most_say() -> None:
    """Clients that wait in vain say that it hangs."""
    waits = [finding("rabbitmq", name, weight=0.5, category=Category.HANG) for name in ("nova-api", "cinder-api")]
    one = finding("rabbitmq", "heat-engine", weight=0.5, category=Category.MESSAGING, at=-1)
    assert weigh([one, *waits])[0].category is Category.HANG
