"""Records that reach over lines, and logs that went through a terminal, a browser or a ticket."""

import json
import re
import textwrap

import polars as pl
import pytest
from tests.logs.reading import STORY, STORY_COLUMNS, read_text, rows, story

from openstack_rca.logs.tables import REMARK

ENTRIES = [
    {"__REALTIME_TIMESTAMP": "1795406400100000", "_HOSTNAME": "ctl1", "PRIORITY": "6", "SYSLOG_IDENTIFIER": "nova-api",
     "_PID": "7", "MESSAGE": "INFO nova.api [-] up"},
    {"__REALTIME_TIMESTAMP": "1795406401100000", "_HOSTNAME": "ctl1", "PRIORITY": "3", "SYSLOG_IDENTIFIER": "haproxy",
     "_PID": "8", "MESSAGE": "no server\nis available"},
]  # fmt: skip


def export_of(entry: dict[str, str]) -> bytes:
    """An entry as journald exports it: a value with a line end has its length before it."""
    parts = []
    for name, value in entry.items():
        data = value.encode()
        if b"\n" in data:
            parts.append(name.encode() + b"\n" + len(data).to_bytes(8, "little") + data + b"\n")
        else:
            parts.append(name.encode() + b"=" + data + b"\n")
    return b"".join(parts) + b"\n"


def verbose_of(entry: dict[str, str], second: int) -> str:
    fields = {name: value for name, value in entry.items() if not name.startswith("__")}
    lines = [f"Mon 2026-11-23 04:00:0{second}.100000 UTC [s=abc;i={second};b=d;m=1;t=2;x=3]"]
    for name, value in fields.items():
        lines.append(f"    {name}=" + value.replace("\n", "\n" + " " * (len(name) + 5)))
    return "\n".join(lines) + "\n"


JOURNALS = {
    "export": b"".join(map(export_of, ENTRIES)),
    "verbose": "".join(verbose_of(entry, number) for number, entry in enumerate(ENTRIES)).encode(),
    "json": "".join(json.dumps(entry) + "\n" for entry in ENTRIES).encode(),
    "json-pretty": "".join(json.dumps(entry, indent="\t") + "\n" for entry in ENTRIES).encode(),
    "json-sse": "".join("data: " + json.dumps(entry) + "\n\n" for entry in ENTRIES).encode(),
    "json-seq": "".join("\x1e" + json.dumps(entry) + "\n" for entry in ENTRIES).encode(),
}


@pytest.mark.parametrize("form", JOURNALS)
def test_a_journal_reads_the_same_in_every_form_that_keeps_all_fields(form: str) -> None:
    """Time, host, service, process, level of each entry; a message of two lines is one event; no line is lost."""
    read = read_text(JOURNALS[form], "journal.log")
    first, second = read.events.to_dicts()
    assert (first["time"].isoformat(), first["host"], first["service"]) == (
        "2026-11-23T04:00:00.100000+00:00",
        "ctl1",
        "nova-api",
    )
    assert (first["level"], first["logger"], first["process"], first["message"]) == ("INFO", "nova.api", 7, "up")
    assert (second["service"], second["level"], second["message"], second["detail"]) == (
        "haproxy", "ERROR", "no server", "is available",
    )  # fmt: skip
    assert read.files[0].lines == JOURNALS[form].count(b"\n")


def test_a_program_s_stamp_is_in_the_zone_that_its_journal_names() -> None:
    """``journalctl -o verbose`` writes the reader's zone by its name; the program's own stamp tells none."""
    entry = {"_HOSTNAME": "cmp1", "SYSLOG_IDENTIFIER": "nova-compute", "MESSAGE": STORY[0]}
    (event,) = rows(verbose_of(entry, 0).replace(" UTC ", " CET "), "journal.txt")
    assert event["time"].isoformat() == "2026-11-23T03:00:00.100000+00:00"


def test_indented_answers_of_searches_are_their_records() -> None:
    """OpenSearch and Loki, as `jq` or a browser prints them; a list of records too."""
    record = {"message": "slow", "@timestamp": "2026-11-23T04:00:00.1Z", "log_level": "WARNING", "Hostname": "ctl1"}
    stream = {"stream": {"host": "ctl1", "level": "x"}, "values": [["1795406400100000000", "WARNING: slow"]]}
    for answer in (
        {"took": 3, "hits": {"total": 1, "hits": [{"_index": "flog", "_source": record}]}},
        {"status": "success", "data": {"resultType": "streams", "result": [stream]}},
        [record],
    ):
        read = read_text(json.dumps(answer, indent=2) + "\n", "x.json")
        (event,) = read.events.to_dicts()
        assert (event["level"], event["host"], event["time"].microsecond) == ("WARNING", "ctl1", 100000)
        assert event["lines"] == read.files[0].lines


def test_brackets_that_do_not_close_are_no_remark_of_a_header() -> None:
    """A remark on a column is short, so a line of brackets costs no more than its length."""
    assert re._parser.parse(REMARK.pattern).getwidth()[1] < 100  # type: ignore[attr-defined]
    assert REMARK.sub("", "Time (UTC)") == "Time"


@pytest.mark.parametrize(
    "text",
    [
        '"@timestamp","_source.message","host.name","log.level"\n"Nov 23, 2026 @ 04:00:00.100","slow, ""very""\nreally",ctl1,WARN\n',
        '"timestamp","source","message","level"\n"2026-11-23T04:00:00.100Z","ctl1","slow, ""very""\nreally","4"\n',
        'Time;Line;hostname;level\n1795406400100;"slow, ""very""\nreally";ctl1;warn\n',
    ],
    ids=["Kibana", "Graylog", "Grafana"],
)
def test_exports_as_csv_are_read_by_their_header(text: str) -> None:
    """The header names the columns; a value may hold a line end; the header is no event of its own."""
    read = read_text(text, "export.csv")
    (event,) = read.events.to_dicts()
    assert (event["time"].isoformat(), event["host"], event["level"]) == (
        "2026-11-23T04:00:00.100000+00:00",
        "ctl1",
        "WARNING",
    )
    assert (event["message"], event["detail"]) == ('slow, "very"', "really")
    assert read.files[0].lines == 3


def wrapped(lines: list[str], width: int) -> str:
    """Lines as a terminal copies them: cut at its width."""
    return "\n".join("\n".join(line[place : place + width] for place in range(0, len(line), width)) for line in lines)


def softly_wrapped(lines: list[str], width: int = 78) -> str:
    """Lines as a mail program wraps them: between words."""
    return "\n".join(
        "\n".join(textwrap.wrap(line, width, break_long_words=False, break_on_hyphens=False)) for line in lines
    )


def spread(line: str, gap: str) -> str:
    """The fields of a line with something wide between them."""
    return line.replace(" ", gap, 5)


PASTES = {
    "less -N": "\n".join(f"{number:7d} {line}" for number, line in enumerate(STORY, 1)),
    "cat -n": "\n".join(f"{number:6d}\t{line}" for number, line in enumerate(STORY, 40)),
    "grep -n": "\n".join(f"{number}:{line}" for number, line in enumerate(STORY, 998)),
    "quoted": "\n".join(f"> {line}" for line in STORY),
    "quoted twice": "\n".join(f">> {line}" for line in STORY),
    "fenced": "\n".join(["```text", *STORY, "```"]),
    "indented": "\n".join(f"    {line}" for line in STORY),
    "quoted and fenced": "\n".join(f"> {line}" for line in ["```", *STORY, "```"]),
    "wrapped at 80 columns": wrapped(STORY, 80),
    "wrapped at 120 columns": wrapped(STORY, 120),
    "HTML": "<html><body><pre>\n" + "\n".join(f"<span class='INFO'><a name='t'>{line.replace('<', '&lt;')}</a></span>" for line in STORY)
    + "\n</pre></body></html>",
    "fenced by Jira": "\n".join(["{noformat}", *STORY, "{noformat}"]),
    "columns of spaces": "\n".join(spread(line, "   ") for line in STORY),
    "cells of a table": "\n".join(spread(line, "\t") for line in STORY),
    "spaces that do not break": "\n".join(line.replace(" ", "\u00a0", 4) for line in STORY),
    "wrapped by a mail at 72": softly_wrapped(STORY, 72),
    "quoted and wrapped at 100": textwrap.indent(softly_wrapped(STORY, 100), "> "),
    "wrapped around long words": softly_wrapped([line.replace("/nova/", "/nova" * 20 + "/") for line in STORY], 76),
    "UTF-16": ("\ufeff" + "\n".join(STORY)).encode("utf-16-le"),
    "Windows": "\r\n".join(STORY),
    "old Macintosh": "\r".join(STORY) + "\r",
    "colours": "\n".join(f"\x1b[01;35m{line}\x1b[00m" for line in STORY),
}  # fmt: skip


@pytest.mark.parametrize("name", PASTES)
def test_a_paste_reads_as_the_log_that_it_was(name: str) -> None:
    """What a pager, a chat, a mail or a terminal put around the lines is taken off again; none is lost."""
    paste = PASTES[name]
    read = read_text(paste)
    assert read.events.select(STORY_COLUMNS).to_dicts() == story().to_dicts()
    blank = 1 if "fenced" in name or name == "HTML" else 0
    assert read.events["lines"].sum() == read.files[0].lines - blank


def test_lines_that_a_mail_wrapped_between_words_are_whole_again() -> None:
    """The words are right; where a word began, one space stands."""
    lines = [STORY[0], STORY[1], STORY[6]]
    found = rows(softly_wrapped(lines))
    assert [event["message"] for event in found] == ["Building", "Disk is slow", "Periodic task"]


def test_runs_of_spaces_do_not_hide_a_line() -> None:
    """A spreadsheet or a web page may widen what stands between the parts of a line."""
    (event,) = rows("2026-11-23 04:00:00.100  7   INFO   nova.api  [-] up\n")
    assert (event["process"], event["level"], event["logger"], event["message"]) == (7, "INFO", "nova.api", "up")


def test_a_paste_without_times_keeps_its_order_and_has_none() -> None:
    """Lines of oslo.log without a date, then lines of other programs: each is an event; levels come from the words."""
    text = (
        "ERROR nova.compute.manager [-] no disk\nINFO nova.compute.manager [-] next\n"
        "waiting for the tables of the broker\nFATAL: out of memory\n"
    )
    found = rows(text, "x.log")
    assert [event["time"] for event in found] == [None] * 4
    assert [event["level"] for event in found] == ["ERROR", "INFO", "UNKNOWN", "CRITICAL"]
    assert [event["level_guessed"] for event in found] == [False, False, False, True]
    assert [event["line"] for event in found] == [1, 2, 3, 4]


def test_a_bare_traceback_is_one_event() -> None:
    """A paste of nothing but a traceback: an error, with its exception."""
    (event,) = rows('Traceback (most recent call last):\n  File "x.py", line 1, in y\n    z()\nKeyError: 7\n', "x.log")
    assert (event["level"], event["exception"], event["lines"]) == ("ERROR", "KeyError: 7", 4)


def test_a_message_with_tags_is_no_page() -> None:
    """An error that quotes HTML keeps it; only a file that begins as a page loses its tags."""
    (event,) = rows("2026-11-23 04:00:00.100 7 ERROR nova.api [-] got <html><h1>503</h1></html>\n")
    assert event["message"] == "got <html><h1>503</h1></html>"


def test_what_a_mail_says_around_lines_that_it_wrapped_is_kept_beside_them() -> None:
    read = read_text("Hello,\n\n" + softly_wrapped(STORY, 72) + "\n", "mail.txt")
    said = read.events.filter(pl.col("process").is_null())["message"].to_list()
    assert said == ["Hello,"]
    assert read.events.filter(pl.col("process") == 2001).select(STORY_COLUMNS).equals(story())


LABELS = (
    'Common labels: {host="np2", program="nova-compute"}',
    'Common labels: {"host":"np2","program":"nova-compute"}',
)


@pytest.mark.parametrize("labels", LABELS, ids=["logcli", "Grafana"])
@pytest.mark.parametrize("stamp", ["2026-11-23T04:00:00Z {} ", "1795406400000\t2026-11-23T04:00:00.000Z\t"])
def test_labels_that_are_told_once_are_those_of_every_line(labels: str, stamp: str) -> None:
    text = "\n".join(["https://loki/loki/api/v1/query_range?limit=30", labels, "", *(stamp + line for line in STORY)])
    read = read_text(text, "Explore.txt")
    assert read.events.select(STORY_COLUMNS).equals(story())
    assert set(read.events["host"]) == {"np2"}
    assert set(read.events["service"]) == {"nova-compute"}


def test_lines_with_no_more_than_a_clock_are_whole_events_without_times() -> None:
    """A paste out of a terminal whose format leaves the date out; the process too."""
    events = rows("\n".join(f"{line[11:23]} {line[29:]}" for line in STORY), "chat.txt")
    expected = story().drop("time", "process")
    assert pl.DataFrame(events).select(expected.columns).equals(expected)
    assert {event["time"] for event in events} == {None}


def test_lines_without_a_level_keep_their_context() -> None:
    """A format string of a cloud's own: the level is unknown, or what the words say."""
    lines = [line.replace(" INFO ", " ").replace(" WARNING ", " ") for line in STORY[:2]]
    events = rows("\n".join(lines), "nova-compute.txt")
    assert [(event["level"], event["logger"], event["request_id"] is None) for event in events] == [
        ("UNKNOWN", "nova.compute.manager", False)
    ] * 2
