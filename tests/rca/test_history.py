"""The history file: what is kept, what survives, what is computed from it."""

import os
import subprocess
import sys
import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
import report_samples
from history_samples import START, analysis
from hypothesis import given
from hypothesis import strategies as st

from openstack_rca.errors import HistoryUnavailable, ReportNotFound
from openstack_rca.rca.relevance.incident_history import AnalysisEvent, ConfirmedEvent, History, event_of, state_of
from openstack_rca.rca.report.report import Fingerprint, Report
from openstack_rca.rca.vocabulary import Category

WRITER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from openstack_rca.rca.relevance.incident_history import AnalysisEvent, History

now = datetime.now(UTC)
history = History(Path(sys.argv[1]))
for number in range(40):
    history.append([AnalysisEvent(id=f"{sys.argv[2]}-{number}", recorded=now, time=now, issue="x" * 9000)])
"""

TEXTS = st.text(alphabet=st.characters(), max_size=200)
TIMES = st.datetimes(min_value=START.replace(tzinfo=None), timezones=st.just(START.tzinfo))
NAMES = st.lists(st.text(max_size=30), max_size=5)
ANALYSES = st.builds(
    AnalysisEvent,
    id=st.text(min_size=1, max_size=12),
    recorded=TIMES,
    time=TIMES,
    issue=st.text(max_size=300),
    fingerprint=st.builds(Fingerprint, signatures=NAMES, accused=NAMES, templates=NAMES, began=st.none() | TIMES),
    component=st.none() | st.text(max_size=20),
    category=st.none() | st.sampled_from(Category),
    verdict=st.text(max_size=20),
    source=st.sampled_from(["analysis", "incident"]),
)


@pytest.fixture
def history(tmp_path: Path) -> History:
    return History(tmp_path / "state" / "history.jsonl")


def test_nothing_happened_yet(history: History) -> None:
    """A file that is not there is an empty history, and reading makes none."""
    assert history.state().incidents == []
    assert not history.path.exists()


def test_a_report_is_kept_with_what_makes_it_comparable(history: History) -> None:
    """Id, issue, first cause, verdict and fingerprint come back."""
    fingerprint = Fingerprint(signatures=["a"], accused=["mariadb"], templates=["0f"], began=START)
    report = report_samples.confirmed().model_copy(update={"fingerprint": fingerprint})
    history.remember(report)
    (past,) = history.state().incidents
    assert past.id == report.id
    assert (past.component, past.category, past.confirmed) == ("mariadb", Category.PROCESS_DOWN, False)
    assert (past.analysis.issue, past.analysis.verdict) == (report.issue, "CONFIRMED")
    assert (past.analysis.fingerprint, past.analysis.time) == (fingerprint, START)


def test_a_report_without_evidence_is_kept_under_the_time_it_was_made(history: History) -> None:
    """A healthy report has no cause and no first evidence."""
    report = report_samples.healthy()
    past = history.remember(report)
    assert (past.component, past.analysis.time) == (None, report.created)


def test_the_last_confirmation_wins_and_the_first_stays_in_the_file(history: History) -> None:
    """State is computed; events are never taken back."""
    report = report_samples.confirmed()
    history.remember(report)
    history.confirm(report.id, "keystone", Category.AUTH, "wrong guess")
    past = history.confirm(report.id, "rabbitmq", note="memory alarm")
    assert history.state().incidents == [past]
    assert (past.component, past.category, past.note) == ("rabbitmq", None, "memory alarm")
    assert b"wrong guess" in history.path.read_bytes()


def test_confirming_the_answer_keeps_its_category(history: History) -> None:
    """Who agrees with the component need not repeat the kind of fault."""
    report = report_samples.confirmed()
    history.remember(report)
    assert history.confirm(report.id, "mariadb").category is Category.PROCESS_DOWN


def test_the_beginning_of_an_id_is_enough_where_it_is_unique(history: History) -> None:
    history.append([analysis("abc123"), analysis("abd456"), analysis("abc")])
    assert history.find("abd").id == "abd456"
    assert history.find("abc").id == "abc"
    with pytest.raises(ReportNotFound, match="3 reports begin with ab"):
        history.find("ab")


@pytest.mark.parametrize("wanted", ["", " ", "zzz", "\x1b[31m", "\udcff"])
def test_an_unknown_id_is_an_error_that_says_where_ids_stand(history: History, wanted: str) -> None:
    history.append([analysis()])
    with pytest.raises(ReportNotFound, match="history list") as caught:
        history.confirm(wanted, "mariadb")
    assert str(caught.value).isprintable()


def test_a_torn_last_line_is_skipped_and_the_next_event_starts_a_line_of_its_own(history: History) -> None:
    """A process that died in the middle of a line costs that line only."""
    history.append([analysis("first")])
    whole = history.path.read_bytes()
    history.path.write_bytes(whole + whole[:40])
    assert history.state().skipped == 1
    history.append([analysis("second")])
    state = history.state()
    assert [past.id for past in state.incidents] == ["first", "second"]
    assert state.skipped == 1


def test_a_last_line_without_its_end_counts_if_it_is_whole(history: History) -> None:
    history.append([analysis("first"), analysis("second")])
    history.path.write_bytes(history.path.read_bytes().removesuffix(b"\n"))
    assert [past.id for past in history.state().incidents] == ["first", "second"]


def test_two_processes_tear_no_line(history: History) -> None:
    """Lines longer than a pipe or a block, four writers at once: every event is read back."""
    history.path.parent.mkdir()
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, history.path, str(number)]) for number in range(4)]
    assert [writer.wait() for writer in writers] == [0] * 4
    state = history.state()
    assert (len(state.incidents), state.skipped) == (160, 0)


def test_a_confirmation_of_nothing_is_counted_as_unreadable() -> None:
    event = ConfirmedEvent(id="nobody", recorded=START, component="mariadb")
    state = state_of(event.model_dump_json().encode())
    assert (state.incidents, state.skipped) == ([], 1)


def test_events_of_later_releases_do_not_hide_the_others() -> None:
    """An unknown field is ignored; an unknown kind of event is skipped."""
    known = analysis("known").model_dump_json()[:-1] + ', "colour": "blue"}'
    state = state_of(f'{known}\n{{"event": "withdrawn", "id": "known"}}\n'.encode())
    assert ([past.id for past in state.incidents], state.skipped) == (["known"], 1)


def test_times_without_a_zone_are_refused() -> None:
    """They could not be compared with the others."""
    naive = analysis().model_copy(update={"recorded": START.replace(tzinfo=None)})
    assert state_of(naive.model_dump_json().encode()).skipped == 1


def test_a_folder_that_cannot_be_made_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    history = History(tmp_path / "state" / "history.jsonl")
    for act in (lambda: history.append([analysis()]), history.state):
        with pytest.raises(HistoryUnavailable, match=r"history\.jsonl cannot be"):
            act()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full to stand for a full disk")
def test_a_full_disk_is_an_error() -> None:
    with pytest.raises(HistoryUnavailable, match="No space left"):
        History(Path("/dev/full")).append([analysis()])


def test_only_the_owner_may_read_it(history: History) -> None:
    """Issues and notes may say more than a colleague should read."""
    history.append([analysis()])
    assert history.path.stat().st_mode & 0o077 == 0


def test_ids_differ_with_each_of_time_issue_and_logs() -> None:
    """The three are told apart even where they would read the same one after the other."""
    base = report_samples.healthy()
    variants = [
        {},
        {"created": base.created + timedelta(microseconds=1)},
        {"issue": base.issue + "a", "logs": ["b"]},
        {"issue": base.issue, "logs": ["ab"]},
        {"logs": ["a", "b"]},
    ]
    data = base.model_dump(exclude={"id"})
    reports = [Report.model_validate(data | changes) for changes in variants]
    assert len({report.id for report in reports}) == len(variants)
    assert all(len(report.id) == 12 for report in reports)


def test_a_report_saved_before_there_were_ids_gets_the_same_one_each_time() -> None:
    data = report_samples.healthy().model_dump(mode="json", exclude={"id", "similar", "fingerprint"})
    assert Report.model_validate(data).id == Report.model_validate(data).id


@given(st.lists(ANALYSES, max_size=6, unique_by=lambda event: event.id))
def test_events_survive_the_way_to_the_disk_and_back(events: list[AnalysisEvent]) -> None:
    """Line breaks, quotes, control characters: whatever an issue holds comes back."""
    with tempfile.TemporaryDirectory() as folder:
        history = History(Path(folder) / "history.jsonl")
        history.append(events)
        assert [past.analysis for past in history.state().incidents] == events


@given(TEXTS)
def test_any_note_can_be_kept(note: str) -> None:
    """Also what no UTF-8 file can hold: a shell passes it on all the same."""
    with tempfile.TemporaryDirectory() as folder:
        history = History(Path(folder) / "history.jsonl")
        history.append([analysis("known")])
        kept = history.confirm("known", "mariadb", note=note)
        assert history.state().incidents == [kept]


@given(st.lists(st.binary(max_size=80), max_size=8))
def test_a_file_with_garbage_is_read_and_says_how_much_was_skipped(garbage: list[bytes]) -> None:
    """Every line is an event, blank, or counted."""
    good = analysis("good").model_dump_json().encode()
    lines = [line for chunk in garbage for line in chunk.split(b"\n")]
    state = state_of(b"\n".join([good, *lines]))
    assert [past.id for past in state.incidents] == ["good"]
    assert state.skipped == sum(bool(line.strip()) for line in lines)


def test_a_secret_in_a_note_is_not_kept(history: History) -> None:
    """The history lives longer than the password, one hopes; it is masked all the same."""
    history.append([analysis("known")])
    history.confirm("known", "rabbitmq", note="wrong transport_url rabbit://openstack:hunter22@node1:5672/")
    assert b"hunter22" not in history.path.read_bytes()


def test_a_huge_issue_is_cut_in_the_middle(history: History) -> None:
    report = Report.model_validate(report_samples.healthy().model_dump() | {"issue": "x" * 10**6})
    assert len(event_of(report).issue) <= 2000


def test_an_incident_whose_evidence_is_thin_began_when_its_best_guess_did() -> None:
    """Nothing of it is noticeable enough for a fingerprint; the time of the analysis says nothing of the incident."""
    report = report_samples.confirmed()
    thin = report.model_copy(update={"fingerprint": Fingerprint()})
    assert event_of(thin).time == report.causes[0].onset


def test_the_folder_of_an_unwritable_file_is_named(history: History) -> None:
    history.append([analysis()])
    if os.geteuid() == 0:
        pytest.skip("root may write anything")
    history.path.chmod(0o400)
    with pytest.raises(HistoryUnavailable, match="Permission denied"):
        history.append([analysis()])
