"""Signatures of stored files and the keys that make them. May touch ``local`` and what lies below it."""

from openstack_rca.lifecycle.trust.signing import Signatures
from openstack_rca.lifecycle.trust.signing_keys import check_signing, check_verification
