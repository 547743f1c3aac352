"""What was not read or not understood is said, and never passes for a healthy cloud."""

import gzip
from pathlib import Path

import pytest

from openstack_rca.rca.report import Report
from openstack_rca.rca.vocabulary import Verdict
from openstack_rca.service.analysis import AnalysisOutcome, analyze
from openstack_rca.service.reports import FORMATS, render
from openstack_rca.settings import Settings, load_settings

KNOWN = "".join(
    f"2026-11-23 04:00:{n:02d}.000 7 INFO nova.compute.manager [-] Claim successful on node n1\n" for n in range(60)
)
BLIND = "".join(f"2026-11-23 04:00:{n:02d} nova thing {n} went on its way\n" for n in range(60))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(mlflow_enabled=False, home=tmp_path / "home")


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    folder = tmp_path / "logs" / "compute1"
    folder.mkdir(parents=True)
    return folder


def asked(logs: Path, settings: Settings) -> AnalysisOutcome:
    return analyze([logs.parent], "", settings=settings, model="none", fast=True)


def report_on(logs: Path, settings: Settings) -> Report:
    return asked(logs, settings).report


def test_known_lines_without_trouble_are_no_failure(logs: Path, settings: Settings) -> None:
    """And nothing is said of how they were read."""
    (logs / "nova-compute.log").write_text(KNOWN)
    outcome = asked(logs, settings)
    assert (outcome.report.verdict, outcome.reading) == (Verdict.NO_FAILURE_FOUND, "")


@pytest.mark.parametrize("beside", ["", KNOWN * 30])
def test_lines_whose_levels_nobody_knows_clear_nobody(logs: Path, settings: Settings, beside: str) -> None:
    """Alone, and as one service beside many lines that are known; the file is named."""
    (logs / "nova-compute.log").write_text(BLIND)
    (logs / "nova-api.log").write_text(beside)
    report = report_on(logs, settings)
    assert (report.verdict, report.causes) == (Verdict.INCONCLUSIVE, [])
    assert "levels of many lines are not known" in report.summary
    assert any("compute1/nova-compute.log" in note for note in report.missing)


def test_a_few_unknown_lines_leave_the_verdict_alone(logs: Path, settings: Settings) -> None:
    """Every cloud has some."""
    (logs / "nova-compute.log").write_text(KNOWN + "2026-11-23 04:01:00 nova thing went on\n")
    assert report_on(logs, settings).verdict is Verdict.NO_FAILURE_FOUND


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        (
            "dpkg.log",
            "2026-11-23 04:00:00 status installed bash:amd64 5.2\n" * 50,
            "nor one of what OpenStack stands on",
        ),
        ("mariadb.log", "2026-11-23  4:00:00 7 [Note] ready for connections\n" * 50, "No OpenStack log was recognised"),
    ],
)
def test_logs_of_no_openstack_are_inconclusive(logs: Path, settings: Settings, name: str, text: str, said: str) -> None:
    """A machine without OpenStack, or only the database's own log."""
    (logs / name).write_text(text)
    report = report_on(logs, settings)
    assert report.verdict is Verdict.INCONCLUSIVE
    assert said in report.summary


def test_a_file_without_any_time_beside_dated_ones_is_weighed_too(logs: Path, settings: Settings) -> None:
    """A kernel's own log tells no dates: it may be of any moment, so it is a doubt and no proof."""
    (logs / "nova-compute.log").write_text(KNOWN)
    (logs / "dmesg").write_text(
        "[    0.000000] Linux version 6.1.0-18-amd64\n"
        "[372829.112233] Out of memory: Killed process 4242 (qemu-kvm) total-vm:8123456kB, anon-rss:4123456kB\n"
    )
    report = report_on(logs, settings)
    assert (report.verdict, report.causes[0].component) == (Verdict.INCONCLUSIVE, "host")
    assert any("Without any time" in note for note in report.missing)


def test_logs_of_ovn_alone_are_of_a_cloud(logs: Path, settings: Settings) -> None:
    """It is OpenStack's network, also where nobody names a project."""
    text = "2026-11-23T04:00:0{0}.310Z|0091{0}|binding|INFO|Claiming lport 1f9c1e1a-5a57-4e4d-8d3a-06f7c2b7d1e4 for this chassis."
    (logs / "ovn-controller.log").write_text("".join(text.format(second) + "\n" for second in range(9)))
    assert report_on(logs, settings).verdict is Verdict.NO_FAILURE_FOUND


@pytest.mark.parametrize("form", FORMATS)
def test_an_answer_without_any_cause_can_be_shown_in_every_form(logs: Path, settings: Settings, form: str) -> None:
    """The reason stands where the cause would."""
    (logs / "nova-compute.log").write_text(BLIND)
    assert "not known" in render(report_on(logs, settings), form)


def test_every_file_that_was_not_read_is_named_with_the_reason(logs: Path, settings: Settings) -> None:
    """Skipped as a whole or from some place on; and one line names them, or says how many."""
    (logs / "nova-compute.log").write_text(KNOWN)
    (logs / "a.rar").write_bytes(b"Rar!\x1a\x07\x01\x00" + bytes(60))
    (logs / "core").write_bytes(bytes(range(30)) * 99)
    (logs / "cut.log.gz").write_bytes(
        gzip.compress("".join(KNOWN.replace("n1", str(n * 7)) for n in range(99)).encode())[:-99]
    )
    outcome = asked(logs, settings)
    told = "\n".join(outcome.report.missing)
    for words in (
        "(a packing that is not read): compute1/a.rar",
        "(binary): compute1/core",
        "compute1/cut.log.gz (from some place on)",
    ):
        assert words in told
    assert "compute1/a.rar (a packing that is not read), compute1/core (binary), " in outcome.reading
    (logs / "b.rar").write_bytes(b"Rar!\x1a\x07\x01\x00" + bytes(60))
    assert (
        "4 files not read, or not to the end. What helps: openstack-rca logs inspect" in asked(logs, settings).reading
    )


def test_a_clock_that_disagrees_is_told_and_corrected_when_asked(logs: Path, settings: Settings) -> None:
    """The report says by how much; with the correction it has nothing to say."""
    ids = [f"req-6c1d34a0-5f7a-4c3c-9a51-{n:012d}" for n in range(8)]
    api = "".join(
        f"2026-11-23 04:{n:02d}:00.000 7 INFO nova.api [{one} u p] POST /servers\n" for n, one in enumerate(ids, 10)
    )
    compute = "".join(
        f"2026-11-23 04:{n:02d}:30.000 7 INFO nova.compute [{one} u p] Starting\n" for n, one in enumerate(ids, 9)
    )
    (logs / "nova-compute.log").write_text(compute)
    (logs.parent / "ctl1").mkdir()
    (logs.parent / "ctl1" / "nova-api.log").write_text(api)
    told = [note for note in report_on(logs, settings).missing if "clock of compute1 is about 30.0 s behind" in note]
    assert len(told) == 1
    corrected = settings.model_copy(update={"correct_skew": True})
    report = report_on(logs, corrected)
    assert not any("clock" in note for note in report.missing)
    assert "--correct-skew" in asked(logs, corrected).report.command


def test_a_name_server_that_states_no_levels_leaves_the_verdict_alone(logs: Path, settings: Settings) -> None:
    """Many programs that OpenStack stands on never do; their words are searched all the same."""
    (logs / "nova-compute.log").write_text(KNOWN * 30)
    told = "23-Nov-2026 04:00:{0:02d}.102 client @0x7f 198.51.100.7#53 (example.org): query: example.org IN A +E(0)K (192.0.2.53)\n"
    (logs / "named.log").write_text("".join(told.format(second) for second in range(59)))
    assert report_on(logs, settings).verdict is Verdict.NO_FAILURE_FOUND
