"""The order of the candidates: what is left of their guilt, how much of the trouble they explain, and the question."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from finding_samples import finding
from hypothesis import assume, given
from hypothesis import strategies as st

from openstack_rca.rca.judgement.guilt import Candidate
from openstack_rca.rca.judgement.ranking import rank
from openstack_rca.rca.vocabulary import Category, Directness
from openstack_rca.rca.weights import current

START = datetime(2026, 1, 1, tzinfo=UTC)
SHARE = st.floats(0, 1)
SIGNALS = ("direct", "accused", "silent", "symptom")
CANDIDATES = st.builds(
    Candidate,
    component=st.sampled_from(["mariadb", "keystone", "nova-api"]),
    direct=SHARE,
    accused=SHARE,
    silent=SHARE,
    symptom=SHARE,
    explained_by=st.none() | st.tuples(st.just("rabbitmq"), SHARE),
    explains_share=SHARE,
)


def score(candidate: Candidate, fit: float = 0.0) -> float:
    (ranked,) = rank([replace(candidate)], {candidate.component: fit})
    return ranked.score


@given(CANDIDATES, SHARE)
def test_a_score_is_a_share(candidate: Candidate, fit: float) -> None:
    """Whatever speaks against a component, its score lies between nothing and certainty."""
    assert 0 <= score(candidate, fit) <= 1


@pytest.mark.parametrize("signal", SIGNALS)
@given(candidate=CANDIDATES, more=SHARE)
def test_more_guilt_of_any_kind_never_lowers_a_score(signal: str, candidate: Candidate, more: float) -> None:
    """Own words, accusations, silence and unexplained errors all speak against."""
    assume(more > getattr(candidate, signal))
    assert score(replace(candidate, **{signal: more})) >= score(candidate)


@pytest.mark.parametrize("signal", SIGNALS)
def test_each_kind_of_guilt_alone_makes_a_candidate(signal: str) -> None:
    """None of the four needs another one."""
    assert score(Candidate("keystone")) == 0
    assert score(Candidate("keystone", **{signal: 0.5})) > 0.25  # type: ignore[arg-type]


@given(CANDIDATES, SHARE, SHARE)
def test_whom_a_guilty_dependency_explains_more_is_less_guilty(candidate: Candidate, one: float, other: float) -> None:
    """The more of it, the less is left; none of it, and all is left."""
    less, more = sorted((one, other))
    assert score(replace(candidate, explained_by=("rabbitmq", more))) <= score(
        replace(candidate, explained_by=("rabbitmq", less))
    )
    assert score(replace(candidate, explained_by=("rabbitmq", 0.0))) == score(replace(candidate, explained_by=None))


def test_own_words_are_excused_less_than_what_others_say() -> None:
    """A full explanation leaves what the table says of either."""
    table, explained = current(), ("rabbitmq", 1.0)
    said = Candidate("keystone", direct=0.6)
    accused = Candidate("keystone", accused=0.6)
    assert score(replace(said, explained_by=explained)) == pytest.approx(score(said) * (1 - table.explained_words))
    assert score(replace(accused, explained_by=explained)) == pytest.approx(score(accused) * (1 - table.explained))


@given(CANDIDATES, SHARE, SHARE)
def test_who_explains_more_of_the_trouble_is_guiltier(candidate: Candidate, one: float, other: float) -> None:
    """Up to all of it."""
    less, more = sorted((one, other))
    assert score(replace(candidate, explains_share=less)) <= score(replace(candidate, explains_share=more))


def test_guilt_counts_by_what_it_explains_and_own_words_however_little() -> None:
    """The table says what is left of guilt that explains nothing, and how much explaining everything adds."""
    table = current()
    accused = Candidate("keystone", accused=0.6, explains_share=0.0)
    assert score(accused) == pytest.approx(0.6 * table.reach)
    assert score(replace(accused, explains_share=1.0)) == pytest.approx(0.6)
    assert score(Candidate("keystone", direct=0.6, explains_share=0.0)) == pytest.approx(0.6 * table.own_reach)
    assert score(Candidate("keystone", direct=0.6, explains_share=1.0)) == pytest.approx(0.6)


def test_who_has_nobody_to_explain_stands_between_the_two() -> None:
    """No merit and no fault."""
    nobody = Candidate("keystone", accused=0.6)
    assert nobody.explains_share == current().nothing_to_explain
    assert score(replace(nobody, explains_share=0.0)) < score(nobody) < score(replace(nobody, explains_share=1.0))


@given(CANDIDATES, SHARE, SHARE)
def test_whoever_fits_the_question_is_not_ranked_lower_for_it(candidate: Candidate, one: float, other: float) -> None:
    """The question decides between equals; a fit alone is no guilt."""
    less, more = sorted((one, other))
    assert score(candidate, less) <= score(candidate, more)
    assert score(Candidate("keystone"), more) == 0


def test_the_question_sorts_equals_and_does_not_overrule_evidence() -> None:
    """Full fit moves a component by a few per cent."""
    equals = [Candidate("keystone", accused=0.6), Candidate("mariadb", accused=0.6)]
    assert [one.component for one in rank(equals, {"mariadb": 1.0})] == ["mariadb", "keystone"]
    guiltier = [Candidate("keystone", accused=0.8), Candidate("mariadb", accused=0.6)]
    assert [one.component for one in rank(guiltier, {"mariadb": 1.0})] == ["keystone", "mariadb"]


def test_the_best_come_first_then_the_earliest_then_by_name() -> None:
    """Whoever has no onset comes after those that have one."""
    candidates = [
        Candidate("zaqar", accused=0.5),
        Candidate("barbican", accused=0.5),
        Candidate("nova-api", accused=0.5, onset=START + timedelta(seconds=1)),
        Candidate("keystone", accused=0.5, onset=START),
        Candidate("mariadb", accused=0.7, onset=START + timedelta(hours=1)),
    ]
    assert [one.component for one in rank(candidates, {})] == ["mariadb", "keystone", "nova-api", "barbican", "zaqar"]


def test_the_question_sorts_equals_by_how_well_they_fit() -> None:
    """Not only by whether they fit at all."""
    equals = [Candidate(name, accused=0.6) for name in ("keystone", "mariadb", "rabbitmq")]
    ranked = rank(equals, {"keystone": 0.2, "mariadb": 0.5, "rabbitmq": 0.9})
    assert [one.component for one in ranked] == ["rabbitmq", "mariadb", "keystone"]


@pytest.mark.parametrize(("apart", "first"), [(0.9, "mariadb"), (1.1, "keystone")], ids=["within", "beyond"])
def test_scores_so_close_as_the_table_says_are_equals(apart: float, first: str) -> None:
    """The question decides between them, and between nobody else; the rest stay where they are."""
    ahead, behind = 0.6, 0.6 - apart * current().tie
    candidates = [
        Candidate("keystone", accused=ahead, explains_share=1.0),
        Candidate("mariadb", accused=behind, explains_share=1.0),
        Candidate("rabbitmq", accused=0.3, explains_share=1.0),
        Candidate("zaqar", accused=0.2, explains_share=1.0),
    ]
    ranked = [one.component for one in rank(candidates, {"mariadb": 0.5, "zaqar": 1.0})]
    assert (ranked[0], ranked[2:]) == (first, ["rabbitmq", "zaqar"])


@pytest.mark.parametrize(
    ("share", "facts", "rivalled"),
    [
        (1.01, {}, True),
        (0.99, {}, False),
        (1.01, {"explains": ["glance-api", "mariadb"]}, False),
        (1.01, {"explains": ["glance-api"]}, True),
        (1.01, {"explained_by": ("keystone", 0.0)}, False),
        (1.01, {"explained_by": ("glance-api", 0.0)}, True),
        (1.01, {"explained_by": ("nova-api", 0.0)}, True),
    ],
    ids=["as much", "less", "the best explains it", "others", "by the best", "by another", "by one more"],
)
def test_the_best_has_a_rival_in_a_second_that_scores_about_as_much_and_does_not_hang_on_it(
    share: float, facts: dict[str, object], rivalled: bool
) -> None:
    """How much that is, the table says; nobody else is marked."""
    best = Candidate("keystone", direct=0.8, explains_share=1.0)
    second = Candidate("mariadb", direct=0.8 * current().rival * share, explains_share=1.0)
    third = replace(second, component="zaqar", direct=0.1)
    for name, value in facts.items():
        setattr(best if name == "explains" else second, name, value)
    assert [one.rivalled for one in rank([third, second, best], {})] == [rivalled, False, False]


def test_who_is_alone_or_accused_by_nobody_has_no_rival() -> None:
    """And nobody at all is no error."""
    assert [one.rivalled for one in rank([Candidate("keystone", direct=0.8)], {})] == [False]
    assert rank([], {}) == []


def said(component: str, strength: float, directness: Directness = Directness.ACCUSATION, **facts: object) -> Candidate:
    """A candidate with one finding, which ``facts`` describe."""
    one = replace(finding(component, component, directness=directness), **facts)  # type: ignore[arg-type]
    return Candidate(component, findings=[one], direct=strength, explains_share=1.0)


SYMPTOM = {"directness": Directness.SYMPTOM, "signature": "known-symptom"}


def test_what_no_rule_knows_comes_before_what_follows_from_another_fault() -> None:
    """Where nobody is plainly at fault, the known symptom falls behind by more than what counts as equal."""
    table = current()
    weak, new = table.failure * 0.9, table.failure * 0.6
    sufferer, cause, neither = (
        said("nova-api", weak, **SYMPTOM),  # type: ignore[arg-type]
        said("keystone", new, unexplained=True),
        said("glance-api", weak, signature="known-accusation"),
    )
    ranked = rank([sufferer, cause, neither], {})
    assert [one.component for one in ranked] == ["glance-api", "keystone", "nova-api"]
    assert sufferer.score == pytest.approx(new - 2 * table.tie)
    assert neither.score == pytest.approx(weak)


@pytest.mark.parametrize("sufferer", [SYMPTOM, {"directness": Directness.SYMPTOM, "unexplained": True, "vague": True}])
def test_an_error_that_tells_its_kind_comes_before_what_tells_none(sufferer: dict[str, object]) -> None:
    """An API says that what it asked for failed; the service behind it says what is wrong."""
    told = said("manila-share", 0.15, directness=Directness.SYMPTOM, unexplained=True)
    ranked = rank([said("manila-api", 0.2, **sufferer), told], {})  # type: ignore[arg-type]
    assert ranked[0] is told


def test_an_error_whose_words_tell_no_kind_comes_before_a_known_symptom() -> None:
    vague = said("manila-share", 0.15, directness=Directness.SYMPTOM, unexplained=True, vague=True)
    assert rank([said("nova-api", 0.2, **SYMPTOM), vague], {})[0] is vague  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("plain", "told"),
    [
        (0.6, {"unexplained": True}),
        (0.2, {"unexplained": True, "accuser": "nova-api"}),
        (0.2, {}),
    ],
    ids=["somebody is plainly at fault", "another one says it", "a rule knows it"],
)
def test_a_known_symptom_stays_in_front_where(plain: float, told: dict[str, object]) -> None:
    """Only an own error that no rule knows says more than a symptom, and only among weak ones."""
    sufferer = said("nova-api", plain, **SYMPTOM)  # type: ignore[arg-type]
    ranked = rank([said("keystone", 0.15, **told), sufferer], {})  # type: ignore[arg-type]
    assert ranked[0] is sufferer
    assert sufferer.score == pytest.approx(plain)


def test_of_a_component_with_symptoms_only_its_own_unknown_error_is_told() -> None:
    """That the scheduler found no host is known to follow; what nova-compute says of itself is why."""
    known = replace(finding("nova-conductor", "nova-compute", weight=0.2), **SYMPTOM)  # type: ignore[arg-type]
    own = replace(finding("nova-compute", "nova-compute", weight=0.1), directness=Directness.SYMPTOM, signature=None)
    own = replace(own, unexplained=True, vague=True)
    assert Candidate("nova-compute", findings=[known, own]).leading is own


def test_the_reason_that_the_missed_one_gives_is_told_however_long_its_logs_have_held_it() -> None:
    """Clients say that it does not answer; that its logs hold the reason since they begin makes it no less the reason."""
    missed = replace(finding("barbican-api", "nova-compute", weight=0.7), category=Category.PROCESS_DOWN)
    reason = replace(finding("barbican-api", "barbican-api", weight=0.9), directness=Directness.CAUSE, novelty=0.05)
    reason = replace(reason, category=Category.AUTH, first=missed.first, last=missed.last)
    assert Candidate("barbican-api", findings=[missed, reason]).leading is reason
    weakened = reason.weakened(0.15)
    assert Candidate("barbican-api", findings=[missed, weakened]).leading is missed
