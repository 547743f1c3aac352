"""The facts about a version, and the names it goes by.

A version lives at ``<artifact root>/<prefix>_<N:04d>/models/<model name>_v<N>.keras``, with its facts in a ``.json``
beside it, and with a signature in a ``.keras.sig`` where it is signed. The manifest is written last on every kind of
store, so a model file without one was never finished.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Any

from openstack_rca.errors import DigestMismatch
from openstack_rca.settings import DEFAULT_MODEL_NAME

MANIFEST_FORMAT = 1
COMPANIONS = ("MLmodel", "requirements.txt")
TAG = "openstack_rca."
TAG_MODEL_KIND = TAG + "model_kind"
TAG_ABOUT = TAG + "about"
"""What was written of a version at its publishing; whoever describes it later wins over that."""


class ModelKind(Enum):
    """What a version can be used for."""

    ENGINE = "engine"
    """The analysis can score logs with it."""
    OTHER = "other"
    """Any other Keras model: it is kept and can be loaded by its number; ``latest`` never leads to it."""


@dataclass(frozen=True)
class ModelVersion:
    """One version of a model, as the registry (or, without one, the store) describes it.

    ``name`` is the model's name, ``experiment`` the environment it belongs to. ``status`` is one of ``ready``,
    ``uploading``, ``refused``, ``voided`` and, without a registry, ``damaged`` (its manifest cannot be read);
    ``status_reason`` says why it was refused or is damaged, or against which objection it was published. ``created`` is in
    UTC, ``size_bytes`` counts the stored file. ``signed`` tells whether a signature lies beside it, ``None`` where nobody
    looked.
    """

    name: str
    version: int
    uri: str
    sha256: str
    size_bytes: int
    created: datetime
    run_id: str | None
    experiment: str
    status: str
    aliases: tuple[str, ...] = ()
    yanked: bool = False
    yank_reason: str = ""
    metrics: dict[str, float] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    pinned: bool = False
    status_reason: str = ""
    description: str = ""
    stage: str = ""
    signed: bool | None = None

    @property
    def kind(self) -> ModelKind:
        """What the version can be used for; ``ENGINE`` where an older release did not record it."""
        return ModelKind.OTHER if self.tags.get(TAG_MODEL_KIND) == ModelKind.OTHER.value else ModelKind.ENGINE

    @property
    def metadata(self) -> dict[str, str]:
        """The tags that the publisher gave, without those of the program itself."""
        return {name: value for name, value in self.tags.items() if not name.startswith(TAG)}

    @property
    def own_words(self) -> str:
        """One line by a person: the description's first, unless it was generated at publishing; else the metadata."""
        if self.description and self.description != self.tags.get(TAG_ABOUT):
            return self.description.partition("\n")[0]
        return ", ".join(f"{name}={value}" for name, value in self.metadata.items())

    @property
    def good(self) -> bool:
        """Whether it is ready and not yanked, whatever its kind."""
        return self.status == "ready" and not self.yanked

    @property
    def resolvable(self) -> bool:
        """Whether ``latest`` may lead here: it is good and of kind ``ENGINE``."""
        return self.good and self.kind is ModelKind.ENGINE


@dataclass(frozen=True)
class LoadedModel:
    """A verified local file, which is kept on disk as long as this object lives; ``source`` is ``store`` or ``cache``."""

    path: Path
    version: ModelVersion
    source: str
    notices: list[str] = field(default_factory=list)
    held: object = field(default=None, repr=False, compare=False)


@dataclass(frozen=True)
class VersionCheck:
    """What ``verify`` found for one version; ``problem`` is empty where ``ok``."""

    version: ModelVersion
    ok: bool
    problem: str = ""


@dataclass(frozen=True)
class Place:
    """Where the versions of one model in one environment are stored."""

    experiment: str
    model_name: str

    @property
    def prefix(self) -> str:
        """The experiment's name as folders show it: ``openstack_rca_system`` becomes ``openstack-rca-system``."""
        return self.experiment.replace("_", "-")

    @property
    def qualified_name(self) -> str:
        """Name in the MLflow registry where another environment has taken the model's own name."""
        return f"{self.experiment}.{self.model_name}"

    def key(self, version: int) -> str:
        """Key of the model file below the artifact root."""
        return f"{self.prefix}_{version:04d}/models/{self.model_name}_v{version}.keras"

    def manifest_key(self, version: int) -> str:
        """Key of the manifest beside the model file."""
        return manifest_key(self.key(version))

    def own_keys(self, version: int) -> set[str]:
        """Keys of all objects that a version can have."""
        own = {self.key(version), self.manifest_key(version), signature_key(self.key(version))}
        return own | {self.companion_key(version, name) for name in COMPANIONS if self.has_companions}

    @property
    def has_companions(self) -> bool:
        """Whether versions get the files for MLflow's own tools: only the default model does, as models share a folder."""
        return self.model_name == DEFAULT_MODEL_NAME

    def companion_key(self, version: int, name: str) -> str:
        """Key of a file for MLflow's own tools, such as ``MLmodel``, in the folder of a version."""
        return f"{self.key(version).rsplit('/', 1)[0]}/{name}"

    def history_key(self, name: str) -> str:
        """Key of an event of the history; with an empty name, the folder (with its slash) that holds all of them."""
        return f"{self.prefix}_history/{self.experiment}/{self.model_name}/{name}"

    def number_of(self, folder: str) -> int | None:
        """The version whose folder this is, or ``None`` for a folder of something else."""
        found = re.fullmatch(re.escape(self.prefix) + r"_(\d{4,})", folder)
        return int(found.group(1)) if found else None


def manifest_key(model_key: str) -> str:
    """Key of the manifest that belongs to a model file's key."""
    return model_key.removesuffix(".keras") + ".json"


def signature_key(model_key: str) -> str:
    """Key of the signature that belongs to a model file's key."""
    return model_key + ".sig"


@dataclass(frozen=True)
class KeptFacts:
    """The facts about a model file that its draft and its manifest share."""

    sha256: str
    size_bytes: int
    writer: str
    run_id: str | None
    metrics: dict[str, float]
    parameters: dict[str, Any]
    card: dict[str, Any]
    tags: dict[str, str]

    def kept(self) -> dict[str, Any]:
        """These facts by their names."""
        return {item.name: getattr(self, item.name) for item in fields(KeptFacts)}


@dataclass(frozen=True, kw_only=True)
class Manifest(KeptFacts):
    """What is stored beside a model file, so that the store alone can tell what it holds."""

    model_name: str
    experiment: str
    version: int
    created: datetime
    status: str = "ready"
    status_reason: str = ""

    def as_bytes(self) -> bytes:
        """The JSON form."""
        facts = {**self.__dict__, "format": MANIFEST_FORMAT, "created": self.created.isoformat()}
        return json.dumps(facts, indent=2, sort_keys=True, default=str).encode()

    @classmethod
    def from_bytes(cls, data: bytes, where: str) -> Manifest:
        """Read the JSON form. Raises DigestMismatch: it is not a manifest; ``where`` names it in the message."""
        try:
            facts = json.loads(data)
            if not isinstance(facts, dict) or facts.pop("format") != MANIFEST_FORMAT:
                raise ValueError("unknown format")
            manifest = cls(**{**facts, "created": datetime.fromisoformat(facts["created"])})
            if not (isinstance(manifest.sha256, str) and isinstance(manifest.version, int)):
                raise TypeError("wrong types")
        except (ValueError, KeyError, TypeError) as error:
            raise DigestMismatch(
                f"The description of a version at {where} cannot be read.",
                "It was changed or damaged after publishing; take another version (openstack-rca models list).",
            ) from error
        return manifest

    def as_version(self, uri: str) -> ModelVersion:
        """The version that this manifest describes; ``uri`` is that of its model file."""
        return ModelVersion(
            name=self.model_name,
            version=self.version,
            uri=uri,
            sha256=self.sha256,
            size_bytes=self.size_bytes,
            created=self.created,
            run_id=self.run_id,
            experiment=self.experiment,
            status=self.status,
            metrics=dict(self.metrics),
            tags=dict(self.tags),
            status_reason=self.status_reason,
        )


@dataclass(frozen=True, kw_only=True)
class Draft(KeptFacts):
    """A file on its way to become a version; with ``forced`` it becomes an ordinary one in spite of the ``objection``."""

    path: Path
    objection: str = ""
    forced: bool = False

    @property
    def refused(self) -> bool:
        """Whether it is stored as refused: there is an objection and it is not forced."""
        return bool(self.objection) and not self.forced

    @property
    def status_reason(self) -> str:
        """Why it is refused, or against which objection it is forced; empty without an objection."""
        if not self.objection:
            return ""
        return f"forced, although {self.objection}" if self.forced else self.objection

    def manifest(self, place: Place, version: int) -> Manifest:
        """The manifest of this draft once it has a number."""
        return Manifest(
            **self.kept(),
            model_name=place.model_name,
            experiment=place.experiment,
            version=version,
            created=datetime.now(UTC),
            status="refused" if self.refused else "ready",
            status_reason=self.status_reason,
        )
