"""Reports are kept by their id, bounded, and open again."""

import errno
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from openstack_rca.errors import ConfigurationError, ReportNotFound
from openstack_rca.rca.report import ModelUsed, Report, Window
from openstack_rca.rca.vocabulary import Verdict
from openstack_rca.service import kept_reports
from openstack_rca.service.history import confirm, open_history
from openstack_rca.service.kept_reports import keep_question, keep_report, list_reports, open_report
from openstack_rca.settings import Settings, load_settings

BEGIN = datetime(2026, 3, 9, 12, 30, tzinfo=UTC)


@pytest.fixture
def settings(empty_home: Path) -> Settings:
    """Settings of a home where nothing was made yet."""
    return load_settings()


def report(minutes: int, issue: str = "volumes fail") -> Report:
    """A healthy report made so many minutes later."""
    return Report(
        created=BEGIN + timedelta(minutes=minutes),
        issue=issue,
        logs=["/var/log/kolla"],
        verdict=Verdict.NO_FAILURE_FOUND,
        summary="Nothing was found.",
        window=Window(start=None, end=None, found=True),
        model=ModelUsed(name="none", source="none"),
    )


def test_a_kept_report_opens_again_by_its_id_and_by_its_beginning(settings: Settings) -> None:
    """What comes back is what was kept, to the letter."""
    kept = report(0)
    keep_report(kept, settings)
    assert open_report(kept.id, settings) == kept
    assert open_report(kept.id[:6].upper(), settings) == kept
    assert open_report("last", settings) == kept


def test_the_list_has_the_newest_first(settings: Settings) -> None:
    """By the time they were made, and no more than asked for."""
    reports = [report(minutes) for minutes in (3, 1, 2)]
    for made in reports:
        keep_report(made, settings)
    assert [kept.created for kept in list_reports(settings, 2)] == [BEGIN + timedelta(minutes=m) for m in (3, 2)]


def test_the_oldest_report_goes_when_there_are_too_many(empty_home: Path) -> None:
    """``OPENSTACK_RCA_REPORTS_KEPT`` bounds the folder."""
    settings = load_settings(reports_kept=2)
    for minutes in range(4):
        keep_report(report(minutes), settings)
    assert [kept.created.minute for kept in list_reports(settings, 10)] == [33, 32]


def test_a_damaged_report_does_not_hide_the_others(settings: Settings) -> None:
    """The list passes over it; opening it says what it is."""
    keep_report(report(0), settings)
    damaged = settings.reports_folder / "20260309T200000Z_abcdef123456.json"
    damaged.write_text("{")
    assert len(list_reports(settings, 10)) == 1
    with pytest.raises(ReportNotFound, match="is not a report"):
        open_report("abcdef", settings)


@pytest.mark.parametrize("reference", ["ffffffffffff", "last", "../../etc/passwd", "missing.json"])
def test_a_reference_that_leads_nowhere_is_said(settings: Settings, reference: str) -> None:
    """With what to do next."""
    with pytest.raises(ReportNotFound) as raised:
        open_report(reference, settings)
    assert raised.value.hint


@pytest.mark.parametrize(
    ("number", "told", "not_told"), [(errno.ENOSPC, "is full", "may write"), (errno.EACCES, "may write", "is full")]
)
@pytest.mark.parametrize(
    "keep", [lambda given: keep_report(report(0), given), lambda given: keep_question("a" * 12, "?", given)]
)
def test_a_full_disk_is_told_as_such_with_the_folder(
    keep: Callable[[Settings], None],
    number: int,
    told: str,
    not_told: str,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Rights to write do not help where there is no room."""

    def refuse(path: Path, data: bytes) -> None:
        raise OSError(number, os.strerror(number), str(path))

    monkeypatch.setattr(kept_reports, "write_whole", refuse)
    with pytest.raises(ConfigurationError) as raised:
        keep(settings)
    assert told in str(raised.value) and not_told not in str(raised.value)
    assert str(settings.reports_folder) in raised.value.message


def test_the_last_report_that_is_confirmed_is_the_last_that_is_kept(settings: Settings) -> None:
    """One that found no room is in the history alone, and no list shows it."""
    for minutes in (0, 5):
        open_history(settings).remember(report(minutes))
    keep_report(report(0), settings)
    assert confirm("last", "rabbitmq", settings).id == open_report("last", settings).id == report(0).id


def test_a_home_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    """A file where the folder should be."""
    (tmp_path / "home").write_text("in the way")
    with pytest.raises(ConfigurationError, match="is not kept"):
        keep_report(report(0), load_settings(home=tmp_path / "home"))
