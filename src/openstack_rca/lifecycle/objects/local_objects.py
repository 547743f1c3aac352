"""New objects of a store that is a folder: whole or not at all, never over another, no trace of a killed writer."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from urllib.parse import unquote, urlparse

from openstack_rca.lifecycle.objects.files import copy_bytes, finish, remove_leftovers, temporary_file

NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK)
"""What file systems say that know no second name for a file."""


def create_object(root: str, key: str, content: Path | bytes) -> bool:
    """Write a file that must not be there yet.

    Args:
        root: a ``file://`` address.
        key: path below it.
        content: the bytes, or the file to copy.

    Returns:
        False where this file system has no hard links; nothing was written then.

    Raises:
        FileExistsError: there is a file of that name; ``filename2`` is set, as for every link that failed.
        OSError: it cannot be written.
    """
    folder = Path(unquote(urlparse(root).path))
    target = folder / key
    target.parent.mkdir(parents=True, exist_ok=True)
    for other in (target.parent, *folder.glob("*/models")):
        remove_leftovers(other)
    # The link is what makes it appear, in one step and only where nothing is. What it links to is a temporary file.
    with temporary_file(target) as temporary:
        if isinstance(content, bytes):
            temporary.write_bytes(content)
        else:
            copy_bytes(content, temporary)
        finish(temporary)
        try:
            os.link(temporary, target)
        except OSError as error:
            if error.errno in NO_LINKS:
                return False
            raise
    return True
