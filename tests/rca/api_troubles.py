"""What the clients of an API write when it does not answer."""

from collections.abc import Sequence

from cloud import CLEARED, FAULT, Cloud
from sites import PORTS
from troubles import PYTHON


def http_failure(cloud: Cloud, component: str, path: str, how: str = "refused") -> str:
    """keystoneauth's text for a call that got no answer."""
    url, port = cloud.url(component, path), PORTS[component]
    pool = f"HTTPConnectionPool(host='{cloud.site.vip}', port={port})"
    if how == "refused":
        reason = (
            f"{pool}: Max retries exceeded with url: {path} (Caused by NewConnectionError('<urllib3.connection."
            "HTTPConnection object at 0x7f3c2a>: Failed to establish a new connection: [Errno 111] ECONNREFUSED'))"
        )
        return f"Unable to establish connection to {url}: {reason}"
    if how == "aborted":
        closed = "RemoteDisconnected('Remote end closed connection without response')"
        return f"Unable to establish connection to {url}: ('Connection aborted.', {closed})"
    if how == "timeout":
        return f"Request to {url} timed out"
    if how == "unresolved":
        reason = (
            f"{pool}: Max retries exceeded with url: {path} (Caused by NewConnectionError('<urllib3.connection."
            "HTTPConnection object at 0x7f3c2a>: Failed to establish a new connection: [Errno -3] Temporary failure in "
            "name resolution'))"
        )
        return f"Unable to establish connection to {url}: {reason}"
    if how == "dropped":
        reason = (
            f"{pool}: Max retries exceeded with url: {path} (Caused by ConnectTimeoutError(<urllib3.connection."
            f"HTTPConnection object at 0x7f3c2a>, 'Connection to {cloud.site.vip} timed out. (connect timeout=None)'))"
        )
        return f"Unable to establish connection to {url}: {reason}"
    raise ValueError(how)


def _exception(how: str) -> str:
    name = "ConnectTimeout" if how == "timeout" else "ConnectFailure"
    return f"keystoneauth1.exceptions.connection.{name}"


def keystone_lost(
    cloud: Cloud,
    how: str = "refused",
    *,
    services: Sequence[str] = ("nova-api", "neutron-server", "glance-api", "cinder-api", "placement-api"),
    since: float = FAULT,
    until: float = CLEARED,
) -> None:
    """keystonemiddleware of every API cannot validate tokens."""
    failure = http_failure(cloud, "keystone", "/v3/auth/tokens", how)
    for service in services:
        for at in cloud.every(6, since, until):
            if cloud.site.early:
                cloud.say(at, service, "WARNING", "keystonemiddleware.auth_token", "Using the in-process token cache")
            message = f"Unable to validate token: {failure}: {_exception(how)}: {failure}"
            cloud.say(at, service, "CRITICAL", "keystonemiddleware.auth_token", message, context=False)


def neutron_lost(cloud: Cloud, how: str = "refused", *, since: float = FAULT, until: float = CLEARED) -> None:
    """nova cannot reach neutron."""
    failure = http_failure(cloud, "neutron-server", "/v2.0/ports", how)
    for at in cloud.every(8, since, until):
        cloud.say(
            at,
            "nova-api",
            "ERROR",
            "nova.api.openstack.wsgi",
            f"Unexpected exception in API method: {_exception(how)}: {failure}",
        )
    for host in cloud.site.computes:
        for at in cloud.every(12, since, until):
            instance = f"[instance: {cloud.uuid()}] "
            message = f"{instance}Instance failed network setup after 1 attempt(s): {_exception(how)}: {failure}"
            trace = [
                "Traceback (most recent call last):",
                f'  File "{PYTHON}/nova/network/neutron.py", line 1198, in allocate_for_instance',
            ]
            cloud.say(at, "nova-compute", "ERROR", "nova.compute.manager", message, host=host, trace=trace)


def glance_lost(cloud: Cloud, how: str = "refused", *, since: float = FAULT, until: float = CLEARED) -> None:
    """nova and cinder cannot reach glance."""
    path = f"/v2/images/{cloud.uuid()}"
    failure = http_failure(cloud, "glance-api", path, how)
    for at in cloud.every(9, since, until):
        error = (
            f"glanceclient.exc.CommunicationError: Error finding address for {cloud.url('glance-api', path)}: {failure}"
        )
        message = f"Error contacting glance server '{cloud.url('glance-api')}' for 'get', done trying.: {error}"
        cloud.say(at, "nova-api", "ERROR", "nova.image.glance", message)
    for at in cloud.every(25, since, until):
        error = f"cinder.exception.GlanceConnectionFailed: Connection to glance failed: {failure}"
        cloud.say(
            at,
            "cinder-api",
            "ERROR",
            "cinder.image.glance",
            f"Error contacting glance server for 'get', done trying.: {error}",
        )


def placement_lost(cloud: Cloud, how: str = "refused", *, since: float = FAULT, until: float = CLEARED) -> None:
    """Scheduler and resource trackers cannot reach placement."""
    failure = http_failure(cloud, "placement-api", "/resource_providers", how)
    for at in cloud.every(8, since, until):
        message = "Placement API service is not responding."
        if how != "refused":
            message = f"Failed to get allocation candidates: {_exception(how)}: {failure}"
        cloud.say(at, "nova-scheduler", "WARNING", "nova.scheduler.client.report", message)
    for host in cloud.site.computes:
        for at in cloud.every(20, since, until):
            message = f"Error updating resources for node {host}.: {_exception(how)}: {failure}"
            trace = [
                "Traceback (most recent call last):",
                f'  File "{PYTHON}/nova/scheduler/client/report.py", line 70, in wrapper',
            ]
            cloud.say(at, "nova-compute", "ERROR", "nova.compute.manager", message, host=host, trace=trace)


def nova_api_lost(cloud: Cloud, how: str = "refused", *, since: float = FAULT, until: float = CLEARED) -> None:
    """neutron cannot tell nova of its ports."""
    failure = http_failure(cloud, "nova-api", "/v2.1/os-server-external-events", how)
    for at in cloud.every(8, since, until):
        event = f"[{{'server_uuid': '{cloud.uuid()}', 'name': 'network-changed'}}]"
        message = f"Failed to notify nova on events: {event}: {_exception(how)}: {failure}"
        cloud.say(at, "neutron-server", "ERROR", "neutron.notifiers.nova", message, context=False)


def cinder_lost(cloud: Cloud, how: str = "refused", *, since: float = FAULT, until: float = CLEARED) -> None:
    """nova cannot reach cinder."""
    path = f"/v3/attachments/{cloud.uuid()}"
    failure = http_failure(cloud, "cinder-api", path, how)
    for at in cloud.every(10, since, until):
        message = f"Unexpected exception in API method: nova.exception.CinderConnectionFailed: Connection to cinder host failed: {failure}"
        cloud.say(at, "nova-api", "ERROR", "nova.api.openstack.wsgi", message)
    for host in cloud.site.computes[:2]:
        for at in cloud.every(20, since, until):
            message = f"[instance: {cloud.uuid()}] Driver failed to attach volume: cinderclient.exceptions.ConnectionError: {failure}"
            cloud.say(at, "nova-compute", "ERROR", "nova.virt.block_device", message, host=host)
