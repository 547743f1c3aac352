"""What is written about versions: how two differ, a card to hand on, and a parcel for machines without a network."""

import io
import json
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from openstack_rca.errors import ConfigurationError, DigestMismatch, LifecycleError, ModelFileError
from openstack_rca.lifecycle.objects import file_digest, replacing, work_folder
from openstack_rca.lifecycle.records import TAG, ModelVersion, manifest_key, signature_key
from openstack_rca.lifecycle.versions import ModelLifecycle
from openstack_rca.model.model_file import open_model_file
from openstack_rca.service.gate import kind_of
from openstack_rca.service.model_card import card_markdown, card_page, parts_of
from openstack_rca.settings import Settings

__all__ = ["CLOCK", "PARTS", "Difference", "diff_models", "export_model", "import_model", "model_card"]

MODEL, MANIFEST, SIGNATURE, CARD = "model.keras", "manifest.json", "model.keras.sig", "card.md"
LARGEST_TEXT = 16 * 1024 * 1024
KNOWN = ("service", "template")
PARTS = ("data", "settings", "figures", "packages", "vocabulary")
CLOCK = "inference_time"
"""The figure that two trainings alike in everything else need not share."""
TAG_IMPORTED = TAG + "imported_from"


@dataclass(frozen=True)
class Difference:
    """One fact that two versions do not share.

    ``part`` is one of ``PARTS``; in ``vocabulary``, ``name`` is a service and a template that only one version knows.
    """

    part: str
    name: str
    first: Any
    second: Any


def diff_models(settings: Settings, first: str, second: str) -> tuple[ModelVersion, ModelVersion, list[Difference]]:
    """What two versions differ in: data, settings, figures and packages of their trainings, and what they know.

    Raises VersionNotFound: there is no such version. LifecycleError: what is written about one cannot be read.
    """
    lifecycle = ModelLifecycle(settings)
    one, other = lifecycle.show(first), lifecycle.show(second)
    before, after = (parts_of(lifecycle.files.manifest(version)) for version in (one, other))
    before["vocabulary"], after["vocabulary"] = _vocabularies(lifecycle, one, other)
    found = [
        Difference(part, name, before[part].get(name), after[part].get(name))
        for part in before
        for name in sorted({*before[part], *after[part]})
        if before[part].get(name) != after[part].get(name)
    ]
    return one, other, found


def _vocabularies(lifecycle: ModelLifecycle, *versions: ModelVersion) -> list[dict[str, str]]:
    """What each knows; where one cannot be opened, why not, and nothing else: of that nothing can be compared."""
    known: list[dict[str, str]] = []
    closed: list[dict[str, str]] = []
    for version in versions:
        try:
            found = open_model_file(lifecycle.load(version.version).path).baseline.templates.select(KNOWN)
        except (LifecycleError, ModelFileError) as error:
            closed.append({"file": error.message})
        else:
            known.append(dict.fromkeys((f"{service}: {template}" for service, template in found.iter_rows()), "known"))
            closed.append({})
    return known if not any(closed) else closed


def model_card(settings: Settings, reference: str, form: str = "md") -> str:
    """A version's card, ``md`` or ``html``: what it learned from, how, and how good it is; raises as ``diff_models``."""
    lifecycle = ModelLifecycle(settings)
    version = lifecycle.show(reference)
    parts = parts_of(lifecycle.files.manifest(version))
    return card_page(version, parts) if form == "html" else card_markdown(version, parts)


def export_model(settings: Settings, reference: str, folder: Path) -> Path:
    """Write a version into one tar: the verified file, its manifest, its signature where there is one, its card.

    Returns the tar, ``<model>_v<N>.tar`` in ``folder``. Raises VersionNotFound, DigestMismatch, StoreError: as for a download;
    nothing was written. ConfigurationError: the folder cannot be written.
    """
    lifecycle = ModelLifecycle(settings)
    version = lifecycle.show(reference)
    store, key = lifecycle.locate(version)
    manifest = store.read(manifest_key(key))
    target = folder / f"{version.name}_v{version.version}.tar"
    with work_folder(settings.work_folder) as work:
        model = lifecycle.download(version.version, work / MODEL)
        texts = {MANIFEST: manifest, CARD: card_markdown(version, parts_of(json.loads(manifest))).encode()}
        if lifecycle.is_signed(version):
            texts[SIGNATURE] = store.read(signature_key(key))
        try:
            with replacing(target) as temporary, tarfile.open(temporary, "w") as parcel:
                parcel.add(model, MODEL)
                for name, content in texts.items():
                    facts = tarfile.TarInfo(name)
                    facts.size, facts.mtime = len(content), int(version.created.timestamp())
                    parcel.addfile(facts, io.BytesIO(content))
        except OSError as error:
            raise ConfigurationError(
                f"{target} cannot be written: {error.strerror}.", "Name another folder."
            ) from error
    return target


def import_model(settings: Settings, parcel: Path) -> tuple[ModelVersion, bool]:
    """Publish the version in a tar of ``export_model`` as the next one here; signed where there is a signing key.

    The file must be the one that its manifest names, and ``gate.kind_of`` tells its kind. Returns the version, and
    whether it is new: the same file is not published twice. Raises ConfigurationError: there is no such tar.
    DigestMismatch: it is not whole, or not one of ours. PublishFailed: registry or store failed.
    """
    with work_folder(settings.work_folder) as work:
        manifest = _unpacked(parcel, work)
        model = work / MODEL
        if file_digest(model) != manifest.get("sha256"):
            raise DigestMismatch(f"The model in {parcel} is not the one that its manifest names.", "Export it again.")
        source = f"{manifest['experiment']}/{manifest['model_name']} version {manifest['version']}"
        lifecycle = ModelLifecycle(settings)
        if (present := lifecycle.holding(manifest["sha256"])) is not None:
            return present, False
        made = lifecycle.publish(
            model,
            run_id=None,
            metrics=manifest["metrics"],
            parameters=manifest["parameters"],
            card=manifest["card"],
            tags={TAG_IMPORTED: source},
            kind=kind_of(model),
        )
        return made, True


def _unpacked(parcel: Path, folder: Path) -> dict[str, Any]:
    """The manifest of a tar whose model is written into ``folder``; nothing else of it is."""
    wrong = DigestMismatch(
        f"{parcel} is not an exported version.", "Make one with: openstack-rca models export N FOLDER"
    )
    try:
        with tarfile.open(parcel, "r:") as archive:
            members = {member.name: member for member in archive if member.isfile()}
            described = archive.extractfile(members[MANIFEST])
            content = archive.extractfile(members[MODEL])
            if described is None or content is None or members[MANIFEST].size > LARGEST_TEXT:
                raise wrong
            manifest = json.loads(described.read())
            with (folder / MODEL).open("wb") as target:
                while block := content.read(1024 * 1024):
                    target.write(block)
        if not {"sha256", "experiment", "model_name", "version", "metrics", "parameters", "card"} <= manifest.keys():
            raise wrong
    except OSError as error:
        raise ConfigurationError(
            f"{parcel} cannot be read: {error.strerror or error}.",
            "Name a file that openstack-rca models export wrote.",
        ) from error
    except (tarfile.TarError, KeyError, ValueError, AttributeError) as error:
        raise wrong from error
    return dict(manifest)
