"""Faces of rooms that import a module of the room when one of its names is first used."""

import ast
import importlib
import sys
from collections.abc import Callable
from functools import cache
from typing import Any


def later(package: str) -> Callable[[str], object]:
    """A ``__getattr__`` for ``package``, which gives the names that its face imports for type checkers alone."""

    def get(name: str) -> object:
        modules = _put_off(package)
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        found = getattr(importlib.import_module(modules[name]), name)
        setattr(sys.modules[package], name, found)
        return found

    return get


@cache
def _put_off(package: str) -> dict[str, str]:
    """Name -> the module that has it, read from the face's own imports, so that these stand there once."""
    loader: Any = sys.modules[package].__loader__
    blocks = (part for part in ast.parse(loader.get_source(package)).body if isinstance(part, ast.If))
    imports = (node for block in blocks for node in block.body if isinstance(node, ast.ImportFrom))
    return {alias.name: node.module or "" for node in imports for alias in node.names}
