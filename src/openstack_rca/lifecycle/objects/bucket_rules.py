"""The clean-up that an S3 server can do by itself: unfinished uploads and the artifacts of old runs.

Model versions are never part of it; ``models prune`` knows which of them may go.
"""

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from urllib.parse import urlparse

from openstack_rca.errors import ConfigurationError, StoreAccessDenied, StoreBucketNotFound, StoreError
from openstack_rca.lifecycle.objects.s3_request import Answer, ask_bucket
from openstack_rca.lifecycle.objects.store import normal_root
from openstack_rca.settings import Settings

NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
OURS = "openstack-rca-"
RUN_ARTIFACTS = "run-artifacts/"


@dataclass(frozen=True)
class BucketRules:
    """The rules for one artifact root."""

    bucket: str
    prefix: str
    upload_days: int
    run_days: int

    def as_json(self) -> dict[str, object]:
        """The form that ``aws s3api put-bucket-lifecycle-configuration`` takes."""
        return {
            "Rules": [
                {
                    "ID": f"{OURS}unfinished-uploads-{self._name}",
                    "Status": "Enabled",
                    "Filter": {"Prefix": self.prefix},
                    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": self.upload_days},
                },
                {
                    "ID": f"{OURS}run-artifacts-{self._name}",
                    "Status": "Enabled",
                    "Filter": {"Prefix": self.prefix + RUN_ARTIFACTS},
                    "Expiration": {"Days": self.run_days},
                },
            ]
        }

    @property
    def _name(self) -> str:
        return re.sub(r"[^A-Za-z0-9]+", "-", self.prefix).strip("-") or "root"

    def merged_into(self, present: bytes) -> bytes:
        """The bucket's rules with ours in them, as XML; others stay. Raises StoreError: ``present`` holds no such rules."""
        ElementTree.register_namespace("", NAMESPACE)
        try:
            root = ElementTree.fromstring(present) if present else ElementTree.Element(_tag("LifecycleConfiguration"))  # noqa: S314 - expat expands no external entities
        except ElementTree.ParseError as error:
            raise StoreError(
                f"The lifecycle rules of the bucket {self.bucket} cannot be read.", "Set them by the printed policy."
            ) from error
        names = {str(rule["ID"]) for rule in self._rules}
        if root.tag.rpartition("}")[2] != "LifecycleConfiguration":
            # A server that knows no lifecycle takes the question for one about the objects of the bucket.
            raise _not_kept(self.bucket, f"it answers with {root.tag.rpartition('}')[2]}")
        for rule in list(root):
            if next((part.text for part in rule if part.tag.endswith("ID")), None) in names:
                root.remove(rule)
        for facts in self._rules:
            _append(ElementTree.SubElement(root, _tag("Rule")), facts)
        return b'<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root)

    @property
    def _rules(self) -> list[dict[str, object]]:
        rules = self.as_json()["Rules"]
        assert isinstance(rules, list)
        return rules


def rules_for(settings: Settings, upload_days: int, run_days: int) -> BucketRules:
    """The rules for the artifact root of the settings. Raises ConfigurationError: it is not in a bucket."""
    parts = urlparse(normal_root(settings.artifact_root))
    if parts.scheme not in ("s3", "s3a"):
        raise ConfigurationError(
            f"The store {settings.artifact_root} has no lifecycle policy: it is not an S3 bucket.",
            "Set MLFLOW_ARTIFACT_ROOT to s3://BUCKET/FOLDER; a folder needs no policy.",
        )
    prefix = parts.path.strip("/")
    return BucketRules(parts.netloc, f"{prefix}/" if prefix else "", upload_days, run_days)


def apply_rules(settings: Settings, rules: BucketRules) -> None:
    """Put the rules into the bucket beside those that are there, and read them back.

    Raises StoreError: the server has no such policies, or did not keep this one; else as ``ask_bucket``.
    """
    answer = ask_bucket(settings, rules.bucket, "lifecycle")
    none_yet = answer.status == 404 and b"NoSuchLifecycleConfiguration" in answer.body
    if not none_yet:
        _check(answer, rules)
    wanted = rules.merged_into(b"" if none_yet else answer.body)
    _check(ask_bucket(settings, rules.bucket, "lifecycle", "PUT", wanted), rules)
    kept = ask_bucket(settings, rules.bucket, "lifecycle")
    if kept.status != 200 or any(str(rule["ID"]).encode() not in kept.body for rule in rules._rules):
        raise StoreError(
            f"The bucket {rules.bucket} accepted the lifecycle policy but does not list it.", "Ask who runs the store."
        )


def _check(answer: Answer, rules: BucketRules) -> None:
    if answer.status in (200, 204):
        return
    if answer.status in (401, 403):
        raise StoreAccessDenied(
            f"The object store refused to show or change the lifecycle policy of the bucket {rules.bucket}.",
            "Allow s3:GetLifecycleConfiguration and s3:PutLifecycleConfiguration; see docs/security.md.",
        )
    if answer.status == 404:
        raise StoreBucketNotFound(
            f"The bucket {rules.bucket} does not exist.", "Create it, or correct MLFLOW_ARTIFACT_ROOT."
        )
    code = re.search(rb"<Code>(\w+)</Code>", answer.body)
    said = code.group(1).decode() if code else str(answer.status)
    raise _not_kept(rules.bucket, said)


def _not_kept(bucket: str, reason: str) -> StoreError:
    return StoreError(
        f"The object store cannot keep a lifecycle policy for the bucket {bucket} ({reason}).",
        "Clean up by hand what the printed policy names, or ask who runs the store.",
    )


def _tag(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"


def _append(parent: ElementTree.Element, facts: dict[str, object]) -> None:
    for name, value in facts.items():
        child = ElementTree.SubElement(parent, _tag(name))
        if isinstance(value, dict):
            _append(child, value)
        else:
            child.text = str(value)
