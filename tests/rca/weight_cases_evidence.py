"""Cases of the numbers that say what is evidence: windows, novelty, unknown errors, silence, missing steps."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
from finding_samples import START, events, finding
from test_answers import SERVERS, answers
from test_answers import found as answered
from test_awaited_lines import left_off
from test_missing_steps import NORMAL, OTHERS_GO_ON, Step, build, expected, reboot, volume
from test_missing_steps import window as calm
from test_silence import STEADY, observed, stream
from test_stopped_tasks import LOOP, WHOLE, WORK, stopped
from test_stopped_tasks import steady as beats
from test_window import bursts, recording
from weight_answers import TOPOLOGY, Case, answer

from openstack_rca.logs.event_table import EVENT_SCHEMA, EventTable
from openstack_rca.rca.engine import AnalysisRequest
from openstack_rca.rca.engine.case import Case as Analysis
from openstack_rca.rca.engine.stages.recording import find_the_windows
from openstack_rca.rca.evidence import (
    Finding,
    NormalRates,
    add_novelty,
    earlier_causes,
    generic_accusations,
    goes_on_failing,
    looks_preselected,
    missing_steps,
    new_errors,
    observe,
    silences,
    unexplained,
    unexplained_errors,
    why_unclear,
)
from openstack_rca.rca.evidence.expected_steps import find_troubles
from openstack_rca.rca.evidence.silence import find_gaps
from openstack_rca.rca.evidence.window import FoundWindow, quiet_rates, suspicion
from openstack_rca.rca.knowledge import load_catalogue
from openstack_rca.rca.weights import current


def windows(*begun: float, seconds: float = 3600.0) -> Case:
    """The stretches of trouble that are found in logs with bursts of errors."""
    moments, weights = recording(seconds, list(begun))
    return lambda: [(window.start, window.end) for window in bursts(moments, weights)]


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
    return lambda: [window.start for window in bursts(frame["time"], suspicion(frame, known))]


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


def before(minutes: float) -> Case:
    """How many lines of a daemon's end count as cause of a trouble that begins so many minutes later."""
    values = {"time": START, "host": "h1", "service": "host", "level": "INFO", "template_id": 1}
    values["message"] = "tgt.service: Main process exited, code=exited, status=22/n/a"
    rows = [{**dict.fromkeys(EVENT_SCHEMA), **values}]
    # So many lines that nobody picked them.
    later = {"time": START + timedelta(days=1), "message": "(root) CMD (true)", "template_id": 2}
    rows += [{**rows[0], **later}] * int(current().few_events)
    table = EventTable.of(pl.DataFrame(rows, schema=EVENT_SCHEMA))
    window = FoundWindow(START + timedelta(minutes=minutes), START + timedelta(minutes=minutes + 5), 1.0)
    rates, rules = NormalRates.empty(), load_catalogue()
    return lambda: earlier_causes(observe(table, TOPOLOGY), [window], window, rates, table, rules, TOPOLOGY).height


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
            "stands_for": 1,
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


def blind(unknown: int, others: int = 0, of: int = 100) -> Case:
    """Why logs of a service cannot show that nothing failed, of whose lines so many have no level."""
    levels = ["UNKNOWN"] * unknown + ["INFO"] * (of - unknown + others)
    names = pl.Series(["nova-api"] * of + ["keystone"] * others)
    frame = pl.DataFrame({"level": levels, "lines": 1, "component": names, "service": names}).with_columns(
        logger=pl.lit("nova"), message=pl.lit("words")
    )
    return lambda: why_unclear(frame, frozenset(), lambda rows, columns: frame.select(columns))


def slow(seconds: int, normal: float) -> Case:
    """How many APIs are slow that answer after so long, where the longest that is normal is known."""
    logged = answers("nova-api", *[SERVERS.format(seconds)] * 4)
    return lambda: len(answered(logged, logged, normal))


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


RIVAL = finding("cinder-volume", "cinder-api", weight=0.5)
STOPPED = [build(120.0 + 4 * number, 100 + number, "came", "missing") for number in range(6)]
VOLUMES = [volume(120.0 + 4 * number, 100 + number, "missing") for number in range(6)]
LATE = [build(120.0 + 4 * number, 100 + number, "came", "late") for number in range(6)]


EVIDENCE: dict[str, Case] = {
    "whole_seconds": windows(600, seconds=800),
    "margin_seconds": windows(1800),
    "merge_seconds": windows(1800, 2050),
    "cause_before_seconds": before(50),
    "burst_slice_seconds": windows(1815),
    "quiet_seconds": quiet(400),
    "warning_suspicion": burst("WARNING", 8),
    "surprising_score": burst("INFO", 10, score=0.995),
    "episode_share": episodes(15),
    "doubted_novelty": steady("ERROR", 10),
    "least_novelty": steady("ERROR", 10),
    "steady_slices": steady("INFO", 2),
    "new": lambda: unexplained_errors(
        [replace(finding("nova-api", "nova-api"), novelty=0.6, unexplained=True)], TOPOLOGY
    ),
    "error": unknown("words", 10),
    "unknown_normal": unknown("words", 10, normal=None),
    "warning": unknown("words", 10, "WARNING", score=1.0),
    "expected_score": unknown("words", 10, normal=1.0, score=0.5),
    "foreseen": unknown("words", 10, normal=1.0),
    "once": unknown("words", 3),
    "many": unknown("words", 3),
    "telling": beside(0.5, "http://192.0.2.9:9292 Connection refused"),
    "client_side": beside(0.4, "words: timed out", "glanceclient/common/http.py"),
    "silence": fell_silent(70),
    "silence_certain": fell_silent(35),
    "lonely_silence": fell_silent(70, others=0),
    "idle_prior": bursty(86),
    "blind_share": blind(8),
    "blind_service_share": blind(70, others=2000),
    "late_seconds": begins(40),
    "slow_seconds": slow(15, 0.1),
    "slower": slow(50, 10.0),
    "late_steps": stuck(*NORMAL, *LATE),
    "later": stuck(*NORMAL, *LATE),
    "steps_significance": stuck(*NORMAL, *STOPPED[:3]),
    "steps_certain": stuck(*NORMAL, *STOPPED[:4], rivals=(RIVAL,)),
    "pause_seconds": apart(90),
    "unknown_rate": untold(7),
    "proven_steps": stuck(*NORMAL[:8], *STOPPED, foreign=True),
    "on_the_way": stuck(*NORMAL, *STOPPED),
    "needed": stuck(*NORMAL, *VOLUMES),
    "least_suspicion": stuck(*VOLUMES, *(volume(120.0 + number, 200 + number, "came") for number in range(18))),
    "burst_suspicion": lambda: [window.start for window in bursts(*_faint(1.2))],
    "missed_beats": lambda: len(stopped(60.0, beats(range(0, 361, 60), LOOP), beats(WHOLE, WORK))),
    "awaited_lines": lambda: len(left_off(15.0)),
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
}
