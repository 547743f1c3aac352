"""Tables that come with the program: YAML files that lie beside the code of the room that reads them.

Reading YAML is slow, so each is read once and kept compiled: beside it in a wheel, by ``hatch_build.py``; in a checkout
where Python keeps its compiled modules, until the file changes.
"""

import contextlib
import json
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any


def shipped_text(room: str, name: str) -> str:
    """The text of a file in the folder of a room, a package by its Python name (``openstack_rca.logs``)."""
    return _path(room, name).read_text(encoding="utf-8")


def shipped_yaml(room: str, name: str) -> Any:
    """What a YAML file of a room holds; read by libyaml where PyYAML was built with it."""
    path = _path(room, name)
    return compiled_once(path.with_suffix(".json"), lambda: identity_of(path), lambda: read_yaml(path))


def read_yaml(path: Path) -> Any:
    """What a YAML file holds; raises OSError, UnicodeDecodeError, ``yaml.YAMLError``."""
    import yaml

    return yaml.load(path.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506


def compiled_once(built: Path, state: Callable[[], Any], compiled: Callable[[], Any]) -> Any:
    """What ``compiled`` gives: from the wheel (``built``), as it was kept if ``state`` is still the same, or made now and kept.

    Both are values that JSON holds. Threads and processes may come at once: what is kept is written whole or not at all.
    """
    if built.is_file():
        return json.loads(built.read_bytes())
    kept, now = built.with_name("__pycache__") / built.name, state()
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        known = json.loads(kept.read_bytes())
        if known["state"] == now:
            return known["content"]
    content = compiled()
    part = kept.with_name(f"{kept.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps({"state": now, "content": content}), encoding="utf-8")
        part.replace(kept)
    except OSError:
        # Where nothing can be written, the next start compiles again.
        with contextlib.suppress(OSError):
            part.unlink()
    return content


def identity_of(path: Path) -> list[Any]:
    """Name, size and time of change of a file: what ``compiled_once`` knows it by."""
    found = path.stat()
    return [path.name, found.st_size, found.st_mtime_ns]


def _path(room: str, name: str) -> Path:
    return Path(__file__).parent.joinpath(*room.split(".")[1:], name)
