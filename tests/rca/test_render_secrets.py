"""Secrets that a log line tells are in no report, in whatever form it is rendered."""

import re
import string
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
import report_samples
from hypothesis import given, settings
from hypothesis import strategies as st

from openstack_rca.rca.render.html_report import render_html
from openstack_rca.rca.render.json_report import render_json
from openstack_rca.rca.render.markdown_report import render_markdown
from openstack_rca.rca.render.text_report import render_text_plain
from openstack_rca.rca.report.report import Episode, Hop, Report, RequestStep, RuledOut, TimelineEntry
from openstack_rca.rca.report.sanitise import SECRET_MASK, mask_secrets

FORMS = [
    "mysql+pymysql://nova:{}@controller/nova?charset=utf8",
    "rabbit://openstack:{}@controller:5672//",
    "http://admin:{}@[::1]:5000/v3",
    "connection = mysql://:{}@db",
    "password={} next",
    "admin_password                 = {}",
    "OS_PASSWORD={}",
    "export OS_PASSWORD='{}'",
    "'adminPass': '{}', 'id': 1",
    '{{"password": "{}", "name": "nova"}}',
    '{{\\"password\\": \\"{}\\", \\"name\\": 1}}',
    "Client(username=nova, password={}, timeout=3)",
    "?token={}&path=1",
    "secret_key: {}",
    "X-Auth-Token: {}",
    "X-Subject-Token: {} other",
    'curl -H "X-Auth-Token: {}" -X GET',
    "('X-Auth-Token', '{}')",
    "{{'X-Service-Token': '{}'}}",
    "Authorization: Basic {}",
    "authorization: Bearer {} x",
    'Authorization: Digest username="nova", response="{}"',
    "openstack --os-password {} server list",
    "--password={}",
    "--os-a-long-name-with-a-password {}",
    "CREATE USER nova IDENTIFIED BY '{}'",
    "token gAAAAAB{} is not valid",
    "eyJhbGciOi.eyJpc3MiOi.{}",
    "password='{}",
]
SECRETS = st.text(alphabet=string.ascii_letters + string.digits + "-_=%", min_size=9, max_size=40).filter(
    lambda text: text[0].isalnum() and text[-1].isalnum() and not text.isalpha()
)
ORDINARY = [
    "Access denied for user 'nova'@'controller' (using password: YES)",
    "Unable to validate token: Identity server rejected authorization necessary to fetch token data",
    "Failed to fetch token data from identity server",
    "The password of the service user is wrong; see [keystone_authtoken] password",
    "Authorization failed. The request you have made requires authentication. from 127.0.0.1",
    "AMQP server on controller:5672 is unreachable: timed out. Trying again in 0 seconds.: TimeoutError: timed out",
    "Reconnected to AMQP server on http://controller:5672/a@b via [amqp] client with port 45788.",
    "X-Auth-Token: {SHA256}4f5c0f0f",
    "admin_password = ****",
    "password=None, token=null",
    "Error when reading /var/lib/rabbitmq/.erlang.cookie: eacces",
    "internal error: no secret with matching uuid 9182f4bb-9c9c-4570-b40e-5d281da49984",
    "secret: no value matches",
    "password: must not be empty",
    "token => Zugriff",
    """["password", first, 'x']""",
    "    token = PROVIDERS.token_provider_api.issue_token(user)",
    '127.0.0.1 "POST /v3/auth/tokens HTTP/1.1" status: 201 len: 4711',
    '{"auth": {"identity": {"methods": ["password"], "password": {"user": {"name": "nova"}}}}}',
]
WORDS = ["the", "token", "of", "password:", "secret", "wrong;", "403", "http://c:5000/v3", "(x@y)", "'a'", "="]
RENDERINGS: list[Callable[[Report], str]] = [
    render_json,
    render_markdown,
    render_html,
    lambda report: render_text_plain(report, 400),
]


def test_what_stands_behind_a_masked_secret_is_masked_too() -> None:
    """A slash in the token ends the search for the end of the URL's password; masked, it does so no more."""
    assert mask_secrets("amqp://u:one@'token'='t/wo'three@db") == f"amqp://u:{SECRET_MASK}@db"


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=40, deadline=None)
@given(secret=SECRETS)
def test_a_secret_goes_and_a_second_pass_changes_nothing(form: str, secret: str) -> None:
    """In every known form the secret is replaced, what stands around it stays, and masked text is stable."""
    masked = mask_secrets(form.format(secret))
    assert secret not in masked
    assert SECRET_MASK in masked
    assert mask_secrets(masked) == masked
    first = form.split("{}")[0].replace("{{", "{").replace("gAAAAAB", "").split("eyJ")[0]
    assert masked.startswith(first.split("Digest ")[0].split("username=")[0])


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(FORMS), SECRETS)
def test_no_rendering_holds_a_secret(form: str, secret: str) -> None:
    """Wherever a log line is cited, whichever way the report is shown, the secret is not in it."""
    report = report_with(f"it failed {form.format(secret)}")
    for render in RENDERINGS:
        assert secret not in re.sub(r"\s+", "", render(report))


@pytest.mark.parametrize("quote", ["'", '"'])
@pytest.mark.parametrize("depth", [0, 1, 2], ids=["plain", "in a string", "in a string in a string"])
@settings(max_examples=40, deadline=None)
@given(parts=st.lists(SECRETS, min_size=2, max_size=3), slashes=st.integers(0, 2))
def test_a_secret_that_holds_its_own_quote_goes_whole(quote: str, depth: int, parts: list[str], slashes: int) -> None:
    """Escaped quotes and backslashes inside the value do not end it, however often the text was quoted again."""
    value = (quote + "\\" * slashes).join(parts)
    text = f"{quote}password{quote}: {quote}{escaped(value, quote)}{quote}, {quote}name{quote}: 1"
    for _ in range(depth):
        text = escaped(text, quote)
    masked = mask_secrets(f"{{{text}}}")
    assert [part for part in parts if part in masked] == []
    assert "name" in masked


@pytest.mark.parametrize("depth", [0, 1, 2], ids=["plain", "in a string", "in a string in a string"])
def test_a_secret_that_ends_with_a_backslash_ends_at_its_quote(depth: int) -> None:
    """What stands behind it is no secret."""
    secret = escaped("hunter-2\\", "'")
    text = f"'password': '{secret}', 'name': 'nova'"
    for _ in range(depth):
        secret, text = escaped(secret, "'"), escaped(text, "'")
    assert mask_secrets(text) == text.replace(secret, SECRET_MASK)


def escaped(text: str, quote: str) -> str:
    """Text as it stands inside a quoted literal."""
    return text.replace("\\", "\\\\").replace(quote, "\\" + quote)


def test_a_secret_behind_a_masked_secret_goes_too() -> None:
    """One pass uncovers what the next one sees: both are gone in the end."""
    line = "password=mysql://nova:first-1@db/nova?password=second-2&token=third-3"
    assert not {"first-1", "second-2", "third-3"} & set(re.split(r"[=:@&/?]", mask_secrets(line)))


@pytest.mark.parametrize("line", ORDINARY)
def test_ordinary_lines_stay_as_they_are(line: str) -> None:
    """Lines that speak of passwords and tokens without telling one are evidence and are not changed."""
    assert mask_secrets(line) == line


@pytest.mark.parametrize(
    ("line", "masked"),
    [
        ("password: hunter", "password: ***"),
        ("password: hunter 42", "password: *** 42"),
        ("password: hunter2 was set", "password: *** was set"),
        ("password=(hunter2) x", "password=***) x"),
        ("X-Auth-Token: [hunter2] x", "X-Auth-Token: ***] x"),
        ("password: hunter, then x", "password: ***, then x"),
        ("X-Auth-Token: hunter was sent", "X-Auth-Token: *** was sent"),
        ("password='hunter2\nnext 'line'", "password='***\nnext 'line'"),
        (r"{'password': 'ab\'', 'user': 'nova'}", "{'password': '***', 'user': 'nova'}"),
        (r"{'password': 'ab\\\\', 'user': 'nova'}", "{'password': '***', 'user': 'nova'}"),
        ('"password": {"a": 1}', '"password": {"a": 1}'),
        (' "password": {"a": 1}', ' "password": {"a": 1}'),
    ],
)
def test_one_word_is_a_secret_where_it_is_no_sentence(line: str, masked: str) -> None:
    """Letters alone, followed by another word, are a sentence; all else goes, and no more than the value."""
    assert mask_secrets(line) == masked


@given(st.lists(st.sampled_from(WORDS)))
def test_sentences_about_secrets_keep_their_words(words: list[str]) -> None:
    """Whatever the order of the words, only what follows a name and a sign is taken for a secret."""
    line = " ".join(words)
    kept = mask_secrets(line).split(" ") if line else []
    assert len(kept) == len(words)
    for position, (before, after) in enumerate(zip(words, kept, strict=True)):
        assert after == before or words[position - 1] in ("password:", "=")


@given(st.text(alphabet="ab:/@'\"\\ =,*{}gAeyJ.-\npasswordtokenX-Authu"))
def test_masking_is_stable(text: str) -> None:
    """Text that went through once is not changed by a second pass: reading a report back gives the same report."""
    once = mask_secrets(text)
    assert mask_secrets(once) == once


def report_with(line: str) -> Report:
    """Return a report made with ``line`` in every place that may quote a log or the operator."""
    data = report_samples.confirmed().model_dump()
    item = report_samples.evidence(text=line, why=line).model_dump()
    cause = data["causes"][0] | {"statement": line, "remedy": line, "next_checks": [line], "evidence": [item]}
    at = datetime(2026, 3, 9, tzinfo=UTC)
    step = RequestStep(time=at, component="nova-api", file="a.log", line=1, level="ERROR", text=line)
    episode = report_samples.later_episode().model_dump() | {"statement": line, "evidence": [item]}
    similar = data["similar"][0] | {"issue": line, "note": line}
    return Report.model_validate(
        data
        | {
            "issue": line,
            "summary": line,
            "command": line,
            "missing": [line],
            "causes": [cause],
            "chain": [Hop(source="a", target="b", supported=True, note=line)],
            "timeline": [TimelineEntry(time=at, component="a", text=line, kind="evidence")],
            "requests": [{"request_id": "req-1", "steps": [step]}],
            "episodes": [Episode.model_validate(episode)],
            "ruled_out": [RuledOut(component="a", reason=line)],
            "similar": [similar],
        }
    )
