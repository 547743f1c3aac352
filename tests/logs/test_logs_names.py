"""Service and host from a path."""

from pathlib import PurePosixPath

import pytest

from openstack_rca.logs.names import Origin, origin_of, plain_stem


@pytest.mark.parametrize(
    ("inside", "service", "host"),
    [
        ("idm1/var/log/dirsrv/slapd-EXAMPLE-ORG/errors", "slapd", "idm1"),
        ("idm1/slapd-EXAMPLE-ORG/access.20261123-040000", "slapd", "idm1"),
        ("dirsrv/slapd-ldap1/errors.log", "slapd", None),
        ("ctl1/var/log/sssd/sssd_example.org.log", "sssd", "ctl1"),
        ("sssd/sssd_nss.log-20261123.gz", "sssd", None),
        ("c1/var/log/salt/minion", "salt-minion", "c1"),
        ("openstack/log/r1_cinder_volumes_container-1a2b3c4d/some.log", "cinder-volume", "r1"),
        ("openstack/log/r1-nova-api-container-1a2b3c4d/syslog", "nova-api", "r1"),
        ("openstack/log/r1_cinder_api_container-1a2b3c4d/api.log", "cinder-api", "r1"),
        ("r1_nova_api_os_compute_container-1a2b3c4d.log", "nova-api-os-compute", "r1"),
        ("r1_galera_container-12345678-syslog.log.1.gz", "galera", "r1"),
        ("r1_heat_api_container-1a2b3c4d_heat-engine.log", "heat-engine", "r1"),
        ("openstack/log/r1_galera_container-12345678/galera_server_error.log", "galera", "r1"),
        ("must-gather.local.1/quay-io-x/csr/nova-api.log", "nova-api", None),
        ("c1/must-gather.local.1/quay-io-x/ctlplane/nova-api.log", "nova-api", "c1"),
        ("must-gather.local.1/quay-io-x/nodes/c1/nova-api.log", "nova-api", "c1"),
        ("must-gather/sos-reports/sosreport-c1-2026-11-23-abcdefg/nova-api.log", "nova-api", "c1"),
        ("kolla_logs/_data/nova/nova-api.log", "nova-api", None),
        ("c1/var/lib/docker/overlay2/merged/var/log/nova/nova-api.log", "nova-api", "c1"),
        ("sos-collector-x-2026-11-23-abcde/sos_logs/nova-api.log", "nova-api", None),
        ("log files of c 1/nova-compute.log", "nova-compute", None),
        ("c1 /nova-compute.log", "nova-compute", "c1"),
        ("openstack/log/aio1-nova/nova-api-os-compute.log", "nova-api-os-compute", "aio1"),
        ("openstack/log/aio1-cinder/cinder-api.log", "cinder-api", "aio1"),
        ("case-4711/nova-compute.log", "nova-compute", None),
        ("logs01/nova-compute.log", "nova-compute", "logs01"),
        ("export1.example.com/nova-compute.log", "nova-compute", "export1.example.com"),
        ("archive1-nova-compute.log", "nova-compute", "archive1"),
        ("logs-01/nova-compute.log", "nova-compute", None),
        ("export-20261123/nova-compute.log", "nova-compute", None),
        ("case4711/nova-compute.log", "nova-compute", None),
        ("INC0012/cmp-a/openstack-logs/nova-compute.log", "nova-compute", "cmp-a"),
        ("c1/nova_compute.docker.log", "nova_compute.docker", "c1"),
        ("mon-1/nagios/nagios.log", "nagios", "mon-1"),
        ("c1/var/crash/127.0.0.1-2026-11-23-04:00:10/vmcore-dmesg.txt", "dmesg", "c1"),
        ("10.20.0.2/var/log/remote/node-12.x.org/nova-api.log", "nova-api", "node-12.x.org"),
        ("c1/pod-logs/openstack/nova-compute-default-8xk2p/init.txt", "nova-compute", "c1"),
        ("dump/openstack/nova-api-7d8f9c6b5-bbcdf/logs.txt", "nova-api", None),
        ("c1_20261123.040500/var/log/nova/nova-api.log", "nova-api", "c1"),
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
        ("compute1-nova-compute.log", "nova-compute", "compute1"),
        ("nova-compute.compute1.example.com.log", "nova-compute", "compute1.example.com"),
        ("nova-compute-compute1.log", "nova-compute", "compute1"),
        ("ctl01/rabbitmq/rabbit@ctl01-2.log", "rabbitmq", "ctl01-2"),
        ("mysql/ctl1.example.com.err", "mysql", "ctl1.example.com"),
        ("mysql/mysqld.err", "mysqld", None),
        ("juju-crashdump-x/3/baremetal/var/log/nova/nova-compute.log", "nova-compute", None),
        ("microstack.nova-compute.log", "nova-compute", None),
        ("r1-infra-1_nova_api_container-1a2b3c4d/nova-api.log", "nova-api", "r1-infra-1"),
        ("rabbitmq/rabbit@r1-infra-1-rabbit-mq-container-1a2b3c4d.log", "rabbitmq", "r1-infra-1"),
        ("rabbitmq/rabbit@aio1-repo-container-1a2b3c4d.log", "rabbitmq", "aio1"),
        ("sosreport-cmp-a-2026-11-23-abcdefg/sos_commands/kernel/dmesg", "dmesg", "cmp-a"),
        ("10.0.0.5/nova-compute.log", "nova-compute", "10.0.0.5"),
        ("10.0.0.5/cinder/api.log", "cinder-api", "10.0.0.5"),
        ("glance/api.log", "glance-api", None),
        ("octavia/worker.log", "octavia-worker", None),
        ("neutron/server.log", "neutron-server", None),
        ("ctl1/neutron/dhcp-agent.log", "neutron-dhcp-agent", "ctl1"),
        (
            "pods/openstack_nova-compute-default-x7x2k_0b0c8f4e-1111-2222-3333-444455556666/nova-compute/0.log",
            "nova-compute",
            None,
        ),
        (
            "compute1/var/log/pods/openstack_neutron-7d8f9c6b5-abcde_0b0c8f4e-1111-2222-3333-444455556666/neutron-api/0.log",
            "neutron-api",
            "compute1",
        ),
        (f"var/log/containers/ovn-controller-gw-l2b7c_openstack_controller-{'a' * 64}.log", "ovn-controller", None),
        (f"var/log/containers/mariadb-operator-l2b7c_openstack_operator-{'a' * 64}.log", "operator", None),
        (f"var/log/containers/nova-api-0_openstack_nova-api-{'a' * 64}.log", "nova-api", None),
        (
            "must-gather.local.1/quay-io-x/namespaces/openstack/pods/cinder-volume-lvm-0/cinder-volume/cinder-volume/logs/current.log",
            "cinder-volume",
            None,
        ),
        ("sosreport-compute1-2026-11-23-abcdefg/var/log/nova/nova-compute.log", "nova-compute", "compute1"),
        (
            "sosreport-ctl-01.example.com-012345-2026-11-23-abcdefg/var/log/nova/nova-api.log",
            "nova-api",
            "ctl-01.example.com",
        ),
        ("infra1_nova_api_container-1a2b3c4d/nova-api.log", "nova-api", "infra1"),
        (
            "overcloud-novacompute-0/var/log/containers/stdouts/nova_compute.log",
            "nova_compute",
            "overcloud-novacompute-0",
        ),
        ("controller/logs/screen-n-cpu.txt", "n-cpu", "controller"),
        ("var/log/juju/unit-nova-compute-0.log", "nova-compute", None),
        (f"compute1/var/lib/docker/containers/{'c' * 64}/{'c' * 64}-json.log", None, "compute1"),
        ("ceph/11111111-2222-3333-4444-555555555555/ceph-osd.3.log", "ceph-osd", None),
        ("ctl1/ceph/ceph-mgr.ctl1.abcdef.log", "ceph-mgr", "ctl1"),
        ("x/ceph/ceph-mgr.ctl1.example.com.abcdef.log", "ceph-mgr", "ctl1.example.com"),
        ("x/ceph/ceph-mds.volumes.ctl1.abcdef.log", "ceph-mds", "ctl1"),
        ("x/ceph/ceph-client.rgw.swift.realm.ctl1.abcdef.log", "ceph-rgw", "ctl1"),
        ("x/ceph/ceph-client.rgw.ctl1.rgw0.log", "ceph-rgw", "ctl1"),
        ("ctl1/ceph/ceph-client.rgw.swift.log", "ceph-rgw", "ctl1"),
        ("x/ceph/ceph-client.rgw.node1.log", "ceph-rgw", "node1"),
        ("x/ceph/ceph-client.rgw.node-1.example.com.log", "ceph-rgw", "node-1.example.com"),
        ("ctl1/ceph/ceph-client.admin.4711.9481230001.log", "ceph", "ctl1"),
        ("ctl1/ceph/ceph-client.nova-cmp1.log", "ceph", "ctl1"),
        ("ctl1/ceph/ceph-mon.ctl1.domain.log", "ceph-mon", "ctl1.domain"),
        ("nodes/worker-0/kubelet.log", "kubelet", "worker-0"),
        ("ctl1/postgresql/postgresql-15-main.log", "postgresql-15-main", "ctl1"),
        ("controller-0-haproxy.log", "haproxy", "controller-0"),
        ("compute1.example.com/nova-compute.log", "nova-compute", "compute1.example.com"),
        ("compute1.archive.example.com/nova-compute.log", "nova-compute", "compute1.archive.example.com"),
        ("case-4711/nova-compute.log", "nova-compute", None),
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
