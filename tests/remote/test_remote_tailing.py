"""A watch on what is being written elsewhere: the lines come here while they are written, and nothing stays behind."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from remote_answers import Answers, answer

from openstack_rca.errors import ConfigurationError, RemoteLogsUnavailable
from openstack_rca.logs.events import read_logs
from openstack_rca.service.remote import tailed, tailing
from openstack_rca.settings import Settings

LINE = "2026-11-23 04:17:01.000 1 ERROR nova.compute.manager [-] {}\n"
HANGS_AFTER_SECONDS = 60


def come(folder: Path, text: str, meanwhile: Callable[[], None] = lambda: None) -> Path:
    """The file below the folder in which the text arrives."""
    pause = threading.Event()
    for _ in range(HANGS_AFTER_SECONDS * 20):
        meanwhile()
        for path in folder.rglob("*.log"):
            if text in path.read_text():
                return path
        pause.wait(0.05)
    raise AssertionError(f"{text!r} never came")


def append(path: Path, text: str) -> None:
    with path.open("a") as log:
        log.write(LINE.format(text))


def test_lines_of_files_of_a_host_come_over_ssh_while_they_are_written(
    settings: Settings, sshd: Any, logs: Path
) -> None:
    """Each into a file of its own, as over there, below a folder that tells the host; what was there before does not come."""
    other = logs / "nova" / "nova-api.log"
    append(other, "old")
    reached = settings.model_copy(update={"ssh_config": sshd.config})
    with tailed([f"ssh://ctl1{logs}"], reached, pytest.fail) as (folder,):
        found = come(Path(folder), "of compute", lambda: append(logs / "nova" / "nova-compute.log", "of compute"))
        append(other, "of api")
        assert come(Path(folder), "of api").relative_to(folder).as_posix() == "ctl1/nova/nova-api.log"
        assert found.relative_to(folder).as_posix() == "ctl1/nova/nova-compute.log"
        assert "==>" not in found.read_text() and "\n\n" not in found.read_text()
        assert set(read_logs([folder]).events["message"]) == {"of compute", "of api"}
        assert set(read_logs([folder]).events["host"]) == {"ctl1"}
    assert not Path(folder).exists()


def test_containers_pods_and_journals_are_followed_by_their_tools(
    settings: Settings, tool: Callable[[str, str], Path]
) -> None:
    """Programs that print what these print, and stay, stand in for them; they end with the watch."""
    record = '{"__REALTIME_TIMESTAMP":"1795407421000000","_HOSTNAME":"ctl1","SYSLOG_IDENTIFIER":"nova-api","PRIORITY":"3","MESSAGE":"of the journal"}'
    pod = (
        '{"items":[{"metadata":{"name":"nova-x"},"spec":{"nodeName":"node3","containers":[{"name":"nova-compute"}]}}]}'
    )
    calls = [
        tool("journalctl", f"echo '{record}'; exec sleep 600"),
        tool(
            "docker",
            f'[ "$1" = ps ] && {{ echo nova_api; exit 0; }}\necho "{LINE.format("of a container").strip()}" >&2; exec sleep 600',
        ),
        tool(
            "kubectl",
            f'[ "$1" = get ] && {{ echo \'{pod}\'; exit 0; }}\necho "{LINE.format("of a pod").strip()}"; exec sleep 600',
        ),
    ]
    with tailed(["journald:", "docker:", "kubectl:openstack"], settings, pytest.fail) as folders:
        for folder, text in zip(folders, ("of the journal", "of a container", "of a pod"), strict=True):
            come(Path(folder), text)
        hosts = [read_logs([folder]).events["host"].to_list() for folder in folders]
    assert (hosts[0], hosts[2]) == (["ctl1"], ["node3"])
    told = [call.read_text() for call in calls]
    assert "--follow --no-tail -o json --since @" in told[0]
    assert "logs --follow --timestamps --since" in told[1]
    assert "--follow" in told[2].splitlines()[-1]


def test_a_server_is_asked_again_for_what_came_since(
    settings: Settings, server: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A time without lines is nothing to tell; after a fault, which is told once, the same time is asked for again."""
    monkeypatch.setattr(tailing, "ASKED_EVERY_SECONDS", 0.01)

    def streams(*texts: str) -> Any:
        values = [[str(1795407421000000000 + number), LINE.format(text)] for number, text in enumerate(texts)]
        return answer(
            {
                "data": {
                    "resultType": "streams",
                    "result": [{"stream": {"host": "ctl1", "job": "nova-api"}, "values": values}],
                }
            }
        )

    answers = [streams("first"), streams(), answer({}, 500), answer({}, 500), streams("second")]
    server.routes["/loki/api/v1/query_range"] = lambda _: answers.pop(0) if answers else streams()
    notes: list[str] = []
    with tailed([f'loki+http://127.0.0.1:{server.port}?query={{a="b"}}'], settings, notes.append) as (folder,):
        found = come(Path(folder), "second")
        assert found.relative_to(folder).as_posix() == "ctl1/nova-api.log"
        assert found.read_text().count("first") == 1
    assert len(notes) == 1


def test_a_tool_that_ends_is_told_once_and_run_again(
    settings: Settings, tool: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A container that is gone comes back; its complaint is not repeated."""
    monkeypatch.setattr(tailing, "ASKED_EVERY_SECONDS", 0.01)
    calls = tool("docker", "echo No such container: nova_api; exit 1")
    notes: list[str] = []
    with tailed(["docker:nova_api"], settings, notes.append) as (folder,):
        come(Path(folder), "No such container: nova_api\nNo such container: nova_api")
    assert len(notes) == 1
    assert "nova_api sends nothing more: No such container: nova_api." in notes[0]
    assert len(calls.read_text().splitlines()) > 1


@pytest.mark.parametrize("address", ["s3://bucket/logs", "https://zuul.example.org/logs/4711/", "ftp://x/y"])
def test_where_nothing_goes_on_being_written_a_watch_is_refused(settings: Settings, address: str) -> None:
    """With the way on."""
    with pytest.raises(ConfigurationError), tailed([address], settings, pytest.fail):
        pass


def test_a_watch_whose_tool_is_missing_does_not_begin(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would wait for ever."""
    monkeypatch.setenv("PATH", "/nowhere")
    with (
        pytest.raises(RemoteLogsUnavailable, match="podman is not installed"),
        tailed(["podman:x"], settings, pytest.fail),
    ):
        pass


def test_where_one_address_is_refused_no_tool_of_another_runs_on(
    settings: Settings, tool: Callable[[str, str], Path]
) -> None:
    """What was begun for the addresses before it ends, and its folder goes."""
    tool("docker", "exec sleep 600")
    before = threading.active_count()
    with pytest.raises(ConfigurationError), tailed(["docker:nova_api", "s3://bucket/logs"], settings, pytest.fail):
        pass
    assert threading.active_count() == before
