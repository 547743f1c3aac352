"""Logs that lie elsewhere: fetched read-only into a temporary folder, which the usual reader reads and which then goes.

``addresses`` tells what is elsewhere; ``fetching`` is the door, ``tailing`` that
of a watch; one module for each kind of place. May touch lifecycle's
object stores, ``logs`` not at all: what is fetched is read as any other file.
"""

from typing import TYPE_CHECKING

from openstack_rca.faces import later
from openstack_rca.service.remote.addresses import is_bucket, is_remote, parse_address, plain_address

if TYPE_CHECKING:
    from openstack_rca.service.remote.fetching import Fetched, bucket_objects, fetched
    from openstack_rca.service.remote.objects import fetch_keys
    from openstack_rca.service.remote.tailing import tailed
else:
    # Logs that lie here need the addresses alone.
    __getattr__ = later(__name__)
