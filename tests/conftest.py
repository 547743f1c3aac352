"""What the tests of the command line and of the service layer share."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from openstack_rca.lifecycle.mlflow import connect
from openstack_rca.settings import load_settings
from trained_environment import OUR_VARIABLES, PROXIES, ROOT, Trained, copy_home, make_trained

EXPORTED_FOR_MLFLOW = (
    "MLFLOW_DISABLE_TELEMETRY",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES",
    "MLFLOW_HTTP_REQUEST_TIMEOUT",
    "MLFLOW_LOGGING_LEVEL",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT",
    "MLFLOW_TRACKING_PASSWORD",
    "MLFLOW_TRACKING_TOKEN",
    "MLFLOW_TRACKING_USERNAME",
)


settings.register_profile("suite", deadline=None, max_examples=40)
settings.load_profile("suite")

SLOWEST_FIRST = (
    "faults/test_faults_network.py",
    "dashboard/test_dashboard_browser.py",
    "project/test_docs.py",
    "project/test_packaging.py",
    "cli/test_cli_doors.py",
    "dashboard/test_dashboard_jobs.py",
    "service/test_cluster.py",
    "cli/test_cli_nightly.py",
    "cli/test_cli_start.py",
    "cli/test_cli_interrupt.py",
    "faults/test_faults_kill.py",
    "faults/test_faults_many_writers.py",
    "lifecycle/test_lifecycle_secrets.py",
    "lifecycle/test_lifecycle_crash.py",
    "cli/test_cli_analyze.py",
    "model/test_model_story_network.py",
    "logs/test_logs_repacking.py",
    "service/test_repacked_incidents.py",
    "dashboard/test_dashboard_pages.py",
)
"""Files of half a minute and more. A process that begins one of them last keeps the others waiting for it."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--store ceph`` runs what needs a bucket on a Ceph object gateway."""
    parser.addoption("--store", choices=("swift", "ceph"), default="swift", help="the object store of the tests")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: many tests wait, for a service that is slow or a process that starts."""
    return len(os.sched_getaffinity(0)) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files that take longest begin first (with ``--no-loadscope-reorder``, else xdist has an order of its own)."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return
    rank = {ROOT / "tests" / name: number for number, name in enumerate(SLOWEST_FIRST)}
    items.sort(key=lambda item: rank.get(item.path, len(rank)))


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of one test run share, for what takes long to make."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session", autouse=True)
def own_temporary_files() -> Iterator[None]:
    """What libraries leave among the temporary files (MLflow what it downloads, Dask its room) is gone after the tests."""
    with (
        tempfile.TemporaryDirectory(prefix="tests-", ignore_cleanup_errors=True) as folder,
        pytest.MonkeyPatch.context() as patch,
    ):
        Path(folder).chmod(0o755)  # PostgreSQL, a user of its own here, has its room in it
        patch.setenv("TMPDIR", folder)
        patch.setattr(tempfile, "tempdir", folder)
        yield


@pytest.fixture(scope="session", autouse=True)
def compiled_once(shared_folder: Path) -> Iterator[None]:
    """Trainings in processes of their own share what JAX has compiled: half of the time of a small one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JAX_COMPILATION_CACHE_DIR", str(shared_folder / "jax"))
        patch.setenv("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
        patch.setenv("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "0")
        yield


@pytest.fixture(scope="session")
def trained(shared_folder: Path) -> Trained:
    """An environment with one version in it, trained once for all tests and all workers."""
    return make_trained(shared_folder / "trained")


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An embedded database with all its tables; making one takes seconds, copying it does not."""
    home = tmp_path_factory.mktemp("database")
    connect(load_settings(home=home, mlflow_tracking_uri=f"sqlite:///{home / 'mlflow.db'}"))
    return home / "mlflow.db"


@pytest.fixture
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No setting of the person who runs the tests reaches them, and none of theirs stays behind; gives HOME."""
    for name in (*EXPORTED_FOR_MLFLOW, *PROXIES, *(name for name in os.environ if name.startswith(OUR_VARIABLES))):
        # Set first, so that the end of the test also removes what the code under test exported.
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    # No test leaves a process behind.
    monkeypatch.setenv("OPENSTACK_RCA_SEND_RUNS", "now")
    home, working = tmp_path / "user", tmp_path / "working"
    home.mkdir()
    working.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(working)
    return home


@pytest.fixture
def home(trained: Trained, tmp_path: Path, clean_environment: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """``OPENSTACK_RCA_HOME``: a copy of the trained environment that the test may change."""
    copied = copy_home(trained, tmp_path / "home")
    monkeypatch.setenv("OPENSTACK_RCA_HOME", str(copied))
    return copied


@pytest.fixture
def empty_home(tmp_path: Path, clean_environment: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """``OPENSTACK_RCA_HOME`` where nothing was ever trained; the folder is not there yet."""
    monkeypatch.setenv("OPENSTACK_RCA_HOME", str(tmp_path / "empty-home"))
    return tmp_path / "empty-home"
