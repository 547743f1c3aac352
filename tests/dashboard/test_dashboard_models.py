"""The page Models: what is changed there is changed for everybody, with a reason, and can be looked up."""

from pathlib import Path

import pytest
from dashboard_helpers import ASK, choose_row, open_page, press, sidebar_words, words_of
from streamlit.testing.v1 import AppTest

from openstack_rca.dashboard import held_model, listings, prepared_logs, versions_actions, versions_view
from openstack_rca.lifecycle.records import ModelVersion
from openstack_rca.lifecycle.versions import VersionChanges
from openstack_rca.lifecycle.versions.model_lifecycle import ModelLifecycle
from openstack_rca.service.models import list_models
from openstack_rca.service.versions import model_history, version_changes
from openstack_rca.settings import Settings, load_settings
from trained_environment import Trained


@pytest.fixture
def two_versions(home: Path, trained: Trained) -> Settings:
    """An environment with versions 1 and 2."""
    settings = load_settings()
    ModelLifecycle(settings).publish(
        trained.model_file, run_id=None, metrics={"test_accuracy": 0.5, "test_loss": 1.0}, parameters={}, card={}
    )
    return settings


def do(app: AppTest, key: str, reason: str) -> AppTest:
    """Fill in the reason and confirm."""
    app.text_input(key=f"reason-{key}").set_value(reason)
    return app.button(key=f"confirm-{key}").click().run()


def latest(settings: Settings) -> int:
    return ModelLifecycle(settings).resolve("latest").version


def test_a_yank_takes_effect_in_the_sidebar_and_everywhere(two_versions: Settings) -> None:
    """The version before is the latest, on this page and for the command line; it can be taken back."""
    app = open_page("models")
    assert "version 2" in sidebar_words(app)
    app = do(app, "yank-2", "learned from a bad day")
    assert not app.error
    assert "Version 2 is yanked." in words_of(app)
    assert "version 1" in sidebar_words(app)
    assert latest(two_versions) == 1
    assert list(app.dataframe[0].value["state"]) == ["yanked", "ready"]


def test_a_change_without_a_reason_is_not_made(two_versions: Settings) -> None:
    """The reason is what others will read."""
    app = do(open_page("models"), "yank-2", "  ")
    assert "A reason is needed" in words_of(app)
    assert latest(two_versions) == 2


def test_a_roll_back_pins_the_version_before(two_versions: Settings) -> None:
    """The sidebar says that it is pinned; unpinning makes the newest the latest again."""
    app = do(open_page("models"), "rollback", "version 2 is noisy")
    assert "Rolled back to version 1." in words_of(app)
    assert "pinned" in sidebar_words(app)
    assert latest(two_versions) == 1
    app = do(app, "unpin", "it was the logs")
    assert latest(two_versions) == 2
    assert "version 2" in sidebar_words(app)


def test_a_change_that_is_not_possible_is_a_sentence(two_versions: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody else was quicker, between the drawing of the page and the press: it says so and stays."""

    def after_another(settings: Settings) -> VersionChanges:
        version_changes(settings).yank("2", "first")
        return version_changes(settings)

    app = open_page("models")
    monkeypatch.setattr(versions_actions, "version_changes", after_another)
    app = do(app, "yank-2", "second")
    assert not app.exception
    assert "is yanked already" in words_of(app).replace("`", "")


def test_every_change_is_in_the_history_with_its_reason(two_versions: Settings) -> None:
    """Who, what, why."""
    do(open_page("models"), "pin-2", "for the audit")
    last = model_history(two_versions)[-1]
    assert (last.action, last.version, last.reason) == ("pinned", 2, "for the audit")


def test_a_version_can_be_described(two_versions: Settings) -> None:
    """The words stand with the version, as text."""
    app = open_page("models")
    app.text_area(key="text-describe-2").set_value("trained after the <b>upgrade</b>")
    app = app.button(key="confirm-describe-2").click().run()
    assert "trained after the <b>upgrade</b>" in [text.value for text in app.text]


def test_a_newer_version_is_announced_before_it_is_used(home: Path, trained: Trained) -> None:
    """The session keeps its version until Refresh model is pressed; then it shows what the command line shows."""
    app = open_page()
    ModelLifecycle(load_settings()).publish(trained.model_file, run_id=None, metrics={}, parameters={}, card={})
    held_model._watch.clear()
    app.run()
    assert "version 1" in sidebar_words(app)
    assert "Version 2 is the latest now" in sidebar_words(app)
    app = press(app, "Refresh model")
    assert "lstm_model, version 2" in sidebar_words(app)
    assert "Version 2 is the latest now" not in sidebar_words(app)


def test_an_answer_names_the_version_that_its_visitor_holds(two_versions: Settings, nothing_read: None) -> None:
    """Two versions of the same file: what another visitor read with one serves whoever holds the other, as theirs."""
    first = press(open_page(), ASK)
    assert "model version 2" in words_of(first)
    version_changes(two_versions).yank("2", "learned from a bad day")
    second = press(open_page(), ASK)
    assert prepared_logs.shared_shelf().made == 1
    assert "version 1" in sidebar_words(second)
    assert "model version 1" in words_of(second)


def test_a_yank_by_somebody_else_is_told(two_versions: Settings) -> None:
    """The page keeps its version, and says that it was yanked, why, and what is the latest now."""
    app = open_page("train")
    version_changes(two_versions).yank("2", "learned from a bad day")
    held_model._watch.clear()
    app.run()
    shown = sidebar_words(app).replace("`", "")
    assert "lstm_model, version 2" in shown
    assert "This version was yanked: learned from a bad day" in shown
    assert "Version 1 is the latest now" in shown


def test_a_registry_that_does_not_answer_is_told_below_the_page(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection is lost while the page is open: the notice has its name, the page is drawn all the same."""
    app = open_page("train")
    (home / "mlflow.db").write_bytes(b"no database")
    held_model._watch.clear()
    app.run()
    assert not app.exception
    assert "lstm_model, version 1" in sidebar_words(app)
    assert "Start the training" in [button.label for button in app.button]
    assert app.sidebar.warning
    assert "goes on answering" in sidebar_words(app)


def test_a_yank_is_taken_back_and_a_version_gets_a_stage(two_versions: Settings) -> None:
    """What is chosen in the list is what the buttons act on; a version that is not yanked cannot be unyanked."""
    version_changes(two_versions).yank("2", "learned from a bad day")
    app = choose_row(open_page("models"), "versions", 0)
    assert "Version 2" in words_of(app)
    assert "Yanked: learned from a bad day" in words_of(app)
    app = do(app, "unyank-2", "the day was fine")
    assert "Version 2 is not yanked any more." in words_of(app)
    assert latest(two_versions) == 2
    app.selectbox(key="choice-stage-2").select("Production")
    app = do(app, "stage-2", "it has proved itself")
    assert not app.exception
    assert "Production" in list(app.dataframe[0].value["stage"])
    seen = [(event.action, event.reason) for event in model_history(two_versions)]
    assert ("unyanked", "the day was fine") in seen


def test_figures_are_plotted_over_the_versions(two_versions: Settings) -> None:
    """A plot for each figure that two versions carry."""
    app = open_page("models")
    assert "Figures by version" in words_of(app)
    assert len(app.get("vega_lite_chart")) >= 2


def test_the_run_of_a_training_can_be_looked_at(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a tracking server a link leads to its page; without one, a command is told that serves the runs."""
    app = open_page("models")
    assert any(str(code.value).startswith("mlflow ui --backend-store-uri sqlite:") for code in app.code)
    page = "http://mlflow.example:5000/#/experiments/1/runs/abc"
    monkeypatch.setattr(versions_view, "run_page", lambda settings, run_id: page)
    (link,) = open_page("models").get("link_button")
    assert link.proto.url == page


def test_the_list_of_versions_is_asked_for_once(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rerun of the page, by whatever click, does not ask the registry again; Refresh model does."""
    asked: list[int] = []

    def counting(settings: Settings, limit: int | None = None) -> list[ModelVersion]:
        asked.append(1)
        return list_models(settings, limit)

    monkeypatch.setattr(listings, "list_models", counting)
    app = open_page("models")
    app.run()
    app.selectbox(key="drift_logs").select("The recorded samples").run()
    assert len(asked) == 1
    press(app, "Refresh model")
    assert len(asked) == 2


def test_two_versions_are_compared_by_their_figures(two_versions: Settings) -> None:
    """Both are opened; the figures that both trainings have stand side by side with their difference, and stay."""
    app = press(open_page("models"), "Compare").run()
    assert not app.exception
    table = next(frame.value for frame in app.dataframe if "difference" in frame.value)
    assert "test_accuracy" in set(table["figure"])
    assert (table["difference"] == 0).all(), "it is the same file"


def test_drift_is_measured_on_chosen_logs(home: Path) -> None:
    """The samples are what it was trained on in part: the measures stand there with their thresholds and an advice."""
    app = press(open_page("models"), "Measure").run()
    assert not app.exception
    assert not app.error
    table = next(frame.value for frame in app.dataframe if "threshold" in frame.value)
    assert {"measure", "value", "drifted"} <= set(table)
