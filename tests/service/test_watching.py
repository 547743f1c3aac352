"""A watch over real files: what it tells, to whom, once; and what a restart remembers."""

import json
import lzma
import signal
import sys
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any
from urllib.error import HTTPError

import pytest

from openstack_rca.errors import ConfigurationError
from openstack_rca.logs import following
from openstack_rca.rca.report import Cause, EvidenceItem, ModelUsed, Report, Window
from openstack_rca.rca.vocabulary import Category, EvidenceSort, Verdict
from openstack_rca.service.deliveries import Command, Deliveries, Folder, Receiver, Webhook, WebhookFormat, payload
from openstack_rca.service.model_choice import open_model
from openstack_rca.service.troubles import Told, TroubleBook, TroubleState, Turn, describe
from openstack_rca.service.watch_page import serving
from openstack_rca.service.watch_run import Stop, keep_watching
from openstack_rca.service.watching import Figures, Watch, WatchOptions
from openstack_rca.settings import Settings, load_settings
from trained_environment import SAMPLES

BEGAN = datetime(2026, 11, 23, 4, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class Clock:
    """A clock that only the test moves."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def report(component: str, minutes: float, verdict: Verdict = Verdict.LIKELY, confidence: float = 0.8) -> Report:
    """A report that blames a component, with evidence of some minutes after four."""
    moment = BEGAN + timedelta(minutes=minutes)
    item = EvidenceItem(
        file="nova-api.log", line=7, time=moment, text="it \x1b[5mfailed", sort=EvidenceSort.SIGNATURE,
        accuses=component, why="It says so.",
    )  # fmt: skip
    cause = Cause(
        component=component, host="ctl01", category=Category.AUTH, statement="It refuses everybody.",
        confidence=confidence, onset=moment, evidence=[item], next_checks=["openstack user list"],
    )  # fmt: skip
    return Report(
        created=moment, issue="", logs=["logs"], verdict=verdict, summary="", window=Window(start=moment, end=moment),
        causes=[cause], model=ModelUsed(name="none", source="none"),
    )  # fmt: skip


@pytest.fixture
def book() -> TroubleBook:
    """Two quiet minutes end a trouble; for ten more it is not told again."""
    return TroubleBook(TroubleState(), 2 * MINUTE, 10 * MINUTE)


def turns(told: list[Told]) -> list[tuple[str, str]]:
    return [(each.turn.value, each.component) for each in told]


def at(minutes: float) -> datetime:
    return BEGAN + timedelta(minutes=minutes)


def test_a_trouble_is_told_when_it_begins_and_when_it_ends(book: TroubleBook) -> None:
    """As long as it goes on nothing more is said."""
    assert turns(book.note(report("keystone", 0), at(0))) == [("began", "keystone")]
    assert book.note(report("keystone", 1), at(1)) == []
    assert book.note(report("keystone", 1), at(2)) == []
    (ended,) = book.note(report("keystone", 1), at(4))
    assert (ended.turn, ended.began, ended.time) == (Turn.ENDED, at(0), at(4))
    assert book.note(None, at(5)) == []


def test_a_trouble_ends_though_the_window_goes_on(book: TroubleBook) -> None:
    """What was looked at reaches to this moment; the last line that speaks of the trouble is older."""
    book.note(report("keystone", 0), at(0))
    looked_at = report("keystone", 0).model_copy(update={"window": Window(start=at(-9), end=at(4))})
    assert turns(book.note(looked_at, at(4))) == [("ended", "keystone")]


def test_a_trouble_goes_on_while_lines_like_its_first_ones_come(book: TroubleBook) -> None:
    """The line that is cited is the first of many."""
    first = report("keystone", 0)
    item = first.causes[0].evidence[0].model_copy(update={"count": 40, "last": at(3.5)})
    cause = first.causes[0].model_copy(update={"evidence": [item]})
    book.note(first, at(0))
    assert book.note(first.model_copy(update={"causes": [cause]}), at(4)) == []


def test_what_comes_back_soon_is_not_told_again(book: TroubleBook) -> None:
    """Neither its beginning nor its end; after the cool-down it is."""
    book.note(report("keystone", 0), at(0))
    book.note(None, at(3))
    assert book.note(report("keystone", 5), at(5)) == []
    assert book.note(None, at(8)) == []
    assert turns(book.note(report("keystone", 30), at(30))) == [("began", "keystone")]


def test_a_better_cause_of_the_same_trouble_is_a_change(book: TroubleBook) -> None:
    """It is told with what it was before; a weaker one is not."""
    book.note(report("nova-api", 0, confidence=0.6), at(0))
    assert book.note(report("glance-api", 1, confidence=0.5), at(1)) == []
    (changed,) = book.note(report("mariadb", 1, confidence=0.9), at(1))
    assert (changed.turn, changed.before, changed.began) == (Turn.CHANGED, "nova-api on ctl01", at(0))
    assert turns(book.note(None, at(9))) == [("ended", "mariadb")]


@pytest.mark.parametrize("verdict", [Verdict.INCONCLUSIVE, Verdict.NO_FAILURE_FOUND])
def test_what_is_not_sure_wakes_nobody(book: TroubleBook, verdict: Verdict) -> None:
    """Only answers that name a cause are told."""
    assert book.note(report("keystone", 0, verdict), at(0)) == []


def test_what_is_told_is_a_few_harmless_lines() -> None:
    """Log text comes without escapes; the proof has its place."""
    book = TroubleBook(TroubleState(), MINUTE, MINUTE)
    text = describe(book.note(report("keystone", 0), at(0))[0])
    assert text.splitlines()[0] == "2026-11-23 04:00:00 UTC  TROUBLE BEGAN: keystone on ctl01 (auth), LIKELY"
    assert "nova-api.log:7" in text and "\x1b" not in text
    assert len(text.splitlines()) <= 8


@pytest.fixture
def told() -> Told:
    """A trouble that began."""
    return TroubleBook(TroubleState(), MINUTE, MINUTE).note(report("keystone", 0), at(0))[0]


class Server:
    """A real HTTP server that answers with the next of the given statuses, then with 200."""

    def __init__(self, statuses: list[int]) -> None:
        self.bodies: list[Any] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = statuses.pop(0) if statuses else 200
                if status == 200:
                    outer.bodies.append(json.loads(body))
                self.send_response(status)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/secret-token"
        Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def server() -> Iterator[Callable[..., Server]]:
    """Starts servers and stops them afterwards."""
    made: list[Server] = []

    def make(*statuses: int) -> Server:
        made.append(Server(list(statuses)))
        return made[-1]

    yield make
    for each in made:
        each.close()


def test_a_webhook_that_fails_is_tried_again_later_and_in_order(server: Callable[..., Server], told: Told) -> None:
    """What is told later does not overtake; the address, which is a secret, is in no error."""
    clock = Clock()
    receiving = server(503, 503)
    deliveries = Deliveries([Webhook(receiving.url, WebhookFormat.JSON)], clock)
    deliveries.put(told)
    deliveries.put(told.model_copy(update={"turn": Turn.ENDED}))
    assert deliveries.try_due() == pytest.approx(0.0)
    assert (receiving.bodies, deliveries.failures) == ([], 1)
    assert "503" in deliveries.last_error and "secret-token" not in deliveries.last_error
    clock.now += 2
    assert deliveries.try_due() == pytest.approx(0.0)
    clock.now += 4
    assert deliveries.try_due() is None
    assert [body["turn"] for body in receiving.bodies] == ["began", "ended"]
    assert deliveries.delivered == 2


def test_one_receiver_that_is_away_holds_up_no_other(tmp_path: Path, told: Told) -> None:
    """Each has its own pace."""
    receivers: list[Receiver] = [Webhook("http://127.0.0.1:9/", WebhookFormat.JSON), Folder(tmp_path / "out")]
    deliveries = Deliveries(receivers, Clock())
    deliveries.put(told)
    deliveries.try_due()
    assert [path.name for path in (tmp_path / "out").iterdir()] == [f"20261123T040000Z-began-{told.fingerprint}.json"]
    assert [each.receiver for each in deliveries.kept()] == [0]


def test_a_program_gets_it_on_its_input_and_no_shell_reads_it(tmp_path: Path, told: Told) -> None:
    """A program that fails is tried again."""
    out = tmp_path / "out.json"
    script = f"import sys, pathlib; pathlib.Path({str(out)!r}).write_text(sys.stdin.read())"
    Command([sys.executable, "-c", script]).deliver(told)
    assert json.loads(out.read_text())["component"] == "keystone"
    with pytest.raises(OSError, match="exit status 3"):
        Command([sys.executable, "-c", "raise SystemExit(3)"]).deliver(told)


def test_who_is_not_told_is_said_once_with_the_reason(told: Told) -> None:
    """The words of the program, which may hold a secret, are not part of it; further tries are silent."""
    clock, said = Clock(), list[str]()
    deliveries = Deliveries([Command([sys.executable, "-c", "raise SystemExit(3)", "secret"])], clock, said.append)
    deliveries.put(told)
    for _ in range(2):
        deliveries.try_due()
        clock.now += 60
    assert said == ["Not told yet, and tried again later: exec: it ended with exit status 3."]
    assert deliveries.failures == 2


def test_each_form_of_a_webhook_is_what_its_receiver_takes(told: Told) -> None:
    """Slack's text, Teams' card, Alertmanager's alerts with their end."""
    slack: Any = payload(told, WebhookFormat.SLACK)
    assert "TROUBLE BEGAN" in slack["text"]
    teams: Any = payload(told, WebhookFormat.TEAMS)
    assert teams["attachments"][0]["content"]["type"] == "AdaptiveCard"
    (alert,) = payload(told, WebhookFormat.ALERTMANAGER)  # type: ignore[misc, attr-defined]
    assert alert["labels"]["component"] == "keystone" and "endsAt" not in alert
    over = told.model_copy(update={"turn": Turn.ENDED, "time": at(9)})
    (alert,) = payload(over, WebhookFormat.ALERTMANAGER)  # type: ignore[misc, attr-defined]
    assert alert["endsAt"] == at(9).isoformat()


def test_a_webhook_has_an_http_address() -> None:
    """Files and other schemes are refused before anything is watched."""
    with pytest.raises(ConfigurationError, match="OPENSTACK_RCA_WEBHOOK"):
        Webhook("file:///etc/passwd", WebhookFormat.JSON)


@pytest.fixture
def settings(empty_home: Path) -> Settings:
    """A home of its own."""
    return load_settings(mlflow_enabled=False)


@pytest.fixture(scope="module")
def recorded() -> dict[str, list[str]]:
    """The lines of a sample incident, by file."""
    folder = SAMPLES / "incidents" / "INC-003" / "logs"
    return {
        path.relative_to(folder).as_posix().removesuffix(".xz"): lzma.decompress(path.read_bytes())
        .decode()
        .splitlines(True)
        for path in sorted(folder.rglob("*.xz"))
    }


def play(folder: Path, recorded: dict[str, list[str]], begin: str, end: str) -> None:
    """Append the lines of a stretch of time; what carries no time goes with the line before it."""
    for name, content in recorded.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as file:
            moment = ""
            for text in content:
                moment = text[:19] if text[:4] == "2026" else moment
                if begin <= moment < end:
                    file.write(text)


def test_an_incident_is_told_once_while_its_logs_are_written_also_over_a_restart(
    recorded: dict[str, list[str]], settings: Settings, tmp_path: Path
) -> None:
    """Nothing before it, its beginning with the right cause, nothing twice after a restart, its end when all is quiet."""
    logs, state = tmp_path / "logs", tmp_path / "state.json"
    clock = Clock()

    def watch() -> Watch:
        deliveries = Deliveries([Folder(tmp_path / "told")], clock)
        options = WatchOptions(from_start=True, quiet=MINUTE)
        return Watch([logs], settings, open_model("none", settings), deliveries, options, state, clock)

    stamps = sorted(text[:19] for content in recorded.values() for text in content if text[:4] == "2026")
    middle = stamps[len(stamps) * 3 // 4]
    play(logs, recorded, "2026", middle)
    first = watch()
    seen = first.step()
    first.close()
    play(logs, recorded, middle, "2027")
    second = watch()
    seen += second.step()
    clock.now += 3600
    seen += second.step()
    second.close()
    assert [(each.turn, each.component) for each in seen] == [(Turn.BEGAN, "keystone"), (Turn.ENDED, "keystone")]
    assert second.figures.lag_bytes == 0
    waiting = json.loads(state.read_text())["waiting"]
    assert [each["told"]["turn"] for each in waiting] == ["began", "ended"]


def test_the_window_forgets_what_is_old(settings: Settings, tmp_path: Path) -> None:
    """However long it runs, it holds minutes and no days."""
    log = tmp_path / "nova-api.log"
    log.write_text("")
    watch = Watch([log], settings, open_model("none", settings), Deliveries([], Clock()), WatchOptions(window=MINUTE))
    for hour in range(3):
        with log.open("a") as file:
            for second in range(60):
                file.write(f"2026-11-23 0{hour}:00:{second:02d}.000 7 INFO nova.api [-] Something ordinary {second}\n")
        watch.step()
    assert watch.figures.events == 180
    assert watch.figures.window_events <= 61
    watch.close()


def sizes(thing: object, name: str = "watch") -> dict[str, int]:
    """How much every collection holds that a part of a watch keeps, by its name."""
    if isinstance(thing, dict | list | set):
        return {name: len(thing)}
    if not type(thing).__module__.startswith("openstack_rca.") or isinstance(thing, Settings):
        return {}
    found = {}
    for key, value in vars(thing).items():
        found |= sizes(value, f"{name}.{key}")
    return found


def test_what_a_watch_keeps_does_not_grow_with_the_files_that_come_and_go(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After twice as many rotations no collection in it holds more; each file has a name of its own."""
    monkeypatch.setattr(following, "MOST_HEADS", 3)
    options = WatchOptions(window=MINUTE, interval=timedelta(days=1), from_start=True)
    watch = Watch([tmp_path], settings, open_model("none", settings), Deliveries([], Clock()), options)
    kept = []
    for hour in range(8):
        log = tmp_path / f"nova-api-{hour}.log"
        lines = (f"2026-11-23 0{hour}:00:{n:02d}.000 7 INFO nova.api [-] Something ordinary {n}\n" for n in range(30))
        log.write_text("".join(lines))
        watch.step()
        log.unlink()
        watch.step()
        kept.append(sizes(watch))
    assert kept[3]["watch._follower._heads"] == 3
    assert kept[3] == kept[7]
    watch.close()


def test_lines_of_several_files_are_read_in_one_go(settings: Settings, tmp_path: Path) -> None:
    """Those of a renamed file with those of the one that has its name now; a file that holds no log is counted and left out."""
    log, other = tmp_path / "nova-api.log", tmp_path / "other.log"

    def lines(first: int, last: int) -> str:
        return "".join(
            f"2026-11-23 04:00:{n:02d}.000 7 INFO nova.api [-] Something ordinary {n}\n" for n in range(first, last)
        )

    log.write_text(lines(0, 5))
    watch = Watch(
        [tmp_path], settings, open_model("none", settings), Deliveries([], Clock()), WatchOptions(from_start=True)
    )
    watch.step()
    with log.open("a") as file:
        file.write(lines(5, 8))
    log.rename(tmp_path / "nova-api.log.1")
    log.write_text(lines(8, 12))
    other.write_text("no log at all\nand no other line\n")
    watch.step()
    assert (watch.figures.events, watch.figures.lines, watch.figures.unreadable) == (12, 12, 1)
    watch.close()


def test_a_damaged_state_begins_anew(settings: Settings, tmp_path: Path) -> None:
    """It stops no watch."""
    log, state = tmp_path / "nova-api.log", tmp_path / "state.json"
    log.write_text("")
    state.write_text('{"troubles": 3}')
    watch = Watch([log], settings, open_model("none", settings), Deliveries([], Clock()), state=state)
    watch.save()
    assert json.loads(state.read_text())["waiting"] == []
    watch.close()


def fetch(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_the_page_tells_figures_and_health(told: Told) -> None:
    """In Prometheus' form; a watch that has not looked for two minutes is not healthy, and a failed delivery is named."""
    clock = Clock()
    figures = Figures(lines=42, lag_bytes=7, began=1, last_look=clock.now)
    deliveries = Deliveries([Folder(Path(__file__))], clock)
    deliveries.put(told)
    with serving(0, figures, deliveries, '4"2', clock) as port:
        status, text = fetch(port, "/metrics")
        assert status == 200
        assert "openstack_rca_watch_lines_total 42\n" in text
        assert 'openstack_rca_watch_troubles_total{turn="began"} 1\n' in text
        assert "openstack_rca_watch_deliveries_waiting 1\n" in text
        assert 'openstack_rca_watch_model_info{version="4\\"2"} 1\n' in text
        assert fetch(port, "/healthz") == (200, "ok\n")
        deliveries.try_due()
        assert fetch(port, "/healthz")[1].startswith("ok\nlast failed delivery: output: ")
        clock.now += 500
        assert fetch(port, "/healthz")[0] == 503
        assert fetch(port, "/etc/passwd")[0] == 404
        with pytest.raises(ConfigurationError, match=str(port)), serving(port, figures, deliveries, "none"):
            pass


def test_two_watches_do_not_share_a_state(settings: Settings, tmp_path: Path) -> None:
    """They would tell everything twice."""
    log, state = tmp_path / "nova-api.log", tmp_path / "state.json"
    log.write_text("")

    def run(inside: Callable[[], None]) -> None:
        deliveries = Deliveries([], Clock())
        watch = Watch([log], settings, open_model("none", settings), deliveries, state=state)
        stop = Stop()

        def opened(_port: int) -> None:
            inside()
            stop.event.set()

        keep_watching(watch, deliveries, stop, tell=print, state=state, port=0, on_page=opened)

    with pytest.raises(ConfigurationError, match="Another watch"):
        run(lambda: run(lambda: None))


def test_a_state_that_finds_no_room_ends_no_watch(settings: Settings, tmp_path: Path) -> None:
    """It is told once, and written as soon as it can be, also when nothing new came."""
    log, folder = tmp_path / "nova-api.log", tmp_path / "state"
    notices: list[str] = []
    folder.touch()
    deliveries = Deliveries([], Clock(), notices.append)
    options = WatchOptions(from_start=True)
    watch = Watch([tmp_path], settings, open_model("none", settings), deliveries, options, folder / "watch.json")
    for second in range(2):
        with log.open("a") as file:
            file.write(f"2026-11-23 00:00:0{second}.000 7 INFO nova.api [-] Something ordinary\n")
        watch.step()
    (told,) = notices
    assert "cannot be kept" in told and "The watch goes on" in told
    folder.unlink()
    watch.step()
    watch.close()
    assert json.loads((folder / "watch.json").read_text())["places"]


def test_a_terminal_that_closes_ends_a_watch_in_order() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    stop = Stop()
    try:
        with stop.watching():
            signal.raise_signal(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)
    assert stop.event.is_set() and not stop.interrupted


def test_the_sender_stops_when_it_is_told_to(told: Told, tmp_path: Path) -> None:
    """What was put in before is delivered by its thread."""
    arrived = Event()

    class Waiting(Folder):
        def deliver(self, told: Told) -> None:
            arrived.set()

    deliveries, done = Deliveries([Waiting(tmp_path)], Clock()), Event()
    thread = Thread(target=deliveries.run, args=(done,))
    thread.start()
    deliveries.put(told)
    assert arrived.wait(30)
    done.set()
    deliveries.wake()
    thread.join(30)
    assert not thread.is_alive()
