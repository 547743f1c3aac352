"""The parts of the fault benchmark; see ``__main__``."""

import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from ceph_server import ceph_server, missing_for_ceph
from fault_tasks import content_of, in_a_process, write_model
from fault_world import World
from flaky_proxy import Fault, flaky_proxy
from lifecycle_helpers import FACTS
from lifecycle_servers import ACCESS_KEY, SECRET, S3Server, missing_for_swift, mlflow_server, swift_server
from postgres_servers import missing_for_postgres, postgres_server
from rich.console import Console
from rich.progress import track
from test_faults_many_writers import publish_at_once

from openstack_rca.errors import OpenStackRcaError
from openstack_rca.lifecycle.mlflow.client import connect
from openstack_rca.lifecycle.mlflow.tracking import Tracking
from openstack_rca.lifecycle.versions.model_lifecycle import ModelLifecycle
from openstack_rca.settings import Settings, load_settings

TASKS = ("publish", "load", "pin", "unpin", "prune", "yank")
FAULTS = ("cut", "lost", "silent", "delay", "truncate", "corrupt", "trickle", "403", "429", "500", "503")
STORES = (("Swift", missing_for_swift, swift_server), ("Ceph", missing_for_ceph, ceph_server))
ENVIRONMENTS = ("openstack_rca_system_staging", "openstack_rca_system_production", "feature-x")
PATIENT = 120
BUDGET = 2.0


@contextmanager
def places(*, registry: bool = True) -> Iterator[dict[str, tuple[Settings, Path]]]:
    """Where versions may live, by name; with the servers that are there running. Each has a folder for its files."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        (folder / "local").mkdir()
        local = load_settings(home=folder / "local" / "home", mlflow_enabled=registry)
        found = {"sqlite and a folder" if registry else "a folder alone": (local, folder / "local")}
        remote: dict[str, Any] = {"mlflow_enabled": registry}
        if registry and (missing := missing_for_postgres()):
            print(f"  left out: all servers; {missing}")
        else:
            if registry:
                server = mlflow_server(folder / "mlflow", backend=stack.enter_context(postgres_server()))
                remote["mlflow_tracking_uri"] = stack.enter_context(server)
            before = "MLflow server, PostgreSQL, " if registry else ""
            for name, why, serve in STORES:
                if missing := why():
                    print(f"  left out: {name}; {missing}")
                    continue
                started = stack.enter_context(serve(folder / name))
                # In an experiment of its own: the registry is one for all.
                home = folder / f"{name}-home"
                found[f"{before}{name}"] = (_in_bucket(home, started, experiment_name=f"in_{name}", **remote), home)
        yield found


def writers(count: int, turns: int) -> None:
    """Many processes publish at once."""
    print(f"writers: {count} processes publish {turns} times each")
    with places() as found:
        for name, (settings, folder) in found.items():
            world = World(settings, folder)
            begin = time.monotonic()
            published = publish_at_once(world, _homes(settings, folder, count), turns)
            seconds = time.monotonic() - begin
            lifecycle = world.lifecycle()
            checks = lifecycle.verify()
            whole = sum(check.ok and check.version.resolvable for check in checks)
            right = sum(content_of(lifecycle.load(number).path) == held for number, held in published.items())
            latest = lifecycle.resolve().version
            void = sum(not check.version.resolvable for check in checks)
            print(
                f"  {name}: {len(published)} versions, {whole} verify, {right} hold what their writer published, "
                f"latest is {latest} (highest {max(published)}), {void} numbers given back, {seconds:.0f} s"
            )


def _homes(settings: Settings, folder: Path, count: int) -> list[Path]:
    """One machine for what lies on one machine, else one home a writer, as if each were a machine of its own."""
    local = settings.artifact_root.startswith("file:")
    return [settings.home if local else folder / f"home-{number}" for number in range(count)]


def kills(number: int) -> None:
    """SIGKILL everywhere."""
    chance = random.Random(20)
    done: Counter[str] = Counter()
    begin = time.monotonic()
    for registry in (False, True):
        name = "sqlite and a folder" if registry else "a folder alone"
        for task in TASKS:
            with tempfile.TemporaryDirectory() as folder:
                world = _with_two_versions(
                    World(load_settings(home=Path(folder) / "home", mlflow_enabled=registry), Path(folder))
                )
                done[name] += world.sweep(task)
        print(f"  kills: {name}: {done[name]} before each changing operation; all checks held")
    while done.total() < number:
        with tempfile.TemporaryDirectory() as folder:
            world = _with_two_versions(World(load_settings(home=Path(folder) / "home"), Path(folder)))
            for _ in range(40):
                task = chance.choice(TASKS)
                if task == "unpin" and world.lifecycle().index.pinned() is None:
                    continue
                if not world.try_killed_at_random(task, 0.8, chance):
                    done["at random moments"] += 1
                world.check()
                world.check_after_the_next_run()
                if world.lifecycle().index.pinned() is not None:
                    assert in_a_process("unpin", world.facts, "unpinned", world.folder)
    print(
        f"kills: {done.total()} ({done['at random moments']} at random moments) in {time.monotonic() - begin:.0f} s: no "
        "unresolvable latest, no wrong file, nothing left to repair, no temporary file after the next run"
    )


def network(number: int) -> None:
    """Random faults of a proxy before server and store."""
    missing = missing_for_swift()
    if missing:
        print(f"network: left out; {missing}")
        return
    chance, outcomes, longest = random.Random(7), Counter[str](), (0.0, "")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        swift = stack.enter_context(swift_server(folder / "swift"))
        server = stack.enter_context(mlflow_server(folder / "mlflow"))
        store = stack.enter_context(flaky_proxy(swift.endpoint))
        tracking = stack.enter_context(flaky_proxy(server))
        behind = {"mlflow_tracking_uri": tracking.address, "s3_endpoint_url": store.address, "upload_attempts": 3}
        settings = _in_bucket(folder / "behind", swift, **{**behind, "network_timeout_seconds": BUDGET})
        patient = settings.model_copy(update={"network_timeout_seconds": PATIENT})
        world = _with_two_versions(World(patient, folder / "behind"))
        for turn in track(range(number), description="network", console=Console(stderr=True), transient=True):
            proxy = chance.choice((store, tracking))
            kind = chance.choice(FAULTS)
            proxy.fault = Fault(
                kind, times=chance.choice((1, 2, -1)), seconds={"delay": 3.0, "trickle": 0.3}.get(kind, 0.0)
            )
            what = chance.choice(list(WORK))
            begin = time.monotonic()
            try:
                outcome = WORK[what](world, settings, folder / f"elsewhere-{turn}")
            except OpenStackRcaError as error:
                assert error.message, kind
                outcome = "an error in words"
            lasted = time.monotonic() - begin
            longest = max(longest, (lasted, f"{what} while {kind}"))
            proxy.fault = None
            outcomes[outcome] += 1
            assert outcome != WRONG, (what, kind)
        sent = world.lifecycle().publish_spooled()
        wrong = [check.problem for check in world.lifecycle().verify() if check.version.resolvable and not check.ok]
    print(
        f"network: {number} faults: {dict(outcomes)}; longest {longest[0]:.1f} s ({longest[1]}) with a budget of {BUDGET:g} s; "
        f"{len(sent)} spooled models published afterwards; {len(wrong)} versions damaged"
    )


WRONG = "A WRONG MODEL"


def _load(world: World, settings: Settings, elsewhere: Path) -> str:
    settings = settings.model_copy(update={"home": elsewhere})
    loaded = ModelLifecycle(settings).load()
    held = content_of(loaded.path)
    return "the right model" if world.contents.setdefault(loaded.version.version, held) == held else WRONG


def _load_cached(world: World, settings: Settings, _elsewhere: Path) -> str:
    return _load(world, settings, settings.home)


def _publish(world: World, settings: Settings, _elsewhere: Path) -> str:
    label = world.label()
    version = ModelLifecycle(settings).publish(write_model(world.folder / f"{label}.keras", label), **FACTS)
    world.contents[version.version] = label
    return "published"


def _record(_world: World, settings: Settings, _elsewhere: Path) -> str:
    with Tracking(settings).run("analysis", "analysis") as run:
        run.log_metrics({"loss": 0.5})
    return "recorded, with a notice" if run.notices else "recorded"


def _look(_world: World, settings: Settings, _elsewhere: Path) -> str:
    ModelLifecycle(settings).list()
    return "listed"


WORK: dict[str, Callable[[World, Settings, Path], str]] = {
    "load": _load,
    "load from the cache": _load_cached,
    "publish": _publish,
    "record a run": _record,
    "list": _look,
}


def listing(count: int) -> None:
    """Many versions of three environments in one place."""
    print(f"listing: {count} versions of {len(ENVIRONMENTS)} environments in one place")
    for registry in (True, False):
        with places(registry=registry) as found:
            for name, (settings, folder) in found.items():
                _measure_listing(name, settings, folder, count // len(ENVIRONMENTS))


def _measure_listing(name: str, settings: Settings, folder: Path, each: int) -> None:
    prefix = f"{folder.name}-"
    lifecycles = [
        ModelLifecycle(settings.model_copy(update={"experiment_name": f"{prefix}{environment}"}))
        for environment in ENVIRONMENTS
    ]
    model = write_model(folder / "model.keras", "one")
    for lifecycle in lifecycles:
        for _ in track(range(each), description=name, console=Console(stderr=True), transient=True):
            lifecycle.publish(model, **FACTS)
    fresh = ModelLifecycle(settings.model_copy(update={"experiment_name": f"{prefix}{ENVIRONMENTS[0]}"}))
    begin = time.monotonic()
    fresh.index.pinned()
    ready = time.monotonic()
    latest = fresh.resolve()
    resolved = time.monotonic()
    versions = fresh.list()
    listed = time.monotonic()
    assert latest.version == len(versions) == each, (latest.version, len(versions))
    rivals = {"a bare listing of the place": lambda: fresh.store.objects("")}
    if settings.mlflow_enabled:
        client = connect(settings)
        rivals["MLflow's own search"] = lambda: client.search_model_versions(
            f"name = '{latest.name}'", max_results=each
        )
    beside = []
    for rival, work in rivals.items():
        start = time.monotonic()
        work()
        beside.append(f"{rival} {time.monotonic() - start:.2f} s")
    print(
        f"  {name}: latest is {latest.version} of {each}; connect {ready - begin:.2f} s, resolve {resolved - ready:.2f} s, "
        f"list {listed - resolved:.2f} s; rivals: {', '.join(beside)}"
    )


def _with_two_versions(world: World) -> World:
    world.publish()
    world.publish()
    return world


def _in_bucket(folder: Path, server: S3Server, **changes: Any) -> Settings:
    bucket = server.make_bucket(f"models-{uuid4().hex[:12]}")
    folder.mkdir(parents=True)
    facts: dict[str, Any] = {
        "home": folder / "home",
        "mlflow_artifact_root": f"s3://{bucket}/rca",
        "s3_endpoint_url": server.endpoint,
        "aws_access_key_id": ACCESS_KEY,
        "aws_secret_access_key": SECRET,
        "network_timeout_seconds": PATIENT,
    }
    return load_settings(**{**facts, **changes})
