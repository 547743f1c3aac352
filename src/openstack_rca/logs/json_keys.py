"""By which keys log records in JSON say what: oslo.log, journald, fluentd, OpenSearch, Loki, Vector, Graylog and others.

Where several keys of one table are in a record the first of the table counts. Keys stand here in lower case and are found
in any: syslog-ng, journald and Windows write other letters than the rest.
"""

import re
from collections.abc import Mapping
from typing import Any


def _keys(text: str) -> tuple[str, ...]:
    return tuple(text.split())


MESSAGES = _keys(
    "full_log message msg payload log line short_message event textpayload text raw _raw body content msg_text logmessage "
    "error_summary @message assert_msg backtrace request requesturi note"
)
TIMES = _keys(
    "_source_realtime_timestamp __realtime_timestamp created @timestamp timestamp time ts asctime isodate datetime date "
    "eventtime _time t tsns timereported timegenerated observedtimestamp timeunixnano isotime lasttimestamp "
    "firsttimestamp deprecatedlasttimestamp deprecatedfirsttimestamp @timestamp_nanos requestreceivedtimestamp"
)
MESSAGE_SET, TIME_SET = frozenset(MESSAGES), frozenset(TIMES)
WORD_LEVELS = _keys(
    "levelname log_level level severity_label severity loglevel lvl log.level log_level_name severitytext severity_text "
    "syslogseverity-text syslogseverity_text syslog_severity priority_name priority logger_level level_name s status "
    "severitylevel severityname leveldisplayname detected_level labels.detected_level entrytype type label"
)
"""Keys of words; ``SYSLOG_WORDS`` are those that a shipper filled in."""

SYSLOG_WORDS = frozenset(
    _keys(
        "status severitylevel leveldisplayname detected_level labels.detected_level type priority "
        "severity syslog_severity priority_name syslogseverity-text syslogseverity_text"
    )
)
SYSLOG_NUMBERS = _keys("priority syslogseverity severity_code syslog_severity_code pri level severity")
HOSTS = _keys(
    "_hostname kubernetes.host kubernetes.node_name kubernetes.node.name kubernetes.pod_node_name kubernetes.nodename "
    "hostname host host_name host.name host.hostname fullhost fromhost from_host host_from node node_name "
    "nodename agent.hostname agent.name beat.hostname beat.name source.host computer computername resource_name "
    "utsname_hostname machinename labels.resource_name source_host sourcehost logsource source _source_host fqdn "
    "syslog_hostname sysloghost @host #host machine k8s.node.name deprecatedsource.host logstreamname"
)
MAY_BE_HOSTS = frozenset(_keys("source logstreamname"))
"""Of these, those that often name a file, a program or a stream instead."""

ABOUT = frozenset(_keys("host node node_name nodename machine"))
"""Keys of hosts that name what a line is about where the program itself wrote the record: those of klog and zap."""

SERVICES = _keys(
    "uwsgi_name subsystemname "
    "executable programname syslog_identifier container_name _systemd_unit unit app-name appname app_name application_name "
    "_application_name service.name service_name service process.name program ident syslogtag systemd_unit tag _comm "
    "container.name app application binary logger_name component processname labels.program labels.service "
    "providername process_name servicename applicationname source.component reportingcomponent reportingcontroller "
    "logname cmdline subsystem"
)
KNOWN_ONLY = frozenset(_keys("process_name logname cmdline subsystem"))
"""Of these, those that count only where they name a program that is known."""

PROCESSES = _keys("process pid _pid syslog_pid procid process.pid process_id proc_id processid")
LOGGERS = _keys("python_module name logger logger_name log.logger module caller domain log_name")
PATHS = _keys(
    "filename file path log.file.path log_file logfile source_file file.path file_name tailed_path source sourcename "
    "_path labels.log_file_path filebeat_log_file_path location logstreamname logstream log_stream"
)
PODS = _keys(
    "kubernetes.pod_name kubernetes.pod.name pod_name podname k8s.pod.name kubernetes.pod "
    "involvedobject.name regarding.name"
)
CONTAINERS = _keys(
    "kubernetes.container_name kubernetes.container.name container_name containername k8s.container.name"
)
TRACES = _keys(
    "traceback exc_text exc_info stack_trace stacktrace stack exception_text error.stack_trace exception exception_info "
    "exception.stacktrace errorverbose details"
)
ERRORS = _keys("error err error.message reason error_summary cause attr.error.errmsg attr.message")
IDS: dict[str, tuple[str, ...]] = {
    "outer_global_request_id": _keys("global_request_id"),
    "outer_request_id": _keys("request_id req_id requestid request.id"),
    "outer_project_id": _keys("project_id tenant_id project tenant project_name"),
    "outer_user_id": _keys("user_id user user_name"),
    "outer_instance_id": _keys("instance_uuid instance_id resource_uuid instance server_uuid"),
}
"""Column of an envelope to the keys that fill it."""

LEVELLED = frozenset(
    _keys(
        "_source fields jsonPayload "
        "labels context extra kubernetes attributes Attributes resource Resource docker ResourceAttributes "
        "LogAttributes"
    )
)
"""Inner records whose keys count as the record's own."""

INNER = LEVELLED | frozenset(
    _keys(
        "log host agent beat process service container error file docker_metadata syslog journald systemd node pod "
        "namespace metadata attr source involvedObject regarding responseStatus deprecatedSource"
    )
)
"""Inner records whose keys count with the record's name and a dot before them."""

NO_SOURCES = frozenset(_keys("stdout stderr file stdin system"))
"""What stands for a source and is no host."""

SIGNS = (
    ("pid", r"<\d+\.\d+\.\d+>", "rabbitmq"),
    ("caller", r"(?:etcdserver|etcdmain|etcdutl|rafthttp|mvcc|embed)/[\w/-]+\.go:\d+", "etcd"),
)
"""Keys, what a value of theirs looks like in the records of one program alone, and that program."""

ENTRIES = dict.fromkeys(("SEL", "Event", "Oem"), "ipmi")
"""Kinds of entries (EntryType) in a log of Redfish, and whose they are: those of the machine's management controller."""


_OF_ZAP = (
    frozenset(_keys("level caller msg logger stacktrace error err errorverbose stream logtag tag _p"))
    | MESSAGE_SET
    | TIME_SET
)
_MOST_BESIDE = 6
_LONGEST_BESIDE = 80


def is_of_zap(flat: Mapping[str, Any]) -> bool:
    """Whether klog or zap wrote a record: it says where its code is."""
    return re.search(r"\.go:\d+$", str(flat.get("caller", ""))) is not None


def beside(flat: Mapping[str, Any]) -> str:
    """What a record of zap's holds beside its text, in parentheses: there it says which alarm, which member, how long."""
    own = [key for key in flat if key.lower() not in _OF_ZAP and "." not in key and flat[key] not in (None, "")]
    short = [f"{key}: {flat[key]}" for key in own if len(str(flat[key])) <= _LONGEST_BESIDE]
    return f" ({', '.join(short[:_MOST_BESIDE])})" if short else ""
