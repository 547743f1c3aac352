"""NumPy, imported when it is first used: an answer from the cache needs none, and the import is a tenth of its time.

Modules of the way to an answer take ``np`` from here; their annotations are not evaluated, for that would use it.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
else:

    class _Later:
        def __getattr__(self, name: str) -> object:
            import numpy

            setattr(self, name, getattr(numpy, name))
            return self.__dict__[name]

    np = _Later()

__all__ = ["np"]
