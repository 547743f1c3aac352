"""Logs in a bucket of a real S3 server are read like those of a folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from openstack_rca.errors import RemoteLogsUnavailable, StoreError
from openstack_rca.lifecycle.objects import ObjectStore
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
