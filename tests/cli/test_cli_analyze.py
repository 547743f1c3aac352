"""``openstack-rca analyze``: an answer first, its record second, and an answer even when services are away."""

import json
import shlex
import subprocess
from pathlib import Path

import pytest
from cli_helpers import HANGS_AFTER_SECONDS, HEALTHY, LOGS, Program, closed_port, refused

from openstack_rca.cli import analyze
from trained_environment import CUT, Trained, environment, program

ISSUE = ("--issue", "401 on every call")


def test_text_gives_verdict_cause_proof_and_how_it_was_found(home: Path, rca: Program) -> None:
    """The first line is the verdict; file and line prove it; the model and its version are named."""
    result = rca("analyze", LOGS, *ISSUE, "--disable-mlflow")
    assert (result.status, result.err) == (0, "")
    assert result.out.split()[0] in ("CONFIRMED", "LIKELY")
    assert "keystone" in result.out.splitlines()[0]
    assert "controller/neutron-server.log" in result.out
    assert "version 1" in result.out


def test_json_has_what_scripts_depend_on(home: Path, rca: Program) -> None:
    """Causes best first with component, host, category, confidence and evidence of file, line and text."""
    report = rca("analyze", LOGS, *ISSUE, "--disable-mlflow", "--format", "json").json()
    assert report["verdict"] in ("CONFIRMED", "LIKELY", "INCONCLUSIVE", "NO FAILURE FOUND")
    assert report["schema_version"].startswith("1.")
    confidences = [cause["confidence"] for cause in report["causes"]]
    assert confidences == sorted(confidences, reverse=True)
    first = report["causes"][0]
    assert {"component", "host", "category", "confidence", "evidence"} <= set(first)
    assert first["component"] == "keystone"
    assert {"file", "line", "text"} <= set(first["evidence"][0])


def test_markdown_is_markdown(home: Path, rca: Program) -> None:
    """A heading, and the cause in it or below."""
    out = rca("analyze", LOGS, *ISSUE, "--disable-mlflow", "--format", "markdown").out
    assert out.startswith("# ")
    assert "keystone" in out


def test_html_is_one_whole_page(home: Path, rca: Program) -> None:
    """It stands alone: nothing is loaded from elsewhere."""
    out = rca("analyze", LOGS, *ISSUE, "--disable-mlflow", "--format", "html").out
    assert out.lstrip().lower().startswith("<!doctype html>")
    assert "</html>" in out
    assert 'src="http' not in out


@pytest.mark.parametrize(("suffix", "begins"), [("json", "{"), ("md", "# "), ("html", "<!"), ("txt", "")])
def test_output_writes_the_form_of_its_suffix(
    home: Path, rca: Program, tmp_path: Path, suffix: str, begins: str
) -> None:
    """Beside the answer on the screen; folders above the file are made."""
    target = tmp_path / "reports" / f"answer.{suffix}"
    result = rca("analyze", LOGS, *ISSUE, "--disable-mlflow", "--output", target)
    assert result.status == 0
    assert target.read_text().lstrip().lower().startswith(begins)
    assert "keystone" in target.read_text()
    assert [path.name for path in target.parent.iterdir()] == [target.name]


def test_a_healthy_window_is_called_healthy(home: Path, rca: Program) -> None:
    """Logs of the services that the model knows, without a fault: no component is named."""
    known = [HEALTHY / "logs" / name for name in CUT]
    report = rca("analyze", *known, "--issue", "Is all well?", "--disable-mlflow", "--format", "json").json()
    assert (report["verdict"], report["causes"]) == ("NO FAILURE FOUND", [])


def test_the_analysis_is_kept_as_a_run(home: Path, rca: Program) -> None:
    """With issue, model version, verdict, timings, and the report itself as artifact."""
    printed = rca("analyze", LOGS, *ISSUE, "--format", "json").json()
    (run,) = rca("runs", "list", "--kind", "analysis", "--format", "json").json()
    assert run["params"]["issue"] == ISSUE[1]
    assert run["tags"]["openstack_rca.model_version"] == "1"
    assert run["tags"]["openstack_rca.verdict"] == printed["verdict"]
    assert run["tags"]["openstack_rca.component"] == "keystone"
    assert run["seconds"] == pytest.approx(sum(printed["seconds"].values()), abs=0.01)
    assert {f"seconds_{name}" for name in ("read", "load_model", "score", "analyze")} <= set(run["metrics"])
    (kept,) = (home / "mlruns-artifacts").rglob(f"{run['run_id']}/artifacts/report/report.json")
    assert json.loads(kept.read_text()) == printed


def test_the_answer_comes_before_the_record(
    home: Path, rca: Program, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """When recording begins, the whole report is on the screen."""
    on_the_screen: list[str] = []
    real = analyze.record

    def record(*arguments: object) -> None:
        on_the_screen.append(capsys.readouterr().out)
        real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(analyze, "record", record)
    rca("analyze", LOGS, *ISSUE, "--format", "json", "--disable-mlflow")
    assert json.loads(on_the_screen[0])["verdict"]


def test_a_reader_that_goes_away_loses_neither_report_nor_run(home: Path, rca: Program, tmp_path: Path) -> None:
    """``analyze ... | head`` ends early; what it has found is kept all the same."""
    variables = environment(OPENSTACK_RCA_HOME=home, OPENSTACK_RCA_SEND_RUNS="later")
    with subprocess.Popen(
        [*program(), "analyze", LOGS, *ISSUE, "--format", "json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=variables,
        cwd=tmp_path,
    ) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(HANGS_AFTER_SECONDS) == 0
    (kept,) = rca("report", "list", "--format", "json").json()
    (run,) = rca("runs", "list", "--kind", "analysis", "--format", "json").json()
    assert (kept["issue"], run["params"]["issue"]) == (ISSUE[1], ISSUE[1])


def test_disabled_tracking_keeps_no_run(home: Path, rca: Program) -> None:
    """--disable-mlflow means that, and says nothing about it."""
    assert rca("analyze", LOGS, *ISSUE, "--disable-mlflow").err == ""
    assert rca("runs", "list", "--kind", "analysis", "--format", "json").json() == []


def test_with_the_tracking_server_away_the_cached_model_answers(home: Path, rca: Program) -> None:
    """Exit status 0; stderr says which version stands in, and that the run is not recorded."""
    result = rca("analyze", LOGS, *ISSUE, "--mlflow-uri", f"http://127.0.0.1:{closed_port()}", "--format", "json")
    assert result.status == 0
    assert result.json()["model"]["version"] == "1"
    notices = result.err.splitlines()
    assert [line for line in notices if not line.startswith("Note: ")] == []
    assert any("version 1 from the cache" in line for line in notices)
    assert any("not recorded" in line for line in notices)


def test_with_the_store_away_the_cached_model_answers(home: Path, rca: Program) -> None:
    """The folder of the store is gone, and something that is no folder stands there; the cache has the version."""
    (home / "artifacts").rename(home / "artifacts away")
    (home / "artifacts").write_text("")
    result = rca("analyze", LOGS, *ISSUE, "--disable-mlflow", "--format", "json")
    assert result.status == 0
    assert result.json()["model"]["version"] == "1"
    assert "version 1 from the cache" in result.err


def test_the_cached_model_of_another_store_does_not_answer_for_one_that_is_away(
    home: Path, rca: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its version 1 is another model; signatures and levels answer alone, and the error names the endpoint."""
    endpoint = f"http://127.0.0.1:{closed_port()}"
    monkeypatch.setenv("MLFLOW_S3_ENDPOINT_URL", endpoint)
    monkeypatch.setenv("MLFLOW_ARTIFACT_ROOT", "s3://bucket/rca")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "someone")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret")
    result = rca("analyze", LOGS, *ISSUE, "--disable-mlflow", "--format", "json")
    assert "from the cache" not in result.err
    assert f"{endpoint} does not answer" in result.err


def test_before_anything_was_trained_the_answer_comes_without_a_model(empty_home: Path, rca: Program) -> None:
    """A notice says so and how to train one; signatures and levels still name the cause."""
    result = rca("analyze", LOGS, *ISSUE, "--disable-mlflow", "--format", "json")
    assert result.status == 0
    assert result.json()["model"]["source"] == "none"
    assert result.json()["causes"][0]["component"] == "keystone"
    (note,) = result.err.splitlines()
    assert note.startswith("Note: Answered without a model")
    assert "openstack-rca train" in note


def test_a_model_file_can_be_named(empty_home: Path, trained: Trained, rca: Program) -> None:
    """No registry is needed then, and the command that is given to do it again names the file."""
    report = rca("analyze", LOGS, *ISSUE, "--model", trained.model_file, "--disable-mlflow", "--format", "json").json()
    assert (report["model"]["source"], report["model"]["digest"]) == ("file", trained.facts["sha256"])
    assert f"--model {trained.model_file}" in report["command"]


def test_the_reproducing_command_gives_the_same_answer(home: Path, rca: Program, tmp_path: Path) -> None:
    """It names the logs, the issue, the version, the mode and the window, quoted for a shell."""
    given = ["analyze", LOGS, "--issue", "it's all 401", "--fast", "--since", "2026-11-23T03:54:00Z"]
    first = rca(*given, "--disable-mlflow", "--format", "json").json()
    words = shlex.split(first["command"])
    assert words[0] == "openstack-rca"
    again = rca(*words[1:], "--disable-mlflow", "--format", "json").json()
    for varying in ("created", "seconds", "stages", "id"):
        first.pop(varying, None)
        again.pop(varying, None)
    assert again == first


def test_a_window_without_an_offset_is_in_the_zone_of_the_logs(
    home: Path, rca: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    """--since 04:54 with logs of a machine in Paris is 03:54 in UTC."""
    monkeypatch.setenv("OPENSTACK_RCA_LOG_TIMEZONE", "Europe/Paris")
    window = ("--since", "2026-11-23T03:54", "--until", "2026-11-23T03:55")
    report = rca("analyze", LOGS, *ISSUE, *window, "--disable-mlflow", "--format", "json").json()
    assert report["window"]["start"] == "2026-11-23T02:54:00Z"
    assert report["window"]["end"] == "2026-11-23T02:55:00Z"


def test_a_log_of_one_line_is_analysed(home: Path, rca: Program, tmp_path: Path) -> None:
    """Little to go by is no error: one line is read, and one answer given."""
    log = tmp_path / "nova-api.log"
    log.write_text("2026-11-23 03:54:09.000 12 ERROR nova.api [-] Something is wrong\n")
    report = rca("analyze", log, "--issue", "x", "--disable-mlflow", "--format", "json").json()
    assert (report["lines"], report["events"]) == (1, 1)


def test_a_pinned_down_component_survives_several_paths_and_globs(home: Path, rca: Program) -> None:
    """Files given one by one, by a pattern, or as a folder are the same logs."""
    pattern = f"{LOGS}/*/*.log.xz"
    one = rca("analyze", LOGS, *ISSUE, "--disable-mlflow", "--format", "json").json()
    many = rca("analyze", pattern, *ISSUE, "--disable-mlflow", "--format", "json").json()
    assert many["lines"] == one["lines"]
    assert many["causes"][0]["component"] == one["causes"][0]["component"]


def test_an_unwritable_output_is_refused_before_the_analysis(home: Path, rca: Program, tmp_path: Path) -> None:
    """Nothing is printed, so nobody takes the answer for a saved one."""
    (tmp_path / "file").write_text("")
    result = rca("analyze", LOGS, *ISSUE, "--output", tmp_path / "file" / "answer.json")
    refused(result, "answer.json", "not a folder", "--output")
    assert result.out == ""


def pasting(home: Path, folder: Path, text: str) -> subprocess.CompletedProcess[str]:
    """``analyze --paste`` with an editor that saves this text."""
    (folder / "text").write_text(text)
    editor = folder / "editor"
    editor.write_text(f'#!/bin/sh\n[ -s {folder}/text ] && cp {folder}/text "$1"\nexit 0\n')
    editor.chmod(0o755)
    command = [*program(), "analyze", "--paste", "--model", "none", "--disable-mlflow"]
    variables = environment(OPENSTACK_RCA_HOME=home, EDITOR=editor, VISUAL=editor)
    return subprocess.run(command, env=variables, capture_output=True, text=True, check=False)


def test_what_is_pasted_into_the_editor_is_analyzed(home: Path, tmp_path: Path) -> None:
    """Lines from a chat, without a date: the answer cites them as standard input."""
    line = "ERROR oslo.messaging._drivers.impl_rabbit [-] AMQP server on 192.0.2.1:5672 is unreachable: [Errno 111] ECONNREFUSED"
    done = pasting(home, tmp_path, f"{line}\n")
    assert (done.returncode, "rabbitmq" in done.stdout, "standard input:1" in done.stdout) == (0, True, True), (
        done.stderr
    )


def test_an_editor_that_saves_nothing_is_told(home: Path, tmp_path: Path) -> None:
    """One line that says what to do."""
    done = pasting(home, tmp_path, "")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: Nothing was pasted.")


@pytest.mark.parametrize("words", [(), ("--paste", LOGS)], ids=["neither", "both"])
def test_the_logs_are_named_or_pasted(rca: Program, words: tuple[str | Path, ...]) -> None:
    """Neither and both are mistakes of the command line."""
    result = rca("analyze", *words)
    assert result.status == 2
    assert "--paste" in result.err and "/var/log/kolla" in result.err
