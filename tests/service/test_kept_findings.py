"""What was found in logs is found once: the next question ranks and tells it anew, and its answer is the cold one."""

from datetime import timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from hearing import hearing
from openstack_rca.rca.engine import kept_cases
from openstack_rca.rca.engine.stages import ANSWERING_STAGES, FINDING_STAGES
from openstack_rca.service import kept_logs
from openstack_rca.service.analysis import analyze
from openstack_rca.service.kept_logs import list_kept
from openstack_rca.settings import Settings, load_settings
from trained_environment import SAMPLES

SIGNATURES = Path(str(files("openstack_rca.rca.knowledge"))) / "signatures"
INCIDENT = SAMPLES / "incidents" / "INC-003"
KEPT = {
    "window",
    "observed",
    "earlier",
    "surroundings",
    "findings",
    "doubtful",
    "picked",
    "untimed",
    "unclear",
    "deployment",
}
"""Fields of a case that are kept."""
GIVEN = {"request", "events", "scores", "rates", "catalogue", "topology", "expected"}
OF_THE_RUN = {"id", "created", "seconds", "stages"}


@pytest.fixture
def settings(empty_home: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A home of its own, where small logs are kept too."""
    monkeypatch.setattr(kept_logs, "LEAST_BYTES", 0)
    return load_settings()


class Asked:
    """Answers about one folder, each with the stages that were run for it."""

    def __init__(self, settings: Settings, folder: Path = INCIDENT / "logs") -> None:
        self._settings, self._folder = settings, folder
        self.stages: list[str] = []

    def __call__(self, issue: str, **options: Any) -> dict[str, Any]:
        self.stages = []
        told = analyze(
            [self._folder],
            issue,
            settings=self._settings,
            model="none",
            listener=hearing(step=self.stages.append),
            **options,
        )
        return told.report.model_dump(mode="json", exclude=OF_THE_RUN)

    @property
    def found_anew(self) -> bool:
        """Whether the last answer searched the logs."""
        return any(stage.name in self.stages for stage in FINDING_STAGES)


@pytest.mark.parametrize("name", ["HEALTHY-001", "INC-010", "INC-019"])
def test_a_second_question_gets_the_answer_that_it_would_get_as_the_first(name: str, settings: Settings) -> None:
    """Whatever was asked before; nothing is searched again."""
    logs = SAMPLES / "incidents" / name / "logs"
    words = "New servers end in ERROR and volumes cannot be attached"
    cold = Asked(settings.model_copy(update={"log_cache_bytes": 0}), logs)(words)
    ask = Asked(settings, logs)
    ask("401 on every call")
    assert ask(words) == cold
    assert not ask.found_anew


def test_the_later_stages_read_nothing_that_is_not_kept() -> None:
    """But what is given, and what they write themselves."""
    written: set[str] = set()
    for stage in ANSWERING_STAGES:
        assert stage.reads <= KEPT | GIVEN | written, stage.name
        written |= stage.writes


def test_another_window_is_searched_itself(settings: Settings) -> None:
    """What was found in the whole recording says nothing of it."""
    ask = Asked(settings)
    first = ask("x")["window"]
    assert first["start"] is not None
    since = pl.Series([first["start"]]).str.to_datetime(time_zone="UTC")[0] + timedelta(seconds=1)
    cold = Asked(settings.model_copy(update={"log_cache_bytes": 0}))("x", since=since)
    assert ask("x", since=since) == cold
    assert ask.found_anew


def test_other_rules_search_anew(settings: Settings, tmp_path: Path) -> None:
    """A rule of the user's own may find what no other one does."""
    ask = Asked(settings)
    ask("x")
    rule = tmp_path / "rules" / "own-rule.yaml"
    rule.parent.mkdir()
    rule.write_text((SIGNATURES / "host" / "host-oom-kill.yaml").read_text())
    ask("x", signatures=rule.parent)
    assert ask.found_anew
    ask("y", signatures=rule.parent)
    assert not ask.found_anew


def test_of_very_long_stretches_nothing_is_kept(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are searched for each question."""
    monkeypatch.setattr(kept_cases, "MOST_EVENTS", 1)
    ask = Asked(settings)
    first = ask("x")
    assert ask("x") == first
    assert ask.found_anew


def test_the_cache_tells_what_was_found(settings: Settings) -> None:
    """As one entry of its own, which counts the stretches of trouble."""
    Asked(settings)("x")
    assert [each.events for each in list_kept(settings) if each.kind == "findings"] == [1]
