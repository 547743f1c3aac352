"""Faults of the database, told by its clients, by itself, or by nobody."""

import pytest
from api_troubles import keystone_lost
from cloud import CLEARED, FAULT, Cloud, Scenario, first_controller
from sites import KOLLA, OLD, SMALL
from troubles import DATABASE_CLIENTS, database_errors, no_valid_host, remote_database_errors

LOST = "(2013, 'Lost connection to MySQL server during query')"
REFUSED = "(2003, \"Can't connect to MySQL server on '10.77.0.250' ([Errno 111] Connection refused)\")"
READ_ONLY = "(1290, 'The MariaDB server is running with the --read-only option so it cannot execute this statement')"
BUSY = "(1205, 'Lock wait timeout exceeded; try restarting transaction')"
DEADLOCK = "(1213, 'Deadlock found when trying to get lock; try restarting transaction')"
NON_PRIMARY = "(1047, 'WSREP has not yet prepared node for application use')"


def killed(cloud: Cloud) -> None:
    """No last words; the next start recovers from a crash."""
    database_errors(cloud, LOST, until=FAULT + 2)
    database_errors(cloud, REFUSED)
    remote_database_errors(cloud, REFUSED)
    cloud.mariadb(CLEARED, "Note", "Starting MariaDB 10.11.6-MariaDB source revision fecd78b as process 812")
    cloud.mariadb(CLEARED + 1, "Note", "InnoDB: Starting crash recovery from checkpoint LSN=1520330")
    cloud.mariadb(CLEARED + 2, "Note", "/usr/sbin/mariadbd: ready for connections.")


def killed_for_good(cloud: Cloud) -> None:
    database_errors(cloud, LOST, until=FAULT + 2)
    database_errors(cloud, REFUSED, until=140)
    remote_database_errors(cloud, REFUSED)


def stopped(cloud: Cloud) -> None:
    cloud.mariadb(FAULT, "Note", "/usr/sbin/mariadbd (initiated by: unknown): Normal shutdown")
    for number in range(20):
        cloud.mariadb(
            FAULT + 0.1, "Warning", f"Aborted connection {100 + number} to db: 'nova' user: 'nova' host: 'c' (KILLED)"
        )
    cloud.mariadb(FAULT + 3, "Note", "/usr/sbin/mariadbd: Shutdown complete")
    killed(cloud)


def frozen(cloud: Cloud) -> None:
    """Clients wait for an answer without end: everything that uses the database falls silent."""
    for service in DATABASE_CLIENTS:
        cloud.stop(service)


def too_many_connections(cloud: Cloud) -> None:
    database_errors(cloud, "(1040, 'Too many connections')")
    database_errors(cloud, "(1040, 'ny connections')", services=("placement-api", "nova-conductor"))


def read_only(cloud: Cloud) -> None:
    writers = ("nova-api", "nova-conductor", "neutron-server", "cinder-api", "placement-api")
    database_errors(cloud, READ_ONLY, kind="DBError", driver="pymysql.err.OperationalError", services=writers)


def lock_waits(cloud: Cloud) -> None:
    """One table is locked: only the services of that schema suffer."""
    database_errors(
        cloud, BUSY, kind="DBError", services=("neutron-server",), since=FAULT + 20, until=CLEARED + 20, slower=0.6
    )


def deadlocks(cloud: Cloud) -> None:
    services = ("neutron-server", "nova-conductor", "placement-api", "cinder-api")
    database_errors(cloud, DEADLOCK, kind="DBDeadlock", services=services, slower=0.3)


def wrong_password_of_one_service(cloud: Cloud) -> None:
    denied = "(1045, \"Access denied for user 'glance'@'10.77.0.11' (using password: YES)\")"
    database_errors(cloud, denied, kind="DBError", services=("glance-api",), slower=0.4)
    for at in cloud.every(9):
        message = (
            f"Error contacting glance server '{cloud.url('glance-api')}' for 'get', done trying.: "
            "glanceclient.exc.HTTPInternalServerError: HTTP 500 Internal Server Error"
        )
        cloud.say(at, "nova-api", "ERROR", "nova.image.glance", message)


def missing_table(cloud: Cloud) -> None:
    gone = "(1146, \"Table 'cinder.volumes' doesn't exist\")"
    services = ("cinder-api", "cinder-volume", "cinder-scheduler")
    database_errors(
        cloud, gone, kind="DBNonExistentTable", driver="pymysql.err.ProgrammingError", services=services, slower=0.5
    )


def galera_non_primary(cloud: Cloud) -> None:
    cloud.mariadb(FAULT, "Note", "WSREP: view(view_id(NON_PRIM,8f1e7c2a,41) memb {", host="os-ctl1")
    cloud.mariadb(FAULT + 0.1, "Note", "WSREP: Received NON-PRIMARY.", host="os-ctl1")
    cloud.mariadb(FAULT + 0.2, "Note", "WSREP: Server status change synced -> connected", host="os-ctl1")
    database_errors(cloud, NON_PRIMARY, kind="DBConnectionError", driver="pymysql.err.InternalError")


def disk_full(cloud: Cloud) -> None:
    for at in cloud.every(12):
        where = "Error writing file './binlog.000042' (Errcode: 28 \"No space left on device\")"
        cloud.mariadb(at, "ERROR", f"mariadbd: {where}")
    full = "(1114, \"The table 'instance_actions' is full\")"
    database_errors(cloud, full, kind="DBError", services=("nova-api", "nova-conductor"), slower=0.6)
    stuck = "(2013, 'Lost connection to MySQL server during query (timed out)')"
    database_errors(cloud, stuck, services=("neutron-server", "keystone", "cinder-api"))


def out_of_memory(cloud: Cloud) -> None:
    host = cloud.controller
    cloud.syslog(FAULT - 0.5, host, "kernel: mariadbd invoked oom-killer: gfp_mask=0x1100cca(GFP_HIGHUSER_MOVABLE)")
    cloud.syslog(
        FAULT, host, "kernel: Out of memory: Killed process 2215 (mariadbd) total-vm:9123456kB, anon-rss:7890123kB"
    )
    cloud.syslog(
        FAULT + 0.4, host, "systemd[1]: mariadb.service: A process of this unit has been killed by the OOM killer."
    )
    cloud.syslog(FAULT + 0.5, host, "systemd[1]: mariadb.service: Failed with result 'oom-kill'.")
    killed_for_good(cloud)


def slow_with_exhausted_pools(cloud: Cloud) -> None:
    pool = "QueuePool limit of size 5 overflow 50 reached, connection timed out, timeout 30.00"
    for service, (logger, level, message, apart) in DATABASE_CLIENTS.items():
        if service in ("keystone", "neutron-server", "nova-api", "placement-api"):
            for at in cloud.every(apart):
                error = (
                    f"sqlalchemy.exc.TimeoutError: {pool} (Background on this error at: https://sqlalche.me/e/14/3o7r)"
                )
                cloud.say(at, service, level, logger, message.format(error=error, text=pool))


SCENARIOS = [
    Scenario("killed", killed, ("mariadb",), ("process-down",)),
    Scenario("killed, its own log missing", killed_for_good, ("mariadb",), ("process-down",), without=("mariadb",)),
    Scenario("killed, under kolla", killed_for_good, ("mariadb",), ("process-down", "database"), site=KOLLA),
    Scenario("killed, an old release", killed, ("mariadb",), ("process-down",), site=OLD),
    Scenario("killed, only the log of neutron", killed_for_good, ("mariadb",), only=("neutron-server",)),
    Scenario("killed, nothing known of normal", killed_for_good, ("mariadb",), baseline=False),
    Scenario("stopped", stopped, ("mariadb",), ("process-down",), first_controller),
    Scenario("stopped, under kolla", stopped, ("mariadb",), ("process-down",), first_controller, site=KOLLA),
    Scenario("frozen", frozen, ("mariadb",), ("hang",)),
    Scenario("frozen, under kolla", frozen, ("mariadb",), ("hang",), site=KOLLA),
    Scenario("too many connections", too_many_connections, ("mariadb",), ("capacity",)),
    Scenario("read-only", read_only, ("mariadb",), ("database",)),
    Scenario("read-only, an old release", read_only, ("mariadb",), ("database",), site=OLD),
    Scenario("lock waits in one schema", lock_waits, ("mariadb",), ("database",)),
    Scenario("deadlocks in great number", deadlocks, ("mariadb",), ("database",)),
    Scenario("password of one service", wrong_password_of_one_service, ("mariadb", "glance-api"), ("auth",)),
    Scenario("missing table", missing_table, ("mariadb",), ("data-missing",)),
    Scenario("galera non-primary", galera_non_primary, ("mariadb",), ("database",), site=KOLLA),
    Scenario("disk full", disk_full, ("mariadb", "host"), ("storage", "capacity")),
    Scenario("out of memory", out_of_memory, ("mariadb", "host"), ("capacity", "process-down"), first_controller),
    Scenario("exhausted pools", slow_with_exhausted_pools, ("mariadb",)),
]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_the_database_is_named(scenario: Scenario) -> None:
    scenario.check()


def test_loud_followers_do_not_hide_a_dead_database() -> None:
    """keystone, refused by everybody since its database died, is the loudest; it is not the cause."""

    def build(cloud: Cloud) -> None:
        database_errors(cloud, REFUSED, services=("keystone",), slower=0.2)
        for at in cloud.every(0.5):
            cloud.access(at, "POST /v3/auth/tokens", 500)
        for service in ("nova-api", "neutron-server", "cinder-api", "glance-api"):
            for at in cloud.every(1.5):
                text = 'Identity response: {"error": {"code": 500, "title": "Internal Server Error"}}'
                error = "keystoneauth1.exceptions.http.InternalServerError: An unexpected error (HTTP 500)"
                cloud.say(at, service, "WARNING", "keystonemiddleware.auth_token", f"{text}: {error}")

    Scenario("loud followers", build, ("mariadb",), ("process-down",), issue="Nobody can log in").check()


def test_the_issue_text_does_not_overrule_a_dead_database() -> None:
    def build(cloud: Cloud) -> None:
        killed_for_good(cloud)
        no_valid_host(cloud)

    Scenario("misleading issue", build, ("mariadb",), issue="Is rabbitmq or the nova-scheduler broken?").check()


def test_the_clocks_of_hosts_may_differ() -> None:
    def build(cloud: Cloud) -> None:
        for host in cloud.site.computes:
            cloud.skew(host, -30.0)
        killed_for_good(cloud)
        keystone_lost(cloud, "aborted", since=FAULT + 4)

    Scenario("computes 30 s behind", build, ("mariadb",), site=SMALL).check()
