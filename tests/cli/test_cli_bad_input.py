"""Bad input: one clear line on stderr that says what, to what and what next; exit status 1; nothing half-written."""

import errno
import os
import shlex
import shutil
import socket
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_helpers import LOGS, Program, closed_port, files_below, refused, run_process

from openstack_rca.service import models, signatures
from trained_environment import Trained, program

LINE = "2026-11-23 03:54:{:02d}.000 12 INFO nova.api [-] Request {} is done\n"
COMMANDS = [("train",), ("analyze", "--issue", "x", "--disable-mlflow")]
IDS = ["train", "analyze"]


def folder(path: Path, **files: bytes | str) -> Path:
    """A folder with these files; two underscores stand for a dot."""
    path.mkdir()
    for name, content in files.items():
        data = content if isinstance(content, bytes) else content.encode()
        (path / name.replace("__", ".").replace("_", "-")).write_bytes(data)
    return path


@pytest.mark.parametrize("command", COMMANDS, ids=IDS)
def test_a_path_that_leads_nowhere(empty_home: Path, rca: Program, tmp_path: Path, command: tuple[str, ...]) -> None:
    """The path is in the line."""
    refused(rca(*command, tmp_path / "nowhere"), str(tmp_path / "nowhere"), "Check the path")


@pytest.mark.parametrize("command", COMMANDS, ids=IDS)
def test_an_empty_folder(empty_home: Path, rca: Program, tmp_path: Path, command: tuple[str, ...]) -> None:
    """It says that there is nothing, and what a folder of logs looks like."""
    refused(rca(*command, folder(tmp_path / "empty")), "empty holds no files", "/var/log/")


@pytest.mark.parametrize("command", COMMANDS, ids=IDS)
def test_a_folder_without_logs(empty_home: Path, rca: Program, tmp_path: Path, command: tuple[str, ...]) -> None:
    """It says how many files were looked at."""
    refused(rca(*command, folder(tmp_path / "papers", a__pdf="x", b__json="{}")), "2 files", "none of them is a log")


@pytest.mark.parametrize("command", COMMANDS, ids=IDS)
def test_a_binary_file(empty_home: Path, rca: Program, tmp_path: Path, command: tuple[str, ...]) -> None:
    """Bytes that are no text are named, not shown."""
    log = folder(tmp_path / "logs", nova_api__log=bytes(range(256)) * 100) / "nova-api.log"
    result = rca(*command, log)
    refused(result, "nova-api.log")
    assert "\x00" not in result.err


@pytest.mark.parametrize("command", COMMANDS, ids=IDS)
def test_logs_without_a_known_line(empty_home: Path, rca: Program, tmp_path: Path, command: tuple[str, ...]) -> None:
    """It says how many lines there were and which formats are known."""
    logs = folder(tmp_path / "logs", nova_api__log="good morning\nhow are you\n")
    refused(rca(*command, logs), "(2 lines read)", "oslo.log")


def test_a_compressed_file_that_was_cut_off(empty_home: Path, rca: Program, tmp_path: Path) -> None:
    """The answer is made from what could be unpacked, and names the file: that is not taken for all of it."""
    whole = Path(LOGS, "controller", "nova-api.log.xz").read_bytes()
    (tmp_path / "nova-api.log.xz").write_bytes(whole[: len(whole) // 2])
    result = rca("analyze", tmp_path / "nova-api.log.xz", "--disable-mlflow", "--format", "json")
    assert result.status == 0
    assert "Not read (damaged or truncated): nova-api.log.xz (from some place on)." in result.json()["missing"]


@pytest.mark.parametrize("command", COMMANDS, ids=IDS)
def test_a_compressed_file_of_which_nothing_can_be_read(
    empty_home: Path, rca: Program, tmp_path: Path, command: tuple[str, ...]
) -> None:
    """A damaged .xz that gives no line is named, with exit status 1."""
    whole = Path(LOGS, "controller", "nova-api.log.xz").read_bytes()
    (tmp_path / "nova-api.log.xz").write_bytes(whole[:30])
    refused(rca(*command, tmp_path / "nova-api.log.xz"), "nova-api.log.xz")


@pytest.mark.parametrize("count", [1, 500])
def test_a_training_set_that_is_too_small(empty_home: Path, rca: Program, tmp_path: Path, count: int) -> None:
    """How much is needed and how much is there; no run and no version come of it."""
    text = "".join(LINE.format(number % 60, number) for number in range(count))
    logs = folder(tmp_path / "logs", nova_api__log=text)
    refused(rca("train", logs), "needs at least 2,000 events", "5 minutes", f"hold {count} event")
    assert rca("runs", "list", "--format", "json").json() == []
    assert rca("models", "list", "--format", "json").json() == []


@pytest.mark.parametrize("reference", ["99", "v99", "banana", "@champion"])
def test_an_unknown_version(home: Path, rca: Program, reference: str) -> None:
    """It is named with the environment that was looked in."""
    result = rca("analyze", LOGS, "--issue", "x", "--model", reference)
    refused(result, reference.lstrip("@v"), "openstack_rca_system_staging", "models list")


def test_a_reserved_word_is_no_unknown_version(empty_home: Path, rca: Program) -> None:
    """Without any version "latest" is answered without a model, but 1 is an error."""
    refused(rca("analyze", LOGS, "--issue", "x", "--model", "1", "--disable-mlflow"), "version 1")


def truncated(whole: bytes) -> bytes:
    return whole[: len(whole) // 2]


def no_zip(whole: bytes) -> bytes:
    return b"this is not a model"


def nothing(whole: bytes) -> bytes:
    return b""


def flipped(whole: bytes) -> bytes:
    changed = bytearray(whole)
    changed[len(whole) // 3] ^= 0xFF
    return bytes(changed)


@pytest.mark.parametrize("damage", [truncated, no_zip, nothing, flipped])
def test_a_damaged_model_file(
    empty_home: Path, trained: Trained, rca: Program, tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    """It is refused by name, and no answer is made with it."""
    (tmp_path / "broken.keras").write_bytes(damage(trained.model_file.read_bytes()))
    result = rca("analyze", LOGS, "--issue", "x", "--model", tmp_path / "broken.keras", "--disable-mlflow")
    refused(result, "broken.keras", "damaged", "train a new one")
    assert result.out == ""


def parts_of(path: Path) -> list[str]:
    with zipfile.ZipFile(path) as archive:
        return archive.namelist()


def test_a_model_file_without_one_of_its_parts(
    empty_home: Path, trained: Trained, rca: Program, tmp_path: Path
) -> None:
    """Whichever part is taken out: none is so small that its loss goes unseen."""
    for missing in parts_of(trained.model_file):
        if missing == "metadata.json":
            # Keras' own note about itself; nothing depends on it.
            continue
        broken = tmp_path / "broken.keras"
        with zipfile.ZipFile(trained.model_file) as whole, zipfile.ZipFile(broken, "w") as archive:
            for name in whole.namelist():
                if name != missing:
                    archive.writestr(name, whole.read(name))
        result = rca("analyze", LOGS, "--issue", "x", "--model", broken, "--disable-mlflow")
        refused(result, "broken.keras")


def test_a_model_file_that_does_not_exist(empty_home: Path, rca: Program, tmp_path: Path) -> None:
    """It is named."""
    result = rca("analyze", LOGS, "--issue", "x", "--model", tmp_path / "none.keras", "--disable-mlflow")
    refused(result, "There is no model file", "none.keras")


def test_a_file_that_is_no_model(empty_home: Path, rca: Program, tmp_path: Path) -> None:
    """Whatever it is called, a file that is there is taken for one, and not for the name of a version."""
    (tmp_path / "notes.md").write_text("What I saw.")
    result = rca("analyze", LOGS, "--issue", "x", "--model", tmp_path / "notes.md", "--disable-mlflow")
    refused(result, "notes.md", "model file")


def test_a_folder_in_place_of_a_model_file(empty_home: Path, rca: Program, tmp_path: Path) -> None:
    """It is named."""
    (tmp_path / "folder.keras").mkdir()
    result = rca("analyze", LOGS, "--issue", "x", "--model", tmp_path / "folder.keras", "--disable-mlflow")
    refused(result, "folder.keras")


@pytest.mark.parametrize(
    "command",
    [("train", LOGS), ("analyze", LOGS, "--issue", "x", "--model", "3")],
    ids=["train", "analyze with a version of the home"],
)
def test_a_home_that_cannot_be_made(
    rca: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    """What cannot be done without it is refused, and the folder and its variable are named before any work."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("OPENSTACK_RCA_HOME", str(tmp_path / "file" / "home"))
    result = rca(*command)
    refused(result, str(tmp_path / "file" / "home"), "Set OPENSTACK_RCA_HOME")
    assert result.out == ""


@pytest.mark.parametrize("tracking", [(), ("--disable-mlflow",)], ids=["with tracking", "without tracking"])
def test_an_answer_without_a_home(
    rca: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tracking: tuple[str, ...]
) -> None:
    """A home that cannot be made costs the model and not the answer; a note names the folder and its variable."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("OPENSTACK_RCA_HOME", str(tmp_path / "file" / "home"))
    result = rca("analyze", LOGS, "--issue", "x", *tracking)
    assert result.status == 0
    assert "keystone" in result.out
    assert "without a model" in result.err
    assert str(tmp_path / "file" / "home") in result.err
    assert "Set OPENSTACK_RCA_HOME" in result.err


def test_a_server_with_a_folder_for_a_store(empty_home: Path, rca: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """No version could ever be published so: that is said before the work, not after it."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    result = rca("train", LOGS)
    refused(result, "refuses versions in a folder", "MLFLOW_ARTIFACT_ROOT")
    assert not (empty_home / "spool").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_home_that_this_user_may_not_write(home: Path, trained: Trained, rca: Program) -> None:
    """Training is refused at once; an analysis can still read the model, and says what it could not keep."""
    home.chmod(0o500)
    try:
        refused(rca("train", trained.logs), str(home), "OPENSTACK_RCA_HOME")
        result = rca("analyze", LOGS, "--issue", "x", "--disable-mlflow")
        assert result.status == 0
    finally:
        home.chmod(0o700)


@pytest.mark.parametrize("command", COMMANDS, ids=IDS)
@pytest.mark.parametrize("blocked", ["a file is in the way", "a folder has the name"])
def test_an_output_that_cannot_be_written(
    empty_home: Path, rca: Program, tmp_path: Path, command: tuple[str, ...], blocked: str
) -> None:
    """Said before the work: an hour of training does not end at a closed door."""
    if blocked == "a file is in the way":
        (tmp_path / "there").write_text("")
        output = tmp_path / "there" / "result.json"
        refused(rca(*command, LOGS, "--output", output), "result.json", "cannot be written", "--output")
    else:
        output = tmp_path / "result.json"
        output.mkdir()
        assert rca(*command, LOGS, "--output", output).status == 2
    assert not empty_home.exists() or files_below(empty_home) == set()


def test_an_output_whose_suffix_is_no_report(empty_home: Path, rca: Program, tmp_path: Path) -> None:
    """The suffixes that can be used are named; nothing is analysed first."""
    result = rca("analyze", LOGS, "--issue", "x", "--output", tmp_path / "report.pdf", "--disable-mlflow")
    refused(result, "report.pdf", ".json, .md, .html")
    assert result.out == ""


@pytest.mark.parametrize("issue", ["", "   ", "\n\t"])
def test_an_empty_issue_is_no_issue(empty_home: Path, rca: Program, issue: str) -> None:
    """It is as if nothing had been said: the logs are analysed all the same."""
    result = rca("analyze", LOGS, "--issue", issue, "--disable-mlflow", "--format", "json")
    assert (result.status, result.json()["issue"]) == (0, "")


@pytest.mark.parametrize("until", ["2026-11-23T03:00", "2026-11-23T04:00"])
def test_a_window_that_ends_before_it_begins(empty_home: Path, rca: Program, until: str) -> None:
    """Or at the same moment."""
    window = ("--since", "2026-11-23T04:00", "--until", until)
    refused(rca("analyze", LOGS, "--issue", "x", *window, "--disable-mlflow"), "ends before it begins", "--since")


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("MLFLOW_ARTIFACT_ROOT", "ftp://server/models", ("ftp", "s3://", "MLFLOW_ARTIFACT_ROOT")),
        ("OPENSTACK_RCA_LOG_TIMEZONE", "Mars/Base", ("OPENSTACK_RCA_LOG_TIMEZONE", "'Mars/Base'", "Europe/Paris")),
        ("MLFLOW_EXPERIMENT_NAME", "../up", ("MLFLOW_EXPERIMENT_NAME", "'../up'")),
        ("OPENSTACK_RCA_NETWORK_TIMEOUT", "0", ("OPENSTACK_RCA_NETWORK_TIMEOUT", "greater than 0")),
        ("MLFLOW_TRACKING_URI", "nonsense", ("nonsense", "sqlite:///")),
        ("OPENSTACK_RCA_SIGNATURES", "nowhere", ("nowhere",)),
    ],
)
def test_a_setting_that_cannot_work(
    empty_home: Path, rca: Program, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, words: tuple[str, ...]
) -> None:
    """The variable or its value is named, with what it may be; no library's own words come through."""
    monkeypatch.setenv(variable, value)
    line = refused(rca("analyze", LOGS, "--issue", "x"), *words)
    assert "Value error" not in line


def test_a_mistyped_variable_is_told(empty_home: Path, rca: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that begins like ours and is none would be dropped in silence; the one that was meant is named."""
    monkeypatch.setenv("OPENSTACK_RCA_LOG_TIMEZON", "Europe/Paris")
    result = rca("models", "list", "--disable-mlflow")
    assert result.status == 0
    assert "OPENSTACK_RCA_LOG_TIMEZON is no setting" in result.err
    assert "Did you mean OPENSTACK_RCA_LOG_TIMEZONE?" in result.err


def test_a_secret_without_its_key(empty_home: Path, rca: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """The half that is missing is named; the half that is there is not shown."""
    monkeypatch.setenv("MLFLOW_ARTIFACT_ROOT", "s3://bucket/rca")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hush-hush")
    result = rca("models", "list", "--disable-mlflow")
    refused(result, "AWS_ACCESS_KEY_ID")
    assert "hush-hush" not in result.err


@pytest.mark.parametrize("command", [("models", "list"), ("models", "verify"), ("runs", "list")])
def test_a_tracking_server_that_is_down(empty_home: Path, rca: Program, command: tuple[str, ...]) -> None:
    """Commands that can say nothing without it fail; the address is named."""
    address = f"http://127.0.0.1:{closed_port()}"
    refused(rca(*command, "--mlflow-uri", address), address, "does not answer", "MLFLOW_TRACKING_URI")


@pytest.mark.parametrize("command", [("models", "list"), ("models", "verify"), ("models", "show")])
def test_an_object_store_that_is_down(
    empty_home: Path, rca: Program, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    """Its endpoint is named, and no secret."""
    address = f"http://127.0.0.1:{closed_port()}"
    monkeypatch.setenv("MLFLOW_ARTIFACT_ROOT", "s3://bucket/rca")
    monkeypatch.setenv("MLFLOW_S3_ENDPOINT_URL", address)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "someone")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hush-hush")
    result = rca(*command, "--disable-mlflow")
    refused(result, address, "does not answer")
    assert "hush-hush" not in result.err


def test_a_server_that_stays_silent_is_given_up(home: Path, tmp_path: Path) -> None:
    """It takes the connection and says nothing; the answer still comes, without waiting for ever."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(16)
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        result = run_process(
            *("analyze", LOGS, "--issue", "x", "--mlflow-uri", address),
            cwd=tmp_path,
            OPENSTACK_RCA_HOME=home,
            OPENSTACK_RCA_NETWORK_TIMEOUT="1",
        )
    assert result.status == 0
    assert "does not answer" in result.err
    assert "Traceback" not in result.err


def test_after_a_failure_the_store_is_as_before(home: Path, rca: Program, tmp_path: Path) -> None:
    """Whatever was refused above: versions and files are those of before."""
    before = files_below(home / "artifacts")
    for arguments in (
        ("train", tmp_path / "nowhere"),
        ("models", "download", "7", "--output", tmp_path / "x.keras"),
        ("analyze", LOGS, "--issue", "x", "--model", "7"),
    ):
        assert rca(*arguments).status == 1
    assert files_below(home / "artifacts") == before
    assert not (tmp_path / "x.keras").exists()
    assert rca("models", "verify").status == 0


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("banana",),
        ("analyze",),
        ("analyze", LOGS, "--issue"),
        ("analyze", LOGS, "--issue", "x", "--format", "pdf"),
        ("analyze", LOGS, "--issue", "x", "--since", "some day"),
        ("train",),
        ("train", LOGS, "--epochs", "0"),
        ("train", LOGS, "--dropout-rate", "1"),
        ("train", LOGS, "--learning-rate", "0"),
        ("evaluate",),
        ("models",),
        ("models", "download", "1"),
        ("models", "publish"),
        ("runs",),
        ("doctor", "--format", "xml"),
    ],
    ids=lambda arguments: " ".join(arguments).replace(LOGS, "LOGS"),
)
def test_wrong_usage_is_exit_status_2(rca: Program, arguments: tuple[str, ...]) -> None:
    """The usage is shown on stderr, nothing on stdout."""
    result = rca(*arguments)
    assert (result.status, result.out) == (2, "")
    assert result.err.startswith(("Usage: ", "Error: Option '--issue' requires an argument"))


@pytest.mark.parametrize("form", ["text", "html"])
def test_a_reader_that_goes_away_is_no_failure(home: Path, tmp_path: Path, form: str) -> None:
    """``| head`` closes the pipe before the report is out: the answer is written and kept all the same, its status is told."""
    script = '"$0" "$@" | head -c 1 >/dev/null; exit "${PIPESTATUS[0]}"'
    result = run_process(
        *program(),
        *("analyze", LOGS, "--issue", "x", "--disable-mlflow", "--format", form, "--exit-code", "-o", "kept.json"),
        command=["bash", "-c", script],
        cwd=tmp_path,
        OPENSTACK_RCA_HOME=home,
    )
    assert result.status == 11, result.err
    assert "Traceback" not in result.err and "Exception" not in result.err
    assert (tmp_path / "kept.json").exists()


@pytest.mark.parametrize(
    ("script", "status"),
    [
        ('"$0" --version >&-', 0),
        ('"$0" nonsense 2>&1 | true; exit "${PIPESTATUS[0]}"', 2),
        ('"$0" report show nonsense 2>&-', 1),
        ('"$0" signatures lint wrong | true; exit "${PIPESTATUS[0]}"', 1),
        ('"$0" signatures lint wrong --format json | true; exit "${PIPESTATUS[0]}"', 1),
    ],
)
def test_an_output_that_nobody_reads_changes_no_status(home: Path, tmp_path: Path, script: str, status: int) -> None:
    """Closed from the start, or a pipe that its reader left: the command does its work, and says how that went."""
    (tmp_path / "wrong").mkdir()
    (tmp_path / "wrong" / "mine.yaml").write_text("title: It is half a signature.\n")
    called = shlex.join(program())
    result = run_process(command=["bash", "-c", script.replace('"$0"', called)], cwd=tmp_path, OPENSTACK_RCA_HOME=home)
    assert (result.status, result.err) == (status, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full to stand for a full disk")
@pytest.mark.parametrize(
    "words",
    [("report", "list"), ("logs", "events", LOGS), ("models", "list", "--format", "json"), ("--help",)],
    ids=" ".join,
)
def test_a_full_disk_below_the_output_is_no_defect(home: Path, tmp_path: Path, words: tuple[str, ...]) -> None:
    """One line says that the output found no room, and nothing is said of a bug report."""
    script = '"$0" "$@" > /dev/full'
    result = run_process(*program(), *words, command=["bash", "-c", script], cwd=tmp_path, OPENSTACK_RCA_HOME=home)
    assert (result.status, result.err) == (1, "Error: The output could not be written: No space left on device.\n")


def test_a_defect_leaves_its_trace_in_a_file_and_one_line_on_the_screen(
    home: Path, rca: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What nobody thought of: the kind of error, where the trace is, and that it should be reported."""

    def broken(*_: object) -> None:
        raise ZeroDivisionError("a defect \x1b[31m of ours")

    monkeypatch.setattr(models, "list_models", broken)
    result = rca("models", "list")
    assert result.status == 1
    (line,) = result.err.splitlines()
    trace = home / "state" / "last-error.txt"
    assert "ZeroDivisionError" in line and str(trace) in line and "\x1b" not in line
    assert "Traceback" in trace.read_text()


def test_a_folder_that_may_not_be_read_is_no_defect(
    rca: Program, empty_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line names it and the way out. Tests may run as root, to whom nothing is closed, hence the raised error."""
    folder = empty_home / "reports"

    def closed(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(folder))

    monkeypatch.setattr(models, "list_models", closed)
    refused(rca("models", "list"), f"{folder} may not be used", "permission denied", "OPENSTACK_RCA_HOME")


def test_a_defect_with_settings_that_cannot_be_read_is_one_line_too(
    home: Path, rca: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The trace has nowhere to go then; the line comes all the same."""

    def broken(*_: object) -> None:
        raise ZeroDivisionError("a defect")

    monkeypatch.setattr(signatures, "lint", broken)
    monkeypatch.setenv("OPENSTACK_RCA_LOG_TIMEZONE", "Mars/Base")
    result = rca("signatures", "lint")
    assert result.status == 1
    assert "ZeroDivisionError" in result.err and "Traceback" not in result.err


def test_a_full_copy_of_the_home_is_not_needed_to_read_it(home: Path, rca: Program, tmp_path: Path) -> None:
    """A version whose cache is gone is fetched from the store again, and verified."""
    shutil.rmtree(home / "cache")
    report = rca("analyze", LOGS, "--issue", "x", "--disable-mlflow", "--format", "json").json()
    assert (report["model"]["version"], report["model"]["source"]) == ("1", "store")
