"""What a template keeps and what it masks."""

import polars as pl
import pytest

from openstack_rca.logs import templates
from openstack_rca.logs.templates import TEMPLATE_LENGTH, mask_messages, template_ids

UUID_A, UUID_B = "82d2b7bf-0c89-41ae-817d-363d3b1c1a21", "46c6facf-6228-4470-a3dd-753cba8ef09d"


def template(message: str) -> str:
    return str(mask_messages(pl.Series([message]))[0])


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("Claim successful on node compute1", "Claim successful on node compute<*>"),
        ("Took 4.69 seconds to spawn", "Took <*> seconds to spawn"),
        (f"Deleting instance files /var/lib/nova/instances/{UUID_A}_del",
         "Deleting instance files /var/lib/nova/instances/<*>_del"),
        ("Attaching to fa:16:3e:00:11:22 at 10.0.0.1:5672 and fe80::1", "Attaching to <*> at <*> and <*>"),
        ('127.0.0.1 "GET /v2.0/ports?device_id=a&tenant_id=b HTTP/1.1" status: 200  len: 210 time: 0.2081230',
         '<*> "GET /v2.0/ports?<*> HTTP/<*>" status: 200 len: <*> time: <*>'),
        (f'127.0.0.1 - - [23/Nov/2026 04:56:06] "GET /v2/images/{UUID_A} HTTP/1.1" 404 978 0.029119',
         '<*> - - [<*>] "GET /v2/images/<*> HTTP/<*>" 404 <*>'),
        ("127.0.0.1 PATCH /v3/users/de6001032ac746579b0836c80395c451 => generated 315 bytes in 1564 msecs "
         "(HTTP/1.1 200) 5 headers in 177 bytes (1 switches on core 1)",
         "<*> PATCH /v3/users/<*> => generated <*> bytes in <*> msecs (HTTP/<*> 200) <*> headers in <*> bytes "
         "(<*> switches on core <*>)"),
        (f"GET http://controller:8776/v3/{UUID_A}/volumes returned with HTTP 500",
         "GET http://<*>/v3/<*>/volumes returned with HTTP 500"),
        ("failed: (pymysql.err.OperationalError) (2013, 'Lost connection')",
         "failed: (pymysql.err.OperationalError) (2013, '<*>')"),
        ("AMQP server on controller:5672 is unreachable: [Errno 111] ECONNREFUSED",
         "AMQP server on controller:<*> is unreachable: [Errno 111] ECONNREFUSED"),
        ("closing AMQP connection <0.2412.0> (x)", "closing AMQP connection <*> (x)"),
        ("Table 'nova.instances' is missing, can't go on", "Table '<*>' is missing, can't go on"),
        ("device tap1a2b3c4d-ef is up", "device tap<*> is up"),
        ("[MY-010119] [Server] Aborting", "[MY-010119] [Server] Aborting"),
        ('10.0.0.1:5 [23/Nov/2026:04:00:00.123] front back/ctl1 0/0/1/2/3 503 312 - "GET /v2.1 HTTP/1.1"',
         '<*> [<*>] front back/ctl<*> 503 <*> - "GET /v2.1 HTTP/<*>"'),
    ],
)  # fmt: skip
def test_a_template_keeps_the_words_and_masks_the_values(message: str, expected: str) -> None:
    assert template(message) == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (f"Deleted allocations for instance {UUID_A}", f"Deleted allocations for instance {UUID_B}"),
        (f"ports ['{UUID_A}']", f"ports ['{UUID_A}', '{UUID_B}', '{UUID_A}']"),
        ("allocations {'resources': {'DISK_GB': 2}}", "allocations {'resources': {'DISK_GB': 2, 'VCPU': 1}, 'a': []}"),
        ("message ID 0c0ac86962cc4e4c979f38d0e5a5a9a1", "message ID f23e80198dc5407ba73009a41d9ee3f3"),
        ("at 0x7f64bcaae050 in 5s", "at 0x55e13e9a34df in 12s"),
        ("offset -5 found", "offset 5 found"),
        ("seen 2026-11-23 04:00:00.123", "seen 2026-11-24T05:00:00Z"),
        ("GET /v2.0/ports?a=1 HTTP/1.1", "GET /v2.0/ports?a=1&b=2&c=%20 HTTP/1.1"),
    ],
)
def test_values_of_any_shape_or_number_give_one_template(one: str, other: str) -> None:
    assert template(one) == template(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('"GET /v2.1/servers HTTP/1.1" status: 200 len: 1', '"GET /v2.1/servers HTTP/1.1" status: 500 len: 1'),
        ('"GET /v2.1/servers HTTP/1.1" status: 200 len: 1', '"GET /v2.1/flavors HTTP/1.1" status: 200 len: 1'),
        ('"GET /v2.1/servers HTTP/1.1" status: 200 len: 1', '"POST /v2.1/servers HTTP/1.1" status: 200 len: 1'),
        ('1.2.3.4 - - [23/Nov/2026 04:56:06] "GET /v2 HTTP/1.1" 200 9',
         '1.2.3.4 - - [23/Nov/2026 04:56:06] "GET /v2 HTTP/1.1" 503 9'),
        ("(2003, \"Can't connect\")", "(1040, 'Too many')"),
    ],
)  # fmt: skip
def test_method_path_status_and_error_number_tell_templates_apart(one: str, other: str) -> None:
    assert template(one) != template(other)


def test_a_template_has_a_bounded_length() -> None:
    assert len(template("word " * 10_000)) <= TEMPLATE_LENGTH


def test_templates_do_not_depend_on_what_else_is_masked_with_them() -> None:
    messages = [f"Took {number}.5 seconds on compute{number}" for number in range(50)]
    together = mask_messages(pl.Series("any", messages))
    assert together.to_list() == [template(message) for message in messages]
    assert together.name == "any"


def test_ids_are_the_first_eight_bytes_of_blake2b_so_they_are_the_same_everywhere() -> None:
    ids = template_ids(pl.Series(["Claim successful on node compute<*>", "", "Claim successful on node compute<*>"]))
    assert ids.dtype == pl.UInt64
    assert ids.to_list() == [0xA3476DF4BC4B10D8, 0xE4A6A0577479B2B4, 0xA3476DF4BC4B10D8]


def test_no_messages_give_no_templates() -> None:
    empty = pl.Series("message", [], pl.String)
    assert mask_messages(empty).len() == 0
    assert template_ids(empty).len() == 0


@pytest.mark.parametrize("room", [0, 3, 1000])
def test_templates_do_not_depend_on_what_is_remembered_of_messages_before(
    monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    known: dict[str, str] = {}
    monkeypatch.setattr(templates, "_KNOWN", known)
    monkeypatch.setattr(templates, "_MOST_KNOWN", room)
    one, other, third = f"Took 4.69 s, code: 404, 0x1f {UUID_A}", "Took 17.20 s, code: 503, 0x2f 1", "all is well"
    expected = ["Took <*> s, code: 404, <*>", "Took <*> s, code: 503, <*>", "all is well"]
    for messages in ([one], [other, third], [one, None, other, third], [third, other, one]):
        found = mask_messages(pl.Series(messages, dtype=pl.String)).to_list()
        wanted = dict(zip((one, other, third), expected, strict=True))
        assert found == [None if message is None else wanted[message] for message in messages]
        assert len(known) <= room
