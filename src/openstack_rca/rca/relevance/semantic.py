"""Which components an issue text means, where it does not use their words: similarity of sentence embeddings.

The optional extra ``semantic`` brings the encoder (``relevance.minilm``). Without it the analysis is lexical and
says so. Meaning is mixed with BM25, it does not replace it: an operator who names a component means it.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from openstack_rca.late_numpy import np
from openstack_rca.rca.evidence import Finding
from openstack_rca.rca.relevance.lexical import component_words
from openstack_rca.rca.relevance.minilm import MiniLM, model_folder

INSTALL_HINT = (
    "The issue was matched by its words only, not by its meaning; "
    "pip install 'openstack-rca[semantic]' adds that (--fast leaves it out)."
)

UNRELATED, ALIKE = 0.15, 0.55
"""Cosines of this encoder for texts that have nothing in common and for texts that say the same in other words."""

MOST_TITLES = 32

if TYPE_CHECKING:
    Array = np.ndarray[Any, np.dtype[np.float32]]


class Encoder(Protocol):
    """Something that turns texts into vectors of length 1."""

    name: str

    def encode(self, texts: Sequence[str]) -> Array:
        """Embed texts; returns Float32 of shape (texts, dimensions); each row has length 1."""


class SemanticSearch:
    """Similarity of texts by meaning, with the embeddings of fixed texts kept on disk.

    Args:
        cache_folder: where embeddings are kept, a file each, named by the digest of encoder and text; None: nowhere.
    """

    def __init__(self, encoder: Encoder, cache_folder: Path | None = None) -> None:
        self._encoder = encoder
        self._folder = cache_folder
        self._known: dict[str, Array] = {}

    def similarity(self, text: str, others: Sequence[str], *, keep: bool = True) -> list[float]:
        """How alike a text is to each of the others, in [0, 1].

        Args:
            keep: write the embeddings of ``others`` to the cache folder, for later analyses.
        """
        if not others or not text.strip():
            return [0.0] * len(others)
        cosines = self._embed(others, keep) @ self._embed([text], keep=False)[0]
        return [float(share) for share in np.clip((cosines - UNRELATED) / (ALIKE - UNRELATED), 0.0, 1.0)]

    def _embed(self, texts: Sequence[str], keep: bool) -> Array:
        lacking = []
        for text in dict.fromkeys(texts):
            if text not in self._known:
                kept = self._read(text)
                if kept is None:
                    lacking.append(text)
                else:
                    self._known[text] = kept
        if lacking:
            for text, vector in zip(lacking, self._encoder.encode(lacking), strict=True):
                self._known[text] = vector
                if keep:
                    self._write(text, vector)
        return np.stack([self._known[text] for text in texts])

    def _path(self, text: str) -> Path | None:
        if self._folder is None:
            return None
        digest = hashlib.sha256(f"{self._encoder.name}\0{text}".encode("utf-8", "surrogatepass")).hexdigest()
        return self._folder / digest[:2] / f"{digest[2:]}.npy"

    def _read(self, text: str) -> Array | None:
        path = self._path(text)
        try:
            found = np.load(path, allow_pickle=False) if path is not None else None
        except (OSError, ValueError, EOFError):
            # Absent or damaged: it is computed again, nothing is lost.
            return None
        usable = found is not None and found.ndim == 1 and found.dtype == np.float32 and np.isfinite(found).all()
        return found if usable else None

    def _write(self, text: str, vector: Array) -> None:
        path = self._path(text)
        if path is None:
            return
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=path.parent)
            with os.fdopen(handle, "wb") as file:
                np.save(file, vector)
            Path(name).replace(path)
        except OSError:
            # A cache that cannot be written costs time in the next analysis and nothing else.
            return


@cache
def _encoder() -> Encoder | None:
    folder = model_folder()
    if folder is None:
        return None
    try:
        return MiniLM(folder)
    except (OSError, ValueError):
        return None


def open_semantic_search(cache_folder: Path | None) -> SemanticSearch | None:
    """Semantic search, or None where the extra is not installed or its weights cannot be read."""
    encoder = _encoder()
    return None if encoder is None else SemanticSearch(encoder, cache_folder)


def mixed_fit(lexical: Mapping[str, float], semantic: Mapping[str, float]) -> dict[str, float]:
    """Sum of both fits of each component, scaled so that its maximum is the highest fit of either; empty without any fit."""
    names = dict.fromkeys([*lexical, *semantic])
    mixed = {name: lexical.get(name, 0.0) + semantic.get(name, 0.0) for name in names}
    best = max(mixed.values(), default=0.0)
    if best <= 0.0:
        return {}
    surest = max([*lexical.values(), *semantic.values()])
    return {name: min(1.0, value / best * surest) for name, value in mixed.items()}


def semantic_fit(issue: str, findings: Iterable[Finding], search: SemanticSearch) -> dict[str, float]:
    """Fit of each component in [0, 1] by meaning: what it serves, and what the evidence against it says."""
    described = component_words()
    fit = dict(zip(described, search.similarity(issue, list(described.values())), strict=True))
    accused: dict[tuple[str, bool], set[str]] = {}
    for finding in sorted(findings, key=lambda finding: -finding.strength)[:MOST_TITLES]:
        accused.setdefault((finding.title, finding.signature is not None), set()).add(finding.accused)
    for fixed in (True, False):
        titles = [title for title, of_signature in accused if of_signature is fixed]
        for title, share in zip(titles, search.similarity(issue, titles, keep=fixed), strict=True):
            for component in accused[title, fixed]:
                fit[component] = max(fit.get(component, 0.0), share)
    return fit
