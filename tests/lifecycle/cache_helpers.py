"""A small cache for tests, and files to put into it."""

import os
import time
from pathlib import Path

from openstack_rca.lifecycle.local.cache import ModelCache, Origin
from openstack_rca.lifecycle.objects.files import file_digest
from openstack_rca.lifecycle.records import Place

SIZE = 1000
"""Bytes of each file."""


def make_cache(folder: Path, limit: int = 10 * SIZE, patience: float = 1.0) -> ModelCache:
    """The cache of one model; waits so many seconds for other processes."""
    return ModelCache(folder, Place("experiment", "model"), Origin("file:///top", "root", ""), limit, patience)


def put(cache: ModelCache, folder: Path, letter: str, age: int = 0) -> str:
    """A file of 1000 bytes, last used ``age`` seconds ago; gives its digest."""
    source = folder / "source"
    source.write_text(letter * SIZE)
    sha256 = file_digest(source)
    cache.add(source, sha256)
    when = time.time() - age
    if cache.path_for(sha256).exists():
        os.utime(cache.path_for(sha256), (when, when))
    return sha256
