"""confirm and history: an answer is kept, a person says what it was, the next analysis knows it; an evaluation does not."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from openstack_rca.cli.main import cli, run
from openstack_rca.rca.relevance.incident_history import History
from openstack_rca.rca.report.report import Report
from openstack_rca.samples import incident_folder, incidents_folder

INCIDENT = "INC-017"
ISSUE = "New servers of one tenant fail to build"


class Shell:
    """The command line with a home of its own; keeps what the last command printed."""

    def __init__(self, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.home = home
        self.history = home / "state" / "history.jsonl"
        self._capsys = capsys
        self.out = self.err = ""

    def __call__(self, *arguments: str | Path) -> int:
        self._capsys.readouterr()
        status = run(cli, [str(argument) for argument in arguments])
        self.out, self.err = self._capsys.readouterr()
        return status

    def analyze(self, *options: str | Path, issue: str = ISSUE, logs: Path | None = None) -> Report:
        path = self.home / "report.json"
        folder = logs or incident_folder(INCIDENT) / "logs"
        plain = ("--model", "none", "--disable-mlflow", "--fast", "--output", path)
        assert self("analyze", folder, "--issue", issue, *plain, *options) == 0, self.err
        return Report.model_validate_json(path.read_bytes())

    def listed(self) -> list[dict[str, object]]:
        assert self("history", "list", "--format", "json") == 0
        entries: list[dict[str, object]] = json.loads(self.out)
        return entries


@pytest.fixture
def shell(
    tmp_path: Path, clean_environment: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    monkeypatch.setenv("OPENSTACK_RCA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setenv("NO_COLOR", "1")
    return Shell(tmp_path / "home", capsys)


@pytest.fixture
def make_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[str], Shell]:
    def make(name: str) -> Shell:
        monkeypatch.setenv("OPENSTACK_RCA_HOME", str(tmp_path / name))
        return Shell(tmp_path / name, capsys)

    return make


def part(report: Report, name: str) -> tuple[float, str]:
    """Value and note of one part of the first cause's confidence."""
    return next((item.value, item.note) for item in report.causes[0].confidence_parts if item.name == name)


def test_an_answer_is_kept_and_says_how_to_confirm_it(shell: Shell) -> None:
    """The text report ends with its id and the command; the list shows the answer, not confirmed."""
    report = shell.analyze()
    assert f"openstack-rca confirm {report.id} --cause COMPONENT" in shell.out
    (entry,) = shell.listed()
    assert (entry["id"], entry["confirmed"]) == (report.id, None)
    assert entry["answered"] == {"component": report.causes[0].component, "category": report.causes[0].category}


def test_a_confirmed_incident_is_shown_when_it_happens_again(shell: Shell) -> None:
    """The labelled incident comes back first, with its note, and the report says what it has in common."""
    first = shell.analyze()
    assert shell("confirm", first.id[:6], "--cause", "mysql", "--category", "capacity", "--note", "pool was full") == 0
    assert f"{first.id} was mariadb (capacity)" in shell.out
    again = shell.analyze(issue="tenants cannot boot anything")
    (entry,) = again.similar
    assert (entry.id, entry.component, entry.confirmed, entry.note) == (first.id, "mariadb", True, "pool was full")
    assert entry.shared
    assert "it was mariadb (capacity), confirmed" in shell.out


def test_asking_again_and_again_makes_no_answer_surer(shell: Shell) -> None:
    """Nobody confirmed anything, so the fifth answer is the first one."""
    answers = [shell.analyze() for _ in range(5)]
    assert len({report.id for report in answers}) == 5
    assert {report.causes[0].confidence for report in answers} == {answers[0].causes[0].confidence}
    assert len(shell.listed()) == 5


def test_a_confirmation_decides_between_equals_only_and_says_so(shell: Shell) -> None:
    """It makes no answer surer; the note names it."""
    issue = "something is odd"
    first = shell.analyze(issue=issue)
    shell("confirm", first.id, "--cause", first.causes[0].component)
    again = shell.analyze(issue=issue)
    assert again.causes[0].component == first.causes[0].component
    assert again.causes[0].confidence == first.causes[0].confidence
    assert "similar past incident was confirmed" in part(again, "fits the issue")[1]
    assert part(first, "fits the issue")[1] == ""


def test_a_report_saved_elsewhere_can_be_confirmed_here(shell: Shell, make_home: Callable[[str], Shell]) -> None:
    """The file carries its fingerprint, so it is as good as one of our own."""
    report = shell.analyze()
    saved = shell.home / "report.json"
    other = make_home("other")
    assert other("confirm", saved, "--cause", "neutron-server") == 0
    assert other("confirm", saved, "--cause", "neutron-server") == 0
    assert [entry["id"] for entry in other.listed()] == [report.id]
    assert other.analyze().similar[0].id == report.id


def test_labelled_incidents_are_brought_in_once_and_healthy_ones_not_at_all(shell: Shell, tmp_path: Path) -> None:
    folder = tmp_path / "incidents"
    for name in (INCIDENT, "HEALTHY-001"):
        shutil.copytree(incident_folder(name), folder / name)
    arguments = ("history", "import", folder, "--model", "none", "--disable-mlflow")
    assert shell(*arguments) == 0
    assert "1 incident added, 0 known already, 1 healthy" in shell.out
    assert shell(*arguments) == 0
    assert "0 incidents added, 1 known already, 1 healthy" in shell.out
    (entry,) = shell.listed()
    confirmed = entry["confirmed"]
    assert isinstance(confirmed, dict)
    assert (entry["source"], confirmed["component"]) == ("incident", "neutron-server")
    assert shell.analyze(issue="anything").similar[0].source == "incident"


def test_an_evaluation_neither_reads_nor_writes_the_history(shell: Shell, tmp_path: Path) -> None:
    """A history that confirms each incident as something else changes no answer, and is not changed."""
    folder = tmp_path / "incidents"
    shutil.copytree(incident_folder(INCIDENT), folder / INCIDENT)
    arguments = ("evaluate", folder, "--model", "none", "--disable-mlflow", "--fast", "--format", "json")
    assert shell(*arguments) == 0
    assert not shell.history.exists()
    clean = json.loads(shell.out)
    report = shell.analyze()
    shell("confirm", report.id, "--cause", "heat-engine")
    before = shell.history.read_bytes()
    assert shell(*arguments) == 0
    poisoned = json.loads(shell.out)
    for result in (clean, poisoned):
        result["seconds_median"] = result["per_incident"][0]["seconds"] = None
    assert clean == poisoned
    assert shell.history.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("confirm", "abc", "--cause", "rabitmq"), "Did you mean rabbitmq"),
        (("confirm", "abc", "--cause", "rabbitmq"), "No report 'abc' is in the history"),
        (("confirm", "nowhere.json", "--cause", "rabbitmq"), "nowhere.json cannot be read"),
    ],
)
def test_a_confirmation_that_cannot_be_is_one_line_on_stderr(
    shell: Shell, arguments: tuple[str, ...], message: str
) -> None:
    assert shell(*arguments) == 1
    assert message in shell.err
    assert shell.err.count("\n") == 1
    assert not shell.history.exists()


def test_a_file_that_is_no_report_is_refused(shell: Shell, tmp_path: Path) -> None:
    path = tmp_path / "other.json"
    path.write_text('{"a": 1}')
    assert shell("confirm", path, "--cause", "rabbitmq") == 1
    assert "is not a report" in shell.err


def test_lines_that_cannot_be_read_are_said_and_do_no_harm(shell: Shell) -> None:
    """In the list as a note, in a report among what is missing."""
    shell.analyze()
    with shell.history.open("ab") as file:
        file.write(b"garbage\n{\n")
    assert len(shell.listed()) == 1
    assert "2 line(s) of the history" in shell.err
    assert any("2 line(s)" in note for note in shell.analyze().missing)


def test_a_history_that_cannot_be_written_does_not_cost_the_answer(shell: Shell) -> None:
    shell.home.mkdir()
    (shell.home / "state").write_text("a file where a folder should be")
    report = shell.analyze()
    assert report.causes
    assert "is not in the history" in shell.err
    assert any("Past incidents were not compared" in note for note in report.missing)


def test_hostile_text_of_the_history_reaches_no_terminal(shell: Shell) -> None:
    """Issues and notes are shown harmless in the list and in each form of the report."""
    hostile = "\x1b[2Jred\x1b[0m \u202egpj <script>alert(1)</script> ``` [link](http://evil.example)"
    report = shell.analyze(issue=hostile)
    History(shell.history).confirm(report.id, "mariadb", note=hostile)
    assert shell("history", "list") == 0
    assert shell.out.replace("\n", "").isprintable()
    shell.analyze()
    assert "\x1b" not in shell.out
    for form in ("markdown", "html"):
        assert shell("analyze", incident_folder(INCIDENT) / "logs", "--issue", ISSUE, "--model", "none", "--fast",
                     "--disable-mlflow", "--format", form) == 0  # fmt: skip
        assert ("<script" in shell.out) is (form == "markdown"), "HTML escapes it; in Markdown it stands in code"
        assert "\x1b" not in shell.out
        assert "\u202e" not in shell.out


def test_an_issue_that_no_file_can_hold_is_still_answered(shell: Shell) -> None:
    """A shell passes bytes that are no text."""
    assert shell.analyze(issue="servers fail \udcff\udc80").issue == "servers fail ??"


def test_an_empty_history_says_how_to_fill_it(shell: Shell) -> None:
    assert shell("history", "list") == 0
    assert "history import" in shell.out


def test_the_samples_can_all_be_imported(shell: Shell) -> None:
    """Every label of the samples names a component that the program knows."""
    assert shell("history", "import", incidents_folder(), "--model", "none", "--disable-mlflow") == 0
    assert all(entry["confirmed"] for entry in shell.listed())


def test_who_names_no_cause_is_told_those_of_the_answer(shell: Shell, tmp_path: Path) -> None:
    """Of a kept report as of a saved one, which is not kept by that; where all names stand is said."""
    report = shell.analyze()
    saved = tmp_path / "report.json"
    saved.write_text(report.model_dump_json())
    shell.history.rename(tmp_path / "away")
    assert shell("confirm", saved) == 2
    assert not shell.history.exists()
    (tmp_path / "away").rename(shell.history)
    told = shell.err
    assert shell("confirm", report.id) == 2
    assert shell.err == told
    words = told.split("accuses ")[1].split(". All names: openstack-rca confirm --components.")[0].split(", ")
    assert words[0] == report.causes[0].component
    assert sorted(words) == sorted({report.causes[0].component, *report.fingerprint.accused})


def test_all_components_are_listed_when_asked_for(shell: Shell) -> None:
    assert shell("confirm", "--components") == 0
    names = shell.out.splitlines()
    assert names == sorted(names)
    assert {"mariadb", "nova-compute", "host"} < set(names)


def test_the_newest_answer_is_confirmed_as_last(shell: Shell) -> None:
    """As ``report show last`` opens it; without any answer that is said."""
    assert shell("confirm", "last", "--cause", "rabbitmq") == 1
    assert "No report 'last'" in shell.err
    shell.analyze()
    newest = shell.analyze(issue="The same again")
    assert shell("confirm", "last", "--cause", "rabbitmq") == 0
    assert shell.out.startswith(f"{newest.id} was rabbitmq")


def test_without_an_issue_nothing_is_said_of_how_it_was_matched(shell: Shell) -> None:
    """There was nothing to match, by words or by meaning."""
    path = shell.home / "report.json"
    words = ("analyze", incident_folder(INCIDENT) / "logs", "--model", "none", "--disable-mlflow", "--output", path)
    for issue, told in (("", False), (ISSUE, True)):
        assert shell(*words, "--issue", issue) == 0
        missing = Report.model_validate_json(path.read_bytes()).missing
        assert any("matched by its words only" in text for text in missing) is told
