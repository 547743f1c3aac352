"""The policy of docs/security.md: what it allows is enough, and each part of it is needed.

Swift knows no such policies, so a proxy before it reads the one of the document and refuses what it does not allow.
"""

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from flaky_proxy import flaky_proxy
from lifecycle_helpers import MakeModel, publish
from lifecycle_servers import ROOT

from openstack_rca.errors import PublishFailed, StoreAccessDenied
from openstack_rca.lifecycle.doctor import check_connections
from openstack_rca.lifecycle.versions.model_lifecycle import ModelLifecycle
from openstack_rca.settings import Settings, load_settings


def statements(bucket: str) -> dict[str, dict[str, Any]]:
    """The statements of the document, for another bucket."""
    (policy,) = re.findall(r"```json\n(.*?)```", (ROOT / "docs" / "security.md").read_text(), re.DOTALL)
    found = json.loads(policy.replace("arn:aws:s3:::models", f"arn:aws:s3:::{bucket}"))["Statement"]
    return {statement["Sid"]: statement for statement in found}


def needed(head: bytes) -> tuple[str, str]:
    """The action that S3 asks for, and on what."""
    method, target = head.decode("latin-1").split(" ", 2)[:2]
    parts = urlsplit(target)
    bucket, _, key = unquote(parts.path).lstrip("/").partition("/")
    query = parse_qs(parts.query, keep_blank_values=True)
    if "delete" in query:
        return "s3:DeleteObject", f"{bucket}/rca/some"
    if not key:
        return ("s3:ListBucket", bucket) if method in ("GET", "HEAD") else ("s3:CreateBucket", bucket)
    if method == "DELETE":
        return ("s3:AbortMultipartUpload" if "uploadId" in query else "s3:DeleteObject"), f"{bucket}/{key}"
    return ("s3:GetObject" if method in ("GET", "HEAD") else "s3:PutObject"), f"{bucket}/{key}"


def allows(statement: dict[str, Any], action: str, resource: str) -> bool:
    actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
    pattern = re.escape(statement["Resource"].removeprefix("arn:aws:s3:::")).replace(r"\*", ".*")
    return action in actions and re.fullmatch(pattern, resource) is not None


@contextmanager
def only(settings: Settings, *names: str) -> Iterator[Settings]:
    """The store behind a guard that allows what these statements of the document allow."""
    assert settings.s3_endpoint_url
    known = statements(settings.artifact_root.split("/")[2])
    with flaky_proxy(settings.s3_endpoint_url) as guard:
        guard.require = lambda head: any(allows(known[name], *needed(head)) for name in names)
        facts = {**settings.model_dump(exclude_unset=True), "s3_endpoint_url": guard.address}
        yield load_settings(**facts)


@pytest.fixture(params=["s3", "server_and_s3"])
def shared(request: pytest.FixtureRequest) -> Settings:
    chosen: Settings = request.getfixturevalue(request.param)
    return chosen


def test_who_only_analyzes_needs_the_first_two(shared: Settings, make_model: MakeModel) -> None:
    publish(ModelLifecycle(shared), make_model("one"))
    with only(shared, "Find", "Load") as allowed:
        reader = ModelLifecycle(allowed.model_copy(update={"home": shared.home / "reader"}))
        assert reader.load().source == "store"
        assert [version.version for version in reader.list()] == [1]
        assert [check.problem for check in reader.verify()] == [""]
        with pytest.raises(PublishFailed, match="refused the credentials"):
            publish(reader, make_model("two"))
    assert ModelLifecycle(shared).resolve().version == 1


def test_who_trains_needs_the_third_too(shared: Settings, make_model: MakeModel) -> None:
    """In one piece and in parts; nothing that is there can be removed."""
    with only(shared, "Find", "Load", "Publish") as allowed:
        lifecycle = ModelLifecycle(allowed)
        publish(lifecycle, make_model("one"))
        part = 5 * 1024 * 1024
        parts = allowed.model_copy(update={"s3_multipart_threshold": part, "s3_multipart_chunksize": part})
        publish(ModelLifecycle(parts), make_model(os.urandom(part).hex()))
        assert [check.problem for check in lifecycle.verify()] == ["", ""]
        with pytest.raises(StoreAccessDenied):
            lifecycle.store.delete(lifecycle.place.key(1))


def test_who_looks_after_the_store_needs_the_fourth_too(shared: Settings, make_model: MakeModel) -> None:
    with only(shared, "Find", "Load", "Publish", "Prune") as allowed:
        lifecycle = ModelLifecycle(allowed)
        publish(lifecycle, make_model("one"))
        assert [check for check in check_connections(allowed) if not check.ok] == []
        lifecycle.store.delete(lifecycle.place.key(1))
        assert not lifecycle.store.exists(lifecycle.place.key(1))


@pytest.mark.parametrize("missing", ["Load", "Publish"])
def test_without_one_of_them_publishing_is_refused_in_words(s3: Settings, make_model: MakeModel, missing: str) -> None:
    names = [name for name in ("Find", "Load", "Publish") if name != missing]
    with only(s3, *names) as allowed, pytest.raises(PublishFailed, match="refused the credentials"):
        publish(ModelLifecycle(allowed), make_model("one"))
