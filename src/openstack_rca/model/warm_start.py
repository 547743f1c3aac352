"""Train on from a model: what a new training takes over from its parent."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from openstack_rca.model.baseline import Baseline
from openstack_rca.model.card import TrainingCard, TrainingConfig
from openstack_rca.model.scoring import Forward
from openstack_rca.model.vocabulary import FIRST_KNOWN, OTHER, OTHER_SERVICE, OTHER_STORY, FloatArray, Vocabulary


@dataclass(frozen=True)
class Parent:
    """An open model that a training goes on from; ``name`` is what people call it ("version 15"), kept in the card."""

    card: TrainingCard
    vocabulary: Vocabulary
    baseline: Baseline
    forward: Forward
    name: str

    def facts(self) -> dict[str, Any]:
        """What the child's card says of it; ``ancestors`` counts the trainings that led to it."""
        return {
            "name": self.name,
            "weights_digest": self.card.weights_digest,
            "data_fingerprint": self.card.data_fingerprint,
            "events": self.card.events,
            "ancestors": int(self.card.parent.get("ancestors", 0)) + 1,
        }

    def fitting(self, config: TrainingConfig) -> TrainingConfig:
        """``config`` with the numbers of LSTM and embedding units that the parent has."""
        return dataclasses.replace(
            config,
            lstm_units=self.forward.units,
            embedding_units=self.forward.weights["template_embedding"].shape[1],
        )


def extended(parent: Vocabulary, child: Vocabulary) -> Vocabulary:
    """The parent's vocabulary with unchanged indices, then what only the child's holds; the result has no bound of its own."""
    templates = parent.template_ids + tuple(sorted(set(child.template_ids) - set(parent.template_ids)))
    services = parent.services + tuple(sorted(set(child.services) - set(parent.services)))
    kinds = parent.story_kinds + tuple(sorted(set(child.story_kinds) - set(parent.story_kinds)))
    return Vocabulary(templates, services, max(parent.others, child.others), kinds)


def carried_over(parent: Parent, vocabulary: Vocabulary, fresh: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    """The parent's weights in the shapes of an extended vocabulary; what is new (``fresh``) begins as "other" does."""
    old = parent.forward.weights
    found: dict[str, FloatArray] = {}
    for name, array in fresh.items():
        if name in old and old[name].shape == array.shape:
            found[name] = old[name].copy()
        else:
            found[name] = array.copy()
    _rows(found, old, "template_embedding", FIRST_KNOWN + len(parent.vocabulary.template_ids), OTHER)
    _rows(found, old, "service_embedding", OTHER_SERVICE + 1 + len(parent.vocabulary.services), OTHER_SERVICE)
    _rows(found, old, "stream_embedding", OTHER_STORY + 1 + len(parent.vocabulary.story_kinds), OTHER_STORY)
    _input_kernel(found, old)
    _classes(found, old, parent.vocabulary, vocabulary)
    return found


def _rows(found: dict[str, FloatArray], old: Mapping[str, FloatArray], name: str, count: int, other: int) -> None:
    if name in found and name in old:
        found[name][:] = old[name][other]
        found[name][:count] = old[name][:count]


def _input_kernel(found: dict[str, FloatArray], old: Mapping[str, FloatArray]) -> None:
    """A parent without stories has no rows for the kind of stream: they begin at nothing."""
    rows = old["lstm_kernel"].shape[0]
    if rows < found["lstm_kernel"].shape[0]:
        found["lstm_kernel"][:rows] = old["lstm_kernel"]
        found["lstm_kernel"][rows:] = 0.0


def _classes(
    found: dict[str, FloatArray], old: Mapping[str, FloatArray], parent: Vocabulary, vocabulary: Vocabulary
) -> None:
    """Columns of the next-template head: "other" and the known ones first, END last."""
    known = 1 + len(parent.template_ids)
    for name in ("next_template_kernel", "next_template_bias"):
        columns = found[name]
        columns[..., :known] = old[name][..., :known]
        new = slice(known, 1 + len(vocabulary.template_ids))
        # Log of the share that "other" had, split among what was part of it until now.
        columns[..., new] = old[name][..., :1]
        if name.endswith("bias"):
            columns[new] -= np.float32(np.log(max(parent.others, 1)))
        if parent.story_kinds:
            columns[..., -1] = old[name][..., -1]
