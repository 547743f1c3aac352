"""Many processes publish at once: as many versions as files, all different, none overwritten."""

from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from fault_tasks import CONTEXT, content_of, publish_many
from fault_world import World

from openstack_rca.errors import DigestMismatch
from openstack_rca.settings import Settings, load_settings

WRITERS, TURNS = 8, 3


def publish_at_once(world: World, homes: list[Path], turns: int) -> dict[int, str]:
    """One writer a home; the content of each version by its number, as the writers were told."""
    count = len(homes)
    facts: list[dict[str, Any]] = [{**world.facts, "home": home, "network_timeout_seconds": 120} for home in homes]
    with ProcessPoolExecutor(count, CONTEXT) as pool:
        told = list(pool.map(publish_many, facts, [str(world.folder)] * count, [turns] * count, range(count)))
    numbers = [number for published in told for number in published]
    assert len(set(numbers)) == len(numbers) == count * turns
    return {number: content for published in told for number, content in published.items()}


@pytest.mark.parametrize(
    ("settings", "one_machine"),
    [("embedded", True), ("store_only", False), ("postgres_and_s3", False)],
    indirect=["settings"],
)
def test_each_file_becomes_a_version_of_its_own(settings: Settings, tmp_path: Path, one_machine: bool) -> None:
    """Homes of their own share no lock, as machines do not."""
    world = World(settings, tmp_path)
    homes = [settings.home if one_machine else tmp_path / f"home-{writer}" for writer in range(WRITERS)]
    published = publish_at_once(world, homes, TURNS)
    lifecycle = world.lifecycle()
    assert {
        check.version.version: check.problem for check in lifecycle.verify() if check.version.resolvable
    } == dict.fromkeys(published, "")
    assert {number: content_of(lifecycle.load(number).path) for number in published} == published
    assert lifecycle.resolve().version == max(published)


def test_swift_without_a_registry_gives_nobody_a_file_of_another_version(s3: Settings, tmp_path: Path) -> None:
    """It lets two uploads to one key begin at the same instant; a version that was hit by that is refused, not mixed up."""
    world = World(s3, tmp_path)
    published = publish_at_once(world, [tmp_path / f"home-{writer}" for writer in range(WRITERS)], TURNS)
    held = {}
    for number, content in published.items():
        try:
            held[number] = content_of(world.lifecycle().load(number).path)
        except DigestMismatch:
            held[number] = content
    assert held == published


def test_homes_of_their_own_may_begin_one_database_at_once(tmp_path: Path) -> None:
    """Making MLflow's tables takes seconds, in which the others are there already."""
    shared = load_settings(home=tmp_path / "shared")
    world = World(shared, tmp_path)
    (tmp_path / "shared").mkdir()
    published = publish_at_once(world, [tmp_path / f"home-{writer}" for writer in range(4)], 1)
    assert sorted(published) == [1, 2, 3, 4]
