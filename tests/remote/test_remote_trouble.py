"""Places that give nothing: the message names the address and repeats the tool's own words."""

import os
from pathlib import Path

import pytest

from openstack_rca.errors import ConfigurationError, RemoteLogsUnavailable
from openstack_rca.service.remote import fetched
from openstack_rca.settings import Settings


def install_tool(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, script: str) -> None:
    """Put a program before those of the machine."""
    tool = folder / name
    tool.write_text(f"#!/bin/sh\n{script}\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


def test_a_place_without_logs_of_the_wanted_time_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the address, not the folder that it was fetched into."""
    install_tool(tmp_path, monkeypatch, "journalctl", "exit 0")
    with (
        pytest.raises(RemoteLogsUnavailable, match="journald: holds no logs since"),
        fetched(["journald:"], Settings()),
    ):
        pass


def test_where_no_container_can_be_read_the_reason_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What docker said is the message."""
    install_tool(tmp_path, monkeypatch, "docker", "echo 'No such container: nova_api' >&2; exit 1")
    with (
        pytest.raises(RemoteLogsUnavailable, match="No such container: nova_api"),
        fetched(["docker:nova_api"], Settings()),
    ):
        pass


@pytest.mark.parametrize(
    ("address", "told"),
    [("ftp://logs.example.org/x", "not read from ftp:// addresses.*ssh://"), ("s3:///nova", "names no bucket")],
)
def test_an_address_that_leads_nowhere_is_told_before_anything_is_asked(address: str, told: str) -> None:
    """A kind of address that is not read, with the kinds that are; a bucket without a name."""
    with pytest.raises(ConfigurationError, match=told), fetched([address], Settings()):
        pass
