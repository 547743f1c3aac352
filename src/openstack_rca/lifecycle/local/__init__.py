"""What lies on this machine: cache, spool, packing. May touch ``mlflow`` and what lies below it."""

from openstack_rca.lifecycle.local.cache import ModelCache, open_cache
from openstack_rca.lifecycle.local.compression import packed
from openstack_rca.lifecycle.local.spool import Spool, SpooledModel, kept_for_later, send_waiting
