"""One audited file is the model: it opens without Keras, says what is wrong with it, and runs nothing."""

import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openstack_rca.errors import ModelFileDamaged, ModelFileError, ModelFileUnsafe, ModelFormatUnsupported
from openstack_rca.model import model_file
from openstack_rca.model.audit import ASSET_FOLDER
from openstack_rca.model.model_file import load_keras_model, open_model_file
from openstack_rca.model.training import TrainingResult

Members = dict[str, bytes]


def unpack(path: Path) -> Members:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def pack(members: Members, path: Path, compression: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def change_json(members: Members, name: str, change: Callable[[dict], object]) -> None:
    value = json.loads(members[name])
    change(value)
    members[name] = json.dumps(value).encode()


def change_weights(members: Members, change: Callable[[h5py.File], object]) -> None:
    buffer = io.BytesIO(members["model.weights.h5"])
    with h5py.File(buffer, "r+") as file:
        change(file)
    members["model.weights.h5"] = buffer.getvalue()


def test_opening_and_scoring_import_neither_keras_nor_jax(model_path: Path) -> None:
    """In a fresh process: that is what makes an analysis start in no time."""
    program = (
        "import sys; from pathlib import Path; from openstack_rca.model.model_file import open_model_file;"
        "from openstack_rca.logs.event_table import EVENT_SCHEMA; import polars as pl;"
        "open_model_file(Path(sys.argv[1])).score(pl.DataFrame(schema=EVENT_SCHEMA));"
        "heavy = {'keras', 'jax', 'tensorflow', 'torch', 'mlflow', 'matplotlib'} & set(sys.modules); assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", program, str(model_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_importing_the_training_does_not_import_keras() -> None:
    """Only running one does."""
    program = (
        "import sys, openstack_rca.model.training, openstack_rca.model.plots;"
        "assert not {'keras', 'jax', 'matplotlib'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_file_brings_everything_back(model_path: Path, trained: TrainingResult) -> None:
    """Card, baseline and calibration of the training, from one file."""
    file = open_model_file(model_path)
    assert file.card == trained.card
    assert file.baseline.templates["count"].sum() == trained.card.events
    assert not file.knows_stories


def test_keras_opens_the_file_in_safe_mode_uncompiled(model_path: Path, trained: TrainingResult) -> None:
    """And finds the records in it."""
    model = load_keras_model(model_path)
    assert not model.compiled
    assert model.get_layer("records").files == trained.keras_model.get_layer("records").files
    assert model.outputs[0].shape[-1] == trained.keras_model.outputs[0].shape[-1]


def test_a_keras_model_saved_again_by_others_is_the_same_model(model_path: Path, tmp_path: Path) -> None:
    """Loaded with Keras and saved with Keras, as a model manager does: it still opens, scores alike."""
    model = load_keras_model(model_path)
    model.save(tmp_path / "again.keras")
    assert open_model_file(tmp_path / "again.keras").card == open_model_file(model_path).card


@pytest.mark.parametrize("backend", ["tensorflow", "torch"])
def test_the_file_opens_under_another_backend(backend: str, model_path: Path) -> None:
    """The format is Keras', not JAX's."""
    if find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed here")
    program = (
        "import sys; from pathlib import Path; import keras; assert keras.backend.backend() == sys.argv[2];"
        "from openstack_rca.model.model_file import load_keras_model; load_keras_model(Path(sys.argv[1]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(model_path), backend],
        capture_output=True,
        text=True,
        check=False,
        env={"KERAS_BACKEND": backend, "PATH": ""},
    )
    assert done.returncode == 0, done.stderr


def test_no_file_and_no_zip_are_said_to_be_that(tmp_path: Path) -> None:
    with pytest.raises(ModelFileDamaged, match="There is no model file"):
        open_model_file(tmp_path / "none.keras")
    (tmp_path / "text.keras").write_text("hello")
    with pytest.raises(ModelFileDamaged, match="not a whole"):
        open_model_file(tmp_path / "text.keras")
    with pytest.raises(ModelFileDamaged, match="cannot be read"):
        open_model_file(tmp_path)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(share=st.floats(0.0, 0.9999))
def test_a_file_cut_off_anywhere_is_damaged(share: float, model_path: Path, tmp_path: Path) -> None:
    content = model_path.read_bytes()
    cut_off = tmp_path / "cut.keras"
    cut_off.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(ModelFileDamaged):
        open_model_file(cut_off)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.floats(0.0, 0.9999), value=st.integers(1, 255))
def test_a_changed_byte_is_noticed_or_changes_nothing(
    place: float, value: int, model_path: Path, tmp_path: Path
) -> None:
    """Bytes that no reader looks at (dates in the zip's headers) may differ; everything else is refused with our errors."""
    content = bytearray(model_path.read_bytes())
    content[int(len(content) * place)] ^= value
    changed = tmp_path / "changed.keras"
    changed.write_bytes(bytes(content))
    try:
        opened = open_model_file(changed)
    except ModelFileError as error:
        assert str(changed) in error.message
    else:
        assert opened.card == open_model_file(model_path).card


@pytest.mark.parametrize(
    "member",
    [
        "config.json",
        "model.weights.h5",
        *(ASSET_FOLDER + name for name in ("manifest.json", "card.json", "vocabulary.json")),
    ],
)
def test_a_missing_part_is_named(member: str, model_path: Path, tmp_path: Path) -> None:
    """Keras itself would open some of these without a word."""
    members = unpack(model_path)
    del members[member]
    with pytest.raises(ModelFileDamaged, match=f"{Path(member).name} is missing"):
        open_model_file(pack(members, tmp_path / "m.keras"))


@pytest.mark.parametrize("name", ["card.json", "vocabulary.json", "calibration.json", "baseline.json"])
def test_a_changed_record_is_noticed(name: str, model_path: Path, tmp_path: Path) -> None:
    members = unpack(model_path)
    members[ASSET_FOLDER + name] += b" "
    with pytest.raises(ModelFileDamaged, match=f"{name} does not match"):
        open_model_file(pack(members, tmp_path / "m.keras"))


@pytest.mark.parametrize("name", ["card.json", "vocabulary.json", "calibration.json", "baseline.json"])
@pytest.mark.parametrize("content", [b"[]", b"{}", b"null", b"\xff", b'{"": {}}'])
def test_a_record_of_the_wrong_form_is_named_even_if_its_digest_fits(
    name: str, content: bytes, model_path: Path, tmp_path: Path
) -> None:
    import hashlib

    members = unpack(model_path)
    members[ASSET_FOLDER + name] = content
    change_json(
        members,
        ASSET_FOLDER + "manifest.json",
        lambda manifest: manifest["files"].update({name: hashlib.sha256(content).hexdigest()}),
    )
    with pytest.raises(ModelFileDamaged, match=name):
        open_model_file(pack(members, tmp_path / "m.keras"))


def test_another_format_version_says_which_are_read(model_path: Path, tmp_path: Path) -> None:
    members = unpack(model_path)
    change_json(members, ASSET_FOLDER + "manifest.json", lambda manifest: manifest.update(format_version=99))
    with pytest.raises(ModelFormatUnsupported, match="format version 99; this release reads 1, 2"):
        open_model_file(pack(members, tmp_path / "m.keras"))


def test_a_model_of_other_template_masks_is_refused(model_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its templates are not those that this release makes, so every event would be unseen: refuse rather than mislead."""
    monkeypatch.setattr(model_file, "MASK_VERSION", 10_000)
    with pytest.raises(ModelFormatUnsupported, match="masks"):
        open_model_file(model_path)


def _lose(file: h5py.File) -> None:
    del file["layers/lstm/cell/vars/1"]


def _spoil(file: h5py.File) -> None:
    file["layers/lstm/cell/vars/0"][0, 0] = np.nan


def _change(file: h5py.File) -> None:
    file["layers/lstm/cell/vars/2"][0] = 1.5


WEIGHT_CHANGES: dict[str, tuple[Callable[[h5py.File], object], str]] = {
    "missing": (_lose, "lstm_recurrent_kernel is missing"),
    "not a number": (_spoil, "not numbers"),
    "changed": (_change, "do not match"),
}


@pytest.mark.parametrize("kind", WEIGHT_CHANGES)
def test_weights_that_are_not_those_that_were_trained_are_refused(kind: str, model_path: Path, tmp_path: Path) -> None:
    change, words = WEIGHT_CHANGES[kind]
    members = unpack(model_path)
    change_weights(members, change)
    with pytest.raises(ModelFileDamaged, match=words):
        open_model_file(pack(members, tmp_path / "m.keras"))


def test_a_weight_of_another_shape_or_type_is_refused(model_path: Path, tmp_path: Path) -> None:
    def replace(value: np.ndarray) -> Callable[[h5py.File], None]:
        def change(file: h5py.File) -> None:
            del file["layers/lstm/cell/vars/2"]
            file["layers/lstm/cell/vars/2"] = value

        return change

    for value, words in ((np.zeros(3, np.float32), "shape"), (np.zeros(96, np.float64), "float64")):
        members = unpack(model_path)
        change_weights(members, replace(value))
        with pytest.raises(ModelFileDamaged, match=words):
            open_model_file(pack(members, tmp_path / "m.keras"))


def test_a_weight_that_links_to_another_file_is_refused(model_path: Path, tmp_path: Path) -> None:
    """An HDF5 link could read any file of the machine."""
    with h5py.File(tmp_path / "secret.h5", "w") as secret:
        secret["data"] = np.zeros(96, np.float32)

    def link(file: h5py.File) -> None:
        del file["layers/lstm/cell/vars/2"]
        file["layers/lstm/cell/vars/2"] = h5py.ExternalLink(str(tmp_path / "secret.h5"), "data")

    members = unpack(model_path)
    change_weights(members, link)
    with pytest.raises(ModelFileError, match="lstm_bias"):
        open_model_file(pack(members, tmp_path / "m.keras"))


def test_a_weight_that_lies_in_another_file_is_refused(model_path: Path, tmp_path: Path) -> None:
    """HDF5 may keep a data set's bytes outside, or put it together from other files: both would read files of this machine."""
    (tmp_path / "secret.bin").write_bytes(bytes(96 * 4))
    with h5py.File(tmp_path / "secret.h5", "w") as secret:
        secret["data"] = np.zeros(96, np.float32)

    def outside(file: h5py.File) -> None:
        del file["layers/lstm/cell/vars/2"]
        file.create_dataset(
            "layers/lstm/cell/vars/2",
            shape=(96,),
            dtype="f4",
            external=[(str(tmp_path / "secret.bin"), 0, 96 * 4)],
        )

    def put_together(file: h5py.File) -> None:
        del file["layers/lstm/cell/vars/2"]
        layout = h5py.VirtualLayout(shape=(96,), dtype="f4")
        layout[:] = h5py.VirtualSource(str(tmp_path / "secret.h5"), "data", shape=(96,))
        file.create_virtual_dataset("layers/lstm/cell/vars/2", layout)

    for change in (outside, put_together):
        members = unpack(model_path)
        change_weights(members, change)
        with pytest.raises(ModelFileDamaged, match="lstm_bias points outside of the file"):
            open_model_file(pack(members, tmp_path / "m.keras"))


@pytest.mark.parametrize(
    ("member", "words"),
    [
        ("model.pkl", "could run code"),
        ("assets/model.joblib", "could run code"),
        ("../../etc/passwd", "not part of a model"),
        ("/absolute.json", "not part of a model"),
        (ASSET_FOLDER + "more.json", "not part of a model"),
    ],
)
def test_members_that_no_model_has_are_refused(member: str, words: str, model_path: Path, tmp_path: Path) -> None:
    path = pack(unpack(model_path) | {member: b"x"}, tmp_path / "m.keras")
    for opening in (open_model_file, load_keras_model):
        with pytest.raises(ModelFileUnsafe, match=words):
            opening(path)


LAYERS: list[dict[str, object]] = [
    {"module": "keras.layers", "class_name": "Lambda", "config": {"name": "l"}, "registered_name": None},
    {"module": "os", "class_name": "system", "config": {}, "registered_name": None},
    {"module": "builtins", "class_name": "function", "config": "eval", "registered_name": "function"},
    {"module": None, "class_name": "__lambda__", "config": {"value": "4wAAAA"}, "registered_name": None},
    {"module": "other.package", "class_name": "ModelRecords", "config": {}, "registered_name": "other>ModelRecords"},
    {"module": "keras.layers", "class_name": "Dense", "config": {}, "registered_name": "other>Dense"},
]


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: str(layer["class_name"]))
@pytest.mark.parametrize("deep", [False, True], ids=["as a layer", "deep inside"])
def test_classes_that_no_model_of_ours_uses_are_refused(
    layer: dict[str, object], deep: bool, model_path: Path, tmp_path: Path
) -> None:
    members = unpack(model_path)

    def add(config: dict) -> None:
        layers = config["config"]["layers"]
        if deep:
            layers[2]["config"]["embeddings_constraint"] = [{"inner": layer}]
        else:
            layers.append(layer)

    change_json(members, "config.json", add)
    with pytest.raises(ModelFileUnsafe, match=str(layer["class_name"])):
        open_model_file(pack(members, tmp_path / "m.keras"))


def test_an_lstm_of_another_kind_is_refused(model_path: Path, tmp_path: Path) -> None:
    """The NumPy pass takes tanh and sigmoid for granted; another activation would score wrongly in silence."""
    members = unpack(model_path)

    def change(config: dict) -> None:
        lstm = next(layer for layer in config["config"]["layers"] if layer["class_name"] == "LSTM")
        lstm["config"]["activation"] = "relu"

    change_json(members, "config.json", change)
    with pytest.raises(ModelFileDamaged, match="activation"):
        open_model_file(pack(members, tmp_path / "m.keras"))


def test_a_zip_bomb_is_refused_before_it_is_unpacked(model_path: Path, tmp_path: Path) -> None:
    members = unpack(model_path)
    members["metadata.json"] = b" " * 50_000_000
    with pytest.raises(ModelFileUnsafe, match="times its size"):
        open_model_file(pack(members, tmp_path / "m.keras", zipfile.ZIP_DEFLATED))


@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")
def test_two_members_of_one_name_are_refused(model_path: Path, tmp_path: Path) -> None:
    """Two readers could read two different files."""
    path = pack(unpack(model_path), tmp_path / "m.keras")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("config.json", b"{}")
    with pytest.raises(ModelFileUnsafe, match="one name"):
        open_model_file(path)


def test_a_compressed_file_opens_too(model_path: Path, tmp_path: Path) -> None:
    """Packing it tighter is no damage."""
    path = pack(unpack(model_path), tmp_path / "m.keras", zipfile.ZIP_DEFLATED)
    assert open_model_file(path).card == open_model_file(model_path).card
