"""What options may say, apart from what it leads to: help and completion import these words and no more."""

from enum import StrEnum

from openstack_rca.logs.levels import LEVELS as LEVELS
from openstack_rca.model.card import TrainingConfig as TrainingConfig
from openstack_rca.model.thresholds import Thresholds as Thresholds
from openstack_rca.rca.knowledge import Deployment
from openstack_rca.rca.vocabulary import Category

DEPLOYMENTS = tuple(str(kind) for kind in Deployment)
"""Tools that install OpenStack, as a user names them."""
CATEGORIES = tuple(category.value for category in Category)
FORMATS = ("text", "json", "markdown", "md", "html", "ticket")
"""How a report is written."""
EVENT_FORMS = ("ndjson", "csv", "parquet")
"""How a table of events is written."""
DEMO_INCIDENT = "INC-009"
PARTS = (
    "lstm", "signatures", "silence", "stories", "graph", "retrieval", "score", "rhythm", "awaited", "look_back", "match",
    "accuse", "errors", "traffic", "tasks", "answers", "steps", "discount", "remark", "attribute", "infer", "harm",
    "explain", "fit", "recall",
)  # fmt: skip
"""Parts of the engine that an evaluation may leave out; the engine itself is not imported for their names."""


class WebhookFormat(StrEnum):
    """What the receiver of a webhook understands."""

    JSON = "json"
    SLACK = "slack"
    TEAMS = "teams"
    ALERTMANAGER = "alertmanager"
