"""Similar past incidents, and the little that a confirmed one may add to a component's relevance.

Evidence is compared by the share of what both have in common (weighted Jaccard), where what is rare in the history weighs more
(inverse document frequency, Sparck Jones 1972); issues by TF-IDF cosine or, where the encoder is there, by meaning.

What nobody confirmed is shown and adds nothing: a system that learnt from its own answers would only grow surer of them.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import polars as pl

from openstack_rca.rca.evidence import Finding
from openstack_rca.rca.relevance.incident_history import PastIncident
from openstack_rca.rca.relevance.lexical import lexical_fit, words
from openstack_rca.rca.relevance.semantic import SemanticSearch, mixed_fit, semantic_fit
from openstack_rca.rca.report import Cause, Fingerprint, SimilarIncident
from openstack_rca.rca.vocabulary import ConfidenceSource
from openstack_rca.rca.weights import current

MOST_SIMILAR = 3
MOST_TEMPLATES = 20
MOST_COMPARED = 100

Feature = tuple[str, str]


@dataclass(frozen=True)
class Knowledge:
    """What an analysis knows besides the logs.

    Attributes:
        past: past incidents; empty: the history is not used.
        search: semantic search, None for lexical retrieval only.
        notices: what the reader of the report should know about either.
    """

    past: Sequence[PastIncident] = ()
    search: SemanticSearch | None = None
    notices: Sequence[str] = ()


@dataclass(frozen=True)
class Recall:
    """Similar incidents, confirmed ones first, then by similarity; and what confirmed ones add to a component's relevance."""

    similar: list[SimilarIncident] = field(default_factory=list)
    bonus: dict[str, float] = field(default_factory=dict)


def fingerprint_of(findings: Sequence[Finding], observed: pl.DataFrame) -> Fingerprint:
    """What the evidence looks like, free of times and places."""
    telling = sorted(
        (finding for finding in findings if finding.strength >= current().noticeable),
        key=lambda finding: (-finding.strength, finding.first, finding.title),
    )
    rows = [finding.rows[0] for finding in telling if finding.rows and finding.count][:MOST_TEMPLATES]
    templates = observed.filter(pl.col("row").is_in(rows))["template_id"].unique().to_list() if rows else []
    return Fingerprint(
        signatures=sorted({finding.signature for finding in telling if finding.signature}),
        accused=sorted({finding.accused for finding in telling}),
        templates=sorted(f"{template:016x}" for template in templates),
        began=min((finding.first for finding in telling), default=None),
    )


def fit_to_issue(issue: str, findings: Sequence[Finding], knowledge: Knowledge) -> dict[str, float]:
    """How well each component fits the issue, in [0, 1]: by words, and by meaning where ``knowledge`` has a search."""
    fit = lexical_fit(issue)
    return fit if knowledge.search is None else mixed_fit(fit, semantic_fit(issue, findings, knowledge.search))


def recall(issue: str, fingerprint: Fingerprint, knowledge: Knowledge) -> Recall:
    """Find the past incidents that resemble this one.

    Args:
        knowledge: the past, and the semantic search that compares issues by meaning.
    """
    own = _features(fingerprint)
    known = [item for item in _each_once(knowledge.past, fingerprint.began) if item.component]
    if not own or not known:
        return Recall()
    features = [_features(item.analysis.fingerprint) for item in known]
    weights = _weights([own, *features])
    table = current()
    near = [
        (table.evidence_share * _jaccard(own, theirs, weights), item, own & theirs)
        for item, theirs in zip(known, features, strict=True)
        if len(own & theirs) >= table.alike_features
    ]
    # Issues are compared only where they can still decide: encoding a long history would take minutes.
    near = [entry for entry in near if entry[0] + 1.0 - table.evidence_share >= table.similar]
    near = sorted(near, key=lambda entry: (not entry[1].confirmed, -entry[0]))[:MOST_COMPARED]
    issues = [item.analysis.issue for _, item, _ in near]
    alike = issue_similarity(issue, issues)
    if knowledge.search is not None:
        alike = [max(pair) for pair in zip(alike, knowledge.search.similarity(issue, issues), strict=True)]
    matches = []
    for (evidence, item, shared), text in zip(near, alike, strict=True):
        similarity = evidence + (1.0 - table.evidence_share) * text
        if similarity >= table.similar:
            matches.append((item, min(1.0, similarity), shared))
    matches.sort(key=lambda match: (not match[0].confirmed, -match[1], match[0].id))
    bonus: dict[str, float] = {}
    for item, similarity, _ in matches:
        if item.confirmed and item.component:
            bonus[item.component] = max(bonus.get(item.component, 0.0), table.history_bonus * similarity)
    return Recall([_told(*match, weights) for match in matches[:MOST_SIMILAR]], bonus)


def add_history_bonus(relevance: Mapping[str, float], bonus: Mapping[str, float]) -> dict[str, float]:
    """Relevance with the bonus of confirmed similar incidents, never above 1."""
    names, most = dict.fromkeys([*relevance, *bonus]), current().history_bonus
    return {name: min(1.0, relevance.get(name, 0.0) + min(most, bonus.get(name, 0.0))) for name in names}


def with_history_notes(causes: Sequence[Cause], relevance: Mapping[str, float], found: Recall) -> list[Cause]:
    """The causes, with a note of what the history added to their fit; ``relevance`` is without it."""
    told = []
    for cause in causes:
        base = relevance.get(cause.component, 0.0)
        added = add_history_bonus({cause.component: base}, found.bonus)[cause.component] - base
        if added > 0:
            note = f"of it {added:.2f} because a similar past incident was confirmed as {cause.component}"
            parts = [
                part.model_copy(update={"note": note}) if part.name == ConfidenceSource.FITS_ISSUE else part
                for part in cause.confidence_parts
            ]
            cause = cause.model_copy(update={"confidence_parts": parts})
        told.append(cause)
    return told


def issue_similarity(issue: str, others: Sequence[str]) -> list[float]:
    """TF-IDF cosine of an issue with each of the others, in [0, 1]; 0 where they share no word."""
    bags = [Counter(words(text)) for text in (issue, *others)]
    containing = Counter(word for bag in bags for word in bag)

    def vector(bag: Counter[str]) -> dict[str, float]:
        return {word: count * _rarity(containing[word], len(bags)) for word, count in bag.items()}

    own, *rest = [vector(bag) for bag in bags]
    return [_cosine(own, other) for other in rest]


def _cosine(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    product = sum(weight * other.get(word, 0.0) for word, weight in one.items())
    lengths = math.hypot(*one.values()) * math.hypot(*other.values())
    return min(1.0, product / lengths) if lengths else 0.0


def _rarity(containing: int, documents: int) -> float:
    return math.log((1 + documents) / (1 + containing)) + 1.0


def _features(fingerprint: Fingerprint) -> frozenset[Feature]:
    return frozenset(
        [("signature", name) for name in fingerprint.signatures]
        + [("accused", name) for name in fingerprint.accused]
        + [("template", name) for name in fingerprint.templates]
    )


def _weights(documents: Sequence[frozenset[Feature]]) -> dict[Feature, float]:
    containing = Counter(feature for document in documents for feature in document)
    kinds = {"signature": current().signature_weight}
    return {
        feature: kinds.get(feature[0], 1.0) * _rarity(count, len(documents)) for feature, count in containing.items()
    }


def _jaccard(one: frozenset[Feature], other: frozenset[Feature], weights: Mapping[Feature, float]) -> float:
    whole = sum(weights[feature] for feature in one | other)
    return sum(weights[feature] for feature in one & other) / whole if whole else 0.0


def _each_once(past: Sequence[PastIncident], now: datetime | None) -> list[PastIncident]:
    """One entry for an incident that was analysed several times: the confirmed, else the newest one.

    The incident that is being analysed is left out of its own past unless somebody confirmed what it was.
    """
    kept: list[PastIncident] = []
    # By stretches of ``same_seconds``, so that only neighbours need to be compared.
    seen: dict[int, list[datetime]] = {}
    for item in sorted(past, key=lambda item: (item.confirmed, item.analysis.recorded), reverse=True):
        began = item.analysis.fingerprint.began
        if not item.confirmed and _same(began, now):
            continue
        if began is not None:
            stretch = int(began.timestamp() // current().same_seconds)
            if any(_same(began, other) for near in (-1, 0, 1) for other in seen.get(stretch + near, ())):
                continue
            seen.setdefault(stretch, []).append(began)
        kept.append(item)
    return kept


def _same(one: datetime | None, other: datetime | None) -> bool:
    return one is not None and other is not None and abs(one - other) <= timedelta(seconds=current().same_seconds)


def _told(
    item: PastIncident, similarity: float, shared: frozenset[Feature], weights: Mapping[Feature, float]
) -> SimilarIncident:
    names = [feature for feature in shared if feature[0] != "template"]
    names.sort(key=lambda feature: (-weights[feature], feature))
    return SimilarIncident(
        id=item.id,
        time=item.analysis.time,
        issue=item.analysis.issue,
        component=item.component or "",
        category=item.category,
        confirmed=item.confirmed,
        similarity=round(similarity, 3),
        verdict=item.analysis.verdict,
        source=item.analysis.source,
        note=item.note,
        shared=[f"{kind} {name}" for kind, name in names[:5]],
    )
