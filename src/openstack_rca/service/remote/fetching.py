"""The door to logs that lie elsewhere: each address is fetched into a folder of its own, which goes at the end."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from openstack_rca.errors import RemoteLogsUnavailable
from openstack_rca.lifecycle.objects import StoredObject
from openstack_rca.service.listener import SILENT, Listener
from openstack_rca.service.moments import parse_moment
from openstack_rca.service.remote.addresses import Address, Place, is_remote, parse_address
from openstack_rca.service.remote.fetch_folder import Full, Spool
from openstack_rca.service.remote.objects import fetch_objects, wanted_objects
from openstack_rca.settings import Settings

DEFAULT_SINCE = "1h"
WAKE_SECONDS = 0.2
LEAD = timedelta(minutes=15)
"""What was before the window is fetched too: trouble is told from what is normal by comparing both."""


@dataclass(frozen=True)
class Fetched:
    """What can be read now: the paths, with folders in place of addresses, and what could not be fetched, in sentences."""

    paths: list[str | Path]
    notes: list[str] = field(default_factory=list)


@contextmanager
def fetched(paths: Sequence[str | Path], settings: Settings, listener: Listener = SILENT) -> Iterator[Fetched]:
    """Fetch what lies elsewhere, in the stretch of time of the settings; nothing of it is left when the block ends.

    ``listener`` is told bytes that came and the bound on them. Raises RemoteLogsUnavailable: a place gave nothing at all.
    ConfigurationError: an address, the inventory or a time cannot be made out.
    """
    if not any(is_remote(str(path)) for path in paths):
        yield Fetched(list(paths))
        return
    with TemporaryDirectory(prefix="openstack-rca-") as folder:
        spool = _spool(Path(folder), settings)
        spool.on_bytes = lambda total: listener.part(min(total, settings.remote_bytes), settings.remote_bytes)
        local: list[str | Path] = []
        for number, path in enumerate(paths):
            if not is_remote(str(path)):
                local.append(path)
                continue
            spool.folder = Path(folder) / f"from{number}"
            spool.folder.mkdir()
            try:
                address = parse_address(str(path))
                _fetch(address, spool)
            except Full:
                spool.note(_full(settings))
            if not any(each.is_file() and each.name != "hostname" for each in spool.folder.rglob("*")):
                raise RemoteLogsUnavailable(
                    f"{path} holds no logs since {spool.since:%Y-%m-%d %H:%M} UTC.",
                    "Look further back with --since, or check the address.",
                )
            local.append(spool.folder)
        yield Fetched(local, spool.notes)


def bucket_objects(text: str, settings: Settings) -> tuple[list[StoredObject], list[str]]:
    """The objects that an ``s3://`` address means, within the bounds of the settings, and what was left out, in sentences.

    Raises RemoteLogsUnavailable, StoreError: there are none, or the bucket cannot be listed. ConfigurationError.
    """
    spool, found = _spool(Path(), settings), []
    for item in wanted_objects(parse_address(text), spool):
        try:
            spool.take(item.size_bytes)
        except Full:
            spool.note(_full(settings))
            break
        found.append(item)
    return found, spool.notes


def _spool(folder: Path, settings: Settings) -> Spool:
    now, zone = datetime.now(UTC), settings.log_timezone
    since = parse_moment(settings.remote_since or DEFAULT_SINCE, timezone=zone, now=now).astimezone(UTC) - LEAD
    until = parse_moment(settings.remote_until or "now", timezone=zone, now=now).astimezone(UTC)
    return Spool(folder, settings, since, until, bounded=bool(settings.remote_since))


def _full(settings: Settings) -> str:
    return (
        f"Fetching stopped at {settings.remote_bytes / 1e6:,.0f} MB (OPENSTACK_RCA_REMOTE_BYTES); "
        "what came until then was read."
    )


def _fetchers() -> dict[Place, Callable[[Address, Spool], None]]:
    """How the logs of each kind of place are fetched; most questions are about files, and need none of these modules."""
    from openstack_rca.service.remote.containers import fetch_containers, fetch_journal, fetch_pods
    from openstack_rca.service.remote.hosts import fetch_files, fetch_journals
    from openstack_rca.service.remote.loki import fetch_loki
    from openstack_rca.service.remote.opensearch import fetch_opensearch
    from openstack_rca.service.remote.pages import fetch_pages

    return {
        Place.SSH: fetch_files,
        Place.SSH_JOURNAL: fetch_journals,
        Place.JOURNAL: fetch_journal,
        Place.DOCKER: fetch_containers,
        Place.PODMAN: fetch_containers,
        Place.KUBECTL: fetch_pods,
        Place.S3: fetch_objects,
        Place.HTTPS: fetch_pages,
        Place.HTTP: fetch_pages,
        Place.LOKI: fetch_loki,
        Place.LOKI_PLAIN: fetch_loki,
        Place.OPENSEARCH: fetch_opensearch,
        Place.OPENSEARCH_PLAIN: fetch_opensearch,
    }


def _fetch(address: Address, spool: Spool) -> None:
    """Fetch in a thread: Ctrl-C reaches this one, wherever the fetching is, and ends the tools that run."""
    spool.stopped = False
    with ThreadPoolExecutor(1) as pool:
        try:
            fetching = pool.submit(_fetchers()[address.place], address, spool)
            # A signal that the system hands to another thread is seen by this one only when it wakes.
            while not wait([fetching], timeout=WAKE_SECONDS).done:
                pass
            fetching.result()
        finally:
            # Where all went well, nothing runs any more.
            spool.stop()
