"""The error that an object store's own words mean (``store_words.yaml``)."""

from __future__ import annotations

import re
from urllib.parse import urlparse

from openstack_rca.errors import LifecycleError, StoreError
from openstack_rca.lifecycle.objects.sayings import meaning

REGION = re.compile(
    r"expecting '(?P<expecting>[\w-]+)'|<Region>(?P<region>[\w-]+)</Region>|x-amz-bucket-region: (?P<header>[\w-]+)"
    r"|s3[.-](?P<endpoint>[a-z]{2}-[a-z]+-\d)\.amazonaws"
)


def said(text: str, root: str, address: str, where: str) -> LifecycleError | None:
    """The error that a store's own words mean, ``None`` if no row knows them.

    Args:
        text: the answer, with its status.
        address: what to call the server.
        where: the object that it was about.
    """
    found = REGION.search(text)
    region = next((value for value in found.groups() if value), None) if found else None
    facts = {
        "root": root,
        "bucket": urlparse(root).netloc,
        "address": address,
        "where": where,
        "region": region or "the bucket's region",
    }
    row = meaning(text, "openstack_rca.lifecycle.objects", "store_words.yaml")
    return (row.kind or StoreError)(row.what.format(**facts), row.remedy.format(**facts)) if row else None
