"""Lines as services write them while somebody works on the cloud; ``at`` is seconds after two o'clock."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

START = datetime(2026, 3, 10, 2, 0, tzinfo=UTC)
LENGTH = 900
Line = tuple[float, str]
Logs = dict[str, str]


def _when(at: float) -> datetime:
    return START + timedelta(seconds=at)


def oslo(at: float, level: str, logger: str, text: str, pid: int = 7) -> Line:
    return at, f"{_when(at):%Y-%m-%d %H:%M:%S.%f}"[:-3] + f" {pid} {level} {logger} [-] {text}"


def syslog(at: float, host: str, program: str, text: str) -> Line:
    return at, f"{_when(at):%b %d %H:%M:%S} {host} {program}: {text}"


def rabbit(at: float, level: str, text: str) -> Line:
    return at, f"{_when(at):%Y-%m-%d %H:%M:%S.%f}+00:00 [{level}] <0.{int(at) + 300}.0> {text}"


def galera(at: float, text: str, level: str = "Note") -> Line:
    return at, f"{_when(at):%Y-%m-%d %H:%M:%S} 0 [{level}] {text}"


def ceph(at: float, text: str, level: str = "INF") -> Line:
    return at, f"{_when(at):%Y-%m-%dT%H:%M:%S.%f}+0000 mon.sto1 (mon.0) {int(at) + 100} : cluster [{level}] {text}"


def ovs(at: float, level: str, module: str, text: str) -> Line:
    return at, f"{_when(at):%Y-%m-%dT%H:%M:%S.%f}Z|{int(at) + 100:05d}|{module}|{level}|{text}"


def every(
    seconds: float, line: Callable[[float], Line], *but: tuple[float, float], until: float = LENGTH
) -> list[Line]:
    """A line every so many seconds, but for some stretches."""
    times = [number * seconds + 1.25 for number in range(int((until - 1) / seconds))]
    return [line(at) for at in times if not any(first <= at < last for first, last in but)]


def logs(files: dict[str, Iterable[Line]]) -> Logs:
    return {name: "".join(f"{text}\n" for _, text in sorted(lines)) for name, lines in files.items()}


def api(*but: tuple[float, float], until: float = LENGTH) -> list[Line]:
    """nova-api answers."""
    request = '10.0.0.9 "GET /v2.1/servers/detail HTTP/1.1" status: 200 len: 1893 microversion: 2.1 time: 0.12'
    return every(9, lambda at: oslo(at, "INFO", "nova.api.openstack.requestlog", request), *but, until=until)


def servers(*but: tuple[float, float], until: float = LENGTH) -> list[Line]:
    """neutron-server answers."""
    request = '10.0.0.9 "GET /v2.0/ports HTTP/1.1" status: 200  len: 2801 time: 0.08'
    return every(11, lambda at: oslo(at, "INFO", "neutron.wsgi", request), *but, until=until)


def compute(*but: tuple[float, float], until: float = LENGTH) -> list[Line]:
    """nova-compute audits."""
    view = "Final resource view: name=cmp1 phys_ram=257682MB used_ram=66048MB total_vcpus=64 used_vcpus=30 pci_stats=[]"
    return every(30, lambda at: oslo(at, "INFO", "nova.compute.resource_tracker", view), *but, until=until)


def agent(*but: tuple[float, float], until: float = LENGTH) -> list[Line]:
    """The Open vSwitch agent works."""
    logger = "neutron.plugins.ml2.drivers.openvswitch.agent.ovs_neutron_agent"
    text = "Configuration for devices up ['4cb0b67a-3b8a-4f6b-9d0c-1b3f6c7e8a90'] and devices down [] completed."
    return every(25, lambda at: oslo(at, "INFO", logger, text), *but, until=until)


def signalled(at: float, service: str, back: float, version: str = "31.0.1") -> list[Line]:
    """A service is told to stop and starts again."""
    return [
        oslo(at, "INFO", "oslo_service.service", "Caught SIGTERM, stopping children"),
        oslo(at + 1, "INFO", "oslo_service.service", "Child 26 exited with status 0"),
        oslo(back, "INFO", f"{service}.service", f"Starting {service} node (version {version})"),
        oslo(back + 1, "INFO", "oslo_service.service", "Starting 4 workers"),
    ]


def units(host: str, at: float, back: float, *names: str) -> list[Line]:
    """systemd stops units by request and starts them again."""
    told = []
    for name in names:
        told += [
            syslog(at, host, "systemd[1]", f"Stopping {name}.service - OpenStack {name}..."),
            syslog(at + 2, host, "systemd[1]", f"{name}.service: Deactivated successfully."),
            syslog(at + 2, host, "systemd[1]", f"Stopped {name}.service - OpenStack {name}."),
            syslog(back, host, "systemd[1]", f"Started {name}.service - OpenStack {name}."),
        ]
    return told


def backend(at: float, host: str, up: float | None, left: int, name: str = "nova_api") -> list[Line]:
    """A proxy loses a server and finds it again."""
    down = (
        f'Server {name}_back/{host} is DOWN, reason: Layer4 connection problem, info: "Connection refused", check duration: 0ms. '
        f"{left} active and 0 backup servers left. 0 sessions active, 0 requeued, 0 remaining in queue."
    )
    back = (
        f"Server {name}_back/{host} is UP, reason: Layer7 check passed, code: 200, check duration: 4ms. "
        f"{left + 1} active and 0 backup servers online. 0 sessions requeued, 0 total in queue."
    )
    told = [syslog(at, "lb1", "haproxy[812]", down)]
    return told if up is None else [*told, syslog(up, "lb1", "haproxy[812]", back)]


def proxied(until: float = LENGTH) -> list[Line]:
    """The proxy passes requests on."""
    text = '10.0.0.50:41234 [10/Mar/2026:02:00:01.000] nova_api nova_api_back/ctl2 0/0/1/85/86 200 1893 - - ---- 3/1/0/0/0 0/0 "GET /v2.1/servers HTTP/1.1"'
    return every(20, lambda at: syslog(at, "lb1", "haproxy[812]", text), until=until)


def reconnects(at: float, host: str = "ctl2", wait: int = 1) -> list[Line]:
    """A client of the broker loses it and finds it again."""
    logger = "oslo.messaging._drivers.impl_rabbit"
    return [
        oslo(at, "ERROR", logger, f"[8f0d] AMQP server on {host}:5672 is unreachable: [Errno 104] Connection reset by peer. "
             f"Trying again in {wait} seconds.: ConnectionResetError: [Errno 104] Connection reset by peer"),
        oslo(at + 1, "ERROR", logger, f"[8f0d] AMQP server on {host}:5672 is unreachable: [Errno 111] ECONNREFUSED. "
             "Trying again in 1 seconds.: ConnectionRefusedError: [Errno 111] ECONNREFUSED"),
        oslo(at + 2.3, "INFO", logger, "[8f0d] Reconnected to AMQP server on ctl1:5672 via [amqp] client with port 51762."),
    ]  # fmt: skip


def lost_query(at: float) -> Line:
    return oslo(at, "ERROR", "oslo_db.sqlalchemy.exc_filters", "DB exception wrapped.: pymysql.err.OperationalError: "
                "(2013, 'Lost connection to MySQL server during query')")  # fmt: skip


def refused_query(at: float) -> Line:
    return oslo(at, "ERROR", "oslo_db.sqlalchemy.engines", "Database connection was found disconnected; reconnecting: "
                "oslo_db.exception.DBConnectionError: (pymysql.err.OperationalError) (2003, \"Can't connect to MySQL server on "
                "'10.0.0.5' ([Errno 111] Connection refused)\")")  # fmt: skip


def timeout(at: float, logger: str = "neutron.common.rpc", method: str = "report_state") -> Line:
    return oslo(at, "ERROR", logger, f"Timeout in RPC method {method}. Waiting for 12 seconds before next attempt. If the server "
                "is not down, consider increasing the rpc_response_timeout option as message queue may be busy.: "
                "oslo_messaging.exceptions.MessagingTimeout: Timed out waiting for a reply to message ID 5b6f")  # fmt: skip


"""Every kind of work, and whose failure it is where it goes wrong."""
