"""By which keys log records in JSON say what: oslo.log, journald, fluentd, OpenSearch, Loki, Vector, Graylog and others.

Where several keys of one table are in a record the first of the table counts.
"""

from __future__ import annotations


def _keys(text: str) -> tuple[str, ...]:
    return tuple(text.split())


MESSAGES = _keys(
    "message msg MESSAGE Payload log line short_message event textPayload text Message raw _raw body Body content msg_text "
    "logmessage error_summary @message assert_msg backtrace"
)
TIMES = _keys(
    "_SOURCE_REALTIME_TIMESTAMP __REALTIME_TIMESTAMP created @timestamp timestamp Timestamp time ts asctime datetime date "
    "eventTime _time TIMESTAMP t tsNs timereported timegenerated observedTimestamp timeUnixNano isotime lastTimestamp "
    "firstTimestamp @timestamp_nanos"
)
MESSAGE_SET, TIME_SET = frozenset(MESSAGES), frozenset(TIMES)
WORD_LEVELS = _keys(
    "levelname log_level level severity_label severity loglevel lvl Level log.level log_level_name severityText SeverityText "
    "severity_text "
    "syslogseverity-text syslogseverity_text syslog_severity priority_name LOGGER_LEVEL level_name s status SeverityLevel "
    "LevelDisplayName detected_level labels.detected_level type label"
)
"""Keys of words; ``SYSLOG_WORDS`` are those that a shipper filled in."""

SYSLOG_WORDS = _keys(
    "status SeverityLevel LevelDisplayName detected_level labels.detected_level type "
    "severity syslog_severity priority_name syslogseverity-text syslogseverity_text"
)
SYSLOG_NUMBERS = _keys("PRIORITY priority syslogseverity severity_code syslog_severity_code pri level severity")
HOSTS = _keys(
    "_HOSTNAME Hostname hostname host HOSTNAME host_name host.name host.hostname fromhost from_host node node_name nodename "
    "agent.hostname agent.name beat.hostname beat.name kubernetes.host kubernetes.node_name kubernetes.node.name "
    "kubernetes.pod_node_name nodeName "
    "kubernetes.nodename source.host Computer ComputerName HostName resource_name utsname_hostname MachineName "
    "labels.resource_name source_host logsource source _source_host fqdn syslog_hostname sysloghost machine k8s.node.name"
)
SERVICES = _keys(
    "programname SYSLOG_IDENTIFIER CONTAINER_NAME container_name _SYSTEMD_UNIT UNIT app-name appname app_name "
    "application_name _application_name service.name service_name service process.name program ident syslog_identifier "
    "syslogtag systemd_unit unit tag _COMM container.name app application binary logger_name component ProcessName "
    "labels.program labels.service ProviderName process_name"
)
PROCESSES = _keys("process Pid pid _PID SYSLOG_PID procid process.pid process_id PID proc_id syslog_pid ProcessID")
LOGGERS = _keys("python_module name logger LOGGER_NAME Logger logger_name log.logger module caller domain log_name")
PATHS = _keys(
    "filename file path log.file.path log_file logfile source_file file.path tailed_path source _path "
    "labels.log_file_path logStreamName logStream log_stream"
)
PODS = _keys(
    "kubernetes.pod_name kubernetes.pod.name pod_name podName k8s.pod.name kubernetes.pod "
    "involvedObject.name regarding.name"
)
CONTAINERS = _keys(
    "kubernetes.container_name kubernetes.container.name container_name containerName k8s.container.name"
)
TRACES = _keys(
    "traceback Traceback exc_text exc_info stack_trace stacktrace stack EXCEPTION_TEXT error.stack_trace exception "
    "EXCEPTION_INFO exception.stacktrace errorVerbose"
)
ERRORS = _keys("error err error.message reason error_summary cause attr.error.errmsg attr.message")
IDS: dict[str, tuple[str, ...]] = {
    "outer_global_request_id": _keys("global_request_id GLOBAL_REQUEST_ID"),
    "outer_request_id": _keys("request_id REQUEST_ID req_id requestId request.id"),
    "outer_project_id": _keys("project_id tenant_id project tenant PROJECT_ID PROJECT_NAME TENANT"),
    "outer_user_id": _keys("user_id user USER_ID USER_NAME USER"),
    "outer_instance_id": _keys("instance_uuid instance_id INSTANCE_UUID resource_uuid instance server_uuid"),
}
"""Column of an envelope to the keys that fill it."""

LEVELLED = frozenset(
    _keys("_source fields labels context extra kubernetes attributes Attributes resource Resource docker")
)
"""Inner records whose keys count as the record's own."""

INNER = LEVELLED | frozenset(
    _keys(
        "log host agent beat process service container error file docker_metadata syslog journald systemd node pod "
        "namespace metadata attr source involvedObject regarding"
    )
)
"""Inner records whose keys count with the record's name and a dot before them."""
