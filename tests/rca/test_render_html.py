"""The report as one HTML page."""

from html.parser import HTMLParser

import hostile_report
import pytest
import report_samples
from hypothesis import given, settings
from hypothesis import strategies as st

from openstack_rca.rca.render.excerpts import grouped, like_text
from openstack_rca.rca.render.html_report import draw_chain, render_html
from openstack_rca.rca.render.text_pictures import chain_rows
from openstack_rca.rca.render.wording import alone, confidence_text, counts, request_text, spot
from openstack_rca.rca.report.report import Hop, Report

REPORTS = [report_samples.confirmed, report_samples.healthy, report_samples.inconclusive]
VOID = {"meta"}
KINDS = {"onset", "evidence", "silence", "recovery", "window"}


class Page(HTMLParser):
    """Tags in order (each with its attribute names), attribute values, and the text that a reader sees."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.structure: list[tuple[str, tuple[str, ...]]] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(page)
        self.close()
        self.text = " ".join(self.text.split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.structure.append((tag, tuple(name for name, _ in attrs)))
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        self.structure.append((f"/{tag}", ()))

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError("the page has no comments")


@pytest.mark.parametrize("make", REPORTS)
def test_the_page_needs_nothing_but_itself(make: object) -> None:
    """No script, no source, no link but to the page itself; the policy forbids the rest."""
    page = render_html(make())  # type: ignore[operator]
    parsed = Page(page)
    assert parsed.open == []
    assert not {"script", "img", "link", "iframe", "object"} & {tag for tag, _ in parsed.structure}
    assert "url(" not in page
    assert "@import" not in page
    for _, name, value in parsed.attributes:
        assert not name.startswith("on")
        assert name != "src"
        assert name != "href" or value.startswith("#")
    policy = next(value for tag, name, value in parsed.attributes if tag == "meta" and "default-src" in value)
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'")


def test_links_lead_somewhere() -> None:
    """The first proof of the banner leads to that piece of evidence."""
    parsed = Page(render_html(report_samples.confirmed()))
    identifiers = [value for _, name, value in parsed.attributes if name == "id"]
    assert len(identifiers) == len(set(identifiers)) == 9
    assert {value[1:] for _, name, value in parsed.attributes if name == "href"} <= set(identifiers)


def test_all_facts_are_there() -> None:
    """Every cited place, count, log line, cause, hop, gap, check and the origin of the answer can be read."""
    report = report_samples.confirmed()
    text = Page(render_html(report)).text
    for cause in report.causes:
        for group in grouped(cause.evidence):
            item = group.item
            for fact in (spot(item), counts(item), item.text, item.why, item.sort.value, like_text(group)):
                assert fact in text
        for part in cause.confidence_parts:
            assert (confidence_text(part) in text) == (part.value != 0)
        for fact in (cause.statement, cause.remedy, *cause.next_checks, cause.category.value):
            assert fact in text
    for hop in report.chain:
        note = f": {hop.note}" if hop.note else ""
        doubt = "" if hop.supported else " ? no log line states it"
        assert f"{hop.source} troubles {hop.target}{note}{doubt}" in text
    for fact in (
        *(entry.text for entry in report.timeline),
        *(f"{entry.component}: {entry.reason}" for entry in report.ruled_out),
        *(file.file for file in report.files),
        *report.blast_radius,
        *report.missing,
        *report.model.notices,
        report.command,
        report.issue,
        report_samples.DIGEST,
        "lstm_model, version 15, from cache",
        "rabbitmq on controller failed on its own account",
    ):
        assert fact in text


def test_requests_and_episodes_are_told() -> None:
    """The steps of a failed request, and a further stretch of trouble with the options that look at it alone."""
    report = report_samples.confirmed()
    text = Page(render_html(report)).text
    assert request_text(report.requests[0]) in text
    for step in report.requests[0].steps:
        for fact in (step.level, f"{step.component} on {step.host}", f"{step.file}:{step.line}", step.text):
            assert fact in text
    (episode,) = report.episodes
    for fact in (episode.statement, spot(episode.evidence[0]), episode.evidence[0].text, alone(episode)):
        assert fact in text


def test_the_plot_has_words_for_those_who_do_not_see_it() -> None:
    """The drawing is an image with a label and a description; what it shows is a table too."""
    parsed = Page(render_html(report_samples.confirmed()))
    label = next(value for tag, name, value in parsed.attributes if tag == "svg" and name == "aria-label")
    described = next(value for _, name, value in parsed.attributes if name == "aria-describedby")
    assert label == "Events, errors and anomaly scores of each component over time"
    assert ("p", "id", described) in parsed.attributes
    assert "Cause 1, mariadb, begins at 14:02:09.375." in parsed.text
    for fact in ("40 from 14:02:10", "0.999 from 14:02:10", "417 events, 374 errors"):
        assert fact in parsed.text


def test_the_banner_is_the_point() -> None:
    """Verdict, component, why, confidence, onset, proof and what to do stand before everything else."""
    banner = Page(render_html(report_samples.confirmed())).text.split("Summary")[0]
    for fact in (
        "CONFIRMED",
        "mariadb on controller",
        "93 %",
        "14:02:09 UTC",
        "controller/mariadb.log:88",
        "/usr/sbin/mariadbd (initiated by: unknown): Normal shutdown",
        "Do: Start",
    ):
        assert fact in banner
    unsure = Page(render_html(report_samples.inconclusive())).text.split("Causes, most likely first")[0]
    assert "Best guess: cinder-volume" in unsure
    assert "Proof: nova-compute.log:9 Database connection" in unsure
    assert "Missing: no log of any cinder service" in unsure


def test_both_themes_are_served() -> None:
    """The page follows the reader's preference for light or dark."""
    assert "@media (prefers-color-scheme: dark)" in render_html(report_samples.healthy())


@pytest.mark.parametrize("name", sorted(hostile_report.HOSTILE_LINES))
def test_hostile_lines_are_only_text(name: str) -> None:
    """Tags, template expressions and escapes of a log line are shown, never acted on."""
    assert_harmless(hostile_report.HOSTILE_LINES[name])


def test_a_script_is_shown_as_it_was_written() -> None:
    """What a hostile line says can still be read."""
    line = hostile_report.HOSTILE_LINES["script"]
    assert line in Page(render_html(hostile_report.hostile(line))).text


@settings(max_examples=60, deadline=None)
@given(
    st.text(min_size=1, max_size=120).filter(lambda text: text not in KINDS)
    | st.text(alphabet="<>&\"'/!-scriptabx={}%# ", min_size=1, max_size=60)
)
def test_any_text_leaves_the_structure_alone(text: str) -> None:
    """Whatever the text, the page has the same tags with the same attributes as with a plain word in its place."""
    assert_harmless(text)


def test_reports_without_chain_or_timeline_draw_nothing() -> None:
    """There is no empty drawing."""
    assert draw_chain([], set()) is None
    assert "<svg" not in render_html(report_samples.healthy())


def test_a_component_hangs_below_what_troubles_it() -> None:
    """Each box starts right of and below its parent; unsupported hops are marked, roots too."""
    rows = chain_rows(
        [
            Hop(source="mariadb", target="keystone", supported=True),
            Hop(source="keystone", target="nova", supported=False),
        ]
    )
    drawing = draw_chain(rows, {"mariadb"})
    assert drawing is not None
    first, second, third = drawing.boxes
    assert first.parent_y is None
    assert first.x < second.x < third.x
    assert first.y < second.y < third.y
    assert [box.supported for box in drawing.boxes] == [True, True, False]
    assert [box.root for box in drawing.boxes] == [True, False, False]
    assert drawing.width >= max(box.x + box.width for box in drawing.boxes)


def assert_harmless(text: str) -> None:
    page = render_html(hostile_report.hostile(text))
    assert page.replace("\n", "").isprintable()
    assert Page(page).structure == PLAIN.structure


def _plain() -> Report:
    return hostile_report.hostile("word")


PLAIN = Page(render_html(_plain()))
