"""Prefixes that something else put before a service's own line: syslog, journald, Apache, container runtimes, grep.

What is behind the prefix is read by the same formats as a bare line; host, service and process come from the prefix
where the line itself does not say.
"""

import polars as pl

from openstack_rca.logs.beginnings import by_first_character, may_match
from openstack_rca.logs.envelopes import (
    NO_ENVELOPES,
    NO_NAME,
    WHOLE_EVENT,
    origin_of_container,
    origin_of_label_text,
    origin_of_name,
    origin_of_path,
    origin_of_pod,
)
from openstack_rca.logs.names import Origin
from openstack_rca.logs.programs import python_packages
from openstack_rca.logs.stamps import (
    ANY_MONTH,
    DAY,
    ISO,
    MONTH,
    NAMED_ZONE,
    OSLO_BEGINNING,
    OWN_BEGINNING,
    SURE_BEGINNING,
    epoch_time,
    iso_time,
    time_since_start,
    yearless_time,
)
from openstack_rca.logs.wrapper import SYSLOG, Wrapper, apache_time, dated_short_time, journal_time, tai64n_time

_TIGHT_ISO = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d(?::?\d\d)?)?"
_ZONED_ISO = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)"
_JOURNAL = r"\p{L}{1,4}\.? \d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?(?: [A-Z]{1,5}| [+-]\d\d(?::?\d\d)?)?"
_SHORT = rf"(?:{ANY_MONTH} +\d{{1,2}}|\d{{1,2}}\.? {ANY_MONTH}) \d\d:\d\d:\d\d(?:[.,]\d{{1,9}})?"
_DATED_SHORT = (
    rf"(?:(?:\d{{4}} {MONTH} [ \d]?\d|{MONTH} [ \d]?\d \d{{4}}) \d\d:\d\d:\d\d(?:[.,]\d{{1,9}})?|"
    rf"{MONTH} [ \d]\d \d\d:\d\d:\d\d(?:\.\d{{1,9}})? \d{{4}})"
)
_SEVERITY = "emerg|panic|alert|crit|err|error|warning|warn|notice|info|debug"
# Behind the number of its octets, and RELP's number of its transaction; or a severity in words, by a template of rsyslog's.
_PRIORITY = (
    rf"(?:(?:\d{{1,9}} syslog )?\d{{1,6}} )?(?:<(?:(?P<priority>\d{{1,3}})|\w+\.(?P<severity>{_SEVERITY}))>|"
    rf"\[?(?:[a-z]+\d?\.)?(?P<level>{_SEVERITY})\]? +)?"
)
_ANY = rf"(?:{_SHORT}|{_TIGHT_ISO})"
_RELAYED = rf"^{_ANY} [\w.:-]+ (?P<inner>{_ANY} [\w.:-]*\w [^\s:\[]+(?:\[\d+\])?:.*)$"
# Junos writes two spaces before its name, F5 the blade; syslog-ng chains the names of relays behind it.
_HOST = r" ?(?:slot\d+/)?(?P<host>[\w.:-]*\w)(?:/[\w.:/-]*\w)?"
_TAG = r"(?P<tag>[^\s:\[\]{}\"'=|]+)(?:\[(?P<process>\d+)(?:[.:/][^\]]*)?\])?:(?:[ \t](?P<inner>.*))?$"
# A program with its process, or the kernel, where a word and a colon alone could be anything.
_SURE_TAG = r"(?P<tag>kernel|[A-Za-z(][^\s:\[\]{}\"'=|]*\[(?P<process>\d+)\]):(?: (?P<inner>.*))?$"
# The same without a colon, where the process, a known program or the text behind it tells it.
_PROCESS_TAG = r"(?P<tag>[A-Za-z][\w./@-]*)\[(?P<process>\d+)\] (?P<inner>.*)$"
_KNOWN_TAG = (
    r"(?P<tag>kernel|systemd|sshd|haproxy|keepalived_vrrp|dockerd|containerd|kubelet|libvirtd|ovs-vswitchd|"
    rf"(?:{'|'.join(python_packages())})[_-][a-z_-]+) (?P<inner>.*)$"
)
_OSLO_TAG = rf"(?P<tag>[A-Za-z][\w./@-]*) (?P<inner>{OSLO_BEGINNING}.*)$"
_NUMBERED_HOST = r"(?P<host>[A-Za-z][\w-]*(?:\d|[.-][\w.-]*\w))"
_WORDED = rf"(?:(?:[\w-]+\.(?P<worded>{_SEVERITY})|(?P<severe>{_SEVERITY}|{_SEVERITY.upper()})|fpc\d+) )?"

WRAPPERS: tuple[Wrapper, ...] = (
    Wrapper(
        SYSLOG,
        rf"^{_PRIORITY}1 (?P<stamp>-|{_TIGHT_ISO}) (?P<host>\S+) (?P<tag>\S+) (?:-|(?P<process>\d+)|\S+) "
        r"(?P<inner>\S+ (?:\[(?:[^\]\\]|\\.)*\])+)$",
        iso_time,
        about="RFC 5424 without a text, as Junos sends it",
    ),
    Wrapper(
        SYSLOG,
        rf"^{_PRIORITY}1 (?P<stamp>-|{_TIGHT_ISO}) (?P<host>\S+) (?P<tag>\S+) (?:-|(?P<process>\d+)|\S+) \S+ "
        r"(?:-|(?:\[(?:[^\]\\]|\\.)*\])+)(?: (?:\x{FEFF})?(?P<inner>.*))?$",
        iso_time,
        about="RFC 5424",
    ),
    Wrapper(
        "grep",
        rf"^(?:(?P<host>[A-Za-z][\w.-]*):)?"
        rf"(?P<source>[\w./@+~-]*\w(?:\.log|/messages|/syslog|/[\w-]+)[\w.:+-]*?)(?:(?::\d+){{1,2}}:|-\d+-|[:-]| )"
        rf"(?P<inner>{OWN_BEGINNING}.*)$",
        origin=origin_of_path,
        about="a file's name before a line that is one for sure, as `grep` and data sets write it",
    ),
    Wrapper(
        "grep",
        r"^(?P<source>(?:[A-Za-z]:)?[\w./\\@+~-]*\w\.log(?:\.\d{1,3}|-\d{8})?(?:\.gz)?)(?:(?::\d+){1,2}:|-\d+-|:)(?P<inner>.*)$",
        origin=origin_of_path,
        about="the same before any line, with a line number or without",
    ),
    Wrapper(
        "quoted",
        r"^\[?(?:[\d/.-]{6,10},? )?\d{1,2}:\d\d(?::\d\d)?(?: ?[APap][Mm])?\]?(?: -)? ?[A-Za-z][\w .'-]{0,40}: "
        rf"(?P<inner>{OWN_BEGINNING}.*)$",
        about="lines of a chat with a clock and a name before each: Discord, WhatsApp, Telegram",
        unless=r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [a-z]",
    ),
    Wrapper("grep", rf"^ *\d{{1,8}}(?:[:|\t-]| {{1,4}})[ \t]*(?P<inner>{OWN_BEGINNING}.*)$", about="line numbers"),
    Wrapper("quoted", r"^>(?: >|>)*(?: (?P<inner>.*))?$", about="quotes of mails and tickets"),
    Wrapper(
        "quoted",
        r"^(?:\[?(?:\d{4}-\d\d-\d\d[T ])?\d{1,2}:\d\d(?::\d\d)?\]? +)?"
        r"<[ @+%~&]?[A-Za-z_`^{}|\[\]\\][\w`^{}|\[\]\\-]{0,30}> (?P<inner>.*)$",
        about="lines of a chat, as IRC shows them: a clock, a name in angle brackets",
    ),
    Wrapper(
        SYSLOG,
        rf"^{_PRIORITY}(?P<stamp>{_SHORT}|{_DATED_SHORT}|{_TIGHT_ISO}) {_HOST}"
        r"(?: (?:[\w/.-]+\[(?P<process>\d+)\]|[^%]{0,60}?)(?: ?:)?)? (?P<inner>"
        r"%(?:[A-Z][A-Z0-9_]*(?:-[A-Z][A-Z0-9_]*)*-[0-7]-[A-Z0-9_]+(?: ?:| \[)|%\d\d[A-Z]\w*/[0-7]/).*|"
        r"date=\d{4}-\d\d-\d\d time=\d.*|(?:CEF|LEEF):\d.*|last message repeated \d+ times?.*|-- MARK --)$",
        lambda stamp, zone: pl.coalesce(
            yearless_time(stamp, zone), dated_short_time(stamp, zone), iso_time(stamp, zone)
        ),
        about="what a switch or a firewall sends, with a number, a stamp of its own or a process before its text; the server",
    ),
    Wrapper(SYSLOG, _RELAYED, about="the header of a relay before the first one, which counts"),
    Wrapper(
        SYSLOG,
        rf"^{_PRIORITY}(?P<stamp>{_SHORT}) {_HOST} {_WORDED}{_TAG}",
        yearless_time,
        about="RFC 3164 and `journalctl -o short`, `short-precise`, with month names of western languages",
    ),
    Wrapper(
        SYSLOG,
        rf"^{_PRIORITY}(?P<stamp>{_SHORT}) {_HOST} (?P<tag>[a-z][\w-]*)(?:,[\w-]+)*?,(?P<worded>critical|{_SEVERITY})"
        r"(?:,[\w-]+)* (?P<inner>.*)$",
        yearless_time,
        about="RouterOS, with topics before its text",
    ),
    Wrapper(SYSLOG, rf"^{_PRIORITY}(?P<stamp>{_SHORT}) {_TAG}", yearless_time, about="the same without a host"),
    Wrapper(
        SYSLOG,
        rf"^(?P<stamp>{_TIGHT_ISO}) (?P<severity>{_SEVERITY}): +(?P<inner>{OSLO_BEGINNING}.*)$",
        iso_time,
        about="a severity for the program, in a template of rsyslog's",
    ),
    Wrapper(
        SYSLOG,
        rf"^{_PRIORITY}(?P<stamp>{_DATED_SHORT}):? {_HOST} {_WORDED}{_TAG}",
        dated_short_time,
        about="the same with a year",
    ),
    Wrapper(
        SYSLOG,
        rf"^{_PRIORITY}(?P<stamp>{_JOURNAL}|{_TIGHT_ISO}) {_HOST} {_WORDED}{_TAG}",
        journal_time,
        about="rsyslog's file format and `journalctl -o short-iso`, `short-full`, `with-unit`",
        unless=rf"^\p{{L}}+\.? [\d-]{{10}} [\d:.]+ {NAMED_ZONE} [^ ]+: ",
    ),
    *(
        Wrapper(
            SYSLOG,
            rf"^{_PRIORITY}(?P<stamp>{_SHORT}|{_JOURNAL}|{_TIGHT_ISO}) {behind}",
            lambda stamp, zone: pl.coalesce(yearless_time(stamp, zone), journal_time(stamp, zone)),
            about="templates of rsyslog's without a colon behind the program",
            unless=rf"^(?:\S+T\S+|\S+ +\S+ \S+) (?i:stdout|stderr|critical|fatal|trace|{_SEVERITY}) ",
        )
        for behind in (f"{_HOST} {_PROCESS_TAG}", f"{_HOST} {_OSLO_TAG}", f"{_NUMBERED_HOST} {_KNOWN_TAG}")
    ),
    Wrapper(
        SYSLOG,
        rf"^{_PRIORITY}(?P<stamp>{ISO}) {_NUMBERED_HOST} {_SURE_TAG}",
        iso_time,
        about="a space for the T of the stamp",
    ),
    Wrapper(
        SYSLOG,
        rf"^(?P<stamp>{_JOURNAL}|{ISO}) {_SURE_TAG}",
        journal_time,
        about="`snap logs`, `journalctl --no-hostname`",
    ),
    Wrapper(
        SYSLOG,
        rf"^(?P<stamp>\d{{9,10}}\.\d{{1,6}}) {_HOST} {_TAG}",
        lambda stamp, _: epoch_time(stamp),
        about="`journalctl -o short-unix`",
    ),
    Wrapper(
        SYSLOG,
        rf"^(?P<stamp>\[ *\d+\.\d{{3,6}}(?: *<[ .\d]*>)?\]) {_HOST} {_SURE_TAG}",
        lambda stamp, _: time_since_start(stamp),
        about="`journalctl -o short-monotonic`, `short-delta`: seconds since the start",
    ),
    Wrapper(
        "container",
        rf"^(?P<stamp>{_TIGHT_ISO}) (?P<pipe>stdout|stderr) (?P<piece>[FP])(?::\w+)*(?: (?P<inner>.*))?$",
        iso_time,
        about="the kubelet's and podman's files (CRI), pieces of a line joined",
    ),
    Wrapper(
        "container",
        r"^conmon [0-9a-f]{12,64} <n?(?P<level>debug|trace|info|warn|error)(?:ing)?>: ?(?P<inner>.*)$",
        about="conmon's own lines, and what it passes on",
        part=WHOLE_EVENT,
    ),
    Wrapper(
        "container",
        r"^@(?P<stamp>40000000[0-9a-f]{16}) (?P<inner>.*)$",
        tai64n_time,
        about="TAI64N: `multilog`, `svlogd`, s6",
    ),
    Wrapper(
        "container",
        r"^\[(?:pod/)?(?P<source>[a-z0-9][a-z0-9.-]*/[a-z0-9.-]+)\] (?P<inner>.*)$",
        origin=origin_of_pod,
        about="`kubectl logs --prefix`",
    ),
    Wrapper(
        "container",
        rf"^(?P<stamp>{_TIGHT_ISO}) \[(?P<tag>[A-Za-z][\w.-]*)\] (?P<inner>.*)$",
        iso_time,
        about="Pebble, as in Sunbeam's charms",
    ),
    Wrapper(
        "container",
        rf"^(?:(?P<stamp>{_TIGHT_ISO}) )?(?P<source>\{{(?:\w[^{{}}]*=\"[^{{}}]*)?\}})\s+(?P<inner>.*)$",
        iso_time,
        origin_of_label_text,
        about="`logcli query`",
    ),
    Wrapper(
        "container",
        r"^(?P<source>[A-Za-z0-9][\w.-]*\.\d{1,5}(?:\.[a-z0-9]{10,30})?)@(?P<host>[\w.-]+) +\| ?(?P<inner>.*)$",
        origin=origin_of_container,
        about="`docker service logs`",
    ),
    Wrapper(
        "container",
        r"^(?:\d{1,4}\|)?\[?(?P<source>[0-9]*[a-z][\w.-]*|PM2)\]? +\| ?(?P<inner>.*)$",
        origin=origin_of_container,
        about="docker compose, podman-compose, `pm2 logs`",
        unless=rf"{NO_NAME}|^[\w.-]+ \| (?:FAILED|UNREACHABLE|SUCCESS|CHANGED)(?:!| =>)",
    ),
    Wrapper(
        "container",
        r"^(?P<source>[a-z][\w.-]*[_-]\d{1,3})  ?(?P<inner>exited with code \d{1,3}(?: \(restarting\))?)$",
        origin=origin_of_container,
        about="docker compose, of a container that ended",
        part=WHOLE_EVENT,
    ),
    Wrapper(
        "container",
        r"^[a-z][a-z0-9-]* (?:\x{203A} )?(?P<source>[a-z0-9][a-z0-9.-]*-[a-z0-9.-]*\d[a-z0-9.-]* (?:\x{203A} )?"
        rf"[a-z0-9][a-z0-9-]+) (?:\x{{203A}} )?(?P<inner>{OWN_BEGINNING}.*)$",
        origin=origin_of_pod,
        about="`stern --all-namespaces`",
    ),
    Wrapper(
        "container",
        rf"^(?:pod/)?(?P<source>[a-z0-9][a-z0-9.-]*[a-z0-9] (?:\x{{203A}} )?[a-z0-9][a-z0-9-]+) (?:\x{{203A}} )?"
        rf"(?P<inner>{OWN_BEGINNING}.*)$",
        origin=origin_of_pod,
        about="stern",
    ),
    Wrapper(
        "container",
        r"^(?:pod/)?(?P<source>[a-z0-9][a-z0-9.-]*-(?:\d{1,3}|[b-df-hj-np-tv-z2-9]{5}) [a-z0-9][a-z0-9-]+) "
        r"(?P<inner>(?:[ \t]+\S|Traceback \(most|(?:[A-Za-z_]\w*\.)*[A-Z]\w*(?:Error|Exception)\b).*)$",
        origin=origin_of_pod,
        about="stern, in a traceback",
    ),
    Wrapper(
        "container",
        rf"^\[(?P<source>[a-z0-9][a-z0-9.-]*-[a-z0-9.-]+(?:[ /][a-z0-9-]+)?)\] (?P<inner>{OWN_BEGINNING}.*)$",
        origin=origin_of_pod,
        about="kubetail",
    ),
    Wrapper(
        "container",
        r"^[a-z0-9][a-z0-9-]*/(?P<source>[a-z0-9][a-z0-9.-]*\[[a-z0-9-]+\]): (?P<inner>.*)$",
        origin=origin_of_pod,
        about="kail",
    ),
    Wrapper(
        "grep", rf"^(?P<host>[a-z][\w.-]*) (?P<inner>{_SHORT} [\w.-]+ [\w.-]+\[\d+\]: .*)$", about="`oc adm node-logs`"
    ),
    Wrapper(
        "container", rf"^[0-9a-f]{{12}}(?:[0-9a-f]{{52}})? (?P<inner>{OWN_BEGINNING}.*)$", about="`podman pod logs`"
    ),
    Wrapper(
        "container",
        rf"^(?P<stamp>{ISO}) (?P<source>\|) (?:(?P<host>[\w.-]+)(?: -> [\w.-]+)? \| )?(?P<inner>.*)$",
        iso_time,
        lambda _: Origin("zuul", None),
        about="Zuul's console",
    ),
    Wrapper(
        "apache",
        rf"^\[(?P<stamp>{DAY} {MONTH} [ \d]\d \d\d:\d\d:\d\d(?:\.\d+)? \d{{4}})\] "
        r"\[(?:[\w-]*:)?(?P<level>[a-z]+\d?)\](?: \[pid (?P<process>\d+)(?::tid \d+)?\])?"
        r"(?: \[(?:client|remote) [^\]]*\])?(?: (?P<inner>.*))?$",
        apache_time,
        about="Apache's error log",
    ),
    Wrapper(
        "container",
        rf"^(?:\d{{10,19}}\t)?(?P<stamp>{_TIGHT_ISO})\t(?P<inner>.*)$",
        iso_time,
        about="Grafana's download as text, `aws logs tail`, tables that were copied",
    ),
    Wrapper(
        "container",
        rf"^(?P<stamp>{_ZONED_ISO}) (?P<source>[A-Za-z][\w.-]*/[\w./-]*\w) (?P<inner>.*)$",
        iso_time,
        origin_of_path,
        about="`aws logs tail`",
    ),
    Wrapper(
        "container",
        rf"^(?P<stamp>{_SHORT}|{_TIGHT_ISO}) (?P<source>[A-Za-z][\w.-]*) (?P<inner>{OWN_BEGINNING}.*)$",
        lambda stamp, zone: pl.coalesce(yearless_time(stamp, zone), iso_time(stamp, zone)),
        origin_of_name,
        about="the name of a host or a program alone: templates of rsyslog's, `aws logs tail`",
    ),
    Wrapper(
        "container",
        rf"^\[(?P<stamp>{_ZONED_ISO})\] (?P<inner>{OWN_BEGINNING}.*)$",
        iso_time,
        about="a stamp in brackets, of Jenkins' and other consoles",
    ),
    Wrapper(
        "grep",
        rf"^(?:[\w.-]+@)?(?P<source>[a-z0-9][a-z0-9_.-]*|[A-Za-z][\w.-]*[\d.-][\w.-]*)(?:: *|\t)(?P<inner>{OWN_BEGINNING}.*)$",
        origin=origin_of_name,
        about="the name of a host or a program before each line: `pdsh`, `clush`, `dsh`",
        unless=NO_NAME,
    ),
    Wrapper(
        "grep",
        r"^(?P<source>[a-z][a-z-]*\d[\w.-]*): (?P<inner>(?:  File \"|    \S|Traceback \(most|"
        r"(?:[A-Za-z_]\w*\.)*[A-Z]\w*(?:Error|Exception)\b).*)$",
        origin=origin_of_name,
        about="the same, in a traceback",
    ),
    Wrapper(
        "container",
        rf"^(?P<stamp>{_ZONED_ISO})(?: |$)(?P<inner>(?:[^\t|]|$).*)$",
        iso_time,
        about="a stamp of the runtime: `docker logs -t`, `podman logs -t`, `kubectl logs --timestamps`",
    ),
    Wrapper(
        "container",
        rf"^\[?(?P<stamp>{_SHORT}|{ISO}|\d{{10}}(?:\.\d+)?)\]?[ \t|,;-]{{1,4}}(?P<inner>{OSLO_BEGINNING}.*)$",
        lambda stamp, zone: pl.coalesce(yearless_time(stamp, zone), iso_time(stamp, zone), epoch_time(stamp)),
        about="moreutils' `ts`, and whatever dates lines",
    ),
    Wrapper(
        "container",
        rf"^(?:(?P<stamp>{_TIGHT_ISO}) )?[!-~][ -~]{{0,80}}? (?P<inner>{SURE_BEGINNING}.*)$",
        iso_time,
        about="anything short before a line that is oslo.log's for sure",
    ),
)


def unwrap(lines: pl.DataFrame, timezone: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Take the prefixed lines out.

    Args:
        lines: ``row`` and ``text``.
        timezone: IANA zone of stamps without an offset.

    Returns:
        ``ENVELOPE_SCHEMA`` with what is behind the prefix as ``text``, sorted by ``row``; and the lines without one.
    """
    found, rests = [], []
    for begun, group in by_first_character(lines):
        rest = group
        for wrapper in WRAPPERS:
            if rest.height == 0:
                break
            if may_match(wrapper.pattern, begun):
                wrapped, rest = wrapper.take(rest, timezone)
                if wrapped.height:
                    found.append(wrapped)
        rests.append(rest)
    others = pl.concat(rests).sort("row") if rests else lines
    return (pl.concat(found).sort("row") if found else NO_ENVELOPES), others
