"""Log text is made harmless, and what was changed stays visible."""

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from openstack_rca.plain_text import shorten, sized
from openstack_rca.rca.report.sanitise import (
    LINE_LIMIT,
    markdown_cell,
    markdown_code,
    markdown_fence,
    markdown_prose,
    one_line,
)

MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text", "plain text"),
        ("\x1b[1;31mERROR\x1b[0m here", "ERROR here"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("\x1b[2Jgone", "\\x1b[2Jgone"),
        ("\x9b1A", "\\x9b1A"),
        ("a\tb\nc\r\nd", "a b c  d"),
        ("user=\u202etxt.exe", "user=\\u202etxt.exe"),
        ("zero\u200bwidth\ufeff", "zero\\u200bwidth\\ufeff"),
        ("\U000e0041", "\\U000e0041"),
        ("caf\u00e9 \u65e5\u672c e\u0301", "caf\u00e9 \u65e5\u672c e\u0301"),
        ("line\u2028separator", "line\\u2028separator"),
        ("no\u00a0break", "no break"),
        ("\u3164", "\\u3164"),
        ("i\ufe0f", "i\\ufe0f"),
    ],
)
def test_what_is_not_seen_is_shown(text: str, shown: str) -> None:
    """Colours go, white space becomes spaces, other invisible or acting characters become escapes; words stay."""
    assert one_line(text) == shown


def test_stacks_of_combining_marks_end() -> None:
    """Three marks on a letter are writing, forty are an attack on the lines above."""
    assert one_line("e" + "\u0301" * 3) == "e" + "\u0301" * 3
    assert one_line("e" + "\u0301" * 5) == "e" + "\u0301" * 3 + "\\u0301" * 2


@given(st.text(), st.integers(min_value=1, max_value=300))
def test_one_line_is_printable_and_short(text: str, limit: int) -> None:
    """Whatever comes in, one printable line within the limit comes out."""
    line = one_line(text, limit)
    assert line.isprintable()
    assert len(line) <= limit


@given(st.text())
def test_one_line_is_stable(text: str) -> None:
    """Text that went through once is not changed by a second pass."""
    once = one_line(text)
    assert one_line(once) == once


def test_long_lines_keep_both_ends() -> None:
    """The middle of a long line is left out, and the line says how much that is."""
    line = one_line("begin" + "x" * 1_000_000 + "end")
    assert len(line) <= LINE_LIMIT
    assert line.startswith("begin")
    assert line.endswith("end")
    kept = line.count("x")
    left_out = int(line.split("[... ")[1].split(" ")[0])
    assert kept + left_out == 1_000_000


@given(st.text(alphabet="ab", max_size=400), st.integers(min_value=1, max_value=200))
def test_shorten_never_exceeds_its_limit(text: str, limit: int) -> None:
    """A text within the limit stays as it is, any other ends up within it."""
    short = shorten(text, limit)
    assert len(short) <= limit
    assert (short == text) == (len(text) <= limit)


@pytest.mark.parametrize(
    ("size", "told"), [(0, "0 kB"), (1, "1 kB"), (28_131, "29 kB"), (436_232, "0.4 MB"), (1_234_500_000, "1,234.5 MB")]
)
def test_a_small_size_is_not_nothing(size: int, told: str) -> None:
    assert sized(size) == told


@given(st.text(alphabet="`ab\n|<>*", min_size=1))
@example("```\n*a*")
def test_a_fence_holds_its_text(text: str) -> None:
    """A Markdown reader finds one code block with the text in it and nothing else."""
    tokens = MARKDOWN.parse(markdown_fence(text))
    assert [token.type for token in tokens] == ["fence"]
    assert tokens[0].content == text + "\n"


@given(st.text(alphabet="`ab |<>*\\", min_size=1))
def test_a_code_span_holds_its_text(text: str) -> None:
    """A Markdown reader finds one code span with the text in it (white space at its ends aside)."""
    code = markdown_code(text)
    children = [token for token in MARKDOWN.parseInline(f"x{code}x")[0].children or [] if token.type != "text"]
    stripped = text.strip()
    assert [(token.type, token.content) for token in children] == ([("code_inline", stripped)] if stripped else [])


@given(st.text(alphabet="`ab|<\\*"))
def test_a_cell_does_not_end_its_column(text: str) -> None:
    """However many pipes there are, the row keeps its two cells, with the text in the first."""
    tokens = MARKDOWN.parse(f"| a | b |\n| --- | --- |\n| {markdown_cell(text)} | second |")
    cells = [
        "".join(child.content for child in token.children or [])
        for before, token in pairwise(tokens)
        if before.type == "td_open"
    ]
    assert cells == [text, "second"]


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        ("The broker is down, since 3.5 hours (it says).", "The broker is down, since 3.5 hours (it says)."),
        ("It is likely (58 %), not sure: 9 %.", "It is likely (58 %), not sure: 9 %."),
        ("a %% b %{x} 5 %", "a `%%` b `%{x}` 5 %"),
        ("see http://evil.example/ now", "see `http://evil.example/` now"),
        ("ask @everyone about #1", "ask `@everyone` about `#1`"),
        ("*a* _b_ <b>", "`*a* _b_ <b>`"),
        ("1. not a list", "`1`. not a list"),
        ("there were 2. Then none", "there were 2. Then none"),
        ("- not a list", "`-` not a list"),
        ("the file nova_api.log.", "the file `nova_api.log`."),
        ("www.evil.example", "`www.evil.example`"),
    ],
)
def test_prose_keeps_words_and_boxes_the_rest(text: str, markdown: str) -> None:
    """Plain sentences stay readable; whatever could be markup in some dialect is put in a code span."""
    assert markdown_prose(text) == markdown


@given(st.text(alphabet="ab1 %`*_[]()<>#-+.:/@!&\\~|\"'=\n", min_size=1))
def test_nothing_in_prose_is_interpreted(text: str) -> None:
    """At the start of a block or behind a bullet, a Markdown reader finds text and code only."""
    for prefix, blocks in (("", 1), ("- ", 1)):
        tokens = MARKDOWN.parse(prefix + markdown_prose(text))
        inline = [token for token in tokens if token.type == "inline"]
        assert len(inline) <= blocks
        assert {child.type for token in inline for child in token.children or []} <= {"text", "code_inline"}
        assert {token.type.split("_")[0] for token in tokens} <= {"paragraph", "inline", "bullet", "list"}
        assert sum(token.type.endswith("list_open") for token in tokens) == (1 if prefix else 0)
