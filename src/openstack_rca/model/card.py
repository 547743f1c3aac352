"""What a training is told, what it tells while it runs, and what a model file says about it afterwards."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

FORMAT_VERSION = 2
READABLE_FORMAT_VERSIONS = (1, 2)
"""Version 2 adds stories: the END class, the wait, the calibration of story scores.

Format versions that this release opens; a reader of an old one is kept until it is taken out of this tuple."""


@dataclass(frozen=True)
class TrainingConfig:
    """What a training can be told.

    Attributes:
        epochs: passes over the training part, at most; training stops early when the validation loss stops falling.
        batch_size: chunks in a gradient step.
        lstm_units: width of the LSTM's state.
        dropout_rate: share of the LSTM's inputs and outputs dropped in training, in [0, 1).
        learning_rate: Adam's rate at the start; it falls to zero along a cosine.
        embedding_units: width of the vector that stands for a template.
        chunk_length: steps of a stream that are read in one go in training, warm-up included.
        vocabulary_size: templates that the model can predict by name, at most; rarer ones are "other".
        test_fraction: share of the events, the latest ones, that no gradient step and no calibration sees.
        validation_fraction: share of the events, those right before the test part, that choose the best epoch and
            calibrate the scores.
        seed: of every random choice.
    """

    epochs: int = 20
    batch_size: int = 4
    lstm_units: int = 64
    dropout_rate: float = 0.2
    learning_rate: float = 0.01
    embedding_units: int = 32
    chunk_length: int = 96
    vocabulary_size: int = 2000
    test_fraction: float = 0.2
    validation_fraction: float = 0.1
    seed: int = 0

    def __post_init__(self) -> None:
        whole = ("epochs", "batch_size", "lstm_units", "embedding_units", "vocabulary_size")
        for name in whole:
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, not {getattr(self, name)}")
        if self.chunk_length < 8:
            raise ValueError(f"chunk_length must be at least 8, not {self.chunk_length}")
        if not 0 <= self.dropout_rate < 1:
            raise ValueError(f"dropout_rate must be in [0, 1), not {self.dropout_rate}")
        if not self.learning_rate > 0:
            raise ValueError(f"learning_rate must be above 0, not {self.learning_rate}")
        for name in ("test_fraction", "validation_fraction"):
            if not 0 < getattr(self, name) < 0.5:
                raise ValueError(f"{name} must be between 0 and 0.5, not {getattr(self, name)}")


@dataclass(frozen=True)
class TrainingProgress:
    """How far a training is: 1-based epoch and gradient steps done, and its loss in nats per event.

    ``loss`` is the mean of the epoch so far, and for the part of it that is still to come that of the epoch before.
    ``seconds_left`` is an estimate for all epochs; ``None`` until one step was timed.
    """

    epoch: int
    epochs: int
    step: int
    steps: int
    loss: float
    seconds_left: float | None


@dataclass(frozen=True)
class TrainingCard:
    """Facts about one training; travels inside the model file.

    Attributes:
        format_version: of the model file's own parts.
        created: when training ended, UTC.
        source: where the logs came from, in the user's words.
        data_fingerprint: SHA-256 over the training events' content (``fingerprint``).
        first, last: time of the first and the last event, UTC; ``None`` where no event has a time.
        events, lines, templates, services, hosts: counts over the whole recording.
        config: the ``TrainingConfig`` as a dictionary.
        metrics: every figure measured at the end (``training.train`` names them).
        packages: versions of the packages that the weights depend on.
        mask_version: of the template masks that the vocabulary was made with.
        seed: of every random choice.
        cpu_seconds: processor time of the training, Keras' own start included.
        weights_digest: SHA-256 over the weights.
        notes: what a person should know.
        stories: how many the recording holds; 0 where the model knows none.
        left_out: how much the weights were not learned from, by reason: counts of ``events_called_a_failure``,
            ``most_surprising_events`` and ``stories``.
        parent: of a model that was trained on from another: its ``name``, ``weights_digest``, ``data_fingerprint``,
            ``events`` and how many ``ancestors`` there are; else empty.
    """

    format_version: int
    created: datetime
    source: str
    data_fingerprint: str
    first: datetime | None
    last: datetime | None
    events: int
    lines: int
    templates: int
    services: int
    hosts: int
    config: dict[str, Any]
    metrics: dict[str, float]
    packages: dict[str, str]
    mask_version: int
    seed: int
    cpu_seconds: float
    weights_digest: str = ""
    notes: tuple[str, ...] = field(default=())
    stories: int = 0
    left_out: dict[str, int] = field(default_factory=dict)
    parent: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The card as JSON takes it: times in ISO 8601."""
        facts = dataclasses.asdict(self)
        for name in ("created", "first", "last"):
            moment = facts[name]
            facts[name] = moment.isoformat() if moment is not None else None
        facts["notes"] = list(self.notes)
        return facts

    @classmethod
    def from_json(cls, facts: Mapping[str, Any]) -> TrainingCard:
        """Read what ``as_json`` wrote, without facts of a later release; KeyError, TypeError, ValueError: not of its form."""
        known = {item.name for item in dataclasses.fields(cls)}
        values = {name: value for name, value in facts.items() if name in known}
        for name in ("created", "first", "last"):
            text = values[name]
            values[name] = datetime.fromisoformat(text) if text is not None else None
        values["notes"] = tuple(values.get("notes", ()))
        return cls(**values)


def fingerprint(events: pl.DataFrame) -> str:
    """SHA-256 over what the model learns from: time, host, service, level and template of each event.

    It does not depend on the order of the rows, on the machine or on the package versions: each row is written as
    text, the rows are sorted, then hashed.
    """
    import polars as pl  # A training's choices are told by a command's help, which needs no data.

    rows = events.select(
        pl.concat_str(
            [
                pl.col("time").dt.epoch("us").cast(pl.String).fill_null("-"),
                pl.col("host").fill_null("-"),
                pl.col("service").fill_null("-"),
                pl.col("level").cast(pl.String),
                pl.col("template_id").cast(pl.String),
            ],
            separator="\x1f",
        ).alias("row")
    )["row"].sort()
    digest = hashlib.sha256()
    for block in rows.to_frame().iter_slices(65536):
        digest.update("\n".join(block["row"]).encode())
        digest.update(b"\n")
    return digest.hexdigest()
