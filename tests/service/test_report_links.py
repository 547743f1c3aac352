"""A report behind a link: kept here or in its run, with its conversation, and nothing else of this machine."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "rca"))
from report_samples import confirmed

from openstack_rca.errors import ReportNotFound
from openstack_rca.service.kept_reports import MOST_QUESTIONS, keep_question, keep_report, open_kept, questions_about
from openstack_rca.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", mlflow_enabled=False, reports_kept=1)


def test_a_kept_report_opens_by_its_whole_id_only(settings: Settings) -> None:
    """Beginnings, words and paths, which the command line takes, open nothing from a link."""
    report = confirmed()
    keep_report(report, settings)
    assert open_kept(report.id, settings) == report
    for other in (report.id[:6], "last", str(settings.reports_folder), f"../reports/{report.id}", ""):
        with pytest.raises(ReportNotFound):
            open_kept(other, settings)


def test_a_conversation_stays_with_its_report_and_goes_with_it(settings: Settings) -> None:
    """The last questions are kept, secrets masked, until the report itself goes."""
    report = confirmed()
    keep_report(report, settings)
    for number in range(MOST_QUESTIONS + 1):
        keep_question(report.id, f"why {number} password=hunter2hunter2", settings)
    asked = questions_about(report.id, settings)
    assert len(asked) == MOST_QUESTIONS
    assert not any("hunter2" in question for question in asked)
    newer = report.model_copy(update={"id": "0" * 12, "created": report.created.replace(year=2027)})
    keep_report(newer, settings)
    assert questions_about(report.id, settings) == []
    with pytest.raises(ReportNotFound):
        open_kept(report.id, settings)
