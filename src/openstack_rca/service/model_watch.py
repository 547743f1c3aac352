"""Is the model that is held still the right one? Asked while a page stays open for hours."""

from dataclasses import dataclass

from openstack_rca.errors import ConfigurationError, LifecycleError, VersionNotFound
from openstack_rca.lifecycle.records import ModelVersion, manifest_key
from openstack_rca.lifecycle.versions import ModelLifecycle
from openstack_rca.settings import Settings


@dataclass(frozen=True)
class ModelWatch:
    """What has changed since a model was opened.

    ``latest`` is None where there is none or the registry cannot be asked; ``yanked`` is the reason why the held version
    was yanked, None if it was not; ``problems`` are connections that are down, in words.
    """

    latest: int | None
    pinned: bool
    yanked: str | None
    problems: tuple[str, ...]


def watch_model(settings: Settings, held: ModelVersion | None) -> ModelWatch:
    """Compare the held version with registry and store as they are now; an outage is told, never raised."""
    lifecycle = ModelLifecycle(settings)
    problems: list[str] = []
    latest: ModelVersion | None = None
    yanked: str | None = None
    try:
        latest = lifecycle.resolve("latest")
        if held is not None:
            now = latest if latest.version == held.version else lifecycle.show(held.version)
            yanked = (now.yank_reason or "no reason given") if now.yanked else None
    except VersionNotFound:
        pass
    except (LifecycleError, ConfigurationError) as error:
        problems.append(str(error))
    if held is not None:
        try:
            key = lifecycle.store.key_of(held.uri)
            if key is not None:
                lifecycle.store.read(manifest_key(key))
        except (LifecycleError, ConfigurationError) as error:
            problems.append(f"The store of the model versions: {error}")
    return ModelWatch(
        latest=latest.version if latest else None,
        pinned=bool(latest and latest.pinned),
        yanked=yanked,
        problems=tuple(problems),
    )
