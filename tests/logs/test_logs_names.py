"""Service and host from a path."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from openstack_rca.logs.names import Origin, origin_of, plain_stem


@pytest.mark.parametrize(
    ("inside", "service", "host"),
    [
        ("compute1/nova-compute.log", "nova-compute", "compute1"),
        ("logs/ctl-7/neutron-server.log.2.gz", "neutron-server", "ctl-7"),
        ("kolla/nova/nova-api.log", "nova-api", None),
        ("nova/nova-api.log", "nova-api", None),
        ("ctl1/var/log/nova/nova-api.log-20260101", "nova-api", "ctl1"),
        ("rabbitmq/rabbit@ctl1.log", "rabbitmq", "ctl1"),
        ("mysqld.log", "mysqld", None),
        ("mariadb/error.log", "mariadb", None),
        ("apache2/keystone_access.log", "keystone", None),
        ("apache2/error.log", "apache2", None),
        ("ctl1/keystone-uwsgi.log", "keystone-uwsgi", "ctl1"),
        ("libvirt/qemu/instance-0000001a.log", "qemu", None),
        ("2026-11-23/nova-api.log", "nova-api", None),
        ("syslog.1", "syslog", None),
    ],
)
def test_inside_what_was_given_any_folder_that_is_no_common_name_is_a_host(
    inside: str, service: str, host: str | None
) -> None:
    assert origin_of(PurePosixPath(inside).parts) == Origin(service, host)


@pytest.mark.parametrize(
    ("outside", "host"),
    [
        ("/srv/case/logs/alpha", "alpha"),
        ("/srv/case/compute-01", "compute-01"),
        ("/home/me/Downloads", None),
        ("/var/log/nova", None),
    ],
)
def test_above_what_was_given_a_folder_is_a_host_only_by_its_place_or_its_looks(outside: str, host: str | None) -> None:
    assert origin_of(("nova-api.log",), PurePosixPath(outside).parts).host == host


@pytest.mark.parametrize(
    "name",
    ["nova-api.log", "nova-api.log.1", "nova-api.log.2.gz", "nova-api.log-20260101", "nova-api.log-20260101.xz",
     "nova-api.log.1.2017-05-16_13:53:08", "nova-api.log.old", "nova-api"],
)  # fmt: skip
def test_rotation_and_compression_do_not_change_who_wrote_a_file(name: str) -> None:
    assert plain_stem(name) == "nova-api"
