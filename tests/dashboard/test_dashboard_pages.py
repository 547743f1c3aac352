"""The pages, each drawn in this process: what they show, what they do, and that a failure is a sentence."""

import json
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from dashboard_helpers import (
    APP,
    ASK,
    HANGS_AFTER_SECONDS,
    INCIDENT,
    PAGES,
    choose_row,
    open_page,
    press,
    sidebar_words,
    type_option,
    words_of,
)
from streamlit.runtime.scriptrunner import StopException
from streamlit.testing.v1 import AppTest

from openstack_rca.dashboard import frame, held_model, prepared_logs
from openstack_rca.service.jobs import Job
from openstack_rca.service.training import TrainingConfig
from openstack_rca.settings import Settings, load_settings
from trained_environment import SAMPLES, Trained


def asked() -> AppTest:
    """The start page after the sample incident's own question."""
    return press(open_page(), ASK)


def report_of(app: AppTest) -> str:
    """The id that the page's link names."""
    named = app.query_params["report"]
    return named if isinstance(named, str) else str(named[0])


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
    assert "% of such answers right" in shown
    assert "Next checks" in shown
    assert any("systemctl" in str(code.value) for code in app.code)
    assert len(app.get("download_button")) == 3


def test_an_answer_is_kept_in_the_history_and_as_a_run(home: Path) -> None:
    """Asking in the browser leaves what asking on the command line leaves."""
    app = asked()
    (line,) = (home / "state" / "history.jsonl").read_text().splitlines()
    assert json.loads(line)["component"] == "mariadb"
    assert app.session_state["answers"][-1].recording.result(HANGS_AFTER_SECONDS).notices == []
    runs = open_page("runs")
    assert "analysis" in str(runs.dataframe[0].value["kind"].to_list())
    runs.segmented_control(key="run_kind").set_value("analysis").run()
    runs = choose_row(runs, "runs-analysis", 0)
    (link,) = [link for link in runs.get("page_link") if link.proto.label == "Open its report"]
    assert report_of(app) in str(link.proto)


def test_a_second_question_on_the_same_logs_reads_them_once(home: Path, nothing_read: None) -> None:
    """A follow-up and every rerun of the page use what was read and scored."""
    app = asked()
    app.toggle(key="fast").set_value(True).run()
    app = press(app, ASK)
    assert prepared_logs.shared_shelf().made == 1
    assert "Other questions of this session" in words_of(app)
    press(app, "Show this answer")
    assert prepared_logs.shared_shelf().made == 1


def test_an_answer_has_a_link_that_another_visitor_can_open(home: Path) -> None:
    """The address names the report; with it a second session sees the same verdict, its evidence and the conversation."""
    app = asked()
    link = report_of(app)
    ask_about = next(box for box in app.chat_input if box.key == f"follow-{link}")
    app = ask_about.set_value("why not keystone?").run()
    other = AppTest.from_file(str(APP), default_timeout=HANGS_AFTER_SECONDS)
    other.query_params["report"] = link
    other.run()
    assert not other.exception
    assert "The database server was told to stop" in words_of(other)
    assert "why not keystone?" in words_of(other)
    toggle = next(toggle for toggle in other.toggle if toggle.label == "Lines around it")
    assert any("Normal shutdown" in str(code.value) for code in toggle.set_value(True).run().code)


@pytest.mark.parametrize("link", ["ffffffffffff", "../state/history", "last"])
def test_a_link_that_leads_nowhere_is_a_sentence(home: Path, link: str) -> None:
    """An id that nobody made, a path, a word of the command line: none opens anything."""
    app = AppTest.from_file(str(APP), default_timeout=HANGS_AFTER_SECONDS)
    app.query_params["report"] = link
    app.run()
    assert not app.exception
    assert "There is no report " in "\n".join(str(error.value) for error in app.error)


def test_a_question_about_the_answer_is_answered_from_it(home: Path) -> None:
    """No analysis runs; a question that the report cannot answer is told what can be asked."""
    app = asked()
    box = app.chat_input(key=f"follow-{report_of(app)}")
    shown = words_of(box.set_value("since when?").run())
    assert "mariadb on controller: since 2026-11-23 04:17:22 UTC" in shown
    shown = words_of(app.chat_input(key=box.key).set_value("what is the weather like").run())
    assert "This report does not tell that" in shown
    assert len(app.session_state["answers"]) == 1


def test_a_greeting_gets_no_verdict(home: Path) -> None:
    """Who says hello is told what to ask, and nothing is analysed."""
    app = open_page()
    app = app.chat_input(key="question").set_value("hello").run()
    assert "answers" not in app.session_state or app.session_state["answers"] == []
    assert "say what is wrong" in "\n".join(str(info.value) for info in app.info)


def test_a_healthy_page_shows_no_alarm_colours(home: Path) -> None:
    """The chart of a window without failure is grey and blue."""
    app = open_page()
    app.selectbox(key="sample_name").select("HEALTHY-001").run()
    app = press(app, ASK)
    charts = [chart.proto.spec for chart in app.get("vega_lite_chart")]
    assert charts
    assert not any(colour in spec for spec in charts for colour in ("#d64545", "#f0c987", "#e08e45"))


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


def test_a_follow_up_can_be_narrowed_to_a_window(home: Path) -> None:
    """The window that was typed is the window of the report."""
    app = open_page()
    app.text_input(key="since").set_value("2026-11-23T04:17:00").run()
    app.text_input(key="until").set_value("2026-11-23T04:18:00").run()
    shown = words_of(press(app, ASK))
    assert "2026-11-23 04:17:00 UTC to 2026-11-23 04:18:00 UTC" in shown
    assert "(given)" in shown


def test_what_cannot_be_asked_is_refused_in_a_sentence(home: Path) -> None:
    """The sentence says what is wrong and what to do; the page stays usable."""
    app = open_page()
    for key, text, told in (
        ("since", "yesterday-ish", "is not a time"),
        ("request", "req-nobody", "No event carries the request id"),
        ("since", "2031-01-01T00:00", "No event lies in the window"),
    ):
        app.text_input(key=key).set_value(text)
        app = press(app, ASK)
        assert not app.exception
        assert told in "\n".join(str(error.value) for error in app.error).replace("`", "")
        app.text_input(key=key).set_value("")
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
    assert "% of such answers right" not in shown
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
    assert "not below a folder whose logs may be read here" in str(app.error[0].value)


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
    assert row["outcome"] == "version 1"


def test_a_chosen_run_is_shown_in_full(home: Path) -> None:
    """Its figures and parameters stand below the list."""
    app = open_page("runs")
    app.segmented_control(key="run_kind").set_value("training").run()
    app = choose_row(app, "runs-training", 0)
    assert not app.exception
    assert "The run" in words_of(app)
    assert "test_accuracy" in set(app.dataframe[1].value["figure"])
    assert "parameter" in app.dataframe[2].value


def test_a_training_is_started_with_what_was_chosen(
    empty_home: Path, open_samples: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Logs and settings of the form are those of the training; a path outside of the roots starts none."""
    started: list[tuple[list[Path], TrainingConfig]] = []

    def start(settings: Settings, logs: list[Path], config: TrainingConfig) -> Job:
        started.append((logs, config))
        return Job(id="1", state="failed", logs=[], config={}, started=datetime.now(UTC))

    monkeypatch.setattr("openstack_rca.service.jobs.start_training", start)
    app = open_page("train")
    app.selectbox(key="train_logs").select(str(open_samples / "normal"))
    next(box for box in app.number_input if box.label == "Epochs, at most").set_value(3)
    app = press(app, "Start the training")
    assert not app.exception
    ((logs, config),) = started
    assert logs == [open_samples / "normal"]
    assert config.epochs == 3
    app = open_page("train")
    app = press(type_option(app, "train_logs", "/etc"), "Start the training")
    assert "not below a folder whose logs may be read here" in str(app.error[0].value)
    assert len(started) == 1


def test_two_visitors_do_not_see_each_others_questions(home: Path) -> None:
    """Answers, chosen logs and filters belong to a session; what lies on the server is read once for both."""
    first, second = asked(), open_page()
    assert "Other causes" in words_of(first)
    assert "Other causes" not in words_of(second)
    first.selectbox(key="sample_name").select("HEALTHY-001").run()
    assert second.run().selectbox(key="sample_name").value == INCIDENT
    assert "Other causes" not in words_of(second)


def test_the_same_question_can_be_asked_again_and_again(home: Path) -> None:
    """Each is an answer of its own, and each of them can be shown."""
    app = press(press(asked(), ASK), ASK)
    assert not app.exception
    assert not app.error
    assert len([button for button in app.button if button.label == "Show this answer"]) == 2


def test_what_two_visitors_need_at_once_is_made_once() -> None:
    """The second waits for the first, and gets the same."""
    shelf = prepared_logs.Shelf(2)
    both_there, made = threading.Barrier(2), []

    def make() -> Any:
        made.append(1)
        return made

    def visit() -> object:
        both_there.wait(HANGS_AFTER_SECONDS)
        return shelf.get("logs", make)

    with ThreadPoolExecutor(2) as visitors:
        first, second = [visit.result() for visit in [visitors.submit(visit), visitors.submit(visit)]]
    assert first is second
    assert len(made) == 1


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


def test_the_boundary_lets_streamlits_own_signals_pass() -> None:
    """st.stop and st.rerun are no errors: the boundary that catches everything does not catch them."""

    def stop() -> None:
        raise StopException

    with pytest.raises(StopException):
        frame.guard(stop)
