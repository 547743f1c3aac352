"""Which components an issue text speaks of: lexical search (BM25) and the dependency graph.

BM25 after Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009). The library ``bm25s``
was measured first: importing it costs 1.5 CPU-seconds, because it imports JAX wherever JAX is installed, and an analysis
has 4 in all.
"""

import math
import re
from collections import Counter
from collections.abc import Sequence
from functools import cache

from openstack_rca.shipped import shipped_text, shipped_yaml

TERM_SATURATION = 1.5
LENGTH_NORMALISATION = 0.75
_WORD = re.compile(r"[a-z0-9][a-z0-9-]*")
_STOP_WORDS = frozenset(shipped_text("openstack_rca.rca.relevance", "stop_words.txt").split())


def words(text: str) -> list[str]:
    """Lower-case words without the ones that carry no meaning; a plural loses its final s."""
    found = (word for word in _WORD.findall(text.lower()) if word not in _STOP_WORDS)
    return [word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word for word in found]


def bm25(query: str, documents: Sequence[str]) -> list[float]:
    """Score each document against the query; returns one value per document, at least 0; 0 where no word is shared."""
    bags = [Counter(words(document)) for document in documents]
    lengths = [sum(bag.values()) for bag in bags]
    mean_length = sum(lengths) / max(len(lengths), 1) or 1.0
    scores = [0.0] * len(bags)
    for word in set(words(query)):
        containing = sum(word in bag for bag in bags)
        if containing == 0:
            continue
        rarity = math.log(1.0 + (len(bags) - containing + 0.5) / (containing + 0.5))
        for index, bag in enumerate(bags):
            frequency = bag[word]
            if frequency:
                norm = 1.0 - LENGTH_NORMALISATION + LENGTH_NORMALISATION * lengths[index] / mean_length
                scores[index] += rarity * frequency * (TERM_SATURATION + 1.0) / (frequency + TERM_SATURATION * norm)
    return scores


@cache
def component_words() -> dict[str, str]:
    """Component -> its name and the words in which people speak of what it serves (``issue_words.yaml``)."""
    described = shipped_yaml("openstack_rca.rca.relevance", "issue_words.yaml")
    return {str(name): f"{name} {served}" for name, served in described.items()}


def lexical_fit(issue: str) -> dict[str, float]:
    """BM25 of the issue against what each component serves, the best made 1; empty if no word of the issue is known."""
    described = component_words()
    scores = dict(zip(described, bm25(issue, list(described.values())), strict=True))
    best = max(scores.values(), default=0.0)
    return {name: score / best for name, score in scores.items()} if best > 0.0 else {}
