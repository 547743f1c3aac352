"""Missing steps: requests that began and did not go on accuse who stands on their way; those that went on clear."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from finding_samples import finding

from openstack_rca.rca.evidence import (
    ExpectedSteps,
    Finding,
    FoundWindow,
    missing_steps,
    new_errors,
    step_suspicion,
)
from openstack_rca.rca.evidence.expected_steps import find_troubles
from openstack_rca.rca.judgement import weigh
from openstack_rca.rca.knowledge import load_topology
from openstack_rca.rca.render import story_lines
from openstack_rca.rca.report import story_pictures, timeline
from openstack_rca.rca.vocabulary import Category, Directness, EvidenceSort

START = datetime(2026, 11, 25, 10, 0, tzinfo=UTC)
TOPOLOGY = load_topology()
PRESENT = (
    "nova-api",
    "nova-conductor",
    "nova-scheduler",
    "nova-compute",
    "placement-api",
    "cinder-api",
    "cinder-volume",
)

Step = tuple[float, int, str, str, str]
"""When, of which story, after which service, which follower, and what became of it."""


def build(at: float, story: int, *states: str) -> list[Step]:
    """A server that nova-api accepted: whether placement was asked, and whether the compute took it up."""
    return [
        (at, story, "nova-api", follower, state)
        for follower, state in zip(("placement-api", "nova-compute"), states, strict=True)
    ]


def volume(at: float, story: int, state: str) -> list[Step]:
    """A volume that cinder-api accepted."""
    return [(at, story, "cinder-api", "cinder-volume", state)]


def reboot(at: float, story: int, state: str) -> list[Step]:
    """A reboot goes from nova-api to the compute over the broker and asks nobody else."""
    return [(at, story, "nova-api", "nova-compute", state)]


def expected(*parts: list[Step], foreign: bool = False) -> ExpectedSteps:
    """Steps, of which one in a hundred stays away when all is well; the row of a step is its story."""
    rows = [
        {
            "story": story,
            "name": f"req-{story}",
            "row": story,
            "last_row": story,
            "time": START + timedelta(seconds=at),
            "service": service,
            "template": "accepted",
            "follower": follower,
            "follower_template": "taken up",
            # Placement is asked before the compute is told.
            "median_seconds": 1.0 if follower == "placement-api" else 2.0,
            "within_seconds": 4.0,
            "came_row": None if state == "missing" else story,
            "wait_seconds": {"missing": None, "late": 10.0}.get(state, 0.5),
            "unsure": 0.0,
            "state": state,
        }
        for part in parts
        for at, story, service, follower, state in part
    ]
    rates = dict.fromkeys(PRESENT, 0.01)
    return ExpectedSteps(pl.DataFrame(rows), rates, rates, foreign)


def window(seconds: int = 300, silent: tuple[str, ...] = (), since: int = 0) -> pl.DataFrame:
    """Ten minutes in which everybody logs every five seconds, but for some that are silent from a second on."""
    rows = [
        {
            "time": START + timedelta(seconds=second),
            "component": name,
            "host": "compute1" if name == "nova-compute" else "controller",
            "process": 1,
            "level": "INFO",
            "failed": False,
            "message": "at work",
        }
        for second in range(0, seconds, 5)
        for name in PRESENT
        if name not in silent or second < since
    ]
    return pl.DataFrame(rows).with_row_index("row")


def accused(*parts: list[Step], foreign: bool = False) -> list[str]:
    """Who is accused, the most suspected first."""
    return [finding.accused for finding in missing_steps(expected(*parts, foreign=foreign), window(), TOPOLOGY)]


NORMAL = [build(10.0 * number, number, "came", "came") for number in range(12)]
OTHERS_GO_ON = [volume(120.0 + 2 * number, 300 + number, "came") for number in range(10)]


def test_servers_that_are_accepted_and_never_taken_up_accuse_the_compute() -> None:
    """Builds and reboots end at it, volumes go on: not the scheduler, which reboots do not need, nor the broker."""
    stopped = [build(120.0 + 4 * n, 100 + n, "came", "missing") for n in range(5)]
    reboots = [reboot(121.0 + 4 * n, 200 + n, "missing") for n in range(4)]
    assert accused(*NORMAL, *stopped, *reboots, *OTHERS_GO_ON) == ["nova-compute"]


def test_who_hands_over_is_accused_where_the_one_behind_goes_on() -> None:
    """Builds end before placement is asked, while the computes reboot what they have: the scheduler."""
    stopped = [build(120.0 + 4 * n, 100 + n, "missing", "missing") for n in range(5)]
    reboots = [reboot(121.0 + 4 * n, 200 + n, "came") for n in range(6)]
    placement = [[(122.0 + n, 400 + n, "nova-compute", "placement-api", "came")] for n in range(6)]
    assert accused(*NORMAL, *stopped, *reboots, *placement, *OTHERS_GO_ON)[0] == "nova-scheduler"


def test_a_worker_is_accused_where_only_the_requests_that_need_it_stop() -> None:
    """Volumes are no longer made, but deleted, which takes no scheduler: cinder-volume is at work."""
    stopped = [volume(120.0 + 4 * n, 100 + n, "missing") for n in range(6)]
    deleted = [volume(121.0 + 4 * n, 200 + n, "came") for n in range(5)]
    steps = expected(*stopped, *deleted)
    kinds = pl.when(pl.col("story") < 200).then(pl.lit("create accepted")).otherwise(pl.lit("delete accepted"))
    present = pl.concat([window().drop("row"), window().drop("row").with_columns(component=pl.lit("cinder-scheduler"))])
    findings = missing_steps(
        replace(steps, steps=steps.steps.with_columns(template=kinds)), present.with_row_index("row"), TOPOLOGY
    )
    assert findings[0].accused == "cinder-scheduler"


def test_whom_an_api_asks_for_some_requests_is_not_shown_at_work_by_others() -> None:
    """Builds end before placement answers; nova-api takes other requests meanwhile, which ask it nothing."""
    stopped = [build(120.0 + 4 * n, 100 + n, "missing", "missing") for n in range(5)]
    taken = [[(121.0 + n, 500 + n, "cinder-volume", "nova-api", "came")] for n in range(20)]
    assert accused(*NORMAL, *stopped, *taken, *OTHERS_GO_ON)[0] == "placement-api"


def test_steps_that_nobody_misses_do_not_hide_those_that_stay_away() -> None:
    """How many others go on, and how surely, says nothing of a service that is waited for in vain."""
    stopped = [volume(120.0 + 6 * n, 100 + n, "missing") for n in range(9)]
    others = [build(120.0 + n / 10, 200 + n, "came", "came") for n in range(600)]
    assert accused(*NORMAL, *stopped, *others) == ["cinder-volume"]


def test_the_broker_is_accused_where_all_that_needs_it_stops() -> None:
    """Neither nova's nor cinder's requests reach their workers; the APIs that are called over HTTP answer."""
    stopped = [reboot(120.0 + 4 * n, 100 + n, "missing") for n in range(4)]
    volumes = [volume(121.0 + 4 * n, 200 + n, "missing") for n in range(4)]
    assert accused(*NORMAL, *stopped, *volumes)[0] == "rabbitmq"


def test_a_request_that_was_answered_with_a_refusal_misses_no_step() -> None:
    """Whoever deletes a volume that is gone is told so (404), and nothing reaches cinder-volume."""
    steps = expected(*NORMAL, *(volume(120.0 + 4 * n, 100 + n, "missing") for n in range(5)))
    answered = '10.0.0.9 "DELETE /v3/volumes/5f0e HTTP/1.1" status: {}  len: 504 time: 0.03'
    for status, accused in ((404, []), (202, ["cinder-volume"])):
        told = pl.when(pl.col("row").is_between(100, 104)).then(pl.lit(answered.format(status)))
        logged = window().with_columns(message=told.otherwise("message"))
        assert [one.accused for one in missing_steps(steps, logged, TOPOLOGY)] == accused


def test_what_another_source_saw_come_shows_who_was_at_work() -> None:
    """Where a network saw requests pass the broker meanwhile, it is not the broker; how many stopped is the rules' to say."""
    stopped = [reboot(120.0 + 4 * n, 100 + n, "missing") for n in range(4)]
    stopped += [volume(121.0 + 4 * n, 200 + n, "missing") for n in range(4)]
    rules = expected(*NORMAL, *stopped)
    both = replace(rules, proofs=expected(*OTHERS_GO_ON).steps)
    (alone,), together = (missing_steps(told, window(), TOPOLOGY) for told in (rules, both))
    assert alone.accused == "rabbitmq"
    assert "rabbitmq" not in {finding.accused for finding in together}
    assert {finding.count for finding in together} == {alone.count}


def test_one_or_two_requests_that_broke_off_accuse_nobody() -> None:
    """Users cancel what they began."""
    assert accused(*NORMAL, build(120, 100, "came", "missing"), build(124, 101, "came", "missing")) == []


def test_what_is_as_frequent_as_ever_accuses_nobody() -> None:
    """Three of three hundred are the one in a hundred that is normal."""
    many = [reboot(0.5 * number, number, "missing" if number % 100 == 50 else "came") for number in range(300)]
    assert accused(*many) == []


def test_the_trouble_begins_with_the_first_of_the_many_that_stopped() -> None:
    """One server that got stuck two minutes before does not date the fault."""
    early = build(10, 90, "came", "missing")
    stopped = [build(120.0 + 4 * n, 100 + n, "came", "missing") for n in range(6)]
    (finding,) = missing_steps(expected(*NORMAL, early, *stopped, *OTHERS_GO_ON), window(), TOPOLOGY)
    assert finding.first == START + timedelta(seconds=120)
    assert finding.rows == tuple(range(100, 106))


def test_the_statement_says_how_many_stopped_where_and_what_is_normal() -> None:
    """A person reads who began them, who should have logged, and within what time."""
    stopped = [build(120.0 + 4 * n, 100 + n, "came", "missing") for n in range(6)]
    (finding,) = missing_steps(expected(*NORMAL, *stopped, *OTHERS_GO_ON), window(), TOPOLOGY)
    assert finding.title == (
        "6 requests that nova-api had taken since 10:02:00 should have gone on to nova-compute, and none of them was taken up "
        "there; normally that takes less than 4 s"
    )
    assert (finding.sort, finding.directness) == (EvidenceSort.MISSING_STEP, Directness.ACCUSATION)


def test_steps_that_come_after_their_time_speak_of_slowness_and_weigh_less() -> None:
    """Who answers late hangs, or is short of something; who never answers is worse."""
    late = [reboot(120.0 + 4 * n, 100 + n, "late") for n in range(6)]
    missing = [reboot(120.0 + 4 * n, 100 + n, "missing") for n in range(6)]
    (slow,) = missing_steps(expected(*NORMAL, *late, *OTHERS_GO_ON), window(), TOPOLOGY)
    (gone,) = missing_steps(expected(*NORMAL, *missing, *OTHERS_GO_ON), window(), TOPOLOGY)
    assert (slow.sort, slow.category) == (EvidenceSort.LATE_STEP, Category.HANG)
    assert slow.weight < gone.weight
    assert slow.first - gone.first == timedelta(seconds=4), "a request is late from when its step was due"


def test_steps_that_take_less_than_twice_as_long_show_a_busy_cloud() -> None:
    """Of one service within itself the time that was learnt allows for that already."""
    busy = expected(*NORMAL, *(reboot(120.0 + 4 * n, 100 + n, "late") for n in range(6)))
    busy = replace(busy, steps=busy.steps.with_columns(wait_seconds=pl.col("wait_seconds").clip(upper_bound=7.5)))
    assert find_troubles(busy) == []
    within = replace(busy, steps=busy.steps.with_columns(service="follower"))
    assert [trouble.late for trouble in find_troubles(within)] == [True]


@pytest.mark.parametrize(("silent", "category"), [((), Category.HANG), (("nova-compute",), Category.PROCESS_DOWN)])
def test_who_logs_on_hangs_and_who_is_silent_is_down(silent: tuple[str, ...], category: Category) -> None:
    """The kind of fault is read from the accused component's own log."""
    stopped = [reboot(120.0 + 4 * n, 100 + n, "missing") for n in range(6)]
    steps = expected(*NORMAL, *stopped, *OTHERS_GO_ON)
    (finding,) = missing_steps(steps, window(silent=silent, since=115), TOPOLOGY)
    assert finding.category is category


def test_who_logs_on_as_another_process_was_down() -> None:
    """The line that a killed process writes when it is started again does not show it at work all the time."""
    steps = expected(*NORMAL, *[reboot(120.0 + 4 * n, 100 + n, "missing") for n in range(6)], *OTHERS_GO_ON)
    logged = window(silent=("nova-compute",), since=115)
    started = logged.filter(pl.col("component") == "nova-compute").tail(1)
    started = started.with_columns(time=pl.lit(START + timedelta(seconds=138)), process=2)
    (finding,) = missing_steps(steps, pl.concat([logged, started], how="vertical_relaxed"), TOPOLOGY)
    assert finding.category is Category.PROCESS_DOWN


def test_on_another_cloud_a_rule_has_to_hold_first() -> None:
    """A step that never came here is another way of doing things, not a fault."""
    never = [reboot(4.0 * number, number, "missing") for number in range(20)]
    assert accused(*never, foreign=True) == []
    proven = [reboot(4.0 * number, number, "came" if number < 10 else "missing") for number in range(20)]
    assert accused(*proven, foreign=True) == ["nova-compute"]


def test_nothing_expected_nothing_missing() -> None:
    """A model that knows no stories accuses nobody by them."""
    assert missing_steps(ExpectedSteps(), window(), TOPOLOGY) == []
    assert step_suspicion(ExpectedSteps(), window()).sum() == 0


def test_the_events_after_which_requests_stopped_are_suspicious() -> None:
    """So that a window is found where nobody logs an error."""
    stopped = [reboot(120.0 + 4 * n, 100 + n, "missing") for n in range(6)]
    weights = step_suspicion(expected(*NORMAL, *stopped), window())
    assert weights.nonzero()[0].tolist() == list(range(100, 106))


def test_a_picture_sets_the_request_that_stopped_beside_a_normal_one() -> None:
    """Placement answered in time; the compute, which is due within four seconds, never did."""
    stopped = [build(120.0 + 4 * n, 100 + n, "came", "missing") for n in range(6)]
    steps = expected(*NORMAL, *stopped, *OTHERS_GO_ON)
    observed = window().with_columns(text=pl.lit("accepted\nby nova-api"))
    findings = missing_steps(steps, observed, TOPOLOGY)
    (candidate,) = weigh(findings)
    (picture,) = story_pictures([candidate], steps, observed)
    assert [(step.component, step.seconds) for step in picture.steps] == [
        ("nova-api", 0.0),
        ("placement-api", 0.5),
        ("nova-compute", None),
    ]
    assert (picture.like_it, picture.last) == (6, "accepted")
    assert story_lines(picture)[-1].endswith("nothing within 4.0 s")
    (gap,) = [
        entry for entry in timeline([candidate], FoundWindow(START, START, 1.0), [picture]) if entry.kind == "gap"
    ]
    assert (gap.component, gap.time - picture.begun) == ("nova-compute", timedelta(seconds=0.5))
    assert gap.text.startswith(f"{picture.name} gets no further, like 5 more")


def test_the_timeline_names_a_component_once() -> None:
    """An error without a signature is titled with its component, which the entry names already."""
    error = finding("mariadb", "mariadb")
    (candidate,) = weigh([replace(error, title="mariadb: Connection was killed")])
    told = [
        entry.text for entry in timeline([candidate], FoundWindow(START, START, 1.0), []) if entry.kind == "evidence"
    ]
    assert told == ["Connection was killed (5 times)"]


def test_who_says_in_the_stopped_requests_what_is_wrong_with_it_is_accused() -> None:
    """The scheduler refuses, in its own words, in the very requests: nobody else is accused of their stop."""
    stopped = [build(120.0 + 4 * n, 100 + n, "came", "missing") for n in range(5)]
    asked = replace(expected(*NORMAL, *stopped, *OTHERS_GO_ON), rows=pl.DataFrame({"story": [100, 101], "row": [7, 8]}))
    said = Finding(
        sort=EvidenceSort.NEW_TEMPLATE,
        directness=Directness.CAUSE,
        accused="nova-scheduler",
        accused_host="ctl01",
        accuser="nova-scheduler",
        category=Category.CONFIG,
        title="the trait that is asked for does not exist",
        why="",
        weight=0.7,
        rows=(8,),
        count=1,
        first=START,
        last=START,
    )
    (finding,) = missing_steps(asked, window(), TOPOLOGY, [said])
    assert (finding.accused, finding.accused_host) == ("nova-scheduler", "ctl01")
    assert finding.category is Category.CONFIG
    elsewhere = replace(said, rows=(3,))
    assert [found.accused for found in missing_steps(asked, window(), TOPOLOGY, [elsewhere])] != ["nova-scheduler"]
    unknown = replace(said, directness=Directness.SYMPTOM, weight=0.2, unexplained=True)
    for count, accused in ((2, ["nova-scheduler"]), (1, ["nova-compute"])):
        found = missing_steps(asked, window(), TOPOLOGY, [replace(unknown, count=count)])
        assert [one.accused for one in found] == accused, "an error that no rule knows counts in many of the requests"
    refused = replace(said, directness=Directness.ACCUSATION, weight=0.6, signature="nova-quota-exceeded")
    refused = replace(refused, accused="nova-api", accuser="nova-api")
    for count, accused in ((2, ["nova-api"]), (1, ["nova-compute"])):
        found = missing_steps(asked, window(), TOPOLOGY, [replace(refused, count=count)])
        assert [one.accused for one in found] == accused, "and so does a refusal of who took them that a rule knows"
        unusual = replace(refused, count=count, signature=None, sort=EvidenceSort.MODEL_ANOMALY)
        found = missing_steps(asked, window(), TOPOLOGY, [unusual])
        assert [one.accused for one in found] == accused, "or one that normal logs do not hold"


@pytest.mark.parametrize(("normal", "weaker"), [(2.0, True), (0.0, False)], ids=["a kind that is normal", "a new kind"])
def test_errors_that_the_network_expected_where_they_came_say_less(normal: float, weaker: bool) -> None:
    """More of a normal error than usual, each after what it always follows: there is only more to do. A new one counts."""
    rows = pl.DataFrame(
        {
            "row": range(8),
            "time": [START + timedelta(seconds=n) for n in range(8)],
            "component": "neutron-macvtap-agent",
            "host": "compute1",
            "level": "ERROR",
            "message": "Network is not available.",
            "text": "Network is not available.",
            "exception": None,
            "detail": None,
            "template_id": 1,
            "novelty": 0.9,
            "normal_per_minute": normal,
        },
        schema_overrides={"exception": pl.String, "detail": pl.String},
    )
    (unexpected,) = new_errors(rows.with_columns(score=pl.lit(0.99)), 1.0)
    (foreseen,) = new_errors(rows.with_columns(score=pl.lit(0.3)), 1.0)
    (without_model,) = new_errors(rows.with_columns(score=pl.lit(None, pl.Float64)), 1.0)
    assert without_model.strength == pytest.approx(unexpected.strength)
    assert (foreseen.strength < 0.5 * unexpected.strength) == weaker


@pytest.mark.parametrize("state", ["missing", "late"])
def test_requests_that_stand_still_within_a_service_accuse_it(state: str) -> None:
    def work(at: float, story: int, state: str) -> Step:
        return (at, story, "cinder-volume", "cinder-volume", state)

    own = expected(
        [work(10.0 * number, number, "came") for number in range(12)],
        [work(120.0 + number, 100 + number, state) for number in range(8)],
    )
    told = replace(ExpectedSteps(), own=own)
    found = missing_steps(told, window(), TOPOLOGY)
    assert found[0].accused == "cinder-volume"
    assert found[0].category is Category.HANG
    assert "within cinder-volume after “accepted”" in found[0].title
    assert step_suspicion(told, window()).sum() == 8


def stood(state: str, *hosts: str, last: float = 0.0, silent: tuple[str, ...] = ()) -> list[str]:
    """Who is accused where one request stands still within nova-compute on each of these hosts, three times."""
    computes = [f"compute{number}" for number in range(1, 4)]
    steps = [
        (120.0 + number, 900 + number, "nova-compute", "nova-compute", state) for number, _ in enumerate(hosts * 3)
    ]
    normal = [(10.0 * number, number, "nova-compute", "nova-compute", "came") for number in range(12)]
    own = expected(normal, steps)
    went_on = pl.col("time").dt.timestamp("ms") / 1000
    woke = (START + timedelta(seconds=160)).timestamp() - went_on + last * (pl.col("story") - 900)
    own = replace(own, steps=own.steps.with_columns(wait_seconds=pl.when(pl.col("state") == "late").then(woke)))
    lines = pl.DataFrame(
        [
            window(5).filter(component="nova-compute").drop("row").row(0, named=True)
            | {"host": host, "time": START + timedelta(seconds=120.0 + number)}
            for number, host in enumerate((*(hosts * 3), *computes))
        ]
    ).with_row_index("row", offset=900)
    told = pl.concat([window(silent=silent, since=100).cast({"row": pl.UInt32}), lines.cast({"row": pl.UInt32})]).sort(
        "time"
    )
    return [one.accused for one in missing_steps(replace(ExpectedSteps(), own=own), told, TOPOLOGY)]


def test_requests_that_stood_still_on_all_hosts_of_an_agent_and_went_on_at_once_accuse_its_server() -> None:
    """What all nova-computes wait for is nova-conductor, and where it answers again, all of them go on."""
    assert stood("late", "compute1", "compute2", "compute3") == ["nova-conductor"]


def test_requests_that_stood_still_on_some_hosts_accuse_the_agent() -> None:
    assert stood("late", "compute1", "compute2") == ["nova-compute"]


def test_requests_that_never_go_on_show_no_common_server() -> None:
    assert stood("missing", "compute1", "compute2", "compute3") == ["nova-compute"]


def test_an_api_that_wrote_nothing_meanwhile_may_be_what_an_agent_waited_for() -> None:
    assert stood("late", "compute1", "compute2", "compute3", silent=("placement-api",)) == ["nova-compute"]


def test_requests_that_go_on_one_after_the_other_waited_for_no_common_server() -> None:
    assert stood("late", "compute1", "compute2", "compute3", last=5.0) == ["nova-compute"]


@pytest.mark.parametrize(
    ("answering", "blamed"), [("placement-api", "placement-api"), ("nova-api", "nova-compute"), (None, "nova-compute")]
)
def test_an_api_that_answered_the_stopped_requests_with_errors_is_why_they_stopped(
    answering: str | None, blamed: str
) -> None:
    """Placement fails, so that no server reaches a compute; an API that waits for the compute only passes the failure on."""
    steps = expected(*NORMAL, *(build(120.0 + 4 * n, 100 + n, "came", "missing") for n in range(5)))
    failed = window().with_columns(failed=pl.col("component").eq(pl.lit(answering)).fill_null(False))
    lines = failed.filter(pl.col("component") == (answering or "placement-api"))["row"].head(5)
    rows = pl.DataFrame({"story": range(100, 105), "row": lines}).cast(pl.Int64)
    assert missing_steps(replace(steps, rows=rows), failed, TOPOLOGY)[0].accused == blamed


@pytest.mark.parametrize(
    ("stopped_on", "others_on", "blamed"),
    [
        ("ctl1", "ctl2", ("nova-api", "ctl1")),
        ("ctl1", "ctl1", ("nova-compute", None)),
        ("ctl1", None, ("nova-compute", None)),
    ],
    ids=["on one of two", "on the same", "on the only one"],
)
def test_requests_that_stop_at_one_instance_only_accuse_it(
    stopped_on: str, others_on: str | None, blamed: tuple[str, str | None]
) -> None:
    """What one of two APIs sends is lost; what the other one takes arrives."""
    stopped = [reboot(120.0 + 4 * n, 100 + n, "missing") for n in range(8)]
    others = [reboot(121.0 + 4 * n, 200 + n, "came") for n in range(8)] if others_on else []
    lines = pl.DataFrame(
        [
            window(5).filter(component="nova-api").drop("row").row(0, named=True)
            | {"row": row, "host": stopped_on if row < 200 else others_on, "time": START + timedelta(seconds=120.0)}
            for row in (*range(100, 108), *range(200, 208))
        ]
    )
    rest = window().filter(~pl.col("row").is_in([*range(100, 108), *range(200, 208)]))
    told = pl.concat([rest, lines.select(rest.columns).cast(rest.schema)])  # type: ignore[arg-type]
    found = missing_steps(expected(*NORMAL, *stopped, *others, *OTHERS_GO_ON), told, TOPOLOGY)[0]
    assert (found.accused, found.accused_host) == blamed
