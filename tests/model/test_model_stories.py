"""Stories: which lines belong together, where a story ends, and what is left out of it."""

from dataclasses import astuple
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import numpy as np
import polars as pl
import pytest

import openstack_rca.model.stories as module
from openstack_rca.logs.event_table import EVENT_SCHEMA
from openstack_rca.logs.events import read_logs
from openstack_rca.model.stories import MAX_REPEATS, Stories, build_stories

START = datetime(2026, 11, 25, 10, 0, tzinfo=UTC)
SAMPLES = Path(__file__).resolve().parents[2] / "samples" / "normal"


def uuid(number: int) -> str:
    """A UUID that a reader can tell from others."""
    return str(UUID(int=number))


SERVER, OTHER_SERVER, PORT, VOLUME = (uuid(number) for number in (1, 2, 3, 4))
REQUEST, GLOBAL = f"req-{uuid(10)}", f"req-{uuid(11)}"


def frame(*lines: dict[str, object]) -> pl.DataFrame:
    """Events of the given fields; ``at`` is in seconds; the text without ids and numbers is the template."""
    rows = []
    for line in lines:
        message = str(line.get("message", ""))
        row = {
            "host": "controller",
            "service": "nova-api",
            "level": "INFO",
            "template_id": abs(hash("".join(letter for letter in message.split(SERVER)[0] if letter.isalpha()))),
            **line,
        }
        row["time"] = START + timedelta(seconds=float(str(row.pop("at", 0))))
        rows.append(row)
    empty = dict.fromkeys(EVENT_SCHEMA)
    return pl.DataFrame([empty | row for row in rows], schema=EVENT_SCHEMA, orient="row")


def told(stories: Stories, kind: str) -> dict[str, list[int]]:
    """Rows of every story of a kind by its name."""
    return {
        str(stories.names[i]): stories.rows[stories.offsets[i] : stories.offsets[i + 1]].tolist()
        for i in range(len(stories))
        if stories.kind[i] == kind
    }


def test_a_server_is_followed_over_services_by_context_url_and_message() -> None:
    """The ids of `[instance: ]`, of a URL and of a message lead to one story."""
    events = frame(
        {"at": 0, "message": f'"PUT /allocations/{SERVER}" status: 204', "service": "placement-api"},
        {"at": 1, "message": "Claim successful", "service": "nova-compute", "instance_id": SERVER},
        {"at": 2, "message": f"Creating event network-changed for instance {SERVER} on compute1"},
        {"at": 3, "message": "Nothing that has an id"},
    )
    assert told(build_stories(events), "instance") == {SERVER: [0, 1, 2]}


def test_the_global_request_id_joins_what_one_call_made_other_services_do() -> None:
    """A callee logs the caller's id as the global one and an id of its own beside it."""
    events = frame(
        {"at": 0, "request_id": GLOBAL, "message": "POST /v2.1/servers"},
        {"at": 1, "request_id": REQUEST, "global_request_id": GLOBAL, "message": "POST /v2.0/ports"},
    )
    assert told(build_stories(events), "request") == {GLOBAL: [0, 1]}


def test_a_port_is_part_of_the_story_of_its_only_server() -> None:
    """The port's own lines stand between the server's, because one line names both."""
    events = frame(
        {"at": 0, "message": f'"PUT /v2.0/ports/{PORT} HTTP/1.1" status: 200'},
        {"at": 1, "message": f"network-vif-plugged:{PORT} for instance {SERVER}"},
        {"at": 2, "message": f'"DELETE /v2.0/ports/{PORT} HTTP/1.1" status: 204'},
    )
    stories = build_stories(events)
    assert told(stories, "instance") == {SERVER: [0, 1, 2]}
    assert told(stories, "port") == {}


def test_a_volume_of_two_servers_keeps_its_own_story() -> None:
    """What belonged to one and then to another is part of neither."""
    events = frame(
        {"at": 0, "message": f"Attaching volume {VOLUME} to /dev/vdb", "instance_id": SERVER},
        {"at": 1, "message": f"Attaching volume {VOLUME} to /dev/vdb", "instance_id": OTHER_SERVER},
    )
    stories = build_stories(events)
    assert told(stories, "volume") == {VOLUME: [0, 1]}
    assert told(stories, "instance") == {SERVER: [0], OTHER_SERVER: [1]}


def test_a_list_of_servers_is_no_part_of_their_stories() -> None:
    """A query for many servers says nothing of any."""
    many = "&device_id=".join(uuid(number) for number in range(20, 25))
    assert told(build_stories(frame({"message": f'"GET /v2.0/ports?device_id={many}" status: 200'})), "instance") == {}


def test_the_reads_of_a_waiting_client_are_told_once() -> None:
    """Polling between two steps is one read; a read that failed is a step."""
    read = f'"GET /v2.1/servers/{SERVER} HTTP/1.1" status: '
    events = frame(
        {"at": 0, "message": read + "200"},
        {"at": 1, "message": read + "200"},
        {"at": 2, "message": read + "200"},
        {"at": 3, "message": f"Terminating instance {SERVER}"},
        {"at": 4, "message": read + "200"},
        {"at": 5, "message": read + "200"},
        {"at": 6, "message": read + "404 len: 1"},
    )
    assert told(build_stories(events), "instance") == {SERVER: [0, 3, 4, 6]}


def test_a_loop_that_goes_round_for_ever_is_cut_short() -> None:
    """One request that repeats a line for hours keeps a few of them."""
    events = frame(*({"at": second, "request_id": REQUEST, "message": "iteration"} for second in range(100)))
    assert told(build_stories(events), "request") == {REQUEST: list(range(MAX_REPEATS))}


def test_a_story_that_the_recording_cuts_off_has_not_ended() -> None:
    """Whether more would have come is known only where the recording goes on for longer than a pause."""
    events = frame(
        {"at": 0, "message": f"Terminating instance {SERVER}"},
        {"at": 100, "message": f"Terminating instance {OTHER_SERVER}"},
    )
    stories = build_stories(events)
    assert dict(zip(stories.names, stories.ended.tolist(), strict=True)) == {
        SERVER: True,
        OTHER_SERVER: False,
    }


def test_each_of_two_recordings_has_an_end_of_its_own() -> None:
    """What came last in the first recording was cut off, though hours of the second follow."""
    events = frame(
        {"at": 0, "message": f"Terminating instance {SERVER}"},
        {"at": 7200, "message": f"Terminating instance {OTHER_SERVER}"},
        {"at": 7300, "message": "The end"},
    )
    stories = build_stories(events)
    assert not stories.ended[stories.names.index(SERVER)]
    assert stories.ended[stories.names.index(OTHER_SERVER)]


def test_an_object_that_rested_begins_a_new_story() -> None:
    """A server that is built today and deleted next week has two stories."""
    events = frame(
        {"at": 0, "message": f"Terminating instance {SERVER}"},
        {"at": 61, "message": f"Terminating instance {SERVER}"},
    )
    stories = build_stories(events)
    assert stories.offsets.tolist() == [0, 1, 2]
    assert stories.ended.tolist() == [True, False]


def test_debug_lines_are_left_out() -> None:
    """A host at DEBUG tells the same stories as its neighbour at INFO."""
    events = frame(
        {"at": 0, "message": f"Lock acquired for instance {SERVER}", "level": "DEBUG"},
        {"at": 1, "message": f"Terminating instance {SERVER}"},
    )
    assert told(build_stories(events), "instance") == {SERVER: [1]}


@pytest.mark.parametrize("events", [frame(), frame({"message": "no id"})], ids=["no event", "no id"])
def test_without_ids_there_are_no_stories(events: pl.DataFrame) -> None:
    """The arrays are empty and have their types."""
    stories = build_stories(events)
    assert len(stories) == 0
    assert stories.offsets.tolist() == [0]
    assert stories.rows.dtype == np.int64


def test_stories_of_a_real_recording_are_in_time_order_and_short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every story goes forward in time and stays readable; most events belong to one; names taken in shares change nothing."""
    events = read_logs([SAMPLES]).events
    stories = build_stories(events)
    monkeypatch.setattr(module, "SHARE_ROWS", 1000)
    for part, same in zip(astuple(stories), astuple(build_stories(events)), strict=True):
        assert list(part) == list(same)
    same_story = np.diff(stories.story_of_row()) == 0
    assert (np.diff(stories.rows)[same_story] > 0).all()
    assert np.diff(stories.offsets).max() < 300
    assert len(np.unique(stories.rows)) > events.height / 2
