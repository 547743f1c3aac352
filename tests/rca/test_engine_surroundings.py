"""Faults of OpenStack around its services: misconfigured, out of something, and what they use is gone."""

import pytest
from api_troubles import (
    http_failure,
)
from cloud import CLEARED, FAULT, Cloud, Scenario, first_compute
from sites import KOLLA, OVN
from troubles import (
    PYTHON,
    no_valid_host,
    volume_down,
)


def service_password(cloud: Cloud) -> None:
    """The password of nova's user was changed in keystone only."""
    cloud.access(FAULT, "PATCH /v3/users/6d2e34f5c94a4ee18dfa0995e717cd0d", 200)
    for at in cloud.every(3):
        cloud.access(at, "POST /v3/auth/tokens", 401)
        message = "Authorization failed. The request you have made requires authentication. from 10.77.0.31: keystone.exception.Unauthorized: The request you have made requires authentication."
        cloud.say(at, "keystone", "WARNING", "keystone.server.flask.application", message)
    for at in cloud.every(5):
        error = (
            "keystoneauth1.exceptions.http.Unauthorized: The request you have made requires authentication. (HTTP 401)"
        )
        cloud.say(
            at,
            "nova-api",
            "WARNING",
            "keystonemiddleware.auth_token",
            f'Identity response: {{"error": {{"code": 401}}}}: {error}',
        )
        cloud.say(
            at,
            "nova-api",
            "CRITICAL",
            "keystonemiddleware.auth_token",
            "Unable to validate token: Identity server rejected authorization necessary to fetch token data: keystonemiddleware.auth_token._exceptions.ServiceError",
        )


def endpoint_gone(cloud: Cloud) -> None:
    cloud.access(FAULT, "DELETE /v3/endpoints/2f7c11d0", 204)
    for at in cloud.every(6):
        error = "keystoneauth1.exceptions.catalog.EndpointNotFound: internal endpoint for image service in RegionOne region not found"
        cloud.say(at, "nova-api", "ERROR", "nova.api.openstack.wsgi", f"Unexpected exception in API method: {error}")


def endpoint_wrong(cloud: Cloud) -> None:
    """The network endpoint leads to a port where nothing listens."""
    cloud.access(FAULT, "PATCH /v3/endpoints/2f7c11d0", 200)
    failure = http_failure(cloud, "neutron-server", "/v2.0/ports").replace("9696", "19696")
    for at in cloud.every(5):
        error = f"keystoneauth1.exceptions.connection.ConnectFailure: {failure}"
        cloud.say(at, "nova-api", "ERROR", "nova.api.openstack.wsgi", f"Unexpected exception in API method: {error}")


def fernet_keys_gone(cloud: Cloud) -> None:
    for at in cloud.every(2):
        cloud.access(at, "POST /v3/auth/tokens", 500)
        cloud.say(
            at,
            "keystone",
            "ERROR",
            "keystone.common.fernet_utils",
            "Either [fernet_tokens] key_repository does not exist or Keystone does not have sufficient permission to access it: /etc/keystone/fernet-keys/",
        )
        cloud.say(
            at,
            "keystone",
            "ERROR",
            "keystone.server.flask.application",
            "No encryption keys found; run keystone-manage fernet_setup to bootstrap one.: keystone.exception.KeysNotFound: No encryption keys found; run keystone-manage fernet_setup to bootstrap one.",
        )
    for service in ("nova-api", "neutron-server", "cinder-api"):
        for at in cloud.every(5):
            cloud.say(
                at,
                service,
                "CRITICAL",
                "keystonemiddleware.auth_token",
                "Unable to validate token: Failed to fetch token data from identity server: keystonemiddleware.auth_token._exceptions.ServiceError",
            )


def certificate_expired(cloud: Cloud) -> None:
    why = "SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: certificate has expired (_ssl.c:1007)'))"
    for service in ("nova-api", "neutron-server", "glance-api", "cinder-api"):
        for at in cloud.every(5):
            failure = f"SSL exception connecting to https://{cloud.site.vip}:5000/v3/auth/tokens: HTTPSConnectionPool(host='{cloud.site.vip}', port=5000): Max retries exceeded with url: /v3/auth/tokens (Caused by {why})"
            cloud.say(
                at,
                service,
                "CRITICAL",
                "keystonemiddleware.auth_token",
                f"Unable to validate token: {failure}: keystoneauth1.exceptions.connection.SSLFailure: {failure}",
                context=False,
            )


def address_pool_exhausted(cloud: Cloud) -> None:
    for at in cloud.every(7):
        net = cloud.uuid()
        cloud.say(
            at,
            "neutron-server",
            "INFO",
            "neutron.api.v2.resource",
            f"create failed (client error): No more IP addresses available on network {net}.",
        )
        instance = f"[instance: {cloud.uuid()}] "
        cloud.say(
            at + 0.2,
            "nova-compute",
            "ERROR",
            "nova.compute.manager",
            f"{instance}Instance failed network setup after 1 attempt(s): nova.exception.NoMoreFixedIps: No fixed IP addresses available for network: {net}",
        )


def quota_exceeded(cloud: Cloud) -> None:
    """Many tenants are refused: somebody lowered the quota class."""
    for at in cloud.every(2):
        cloud.say(
            at,
            "nova-api",
            "INFO",
            "nova.api.openstack.wsgi",
            "HTTP exception thrown: Quota exceeded for cores: Requested 1, but already used 4 of 2 cores",
        )
        cloud.say(
            at,
            "nova-api",
            "INFO",
            "nova.osapi_compute.wsgi.server",
            '10.77.0.31 "POST /v2.1/servers HTTP/1.1" status: 403  len: 433 time: 0.0724241',
        )


def no_candidates(cloud: Cloud) -> None:
    for at in cloud.every(6):
        cloud.say(
            at,
            "nova-scheduler",
            "INFO",
            "nova.scheduler.manager",
            "Got no allocation candidates from the Placement API. This could be due to insufficient resources or a temporary occurrence as compute nodes start up.",
        )
    no_valid_host(cloud, why="There are not enough hosts available.")


def image_data_gone(cloud: Cloud) -> None:
    for at in cloud.every(8):
        image = cloud.uuid()
        path = f"/var/lib/glance/images/{image}"
        cloud.say(
            at,
            "glance-api",
            "ERROR",
            "glance.location",
            f"Glance tried all active locations to get data for image {image} but all have failed.",
        )
        cloud.say(
            at,
            "glance-api",
            "WARNING",
            "glance.location",
            f"Get image {image} data failed: Image {path} not found.: glance_store.exceptions.NotFound: Image {path} not found",
        )
        instance = f"[instance: {cloud.uuid()}] "
        cloud.say(
            at + 0.3,
            "nova-compute",
            "ERROR",
            "nova.compute.manager",
            f"{instance}Instance failed to spawn: nova.exception.ImageNotFound: Image {image} could not be found.",
        )


def image_corrupt(cloud: Cloud) -> None:
    for at in cloud.every(8):
        error = f"nova.exception.ImageUnacceptable: Image {cloud.uuid()} is unacceptable: Converted to raw, but format is now qcow2"
        cloud.say(
            at,
            "nova-compute",
            "ERROR",
            "nova.compute.manager",
            f"[instance: {cloud.uuid()}] Instance failed to spawn: {error}",
        )
        corrupt = f"OSError: [Errno 32] Corrupt image download. Hash was {cloud.uuid()} expected {cloud.uuid()}"
        cloud.say(at + 0.1, "nova-compute", "ERROR", "glanceclient.v2.images", corrupt)


def image_store_full(cloud: Cloud) -> None:
    for at in cloud.every(8):
        cloud.say(
            at,
            "glance-api",
            "ERROR",
            "glance.api.v2.image_data",
            "Failed to upload image data due to: Image storage media is full: There is not enough disk space on the image storage media.",
        )
        cloud.say(
            at,
            "glance-api",
            "WARNING",
            "glance.common.wsgi",
            "OSError: [Errno 28] No space left on device: '/var/lib/glance/images/tmp'",
        )


def nfs_gone(cloud: Cloud) -> None:
    for at in cloud.every(10):
        cloud.say(
            at,
            "cinder-volume",
            "WARNING",
            "cinder.volume.manager",
            "Update driver status failed: (config name nfs-1) is uninitialized.",
        )
        error = "os_brick.exception.BrickException: Mount failure for nas7.example.net:/export/cinder after 3 attempts."
        cloud.say(
            at,
            "cinder-volume",
            "ERROR",
            "cinder.volume.drivers.nfs",
            f"Mount failure for nas7.example.net:/export/cinder after 3 attempts.: {error}",
        )
        cloud.say(
            at,
            "cinder-volume",
            "ERROR",
            "cinder.service",
            'Manager for service cinder-volume ctl-a@nfs-1 is reporting problems, not sending heartbeat. Service will appear "down".',
        )
    volume_down(cloud, "ctl-a@nfs-1")


def proxy_backend_down(cloud: Cloud) -> None:
    """One of three nova-apis is dead; HAProxy sees it first."""
    host = cloud.site.controllers[1]
    cloud.stop("nova-api", host=host)
    cloud.haproxy(
        FAULT + 2,
        "WARNING",
        f'Server nova_api/{host} is DOWN, reason: Layer4 connection problem, info: "Connection refused", check duration: 0ms. 2 active and 0 backup servers left. 0 sessions active, 0 requeued, 0 remaining in queue.',
    )
    cloud.haproxy(CLEARED + 2, "WARNING", f"Server nova_api/{host} is UP, reason: Layer7 check passed")


def second_controller(site: object) -> set[str]:
    return {KOLLA.controllers[1]}


def southbound_down(cloud: Cloud) -> None:
    for host in cloud.site.computes:
        for at in cloud.every(6):
            cloud.openvswitch(
                at,
                "ovn-controller",
                host,
                "reconnect",
                "INFO",
                "tcp:172.29.236.9:6642: connection attempt failed (Connection refused)",
            )
        cloud.stop("ovn-controller", host=host)
    for at in cloud.every(8):
        cloud.say(
            at,
            "neutron-server",
            "ERROR",
            "ovsdbapp.backend.ovs_idl.vlog",
            "tcp:172.29.236.9:6642: connection attempt failed (Connection refused)",
            context=False,
        )


def libvirt_down(cloud: Cloud) -> None:
    host = cloud.site.computes[0]
    for at in cloud.every(10):
        why = "Failed to connect socket to '/var/run/libvirt/libvirt-sock': Connection refused"
        cloud.say(
            at,
            "nova-compute",
            "ERROR",
            "nova.virt.libvirt.host",
            f"Connection to libvirt failed: {why}: libvirt.libvirtError: {why}",
            host=host,
        )
        cloud.say(
            at,
            "nova-compute",
            "ERROR",
            "nova.compute.manager",
            f"Error updating resources for node {host}.: nova.exception.HypervisorUnavailable: Connection to the hypervisor is broken on host",
            host=host,
        )


def memcached_down(cloud: Cloud) -> None:
    for service in ("keystone", "nova-api", "neutron-server"):
        for at in cloud.every(5):
            error = "ConnectionRefusedError: [Errno 111] Connection refused"
            trace = [
                "Traceback (most recent call last):",
                f'  File "{PYTHON}/pymemcache/client/base.py", line 436, in _connect',
                "    sock.connect(sockaddr)",
            ]
            cloud.say(
                at,
                service,
                "ERROR",
                "oslo_cache._bmemcache" if service == "keystone" else "pymemcache.client.hash",
                f"Unable to connect to memcached server 10.77.0.12:11211: pymemcache: {error}",
                trace=trace,
            )


SCENARIOS = [
    Scenario("password of a service user", service_password, ("keystone", "nova-api"), ("auth",)),
    Scenario(
        "password of a service user, under kolla", service_password, ("keystone", "nova-api"), ("auth",), site=KOLLA
    ),
    Scenario("endpoint deleted", endpoint_gone, ("keystone",), ("data-missing",)),
    Scenario("endpoint wrong", endpoint_wrong, ("keystone", "neutron-server"), ("config",)),
    Scenario("fernet keys gone", fernet_keys_gone, ("keystone",), ("data-missing",)),
    Scenario("certificate expired", certificate_expired, ("keystone", "haproxy"), ("config", "auth")),
    Scenario("address pool exhausted", address_pool_exhausted, ("neutron-server",), ("capacity",)),
    Scenario("quota exceeded across the cloud", quota_exceeded, ("nova-api",), ("capacity",)),
    Scenario("no allocation candidates", no_candidates, ("nova-compute", "host", "placement-api"), ("capacity",)),
    Scenario("image data gone", image_data_gone, ("glance-api",), ("data-missing",)),
    Scenario("image corrupt", image_corrupt, ("glance-api",), ("data-missing",)),
    Scenario("image store full", image_store_full, ("glance-api", "host"), ("storage", "capacity")),
    Scenario("NFS server gone", nfs_gone, ("storage", "cinder-volume"), ("storage",)),
    Scenario(
        "one of three backends down",
        proxy_backend_down,
        ("nova-api",),
        ("process-down",),
        second_controller,
        site=KOLLA,
    ),
    Scenario("OVN southbound down", southbound_down, ("ovn-sb-db",), ("process-down",), site=OVN),
    Scenario("libvirt down on one host", libvirt_down, ("libvirt",), ("process-down",), first_compute),
    Scenario("memcached down", memcached_down, ("memcached",), ("process-down",)),
]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_what_was_misconfigured_used_up_or_lost_is_named(scenario: Scenario) -> None:
    scenario.check()
