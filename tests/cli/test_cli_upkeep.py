"""``backup``, ``restore``, ``runs prune`` and ``store lifecycle`` as a user meets them."""

import json
from pathlib import Path

import pytest

from openstack_rca.cli.main import cli, run


def call(capfd: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Exit status, standard output, standard error."""
    capfd.readouterr()
    status = run(cli, list(arguments))
    return status, *capfd.readouterr()


def test_a_backup_can_be_restored(home: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """The place of what it replaced is told; JSON holds the same facts."""
    copy = tmp_path / "copy.db"
    status, out, err = call(capfd, "backup", str(copy))
    assert (status, err) == (0, "")
    assert "1 version," in out and copy.exists() and "in place of" not in out
    assert "in place of the file that was there" in call(capfd, "backup", str(copy))[1]
    assert json.loads(call(capfd, "backup", str(copy), "--format", "json")[1])["replaced"] is True
    status, out, _ = call(capfd, "restore", str(copy), "--format", "json")
    facts = json.loads(out)
    assert (status, facts["facts"]["versions"]) == (0, 1)
    assert Path(facts["replaced"]).is_relative_to(home)
    status, out, _ = call(capfd, "restore", str(copy))
    assert "is kept as" in out


def test_a_folder_that_is_made_for_a_file_is_named(
    home: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Whoever mistyped the path finds the file; where the folder was there nothing is said."""
    mistyped = tmp_path / "nope" / "deeper"
    assert f"The folder {mistyped} was not there" in call(capfd, "backup", str(mistyped / "b.db"))[2]
    assert call(capfd, "backup", str(mistyped / "b.db"))[2] == ""
    told = call(capfd, "signatures", "new", "a-rule", "--folder", str(tmp_path / "rules"))
    assert told[0] == 0 and "rules was not there" in told[2]
    assert call(capfd, "signatures", "new", "b-rule", "--folder", str(tmp_path / "rules"))[2] == ""


def test_a_damaged_copy_is_one_line_and_status_1(home: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "copy.db").write_text("damaged")
    status, out, err = call(capfd, "restore", str(tmp_path / "copy.db"))
    assert (status, out, err.count("\n")) == (1, "", 1)
    assert "not a whole tracking database" in err


def test_pruning_names_first_and_removes_with_yes(home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """The run that made version 1 stays whatever is kept."""
    status, out, _ = call(capfd, "runs", "prune", "--keep", "0")
    assert (status, out) == (0, "0 runs would go (--yes removes them), 1 stay.\n")
    status, out, _ = call(capfd, "runs", "prune", "--keep", "0", "--yes", "--format", "json")
    (fact,) = json.loads(out)
    assert (status, fact["goes"], fact["removed"]) == (0, False, False)
    assert "version 1" in fact["reason"]


def test_the_policy_of_a_bucket_is_printed_as_json(
    empty_home: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Nothing is asked of the server for that."""
    monkeypatch.setenv("MLFLOW_ARTIFACT_ROOT", "s3://models/rca")
    status, out, err = call(capfd, "store", "lifecycle", "--upload-days", "3")
    assert (status, err) == (0, "")
    assert json.loads(out)["Rules"][0]["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 3}


def test_a_folder_has_no_policy(empty_home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    status, _, err = call(capfd, "store", "lifecycle")
    assert status == 1
    assert "no lifecycle policy" in err
