"""The gate before publishing, comparison of two models, drift: what the service layer makes of them."""

import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from openstack_rca.errors import ConfigurationError
from openstack_rca.lifecycle.mlflow.tracking import Tracking
from openstack_rca.lifecycle.versions.model_lifecycle import ModelLifecycle
from openstack_rca.logs.events import read_logs
from openstack_rca.model.card import TrainingConfig
from openstack_rca.model.model_file import ModelFile
from openstack_rca.service import gate
from openstack_rca.service.comparison import compare_models, record_comparison
from openstack_rca.service.drift import Thresholds, model_drift, record_drift
from openstack_rca.service.gate import check_model
from openstack_rca.service.training import train
from openstack_rca.settings import Settings, load_settings
from trained_environment import SAMPLES, Trained

SMALL = TrainingConfig(epochs=1, lstm_units=4, batch_size=64)
HEALTHY = SAMPLES / "incidents" / "HEALTHY-001" / "logs"


@pytest.fixture
def settings(home: Path) -> Settings:
    """An environment with version 1 in it."""
    return load_settings()


@pytest.fixture(scope="module")
def events(trained: Trained) -> pl.DataFrame:
    return read_logs([trained.logs]).events


def versions(settings: Settings) -> list[tuple[int, str]]:
    return [(version.version, version.status) for version in ModelLifecycle(settings).list()]


def test_a_worse_model_is_stored_as_refused_and_a_forced_one_is_used(settings: Settings, trained: Trained) -> None:
    """One whole training of each: latest stays, then moves; run, version and notices tell why."""
    refused = train([trained.logs], settings=settings, config=SMALL)
    assert versions(settings) == [(2, "refused"), (1, "ready")]
    assert "of version 1 on the same held-out logs" in refused.refused
    assert any("stored as refused, and latest stays version 1" in text for text in refused.notices)
    assert ModelLifecycle(settings).resolve().version == 1
    run = Tracking(settings).list_runs(1)[0]
    assert run.metrics["performance_delta"] < -settings.model_margin
    assert run.metrics["accuracy_drift"] == pytest.approx(0.0, abs=1e-6)
    assert (run.tags["openstack_rca.version_status"], run.tags["openstack_rca.model_version"]) == ("refused", "2")
    forced = train([trained.logs], settings=settings, config=SMALL, force=True)
    assert (forced.refused, versions(settings)[0]) == ("", (3, "ready"))
    assert any(text.startswith("Forced, although") for text in forced.notices)


def check(trained: Trained, settings: Settings, events: pl.DataFrame, path: Path | None = None) -> gate.GateResult:
    return check_model(path or trained.model_file, events, TrainingConfig(), ModelLifecycle(settings))


def test_the_same_model_again_passes(trained: Trained, settings: Settings, events: pl.DataFrame) -> None:
    """Nothing is better or worse than itself, and logs of one training favour neither."""
    result = check(trained, settings, events)
    assert (result.objection, result.present, result.notices) == ("", 1, ())
    assert (result.metrics["performance_delta"], result.metrics["loss_delta"]) == (0.0, 0.0)


def test_the_first_model_is_compared_with_none(trained: Trained, events: pl.DataFrame, tmp_path: Path) -> None:
    result = check(trained, load_settings(home=tmp_path / "new"), events)
    assert (result.objection, result.present, result.notices) == ("", None, ())
    assert "gate_accuracy" in result.metrics


def test_a_file_that_does_not_open_is_refused(
    trained: Trained, settings: Settings, events: pl.DataFrame, tmp_path: Path
) -> None:
    path = tmp_path / "damaged.keras"
    path.write_bytes(trained.model_file.read_bytes()[:-500])
    result = check(trained, settings, events, path)
    assert result.objection.startswith("the file does not open: ")
    assert (result.present, result.metrics, result.notices) == (None, {}, ())


def test_a_model_whose_scores_are_no_numbers_is_refused(
    trained: Trained, settings: Settings, events: pl.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One event that it cannot score is enough, and no other version is asked for."""
    predict = ModelFile.predict

    def spoilt(self: ModelFile, seen: pl.DataFrame) -> pl.DataFrame:
        return predict(self, seen).with_columns(
            surprise=pl.when(pl.int_range(pl.len()) == 3).then(float("nan")).otherwise("surprise")
        )

    monkeypatch.setattr(ModelFile, "predict", spoilt)
    assert check(trained, settings, events) == gate.GateResult("some of its scores are not numbers")


def test_a_present_version_that_cannot_be_had_stops_nothing(
    trained: Trained, settings: Settings, events: pl.DataFrame
) -> None:
    """Its file is damaged and no good copy is cached: that is said, and the new one may be published."""
    stored = Path(ModelLifecycle(settings).show(1).uri.removeprefix("file://"))
    stored.write_bytes(b"damaged")
    shutil.rmtree(settings.cache_folder)
    result = check(trained, settings, events)
    assert (result.objection, result.present) == ("", None)
    assert "Not compared with the version in use" in result.notices[0]


def test_too_few_held_back_events_are_not_judged_by(trained: Trained, settings: Settings, events: pl.DataFrame) -> None:
    result = check(trained, settings, events.head(300))
    assert (result.objection, result.present) == ("", None)
    assert "events were held back" in result.notices[0]


def test_an_advantage_of_the_present_version_is_told(
    trained: Trained, settings: Settings, events: pl.DataFrame
) -> None:
    """It was trained on a recording that reaches into the logs that it is judged by now."""
    first_half = events.head(events.height // 2)
    file = gate.open_model_file(trained.model_file)
    found = gate._notices(file, 1, 0.2, first_half, _other_training(file), 0.05)
    assert any("moved on" in text for text in found)
    assert any("may have learned from a part" in text for text in found)


def _other_training(file: Any) -> Any:
    import dataclasses

    return dataclasses.replace(file, card=dataclasses.replace(file.card, data_fingerprint="other"))


def test_two_models_are_compared_on_the_same_logs(trained: Trained, settings: Settings) -> None:
    """A model against itself: no difference, no win, no loss; and it is told what overlaps and what it lost."""
    result = compare_models("1", str(trained.model_file), settings=settings, logs=[HEALTHY])
    assert result["first"]["sha256"] == result["second"]["sha256"]
    assert {row["difference"] for row in result["card"]} == {0.0}
    for row in result["logs"]["differences"].values():
        assert (row["difference"], row["low"], row["high"], row["wins"], row["losses"]) == (0.0, 0.0, 0.0, 0.0, 0.0)
    assert result["metrics"]["performance_delta"] == 0.0
    overlapping = compare_models("1", "1", settings=settings, logs=[trained.logs])
    assert sum("overlap with its training" in text for text in overlapping["warnings"]) == 2


def test_two_models_are_compared_on_the_same_incidents_and_the_run_keeps_it(settings: Settings) -> None:
    result = compare_models("1", "1", settings=settings, incidents=SAMPLES / "incidents" / "INC-009")
    assert result["incidents"]["differences"]["top1"]["difference"] == 0.0
    record_comparison(result, settings)
    run = Tracking(settings).list_runs(1)[0]
    assert (run.name.split("-")[0], run.metrics["top1_difference"]) == ("comparison", 0.0)


def test_without_a_model_there_is_nothing_to_compare(settings: Settings, tmp_path: Path) -> None:
    for attempt in (
        lambda: compare_models("none", "1", settings=settings),
        lambda: model_drift([HEALTHY], settings=settings, model="none"),
        lambda: model_drift([HEALTHY], settings=load_settings(home=tmp_path / "new")),
    ):
        with pytest.raises(ConfigurationError, match="is no model"):
            attempt()


def test_logs_of_ten_lines_say_nothing(settings: Settings, tmp_path: Path) -> None:
    log = tmp_path / "nova-api.log"
    log.write_text("2026-11-23 03:54:09.000 12 INFO nova.api [-] one line\n" * 10)
    for attempt in (
        lambda: compare_models("1", "1", settings=settings, logs=[log]),
        lambda: model_drift([log], settings=settings),
    ):
        with pytest.raises(ConfigurationError, match="10 events are too few"):
            attempt()


def test_drift_is_measured_drawn_and_kept(trained: Trained, settings: Settings, tmp_path: Path) -> None:
    plot = tmp_path / "drift.png"
    outcome = model_drift([trained.logs], settings=settings, plot=plot)
    assert not outcome.drift.drifted
    assert "no need to train again" in outcome.advice
    assert plot.read_bytes().startswith(b"\x89PNG")
    record_drift(outcome, settings)
    run = Tracking(settings).list_runs(1)[0]
    assert (run.tags["openstack_rca.drifted"], run.metrics["unseen_share"]) == ("false", 0.0)
    facts = outcome.as_json()
    assert (facts["model_version"], facts["plot"], facts["events"]) == ("1", str(plot), outcome.drift.events)


def test_logs_of_services_that_training_never_saw_have_drifted(settings: Settings) -> None:
    """The model knows seven files of the recording; a whole healthy cloud is something else."""
    outcome = model_drift([HEALTHY], settings=settings)
    assert outcome.drift.drifted
    assert "train again" in outcome.advice
    lenient = model_drift([HEALTHY], settings=settings, thresholds=Thresholds(1.0, 1.0, 1.0, 1.0, 1.0))
    assert not lenient.drift.drifted
