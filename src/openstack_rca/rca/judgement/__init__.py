"""Who is to blame: attribution, shared dependencies, ranking. May touch ``evidence`` and what lies below it."""

from openstack_rca.rca.judgement.attribution import (
    attribute_to_network,
    attribute_to_target,
    attribute_to_way,
    discount_clean_restarts,
    discount_the_awakened,
)
from openstack_rca.rca.judgement.ranking import MIN_GUILT, Candidate, rank
from openstack_rca.rca.judgement.shared_dependencies import infer_shared

__all__ = [
    "Candidate",
    "MIN_GUILT",
    "attribute_to_network",
    "attribute_to_target",
    "attribute_to_way",
    "discount_clean_restarts",
    "discount_the_awakened",
    "infer_shared",
    "rank",
]
