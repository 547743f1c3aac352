"""Logs in a bucket of a real S3 server are read like those of a folder."""

from pathlib import Path

import pytest

from openstack_rca.errors import RemoteLogsUnavailable, StoreError
from openstack_rca.lifecycle.objects import ObjectStore
from openstack_rca.service.cluster import Cluster
from openstack_rca.service.log_reading import read_given
from openstack_rca.settings import Settings

LINE = b"2026-11-23 04:17:01.000 7 ERROR nova.compute.manager [-] no more room\n"


def test_logs_below_a_prefix_are_read(s3: Settings, tmp_path: Path) -> None:
    """Objects below the prefix, with the host that their keys name; what lies beside it is left, what is no log too."""
    bucket = s3.artifact_root.removeprefix("s3://").partition("/")[0]
    store = ObjectStore(s3, f"s3://{bucket}")
    for key in ("case7/compute1/nova-compute.log", "case70/compute9/nova-compute.log", "case7/plot.png"):
        store.put_new_bytes(key, LINE)
    events = read_given([f"s3://{bucket}/case7"], s3).events
    assert events.select("host", "service", "message").rows() == [("compute1", "nova-compute", "no more room")]
    with pytest.raises(RemoteLogsUnavailable, match="holds no logs"):
        read_given([f"s3://{bucket}/case8"], s3)


def test_a_bucket_that_refuses_is_told_without_its_secret(s3: Settings) -> None:
    """Wrong credentials are the store's own sentence."""
    from pydantic import SecretStr

    wrong = s3.model_copy(update={"aws_secret_access_key": SecretStr("wr0ngwr0ng")})
    with pytest.raises(StoreError) as raised:
        read_given([s3.artifact_root], wrong)
    assert "wr0ng" not in str(raised.value)


def test_the_workers_of_a_cluster_read_a_bucket_as_one_machine_does(
    s3: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each fetches its own objects with its own credentials; the file that names a folder's host goes to all of them."""
    distributed = pytest.importorskip("distributed", reason="needs the extra dask: pip install 'openstack-rca[dask]'")
    bucket = s3.artifact_root.removeprefix("s3://").partition("/")[0]
    store = ObjectStore(s3, f"s3://{bucket}")
    store.put_new_bytes("case8/sos/etc/hostname", b"compute7\n")
    for number in range(6):
        store.put_new_bytes(
            f"case8/sos/var/log/nova/nova-compute.log.{number}", LINE.replace(b"01.000", b"0%d.000" % number)
        )
    store.put_new_bytes("case8/notes.txt", b"no log at all\n")
    for name, value in {
        "AWS_ACCESS_KEY_ID": s3.aws_access_key_id,
        "AWS_SECRET_ACCESS_KEY": s3.aws_secret_access_key.get_secret_value() if s3.aws_secret_access_key else None,
        "MLFLOW_S3_ENDPOINT_URL": s3.s3_endpoint_url,
        "AWS_DEFAULT_REGION": s3.aws_default_region,
    }.items():
        monkeypatch.setenv(name, str(value))
    monkeypatch.setattr("openstack_rca.service.cluster_objects.TASK_BYTES", 1)
    one = read_given([f"s3://{bucket}/case8"], s3)
    with distributed.Client(
        processes=False,
        n_workers=1,
        threads_per_worker=2,
        dashboard_address=None,
        scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
        set_as_default=False,
    ) as client:
        many = read_given([f"s3://{bucket}/case8"], s3, cluster=Cluster(client, "inproc"))
    assert set(one.events["host"]) == {"compute7"} and one.events.height == 6
    assert many.events.equals(one.events) and many.files == one.files
