"""The server: how it is started and ended, by the command and by the manual's door."""

import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path

import pytest
from dashboard_helpers import HANGS_AFTER_SECONDS, command, free_port, serving

from openstack_rca.dashboard.environment import current_settings
from trained_environment import ROOT, environment


def test_the_command_serves_on_this_machine_only_and_ctrl_c_ends_it(tmp_path: Path) -> None:
    """It says where it is, answers there, listens on loopback, and ends with status 0 and no stack trace."""
    with serving(tmp_path / "home") as server:
        assert f"http://127.0.0.1:{server.port}" in server.said[0]
        with urllib.request.urlopen(f"{server.address}_stcore/health") as answer:
            assert answer.read() == b"ok"
        listening = Path("/proc/net/tcp").read_text()
        assert f" 0100007F:{server.port:04X} 00000000:0000 0A" in listening
        assert f" 00000000:{server.port:04X} " not in listening
    assert server.process.returncode == 0
    assert "Traceback" not in "".join(server.said)


def test_the_manuals_door_opens_the_same_dashboard(tmp_path: Path) -> None:
    """``streamlit run streamlit_app/chatbot.py`` serves, with our configuration: loopback, no telemetry."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", "streamlit_app/chatbot.py", "--server.port", str(port)],
        cwd=ROOT,
        env=environment(OPENSTACK_RCA_HOME=tmp_path / "home", HOME=tmp_path),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    said: list[str] = []
    guard = threading.Timer(HANGS_AFTER_SECONDS, process.kill)
    guard.start()
    try:
        assert process.stdout is not None
        for line in process.stdout:
            said.append(line)
            if f"server started on 127.0.0.1:{port}" in line:
                break
        else:
            pytest.fail("".join(said))
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health") as answer:
            assert answer.read() == b"ok"
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate()
        guard.cancel()
    assert process.returncode == 0


def test_a_port_that_is_taken_is_told_before_anything_is_loaded(tmp_path: Path) -> None:
    """One line, status 1."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        result = command(tmp_path / "home", "dashboard", "--port", str(taken.getsockname()[1]))
    assert result.returncode == 1
    assert result.stderr.startswith("Error: The dashboard cannot listen on 127.0.0.1:")
    assert len(result.stderr.splitlines()) == 1


def test_a_root_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """One line, status 1."""
    result = command(tmp_path / "home", "dashboard", "--root", str(tmp_path / "absent"))
    assert result.returncode == 1
    assert "There is no folder" in result.stderr


def test_the_pages_get_the_settings_of_the_command(clean_environment: Path, tmp_path: Path) -> None:
    """Roots and connections that were given to the command are those of the pages; what else stands there is ignored."""
    settings = current_settings(
        ["--root", str(tmp_path / "a"), "--root", str(tmp_path / "b"), "--mlflow-experiment", "x", "--other", "y"]
    )
    assert settings.log_root_folders == (tmp_path / "a", tmp_path / "b")
    assert settings.experiment_name == "x"
    assert settings.mlflow_enabled
    assert not current_settings(["--disable-mlflow"]).mlflow_enabled
