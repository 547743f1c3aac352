"""When logs cannot clear a cloud, whatever was not found in them: nobody knows their levels, or none is of OpenStack."""

import re
from collections.abc import Callable, Sequence

import polars as pl

from openstack_rca.rca.knowledge import Topology
from openstack_rca.rca.vocabulary import Unclear
from openstack_rca.rca.weights import current

_PROJECTS = (
    "adjutant|aodh|barbican|blazar|ceilometer|cinder|cloudkitty|cyborg|designate|freezer|glance|gnocchi|heat|horizon|ironic|"
    "keystone|keystonemiddleware|kuryr|magnum|manila|masakari|mistral|murano|neutron|nova|octavia|oslo|placement|sahara|"
    "senlin|solum|swift|tacker|trove|vitrage|watcher|zaqar|zun"
)
# OVN is the network of most OpenStack clouds. Kubernetes may run it too, and its logs count as a cloud's as well.
_NAMED_LIKE_PROJECT = rf"^(?:{_PROJECTS}|ovn)(?:$|[-_.])"
_TELLS_OF_PROJECT = rf"(?i)\b(?:openstack|qemu|libvirtd?|(?:{_PROJECTS})[-_.]\w+)\b"
_TOLD_ROWS = 50_000
"""So many events tell whether logs are of OpenStack."""


def why_unclear(
    events: pl.DataFrame, known_components: frozenset[str], words: Callable[[pl.Series, Sequence[str]], pl.DataFrame]
) -> Unclear | None:
    """Why these events cannot show that nothing failed; None where they can.

    Args:
        events: observed events (``row``, ``component``, ``service``, ``level``, ``lines``, ``template_id``).
        known_components: components of the infrastructure that OpenStack stands on, and of OpenStack itself.
        words: gives columns (``logger``, ``message``) of the events with these indices.
    """
    if not tells_of_openstack(events, words):
        strange = known_components.isdisjoint(events["component"].drop_nulls().unique().to_list())
        return Unclear.NOTHING_KNOWN if strange else Unclear.NO_OPENSTACK
    table = current()
    # Of what OpenStack stands on many programs state no level: name servers, tools for backups. Their words are searched.
    states_levels = pl.col("component").cast(pl.String).str.contains(_NAMED_LIKE_PROJECT)
    blind_lines = pl.when((pl.col("level") == "UNKNOWN") & states_levels).then(pl.col("lines")).otherwise(0)
    lines = events.select("component", "lines", blind=blind_lines)
    if lines.select(pl.col("blind").sum() > table.blind_share * pl.col("lines").sum()).item():
        return Unclear.LEVELS_UNKNOWN
    services = lines.group_by("component").agg(pl.col("lines").sum(), pl.col("blind").sum())
    # Such a service may fail unseen beside others that are read.
    blind = services.filter(
        (pl.col("blind") >= table.active_lines) & (pl.col("blind") > table.blind_service_share * pl.col("lines"))
    )
    return None if blind.is_empty() else Unclear.LEVELS_UNKNOWN


def tells_of_openstack(events: pl.DataFrame, words: Callable[[pl.Series, Sequence[str]], pl.DataFrame]) -> bool:
    """Whether any event comes from an OpenStack service, or speaks of one (the kernel that killed nova-compute)."""
    if any(_name_project(events[column]) for column in ("component", "service")):
        return True
    said = words(_told_rows(events), ["logger", "message"])
    return _name_project(said["logger"]) or bool(said["message"].unique().str.contains(_TELLS_OF_PROJECT).any())


def _told_rows(events: pl.DataFrame) -> pl.Series:
    """Indices of all events, or of the first of each kind where these are many: all words of long logs take much memory."""
    if events.height <= _TOLD_ROWS:
        return events["row"]
    kinds = events.select(kind="template_id", row="row").group_by("kind", maintain_order=True)
    first = kinds.head(max(1, _TOLD_ROWS // events["template_id"].n_unique()))
    return first["row"].head(_TOLD_ROWS)


def named_like_project() -> str:
    """One pattern for names of programs that are called like one of OpenStack's projects."""
    return _NAMED_LIKE_PROJECT


def belongs_to_cloud(component: str, topology: Topology) -> bool:
    """Whether a program is one of the cloud's: a known component, or called like one of OpenStack's projects."""
    return component in topology or re.match(_NAMED_LIKE_PROJECT, component) is not None


def _name_project(names: pl.Series) -> bool:
    return bool(names.drop_nulls().unique().cast(pl.String).str.contains(_NAMED_LIKE_PROJECT).any())
