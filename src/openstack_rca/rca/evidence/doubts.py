"""When nobody can say that all is well: lines that somebody picked, and errors that are new and go on.

Neither says what the cause is, so they touch no ranking; they only turn "no failure found" into a doubt.
"""

from collections.abc import Collection, Sequence

import polars as pl

from openstack_rca.logs.levels import COMPLAINTS, FAILURES
from openstack_rca.rca.evidence import trouble
from openstack_rca.rca.evidence.clearance import belongs_to_cloud
from openstack_rca.rca.evidence.finding import Finding
from openstack_rca.rca.evidence.normal_rates import NormalRates
from openstack_rca.rca.knowledge import Topology
from openstack_rca.rca.vocabulary import Category, Directness
from openstack_rca.rca.weights import current

_SERVER_ERROR = r'" (?:status: )?5\d\d\b'
"""A request that an API answered with an error of its own; access logs tell it at level INFO."""

PORT_IS_UP = r"(?i)\bchanged state to up\b"
"""A switch tells it as loudly as that the port is down."""

FAILED = (
    (pl.col("level").is_in(FAILURES) & ~pl.col("message").str.contains(PORT_IS_UP))
    | pl.col("message").str.contains(_SERVER_ERROR)
).fill_null(value=False)
"""Which events tell of a failure, whether or not they state so by their level."""


def looks_preselected(observed: pl.DataFrame, rates: NormalRates) -> bool:
    """Whether these are lines that somebody picked out of the logs for their errors.

    Args:
        observed: all events that were given (``component``, ``level``, ``failed``).
        rates: where they know any of the components, only logs without a line below a warning count as picked.
    """
    errors = int(observed["failed"].sum())
    if errors == 0 or is_filtered(observed):
        return bool(errors)
    if not rates.components.isdisjoint(observed["component"].unique().to_list()):
        return False
    table = current()
    return bool(observed.height <= table.few_events or errors >= table.error_share * observed.height)


def is_filtered(observed: pl.DataFrame) -> bool:
    """Whether no event is below a warning, so that a stream's silence proves nothing."""
    return not observed.select((~pl.col("level").is_in(COMPLAINTS)).any()).item()


def fails_in_cloud(window: pl.DataFrame, topology: Topology) -> bool:
    """Whether a component of the cloud logged a failure; always true where the window holds no component of the cloud."""
    present = {component for component in window["component"].unique() if belongs_to_cloud(component, topology)}
    failed = window.filter(pl.col("failed"))["component"].unique().to_list()
    return not present or not present.isdisjoint(failed)


def goes_on_failing(window: pl.DataFrame) -> bool:
    """Whether one kind of error, or of failed request, that normal logs do not hold comes again and again in a window."""
    table = current()
    new = window.filter(pl.col("familiar") & (pl.col("novelty") >= table.new) & pl.col("failed"))
    kinds = new.group_by("component", "template_id").len()
    return not kinds.filter(pl.col("len") >= table.lasting_errors).is_empty()


def tells_of_lasting_harm(window: pl.DataFrame, complaints: Collection[int]) -> bool:
    """Whether a request failed in a window, or a complaint (by its row) tells of something that stays undone or broken."""
    refused = pl.col("message").str.contains(_SERVER_ERROR)
    lasting = pl.col("row").is_in(list(complaints)) & (
        (pl.col("level") == "CRITICAL") | pl.col("text").str.contains(trouble.lasting())
    )
    return bool(window.select((refused | lasting).any()).item())


def unexplained_errors(findings: Sequence[Finding], topology: Topology, alone: bool = False) -> bool:
    """Whether an explicit error is left that no rule knows and that these logs do not show as ordinary.

    A single error about something that does not exist is ordinary on a cloud that works on, and so are weak findings against a
    program that is not part of it. ``alone``: no line below a warning shows that anybody works.
    """
    table = current()
    return any(
        finding.unexplained
        and finding.novelty >= table.new
        and (belongs_to_cloud(finding.accused, topology) or finding.strength >= table.noticeable)
        and (
            alone
            or finding.count > 1
            or finding.directness is Directness.CAUSE
            or finding.category is not Category.DATA_MISSING
        )
        for finding in findings
    )
