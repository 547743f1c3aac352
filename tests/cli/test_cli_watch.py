"""``openstack-rca watch`` as a process: what it prints, how it stops, how it is used wrongly."""

import json
import lzma
import re
import signal
import subprocess
from pathlib import Path

from cli_helpers import HANGS_AFTER_SECONDS, INCIDENT, Program, refused, run_process

from trained_environment import environment, program


def unpacked(folder: Path) -> Path:
    """The logs of a sample incident as plain files."""
    for packed in (INCIDENT / "logs").rglob("*.xz"):
        plain = folder / packed.relative_to(INCIDENT / "logs").with_suffix("")
        plain.parent.mkdir(parents=True, exist_ok=True)
        plain.write_bytes(lzma.decompress(packed.read_bytes()))
    return folder


def test_sigterm_stops_a_watch_in_good_order(empty_home: Path, tmp_path: Path) -> None:
    """It says what it follows, tells the trouble of the logs, ends with status 0 and a last line, and keeps what was told."""
    words = ["watch", str(unpacked(tmp_path / "logs")), "--from-start", "--model", "none", "--format", "json"]
    started = subprocess.Popen(
        [*program(), *words, "--output", str(tmp_path / "told")],
        env=environment(OPENSTACK_RCA_HOME=empty_home),
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with started as process:
        assert process.stdout is not None and process.stderr is not None
        first = json.loads(process.stdout.readline())
        process.send_signal(signal.SIGTERM)
        assert process.wait(HANGS_AFTER_SECONDS) == 0
        assert process.stdout.read() == ""
        opening, closing = process.stderr.read().splitlines()
    assert (first["turn"], first["component"]) == ("began", "keystone")
    (state,) = (empty_home / "state").glob("watch-*.json")
    assert re.search(
        rf"Following {re.escape(str(tmp_path / 'logs'))} \(\d+ logs\) without a model\. Trouble is told here and to output",
        opening,
    )
    assert str(state) in opening
    assert "1 trouble begun and 0 ended" in closing
    facts = json.loads(state.read_text())
    assert facts["troubles"]["open"]["told"]["component"] == "keystone"
    assert facts["waiting"] == []
    assert [path.name.split("-")[1] for path in (tmp_path / "told").iterdir()] == ["began"]


def test_a_watch_of_an_empty_folder_says_that_there_is_no_log_yet(empty_home: Path, tmp_path: Path) -> None:
    """And follows what appears."""
    folder = tmp_path / "logs"
    folder.mkdir()
    started = subprocess.Popen(
        [*program(), "watch", str(folder), "--model", "none"],
        env=environment(OPENSTACK_RCA_HOME=empty_home),
        stderr=subprocess.PIPE,
        text=True,
    )
    with started as process:
        assert process.stderr is not None
        opening = process.stderr.readline()
        process.kill()
    assert "(no log yet; those that appear will be followed)" in opening


def test_standard_input_is_watched_to_its_end(empty_home: Path, tmp_path: Path) -> None:
    """A pipe that is closed ends the watch."""
    text = b"".join(path.read_bytes() for path in sorted(unpacked(tmp_path / "logs").rglob("nova-api.log")))
    done = subprocess.run(
        [*program(), "watch", "-", "--model", "none"],
        input=text,
        env=environment(OPENSTACK_RCA_HOME=empty_home),
        cwd=tmp_path,
        capture_output=True,
        check=False,
        timeout=HANGS_AFTER_SECONDS,
    )
    assert done.returncode == 0
    assert b"TROUBLE BEGAN: keystone" in done.stdout


def test_checks_are_those_of_the_deployment_that_was_named(empty_home: Path, tmp_path: Path) -> None:
    """As ``analyze --deployment`` does."""
    refused = (
        'pymysql.err.OperationalError: (2003, "Can\'t connect to MySQL server on 10.0.0.11 ([Errno 111] ECONNREFUSED)")'
    )
    lines = [f"2026-11-23 04:00:{second:02d}.000 7 INFO nova.api [-] Ordinary work" for second in range(40)]
    lines += [f"2026-11-23 04:00:{second}.000 7 ERROR oslo_db [-] {refused}" for second in range(40, 60)]
    done = subprocess.run(
        [*program(), "watch", "-", "--model", "none", "--deployment", "kolla"],
        input="\n".join(lines),
        env=environment(OPENSTACK_RCA_HOME=empty_home),
        cwd=tmp_path,
        capture_output=True,
        check=False,
        text=True,
        timeout=HANGS_AFTER_SECONDS,
    )
    assert "Next: docker ps -a --filter name=mariadb" in done.stdout


def test_what_cannot_be_watched_is_said_at_once(empty_home: Path, rca: Program, tmp_path: Path) -> None:
    """One line, and nothing is waited for."""
    refused(rca("watch", tmp_path / "nowhere", "--model", "none"), "nowhere")
    refused(rca("watch", "s3://bucket/nova", "--model", "none"), "cannot follow s3://bucket/nova")
    log = tmp_path / "nova-api.log"
    log.write_text("")
    refused(rca("watch", log, "--model", "none", "--webhook", "ftp://somewhere"), "http")
    assert rca("watch", log, "--model", "none", "--exec", "'").status == 2
    assert run_process("watch", cwd=tmp_path, OPENSTACK_RCA_HOME=empty_home).status == 2
