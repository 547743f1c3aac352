"""Logs of shapes that few programs have: severities as numbers or masks, hexadecimal stamps, records in YAML and XML."""

import pytest
from tests.logs.reading import rows

SHAPES = {
    "sssd": (
        "(2026-11-23  4:00:00): [be[x.org]] [sdap_connect] (0x0040): [RID#5] No server",
        "sssd.log",
        ("04:00:00.000000", "sssd", "ERROR", "sdap_connect: [RID#5] No server"),
    ),
    "sssd before 2.5": (
        "(Mon Nov 23 04:00:00:120000 2026) [sssd[nss]] [accept] (0x2000): Client",
        "sssd.log",
        ("04:00:00.120000", "sssd", "DEBUG", "accept: Client"),
    ),
    "samba": (
        "[2026/11/23 04:00:00.120000,  1, pid=7, effective(0, 0), real(0, 0)] ../../source3/smbd/service.c:1(main)\n  refused",
        "log.smbd",
        ("04:00:00.120000", "samba", "WARNING", "refused"),
    ),
    "squid": (
        "2026/11/23 04:00:00 kid1| ERROR: Cannot open HTTP Port",
        "cache.log",
        ("04:00:00.000000", "squid", "ERROR", "Cannot open HTTP Port"),
    ),
    "squid's requests": (
        "1795406400.120 56 192.0.2.5 TCP_MISS/503 123 GET http://x/ - HIER_NONE/- text/html",
        "access.log",
        ("04:00:00.120000", "access", "INFO", "192.0.2.5 TCP_MISS/503 123 GET http://x/ - HIER_NONE/- text/html"),
    ),
    "envoy's requests": (
        '[2026-11-23T04:00:00.120Z] "GET / HTTP/1.1" 503 UF 0 91',
        "envoy.log",
        ("04:00:00.120000", "envoy", "INFO", '"GET / HTTP/1.1" 503 UF 0 91'),
    ),
    "slapd": (
        "6b03ba40.07270e00 0x7f8a1b2c3d4e conn=1000 op=0 RESULT tag=97 err=49",
        "slapd.log",
        ("04:00:00.120000", "slapd", "INFO", "conn=1000 op=0 RESULT tag=97 err=49"),
    ),
    "TAI64N": (
        "@400000006b03ba4a07270e00 2026-11-23 04:00:00.120 7 ERROR nova.api [-] No",
        "nova-api/current",
        ("04:00:00.120000", "nova-api", "ERROR", "No"),
    ),
    "TAI64N around no stamp": (
        "@400000006b03ba4a07270e00 ERROR: no",
        "nova-api/current",
        ("04:00:00.120000", "nova-api", "ERROR", "no"),
    ),
    "coredumpctl list": (
        "Mon 2026-11-23 04:00:00 UTC 12345  107  107 SIGABRT present  /usr/sbin/ovs-vswitchd  123.4M",
        "cores.txt",
        ("04:00:00.000000", "ovs-vswitchd", "CRITICAL", "SIGABRT present  /usr/sbin/ovs-vswitchd  123.4M"),
    ),
    "salt": (
        "2026-11-23 04:00:00,120 [salt.state       :320 ][ERROR   ][4321] No state",
        "var/log/salt/minion",
        ("04:00:00.120000", "salt-minion", "ERROR", "No state"),
    ),
    "exabgp": (
        "Mon, 23 Nov 2026 04:00:00 ExaBGP    | ERROR    | 1234  | network       | closed",
        "exabgp.log",
        ("04:00:00.000000", "exabgp", "ERROR", "closed"),
    ),
    "pm2": (
        "2026-11-23T04:00:00: PM2 error: App [skyline] errored",
        "pm2.log",
        ("04:00:00.000000", "PM2", "ERROR", "App [skyline] errored"),
    ),
    "pm2 logs": (
        "0|skyline  | 2026-11-23T04:00:00: Error: no port",
        "out.log",
        ("04:00:00.000000", "skyline", "ERROR", "no port"),
    ),
    "clickhouse": (
        "2026.11.23 04:00:00.120000 [ 1234 ] {abc-def} <Error> Application: DB::Exception",
        "clickhouse-server.log",
        ("04:00:00.120000", "clickhouse-server", "ERROR", "Application: DB::Exception"),
    ),
    "apache around oslo": (
        "[Mon Nov 23 04:00:00.12 2026] [wsgi:error] [pid 7:tid 139] 2026-11-23 04:00:00.120 7 ERROR keystone.common.wsgi [-] No",
        "apache2/error.log",
        ("04:00:00.120000", "keystone", "ERROR", "No"),
    ),
    "apache around a warning of Python": (
        "[Mon Nov 23 04:00:00.12 2026] [wsgi:error] [pid 7:tid 139] /usr/lib/python3/keystone/core.py:78: UserWarning: Old",
        "apache2/error.log",
        ("04:00:00.120000", "apache2", "WARNING", "/usr/lib/python3/keystone/core.py:78: UserWarning: Old"),
    ),
    "log4j as XML": (
        '<log4j:event logger="a.B" timestamp="1795406400120" level="ERROR" thread="main">\n'
        "<log4j:message><![CDATA[No <peer>]]></log4j:message>\n</log4j:event>\n",
        "odl.xml",
        ("04:00:00.120000", "odl", "ERROR", "No <peer>"),
    ),
    "splunk's XML": (
        "<?xml version='1.0' encoding='UTF-8'?>\n<results preview='0'>\n<meta>\n<fieldOrder>\n<field>_raw</field>\n</fieldOrder>\n"
        "</meta>\n\t<result offset='0'>\n\t\t<field k='host'>\n\t\t\t<value><text>c1</text></value>\n\t\t</field>\n"
        "\t\t<field k='_raw'><v xml:space='preserve' trim='0'>2026-11-23 04:00:00.120 7 <sg h=\"1\">ERROR</sg> nova.compute.manager "
        "[-] No &lt;peer&gt;</v></field>\n\t</result>\n</results>\n",
        "results.xml",
        ("04:00:00.120000", "nova-compute", "ERROR", "No <peer>"),
    ),
    "graylog's table": (
        '"timestamp","source","facility","message"\n"2026-11-23T04:00:00.120Z","c1","daemon","nova-api[7]: ERROR: no"\n',
        "All-Messages.csv",
        ("04:00:00.120000", "nova-api", "ERROR", "no"),
    ),
    "open vswitch in syslog": (
        "Nov 23 2026 04:00:00 c1 ovs-vswitchd: ovs|00013|rconn(handler3)|EMER|br-int: nothing",
        "syslog",
        ("04:00:00.000000", "ovs-vswitchd", "CRITICAL", "br-int: nothing"),
    ),
    "open vswitch in RFC 5424": (
        "<29>1 2026-11-23T04:00:00.12Z c1 ovn-controller 7 - - 1000013|rconn|INFO|connection failed",
        "syslog",
        ("04:00:00.120000", "ovn-controller", "INFO", "connection failed"),
    ),
    "cat -A": (
        "2026-11-23 04:00:00.120 7 ERROR nova.compute.manager [-] No^Ipeer^M$\n",
        "nova-compute.log",
        ("04:00:00.120000", "nova-compute", "ERROR", "No\tpeer"),
    ),
    "WordPad": (
        "{\\rtf1\\ansi\\deff0{\\fonttbl{\\f0\\fmodern Courier New;}}\r\n\\viewkind4\\uc1\\pard\\f0\\fs20 "
        "2026-11-23 04:00:00.120 7 ERROR nova.compute.manager [-] No \\{peer\\}\\par\r\n}\r\n",
        "nova-compute.rtf",
        ("04:00:00.120000", "nova-compute", "ERROR", "No {peer}"),
    ),
    "TextEdit": (
        "{\\rtf1\\ansi\\cocoartf2639\n{\\fonttbl\\f0\\fswiss\\fcharset0 Helvetica;}\n{\\*\\expandedcolortbl;;}\n"
        "\\paperw11900\\vieww11520\n\\pard\\tx566\n\n\\f0\\fs24 \\cf0 2026-11-23 04:00:00.120 7 ERROR nova.compute.manager [-] No\\\n}",
        "nova-compute.rtf",
        ("04:00:00.120000", "nova-compute", "ERROR", "No"),
    ),
    "ts": (
        "Nov 23 05:00:03 2026-11-23 04:00:00.120 7 ERROR nova.api [-] No",
        "nova-api.log",
        ("04:00:00.120000", "nova-api", "ERROR", "No"),
    ),
    "a short day of East Asia": (
        "月 2026-11-23 13:00:00 JST c1 nova-api[7]: ERROR: no",
        "journal.txt",
        ("04:00:00.000000", "nova-api", "ERROR", "no"),
    ),
    "a page's table": (
        "<html><body><table>\n<tr><td>1</td><td>2026-11-23 04:00:00.120 7 ERROR nova.compute.manager [-] No</td></tr>\n</table></body></html>",
        "x.html",
        ("04:00:00.120000", "nova-compute", "ERROR", "No"),
    ),
    "typed at a prompt": (
        "# grep ERROR nova-api.log\n2026-11-23 04:00:00.120 7 ERROR nova.compute.manager [-] No\n",
        "x.txt",
        ("04:00:00.120000", "nova-compute", "ERROR", "No"),
    ),
    "watch": (
        "Every 2.0s: tail nova-api.log      c1: Mon Nov 23 04:00:05 2026\n\n2026-11-23 04:00:00.120 7 ERROR nova.compute.manager [-] No\n",
        "x.txt",
        ("04:00:00.120000", "nova-compute", "ERROR", "No"),
    ),
    "a severity before syslog": (
        "err Nov 23 04:00:00 c1 nova-api[7]: no peer",
        "x.log",
        ("04:00:00.000000", "nova-api", "ERROR", "no peer"),
    ),
    "stern's notes": (
        "+ nova-api-0 \u203a nova-api\nnova-api-0 nova-api 2026-11-23T06:00:00.1+02:00 2026-11-23 04:00:00.120 7 ERROR nova.api [-] No\n",
        "stern.log",
        ("04:00:00.120000", "nova-api", "ERROR", "No"),
    ),
    "PuTTY": (
        "=~=~=~=~=~=~=~=~=~=~=~= PuTTY log 2026.11.23 05:00:00 =~=~=~=~=~=~=~=~=~=~=~=\r\nlogin as: ops\r\nops@c1's password: \r\n"
        "Last login: Mon Nov 23 03:00:00 2026 from 192.0.2.1\r\n\x1b]0;ops@c1:~\x07\x1b[?2004h[ops@c1 ~]$ tail nova/*.log\r\n"
        "\x1b[?2004l\r\n==> nova/nova-api.log <==\r\n2026-11-23 04:00:00.120 7 ERROR nova.api [-] No\r\n\x1b[?2004h[ops@c1 ~]$ exit\r\n",
        "putty.log",
        ("04:00:00.120000", "nova-api", "ERROR", "No"),
    ),
    "log4j 2 as XML": (
        '<?xml version="1.0"?>\n<Events>\n  <Event timeMillis="1795406400120" level="WARN" loggerName="a.B">\n'
        "    <Message>No &lt;peer&gt;</Message>\n  </Event>\n</Events>\n",
        "odl.xml",
        ("04:00:00.120000", "odl", "WARNING", "No <peer>"),
    ),
    "mcelog": (
        "Hardware event. This is not a software error.\nMCE 0\nTIME 1795406400 Mon Nov 23 04:00:00 2026\nCorrected error\n"
        "MCA: MEMORY CONTROLLER RD_CHANNEL0_ERR\n",
        "mcelog",
        (
            "04:00:00.000000",
            "mcelog",
            "WARNING",
            "Hardware event; Corrected error; MCA: MEMORY CONTROLLER RD_CHANNEL0_ERR",
        ),
    ),
    "yaml": (
        "- timestamp: 2026-11-23 04:00:00.12\n  level: error\n  message: |\n    No\n    peer\n  service: nova-api\n",
        "dump.yaml",
        ("04:00:00.120000", "nova-api", "ERROR", "No"),
    ),
    "ansible shows a log": (
        'ok: [cmp-a] => {\n    "msg": [\n        "2026-11-23 04:00:00.120 7 ERROR nova.compute.manager [-] \\"No\\""\n    ]\n}\n',
        "out.txt",
        ("04:00:00.120000", "nova-compute", "ERROR", '"No"'),
    ),
    "ansible shows a log as YAML": (
        "ok: [cmp-a] => \n  msg: |-\n    2026-11-23 04:00:00.120 7 ERROR nova.compute.manager [-] No\n",
        "out.txt",
        ("04:00:00.120000", "nova-compute", "ERROR", "No"),
    ),
    "radvd": (
        "[Nov 23 04:00:00] radvd (7): sendmsg: Network is down",
        "x.log",
        ("04:00:00.000000", "radvd", "INFO", "sendmsg: Network is down"),
    ),
    "multipathd": (
        "Nov 23 04:00:00 | mpatha: Fail path sdb",
        "multipathd.log",
        ("04:00:00.000000", "multipathd", "INFO", "mpatha: Fail path sdb"),
    ),
    "a switch of ACI": (
        "<186>Nov 23 04:00:00 leaf1 %LOG_LOCAL7-2-SYSTEM_MSG [F0532][raised] Port is down",
        "leaf1.log",
        ("04:00:00.000000", "leaf1", "CRITICAL", "%LOG_LOCAL7-2-SYSTEM_MSG [F0532][raised] Port is down"),
    ),
    "columns of a page": (
        "<html><body><table><tr><th>When</th><th>Level</th><th>Message</th></tr><tr><td>2026-11-23 04:00:00.120</td>"
        "<td>ERROR</td><td>No &lt;peer&gt;</td></tr></table></body></html>",
        "nova-api.html",
        ("04:00:00.120000", "nova-api", "ERROR", "No <peer>"),
    ),
    "a file for Elasticsearch": (
        '{"index":{"_index":"a-2026","_id":"1"}}\n'
        '{"@timestamp":"2026-11-23T04:00:00.120Z","programname":"nova-api","log_level":"ERROR","Payload":"No"}',
        "bulk.json",
        ("04:00:00.120000", "nova-api", "ERROR", "No"),
    ),
    "an alert that holds the line": (
        '{"timestamp":"2026-11-23T04:00:00.120+0000","rule":{"description":"x"},"location":"/var/log/nova/nova-api.log",'
        '"full_log":"2026-11-23 04:00:00.120 7 ERROR nova.api [-] No"}',
        "alerts.json",
        ("04:00:00.120000", "nova-api", "ERROR", "No"),
    ),
    "the name of a log at Google": (
        '{"timestamp":"2026-11-23T04:00:00.120Z","severity":"ERROR","textPayload":"No","logName":"projects/p/logs/nova-api"}',
        "x.json",
        ("04:00:00.120000", "nova-api", "ERROR", "No"),
    ),
    "nanoseconds since 1970": (
        "1795406400120000000 ERROR No",
        "nova-api.log",
        ("04:00:00.120000", "nova-api", "ERROR", "No"),
    ),
    "milliseconds since 1970": (
        "1795406400120 ERROR No",
        "nova-api.log",
        ("04:00:00.120000", "nova-api", "ERROR", "No"),
    ),
    "a comma in seconds since 1970": (
        "ts;level;service;message\n1795406400,120;ERROR;nova-api;No",
        "x.csv",
        ("04:00:00.120000", "nova-api", "ERROR", "No"),
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_time_service_level_and_text_are_told(shape: str) -> None:
    text, name, expected = SHAPES[shape]
    *before, event = rows(f"{text}\n", name)
    assert not before or shape.startswith("ansible"), "what is around the line is no event"
    assert (f"{event['time']:%H:%M:%S.%f}", event["service"], event["level"], event["message"]) == expected
    assert not event["level_guessed"]


FURTHER = {
    "nagios": ("[%s] SERVICE ALERT: ctl1;nova-api;CRITICAL;HARD;3;No route", "nagios", "CRITICAL"),
    "zabbix": ("  1234:20261123:040000.000 cannot connect", "zabbix", "INFO"),
    "strongswan": ("2026-11-23T04:00:00 11[IKE] <1> retransmit", "strongswan", "INFO"),
    "esxi 8": ("2026-11-23T04:00:00.000Z Er(163) Hostd[2100]: [Originator@6876 sub=x] No", "Hostd", "ERROR"),
    "icinga": ("[2026-11-23 04:00:00 +0000] critical/Application: No", "x", "CRITICAL"),
    "celery": ("[2026-11-23 04:00:00,000: ERROR/MainProcess] No", "x", "ERROR"),
    "twisted": ("2026-11-23T04:00:00+0000 [stdout#error] No", "x", "ERROR"),
    "dpkg": ("2026-11-23 04:00:00 upgrade nova-common:amd64 1 2", "x", "INFO"),
    "apt": (
        "Start-Date: 2026-11-23  04:00:00\nCommandline: apt upgrade\nEnd-Date: 2026-11-23  04:00:20",
        "apt",
        "INFO",
    ),
    "juju": ('23 Nov 2026 04:00:00Z  juju-unit  error      hook failed: "install"', "x", "ERROR"),
    "ceph -w": ("2026-11-23T04:00:00.000000+0000 mon.a [WRN] slow ops", "ceph", "WARNING"),
    "date": ("Mon Nov 23 04:00:00 UTC 2026 - ERROR - No", "x", "ERROR"),
    "pino": ('{"level":50,"time":%s000,"pid":1,"hostname":"ui1","msg":"No"}', "x", "ERROR"),
    "requests": ('{"time":"23/Nov/2026:04:00:00 +0000","status":"503","request":"GET /"}', "x", "INFO"),
    "no year in JSON": ('{"PROGRAM":"x","PRIORITY":"err","MESSAGE":"No","DATE":"Nov 23 04:00:00"}', "x", "ERROR"),
    "dmesg -H": ("[Nov23 04:00] first", "kernel", "INFO"),
    "a crash of Ceph": (
        '{"crash_id":"x","timestamp":"2026-11-23T04:00:00Z","process_name":"ceph-osd","assert_msg":"No"}',
        "ceph-osd",
        "CRITICAL",
    ),
}


@pytest.mark.parametrize("shape", FURTHER)
def test_time_service_and_level_are_told_by_what_watches_and_keeps_machines(shape: str) -> None:
    text, service, level = FURTHER[shape]
    (event,) = rows(f"{text.replace('%s', '1795406400')}\n", "x.log", year=2026)
    assert (f"{event['time']:%Y-%m-%d %H:%M}", event["service"], event["level"]) == ("2026-11-23 04:00", service, level)
    assert not event["level_guessed"]


def test_what_the_hardware_keeps_is_told_by_its_words() -> None:
    kept = "   1 | 11/12/2026 | 04:00:01 | Memory #0x02 | Uncorrectable ECC | Asserted\n"
    found = rows(kept + kept.replace("Asserted", "Deasserted"), "sel.txt")
    told = [(f"{row['time']:%m-%d}", row["service"], row["level"], row["level_guessed"]) for row in found]
    assert told == [("11-12", "ipmi", "ERROR", True), ("11-12", "ipmi", "INFO", False)]


def test_what_systemd_shows_on_a_console_has_levels() -> None:
    shown = "[  OK  ] Started A.\n[FAILED] Failed to start B.\n[DEPEND] Dependency failed for C.\n"
    assert [row["level"] for row in rows(shown, "boot.log")] == ["INFO", "ERROR", "WARNING"]


def test_entities_of_a_page_are_decoded_where_no_sign_is_written_as_it_is() -> None:
    line = "2026-11-23 04:00:00.100 7 ERROR nova.api [-] "
    (event,) = rows(f"{line}&lt;class &quot;x&quot;&gt;\n")
    assert event["message"] == '<class "x">'
    (event,) = rows(f"{line}<class>&lt;\n")
    assert event["message"] == "<class>&lt;"


def test_lines_around_a_list_in_yaml_are_lost_only_where_they_are_yaml() -> None:
    item = "- timestamp: 2026-11-23 04:00:00\n  level: error\n  message: No\n"
    assert [row["message"] for row in rows(f"kind: List\nitems:\n{item}meta: x\n", "a.yaml")] == ["No"]
    text = "2026-11-23 04:00:01.100 7 ERROR nova.api [-] Below\n"
    assert "Below" in [row["message"] for row in rows(f"{item}{item}{text}", "a.log")]


def test_an_alias_in_yaml_is_not_followed() -> None:
    """What stands for itself many times over would fill the memory."""
    bomb = "- timestamp: 2026-11-23 04:00:00\n  message: &a [x, x]\n  level: error\n  more: [*a, *a]\n"
    assert len(rows(bomb + "2026-11-23 04:00:01.100 7 ERROR nova.api [-] No\n", "a.log")) > 1


def test_a_server_s_log_names_the_program_that_it_runs() -> None:
    """Also for loggers that several programs share, where one program only writes there."""
    head = "[Mon Nov 23 04:00:00.12 2026] [wsgi:error] [pid 7:tid 139] 2026-11-23 04:00:00.120 7 ERROR"
    found = rows(f"{head} keystone.common.wsgi [-] No\n{head} oslo_db.sqlalchemy [-] No\n", "apache2/error.log")
    assert [row["service"] for row in found] == ["keystone", "keystone"]


AROUND = {
    "pdsh of addresses": ("192.0.2.5: ", "192.0.2.5"),
    "ssh": ("root@cmp-a: ", "cmp-a"),
    "parallel --tag": ("cmp-a\t", "cmp-a"),
    "grep on several hosts": ("cmp-a:/var/log/nova/nova-compute.log:", "cmp-a"),
    "salt": ("cmp-a:\n    ", "cmp-a"),
    "ansible on an address": ("192.0.2.5 | CHANGED | rc=0 >>\n", "192.0.2.5"),
    "logger": ("Nov 23 04:00:00 cmp-a root: ", "cmp-a"),
    "compose": ("cmp-a | ", None),
}


@pytest.mark.parametrize("way", AROUND)
def test_the_name_of_a_host_before_a_line_is_its_host_and_no_service(way: str) -> None:
    before, host = AROUND[way]
    line = "2026-11-23 04:00:00.120 7 ERROR nova.compute.manager [-] No start\n"
    (event,) = rows(f"{before}{line}", "x.log")
    told = (event["host"], event["service"], event["level"], event["message"])
    assert told == (host, "nova-compute", "ERROR", "No start")


@pytest.mark.parametrize(
    ("word", "level"),
    [("ERROR", "ERROR"), ("error", "ERROR"), ("Warning", "WARNING"), ("INFO", "INFO"), ("Time", "UNKNOWN"),
     ("timestamp", "UNKNOWN"), ("Started", "UNKNOWN"), ("updated_at", "UNKNOWN"), ("Backup", "UNKNOWN")],
)  # fmt: skip
def test_a_level_or_a_word_of_times_before_a_date_is_no_host(word: str, level: str) -> None:
    (event,) = rows(f"{word}: 2026-11-23 04:00:00.000 backup of volume ended\n", "x.log")
    assert (event["host"], event["service"], event["level"]) == (None, "x", level)


ORDINARY = {
    "a word of dpkg's": ("install of image failed: ERROR no space", "ERROR"),
    "a state of dpkg's": ("status of the volume is error", "UNKNOWN"),
    "a date behind a colon": ("lease expires: 2026-11-23 05:00:00", "UNKNOWN"),
}


@pytest.mark.parametrize("kind", ORDINARY)
def test_a_dated_line_is_no_other_programs_for_a_word_in_it(kind: str) -> None:
    text, level = ORDINARY[kind]
    (event,) = rows(f"2026-11-23 04:00:00 {text}\n", "x.log")
    assert (f"{event['time']:%H:%M}", event["level"], event["message"][-8:]) == ("04:00", level, text[-8:])


INSIDE = {
    "a level in brackets": "stdout:\n[INFO] reading config\n[ERROR] cannot open device",
    "a date between bars": "|2026-11-23 04:00:00| request ok\n| 2026-11-23 | 04:00:01 | request ok |",
    "a level behind a word": "disk: ERROR no space left",
}


@pytest.mark.parametrize("kind", INSIDE)
def test_what_a_program_printed_stays_in_the_event_that_quotes_it(kind: str) -> None:
    line = "2026-11-23 04:00:00.120 7 INFO nova.compute.manager [-] "
    found = rows(f"{line}privsep helper command failed:\n{INSIDE[kind]}\n{line}Next\n")
    assert [(event["detail"], event["service"]) for event in found] == [
        (INSIDE[kind], "nova-compute"),
        (None, "nova-compute"),
    ]


def test_a_level_in_brackets_opens_events_where_only_a_library_writes_dates() -> None:
    """As CoreDNS, whose client of Kubernetes has a format of its own."""
    found = rows("[INFO] ready\nE1123 04:00:00.000000 1 reflector.go:1] Failed\n[ERROR] timeout\n", "coredns.log")
    assert [event["level"] for event in found] == ["INFO", "ERROR", "ERROR"]


def test_a_record_as_a_text_in_a_record_is_read() -> None:
    inner = '{\\"message\\":\\"No\\",\\"levelname\\":\\"ERROR\\",\\"name\\":\\"nova.api\\",\\"created\\":1795406400.12}'
    (event,) = rows(f'{{"log":"{inner}\\n","stream":"stderr","time":"2026-11-23T04:00:03Z"}}\n', "x.log")
    assert (f"{event['time']:%M:%S.%f}", event["level"], event["message"]) == ("00:00.120000", "ERROR", "No")


@pytest.mark.parametrize("item", [" * %s", "    %s", "1. %s", "**%s**", "`%s`"])
def test_lines_that_a_person_set_off_between_words_are_read(item: str) -> None:
    error, later = (f"2026-11-23 04:00:0{second}.100 7 ERROR nova.compute.manager [-] No {second}" for second in (1, 2))
    text = f"Hello,\n\n{item.replace('%s', error)}\n\nand then\n\n{item.replace('%s', later)}\n"
    found = [row for row in rows(text, "mail.md") if row["level"] == "ERROR"]
    assert [(row["message"], row["service"], row["level_guessed"]) for row in found] == [
        ("No 1", "nova-compute", False),
        ("No 2", "nova-compute", False),
    ]


@pytest.mark.parametrize("stamp", ["0000-11-23T04:00:00", "0001-01-01T00:00:00", "9999-12-31T23:59:59"])
def test_a_year_that_no_calendar_has_is_no_time(stamp: str) -> None:
    """Programs write the first or the last year for "unknown"; the line stays, with the time of the line beside it."""
    lines = (
        f"{stamp} ERROR app unset",
        "Traceback (most recent call last):",
        "ValueError: x",
        "2026-11-23T04:00:00 INFO app set",
    )
    events = rows("\n".join(lines))
    assert {event["time"].year for event in events} == {2026}
    assert "unset" in events[0]["message"]


def test_of_the_results_of_tests_those_that_failed_are_errors() -> None:
    suite = (
        '<testsuite name="x" timestamp="2026-11-23T04:00:00" hostname="c1">\n<testcase classname="a.B" name="one" time="1"/>\n'
        '<testcase classname="a.B" name="two"><failure message="No &lt;peer&gt;">Traceback (most recent call last):\n'
        '  File "x", line 1, in y\nKeyError: 7\n</failure></testcase>\n'
        '<testcase classname="a.B" name="three"><skipped message="later"/></testcase>\n</testsuite>\n'
    )
    found = rows(suite, "tempest.xml")
    told = [(f"{row['time']:%H:%M}", row["host"], row["level"], row["message"]) for row in found]
    assert told == [
        ("04:00", "c1", "INFO", "a.B.one passed"),
        ("04:00", "c1", "ERROR", "a.B.two failure: No <peer>"),
        ("04:00", "c1", "INFO", "a.B.three skipped: later"),
    ]
    assert found[1]["exception"] == "KeyError: 7"


@pytest.mark.parametrize(
    "stamps",
    [["26/11/07 04:00:01", "26/11/23 04:00:02"], ["26-11-22 04:00:01", "26-11-23 04:00:02"]],
    ids=["no year below ten", "the other number changes"],
)
def test_a_year_of_two_digits_may_stand_first(stamps: list[str]) -> None:
    found = rows("".join(f"{stamp} ERROR nova.api: No\n" for stamp in stamps))
    assert f"{found[-1]['time']:%Y-%m-%d}" == "2026-11-23"


@pytest.mark.parametrize(
    ("inside", "host"),
    [("haproxy-6d4cf56db6-x7x2k", None), ("ctl-6d4cf56db6", "ctl-6d4cf56db6")],
)
def test_what_a_controller_called_a_pod_is_no_host_in_its_syslog(inside: str, host: str | None) -> None:
    assert rows(f"Nov 23 04:00:00 {inside} haproxy[7]: Proxy up.\n", "x.log")[0]["host"] == host


def test_entries_of_a_journal_without_anything_before_them_are_events_of_who_said_them() -> None:
    entries = (
        "2026-11-23 04:00:01.000 7 WARNING neutron.db.agents_db [-] Agent healthcheck: found 1 dead agents\n"
        "rabbitmq-server.service: Main process exited, code=killed, status=9/KILL\n"
        "Out of memory: Killed process 4242 (beam.smp) total-vm:812345kB\n"
        "Server mariadb/db1 is DOWN, reason: Layer4 connection problem\n"
    )
    found = rows(entries, "journal-cat.log")
    assert [row["service"] for row in found] == ["neutron-server", "systemd", "kernel", "haproxy"]
    assert found[0]["detail"] is None
