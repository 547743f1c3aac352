"""Logs of other hosts: a real sshd on loopback, inventories, and what is refused."""

import os
import signal
import subprocess
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openstack_rca.errors import ConfigurationError, LogInputError, RemoteLogsUnavailable
from openstack_rca.service.analysis import analyze
from openstack_rca.service.log_reading import read_for_question, read_given
from openstack_rca.service.remote.addresses import is_remote, parse_address, plain_address
from openstack_rca.service.remote.fetch_folder import safe_name, safe_path
from openstack_rca.service.remote.inventory import read_inventory
from openstack_rca.settings import Settings
from trained_environment import environment, program

INI = """
# a comment
[control]
ctl1.example.org ansible_host=192.0.2.1 ansible_user=ops
[compute]
cmp[01:03] ansible_port=2222
localhost ansible_connection=local
[all_compute:children]
compute
[compute:vars]
ansible_become=yes
"""
YAML = """
all:
  children:
    control: {hosts: {ctl1.example.org: {ansible_host: 192.0.2.1, ansible_user: ops}}}
    compute: {hosts: {"cmp[01:03]": {ansible_port: 2222}}}
    all_compute: {children: {compute: }}
"""


def reaching(settings: Settings, sshd: object, **changes: object) -> Settings:
    return settings.model_copy(update={"ssh_config": sshd.config, **changes})  # type: ignore[attr-defined]


def test_logs_of_two_hosts_are_read_over_ssh_and_nothing_is_left(settings: Settings, sshd: object, logs: Path) -> None:
    """Each line has the host that it came from; here and there no file is more than before."""
    before = sorted(path.name for path in logs.rglob("*"))
    temporary = set(Path(tempfile.gettempdir()).glob("openstack-rca-*"))
    read = read_given([f"ssh://ctl1,cmp1.example.org{logs}"], reaching(settings, sshd))
    assert set(read.events["host"]) == {"ctl1", "cmp1"}
    assert set(read.events["service"]) == {"nova-compute"}
    assert read.events.height == 80
    assert sorted(path.name for path in logs.rglob("*")) == before
    assert set(Path(tempfile.gettempdir()).glob("openstack-rca-*")) == temporary


def test_a_host_that_does_not_answer_is_named_and_the_rest_answers(
    settings: Settings, sshd: object, logs: Path
) -> None:
    """It stands in the notes of the report; with none left it is an error."""
    given = read_for_question([f"ssh://ctl1,dead{logs}"], reaching(settings, sshd))
    read, notes = given.read, given.notes
    assert set(read.events["host"]) == {"ctl1"}
    assert any("Not read from dead" in note for note in notes)
    with pytest.raises(RemoteLogsUnavailable, match="ssh failed"):
        read_given([f"ssh://dead{logs}"], reaching(settings, sshd))


def test_a_path_that_is_not_there_is_said_in_the_hosts_words(settings: Settings, sshd: object) -> None:
    """The reason is that path."""
    with pytest.raises(RemoteLogsUnavailable, match="there is no /no/such/folder"):
        read_given(["ssh://ctl1/no/such/folder"], reaching(settings, sshd))


def test_a_file_that_could_not_be_read_over_there_is_told(settings: Settings, sshd: object, logs: Path) -> None:
    """A link that leads nowhere stands for a file without permission: the rest is read, the complaint is a note."""
    (logs / "nova" / "loop").symlink_to("loop")
    given = read_for_question([f"ssh://ctl1{logs}"], reaching(settings, sshd))
    assert given.read.events.height == 40
    assert any("Perhaps not all was read from ctl1" in note for note in given.notes)


def test_only_files_that_changed_in_the_wanted_time_come(settings: Settings, sshd: object, logs: Path) -> None:
    """A file from before it stays over there."""
    later = (datetime.now(UTC) + timedelta(hours=2)).isoformat()
    with pytest.raises(LogInputError):
        read_given([f"ssh://ctl1{logs}"], reaching(settings, sshd, remote_since=later))


def test_what_is_fetched_is_bounded(settings: Settings, sshd: object, logs: Path) -> None:
    """Fetching stops at the bound, and the notes say so."""
    (logs / "nova" / "nova-api.log").write_bytes(bytes(range(1, 256)) * 8000)
    notes = read_for_question([f"ssh://ctl1{logs}", str(logs)], reaching(settings, sshd, remote_bytes=1000)).notes
    assert any("Fetching stopped" in note for note in notes)


def test_a_path_of_a_host_runs_nothing(settings: Settings, sshd: object, tmp_path: Path) -> None:
    """Signs of the shell in it are part of the name."""
    harmed = tmp_path / "harmed"
    with pytest.raises(RemoteLogsUnavailable):
        read_given([f"ssh://ctl1/tmp/x;touch {harmed};$(touch {harmed})'`touch {harmed}`"], reaching(settings, sshd))
    assert not harmed.exists()


def test_a_report_names_the_address(settings: Settings, sshd: object, logs: Path) -> None:
    """Logs and command of the report lead there again."""
    report = analyze([f"ssh://ctl1{logs}"], "", settings=reaching(settings, sshd), model="none").report
    assert report.logs == [f"ssh://ctl1{logs}"]
    assert f"ssh://ctl1{logs}" in report.command


@pytest.mark.parametrize(("name", "text"), [("hosts", INI), ("hosts.yml", YAML)])
def test_an_inventory_says_how_hosts_are_reached(tmp_path: Path, name: str, text: str) -> None:
    """Names, addresses, users, ports, ranges and groups, in both forms; localhost is none of them."""
    (tmp_path / name).write_text(text)
    found = read_inventory(tmp_path / name)
    (control,) = found.named(["control"])
    assert (control.name, control.target) == ("ctl1.example.org", "ops@192.0.2.1")
    assert [host.name for host in found.named(["all_compute"])] == ["cmp01", "cmp02", "cmp03"]
    assert found.named(["cmp02"])[0].port == 2222
    assert len(found.named([])) == 4


@pytest.mark.parametrize("text", ["", "a: [", "x: 3", "[group]\n", "cmp[1:999999999]\n"])
def test_what_is_no_inventory_is_refused(tmp_path: Path, text: str) -> None:
    """Nothing in it, broken YAML, or a range without end."""
    for name in ("hosts", "hosts.yaml"):
        (tmp_path / name).write_text(text)
        if name == "hosts.yaml" or not text.startswith(("a:", "x:")):
            with pytest.raises(ConfigurationError):
                read_inventory(tmp_path / name)


@pytest.mark.parametrize(
    "address", ["ssh://-oProxyCommand=touch/var/log", "ssh://a b/var/log", "docker:-it", "ssh:///var/log"]
)
def test_a_name_that_could_be_an_option_is_refused(settings: Settings, address: str) -> None:
    """Neither ssh nor docker ever sees it; and without an inventory a host must be named."""
    with pytest.raises(ConfigurationError):
        read_given([address], settings)


def test_an_address_with_a_password_is_refused_without_showing_it() -> None:
    """It would stand in the report."""
    with pytest.raises(ConfigurationError) as raised:
        parse_address("loki+https://me:hunter2hunter2@loki.example/?query={}")
    assert "hunter2" not in str(raised.value)
    assert plain_address("/var/log/a:b@c") == "/var/log/a:b@c"
    assert not is_remote("./ssh://x")


@given(st.text(max_size=300))
def test_a_name_from_elsewhere_stays_in_the_folder(text: str) -> None:
    """Whatever a server calls its files."""
    assert "/" not in safe_name(text)
    assert not safe_name(text).startswith(".")
    assert ".." not in safe_path(text).parts
    assert not safe_path(text).is_absolute()


def test_containers_are_read_by_their_tool(settings: Settings, tool: Callable[[str, str], Path]) -> None:
    """A program that prints what docker prints stands in for it; both of a container's streams are read."""
    calls = tool(
        "docker",
        'if [ "$1" = ps ]; then echo nova_compute; echo rabbitmq; exit 0; fi\n'
        'for name; do :; done\n[ "$name" = rabbitmq ] && { echo no such container >&2; exit 1; }\n'
        'echo "2026-11-23T04:17:01.000000000Z 2026-11-23 04:17:01.000 7 INFO nova.compute.manager [-] to stdout"\n'
        'echo "2026-11-23T04:17:02.000000000Z 2026-11-23 04:17:02.000 7 ERROR nova.compute.manager [-] to stderr" >&2',
    )
    given = read_for_question(["docker:"], settings)
    read, notes = given.read, given.notes
    assert read.events["message"].to_list() == ["to stdout", "to stderr"]
    assert set(read.events["service"]) == {"nova_compute"}
    assert any("Not read from rabbitmq" in note for note in notes)
    assert "logs --timestamps --since" in calls.read_text()


def test_pods_of_a_namespace_are_read_with_their_nodes(settings: Settings, tool: Callable[[str, str], Path]) -> None:
    """A program that prints what kubectl prints stands in for it."""
    calls = tool(
        "kubectl",
        'if [ "$1" = get ]; then echo \'{"items":[{"metadata":{"name":"nova-compute-x7x2k"},"spec":{"nodeName":"node3",'
        '"containers":[{"name":"nova-compute"}]}}]}\'; exit 0; fi\n'
        'echo "2026-11-23T04:17:01.000000000Z 2026-11-23 04:17:01.000 7 ERROR nova.compute.manager [-] no more room"',
    )
    events = read_given(["kubectl:openstack/app=nova"], settings).events
    assert events.select("host", "service", "message").rows() == [("node3", "nova-compute", "no more room")]
    assert "get pods -n openstack --selector=app=nova -o json" in calls.read_text()


def test_the_journal_of_this_machine_is_asked_for_the_wanted_time(
    settings: Settings, tool: Callable[[str, str], Path]
) -> None:
    """A program that prints the export form of the journal stands in for journalctl."""
    calls = tool(
        "journalctl",
        'printf "__REALTIME_TIMESTAMP=1795407421000000\\n_HOSTNAME=ctl1\\nSYSLOG_IDENTIFIER=nova-compute\\nPRIORITY=3\\n'
        'MESSAGE=it is broken\\n\\n"',
    )
    events = read_given(["journald:nova-compute.service"], settings).events
    assert events.select("host", "message").rows() == [("ctl1", "it is broken")]
    assert "--unit=nova-compute.service" in calls.read_text()
    assert "--since @" in calls.read_text()


WANTED = [("ctl1", "nova-compute", "INFO", "all is well"), ("ctl1", "nova-compute", "ERROR", "it is broken")]
"""What the journal of the tests holds of this unit in the wanted time."""


def test_a_real_journal_is_read_for_its_unit_and_time(
    settings: Settings, tool: Callable[[str, str], Path], journal: str
) -> None:
    """systemd's own journalctl before a journal file that systemd has written."""
    tool("journalctl", journal)
    since = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    events = read_given(["journald:nova-compute.service"], settings.model_copy(update={"remote_since": since})).events
    assert events.select("host", "service", pl.col("level").cast(pl.String), "message").rows() == WANTED


def test_a_real_journal_is_read_over_a_real_ssh(settings: Settings, sshd: object, journal: str) -> None:
    """The same behind sshd, packed on the way."""
    program = sshd.programs / "journalctl"  # type: ignore[attr-defined]
    program.write_text(f"#!/bin/sh\n{journal}\n")
    program.chmod(0o755)
    since = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    events = read_given(
        ["ssh+journald://ctl1/nova-compute.service"], reaching(settings, sshd, remote_since=since)
    ).events
    assert events.select("host", "service", pl.col("level").cast(pl.String), "message").rows() == WANTED


def test_a_tool_that_is_not_there_is_named(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence says what to install."""
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(RemoteLogsUnavailable, match="podman is not installed"):
        read_given(["podman:"], settings)


@pytest.mark.parametrize(("name", "address"), [("journalctl", "journald:"), ("ssh", "ssh://ctl1,ctl2/var/log")])
def test_ctrl_c_while_a_tool_is_silent_ends_at_once_and_leaves_nothing(
    tmp_path: Path, tool: Callable[[str, str], Path], name: str, address: str
) -> None:
    """Exit status 130; neither the tool nor the temporary folder outlives it."""
    begun, ids = tmp_path / "begun", tmp_path / "ids"
    os.mkfifo(begun)
    tool(name, f"echo $$ >> {ids}\necho begun > {begun}\nexec sleep 600")
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    process = subprocess.Popen(
        [*program(), "logs", "events", address],
        env=environment(OPENSTACK_RCA_HOME=tmp_path / "home", TMPDIR=temporary),
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    begun.read_text()
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert (process.returncode, said.strip()) == (130, b"Stopped. Nothing was left half-written.")
    assert list(temporary.iterdir()) == []
    for number in ids.read_text().split():
        assert not Path(f"/proc/{number}/exe").exists()
