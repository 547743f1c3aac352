"""Which section of a service's configuration says what endpoint it asks keystone's catalogue for."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

NOT_IN_CATALOGUE = "identity-endpoint-missing"
"""The rule of a client that finds no endpoint in the catalogue: keystone answers, and turns nobody away."""

_ASKED = re.compile(
    r"(?:\b(?P<interface>admin|internal|public)(?:URL)?['\]]* )?endpoint for (?P<type>[\w-]{1,40}) service"
    r"(?: in (?P<region>\S+) region)? not found"
)
"""What keystoneauth says; it asks for one interface or a list of them."""

_PROJECTS = {
    "network": "neutron",
    "compute": "nova",
    "placement": "placement",
    "image": "glance",
    "volume": "cinder",
    "volumev2": "cinder",
    "volumev3": "cinder",
    "block-storage": "cinder",
    "identity": "keystone_authtoken",
    "baremetal": "ironic",
    "key-manager": "barbican",
    "load-balancer": "octavia",
    "object-store": "swift",
    "dns": "designate",
}
"""Type of a service in the catalogue -> the section that is named for it in the configuration of its clients."""

_ELSEWHERE = {
    ("heat", None): "region_name_for_services of [DEFAULT] and endpoint_type of [clients_{section}]",
    ("nova", "cinder"): "os_region_name and catalog_info of [cinder]",
    ("cinder", "glance"): "glance_catalog_info of [DEFAULT]",
}
"""Client and section (None: any) -> the settings, where they are not called as usual."""

_USUAL = "region_name and the endpoint type (valid_interfaces, interface or endpoint_type) of [{section}]"
_TITLE = (
    "keystone's catalogue has no {interface}endpoint of the service {type}{region}, for which only {client} asks, while "
    "others find theirs: {file} names a wrong region or endpoint type."
)
_REMEDY = (
    "Compare {settings} in {path} with the endpoints of {type} in the catalogue and with a host or service that works; "
    "correct them, and restart {client}."
)


@dataclass(frozen=True)
class AskedEndpoint:
    """What is to be said of a client that asks for an endpoint that the catalogue lacks."""

    title: str
    remedy: str
    checks: tuple[str, ...]


def asked_endpoint(client: str, texts: Iterable[str]) -> AskedEndpoint | None:
    """Tell where a client was told which endpoint to ask for; None where none of its lines names the type of the service."""
    asked = max(filter(None, map(_ASKED.search, texts)), key=lambda one: len(one[0]), default=None)
    if asked is None:
        return None
    kind, project = asked["type"], client.partition("-")[0]
    section = _PROJECTS.get(kind, kind)
    settings = _ELSEWHERE.get((project, section)) or _ELSEWHERE.get((project, None)) or _USUAL
    path = f"/etc/{project}/{project}.conf"
    title = _TITLE.format(
        interface=f"{asked['interface']} " if asked["interface"] else "",
        type=kind,
        region=f" in region {asked['region']}" if asked["region"] else "",
        client=client,
        file=f"its {project}.conf",
    )
    return AskedEndpoint(
        title,
        _REMEDY.format(settings=settings.format(section=section), path=path, type=kind, client=client),
        (
            rf'grep -nE "^(\[|\w*(region|interface|endpoint|catalog))" {path}',
            f"openstack endpoint list --service {kind}",
            "openstack region list",
        ),
    )
