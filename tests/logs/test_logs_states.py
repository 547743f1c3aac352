"""What commands print of a state stands beside logs in a paste: it tells of its own components and is no part of a log's event."""

import json

import pytest
from tests.logs.reading import STORY, rows

from openstack_rca.logs.content import reads_like_log

STATES = {
    "agents": (
        "+----+------------+------+-------+-------+---------------------------+\n"
        "| ID | Agent Type | Host | Alive | State | Binary                    |\n"
        "+----+------------+------+-------+-------+---------------------------+\n"
        "| 1  | L2 agent   | cmp1 | XXX   | UP    | neutron-openvswitch-agent |\n"
        "| 2  | DHCP agent | net1 | :-)   | UP    | neutron-dhcp-agent        |\n"
        "+----+------------+------+-------+-------+---------------------------+\n",
        [("cmp1", "neutron-openvswitch-agent", "ERROR"), ("net1", "neutron-dhcp-agent", "INFO")],
    ),
    "fields of a server": (
        "+---------+---------------------------------------------+\n"
        "| Field   | Value                                       |\n"
        "+---------+---------------------------------------------+\n"
        "| created | 2026-11-23T03:59:58Z                        |\n"
        "| fault   | {'message': 'No valid host was found. '}    |\n"
        "+---------+---------------------------------------------+\n",
        [(None, "openstackclient", "ERROR")],
    ),
    "ceph": (
        "  cluster:\n    id:     4b5c8c0a\n    health: HEALTH_WARN\n            1 osds down\n\n  services:\n"
        "    mon: 3 daemons, quorum a,b,c\n\n",
        [(None, "ceph", "WARNING"), (None, "ceph", "WARNING"), (None, "ceph", "INFO")],
    ),
    "pacemaker": (
        "Cluster name: x\nNode List:\n  * Online: [ ctl1 ]\n  * OFFLINE: [ ctl2 ctl3 ]\n\nFull List of Resources:\n"
        "  * vip\t(ocf::heartbeat:IPaddr2):\t Started ctl1\n\nFailed Resource Actions:\n"
        "  * vip_start_0 on ctl2 'error' (1): call=3, last-rc-change='2026-11-23 04:00:00Z', exec=0ms\n",
        [
            ("ctl2", "pacemaker", "ERROR"),
            ("ctl3", "pacemaker", "ERROR"),
            ("ctl1", "pacemaker", "INFO"),
            ("ctl2", "pacemaker", "ERROR"),
        ],
    ),
    "rabbitmq": (
        "Cluster status of node rabbit@c1 ...\nBasics\n\nCluster name: rabbit@c1\n\nDisk Nodes\n\nrabbit@c1\nrabbit@c2\n\n"
        "Running Nodes\n\nrabbit@c1\n\nVersions\n\nAlarms\n\n(none)\n\nNetwork Partitions\n\n(none)\n",
        [("c2", "rabbitmq", "ERROR")],
    ),
    "containers": (
        "CONTAINER ID   IMAGE         COMMAND   CREATED   STATUS                     PORTS   NAMES\n"
        'a1             kolla/nova    "run"     2h ago    Up 2 hours (unhealthy)             nova_compute\n'
        'a2             kolla/glance  "run"     2h ago    Restarting (1) 5 seconds ago       glance_api\n',
        [("c9", "nova_compute", "ERROR"), ("c9", "glance_api", "ERROR")],
    ),
    "pods": (
        "NAME                         READY   STATUS             RESTARTS      AGE\n"
        "nova-compute-default-7x2kq   0/1     CrashLoopBackOff   12 (2m ago)   5h\n"
        "keystone-5d8f7c6b94-x7x2k    1/1     Running            0             5h\n",
        [(None, "nova-compute", "ERROR"), (None, "keystone", "INFO")],
    ),
    "nodes": (
        "NAME   STATUS     ROLES    AGE   VERSION\nk1     NotReady   <none>   5h    v1.30.1\n",
        [("k1", "kubelet", "ERROR")],
    ),
    "a unit": (
        "\u25cf nova-compute.service - Nova Compute\n     Loaded: loaded (/x; enabled)\n"
        "     Active: failed (Result: exit-code) since Mon 2026-11-23 03:50:00 UTC; 9min ago\n   Main PID: 7 (code=exited)\n",
        [("c9", "nova-compute", "ERROR")],
    ),
}


@pytest.mark.parametrize("name", STATES)
def test_a_state_tells_of_its_components_and_leaves_the_events_of_a_log_alone(name: str) -> None:
    text, expected = STATES[name]
    log = "\n".join(STORY)
    alone = rows(f"{log}\n", "x.txt")
    both = rows(f"{log}\n\n[root@c9 ~]# show\n{text}[root@c9 ~]# exit\n", "x.txt")
    of_log = [row for row in both if row["logger"] is not None]
    assert [(row["time"], row["message"], row["detail"]) for row in of_log] == [
        (row["time"], row["message"], row["detail"]) for row in alone
    ]
    of_state = [row for row in both if row["logger"] is None]
    told = sorted((row["line"], row["host"], row["service"], row["level"]) for row in of_state)
    assert [one[1:] for one in told] == expected


def test_a_list_that_the_client_gave_in_json_is_read_like_its_table() -> None:
    agents = [
        {"ID": "1", "Agent Type": "L2 agent", "Host": "cmp1", "Alive": False, "State": True, "Binary": "neutron-openvswitch-agent"},
        {"ID": "2", "Agent Type": "DHCP agent", "Host": "net1", "Alive": True, "State": True, "Binary": "neutron-dhcp-agent"},
    ]  # fmt: skip
    servers = [{"ID": "7", "Name": "db", "Status": "ERROR", "Networks": {"net": ["192.0.2.7"]}}]
    for one in (agents, servers):
        assert reads_like_log(json.dumps(one, indent=2).encode())
    found = [row for one in (agents, servers) for row in rows(json.dumps(one, indent=2), "x.json")]
    assert [(row["host"], row["service"], row["level"]) for row in found] == [
        *STATES["agents"][1],
        (None, "openstackclient", "ERROR"),
    ]


def test_an_object_with_a_status_that_no_client_lists_keeps_its_own_words() -> None:
    (found,) = rows(
        json.dumps([{"ID": 3, "Name": "a", "Status": "failed", "Message": "full", "Time": STORY[0][:19]}]), "x.json"
    )
    assert found["message"] == "full"


def test_a_command_behind_a_bare_prompt_is_no_event() -> None:
    found = rows(f"$ openstack network agent list\n{STATES['agents'][0]}", "x.txt")
    assert [row["service"] for row in found] == ["neutron-openvswitch-agent", "neutron-dhcp-agent"]


def test_a_state_has_the_time_that_it_tells_else_that_of_what_stands_above() -> None:
    found = rows(f"{STORY[0]}\n{STATES['a unit'][0]}{STATES['nodes'][0]}", "x.txt")
    told = [(row["service"], f"{row['time']:%H:%M}") for row in sorted(found, key=lambda row: row["line"])]
    assert told == [("nova-compute", "04:00"), ("nova-compute", "03:50"), ("kubelet", "03:50")]


@pytest.mark.parametrize("name", ["systemctl_status_nova-compute.txt", "journalctl_-u_nova-compute.txt"])
def test_what_was_typed_is_no_host(name: str) -> None:
    (found,) = rows(f"{STORY[0]}\n", name)
    assert found["host"] is None


@pytest.mark.parametrize(
    "squeezed",
    [
        "NAME READY STATUS RESTARTS AGE\nnova-api-0 1/1 Running 0 5h",
        "NAME STATUS ROLES AGE VERSION\nk1 Ready <none> 5h v1",
    ],
)
def test_a_state_whose_columns_were_squeezed_together_stays_text(squeezed: str) -> None:
    (found,) = rows(f"{STORY[0]}\n{squeezed}\n", "x.txt")
    assert found["detail"] == squeezed


def test_a_table_that_is_not_of_openstacks_client_is_not_told_as_its() -> None:
    """Variables are the database's; of any other table nobody knows whose it is."""
    rule = "+----------------------+-------------+\n"
    variables = f"{rule}| Variable_name        | Value       |\n{rule}| wsrep_cluster_status | non-Primary |\n{rule}"
    (found,) = rows(variables, "x.txt")
    assert (found["service"], found["message"]) == ("mariadb", "wsrep_cluster_status: non-Primary")
    other = variables.replace("Variable_name", "Check        ").replace("Value", "Notes")
    assert "openstackclient" not in {row["service"] for row in rows(f"{STORY[0]}\n{other}", "x.txt")}


def test_text_below_the_state_of_a_broker_is_no_partition() -> None:
    found = rows(f"{STORY[0]}\n{STATES['rabbitmq'][0]}Nothing else was seen.\n", "x.txt")
    assert [row["message"] for row in found if row["service"] == "rabbitmq"] == [
        "node rabbit@c2 of RabbitMQ does not run"
    ]


def test_each_node_that_does_not_run_is_told_once() -> None:
    """To compare all nodes again at each heading takes time that grows with the square of a hostile text's length."""
    nodes = "".join(f"rabbit@c{number}\n" for number in range(9))
    text = f"Cluster status of node rabbit@c1 ...\nDisk Nodes\n\n{nodes}" + "\nRunning Nodes\n\nrabbit@c1\n" * 3
    found = rows(f"{STORY[0]}\n{text}\nVersions\n", "x.txt")
    assert len([row for row in found if row["service"] == "rabbitmq"]) == 8
