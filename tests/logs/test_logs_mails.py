"""Saved mails: what is attached to them and written in them, in whatever encoding, is read as files are."""

import gzip
import io
import mailbox
from email.message import EmailMessage
from email.mime.text import MIMEText
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.logs.reading import STORY, STORY_COLUMNS, read_text, rows, story

from openstack_rca.errors import LogBoundReached, NoLogFiles
from openstack_rca.logs import mails
from openstack_rca.logs.bounds import DEEPEST
from openstack_rca.logs.events import read_logs
from openstack_rca.logs.mails import mails_of, parts_of_mail
from openstack_rca.logs.packing import Packing, packing_of
from openstack_rca.logs.records import SkipReason

TEXT = "\n".join(STORY) + "\n"


def mail(body: str = "The log is attached.\n") -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "a@cloud.example", "b@cloud.example", "node7 does not boot"
    message.set_content(body)
    return message


def with_log(encoding: str, name: str = "nova-compute.log", charset: str = "utf-8") -> EmailMessage:
    message = mail()
    message.add_attachment(
        TEXT.encode(charset), "text", "x-log", filename=name, cte=encoding, params={"charset": charset}
    )
    return message


@pytest.mark.parametrize("encoding", ["quoted-printable", "base64", "7bit"])
def test_a_log_that_is_attached_is_that_file(encoding: str) -> None:
    read = read_text(bytes(with_log(encoding)), "node7 does not boot.eml")
    assert read.events.select(STORY_COLUMNS).equals(story().select(STORY_COLUMNS))
    assert read.events.select("file", "service", "host").unique().rows() == [
        ("node7 does not boot.eml/nova-compute.log", "nova-compute", None)
    ]
    assert [(each.file, each.skip) for each in read.files if each.skip] == [
        ("node7 does not boot.eml", SkipReason.NOT_A_LOG)
    ]


def test_a_log_in_the_mail_itself_has_the_mails_lines() -> None:
    message = MIMEText(TEXT.replace("Building", "Building it"))
    message["From"], message["Subject"] = "a@cloud.example", "log"
    whole = message.as_bytes()
    read = read_text(whole, "ticket.eml")
    assert read.events["message"][0] == "Building it"
    assert whole.decode().split("\n")[read.events["line"][0] - 1] == STORY[0] + " it"


def test_of_the_same_text_twice_the_plain_one_is_read() -> None:
    message = mail(TEXT)
    message.add_alternative(f"<html><body><pre>{TEXT}</pre></body></html>", subtype="html")
    assert read_text(bytes(message), "ticket.eml").events.height == 4


def test_texts_of_a_mail_without_a_name_are_called_by_their_places() -> None:
    """The first is the mail itself; so the file that an answer cites can be told from the others."""
    message = mail(TEXT)
    for _ in range(3):
        message.add_attachment(TEXT, disposition="inline")
    files = read_text(bytes(message), "ticket.eml").events["file"].unique(maintain_order=True)
    assert sorted(files) == ["ticket.eml", *(f"ticket.eml/{place}.txt" for place in (2, 3, 4))]


def test_every_mail_of_a_mailbox_is_read(tmp_path: Path) -> None:
    """Files of one name in several mails are kept apart."""
    box = mailbox.mbox(tmp_path / "support.mbox")
    for message in (with_log("base64"), mail("Thank you.\n"), with_log("quoted-printable")):
        box.add(message)
    box.close()
    events = read_logs([tmp_path]).events
    assert sorted(set(events["file"])) == [f"support.mbox/{number}/nova-compute.log" for number in (1, 3)]
    assert set(events["host"]) == {None}


def test_what_is_attached_may_be_packed_or_a_mail() -> None:
    inner = mail()
    inner.add_attachment(gzip.compress(TEXT.encode()), "application", "gzip", filename="ctl1/nova-api.log.gz")
    outer = mail("See below.\n")
    outer.add_attachment(inner)
    (told,) = read_text(bytes(outer), "ticket.eml").events.select("service", "host").unique().rows()
    assert told == ("nova-api", "ctl1")


def test_a_name_that_leads_out_of_the_mail_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.eml").write_bytes(bytes(with_log("base64", "../../etc/nova.log")))
    (tmp_path / "b.log").write_text(TEXT)
    skipped = {each.skip for each in read_logs([tmp_path]).files}
    assert SkipReason.UNSAFE_MEMBER in skipped


def test_parts_in_parts_end_at_a_depth() -> None:
    """Deeper ones are given as they stand."""
    level = "Content-Type: multipart/mixed; boundary=b{0}\n\n--b{0}\n"
    nested = "".join(map(level.format, range(3000))) + f"\n{TEXT}"
    (part,) = parts_of_mail(nested.encode())
    assert part.data.strip().endswith(STORY[-1].encode())


def test_a_mail_beyond_the_bound_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mails, "LARGEST_BYTES", 1000)
    with (tmp_path / "a.eml").open("w+b") as file, pytest.raises(LogBoundReached, match="more than 0 MiB"):
        file.write(bytes(with_log("base64")))
        file.seek(0)
        list(mails_of(file, "a.eml"))


@pytest.mark.parametrize(
    "text",
    ["From: nova\nINFO nova.api [-] x\n", "Date: today\nContent-Type: text/html\n\n<p>\n", "Subject: a\n\nb\n", TEXT],
)
def test_what_only_looks_like_a_header_is_no_mail(text: str) -> None:
    assert packing_of(text.encode()) is None


@given(st.binary(max_size=60), st.integers(0, 3000), st.sampled_from(["base64", "quoted-printable"]))
def test_a_damaged_mail_is_read_as_far_as_it_goes(noise: bytes, place: int, encoding: str) -> None:
    whole = bytes(with_log(encoding))
    damaged = whole[:place] + noise + whole[place + len(noise) :]
    assert all(isinstance(part.data, bytes) for part in parts_of_mail(damaged))
    assert packing_of(whole) is Packing.MAIL


@pytest.mark.parametrize(
    "header",
    [
        "Content-Disposition: attachment; filename*" + "9" * 5000 + "=x",
        "Content-Disposition: attachment; filename*=a\0b'en'x",
        "Content-Type: text/plain; charset*=a\0b'en'x",
        "Content-Type: multipart/mixed; boundary*=a\0b'en'x",
        'Content-Disposition: attachment; filename="' + ";" * 60_000,
    ],
    ids=["section beyond all", "name in no encoding", "no encoding", "border in no encoding", "parameters without end"],
)
def test_a_header_that_python_cannot_read_costs_only_what_it_says(header: str) -> None:
    """The text below it is given as it stands."""
    (part,) = parts_of_mail(f"Subject: x\n{header}\n\n2026-11-23 04:00:00 ERROR app broken\n".encode())
    assert part.data.endswith(b"ERROR app broken\n")


def test_a_mail_of_parts_without_end_is_left_out_with_the_bound(tmp_path: Path) -> None:
    """They are not even counted to the end."""
    mail = b"From: a\nSubject: x\nContent-Type: multipart/mixed; boundary=b\n\n" + b"--b\n" * 100_000
    (tmp_path / "x.eml").write_bytes(mail)
    (tmp_path / "app.log").write_text("2026-11-23 04:00:00 ERROR app broken\n")
    read = read_logs([tmp_path])
    assert read.events["message"].to_list() == ["app broken"]
    assert any("more than 1000 parts" in file.detail for file in read.files)


def test_a_mail_that_quotes_the_border_of_another_one_is_one_mail() -> None:
    """Only a file that begins with a border is a mailbox."""
    mail = b"Subject: x\n\nFrom ctl1 Mon Nov 23 2026\nword: 2026-11-23 04:00:00 ERROR app broken\n"
    assert list(mails_of(io.BytesIO(mail), "x.eml")) == [mail]


def test_a_mail_that_is_cut_off_is_read_up_to_the_cut(tmp_path: Path) -> None:
    """As a log that is cut off is."""
    lines = "".join(f"2026-11-23 04:00:{n % 60:02} ERROR app broken {n * 7919 % 10007}\n" for n in range(3000))
    packed = gzip.compress(f"From: a\nSubject: x\nContent-Type: text/plain\n\n{lines}".encode())
    (tmp_path / "x.eml.gz").write_bytes(packed[: len(packed) // 2])
    assert read_logs([tmp_path]).events.height > 500


@pytest.mark.parametrize("name", ["answer.eml", "issue.md"])
def test_words_around_quoted_lines_and_fenced_ones_are_no_events(name: str) -> None:
    line = "2026-11-23 04:00:00.100 7 ERROR nova.compute.manager [-] No"
    head = "From: a@x.org\nTo: b@x.org\nSubject: Re: help\n\n" if name.endswith("eml") else ""
    quoted = f"Hello,\n\nOn Monday Ada wrote:\n> It fails:\n>\n> {line}\n> ValueError: x\n\nWhich release?\n"
    fenced = f"## What fails\n\nThis:\n\n```console\n{line}\nValueError: x\n```\n\nand no more\n"
    for text in (quoted, fenced):
        (event,) = rows(head + text, name)
        assert (event["message"], event["detail"]) == ("No", "ValueError: x")


def test_what_is_said_between_lines_of_a_log_is_kept_where_some_stand_outside_of_the_fences() -> None:
    line = "2026-11-23 04:00:00.100 7 ERROR nova.compute.manager [-] No"
    found = rows(f"Before:\n{line}\n```\n{line}\n```\n", "issue.md")
    assert [event["message"] for event in found] == ["Before:", "No", "No"]


@pytest.mark.parametrize(("mails_in_mails", "events"), [(2, 4), (DEEPEST, 4), (DEEPEST + 1, 0)])
def test_mails_written_into_mails_are_followed_as_deep_as_packings(mails_in_mails: int, events: int) -> None:
    whole = TEXT.encode()
    for _ in range(mails_in_mails):
        whole = b"From: a@cloud.example\nSubject: node7\nMessage-ID: <1@cloud.example>\n\n" + whole
    try:
        read = rows(whole, "ticket.eml")
    except NoLogFiles as error:
        assert "over a bound" in error.message
        read = []
    assert len(read) == events
    assert not read or whole.decode().split("\n")[read[0]["line"] - 1] == STORY[0]
