"""Open a ``.keras`` model file with h5py and NumPy alone, and score events with it.

Keras takes seconds to start and opens a file with a missing record without a word; here the parts are audited, checked
against each other and read directly. A test holds the scores equal to those of Keras.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from openstack_rca.errors import ModelFormatUnsupported
from openstack_rca.logs.templates import MASK_VERSION
from openstack_rca.model.assets import Assets, damaged
from openstack_rca.model.audit import Parts, read_parts
from openstack_rca.model.baseline import Baseline
from openstack_rca.model.calibration import Calibration, StoryCalibration
from openstack_rca.model.card import TrainingCard
from openstack_rca.model.scoring import LAYER_WEIGHTS, STORY_LAYERS, Forward, StepScores, event_surprise, weights_digest
from openstack_rca.model.sequences import GAP_COUNT, LEVEL_COUNT, WAIT_COUNT, Steps, encode
from openstack_rca.model.vocabulary import WORD_BUCKETS, FloatArray, Vocabulary
from openstack_rca.model.warm_start import Parent

if TYPE_CHECKING:
    import keras

__all__ = ["Baseline", "ModelFile", "load_keras_model", "open_model_file"]

_SNAKE = {
    "InputLayer": "input_layer",
    "Embedding": "embedding",
    "Dense": "dense",
    "Add": "add",
    "Concatenate": "concatenate",
    "Dropout": "dropout",
    "LSTM": "lstm",
    "Softmax": "softmax",
    "ModelRecords": "model_records",
}
"""How Keras names the groups of its weights file; a second layer of a class gets ``_1``."""


_LSTM_FACTS = {
    "activation": "tanh",
    "recurrent_activation": "sigmoid",
    "return_sequences": True,
    "go_backwards": False,
    "stateful": False,
    "use_bias": True,
}
"""What the forward pass in NumPy takes for granted."""


@dataclass(frozen=True)
class ModelFile:
    """An open model, ready to score.

    Attributes:
        path: where it was read from.
        card: how it was trained and how well it did.
        baseline: normal rates of templates and services.
        vocabulary: what it knows by index.
        forward: the network.
        story_calibration: of story scores; ``None`` for a model that knows no stories (format version 1, or trained on
            too few): ``story_scoring.story_scores`` refuses it, events are scored all the same.
    """

    path: Path
    card: TrainingCard
    baseline: Baseline
    vocabulary: Vocabulary
    forward: Forward
    story_calibration: StoryCalibration | None
    _calibration: Calibration

    @property
    def knows_stories(self) -> bool:
        """Whether it was trained on stories."""
        return self.story_calibration is not None

    def as_parent(self, name: str) -> Parent:
        """This model as the start of another training; ``name`` is what people call it."""
        return Parent(self.card, self.vocabulary, self.baseline, self.forward, name)

    def score(self, events: pl.DataFrame) -> pl.DataFrame:
        """Score events in time order; each (host, service) stream is read once.

        Returns one row an event, in the same order: ``surprise`` (Float32, nats, -log p of its template given what came
        before), ``score`` (Float32 in [0, 1], 0.99: one normal event in a hundred scores as high), ``unseen`` (Boolean,
        the template does not occur in the training recording), ``awaited`` (Float32, how many more events of this kind the
        network expected of the stream before the next one, or the end, came).
        """
        steps = encode(events, self.vocabulary)
        passed = self.forward.score(steps, predict=False, tally=True)
        return self._scored(events, steps, passed).with_columns(awaited=pl.Series(passed.awaited, dtype=pl.Float32))

    def predict(self, events: pl.DataFrame) -> pl.DataFrame:
        """What ``score`` says, and whether the next template was predicted.

        Returns the columns of ``score`` and ``right`` (Boolean, the most likely class was the event's; two templates that
        this model calls "other" are one class), ``named`` (Boolean, right and not "other": comparable between models
        that know different templates).
        """
        steps = encode(events, self.vocabulary)
        passed = self.forward.score(steps)
        hit = np.zeros(events.height, dtype=np.bool_)
        other = np.zeros(events.height, dtype=np.bool_)
        there = steps.target >= 0
        hit[steps.target_event[there]] = (passed.predicted == steps.target)[there]
        other[steps.target_event[there]] = (steps.target == 0)[there]
        return self._scored(events, steps, passed).with_columns(
            pl.Series("right", hit), pl.Series("named", hit & ~other)
        )

    def _scored(self, events: pl.DataFrame, steps: Steps, passed: StepScores) -> pl.DataFrame:
        surprise = event_surprise(steps, passed, self.vocabulary.others)
        scores = self._calibration.score(surprise, events["service"])
        known = self.baseline.templates["template_id"].unique().implode()
        return pl.DataFrame(
            [
                pl.Series("surprise", surprise, dtype=pl.Float32),
                pl.Series("score", scores, dtype=pl.Float32),
                (~events["template_id"].is_in(known)).alias("unseen"),
            ]
        )


def open_model_file(path: Path) -> ModelFile:
    """Open a model file for scoring; neither Keras nor JAX is imported.

    Raises:
        ModelFileDamaged: a part is missing, cut off, changed or inconsistent.
        ModelFileUnsafe: it holds something that a model of ours never holds.
        ModelFormatUnsupported: its format version or its template masks are not those of this release.
    """
    assets, weights = _read_whole(Path(path))
    if assets.card.mask_version != MASK_VERSION:
        raise ModelFormatUnsupported(
            f"The model file {path} was trained with version {assets.card.mask_version} of the template masks; this"
            f" release makes templates by version {MASK_VERSION}, which that model does not know.",
            "Train a new version with this release, or score with the release that trained it.",
        )
    return ModelFile(
        path=Path(path),
        card=assets.card,
        baseline=assets.baseline,
        vocabulary=assets.vocabulary,
        forward=Forward(weights),
        story_calibration=assets.stories,
        _calibration=assets.calibration,
    )


def load_keras_model(path: Path) -> keras.Model:
    """The file as a Keras model, uncompiled, in safe mode, after the same audit. Takes the seconds that Keras takes.

    Raises ModelFileDamaged, ModelFileUnsafe, ModelFormatUnsupported: as ``open_model_file``.
    """
    _read_whole(Path(path))
    from openstack_rca.model import network

    return network.load(Path(path))


def _read_whole(path: Path) -> tuple[Assets, dict[str, FloatArray]]:
    parts = read_parts(path)
    assets, digest = Assets.from_files(parts.records, str(path))
    weights = _read_weights(parts, str(path))
    _check_weights(weights, assets.vocabulary, str(path))
    if weights_digest(weights) != digest:
        raise damaged(str(path), "its weights do not match its manifest")
    return assets, weights


def _read_weights(parts: Parts, path: str) -> dict[str, FloatArray]:
    """The arrays of the HDF5 file under our names; Keras numbers its groups by class, in the order of the layers."""
    import h5py

    try:
        layers = parts.config["config"]["layers"]
        named = [(str(layer["class_name"]), str(layer["name"]), dict(layer["config"])) for layer in layers]
    except (KeyError, TypeError, ValueError) as error:
        raise damaged(path, "its part config.json describes no layers") from error
    weights: dict[str, FloatArray] = {}
    counts: dict[str, int] = {}
    try:
        with h5py.File(io.BytesIO(parts.weights), "r") as file:
            for kind, name, facts in named:
                group = _SNAKE.get(kind, kind)
                number = counts[group] = counts.get(group, -1) + 1
                _check_layer(name, facts, path)
                cell = "cell/" if kind == "LSTM" else ""
                for place, weight in enumerate(LAYER_WEIGHTS.get(name, ())):
                    key = f"layers/{group}{f'_{number}' if number else ''}/{cell}vars/{place}"
                    weights[weight] = _read_array(file, key, weight, path)
    except (OSError, RuntimeError, ValueError) as error:
        raise damaged(path, f"its weights cannot be read ({error})") from error
    return weights


def _read_array(file: Any, key: str, name: str, path: str) -> FloatArray:
    import h5py

    item = file.get(key, getlink=False)
    if not isinstance(item, h5py.Dataset):
        raise damaged(path, f"the weight {name} is missing")
    # A link or a virtual data set could reach into other files of this machine.
    if item.is_virtual or item.external or item.file != file:
        raise damaged(path, f"the weight {name} points outside of the file")
    if item.dtype != np.float32 or item.size > 128 * 1024**2:
        raise damaged(path, f"the weight {name} is {item.dtype} of {item.size} values, not float32 of a model's size")
    return np.asarray(item[()], dtype=np.float32)


def _check_layer(name: str, facts: dict[str, Any], path: str) -> None:
    if name == "lstm":
        for fact, value in _LSTM_FACTS.items():
            if facts.get(fact) != value:
                raise damaged(path, f"its LSTM has {fact} = {facts.get(fact)!r}, not {value!r}")


def _check_weights(weights: dict[str, FloatArray], vocabulary: Vocabulary, path: str) -> None:
    """All weights are there, finite, and fit the vocabulary and each other."""
    stories = bool(vocabulary.story_kinds)
    for layer, names in LAYER_WEIGHTS.items():
        if (layer in STORY_LAYERS) > stories:
            continue
        for name in names:
            if name in weights:
                continue
            raise damaged(path, f"the weight {name} is missing")
    width = weights["template_embedding"].shape[-1]
    units = weights["lstm_recurrent_kernel"].shape[0]
    inputs = ["service_embedding", "level_embedding", "gap_embedding", *(["stream_embedding"] if stories else [])]
    parts = [weights[name].shape[-1] for name in inputs]
    waiting = weights["next_gap_embedding"].shape[-1]
    expected = {
        "template_embedding": (vocabulary.template_count, width),
        "words_embedding": (WORD_BUCKETS, width),
        "service_embedding": (vocabulary.service_count, parts[0]),
        "level_embedding": (LEVEL_COUNT, parts[1]),
        "gap_embedding": (GAP_COUNT, parts[2]),
        "lstm_kernel": (width + sum(parts), 4 * units),
        "lstm_recurrent_kernel": (units, 4 * units),
        "lstm_bias": (4 * units,),
        "next_gap_embedding": (GAP_COUNT, waiting),
        "next_template_kernel": (units + waiting, vocabulary.class_count),
        "next_template_bias": (vocabulary.class_count,),
    }
    if stories:
        expected |= {
            "stream_embedding": (vocabulary.stream_count, parts[3]),
            "wait_kernel": (units, WAIT_COUNT),
            "wait_bias": (WAIT_COUNT,),
        }
    for name, array in weights.items():
        if array.shape != expected.get(name):
            raise damaged(path, f"the weight {name} has the shape {array.shape}, not {expected.get(name)}")
        if not np.isfinite(array).all():
            raise damaged(path, f"the weight {name} holds values that are not numbers")
