"""Labelled incidents and the strict score of DESIGN section 9. May touch ``report`` and ``vocabulary``."""

from openstack_rca.rca.scoring.labelled_incidents import IncidentScore, Question, Truth, read_question, read_truth
from openstack_rca.rca.scoring.uncertainty import bootstrap_interval, confusion, paired_difference, reliability

__all__ = [
    "IncidentScore",
    "Question",
    "Truth",
    "bootstrap_interval",
    "confusion",
    "paired_difference",
    "read_question",
    "read_truth",
    "reliability",
]
