"""What is shown of a log line where room is short, and which lines say the same."""

import pytest
import report_samples
from hypothesis import given
from hypothesis import strategies as st

from openstack_rca.rca.render.excerpts import essence, excerpt, grouped, like_text


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("2026-03-09 14:02:11.375 27186 ERROR nova.api [None req-1 - - - -] [instance: 12-ab] it broke", "it broke"),
        ("2026-03-09 14:02:11.375 27186 ERROR nova.api [-] it broke", "it broke"),
        ("2026-03-09 14:02:09 0 [Note] shutdown", "shutdown"),
        ("no prefix [at all]", "no prefix [at all]"),
    ],
)
def test_the_message_is_found_behind_the_prefix(line: str, message: str) -> None:
    """Where room is short, the parts of a log line that say nothing about the trouble are left out."""
    assert essence(line) == message


def test_a_short_line_is_shown_as_it_is() -> None:
    """Nothing is left out where there is room."""
    assert (
        excerpt("volume service is down. (host: controller@nfs-1)", 60)
        == "volume service is down. (host: controller@nfs-1)"
    )


def test_a_line_that_just_fits_stays_whole() -> None:
    """One character more, and something has to go."""
    line = "volume service is down. (host: controller@nfs-1)"
    assert excerpt(line, len(line)) == line
    assert excerpt(line, len(line) - 1) != line


def test_the_exception_is_the_telling_part() -> None:
    """Where room is short the last exception stays, not the beginning of the line."""
    line = (
        "Dynamic interval looping call 'oslo_service.loopingcall.RetryDecorator.__call__.<locals>._func' failed: "
        "oslo_messaging.exceptions.MessagingTimeout: Timed out waiting for a reply to message ID f94e4546"
    )
    assert excerpt(line, 120) == (
        "Dynamic interval looping call 'oslo_service.l ... MessagingTimeout: Timed out waiting for a reply to message ID f94e4546"
    )
    assert excerpt(line, 60) == "MessagingTimeout: Timed out waiting for a reply ..."


def test_an_exception_that_just_fits_stays_whole() -> None:
    line = f"{'introduction ' * 10}pack.SomeError: twelve words"
    assert excerpt(line, 28) == "SomeError: twelve words"
    assert excerpt(line, 27) == "SomeError: twelve ..."


def test_statements_and_help_pages_go_first() -> None:
    """Long SQL, its parameters and the address of a help page are not what went wrong."""
    line = (
        "DB exception wrapped.: (pymysql.err.OperationalError) (1205, 'Lock wait timeout exceeded') "
        f"[SQL: UPDATE instances SET {'x=1, ' * 60}y=2] [parameters: {{'a': '{'b' * 200}'}}] "
        "(Background on this error at: https://sqlalche.me/e/14/e3q8)"
    )
    shown = excerpt(line, 240)
    assert "(1205, 'Lock wait timeout exceeded')" in shown
    assert "[SQL: UPDATE instances SET" in shown
    assert "sqlalche.me" not in shown


def test_a_line_that_says_it_twice_is_shown_once() -> None:
    """An exception that repeats the message of its line is left out."""
    message = "Identity server rejected authorization necessary to fetch token data"
    line = f"Unable to validate token: {message}: keystonemiddleware.auth_token._exceptions.ServiceError: {message}"
    assert excerpt(line, 120) == f"Unable to validate token: {message}"


def test_without_an_exception_both_ends_stay() -> None:
    """What a long line begins with and what it ends with are shown."""
    shown = excerpt(f"(compute1, compute1) ram: {'7168MB ' * 40}has not been heard from in a while", 70)
    assert shown.startswith("(compute1, compute1) ram:")
    assert shown.endswith("has not been heard from in a while")


REFUSED = (
    "Unable to establish connection to http://int.example.net:8778/allocations/e85012a0: HTTPConnectionPool("
    "host='int.example.net', port=8778): Max retries exceeded with url: /allocations/e85012a0 (Caused by NewConnectionError("
    "'<urllib3.connection.HTTPConnection object at 0x7f>: Failed to establish a new connection: [Errno 111] ECONNREFUSED'))"
)


@pytest.mark.parametrize("room", [80, 120, 160, 240])
@pytest.mark.parametrize("matched", [REFUSED[:-3], REFUSED[:40], ""])
def test_the_number_of_an_error_stays_at_the_end(room: int, matched: str) -> None:
    """What the system said tells a refused connection from a slow one, however long the line before it is."""
    shown = excerpt(f"Failure: {REFUSED}", room, matched)
    assert shown.endswith("[Errno 111] ECONNREFUSED") or "[Errno 111] ECONNREFUSED'))" in shown
    assert len(shown) <= room
    assert "... ..." not in shown
    assert matched[:20] in shown


def test_of_words_that_do_not_fit_both_ends_stay() -> None:
    """A rule that knows the beginning and a value far behind it matched both."""
    matched = f"Refusing to bind port 5d0f to dead agent: {{{'1.2, ' * 100}'host': 'compute3'"
    shown = excerpt(f"{matched}, {'1.1, ' * 60}}}", 120, matched)
    assert shown.startswith("Refusing to bind port 5d0f to dead agent:")
    assert shown.endswith("'host': 'compute3'")


def test_what_a_failed_command_said_is_no_less_than_how_it_was_called() -> None:
    line = f"Error while attempting \"tool {'-x ' * 60}\": command failed. Stderr: 'Error setting Parameter 5'"
    assert "Stderr: 'Error setting Parameter 5" in excerpt(line, 100, "Error while attempting")
    assert "Stderr: 'Error setting Parameter 5" in excerpt(f"{line} {'and so on ' * 20}", 100, "Error while attempting")


WORDS = st.lists(st.text(alphabet="abc", min_size=1, max_size=6), min_size=1, max_size=60)
OTHER_WORDS = st.lists(st.text(alphabet="xyz", min_size=1, max_size=6), min_size=1, max_size=60)


@given(WORDS, st.integers(min_value=60, max_value=120))
def test_what_is_left_of_a_line_are_whole_words(words: list[str], room: int) -> None:
    """Its first ones and its last ones, and as many as there is room for."""
    shown = excerpt(" ".join(words), room)
    if " ... " not in shown:
        assert shown == " ".join(words)
        return
    head, tail = (part.split() for part in shown.split(" ... "))
    assert head == words[: len(head)]
    assert tail == words[-len(tail) :]
    assert len(shown) > room - 2 * 7


def test_a_word_that_would_cost_more_than_a_third_of_the_room_is_cut() -> None:
    """At either side of the gap: half a word tells more than an empty place."""
    assert excerpt(f"x x x {'a' * 200} {'y' * 20}", 100) == f"x x x {'a' * 34} ... {'a' * 34} {'y' * 20}"


@given(WORDS, OTHER_WORDS, st.integers(min_value=60, max_value=120))
def test_an_exception_stays_with_what_it_says(before: list[str], said: list[str], room: int) -> None:
    """Where there is room beside it the line's beginning stays too; both in whole words."""
    line = f"{' '.join(before)} pack.age.SomeError: {' '.join(said)} and more"
    shown = excerpt(line, room)
    if len(line) <= room:
        assert shown == line
        return
    assert "SomeError:" in shown
    head, told = shown.split("SomeError:")
    known, end = told.removesuffix(" ...").split(), [*said, "and", "more"]
    assert known == end[: len(known)]
    assert told.endswith(" ...") or known == end
    if head:
        kept = head.removesuffix(" ... ").removesuffix("pack.age.").split()
        assert kept == before[: len(kept)] or (kept[:-1] == before and "pack.age.".startswith(kept[-1]))


def test_an_exception_that_says_next_to_nothing_is_not_the_telling_part() -> None:
    """From eight characters on it is; before that the line's first and last words are shown."""
    line = f"{'words ' * 12}pack.SomeError:"
    assert excerpt(f"{line} 12345678", 60) == "words words words words words words ... SomeError: 12345678"
    assert excerpt(f"{line} 1234567", 60) == "words words words words ... words pack.SomeError: 1234567"
    assert excerpt(f"{line} 12345678: other.Error: no", 60) == (
        "words words words ... SomeError: 12345678: other.Error: no"
    )


@pytest.mark.parametrize("room", [60, 90, 200])
def test_the_matched_words_are_never_left_out(room: int) -> None:
    """Wherever they stand in the line, and though it ends with an exception."""
    line = f"{'before ' * 40}disk usage is above the limit {'after ' * 40}oslo_db.exception.DBError: {'later ' * 10}"
    shown = excerpt(line, room, "disk usage is above the limit")
    assert "disk usage is above the limit" in shown and len(shown) <= room


@pytest.mark.parametrize(
    ("room", "shown"),
    [
        (78, "... disk usage is above the limit after after after after after after ..."),
        (79, "before before ... disk usage is above the limit after after after after ..."),
        (100, "before before before before ... disk usage is above the limit after after after after after ..."),
    ],
)
def test_before_the_matched_words_stands_the_beginning_where_both_ends_get_twenty_characters(
    room: int, shown: str
) -> None:
    """They share what the words leave of the room."""
    line = f"{'before ' * 40}disk usage is above the limit {'after ' * 40}oslo_db.exception.DBError: {'later ' * 10}"
    assert excerpt(line, room, "disk usage is above the limit") == shown


def test_a_line_that_begins_with_the_matched_words_is_shown_from_its_beginning() -> None:
    """Nothing is left out before them."""
    matched = "the quorum was lost because of two members that went away"
    assert excerpt(f"{matched} {'later ' * 40}", 60, matched).startswith("the quorum was lost")


def test_matched_words_that_are_too_long_for_the_room_are_shown_as_far_as_it_goes() -> None:
    """Where the line's telling part begins with them, nothing is gained by showing them again."""
    matched = "MessagingTimeout: Timed out waiting for a reply to message ID f94e4546 of the conductor, which is busy"
    line = (
        f"Dynamic interval looping call failed in the compute service of this host: oslo_messaging.exceptions.{matched}"
    )
    assert excerpt(line, 60, matched) == "MessagingTimeout: Timed out waiting for a reply ..."


@pytest.mark.parametrize(
    ("shown", "rest"),
    [
        ("it failed (1205, 'Lock wait timeout')", " (Background on this error at: https://sqlalche.me/e/14/e3q8)"),
        (
            "Unable to validate token: it was rejected by the identity server",
            ": a.Refused: it was rejected by the identity server",
        ),
    ],
    ids=["a help page", "what was said before"],
)
def test_a_line_that_fits_without_what_nobody_needs_stays_whole(shown: str, rest: str) -> None:
    assert excerpt(shown + rest, len(shown)) == shown


def test_in_next_to_no_room_stands_the_beginning() -> None:
    """Twenty characters are the least that has two ends."""
    assert excerpt("x" * 50, 19) == "x" * 19
    assert excerpt(" ".join(["abc"] * 20), 20) == "abc abc ... abc abc"
    assert excerpt("one two three four five six", 16) == "one two three fo"


@given(st.text(alphabet="ab.:() Error[SQL]\n<br>", max_size=400), st.integers(min_value=1, max_value=200))
def test_an_excerpt_fits(text: str, room: int) -> None:
    """Whatever the line, the excerpt is printable and within its room."""
    shown = excerpt(text, room)
    assert len(shown) <= room
    assert shown.isprintable()


def test_alike_evidence_is_told_once() -> None:
    """The same signature from the same service is one piece, with the places of the others."""
    file = report_samples.evidence(0).file
    items = [
        report_samples.evidence(0),
        report_samples.evidence(1, service="keystone", file="controller/keystone.log", line=7),
        report_samples.evidence(2, file="".join(list(file))),
        report_samples.evidence(3, file="controller/nova-conductor.log.1", line=9),
    ]
    first, second = grouped(items)
    assert (first.item, first.like) == (items[0], (items[2], items[3]))
    assert like_text(first) == "and 2 more like it: line 414 of the same file, controller/nova-conductor.log.1:9"
    assert like_text(second) == ""


@pytest.mark.parametrize(
    "change", [{"host": "compute9"}, {"accuses": "keystone"}, {"signature": "other"}, {"accused_host": "other"}]
)
def test_what_differs_stays_apart(change: dict[str, str]) -> None:
    """Another host, signature or accused is another piece of evidence."""
    assert len(grouped([report_samples.evidence(), report_samples.evidence(**change)])) == 2
