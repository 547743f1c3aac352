"""Which versions may be used, what is said about one that is, and which of the cache stands in while nothing answers."""

from __future__ import annotations

import re

from openstack_rca.errors import VersionNotFound
from openstack_rca.lifecycle.local import ModelCache
from openstack_rca.lifecycle.records import ModelVersion


def only_ready(version: ModelVersion) -> ModelVersion:
    """The version, if it may be used. Raises VersionNotFound: it is not ready."""
    if version.status != "ready":
        raise VersionNotFound(
            f"Version {version.version} of {version.name} is not ready ({version.status}).",
            "Take another one (openstack-rca models list).",
        )
    return version


def notices_of(version: ModelVersion) -> list[str]:
    """What a person who uses the version should know."""
    notices = []
    if version.pinned:
        notices.append(f"Version {version.version} is pinned; newer versions are not used until it is unpinned.")
    if version.yanked:
        notices.append(f"Version {version.version} was yanked: {version.yank_reason or 'no reason given'}.")
    return notices


def offline_candidates(cache: ModelCache, reference: str) -> list[ModelVersion]:
    """Remembered versions that a reference may mean while registry or store are down, the best first."""
    number = re.fullmatch(r"[vV]?0*([1-9]\d*)", reference)
    if number:
        return [found for found in [cache.version(int(number.group(1)))] if found]
    answer = cache.answer(reference)
    if reference.startswith("@") or (answer and answer.pinned):
        return [found for found in [cache.version(answer.version) if answer else None] if found]
    # Above the last known answer only what was published since counts: the rest had been yanked.
    return [
        found
        for found in cache.versions()
        if found.resolvable and (not answer or found.version <= answer.version or found.created > answer.when)
    ]
