"""Small cases, one for each number of the table of weights, whose outcome changes when that number is halved or doubled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
from finding_samples import START, events, finding
from history_samples import MARIADB, past
from test_missing_steps import NORMAL, OTHERS_GO_ON, Step, build, complaint, expected, reboot, volume, weight_after
from test_missing_steps import window as calm
from test_silence import STEADY, observed, stream
from test_window import recording

from openstack_rca.logs.event_table import EventTable
from openstack_rca.rca.engine import AnalysisRequest
from openstack_rca.rca.engine.case import Case as Analysis
from openstack_rca.rca.engine.stages.find_windows import find_the_windows
from openstack_rca.rca.evidence import (
    Finding,
    NormalRates,
    add_novelty,
    generic_accusations,
    goes_on_failing,
    looks_preselected,
    missing_steps,
    new_errors,
    silences,
    unexplained,
    unexplained_errors,
    why_unclear,
)
from openstack_rca.rca.evidence.expected_steps import find_troubles
from openstack_rca.rca.evidence.silence import find_gaps
from openstack_rca.rca.evidence.window import FoundWindow, find_windows, quiet_rates, suspicion
from openstack_rca.rca.judgement import (
    blame_link_to_shared_service,
    blame_own_settings,
    blame_proxy_in_front,
    discount_clean_restarts,
    discount_complaints_after_own_silence,
    discount_unmissed_silence,
    explain,
    infer_shared,
    rank,
    verdict_on,
    weigh,
    weigh_changes,
)
from openstack_rca.rca.judgement.guilt import Candidate
from openstack_rca.rca.knowledge import load_catalogue, load_topology
from openstack_rca.rca.relevance import Knowledge, recall
from openstack_rca.rca.relevance.lexical import spread
from openstack_rca.rca.report.narrative import host_of, is_independent
from openstack_rca.rca.vocabulary import Category, Directness, EvidenceSort
from openstack_rca.rca.weights import current

TOPOLOGY = load_topology()
Case = Callable[[], object]


def windows(*bursts: float, seconds: float = 3600.0) -> Case:
    """The stretches of trouble that are found in logs with bursts of errors."""
    moments, weights = recording(seconds, list(bursts))
    return lambda: [(window.start, window.end) for window in find_windows(moments, weights)]


def answer(*found: Finding) -> Case:
    """Ranking, kind of fault and verdict that findings come to."""

    def told() -> object:
        ranked = rank(explain(weigh(list(found)), list(found), TOPOLOGY), {})
        suspects = [candidate for candidate in ranked if candidate.guilt >= current().noticeable]
        return [c.component for c in suspects], [c.category for c in suspects[:1]], verdict_on(suspects)

    return told


def change(complaint: float, count: int = 1) -> Case:
    """Whether a change in keystone is taken for a cause, by when others complain of keystone after it."""
    own = finding("keystone", "keystone", count=count, category=Category.AUTH, signature="identity-user-changed")
    found = [own, finding("keystone", "nova-api", at=complaint, category=Category.AUTH)]
    return lambda: weigh_changes(found, load_catalogue())[0].directness


def silence(length: int, normal: float = 0.0) -> Case:
    """Whether a steady stream that stops for a while is a gap."""
    stopped = [second for second in STEADY if not 60 < second < 60 + length]
    frame = observed(stream("cinder-volume", stopped), stream("nova-api", STEADY))
    return lambda: bool(find_gaps(frame, {"cinder-volume": normal} if normal else None))


def picked(errors: int, others: int) -> Case:
    """Whether logs look like what a search for errors left."""
    levels = ["ERROR"] * errors + ["INFO"] * others
    frame = pl.DataFrame({"component": "nova-api", "level": levels, "failed": [level == "ERROR" for level in levels]})
    return lambda: looks_preselected(frame, NormalRates.empty())


def lasting(count: int, apart: float) -> Case:
    """Whether errors that normal logs do not hold go on."""
    times = [START + timedelta(seconds=apart * number) for number in range(count)]
    frame = pl.DataFrame(
        {"time": times, "component": "nova-api", "template_id": 1, "level": "ERROR", "failed": True},
        schema_overrides={"time": pl.Datetime("us", "UTC")},
    ).with_columns(familiar=True, novelty=1.0)
    return lambda: goes_on_failing(frame)


def stop_and_start(apart: float) -> Case:
    """Whether a stop is forgiven, by how soon the start follows."""
    stop = finding("nova-conductor", "nova-conductor", signature="service-stopped-by-signal", lasts=0.0)
    start = finding("nova-conductor", "nova-conductor", at=apart, signature="service-started", lasts=0.0)
    streams = events(("nova-api", "ctl"))
    return lambda: discount_clean_restarts([stop, start], load_catalogue(), streams)[0].weight < 0.5


def turned_away(strength: float = 0.7, others: int = 2) -> Case:
    """Who is blamed for a client that keystone turns away while others go on."""
    served = [("heat-api", "c1"), *((name, "c1") for name in ("nova-api", "neutron-server", "glance-api")[:others])]
    found = [finding("keystone", "heat-api", category=Category.AUTH, weight=strength)]
    streams = events(*served)
    return lambda: blame_own_settings(found, streams, TOPOLOGY)[0].accused


def burst(level: str, count: int, score: float = 0.0, normal: float = 0.0) -> Case:
    """Where trouble is found in an hour of logs that hold one burst of such lines."""
    ordinary = [(START + timedelta(seconds=second), 1, "INFO", 0.0) for second in range(3600)]
    lines = ordinary + [(START + timedelta(seconds=1800 + number / count), 2, level, score) for number in range(count)]
    frame = (
        pl.DataFrame(
            lines,
            schema={"time": pl.Datetime("us", "UTC"), "template_id": pl.Int64, "level": pl.String, "score": pl.Float64},
            orient="row",
        )
        .with_columns(component=pl.lit("nova-api"))
        .sort("time")
    )
    known = pl.DataFrame({"component": ["nova-api"], "template_id": [2], "normal_per_minute": [normal]})
    return lambda: [window.start for window in find_windows(frame["time"], suspicion(frame, known))]


def episodes(smaller: int) -> Case:
    """How many troubles are answered where a further one weighs so much of the first, in percent."""
    ordinary = [(START + timedelta(seconds=second), 1, "INFO") for second in range(3600)]
    first = [(START + timedelta(seconds=600 + number / 10), 2, "ERROR") for number in range(100)]
    second = [(START + timedelta(seconds=3000 + number / 10), 3, "ERROR") for number in range(smaller)]
    frame = (
        pl.DataFrame(
            ordinary + first + second,
            schema={"time": pl.Datetime("us", "UTC"), "template_id": pl.UInt64, "level": pl.String},
            orient="row",
        )
        .with_columns(component=pl.lit("nova-api"), host=pl.lit("c1"), message=pl.lit("words"), score=0.0)
        .sort("time")
    )

    def told() -> object:
        case = Analysis(
            AnalysisRequest("", []), EventTable.of(frame), None, NormalRates.empty(), load_catalogue(), TOPOLOGY
        )
        case.observed = frame.with_row_index("row").with_columns(failed=pl.col("level") == "ERROR")
        find_the_windows.run(case)
        return len(case.windows)

    return told


def quiet(seconds: float) -> Case:
    """Whether logs show what is normal beside a trouble that leaves so much of them."""
    frame = events(("nova-api", "c1")).with_columns(template_id=1, level=pl.lit("INFO"), process=1)
    window = FoundWindow(START + timedelta(seconds=seconds - 300), START + timedelta(seconds=295), 1.0)
    return lambda: quiet_rates(frame, [window]).known


def steady(level: str, minutes: float) -> Case:
    """How many lines stand out where one kind goes on all the time and nobody knows what is normal."""
    times = [START + timedelta(seconds=second) for second in range(0, int(60 * minutes), 5)]
    frame = pl.DataFrame(
        {"time": times, "component": "nova-api", "template_id": 1, "level": level},
        schema_overrides={"time": pl.Datetime("us", "UTC")},
    ).with_row_index("row")
    return lambda: unexplained(add_novelty(frame, NormalRates.empty(), minutes), pl.Series([], dtype=pl.UInt32)).height


def lines(
    message: str,
    count: int,
    level: str = "ERROR",
    normal: float | None = 0.0,
    score: float = 0.0,
    detail: str | None = None,
) -> pl.DataFrame:
    """Lines of nova-api of one kind that no signature knows."""
    return pl.DataFrame(
        {
            "row": range(count),
            "time": [START + timedelta(seconds=number) for number in range(count)],
            "component": "nova-api",
            "host": "c1",
            "template_id": 7,
            "level": level,
            "message": message,
            "exception": None,
            "detail": detail,
            "text": f"{message}\n{detail or ''}",
            "logger": None,
            "score": score,
            "novelty": 1.0,
            "familiar": normal is not None,
            "normal_per_minute": normal,
        },
        schema_overrides={
            "time": pl.Datetime("us", "UTC"),
            "exception": pl.String,
            "detail": pl.String,
            "logger": pl.String,
            "normal_per_minute": pl.Float64,
        },
    )


def unknown(message: str, count: int, level: str = "ERROR", normal: float | None = 0.0, score: float = 0.0) -> Case:
    """What lines that no rule knows come to."""
    frame = lines(message, count, level, normal, score)
    return lambda: answer(*new_errors(frame, 10.0))()


def beside(rival: float, message: str, detail: str | None = None) -> Case:
    """Who is first: whom an error's own words name, or somebody who is accused so strongly."""
    frame = lines(message, 10, detail=detail)
    other = finding("cinder-volume", "cinder-api", weight=rival)
    return lambda: answer(*generic_accusations(frame, TOPOLOGY, 10.0), other)()


def fell_silent(length: int, others: int = 1) -> Case:
    """What the silence of a steady stream comes to, while another one writes each so many of its lines; 0: none."""
    stopped = [second for second in STEADY if not 60 < second < 60 + length]
    going = [second for second in STEADY if second in stopped or (others and second % (2 * others) == 0)]
    frame = observed(stream("cinder-volume", stopped), stream("nova-api", going))
    frame = frame.with_columns(level=pl.lit("INFO"), message=pl.lit("words"))
    return lambda: answer(*silences(frame, NormalRates.empty(), TOPOLOGY)[:1])()


def _faint(weight: float) -> tuple[pl.Series, np.ndarray]:
    moments, weights = recording(3600.0, [1800])
    weights[weights > 0] = weight / 20
    return moments, weights


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
    return lambda: [item.accused for item in infer_shared(silent, frame, TOPOLOGY)[len(stopped) :]]


def link(count: int = 5, others: int = 2) -> Case:
    """Whether the broker or the network is blamed where one host alone cannot reach the broker."""
    served = [("nova-compute", "hv1"), *((name, "ctl") for name in ("nova-conductor", "cinder-volume")[:others])]
    found = [finding("rabbitmq", "nova-compute", "hv1", count=count, category=Category.HANG)]
    streams = events(*served)
    return lambda: blame_link_to_shared_service(found, streams, TOPOLOGY)[0].accused


def wakes_up() -> Case:
    """Whom the complaint of a process that was frozen itself leaves under suspicion."""
    slept = finding("nova-conductor", "nova-conductor", sort=EvidenceSort.SILENCE, weight=0.6, lasts=60)
    complains = finding("rabbitmq", "nova-conductor", at=60, weight=0.8, count=1)
    return lambda: answer(*discount_complaints_after_own_silence([slept, complains]))()


def writes_on(streams: int) -> Case:
    """Whether a stop is forgiven where the stream goes on, a line for each of so many every five seconds."""
    stop = finding("nova-conductor", "nova-conductor", signature="service-stopped-by-signal", lasts=0.0, row=-1)
    frame = events(*[("nova-conductor", "ctl")] * streams)
    return lambda: discount_clean_restarts([stop], load_catalogue(), frame.cast({"row": pl.Int64}))[0].weight < 0.5


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


def inherited() -> Case:
    """The order of two who are as guilty, where the issue fits what needs one of them, and less so the other itself."""

    def told() -> object:
        suspects = [Candidate("mariadb", accused=0.6), Candidate("heat-api", accused=0.6)]
        return [each.component for each in rank(suspects, spread({"nova-api": 1.0, "heat-api": 0.8}, TOPOLOGY))]

    return told


def remembered(**fingerprint: list[str]) -> Case:
    """Whether an incident of the past is told beside one with other evidence and the same words."""
    theirs = MARIADB.model_copy(update=fingerprint)
    known = Knowledge([past("one", was="mariadb", fingerprint=theirs, issue="Nothing can be created")])
    return lambda: len(recall("Nothing can be created", MARIADB, known).similar)


def stuck(*parts: list[Step], foreign: bool = False, rivals: tuple[Finding, ...] = ()) -> Case:
    """What requests that stopped come to."""
    steps, frame = expected(*parts, foreign=foreign), calm()

    def told() -> object:
        found = missing_steps(steps, frame, TOPOLOGY)
        return answer(*found, *rivals)(), [finding.accused for finding in found]

    return told


def apart(seconds: float) -> Case:
    """How many troubles requests make that stop with so much time between the two halves."""
    stops = [reboot(at + 2 * n, 100 + n + int(at), "missing") for at in (120.0, 130.0 + seconds) for n in range(5)]
    return lambda: len(find_troubles(expected(*NORMAL, *stops)))


def untold(stops: int) -> Case:
    """How many troubles requests make that stop where the normal logs held too few of their kind."""
    parts = [*NORMAL, *(volume(120.0 + 4 * number, 100 + number, "missing") for number in range(stops)), *OTHERS_GO_ON]
    return lambda: len(find_troubles(replace(expected(*parts), missing_rates={})))


def cleared() -> Case:
    """Who is first: a broker that request after request passes, or somebody who is accused a little."""
    lost, rival = complaint("rabbitmq", Category.MESSAGING), finding("keystone", "nova-api", weight=0.45)

    def told() -> object:
        kept = replace(lost, accuser="nova-compute", weight=weight_after(lost, *OTHERS_GO_ON))
        return answer(kept, rival)()

    return told


def blind(unknown: int, others: int = 0, of: int = 100) -> Case:
    """Why logs of a service cannot show that nothing failed, of whose lines so many have no level."""
    levels = ["UNKNOWN"] * unknown + ["INFO"] * (of - unknown + others)
    names = pl.Series(["nova-api"] * of + ["keystone"] * others)
    frame = pl.DataFrame({"level": levels, "lines": 1, "component": names, "service": names}).with_columns(
        logger=pl.lit("nova"), message=pl.lit("words")
    )
    return lambda: why_unclear(frame, frozenset(), lambda rows, columns: frame.select(columns))


def bursty(gap: float) -> Case:
    """Whether a stream that comes in bursts of half a minute, and now stays away for longer, fell silent."""
    times = [float(second) for start in range(0, 300, 45) for second in range(start, start + 30, 2)]
    later = [second + gap for second in times]
    frame = observed(
        stream("cinder-volume", times + [second + times[-1] for second in later]),
        stream("nova-api", [float(second) for second in range(0, int(2 * times[-1] + gap), 2)]),
    )
    return lambda: bool(find_gaps(frame))


def began() -> Case:
    """Whether a stream that wrote for so short a while and then no more fell silent."""
    frame = observed(stream("cinder-volume", [s for s in STEADY if s < 35]), stream("nova-api", STEADY))
    return lambda: bool(find_gaps(frame))


def begins(seconds: int) -> Case:
    """How surprising an error is that goes on to the end, where it begins so long after the logs."""
    told = [(START, 1)] + [(START + timedelta(seconds=at), 2) for at in range(seconds, 600, 5)]
    schema = {"time": pl.Datetime("us", "UTC"), "template_id": pl.Int64}
    frame = pl.DataFrame(told, schema=schema, orient="row").with_columns(
        component=pl.lit("nova-api"), level=pl.lit("ERROR")
    )
    return lambda: add_novelty(frame, NormalRates.empty(), 10.0)["novelty"].min()


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


def told_hosts() -> Case:
    """The hosts that are told of a cause, whose evidence on the second one is weaker."""
    found = [
        replace(finding("nova-compute", "nova-compute", host, weight=weight), accused_host=host)
        for host, weight in (("c1", 0.8), ("c2", 0.5))
    ]
    frame = events(("nova-compute", "c1")).with_columns(instance_id=pl.lit(None, dtype=pl.String))
    return lambda: host_of(Candidate("nova-compute", findings=found), frame)


def equals() -> Case:
    """The order of one whom nobody suffers from, and another who explains all trouble."""
    rival = Candidate("keystone", direct=0.5, explains_share=1.0)
    return lambda: [each.component for each in rank([Candidate("glance-api", accused=0.6), replace(rival)], {})]


RIVAL = finding("cinder-volume", "cinder-api", weight=0.5)
STOPPED = [build(120.0 + 4 * number, 100 + number, "came", "missing") for number in range(6)]
VOLUMES = [volume(120.0 + 4 * number, 100 + number, "missing") for number in range(6)]
LATE = [build(120.0 + 4 * number, 100 + number, "came", "late") for number in range(6)]
GLANCE = Candidate("glance-api", accused=0.6)
KEYSTONE = Candidate("keystone", direct=0.6)


CASES: dict[str, Case] = {
    "whole_seconds": windows(600, seconds=800),
    "margin_seconds": windows(1800),
    "merge_seconds": windows(1800, 2050),
    "burst_slice_seconds": windows(1815),
    "quiet_seconds": quiet(400),
    "warning_suspicion": burst("WARNING", 8),
    "known_suspicion": burst("ERROR", 20, normal=1.0),
    "surprising_score": burst("INFO", 10, score=0.995),
    "episode_share": episodes(15),
    "doubted_novelty": steady("ERROR", 10),
    "least_novelty": steady("ERROR", 10),
    "steady_slices": steady("INFO", 2),
    "new": lambda: unexplained_errors([replace(finding("nova-api", "nova-api"), novelty=0.6, unexplained=True)]),
    "error": unknown("words", 10),
    "unknown_normal": unknown("words", 10, normal=None),
    "warning": unknown("words", 10, "WARNING", score=1.0),
    "expected_score": unknown("words", 10, normal=1.0, score=0.5),
    "foreseen": unknown("words", 10, normal=1.0),
    "ending": unknown("words: failed to start", 1),
    "once": unknown("words", 3),
    "many": unknown("words", 3),
    "unanswered": beside(0.5, "http://192.0.2.9:9292 Connection refused"),
    "client_side": beside(0.4, "words: timed out", "glanceclient/common/http.py"),
    "silence": fell_silent(70),
    "silence_certain": fell_silent(35),
    "lonely_silence": fell_silent(70, others=0),
    "unmissed": lambda: answer(
        *discount_unmissed_silence(
            [finding("nova-api", "nova-api", sort=EvidenceSort.SILENCE, weight=0.6)], NormalRates.empty()
        )
    )(),
    "idle_prior": bursty(86),
    "blind_share": blind(8),
    "blind_service_share": blind(70, others=2000),
    "blind_lines": blind(30, others=2000, of=40),
    "late_seconds": begins(40),
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
    "alone_share": link(),
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
    "inherited_fit": inherited(),
    "history_bonus": confirmed(),
    "same_seconds": confirmed(apart=40.0),
    "signature_weight": confirmed(signatures=["another"]),
    "similar": remembered(signatures=["database-connection-refused"], templates=[]),
    "alike_features": remembered(templates=[], accused=["mariadb"]),
    "evidence_share": remembered(signatures=["other", "one more", "a third"]),
    "missing_steps": stuck(*NORMAL, *STOPPED, rivals=(RIVAL,)),
    "late_steps": stuck(*NORMAL, *LATE),
    "steps_significance": stuck(*NORMAL, *STOPPED[:3]),
    "steps_certain": stuck(*NORMAL, *STOPPED[:4], rivals=(RIVAL,)),
    "pause_seconds": apart(90),
    "unknown_rate": untold(7),
    "proven_steps": stuck(*NORMAL[:8], *STOPPED, foreign=True),
    "on_the_way": stuck(*NORMAL, *STOPPED),
    "needed": stuck(*NORMAL, *VOLUMES),
    "least_suspicion": stuck(*VOLUMES, *(volume(120.0 + number, 200 + number, "came") for number in range(18))),
    "cleared": cleared(),
    "burst_suspicion": lambda: [window.start for window in find_windows(*_faint(1.2))],
    "restart_seconds": stop_and_start(15.0),
    "follows_seconds": change(60.0),
    "settling_seconds": change(-2.0),
    "daily_changes": change(10.0, count=4),
    "gap_seconds": silence(16),
    "slice_seconds": silence(16),
    "active_slices": began(),
    "longest_gap": silence(100),
    "going_share": fell_silent(70, others=3),
    "normal_gaps": silence(40, normal=20.0),
    "silence_significance": silence(16),
    "few_events": picked(1, 150),
    "error_share": picked(100, 150),
    "lasting_errors": lasting(8, 10.0),
    "lasting_seconds": lasting(20, 1.0),
    "complaint": turned_away(0.3),
    "enough_others": turned_away(others=2),
    "failure": answer(finding("glance-api", "nova-api", weight=0.45)),
    "nothing_to_explain": equals(),
    "independent": lambda: is_independent(Candidate("glance-api", findings=[OWN])),
    "host_share": told_hosts(),
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
