"""What fits the question: words, meaning, past incidents. May touch ``report`` and what lies below it."""

from openstack_rca.rca.relevance.incident_history import (
    AnalysisEvent,
    ConfirmedEvent,
    Event,
    History,
    HistoryState,
    PastIncident,
    storable,
)
from openstack_rca.rca.relevance.past_incidents import (
    Knowledge,
    Recall,
    boosted,
    fingerprint_of,
    fit_to_issue,
    noted,
    recall,
)
from openstack_rca.rca.relevance.semantic import INSTALL_HINT, open_semantic_search

__all__ = [
    "AnalysisEvent",
    "ConfirmedEvent",
    "Event",
    "History",
    "HistoryState",
    "INSTALL_HINT",
    "Knowledge",
    "PastIncident",
    "Recall",
    "boosted",
    "fingerprint_of",
    "fit_to_issue",
    "noted",
    "open_semantic_search",
    "recall",
    "storable",
]
