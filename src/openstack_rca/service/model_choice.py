"""Which model answers: the one that was asked for, else the newest that can be used, else none; and what is said about it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from openstack_rca.errors import (
    ConfigurationError,
    DigestMismatch,
    LifecycleError,
    ModelFileError,
    RegistryUnavailable,
    SignatureInvalid,
    StoreError,
    StoreObjectNotFound,
    VersionNotFound,
)
from openstack_rca.lifecycle.objects import file_digest
from openstack_rca.lifecycle.records import LoadedModel, ModelVersion
from openstack_rca.rca.report import ModelUsed
from openstack_rca.service.places import require_home
from openstack_rca.settings import Settings

if TYPE_CHECKING:
    from openstack_rca.lifecycle.versions import ModelLifecycle
    from openstack_rca.model.model_file import ModelFile

TRAIN = "Train one with: openstack-rca train LOGS"

_OTHERS = "Check the versions with openstack-rca models verify; take another one with --model N or openstack-rca models rollback."


@dataclass(frozen=True)
class OpenModel:
    """A model ready to score, and the words that the report uses for it.

    ``file`` is None where the answer is made without a model; ``version`` and ``stored`` are set for a stored version only.
    ``reference`` opens the same one again: a version, a file or ``none``; empty where nothing does.
    """

    file: ModelFile | None
    used: ModelUsed
    version: str | None = None
    notices: list[str] = field(default_factory=list)
    reference: str = ""
    stored: ModelVersion | None = None


def open_model(reference: str, settings: Settings) -> OpenModel:
    """Open a model by version, alias or file.

    A ``latest`` that is missing, cannot be opened or cannot be reached is not an error: the newest usable version
    stands in, else the answer is made without a model, and the notices say so. Where the store lost or changed the
    file of ``latest``, no older version takes its place: whoever can write there would decide which one answers.

    Args:
        reference: ``latest``, a number, ``@alias``, the path of a ``.keras`` file, or ``none`` for no model.

    Raises:
        VersionNotFound: a version was asked for by name and does not exist.
        DigestMismatch, SignatureInvalid, StoreObjectNotFound: the version that was named is not what was published, or gone.
        ConfigurationError: the folder of state, in which a version that was named may be, cannot be made.
        ModelFileError: the file that was named is damaged, unsafe or of another format.
    """
    if reference == "none":
        return OpenModel(None, ModelUsed(name="none", source="none"), reference=reference)
    if reference.endswith(".keras") or _is_a_path(reference):
        from openstack_rca.model.model_file import open_model_file

        file = open_model_file(Path(reference))
        used = ModelUsed(name=Path(reference).name, digest=file_digest(Path(reference)), source="file")
        return OpenModel(file, used, reference=reference)
    # An answer without a version does not wait for registry and store.
    from openstack_rca.lifecycle.versions import ModelLifecycle

    try:
        require_home(settings, writable=False)
    except ConfigurationError as error:
        if reference == "latest":
            return _without_model(str(error))
        raise ConfigurationError(error.message, f"{error.hint} Or answer without a model: --model none") from None
    lifecycle = ModelLifecycle(settings)
    if reference != "latest":
        return _opened(lifecycle.load(reference))
    try:
        loaded = lifecycle.load(reference)
    except VersionNotFound as error:
        return _without_model(str(error))
    except (StoreObjectNotFound, DigestMismatch, SignatureInvalid) as error:
        return _without_model(f"{error.message} {_OTHERS}")
    except (RegistryUnavailable, StoreError) as error:
        return _without_model(f"{error} No version is in the cache of this machine.")
    try:
        return _opened(loaded)
    except ModelFileError as error:
        return _newest_usable(lifecycle, loaded.version, error)


def _is_a_path(reference: str) -> bool:
    """Whether a file is meant whose name does not end as those of models do; a version's number never is one."""
    return not reference.isdigit() and reference != "latest" and (os.sep in reference or Path(reference).is_file())


def _newest_usable(lifecycle: ModelLifecycle, broken: ModelVersion, error: ModelFileError) -> OpenModel:
    problem = f"Version {broken.version} cannot be used: {error.message}"
    try:
        others = [version for version in lifecycle.list() if version.resolvable and version.version != broken.version]
    except LifecycleError:
        others = []
    for version in others:
        try:
            opened = _opened(lifecycle.load(version.version))
        except (DigestMismatch, SignatureInvalid) as refusal:
            return _without_model(f"{problem} {refusal.message} {_OTHERS}")
        except (LifecycleError, ModelFileError):
            continue
        notices = [f"{problem} Version {version.version} answers instead.", *opened.notices]
        return replace(opened, notices=notices, used=opened.used.model_copy(update={"notices": notices}))
    return _without_model(f"{problem} No other version can be used. {TRAIN}")


def _opened(loaded: LoadedModel) -> OpenModel:
    version = loaded.version
    used = ModelUsed(
        name=version.name,
        version=str(version.version),
        digest=version.sha256,
        source=loaded.source,
        notices=loaded.notices,
    )
    number = str(version.version)
    from openstack_rca.model.model_file import open_model_file

    return OpenModel(open_model_file(loaded.path), used, number, loaded.notices, number, version)


def _without_model(why: str) -> OpenModel:
    notice = f"Answered without a model: {why}"
    return OpenModel(None, ModelUsed(name="none", source="none", notices=[notice]), notices=[notice])
