"""Lines of the programs around OpenStack, and of oslo.log with dates of the operator's own."""

from datetime import UTC, datetime

import pytest
from tests.logs.reading import read_text, rows

NOON = datetime(2026, 11, 23, 4, 0, 0, tzinfo=UTC)
TENTH = NOON.replace(microsecond=100000)


@pytest.mark.parametrize(
    ("line", "time", "level", "message", "service"),
    [
        ("2026-11-23 04:00:00.100 UTC [123] FATAL:  too many connections", TENTH, "CRITICAL", "too many connections", "postgresql"),
        ("2026-11-23 04:00:00.100 UTC [124] nova@nova ERROR:  deadlock", TENTH, "ERROR", "deadlock", "postgresql"),
        ("2026-11-23 04:00:00 UTC:10.0.0.1(4321):nova@nova:[124]:LOG:  ready", NOON, "INFO", "ready", "postgresql"),
        ("type=AVC msg=audit(1795406400.100:812): avc:  denied  { write }", TENTH, "WARNING", "AVC: avc:  denied  { write }", "auditd"),
        ("node=c1 type=USER_LOGIN msg=audit(1795406400.100:9): res=success", TENTH, "INFO", "USER_LOGIN: res=success", "auditd"),
        ("2026-11-23T04:00:00.100+0000 E STORAGE  [thread1] no space", TENTH, "ERROR", "no space", "mongodb"),
        ('{"t":{"$date":"2026-11-23T04:00:00.100+00:00"},"s":"F","c":"STORAGE","id":1,"ctx":"x","msg":"full"}', TENTH,
         "CRITICAL", "full", "x"),
        ("2026/11/23 04:00:00 [crit] 12#12: *1 no space", NOON, "CRITICAL", "*1 no space", "nginx"),
        ("123:M 23 Nov 2026 04:00:00.100 # Out Of Memory", TENTH, "WARNING", "Out Of Memory", "redis"),
        ("2026-11-23 04:00:00.100000 E | etcdserver: no leader", TENTH, "ERROR", "no leader", "etcd"),
        ("261123  4:00:00 mysqld_safe Starting mysqld daemon", NOON, "INFO", "mysqld_safe Starting mysqld daemon", "mariadb"),
        ("2026-11-23T04:00:00.100000Z mysqld_safe mysqld ended", TENTH, "INFO", "mysqld_safe mysqld ended", "mariadb"),
        ("WSREP_SST: [ERROR] no donor (20261123 04:00:00.100)", NOON, "ERROR", "WSREP_SST: [ERROR] no donor", "mariadb"),
        ("2026-11-23T04:00:00.100000Z qemu-kvm: warning: host doesn't support it", TENTH, "WARNING",
         "qemu-kvm: warning: host doesn't support it", "qemu"),
        ("2026-11-23 04:00:00.100+0000: 77: error : virNet:1 : end of file", TENTH, "ERROR", "virNet:1 : end of file", "libvirt"),
        ("Nov 23 2026 04:00:00 ctl1 haproxy[1]: up", NOON, "INFO", "up", "haproxy"),
        ("kern  :err   : [Mon Nov 23 04:00:00 2026] Out of memory", NOON, "ERROR", "Out of memory", "kernel"),
        ("kern  :warn  : 2026-11-23T04:00:00,100000+00:00 slow", TENTH, "WARNING", "slow", "kernel"),
        ("[Mon Nov 23 04:00:00 2026] usb 1-1: new device", NOON, "INFO", "usb 1-1: new device", "kernel"),
        ("Mon Nov 23 04:00:00 2026: (VI_1) Entering BACKUP STATE", NOON, "INFO", "(VI_1) Entering BACKUP STATE", "keepalived"),
        ('ts=2026-11-23T04:00:00.100Z caller=main.go:1 level=error msg="no disk" err="full"', TENTH, "ERROR", "no disk: full", "x"),
        ('time="2026-11-23T04:00:00Z" level=warning msg="slow"', NOON, "WARNING", "slow", "x"),
        ("2026-11-23T04:00:00.100Z\tERROR\tsetup\tno disk\t{\"a\": 1}", TENTH, "ERROR", "no disk\t{\"a\": 1}", "x"),
        ("[2026-11-23 04:00:00 +0000] [12] [ERROR] Worker failed", NOON, "ERROR", "Worker failed", "x"),
        ("2026-11-23 04:00:00,100 - util.py[WARNING]: slow", TENTH, "WARNING", "slow", "x"),
        ("2026-11-23 04:00:00,100 - a.b - ERROR - slow", TENTH, "ERROR", "slow", "x"),
        ("2026-11-23 04:00:00,100 INFO exited: nova (exit status 1)", TENTH, "INFO", "exited: nova (exit status 1)", "x"),
        ("2026-11-23T04:00:00.100Z|00012|bridge|ERR|no port", TENTH, "ERROR", "no port", "x"),
        ("2026/11/23 04:00:00 BGP: [EC 1] peer down", NOON, "INFO", "[EC 1] peer down", "x"),
        ("debug 2026-11-23T04:00:00.100+0000 7f6fa1d2ad80 -1 osd.3 full", TENTH, "ERROR", "osd.3 full", "ceph"),
        ("=SUPERVISOR REPORT==== 23-Nov-2026::04:00:00.100000 ===", TENTH, "ERROR", "SUPERVISOR REPORT:", "rabbitmq"),
        ("=PROGRESS REPORT==== 3-Nov-2026::04:00:00 ===", NOON.replace(day=3), "INFO", "PROGRESS REPORT:", "rabbitmq"),
    ],
)  # fmt: skip
def test_a_line_of_a_neighbour(line: str, time: datetime, level: str, message: str, service: str) -> None:
    """Time, level, message, and the service where only one program writes so."""
    (event,) = rows(line + "\n", "x.log")
    assert (event["time"], event["level"], event["message"], event["service"]) == (time, level, message, service)


@pytest.mark.parametrize(
    ("line", "level", "service", "host"),
    [
        (
            "Nov 23 04:00:00.100 ctl1 pacemakerd          [1234] (crm_log)  notice: Starting",
            "INFO",
            "pacemakerd",
            "ctl1",
        ),
        ("Nov 23 04:00:00 [1234] ctl1       crmd:    error: lost quorum", "ERROR", "crmd", "ctl1"),
        ("Nov 23 04:00:00 [1234] ctl1 corosync warning [TOTEM ] A processor failed", "WARNING", "corosync", "ctl1"),
        ("Nov 23 04:00:00 corosync [TOTEM ] A processor failed", "INFO", "corosync", None),
        ("E1123 04:00:00.100000      12 reflector.go:1] no server", "ERROR", "x", None),
    ],
)
def test_a_line_without_a_year(line: str, level: str, service: str, host: str | None) -> None:
    """Pacemaker, Corosync, klog: the year comes from elsewhere."""
    (event,) = rows(line + "\n", "x.log")
    assert (event["level"], event["service"], event["host"]) == (level, service, host)
    assert (event["time"].month, event["time"].day, event["time"].hour) == (11, 23, 4)


@pytest.mark.parametrize(
    ("line", "level", "message"),
    [
        ("[  123.456789] Out of memory: Killed process 42", "INFO", "Out of memory: Killed process 42"),
        ("<3>[  123.456789] I/O error", "ERROR", "I/O error"),
        ("kern  :crit  : [  123.456789] no disk", "CRITICAL", "no disk"),
        ("[ALERT]    (12) : Starting frontend x: cannot bind", "CRITICAL", "Starting frontend x: cannot bind"),
        ("[WARNING] 326/040000 (12) : Server x is DOWN", "WARNING", "Server x is DOWN"),
        ("unit-nova-0: 04:00:00 ERROR unit.nova/0.juju-log no db", "ERROR", "no db"),
    ],
)
def test_a_line_without_a_date_has_no_time(line: str, level: str, message: str) -> None:
    """The kernel's ring buffer, HAProxy's alerts, `juju debug-log`."""
    (event,) = rows(line + "\n", "x.log")
    assert (event["time"], event["level"], event["message"]) == (None, level, message)


def test_what_postgresql_adds_to_a_message_belongs_to_it() -> None:
    """DETAIL, HINT and STATEMENT carry a prefix of their own."""
    text = "".join(
        f"2026-11-23 04:00:01.100 UTC [124] nova@nova {word}:  x\n"
        for word in ("ERROR", "DETAIL", "HINT", "STATEMENT", "LOG")
    )
    assert [event["lines"] for event in rows(text, "postgresql.log")] == [4, 1]


def test_memcached_writes_lines_without_any_prefix() -> None:
    """Once a file is memcached's, each of its lines is an event; what failed is an error."""
    found = rows(
        "slab class   1: chunk size        96 perslab   10922\n<28 server listening\nfailed to listen: in use\n",
        "x.log",
    )
    assert [(event["level"], event["service"]) for event in found] == [
        ("INFO", "memcached"),
        ("INFO", "memcached"),
        ("ERROR", "memcached"),
    ]


@pytest.mark.parametrize(
    "prefixes",
    [
        ["[Mon Nov 23 04:00:00.{n}00000 2026] [wsgi:error] [pid 9:tid 1] [client 10.0.0.1:5] "],
        ["2026-11-23 04:00:02 WARNING unit.nova/0.update-status logger.go:60 "],
        ["Nov 23 04:00:00 ctl1 myapp[12]: "],
        ["2026-11-23 04:00:00,100 - app - ERROR - "],
    ],
    ids=["Apache", "Juju", "syslog", "Python"],
)
def test_a_traceback_whose_lines_carry_prefixes_is_one_event(prefixes: list[str]) -> None:
    """A chain of two exceptions: the last one is what was raised; the next line is an event of its own."""
    trace = [
        "Traceback (most recent call last):", '  File "x.py", line 1, in y', "KeyError: 'a'", "",
        "During handling of the above exception, another exception occurred:", "", "Traceback (most recent call last):",
        '  File "x.py", line 2, in z', "ValueError: no such thing", "carrying on",
    ]  # fmt: skip
    text = "".join(prefixes[0].replace("{n}", str(number)) + line + "\n" for number, line in enumerate(trace))
    first, second = rows(text, "x.log")
    assert (first["exception"], first["lines"], second["message"]) == ("ValueError: no such thing", 9, "carrying on")


def test_a_traceback_belongs_to_the_line_that_announced_it() -> None:
    """mod_wsgi says that an exception occurred, then writes it."""
    prefix = "[Mon Nov 23 04:00:00.100000 2026] [wsgi:error] [pid 9:tid 1] [client 10.0.0.1:5] "
    lines = ["mod_wsgi (pid=9): Exception occurred processing WSGI script 'x'.", "Traceback (most recent call last):",
             '  File "x.py", line 1', "OSError: failed to write data"]  # fmt: skip
    (event,) = rows("".join(prefix + line + "\n" for line in lines), "error.log")
    assert (event["exception"], event["message"]) == ("OSError: failed to write data", lines[0])


def test_before_liberty_a_traceback_had_a_level_of_its_own() -> None:
    """TRACE lines belong to the error with the same stamp."""
    head = "2014-03-01 04:00:00.400 2001"
    (event,) = rows(
        f"{head} ERROR nova.x [req-1 None None] bad\n{head} TRACE nova.x Traceback (most recent call last):\n"
        f'{head} TRACE nova.x   File "x.py", line 1\n{head} TRACE nova.x KeyError: 7\n'
    )
    assert (event["level"], event["exception"], event["lines"]) == ("ERROR", "KeyError: 7", 4)


@pytest.mark.parametrize(
    "stamp",
    [
        "2026-11-23T04:00:00+0000.100", "2026-11-23T04:00:00Z.100", "2026-11-23T05:00:00.100+01:00", "23/Nov/2026 04:00:00.100",
        "23/Nov/2026:04:00:00.100", "Mon Nov 23 04:00:00 2026.100", "23.11.2026 04:00:00.100", "23/11/2026 04:00:00.100",
        "11/23/2026 04:00:00.100", "20261123 04:00:00.100", "23 Nov 2026 04:00:00.100", "Nov 23, 2026 04:00:00.100",
        "Mon, 23 Nov 2026 04:00:00.100", "1795406400.100", "2026/11/23 04:00:00.100", "2026-11-23 04:00:00 +0000.100",
        "23-11-2026 04:00:00.100", "11/23/2026 04:00:00 AM.100", "20261123T040000.100",
    ],
)  # fmt: skip
def test_oslo_log_may_have_any_date_format(stamp: str) -> None:
    """``log_date_format`` is the operator's; oslo.log puts the milliseconds behind it."""
    head = f"{stamp} 77 ERROR nova.compute.manager"
    (event,) = rows(
        f"{head} [None req-1 u p] bad\n{head} Traceback (most recent call last):\n{head}   File\n{head} KeyError: 7\n"
    )
    assert (event["time"], event["process"], event["level"], event["message"]) == (TENTH, 77, "ERROR", "bad")
    assert event["exception"] == "KeyError: 7"


def test_a_line_of_which_only_the_time_is_known_has_no_level() -> None:
    """It counts as unknown; where its words tell a level it has that one, marked."""
    read = read_text(
        "2026-11-23 04:00:00 something\n2026-11-23 04:00:01 ERROR: bad thing\n2026-11-23 04:00:02 disk: error: x\n",
        "x.log",
    )
    found = read.events.to_dicts()
    assert [(event["level"], event["level_guessed"]) for event in found] == [
        ("UNKNOWN", False),
        ("ERROR", False),
        ("ERROR", True),
    ]
    assert (read.files[0].unknown_lines, read.files[0].guessed_levels) == (1, 1)


def test_a_format_that_is_named_takes_all_lines() -> None:
    """Other formats leave its lines alone, also inside an envelope."""
    text = "2026-11-23 04:00:00.100 7 INFO nova.api [-] up\n"
    assert read_text(text, "x.log", log_format="timestamped").files[0].format == "timestamped"
    assert read_text(text, "x.log", log_format="oslo").files[0].format == "oslo"


def test_host_and_year_can_be_given_where_lines_do_not_say() -> None:
    """A line that names its host keeps it; the year is that of a file's last stamp."""
    text = "Dec 31 23:59:59 ctl9 haproxy[1]: x\nJan  1 00:00:01 ctl9 haproxy[1]: y\n"
    found = rows(text, "messages", year=2021, host="ctl1")
    assert [(event["time"].year, event["host"]) for event in found] == [(2020, "ctl9"), (2021, "ctl9")]
    assert rows("2026-11-23 04:00:00.100 7 INFO nova.api [-] up\n", host="ctl1")[0]["host"] == "ctl1"


@pytest.mark.parametrize(
    "before", ["", "2026-11-23 04:00:00 ", "Nov 23 04:00:00 c1 prog[7]: ", "2026-11-23T04:00:00Z stderr F "]
)
def test_a_url_behind_a_level_is_no_logger(before: str) -> None:
    (event,) = rows(f"{before}ERROR:http://192.0.2.1:5000/v3: timed out\n")
    assert (event["level"], event["logger"], event["message"]) == ("ERROR", None, "http://192.0.2.1:5000/v3: timed out")
