"""What of kept events still holds when files have grown, come, gone or changed; the rest is read and put with it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from typing import Any, BinaryIO

import polars as pl

from openstack_rca.errors import LogInputError
from openstack_rca.logs.event_table import EVENT_SCHEMA, EventTable, PackedTable
from openstack_rca.logs.log_read import FileRead, LogRead
from openstack_rca.logs.opening import head_digest, tail_digest
from openstack_rca.logs.records import SkipReason
from openstack_rca.logs.sources import Collection, Source

_NAMED_OTHERS = 200

Read = Callable[[Collection, datetime | None], LogRead]
"""Reads a collection; told the latest time of what it leaves out."""


def described(source: Source) -> str:
    """A text of everything, except its content, that decides what is read of a source."""
    told = (source.name, source.inside, source.outside, source.direct, source.root_name, source.told)
    return f"{source.path} {told}"


def identity_of(source: Source) -> dict[str, Any]:
    """Size, time of change and digests by which ``is_same`` knows a file again; raises ``OSError`` where it cannot be read."""
    assert source.path is not None
    status = source.path.stat()
    return {
        "size": status.st_size,
        "modified": status.st_mtime_ns,
        "head": head_digest(source.path, min(status.st_size, 4096)),
        "tail": tail_digest(source.path, status.st_size),
    }


def is_same(source: Source, identity: dict[str, Any]) -> bool:
    """Whether a file is as ``identity_of`` described it; raises ``OSError`` where it cannot be read."""
    assert source.path is not None
    status = source.path.stat()
    return (status.st_size, status.st_mtime_ns) == (identity["size"], identity["modified"]) and identity[
        "head"
    ] == head_digest(source.path, min(status.st_size, 4096))


class KnownSources:
    """Which files are the ``same`` as when their events were kept, and which have only ``grown`` since.

    ``identities`` are what ``identity_of`` gave then, by what ``described`` gives for the files.
    """

    def __init__(self, sources: Sequence[Source], identities: dict[str, dict[str, Any]]) -> None:
        self._identities = {
            source.name: identities[said] for source in sources if (said := described(source)) in identities
        }
        self.same: list[Source] = []
        self.grown: list[Source] = []
        for source in sources:
            identity = self._identities.get(source.name)
            if identity is not None and is_same(source, identity):
                self.same.append(source)
            elif identity is not None and _has_grown(source, identity):
                self.grown.append(source)
        self.size = sum(source.size for source in self.same) + sum(
            self._identities[source.name]["size"] for source in self.grown
        )

    @cached_property
    def added(self) -> dict[str, Source]:
        """Name -> new part of each grown file; those that must be read from their beginning are missing."""
        from openstack_rca.logs.stretches import added_since

        found = {}
        for source in self.grown:
            identity = self._identities[source.name]
            assert source.path is not None
            stretch = added_since(source.path, identity["size"], identity["lines"])
            if stretch is not None:
                found[source.name] = replace(source, stretch=stretch)
        return found


def read_on(
    collection: Collection, known: KnownSources, old: LogRead, read: Read, spill: Callable[[], BinaryIO]
) -> LogRead | None:
    """A collection from its kept events (``old``), the rest by ``read``; None where that cannot be done. Raises OSError."""
    same = {source.name for source in known.same}
    sources = [known.added.get(each.name, each) for each in collection.sources if each.name not in same]
    begins = {name: each.stretch.first_line for name, each in known.added.items() if each.stretch}
    counted = old.table.counted
    if counted["time"].null_count() or not (same or begins):
        return None
    names = counted["file"].unique().cast(pl.String).to_list()
    held = [name for name in names if name in begins or _is_of(name, same)]
    border = pl.col("file").cast(pl.String).replace_strict(begins, default=None, return_dtype=pl.Int32)
    counts = pl.col("file").cast(pl.String).is_in(held) & (border.is_null() | (pl.col("line") < border))
    rows = counted.select(counts.arg_true()).to_series()
    if isinstance(old.table, PackedTable) and sum(old.table.parts.heights) > 2 * rows.len():
        # Most of the words would be of nothing any more.
        return None
    latest = counted["time"].max()
    try:
        if sources or collection.skipped:
            new = read(Collection(sources, collection.skipped, collection.roots), _moment(latest))
        else:
            new = LogRead(EventTable.of(pl.DataFrame(schema=EVENT_SCHEMA)), [], collection.roots)
    except LogInputError:
        return None
    table = old.table.joined(rows, new.table, spill)
    files = [each for each in old.files if _is_of(each.file, same)]
    files += _files_read_on(old, new, table.counted, begins)
    files += [each for each in new.files if each.file not in begins]
    if sum(each.skip is SkipReason.NOT_A_LOG for each in files) >= _NAMED_OTHERS:
        return None
    return LogRead(table, sorted(files, key=lambda each: each.file), collection.roots)


def _moment(value: object) -> datetime | None:
    return value if isinstance(value, datetime) else None


def _is_of(name: str, sources: set[str]) -> bool:
    """Whether this is the name of one of the files, or of a log inside of one."""
    return name in sources or any(name[:place] in sources for place, letter in enumerate(name) if letter == "/")


def _files_read_on(old: LogRead, new: LogRead, counted: pl.DataFrame, begins: dict[str, int]) -> list[FileRead]:
    """What became of the files that were read on from a line."""
    unknown = pl.col("level") == "UNKNOWN"
    grown = counted.with_columns(pl.col("file").cast(pl.String)).filter(pl.col("file").is_in(list(begins)))
    counts = grown.group_by("file").agg(
        pl.len().alias("events"),
        pl.col("lines").filter(unknown).sum().alias("unknown_lines"),
        pl.col("level_guessed").sum().alias("guessed_levels"),
    )  # fmt: skip
    told = {row.pop("file"): row for row in counts.iter_rows(named=True)}
    lines = {each.file: each.lines for each in new.files}
    return [
        replace(each, lines=begins[each.file] - 1 + lines.get(each.file, 0), **told[each.file])
        for each in old.files
        if each.file in told
    ]


def _has_grown(source: Source, identity: dict[str, Any]) -> bool:
    """Whether a plain file holds what it held, and more."""
    from openstack_rca.logs.stretches import can_be_entered

    path, size = source.path, int(identity["size"])
    assert path is not None
    return bool(
        identity["lines"]
        and path.stat().st_size > size
        and head_digest(path, min(size, 4096)) == identity["head"]
        and tail_digest(path, size) == identity["tail"]
        and can_be_entered(path, size)
    )
