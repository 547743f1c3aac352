"""Logs that lie elsewhere: fetched read-only into a temporary folder, which the usual reader reads and which then goes.

``addresses`` tells what is elsewhere; ``fetching`` is the door, ``tailing`` that
of a watch; one module for each kind of place. May touch lifecycle's
object stores, ``logs`` not at all: what is fetched is read as any other file.
"""

from openstack_rca.service.remote.addresses import is_remote, parse_address, plain_address
from openstack_rca.service.remote.fetching import Fetched, bucket_objects, fetched, is_bucket
from openstack_rca.service.remote.objects import fetch_keys
from openstack_rca.service.remote.tailing import tailed
