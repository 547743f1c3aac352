"""From one environment to another: the file is copied, its digest stays, its origin is kept."""

import hashlib
from dataclasses import dataclass, replace

from openstack_rca.errors import ConfigurationError, DigestMismatch, LifecycleError, PublishFailed, SignatureInvalid
from openstack_rca.lifecycle.history import changes_log as word
from openstack_rca.lifecycle.records import TAG, TAG_ABOUT, TAG_MODEL_KIND, ModelVersion
from openstack_rca.lifecycle.versions.model_lifecycle import ModelLifecycle

TAG_SOURCE = TAG + "promoted_from"
TAG_SOURCE_URI = TAG + "promoted_from_uri"


@dataclass(frozen=True)
class Promotion:
    """Outcome of one promotion.

    ``made`` is false where the target had this very file as a usable version already; ``notice`` says that the version is not
    signed, where signatures matter.
    """

    source: ModelVersion
    version: ModelVersion
    made: bool
    notice: str = ""


def promote(
    lifecycle: ModelLifecycle, reference: str | int, experiment: str, model_name: str | None = None, reason: str = ""
) -> Promotion:
    """Publish a version as the next one of another environment, signed for it where there is a signing key.

    Raises VersionNotFound, DigestMismatch, SignatureInvalid: there is no such version, or it is not what was published.
    ConfigurationError: it was yanked; or it would go to where it is. PublishFailed: the target's registry or store failed;
    that is in the history, and promoting again goes on.
    """
    word.checked_text(reason)
    target = lifecycle.other(experiment, model_name or lifecycle.place.model_name)
    if target.place == lifecycle.place:
        raise ConfigurationError(f"The version is in {experiment} already.", "Name another experiment, or --name.")
    version = lifecycle.resolve(reference)
    if version.yanked:
        raise ConfigurationError(
            f"Version {version.version} was yanked: {version.yank_reason or 'no reason given'}.",
            f"Promote another one, or take that back with: openstack-rca models unyank {version.version}",
        )
    source = f"{lifecycle.place.experiment}/{lifecycle.place.model_name} version {version.version}"
    try:
        if (present := target.holding(version.sha256)) is not None:
            return _told(lifecycle, version, target, present, made=False)
        made = _taken_over(lifecycle, version, target, source)
    except LifecycleError as error:
        reason = error.message[: word.LONGEST_TEXT]
        lifecycle.events.note(word.NOT_PROMOTED, version.version, reason, {"to": experiment})
        if isinstance(error, DigestMismatch | SignatureInvalid):
            raise
        raise PublishFailed(
            f"Version {version.version} could not be promoted to {experiment}: {error.message}",
            f"{error.hint} Then promote it again: it goes on under the number that it has.".strip(),
        ) from error
    if made.sha256 != version.sha256:
        raise DigestMismatch(f"Version {made.version} of {experiment} has another digest than {source}.")
    place = f"{target.place.experiment}/{target.place.model_name} version {made.version}"
    try:
        target.events.append(word.PROMOTED, made.version, reason, {"from": source, "sha256": made.sha256})
        lifecycle.events.append(word.PROMOTED, version.version, reason, {"to": place, "sha256": made.sha256})
    except LifecycleError as error:
        told = _told(lifecycle, version, target, made, made=True)
        return replace(told, notice=f"{told.notice} The promotion is not in every history: {error.message}".strip())
    return _told(lifecycle, version, target, made, made=True)


def _taken_over(lifecycle: ModelLifecycle, version: ModelVersion, target: ModelLifecycle, source: str) -> ModelVersion:
    # Held on to: it keeps the file from leaving the cache while it is read.
    loaded = lifecycle.load(version.version)
    described = lifecycle.files.manifest(version)
    return target.take_over(
        loaded.path,
        writer=_writer(source, version.sha256, target),
        run_id=version.run_id,
        metrics=version.metrics,
        parameters=described.get("parameters") or {},
        card=described.get("card") or {},
        tags={**_carried(version), TAG_SOURCE: source, TAG_SOURCE_URI: version.uri},
    )


def _writer(source: str, sha256: str, target: ModelLifecycle) -> str:
    """The same for every attempt at the same promotion: one that was cut off goes on instead of taking a new number."""
    facts = (source, sha256, target.place.experiment, target.place.model_name)
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:32]


def _carried(version: ModelVersion) -> dict[str, str]:
    about = version.tags.get(TAG_ABOUT)
    return {**version.metadata, TAG_MODEL_KIND: version.kind.value, **({TAG_ABOUT: about} if about else {})}


def _told(
    lifecycle: ModelLifecycle, source: ModelVersion, target: ModelLifecycle, version: ModelVersion, *, made: bool
) -> Promotion:
    """Look whether the version is signed in its new place, where somebody may rely on that."""
    keys = target.signatures
    try:
        if keys.signs or keys.verifies or lifecycle.is_signed(source):
            version = replace(version, signed=target.is_signed(version))
    except LifecycleError:
        # The promotion is done: that this cannot be asked now must not make it look like a failure.
        return Promotion(source, version, made)
    if version.signed is not False:
        return Promotion(source, version, made)
    notice = (
        f"Version {version.version} of {target.place.experiment} is not signed: set OPENSTACK_RCA_SIGNING_KEY and "
        "promote it again to sign it."
    )
    return Promotion(source, version, made, notice)
