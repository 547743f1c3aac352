"""Logs of shapes that few programs have: severities as numbers or masks, hexadecimal stamps, records in YAML and XML."""

from __future__ import annotations

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
    "log4j as XML": (
        '<log4j:event logger="a.B" timestamp="1795406400120" level="ERROR" thread="main">\n'
        "<log4j:message><![CDATA[No <peer>]]></log4j:message>\n</log4j:event>\n",
        "odl.xml",
        ("04:00:00.120000", "odl", "ERROR", "No <peer>"),
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
}


@pytest.mark.parametrize("shape", SHAPES)
def test_time_service_level_and_text_are_told(shape: str) -> None:
    text, name, expected = SHAPES[shape]
    event = rows(f"{text}\n", name)[-1]
    assert (f"{event['time']:%H:%M:%S.%f}", event["service"], event["level"], event["message"]) == expected
    assert not event["level_guessed"]
