"""``runs list``, ``doctor`` and ``signatures lint``: facts in text and JSON, and an exit status to go by."""

from pathlib import Path

import pytest
from cli_helpers import Program, closed_port, refused

from trained_environment import Trained

CHECKS = ["tracking", "registry", "run artifacts", "store write", "store read", "credentials", "clock", "cache space"]

GOOD = """\
- id: own-signature
  pattern: the flux capacitor is empty
  accuses: nova-api
"""


def test_runs_list_shows_each_run_on_one_line(home: Path, trained: Trained, rca: Program) -> None:
    """Which, what kind, how it ended, when, how long in seconds, and what came of it; whole in 80 columns."""
    title, line = rca("runs", "list").out.splitlines()
    assert "seconds" in title and "(UTC)" in title
    assert line.split()[:3] == [trained.facts["run_id"][:8], "training", "finished"]
    assert line.endswith("version 1")
    assert max(map(len, (title, line))) <= 80


def test_runs_list_as_json_has_parameters_metrics_and_tags(home: Path, trained: Trained, rca: Program) -> None:
    """Times carry their zone."""
    (run,) = rca("runs", "list", "--format", "json").json()
    assert (run["run_id"], run["kind"], run["status"]) == (trained.facts["run_id"], "training", "FINISHED")
    assert run["params"]["epochs"] and run["metrics"]["test_accuracy"] >= 0
    assert run["start"].endswith("+00:00") and "T" in run["start"]


def test_runs_can_be_asked_for_by_kind(home: Path, rca: Program) -> None:
    """Of a kind that there is none of, none; a kind that does not exist is wrong usage."""
    assert rca("runs", "list", "--kind", "analysis", "--format", "json").json() == []
    assert rca("runs", "list", "--kind", "banana").status == 2


def test_an_environment_without_runs_says_so(empty_home: Path, rca: Program) -> None:
    """No error, and not an empty screen."""
    assert "No runs in openstack_rca_system_staging yet." in rca("runs", "list").out


def test_doctor_checks_every_connection(home: Path, rca: Program) -> None:
    """A line each with OK; exit status 0."""
    result = rca("doctor")
    assert (result.status, result.err) == (0, "")
    assert [line[:2] for line in result.out.splitlines()] == ["OK"] * len(CHECKS)
    checks = rca("doctor", "--format", "json").json()
    assert [check["name"] for check in checks] == CHECKS
    assert all(check["ok"] for check in checks)


def test_doctor_fails_if_one_check_does(empty_home: Path, rca: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """S3 is down: each check that needs it says what to do; those that do not are still made."""
    monkeypatch.setenv("MLFLOW_ARTIFACT_ROOT", "s3://bucket/rca")
    monkeypatch.setenv("MLFLOW_S3_ENDPOINT_URL", f"http://127.0.0.1:{closed_port()}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "someone")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hush-hush")
    result = rca("doctor", "--format", "json")
    assert result.status == 1
    failed = {check["name"]: check for check in result.json() if not check["ok"]}
    assert set(failed) == {"store write", "store read", "credentials"}
    assert all(check["hint"] for check in failed.values())
    text = rca("doctor")
    assert text.status == 1
    assert "FAIL store write" in text.out
    assert "hush-hush" not in text.out + result.out


def test_the_built_in_signatures_have_no_problem(rca: Program) -> None:
    """Each holds two lines and two look-alikes, answers all of them, and decides one; exit status 0."""
    result = rca("signatures", "lint", "--format", "json")
    assert result.status == 0
    facts = result.json()
    assert (facts["problems"], facts["hints"]) == ([], [])
    assert facts["signatures"] > 20


def test_a_faulty_signature_is_named_with_its_file(rca: Program, tmp_path: Path) -> None:
    """Exit status 1, in text and in JSON."""
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "mine.yaml").write_text("- id: half-a-signature\n")
    result = rca("signatures", "lint", tmp_path / "own")
    assert result.status == 1
    assert "mine.yaml" in result.out
    result = rca("signatures", "lint", tmp_path / "own", "--format", "json")
    assert (result.status, len(result.json()["problems"])) == (1, 1)


def test_a_new_signature_is_sound_and_shows_what_it_hits(rca: Program, tmp_path: Path) -> None:
    """new writes a file that lint accepts; test tells line, accused and the sentence with its values."""
    assert rca("signatures", "new", "array-lost", "--folder", tmp_path / "own").status == 0
    path = tmp_path / "own" / "array-lost.yaml"
    linted = rca("signatures", "lint", path)
    assert linted.out == "1 signature, no problem.\n"
    assert "array-lost is still the template" in linted.err
    log = tmp_path / "cinder-volume.log"
    lines = ["ordinary", "array nas7: controller B failed"]
    log.write_text(
        "".join(f"2024-05-05 10:00:0{n}.000 7 ERROR cinder.volume [-] {line}\n" for n, line in enumerate(lines))
    )
    result = rca("signatures", "test", path, log)
    assert "cinder-volume.log:2  storage: The array nas7 lost its controller B." in result.out
    assert result.out.endswith("array-lost: 1 of 2 events\n")
    facts = rca("signatures", "test", path, log, "--format", "json").json()
    assert facts["counts"] == {"array-lost": 1}
    assert facts["hits"][0]["line"] == 2


@pytest.mark.parametrize(("id", "words"), [("Array", "cannot be an id"), ("taken", "exists already")])
def test_a_new_signature_needs_a_free_and_sound_id(rca: Program, tmp_path: Path, id: str, words: str) -> None:
    """A file that is there is never written over."""
    (tmp_path / "taken.yaml").write_text("mine")
    refused(rca("signatures", "new", id, "--folder", tmp_path), words)
    assert (tmp_path / "taken.yaml").read_text() == "mine"


def test_the_older_form_of_signatures_gets_a_hint(rca: Program, tmp_path: Path) -> None:
    """It is no problem: exit status 0."""
    (tmp_path / "old.yaml").write_text(
        "- {id: own-array, title: An array failed., pattern: array failed, accuses: storage, category: storage, "
        "directness: cause, remedy: Call the vendor., source: ours, match: [array failed]}\n"
    )
    result = rca("signatures", "lint", tmp_path)
    assert result.status == 0
    assert "older form" in result.err
    assert rca("signatures", "lint", tmp_path, "--format", "json").json()["hints"]


@pytest.mark.parametrize(("name", "words"), [("none", "There is no"), ("empty", "holds no signature")])
def test_a_folder_without_signatures_is_an_error(rca: Program, tmp_path: Path, name: str, words: str) -> None:
    """Nothing to check is not the same as nothing wrong."""
    (tmp_path / "empty").mkdir()
    refused(rca("signatures", "lint", tmp_path / name), words)


def test_the_cache_is_listed_and_cleared(empty_home: Path, tmp_path: Path, rca: Program) -> None:
    """What the last question read, its size, and an empty cache once it is cleared."""
    line = "2026-11-23 04:00:{:02d}.{:03d} 7 INFO nova.api [-] Something ordinary happened to number {} of many\n"
    log = tmp_path / "nova-api.log"
    log.write_text("".join(line.format(number // 1000 % 60, number % 1000, number) for number in range(25_000)))
    assert rca("analyze", log, "--model", "none", "--disable-mlflow").status == 0
    kept = rca("cache", "list", "--format", "json").json()
    assert [(one["events"], one["logs"]) for one in kept if one["kind"] == "events"] == [(25_000, [str(log)])]
    assert {one["kind"] for one in kept} == {"events", "clocks", "findings"}
    assert str(log) in rca("cache", "list").out
    assert "B removed." in rca("cache", "clear").out
    assert "Nothing is kept" in rca("cache", "list").out
