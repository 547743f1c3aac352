"""Stories: what happened to one object or through one request, over all hosts and services, in order of time.

A cloud does one thing at many places. The build of a server is a line of nova-api, some of placement-api, neutron-server
and nova-compute; each of their streams mixes it with all else. A story takes one object (a server, a volume, an image) or
one request and keeps its lines alone. Ids come from the context of oslo.log, from ``[instance: ]``, from URLs and from
messages.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from openstack_rca.late_numpy import np
from openstack_rca.logs.records import UUID

if TYPE_CHECKING:
    import numpy.typing as npt

PAUSE_SECONDS = 600.0
"""Where nothing at all was logged for so long, one recording ended and another began."""

STORY_PAUSE_SECONDS = 60.0
"""An object that rested for so long begins another story; a story within this of the recording's end is cut off by it."""

MAX_REPEATS = 5
"""So many lines of one kind a story keeps: a loop that goes round for ever tells no more."""

MAX_NAMED = 2
"""A line that names more objects of one kind is a list of them and belongs to the story of none."""

SHARE_ROWS = 250_000
"""So many rows of stories are put in order at once: more take more memory and no less time."""

REQUEST = "request"

_KIND_WORDS = {
    "instance": "instance instances server servers server_uuid server_id device_id instance_uuid instance_id",
    "port": "port ports port_id vif vif_id",
    "volume": "volume volumes volume_id",
    "image": "image images image_id image_ref",
    "snapshot": "snapshot snapshots snapshot_id",
    "backup": "backup backups backup_id",
    "migration": "migration migrations migration_uuid",
    "attachment": "attachment attachments attachment_id",
    "stack": "stack stacks stack_id",
    "network": "network networks network_id",
    "router": "router routers router_id",
    "floatingip": "floatingip floatingips floatingip_id",
    "loadbalancer": "loadbalancer loadbalancers load_balancer load_balancer_id",
    "share": "share shares share_id",
    "node": "node nodes node_uuid",
    "cluster": "cluster clusters",
}
"""Words before an id that tell what it is the id of. What many objects share (project, security group) has no story."""

_OWNERS = {
    "port": "instance",
    "volume": "instance",
    "migration": "instance",
    "attachment": "instance",
    "snapshot": "image",
}
"""An object of the first kind whose lines name one object of the second is part of that one's story."""

_SEPARATOR = r"[ :='\"\[(/-]{1,5}"
_QUALIFIER = rf"(?:{_SEPARATOR}(?:with )?(?i:uuid|id))"
_STACK_NAME = r"(?:/[A-Za-z0-9_.-]+)"
_MENTION = rf"(?:(?:[A-Za-z_]+{_QUALIFIER}?|stacks{_STACK_NAME}){_SEPARATOR})?{UUID}"
_WORD = r"^([A-Za-z_]+)"
_READ = r"(?:^|[\" ])(?:GET|HEAD|OPTIONS) "
_REFUSED = r"(?:[\" ]|status: ?|HTTP )[45]\d\d(?: |$)"

READS = (
    (pl.col("message").str.contains(_READ) & ~pl.col("message").str.contains(_REFUSED)).fill_null(False).alias("read")
)
"""Whether a line reports a read that succeeded; stories of requests take nothing else from the words of events."""

MENTIONS = pl.col("message").str.extract_all(_MENTION).list.join("\n").alias("message")
"""The objects that a line names, as it names them: stories of objects take nothing else from the words of events."""


@dataclass(frozen=True)
class Stories:
    """Stories of an events frame, in the order in which they begin.

    Attributes:
        rows: (n,) int64, indices into the frame, grouped by story and in order of time. One event may stand in several
            stories: in the one of its request and in the one of the object that it names.
        offsets: (s+1,) int64; story ``i`` holds ``rows[offsets[i]:offsets[i + 1]]`` and is never empty.
        ended: (s,) bool, False where the recording stops so soon after the last event that the story may go on.
        kind: (s,) str, ``request`` or what kind of object: ``instance``, ``volume``, ``image`` ...
        names: (s,) str, id of the object or of the request. An object that rested in between has several stories.
    """

    rows: npt.NDArray[np.int64]
    offsets: npt.NDArray[np.int64]
    ended: npt.NDArray[np.bool_]
    kind: Sequence[str]
    names: Sequence[str]

    def __len__(self) -> int:
        """Number of stories."""
        return len(self.ended)

    def story_of_row(self) -> npt.NDArray[np.int64]:
        """(n,) the story that each entry of ``rows`` belongs to."""
        return np.repeat(np.arange(len(self)), np.diff(self.offsets)).astype(np.int64)


def build_stories(events: pl.DataFrame, *, objects: bool = True) -> Stories:
    """Group the events of a recording into stories.

    A line that names a server and its port joins the port's lines to the server's story (likewise volume, migration and
    attachment to a server, snapshot to an image), if all lines that name the port name this one server. Reads that
    succeeded are polling: of those between two other events a story keeps the first of each kind, and of any kind of
    line at most ``MAX_REPEATS``.

    Events at level DEBUG or TRACE are left out, so that one server's story is alike on every host.

    Args:
        events: the events table in order of time, also several recordings behind one another. A boolean column ``read`` may
            stand for the result of ``READS``; stories of requests then need no ``message``, those of objects only what
            ``MENTIONS`` leaves of it.
        objects: build the stories of objects too, which takes most of the time; else those of requests alone.
    """
    events = events.with_row_index("row").with_columns(pl.col("row").cast(pl.Int64))
    aloud = events.filter(~pl.col("level").is_in(["DEBUG", "TRACE"]))
    base = aloud.select(
        "row",
        pl.col("time").dt.timestamp("us").alias("time"),
        pl.col("service").fill_null(""),
        "template_id",
        "read" if "read" in events.columns else READS,
    )
    named = pl.concat([_requests(aloud), _objects(aloud)]) if objects else _requests(aloud)
    # A story holds the rows of one name: names are taken in shares, so that a share alone is held with all its columns.
    count = named.height // SHARE_ROWS + 1
    share = named["name"].hash() % count
    parts = [_collapse(_told(named.filter(share == number), base), count, number) for number in range(count)]
    return _arrange(pl.concat(parts), _ends(events))


def _told(named: pl.DataFrame, base: pl.DataFrame) -> pl.DataFrame:
    """The named rows, story by story, each with its number."""
    return (
        named.join(base, on="row", how="inner")
        # In any order of names, which their hashes give sooner: the stories are put in order at the end.
        .sort(pl.col("name").hash(), "row")
        .with_columns(((pl.col("time").diff() > STORY_PAUSE_SECONDS * 1e6).fill_null(False)).alias("rested"))
        .with_columns(
            (pl.col("rested") | (pl.col("name") != pl.col("name").shift(1)).fill_null(True)).cum_sum().alias("story")
        )
    )


def _requests(events: pl.DataFrame) -> pl.DataFrame:
    """(row, name, kind) of every event that belongs to a request: the global id joins what one call made others do."""
    return (
        events.select(
            "row",
            pl.coalesce("global_request_id", "request_id").alias("name"),
        )
        .drop_nulls()
        .with_columns(pl.lit(REQUEST).alias("kind"))
    )


def _objects(events: pl.DataFrame) -> pl.DataFrame:
    """(row, name, kind) of every object that an event names, a part standing for the whole it belongs to."""
    mentions = _mentions(events)
    kinds = (
        mentions.drop_nulls("kind")
        .group_by("name", "kind")
        .len()
        .sort("name", "len", "kind", descending=[False, True, False])
        .unique("name", keep="first", maintain_order=True)
        .select("name", "kind")
    )
    known = mentions.select("row", "name").unique().join(kinds, on="name", how="inner")
    known = known.filter(pl.len().over("row", "kind") <= MAX_NAMED)
    return (
        known.join(_owned(known), on="name", how="left")
        .select(
            "row",
            pl.coalesce("owner", "name").alias("name"),
            pl.coalesce("owner_kind", "kind").alias("kind"),
        )
        .unique(["row", "name"])
    )


def _mentions(events: pl.DataFrame) -> pl.DataFrame:
    """(row, name, kind) as written: kind is null where no known word stands before the id."""
    kind_of = {word: kind for kind, words in _KIND_WORDS.items() for word in words.split()}
    written = (
        events.filter(pl.col("message").str.contains(UUID))
        .select("row", pl.col("message").str.extract_all(_MENTION).alias("text"))
        .explode("text")
        .drop_nulls("text")
        .select(
            "row",
            pl.col("text").str.slice(-36).alias("name"),
            pl.when(pl.col("text").str.len_bytes() > 36)
            .then(pl.col("text").str.extract(_WORD).str.to_lowercase().replace_strict(kind_of, default=None))
            .alias("kind"),
        )
    )
    context = events.drop_nulls("instance_id").select(
        "row", pl.col("instance_id").alias("name"), pl.lit("instance").alias("kind")
    )
    return pl.concat([context, written])


def _owned(known: pl.DataFrame) -> pl.DataFrame:
    """(name, owner, owner_kind) of the parts whose lines name one whole, and never another."""
    pairs = [
        known.filter(pl.col("kind") == part)
        .select("row", "name")
        .join(known.filter(pl.col("kind") == whole).select("row", pl.col("name").alias("owner")), on="row", how="inner")
        .group_by("name")
        .agg(pl.col("owner").n_unique().alias("owners"), pl.col("owner").first())
        .filter(pl.col("owners") == 1)
        .select("name", "owner", pl.lit(whole).alias("owner_kind"))
        for part, whole in _OWNERS.items()
    ]
    return pl.concat(pairs)


def _collapse(told: pl.DataFrame, shares: int, number: int) -> pl.DataFrame:
    """Leave out polling and what goes round for ever; the stories of one of several shares get numbers that no other has."""
    kind = ["story", "service", "template_id"]
    told = told.with_columns((~pl.col("read")).cum_sum().alias("stretch")).filter(
        ~pl.col("read") | pl.struct(*kind, "stretch").is_first_distinct()
    )
    # Sorted and compared with the row so many before: a window over groups so many and so small takes ten times as long.
    first = pl.any_horizontal((pl.col(name) != pl.col(name).shift(MAX_REPEATS)).fill_null(value=True) for name in kind)
    kept = told.sort(*kind, maintain_order=True).filter(first).sort("story", "row")
    return kept.select((pl.col("story").cast(pl.UInt64) * shares + number), "row", "name", "kind", "time")


def _ends(events: pl.DataFrame) -> pl.DataFrame:
    """(time, end) where each recording begins and ends, in microseconds."""
    timed = events.select(pl.col("time").dt.timestamp("us")).drop_nulls()
    return (
        timed.with_columns((pl.col("time").diff() > PAUSE_SECONDS * 1e6).fill_null(False).cum_sum().alias("recording"))
        .group_by("recording", maintain_order=True)
        .agg(pl.col("time").min(), pl.col("time").max().alias("end"))
        .select("time", "end")
    )


def _arrange(told: pl.DataFrame, ends: pl.DataFrame) -> Stories:
    stories = told.group_by("story", maintain_order=True).agg(
        pl.col("row"), pl.col("name").first(), pl.col("kind").first(), pl.col("time").last().alias("last")
    )
    stories = (
        stories.sort(pl.col("row").list.first(), "name")
        .with_row_index("place")
        .sort("last")
        .join_asof(ends, left_on="last", right_on="time", strategy="backward", check_sortedness=False)
        .sort("place")
    )
    lengths = stories["row"].list.len().to_numpy().astype(np.int64)
    ended = stories.select(((pl.col("end") - pl.col("last")) > STORY_PAUSE_SECONDS * 1e6).fill_null(False)).to_series()
    return Stories(
        rows=stories["row"].explode(empty_as_null=False).to_numpy().astype(np.int64),
        offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        ended=ended.to_numpy().astype(np.bool_),
        kind=stories["kind"].to_list(),
        names=stories["name"].to_list(),
    )
