"""Log text never becomes markup: held over the sources of the pages, and over what the pages send to the browser."""

import ast
import re
from pathlib import Path

import pytest
from dashboard_helpers import HOSTILE, hostile_logs, open_page, press, words_of

from openstack_rca.dashboard.words import plain, prose, rows_apart, without_marks
from trained_environment import ROOT

DASHBOARD = ROOT / "src" / "openstack_rca" / "dashboard"
READS_MARKDOWN = {
    "badge", "button", "caption", "checkbox", "chat_input", "chat_message", "download_button", "error", "expander",
    "file_uploader", "form_submit_button", "header", "info", "link_button", "markdown", "metric", "multiselect",
    "number_input", "pills", "popover", "progress", "radio", "segmented_control", "selectbox", "slider", "spinner", "status",
    "subheader", "success", "tabs", "text_area", "text_input", "title", "toast", "toggle", "warning", "write",
}  # fmt: skip
"""Streamlit's calls whose first argument is Markdown."""
MADE_HARMLESS = {"prose", "sentence"}
NUMBERS = "defg%"


def sources() -> list[Path]:
    return sorted(DASHBOARD.rglob("*.py"))


def unsafe_calls(source: str) -> list[int]:
    """Lines where something other than a constant, a number or harmless prose goes to a call that reads Markdown."""
    found = []
    ours = {number for number, line in enumerate(source.splitlines(), 1) if line.rstrip().endswith("# ours")}
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if node.func.attr == "html" and not _is_constant(node.args[0]):
            found.append(node.lineno)
        if node.func.attr not in READS_MARKDOWN or node.lineno in ours:
            continue
        texts = [
            *node.args[:1],
            *(item.value for item in node.keywords if item.arg in ("text", "label", "help", "body")),
        ]
        if node.func.attr == "progress":
            texts = texts[1:]
        found += [text.lineno for text in texts if not _is_safe(text)]
    return found


def _is_constant(node: ast.expr) -> bool:
    """A literal, or a name in capitals: a constant of ours."""
    if isinstance(node, ast.Subscript):
        return _is_constant(node.value)
    return isinstance(node, ast.Constant) or (isinstance(node, ast.Name) and node.id.isupper())


def _is_safe(node: ast.expr) -> bool:
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute) and node.func.attr == "get":
            return _is_constant(node.func.value) and all(isinstance(item, ast.Constant) for item in node.args[1:])
        return isinstance(node.func, ast.Name) and node.func.id in MADE_HARMLESS
    if isinstance(node, ast.IfExp):
        return _is_safe(node.body) and _is_safe(node.orelse)
    if isinstance(node, ast.BoolOp):
        return all(_is_safe(value) for value in node.values)
    if isinstance(node, ast.List):
        return all(_is_safe(item) for item in node.elts)
    if isinstance(node, ast.JoinedStr):
        return all(_is_safe_part(part) for part in node.values)
    return _is_constant(node)


def _is_safe_part(part: ast.expr) -> bool:
    if not isinstance(part, ast.FormattedValue):
        return True
    # A format of numbers raises on a text.
    is_number = part.format_spec is not None and ast.unparse(part.format_spec).rstrip("'\"")[-1] in NUMBERS
    return is_number or _is_safe(part.value)


@pytest.mark.parametrize("path", sources(), ids=lambda path: path.relative_to(DASHBOARD).as_posix())
def test_what_reads_markdown_or_html_gets_no_foreign_text(path: Path) -> None:
    """Labels, headings and notices are constants, numbers, or text that went through ``prose``; HTML is constant."""
    assert unsafe_calls(path.read_text()) == []


def test_no_page_allows_html() -> None:
    """Neither HTML in Markdown nor scripts are ever turned on."""
    assert [path.name for path in sources() if "unsafe_allow" in path.read_text()] == []


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("st.markdown(line)", [1]),
        ("st.caption(f'from {host}')", [1]),
        ("st.button(label=name)", [1]),
        ("st.progress(0.5, text=note)", [1]),
        ("column.warning(str(error))", [1]),
        ("st.html(text)", [1]),
        ("st.tabs(['a', name])", [1]),
        ("st.markdown('**bold**')\nst.caption(f'{count:d} of {prose(name)}')\nst.html(STYLE)", []),
        ("st.badge(WORDS[verdict])\nst.error(sentence(error))\nst.progress(0.5, text='half')", []),
    ],
)
def test_the_check_sees_each_way_to_pass_foreign_text(source: str, expected: list[int]) -> None:
    """Names, calls, parts of f-strings and keywords: none slips through."""
    assert unsafe_calls(source) == expected


def test_harmless_text_keeps_its_words_and_loses_its_powers() -> None:
    """Plain text has no escapes and no overrides; prose has every suspicious word in code."""
    assert "\x1b" not in plain(HOSTILE)
    assert "\u202e" not in plain(HOSTILE)
    assert "<script>" in plain(HOSTILE)
    outside_of_code = re.sub(r"(`+).*?(?<!`)\1(?!`)", "", prose(HOSTILE))
    assert not set("<>[]*$`") & set(outside_of_code)
    assert prose("password=hunter2hunter2 was refused").count("hunter2") == 0


def test_a_description_is_read_without_the_marks_of_markdown() -> None:
    """Its lines stay lines, code and links are their words, and what is harmful is taken off."""
    text = "Of `/var/log/kolla`\n\n- made by [run 544e](#/runs/544e57)\n\x1b[31m"
    assert without_marks(text).splitlines()[:2] == ["Of /var/log/kolla", "- made by run 544e"]
    assert "\x1b" not in without_marks(text)


def test_a_hostile_log_line_reaches_the_page_as_text_only(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In an answer on logs full of markup, what reads Markdown or HTML has none of it, and what is literal shows it."""
    logs = hostile_logs(tmp_path / "hostile")
    monkeypatch.setenv("OPENSTACK_RCA_LOG_ROOTS", str(logs.parent))
    app = open_page()
    app.segmented_control(key="log_kind").set_value("Server path").run()
    app.selectbox(key="log_path").set_value(str(logs)).run()
    app = app.chat_input[0].set_value("nothing can be created").run()
    assert "% of such answers right" in words_of(app)
    assert any("<script>" in str(code.value) for code in app.code)
    for kind in ("markdown", "caption", "error", "warning", "info", "success", "html"):
        for element in app.get(kind):
            assert "harmed" not in str(getattr(element, "value", element)), kind
    assert press(app, "Refresh model")


def test_rows_that_a_screen_breaks_show_where_each_begins() -> None:
    """A line break of a log within a row begins none."""
    assert rows_apart(["04:00  a\n\nb", "04:01  c"]) == "04:00  a  b\n\n04:01  c"
