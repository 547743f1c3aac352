"""Files that were cut into parts: parts that are there are one file again, those that are not are named."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING

from openstack_rca.logs.layout import is_other_kind
from openstack_rca.logs.packing import packing_of

if TYPE_CHECKING:
    from openstack_rca.logs.sources import Source

_HEAD_BYTES = 512
# What `split`, 7-Zip, `zip -s` and others put behind the name of a file that they cut; `split` calls it `x` without a name.
_PART = re.compile(
    r"^(?P<whole>.+?)(?P<mark>\.|[._-]part[._-]?|\.z(?=\d))(?:(?P<number>\d{1,4})|(?P<letters>[a-z]{2,3}))$|"
    r"^(?P<unnamed>x)(?P<behind>[a-z]{2})$"
)
_ARCHIVE = re.compile(r"\.(?:7z|zip|tar|tgz|gz|xz|bz2|zst|lz4)$")
_ZIP = ".z"
LAST_OF_ZIP = 10_000
"""The place of the last part of such a zip, which has no number."""
FIRST_OF_ZIP = ".z01"
"""How the first part of a zip ends that was cut by the program that packed it."""


@dataclass(frozen=True)
class Kind:
    """What the names of all parts of one file share: its name, the ``mark`` behind it, and how the parts are counted.

    ``letters`` is the number of letters behind the mark, 0 for a number; ``width`` that of the digits behind a dot.
    """

    whole: str
    mark: str
    letters: int
    width: int

    @property
    def first(self) -> int:
        """The highest place that a first part can have: 0 for letters, 1 for numbers, which may also begin at 0."""
        return 0 if self.letters else 1

    @property
    def file(self) -> str:
        """The name of the whole file."""
        return self.whole + (".zip" if self.mark == _ZIP else "")

    @property
    def is_sure(self) -> bool:
        """Whether the names alone say that these are parts."""
        return self.letters > 0 or self.mark != "." or _ARCHIVE.search(self.whole) is not None

    def name(self, place: int, like: str) -> str:
        """The name of the part at a place; ``like`` is the name of another part, whose number of digits it takes."""
        if not self.letters:
            number = like.removeprefix(self.whole + self.mark)
            return f"{self.whole}{self.mark}{place:0{len(number) if number.startswith('0') else 1}d}"
        letters = ""
        for _ in range(self.letters):
            place, rest = divmod(place, 26)
            letters = chr(ord("a") + rest) + letters
        return f"{self.whole}{self.mark}{letters}"


def _part(name: str) -> tuple[Kind, int] | None:
    """Which file a name says that it is a part of, and at which place."""
    cut = _PART.match(name)
    if cut is None or (cut["mark"] == "." and len(cut["number"] or "..") < 2):
        return None
    letters = cut["letters"] or cut["behind"] or ""
    place = int(cut["number"] or 0)
    for letter in letters:
        place = place * 26 + ord(letter) - ord("a")
    width = len(cut["number"] or "") if cut["mark"] == "." else 0
    return Kind(cut["whole"] or cut["unnamed"], cut["mark"] or "", len(letters), width), place


def part_for_sure(name: str) -> tuple[Kind, int] | None:
    """The file that a name alone shows to be cut, and the place of this part; ``None`` for a name that may mean anything else."""
    cut = _part(name)
    if cut is None or not cut[0].is_sure or _ARCHIVE.search(name) or is_other_kind((cut[0].whole,)):
        return None
    return cut if not cut[0].letters or cut[1] < 26 or _ARCHIVE.search(cut[0].whole) else None


def last_of_zip(name: str, head: bytes) -> tuple[Kind, int] | None:
    """As ``part_for_sure`` for the last part of a split zip: its name ends in ``.zip``, its ``head`` is no packed file's."""
    whole = name.removesuffix(".zip")
    is_last = whole and whole != name and packing_of(head) is None
    return (Kind(whole, _ZIP, 0, 0), LAST_OF_ZIP) if is_last else None


def starts_of(sizes: Iterable[int]) -> tuple[int, ...]:
    """The offsets at which parts begin in the whole file; ``sizes`` are those of all parts but the last."""
    return (0, *itertools.accumulate(sizes))


def missing_parts(names: Iterable[str]) -> list[tuple[str, str]]:
    """The parts that are missing among the files of one folder, each with the name of the file that was cut."""
    held = set(names)
    kinds: dict[Kind, dict[int, str]] = {}
    for name in held:
        found = _part(name)
        if found is not None and found[0].is_sure and found[0].whole not in held:
            kinds.setdefault(found[0], {})[found[1]] = name
    missing = []
    for kind, parts in kinds.items():
        whole = kind.file
        last, like = max(parts), next(iter(parts.values()))
        # The end of every `.log` may be letters of `split`: before thousands of names are made, the gaps are counted.
        gaps = last - kind.first - sum(kind.first <= place < last for place in parts)
        if (kind.first in parts or len(parts) > 1 or "part" in kind.mark) and gaps <= len(parts) + 1:
            named = (kind.name(place, like) for place in range(kind.first, last) if place not in parts)
            missing += [(name, whole) for name in named if name not in held]
        if kind.mark == _ZIP and whole not in held:
            missing.append((whole, whole))
    return sorted(missing)


def told_of_missing(name: str, whole: str) -> str:
    """The sentence that reports the missing part ``name`` of the file ``whole``."""
    return f"{whole} was cut into parts, and {name} is not among them: what it held was not read."


def with_parts_joined(sources: list[Source]) -> list[Source]:
    """Replace the parts of a file that was cut by one source: ``x.log.aa``, ``x.log.ab``, or ``x.tar.gz.part1``, ``x.7z.001``."""
    sets: dict[tuple[Path, Kind], list[tuple[int, Source]]] = {}
    for source in sources:
        cut = _part(source.inside[-1])
        if cut is not None and source.path is not None:
            sets.setdefault((source.path.parent, cut[0]), []).append((cut[1], source))
    by_path = {source.path: source for source in sources}
    wholes: dict[Path | None, Source] = {}
    further: set[Path | None] = set()
    for (folder, kind), found in sets.items():
        found.sort(key=itemgetter(0))
        first, name = found[0][0], kind.whole
        in_a_row = itertools.takewhile(lambda each: each[1][0] == each[0], enumerate(found, first))
        parts = [part for _, (_, part) in in_a_row]
        if kind.mark == _ZIP:
            # The last part is called as the whole was.
            name += ".zip"
            last = by_path.get(folder / name)
            if last is None or len(parts) < len(found):
                continue
            parts.append(last)
        elif (folder / name).exists():
            continue
        sure = kind.letters or kind.mark != "."
        if first > kind.first or len(parts) < 2 or not (sure or _was_cut(parts)):
            continue
        head, paths = parts[0], tuple(part.path for part in parts[1:] if part.path is not None)
        wholes[head.path] = replace(
            head,
            name=head.name.removesuffix(head.inside[-1]) + name,
            inside=(*head.inside[:-1], name),
            size=sum(part.size for part in parts),
            modified=max(part.modified for part in parts),
            further=paths,
        )
        further.update(paths)
    return [wholes.get(source.path, source) for source in sources if source.path is None or source.path not in further]


def _was_cut(parts: Sequence[Source]) -> bool:
    """Whether files that a bare number tells apart are parts of one, of one size but the last; else copies put aside."""
    first, second = (part.path for part in parts[:2] if part.path is not None)
    sizes = [part.size for part in parts[:-1]]
    if max(sizes) - min(sizes) > 1:
        return False
    try:
        with first.open("rb") as one, second.open("rb") as two:
            begin, further = one.read(_HEAD_BYTES), two.read(_HEAD_BYTES)
            one.seek(-1, os.SEEK_END)
            end = one.read(1)
    except OSError:
        return False
    if packing_of(begin) is not None:
        return packing_of(further) is None
    begins_alike = begin.split(b"\n", 1)[0] == further.split(b"\n", 1)[0]
    whole_documents = end in (b"}", b"]", b">") and further[:1] in (b"{", b"[", b"<")
    return end != b"\n" and not begins_alike and not whole_documents
