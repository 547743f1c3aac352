"""The answer on one screen, and the answer for a ticket."""

import io
import shlex
from collections.abc import Callable

import hostile_report
import pytest
import report_samples
from rich.cells import cell_len
from rich.console import Console

from openstack_rca.logs.records import SkipReason
from openstack_rca.rca.render import short_report, ticket
from openstack_rca.rca.render.text_report import render_text_plain
from openstack_rca.rca.report.report import FileSummary, Report

REPORTS = [report_samples.confirmed, report_samples.healthy, report_samples.inconclusive]
HOSTILE = "\x1b[31m`]|<b>\u202e [link](http://x) @all " + "word " * 200


def with_checks(checks: list[str]) -> Report:
    report = report_samples.confirmed()
    return report.model_copy(update={"causes": [report.causes[0].model_copy(update={"next_checks": checks})]})


def on_screen(report: Report, width: int = 80) -> list[str]:
    """Lines of the short report on a screen without colours."""
    output = io.StringIO()
    short_report.render_short(report, Console(file=output, width=width, color_system=None, legacy_windows=False))
    return output.getvalue().splitlines()


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("make", [*REPORTS, lambda: hostile_report.hostile(HOSTILE)])
def test_the_answer_fits_on_one_screen(make: object, width: int) -> None:
    """At most 25 lines, none wider than the screen, whatever the logs hold."""
    lines = on_screen(make(), width)  # type: ignore[operator]
    assert len(lines) <= short_report.MOST_LINES
    assert max(cell_len(line) for line in lines) <= width
    assert "\x1b" not in "".join(lines)


def test_the_screen_holds_verdict_why_proof_what_to_do_causes_checks_and_the_id() -> None:
    """What an operator under pressure needs, in this order."""
    report = report_samples.confirmed()
    text = " ".join(" ".join(on_screen(report)).split())
    wanted = ["CONFIRMED", "mariadb on controller", "Why:", "Proof:", "controller/mariadb.log:88", "Do:", "Causes"]
    places = [text.index(word) for word in [*wanted, "Checks that change nothing", report.id]]
    assert places == sorted(places)


@pytest.mark.parametrize("width", [40, 60, 80])
def test_the_time_of_an_onset_is_never_cut(width: int) -> None:
    """Long names of hosts go before it, in the first lines and in the list of causes."""
    report = report_samples.confirmed()
    hosts = ",".join(f"compute{number}.region-one.cloud.example.org" for number in range(1, 4))
    causes = [cause.model_copy(update={"host": hosts}) for cause in report.causes]
    shown = on_screen(report.model_copy(update={"causes": causes}), width)
    assert "since 2026-03-09 14:02:09 UTC" in " ".join(shown[:4])
    assert any(line.startswith("  2  14:03:46 UTC  rabbitmq") for line in shown)


@pytest.mark.parametrize("width", [40, 60, 80])
def test_the_words_that_a_signature_knows_stand_on_a_narrow_screen_too(width: int) -> None:
    """The rest of the line goes before them."""
    report = report_samples.confirmed()
    line = f"{'introduction ' * 30}the quorum was lost by two members {'further words ' * 30}"
    proof = report.causes[0].evidence[0].model_copy(update={"text": line, "matched": "the quorum was lost"})
    causes = [report.causes[0].model_copy(update={"evidence": [proof]}), *report.causes[1:]]
    shown = " ".join(" ".join(on_screen(report.model_copy(update={"causes": causes}), width)).split())
    assert "the quorum was lost" in shown


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_a_long_check_can_be_copied_whole(width: int) -> None:
    """A shell reads its lines as one command, none is wider than the screen, and no quoted word is broken."""
    quoted = "'level=~\"ERROR|CRITICAL\" of it'"
    check = f"{'openstack server show ' * 6}--logs {quoted}"
    report = with_checks([check])
    for shown in (on_screen(report, width), render_text_plain(report, width).splitlines()):
        first = next(
            at
            for at, line in enumerate(shown)
            if line.removeprefix("    $").startswith("  openstack ") or line.startswith("    $ openstack")
        )
        last = next(at for at, line in enumerate(shown) if quoted in line)
        assert max(cell_len(line) for line in shown[first : last + 1]) <= width
        typed = "\n".join(shown[first : last + 1]).strip().removeprefix("$ ")
        # What POSIX has a shell do first.
        assert shlex.split(typed.replace("\\\n", "")) == shlex.split(check)


@pytest.mark.parametrize(("width", "lines"), [(40, 5), (60, 4), (80, 3), (120, 3)])
def test_a_proof_has_three_lines_and_more_where_the_screen_is_narrow(width: int, lines: int) -> None:
    """So that it still says as much."""
    report = report_samples.confirmed()
    proof = report.causes[0].evidence[0].model_copy(update={"text": "abc de " * 300, "matched": ""})
    causes = [report.causes[0].model_copy(update={"evidence": [proof]}), *report.causes[1:]]
    shown = on_screen(report.model_copy(update={"causes": causes}), width)
    starts = [next(at for at, line in enumerate(shown) if line.startswith(name)) for name in ("Proof:", "Do:")]
    assert starts[1] - starts[0] == lines


def test_the_last_line_calls_the_program_as_its_reader_does() -> None:
    """In a checkout without an activated environment that is a path; the line is never broken, so that it can be copied."""
    output = io.StringIO()
    report = report_samples.healthy()
    short_report.render_short(report, Console(file=output, width=60), "/opt/rca/bin/openstack-rca")
    assert f"/opt/rca/bin/openstack-rca report show {report.id} --full" in output.getvalue()


def test_of_a_long_answer_the_first_three_causes_and_checks_are_shown() -> None:
    """And three lines of what is missing; the rest stands in the whole report."""
    report = report_samples.confirmed()
    checks = [f"check number {number}" for number in range(1, 6)]
    first = report.causes[0].model_copy(update={"next_checks": checks})
    lines = on_screen(report.model_copy(update={"causes": [first, *([report.causes[1]] * 4)]}))
    assert [line[2] for line in lines if line.startswith("  ") and line[2:3].isdigit()] == ["1", "2", "3"]
    assert [line.strip() for line in lines if "check number" in line] == checks[:3]
    unsure = report_samples.inconclusive().model_copy(update={"missing": ["word " * 60]})
    told = on_screen(unsure)
    place = next(number for number, line in enumerate(told) if line.startswith("Missing:"))
    assert told[place + 2].startswith("         word") and not told[place + 3].startswith(" ")


def test_a_check_that_has_no_room_on_the_screen_is_left_out() -> None:
    """Half a command is of no use; the ones that have room are shown."""
    shown = on_screen(with_checks(["openstack server show " * 80, "systemctl status mariadb"]))
    assert shown[shown.index("Checks that change nothing") + 1 : -1] == ["  systemctl status mariadb"]


def test_a_healthy_answer_names_no_component_and_no_check() -> None:
    """Verdict, why, and what to do if the trouble goes on."""
    text = "\n".join(on_screen(report_samples.healthy()))
    assert "NO FAILURE FOUND" in text
    assert "Causes" not in text and "Checks" not in text


@pytest.mark.parametrize("make", [*REPORTS, lambda: hostile_report.hostile(HOSTILE)])
def test_a_ticket_has_at_most_thirty_lines(make: object) -> None:
    """Markdown in which nothing of the logs is interpreted."""
    text = ticket.render_ticket(make())  # type: ignore[operator]
    assert len(text.splitlines()) <= ticket.MOST_LINES
    assert "\x1b" not in text and "\u202e" not in text


def test_a_ticket_proves_what_it_says() -> None:
    """Cause, category, file and line, remedy, and how to confirm it."""
    report = report_samples.confirmed()
    text = ticket.render_ticket(report)
    for words in ("**CONFIRMED** mariadb on controller", "controller/mariadb.log:88", "To do:", f"confirm {report.id}"):
        assert words in text


def test_a_ticket_names_what_could_not_be_read() -> None:
    """Not what is no log."""
    files = [
        FileSummary(file=name, lines=0, events=0, unknown_lines=0, format="skipped", skip=reason)
        for name, reason in (("nova/nova-api.log", SkipReason.UNREADABLE), ("wtmp", SkipReason.BINARY))
    ]
    text = ticket.render_ticket(report_samples.confirmed().model_copy(update={"files": files}))
    assert "\nNot read, or only in part: `nova/nova-api.log` (may not be read)\n" in text


@pytest.mark.parametrize(("count", "told"), [(3, "(may not be read)\n"), (5, "(may not be read) and 2 more\n")])
def test_of_many_files_that_could_not_be_read_a_ticket_names_three(count: int, told: str) -> None:
    """And counts the others."""
    files = [
        FileSummary(
            file=f"{number}.log", lines=0, events=0, unknown_lines=0, format="skipped", skip=SkipReason.UNREADABLE
        )
        for number in range(count)
    ]
    text = ticket.render_ticket(report_samples.confirmed().model_copy(update={"files": files}))
    (line,) = [line + "\n" for line in text.splitlines() if line.startswith("Not read")]
    assert line.endswith(f"`2.log` {told}") and "3.log" not in line


def test_the_names_of_causes_stand_in_one_column() -> None:
    """Also where nobody knows since when."""
    report = report_samples.confirmed()
    causes = [report.causes[0], report.causes[1].model_copy(update={"onset": None})]
    first, second = (
        line for line in on_screen(report.model_copy(update={"causes": causes})) if line[:4] in ("  1 ", "  2 ")
    )
    assert first.index("mariadb") == second.index("rabbitmq")


SCREEN = """\
CONFIRMED  mariadb on controller  since 2026-03-09 14:02:09 UTC
93 % of such answers right
Why:     The database server on controller went away at 14:02:09 and refused
         every connection from nova, neutron, keystone and cinder until
         14:06:40.
Proof:   controller/mariadb.log:88  /usr/sbin/mariadbd (initiated by: unknown):
         Normal shutdown
Do:      Start the database server on controller (systemctl start mariadb), then
         find out what stopped it: the journal of that host names the process or
         person that sent the signal.
Also:    rabbitmq on controller failed on its own account. Trouble again from
         14:42:11 to 14:45:16 UTC: glance-api on controller (LIKELY).
Causes, most likely first
  1  14:02:09 UTC  mariadb on controller  process-down
  2  14:03:46 UTC  rabbitmq on controller  messaging
Checks that change nothing
  ssh controller systemctl status mariadb
  ssh controller journalctl -u mariadb --since '2026-03-09 14:00:00' --no-pager
All of it: openstack-rca report show ID --full"""
UNSURE_SCREEN = """\
INCONCLUSIVE  best guess: cinder-volume
Why:     Requests to the block storage fail, but the logs of the block storage
         itself are not here.
Proof:   nova-compute.log:9  Database connection was found disconnected;
         reconnecting: ... OperationalError) (2003, "Can't connect to MySQL
         server on 'controller' ([Errno 111])")
Do:      Check: openstack volume service list
Missing: no log of any cinder service (and 1 more)
Checks that change nothing
  openstack volume service list
All of it: openstack-rca report show ID --full"""
DISCONNECTED = (
    "`Database connection was found disconnected; reconnecting: oslo_db.exception.DBConnectionError: "
    "(pymysql.err.OperationalError) (2003, \"Can't connect to MySQL server on 'controller' ([Errno 111])\")`"
)
TICKET = f"""\
**CONFIRMED** mariadb on controller (process-down), since 2026-03-09 14:02:09 UTC

The database server on controller went away at `14:02:09` and refused every connection from nova, neutron, keystone and \
cinder until `14:06:40`.

Reported as: Instances stay in BUILD and the dashboard answers with 503

Proof:
- `controller/mariadb.log:88` `/usr/sbin/mariadbd (initiated by: unknown): Normal shutdown`
- `controller/nova-conductor.log:412` {DISCONNECTED}
- `controller/keystone.log:1207` {DISCONNECTED}
- `controller/neutron-server.log:2240` {DISCONNECTED}

To do: Start the database server on controller (systemctl start mariadb), then find out what stopped it: the journal of \
that host names the process or person that sent the signal.

Checks that change nothing:
- `ssh controller systemctl status mariadb`
- `ssh controller journalctl -u mariadb --since '2026-03-09 14:00:00' --no-pager`

Also: rabbitmq on controller failed on its own account. Trouble again from `14:42:11` to `14:45:16` UTC: glance-api \
on controller (LIKELY).

Report `ID`; once you know: `openstack-rca confirm ID --cause COMPONENT`
"""
UNSURE_TICKET = f"""\
**INCONCLUSIVE** cinder-volume (storage)

Requests to the block storage fail, but the logs of the block storage itself are not here.

Reported as: Volumes cannot be attached

Proof:
- `nova-compute.log:9` {DISCONNECTED}

To do: Check: openstack volume service list

Checks that change nothing:
- `openstack volume service list`

Report `ID`; once you know: `openstack-rca confirm ID --cause COMPONENT`
"""


@pytest.mark.parametrize(
    ("make", "screen", "text"),
    [(report_samples.confirmed, SCREEN, TICKET), (report_samples.inconclusive, UNSURE_SCREEN, UNSURE_TICKET)],
)
def test_the_whole_answer_stands_as_it_is_read(make: Callable[[], Report], screen: str, text: str) -> None:
    """Word for word, on a screen of 80 columns and in a ticket."""
    report = make()
    assert "\n".join(on_screen(report)) == screen.replace("ID", report.id)
    assert ticket.render_ticket(report) == text.replace("`ID`", f"`{report.id}`").replace(" ID ", f" {report.id} ")


def test_a_cause_that_is_only_less_likely_is_named_as_that() -> None:
    """Unlike one that failed on its own account; three of them at most."""
    report = report_samples.confirmed()
    rival = report.causes[1].model_copy(update={"independent": False})
    more = [rival.model_copy(update={"component": name}) for name in ("keystone", "nova-api", "glance-api", "heat-api")]
    text = ticket.render_ticket(report.model_copy(update={"causes": [report.causes[0], *more], "episodes": []}))
    assert "Less likely: keystone on controller, nova-api on controller, glance-api on controller\n" in text
    assert "Also:" not in text
