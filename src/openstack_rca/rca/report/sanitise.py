"""Log text made harmless before it is shown.

A log line is written by whoever can make a service log: it may carry terminal escapes, text that is displayed
backwards, markup of the place where it will be read, or be a megabyte long. Every rendering of a report passes
every text it was given through :func:`one_line`, and the Markdown one through the ``markdown_*`` functions too. What is
changed stays visible (``\\x1b``, ``\\u202e``), so that a reader sees that there was something to hide.

A log line may also tell a secret. :func:`mask_secrets` takes it out where the parts of a report are made
(:data:`openstack_rca.rca.report.report.LoggedText`), so that no rendering ever holds it.

Terminal markup and HTML need no function here: the text rendering builds ``rich.text.Text`` objects, which are never
parsed for markup, and the HTML rendering escapes every value of its template.
"""

import re

from openstack_rca.plain_text import LINE_LIMIT, one_line

_BACKTICKS = re.compile(r"`+")
# A word that means nothing but itself in every Markdown dialect: letters and digits, joined by - / ' or ,
# (no dot or colon inside: host names, URLs, addresses and short codes such as :name: get a code span).
_PLAIN_WORD = re.compile(r"[(\"']*[^\W_]+(?:[-/',]+[^\W_]+)*[\"')]*[.,:;?!%]*[\"')]*")
_PLAIN_NUMBER = re.compile(r"[(\"']*\d+\.\d+[\"')]*[.,:;?!%]*")
_PER_CENT = re.compile(r"%[\"')]?[.,:;?!]?")
_LIST_MARKER = re.compile(r"\d+[.)]")

SECRET_MASK = "***"  # noqa: S105 - what hides one

_MASK_PASSES = 4
# Every repetition is bounded: a hostile line must not make the search for secrets slow.
_TOKEN = re.compile(r"gAAAA[\w%=-]{6,}|\beyJ[\w-]{5,}\.eyJ[\w-]{5,}(?:\.[\w-]{0,2000})?")
# The password of a URL ends at the last @ before the path; one with a slash in it (the database drivers allow that) at the
# first. Digits up to the end of the authority are a port.
_URL_PASSWORD = re.compile(
    r"(?P<before>://[^\s:/@?#]{0,100}:)(?!\d{1,5}(?:[/?#\s\"',)\]}]|$))(?:[^\s/]{1,500}|[^\s@]{1,500})(?=@)"
)
_ASSIGNMENT = re.compile(
    r"(?P<name>password|passwd|passphrase|(?:admin|root|user)_?pass|secret(?:[_-]?key)?|(?:api|access|private)[_-]?key"
    r"|(?<![a-z])token(?:_id)?|(?P<header>x-[a-z-]{1,30}-(?:token|key)|(?:proxy-)?authorization|set-cookie"
    r"|cookie(?=\\{0,3}[\"']?\s{0,3}[:,]\s{0,3}\\{0,3}[\"']?[\w.-]{1,64}=))|identified\s{1,3}by(?=\s{1,3}\\{0,3}[\"']))"
    r"(?P<close>\\{0,3}[\"'])?(?P<between>\s{0,60}(?:=>|[:=,])\s{0,3}|\s{1,3})",
    re.IGNORECASE,
)
_OPTION_BEFORE = re.compile(r"--[\w-]*$")
_LONGEST_OPTION = 42
_OPENING_QUOTE = re.compile(r"[ub]?(\\{0,3}[\"'])")
_SCHEME = re.compile(r"(?:basic|bearer|negotiate|token)\s{1,3}", re.IGNORECASE)
_LONG_SCHEME = re.compile(r"(?:digest|oauth|hawk|aws[\w-]{0,30})\s", re.IGNORECASE)
_REST_OF_LINE = re.compile(r"[^\n]*")
_UNQUOTED = re.compile(r"(?:(?![,;&]\s{0,3}[\w.-]{1,64}\s{0,3}[=:])[^\s\"'])*")
_TWO_WORDS = re.compile(r"[^\W\d_]+ [^\W\d_]")
# What stands where a secret would and is none: "using password: YES", an option that is not set, a digest, a mask.
_NO_SECRET = re.compile(
    r"yes|no|none|null|true|false|\*+|<[^<>\s]{1,40}>|%s|\{sha(?:1|256|512)\}[\w.]+|", re.IGNORECASE
)


def mask_secrets(text: str) -> str:
    """Return ``text`` with the secrets that logs are known to tell replaced by ``***``; all else stays as it is.

    Known are passwords in URLs, values of names such as ``password``, ``OS_PASSWORD``, ``adminPass``, ``secret_key`` and
    ``token`` (after ``=`` or ``:``, in quotes or not, in JSON and Python literals, also cut off), the headers
    ``X-Auth-Token``, ``X-Subject-Token``, ``Authorization`` and their like, options such as ``--os-password x``, and
    Fernet and JWS tokens wherever they stand. A bare word behind ``password:`` that goes on as a sentence is taken for one.
    """
    for _ in range(_MASK_PASSES):
        masked = _TOKEN.sub(SECRET_MASK, text)
        masked = _URL_PASSWORD.sub(rf"\g<before>{SECRET_MASK}", masked)
        masked = _without_assigned_secrets(masked)
        if masked == text:
            break
        # What was masked may have stood in the way of another secret.
        text = masked
    return text


def _without_assigned_secrets(text: str) -> str:
    parts: list[str] = []
    done = 0
    for found in _ASSIGNMENT.finditer(text):
        if found.start() < done:
            continue
        start, end = _secret_span(text, found)
        if not _NO_SECRET.fullmatch(text, start, end):
            parts += [text[done:start], SECRET_MASK]
            done = end
    return "".join([*parts, text[done:]])


def _secret_span(text: str, found: re.Match[str]) -> tuple[int, int]:
    """Return where the value of a name stands; an empty span where the name stands in a sentence."""
    start, between, name = found.end(), found["between"], found["name"].lower()
    nothing = (start, start)
    is_option = _OPTION_BEFORE.search(text, found.start() - _LONGEST_OPTION, found.start())
    if between.isspace() and not (is_option or name.startswith("identified")):
        return nothing
    if "," in between and not found["close"]:
        return nothing
    opening = _OPENING_QUOTE.match(text, start)
    if opening:
        return opening.end(), _closing_quote(text, opening.end(), opening[1])
    if "," in between or name.startswith("identified"):
        return nothing
    if name.startswith("token") and between != "=":
        return nothing
    if ":" in between and found["close"] and text[start : start + 1] in tuple("{[("):
        return nothing
    if "authorization" in name or name.endswith("cookie"):
        if name.endswith("cookie") or _LONG_SCHEME.match(text, start):
            return start, _end(_REST_OF_LINE, text, start)
        scheme = _SCHEME.match(text, start)
        start = scheme.end() if scheme else start
    end = _end(_UNQUOTED, text, start)
    end = start + len(text[start:end].rstrip(")]},;.:>\\")) or end
    is_sentence = ":" in between and _TWO_WORDS.match(text, start) and not name.startswith("x-")
    return nothing if is_sentence else (start, end)


def _closing_quote(text: str, start: int, quote: str) -> int:
    """Return where a quoted value ends: at its quote, or with the line where that was cut off."""
    line_end = _end(_REST_OF_LINE, text, start)
    slashes = len(quote) - 1
    # Quoted once more, n backslashes before a quote become 2n + 1: those before an escaped quote of the value, and those of
    # the value's own backslashes, come in groups of n + 1.
    at = text.find(quote[-1], start, line_end)
    while at >= 0:
        own = at - len(text[start:at].rstrip("\\")) - start - slashes
        if own >= 0 and own % (2 * (slashes + 1)) == 0:
            return at - slashes
        at = text.find(quote[-1], at + 1, line_end)
    return line_end


def _end(pattern: re.Pattern[str], text: str, start: int) -> int:
    found = pattern.match(text, start)
    return found.end() if found else start


def markdown_code(text: str, limit: int = LINE_LIMIT) -> str:
    """Return ``text`` as a Markdown code span, with delimiters longer than any run of backticks in it."""
    safe = one_line(text, limit).strip()
    if not safe:
        return ""
    delimiter = "`" * (_longest_run(safe) + 1)
    padding = " " if "`" in safe else ""
    return f"{delimiter}{padding}{safe}{padding}{delimiter}"


def markdown_cell(text: str, limit: int = LINE_LIMIT) -> str:
    """Return ``text`` as code for a cell of a Markdown table, where even in a code span ``|`` would end the cell."""
    pieces = one_line(text, limit).split("|")
    return "&#124;".join(markdown_code(piece, limit) for piece in pieces)


def markdown_fence(text: str, language: str = "text", limit: int = LINE_LIMIT) -> str:
    """Return ``text`` as a fenced code block; its lines are kept, each made harmless by :func:`one_line`.

    The fence is longer than any run of backticks inside, so that nothing in ``text`` can close it.
    """
    body = "\n".join(one_line(line, limit) for line in text.split("\n"))
    fence = "`" * max(3, _longest_run(body) + 1)
    return f"{fence}{language}\n{body}\n{fence}"


def markdown_prose(text: str, limit: int = LINE_LIMIT) -> str:
    """Return ``text`` as Markdown running text in which nothing is interpreted.

    Plain words stay as they are; every word that some Markdown dialect could take for markup, a link, a mention or
    a short code is put in a code span, together with its neighbours of the same kind.
    """
    parts: list[str] = []
    code: list[str] = []
    for position, word in enumerate(one_line(text, limit).split()):
        if _is_plain(word, first=position == 0):
            if code:
                parts.append(_closed_by_prose(code, limit))
                code = []
            parts.append(word)
        else:
            code.append(word)
    if code:
        parts.append(_closed_by_prose(code, limit))
    return " ".join(parts)


def _closed_by_prose(words: list[str], limit: int) -> str:
    """Return ``words`` as one code span, punctuation that ends a sentence behind it."""
    text = " ".join(words)
    bare = text.rstrip(".,;:?!")
    return markdown_code(bare, limit) + text[len(bare) :] if bare else markdown_code(text, limit)


def _is_plain(word: str, *, first: bool) -> bool:
    if first and _LIST_MARKER.fullmatch(word):
        return False
    if _PLAIN_NUMBER.fullmatch(word) or _PER_CENT.fullmatch(word):
        return True
    return _PLAIN_WORD.fullmatch(word) is not None


def _longest_run(text: str) -> int:
    return max((len(run) for run in _BACKTICKS.findall(text)), default=0)
