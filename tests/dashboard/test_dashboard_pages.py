"""The pages, each drawn in this process: what they show, what they do, and that a failure is a sentence."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from dashboard_helpers import APP, ASK, HANGS_AFTER_SECONDS, INCIDENT, PAGES, open_page, press, sidebar_words, words_of
from streamlit.runtime.scriptrunner import StopException
from streamlit.testing.v1 import AppTest

from openstack_rca.dashboard import frame, held_model, prepared_logs
from openstack_rca.settings import load_settings
from trained_environment import SAMPLES, Trained


def asked() -> AppTest:
    """The start page after the sample incident's own question."""
    return press(open_page(), ASK)


@pytest.mark.parametrize("name", PAGES)
def test_every_page_shows_the_model_in_its_sidebar(home: Path, trained: Trained, name: str) -> None:
    """Name, version, where it came from, age, digest and environment; and the button that refreshes it."""
    app = open_page(name)
    shown = sidebar_words(app)
    assert not app.exception
    assert "lstm_model, version 1" in shown
    assert trained.facts["sha256"][:12] in shown
    assert trained.facts["experiment"] in shown
    assert "from the cache" in shown
    assert "ago" in shown or "just now" in shown
    assert "Refresh model" in [button.label for button in app.sidebar.button]


@pytest.mark.parametrize("name", PAGES)
def test_no_page_needs_a_model(empty_home: Path, name: str) -> None:
    """Where nothing was trained, each page still opens and says something."""
    app = open_page(name)
    assert not app.exception
    assert not app.error
    assert "no model" in sidebar_words(app)
    assert words_of(app)


def test_a_first_visit_says_that_there_is_no_model_and_offers_one(empty_home: Path) -> None:
    """The offer is a button on the start page."""
    app = open_page()
    assert "There is no model yet" in words_of(app)
    assert "Train on the samples" in [button.label for button in app.button]


def test_a_sample_incident_is_answered_with_its_cause(home: Path) -> None:
    """Verdict, component, confidence, evidence with file and line, checks and downloads are on the page."""
    app = asked()
    shown = words_of(app)
    assert not app.exception
    assert not app.error
    assert "mariadb" in shown
    assert "controller/mariadb.log.xz:" in shown
    assert "Confidence" in shown
    assert "Next checks" in shown
    assert any("systemctl" in str(code.value) for code in app.code)
    assert len(app.get("download_button")) == 3


def test_an_answer_is_kept_in_the_history_and_as_a_run(home: Path) -> None:
    """Asking in the browser leaves what asking on the command line leaves."""
    asked()
    (line,) = (home / "state" / "history.jsonl").read_text().splitlines()
    assert json.loads(line)["component"] == "mariadb"
    runs = open_page("runs")
    assert "analysis" in str(runs.dataframe[0].value["kind"].to_list())


def test_a_second_question_on_the_same_logs_reads_them_once(home: Path) -> None:
    """A follow-up and every rerun of the page use what was read and scored."""
    app = asked()
    app.toggle(key="fast").set_value(True).run()
    app = press(app, ASK)
    assert prepared_logs.shared_shelf().made == 1
    assert "Other questions of this session" in words_of(app)
    press(app, "Show this answer")
    assert prepared_logs.shared_shelf().made == 1


def test_logs_that_changed_are_read_again(home: Path, tmp_path: Path, trained: Trained) -> None:
    """What is kept is keyed by names, sizes and times of change."""
    settings = load_settings()
    log = tmp_path / "nova-api.log"
    log.write_text("2026-11-23 04:17:22.000 1 ERROR nova.api [-] first\n")
    choice = prepared_logs.LogChoice("path", "logs", (log,))
    held = held_model.HeldModel(held_model.open_model("none", settings), "")
    before = prepared_logs.key_of(choice, held, settings)
    assert prepared_logs.key_of(choice, held, settings) == before
    log.write_text("2026-11-23 04:17:22.000 1 ERROR nova.api [-] second\n")
    os.utime(log, ns=(1, 1))
    assert prepared_logs.key_of(choice, held, settings) != before


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


def test_a_follow_up_can_be_narrowed_to_a_window(home: Path) -> None:
    """The window that was typed is the window of the report."""
    app = open_page()
    app.text_input(key="since").set_value("2026-11-23T04:17:00").run()
    app.text_input(key="until").set_value("2026-11-23T04:18:00").run()
    shown = words_of(press(app, ASK))
    assert "Window (UTC) 04:17 - 04:18" in shown
    assert "(given)" in shown


def test_a_follow_up_can_be_narrowed_to_one_request(home: Path) -> None:
    """The window is then the time of that request."""
    app = asked()
    request = open_page("explore").selectbox(key="f_way").value
    app.text_input(key="request").set_value(str(request)).run()
    shown = words_of(press(app, ASK))
    assert f"request {request}" in shown
    assert "(given)" in shown


@pytest.mark.parametrize(
    ("key", "text", "told"),
    [
        ("since", "yesterday-ish", "is not a time"),
        ("request", "req-nobody", "No event carries the request id"),
        ("since", "2031-01-01T00:00", "No event lies in the window"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_a_sentence(home: Path, key: str, text: str, told: str) -> None:
    """The sentence says what is wrong and what to do; the page stays usable."""
    app = open_page()
    app.text_input(key=key).set_value(text).run()
    app = press(app, ASK)
    assert not app.exception
    assert told in "\n".join(str(error.value) for error in app.error).replace("`", "")
    app.text_input(key=key).set_value("").run()
    assert "mariadb" in words_of(press(app, ASK))


def test_the_lines_around_an_evidence_line_are_shown_on_demand(home: Path) -> None:
    """The cited line has a mark; its neighbours in the same file stand around it."""
    app = asked()
    toggle = next(toggle for toggle in app.toggle if toggle.label == "Lines around it")
    app = toggle.set_value(True).run()
    assert any(str(code.value).startswith((">", " ")) and "Normal shutdown" in str(code.value) for code in app.code)


def test_the_cause_can_be_confirmed(home: Path) -> None:
    """What it really was is in the history afterwards."""
    app = press(asked(), "Confirm")
    assert "Kept: it was mariadb" in words_of(app)
    last = json.loads((home / "state" / "history.jsonl").read_text().splitlines()[-1])
    assert last["component"] == "mariadb"


def test_a_healthy_window_is_called_healthy(home: Path) -> None:
    """No failure found is an answer, and no cause is named."""
    app = open_page()
    app.selectbox(key="sample_name").select("HEALTHY-001").run()
    shown = words_of(press(app, ASK))
    assert "Confidence" not in shown
    assert "NO FAILURE FOUND" in shown


def test_a_path_below_a_root_can_be_asked_about(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What lies in an open folder is offered; the question is typed."""
    root = SAMPLES / "incidents" / INCIDENT
    monkeypatch.setenv("OPENSTACK_RCA_LOG_ROOTS", str(root))
    app = open_page()
    app.segmented_control(key="log_kind").set_value("Server path").run()
    app.selectbox(key="log_path").set_value(str(root / "logs")).run()
    app = app.chat_input[0].set_value("Database connection timeout").run()
    assert not app.error
    assert "mariadb" in words_of(app)


def test_a_path_that_left_the_roots_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What a session chose before is checked again, whoever is asked to open less since."""
    root = SAMPLES / "incidents" / INCIDENT
    monkeypatch.setenv("OPENSTACK_RCA_LOG_ROOTS", str(root))
    app = open_page()
    app.segmented_control(key="log_kind").set_value("Server path").run()
    app.selectbox(key="log_path").set_value(str(root / "logs")).run()
    monkeypatch.setenv("OPENSTACK_RCA_LOG_ROOTS", str(tmp_path))
    app.run()
    assert "not below a folder that this dashboard may read" in str(app.error[0].value)


def test_explore_narrows_the_table(home: Path) -> None:
    """A filter by level leaves the events of that level only."""
    app = open_page("explore")
    app.multiselect(key="f_level").set_value(["ERROR"]).run()
    assert not app.exception
    assert set(app.dataframe[0].value["level"]) == {"ERROR"}
    app.multiselect(key="f_service").set_value(["mariadb"]).run()
    assert set(app.dataframe[0].value["service"]) == {"mariadb"}


def test_explore_filters_by_score_request_and_template(home: Path) -> None:
    """Each of them leaves fewer events, and what is left has what was asked for."""
    app = open_page("explore")
    app.slider(key="f_score").set_value(0.99).run()
    assert min(app.dataframe[0].value["score"]) >= 0.99
    app.slider(key="f_score").set_value(0.0).run()
    app.text_input(key="f_template").set_value("normal shutdown").run()
    assert all("Normal shutdown" in text for text in app.dataframe[0].value["message"])
    app.text_input(key="f_template").set_value("").run()
    request = str(app.selectbox(key="f_way").value)
    app.text_input(key="f_request").set_value(request).run()
    assert 0 < len(app.dataframe[0].value) < 200


def test_explore_says_so_where_nothing_passes(home: Path) -> None:
    """An empty table is not an error."""
    app = open_page("explore")
    app.text_input(key="f_template").set_value("there is no such template").run()
    assert not app.exception
    assert "No event passes these filters" in words_of(app)


def test_explore_sets_templates_against_the_baseline(home: Path) -> None:
    """What training never saw is there with a normal rate of 0, and what grew most comes first."""
    app = open_page("explore")
    table = next(frame.value for frame in app.dataframe if "template" in frame.value)
    assert table["baseline_per_minute"].notna().all()
    assert (table["baseline_per_minute"] == 0).any()
    growth = table["per_minute"] - table["baseline_per_minute"]
    assert growth.is_monotonic_decreasing


def test_the_models_page_lists_the_versions(home: Path, trained: Trained) -> None:
    """Number, state, digest; and the one that is used here in full."""
    app = open_page("models")
    table = app.dataframe[0].value
    assert list(table["version"]) == [1]
    assert list(table["state"]) == ["ready"]
    assert "Version 1" in words_of(app)
    assert trained.facts["sha256"] in words_of(app)


def test_the_runs_page_shows_how_long_a_training_took(home: Path) -> None:
    """The training of the environment is there, with its duration and its outcome."""
    table = open_page("runs").dataframe[0].value
    row = table[table["kind"] == "training"].iloc[0]
    assert row["status"] == "finished"
    assert row["seconds"] > 0
    assert row["what came of it"] == "version 1"


def test_runs_that_cannot_be_asked_for_are_a_sentence(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tracking server is down: the page says so and what to do, and the sidebar has the model from the cache."""
    open_page()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("OPENSTACK_RCA_NETWORK_TIMEOUT", "0.5")
    app = open_page("runs")
    assert not app.exception
    assert "127.0.0.1:9" in "\n".join(str(error.value) for error in app.error)
    assert "lstm_model, version 1" in sidebar_words(app)
    assert app.sidebar.warning or app.sidebar.info


def test_an_unexpected_error_is_a_sentence_and_its_trace_is_kept(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No stack trace on the page; the file that a bug report needs is named."""

    def script() -> None:
        from openstack_rca.dashboard.frame import draw_page

        def draw(settings: object) -> None:
            raise ZeroDivisionError("secret detail")

        draw_page(draw)

    app = AppTest.from_function(script, default_timeout=60).run()
    assert not app.exception
    told = str(app.error[0].value)
    assert "Something unexpected went wrong" in told.replace("`", "")
    assert "secret detail" not in told
    assert "ZeroDivisionError" in (home / "state" / "last-error.txt").read_text()


def test_a_password_closes_every_page(home: Path) -> None:
    """With a password in Streamlit's secrets nothing is shown before it is given, and a wrong one does not open."""
    app = AppTest.from_file(str(APP), default_timeout=HANGS_AFTER_SECONDS)
    app.secrets["dashboard"] = {"password": "right"}
    app.run()
    assert "What went wrong?" not in words_of(app)
    assert not app.selectbox
    app.text_input[0].set_value("wrong")
    app = press(app, "Enter")
    assert "That is not the password." in words_of(app)
    assert not app.selectbox
    app.text_input[0].set_value("right")
    app = press(app, "Enter")
    assert "What went wrong?" in words_of(app)


def test_the_boundary_lets_streamlits_own_signals_pass() -> None:
    """st.stop and st.rerun are no errors: the boundary that catches everything does not catch them."""

    def stop() -> None:
        raise StopException

    with pytest.raises(StopException):
        frame.guard(stop)
