"""A story as it is shown: the right lines, what was expected of them, and harmless text."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from openstack_rca.errors import EmptyWindow, StoryNotFound
from openstack_rca.service.analysis import Prepared, ask, prepare
from openstack_rca.service.story_view import stories_of, story_text
from openstack_rca.settings import load_settings
from trained_environment import Trained

START = datetime(2026, 11, 25, 10, 0)
SERVER, PORT = "5a532d1f-a84f-4d1a-8ace-4f541019e318", "cdcaffd6-6a32-4865-9a6d-e2e5bfb54487"


def request(number: int) -> str:
    """A request id whose first eight characters tell it from others."""
    return f"req-{number:08x}-43f5-46a3-bf84-e1156ffc7e2c"


def line(at: float, number: int, text: str) -> str:
    """One line of oslo.log."""
    stamp = (START + timedelta(seconds=at)).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
    return f"{stamp} 7 INFO nova.thing [None {request(number)} u p - - - -] {text}\n"


def write(folder: Path, builds: int, lost: tuple[int, ...] = (), text: str = "Claim successful") -> Path:
    """Logs in which nova-api accepts servers and nova-compute takes them up two seconds later, but for the lost ones."""
    api, compute = folder / "controller" / "nova-api.log", folder / "compute1" / "nova-compute.log"
    for path in (api, compute):
        path.parent.mkdir(parents=True)
    numbers = range(1, builds + 1)
    end = line(10.0 * builds + 90, 0, "the end")
    api.write_text("".join(line(10.0 * n, n, "Server accepted") for n in numbers) + end)
    compute.write_text("".join(line(10.0 * n + 2, n, text) for n in numbers if n not in lost) + end)
    return folder


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """Logs in which the third server was lost, read beside a good recording."""
    folder = tmp_path_factory.mktemp("logs")
    good, bad = write(folder / "good", 30), write(folder / "bad", 5, lost=(3,))
    return prepare([bad], settings=load_settings(), model="none", baseline=[good])


def test_a_story_shows_its_lines_over_the_services_and_what_came_in_time(prepared: Prepared) -> None:
    """Two lines on two hosts; the second was expected after the first and came."""
    (story,) = stories_of(prepared, request(2)).stories
    assert [(step.service, step.host, step.seconds) for step in story.steps] == [
        ("nova-api", "controller", None),
        ("nova-compute", "compute1", 2.0),
    ]
    assert [(item.service, item.state) for item in story.steps[0].expected] == [("nova-compute", "came")]


def test_a_step_that_never_came_is_marked(prepared: Prepared) -> None:
    """The line says who should have gone on, within what time, and with what words."""
    (story,) = stories_of(prepared, "00000003").stories
    assert [len(story.steps), story.steps[0].expected[0].state] == [1, "missing"]
    assert "x nova-compute should have gone on within 4.0 s, and did not: Claim successful" in story_text(story)[-1]


def test_a_part_leads_to_the_story_of_its_whole(tmp_path: Path) -> None:
    """A port's id shows the server that it belongs to."""
    text = f"Creating event network-changed:{PORT} for instance {SERVER} on compute1"
    prepared = prepare([write(tmp_path / "logs", 1, text=text)], settings=load_settings(), model="none")
    assert [story.name for story in stories_of(prepared, PORT).stories if story.kind == "instance"] == [SERVER]


NAMES = ("volume-{}", "{}_disk", "amphora-{}", "[instance: {}]", "tap{:.11}")
"""Names that hold an id: of a Ceph image, the disk of a server, an amphora, a line of nova, a network device."""


@pytest.mark.parametrize("own", [name.format(PORT) for name in NAMES] + [PORT.replace("-", ""), PORT.upper()])
def test_a_name_that_holds_an_id_leads_to_its_story(tmp_path: Path, own: str) -> None:
    """No line holds the name as it is given; the port is the server's, and a port of no server has a story of its own."""
    for text, kind in ((f"port {PORT} of instance {SERVER}", "instance"), (f"port {PORT} is bound", "port")):
        logs = write(tmp_path / kind, 1, text=text)
        prepared = prepare([logs], settings=load_settings(), model="none")
        assert stories_of(prepared, own).stories[0].kind == kind


def test_a_name_without_an_id_is_looked_for_as_it_is_in_small_letters_or_capitals(tmp_path: Path) -> None:
    prepared = prepare(
        [write(tmp_path / "logs", 1, text="Domain Instance-0000001a started")], settings=load_settings(), model="none"
    )
    assert [story.name for story in stories_of(prepared, "instance-0000001A").stories] == [request(1)]


@pytest.mark.parametrize("name", ["ffffffff-0000", "req-", "0000000", ""])
def test_an_id_that_the_logs_do_not_name_is_an_error(prepared: Prepared, name: str) -> None:
    """Also one too short to tell one story from another."""
    with pytest.raises(StoryNotFound, match="hold no story"):
        stories_of(prepared, name)


def test_what_a_log_says_cannot_act_on_the_terminal(tmp_path: Path) -> None:
    """Escapes are shown as escapes, secrets are masked."""
    text = "\x1b]0;owned\x07 password=hunter2"
    prepared = prepare([write(tmp_path / "logs", 1, text=text)], settings=load_settings(), model="none")
    shown = "\n".join(line for story in stories_of(prepared, request(1)).stories for line in story_text(story))
    assert "\x1b" not in shown
    assert "hunter2" not in shown


def test_a_model_that_knows_stories_says_how_surprised_it_was_and_what_it_expects(trained: Trained) -> None:
    """A score for the whole, a surprise for each line, and what should come next with its probability."""
    prepared = prepare([trained.logs], settings=load_settings(), model=str(trained.model_file))
    counted = prepared.read.events.drop_nulls("request_id").group_by("request_id").len().sort("len", "request_id")
    (story, *_) = stories_of(prepared, counted["request_id"][-1]).stories
    assert story.score is not None and 0.0 <= story.score <= 1.0
    assert all(step.surprise is not None and step.surprise >= 0.0 for step in story.steps)
    assert 0.0 < sum(probability for _, probability in story.next) <= 1.001
    assert any(line.startswith("score ") for line in story_text(story))


def test_stories_that_are_not_shown_are_counted(tmp_path: Path) -> None:
    """Six requests whose ids begin alike: five are shown, and what would show the sixth is said."""
    log = tmp_path / "nova-api.log"
    log.write_text("".join(line(n, 0, "x").replace("-43f5", f"-{n:04x}") for n in range(6)))
    found = stories_of(prepare([log], settings=load_settings(), model="none"), "00000000")
    assert (len(found.stories), found.found) == (5, 6)
    assert found.remark == "5 of 6 stories are shown; give more of the id."


def test_an_empty_window_is_told_beside_what_the_logs_cover(prepared: Prepared) -> None:
    """The time that was asked for is what may be wrong."""
    told = r"given, from 2031-01-01 00:00:00 UTC\. The logs cover 2026-11-25 10:00:10 to 2026-11-25 10:02:20 UTC"
    with pytest.raises(EmptyWindow) as raised:
        ask(prepared, ["logs"], "", settings=load_settings(), since=datetime(2031, 1, 1, tzinfo=UTC))
    assert re.search(told, str(raised.value))


def test_only_logs_that_are_still_there_can_be_asked_again(prepared: Prepared) -> None:
    """What came through standard input is gone."""
    commands = [ask(prepared, [path], "", settings=load_settings()).report.command for path in ("logs", "-")]
    assert commands == ["openstack-rca analyze logs --model none", ""]
