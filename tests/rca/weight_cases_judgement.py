"""Cases of the numbers that say who is to blame and what fits the question: comparison, explaining, ranking, the past."""

from dataclasses import replace
from datetime import timedelta

import polars as pl
from finding_samples import START, events, finding
from history_samples import MARIADB, past
from weight_answers import TOPOLOGY, Case, answer

from openstack_rca.rca.evidence import (
    Finding,
    NormalRates,
)
from openstack_rca.rca.judgement import (
    blame_link_to_shared_service,
    blame_own_settings,
    blame_proxy_in_front,
    discount_clean_restarts,
    discount_complaints_after_own_silence,
    discount_planned_work,
    discount_unmissed_silence,
    infer_shared,
    rank,
    tell_harmless,
    weigh,
    weigh_changes,
)
from openstack_rca.rca.judgement.guilt import Candidate
from openstack_rca.rca.knowledge import load_catalogue
from openstack_rca.rca.relevance import Knowledge, recall
from openstack_rca.rca.vocabulary import Category, Directness, EvidenceSort


def change(complaint: float, count: int = 1) -> Case:
    """Whether a change in keystone is taken for a cause, by when others complain of keystone after it."""
    own = finding("keystone", "keystone", count=count, category=Category.AUTH, signature="identity-user-changed")
    found = [own, finding("keystone", "nova-api", at=complaint, category=Category.AUTH)]
    return lambda: weigh_changes(found, load_catalogue())[0].directness


def stop_and_start(apart: float) -> Case:
    """Whether a stop is forgiven, by how soon the start follows."""
    stop = finding("nova-conductor", "nova-conductor", signature="service-stopped-by-signal", lasts=0.0)
    start = finding("nova-conductor", "nova-conductor", at=apart, signature="service-started", lasts=0.0)
    streams = events(("nova-api", "ctl"))
    return lambda: discount_clean_restarts([stop, start], load_catalogue(), streams)[0].weight < 0.5


def restart(seconds: float) -> Case:
    """Whether a lone service's ordered restart is planned work, by how long it took."""
    stop = finding("nova-conductor", "nova-conductor", signature="service-stopped-by-signal", lasts=0.0, row=0)
    start = finding("nova-conductor", "nova-conductor", at=seconds, signature="service-started", lasts=0.0, row=1)
    frame = pl.DataFrame(
        {
            "row": [0, 1],
            "component": ["nova-conductor"] * 2,
            "host": ["ctl"] * 2,
            "time": [START, START + timedelta(seconds=seconds)],
        }
    )
    return lambda: discount_planned_work([stop, start], load_catalogue(), frame, TOPOLOGY)[0].weight


def parting(seconds: float) -> Case:
    """Whether what a client told so long before the ordered stop of a service belongs to that work."""
    stop = finding("nova-conductor", "nova-conductor", signature="service-stopped-by-signal", lasts=0.0, row=0)
    start = finding("nova-conductor", "nova-conductor", at=5.0, signature="service-started", lasts=0.0, row=1)
    lost = finding("nova-conductor", "nova-api", at=-seconds, lasts=0.0, row=2)
    frame = pl.DataFrame(
        {
            "row": [0, 1, 2],
            "component": ["nova-conductor", "nova-conductor", "nova-api"],
            "host": ["ctl"] * 3,
            "time": [START, START + timedelta(seconds=5), START - timedelta(seconds=seconds)],
        }
    )
    return lambda: discount_planned_work([stop, start, lost], load_catalogue(), frame, TOPOLOGY)[2].weight


def turned_away(strength: float = 0.7, others: int = 2) -> Case:
    """Who is blamed for a client that keystone turns away while others go on."""
    served = [("heat-api", "c1"), *((name, "c1") for name in ("nova-api", "neutron-server", "glance-api")[:others])]
    found = [finding("keystone", "heat-api", category=Category.AUTH, weight=strength)]
    streams = events(*served)
    return lambda: blame_own_settings(found, streams, TOPOLOGY)[0].accused


OWN = finding("glance-api", "glance-api", weight=0.6, directness=Directness.CAUSE)


def symptom(accused: str, weight: float, row: int = 0) -> Finding:
    """An error that says no cause."""
    return finding(accused, accused, weight=weight, directness=Directness.SYMPTOM, row=row)


def shared_by(stopped: tuple[str, ...], lines_each: int = 60) -> Case:
    """What is suspected where components stop at once, beside a broker that goes on."""
    frame = events(*((name, "ctl") for name in (*stopped, "rabbitmq")))
    frame = frame.filter((pl.col("component") == "rabbitmq") | (pl.int_range(pl.len()).over("component") < lines_each))
    silent = [
        finding(name, name, sort=EvidenceSort.SILENCE, category=Category.HANG, weight=0.4, row=number)
        for number, name in enumerate(stopped)
    ]
    return lambda: [
        item.accused
        for item in infer_shared(
            silent,
            frame,
            TOPOLOGY,
            lambda rows: rows.to_frame().with_columns(message=pl.lit("text"), request_id=pl.lit(None, pl.String)),
        )[len(stopped) :]
    ]


def link(count: int = 5, others: int = 2) -> Case:
    """Whether the broker or the network is blamed where one host alone cannot reach the broker."""
    served = [("nova-compute", "hv1"), *((name, "ctl") for name in ("nova-conductor", "cinder-volume")[:others])]
    found = [finding("rabbitmq", "nova-compute", "hv1", count=count, category=Category.HANG)]
    streams = events(*served)
    return lambda: blame_link_to_shared_service(found, streams, TOPOLOGY)[0].accused


def wakes_up() -> Case:
    """Whom the complaint of a process that was frozen itself leaves under suspicion."""
    slept = finding("nova-conductor", "nova-conductor", sort=EvidenceSort.SILENCE, weight=0.6, lasts=60)
    complains = finding("rabbitmq", "nova-conductor", at=60, weight=0.8, count=1, lasts=10)
    return lambda: answer(*discount_complaints_after_own_silence([slept, complains]))()


def writes_on(streams: int) -> Case:
    """Whether a stop is forgiven where the stream goes on, a line for each of so many every five seconds."""
    stop = finding("nova-conductor", "nova-conductor", signature="service-stopped-by-signal", lasts=0.0, row=-1)
    frame = events(*[("nova-conductor", "ctl")] * streams)
    return lambda: discount_clean_restarts([stop], load_catalogue(), frame.cast({"row": pl.Int64}))[0].weight < 0.5


def said_once() -> Case:
    """Whether what is said once, while two services work on for five minutes, does no harm."""
    frame = events(("nova-api", "ctl"), ("neutron-server", "ctl")).with_columns(
        template_id=0,
        project_id=pl.lit(None, pl.String),
        level=pl.lit("INFO"),
        failed=False,
        message=pl.lit("words"),
        instance_id=pl.lit(None, pl.String),
        undated=False,
    )
    found = [finding("nova-api", "nova-api", count=1, lasts=240.0)]
    return lambda: tell_harmless(found, frame, frame, TOPOLOGY, lambda _: None, lambda _: frame)[0].harmless


def proxy(every: int) -> Case:
    """Whether the proxy in front is blamed that after a moment writes only each so many of its usual lines."""
    frame = events(
        *[("haproxy", "lb")] * 20,
        texts={0: "http://192.0.2.9:9696 Connection refused", 1: "http://192.0.2.9:8776 Connection refused"},
    )
    gone = (pl.col("time") > START) & (pl.col("row") % every != 0)
    found = [finding("neutron-server", "nova-api", row=0), finding("cinder-api", "nova-api", row=1)]
    return lambda: blame_proxy_in_front(found, frame.filter(~gone))[0].accused


def order(*suspects: Candidate, fits: str = "") -> Case:
    """The order of suspects whose guilt is given."""
    return lambda: [each.component for each in rank(list(map(replace, suspects)), {fits: 1.0})]


def remembered(**fingerprint: list[str]) -> Case:
    """Whether an incident of the past is told beside one with other evidence and the same words."""
    theirs = MARIADB.model_copy(update=fingerprint)
    known = Knowledge([past("one", was="mariadb", fingerprint=theirs, issue="Nothing can be created")])
    return lambda: len(recall("Nothing can be created", MARIADB, known).similar)


def confirmed(*, apart: float = 0.0, **fingerprint: list[str]) -> Case:
    """What confirmed incidents of the past add to the fit of their cause, and how many are told."""
    theirs = MARIADB.model_copy(update=fingerprint)
    times = [START.replace(year=2025) + timedelta(seconds=apart * number) for number in range(2)]
    answers = [
        past(f"at-{number}", was="mariadb", fingerprint=theirs.model_copy(update={"began": time}))
        for number, time in enumerate(times)
    ]

    def told() -> object:
        found = recall("Nothing can be created", MARIADB, Knowledge(answers))
        return len(found.similar), found.bonus

    return told


def equals() -> Case:
    """The order of one whom nobody suffers from, and another who explains all trouble."""
    rival = Candidate("keystone", direct=0.5, explains_share=1.0)
    return lambda: [each.component for each in rank([Candidate("glance-api", accused=0.6), replace(rival)], {})]


GLANCE = Candidate("glance-api", accused=0.6)
KEYSTONE = Candidate("keystone", direct=0.6)


JUDGEMENT: dict[str, Case] = {
    "unmissed": lambda: answer(
        *discount_unmissed_silence(
            [finding("nova-api", "nova-api", sort=EvidenceSort.SILENCE, weight=0.6)], NormalRates.empty()
        )
    )(),
    "compared": lambda: answer(
        *weigh_changes(
            [
                finding("keystone", "keystone", category=Category.AUTH, signature="identity-user-changed"),
                finding("keystone", "nova-api", at=10, category=Category.AUTH),
            ],
            load_catalogue(),
        )
    )(),
    "left": wakes_up(),
    "enough_events": link(count=4),
    "back_lines": writes_on(4),
    "quiet_share": proxy(13),
    "sharing": shared_by(("nova-conductor", "nova-api", "neutron-server", "cinder-api")),
    "active_lines": shared_by(("nova-conductor", "nova-api", "neutron-server", "cinder-api"), 40),
    "coverage": shared_by(("nova-conductor", "nova-api", "cinder-api", "haproxy", "ovn-controller")),
    "further_accuser": answer(
        finding("glance-api", "nova-api", weight=0.3),
        finding("glance-api", "heat-api", weight=0.3),
        finding("cinder-volume", "cinder-api", weight=0.6),
    ),
    "further_symptom": answer(*(symptom("keystone", 0.2, row) for row in range(3))),
    "most_symptoms": answer(symptom("keystone", 0.6)),
    "waiting_seconds": answer(
        finding("nova-compute", "neutron-server", weight=0.5), finding("postgresql", "nova-compute", at=15, weight=0.5)
    ),
    "weak_tie": answer(symptom("nova-compute", 0.6), finding("nova-api", "storage", weight=0.3)),
    "pointing": answer(finding("mariadb", "glance-api", weight=0.2), finding("glance-api", "mariadb", weight=0.4)),
    "accuser_power": answer(
        finding("cinder-volume", "storage", weight=0.7), finding("storage", "mariadb", at=15, weight=0.4)
    ),
    "explained": order(replace(GLANCE, explained_by=("mariadb", 0.6)), replace(KEYSTONE, direct=0.3)),
    "explained_words": order(replace(KEYSTONE, explained_by=("mariadb", 1.0)), replace(GLANCE, accused=0.5)),
    "reach": order(replace(GLANCE, explains_share=0.0), replace(KEYSTONE, direct=0.4)),
    "own_reach": order(replace(KEYSTONE, explains_share=0.0), replace(GLANCE, accused=0.5)),
    "history_bonus": confirmed(),
    "same_seconds": confirmed(apart=40.0),
    "signature_weight": confirmed(signatures=["another"]),
    "similar": remembered(signatures=["database-connection-refused"], templates=[]),
    "alike_features": remembered(templates=[], accused=["mariadb"]),
    "evidence_share": remembered(signatures=["other", "one more", "a third"]),
    "parting_seconds": parting(30.0),
    "restart_seconds": restart(25.0),
    "follows_seconds": change(60.0),
    "settling_seconds": change(-2.0),
    "daily_changes": change(10.0, count=4),
    "complaint": turned_away(0.3),
    "enough_others": turned_away(others=2),
    "failure": answer(finding("glance-api", "nova-api", weight=0.45)),
    "lone_witness": answer(finding("glance-api", "nova-api", weight=0.9, category=Category.AUTH)),
    "thin": said_once(),
    "rival": answer(OWN, finding("swift-proxy", "swift-proxy", weight=0.35, directness=Directness.CAUSE)),
    "nothing_to_explain": equals(),
    "noticeable": answer(OWN, finding("cinder-api", "cinder-api", weight=0.2, directness=Directness.SYMPTOM)),
    "plain": answer(OWN),
    "nearly": answer(
        replace(OWN, category=Category.HANG),
        finding("glance-api", "glance-api", weight=0.5, at=-30, directness=Directness.CAUSE),
    ),
    "tie": lambda: [
        c.component
        for c in rank(
            weigh([OWN, finding("cinder-api", "cinder-api", weight=0.62, directness=Directness.CAUSE)]),
            {"glance-api": 1.0},
        )
    ],
}
