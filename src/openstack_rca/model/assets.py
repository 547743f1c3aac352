"""The records inside a model file: JSON files that the registered Keras layer carries as assets."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from openstack_rca.errors import ModelFileDamaged, ModelFormatUnsupported
from openstack_rca.model.baseline import Baseline
from openstack_rca.model.calibration import Calibration, StoryCalibration
from openstack_rca.model.card import FORMAT_VERSION, READABLE_FORMAT_VERSIONS, TrainingCard
from openstack_rca.model.vocabulary import Vocabulary

MANIFEST = "manifest.json"
RECORD_NAMES = ("card.json", "vocabulary.json", "calibration.json", "baseline.json")
STORIES_RECORD = "stories.json"
"""Calibration of story scores; only where the vocabulary knows stories."""


@dataclass(frozen=True)
class Assets:
    """Everything in the file that is not a weight; ``stories`` is ``None`` for a model that knows no stories."""

    card: TrainingCard
    vocabulary: Vocabulary
    calibration: Calibration
    baseline: Baseline
    stories: StoryCalibration | None = None

    def to_files(self, weights_digest: str) -> dict[str, bytes]:
        """Name -> content; the manifest holds the format version and the SHA-256 of every other part."""
        files = {
            "card.json": _json(self.card.as_json()),
            "vocabulary.json": _json(self.vocabulary.as_dict()),
            "calibration.json": _json(self.calibration.as_dict()),
            "baseline.json": _json(self.baseline.as_dict()),
        }
        if self.stories is not None:
            files[STORIES_RECORD] = _json(self.stories.as_dict())
        digests = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
        manifest = {"format_version": FORMAT_VERSION, "files": digests, "weights": weights_digest}
        return {MANIFEST: _json(manifest), **files}

    @classmethod
    def from_files(cls, files: Mapping[str, bytes], path: str) -> tuple[Assets, str]:
        """Check what ``to_files`` made; the assets and the digest that the weights must have. ``path`` is for messages.

        Raises ModelFormatUnsupported: another format version; checked first. ModelFileDamaged: a record is missing, was
        changed, or does not have its form.
        """
        manifest = _manifest(files, path)
        names = [*RECORD_NAMES, *([STORIES_RECORD] if STORIES_RECORD in manifest["files"] else [])]
        for name in names:
            if name not in files:
                raise damaged(path, f"its record {name} is missing")
            if hashlib.sha256(files[name]).hexdigest() != manifest["files"].get(name):
                raise damaged(path, f"its record {name} does not match its manifest")
        name = ""
        try:
            parsed = {}
            for name in names:
                parsed[name] = json.loads(files[name])
            name = "card.json"
            card = TrainingCard.from_json(parsed[name])
            name = "vocabulary.json"
            vocabulary = Vocabulary.from_dict(parsed[name])
            name = "calibration.json"
            calibration = Calibration.from_dict(parsed[name])
            name = "baseline.json"
            baseline = Baseline.from_dict(parsed[name])
            name = STORIES_RECORD
            stories = StoryCalibration.from_dict(parsed[name]) if name in parsed else None
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, pl.exceptions.PolarsError) as error:
            raise damaged(path, f"its record {name} cannot be read ({type(error).__name__}: {error})") from error
        if bool(vocabulary.story_kinds) != (stories is not None):
            raise damaged(path, f"its record {STORIES_RECORD} does not fit its vocabulary")
        return cls(card, vocabulary, calibration, baseline, stories), str(manifest["weights"])


def damaged(path: str, problem: str) -> ModelFileDamaged:
    """The error for the model file at ``path``; ``problem`` says what is wrong with it, as part of a sentence."""
    return ModelFileDamaged(
        f"The model file {path} is damaged: {problem}.", "Download the version again, or train a new one."
    )


def _manifest(files: Mapping[str, bytes], path: str) -> dict[str, Any]:
    if MANIFEST not in files:
        raise damaged(path, f"its record {MANIFEST} is missing")
    try:
        manifest = json.loads(files[MANIFEST])
        version = manifest["format_version"]
    except (ValueError, KeyError, TypeError) as error:
        raise damaged(path, f"its record {MANIFEST} cannot be read") from error
    if version not in READABLE_FORMAT_VERSIONS:
        readable = ", ".join(str(number) for number in READABLE_FORMAT_VERSIONS)
        raise ModelFormatUnsupported(
            f"The model file {path} has format version {version}; this release reads {readable}.",
            "Use the release that wrote the file, or train a new version with this one.",
        )
    if not isinstance(manifest.get("files"), dict) or not isinstance(manifest.get("weights"), str):
        raise damaged(path, f"its record {MANIFEST} has not the form of format version {version}")
    return dict(manifest)


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
