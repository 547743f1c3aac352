"""The Keras model: layers, the registered layer that carries the assets, and the way back to plain arrays.

The only module that imports Keras. Importing it chooses the JAX backend unless the user has chosen another
(``KERAS_BACKEND``) or Keras is imported already.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from openstack_rca.model.card import TrainingConfig
from openstack_rca.model.scoring import LAYER_WEIGHTS
from openstack_rca.model.sequences import GAP_COUNT, LEVEL_COUNT, WAIT_COUNT
from openstack_rca.model.vocabulary import WORD_BUCKETS, FloatArray, Vocabulary


def _choose_backend() -> None:
    """Make JAX the default backend.

    Keras reads this variable once, when it is first imported, and offers no other way to choose: hence the one place
    outside ``settings`` that touches the environment.
    """
    os.environ.setdefault("KERAS_BACKEND", "jax")


_choose_backend()

import keras  # noqa: E402  (the backend has to be chosen first)

__all__ = ["ModelRecords", "build", "keras", "load", "records_of", "summary_text", "weights_of"]

SERVICE_UNITS, LEVEL_UNITS, GAP_UNITS, STREAM_UNITS = 8, 4, 8, 8


@keras.saving.register_keras_serializable(package="openstack_rca")
class ModelRecords(keras.layers.Layer):  # type: ignore[misc]  # Keras has no types
    """Passes its input on unchanged and carries files (name -> content) as assets of the ``.keras`` file."""

    def __init__(self, name: str = "records", **options: Any) -> None:
        super().__init__(name=name, **options)
        self.files: dict[str, bytes] = {}

    def get_config(self) -> dict[str, Any]:
        """What Keras needs to make the layer again."""
        return {**super().get_config(), "name": self.name}

    def call(self, inputs: Any) -> Any:
        """The input, as it is."""
        return inputs

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The input's shape."""
        return input_shape

    def save_assets(self, folder: str) -> None:
        """Called by Keras when it writes the file."""
        for name, content in self.files.items():
            (Path(folder) / name).write_bytes(content)

    def load_assets(self, folder: str) -> None:
        """Called by Keras when it reads the file."""
        self.files = {path.name: path.read_bytes() for path in sorted(Path(folder).iterdir())}


class _Seeded:
    """Layers and initializers with seeds that follow from one, in the order in which they are asked for."""

    def __init__(self, seed: int) -> None:
        self._seeds = iter(np.random.SeedSequence(seed).generate_state(16).tolist())

    def seed(self) -> int:
        return int(next(self._seeds))

    def glorot(self) -> Any:
        return keras.initializers.GlorotUniform(seed=self.seed())

    def embedding(self, name: str, rows: int, units: int, source: Any) -> Any:
        initializer = keras.initializers.RandomUniform(-0.05, 0.05, seed=self.seed())
        return keras.layers.Embedding(rows, units, embeddings_initializer=initializer, name=name)(source)


def _event_vector(made: _Seeded, vocabulary: Vocabulary, inputs: dict[str, Any], units: int) -> Any:
    """What the LSTM reads of an event: its text, service, level, the time before it, and its kind of stream."""
    own = made.embedding("template_embedding", vocabulary.template_count, units, inputs["template"])
    words = keras.layers.Dense(units, use_bias=False, kernel_initializer=made.glorot(), name="words_embedding")
    text = keras.layers.Add(name="event_text")([own, words(inputs["words"])])
    facts = [
        text,
        made.embedding("service_embedding", vocabulary.service_count, SERVICE_UNITS, inputs["service"]),
        made.embedding("level_embedding", LEVEL_COUNT, LEVEL_UNITS, inputs["level"]),
        made.embedding("gap_embedding", GAP_COUNT, GAP_UNITS, inputs["gap"]),
    ]
    if vocabulary.story_kinds:
        facts.append(made.embedding("stream_embedding", vocabulary.stream_count, STREAM_UNITS, inputs["stream"]))
    return keras.layers.Concatenate(name="step")(facts)


def build(vocabulary: Vocabulary, config: TrainingConfig) -> tuple[keras.Model, keras.Model]:
    """Make the network.

    Inputs, each (batch, steps) int32 but ``words`` (batch, steps, ``WORD_BUCKETS``) float32: template, words, service,
    level, gap, next_gap, and ``stream`` where the vocabulary knows stories. An event's text is its template's own
    vector plus a linear map of its hashed words, so a template without a vector of its own still says something.

    Returns:
        The model (``next_template``: probabilities (batch, steps, classes); with stories ``wait``: probabilities
        (batch, steps, ``WAIT_COUNT``) of the time until a story's next event) and the same layers with logits, for
        training.
    """
    made = _Seeded(config.seed)
    inputs = {
        name: keras.Input((None,), dtype="int32", name=name)
        for name in ("template", "service", "level", "gap", "next_gap")
    }
    inputs["words"] = keras.Input((None, WORD_BUCKETS), dtype="float32", name="words")
    if vocabulary.story_kinds:
        inputs["stream"] = keras.Input((None,), dtype="int32", name="stream")
    step = _event_vector(made, vocabulary, inputs, config.embedding_units)
    step = keras.layers.Dropout(config.dropout_rate, seed=made.seed(), name="step_dropout")(step)
    state = keras.layers.LSTM(
        config.lstm_units,
        return_sequences=True,
        kernel_initializer=made.glorot(),
        recurrent_initializer=keras.initializers.Orthogonal(seed=made.seed()),
        name="lstm",
    )(step)
    state = ModelRecords(name="records")(state)
    state = keras.layers.Dropout(config.dropout_rate, seed=made.seed(), name="state_dropout")(state)
    waiting = made.embedding("next_gap_embedding", GAP_COUNT, GAP_UNITS, inputs["next_gap"])
    known = keras.layers.Concatenate(name="state_and_gap")([state, waiting])
    logits = keras.layers.Dense(vocabulary.class_count, kernel_initializer=made.glorot(), name="next_template_logits")(
        known
    )
    outputs = {"next_template": keras.layers.Softmax(name="next_template")(logits)}
    training_outputs = {"next_template": logits}
    if vocabulary.story_kinds:
        wait = keras.layers.Dense(WAIT_COUNT, kernel_initializer=made.glorot(), name="wait_logits")(state)
        outputs["wait"], training_outputs["wait"] = keras.layers.Softmax(name="wait")(wait), wait
    return keras.Model(inputs, outputs, name="openstack_rca"), keras.Model(inputs, training_outputs, name="training")


def weights_of(model: keras.Model) -> dict[str, FloatArray]:
    """The network's weights by name, as ``scoring.Forward`` takes them."""
    found: dict[str, FloatArray] = {}
    for layer in model.layers:
        for name, variable in zip(LAYER_WEIGHTS.get(layer.name, ()), layer.get_weights(), strict=False):
            found[name] = np.asarray(variable, dtype=np.float32)
    return found


def set_weights(model: keras.Model, weights: Mapping[str, FloatArray]) -> None:
    """Put weights into a model by the names of ``weights_of``."""
    for layer in model.layers:
        names = LAYER_WEIGHTS.get(layer.name, ())
        if names and layer.weights:
            layer.set_weights([weights[name] for name in names])


def records_of(model: keras.Model) -> ModelRecords:
    """The layer that carries the assets."""
    layer = model.get_layer("records")
    assert isinstance(layer, ModelRecords)
    return layer


def summary_text(model: keras.Model) -> str:
    """The layers as a table: name, kind, shape, weights, and what each one reads; Keras cuts its own to the terminal's width."""
    rows = [("layer", "kind", "output shape", "weights", "reads")]
    for layer in model.layers:
        output = layer.output
        shapes = ", ".join(str(part.shape) for part in (output if isinstance(output, (list, tuple)) else [output]))
        read = [parent.operation.name for node in layer._inbound_nodes for parent in node.parent_nodes]
        rows.append(
            (layer.name, type(layer).__name__, shapes, f"{layer.count_params():,}", ", ".join(dict.fromkeys(read)))
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([f"Model {model.name}", "", *lines, "", f"weights in all: {model.count_params():,}"]) + "\n"


def load(path: Path) -> keras.Model:
    """Keras' own loader, safe mode on; the file must have been audited before."""
    return keras.saving.load_model(path, compile=False, safe_mode=True)
