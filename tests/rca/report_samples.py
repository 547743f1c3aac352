"""Reports that the tests of the renderings share."""

from datetime import UTC, datetime, timedelta

from openstack_rca.rca.report.report import (
    ActivityRow,
    Cause,
    ConfidencePart,
    Episode,
    EvidenceItem,
    FileSummary,
    Hop,
    ModelUsed,
    Report,
    RequestPath,
    RequestStep,
    RuledOut,
    SimilarIncident,
    TimelineEntry,
    Window,
)
from openstack_rca.rca.vocabulary import Category, EvidenceSort, Verdict

START = datetime(2026, 3, 9, 14, 2, 11, 375000, tzinfo=UTC)
DIGEST = "9f2c4e7a11d0b3586e4f0a1c2d3e4f5061728394a5b6c7d8e9f0a1b2c3d4e5f6"
REQUEST = "req-0f4b8a52-67f1-4b0e-9f0c-52d1f5b8e6aa"


def evidence(position: int = 0, **changes: object) -> EvidenceItem:
    """Return a piece of evidence against mariadb."""
    values: dict[str, object] = {
        "file": "controller/nova-conductor.log",
        "line": 412 + position,
        "lines": 38,
        "text": f"2026-03-09 14:02:11.375 27186 ERROR oslo_db.sqlalchemy.engines [None {REQUEST} - - - - - -] Database "
        "connection was found disconnected; reconnecting: oslo_db.exception.DBConnectionError: "
        "(pymysql.err.OperationalError) (2003, \"Can't connect to MySQL server on 'controller' ([Errno 111])\")",
        "time": START + timedelta(seconds=position * 7),
        "host": "controller",
        "service": "nova-conductor",
        "sort": EvidenceSort.SIGNATURE,
        "accuses": "mariadb",
        "accused_host": "controller",
        "why": "the client could not open a connection to the database server",
        "count": 412 - position,
        "baseline": "0",
        "score": 0.998,
        "signature": "database-connection-refused",
    }
    return EvidenceItem.model_validate(values | changes)


def database_cause() -> Cause:
    """Return the first cause of the confirmed report."""
    return Cause(
        component="mariadb",
        host="controller",
        category=Category.PROCESS_DOWN,
        statement="The database server on controller went away at 14:02:09 and refused every connection from nova, "
        "neutron, keystone and cinder until 14:06:40.",
        confidence=0.93,
        confidence_parts=[
            ConfidencePart(name="direct evidence", value=0.45, note="mariadbd logged its own shutdown"),
            ConfidencePart(name="independent accusers", value=0.33, note="6 services"),
            ConfidencePart(name="onset first", value=0.2),
            ConfidencePart(name="silence", value=0.0),
            ConfidencePart(name="unsupported hops", value=-0.05, note="1 of 5"),
        ],
        onset=START - timedelta(seconds=2),
        evidence=[
            evidence(
                file="controller/mariadb.log",
                line=88,
                lines=1,
                text="2026-03-09 14:02:09 0 [Note] /usr/sbin/mariadbd (initiated by: unknown): Normal shutdown",
                time=START - timedelta(seconds=2),
                service="mariadb",
                sort=EvidenceSort.NEW_TEMPLATE,
                why="the server says itself that it shuts down",
                count=1,
                score=None,
                signature="mariadb-shutdown",
            ),
            evidence(),
            evidence(1, file="controller/keystone.log", line=1207, service="keystone"),
            evidence(2, file="controller/neutron-server.log", line=2240, service="neutron-server"),
            evidence(
                3,
                file="controller/mariadb.log",
                line=90,
                lines=1,
                text="2026-03-09 14:02:10 0 [Note] /usr/sbin/mariadbd: Shutdown complete",
                service="mariadb",
                score=None,
                sort=EvidenceSort.SILENCE,
                count=0,
                baseline="35/min",
                why="the server logged at a steady rate and then nothing for 271 s",
                signature=None,
            ),
            evidence(4, file="controller/cinder-api.log", line=77, service="cinder-api"),
            evidence(5, file="compute1/nova-compute.log", line=3051, service="nova-compute", host="compute1"),
        ],
        independent=True,
        explains=["nova-conductor", "nova-api", "keystone", "neutron-server", "cinder-api"],
        remedy="Start the database server on controller (systemctl start mariadb), then find out what stopped it: the "
        "journal of that host names the process or person that sent the signal.",
        next_checks=[
            "ssh controller systemctl status mariadb",
            "ssh controller journalctl -u mariadb --since '2026-03-09 14:00:00' --no-pager",
        ],
    )


def messaging_cause() -> Cause:
    """Return the second cause of the confirmed report."""
    return Cause(
        component="rabbitmq",
        host="controller",
        category=Category.MESSAGING,
        statement="The message broker blocked its publishers because the disk of controller was nearly full.",
        confidence=0.58,
        confidence_parts=[ConfidencePart(name="accusation", value=0.58, note="3 services")],
        onset=START + timedelta(seconds=95),
        evidence=[
            evidence(
                file="compute2/nova-compute.log",
                line=901,
                lines=1,
                text="2026-03-09 14:03:46.001 27217 ERROR oslo.messaging._drivers.impl_rabbit [-] The broker has "
                "blocked the connection: connection blocked, see broker logs",
                time=START + timedelta(seconds=95),
                host="compute2",
                service="nova-compute",
                sort=EvidenceSort.RATE_CHANGE,
                accuses="rabbitmq",
                why="only the broker can block a publisher",
                count=57,
                baseline="2/h",
                score=0.871,
                signature=None,
            )
        ],
        independent=True,
        explains=["nova-compute"],
        remedy="Free disk space on controller; the broker unblocks by itself.",
        next_checks=["ssh controller df -h /var/lib/rabbitmq", "ssh controller rabbitmqctl status"],
    )


def similar_incidents() -> list[SimilarIncident]:
    """Return a confirmed past incident and one that nobody confirmed."""
    return [
        SimilarIncident(
            id="0a1b2c3d4e5f",
            time=START - timedelta(days=40),
            issue="Nothing can be created",
            component="mariadb",
            category=Category.CAPACITY,
            confirmed=True,
            similarity=0.71,
            verdict="LIKELY",
            note="the disk of the database was full",
            shared=["signature database-connection-refused", "accused mariadb"],
        ),
        SimilarIncident(
            id="5f4e3d2c1b0a",
            time=START - timedelta(days=3),
            issue="500 from all APIs",
            component="keystone",
            confirmed=False,
            similarity=0.55,
            verdict="INCONCLUSIVE",
        ),
    ]


def failed_request() -> RequestPath:
    """Return a request that ended in nova-conductor."""
    steps = [
        (
            -1.0,
            "nova-api",
            "INFO",
            "controller/nova-api.log",
            700,
            '127.0.0.1 "POST /v2.1/servers" status: 202 len: 863',
        ),
        (0.5, "nova-conductor", "ERROR", "controller/nova-conductor.log", 412, "DBConnectionError: connection refused"),
    ]
    return RequestPath(
        request_id=REQUEST,
        instance_id="e7464ac1-62d3-4f5f-8fcd-cec4b2be4926",
        steps=[
            RequestStep(
                time=START + timedelta(seconds=seconds),
                component=component,
                host="controller",
                file=file,
                line=line,
                level=level,
                text=text,
            )
            for seconds, component, level, file, line, text in steps
        ],
    )


def later_episode() -> Episode:
    """Return a further stretch of trouble, forty minutes later."""
    return Episode(
        start=START + timedelta(minutes=40),
        end=START + timedelta(minutes=43, seconds=5),
        verdict=Verdict.LIKELY,
        component="glance-api",
        host="controller",
        category=Category.STORAGE,
        confidence=0.66,
        statement="The store of the images could not be written.",
        evidence=[
            evidence(
                file="controller/glance-api.log",
                line=3310,
                lines=1,
                text="No space left on device",
                accuses="glance-api",
                why="the store says that it is full",
                signature="glance-store-full",
            )
        ],
    )


def activity_rows() -> list[ActivityRow]:
    """Return 34 bins of ten seconds from the begin of the window on: mariadb falls silent, nova-conductor errs."""
    begin = START - timedelta(seconds=31, milliseconds=375)
    quiet = [6] * 4 + [0] * 24 + [5] * 6
    return [
        ActivityRow(
            component="mariadb",
            start=begin,
            bin_seconds=10,
            counts=quiet,
            errors=[0] * 34,
            scores=[0.4 if count else None for count in quiet],
        ),
        ActivityRow(
            component="nova-conductor",
            start=begin,
            bin_seconds=10,
            counts=[2, 1, 2, 40] + [15] * 24 + [2] * 6,
            errors=[0, 0, 0, 38] + [14] * 24 + [0] * 6,
            scores=[0.3, 0.2, 0.3, 0.999] + [0.99] * 24 + [0.5] * 6,
        ),
    ]


def confirmed() -> Report:
    """Return a report with two causes and every part filled."""
    return Report(
        created=START + timedelta(minutes=30),
        issue="Instances stay in BUILD and the dashboard answers with 503",
        logs=["/var/log/kolla"],
        verdict=Verdict.CONFIRMED,
        summary="The database server on controller was stopped; five services that need it failed within 20 seconds. "
        "Later the message broker blocked its publishers for want of disk space.",
        window=Window(start=START - timedelta(seconds=30), end=START + timedelta(minutes=5), found=True),
        causes=[database_cause(), messaging_cause()],
        chain=[
            Hop(source="mariadb", target="nova-conductor", supported=True, note="DBConnectionError, 412 times"),
            Hop(source="nova-conductor", target="nova-api", supported=True, note="MessagingTimeout"),
            Hop(source="nova-conductor", target="nova-compute", supported=False),
            Hop(source="mariadb", target="keystone", supported=True, note="DBConnectionError, 96 times"),
            Hop(source="keystone", target="nova-api", supported=False, note="tokens could not be checked"),
            Hop(source="rabbitmq", target="nova-compute", supported=True, note="connection blocked"),
        ],
        timeline=[
            _entry(-30, "mariadb", "the window begins", "window"),
            _entry(-2, "mariadb", "Normal shutdown", "onset"),
            _entry(0, "nova-conductor", "first DBConnectionError", "evidence"),
            _entry(5, "keystone", "first DBConnectionError", "evidence"),
            _entry(7, "neutron-server", "first DBConnectionError", "evidence"),
            _entry(9, "mariadb", "no line for 271 s", "silence"),
            _entry(95, "rabbitmq", "connection blocked", "onset"),
            _entry(96, "nova-compute", "57 publishers blocked", "evidence", host="compute2"),
            _entry(271, "mariadb", "ready for connections", "recovery"),
            _entry(300, "mariadb", "the window ends", "window"),
        ],
        activity=activity_rows(),
        requests=[failed_request()],
        episodes=[later_episode()],
        blast_radius=["nova-conductor on controller", "nova-api on controller", "keystone", "nova-compute on compute2"],
        ruled_out=[RuledOut(component="nova-api", reason="fails only because nova-conductor does not answer")],
        similar=similar_incidents(),
        missing=["compute3 logged nothing inside the window", "0.4 % of the lines have a format that is not known"],
        events=20417,
        lines=24873,
        files=[
            FileSummary(file="controller/nova-conductor.log", lines=5120, events=4800, unknown_lines=0, format="oslo"),
            FileSummary(file="controller/mariadb.log", lines=140, events=139, unknown_lines=99, format="mariadb"),
            FileSummary(file="compute2/nova-compute.log", lines=1922, events=1901, unknown_lines=0, format="oslo"),
        ],
        model=ModelUsed(
            name="lstm_model",
            version="15",
            digest=DIGEST,
            source="cache",
            notices=["The registry did not answer; version 15 from the cache is used (its digest was verified)."],
        ),
        seconds={"read": 0.82, "score": 0.41, "explain": 0.12},
        command="openstack-rca analyze /var/log/kolla --issue 'Instances stay in BUILD and the dashboard answers with "
        "503' --model 15",
    )


def healthy() -> Report:
    """Return a report without a failure."""
    return Report(
        created=START,
        issue="Is everything all right?",
        logs=["/var/log/kolla"],
        verdict=Verdict.NO_FAILURE_FOUND,
        summary="No service logged anything that its normal logs do not hold, and none fell silent.",
        window=Window(start=START, end=START + timedelta(hours=1)),
        events=10211,
        lines=10215,
        files=[FileSummary(file="controller/nova-api.log", lines=10215, events=10211, unknown_lines=0, format="oslo")],
        model=ModelUsed(name="lstm_model", version="15", digest=DIGEST, source="store"),
    )


def inconclusive() -> Report:
    """Return a report with a weak cause and much missing."""
    return Report(
        created=START,
        issue="Volumes cannot be attached",
        logs=["compute1/nova-compute.log"],
        verdict=Verdict.INCONCLUSIVE,
        summary="Requests to the block storage fail, but the logs of the block storage itself are not here.",
        window=Window(),
        causes=[
            Cause(
                component="cinder-volume",
                category=Category.STORAGE,
                statement="The volume service may not be working.",
                confidence=0.31,
                evidence=[
                    evidence(
                        file="nova-compute.log",
                        line=9,
                        lines=1,
                        time=None,
                        accuses="cinder-volume",
                        accused_host=None,
                        sort=EvidenceSort.MODEL_ANOMALY,
                        baseline="",
                        count=3,
                        signature=None,
                    )
                ],
                next_checks=["openstack volume service list"],
            )
        ],
        missing=["no log of any cinder service", "no log of the host controller"],
        events=120,
        lines=140,
        files=[FileSummary(file="nova-compute.log", lines=140, events=120, unknown_lines=12, format="oslo")],
        model=ModelUsed(name="none", source="none", notices=["There is no model yet; scores are left out."]),
        fast=True,
    )


def _entry(seconds: float, component: str, text: str, kind: str, host: str = "controller") -> TimelineEntry:
    return TimelineEntry(time=START + timedelta(seconds=seconds), component=component, host=host, text=text, kind=kind)
