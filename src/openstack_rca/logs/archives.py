"""One file as it lies on disk, and the logs inside of it: packings are taken off until only text is left.

Everything is read as a stream and nothing is written, so a name in an archive cannot lead anywhere. Only a zip that lies
inside of something else, what a 7z holds, and a binary journal need temporary files, which have no name.
"""

import io
import stat
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import IO, cast

from openstack_rca.errors import BinaryLog, DamagedLog, LogBoundReached, UnknownPacking, UnreadableLog, WindowsEventLog
from openstack_rca.logs.bounds import DEEPEST, Bounds, Budget
from openstack_rca.logs.content import PlainText, encoding_of, is_binary, reads_like_log
from openstack_rca.logs.cut_files import FIRST_OF_ZIP, missing_parts, starts_of, told_of_missing
from openstack_rca.logs.held_parts import HeldParts
from openstack_rca.logs.journals import program_for_journals, shown_journal
from openstack_rca.logs.layout import HostFacts, depth_of_host_file, facts_in, is_called_like_log, is_other_kind
from openstack_rca.logs.mails import MOST_PARTS, mails_of, parts_of_mail
from openstack_rca.logs.members import (
    DAMAGED_ZIP,
    HeldMember,
    StrictEntry,
    UntilDamage,
    clean_parts,
    content_of,
    leads_out,
    moment,
    zip_moment,
)
from openstack_rca.logs.opening import HEAD_BYTES, Input, called_by, damaged, opened
from openstack_rca.logs.packing import ARCHIVES, STREAMS, Packing, Readable, Unpacked, not_read, packing_of
from openstack_rca.logs.records import SkipReason
from openstack_rca.logs.seven_zip import files_of

_COPY_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Inside:
    """A log inside of a file, or the file itself.

    Attributes:
        parts: its path below the file; empty where the file itself is the log.
        text: UTF-8 with line feeds.
        modified: when it changed last, where an archive says so.
        host: what a ``hostname`` file beside it says.
    """

    parts: tuple[str, ...]
    text: Readable
    modified: datetime | None = None
    host: str | None = None


@dataclass(frozen=True)
class LeftOut:
    """Something inside of a file, or the file itself, that is not read; ``detail`` is a sentence, or empty."""

    parts: tuple[str, ...]
    reason: SkipReason
    detail: str = ""


@dataclass(frozen=True)
class _Member:
    parts: tuple[str, ...]
    content: Input
    modified: datetime | None
    starts: tuple[int, ...] = ()
    """Where the parts of a zip begin that the program which packed it cut."""


def reason_of(error: UnreadableLog) -> SkipReason:
    """The reason to report for a log that an error makes unreadable."""
    for kind, reason in (
        (DamagedLog, SkipReason.DAMAGED),
        (BinaryLog, SkipReason.BINARY),
        (LogBoundReached, SkipReason.OVER_BOUND),
        (WindowsEventLog, SkipReason.WINDOWS_EVENTS),
        (UnknownPacking, SkipReason.UNKNOWN_PACKING),
    ):
        if isinstance(error, kind):
            return reason
    return SkipReason.UNREADABLE


class Walk:
    """Reads one file and finds the logs in it, through all archives and compressions.

    Args:
        path: the file; None is standard input.
        direct: whether the user named this very file: then its name does not matter.
        parts: its path below what the user gave.
        further: the other parts of a file that was cut.
        named: whether its name does not matter although it lies in a folder, where it is alone.
    """

    def __init__(
        self,
        path: Path | None,
        parts: tuple[str, ...],
        bounds: Bounds,
        *,
        direct: bool,
        further: Sequence[Path] = (),
        named: bool = False,
    ) -> None:
        self._path = path
        self._further = further
        self._parts = parts
        self._direct = direct
        self._named = direct or named
        self._budget = Budget(bounds)
        self._hosts: dict[tuple[str, ...], HostFacts] = {}
        self._names: dict[tuple[str, ...], set[str]] = {}
        self._held: list[HeldParts] = []
        self._tell: Callable[[], int] = int

    def position(self) -> int:
        """How many bytes of the file, as it lies on disk, were read."""
        return self._tell()

    def logs(self) -> Iterator[Inside | LeftOut]:
        """What is inside, in the order of the file; a log is read before the next one is asked for.

        Raises UnreadableLog: the file itself cannot be opened.
        """
        with opened(self._path, direct=self._direct, further=self._further) as raw:
            if raw.seekable():
                self._tell = raw.tell
            given = _Member((), Input(raw, called_by(self._path)), None, self._starts_of_parts())
            yield from self._open(given, 0, raw)
        for folder, names in self._names.items():
            for name, whole in missing_parts(names):
                yield LeftOut((*folder, name), SkipReason.MISSING_PART, told_of_missing(name, whole))

    def _open(self, member: _Member, depth: int, raw: IO[bytes] | None) -> Iterator[Inside | LeftOut]:
        """``raw`` is the file itself while nothing was taken off, so that it can be read from any place."""
        try:
            packing = packing_of(member.content.head())
            if packing is None:
                yield from self._text(member, packed=depth > 0)
            elif depth >= DEEPEST:
                detail = f"{member.content.called} lies in more than {DEEPEST} packings; it was not read."
                yield LeftOut(member.parts, SkipReason.OVER_BOUND, detail)
            elif packing in STREAMS:
                unpacked = Unpacked(member.content, packing, member.content.called, self._budget)
                inner = _Member(member.parts, Input(unpacked, member.content.called), member.modified)
                yield from self._open(inner, depth + 1, None)
            elif packing is Packing.JOURNAL:
                yield from self._journal(member, raw)
            elif packing in ARCHIVES:
                yield from self._archive(member, packing, depth, raw)
            else:
                raise not_read(packing, member.content.called)
        except UnreadableLog as error:
            if not member.parts:
                raise
            yield LeftOut(member.parts, reason_of(error), error.message)

    def _archive(
        self, member: _Member, packing: Packing, depth: int, raw: IO[bytes] | None
    ) -> Iterator[Inside | LeftOut]:
        """The members of an archive, in its order; parts of files that were cut come last, joined."""
        with tempfile.SpooledTemporaryFile(max_size=1) as disk:
            held = HeldParts(disk, self._budget)
            self._held.append(held)
            try:
                if packing is Packing.TAR:
                    yield from self._tar(member, depth)
                elif packing is Packing.ZIP:
                    yield from self._zip(member, depth, raw)
                elif packing is Packing.SEVEN_ZIP:
                    with self._on_disk(member, raw) as file:
                        for file_in in files_of(file, member.content.called, self._budget):
                            yield from self._member(member, file_in.name, file_in.content, file_in.modified, depth)
                else:
                    yield from self._mails(member, depth)
            finally:
                self._held.pop()
            for one in held.files(self._names):
                content = Input(one.stream, f"{called_by(self._path)}/{'/'.join(one.parts)}")
                yield from self._open(_Member(one.parts, content, one.modified, one.starts), depth + 1, None)

    def _text(self, member: _Member, *, packed: bool) -> Iterator[Inside | LeftOut]:
        head = member.content.head()
        binary = is_binary(head) and encoding_of(head) == "utf-8"
        if not (self._named and not member.parts) and not binary and not self._is_log(member, head):
            yield LeftOut(member.parts, SkipReason.NOT_A_LOG)
            return
        if binary:
            if self._direct and not member.parts:
                raise BinaryLog(
                    f"{member.content.called} is not a text log but a binary file.",
                    "Give text logs, or an archive of them.",
                )
            yield LeftOut(member.parts, SkipReason.BINARY)
            return
        stream: Readable = _Metered(member.content, self._budget) if packed else member.content
        text = PlainText(stream, head)
        yield Inside(member.parts, text, member.modified, self.told_of(member.parts).name)

    def _is_log(self, member: _Member, head: bytes) -> bool:
        name = (member.parts or self._parts)[-1]
        return is_called_like_log(name) or reads_like_log(head)

    def told_of(self, parts: tuple[str, ...]) -> HostFacts:
        """The host facts for the log at ``parts``, from the files of its archive that were read so far."""
        above = (parts[:length] for length in range(len(parts) - 1, -1, -1))
        return HostFacts().completed(self._hosts[root] for root in above if root in self._hosts)

    def _member(
        self, outer: _Member, name: str, stream: Readable, modified: datetime | None, depth: int
    ) -> Iterator[Inside | LeftOut]:
        """One member of an archive that is a regular file."""
        parts = (*outer.parts, *clean_parts(name))
        if ".." in PurePosixPath(name).parts:
            yield LeftOut(parts, SkipReason.UNSAFE_MEMBER)
            return
        self._names.setdefault(parts[:-1], set()).add(parts[-1])
        content = Input(stream, f"{outer.content.called}/{'/'.join(clean_parts(name))}")
        if depth_of_host_file(parts) and self._notes_host(parts, content.head()):
            return
        if is_other_kind((*self._parts, *parts)):
            yield LeftOut(parts, SkipReason.NOT_A_LOG)
        elif not self._held[-1].takes(parts, content, modified):
            yield from self._open(_Member(parts, content, modified), depth + 1, None)

    def _notes_host(self, parts: tuple[str, ...], begin: bytes) -> bool:
        """Whether a file tells of its host; then that is noted."""
        depth = depth_of_host_file(parts)
        told = facts_in(parts, begin)
        if told is not None and depth is not None:
            root = parts[: len(parts) - depth]
            self._hosts[root] = self._hosts.get(root, HostFacts()).completed([told])
        return told is not None

    def _tar(self, outer: _Member, depth: int) -> Iterator[Inside | LeftOut]:
        packed, entry = UntilDamage(outer.content), None
        try:
            with tarfile.open(
                fileobj=cast(IO[bytes], packed), mode="r|", bufsize=_COPY_BYTES, tarinfo=StrictEntry, ignore_zeros=True
            ) as archive:
                for entry in archive:
                    # A stream needs no way back, and millions of entries would fill the memory.
                    archive.members = []  # type: ignore[attr-defined]
                    self._budget.take_member(outer.content.called)
                    yield from self._tar_member(outer, archive, entry, depth)
            trouble = packed.trouble
        except (tarfile.TarError, EOFError, ValueError, OverflowError) as error:
            trouble = packed.trouble or damaged(outer.content.called, error)
        except LogBoundReached as error:
            trouble = error
        if trouble is not None:
            # What was read of the archive stands.
            last = f" The last file in it that was found is {'/'.join(clean_parts(entry.name))}." if entry else ""
            yield LeftOut(outer.parts, reason_of(trouble), trouble.message + last)

    def _tar_member(
        self, outer: _Member, archive: tarfile.TarFile, entry: tarfile.TarInfo, depth: int
    ) -> Iterator[Inside | LeftOut]:
        parts = (*outer.parts, *clean_parts(entry.name))
        if entry.isreg():
            yield from self._member(outer, entry.name, content_of(archive, entry), moment(entry.mtime), depth)
        elif entry.islnk() or entry.issym():
            if parts[-1] == "localtime" and self._notes_host(parts, entry.linkname.encode("utf-8", "replace")):
                return
            if leads_out(entry.linkname, entry.name if entry.issym() else ""):
                yield LeftOut(parts, SkipReason.UNSAFE_MEMBER)
        elif not entry.isdir():
            yield LeftOut(parts, SkipReason.SPECIAL_FILE)

    def _zip(self, outer: _Member, depth: int, raw: IO[bytes] | None) -> Iterator[Inside | LeftOut]:
        with self._on_disk(outer, raw) as file:
            try:
                archive = zipfile.ZipFile(file)
            except DAMAGED_ZIP as error:
                raise damaged(outer.content.called, error) from error
            with archive:
                for entry in archive.infolist():
                    if outer.starts:
                        # A place is one in its part; zipfile takes it for one in the last part.
                        last = len(outer.starts) - 1
                        entry.header_offset += outer.starts[min(entry.volume, last)] - outer.starts[-1]
                    if entry.filename.endswith("/"):
                        continue
                    self._budget.take_member(outer.content.called)
                    yield from self._zip_member(outer, archive, entry, depth)

    def _starts_of_parts(self) -> tuple[int, ...]:
        """Where the parts begin of a zip that was cut by the program that packed it; none of any other file."""
        if self._path is None or not self._path.name.endswith(FIRST_OF_ZIP):
            return ()
        return starts_of(part.stat().st_size for part in (self._path, *self._further[:-1]))

    def _zip_member(
        self, outer: _Member, archive: zipfile.ZipFile, entry: zipfile.ZipInfo, depth: int
    ) -> Iterator[Inside | LeftOut]:
        parts = (*outer.parts, *clean_parts(entry.filename))
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if kind not in (0, stat.S_IFREG):
            reason = SkipReason.UNSAFE_MEMBER if kind == stat.S_IFLNK else SkipReason.SPECIAL_FILE
            yield LeftOut(parts, reason)
        elif entry.flag_bits & 0x1:
            yield LeftOut(parts, SkipReason.ENCRYPTED)
        else:
            called = f"{outer.content.called}/{entry.filename}"
            try:
                stream = archive.open(entry)
            except DAMAGED_ZIP as error:
                yield LeftOut(parts, SkipReason.DAMAGED, damaged(called, error).message)
                return
            with stream:
                held = HeldMember(stream, entry.compress_size, called, self._budget)
                yield from self._member(outer, entry.filename, held, zip_moment(entry), depth)

    def _mails(self, outer: _Member, depth: int) -> Iterator[Inside | LeftOut]:
        """What is attached; what is written too, where that is a log or all that there is."""
        is_box = outer.content.head().lstrip().startswith(b"From ")
        packed = UntilDamage(outer.content)
        for number, mail in enumerate(mails_of(packed, outer.content.called), 1):
            one = replace(outer, parts=(*outer.parts, str(number))) if is_box else outer
            parts = list(islice(parts_of_mail(mail), MOST_PARTS + 1))
            if len(parts) > MOST_PARTS:
                raise LogBoundReached(
                    f"{outer.content.called} holds a mail of more than {MOST_PARTS} parts; it was not read.",
                    "Save what is attached to it, and give that.",
                )
            for place, part in enumerate(parts):
                self._budget.take_member(outer.content.called)
                if part.name is not None:
                    yield from self._member(one, part.name, io.BytesIO(part.data), None, depth)
                    continue
                text = one if not place else replace(one, parts=(*one.parts, f"{place + 1}.txt"))
                if len(parts) == 1 or reads_like_log(part.data[:HEAD_BYTES]):
                    content = Input(io.BytesIO(part.data), outer.content.called)
                    yield from self._open(replace(text, content=content), depth + 1, None)
                else:
                    yield LeftOut(text.parts, SkipReason.NOT_A_LOG)
        if packed.trouble is not None:
            yield LeftOut(outer.parts, reason_of(packed.trouble), packed.trouble.message)

    def _journal(self, member: _Member, raw: IO[bytes] | None) -> Iterator[Inside | LeftOut]:
        program = program_for_journals()
        if program is None:
            detail = f"{member.content.called} is a binary journal, and journalctl is not installed here."
            if not member.parts and self._direct:
                raise UnknownPacking(detail, "On its host: journalctl --file FILE -o json > journal.json")
            yield LeftOut(member.parts, SkipReason.NEEDS_JOURNALCTL, detail)
            return
        with self._on_disk(member, raw) as file:
            with shown_journal(program, file) as shown:
                text = _Metered(Input(shown.text, member.content.called), self._budget)
                yield Inside(member.parts, text, member.modified, self.told_of(member.parts).name)
            if shown.failed:
                yield LeftOut(member.parts, SkipReason.DAMAGED, f"journalctl cannot read {member.content.called}.")

    @contextmanager
    def _on_disk(self, member: _Member, raw: IO[bytes] | None) -> Iterator[IO[bytes]]:
        """The member as a file that can be read from any place; a copy, where it does not lie on disk by itself."""
        if raw is not None and raw.seekable():
            yield raw
            return
        with tempfile.TemporaryFile() as copy:
            while piece := member.content.read(_COPY_BYTES):
                self._budget.take_text(member.content.called, len(piece))
                copy.write(piece)
            copy.seek(0)
            yield copy


class _Metered:
    """A text that came out of a packing, counted against the bound on sizes."""

    def __init__(self, content: Input, budget: Budget) -> None:
        self._content = content
        self._budget = budget

    def read(self, size: int = -1, /) -> bytes:
        data = self._content.read(size)
        self._budget.take_text(self._content.called, len(data))
        return data
