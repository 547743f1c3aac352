"""Logs that went through a terminal, a browser, a ticket or a chat: what these put around or into the lines is undone.

Line numbers, quotes, fences of Markdown, an indent that all lines share, tags of HTML, lines that were wrapped at a width.
What is done is decided once a file, from its beginning.
"""

import html
import itertools
import re
from collections.abc import Callable, Sequence

from openstack_rca.logs.pieces import Piece
from openstack_rca.logs.prompts import is_of_shell, with_hosts_of_prompts
from openstack_rca.logs.states import with_states
from openstack_rca.logs.words_around import QUOTES, without_words
from openstack_rca.logs.wraps import BEGINS, unwrapped, wrapped_at

_SAMPLE_LINES = 400
_FIRST_LINES = 50
_SET_OFF = re.compile(
    rf"^([ \t]*(?:[-*+\u2022] +|\d{{1,2}}[.)] +)?)(\*\*|__|`|)(?={BEGINS.pattern.removeprefix('^')})(.*?)\2$"
)
_TELLS_TIME = re.compile(r"\d:\d\d:\d\d")
_HTML = re.compile(
    r"<(?:!doctype html|html|head|body|pre|span |a name=|tt>|div |table|ul|li |p>|ac:|h[1-6]>|\?xml|rss)", re.IGNORECASE
)
_ENTITIES = (
    ("<>", re.compile("&(?:lt|gt|#60|#62);")),
    ('"', re.compile("&(?:quot|#34|#x22);")),
)
_TAG = re.compile(r"</?[a-zA-Z!][^<>]*>")
# How XML sets off what is no mark-up: pages of Confluence as they are stored, tickets of Jira as they are exported.
_KEPT_AS_IS = (("<![CDATA[", "<pre>"), ("]]>", "</pre>"), ("&lt;pre", "<pre"), ("&lt;/pre", "</pre"))
_CELLS = re.compile(r"</t[dh]>\s*<t[dh][^<>]*>")
_NUMBERED = re.compile(r"^( *(\d{1,8})(?: *[\u2502\u2503]|[:.|-])?(?:\t|( *)))(.*)$")
# How `bat` frames what it shows, with the file's name above it.
_FRAME = re.compile(r"^[\u2500-\u257f]{4,}$")
_FRAMED = re.compile(r"^ {0,8}\d{0,8} {0,8}[\u2502\u2503] ?")
_FRAMED_FILE = re.compile(r"^ *[\u2502\u2503] (?:File: (.*)|Size: .*)$")
# What `diff -u` and `git diff` put before lines, and above them.
_HUNK = re.compile(r"^@@ -\d+(?:,\d+)? \+\d+(?:,\d+)? @@")
_OF_DIFF = re.compile(r"^(?:@@ -|diff |index [0-9a-f]+\.\.|--- |\+\+\+ |\\ No newline)")
# The name of a file above its lines, as `tail` and `rg` put it; the name of a host, as `ansible` and `pssh` do.
_FILE_HEADER = re.compile(r"^(?:==> (\S.*?) <==|((?:[\w.@~-]{1,255}/)*[\w.@-]{1,255}\.log[\w.-]{0,255}))$")
_HOST_HEADER = re.compile(
    r"^(?:([A-Za-z0-9][\w.-]*) \| [A-Z]+ \|(?: rc=\d+)? >>|\[\d+\] [\d:]+ \[[A-Z]+\] ([A-Za-z][\w.-]*))$"
)
# `salt '*' cmd.run` puts it above lines that are indented.
_INDENTED_HEADER = re.compile(r"^(([A-Za-z][\w.-]*)):$")
# `clush -b` and `dshbak` put the host between two rules, `more` the file.
_RULE = re.compile(r"^(?:-{8,}|={8,}|:{8,})$")
_RULED_HOST = re.compile(r"^[A-Za-z][\w.-]*$")
_SECTION = re.compile(r"^#==\[ .+ \]=+#$")
_SECTION_FILE = re.compile(r"^# (/\S+?)(?: - Last \d+ Lines)?$")
# What a chat puts above what somebody wrote: a name and a clock, perhaps with a day.
_WRITER = re.compile(
    r"^\s*\[?[\w.'-][\w .'()-]{0,40}?[,:]?(?:\s+(?:\u2014|-|at|APP|BOT))?\s+(?:(?:Today|Yesterday)(?: at)? )?"
    r"\[?\d{1,2}:\d\d(?::\d\d)?(?: ?[AaPp]\.?[Mm]\.?)?\]?\s*$"
)
_CHAT_DAY = r"(?:\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4},? |\d{4}-\d\d-\d\d,? |(?:Today|Yesterday)(?: at)? )?"
_STAMPED_WRITER = re.compile(rf"^\s*\[{_CHAT_DAY}\d{{1,2}}:\d\d(?: ?[AaPp][Mm])?\] [\w.'-][\w .'()-]{{0,40}}:?\s*$")
# How `cat -A` shows the end of a line, RTF that of a paragraph; what begins a text of RTF or sets how it looks.
_SHOWN_END = re.compile(r"(?:\^M)?\$$|\\par\r?$|\\$")
_RTF_HEAD = re.compile(r"^(?:\{\\rtf1|\\[a-z]++|\{\\(?:\*\\)?[a-z]++)(?!.*\d:\d\d:\d\d).*$")
_RTF_WORD = re.compile(r"^(?:\\[a-z]+-?\d* ?)+(?=[\[\d<A-Z])")
_AROUND = " \t|*+'\"`\u2502\u2022-"
_FENCE = re.compile(
    r"^\s*```(?=[\[(<]?\d)|(?<=\S)```\s*$|^\s*(?:```|~~~)[\w.+-]*\s*$|^\s*(?:\{(?:noformat|code|quote|panel)[^{}]*\}|\[/?(?:code|pre|quote)(?:=[^\[\]]*)?\]|</?(?:code|pre)>)"
    r"|(?:\{(?:noformat|code|quote|panel)\}|\[/(?:code|pre|quote)\]|</(?:code|pre)>)\s*$"
)
# Without one of these no line has a fence; to look for them is a hundredth of the work.
_FENCED = (
    *("```", "~~~", "{noformat", "{code", "{quote", "{panel", "[code", "[pre", "[quote", "[/code", "[/pre", "[/quote"),
    *("code>", "pre>"),
)
_COMMON_LABELS = re.compile(r"Common labels: (\{.*)")
_TOLD_OF_QUERY = re.compile(r"^(?:Line limit|Total bytes processed|https?://\S+/loki/api/|.*\bCommon labels: )")
# What shows nothing: spaces of no width, marks of a text's direction, hyphens where a word may be cut.
_UNSEEN = "\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069"
_SHOWN = str.maketrans("\u00a0\u202f\u2007\u2009\u201c\u201d\u2018\u2019\u2013", "    \"\"''-", _UNSEEN + "\ufeff")
_SPOILT = re.compile(f"[\u00a0\u202f\u201c{_UNSEEN}]")
# The fields of oslo.log's line with runs of spaces or tabs between them.
_COLUMNS = re.compile(
    r"^(\d{4}-\d\d-\d\d)[ \t]+(\d\d:\d\d:\d\d[.,]\d+)[ \t]+(?:(\d+)[ \t]+)?([A-Z]{4,8})[ \t]+([A-Za-z_][\w.-]*)([ \t]+)(.*)$"
)

Lines = list[str]
_Step = Callable[[str], str]


def cleaner_for(sample: Sequence[str]) -> Callable[[Lines], list[Piece]] | None:
    """The function that restores pasted lines to how their program wrote them; ``None`` where nothing has to be undone.

    Args:
        sample: the first lines of a file.
    """
    lines = list(sample[:_SAMPLE_LINES])
    steps: list[_Step] = []
    for step_for in (
        _with_common_labels,
        _with_plain_characters,
        _without_shown_ends,
        _without_frame,
        _without_changes,
        _with_ruled_names,
        with_states,
        with_hosts_of_prompts,
        _without_writers,
        _with_names_of_files,
        _with_names_of_sections,
        _without_tags,
        _without_entities,
        _without_writers,
        without_words,
        _without_fences,
        _without_quotes,
        without_words,
        _without_fences,
        _without_numbers,
        _without_indent,
        _without_marks,
        # Again: what stood behind quotes, indents or numbers shows itself as a state only now.
        with_states,
        _without_columns,
    ):
        step = step_for(lines)
        if step is not None:
            steps.append(step)
            # Some steps remember what they saw; that of the file begins anew.
            lines = list(map(step_for(lines) or step, lines))
    width = wrapped_at(lines)
    if not steps and width is None:
        return None

    def clean(given: Lines) -> list[Piece]:
        for step in steps:
            given = list(map(step, given))
        return [Piece(line, 1) for line in given] if width is None else unwrapped(given, *width)

    return clean


def _written(lines: Lines) -> Lines:
    return [line for line in lines if line.strip()]


def _with_common_labels(sample: Lines) -> _Step | None:
    """Loki's tools tell once, above the lines, which labels all of them have: every line gets them, as of `logcli`."""
    told = next((match for line in sample[:6] if (match := _COMMON_LABELS.search(line)) is not None), None)
    if told is None:
        return None
    labels = re.findall(r'(?<![\w.])([\w.]+)"?[:=] ?"((?:[^"\\]|\\.)*)"', told[1])
    prefix = "{" + ", ".join(f'{name}="{value}"' for name, value in labels) + "} "
    return lambda line: "" if _TOLD_OF_QUERY.match(line) else prefix + line if line.strip() and labels else line


def _with_plain_characters(sample: Lines) -> _Step | None:
    """Spaces that do not break, quotes that curl and marks that show nothing, as word processors, mails and chats make them."""
    if not any(map(_SPOILT.search, sample)):
        return None
    return lambda line: line.translate(_SHOWN)


def _without_shown_ends(sample: Lines) -> _Step | None:
    """Ends of lines that `cat -A` or a text of RTF shows."""
    written = _written(sample)
    rtf = bool(written) and written[0].startswith("{\\rtf1")
    if not rtf and not (written and all(line.endswith("$") for line in written)):
        return None
    if not rtf:
        return lambda line: _SHOWN_END.sub("", line).replace("^I", "\t")

    def plain(line: str) -> str:
        text = _SHOWN_END.sub("", _RTF_WORD.sub("", _RTF_HEAD.sub("", line)))
        return re.sub(r"\\([\\{}])", r"\1", re.sub(r"(?<!\\)\}$", "", text))

    return plain


def _without_frame(sample: Lines) -> _Step | None:
    """The frame of a viewer, with numbers of lines in it."""
    if not any(map(_FRAME.match, sample[:3])):
        return None
    return lambda line: "" if _FRAME.match(line) or _FRAMED_FILE.match(line) else _FRAMED.sub("", line)


def _without_changes(sample: Lines) -> _Step | None:
    """The signs of what was added and taken away."""
    if not any(map(_HUNK.match, sample)):
        return None
    return lambda line: "" if _OF_DIFF.match(line) else line[1:] if line[:1] in ("+", "-", " ") else line


def _with_ruled_names(sample: Lines) -> _Step | None:
    """Names of hosts that stand between two rules become headers of the kind that ``_with_names_of_files`` knows."""
    first = _written(sample)[:3]
    if len(first) < 3 or first[0] != first[2] or not _RULE.match(first[0]) or _RULE.match(first[1]):
        return None
    rule = first[0]
    between = False

    def headed(line: str) -> str:
        nonlocal between
        between ^= line == rule
        name = line.partition(" (")[0]
        told = f"==> {name} <==" if "/" in name or ".log" in name else f"{name} | RULED | >>"
        return "" if line == rule else told if between and (told[0] == "=" or _RULED_HOST.match(name)) else line

    return headed


def _with_names_of_files(sample: Lines) -> _Step | None:
    """Names of files or hosts stand above their lines: every line gets its name, as with ``grep``."""
    first = next((line for line in sample if line.strip()), "")
    kind = next((kind for kind in (_FILE_HEADER, _HOST_HEADER) if kind.match(first)), None)
    below = _written(sample)[1:2]
    if _INDENTED_HEADER.match(first) and below and below[0][:1] == " " and BEGINS.match(below[0].lstrip()) is not None:
        kind = _INDENTED_HEADER
    if kind is None:
        return None
    name = ""

    def named(line: str) -> str:
        nonlocal name
        header = kind.match(line)
        if header is not None:
            name = f"{header[1] or header[2]}:" + ("" if kind is _FILE_HEADER else " ")
            name = name if "/" in name or ".log" in name or kind is not _FILE_HEADER else f"log/{name}"
        return name + line if name and line.strip() and header is None else "" if header else line

    return named


def _with_names_of_sections(sample: Lines) -> _Step | None:
    """A supportconfig's file holds ends of logs, each below its path; what commands printed is left out."""
    if not any(_SECTION.match(line) for line in sample[:20]):
        return None
    name, begins = "", False

    def named(line: str) -> str:
        nonlocal name, begins
        header = _SECTION_FILE.match(line) if begins else None
        if begins:
            name = header[1] if header is not None and re.search(r"/log/|\.log|/messages", header[1]) else ""
        begins = _SECTION.match(line) is not None
        return f"{name}:{line}" if name and line.strip() and header is None and not begins else ""

    return named


def _without_tags(sample: Lines) -> _Step | None:
    """A page of HTML, of which only what is set as it was written counts where it has such a part."""
    first = next((line for line in sample if line.strip()), "")
    if not _HTML.match(first.lstrip()):
        return None
    inside = not any(mark in line for line in sample for mark in ("<pre", "<![CDATA[", "&lt;pre"))
    escaped = not any("<pre" in line for line in sample) and any("&lt;pre" in line for line in sample)

    def bared(line: str) -> str:
        nonlocal inside
        for written, meant in _KEPT_AS_IS:
            line = line.replace(written, meant)
        _, opens, behind = (html.unescape(line) if escaped else line).partition("<pre")
        shown = f"{opens}{behind}" if opens else html.unescape(line) if escaped else line
        inside = inside or bool(opens)
        text = html.unescape(_TAG.sub("", _CELLS.sub("\t", shown))) if inside else ""
        inside = inside and "</pre" not in shown
        # Numbers of lines stand in a column of their own.
        return "" if text.strip().isdigit() else text

    return bared


def _without_entities(sample: Lines) -> _Step | None:
    """What a page's source has instead of brackets and quotes, where it has none of these as they are."""
    text = "\n".join(sample)
    written = [sign for sign, pattern in _ENTITIES if pattern.search(text) is not None]
    if not written or any(sign in text for signs in written for sign in signs):
        return None
    return html.unescape


def _without_writers(sample: Lines) -> _Step | None:
    """A copy out of a chat names who wrote and when above what they wrote; one of a terminal shows what was typed."""
    written = _written(sample)[:_FIRST_LINES]
    said = [line for line in written if not _is_said_around(line)]
    if len(said) == len(written) or not any(BEGINS.match(line) for line in said[:3]):
        return None
    return lambda line: "" if _is_said_around(line) else line


def _is_said_around(line: str) -> bool:
    return any(kind.match(line) for kind in (_WRITER, _STAMPED_WRITER)) or is_of_shell(line)


def _without_fences(sample: Lines) -> _Step | None:
    text = "\n".join(sample)
    fenced = any(sign in text for sign in _FENCED) and any(map(_FENCE.search, sample))
    return (lambda line: _FENCE.sub("", line)) if fenced else None


def _without_quotes(sample: Lines) -> _Step | None:
    written = _written(sample)
    quoted = sum(1 for line in written if line.startswith(("> ", ">>")) or line == ">")
    if not written or quoted * 10 < len(written) * 9:
        return None
    return lambda line: QUOTES.sub("", line)


def _without_numbers(sample: Lines) -> _Step | None:
    """``less -N``, ``cat -n``, ``grep -n``: numbers that rise, before nearly every line."""
    found = [match for line in sample if (match := _NUMBERED.match(line)) is not None]
    numbers = [int(match[2]) for match in found]
    written = len(_written(sample))
    if len(found) < 2 or len(found) * 10 < written * 8:
        return None
    rising = sum(1 for before, behind in itertools.pairwise(numbers) if 0 < behind - before <= 1000)
    if rising < len(numbers) - 1 or not any(BEGINS.match(match[4]) for match in found):
        return None
    # What stands between number and text is the same for all; what is more belongs to the text.
    gap = min((len(match[3]) for match in found if match[3] is not None and match[4].strip()), default=0)

    def strip(line: str) -> str:
        match = _NUMBERED.match(line)
        if match is None:
            return line
        return match[4] if match[3] is None else line[match.end(1) - len(match[3]) + min(gap, len(match[3])) :]

    return strip


def _without_indent(sample: Lines) -> _Step | None:
    """A block of code, a list, a table of one column: what all lines share before lines begin, and perhaps behind them."""
    written = _written(sample)
    if not written:
        return None
    first, last = min(written), max(written)
    alike = sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False)))
    shared = alike - len(first[:alike].lstrip(_AROUND))
    if shared == 0 or not any(BEGINS.match(line[shared:]) for line in written):
        return None
    prefix, mark = first[:shared], first[:shared].strip()
    ends = mark if mark and all(line.rstrip().endswith(mark) for line in written) else ""

    def bared(line: str) -> str:
        if not line.startswith(prefix):
            return line
        return (line.rstrip().removesuffix(ends).rstrip() if ends else line)[shared:]

    return bared


def _without_marks(sample: Lines) -> _Step | None:
    """Lines between words of a person, as items of a list, set off, in bold or as code; nothing else tells a time there."""
    if any(map(BEGINS.match, sample)):
        return None
    told = [line.rstrip() for line in sample if _TELLS_TIME.search(line)]
    if not told or not all(map(_SET_OFF.match, told)):
        return None
    indent = 0

    def bared(line: str) -> str:
        nonlocal indent
        found = _SET_OFF.match(line.rstrip())
        indent = len(found[1]) if found else indent
        return found[3] if found else line.removeprefix(" " * indent)

    return bared


def _without_columns(sample: Lines) -> _Step | None:
    """A table's cells, or columns of a ticket: fields of oslo.log's line with runs of spaces or tabs between them."""
    found = [match for line in sample[: 2 * _FIRST_LINES] if (match := _COLUMNS.match(line)) is not None]
    spread = [match for match in found if re.search(r"\t| {2}", match[0][: match.start(6)])]
    if not spread or len(spread) * 2 < len(found):
        return None
    # A gap wider than the smallest one holds the text's own indent.
    gap = min(len(match[6]) for match in found)

    def narrowed(line: str) -> str:
        match = _COLUMNS.match(line)
        if match is None:
            return line
        fields = " ".join(field for field in match.groups()[:5] if field)
        return f"{fields} {match[6][gap:]}{match[7]}"

    return narrowed
