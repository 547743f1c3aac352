"""The report on a terminal, in a pipe and in a file."""

import io
import re
from collections.abc import Callable

import hostile_report
import pytest
import report_samples
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from openstack_rca.rca.render.excerpts import grouped, like_text
from openstack_rca.rca.render.short_report import render_short
from openstack_rca.rca.render.text_report import render_text, render_text_plain
from openstack_rca.rca.render.wording import alone, confidence_text, counts, kind_text, spot
from openstack_rca.rca.report.report import Report

REPORTS = [report_samples.confirmed, report_samples.healthy, report_samples.inconclusive]
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def words(text: str) -> str:
    """Return ``text`` on one line, so that line breaks between words do not matter."""
    return " ".join(text.split())


def on_terminal(report: Report, width: int = 100, **options: object) -> str:
    output = io.StringIO()
    render_text(report, Console(file=output, width=width, force_terminal=True, legacy_windows=False, **options))  # type: ignore[arg-type]
    return output.getvalue()


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("make", REPORTS)
def test_the_first_lines_are_those_of_the_short_form(make: Callable[[], Report], width: int) -> None:
    """On a terminal: verdict, component, since when, why, the line that proves it, what to do, and what is missing."""
    report, output = make(), io.StringIO()
    render_short(report, Console(file=output, width=width, color_system=None, legacy_windows=False))
    head = on_terminal(report, width, color_system=None).split("\n\n")[0]
    assert output.getvalue().startswith(head)


def test_in_a_file_nothing_of_the_first_lines_is_cut() -> None:
    """What proves the answer is wrapped where no screen has to be saved."""
    report = report_samples.confirmed()
    first = report.causes[0]
    line = f"{'a long introduction ' * 6}and at its end no space is left {'for what follows ' * 6}here"
    proof = first.evidence[0].model_copy(update={"text": line})
    told = report.model_copy(update={"causes": [first.model_copy(update={"evidence": [proof]}), *report.causes[1:]]})
    head = words(" ".join(render_text_plain(told, 60).splitlines()[:20]))
    assert line in head and " ..." not in head
    assert line not in words(on_terminal(told, 60, color_system=None).split("Causes")[0])


def test_an_unsure_report_says_first_what_it_lacks() -> None:
    """Without a sure cause the first lines name the guess as a guess, its line, and what was not seen."""
    head = words(render_text_plain(report_samples.inconclusive(), 80).split("\n\n")[0])
    assert "Proof: nova-compute.log:9 Database connection was found disconnected" in head
    assert "INCONCLUSIVE best guess: cinder-volume Why:" in head
    assert "Missing: no log of any cinder service" in head
    assert "Do: Check: openstack volume service list" in head


def test_a_healthy_report_accuses_nobody() -> None:
    """No failure found: verdict, why and what to do, and no table of causes."""
    text = render_text_plain(report_samples.healthy(), 80)
    assert text.splitlines()[0].strip() == "NO FAILURE FOUND"
    assert "Causes" not in text
    assert "Proof" not in text


def test_all_facts_are_there() -> None:
    """Every cited place, count, cause, hop, gap, check and the origin of the answer can be read."""
    report = report_samples.confirmed()
    text = words(render_text_plain(report, 400))
    for cause in report.causes:
        for group in grouped(cause.evidence):
            assert f"{spot(group.item)} " in text
            assert f"{counts(group.item)}, {kind_text(group.item)}" in text
            assert like_text(group) in text
        for part in cause.confidence_parts:
            assert (confidence_text(part) in text) == (part.value != 0)
        for fact in (cause.statement, cause.remedy, *cause.next_checks, cause.category.value):
            assert fact in text
    for hop in report.chain:
        assert f"{'->' if hop.supported else '->?'} {hop.target}{': ' + hop.note if hop.note else ''}" in text
    for entry in report.timeline:
        assert entry.text in text
    for entry in report.ruled_out:
        assert f"{entry.component}: {entry.reason}" in text
    for fact in (*report.blast_radius, *report.missing, *report.model.notices, report.command):
        assert fact in text
    for fact in ("lstm_model, version 15, from cache", report_samples.DIGEST, report.issue, "20,417 events"):
        assert fact in text


def test_a_failed_request_is_followed() -> None:
    """Each step has a line with time, level, component, host and place, and its text."""
    report = report_samples.confirmed()
    text = words(render_text_plain(report, 120))
    (path,) = report.requests
    assert f"{path.request_id} (instance {path.instance_id})" in text
    for step in path.steps:
        assert f"{step.level} {step.component} on {step.host} {step.file}:{step.line} {step.text}" in text


def test_further_trouble_is_told_with_how_to_look_at_it() -> None:
    """An episode has verdict, component, host, statement, first evidence and the options that look at it alone."""
    report = report_samples.confirmed()
    text = words(render_text_plain(report, 120))
    (episode,) = report.episodes
    told = text.split("Further trouble in the same logs")[1]
    assert "LIKELY glance-api on controller 66 % of such answers right, storage" in told
    for fact in (episode.statement, spot(episode.evidence[0]), episode.evidence[0].text, alone(episode)):
        assert fact in told


def test_simultaneous_causes_are_marked() -> None:
    """Causes that failed on their own account are said to have done so; a lone cause is not."""
    report = report_samples.confirmed()
    text = words(render_text_plain(report, 120))
    assert "Each failed on its own account: mariadb on controller, rabbitmq on controller." in text
    assert "own account" not in render_text_plain(report.model_copy(update={"causes": report.causes[:1]}), 120)


def test_hosts_are_never_broken_inside() -> None:
    """Several hosts wrap between their names."""
    report = report_samples.confirmed()
    cause = report.causes[1].model_copy(update={"host": "compute1,compute2,compute3"})
    lines = render_text_plain(report.model_copy(update={"causes": [report.causes[0], cause]}), 80).splitlines()
    for name in ("compute1", "compute2", "compute3"):
        assert any(name in line for line in lines)
    assert not any(line.strip() in ("comp", "ute3") for line in lines)


def test_what_to_do_stands_before_the_evidence() -> None:
    """Who reads on after the first lines finds the remedy next, then why it is believed."""
    text = render_text_plain(report_samples.confirmed(), 100)
    order = ["What to do about mariadb", "Cause 1: mariadb", "Causal chain", "Timeline", "Cause 2: rabbitmq"]
    assert sorted(order, key=text.index) == order


def test_places_stay_whole_at_eighty_columns() -> None:
    """A cited file:line can be copied from a narrow terminal: it is never broken over two lines."""
    report = report_samples.confirmed()
    lines = render_text_plain(report, 80).splitlines()
    for item in (group.item for cause in report.causes for group in grouped(cause.evidence)):
        assert any(spot(item) in line for line in lines)


@pytest.mark.parametrize("make", REPORTS)
@pytest.mark.parametrize("width", [20, 40, 80, 100, 200])
def test_no_line_is_wider_than_the_console(make: object, width: int) -> None:
    """Pipes, files and terminals of any width: no overlong line, no trailing blanks."""
    for line in render_text_plain(make(), width).splitlines():  # type: ignore[operator]
        assert cell_len(line) <= width
        assert line == line.rstrip()


@pytest.mark.parametrize("width", [20, 33])
def test_no_letter_is_lost_on_a_narrow_screen(width: int) -> None:
    """Words that do not fit go on in the next line."""
    report = report_samples.confirmed()
    first = report.causes[0].model_copy(update={"explains": ["neutron-server", "nova-conductor", "nova-scheduler"]})
    told = render_text_plain(report.model_copy(update={"causes": [first, *report.causes[1:]]}), width)
    assert "Explains:neutron-server,nova-conductor,nova-scheduler" in "".join(told.split())


def test_on_a_narrow_screen_labels_stand_apart_and_words_stay_whole() -> None:
    """No label is cut or glued to its text, and what stands behind a long mark goes on below it."""
    told = render_text_plain(report_samples.confirmed(), 20)
    lines = told.splitlines()
    assert all(any(line.startswith(label) for line in lines) for label in ("Why: The", "Proof:", "Do: Start"))
    timeline = told[told.index("Timeline") : told.index("Failed requests")]
    assert {"mariadb", "controller:", "connections"} <= set(timeline.split())
    assert "  Speaks for it:\n    direct evidence\n" in told


def test_colours_only_where_they_are_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal gets colours; NO_COLOR and a pipe get the same words without."""
    report = report_samples.confirmed()
    monkeypatch.delenv("NO_COLOR", raising=False)
    coloured = on_terminal(report, color_system="standard")
    assert "\x1b[" in coloured
    assert "\x1b" not in render_text_plain(report, 100)
    plain = on_terminal(report, color_system=None)
    assert words(COLOUR.sub("", coloured)) == words(plain)
    monkeypatch.setenv("NO_COLOR", "1")
    assert not re.search(r"\x1b\[[0-9;]*(3[0-7]|4[0-7]|9[0-7])[0-9;]*m", on_terminal(report, color_system="standard"))


def test_an_ascii_terminal_gets_ascii() -> None:
    """Where the output cannot take more than ASCII nothing fails: letters become escapes."""
    raw = io.BytesIO()
    output = io.TextIOWrapper(raw, encoding="ascii", errors="strict")
    render_text(hostile_report.hostile("caf\u00e9 \u65e5\u672c"), Console(file=output, width=80))
    output.flush()
    text = raw.getvalue().decode("ascii")
    assert "caf\\xe9 \\u65e5\\u672c" in text


def test_rich_markup_in_a_log_is_only_text() -> None:
    """Square brackets, closing tags and emoji codes of a log line are shown as they were written."""
    text = words(render_text_plain(hostile_report.hostile("[red]x[/red] [/] :boom: [link=http://a]y[/link]"), 200))
    assert "[red]x[/red] [/] :boom: [link=http://a]y[/link]" in text


@pytest.mark.parametrize("name", sorted(hostile_report.HOSTILE_LINES))
@pytest.mark.parametrize("width", [40, 80])
def test_hostile_lines_come_out_harmless(name: str, width: int) -> None:
    """No control character, no overlong line, no flood, whatever a log line holds."""
    text = render_text_plain(hostile_report.hostile(hostile_report.HOSTILE_LINES[name]), width)
    assert_harmless(text, width)
    assert len(text) < 200_000


@settings(max_examples=40, deadline=None)
@given(st.text(min_size=1, max_size=120), st.integers(min_value=24, max_value=120))
def test_any_text_is_harmless(text: str, width: int) -> None:
    """On a terminal with colours only rich's own colour codes remain, in lines that fit."""
    output = on_terminal(hostile_report.hostile(text), width, color_system="truecolor")
    assert_harmless(COLOUR.sub("", output), width)


def assert_harmless(text: str, width: int) -> None:
    for line in text.split("\n"):
        assert line.isprintable()
        assert cell_len(line) <= width
