"""A full disk while training: what was trained is published, in the spool, or in the file that is named."""

import os
import random
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest

from hearing import hearing
from openstack_rca.errors import PublishFailed
from openstack_rca.lifecycle.mlflow.run_logger import RunLogger
from openstack_rca.lifecycle.objects.files import file_digest
from openstack_rca.lifecycle.versions import ModelLifecycle
from openstack_rca.logs.packed_parts import PackedParts
from openstack_rca.service.gate import GateResult
from openstack_rca.service.publishing import Published, publish_trained, saved_model
from openstack_rca.service.training import TrainingConfig, train
from openstack_rca.settings import Settings, load_settings
from trained_environment import Trained

SmallDisk = Callable[[int], Path]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """Make a folder on a disk of so many KiB."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small disk takes root")
    mounted: list[Path] = []

    def make(kib: int) -> Path:
        folder = tmp_path / f"disk{len(mounted)}"
        folder.mkdir()
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kib}k", "tmpfs", folder], capture_output=True)
        if done.returncode != 0:
            pytest.skip("this machine lets nobody mount a disk")
        mounted.append(folder)
        return folder

    yield make
    for folder in mounted:
        subprocess.run(["umount", "-l", folder], check=True)


def test_words_of_logs_move_when_their_disk_fills(small_disk: SmallDisk) -> None:
    """What was put away before goes with them, and the room on that disk is given back."""
    disk = small_disk(64)
    parts = PackedParts(tempfile.TemporaryFile(dir=disk))  # noqa: SIM115 - it is closed with the object
    tables = [pl.DataFrame({"message": [random.Random(number).randbytes(20_000).hex()]}) for number in range(5)]
    for table in tables:
        parts.add(table)
    assert [parts.read(number).rows() for number in range(5)] == [table.rows() for table in tables]
    assert shutil.disk_usage(disk).used == 0


def publish(trained: Trained, settings: Settings, output: Path | None = None) -> Published:
    facts = {"metrics": {}, "parameters": {}, "card": {}}
    with saved_model(lambda path: shutil.copyfile(trained.model_file, path), settings, output) as path:
        return publish_trained(
            path, ModelLifecycle(settings), RunLogger(settings), GateResult(), force=False, listener=hearing(), **facts
        )


@pytest.mark.parametrize("room", [0.0, 0.5, 1.0, 1.3, 2.2, 3.5])
def test_at_any_size_of_disk_the_model_is_somewhere(trained: Trained, small_disk: SmallDisk, room: float) -> None:
    """From no room at all to room for three copies: no size loses the file."""
    size = trained.model_file.stat().st_size
    settings = load_settings(home=small_disk(int(room * size / 1024) + 16) / "home", mlflow_enabled=False)
    published = publish(trained, settings)
    if published.version is not None:
        there = Path(published.version.uri.removeprefix("file://"))
    else:
        assert published.kept is not None
        there = published.kept
        assert any(str(there) in text for text in published.notices)
    assert file_digest(there) == file_digest(trained.model_file)


def test_where_nothing_has_room_the_folder_of_output_is_tried(
    trained: Trained, small_disk: SmallDisk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Home and temporary files on full disks: the place that the user named has room."""
    monkeypatch.setattr("tempfile.tempdir", str(small_disk(16)))
    settings = load_settings(home=small_disk(16) / "home", mlflow_artifact_root=str(tmp_path), mlflow_enabled=False)
    with pytest.raises(PublishFailed, match="there is no room for its file"):
        publish(trained, settings)
    published = publish(trained, settings, tmp_path / "mine.keras")
    assert published.version is not None


def test_a_whole_training_on_a_full_disk_ends_with_its_model(trained: Trained, small_disk: SmallDisk) -> None:
    """Tracking database, plots and versions find no room: notices, no defect."""
    settings = load_settings(home=small_disk(400) / "home")
    config = TrainingConfig(epochs=1, batch_size=32, lstm_units=4)
    outcome = train([trained.logs / "controller" / "nova-api.log.xz"], settings=settings, config=config)
    assert outcome.version is None
    assert outcome.kept is not None and outcome.kept.stat().st_size > 0
    assert outcome.notices
