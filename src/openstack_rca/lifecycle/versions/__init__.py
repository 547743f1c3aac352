"""The rules of a version's life: publish, resolve, change, repair, retain, promote. May touch every room beside it."""

from openstack_rca.lifecycle.versions.announcing import announce, check_webhook
from openstack_rca.lifecycle.versions.changes import VersionChanges
from openstack_rca.lifecycle.versions.companions import companions
from openstack_rca.lifecycle.versions.introducing import introduction
from openstack_rca.lifecycle.versions.model_lifecycle import ModelLifecycle
from openstack_rca.lifecycle.versions.promotion import Promotion
from openstack_rca.lifecycle.versions.repair import Finding
from openstack_rca.lifecycle.versions.retention import DEFAULT_AGE, DEFAULT_KEEP, PruneStep, parse_age, parse_policy
