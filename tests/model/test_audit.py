"""What is looked at before anything is made of a model file: members, sizes, classes. No training is needed for that."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openstack_rca.errors import ModelFileDamaged, ModelFileUnsafe
from openstack_rca.model import audit
from openstack_rca.model.assets import MANIFEST, RECORD_NAMES, STORIES_RECORD
from openstack_rca.model.audit import ASSET_FOLDER, CONFIG, METADATA, WEIGHTS, read_parts

Layer = dict[str, object]

KNOWN_LAYERS: list[Layer] = [
    {"module": "keras.src.models.functional", "class_name": "Functional", "registered_name": "Functional"},
    {"module": "keras.models", "class_name": "Functional", "registered_name": None},
    {"module": "keras", "class_name": "Functional", "registered_name": "Functional"},
    *(
        {"module": "keras.layers", "class_name": name, "registered_name": None}
        for name in ("InputLayer", "Embedding", "Dense", "Add", "Concatenate", "Dropout", "LSTM", "Softmax")
    ),
    *(
        {"module": "keras.initializers", "class_name": name, "registered_name": None}
        for name in ("RandomUniform", "GlorotUniform", "Orthogonal", "Zeros")
    ),
    {"module": "keras", "class_name": "DTypePolicy", "registered_name": None},
    {"module": "openstack_rca.model.assets", "class_name": "ModelRecords", "registered_name": audit._RECORDS_CLASS},
    {"class_name": "__keras_tensor__", "config": {"shape": [1]}},
]


def whole(config: object = None, **more: bytes) -> dict[str, bytes]:
    """Members of a file with every part."""
    layers = {"config": {"layers": KNOWN_LAYERS}, **KNOWN_LAYERS[0]} if config is None else config
    records = {ASSET_FOLDER + name: b"{}" for name in (MANIFEST, *RECORD_NAMES, STORIES_RECORD)}
    return {CONFIG: json.dumps(layers).encode(), WEIGHTS: b"a lot of numbers", METADATA: b"{}", **records, **more}


def packed(path: Path, members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path / "m.keras", "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path / "m.keras"


def test_two_members_of_one_name_are_refused(tmp_path: Path) -> None:
    """One reader would take the first and another the last, so what was looked at need not be what is opened."""
    path = packed(tmp_path, whole())
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr(CONFIG, b"{}")
    with pytest.raises(ModelFileUnsafe, match="two members of one name"):
        read_parts(path)


def test_a_file_with_every_part_and_every_class_that_we_write_is_read(tmp_path: Path) -> None:
    """Configuration, weights, and records by their bare names; nothing else."""
    parts = read_parts(packed(tmp_path, whole()))
    assert parts.config["config"]["layers"] == KNOWN_LAYERS
    assert parts.weights == b"a lot of numbers"
    assert parts.records == dict.fromkeys((MANIFEST, *RECORD_NAMES, STORIES_RECORD), b"{}")


@pytest.mark.parametrize("layer", KNOWN_LAYERS, ids=lambda layer: str(layer["class_name"]))
@pytest.mark.parametrize("part", ["module", "class_name", "registered_name"])
def test_a_class_is_known_by_module_name_and_registration_together(layer: Layer, part: str, tmp_path: Path) -> None:
    """With one of the three from elsewhere it is a class that nobody vouches for; where the records class lies is Keras' matter."""
    changed = layer | {part: "elsewhere"}
    path = packed(tmp_path, whole({"config": {"layers": [changed]}}))
    if (layer["class_name"], part) in (("ModelRecords", "module"), ("__keras_tensor__", "registered_name")):
        assert read_parts(path).config
    else:
        with pytest.raises(ModelFileUnsafe, match=f"asks for '{changed['class_name']}'"):
            read_parts(path)


@st.composite
def buried(draw: st.DrawFn) -> object:
    """A class from elsewhere somewhere in a configuration."""
    found: object = {"module": "os", "class_name": "system", "config": {}, "registered_name": None}
    for _ in range(draw(st.integers(0, 6))):
        known = draw(st.sampled_from(KNOWN_LAYERS))
        found = draw(st.sampled_from([{**known, "config": found}, [1, found], {"a": None, "b": found}, [found, known]]))
    return {"config": found}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(config=buried())
def test_a_foreign_class_is_found_however_deep_it_lies(config: object, tmp_path: Path) -> None:
    """In lists, in the configuration of known classes, before or behind them."""
    with pytest.raises(ModelFileUnsafe, match="'system' of 'os'"):
        read_parts(packed(tmp_path, whole(config)))


@pytest.mark.parametrize("suffix", audit._CODE_SUFFIXES)
@pytest.mark.parametrize("spell", [str.lower, str.upper])
def test_what_could_run_code_is_refused_by_name(suffix: str, spell: Callable[[str], str], tmp_path: Path) -> None:
    """In whatever case it is spelled, beside all that a model needs."""
    with pytest.raises(ModelFileUnsafe, match="could run code"):
        read_parts(packed(tmp_path, whole(**{f"assets/x{spell(suffix)}": b""})))


@pytest.mark.parametrize(
    "name", [CONFIG.upper(), f"./{CONFIG}", f"{ASSET_FOLDER}other.json", ASSET_FOLDER, "notes.txt"]
)
def test_members_are_known_by_their_whole_name(name: str, tmp_path: Path) -> None:
    """A file more, however it is called, is a part that no release writes."""
    with pytest.raises(ModelFileUnsafe, match="not part of a model"):
        read_parts(packed(tmp_path, whole(**{name: b""})))


def test_a_member_may_unpack_to_the_ratio_and_not_beyond(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Told from the zip's own list, before anything is unpacked."""
    members = whole(**{METADATA: b" " * 50_000})
    path = packed(tmp_path, members, zipfile.ZIP_DEFLATED)
    with zipfile.ZipFile(path) as archive:
        entry = archive.getinfo(METADATA)
        ratio = -(-entry.file_size // entry.compress_size)
    monkeypatch.setattr(audit, "MAXIMUM_RATIO", ratio)
    assert read_parts(path).weights == b"a lot of numbers"
    monkeypatch.setattr(audit, "MAXIMUM_RATIO", ratio - 1)
    with pytest.raises(ModelFileUnsafe, match=f"'metadata.json' unpacks to more than {ratio - 1} times its size"):
        read_parts(path)


def test_members_that_are_not_compressed_and_empty_ones_are_no_bombs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the ratio, a member may have its own size."""
    monkeypatch.setattr(audit, "MAXIMUM_RATIO", 1)
    assert read_parts(packed(tmp_path, whole(**{METADATA: b""}))).weights == b"a lot of numbers"


def test_all_members_together_may_have_the_greatest_size_and_not_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many parts that are allowed one by one are none together."""
    path = packed(tmp_path, whole(**{WEIGHTS: bytes(4 * 1024**2 - 6_000)}))
    with zipfile.ZipFile(path) as archive:
        size = sum(entry.file_size for entry in archive.infolist())
    assert 4 * 1023**2 < size < 4 * 1024**2
    monkeypatch.setattr(audit, "MAXIMUM_BYTES", size)
    assert len(read_parts(path).weights) == 4 * 1024**2 - 6_000
    monkeypatch.setattr(audit, "MAXIMUM_BYTES", size - 1)
    with pytest.raises(ModelFileUnsafe, match="unpacks to more than 3 MB"):
        read_parts(path)


def test_the_bounds_of_a_model_file_are_those_of_the_documentation() -> None:
    """A real model has a few MB; half a gigabyte is none."""
    assert audit.MAXIMUM_BYTES == 512 * 1024 * 1024
    assert audit.MAXIMUM_RATIO == 200


@pytest.mark.parametrize("part", [CONFIG, WEIGHTS])
def test_a_part_that_every_model_has_is_missed_by_name(part: str, tmp_path: Path) -> None:
    """The metadata, which nothing here reads, may be missing."""
    members = whole()
    del members[part]
    with pytest.raises(ModelFileDamaged, match=f"its part {part} is missing"):
        read_parts(packed(tmp_path, members))
    members = whole()
    del members[METADATA]
    assert read_parts(packed(tmp_path, members)).records


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"{", "is not JSON"),
        (b"\xff\xfe\xff", "is not JSON"),
        (b"[" * 200_000, "is not JSON"),
        (b"[]", "describes no model"),
        (b'"x"', "describes no model"),
    ],
    ids=["cut off", "no text", "deeper than Python reads", "a list", "a text"],
)
def test_a_configuration_that_is_none_is_damage(content: bytes, says: str, tmp_path: Path) -> None:
    """Whatever stands there, it is an error of ours, with what to do."""
    with pytest.raises(ModelFileDamaged, match=says) as caught:
        read_parts(packed(tmp_path, whole(**{CONFIG: content})))
    assert str(tmp_path) in caught.value.message
    assert caught.value.hint


def test_a_wrong_checksum_and_an_encrypted_member_are_damage(tmp_path: Path) -> None:
    """zipfile tells them in its own words, which are passed on."""
    path = packed(tmp_path, whole())
    data = path.read_bytes()
    path.write_bytes(data.replace(b"of numbers", b"of nothing"))
    with pytest.raises(ModelFileDamaged, match="not a whole"):
        read_parts(path)
    locked = bytearray(data)
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        locked[data.find(signature) + flags] |= 1
    path.write_bytes(bytes(locked))
    with pytest.raises(ModelFileDamaged, match="encrypted"):
        read_parts(path)


def test_what_cannot_be_read_says_why(tmp_path: Path) -> None:
    """A folder, and nothing at all."""
    with pytest.raises(ModelFileDamaged, match="cannot be read: Is a directory"):
        read_parts(tmp_path)
    with pytest.raises(ModelFileDamaged, match="There is no model file"):
        read_parts(tmp_path / "none.keras")
