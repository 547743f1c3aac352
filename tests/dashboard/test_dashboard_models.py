"""The page Models: what is changed there is changed for everybody, with a reason, and can be looked up."""

from __future__ import annotations

from pathlib import Path

import pytest
from dashboard_helpers import open_page, press, sidebar_words, words_of
from streamlit.testing.v1 import AppTest

from openstack_rca.dashboard import held_model, versions_actions
from openstack_rca.lifecycle.records import ModelVersion
from openstack_rca.lifecycle.versions import ModelLifecycle
from openstack_rca.service.versions import model_history, yank_model
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

    def yank_after_another(settings: Settings, reference: str, reason: str) -> ModelVersion:
        yank_model(settings, reference, "first")
        return yank_model(settings, reference, reason)

    app = open_page("models")
    monkeypatch.setattr(versions_actions, "yank_model", yank_after_another)
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


def test_two_versions_are_compared_by_their_figures(two_versions: Settings) -> None:
    """Both are opened; the figures that both trainings have stand side by side with their difference."""
    app = press(open_page("models"), "Compare")
    assert not app.exception
    table = next(frame.value for frame in app.dataframe if "difference" in frame.value)
    assert "test_accuracy" in set(table["figure"])
    assert (table["difference"] == 0).all(), "it is the same file"


def test_drift_is_measured_on_chosen_logs(home: Path) -> None:
    """The samples are what it was trained on in part: the measures stand there with their thresholds and an advice."""
    app = press(open_page("models"), "Measure")
    assert not app.exception
    assert not app.error
    table = next(frame.value for frame in app.dataframe if "threshold" in frame.value)
    assert {"measure", "value", "drifted"} <= set(table)
