"""What kind of fault an error is that no rule knows: one table, ``error_kinds.yaml``, from what is most exact to what is least.

The telling line of an event is read first: the last line of the
exception, or what a command wrote to its standard error.
"""

import re
from functools import cache
from itertools import takewhile

from openstack_rca.rca.knowledge import TEXT_LIMIT, required_literals
from openstack_rca.rca.vocabulary import OUTCOMES, Category
from openstack_rca.shipped import shipped_yaml

_STANDARD_ERROR = re.compile(r"\b[Ss]tderr: *(?:u?(['\"]))?")
_LINE_END = re.compile(r"(?:\r?\n|(?:\\r)?\\n)(?!\s{0,20}\* )")
"""How lines end in what a command wrote: as they are, or as Python writes them between quotes; a list belongs to its head."""
_NO_MORE_WRITTEN = re.compile(r"\s*(?:Command|Exit code|Stdout|Traceback|File)\b")

_MOST_LINES = 100
"""So many of the lines that an event holds are weighed, the last ones: what is told last counts most."""

_CHAINED = re.compile(r"During handling of the above|direct cause of the following|(?m:^Caused by: )")
_RAISED = re.compile(
    r"(?m)^(?:Caused by: )?((?:[A-Za-z_]\w*\.)*[A-Za-z]\w*"
    r"(?:[Ee]rror|Exception|Fail(?:ure|ed)|NotFound|Timeout|Refused|Denied|Forbidden|Unauthorized|Exceeded): \S.*)$"
)
"""What says that a traceback holds several exceptions, and how each stands in it."""

_CLASS = re.compile(r"\b(?:[A-Z]+[a-z0-9]+){2,12}\b")
_CAPITAL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_FORMS = {
    "errno": (r"Errno (?:%s)\b", r"\b(?:error(?: code)?|errno|err|ret|rc|r) ?[=:]? ?-(?:%s)\b"),
    "sql": (r"\((?:%s), ",),
    "status": (
        r"(?:HTTP(?:/\d\.\d)?|code|status|error|exception|got|received|returned|response|answer(?:ed)?|\"|/-?\d{1,9})"
        r"[ =:(\"]{1,3}(?:%s)\b",
        r"\b(?:%s):? (?:client|server) error",
    ),
    "missing": (
        r"(?:^|[^.\w])(?:%s)\b[^:;,\n]{0,60}(?:not ?(?:be )?found|does ?n[o']t exist|unknown|is missing|is empty|not mapped)",
        r"\bno (?:\w{1,30} ){0,2}(?:%s)\b(?: \w{1,20}){0,3} (?:found|configured|defined|mapped|set)\b",
        r"(?:\bno such |(?:could not|unable to|cannot|can't|failed to) (?:find|locate|load) (?:\w{1,30} ){0,6})(?:%s)\b",
    ),
}
"""How programs write an error number of the system, a number of the database, a status of HTTP, and what they do not find."""

LONGEST_STATEMENT = 280
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")

OWN_KIND = {
    "mariadb": Category.DATABASE,
    "postgresql": Category.DATABASE,
    "rabbitmq": Category.MESSAGING,
    "storage": Category.STORAGE,
}
"""Servers whose errors are of one kind where the words tell no other plainly."""

UNTOLD_KIND = Category.CONFIG
"""Of the errors of the field that tell no kind, most were mistakes in what a service was told."""

_PLAINLY_TOLD = (Category.CAPACITY, Category.AUTH, Category.NETWORK, Category.CONFIG, Category.PROCESS_DOWN)


def kind_of_error(component: str, *texts: str, untold: Category | None = None) -> Category:
    """Kind of fault of an error that no rule knows, texts as for ``kind_of``; ``untold`` where no word tells one."""
    told = kind_of(*texts)
    own = OWN_KIND.get(component)
    if own is not None and told not in _PLAINLY_TOLD:
        return own
    return told or untold or kind_of(*texts, subjects=True) or UNTOLD_KIND


def kind_of(*texts: str, subjects: bool = False) -> Category | None:
    """Kind of fault that the texts tell: that of the first text in which the table finds one; None where it finds none.

    Args:
        subjects: read the table's rows of subjects (what a text is about) in the place of those that say what is wrong.
    """
    for text in texts:
        if len(text) > TEXT_LIMIT:
            # One line of a log may be megabytes long; what was raised stands at its end.
            text = f"{text[: TEXT_LIMIT // 2]}\n{text[-TEXT_LIMIT // 2 :]}"
        words = "\n".join((text, *(_CAPITAL.sub(" ", name) for name in _CLASS.findall(text))))
        lower = words.lower()
        for category, expressions, flags in kinds(subjects):
            for literal, needing in expressions:
                if literal in lower and any(re.search(one, words, flags) for one in needing):
                    return category
    return None


@cache
def kinds(subjects: bool = False) -> list[tuple[Category, list[tuple[str, list[str]]], int]]:
    """The rows of the table, the most exact first: kind, (literal, expressions that need it) pairs, flags for ``re``."""
    rows = []
    for row in shipped_yaml("openstack_rca.rca.evidence", "error_kinds.yaml"):
        if row.get("subject", False) is not subjects:
            continue
        numbers = [form % "|".join(map(str, row[key])) for key, forms in _FORMS.items() if key in row for form in forms]
        needing: dict[str, list[str]] = {}
        for expression in (*numbers, *row.get("patterns", ())):
            for literal in required_literals(expression) or ("",):
                needing.setdefault(literal.lower(), []).append(expression)
        rows.append((Category(row["kind"]), list(needing.items()), 0 if row.get("exact_case") else re.I))
    return rows


def telling_line(message: str, exception: str | None, detail: str | None) -> str:
    """The line of an event that says most: what a command wrote to its standard error, the exception, or the message."""
    written = _written_lines(detail or "") or _written_lines(f"{message}\n{detail or ''}")
    if written:
        return min(reversed(written), key=_says_how_much)
    raised = (exception or "").strip().split("\n")[0]
    inner = _RAISED.findall(detail)[-_MOST_LINES:] if detail and _CHAINED.search(detail) else []
    if inner:
        # What was raised last only wraps it, unless it says as much.
        raised = min([raised or message.strip(), *inner], key=_says_how_much)
    if raised and raised not in message:
        return raised
    return message.strip()


def _written_lines(text: str) -> list[str]:
    """The lines that the last command of an event wrote to its standard error; between quotes they stand in one line."""
    started = list(_STANDARD_ERROR.finditer(text))
    if not started:
        return []
    quote, written = started[-1][1], text[started[-1].end() :]
    if quote:
        written = re.split(rf"{quote}(?=\s|:|$)", written.split("\n", 1)[0])[0]
    lines = list(takewhile(lambda line: not _NO_MORE_WRITTEN.match(line), _LINE_END.split(written)))
    return [line.strip() for line in lines if re.search(r"\w{3}", line)][-_MOST_LINES:]


def _says_how_much(written: str) -> int:
    """The lower, the more a line of a command's output tells: a reason, before that something failed, before anything else."""
    kind = kind_of(written)
    return 3 if kind is None else 2 if kind in OUTCOMES else 1 if kind is Category.STORAGE else 0


def printable_statement(message: str, exception: str | None, detail: str | None) -> str:
    """``statement_of`` without control characters, of bounded length: log text is hostile."""
    return _CONTROL.sub(" ", statement_of(message, exception, detail, LONGEST_STATEMENT))


def statement_of(message: str, exception: str | None, detail: str | None, longest: int) -> str:
    """One sentence of the logger's own words, at most ``longest`` characters: the telling line, the message in parentheses."""
    told = telling_line(message, exception, detail)
    first = message.strip()
    words = told if told in first or first in told else f"{told} ({first})"
    words = first if told in first else words
    return words if len(words) <= longest else words[: longest - 1] + "…"
