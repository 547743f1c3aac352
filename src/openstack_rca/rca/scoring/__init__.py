"""Labelled incidents and the strict score of DESIGN section 9. May touch ``report``, ``judgement`` and what lies below."""

from openstack_rca.rca.scoring.labelled_incidents import (
    INCIDENT_FILE,
    IncidentScore,
    Question,
    Truth,
    find_incidents,
    read_question,
    read_truth,
    tells,
)
from openstack_rca.rca.scoring.sensitivity import ChangedAnswer, ShortAnswer, sensitivity_table
from openstack_rca.rca.scoring.uncertainty import confusion, paired_difference, reliability, share_interval
