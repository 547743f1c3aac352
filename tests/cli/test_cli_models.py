"""``openstack-rca models``: what versions there are, and their files, verified."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cli_helpers import Program, closed_port, refused

from openstack_rca.lifecycle.versions import ModelLifecycle
from openstack_rca.settings import load_settings
from trained_environment import Trained

STORED = "artifacts/openstack-rca-system-staging_0001/models/lstm_model_v1.keras"


@pytest.fixture(params=["tracked", "store alone"])
def connection(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """Both ways to know of a version: the registry, and the store without one."""
    return () if request.param == "tracked" else ("--disable-mlflow",)


@pytest.fixture
def damaged_home(home: Path) -> Path:
    """The stored file of version 1 was changed after publishing, and no good copy is cached."""
    stored = home / STORED
    content = bytearray(stored.read_bytes())
    content[len(content) // 2] ^= 0xFF
    stored.write_bytes(content)
    shutil.rmtree(home / "cache")
    return home


def test_list_shows_each_version_on_one_line(home: Path, rca: Program, connection: tuple[str, ...]) -> None:
    """Number, status, when, how good, how large with its unit, and the digest, whole in 80 columns."""
    result = rca("models", "list", *connection)
    assert (result.status, result.err) == (0, "")
    title, line, why = result.out.splitlines()
    assert why == "latest is version 1: the highest that is ready, not yanked and usable for analysis."
    assert "size (MB)" in title and "(UTC)" in title
    assert line.split()[:2] == ["1", "ready"]
    assert max(map(len, (title, line))) <= 80


def test_list_as_json_has_every_fact(home: Path, trained: Trained, rca: Program, connection: tuple[str, ...]) -> None:
    """The version is text, so that nobody counts with it; times carry their zone."""
    (version,) = rca("models", "list", *connection, "--format", "json").json()
    assert (version["version"], version["status"]) == ("1", "ready")
    assert version["sha256"] == trained.facts["sha256"]
    assert version["size_bytes"] == trained.model_file.stat().st_size
    assert version["uri"] == (home / STORED).as_uri()
    assert version["created"].endswith("+00:00")


def test_list_and_show_tell_what_the_publisher_said(home: Path, trained: Trained, rca: Program) -> None:
    """The metadata of ``log_model``, as text and as data."""
    facts = {"run_id": None, "metrics": {}, "parameters": {}, "card": {}, "tags": {"trained_on": "zed"}}
    ModelLifecycle(load_settings(mlflow_enabled=False)).publish(trained.model_file, **facts)
    words = ("--disable-mlflow",)
    assert "trained_on=zed" in rca("models", "list", *words).out
    assert "trained_on=zed" in rca("models", "show", *words).out
    assert rca("models", "list", *words, "--format", "json").json()[0]["metadata"] == {"trained_on": "zed"}


@pytest.mark.parametrize("command", ["list", "verify"])
def test_an_empty_environment_says_how_to_train(empty_home: Path, rca: Program, command: str) -> None:
    """No error: there is nothing yet."""
    result = rca("models", command)
    assert result.status == 0
    assert "openstack-rca train" in result.out
    assert rca("models", command, "--format", "json").json() == []


def test_another_environment_has_versions_of_its_own(home: Path, rca: Program) -> None:
    """--mlflow-experiment names it; nothing of this one is shown there."""
    assert rca("models", "list", "--mlflow-experiment", "production", "--format", "json").json() == []


def test_list_can_be_limited(home: Path, rca: Program) -> None:
    """The newest so many; none at all is wrong usage."""
    assert len(rca("models", "list", "--limit", "1", "--format", "json").json()) == 1
    assert rca("models", "list", "--limit", "0").status == 2


@pytest.mark.parametrize("reference", [(), ("latest",), ("1",), ("v1",), ("0001",)])
def test_show_takes_each_way_to_name_a_version(home: Path, rca: Program, reference: tuple[str, ...]) -> None:
    """Latest where nothing is said; a number in each of its forms."""
    assert rca("models", "show", *reference, "--format", "json").json()["version"] == "1"


def test_show_as_text_has_path_digest_and_figures(home: Path, trained: Trained, rca: Program) -> None:
    """One fact a line; what tells versions apart stands before what a training knows of itself."""
    out = rca("models", "show").out
    assert (home / STORED).as_uri() in out
    assert trained.facts["sha256"] in out
    held, rivals, learned = (
        out.index(title) for title in ("on held-back logs:", "of simpler rivals", "while it learned:")
    )
    assert out.index("description") < held < out.index("test_accuracy") < rivals < learned < out.index("    accuracy")


def test_show_and_list_tell_figures_and_names_in_the_same_words(home: Path, trained: Trained, rca: Program) -> None:
    """Latest is among the names; the accuracy has as many digits."""
    accuracy = f"{trained.facts['metrics']['test_accuracy']:.3f}"
    for command in ("show", "list"):
        words = rca("models", command).out.split()
        assert accuracy in words and "latest" in words


def test_download_writes_the_verified_file(
    home: Path, trained: Trained, rca: Program, tmp_path: Path, connection: tuple[str, ...]
) -> None:
    """Folders above it are made; what is printed is the path."""
    target = tmp_path / "below" / "model.keras"
    result = rca("models", "download", "1", "--output", target, *connection)
    assert (result.status, result.out) == (0, f"{target}\n")
    assert hashlib.sha256(target.read_bytes()).hexdigest() == trained.facts["sha256"]


def test_download_as_json_says_where_and_how_large(home: Path, rca: Program, tmp_path: Path) -> None:
    """For scripts."""
    target = tmp_path / "model.keras"
    facts = rca("models", "download", "latest", "--output", target, "--format", "json").json()
    assert facts == {"path": str(target), "size_bytes": target.stat().st_size}


def test_download_of_a_damaged_version_writes_nothing(damaged_home: Path, rca: Program, tmp_path: Path) -> None:
    """A file that is there already stays as it was, and nothing half-written is left."""
    target = tmp_path / "below" / "model.keras"
    target.parent.mkdir()
    target.write_text("precious")
    refused(rca("models", "download", "1", "--output", target), "is not what was published", "sha256")
    assert [path.name for path in target.parent.iterdir()] == ["model.keras"]
    assert target.read_text() == "precious"


def test_verify_passes_on_what_was_published(home: Path, rca: Program, connection: tuple[str, ...]) -> None:
    """Each version with OK and its path; exit status 0."""
    result = rca("models", "verify", *connection)
    assert result.status == 0
    assert result.out.splitlines()[0].split() == ["OK", "1", (home / STORED).as_uri()]
    (check,) = rca("models", "verify", *connection, "--format", "json").json()
    assert (check["version"], check["ok"], check["problem"]) == ("1", True, "")


def test_verify_fails_if_one_version_does(damaged_home: Path, rca: Program, connection: tuple[str, ...]) -> None:
    """Exit status 1, and the line says what is wrong."""
    result = rca("models", "verify", *connection)
    assert result.status == 1
    assert result.out.startswith("FAIL")
    assert "is not what was published" in result.out
    result = rca("models", "verify", *connection, "--format", "json")
    assert (result.status, result.json()[0]["ok"]) == (1, False)


def test_a_version_whose_file_is_gone_does_not_verify(home: Path, rca: Program) -> None:
    """The registry has it, the store does not."""
    (home / STORED).unlink()
    assert rca("models", "verify").status == 1


def test_a_damaged_version_is_not_used_for_an_answer(damaged_home: Path, rca: Program, tmp_path: Path) -> None:
    """Analysis refuses it by name rather than answer with something else than was published."""
    log = tmp_path / "nova-api.log"
    log.write_text("2026-11-23 03:54:09.000 12 ERROR nova.api [-] Something is wrong\n")
    refused(rca("analyze", log, "--issue", "x", "--model", "1"), "Version 1", "is not what was published")


def test_publish_sends_what_an_outage_kept_back(home: Path, trained: Trained, rca: Program) -> None:
    """First the spool is filled by a training without its database, whose password is never printed, then it is empty."""
    quick = ("--epochs", "1", "--lstm-units", "4", "--batch-size", "32", "--force")
    away = ("--mlflow-uri", f"postgresql://rca:hush-hush@127.0.0.1:{closed_port()}/mlflow")
    kept = rca("train", trained.logs, *quick, *away, "--format", "json")
    assert "does not answer" in kept.err and "hush-hush" not in kept.out + kept.err
    assert (kept.status, kept.json()["version"]) == (3, None)
    assert "models publish --spooled" in kept.err
    (published,) = rca("models", "publish", "--spooled", "--format", "json").json()
    assert published["version"] == "2"
    assert rca("models", "show", "--format", "json").json()["version"] == "2"
    assert "Nothing is waiting" in rca("models", "publish", "--spooled").out


@pytest.mark.parametrize("reference", ["99", "v99", "0", "-1", "banana", "@champion", "1.5"])
def test_an_unknown_version_is_an_error_that_names_it(home: Path, rca: Program, reference: str) -> None:
    """What was asked for is in the line, and where to look next."""
    result = rca("models", "show", "--", reference)
    refused(result, reference.lstrip("@v"), "models list")


def test_list_imports_nothing_that_it_does_not_need(home: Path) -> None:
    """Listing versions is a matter of a third of a second: no tables of events, no reports, no MLflow."""
    code = "import sys; from openstack_rca.cli.main import cli, run; run(cli, ['models', 'list']); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert not loaded & {
        "polars",
        "numpy",
        "mlflow",
        "jinja2",
        "h5py",
        "keras",
        "sqlalchemy",
        "openstack_rca.rca.report",
    }
