"""Write the table of formats into docs/logs.md from the code; ``--check``: only say whether it is current.

How a format is recognised is told by the shape of its pattern: named parts in capitals, optional ones in brackets.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from openstack_rca.logs.formats import FALLBACKS, FORMATS, TIMELESS, UNPREFIXED, WEAK
from openstack_rca.logs.wrappers import WRAPPERS

TARGET = Path(__file__).resolve().parent.parent / "docs" / "logs.md"
BEGIN = "<!-- Formats: written by `make reference` from the code. Change that, not this table. -->"
END = "<!-- End of the formats. -->"

_OTHERS = (
    (
        "oslo",
        "`STAMP [HOST] [PROCESS] LEVEL LOGGER [CONTEXT] MESSAGE`, with any date format or without a stamp",
        "OpenStack's services",
    ),
    (
        "json",
        "a line, or an indented object, with a key for the text and one for time or level",
        "oslo.log's `use_json`, journald, Docker, fluentd, Fluent Bit, Vector, rsyslog, OpenSearch, Loki, Graylog, RabbitMQ, zap",
    ),
    (
        "json",
        "a document that holds such records at any depth",
        "CloudWatch, Google Cloud, Azure, Datadog, Splunk, Grafana, OpenTelemetry, Kubernetes events, answers of searches",
    ),
    (
        "json",
        "`__CURSOR=` at the beginning of the file; or a time, then `[s=...]`, then indented fields",
        "`journalctl -o export`, `-o verbose`",
    ),
    (
        "json",
        "a first line that names a time and a message between commas, semicolons or tabs",
        "tables of Kibana, Graylog, Grafana, Splunk, Datadog, Azure, spreadsheets",
    ),
    (
        "syslog",
        "`LENGTH <PRIORITY>INNER` with nothing between the messages, which may hold line ends",
        "RFC 6587: syslog over a stream, as it was dumped",
    ),
)
_TOKEN = re.compile(
    r"(?P<named>\(\?P<(?P<name>\w+)>)|(?P<open>\((?:\?[:i-]*:?)?)|(?P<close>\))|(?P<either>\|)|"
    r"(?P<many>[*+?]\??|\{\d+(?:,\d*)?\}\??)|(?P<set>\[(?:\\.|[^\]\\])*\])|(?P<class>\\[dwsSpbDWx](?:\{\w+\})?)|(?P<plain>\\.|.)"
)


def shape(pattern: str) -> str:
    """What a pattern takes, for people: ``^(?P<stamp>..) \\[(?P<level>..)\\]`` is ``STAMP [LEVEL]``."""
    tokens = list(_TOKEN.finditer(pattern.strip("^$")))
    told, _ = _told(tokens, 0)
    return re.sub(r" +", " ", re.sub(r"(?:…)+", "…", told)).strip()


def _told(tokens: list[re.Match[str]], place: int) -> tuple[str, int]:
    """What the tokens of a group tell, its first alternative only, and where the group ends."""
    told, first = "", True
    while place < len(tokens):
        token = tokens[place]
        kind = token.lastgroup if token.lastgroup != "name" else "named"
        if kind == "close":
            return told, place
        piece = ""
        if kind in ("named", "open"):
            inner, place = _told(tokens, place + 1)
            piece = token["name"].upper() if kind == "named" else inner
        elif kind == "either":
            first = False
        elif kind in ("set", "class"):
            piece = "…"
        elif kind == "plain":
            piece = {".": "…", r"\t": " "}.get(token[0], token[0].removeprefix("\\"))
        place += 1
        if place < len(tokens) and tokens[place].lastgroup == "many":
            optional = tokens[place][0].startswith(("?", "*"))
            place += 1
            if optional and re.search("[A-Z]{3}", piece):
                piece = f" [{piece.strip()}]"
            elif optional and piece != "…":
                piece = ""
        touching = len(piece) > 1 and piece[0].isupper() and told[-1:].isupper()
        told += (" " if touching else "") + piece if first else ""
    return told, place


def rows() -> Iterator[tuple[str, str, str]]:
    """Name, how it is recognised, what writes it."""
    yield from _OTHERS
    for each in (*WRAPPERS, *FORMATS, *FALLBACKS, *TIMELESS, *UNPREFIXED):
        yield each.name, f"`{shape(each.pattern)}`", each.about


def table() -> str:
    """The table between its two marks."""
    lines = [BEGIN, "", "| `--log-format` | recognised by | written by |", "|---|---|---|"]
    seen = set()
    for name, recognised, about in rows():
        row = f"| {name} | {recognised} | {about} |".replace(" | |", " | |")
        if row not in seen and about:
            seen.add(row)
            cells = (name, recognised.replace("|", "\\|"), about.replace("|", "\\|"))
            lines.append("| " + " | ".join(cells) + " |")
    weak = f"Of lines that state a time and no more ({', '.join(WEAK)}) no format is known: their levels are guessed or unknown."
    lines += ["", weak, "", END]
    return "\n".join(lines)


def with_table(text: str) -> str:
    """The page with the table of today."""
    before, _, rest = text.partition(BEGIN)
    return before + table() + rest.partition(END)[2]


def main() -> int:
    """Write the page, or with ``--check`` compare it."""
    text = TARGET.read_text(encoding="utf-8")
    if "--check" in sys.argv[1:]:
        return int(text != with_table(text))
    TARGET.write_text(with_table(text), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
