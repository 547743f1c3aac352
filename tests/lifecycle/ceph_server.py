"""A Ceph object gateway on loopback: one monitor, one object server in memory, one gateway.

Debian: apt-get install --no-install-recommends ceph-mon ceph-osd ceph-common radosgw
"""

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from lifecycle_servers import ACCESS_KEY, SECRET, free_port, process, wait_for

from openstack_rca.lifecycle.objects.s3_request import ask_bucket
from openstack_rca.settings import load_settings

STARTS = 20
PROGRAMS = ("ceph", "ceph-mon", "ceph-osd", "monmaptool", "radosgw", "radosgw-admin")


def missing_for_ceph() -> str:
    """Why it cannot be started here; empty if it can."""
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    return f"{missing[0]} is not installed (Debian: ceph-mon ceph-osd ceph-common radosgw)" if missing else ""


@dataclass(frozen=True)
class CephServer:
    """A running gateway; ``folder`` holds the configuration of its cluster, ``ceph.conf``."""

    endpoint: str
    folder: Path

    def make_bucket(self, name: str) -> str:
        """Make a bucket and return its name."""
        keys = {"aws_access_key_id": ACCESS_KEY, "aws_secret_access_key": SECRET}
        made = ask_bucket(load_settings(s3_endpoint_url=self.endpoint, **keys), name, "create", "PUT")
        assert made.status == 200, made.text
        return name

    def administrate(self, *arguments: str) -> None:
        """Run ``radosgw-admin``."""
        command = ["radosgw-admin", "-c", str(self.folder / "ceph.conf"), *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=120)


@contextmanager
def ceph_server(folder: Path) -> Iterator[CephServer]:
    """Run the three servers until the block ends."""
    folder.mkdir(parents=True, exist_ok=True)
    identity, monitor, gateway = str(uuid4()), free_port(), free_port()
    configuration, log = folder / "ceph.conf", folder / "servers.log"
    configuration.write_text(
        f"[global]\nfsid = {identity}\nmon_host = v1:127.0.0.1:{monitor}\nms_bind_msgr2 = false\n"
        "auth_cluster_required = none\nauth_service_required = none\nauth_client_required = none\n"
        f"run_dir = {folder}\nadmin_socket = \nlog_file = {folder}/$name.log\npid_file = {folder}/$name.pid\n"
        f"mon_data = {folder}/mon\nosd_data = {folder}/osd\nosd_objectstore = memstore\nmemstore_device_bytes = 2147483648\n"
        "osd_pool_default_size = 1\nosd_pool_default_min_size = 1\nosd_pool_default_pg_num = 1\nosd_pool_default_pgp_num = 1\n"
        "osd_crush_chooseleaf_type = 0\nmon_allow_pool_size_one = true\nmon_data_avail_crit = 0\nmon_data_avail_warn = 0\n"
        "public_addr = 127.0.0.1\ncluster_addr = 127.0.0.1\nms_bind_ipv6 = false\n"
    )

    def do(*arguments: str | Path) -> None:
        subprocess.run(
            [str(part) for part in arguments], check=True, cwd=folder, stdout=subprocess.DEVNULL, timeout=120
        )

    with ExitStack() as stack:
        do("monmaptool", "--create", "--fsid", identity, "--addv", "a", f"[v1:127.0.0.1:{monitor}]", "monmap")
        do("ceph-mon", "-c", configuration, "--mkfs", "-i", "a", "--monmap", "monmap")
        started = [stack.enter_context(process(["ceph-mon", "-c", configuration, "-i", "a", "-f"], log))]
        disk = str(uuid4())
        for _ in range(STARTS):
            try:
                do("ceph", "-c", configuration, "--connect-timeout", "60", "osd", "new", disk)
            except subprocess.CalledProcessError:
                # Asked too early, the monitor does not know its own commands yet.
                continue
            break
        (folder / "osd").mkdir()
        do("ceph-osd", "-c", configuration, "-i", "0", "--mkfs", "--osd-uuid", disk)
        started.append(stack.enter_context(_object_server(configuration, log)))
        user = ("--uid", "tester", "--display-name", "tester", "--access-key", ACCESS_KEY, "--secret", SECRET)
        server = CephServer(f"http://127.0.0.1:{gateway}", folder)
        server.administrate("user", "create", *user)
        arguments = ["radosgw", "-c", configuration, "-n", "client.rgw", "-f"]
        arguments.append(f"--rgw-frontends=beast endpoint=127.0.0.1:{gateway}")
        started.append(stack.enter_context(process(arguments, log)))
        wait_for(server.endpoint, started, log)
        yield server


@contextmanager
def _object_server(configuration: Path, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run the object server; begun before the monitor has told it the cluster's name, it ends, and is started again."""
    for _ in range(STARTS):
        with process(["ceph-osd", "-c", configuration, "-i", "0", "-f"], log) as started:
            while started.poll() is None:
                if _objects_up(configuration):
                    yield started
                    return
    raise RuntimeError(f"The object server did not start:\n{log.read_text(errors='replace')[-4000:]}")


def _objects_up(configuration: Path) -> bool:
    asking = ["ceph", "-c", str(configuration), "--connect-timeout", "20", "osd", "stat", "--format", "json"]
    answer = subprocess.run(asking, check=False, capture_output=True, timeout=60)
    # A monitor on a busy machine does not answer each time.
    return answer.returncode == 0 and bool(json.loads(answer.stdout)["num_up_osds"])
