"""What fits the question: words, meaning, past incidents. May touch ``report`` and what lies below it."""

from openstack_rca.rca.relevance.incident_history import (
    ConfirmedEvent,
    Event,
    History,
    PastIncident,
    event_of,
    storable,
)
from openstack_rca.rca.relevance.past_incidents import (
    Knowledge,
    Recall,
    add_history_bonus,
    fingerprint_of,
    fit_to_issue,
    recall,
    with_history_notes,
)
from openstack_rca.rca.relevance.semantic import INSTALL_HINT, open_semantic_search
