"""Tables that come with the program: YAML files that lie beside the code of the room that reads them."""

from importlib.resources import files
from typing import Any


def shipped_text(room: str, name: str) -> str:
    """The text of a file in the folder of a room, a package by its Python name (``openstack_rca.logs``)."""
    return files(room).joinpath(name).read_text(encoding="utf-8")


def shipped_yaml(room: str, name: str) -> Any:
    """What a YAML file of a room holds; read by libyaml where PyYAML was built with it."""
    import yaml

    return yaml.load(shipped_text(room, name), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - safe
