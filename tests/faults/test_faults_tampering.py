"""Files that were tampered with, before or after publishing, are refused and named; no analysis runs on them."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from openstack_rca.cli.main import cli, run
from openstack_rca.lifecycle.versions.model_lifecycle import ModelLifecycle
from openstack_rca.settings import load_settings
from trained_environment import SAMPLES, Trained

FACTS = {"run_id": None, "metrics": {}, "parameters": {}, "card": {}}
LAMBDA = {"module": "keras.layers", "class_name": "Lambda", "config": {"name": "l"}, "registered_name": None}
Members = dict[str, bytes]


def analyze(capfd: pytest.CaptureFixture[str], *options: str) -> tuple[int, str]:
    """Exit status and standard error."""
    capfd.readouterr()
    logs = str(SAMPLES / "incidents" / "INC-009" / "logs")
    status = run(cli, ["analyze", logs, "--issue", "Instances stay in BUILD", *options])
    return status, " ".join(capfd.readouterr().err.split())


def members_of(path: Path) -> Members:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def publish(members: Members, folder: Path, compression: int = zipfile.ZIP_STORED) -> int:
    """Publish these members as anybody could who may publish; the digest fits."""
    path = folder / "model.keras"
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return ModelLifecycle(load_settings()).publish(path, **FACTS).version


def stored(version: int) -> Path:
    return Path(ModelLifecycle(load_settings()).show(version).uri.removeprefix("file://"))


def without_cache(home: Path) -> None:
    for cached in (home / "cache").rglob("*.keras"):
        cached.unlink()


def flip(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


AFTERWARDS: dict[str, Callable[[bytes], bytes]] = {
    "one bit": flip,
    "cut off": lambda data: data[: len(data) // 2],
    "empty": lambda _data: b"",
    "something behind it": lambda data: data + b"\0",
}


@pytest.mark.parametrize("how", AFTERWARDS)
def test_an_object_changed_after_publishing_is_not_used(
    home: Path, capfd: pytest.CaptureFixture[str], how: str
) -> None:
    without_cache(home)
    path = stored(1)
    path.write_bytes(AFTERWARDS[how](path.read_bytes()))
    status, error = analyze(capfd)
    assert status == 0
    assert "Answered without a model" in error
    assert "Version 1" in error and "not what was published" in error
    status, error = analyze(capfd, "--model", "1")
    assert status == 1
    assert "not what was published" in error


def test_two_objects_that_changed_places_are_not_used(
    home: Path, trained: Trained, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Each is a whole model that was published, only not under this number."""
    members = members_of(trained.model_file)
    number = publish(members | {"metadata.json": members["metadata.json"] + b" "}, tmp_path)
    without_cache(home)
    first, second = stored(1), stored(number)
    kept = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(kept)
    for version in (1, number):
        status, error = analyze(capfd, "--model", str(version))
        assert status == 1
        assert f"Version {version}" in error and "not what was published" in error


def with_lambda(members: Members) -> Members:
    config = json.loads(members["config.json"])
    config["config"]["layers"].append(LAMBDA)
    return members | {"config.json": json.dumps(config).encode()}


def of_another_format(members: Members) -> Members:
    (name,) = (name for name in members if name.endswith("/manifest.json"))
    manifest = json.loads(members[name]) | {"format_version": 0}
    return members | {name: json.dumps(manifest).encode()}


def without_vocabulary(members: Members) -> Members:
    return {name: content for name, content in members.items() if not name.endswith("vocabulary.json")}


BEFORE: dict[str, tuple[Callable[[Members], Members], str]] = {
    "a Lambda layer": (with_lambda, "Lambda"),
    "a zip bomb": (lambda members: members | {"metadata.json": b" " * 50_000_000}, "times its size"),
    "no vocabulary": (without_vocabulary, "vocabulary.json is missing"),
    "another format": (of_another_format, "format version 0"),
    "a pickle": (lambda members: members | {"model.pkl": b"x"}, "could run code"),
    "a path outside": (lambda members: members | {"../../etc/passwd": b"x"}, "not part of a model"),
}


@pytest.mark.parametrize("what", BEFORE)
def test_a_published_file_that_is_no_model_of_ours_is_refused_by_name(
    home: Path, trained: Trained, tmp_path: Path, capfd: pytest.CaptureFixture[str], what: str
) -> None:
    """Its digest fits: whoever published it may publish. What it holds is looked at all the same.

    Asked for by number it is refused; ``latest`` gives way to the newest version that can be used, and says why.
    """
    change, words = BEFORE[what]
    publish(change(members_of(trained.model_file)), tmp_path, zipfile.ZIP_DEFLATED)
    status, error = analyze(capfd, "--model", "2")
    assert status == 1
    assert words in error
    status, told = analyze(capfd)
    assert status == 0
    assert words in told and "Version 1 answers instead" in told
    status, told = analyze(capfd, "--model", "1")
    assert (status, words in told) == (0, False)
