"""Checks are commands of the cloud's own deployment, which its logs show or the user names."""

import polars as pl
import pytest

from openstack_rca.logs.event_table import EVENT_SCHEMA, EventTable
from openstack_rca.rca.knowledge import Deployment, fitted_check, load_topology, recognised_deployment
from openstack_rca.rca.report import deployment_of

TOPOLOGY = load_topology()
_NOTHING = [pl.lit(None, dtype=kind).alias(name) for name, kind in EVENT_SCHEMA.items() if name != "file"]


def fitted(check: str, deployment: str, component: str = "nova-compute") -> str:
    return fitted_check(check, component, TOPOLOGY, Deployment(deployment))


@pytest.mark.parametrize(
    ("text", "deployment"),
    [
        ("/var/log/kolla/nova/nova-compute.log", "kolla"),
        ("case-7/kolla/nova/nova-api.log", "kolla"),
        ('  File "/var/lib/kolla/venv/lib/python3.10/site-packages/nova/service.py", line 7', "kolla"),
        ("ctl1/var/log/containers/nova/nova-conductor.log", "tripleo"),
        ("overcloud-controller-2", "tripleo"),
        ("/var/log/pods/openstack_nova-api-osapi-6b7f8d-x2k4l_1b2c3d4e-0000/nova-osapi/0.log", "helm"),
        ('  File "/var/lib/openstack/lib/python3.10/site-packages/nova/rpc.py", line 1', "helm"),
        ("keystone-api-7d9f6c8b5d-x2k4l.log", "helm"),
        ("pods/cloud_mariadb-0_5b1c2d3e-4f5a/mariadb/0.log", "helm"),
        ("kubelet", "helm"),
        ("pods/nova-cell1-conductor-0.log", "rhoso"),
        ("edpm_nova_compute", "rhoso"),
        ("juju-4f1a2b-3-lxd-5", "charms"),
        ("infra1-nova-api-container-9f3a1c2b", "ansible"),
        ('  File "/openstack/venvs/nova-29.0.1/lib/python3.10/site-packages/nova/x.py", line 2', "ansible"),
        ('  File "/opt/stack/nova/nova/compute/manager.py", line 2', "devstack"),
    ],
)
def test_paths_hosts_and_tracebacks_tell_how_the_cloud_was_installed(text: str, deployment: str) -> None:
    """The names that a deployment tool gives are its own."""
    assert recognised_deployment(["controller", text]) == deployment


def test_logs_of_packages_show_no_deployment_tool() -> None:
    """Where nothing tells, nothing is claimed."""
    texts = [
        "/var/log/nova/nova-compute.log",
        "compute1",
        '  File "/usr/lib/python3/dist-packages/nova/rpc.py", line 1',
    ]
    assert recognised_deployment(texts) is None


@pytest.mark.parametrize(
    "given",
    [
        "/x/lib/site-packages/openstack_rca/_samples/incidents/a/logs",
        "/x/openstack_prod/logs",
        "/x/tripleo_logs",
        "/k/b",
    ],
)
@pytest.mark.parametrize("name", ["{given}/nova/nova-api.log", "{root}/nova/nova-api.log", "nova/nova-api.log"])
def test_how_the_folder_of_the_logs_is_called_shows_no_deployment_tool(given: str, name: str) -> None:
    """Whoever collected the logs named what lies above them; a file's name holds that only where two are alike."""
    files = [name.format(given=given, root=given.rpartition("/")[2])]
    table = EventTable.of(pl.DataFrame({"file": files}).with_columns(_NOTHING).select(*EVENT_SCHEMA))
    assert deployment_of(table, [given]) == "packages"


@pytest.mark.parametrize(
    ("given", "deployment"),
    [
        ("/var/log/kolla", "kolla"),
        ("case-7/kolla", "kolla"),
        ("/mnt/var/log/kolla/nova/nova-api.log", "kolla"),
        ("/var/log/pods", "helm"),
        ("/var/log/containers/nova", "tripleo"),
    ],
)
def test_a_deployment_tools_own_folder_of_logs_tells_it(given: str, deployment: str) -> None:
    """These are no names that somebody gave to a copy."""
    assert recognised_deployment(["nova/nova-api.log"], [given]) == deployment


@pytest.mark.parametrize(
    "name", ["openstack_prod/nova-api.log", "tripleo_logs/nova-api.log", "old_openstack_site/a.log"]
)
def test_a_folder_that_is_only_called_after_a_tool_shows_none(name: str) -> None:
    """Names of pods end with what Kubernetes gave them, names of units with the service."""
    assert recognised_deployment([name]) is None


def test_kolla_with_podman_is_told_from_kolla_with_docker() -> None:
    """The same tool runs its containers with either."""
    assert recognised_deployment(["/var/log/kolla/nova/nova-api.log", "podman[812]: container died"]) == "kolla-podman"


@pytest.mark.parametrize(
    ("deployment", "state", "lines"),
    [
        ("packages", "systemctl status nova-compute", "journalctl -u nova-compute -n 50"),
        ("devstack", "systemctl status devstack@n-cpu", "journalctl -u devstack@n-cpu -n 50"),
        ("kolla", "docker ps -a --filter name=nova_compute", "tail -n 50 /var/log/kolla/nova/nova-compute.log"),
        ("kolla-podman", "podman ps -a --filter name=nova_compute", "tail -n 50 /var/log/kolla/nova/nova-compute.log"),
        ("tripleo", "systemctl status tripleo_nova_compute", "tail -n 50 /var/log/containers/nova/nova-compute.log"),
        (
            "helm",
            "kubectl -n openstack get pods -o wide -l application=nova,component=compute",
            "kubectl -n openstack logs --tail=50 -l application=nova,component=compute",
        ),
        ("rhoso", "systemctl status edpm_nova_compute", "podman logs --tail 50 nova_compute"),
        (
            "charms",
            "juju status nova-compute",
            "juju exec --application nova-compute -- journalctl -u nova-compute -n 50",
        ),
        ("ansible", "systemctl status nova-compute", "journalctl -u nova-compute -n 50"),
    ],
)
def test_state_and_log_of_a_service_are_asked_for_in_the_words_of_the_deployment(
    deployment: str, state: str, lines: str
) -> None:
    """Units for packages, containers, pods and machines elsewhere."""
    assert fitted("systemctl status nova-compute", deployment) == state
    assert fitted("journalctl -u nova-compute -n 50", deployment) == lines


@pytest.mark.parametrize(
    ("deployment", "command"),
    [
        ("packages", "rabbitmqctl cluster_status"),
        ("kolla", "docker exec rabbitmq rabbitmqctl cluster_status"),
        ("tripleo", "podman exec rabbitmq-bundle-podman-0 rabbitmqctl cluster_status"),
        (
            "helm",
            "kubectl -n openstack exec $(kubectl -n openstack get pods -o name -l application=rabbitmq,component=server"
            " | head -n 1) -- rabbitmqctl cluster_status",
        ),
        (
            "rhoso",
            "kubectl -n openstack exec $(kubectl -n openstack get pods -o name | grep -m 1 rabbitmq-server)"
            " -- rabbitmqctl cluster_status",
        ),
        ("charms", "juju exec --application rabbitmq-server -- rabbitmqctl cluster_status"),
        ("ansible", "lxc-attach -n $(lxc-ls -1 --filter=rabbit.mq | head -n 1) -- rabbitmqctl cluster_status"),
    ],
)
def test_a_program_runs_where_it_lies(deployment: str, command: str) -> None:
    """The host of a containerised cloud has no rabbitmqctl."""
    assert fitted("rabbitmqctl cluster_status", deployment, "rabbitmq") == command


@pytest.mark.parametrize(
    ("deployment", "containers", "lines"),
    [
        ("packages", "docker ps -a", "podman logs --tail 100 <container>"),
        ("kolla", "docker ps -a", "docker logs --tail 100 <container>"),
        ("tripleo", "podman ps -a", "podman logs --tail 100 <container>"),
        ("helm", "kubectl -n openstack get pods -o wide", "kubectl -n openstack get pods --sort-by=.status.startTime"),
    ],
)
def test_containers_are_asked_of_the_engine_that_the_deployment_has(
    deployment: str, containers: str, lines: str
) -> None:
    """A node of Kubernetes has neither docker nor podman."""
    assert fitted("docker ps -a", deployment, "host") == containers
    assert fitted("podman logs --tail 100 <container>", deployment, "host") == lines


def test_configuration_is_read_in_the_container_of_whom_it_belongs_to() -> None:
    """The folder below /etc names the project; Ceph's files are its client's."""
    assert (
        fitted("grep -n my_ip /etc/nova/nova.conf", "kolla")
        == "docker exec nova_compute grep -n my_ip /etc/nova/nova.conf"
    )
    assert fitted("ls -l /etc/ceph", "kolla", "cinder-volume") == "docker exec cinder_volume ls -l /etc/ceph"
    assert fitted("ls -l /etc/keystone/fernet-keys", "kolla", "nova-api").startswith("docker exec keystone ")


@pytest.mark.parametrize(
    "check",
    [
        "ls /usr/bin/qemu-system-*",
        "qemu-system-x86_64 --version",
        "virt-host-validate",
        "getent passwd 64055",
        "namei -l /var/lib/nova/instances/8f0c/disk",
    ],
)
def test_the_hypervisors_programs_users_and_disks_are_looked_at_where_libvirt_runs(check: str) -> None:
    """The host of a cloud in containers has none of them, or others."""
    assert fitted(check, "kolla").startswith("docker exec nova_libvirt ")
    assert fitted(check, "packages") == check


def test_a_line_with_a_pipe_runs_in_a_shell_of_the_container() -> None:
    """Else the pipe would end in the host's shell."""
    check = 'echo "show stat" | socat stdio /var/run/haproxy.sock'
    assert fitted(check, "kolla", "haproxy") == f"docker exec haproxy sh -c '{check}'"


@pytest.mark.parametrize("deployment", list(Deployment))
@pytest.mark.parametrize("check", ["openstack compute service list", "df -h", "journalctl -k -n 100", "ip route"])
def test_what_runs_anywhere_or_on_the_host_itself_stays_as_it_is(check: str, deployment: Deployment) -> None:
    """Clients need no container, and kernel, disks and routes are the host's."""
    assert fitted(check, deployment) == check


@pytest.mark.parametrize("deployment", list(Deployment))
def test_the_host_is_no_container(deployment: Deployment) -> None:
    """Host, network and storage run no service of their own."""
    for component in ("host", "network", "storage"):
        assert fitted("systemctl --failed", deployment, component) == "systemctl --failed"


@pytest.mark.parametrize(
    ("component", "deployment", "lines"),
    [
        ("keystone", "kolla", "tail -n 50 /var/log/kolla/keystone/keystone.log"),
        ("rabbitmq", "kolla-podman", "tail -n 50 /var/log/kolla/rabbitmq/rabbit@*.log"),
        ("keystone", "tripleo", "tail -n 50 /var/log/containers/keystone/keystone.log"),
        ("memcached", "kolla", "docker logs --tail 50 memcached"),
    ],
)
def test_lines_are_read_where_the_container_writes_them(component: str, deployment: str, lines: str) -> None:
    """Kolla's containers print nothing after their start where the service has a log of its own."""
    unit = TOPOLOGY.unit(component)
    assert fitted(f"journalctl -u {unit} -n 50", deployment, component) == lines


@pytest.mark.parametrize(
    ("deployment", "typed"),
    [
        ("kolla", "docker exec -it mariadb mysql -u root -p -e 'SHOW STATUS'"),
        (
            "helm",
            "kubectl -n openstack exec $(kubectl -n openstack get pods -o name -l application=mariadb,component=server"
            " | head -n 1) -- mysql --defaults-file=/etc/mysql/admin_user.cnf -e 'SHOW STATUS'",
        ),
        ("tripleo", "podman exec galera-bundle-podman-0 mysql -e 'SHOW STATUS'"),
        ("packages", "mysql -e 'SHOW STATUS'"),
    ],
)
def test_the_database_is_asked_with_a_login_where_root_of_its_container_has_none(deployment: str, typed: str) -> None:
    assert fitted("mysql -e 'SHOW STATUS'", deployment, "mariadb") == typed
