"""Objects in stores and files on disk: places, credentials, errors, patience. May touch ``records`` only."""

from typing import TYPE_CHECKING

from openstack_rca.faces import later
from openstack_rca.lifecycle.objects.files import (
    COPY_BYTES,
    PART,
    Hold,
    copy_bytes,
    file_digest,
    hold,
    locked,
    not_kept_in,
    remove_leftovers,
    remove_oldest,
    remove_unheld,
    replacing,
    work_folder,
    write_whole,
)

if TYPE_CHECKING:
    from openstack_rca.lifecycle.objects.bucket_rules import BucketRules, apply_rules, rules_for
    from openstack_rca.lifecycle.objects.connecting import trusted_authorities
    from openstack_rca.lifecycle.objects.credentials import S3Access, find_s3_access
    from openstack_rca.lifecycle.objects.patience import retrying, side_by_side, within
    from openstack_rca.lifecycle.objects.sayings import meaning
    from openstack_rca.lifecycle.objects.store import ObjectStore, Progress, StoredObject, normal_root
    from openstack_rca.lifecycle.objects.store_errors import key_taken, proxy_for, way_on, writing_to
else:
    # Most commands need the files alone.
    __getattr__ = later(__name__)
