"""What further tools write around or instead of the lines of a cloud: exporters, followers of pods, test runners, rsyslog."""

import json
from typing import Any

import pytest
from tests.logs.reading import REQUEST, rows

LINE = f"2026-11-23 04:00:00.100 7 ERROR nova.compute.manager [{REQUEST} u p - - -] Boom"


def told(event: dict[str, Any]) -> tuple[str, str | None, str, str, str | None]:
    time = f"{event['time']:%H:%M:%S.%f}"[:10]
    return time, event["host"], event["service"], event["level"], event["logger"]


@pytest.mark.parametrize(
    ("further", "service"),
    [
        ({"cmdline": "/usr/bin/nova-scheduler --config-file /etc/nova/nova.conf"}, "nova-scheduler"),
        ({"cmdline": "/usr/bin/python3 /usr/bin/neutron-server --config-file x"}, "neutron-server"),
        ({"cmdline": "uwsgi --ini x.ini", "uwsgi_name": "keystone-public"}, "keystone-public"),
    ],
)
def test_the_command_line_tells_who_wrote_a_record_of_oslo_log_for_fluentd(
    further: dict[str, str], service: str
) -> None:
    record = {
        "message": "No", "time": "2026-11-23T04:00:00", "name": "oslo_messaging.rpc", "level": "ERROR",
        "lineno": 3, "funcname": "f", "process_name": "MainProcess", "hostname": "ctl1",
    }  # fmt: skip
    (event,) = rows(json.dumps(record | further) + "\n", "records.log")
    assert told(event) == ("04:00:00.0", "ctl1", service, "ERROR", "oslo_messaging.rpc")


CORALOGIX = {"severity": 3, "applicationName": "openstack", "subsystemName": "nova-scheduler", "computerName": "ctl2"}
QUERIED = {
    "metadata": [{"key": "timestamp", "value": "2026-11-23T04:00:01.100"}, {"key": "severity", "value": "3"}],
    "labels": [{"key": "subsystemname", "value": "nova-scheduler"}, {"key": "computername", "value": "ctl2"}],
    "userData": '{"message": "Up"}',
}


@pytest.mark.parametrize(
    "text",
    [
        json.dumps([{"timestamp": 1795406401100, "text": "Up", **CORALOGIX}]),
        json.dumps({"result": {"results": [QUERIED]}}),
        "Timestamp,Severity,Application,Subsystem,Computer,Text\n2026-11-23 04:00:01.100,Info,openstack,nova-scheduler,ctl2,Up",
    ],
    ids=["sent", "queried", "table"],
)
def test_coralogix_counts_severities_its_own_way_and_calls_a_program_a_subsystem(text: str) -> None:
    (event,) = rows(text + "\n", "export.json")
    assert told(event)[:4] == ("04:00:01.1", "ctl2", "nova-scheduler", "INFO") and event["message"] == "Up"


def test_a_payload_of_google_s_tells_what_it_holds_and_not_when_it_was_received() -> None:
    record = {
        "jsonPayload": {"message": "Boom", "logger": "nova.compute.manager", "pid": 7},
        "labels": {"compute.googleapis.com/resource_name": "cmp-1"}, "logName": "projects/p/logs/nova-compute",
        "receiveTimestamp": "2026-11-23T04:00:05Z", "severity": "ERROR", "timestamp": "2026-11-23T04:00:00.100Z",
    }  # fmt: skip
    (event,) = rows(json.dumps([record]), "export.json")
    assert told(event) == ("04:00:00.1", "cmp-1", "nova-compute", "ERROR", "nova.compute.manager")


@pytest.mark.parametrize(
    ("record", "service"),
    [
        ({"time": "2026-11-23 04:00:00.100000+00:00", "level": "error", "msg": "No", "pid": "<0.1.0>"}, "rabbitmq"),
        ({"ts": "2026-11-23T04:00:00.1Z", "level": "warn", "msg": "No", "caller": "etcdserver/util.go:170"}, "etcd"),
    ],
)
def test_records_of_one_program_alone_are_its_own_in_any_file(record: dict[str, str], service: str) -> None:
    assert rows(json.dumps(record) + "\n", "export.json")[0]["service"] == service


def test_kail_s_names_of_pods_part_their_lines() -> None:
    text = (
        f"openstack/nova-compute-default-x7x2k[nova-compute]: {LINE}\nopenstack/rabbitmq-0[rabbitmq]: Starting broker\n"
    )
    assert [(event["service"], event["message"]) for event in rows(text, "pods.txt")] == [
        ("nova-compute", "Boom"),
        ("rabbitmq", "Starting broker"),
    ]


def test_what_a_console_of_zuul_s_shows_beside_a_service_s_lines_is_not_that_service_s() -> None:
    text = f"2026-11-23 04:00:00.100000 | controller | ERROR: no such package\n2026-11-23 04:00:01.100000 | controller | {LINE}\n"
    shown, own = rows(text, "job-output.txt")
    assert (shown["service"], shown["level"], shown["host"]) == ("zuul", "ERROR", "controller")
    assert (own["service"], own["host"]) == ("nova-compute", "controller")


def test_ansible_s_profile_of_tasks_dates_what_stands_below() -> None:
    text = (
        "TASK [nova : Wait] ****\nMonday 23 November 2026  04:00:00 +0100 (0:00:01.123)       0:10:11.123 *******\n"
        'fatal: [cmp-1]: FAILED! => {"msg": "boom"}\n'
    )
    assert told(rows(text, "ansible.txt")[-1])[:4] == (
        "03:00:00.0",
        "cmp-1",
        rows(text, "ansible.txt")[-1]["service"],
        "ERROR",
    )


@pytest.mark.parametrize(("result", "level"), [("ok", "INFO"), ("SKIPPED: no feature", "INFO"), ("FAILED", "ERROR")])
def test_what_a_test_of_tempest_came_to_is_a_level(result: str, level: str) -> None:
    (event,) = rows(f"{{0}} tempest.api.test_a.Servers.test_b[id-5c8f,smoke] [5.123s] ... {result}\n", "console.txt")
    assert (event["level"], event["logger"]) == (level, "tempest.api.test_a.Servers.test_b")


def test_ends_of_lines_that_rsyslog_escaped_are_ends_of_lines() -> None:
    repeated = "2026-11-23 04:00:00.100 7 ERROR nova.compute.manager"
    text = (
        f"Nov 23 04:00:00 cmp-1 nova-compute[7]: {LINE}#012{repeated} Traceback (most recent call last):"
        f'#012{repeated}   File "x", line 1, in f#012{repeated} KeyError: 7\n'
        "Nov 23 04:00:01 sto-1 object-server: ERROR with PUT: #012Traceback (most recent call last):"
        '#012  File "x", line 1, in f#012OSError: [Errno 28] No space left on device\n'
    )
    nova, swift = rows(text, "syslog")
    assert (nova["exception"], nova["lines"], nova["line"]) == ("KeyError: 7", 1, 1)
    assert (swift["exception"], swift["line"], swift["service"]) == (
        "OSError: [Errno 28] No space left on device",
        2,
        "object-server",
    )


@pytest.mark.parametrize("around", ["", "Nov 23 04:00:00 ctl1 nova-api[7]: "])
def test_ends_of_lines_that_rsyslog_escaped_leave_a_record_whole(around: str) -> None:
    text = 'Boom#012Traceback (most recent call last):#012  File "x", line 1, in f#012OSError: [Errno 28] No space'
    record = {"timestamp": "2026-11-23T04:00:00Z", "host": "ctl1", "programname": "nova-api", "severity": "err"}
    (event,) = rows(around + json.dumps(record | {"message": text}) + "\n", "records.log")
    assert told(event) == ("04:00:00.0", "ctl1", "nova-api", "ERROR", None)
    assert event["exception"] == "OSError: [Errno 28] No space"


@pytest.mark.parametrize("text", ["the colour is #012abc; really", "see bug #0123 for more"])
def test_colours_and_numbers_are_no_ends_of_lines(text: str) -> None:
    (event,) = rows(f"2026-11-23 04:00:00.100 7 INFO nova.api [-] {text}\n")
    assert event["message"] == text


def test_what_chrony_measures_is_no_line_of_unknown_level() -> None:
    text = (
        "=================================================\n   Date (UTC) Time     IP Address   L St 123 567 ABCD\n"
        "2026-11-23 04:00:00 203.0.113.74    N  2 111 111 1111   6  6 0.00  3.131e-03  2.1e-01 A1B2C3D4 4B K K\n"
    )
    assert [told(event)[2:4] for event in rows(text, "x.log")] == [("chronyd", "INFO")]


def test_with_unit_systemd_s_own_words_are_systemd_s() -> None:
    text = "Mon 2026-11-23 04:00:00 UTC cmp-1 init.scope[1]: nova-compute.service: Main process exited, code=exited\n"
    assert rows(text, "journal.txt")[0]["service"] == "init.scope"


@pytest.mark.parametrize("above", ["Bug report\n==========\n\nThe log says::\n", "Hi,\n\nmy computes log this:\n"])
def test_words_of_a_person_around_lines_that_are_set_in_are_none_of_the_cloud_s(above: str) -> None:
    below = "2026-11-23 04:00:00.100 7 ERROR nova.compute.manager"
    text = f"{above}\n    {LINE}\n    {below} Traceback (most recent call last):\n    {below} KeyError: 7\n\nIt worked before.\n"
    (event,) = rows(text, "nova.txt")
    assert (event["exception"], event["line"]) == ("KeyError: 7", above.count("\n") + 2)


def test_what_tells_of_the_cloud_beside_lines_that_are_set_in_is_kept() -> None:
    found = rows(f"status: CREATE_FAILED\n    {LINE}\n", "stack.txt")
    assert [event["message"] for event in found] == ["status: CREATE_FAILED", "Boom"]


def test_lines_that_a_page_put_into_one_are_each_an_event() -> None:
    found = rows(f"{LINE} {LINE.replace('Boom', 'Bang')}\n", "nova.txt")
    assert [(event["message"], event["line"], event["lines"]) for event in found] == [("Boom", 1, 1), ("Bang", 1, 1)]


@pytest.mark.parametrize(
    ("text", "service", "level", "message"),
    [
        ('{"_ts":1795406400100,"_line":"No","_host":"c1","_app":"nova-compute","level":"ERROR"}', "nova-compute", "ERROR", "No"),
        ('Nov 23 04:00:00 c1 nova-api[7]: @cee: {"msg":"No","level":"error","time":"2026-11-23T04:00:00.1Z"}',
         "nova-api", "ERROR", "No"),
        ('{"EventTime":"2026-11-23 04:00:00","Severity":"ERROR","SeverityValue":4,"Message":"No"}', "x", "ERROR", "No"),
        ('[{"line":"No","timestamp":"1795406400100000000","fields":{"host":"c1","job":"nova-api"}}]', "nova-api", "UNKNOWN", "No"),
        ("2026-11-23T04:00:00+0000 SUBDEBUG Upgrade: nova", "x", "DEBUG", "Upgrade: nova"),
        ("1.7954064001e+09\tERROR\tcontroller.nova\tNo", "x", "ERROR", "No"),
        ("2026-11-23 04:00:00,100 ERROR [nova.compute.manager] No", "nova-compute", "ERROR", "No"),
        ("2026-11-23 04:00:00.100 7 ERROR [nova.compute.manager] No", "nova-compute", "ERROR", "No"),
        ("2026-11-23T04:00:00.100000Z [error    ] No   key=1", "x", "ERROR", "No   key=1"),
    ],
    ids=["Mezmo", "CEE", "NXLog", "Grafana's Explore", "dnf", "zap's number of seconds", "a logger in brackets", "the same behind a process", "structlog"],
)  # fmt: skip
def test_a_line_of_a_further_tool_is_understood(text: str, service: str, level: str, message: str) -> None:
    (event,) = rows(text + "\n", "x.log")
    assert (event["service"], event["level"], event["message"]) == (service, level, message)
    assert f"{event['time']:%H:%M:%S}" == "04:00:00"


def test_an_entry_whose_text_the_journal_left_out_is_an_event_of_its_own_level() -> None:
    entry = {
        "__REALTIME_TIMESTAMP": "1795406400100000",
        "_HOSTNAME": "c1",
        "SYSLOG_IDENTIFIER": "nova-api",
        "_PID": "7",
    }
    entries = [entry | {"MESSAGE": "Up", "PRIORITY": "6"}, entry | {"MESSAGE": None, "PRIORITY": "3"}]
    found = rows("\n".join(map(json.dumps, entries)) + "\n", "journal.json")
    assert [event["level"] for event in found] == ["INFO", "ERROR"]
    assert "without --all" in found[1]["message"]


def test_lines_of_several_containers_with_stamps_behind_their_names_are_told_apart() -> None:
    nova, rabbit = "[pod/nova-compute-default-x7x2k/nova-compute] ", "[pod/rabbitmq-0/rabbitmq] "
    text = (
        f"{nova}2026-11-23T04:00:00.200000000Z {LINE}\n{rabbit}2026-11-23T04:00:01.200000000Z Starting broker\n"
        f"{nova}2026-11-23T04:00:00.300000000Z Traceback (most recent call last):\n"
        f"{rabbit}2026-11-23T04:00:01.300000000Z   completed with 4 plugins\n"
        f"{nova}2026-11-23T04:00:00.300000000Z KeyError: 7\n"
    )
    found = rows(text, "pods.txt")
    assert [(event["service"], event["message"], event["exception"], event["lines"]) for event in found] == [
        ("nova-compute", "Boom", "KeyError: 7", 3),
        ("rabbitmq", "Starting broker", None, 2),
    ]


@pytest.mark.parametrize(
    ("tag", "service"),
    [
        ("docker/0123456789ab", "nova-compute"),
        ("0123456789ab", "nova-compute"),
        ("docker/neutron_server/0123456789ab", "neutron_server"),
        ("k8s_glance-api_glance-api-6d4cf56db6-x7x2k_openstack_0f1e2d3c-0000-4000-8000-000000000001_0", "glance-api"),
    ],
)
def test_no_container_s_id_in_a_tag_of_syslog_is_a_service(tag: str, service: str) -> None:
    assert rows(f"Nov 23 04:00:00 c1 {tag}[77]: {LINE}\n", "messages")[0]["service"] == service


def test_a_host_alone_before_a_service_s_line_is_its_host() -> None:
    (event,) = rows(f"Nov 23 04:00:00 c1 {LINE}\n", "all.log")
    assert (event["host"], event["service"]) == ("c1", "nova-compute")


def test_what_openstack_s_client_could_not_do_is_an_error() -> None:
    text = "HttpException: 500: Server Error for url: http://192.0.2.1:8774/v2.1/servers, Unexpected API Error.\n"
    assert rows(text, "pasted.txt")[0]["level"] == "ERROR"


@pytest.mark.parametrize("as_json", [False, True], ids=["CRI", "docker"])
def test_pieces_of_a_long_line_are_those_of_one_pipe(as_json: bool) -> None:
    pieces = [("stdout", "P", f"{LINE[:-2]}"), ("stderr", "F", "warning: late"), ("stdout", "F", "om")]
    lines = [
        json.dumps({"log": text + "\n" * (kind == "F"), "stream": pipe, "time": "2026-11-23T04:00:00.1Z"})
        if as_json
        else f"2026-11-23T04:00:00.1Z {pipe} {kind} {text}"
        for pipe, kind, text in pieces
    ]
    assert rows("\n".join(lines) + "\n", "0.log")[0]["message"] == "Boom"


FAULT = "{'code': 500, 'created': '2026-11-23T04:00:00Z', 'message': 'No valid host was found.'}"
SERVER = {
    "id": "82d2b7bf-0c89-41ae-817d-363d3b1c1a21", "name": "vm1", "status": "ERROR",
    "fault": {"code": 500, "created": "2026-11-23T04:00:00Z", "message": "No valid host was found."},
}  # fmt: skip
STACK = (
    "overcloud.Compute.0:\n  resource_type: OS::Nova::Server\n  status: CREATE_FAILED\n  status_reason: |\n"
    "    ResourceInError: No valid host was found.\n"
)


@pytest.mark.parametrize(
    ("text", "service"),
    [
        (f"+-------+------+\n| Field | Value |\n+-------+------+\n| fault | {FAULT} |\n| id | 7 |\n+---+---+\n", "openstackclient"),
        (json.dumps(SERVER), "openstackclient"),
        (STACK, "heat-engine"),
        (json.dumps([{"Id": "0123", "Name": "/nova_compute", "State": {"Status": "exited", "OOMKilled": True, "ExitCode": 137,
                                                                      "FinishedAt": "2026-11-23T04:00:00Z"}}]), "nova_compute"),
        ("Status of node rabbit@ctl-1 ...\nAlarms\n\nMemory alarm on node rabbit@ctl-1\n", "rabbitmq"),
    ],
    ids=["server show", "server show -f json", "stack failures list", "docker inspect", "rabbitmqctl status"],
)  # fmt: skip
def test_what_is_shown_as_broken_is_an_error(text: str, service: str) -> None:
    words = ("No valid host", "for want of memory", "Memory alarm")
    (event,) = (event for event in rows(text, "shown.txt") if any(word in event["message"] for word in words))
    assert (event["level"], event["service"]) == ("ERROR", service)


@pytest.mark.parametrize(
    ("state", "level"),
    [
        ({"Status": "running", "Running": True, "ExitCode": 0}, "INFO"),
        ({"Status": "exited", "Running": False, "ExitCode": 143}, "INFO"),
        ({"Status": "exited", "Running": False, "ExitCode": 1}, "ERROR"),
        ({"Status": "restarting", "Running": True, "Restarting": True, "ExitCode": 1}, "ERROR"),
        ({"Status": "running", "Running": True, "ExitCode": 0, "Health": {"Status": "unhealthy"}}, "ERROR"),
    ],
)
def test_a_container_that_is_not_at_work_though_nobody_ended_it_is_an_error(state: dict[str, Any], level: str) -> None:
    (event,) = rows(json.dumps([{"Id": "0123", "Name": "/nova_compute", "State": state}]), "shown.txt")
    assert event["level"] == level


def test_a_record_that_holds_a_fault_keeps_its_own_words() -> None:
    record = {
        "timestamp": "2026-11-23T04:00:00Z",
        "level": "ERROR",
        "service": "keystone",
        "message": "Boom",
        "id": "req-1",
    }
    (event,) = rows(json.dumps(record | {"fault": {"message": "other"}}) + "\n", "records.log")
    assert (event["message"], event["service"]) == ("Boom", "keystone")


def test_a_line_of_spaces_alone_within_failures_of_a_stack_is_left_out() -> None:
    (event,) = (
        event for event in rows(STACK.replace("  status:", "  \n  status:"), "shown.txt") if event["level"] == "ERROR"
    )
    assert event["message"] == "OS::Nova::Server: CREATE_FAILED: ResourceInError: No valid host was found."


def test_what_docker_cut_for_the_journal_is_joined() -> None:
    entry = {
        "__REALTIME_TIMESTAMP": "1795406400200000",
        "PRIORITY": "3",
        "_HOSTNAME": "c1",
        "CONTAINER_NAME": "nova_compute",
    }
    entries = [entry | {"CONTAINER_PARTIAL_MESSAGE": "true", "MESSAGE": LINE[:-2]}, entry | {"MESSAGE": "om"}]
    (event,) = rows("\n".join(map(json.dumps, entries)) + "\n", "journal.json")
    assert event["message"] == "Boom"


@pytest.mark.parametrize("indent", [None, 2])
def test_lines_of_a_log_as_a_list_of_texts_are_events(indent: int | None) -> None:
    text = json.dumps([LINE, LINE.replace("Boom", "Bang")], indent=indent)
    found = rows(text, "lines.json")
    assert [(event["message"], event["level"]) for event in found] == [("Boom", "ERROR"), ("Bang", "ERROR")]
    assert [event["line"] for event in found] == ([1, 1] if indent is None else [2, 3])


def test_a_list_of_lines_that_is_cut_off_is_kept() -> None:
    found = rows(json.dumps([LINE, LINE, LINE], indent=1)[:-20], "lines.json")
    assert [event["level"] for event in found][:2] == ["ERROR", "ERROR"]


def test_a_hole_that_a_crash_left_makes_no_log_binary() -> None:
    text = f"{LINE}\n".encode() + bytes(100_000) + f"{LINE.replace('Boom', 'Bang')}\n".encode()
    assert [event["message"] for event in rows(text)] == ["Boom", "Bang"]


def test_an_error_behind_a_request_of_the_same_program_is_an_event_of_its_own() -> None:
    head = "Nov 23 04:00:00 sto-1 object-server: "
    request = f'{head}192.0.2.2 - - [23/Nov/2026:04:00:00 +0000] "PUT /sdb1/1/a" 201 - "PUT http://x" "tx1" "proxy-server 99" 0.1\n'
    found = rows(f"{request}{head}ERROR __call__ error with PUT /sdb1/1/a: No space left on device\n", "swift.log")
    assert [event["level"] for event in found] == ["INFO", "ERROR"]
