"""Similar past incidents: what counts as alike, and how little a confirmed one may add."""

from datetime import timedelta

import polars as pl
import pytest
import report_samples
from history_samples import MARIADB, RABBITMQ, START, past
from hypothesis import given
from hypothesis import strategies as st

from openstack_rca.rca.evidence.finding import Finding
from openstack_rca.rca.judgement import explain, rank, weigh
from openstack_rca.rca.knowledge.topology import load_topology
from openstack_rca.rca.relevance.past_incidents import (
    Knowledge,
    Recall,
    add_history_bonus,
    fingerprint_of,
    issue_similarity,
    recall,
    with_history_notes,
)
from openstack_rca.rca.report.report import ConfidencePart, Fingerprint
from openstack_rca.rca.vocabulary import Category, Directness, EvidenceSort
from openstack_rca.rca.weights import current

ISSUE = "Nothing can be created"
NOW = MARIADB.model_copy(update={"began": START})


def finding(accused: str, *, weight: float = 0.7, row: int = 0, count: int = 1, signature: str | None = "s") -> Finding:
    return Finding(
        sort=EvidenceSort.SIGNATURE if count else EvidenceSort.SILENCE,
        directness=Directness.ACCUSATION,
        accused=accused,
        accuser="a-client",
        accuser_host="controller",
        category=Category.DATABASE,
        title=f"{accused} fails",
        why="",
        weight=weight,
        rows=(row,),
        count=count,
        first=START + timedelta(seconds=row),
        last=START + timedelta(seconds=row),
        signature=signature,
    )


def test_the_same_evidence_again_is_recognised_whatever_the_issue_says() -> None:
    """Another operator, other words, the same failure."""
    found = recall("total chaos here", NOW, Knowledge([past("one", was="mariadb")]))
    (entry,) = found.similar
    assert (entry.id, entry.component, entry.confirmed) == ("one", "mariadb", True)
    assert entry.similarity >= 0.75
    assert "signature database-server-gone" in entry.shared


def test_the_same_words_with_other_evidence_are_not_alike() -> None:
    """Everybody's issue is that nothing works."""
    assert recall(ISSUE, RABBITMQ, Knowledge([past(was="mariadb")])) == Recall()


def test_two_analyses_that_found_next_to_nothing_are_not_alike() -> None:
    thin = Fingerprint(accused=["nova-compute"], templates=["00000000000000aa"])
    assert recall(ISSUE, thin, Knowledge([past(was="nova-compute", fingerprint=thin)])) == Recall()


def test_without_evidence_or_without_a_past_nothing_is_recalled() -> None:
    assert recall(ISSUE, Fingerprint(), Knowledge([past(was="mariadb")])) == Recall()
    assert recall(ISSUE, NOW, Knowledge()) == Recall()


def test_what_is_rare_weighs_more() -> None:
    """A signature that every incident carries says less than one that only two share."""
    common = [f"common-{number}" for number in range(3)]
    crowd = [past(f"c{n}", days_ago=n + 5, fingerprint=Fingerprint(signatures=[*common, f"own-{n}"])) for n in range(9)]
    rare = past("rare", days_ago=2, fingerprint=Fingerprint(signatures=["r-0", "r-1", "r-2", "other-0"]))
    now = Fingerprint(signatures=[*common, "r-0", "r-1", "r-2"])
    found = recall("", now, Knowledge([*crowd, rare]))
    assert found.similar[0].id == "rare"


def test_confirmed_ones_come_first_and_three_are_enough() -> None:
    guesses = [past(f"guess-{number}", days_ago=number + 2) for number in range(5)]
    weaker = Fingerprint(signatures=MARIADB.signatures, accused=MARIADB.accused)
    known = past("known", was="keystone", days_ago=40, fingerprint=weaker)
    found = recall(ISSUE, NOW, Knowledge([*guesses, known]))
    assert [entry.confirmed for entry in found.similar] == [True, False, False]
    assert found.similar[0].similarity < found.similar[1].similarity


def test_an_incident_that_was_analysed_five_times_is_told_once() -> None:
    """The confirmed analysis speaks for the others."""
    again = [past(f"try-{number}", days_ago=3) for number in range(5)]
    found = recall(ISSUE, NOW, Knowledge([*again, past("known", was="keystone", days_ago=3)]))
    assert [entry.id for entry in found.similar] == ["known"]


def test_an_incident_is_not_its_own_past() -> None:
    """Analysing the same logs again finds no past incident, unless somebody confirmed what it was."""
    assert recall(ISSUE, NOW, Knowledge([past(days_ago=0)])).similar == []
    assert [e.id for e in recall(ISSUE, NOW, Knowledge([past("yes", was="mariadb", days_ago=0)])).similar] == ["yes"]


def test_what_nobody_confirmed_adds_nothing() -> None:
    """However often the system gave an answer, it does not grow surer of it."""
    answers = [past(f"answer-{number}", days_ago=number + 1) for number in range(50)]
    found = recall(ISSUE, NOW, Knowledge(answers))
    assert len(found.similar) == 3
    assert found.bonus == {}


def test_a_confirmation_speaks_for_the_confirmed_component_only() -> None:
    """mariadb was answered, keystone was true: mariadb gets nothing."""
    assert list(recall(ISSUE, NOW, Knowledge([past(was="keystone")])).bonus) == ["keystone"]


def test_any_number_of_confirmations_adds_no_more_than_the_bound() -> None:
    many = [past(f"yes-{number}", was="mariadb", days_ago=number + 1) for number in range(50)]
    bonus = recall(ISSUE, NOW, Knowledge(many)).bonus
    assert 0 < bonus["mariadb"] <= current().history_bonus
    assert add_history_bonus({"mariadb": 0.9, "keystone": 0.4}, bonus) == {"mariadb": 1.0, "keystone": 0.4}
    assert add_history_bonus({}, {"mariadb": 7.0}) == {"mariadb": current().history_bonus}


def test_the_past_decides_between_equals_and_never_overrules_evidence() -> None:
    topology = load_topology()

    def first(weight: float) -> str:
        found = [finding("placement-api", weight=0.5), finding("glance-api", weight=weight)]
        return rank(
            explain(weigh(found), found, topology), add_history_bonus({}, {"placement-api": current().history_bonus})
        )[0].component

    assert first(0.5) == "placement-api"
    assert first(0.55) == "glance-api"


def test_a_confidence_that_the_past_raised_says_so() -> None:
    """The note stands at the part that was raised, and only where something was added."""
    part = ConfidencePart(name="fits the issue", value=0.5)
    cause = report_samples.database_cause().model_copy(update={"confidence_parts": [part]})
    (told,) = with_history_notes([cause], {"mariadb": 0.3}, Recall(bonus={"mariadb": 0.2}))
    assert "0.20 because a similar past incident was confirmed as mariadb" in told.confidence_parts[0].note
    assert with_history_notes([cause], {"mariadb": 1.0}, Recall(bonus={"mariadb": 0.2})) == [cause]
    assert with_history_notes([cause], {"mariadb": 0.3}, Recall(bonus={"keystone": 0.2})) == [cause]


def test_a_fingerprint_holds_what_was_found_and_neither_times_nor_places() -> None:
    observed = pl.DataFrame({"row": [0, 1, 2], "template_id": pl.Series([10, 255, 12], dtype=pl.UInt64)})
    found = [
        finding("mariadb", row=1, signature="gone"),
        finding("rabbitmq", row=2, count=0, signature=None),
        finding("keystone", row=0, weight=0.01, signature="too-weak"),
    ]
    made = fingerprint_of(found, observed)
    assert (made.signatures, made.accused) == (["gone"], ["mariadb", "rabbitmq"])
    assert made.templates == ["00000000000000ff"], "a silence has no line of its own"
    assert made.began == START + timedelta(seconds=1)
    assert fingerprint_of([], observed) == Fingerprint()


@pytest.mark.parametrize(
    ("issue", "other", "low", "high"),
    [
        ("Instances stay in BUILD", "instances stay in build", 0.99, 1.0),
        ("Instances stay in BUILD", "Nobody can log in", 0.0, 0.0),
        ("Instances stay in BUILD", "New instances fail to build", 0.1, 0.8),
        ("", "Nobody can log in", 0.0, 0.0),
    ],
)
def test_issues_are_alike_by_their_words(issue: str, other: str, low: float, high: float) -> None:
    assert low <= issue_similarity(issue, [other])[0] <= high


FINGERPRINTS = st.builds(
    Fingerprint,
    signatures=st.lists(st.sampled_from("abcde"), unique=True),
    accused=st.lists(st.sampled_from(["mariadb", "rabbitmq", "keystone"]), unique=True),
    templates=st.lists(st.sampled_from("0123"), unique=True),
    began=st.none() | st.just(START),
)
PASTS = st.builds(
    past,
    st.text(min_size=1, max_size=12),
    st.none() | st.sampled_from(["mariadb", "keystone"]),
    st.floats(0, 400),
    issue=st.text(max_size=100),
    fingerprint=FINGERPRINTS,
    component=st.none() | st.just("rabbitmq"),
)


@given(st.text(alphabet=st.characters(), max_size=300), FINGERPRINTS, st.lists(PASTS, max_size=6))
def test_any_issue_and_any_past_give_a_bounded_answer(
    issue: str, fingerprint: Fingerprint, history: list[object]
) -> None:
    """Nothing crashes, at most three are told, and only confirmed components gain, within the bound."""
    found = recall(issue, fingerprint, Knowledge(history))  # type: ignore[arg-type]
    assert len(found.similar) <= 3
    assert all(0 <= entry.similarity <= 1 and entry.component for entry in found.similar)
    assert set(found.bonus) <= {"mariadb", "keystone"}
    assert all(0 < value <= current().history_bonus for value in found.bonus.values())
