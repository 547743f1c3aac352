"""The table of weights: each number is read somewhere, has a unit and a meaning, and decides where its case shows it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from finding_samples import START, events, finding
from test_silence import STEADY, observed, stream
from test_window import recording

from openstack_rca.rca.evidence import Finding, NormalRates, goes_on_failing, looks_preselected
from openstack_rca.rca.evidence.silence import find_gaps
from openstack_rca.rca.evidence.window import find_windows
from openstack_rca.rca.judgement import (
    blame_own_settings,
    discount_clean_restarts,
    explain,
    rank,
    verdict_on,
    weigh,
    weigh_changes,
)
from openstack_rca.rca.knowledge import load_catalogue, load_topology
from openstack_rca.rca.vocabulary import Category, Directness
from openstack_rca.rca.weights import Weights, current, noting, numbers, scaled, using

RCA = Path(__file__).resolve().parents[2] / "src" / "openstack_rca" / "rca"
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
    frame = pl.DataFrame({"component": "nova-api", "level": levels, "message": "words"})
    return lambda: looks_preselected(frame, NormalRates.empty())


def lasting(count: int, apart: float) -> Case:
    """Whether errors that normal logs do not hold go on."""
    times = [START + timedelta(seconds=apart * number) for number in range(count)]
    frame = pl.DataFrame(
        {"time": times, "component": "nova-api", "template_id": 1, "level": "ERROR", "message": "words"},
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


OWN = finding("glance-api", "glance-api", weight=0.6, directness=Directness.CAUSE)

CASES: dict[str, Case] = {
    "whole_seconds": windows(600, seconds=800),
    "margin_seconds": windows(1800),
    "merge_seconds": windows(1800, 2050),
    "burst_suspicion": lambda: [window.start for window in find_windows(*_faint(1.2))],
    "restart_seconds": stop_and_start(15.0),
    "follows_seconds": change(60.0),
    "settling_seconds": change(-2.0),
    "daily_changes": change(10.0, count=4),
    "gap_seconds": silence(16),
    "normal_gaps": silence(40, normal=20.0),
    "silence_significance": silence(16),
    "few_events": picked(1, 150),
    "error_share": picked(100, 150),
    "lasting_errors": lasting(8, 10.0),
    "lasting_seconds": lasting(20, 1.0),
    "complaint": turned_away(0.3),
    "enough_others": turned_away(others=2),
    "failure": answer(finding("glance-api", "nova-api", weight=0.45)),
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
"""Numbers whose case is small; the recordings of the shared data show others (``evaluate --sensitivity``)."""


def _faint(weight: float) -> tuple[pl.Series, np.ndarray]:
    moments, weights = recording(3600.0, [1800])
    weights[weights > 0] = weight / 20
    return moments, weights


@pytest.mark.parametrize("name", CASES)
def test_a_number_halved_or_doubled_changes_what_its_case_comes_to(name: str) -> None:
    """A number that changes nothing has no place in the table."""
    case = CASES[name]
    plain = case()
    outcomes = []
    for factor in (0.5, 2.0):
        with using(scaled(name, factor)):
            outcomes.append(case())
    assert any(outcome != plain for outcome in outcomes)


def test_every_number_has_a_meaning_of_its_own_and_is_read_somewhere() -> None:
    """No two say the same, and none is left behind when the rule that read it goes."""
    table = numbers()
    assert len({number.meaning for number in table}) == len(table)
    text = "\n".join(path.read_text() for path in RCA.rglob("*.py") if path.name != "weights.py")
    unread = [
        number.name for number in table if not re.search(rf"(?:table|weights|current\(\))\.{number.name}\b", text)
    ]
    assert unread == []


def test_another_table_holds_for_its_question_only() -> None:
    """Also where the question fails."""
    with pytest.raises(RuntimeError), using(Weights(silence=0.1)):
        assert current().silence == 0.1
        raise RuntimeError
    assert current() == Weights()


def test_what_is_read_is_noted() -> None:
    """Names of the numbers that were asked for, and no others."""
    read: set[str] = set()
    with noting(read):
        assert current().silence == Weights().silence
    assert read == {"silence"}
    assert current().plain and read == {"silence"}
