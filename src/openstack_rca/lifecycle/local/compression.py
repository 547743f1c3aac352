"""Compression of a model file: the members of the ``.keras`` zip are deflated, so that Keras opens it as it is.

The same file always gives the same bytes (with the same zlib): nothing of the time or the machine gets in.
"""

import shutil
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from openstack_rca.errors import ModelFileDamaged
from openstack_rca.lifecycle.objects import COPY_BYTES, work_folder
from openstack_rca.settings import Settings

LEVEL = 6
EARLIEST = (1980, 1, 1, 0, 0, 0)
"""The first time that a zip can say."""
RATIO = 100
"""A member that would unpack to more than so many times its size stays as it is: a reader may take it for a bomb."""


@contextmanager
def packed(path: Path, settings: Settings) -> Iterator[Path]:
    """The file to publish: a compressed copy of ``path`` where the settings ask for one, else ``path`` itself.

    Where no copy can be written (a full disk), or where it would be no smaller, the file goes as it is.

    Raises ModelFileDamaged: it is not a whole zip.
    """
    if not settings.enable_compression:
        yield path
        return
    with ExitStack() as stack:
        chosen = path
        with suppress(OSError):
            folder = stack.enter_context(work_folder(settings.work_folder))
            copy = folder / path.name
            compress(path, copy)
            if copy.stat().st_size < path.stat().st_size:
                chosen = copy
        yield chosen


def compress(source: Path, target: Path) -> None:
    """Write a copy of a zip file whose members are deflated. Raises ModelFileDamaged (it is no whole zip), OSError."""
    try:
        with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
            for member in old.infolist():
                _copy_member(old, member, new)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise ModelFileDamaged(
            f"{source} is not a .keras model file: {error}.", "Train again, or name another file."
        ) from error


def _copy_member(old: zipfile.ZipFile, member: zipfile.ZipInfo, new: zipfile.ZipFile) -> None:
    made = zipfile.ZipInfo(member.filename, EARLIEST)
    made.external_attr = member.external_attr
    made.compress_type = zipfile.ZIP_STORED if _packs_too_well(old, member) else zipfile.ZIP_DEFLATED
    made._compresslevel = LEVEL  # type: ignore[attr-defined]
    made.file_size = member.file_size
    with old.open(member) as reading, new.open(made, "w") as writing:
        shutil.copyfileobj(reading, writing, COPY_BYTES)


def _packs_too_well(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bool:
    packer, size = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS), 0
    with archive.open(member) as reading:
        while block := reading.read(COPY_BYTES):
            size += len(packer.compress(block))
    size += len(packer.flush())
    return member.file_size > RATIO * max(size, 1)
