"""The report as Markdown for tickets."""

import re

import hostile_report
import pytest
import report_samples
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from openstack_rca.rca.render.excerpts import grouped, like_text
from openstack_rca.rca.render.markdown_report import render_markdown
from openstack_rca.rca.render.wording import alone, confidence_text, counts, spot
from openstack_rca.rca.report.report import Report
from openstack_rca.rca.report.sanitise import one_line

MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])
INLINE = {"text", "code_inline", "strong_open", "strong_close"}


def tokens_of(report: Report) -> list[Token]:
    return MARKDOWN.parse(render_markdown(report))


def seen(tokens: list[Token]) -> str:
    """Return what a reader of the rendered page sees, on one line."""
    parts = [token.content for token in tokens if token.type in ("fence", "code_block")]
    parts += ["".join(child.content for child in token.children or []) for token in tokens if token.type == "inline"]
    return " ".join(" ".join(parts).split())


def test_all_facts_are_there() -> None:
    """Every cited place, count, log line, cause, hop, gap, check and the origin of the answer can be read."""
    report = report_samples.confirmed()
    text = seen(tokens_of(report))
    for cause in report.causes:
        for group in grouped(cause.evidence):
            item = group.item
            for fact in (spot(item), counts(item), item.text, item.why, like_text(group)):
                assert fact in text
        for part in cause.confidence_parts:
            assert (confidence_text(part) in text) == (part.value != 0)
        for fact in (cause.statement, cause.remedy, *cause.next_checks, cause.category.value):
            assert fact in text
    for hop in report.chain:
        assert f"{'->' if hop.supported else '->?'} {hop.target}{': ' + hop.note if hop.note else ''}" in text
    for fact in (
        *(entry.text for entry in report.timeline),
        *(f"{entry.component}: {entry.reason}" for entry in report.ruled_out),
        *report.blast_radius,
        *report.missing,
        *report.model.notices,
        report.command,
        report.issue,
        report_samples.DIGEST,
        "lstm_model, version 15, from cache",
        "CONFIRMED: mariadb on controller, since 2026-03-09 14:02:09 UTC, 93 % of such answers right",
        "rabbitmq on controller failed on its own account",
    ):
        assert fact in text


def test_the_first_five_lines_are_the_point() -> None:
    """Title, why, proof, what to do and what else went wrong stand on the first five lines."""
    lines = render_markdown(report_samples.confirmed()).splitlines()[:5]
    assert [line.split(" ")[1] for line in lines] == ["CONFIRMED:", "**Why:**", "**Proof:**", "**Do:**", "**Also:**"]


def test_requests_and_episodes_are_told() -> None:
    """The steps of a failed request, and a further stretch of trouble with the options that look at it alone."""
    report = report_samples.confirmed()
    text = seen(tokens_of(report))
    for step in report.requests[0].steps:
        for fact in (step.level, f"{step.component} on {step.host}", f"{step.file}:{step.line}", step.text):
            assert fact in text
    (episode,) = report.episodes
    for fact in (episode.statement, spot(episode.evidence[0]), episode.evidence[0].text, alone(episode)):
        assert fact in text


def test_short_reports_have_no_empty_parts() -> None:
    """A healthy report has a headline and its origin, and no heading without anything below it."""
    headings = re.findall(r"^#+ .*$", render_markdown(report_samples.healthy()), re.MULTILINE)
    assert headings == ["# NO FAILURE FOUND", "## How this was found"]


def test_an_unsure_report_says_so() -> None:
    """The title calls a guess a guess, and what was not seen stands in the first lines."""
    head = render_markdown(report_samples.inconclusive()).split("## ")[0]
    assert "# INCONCLUSIVE: best guess `cinder-volume`\n" in head
    assert "**Proof:** `nova-compute.log:9` `Database connection" in head
    assert "**Missing:** no log of any cinder service" in head


def test_log_lines_stand_in_code_only() -> None:
    """The text of the evidence is in fenced blocks, and as proof in code within the first lines; nowhere else."""
    marker = "a line that only the log holds"
    report = report_samples.inconclusive()
    item = report.causes[0].evidence[0].model_copy(update={"text": marker})
    cause = report.causes[0].model_copy(update={"evidence": [item]})
    tokens = tokens_of(report.model_copy(update={"causes": [cause]}))
    proof, fence = (token for token in tokens if marker in token.content)
    assert fence.type == "fence"
    assert [part.type for part in proof.children or [] if marker in part.content] == ["code_inline"]


@pytest.mark.parametrize("name", sorted(hostile_report.HOSTILE_LINES))
def test_hostile_lines_are_not_interpreted(name: str) -> None:
    """Fences, links, pictures, tags, mentions and tables of a log line stay text."""
    assert_harmless(hostile_report.HOSTILE_LINES[name])


@settings(max_examples=60, deadline=None)
@given(
    (st.text(max_size=120) | st.text(alphabet="`*_[]()<>#-+.:/@!&\\~|ab1 \n", max_size=60)).filter(
        lambda text: one_line(text).strip()
    )
)
def test_any_text_is_harmless(text: str) -> None:
    """Whatever the text (blank ones leave parts out), the page has the structure that a plain word gives it."""
    assert_harmless(text)


def assert_harmless(text: str) -> None:
    markdown = render_markdown(hostile_report.hostile(text))
    assert markdown.replace("\n", "").isprintable()
    tokens = MARKDOWN.parse(markdown)
    assert [token.type for token in tokens] == [token.type for token in tokens_of(hostile_report.hostile("word"))]
    children = [child for token in tokens if token.type == "inline" for child in token.children or []]
    assert {child.type for child in children} <= INLINE
    for child in children:
        if child.type == "text":
            assert not re.search(r"://|www\.|@\w|[<>`*_\[\]]", child.content)
