"""``openstack-rca models``: what changes versions, what moves and removes them, what they are measured by."""

import re
import zipfile
from pathlib import Path

import pytest
from cli_helpers import LOGS, Program, copy_incidents, refused, run_process

from openstack_rca.lifecycle.versions.model_lifecycle import ModelLifecycle
from openstack_rca.settings import load_settings
from trained_environment import Trained


@pytest.fixture
def three(home: Path, trained: Trained, tmp_path: Path) -> Path:
    """Versions 1 to 3, of which 2 is another file than the others."""
    other = tmp_path / "other.keras"
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("config.json", "{}")
    for path in (other, trained.model_file):
        ModelLifecycle(load_settings()).publish(path, run_id=None, metrics={}, parameters={}, card={})
    return home


def latest(rca: Program, *options: str) -> str:
    return str(rca("models", "show", *options, "--format", "json").json()["version"])


def test_yank_and_unyank_move_latest(three: Path, rca: Program) -> None:
    """With a reason that list, show and history keep; the same answer with and without the registry."""
    result = rca("models", "yank", "3", "--reason", "trained on a bad day")
    assert (result.status, result.out) == (0, "Version 3 is yanked: trained on a bad day\n")
    assert (latest(rca), latest(rca, "--disable-mlflow")) == ("2", "2")
    assert "yanked" in rca("models", "list").out
    assert rca("models", "unyank", "3", "--format", "json").json()["yanked"] is False
    assert latest(rca) == "3"
    refused(rca("models", "unyank", "3"), "not yanked")
    assert rca("models", "yank", "3").status == 2


def test_pin_rollback_and_unpin(three: Path, rca: Program) -> None:
    """Two roll-backs go two back; a pin is shown in the list; a wrong unpin changes nothing."""
    assert "pinned to version 2" in rca("models", "rollback", "--reason", "wrong since Monday").out
    assert rca("models", "rollback", "--format", "json").json()["version"] == "1"
    refused(rca("models", "rollback"), "no good version before version 1")
    assert "ready, pinned" in rca("models", "list").out
    refused(rca("models", "unpin", "2"), "Version 1 is pinned, not 2")
    assert rca("models", "unpin", "1").out == "Version 1 is no longer pinned.\n"
    assert rca("models", "pin", "v2", "--reason", "steady", "--format", "json").json()["pinned"] is True
    assert (latest(rca), latest(rca, "--disable-mlflow")) == ("2", "2")


def test_history_tells_who_when_what_and_why(three: Path, rca: Program) -> None:
    """One line a change, oldest first; of one version on demand; as JSON with a zone in every time."""
    rca("models", "pin", "1", "--reason", "steady")
    lines = rca("models", "history").out.splitlines()
    assert lines[0].split() == ["when", "(UTC)", "version", "what", "who", "why"]
    assert [line.split()[2:4] for line in lines[1:]] == [
        ["1", "published"],
        ["2", "published"],
        ["3", "published"],
        ["1", "pinned"],
    ]
    first, last = rca("models", "history", "1", "--format", "json").json()
    assert (last["action"], last["version"], last["reason"]) == ("pinned", "1", "steady")
    assert last["when"].endswith("+00:00")
    assert "@" in first["who"]
    refused(rca("models", "history", "9"), "9")


def test_history_of_nothing(empty_home: Path, rca: Program) -> None:
    assert rca("models", "history").out == "Nothing has happened yet.\n"


def test_aliases_and_stages(three: Path, rca: Program) -> None:
    """A name leads to one version; reserved ones are refused; a stage is an alias as well."""
    assert rca("models", "alias", "champion", "1").out == "@champion leads to version 1.\n"
    assert rca("models", "stage", "2", "production").out == "Version 2 is in stage Production.\n"
    assert rca("models", "show", "@champion", "--format", "json").json()["version"] == "1"
    assert rca("models", "show", "@production", "--format", "json").json()["stage"] == "Production"
    assert re.search(r"^aliases +champion$", rca("models", "show", "1").out, re.MULTILINE)
    refused(rca("models", "alias", "latest", "1"), "reserved")
    refused(rca("models", "alias", "v7", "1"), "reserved")
    assert rca("models", "alias", "champion").status == 2
    assert rca("models", "alias", "champion", "1", "--delete").status == 2
    assert rca("models", "alias", "champion", "--delete").out == "@champion no longer leads to version 1.\n"
    refused(rca("models", "alias", "champion", "--delete"), "champion")
    assert rca("models", "stage", "2", "none").out == "Version 2 is in no stage.\n"
    assert rca("models", "stage", "2", "Limbo").status == 2


def test_describe(three: Path, rca: Program) -> None:
    rca("models", "describe", "2", "the quiet week\nafter the upgrade")
    assert "the quiet week" in rca("models", "show", "2").out
    assert rca("models", "describe", "2", "").out == "Version 2: no description\n"


def test_promote_copies_the_file_to_another_environment(three: Path, trained: Trained, rca: Program) -> None:
    """The digest stays; a second time nothing is copied."""
    facts = rca("models", "promote", "3", "--to", "production", "--reason", "good", "--format", "json").json()
    assert (facts["made"], facts["version"]["version"], facts["version"]["experiment"]) == (True, "1", "production")
    assert facts["version"]["sha256"] == trained.facts["sha256"]
    assert latest(rca, "--experiment", "production") == "1"
    assert "it was there already" in rca("models", "promote", "3", "--to", "production").out
    refused(rca("models", "promote", "3", "--to", "openstack_rca_system_staging"), "already")


def test_prune_says_first_and_does_with_yes(three: Path, rca: Program) -> None:
    """What is young stays by default; what goes leaves the store too."""
    assert "0 versions would go" in rca("models", "prune", "--keep", "1").out
    plan = rca("models", "prune", "--keep", "1", "--younger-than", "0d")
    assert "2 versions would go (--yes removes them)" in plan.out
    assert len(list((three / "artifacts").rglob("*.keras"))) == 3
    facts = rca("models", "prune", "--keep", "1", "--younger-than", "0d", "--yes", "--format", "json").json()
    assert [(step["version"], step["removed"]) for step in facts] == [("3", False), ("2", True), ("1", True)]
    assert [path.name for path in (three / "artifacts").rglob("*.keras")] == ["lstm_model_v3.keras"]
    assert rca("models", "verify").status == 0
    assert rca("models", "prune", "--younger-than", "soon").status == 2


def test_repair_after_the_database_was_deleted(three: Path, rca: Program, tmp_path: Path) -> None:
    """Nothing is lost: numbers, digests, pins; without --yes it is only said."""
    rca("models", "pin", "1", "--reason", "steady")
    before = [(each["version"], each["sha256"]) for each in rca("models", "list", "--format", "json").json()]
    (three / "mlflow.db").unlink()
    result = rca("models", "repair")
    assert result.out.count("the registry does not know it") == 3
    assert "can be repaired (--yes does it)" in result.out
    assert rca("models", "list", "--format", "json").json() == []
    # A process of its own: MLflow keeps a deleted database open within one.
    done = run_process("models", "repair", "--yes", cwd=tmp_path, OPENSTACK_RCA_HOME=three)
    assert (done.status, "left as they are" in done.out) == (0, True)
    after = rca("models", "list", "--format", "json").json()
    assert [(each["version"], each["sha256"]) for each in after] == before
    assert latest(rca) == "1"
    assert rca("models", "repair", "--format", "json").json() == []


def test_compare_prints_cards_logs_and_incidents(home: Path, trained: Trained, rca: Program, tmp_path: Path) -> None:
    """A version against its own file: no difference, and a note says why; as JSON every number."""
    incidents = copy_incidents(tmp_path / "incidents", "INC-009")
    arguments = ("models", "compare", "1", str(trained.model_file), "--logs", LOGS, "--incidents", str(incidents))
    result = rca(*arguments)
    assert result.status == 0
    for words in ("test_accuracy", "the same 2896 events", "the same 1 incidents", "95 % interval"):
        assert words in result.out
    assert "are one and the same model" in result.err
    facts = rca("models", "compare", "1", "1", "--format", "json").json()
    assert (facts["logs"], facts["incidents"], facts["first"]["version"]) == (None, None, "1")
    assert rca("models", "compare", "1", "--format", "json").json()["second"]["reference"] == "latest"
    refused(rca("models", "compare", "1", "99"), "99")


def test_drift_ends_with_status_1_where_it_drifted(home: Path, trained: Trained, rca: Program, tmp_path: Path) -> None:
    """For cron: 0 for the logs of the training, 1 for those of a fault; the picture is where it was asked for."""
    plot = tmp_path / "drift.png"
    result = rca("models", "drift", "--logs", trained.logs, "--plot", plot)
    assert (result.status, plot.exists()) == (0, True)
    assert "no need to train again" in result.out
    result = rca("models", "drift", "--logs", LOGS, "--format", "json")
    assert (result.status, result.json()["drifted"]) == (1, True)
    assert "train again" in result.json()["advice"]
    assert rca("models", "drift").status == 2
