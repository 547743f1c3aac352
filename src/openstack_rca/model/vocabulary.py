"""What the network knows by index: templates, services and kinds of story; and texts as bags of hashed words."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

IntegerArray = npt.NDArray[np.int32]
FloatArray = npt.NDArray[np.float32]

PADDING, START, OTHER, FIRST_KNOWN = 0, 1, 2, 3
"""Template indices that are not templates of the vocabulary; class of an index is ``index - OTHER``."""

OTHER_SERVICE = 1
PROCESS, OTHER_STORY = 0, 1
"""Stream indices: a process stream, and a story of a kind that training did not hold."""
WORD_BUCKETS = 256
MAXIMUM_SERVICES = 254
MINIMUM_TEMPLATE_COUNT = 2

_WORD = re.compile(r"[A-Za-z][A-Za-z_]+")


def hashed_words(templates: Sequence[str], buckets: int = WORD_BUCKETS) -> FloatArray:
    """Bag of hashed words of each text, (texts, buckets).

    Each word adds +1 or -1 to one bucket (feature hashing with signs, Weinberger et al., ICML 2009); rows have length
    one, so a long message is not a loud one.
    """
    bags = np.zeros((len(templates), buckets), dtype=np.float32)
    places: dict[str, tuple[int, float]] = {}
    for row, template in enumerate(templates):
        for word in set(_WORD.findall(template.lower())):
            if word not in places:
                number = int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest(), "little")
                places[word] = (number % buckets, 1.0 if number >> 63 else -1.0)
            bucket, sign = places[word]
            bags[row, bucket] += sign
    norms = np.linalg.norm(bags, axis=1, keepdims=True)
    bags /= np.maximum(norms, np.float32(1e-6))
    return bags


@dataclass(frozen=True)
class Vocabulary:
    """Which templates and services the network knows by index.

    Attributes:
        template_ids: known templates; the i-th has index ``FIRST_KNOWN + i``.
        services: known services; the i-th has index ``OTHER_SERVICE + 1 + i``.
        others: how many templates share the class "other": those of the training events that are not in
            ``template_ids``, and one for all that never came.
        story_kinds: kinds of story in training; the i-th has stream index ``OTHER_STORY + 1 + i``. Empty: the network
            knows no stories, and has no END class.
    """

    template_ids: tuple[int, ...]
    services: tuple[str, ...]
    others: int = 1
    story_kinds: tuple[str, ...] = ()

    @property
    def template_count(self) -> int:
        """Rows of the template embedding."""
        return FIRST_KNOWN + len(self.template_ids)

    @property
    def class_count(self) -> int:
        """Classes of the next-template head: "other", the known templates, and END (the last) with stories."""
        return self.template_count - OTHER + bool(self.story_kinds)

    @property
    def end_class(self) -> int:
        """The class that says that a story is over. Raises ValueError: the vocabulary knows no stories."""
        if not self.story_kinds:
            raise ValueError("a vocabulary without stories has no END")
        return self.class_count - 1

    @property
    def stream_count(self) -> int:
        """Rows of the stream embedding."""
        return OTHER_STORY + 1 + len(self.story_kinds)

    @property
    def service_count(self) -> int:
        """Rows of the service embedding."""
        return OTHER_SERVICE + 1 + len(self.services)

    def as_dict(self) -> dict[str, Any]:
        """JSON form; ids as 16 hexadecimal digits."""
        return {
            "template_ids": [f"{number:016x}" for number in self.template_ids],
            "services": list(self.services),
            "others": self.others,
            "story_kinds": list(self.story_kinds),
        }

    @classmethod
    def from_dict(cls, facts: Mapping[str, Any]) -> Vocabulary:
        """Read what ``as_dict`` wrote. Raises KeyError, TypeError, ValueError: not of that form."""
        ids = tuple(int(text, 16) for text in facts["template_ids"])
        services, kinds = tuple(facts["services"]), tuple(facts.get("story_kinds", ()))
        if not all(isinstance(name, str) for name in services + kinds):
            raise ValueError("a name is not text")
        if any(len(set(entries)) != len(entries) for entries in (ids, services, kinds)):
            raise ValueError("an entry occurs twice")
        others = int(facts["others"])
        if others < 1:
            raise ValueError("fewer than one template is 'other'")
        return cls(ids, services, others, kinds)

    @classmethod
    def learn(cls, events: pl.DataFrame, size: int, story_kinds: Sequence[str] = ()) -> Vocabulary:
        """The most frequent templates, at most ``size``, and all services of training events.

        A template seen once stays "other": so the network learns how likely something rare is.
        """
        counts = (
            events.group_by("template_id")
            .agg(pl.len().alias("count"))
            .filter(pl.col("count") >= MINIMUM_TEMPLATE_COUNT)
            .sort("count", "template_id", descending=[True, False])
            .head(size)
        )
        services = (
            events.filter(pl.col("service").is_not_null())
            .group_by("service")
            .agg(pl.len().alias("count"))
            .sort("count", "service", descending=[True, False])
            .head(MAXIMUM_SERVICES)["service"]
            .sort()
        )
        ids = tuple(counts["template_id"].to_list())
        others = events["template_id"].n_unique() - len(ids) + 1
        return cls(ids, tuple(services.to_list()), others, tuple(sorted(set(story_kinds))))
