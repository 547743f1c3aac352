"""Mistakes of people: credentials, permissions, quotas, mappings, schemas and settings that were changed."""

import pytest
from cloud import CLEARED, FAULT, Cloud, Scenario, first_compute
from troubles import PYTHON, database_errors, no_valid_host, repeat, started

POOL = "HTTPConnectionPool(host='api.cloud.example.net', port={port})"


def placement_password(cloud: Cloud) -> None:
    """The password of the service user with which nova calls placement was changed in keystone."""
    repeat(
        cloud,
        8,
        "nova-scheduler",
        "WARNING",
        "nova.scheduler.client.report",
        "Placement service credentials do not work.",
    )
    unauthorized = "The request you have made requires authentication. (HTTP 401) (Request-ID: req-{uuid})"
    error = f"keystoneauth1.exceptions.http.Unauthorized: {unauthorized}"
    for host in cloud.site.computes:
        message = f"Error updating resources for node {host}.: {error}"
        trace = [
            "Traceback (most recent call last):",
            f'  File "{PYTHON}/nova/scheduler/client/report.py", line 1234, in get_provider_tree_and_ensure_root',
            f'  File "{PYTHON}/keystoneauth1/identity/v3/base.py", line 189, in get_auth_ref',
            error,
        ]
        repeat(cloud, 20, "nova-compute", "ERROR", "nova.compute.manager", message, host=host, trace=trace)
    refused_logins(cloud, 4)
    no_valid_host(cloud)


def nova_password_in_neutron(cloud: Cloud) -> None:
    """neutron cannot log in to tell nova of plugged ports; nova waits for them in vain."""
    error = "keystoneauth1.exceptions.http.Unauthorized: The request you have made requires authentication. (HTTP 401)"
    event = "[{'server_uuid': '{uuid}', 'name': 'network-vif-plugged', 'status': 'completed', 'tag': '{uuid}'}]"
    message = f"Failed to notify nova on events: {event}: {error}"
    repeat(cloud, 4, "neutron-server", "ERROR", "neutron.notifiers.nova", message, context=False)
    refused_logins(cloud, 4)
    waited = "[instance: {uuid}] Timeout waiting for [('network-vif-plugged', '{uuid}')] for instance with vm_state building and task_state spawning. Event states are: network-vif-plugged: timed out after 30.00 seconds"
    for host in cloud.site.computes:
        repeat(cloud, 20, "nova-compute", "WARNING", "nova.virt.libvirt.driver", waited, host=host, since=FAULT + 30)


def refused_logins(cloud: Cloud, apart: float) -> None:
    for at in cloud.every(apart):
        cloud.access(at, "POST /v3/auth/tokens", 401)
        refused = "Authorization failed. The request you have made requires authentication. from 10.77.0.12"
        cloud.say(at, "keystone", "WARNING", "keystone.server.flask.application", refused)


def service_role_removed(cloud: Cloud) -> None:
    """The service user may no longer validate tokens: keystone answers 403."""
    denied = "You are not authorized to perform the requested action: identity:validate_token."
    for service in ("cinder-api",):
        repeat(
            cloud,
            3,
            service,
            "ERROR",
            "keystonemiddleware.auth_token",
            f"Bad response code while validating token: 403 {denied}",
        )
        answer = f'Identity response: {{"error":{{"code":403,"message":"{denied}","title":"Forbidden"}}}}'
        repeat(cloud, 3, service, "WARNING", "keystonemiddleware.auth_token", answer)
        repeat(
            cloud,
            3,
            service,
            "CRITICAL",
            "keystonemiddleware.auth_token",
            "Unable to validate token: Failed to fetch token data from identity server: keystonemiddleware.auth_token._exceptions.ServiceError: Failed to fetch token data from identity server",
        )
    for at in cloud.every(3):
        cloud.access(at, "GET /v3/auth/tokens", 403)
        cloud.say(at, "keystone", "WARNING", "keystone.server.flask.application", denied)


def keystone_answers_errors(cloud: Cloud) -> None:
    """keystone runs but fails every request; nothing but the access log and its clients tell."""
    for service in ("nova-api", "neutron-server", "cinder-api", "glance-api"):
        logger = "keystonemiddleware.auth_token"
        repeat(
            cloud,
            5,
            service,
            "ERROR",
            logger,
            "Bad response code while validating token: 500 Internal Server Error (HTTP 500)",
        )
        repeat(
            cloud,
            5,
            service,
            "CRITICAL",
            logger,
            "Unable to validate token: Failed to fetch token data from identity server",
        )
    for at in cloud.every(1):
        cloud.access(at, "GET /v3/auth/tokens", 500)


def broker_permissions(cloud: Cloud) -> None:
    """Somebody cleared the permissions of the services' user in the broker."""
    cloud.rabbitmq(FAULT, "info", "Successfully cleared permissions for 'openstack' in virtual host '/'")
    where = "(403) ACCESS_REFUSED - access to exchange 'nova' in vhost '/' refused for user 'openstack'"
    for service in ("nova-api", "nova-conductor", "cinder-api", "neutron-server"):
        topic = service.split("-")[0]
        message = f"Failed to publish message to topic '{topic}': Basic.publish: {where}: amqp.exceptions.AccessRefused: Basic.publish: {where}"
        repeat(cloud, 4, service, "ERROR", "oslo.messaging._drivers.impl_rabbit", message)
    for at in cloud.every(4):
        cloud.rabbitmq(
            at,
            "error",
            "Channel error on connection <0.900.0> (10.77.0.12:40112 -> 10.77.0.12:5672, vhost: '/', user: 'openstack'), channel 1:",
            " operation basic.publish caused a channel exception access_refused: access to exchange 'nova' in vhost '/' refused for user 'openstack'",
        )


def exchange_deleted(cloud: Cloud) -> None:
    """The exchange of nova is gone: what is published to it is refused."""
    gone = "Basic.publish: (404) NOT_FOUND - no exchange 'nova' in vhost '/'"
    for service in ("nova-api", "nova-conductor"):
        message = f"Failed to publish message to topic 'nova': {gone}: amqp.exceptions.NotFound: {gone}"
        repeat(cloud, 4, service, "ERROR", "oslo.messaging._drivers.impl_rabbit", message)
    for at in cloud.every(4):
        cloud.rabbitmq(
            at,
            "error",
            "Channel error on connection <0.901.0> (10.77.0.12:40113 -> 10.77.0.12:5672, vhost: '/', user: 'openstack'), channel 1:",
            " operation basic.publish caused a channel exception not_found: no exchange 'nova' in vhost '/'",
        )


def vhost_deleted(cloud: Cloud) -> None:
    cloud.rabbitmq(FAULT, "info", "Deleting vhost '/nova'")
    refused = "Connection.open: (530) NOT_ALLOWED - vhost /nova not found"
    for service in ("nova-api", "nova-conductor", "nova-scheduler", "nova-compute"):
        for host in cloud.hosts_of(service):
            message = f"Connection failed: {refused} (retrying in 2.0 seconds): amqp.exceptions.NotAllowed: {refused}"
            repeat(cloud, 4, service, "ERROR", "oslo.messaging._drivers.impl_rabbit", message, host=host, context=False)
    for at in cloud.every(4):
        cloud.rabbitmq(
            at,
            "error",
            "Error on AMQP connection <0.902.0> (10.77.0.12:40114 -> 10.77.0.12:5672, user: 'openstack', state: opening):",
            "vhost /nova not found",
        )


def user_connection_limit(cloud: Cloud) -> None:
    database_errors(
        cloud,
        "(1226, \"User 'cinder' has exceeded the 'max_user_connections' resource (current value: 3)\")",
        kind="DBError",
        services=("cinder-api", "cinder-scheduler", "cinder-volume"),
    )


def database_dropped(cloud: Cloud) -> None:
    database_errors(
        cloud, "(1049, \"Unknown database 'placement'\")", kind="DBNonExistentDatabase", services=("placement-api",)
    )
    no_valid_host(cloud)


def privileges_revoked(cloud: Cloud) -> None:
    text = "(1142, \"INSERT command denied to user 'glance'@'ctl-a' for table 'images'\")"
    database_errors(cloud, text, kind="DBError", services=("glance-api",), slower=0.5)


def column_missing(cloud: Cloud) -> None:
    """The schema of one service was migrated to another release than its code."""
    text = "(1054, \"Unknown column 'instances.compute_id' in 'field list'\")"
    database_errors(cloud, text, kind="DBError", services=("nova-conductor", "nova-api", "nova-scheduler"))


def read_lock(cloud: Cloud) -> None:
    """FLUSH TABLES WITH READ LOCK: whoever writes waits until the server gives up the statement."""
    text = "(1205, 'Lock wait timeout exceeded; try restarting transaction')"
    database_errors(cloud, text, kind="DBError", since=FAULT + 20, slower=2)


def cell_unmapped(cloud: Cloud) -> None:
    message = "No host-to-cell mapping found for selected host {host}. Setup is incomplete."
    for host in cloud.site.computes:
        repeat(cloud, 12, "nova-conductor", "ERROR", "nova.conductor.manager", message.replace("{host}", host))
    error = "nova.exception.HostMappingNotFound: Host '{host}' is not mapped to any cell"
    for host in cloud.site.computes:
        said = f"Unexpected exception in API method: {error.replace('{host}', host)}"
        repeat(cloud, 15, "nova-api", "ERROR", "nova.api.openstack.wsgi", said)


def cell_database_wrong(cloud: Cloud) -> None:
    """The database address in a cell mapping is wrong: nova-api reaches its own database, not the cell's."""
    cell = cloud.uuid()
    why = "oslo_db.exception.DBConnectionError: (pymysql.err.OperationalError) (2003, \"Can't connect to MySQL server on 'ctl-old' ([Errno -2] Name or service not known)\")"
    for service in ("nova-api", "nova-scheduler"):
        repeat(cloud, 5, service, "ERROR", "nova.context", f"Error gathering result from cell {cell}: {why}")


def zone_unknown(cloud: Cloud) -> None:
    """All hosts were taken out of the zone in which servers are built by default."""
    refused = "HTTP exception thrown: The requested availability zone is not available"
    repeat(cloud, 2, "nova-api", "INFO", "nova.api.openstack.wsgi", refused)
    for at in cloud.every(2):
        line = '10.77.0.31 "POST /v2.1/servers HTTP/1.1" status: 400  len: 433 time: 0.0724241'
        cloud.say(at, "nova-api", "INFO", "nova.osapi_compute.wsgi.server", line)


def computes_disabled(cloud: Cloud) -> None:
    """Somebody disabled every compute service through the API."""
    for number in range(3):
        line = f'10.77.0.31 "PUT /v2.1/os-services/{cloud.uuid()} HTTP/1.1" status: 200  len: 523 time: 0.12{number}'
        cloud.say(FAULT + number * 0.4, "nova-api", "INFO", "nova.osapi_compute.wsgi.server", line)
    refused = "Got no allocation candidates from the Placement API. This could be due to insufficient resources or a temporary occurrence as compute nodes start up."
    repeat(cloud, 6, "nova-scheduler", "INFO", "nova.scheduler.manager", refused)
    no_valid_host(cloud)


def pinned_cores_used_up(cloud: Cloud) -> None:
    repeat(cloud, 6, "nova-scheduler", "INFO", "nova.filters", "Filter NUMATopologyFilter returned 0 hosts")
    no_valid_host(cloud)


def physical_network_unmapped(cloud: Cloud) -> None:
    """The bridge mappings of the agents lack the network's physical network; every agent lives."""
    segments = "[{'id': '{uuid}', 'network_type': 'vlan', 'physical_network': 'physnet2', 'segmentation_id': 101}]"
    for host in cloud.site.computes:
        failed = f"Failed to bind port {{uuid}} on host {host} for vnic_type normal using segments {segments}"
        repeat(cloud, 9, "neutron-server", "ERROR", "neutron.plugins.ml2.managers", failed)
        spawn = "[instance: {uuid}] Instance failed to spawn: nova.exception.PortBindingFailed: Binding failed for port {uuid}, please check neutron logs for more information."
        repeat(cloud, 12, "nova-compute", "ERROR", "nova.compute.manager", spawn, host=host)


def segments_used_up(cloud: Cloud) -> None:
    none = "Unable to create the network. No tenant network is available for allocation."
    repeat(cloud, 5, "neutron-server", "INFO", "neutron.api.v2.resource", f"create failed (client error): {none}")


def volume_quota(cloud: Cloud) -> None:
    message = "Quota exceeded for {uuid}, tried to create 1G volume (3G of 3G already consumed)."
    repeat(cloud, 2, "cinder-api", "WARNING", "cinder.volume.flows.api.create_volume", message)
    error = "HTTP exception thrown: VolumeSizeExceedsAvailableQuota: Requested volume or snapshot exceeds allowed gigabytes quota. Requested 1G, quota is 3G and 3G has been consumed."
    repeat(cloud, 2, "cinder-api", "INFO", "cinder.api.openstack.wsgi", error)


def port_quota(cloud: Cloud) -> None:
    refused = "create failed (client error): Quota exceeded for resources: ['port']."
    repeat(cloud, 3, "neutron-server", "INFO", "neutron.api.v2.resource", refused)
    for host in cloud.site.computes:
        failed = "[instance: {uuid}] Instance failed network setup after 1 attempt(s): nova.exception.PortLimitExceeded: Maximum number of ports exceeded"
        repeat(cloud, 12, "nova-compute", "ERROR", "nova.compute.manager", failed, host=host)


def setting_misspelt(cloud: Cloud) -> None:
    """nova-scheduler was restarted with a setting that it cannot read, and does not come back."""
    cloud.say(
        FAULT, "nova-scheduler", "INFO", "oslo_service.service", "Caught SIGTERM, stopping children", context=False
    )
    cloud.stop("nova-scheduler", until=CLEARED)
    error = "oslo_config.cfg.ConfigFileValueError: Value for option workers from LocationInfo(location=<Locations.user: (4, True)>, detail='/etc/nova/nova.conf') is not valid: invalid literal for int() with base 10: 'two'"
    repeat(cloud, 5, "nova-scheduler", "CRITICAL", "nova", f"Unhandled error: {error}", context=False)
    started(cloud, "nova-scheduler", cloud.controller, CLEARED)


def metadata_secret(cloud: Cloud) -> None:
    for at in cloud.every(3):
        message = f"X-Instance-ID-Signature: {cloud.uuid()} does not match the expected signature for id: {cloud.uuid()}. Request From: 10.0.0.7"
        cloud.say(at, "nova-api", "WARNING", "nova.api.metadata.handler", message)


def duplicate_host_name(cloud: Cloud) -> None:
    """A second machine came up with the name of a compute host that placement knows already."""
    host = cloud.site.computes[0]
    error = f"nova.exception.ResourceProviderCreationFailed: Failed to create resource provider {host}"
    conflict = f'Failed to create resource provider record in placement API for UUID {{uuid}}. Got 409: {{"errors": [{{"status": 409, "title": "Conflict", "detail": "Conflicting resource provider name: {host} already exists."}}]}}.'
    repeat(cloud, 10, "nova-compute", "ERROR", "nova.scheduler.client.report", conflict, host=host)
    repeat(
        cloud,
        10,
        "nova-compute",
        "ERROR",
        "nova.compute.manager",
        f"Error updating resources for node {host}.: {error}",
        host=host,
    )


SCENARIOS = [
    Scenario("password of placement's user", placement_password, ("keystone", "placement-api"), ("auth",)),
    Scenario(
        "password with which neutron calls nova",
        nova_password_in_neutron,
        ("keystone", "neutron-server", "nova-api"),
        ("auth",),
    ),
    Scenario("role of a service user removed", service_role_removed, ("keystone", "cinder-api"), ("auth",)),
    Scenario("keystone answers errors", keystone_answers_errors, ("keystone",)),
    Scenario("permissions in the broker cleared", broker_permissions, ("rabbitmq",), ("auth",)),
    Scenario("exchange deleted", exchange_deleted, ("rabbitmq",), ("messaging",)),
    Scenario("virtual host deleted", vhost_deleted, ("rabbitmq",), ("auth", "config", "messaging", "data-missing")),
    Scenario("connections of one database user limited", user_connection_limit, ("mariadb",), ("capacity",)),
    Scenario("database dropped", database_dropped, ("mariadb", "placement-api"), ("database", "config")),
    Scenario("privileges revoked", privileges_revoked, ("mariadb", "glance-api"), ("auth",)),
    Scenario("column missing", column_missing, ("mariadb", "nova-conductor", "nova-api"), ("database", "config")),
    Scenario("tables locked", read_lock, ("mariadb",), ("database",)),
    Scenario(
        "hosts in no cell", cell_unmapped, ("nova-compute", "nova-api", "nova-conductor"), ("data-missing", "config")
    ),
    Scenario("wrong database of a cell", cell_database_wrong, ("nova-api", "mariadb", "network"), ()),
    Scenario("zone without hosts", zone_unknown, ("nova-api", "nova-scheduler"), ("config",)),
    Scenario("compute services disabled", computes_disabled, ("nova-compute",), ("config",)),
    Scenario("pinned cores used up", pinned_cores_used_up, ("nova-scheduler", "nova-compute"), ("capacity",)),
    Scenario(
        "physical network unmapped",
        physical_network_unmapped,
        ("neutron-server", "neutron-openvswitch-agent"),
        ("config", "network"),
    ),
    Scenario("segments used up", segments_used_up, ("neutron-server",), ("capacity",)),
    Scenario("volume quota", volume_quota, ("cinder-api",), ("capacity",), issue="Volumes cannot be created"),
    Scenario("port quota", port_quota, ("neutron-server",), ("capacity",)),
    Scenario("setting misspelt", setting_misspelt, ("nova-scheduler",), ("config",)),
    Scenario("metadata secret", metadata_secret, ("neutron-metadata-agent", "nova-api"), ("config", "auth")),
    Scenario(
        "duplicate host name",
        duplicate_host_name,
        ("nova-compute", "placement-api"),
        ("config", "data-missing"),
        first_compute,
    ),
]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_the_mistake_is_named(scenario: Scenario) -> None:
    scenario.check()
