"""Faces of rooms that import a module of the room when one of its names is first used."""

import importlib
import sys
from collections.abc import Callable


def later(package: str, **names: str) -> Callable[[str], object]:
    """A ``__getattr__`` for ``package``; ``names``: module of the package -> its public names, separated by blanks."""
    modules = {name: module for module, given in names.items() for name in given.split()}

    def get(name: str) -> object:
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        found = getattr(importlib.import_module(f"{package}.{modules[name]}"), name)
        setattr(sys.modules[package], name, found)
        return found

    return get
