"""The sample logs: found in a checkout, small, complete, honest, and made again with the same bytes."""

import json
import lzma
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from openstack_rca import samples
from openstack_rca.errors import LogPathNotFound

ROOT = Path(__file__).resolve().parents[2]
STAMP = re.compile(rb"^(20\d\d-\d\d-\d\d \d\d:\d\d:\d\d)", re.MULTILINE)


def label(name: str) -> dict:
    return json.loads((samples.incident_folder(name) / "incident.json").read_text())


def lines_of(logs: Path) -> int:
    return sum(lzma.decompress(path.read_bytes()).count(b"\n") for path in logs.rglob("*.xz"))


def span_of(logs: Path) -> tuple[datetime, datetime]:
    stamps = [stamp for path in logs.rglob("*.xz") for stamp in STAMP.findall(lzma.decompress(path.read_bytes()))]
    first, last = min(stamps).decode(), max(stamps).decode()
    return (
        datetime.strptime(first, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC),
        datetime.strptime(last, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC),
    )


def test_samples_are_found_next_to_the_sources() -> None:
    """In a checkout the folder is the one that a person sees at its top."""
    assert samples.samples_folder() == ROOT / "samples"
    assert samples.normal_logs().is_dir()


def test_samples_that_are_nowhere_are_an_error_that_says_where_it_looked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An installation without samples names both places and a way on."""
    monkeypatch.setattr(samples, "files", lambda package: tmp_path / "lib" / "python" / package)
    with pytest.raises(LogPathNotFound) as caught:
        samples.samples_folder()
    assert str(tmp_path / "lib" / "python" / "openstack_rca" / "_samples") in caught.value.message
    assert "--logs" in caught.value.hint


def test_an_unknown_incident_is_an_error_that_names_the_known_ones() -> None:
    """A wrong name is answered with the right ones."""
    with pytest.raises(LogPathNotFound, match="INC-999") as caught:
        samples.incident_folder("INC-999")
    assert "INC-009" in caught.value.hint


def test_samples_stay_small() -> None:
    """All together they take at most 6 MB in the repository and in the wheel."""
    assert sum(path.stat().st_size for path in samples.samples_folder().rglob("*") if path.is_file()) <= 6_000_000


def test_the_normal_recording_is_large_enough_to_learn_from() -> None:
    """It has 20,000 to 40,000 lines."""
    assert 20_000 <= lines_of(samples.normal_logs()) <= 40_000


def test_there_are_six_different_faults_and_one_healthy_window() -> None:
    """Different kinds of fault in different components, one of them in the database, and one window without any."""
    labels = [label(name) for name in samples.incident_names()]
    faults = [item for item in labels if item["root_cause"]]
    assert len(faults) == 6
    assert len(labels) == 7
    assert len({item["fault"] for item in faults}) == 6
    assert len({item["root_cause"]["service"] for item in faults}) == 6
    assert "mariadb" in {item["root_cause"]["service"] for item in faults}


@pytest.mark.parametrize("name", samples.incident_names())
def test_the_evidence_stands_where_the_label_says(name: str) -> None:
    """File (without the suffix of the compression), line and text of every piece of evidence are in the logs."""
    logs = samples.incident_folder(name) / "logs"
    for item in label(name)["evidence"]:
        lines = lzma.decompress((logs / (item["file"] + ".xz")).read_bytes()).decode().split("\n")
        assert lines[item["line"] - 1].rstrip("\r") == item["text"]


def test_no_window_overlaps_the_recording_that_the_model_learns_from() -> None:
    """What is asked about was not learned: the times of each window lie outside those of the normal recording."""
    first, last = span_of(samples.normal_logs())
    for name in samples.incident_names():
        begin, end = span_of(samples.incident_folder(name) / "logs")
        assert end < first or begin > last, name


def test_the_readme_counts_the_lines_of_every_folder() -> None:
    """The table of samples/README.md is true."""
    readme = (samples.samples_folder() / "README.md").read_text()
    folders = {"normal/": samples.normal_logs()}
    folders |= {f"incidents/{name}": samples.incident_folder(name) / "logs" for name in samples.incident_names()}
    table = dict(re.findall(r"^\| `([^`]+)` \|.*\| ([\d,]+) \|$", readme, re.MULTILINE))
    assert table == {name: f"{lines_of(folder):,}" for name, folder in folders.items()}


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    """A small folder of recordings with the names that the script takes."""
    folder = tmp_path / "recordings"
    for place in ("normal/run-02", *(f"incidents/{name}" for name in samples.incident_names())):
        host = folder / place / "logs" / "controller"
        host.mkdir(parents=True)
        (host / "nova-api.log").write_text(f"2026-01-01 00:00:00.000 1 INFO nova.api [-] {place}\n")
        (folder / place / "incident.json").write_text('{"issue": "none"}')
    return folder


def test_making_samples_twice_gives_the_same_bytes(recordings: Path, tmp_path: Path) -> None:
    """No time, owner or order of the file system enters the samples, and what unpacks is what was recorded."""

    def make(output: Path) -> dict[str, bytes]:
        subprocess.run([sys.executable, ROOT / "scripts" / "make_samples.py", recordings, output], check=True)
        return {path.relative_to(output).as_posix(): path.read_bytes() for path in output.rglob("*") if path.is_file()}

    first, second = make(tmp_path / "first"), make(tmp_path / "second")
    assert first == second
    packed = first["incidents/INC-009/logs/controller/nova-api.log.xz"]
    recorded = recordings / "incidents" / "INC-009" / "logs" / "controller" / "nova-api.log"
    assert lzma.decompress(packed) == recorded.read_bytes()
    assert first["incidents/INC-009/incident.json"] == b'{"issue": "none"}'


def test_making_samples_anew_leaves_no_old_file_and_keeps_the_readme(recordings: Path, tmp_path: Path) -> None:
    """A file that is no longer in the cut goes; README.md stays."""
    output = tmp_path / "output"
    old = output / "incidents" / "INC-000" / "incident.json"
    old.parent.mkdir(parents=True)
    old.write_text("{}")
    (output / "README.md").write_text("kept")
    subprocess.run([sys.executable, ROOT / "scripts" / "make_samples.py", recordings, output], check=True)
    assert not old.exists()
    assert (output / "README.md").read_text() == "kept"
