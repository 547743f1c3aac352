"""What commands print of a state: tables of OpenStack's client, containers, pods and nodes, Ceph, Pacemaker, RabbitMQ, systemd.

Each row that tells of a component becomes a record in JSON. It has the time that the command tells of it, else none, and its
own service and host, so that it is no part of the event of a log that stands above it in a paste.
"""

import json
import re
from collections import defaultdict
from collections.abc import Callable, Sequence

from openstack_rca.logs.client_rows import OF_CLIENT, STATE_COLUMNS, Told, level_of, told_by_client, told_of_row
from openstack_rca.logs.envelopes import origin_of_container
from openstack_rca.logs.json_records import is_moment
from openstack_rca.logs.pods import service_of_pod
from openstack_rca.logs.prompts import host_of_prompt, is_of_shell
from openstack_rca.logs.wraps import begins_line

_Read = Callable[[str], list[Told] | None]
"""What a line of a state tells; None where the state ended before it."""

_RULE = re.compile(r"^\+[-=+]+\+$")
_COLUMN = re.compile(r"\S+(?: \S+)*")
_UNIT = re.compile(r"^[\u25cf\u25cb\u00d7*] (?P<unit>[\w@:.\\-]+\.(?:service|timer|socket|mount))(?: - .*)?$")
_OF_UNIT = re.compile(
    r"^ *(?:(?P<key>[A-Z][A-Za-z ]{2,12}): (?P<value>.*)|[\u251c\u2514\u2502].*|\d+ /.*|/\S*\.conf.*)$"
)
_SINCE = re.compile(r" since (?:\w{3} )?(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?: [A-Z]{1,5})?)")
_CONTAINER = re.compile(r" {2}((?:Up|Exited|Restarting|Created|Dead|Paused|Removal)\b.{0,80}?) {2}")
_CEPH = re.compile(r"^ {4}(?P<key>[a-z][\w-]*): +(?P<value>.*)$")
_HEALTH = re.compile(r"^HEALTH_(?P<health>OK|WARN|ERR)\b")
_NODES_DOWN = re.compile(r"^ *\*? ?OFFLINE: \[ (?P<nodes>[^\]]*) \]")
_NODE_IS = re.compile(
    r"^ *\*? ?(?:Remote)?Node (?P<node>[\w.-]+): (?P<state>UNCLEAN.*|standby.*|pending.*|OFFLINE.*|maintenance.*)$"
)
_UPDATED = re.compile(r"^ *\*? ?Last updated: (\w{3} \w{3} [ \d]\d [\d:]{8} \d{4})")
_FAILED_ACTION = re.compile(r"^ *\* (?P<action>\S+) on (?P<node>[\w.-]+) .*?(?:last-rc-change='(?P<time>[^']*)'.*)?$")
_RESOURCE = re.compile(
    r"^ *\* (?P<name>\S+)\s+\([\w:-]+\):\s+(?P<state>(?:FAILED|Stopped|Started|Master|Slave|Promoted|Unpromoted).*)$"
)
_OF_PACEMAKER = re.compile(
    r"^ *\* |^(?:Cluster|Node|Full List|Failed|Migration|Daemon|PCSD|Pacemaker|Corosync|Quorum|Tickets|Fencing|Pending|Stack|"
    r"Current DC|Last|Online|OFFLINE|Inactive|Active|Resource|Stonith|Version|Operations|Negative)[\w ]*:|"
    r"^  [a-z_]+: \w+/\w+$|^\s*$"
)
_OF_RABBITMQ = re.compile(
    r"^\s*$|^[A-Z]\w*(?: \w+)?$|@|^(?:Cluster name|Total CPU cores .*|Flag): |^\(none\)$|^\s*\[?\{"
)
_PODS_WELL = ("Running", "Completed", "Succeeded")
_OF_SERVER = ["variable_name", "value"]
_LONGEST_MOMENT = 45


def with_states(sample: Sequence[str]) -> Callable[[str], str] | None:
    """A function that turns rows of states into records and empties what is around these; None where there are no states."""
    if not any(_begun(line, "") for line in sample):
        return None
    read: _Read | None = None
    host = ""

    def told(line: str) -> str:
        nonlocal read, host
        host = host_of_prompt(line) if is_of_shell(line) else host
        begun = _begun(line, host)
        # A table has rules within it, too.
        if begun is not None and not (read is not None and _RULE.match(line)):
            read = begun
        if read is None:
            return line
        said = None if is_of_shell(line) or begins_line(line) else read(line)
        if said is None:
            read = None
            return line
        records = [{name: value for name, value in one.items() if value} for one in said]
        return "" if not records else json.dumps(records[0] if len(records) == 1 else records)

    return told


def _begun(line: str, host: str) -> _Read | None:
    """How to read the state that begins with a line; ``host`` is that of the prompt above."""
    if _RULE.match(line):
        return _table()
    unit = _UNIT.match(line)
    if unit is not None:
        return _unit(unit["unit"], host)
    if line.startswith("CONTAINER ID ") and line.rstrip().endswith("NAMES"):
        return lambda row: _container(row, host)
    # Of columns that were squeezed together nobody knows where a cell ends.
    if re.match(r"(?:NAMESPACE {2,})?NAME {2,}READY {2,}STATUS {2,}RESTARTS {2,}AGE\b", line):
        return _columns(line, _pod)
    if re.match(r"NAME {2,}STATUS {2,}ROLES {2,}AGE {2,}VERSION\b", line):
        return _columns(line, _node)
    if line == "  cluster:" or _HEALTH.match(line):
        return _ceph()
    if line.startswith(("Cluster name: ", "Cluster Summary:")) and "@" not in line:
        return _pacemaker()
    if line.startswith("  resource_type: "):
        return _stack(line.partition(": ")[2])
    return _rabbitmq() if line.startswith("Cluster status of node ") else None


def _table() -> _Read:
    """A table of OpenStack's client (a row for each thing, or for each of a thing's fields) or of a database's variables."""
    names: list[str] = []

    def read(line: str) -> list[Told] | None:
        if _RULE.match(line):
            return []
        if not (line.startswith("| ") and line.rstrip().endswith(" |")):
            return None
        cells = [cell.strip() for cell in line.strip().strip("|").split(" | ")]
        if not names:
            names.extend(cell.lower() for cell in cells)
            return [] if OF_CLIENT.intersection(names) or names == _OF_SERVER else None
        row = dict(zip(names, cells, strict=False))
        if names == _OF_SERVER:
            return [{**told_by_client(": ".join(cells), *cells[1:]), "service": "mariadb"}]
        if names == ["field", "value"]:
            field, value = row["field"], row.get("value", "")
            state = field if field.lower() == "fault" else value if field.lower().endswith(STATE_COLUMNS) else ""
            moment = is_moment(value) and len(value) <= _LONGEST_MOMENT
            return [told_by_client(f"{field}: {value}", state)] if field and not moment else []
        return [told_of_row(row)]

    return read


def _columns(header: str, told: Callable[[Told], Told]) -> _Read:
    """Rows below names of columns; a cell reaches to the next column."""
    places = [(match[0].lower(), match.start()) for match in _COLUMN.finditer(header)]
    ends = [*(start for _, start in places[1:]), None]

    def read(line: str) -> list[Told] | None:
        if line == header:
            return []
        if not line.strip() or any(line[start - 1 : start].strip() for _, start in places[1:]):
            return None
        return [told({name: line[start:end].strip() for (name, start), end in zip(places, ends, strict=True)})]

    return read


def _container(row: str, host: str) -> list[Told] | None:
    found = _CONTAINER.search(row)
    if found is None:
        return [] if row.startswith("CONTAINER ID ") else None
    name, state = row.split()[-1], found[1]
    service = origin_of_container(name).service or ""
    return [{"service": service, "host": host, "level": level_of(state), "message": f"container {name}: {state}"}]


def _pod(row: Told) -> Told:
    name, state = row["name"], row["status"]
    ready, _, wanted = row["ready"].partition("/")
    level = (
        level_of(state) if state not in _PODS_WELL else "warning" if state == "Running" and ready != wanted else "info"
    )
    text = f"pod {name}: {state}, {row['ready']} ready, {row['restarts']} restarts"
    node = row.get("node", "").removeprefix("<none>")
    return {"service": service_of_pod(name) or "", "host": node, "level": level, "message": text}


def _node(row: Told) -> Told:
    return {
        "service": "kubelet",
        "host": row["name"],
        "level": level_of(row["status"]),
        "message": f"node {row['name']}: {row['status']}",
    }


def _unit(unit: str, host: str) -> _Read:
    def read(line: str) -> list[Told] | None:
        field = _OF_UNIT.match(line)
        if field is None:
            return [] if _UNIT.match(line) else None
        if field["key"] != "Active":
            return []
        since = _SINCE.search(field["value"])
        word = "failed" if "auto-restart" in field["value"] else field["value"].partition(" ")[0]
        told = {"service": unit, "host": host, "level": level_of(word), "message": f"{unit}: {field['value']}"}
        return [{**told, "timestamp": since[1] if since else ""}]

    return read


def _ceph() -> _Read:
    """`ceph -s` and `ceph health detail`."""
    health = ""
    of_health = True

    def read(line: str) -> list[Told] | None:
        nonlocal health, of_health
        field, summary = _CEPH.match(line), _HEALTH.match(line)
        if not line.strip() or re.match(r"^  [a-z]+:$|^    id: ", line):
            return []
        if field is None and summary is None and not line.startswith(("    ", "[")):
            return None
        if summary is not None or (field is not None and field["key"] == "health"):
            health, of_health = line.strip().removeprefix("health: "), True
        elif field is not None:
            of_health = False
        bad = "error" if "HEALTH_ERR" in health else "warning" if "HEALTH_WARN" in health else "info"
        return [{"service": "ceph", "level": bad if of_health and health else "info", "message": line.strip()}]

    return read


def _stack(kind: str) -> _Read:
    """`openstack stack failures list`, below the name of a resource."""
    status, of_reason = "", False

    def read(line: str) -> list[Told] | None:
        nonlocal status, of_reason
        if not line.strip():
            return []
        if not line.startswith("  "):
            return None
        key, _, value = line.strip().partition(": ")
        if line[2] != " ":
            status, of_reason = (value if key == "status" else status), key == "status_reason"
            line = "" if value == "|" else value
        failed = of_reason and line.strip() and status.endswith("FAILED")
        text = f"{kind}: {status}: {line.strip()}"
        return [{"service": "heat-engine", "level": "error", "message": text}] if failed else []

    return read


def _pacemaker() -> _Read:
    """`pcs status` and `crm_mon`."""
    failed, seen = False, ""

    def read(line: str) -> list[Told] | None:
        nonlocal failed, seen
        if not _OF_PACEMAKER.match(line):
            return None
        failed = line.startswith("Failed ") or (failed and not re.match(r"^[A-Z].*:$", line))
        down, is_, of_resource = _NODES_DOWN.match(line), _NODE_IS.match(line), _RESOURCE.match(line)
        action = _FAILED_ACTION.match(line) if failed else None
        updated = _UPDATED.match(line)
        seen = updated[1] if updated else seen
        plain = {"service": "pacemaker", "message": line.strip(" *"), "timestamp": seen}
        if down is not None:
            nodes = down["nodes"].split()
            return [{**plain, "level": "error", "host": node, "message": f"node {node} is offline"} for node in nodes]
        if action is not None:
            return [{**plain, "level": "error", "host": action["node"], "timestamp": action["time"] or seen}]
        if is_ is not None:
            return [{**plain, "level": "warning", "host": is_["node"]}]
        if of_resource is not None:
            word, _, node = of_resource["state"].partition(" ")
            return [
                {**plain, "level": "error" if word in ("FAILED", "Stopped") else "info", "host": node.partition(" ")[0]}
            ]
        return []

    return read


def _rabbitmq() -> _Read:
    """`rabbitmqctl cluster_status`: nodes that do not run, alarms, partitions."""
    section = ""
    nodes: dict[str, set[str]] = defaultdict(set)

    def read(line: str) -> list[Told] | None:
        nonlocal section
        if not _OF_RABBITMQ.search(line):
            return None
        text = line.strip()
        if re.match(r"^(?:[A-Z][a-z]+ ?){1,2}$", text) and not line.startswith(" "):
            before, section = section, text
            away = sorted(nodes["Disk Nodes"] - nodes["Running Nodes"]) if before == "Running Nodes" else []
            nodes["Disk Nodes"].difference_update(away)
            return [_of_node(f"node {node} of RabbitMQ does not run", node) for node in away]
        if section in ("Disk Nodes", "Running Nodes", "RAM Nodes") and text:
            nodes[section.replace("RAM", "Disk")].add(text)
        if section in ("Alarms", "Network Partitions") and text not in ("", "(none)"):
            return [_of_node(f"{section}: {text}", next((word for word in text.split() if "@" in word), ""))]
        return []

    return read


def _of_node(text: str, node: str) -> Told:
    return {"service": "rabbitmq", "level": "error", "host": node.partition("@")[2], "message": text}
