"""Past incidents and fingerprints that the tests of history and recall share."""

from datetime import UTC, datetime, timedelta

from openstack_rca.rca.relevance.incident_history import AnalysisEvent, ConfirmedEvent, PastIncident
from openstack_rca.rca.report.report import Fingerprint
from openstack_rca.rca.vocabulary import Category

START = datetime(2026, 3, 9, 14, 2, 11, tzinfo=UTC)

MARIADB = Fingerprint(
    signatures=["database-connection-refused", "database-server-gone"],
    accused=["mariadb", "keystone"],
    templates=["00000000000000aa", "00000000000000ab"],
)
RABBITMQ = Fingerprint(
    signatures=["amqp-connection-blocked", "rabbitmq-memory-alarm"],
    accused=["rabbitmq", "nova-conductor"],
    templates=["00000000000000ba"],
)


def analysis(id_: str = "aaaaaaaaaaaa", days_ago: float = 1.0, **changes: object) -> AnalysisEvent:
    """An answer of some days ago; mariadb was accused."""
    time = START - timedelta(days=days_ago)
    values: dict[str, object] = {
        "id": id_,
        "recorded": time,
        "time": time,
        "issue": "Nothing can be created",
        "fingerprint": MARIADB.model_copy(update={"began": time}),
        "component": "mariadb",
        "category": Category.PROCESS_DOWN,
        "verdict": "LIKELY",
    }
    return AnalysisEvent.model_validate(values | changes)


def past(id_: str = "aaaaaaaaaaaa", was: str | None = None, days_ago: float = 1.0, **changes: object) -> PastIncident:
    """A past incident, confirmed if ``was`` says what it was."""
    event = analysis(id_, days_ago, **changes)
    confirmation = None
    if was is not None:
        confirmation = ConfirmedEvent(id=id_, recorded=event.recorded, component=was, note="the disk was full")
    return PastIncident(event, confirmation)
