"""Which rule decides for an event, what its own words are, and what kind of fault an unknown error is."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openstack_rca.rca.evidence.error_kinds import kind_of, statement_of, telling_line
from openstack_rca.rca.evidence.hits import Hit, deciding
from openstack_rca.rca.evidence.own_words import own_words
from openstack_rca.rca.knowledge import Signature, load_topology
from openstack_rca.rca.vocabulary import Category, Directness

TOPOLOGY = load_topology()


def hit(
    accused: str,
    directness: Directness,
    category: Category,
    specificity: int = 20,
    name: str = "a-rule",
    weight: float = 0.7,
    own: bool = True,
) -> Hit:
    signature = Signature(
        id=name,
        title="Something is wrong.",
        pattern="something",
        accuses=accused,
        category=category,
        directness=directness,
        weight=weight,
        remedy="Do something about it.",
        source="a test",
    )
    return Hit(signature, accused, None, signature.title, specificity, "something", own)


ACCUSES = Directness.ACCUSATION


def test_the_last_who_failed_decides_not_who_passes_it_on() -> None:
    """nova says that neutron failed, because neutron said that keystone did."""
    hits = [
        hit("neutron-server", ACCUSES, Category.PROCESS_DOWN, 60),
        hit("keystone", ACCUSES, Category.PROCESS_DOWN, 20, "b-rule"),
    ]
    assert [item.accused for item in deciding(hits, TOPOLOGY)] == ["keystone"]


def test_a_stated_reason_beats_an_accusation() -> None:
    """A keyring that cannot be parsed is why there is no connection to Ceph."""
    hits = [
        hit("ceph-mon", ACCUSES, Category.NETWORK, 60),
        hit("nova-compute", Directness.CAUSE, Category.CONFIG, 10, "b-rule"),
    ]
    assert [item.accused for item in deciding(hits, TOPOLOGY)] == ["nova-compute"]


def test_of_two_reasons_the_more_exact_one_decides() -> None:
    """The longer literal is the more specific rule."""
    hits = [
        hit("keystone", Directness.CAUSE, Category.AUTH, 10),
        hit("keystone", Directness.CAUSE, Category.CONFIG, 40, "b-rule"),
    ]
    assert [item.signature.category for item in deciding(hits, TOPOLOGY)] == [Category.CONFIG]


def test_that_something_else_does_not_run_beats_an_accusation() -> None:
    """A tool that finds no daemon on its host says why no target can be logged in to."""
    hits = [
        hit("storage", ACCUSES, Category.STORAGE, 60),
        hit("host", Directness.CAUSE, Category.PROCESS_DOWN, 10, "b-rule", own=False),
    ]
    assert [item.accused for item in deciding(hits, TOPOLOGY)] == ["host"]


def test_an_accusation_beats_a_crash_without_a_reason_and_any_symptom() -> None:
    """That a service ended with an unhandled error is a consequence of what the error says."""
    hits = [
        hit("keystone", Directness.CAUSE, Category.PROCESS_DOWN, 60),
        hit("keystone", Directness.SYMPTOM, Category.PROCESS_DOWN, 80, "b-rule"),
        hit("mariadb", ACCUSES, Category.PROCESS_DOWN, 10, "c-rule"),
    ]
    assert [item.accused for item in deciding(hits, TOPOLOGY)] == ["mariadb"]


def test_the_network_stays_beside_the_service_that_cannot_be_reached() -> None:
    """A time-out fits both."""
    hits = [hit("rabbitmq", ACCUSES, Category.HANG), hit("network", ACCUSES, Category.NETWORK, name="b-rule")]
    assert {item.accused for item in deciding(hits, TOPOLOGY)} == {"rabbitmq", "network"}


TRACEBACK = (
    "Failed\nTraceback (most recent call last):\n"
    '  File "/usr/lib/nova/manager.py", line 12, in run\n    raise Blocked("the broker is blocked")\nValueError: empty name'
)


def cleaned(text: str, component: str = "nova-compute") -> str:
    return str(own_words(pl.Series([text]), pl.Series([component]))[0])


def test_source_lines_of_a_traceback_are_not_said() -> None:
    """Frames, message and exception stay, and every line keeps its place."""
    words = cleaned(TRACEBACK)
    assert "blocked" not in words
    assert "nova/manager.py" in words
    assert words.endswith("ValueError: empty name")
    assert words.count("\n") == TRACEBACK.count("\n")


@pytest.mark.parametrize(
    ("component", "text"),
    [
        ("nova-api", "DB error\n[SQL: UPDATE x SET note='disk full' WHERE id=1]"),
        (
            "nova-compute",
            "dropped: ['  File \"/a.py\", line 3, in f\\n    raise Full(\"disk full\")\\n', 'KeyError: 1']",
        ),
        ("rabbitmq", "terminating\n** When Server state == {disk full}\n** Reason == {badmatch}"),
        ("rabbitmq", "crasher:\n    {connection,disk full}"),
    ],
)
def test_what_an_event_only_quotes_is_not_said(component: str, text: str) -> None:
    """Statements, quoted tracebacks and the state of a dead process are somebody else's words."""
    assert "disk full" in text
    assert "disk full" not in cleaned(text, component)


@given(st.text())
def test_any_text_keeps_its_lines(text: str) -> None:
    """What is cut is cut within lines, so that a place in the text is a place in the file."""
    assert cleaned(text).count("\n") == text.count("\n")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("ModuleNotFoundError: No module named 'flask'", Category.CONFIG),
        ("OSError: [Errno 98] Address already in use", Category.CONFIG),
        ("PermissionError: [Errno 13] Permission denied: '/etc/nova/nova.conf'", Category.CONFIG),
        ("OSError: [Errno 28] No space left on device", Category.CAPACITY),
        ("(pymysql.err.OperationalError) (1040, 'Too many connections')", Category.CAPACITY),
        ("(pymysql.err.OperationalError) (1146, \"Table 'nova.x' doesn't exist\")", Category.DATA_MISSING),
        ("(pymysql.err.OperationalError) (2005, \"Unknown MySQL server host 'db'\")", Category.NETWORK),
        ("socket.gaierror: [Errno -2] Name or service not known", Category.NETWORK),
        ("keystoneauth1.exceptions.http.Unauthorized: The request requires authentication", Category.AUTH),
        ("OSError: [Errno 5] Input/output error", Category.STORAGE),
        ("oslo_messaging.exceptions.MessagingTimeout: Timed out", Category.HANG),
        ("ConnectionRefusedError: [Errno 111] ECONNREFUSED", Category.PROCESS_DOWN),
        ("nova.exception.ImageNotFound: Image 7 could not be found", Category.DATA_MISSING),
    ],
)
def test_an_unknown_error_tells_its_kind(text: str, kind: Category) -> None:
    """Exception class, error number, database number, status or words, the most exact first."""
    assert kind_of(text) is kind


def test_words_without_a_kind_have_none() -> None:
    """The caller decides what an untold kind is."""
    assert kind_of("something nobody knows") is None


def test_the_exception_comes_before_the_message_in_the_statement() -> None:
    """What a command wrote to its standard error says most."""
    assert telling_line("Build failed", "ValueError: empty name", None) == "ValueError: empty name"
    assert telling_line("Unexpected error", None, "Command: scp\nStderr: 'Host key verification failed.\\r\\n'") == (
        "Host key verification failed."
    )
    assert statement_of("Build failed", "ValueError: empty name", None, 200) == "ValueError: empty name (Build failed)"


@pytest.mark.parametrize(
    ("message", "detail", "reason"),
    [
        (
            "Login failed (exit code 24). Stderr: iscsiadm: Could not login to [iface: default, portal: 10.7.0.2,3260].",
            'iscsiadm: initiator reported error (24 - iSCSI login failed due to authorization failure)\nFile "a.py"',
            "iscsiadm: initiator reported error (24 - iSCSI login failed due to authorization failure)",
        ),
        (
            "Resize failed",
            "Exit code: 255\nStderr: '@@@@\\r\\n@ WARNING: IDENTIFICATION HAS CHANGED @\\r\\nHost key verification failed.\\r\\n'",
            "Host key verification failed.",
        ),
        (
            "Unexpected error",
            "Stderr: 'rndc: connect failed: 10.3.0.9#953: connection refused\\n': oslo_concurrency.processutils.Error: x",
            "rndc: connect failed: 10.3.0.9#953: connection refused",
        ),
        (
            "Unexpected error",
            "Stderr: 'rndc: closed. This may be as\\n* this host is not authorized,\\n* or the key is invalid.'",
            "rndc: closed. This may be as\\n* this host is not authorized,\\n* or the key is invalid.",
        ),
    ],
    ids=["lines below", "breaks between quotes", "the exception behind it", "a list of guesses"],
)
def test_of_several_lines_that_a_command_wrote_the_one_with_the_reason_is_told(
    message: str, detail: str, reason: str
) -> None:
    assert telling_line(message, "oslo_concurrency.processutils.ProcessExecutionError: x", detail) == reason


def test_of_several_exceptions_in_a_traceback_the_one_with_the_reason_is_told() -> None:
    inner = "OSError: [Errno 28] No space left on device: '/var/lib/x'"
    outer = "nova.exception.WidgetFault: Could not make the widget"
    between = "The above exception was the direct cause of the following exception:"
    detail = (
        f"Traceback (most recent call last):\n  raise\n{inner}\n{between}\nTraceback (most recent call last):\n{outer}"
    )
    assert telling_line("Unexpected error", outer, detail) == inner
    assert telling_line("Unexpected error", outer, detail.replace(between, "")) == outer


def test_a_statement_has_an_end() -> None:
    """A log line may be of any length."""
    assert len(statement_of("x" * 5000, None, None, 200)) == 200


@pytest.mark.parametrize(
    ("told", "left"),
    [
        ("Health check cleared: OSD_DOWN (was: 1 osds down)", ""),
        ("osd.3 is no longer down", ""),
        ("10.0.0.22:3306 is reachable again.", ""),
        ("The port could not be set up again: timed out", "The port could not be set up again: timed out"),
        ("cinder is not available again", "cinder is not available again"),
        ("memory resource limit alarm cleared on node rabbit@a", ""),
        ("Health check failed: 1 osds down (OSD_DOWN)", "Health check failed: 1 osds down (OSD_DOWN)"),
        ("The key is no longer valid", "The key is no longer valid"),
    ],
)
def test_who_tells_that_a_trouble_is_over_accuses_nobody_of_it(told: str, left: str) -> None:
    """The line names the trouble, and would read like it; what is no longer there as it should be is a trouble."""
    assert own_words(pl.Series([told]), pl.Series(["ceph-mon"]))[0] == left


def test_of_two_causes_in_one_event_the_reason_is_told_and_not_what_came_of_it() -> None:
    """A check script that is not there is why an address moves; the record of both names the move in more words."""
    hits = [
        hit("keepalived", Directness.CAUSE, Category.NETWORK, 60),
        hit("keepalived", Directness.CAUSE, Category.CONFIG, 20, "b-rule"),
    ]
    assert [item.signature.id for item in deciding(hits, TOPOLOGY)] == ["b-rule"]


@pytest.mark.parametrize(
    ("begin", "line"),
    [("Stderr: x", "\n"), ("Stderr: x\n", "no reason\n"), ("During handling of the above\n", "OddError: no reason\n")],
    ids=["empty lines", "lines of a command", "exceptions"],
)
def test_of_a_text_of_a_megabyte_the_last_lines_tell(begin: str, line: str) -> None:
    """To weigh each line, or to look through all empty ones for each of them, would take minutes to hours."""
    detail = begin + line * (1024 * 1024 // len(line)) + "\nPermissionError: Permission denied"
    assert telling_line("Unexpected error", None, detail) == "PermissionError: Permission denied"
