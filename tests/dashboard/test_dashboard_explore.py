"""The page Explore: the logs narrowed down, over time, as templates, along one request."""

import json
import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from dashboard_helpers import APP, ASK, HANGS_AFTER_SECONDS, choose_row, open_page, press, type_option, words_of
from streamlit.testing.v1 import AppTest

from openstack_rca.dashboard import prepared_logs


def look_at(app: AppTest, tab: str) -> AppTest:
    """Open one of the tabs."""
    app.session_state["explored"] = tab
    return app.run()


def test_explore_narrows_the_table(home: Path) -> None:
    """By level, service, host and time: what is left has what was asked for, and its number is told."""
    app = open_page("explore")
    app.multiselect(key="f_level").set_value(["ERROR"]).run()
    assert not app.exception
    assert set(app.dataframe[0].value["level"]) == {"ERROR"}
    app.multiselect(key="f_service").set_value(["nova-compute"]).run()
    assert set(app.dataframe[0].value["service"]) == {"nova-compute"}
    app.multiselect(key="f_host").set_value(["compute1"]).run()
    assert set(app.dataframe[0].value["host"]) == {"compute1"}
    before = len(app.dataframe[0].value)
    middle = datetime(2026, 11, 23, 4, 17, 40)
    whole = app.slider(key="f_time")
    whole.set_value((whole.value[0], middle)).run()
    times = app.dataframe[0].value["time (UTC)"]
    assert 0 < len(times) < before
    assert times.max() <= middle
    assert f"{len(times)} of 3,142 events" in words_of(app)


def only_shutdowns(app: AppTest) -> bool:
    """Whether the table has lines, and no other than those of a shutdown."""
    shown = list(app.dataframe[0].value["message"])
    return shown != [] and all("Normal shutdown" in text for text in shown)


def test_no_score_is_asked_for_where_no_model_gave_one(empty_home: Path) -> None:
    app = open_page("explore")
    assert not app.exception
    assert "f_score" not in [slider.key for slider in app.slider]
    assert "f_time" in [slider.key for slider in app.slider]


def test_explore_filters_by_score_request_and_template(home: Path) -> None:
    """Each of them leaves fewer events, and what is left has what was asked for."""
    app = open_page("explore")
    app.slider(key="f_score").set_value(0.99).run()
    assert min(app.dataframe[0].value["score"]) >= 0.99
    app.slider(key="f_score").set_value(0.0).run()
    app.text_input(key="f_template").set_value("normal shutdown").run()
    assert only_shutdowns(app)
    app.text_input(key="f_template").set_value("").run()
    request = str(look_at(app, "Path of a request").selectbox(key="f_way").value)
    app.text_input(key="f_request").set_value(request).run()
    assert 0 < len(look_at(app, "Table").dataframe[0].value) < 200


def test_a_word_that_the_report_quotes_is_found(home: Path) -> None:
    """The search looks in messages and ids, whatever the case."""
    app = open_page("explore")
    app.text_input(key="f_text").set_value("NORMAL shutdown").run()
    assert only_shutdowns(app)
    request = str(look_at(app, "Path of a request").selectbox(key="f_way").value)
    app.text_input(key="f_text").set_value(request).run()
    assert len(look_at(app, "Table").dataframe[0].value) > 0


def test_a_link_leads_to_the_line_and_carries_logs_and_filters(home: Path) -> None:
    """Logs, filters and the cited line are taken from the address; logs that are not open are refused in a sentence."""
    linked = AppTest.from_file(str(APP), default_timeout=HANGS_AFTER_SECONDS).run()
    linked.query_params.update(
        {"logs": "INC-002", "f_file": "controller/rabbitmq.log.xz", "f_line": "1", "f_text": "closing"}
    )
    linked.switch_page("screens/explore.py").run()
    assert linked.selectbox(key="sample_name").value == "INC-002"
    assert "The line and its context" in words_of(linked)
    assert linked.text_input(key="f_text").value == "closing"
    linked.query_params["logs"] = "/etc/passwd"
    linked.run()
    assert "not below a folder whose logs may be read here" in str(linked.error[0].value).replace("`", "")


def test_explore_says_so_where_nothing_passes(home: Path) -> None:
    """An empty table is not an error."""
    app = open_page("explore")
    app.text_input(key="f_template").set_value("there is no such template").run()
    assert not app.exception
    assert "No event passes these filters" in words_of(app)
    assert "No event passes these filters" in words_of(look_at(app, "Over time"))


def test_a_chosen_row_shows_the_lines_around_it(home: Path) -> None:
    """The neighbours in its file, the chosen one with a mark."""
    app = open_page("explore")
    app.text_input(key="f_template").set_value("normal shutdown").run()
    app = choose_row(app, "events-1", 0)
    assert not app.exception
    (lines,) = [str(code.value) for code in app.code]
    marked = [line for line in lines.splitlines() if line.startswith(">")]
    assert len(marked) == 1
    assert "Normal shutdown" in marked[0]
    assert len(lines.splitlines()) > 1


def test_explore_counts_events_over_time(home: Path) -> None:
    """A plot per level, service or host; its bars stand on each other from zero up."""
    app = look_at(open_page("explore"), "Over time")
    for by in ("level", "service", "host"):
        app.segmented_control(key="f_by").set_value(by).run()
        assert not app.exception
        (chart,) = app.get("vega_lite_chart")
        encoding = json.loads(chart.proto.spec)["encoding"]
        assert (encoding["y"]["field"], encoding["y2"]["field"]) == ("bottom", "top")


def test_explore_sets_templates_against_the_baseline(home: Path) -> None:
    """What training never saw is there with a normal rate of 0, and what grew most comes first."""
    app = look_at(open_page("explore"), "Templates")
    (table,) = [frame.value for frame in app.dataframe]
    assert table["baseline_per_minute"].notna().all()
    assert (table["baseline_per_minute"] == 0).any()
    growth = table["per_minute"] - table["baseline_per_minute"]
    assert growth.is_monotonic_decreasing


def test_a_request_is_followed_through_the_services(home: Path) -> None:
    """Those that failed are offered first; any other can be typed; one that is nowhere is said to be nowhere."""
    app = look_at(open_page("explore"), "Path of a request")
    shown = words_of(app)
    assert "nova-api" in shown
    assert " -> " in shown
    assert app.code
    type_option(app, "f_way", "req-nobody").run()
    assert not app.exception
    assert "No event carries this id" in words_of(app)


def test_a_follow_up_can_be_narrowed_to_one_request(home: Path) -> None:
    """The id that Explore offers narrows a question on Ask to the time of that request."""
    request = look_at(open_page("explore"), "Path of a request").selectbox(key="f_way").value
    app = open_page()
    app.text_input(key="request").set_value(str(request)).run()
    shown = words_of(press(app, ASK))
    assert f"request {request}" in shown
    assert "(given)" in shown


def test_a_table_of_growing_logs_is_not_read_again_for_every_filter(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The table stays with what was read until the visitor asks for more."""
    root = tmp_path / "live"
    root.mkdir()
    log = root / "nova-api.log"
    line = "2026-11-23 04:17:{:02d}.000 1 ERROR nova.api.openstack [-] number {}\n"
    log.write_text("".join(line.format(number, number) for number in range(20)))
    monkeypatch.setenv("OPENSTACK_RCA_LOG_ROOTS", str(root))
    app = open_page("explore")
    app.segmented_control(key="log_kind").set_value("Server path").run()
    app.selectbox(key="log_path").set_value(str(root)).run()
    made = prepared_logs.shared_shelf().made
    with log.open("a") as more:
        more.write(line.format(30, 30))
    app.multiselect(key="f_level").set_value(["ERROR"]).run()
    assert prepared_logs.shared_shelf().made == made
    assert "20 of 20 events" in words_of(app)
    assert "21 of 21 events" in words_of(press(app, "Read the logs again"))


def test_a_story_is_shown_from_the_first_characters_of_its_id(home: Path) -> None:
    """A request's lines over the services; an id that the logs do not name is said to be none."""
    app = look_at(open_page("explore"), "Path of a request")
    request = str(app.selectbox(key="f_way").value)
    app = look_at(app, "Story")
    app.text_input(key="f_story").set_value(request[:14]).run()
    assert f"request {request}" in words_of(app)
    app.text_input(key="f_story").set_value("ffffffff-0000").run()
    assert "hold no story of ffffffff-0000" in words_of(app)


def test_every_time_stands_beside_that_of_the_viewers_zone(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The slider, the table, the axis of the plot, the way of a request and a story."""
    monkeypatch.setattr("openstack_rca.dashboard.words.viewer_zone", lambda: "Europe/Berlin")
    app = open_page("explore")
    assert "Here (05:16:42) to (05:18:54 Europe/Berlin)" in words_of(app)
    table = app.dataframe[0].value
    assert (table["time (Europe/Berlin)"] - table["time (UTC)"] == timedelta(hours=1)).all()
    (plot,) = look_at(app, "Over time").get("vega_lite_chart")
    assert "UTC, below it Europe/Berlin" in plot.proto.spec
    way = look_at(app, "Path of a request")
    assert "UTC, in brackets Europe/Berlin" in words_of(way)
    request = str(way.selectbox(key="f_way").value)
    look_at(app, "Story").text_input(key="f_story").set_value(request[:14]).run()
    assert re.search(r"^04:1\d:\d\d \(05:1\d:\d\d\) ", words_of(app), re.MULTILINE)
