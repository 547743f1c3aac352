"""Publishing can stop anywhere, and many can publish at once."""

import multiprocessing
import zipfile
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from lifecycle_helpers import FACTS, MakeModel, publish

from openstack_rca.errors import VersionNotFound
from openstack_rca.lifecycle.versions.model_lifecycle import ModelLifecycle
from openstack_rca.settings import Settings, load_settings

STEPS = ["validated", "allocated", "uploaded", "verified", "described"]


class Crash(BaseException):
    """Stands for a process that is gone: nothing may catch it and tidy up."""


def crash_at(step: str) -> Any:
    def at_step(name: str) -> None:
        if name == step:
            raise Crash(step)

    return at_step


@pytest.mark.parametrize("step", STEPS)
def test_a_crash_leaves_latest_as_it_was(embedded: Settings, make_model: MakeModel, step: str) -> None:
    """And the next publishing works, with the next number."""
    lifecycle = ModelLifecycle(embedded)
    first = publish(lifecycle, make_model("first"))
    with pytest.raises(Crash):
        publish(ModelLifecycle(embedded, at_step=crash_at(step)), make_model("second"))
    assert lifecycle.resolve() == first
    third = publish(lifecycle, make_model("third"))
    assert lifecycle.resolve().version == third.version > first.version


@pytest.mark.parametrize("step", STEPS[1:])
def test_verify_names_what_a_crash_left(embedded: Settings, make_model: MakeModel, step: str) -> None:
    lifecycle = ModelLifecycle(embedded)
    with pytest.raises(Crash):
        publish(ModelLifecycle(embedded, at_step=crash_at(step)), make_model("first"))
    (check,) = lifecycle.verify()
    assert (check.ok, check.version.status) == (False, "uploading")
    assert "never finished" in check.problem


@pytest.mark.parametrize("step", STEPS[:-1])
def test_without_a_registry_a_crash_leaves_latest_as_it_was(
    store_only: Settings, make_model: MakeModel, step: str
) -> None:
    lifecycle = ModelLifecycle(store_only)
    with pytest.raises(Crash):
        publish(ModelLifecycle(store_only, at_step=crash_at(step)), make_model("first"))
    with pytest.raises(VersionNotFound):
        lifecycle.resolve()
    second = publish(lifecycle, make_model("second"))
    assert lifecycle.resolve() == second
    assert [check.ok for check in lifecycle.verify()] == [True]


def publish_several(facts: dict[str, Any], folder: str, count: int, sender: int) -> list[int]:
    lifecycle = ModelLifecycle(load_settings(**facts))
    numbers = []
    for turn in range(count):
        path = Path(folder) / f"{sender}-{turn}.keras"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("config.json", "{}")
            archive.writestr("model.weights.h5", f"{sender} {turn}")
        numbers.append(lifecycle.publish(path, **FACTS).version)
    return numbers


def facts_of(settings: Settings, home: Path) -> dict[str, Any]:
    services = {
        "mlflow_artifact_root": settings.artifact_root,
        "mlflow_tracking_uri": settings.tracking_uri,
        "network_timeout_seconds": 60,
    }
    return {**settings.model_dump(exclude_unset=True), **services, "home": home}


@pytest.mark.parametrize("settings", ["embedded", "server_and_s3"], indirect=True)
def test_processes_that_publish_at_once_all_get_their_own_number(settings: Settings, tmp_path: Path) -> None:
    """Four processes, two files each. Homes of their own share no lock, as machines do not.

    More of them, and other registries and stores: test_faults_many_writers.py.
    """
    homes = [tmp_path / f"home-{sender}" for sender in range(4)]
    tasks = [(facts_of(settings, home), str(tmp_path), 2, sender) for sender, home in enumerate(homes)]
    with ProcessPoolExecutor(4, multiprocessing.get_context("spawn")) as pool:
        numbers = [number for found in pool.map(publish_several, *zip(*tasks, strict=True)) for number in found]
    lifecycle = ModelLifecycle(settings)
    assert max(Counter(numbers).values()) == 1
    assert len(numbers) == 8
    checks = lifecycle.verify()
    assert sorted(check.version.version for check in checks) == sorted(numbers)
    assert [check.problem for check in checks if not check.ok] == []
    assert len({check.version.sha256 for check in checks}) == 8
    assert lifecycle.resolve().version == max(numbers)
