"""What began before a stretch of trouble: a cause is often told once, at INFO, minutes before anybody misses what it broke."""

from collections.abc import Sequence
from datetime import timedelta

import polars as pl

from openstack_rca.logs.event_table import EventTable
from openstack_rca.rca.evidence.hits import signature_hits
from openstack_rca.rca.evidence.normal_rates import NormalRates
from openstack_rca.rca.evidence.window import FoundWindow
from openstack_rca.rca.evidence.words_needed import with_words
from openstack_rca.rca.knowledge import Catalogue, Topology
from openstack_rca.rca.vocabulary import Directness
from openstack_rca.rca.weights import current

_KIND = ["component", "template_id"]


def earlier_causes(
    recording: pl.DataFrame,
    windows: Sequence[FoundWindow],
    window: FoundWindow,
    rates: NormalRates,
    events: EventTable,
    catalogue: Catalogue,
    topology: Topology,
) -> pl.DataFrame:
    """Events before a stretch of trouble in which a signature reads a component's own fault, stop, start or recovery.

    Only what is new then counts: a kind of line that normal logs hold, or that the same logs hold longer before, is no
    news, and what lies in another stretch of trouble is answered there.

    Args:
        recording: ``row``, ``time``, ``component``, ``template_id``, ``failed`` and ``score`` of all that the logs hold.
        windows: all stretches of trouble.
        window: the one that is asked about.
        rates: normal rates of the model's training logs.
        events: the events, for their words.

    Returns the events with their words and with the columns that ``add_novelty`` adds; no event for most stretches.
    """
    table = current()
    # Whoever picks a few lines leaves nothing out between the cause and its first victim, however long that took.
    far = window.start - timedelta(seconds=table.cause_before_seconds)
    since = far if recording.height > table.few_events else None
    before = pl.col("time") < window.start
    if since is not None:
        before &= pl.col("time") >= since
    for other in windows:
        before &= ~pl.col("time").is_between(other.start, other.end)
    old = (
        recording.lazy()
        .filter(pl.col("time") < since if since is not None else pl.lit(value=False))
        .select(_KIND)
        .unique()
    )
    normal = rates.templates.lazy().filter(pl.col("normal_per_minute") > 0).select(_KIND)
    normal = normal.with_columns(pl.col("component").cast(recording.schema["component"]))
    news = recording.lazy().filter(before).join(old, on=_KIND, how="anti").join(normal, on=_KIND, how="anti").collect()
    # One line of each kind says whether a rule knows that kind; only these are read whole.
    firsts = news.unique(_KIND, keep="first", maintain_order=True)
    known = _own_faults(firsts, events, catalogue, topology)
    if known.is_empty():
        return known
    told = _own_faults(news.join(known, on=_KIND, how="semi"), events, catalogue, topology)
    told = pl.concat([told, _recoveries(news, told, events, catalogue)]).unique("row", maintain_order=True)
    return told.drop("signature").with_columns(
        window_count=pl.len().over("component", "template_id"),
        normal_per_minute=pl.lit(None, dtype=pl.Float64),
        familiar=pl.lit(value=False),
        novelty=pl.lit(1.0),
    )


def _own_faults(rows: pl.DataFrame, events: EventTable, catalogue: Catalogue, topology: Topology) -> pl.DataFrame:
    """The events, with their words and a ``signature``, in which somebody tells a fault of its own, or that it starts."""
    if rows.is_empty():
        return pl.DataFrame()
    told = with_words(rows, events)
    hits = signature_hits(told, catalogue, topology)
    own = hits.filter(pl.col("directness") == Directness.CAUSE.value).unique("row", maintain_order=True)
    return told.join(own.select("row", "signature"), on="row", how="inner", maintain_order="left")


def _recoveries(news: pl.DataFrame, told: pl.DataFrame, events: EventTable, catalogue: Catalogue) -> pl.DataFrame:
    """The events, as ``told``, in which those who tell a fault may tell that it is over."""
    over = [rule.recovered for name in told["signature"].unique() if (rule := catalogue.get(name)).recovered]
    if not over:
        return told.clear()
    lines = with_words(news.filter(pl.col("component").is_in(told["component"].unique().implode())), events)
    # Not the text: of it, own_words leaves blank what is said of trouble that is over.
    lines = lines.filter(pl.any_horizontal(pl.col("message").str.contains(one) for one in over))
    return lines.with_columns(signature=pl.lit(None, dtype=pl.String)).select(told.columns)
