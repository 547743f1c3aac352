"""Look at a model file's parts before anything is made of them.

A ``.keras`` file is a zip of JSON and one HDF5 file of weights. Only members, layer classes and sizes that this project
writes are let through; what could run code (pickle, Lambda layers, classes from elsewhere) is refused.
"""

import json
import struct
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from openstack_rca.errors import ModelFileDamaged, ModelFileUnsafe
from openstack_rca.model.assets import MANIFEST, RECORD_NAMES, STORIES_RECORD, damaged

ASSET_FOLDER = "assets/layers/model_records/"
CONFIG, WEIGHTS, METADATA = "config.json", "model.weights.h5", "metadata.json"
_MEMBERS = frozenset(
    {CONFIG, WEIGHTS, METADATA, *(ASSET_FOLDER + name for name in (MANIFEST, *RECORD_NAMES, STORIES_RECORD))}
)

MAXIMUM_BYTES = 512 * 1024 * 1024
"""Of all members unpacked; a real model has a few MB."""
MAXIMUM_RATIO = 200
"""Unpacked to packed size of a member; JSON of repeated templates stays under 50."""

_CODE_SUFFIXES = (".pkl", ".pickle", ".joblib", ".dill", ".py", ".pyc", ".so", ".npy", ".npz", ".pt", ".pth")

_LAYER_CLASSES = {
    ("keras.src.models.functional", "Functional"),
    ("keras.models", "Functional"),
    ("keras", "Functional"),
    *(
        ("keras.layers", name)
        for name in ("InputLayer", "Embedding", "Dense", "Add", "Concatenate", "Dropout", "LSTM", "Softmax")
    ),
}
_RECORDS_CLASS = "openstack_rca>ModelRecords"
_HELPER_MODULES = {"keras.initializers", "keras"}
_HELPER_CLASSES = {"RandomUniform", "GlorotUniform", "Orthogonal", "Zeros", "DTypePolicy"}
_MARKS = {"__keras_tensor__"}


@dataclass(frozen=True)
class Parts:
    """The content of an audited file: Keras' description of the layers, the HDF5 file's bytes, record name -> content."""

    config: dict[str, Any]
    weights: bytes
    records: dict[str, bytes]


def read_parts(path: Path) -> Parts:
    """Audit a model file and read its parts.

    Raises ModelFileDamaged: it is not a zip, is cut off, has a wrong checksum, or lacks a part. ModelFileUnsafe: it holds what
    this project never writes.
    """
    name = str(path)
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            _audit_members(members, name)
            content = {member.filename: archive.read(member) for member in members}
    except FileNotFoundError:
        raise ModelFileDamaged(f"There is no model file {name}.", "Give the path of a .keras file.") from None
    except (zipfile.BadZipFile, EOFError, zlib.error, struct.error, NotImplementedError, RuntimeError) as error:
        raise damaged(name, f"it is not a whole .keras (zip) file ({error})") from error
    except OSError as error:
        raise ModelFileDamaged(
            f"The model file {name} cannot be read: {error.strerror or error}.", "Check the path and its permissions."
        ) from error
    for needed in (CONFIG, WEIGHTS):
        if needed not in content:
            raise damaged(name, f"its part {needed} is missing")
    try:
        config = json.loads(content[CONFIG])
    except (ValueError, RecursionError) as error:
        raise damaged(name, f"its part {CONFIG} is not JSON") from error
    if not isinstance(config, dict):
        raise damaged(name, f"its part {CONFIG} describes no model")
    _audit_classes(config, name)
    records = {
        member.removeprefix(ASSET_FOLDER): data for member, data in content.items() if member.startswith(ASSET_FOLDER)
    }
    return Parts(config, content[WEIGHTS], records)


def _unsafe(path: str, problem: str) -> ModelFileUnsafe:
    return ModelFileUnsafe(
        f"The model file {path} was refused: {problem}.",
        "Use only files that 'openstack-rca train' wrote; do not open this one with other tools either.",
    )


def _audit_members(members: list[zipfile.ZipInfo], path: str) -> None:
    names = [member.filename for member in members]
    if len(set(names)) != len(names):
        raise _unsafe(path, "it holds two members of one name")
    for member in members:
        if member.filename.lower().endswith(_CODE_SUFFIXES):
            raise _unsafe(path, f"it holds {member.filename!r}, which could run code when it is opened")
        if member.filename not in _MEMBERS:
            raise _unsafe(path, f"it holds {member.filename!r}, which is not part of a model")
        if member.file_size > MAXIMUM_RATIO * max(member.compress_size, 1):
            raise _unsafe(path, f"its part {member.filename!r} unpacks to more than {MAXIMUM_RATIO} times its size")
    if sum(member.file_size for member in members) > MAXIMUM_BYTES:
        raise _unsafe(path, f"it unpacks to more than {MAXIMUM_BYTES // 1024**2} MB")


def _audit_classes(value: object, path: str) -> None:
    """Every object that Keras would make from the configuration is one that this project vouches for."""
    pending: list[object] = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, dict):
            if "class_name" in item:
                _audit_class(item, path)
            pending.extend(item.values())
        elif isinstance(item, list):
            pending.extend(item)


def _audit_class(item: dict[str, Any], path: str) -> None:
    class_name, module, registered = item["class_name"], item.get("module"), item.get("registered_name")
    if class_name in _MARKS and module is None:
        return
    if registered == _RECORDS_CLASS and class_name == "ModelRecords":
        return
    # Keras writes the class name itself as the registered name of its own classes, or null.
    own = registered in (None, class_name)
    if own and (
        (module, class_name) in _LAYER_CLASSES or (module in _HELPER_MODULES and class_name in _HELPER_CLASSES)
    ):
        return
    raise _unsafe(path, f"its configuration asks for {class_name!r} of {module!r}, which no model of ours uses")
