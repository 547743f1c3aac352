"""What a real Ceph object gateway says is told right; run with ``pytest --store ceph`` where Debian's radosgw is installed."""

from pathlib import Path
from uuid import uuid4

import pytest
from ceph_server import CephServer
from lifecycle_servers import SECRET

from openstack_rca.errors import StoreAccessDenied, StoreError
from openstack_rca.lifecycle.objects.s3_request import ask_bucket
from openstack_rca.lifecycle.objects.store import ObjectStore
from openstack_rca.settings import Settings, load_settings


@pytest.fixture
def ceph(request: pytest.FixtureRequest) -> CephServer:
    if request.config.getoption("--store") != "ceph":
        pytest.skip("it takes a Ceph object gateway: pytest --store ceph")
    gateway: CephServer = request.getfixturevalue("s3_server")
    return gateway


@pytest.fixture
def own(ceph: CephServer, tmp_path: Path) -> Settings:
    """A bucket of a user who is called as the bucket."""
    name = f"u{uuid4().hex[:12]}"
    keys = ("--access-key", name, "--secret", SECRET)
    ceph.administrate("user", "create", "--uid", name, "--display-name", name, *keys)
    settings = load_settings(
        home=tmp_path,
        mlflow_enabled=False,
        mlflow_artifact_root=f"s3://{name}/rca",
        s3_endpoint_url=ceph.endpoint,
        aws_access_key_id=name,
        aws_secret_access_key=SECRET,
    )
    assert ask_bucket(settings, name, "create", "PUT").status == 200
    return settings


@pytest.mark.parametrize(
    ("orders", "kind", "words"),
    [
        (["quota set --quota-scope bucket --max-objects 1", "quota enable --quota-scope bucket"], StoreError, "quota"),
        (["user suspend"], StoreAccessDenied, "account"),
        (["key rm --access-key {name}"], StoreAccessDenied, "AWS_ACCESS_KEY_ID"),
        (["bucket link --bucket {name} --uid tester"], StoreAccessDenied, "does not allow this"),
    ],
    ids=["QuotaExceeded", "UserSuspended", "InvalidAccessKeyId", "AccessDenied"],
)
def test_what_the_gateway_refuses_is_told_by_its_cause(
    ceph: CephServer, own: Settings, orders: list[str], kind: type[StoreError], words: str
) -> None:
    """Its administrator sets a limit, suspends the user, takes the key or gives the bucket to somebody else."""
    store, name = ObjectStore(own), str(own.aws_access_key_id)
    store.put_new_bytes("one.json", b"{}")
    for order in orders:
        user = () if "--uid" in order else ("--uid", name)
        ceph.administrate(*order.format(name=name).split(), *user)
    with pytest.raises(kind, match=words) as caught:
        for number in range(3):
            ObjectStore(own).put_new_bytes(f"more-{number}.json", b"{}")
    assert type(caught.value) is kind
