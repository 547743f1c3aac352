"""Loki, OpenSearch and CI logs: recorded answers of their documented APIs on loopback, faults among them."""

import threading
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from remote_answers import Answers, Request, answer

from openstack_rca.errors import ConfigurationError, RemoteLogsUnavailable
from openstack_rca.service.log_reading import read_for_question, read_given
from openstack_rca.service.remote import loki, opensearch
from openstack_rca.settings import Settings

RANGE = "/loki/api/v1/query_range"
START = 1_795_407_421_000_000_000
LINE = "2026-11-23 04:17:{:02d}.000 7 ERROR nova.compute.manager [-] number {}"


@pytest.fixture
def wide(settings: Settings) -> Settings:
    """Settings that ask for a long time ago."""
    return settings.model_copy(update={"remote_since": "2026-11-23T00:00:00Z"})


def loki_answer(numbers: list[int], stamps: list[int]) -> dict[str, Any]:
    values = [[str(stamp), LINE.format(number % 60, number)] for number, stamp in zip(numbers, stamps, strict=True)]
    stream = {"host": "cmp1", "service": "nova-compute"}
    return {"status": "success", "data": {"resultType": "streams", "result": [{"stream": stream, "values": values}]}}


def test_loki_is_paged_without_losing_or_doubling_a_line(
    wide: Settings, server: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page ends in the middle of a moment; the next one begins with that moment, and its lines count once."""
    monkeypatch.setattr(loki, "PAGE", 3)
    stamps = [START, START + 1, START + 2, START + 2, START + 2, START + 9]

    def page(request: Request) -> tuple[int, dict[str, str], bytes]:
        begin = int(request.query["start"][0])
        chosen = [number for number, stamp in enumerate(stamps) if stamp >= begin][:3]
        return answer(loki_answer(chosen, [stamps[number] for number in chosen]))

    server.routes[RANGE] = page
    tenant = wide.model_copy(update={"loki_tenant": "cloud-7", "loki_token": SecretStr("t0ken")})
    events = read_given([f'loki+http://{server.url()}?query={{service="nova"}}'], tenant).events
    assert events["message"].to_list() == [f"number {number}" for number in range(6)]
    assert set(events["host"]) == {"cmp1"}
    assert set(events["service"]) == {"nova-compute"}
    first = server.asked[0]
    assert first.query["query"] == ['{service="nova"}']
    assert (first.headers["X-Scope-Orgid"], first.headers["Authorization"]) == ("cloud-7", "Bearer t0ken")


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        (401, "who are you", "OPENSTACK_RCA_LOKI_TOKEN"),
        (400, "parse error", "answered 400: parse error"),
        (429, "slower", "fewer requests"),
        (200, "<html>a page</html>", "is not JSON"),
        (200, '{"data": 3}', "not an answer of Loki"),
        (200, '{"data": {"resultType": "streams", "result": []}}', "no line"),
    ],
)
def test_what_loki_refuses_is_told_with_the_way_on(
    wide: Settings, server: Answers, status: int, body: str, told: str
) -> None:
    """Credentials, a wrong query, too many requests, a login page instead of an answer, nothing found."""
    server.routes[RANGE] = lambda _: answer(body, status, Retry_After="0")
    with pytest.raises(RemoteLogsUnavailable, match=told):
        read_given([f"loki+http://{server.url()}?query={{}}"], wide)


def test_a_server_that_asks_to_wait_is_asked_again(wide: Settings, server: Answers) -> None:
    """429 once, then the answer."""

    def page(_: Request) -> tuple[int, dict[str, str], bytes]:
        return answer("later", 429, Retry_After="0") if len(server.asked) == 1 else answer(loki_answer([1], [START]))

    server.routes[RANGE] = page
    assert read_given([f"loki+http://{server.url()}?query={{}}"], wide).events.height == 1


def test_a_server_that_stays_silent_is_given_up(wide: Settings, server: Answers) -> None:
    """After the network time-out, with the name of the setting."""
    release = threading.Event()

    def silent(_: Request) -> tuple[int, dict[str, str], bytes]:
        release.wait(30)
        return answer({})

    server.routes[RANGE] = silent
    impatient = wide.model_copy(update={"network_timeout_seconds": 0.2})
    try:
        with pytest.raises(RemoteLogsUnavailable, match="has not answered within"):
            read_given([f"loki+http://{server.url()}?query={{}}"], impatient)
    finally:
        release.set()


def test_what_came_before_a_fault_is_read_and_the_fault_is_noted(
    wide: Settings, server: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second page is broken."""
    monkeypatch.setattr(loki, "PAGE", 1)
    server.routes[RANGE] = lambda _: answer(loki_answer([1], [START])) if len(server.asked) == 1 else answer("{")
    given = read_for_question([f"loki+http://{server.url()}?query={{}}"], wide)
    read, notes = given.read, given.notes
    assert read.events.height == 1
    assert any("Loki broke off" in note for note in notes)


def test_credentials_never_travel_in_clear_text(wide: Settings) -> None:
    """A server beyond this machine without TLS is not asked with them."""
    known = wide.model_copy(update={"loki_token": SecretStr("t0ken")})
    with pytest.raises(ConfigurationError, match="clear text"):
        read_given(["loki+http://loki.example.org?query={}"], known)


def test_loki_needs_a_selector(settings: Settings) -> None:
    """An address without one is refused before anything is asked."""
    with pytest.raises(ConfigurationError, match="no selector"):
        read_given(["loki+https://loki.example"], settings)


def hit(number: int) -> dict[str, Any]:
    source = {
        "@timestamp": f"2026-11-23T04:17:{number:02d}.000Z", "Hostname": "ctl1", "programname": "nova-api",
        "log_level": "ERROR", "Payload": f"number {number}", "python_module": "nova.api", "Pid": "7",
    }  # fmt: skip
    return {"_index": "flog", "_id": str(number), "_source": source, "sort": [number, number]}


@pytest.mark.parametrize("elastic", [False, True], ids=["opensearch", "elasticsearch"])
def test_an_index_is_paged_over_a_point_in_time_that_is_given_back(
    wide: Settings, server: Answers, monkeypatch: pytest.MonkeyPatch, elastic: bool
) -> None:
    """Opened on the index, searched after the last hit, closed; in the words of either server."""
    monkeypatch.setattr(opensearch, "PAGE", 2)
    hits = [hit(number) for number in range(5)]

    def search(request: Request) -> tuple[int, dict[str, str], bytes]:
        after = request.body.get("search_after")
        rest = [one for one in hits if not after or one["sort"] > after][:2]
        return answer({"pit_id": "p2", "hits": {"hits": rest}})

    server.routes["/_search"] = search
    if elastic:
        server.routes["POST /flog-*/_pit"] = lambda _: answer({"id": "p1"})
        server.routes["DELETE /_pit"] = lambda _: answer({"succeeded": True})
    else:
        server.routes["POST /flog-*/_search/point_in_time"] = lambda _: answer({"pit_id": "p1"})
        server.routes["DELETE /_search/point_in_time"] = lambda _: answer({"pits": []})
    known = wide.model_copy(update={"opensearch_user": "me", "opensearch_password": SecretStr("hunter2")})
    events = read_given([f"opensearch+http://{server.url('/flog-*')}?query=log_level:ERROR"], known).events
    assert events["message"].to_list() == [f"number {number}" for number in range(5)]
    assert set(events["host"]) == {"ctl1"}
    assert server.asked[-1].method == "DELETE"
    assert "p2" in str(server.asked[-1].body)
    asked = next(request for request in server.asked if request.path == "/_search")
    assert asked.body["query"]["bool"]["filter"][1] == {"query_string": {"query": "log_level:ERROR"}}
    assert asked.headers["Authorization"] == "Basic bWU6aHVudGVyMg=="


def test_an_index_that_refuses_says_which_variable_is_wanted(wide: Settings, server: Answers) -> None:
    """401 is told as credentials, not as a missing index."""
    server.routes["POST /flog/_search/point_in_time"] = lambda _: answer("no", 401)
    with pytest.raises(RemoteLogsUnavailable, match="OPENSTACK_RCA_OPENSEARCH_TOKEN"):
        read_given([f"opensearch+http://{server.url('/flog')}"], wide)


def text_log(service: str) -> tuple[int, dict[str, str], bytes]:
    return answer(f"2026-11-23 04:17:01.000 7 ERROR {service}.api [-] broken\n")


def test_a_folder_of_ci_logs_is_followed_downwards_only(settings: Settings, server: Answers) -> None:
    """Index pages lead to the logs below; neither the parent nor another server is asked, pictures are left."""
    server.routes["/build/logs/"] = lambda _: answer(
        '<a href="../">up</a><a href="/">root</a><a href="https://elsewhere.invalid/x.log">x</a>'
        '<a href="controller/">c</a><a href="plot.png">p</a>'
    )
    server.routes["/build/logs/controller/"] = lambda _: answer(
        '<a href="screen-n-api.txt">n</a><a href="nova-api.log">'
    )
    server.routes["/build/logs/controller/nova-api.log"] = lambda _: text_log("nova")
    server.routes["/build/logs/controller/screen-n-api.txt"] = lambda _: text_log("nova")
    read = read_given([f"http://{server.url('/build/logs/')}"], settings)
    assert read.events.height == 2
    assert set(read.events["host"]) == {"controller"}
    assert not [request for request in server.asked if request.path in ("/", "/build/", "/build/logs/plot.png")]


def test_the_manifest_of_zuul_names_all_files(settings: Settings, server: Answers) -> None:
    """No page is read where it is there; a file that is gone is noted."""
    tree = [{"name": "compute1", "mimetype": "application/directory", "children": [{"name": "nova-compute.log"}, {"name": ".."}]},
            {"name": "job-output.txt"}]  # fmt: skip
    server.routes["/b/zuul-manifest.json"] = lambda _: answer({"tree": tree})
    server.routes["/b/compute1/nova-compute.log"] = lambda _: text_log("nova")
    given = read_for_question([f"http://{server.url('/b/')}"], settings)
    read, notes = given.read, given.notes
    assert set(read.events["host"]) == {"compute1"}
    assert any("Not read: job-output.txt" in note for note in notes)


def test_a_redirect_to_another_server_is_not_followed(settings: Settings, server: Answers, tmp_path: Path) -> None:
    """Credentials and questions stay with the server that was named."""
    server.routes["/x.log"] = lambda _: answer("", 302, Location="http://127.0.0.1:9/y.log")
    with pytest.raises(RemoteLogsUnavailable, match="answered 302"):
        read_given([f"http://{server.url('/x.log')}"], settings)
