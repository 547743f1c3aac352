"""What numbers versions and knows their state: the MLflow registry, or the store alone."""

from collections.abc import Iterator
from typing import Protocol

from openstack_rca.errors import VersionNotFound
from openstack_rca.lifecycle.records import Draft, ModelVersion, Place


class VersionIndex(Protocol):
    """One model in one environment, as a numbered list of versions.

    What only a registry has to be told (that a version is ready, refused, void, changed or missing) is ``MlflowRegistry``'s
    alone: in the store the manifest and the history say all that.
    """

    place: Place

    def allocate(self, draft: Draft, at_least: int) -> int:
        """Take a free number of at least ``at_least`` (0: the next one) for this draft; not resolvable yet."""

    def get(self, version: int) -> ModelVersion:
        """One version, in any state; raises ``VersionNotFound``."""

    def newest_first(self) -> Iterator[ModelVersion]:
        """All versions, in any state, highest number first."""

    def pinned(self) -> int | None:
        """The version that ``latest`` is pinned to, if any."""

    def by_alias(self, alias: str) -> ModelVersion:
        """The version that an alias leads to; raises ``VersionNotFound``."""

    def find_writer(self, writer: str) -> ModelVersion | None:
        """The finished version that this writer token published, if any."""

    def remove(self, version: int) -> None:
        """Forget a version for good; its number is not used again."""


def version_not_found(place: Place, what: str) -> VersionNotFound:
    """The error for a version that does not exist; ``what`` names it, such as ``version 15``."""
    return VersionNotFound(
        f"There is no {what} of {place.model_name} in {place.experiment}.",
        "List what there is with: openstack-rca models list",
    )
