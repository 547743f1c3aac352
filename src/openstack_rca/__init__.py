"""OpenStack RCA: the root cause of a cloud's trouble, from its logs.

The public face is what ``__all__`` names; everything else may change without notice. See docs/python.md.
"""

import os

ALLOCATOR = "dirty_decay_ms:500,muzzy_decay_ms:0,narenas:1"
"""Options of Polars' allocator, which reads them once, when Polars is first imported. By its default it gives memory back to the
system between two blocks of lines and asks for it again, which took a tenth of the time of reading; what is kept for longer
than this, or by several arenas, makes a process that goes on grow."""
os.environ.setdefault("_RJEM_MALLOC_CONF", ALLOCATOR)

# Checkers of types take this name as true; the import of typing would stand before all that answers Ctrl-C in silence.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from openstack_rca.service.face import analyze, load_model, read_events, train

__version__ = "0.1.0"
__all__ = ["__version__", "analyze", "load_model", "read_events", "train"]


def __getattr__(name: str) -> object:
    """Import the face when one of its names is first used, so that ``--help`` does not wait for it."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from openstack_rca.service import face

    return getattr(face, name)


def __dir__() -> list[str]:
    return sorted(__all__)
