"""Follow rules: learnt from normal requests, they tell which step of a later request is missing or late."""

import json
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from openstack_rca.logs.event_table import EVENT_SCHEMA
from openstack_rca.model.follow import FollowRules, request_lines
from openstack_rca.model.step_tables import RULE_SCHEMA, STEP_SCHEMA
from openstack_rca.model.stories import build_stories

START = datetime(2026, 11, 25, 10, 0, tzinfo=UTC)
ACCEPTED, TAKEN, BUILT = 11, 12, 13
"""Template ids of the three steps of a build."""


def step(at: float, request: int, template: int, service: str, level: str = "INFO") -> dict[str, object]:
    """One event of a request."""
    return {
        "time": START + timedelta(seconds=at),
        "host": "controller",
        "service": service,
        "level": level,
        "message": f"step {template}",
        "template": f"step {template}",
        "template_id": template,
        "request_id": f"req-{request}",
    }


def build(at: float, request: int, wait: float = 2.0) -> list[dict[str, object]]:
    """A server that the API accepts, the scheduler's placement books and the compute takes up after ``wait``."""
    return [
        step(at, request, ACCEPTED, "nova-api"),
        step(at + wait, request, TAKEN, "nova-compute"),
        step(at + wait + 1, request, BUILT, "nova-compute"),
    ]


def frame(*events: list[dict[str, object]]) -> pl.DataFrame:
    """All events in order of time."""
    empty = dict.fromkeys(EVENT_SCHEMA)
    rows = [empty | event for part in events for event in part]
    return pl.DataFrame(rows, schema=EVENT_SCHEMA, orient="row").sort("time", maintain_order=True)


def quiet(at: float) -> list[dict[str, object]]:
    """A line of no request, so that the recording goes on."""
    return [step(at, 0, 99, "keystone") | {"request_id": None}]


def normal(builds: int = 30) -> pl.DataFrame:
    """So many builds, one every ten seconds, and a minute of rest."""
    return frame(*(build(10.0 * number, number, 2.0 + number % 3) for number in range(builds)), quiet(builds * 10 + 70))


@pytest.fixture(scope="module")
def rules() -> FollowRules:
    """Rules of a normal recording."""
    events = normal()
    return FollowRules.learn(events, build_stories(events))


def steps_of(rules: FollowRules, events: pl.DataFrame, **names: str) -> list[tuple[str, str, str]]:
    """(story, follower, state) of what was expected."""
    common = {key.replace("_", "-"): value for key, value in names.items()}
    steps = rules.steps(request_lines(events, build_stories(events), common), common)
    return sorted(steps.select("name", "follower", "state").rows())


def between_services(rules: FollowRules) -> pl.DataFrame:
    """The rules of which the follower is another service."""
    return rules.rules.filter(pl.col("service") != pl.col("follower"))


def test_a_service_that_always_comes_next_becomes_a_rule_with_its_wait(rules: FollowRules) -> None:
    """One rule: the API's acceptance is followed by the compute's taking up, within one and a half times the slowest."""
    (rule,) = between_services(rules).to_dicts()
    assert (rule["service"], rule["template_id"], rule["follower"]) == ("nova-api", ACCEPTED, "nova-compute")
    assert rule["follower_template"] == f"step {TAKEN}"
    assert rule["median_seconds"] == 3.0
    assert rule["within_seconds"] == pytest.approx(7.0)


def test_rules_are_the_same_without_their_rates(rules: FollowRules) -> None:
    """They are left out where only the rules are asked for: counting them takes most of the time."""
    events = normal()
    unrated = FollowRules.learn(events, build_stories(events), rated=False)
    assert unrated.rules.equals(rules.rules)
    assert unrated.rates.is_empty() and not rules.rates.is_empty()


def test_what_held_in_few_stories_is_no_rule() -> None:
    """Nine builds prove nothing."""
    events = normal(9)
    assert FollowRules.learn(events, build_stories(events)).rules.is_empty()


def test_what_often_did_not_follow_is_no_rule() -> None:
    """One build in ten that the compute never took up is too many."""
    builds = [build(10.0 * number, number)[: 1 if number % 10 == 0 else 3] for number in range(60)]
    events = frame(*builds, quiet(700))
    assert between_services(FollowRules.learn(events, build_stories(events))).is_empty()


def test_a_step_that_does_not_come_is_missing(rules: FollowRules) -> None:
    """The API accepted two servers; the compute took up one."""
    events = frame(build(0, 1), build(5, 2)[:1], quiet(60))
    assert steps_of(rules, events) == [("req-1", "nova-compute", "came"), ("req-2", "nova-compute", "missing")]


def test_a_step_that_comes_after_its_time_is_late(rules: FollowRules) -> None:
    """Twenty seconds where seven were the most."""
    events = frame(build(0, 1, wait=20), quiet(60))
    assert steps_of(rules, events) == [("req-1", "nova-compute", "late")]


def test_a_step_whose_time_is_not_up_is_not_judged(rules: FollowRules) -> None:
    """The recording ends three seconds after the acceptance; one in ten normal ones takes longer than four."""
    assert steps_of(rules, frame(build(0, 1)[:1], quiet(3))) == []


def test_the_end_of_the_first_of_two_recordings_cuts_off_its_steps(rules: FollowRules) -> None:
    """Hours later another recording begins; the first one's last build was not broken off by a fault."""
    assert steps_of(rules, frame(build(0, 1)[:1], quiet(3), build(7200, 2), quiet(7300))) == [
        ("req-2", "nova-compute", "came")
    ]


def test_services_of_another_name_are_matched_by_the_names_that_are_given(rules: FollowRules) -> None:
    """A cloud that calls the compute's log otherwise is read with the same rules."""
    events = frame(build(0, 1), quiet(60)).with_columns(pl.col("service").replace({"nova-compute": "n-cpu"}))
    assert steps_of(rules, events) == [("req-1", "nova-compute", "missing")]
    assert steps_of(rules, events, n_cpu="nova-compute") == [("req-1", "nova-compute", "came")]


def test_rates_are_counted_with_rules_of_other_stories(rules: FollowRules) -> None:
    """Every normal build is expected to be followed, by rules that it had no part in, and is."""
    assert rules.rates.rows() == [("nova-compute", 30, 0, 0, own) for own in (False, True)]


def test_an_error_calls_for_no_step(rules: FollowRules) -> None:
    """A line that reports a failure is followed by nothing that is normal."""
    events = frame([step(0, 1, ACCEPTED, "nova-api", level="ERROR")], quiet(60))
    assert steps_of(rules, events) == []


def test_rules_survive_json(rules: FollowRules) -> None:
    """Ids of 64 bits included."""
    large = rules.rules.with_columns(pl.lit(2**64 - 1, dtype=pl.UInt64).alias("template_id"))
    kept = FollowRules.from_dict(json.loads(json.dumps(FollowRules(large, rules.rates).as_dict())))
    assert kept.rules.equals(large)
    assert kept.rates.equals(rules.rates)


def test_without_rules_nothing_is_expected() -> None:
    """A model that knows no stories expects no step; the frame has its form all the same."""
    events = normal()
    steps = FollowRules.empty().steps(request_lines(events, build_stories(events)))
    assert steps.is_empty()
    assert steps.schema == pl.Schema(STEP_SCHEMA)


def test_a_recording_without_requests_gives_no_rules() -> None:
    """Whatever its services log, nothing tells which lines belong together."""
    events = frame(quiet(0), quiet(1))
    rules = FollowRules.learn(events, build_stories(events))
    assert rules.rules.is_empty()
    assert rules.rules.schema == pl.Schema(RULE_SCHEMA)


def test_a_step_that_is_long_overdue_when_the_recording_ends_is_missing_with_a_doubt(rules: FollowRules) -> None:
    """Six seconds are more than nine of ten took, and less than the longest."""
    events = frame(build(0, 1)[:1], quiet(6))
    steps = rules.steps(request_lines(events, build_stories(events)))
    assert steps.select("state", "unsure").rows() == [("missing", pytest.approx(0.1))]


def test_two_services_that_race_each_other_make_no_rule() -> None:
    """Where every third line of the compute comes before the API's own, a line of the API promises nothing."""
    builds = [build(10.0 * number, number, -0.5 if number % 3 == 0 else 0.5) for number in range(30)]
    events = frame(*(steps[:2] for steps in builds), quiet(370))
    assert FollowRules.learn(events, build_stories(events)).rules.is_empty()


def own_states(rules: FollowRules, *parts: list[dict[str, object]]) -> list[tuple[str, str]]:
    """(story, state) of what was expected of the compute within itself."""
    events = frame(*parts)
    steps = rules.own_steps(request_lines(events, build_stories(events)))
    assert steps.filter(pl.col("service") != pl.col("follower")).is_empty()
    return sorted(steps.select("name", "state").rows())


def test_a_request_that_stands_still_within_a_service_lacks_its_own_step(rules: FollowRules) -> None:
    """The compute takes up and does not build, or builds late: ten seconds and three times the longest are allowed."""
    late = [*build(0, 3)[:2], step(13, 3, BUILT, "nova-compute")]
    told = own_states(rules, build(0, 1), build(0, 2)[:2], late, quiet(60))
    assert told == [("req-1", "came"), ("req-2", "missing"), ("req-3", "late")]


def test_a_request_that_may_still_go_on_within_its_service_is_not_judged(rules: FollowRules) -> None:
    """The recording ends one second after the compute took it up."""
    assert own_states(rules, build(0, 1)[:2], quiet(3)) == []


def test_what_a_caller_asks_after_an_answer_is_no_step_of_the_service() -> None:
    """A client that asks twice in every normal request may as well ask once."""
    answer = {"template": '"GET /v2.0/ports HTTP/1.1" status: 200'}
    builds = [[event | answer for event in build(10.0 * number, number)[1:]] for number in range(30)]
    events = frame(*builds, quiet(370))
    assert FollowRules.learn(events, build_stories(events)).rules.is_empty()


def test_rates_of_a_file_from_before_own_steps_were_learnt_are_those_between_services(rules: FollowRules) -> None:
    facts = rules.as_dict()
    del facts["rates"]["own"]
    assert not FollowRules.from_dict(facts).rates["own"].any()


def handled(requests: range, switched: int, lasts: float = 5.0, between: float = 5.0) -> list[dict[str, object]]:
    """Requests that one process does one after another; in the one of this number, the last line has an id of its own."""
    events = []
    for number in requests:
        at = (lasts + between) * number
        events += [step(at, number, ACCEPTED, "nova-api"), step(at + lasts, number, TAKEN, "nova-api")]
        if number == switched:
            events[-1]["request_id"] = "req-of-its-own"
    return [event | {"process": 7} for event in events]


def own_of_api(rules: FollowRules, *parts: list[dict[str, object]]) -> list[tuple[str, str]]:
    events = frame(*parts)
    return sorted(rules.own_steps(request_lines(events, build_stories(events))).select("name", "state").rows())


def test_a_request_that_goes_on_under_another_id_in_a_process_of_one_request_at_a_time_stands_not_still() -> None:
    """What a process does for the first time may have an id of its own; its process has then gone on."""
    normal = frame(handled(range(30), switched=0), quiet(400))
    rules = FollowRules.learn(normal, build_stories(normal))
    assert rules.rules.filter(pl.col("template_id") == ACCEPTED)["alone"].to_list() == [True]
    told = own_of_api(rules, handled(range(3), switched=1), quiet(100))
    assert told == [("req-0", "came"), ("req-2", "came")]


def test_a_request_that_holds_its_process_up_stands_still() -> None:
    """Nothing else comes of a process that does one request at a time, and the request does not go on."""
    normal = frame(handled(range(30), switched=0), quiet(400))
    rules = FollowRules.learn(normal, build_stories(normal))
    told = own_of_api(rules, handled(range(3), switched=-1)[:-1], quiet(100))
    assert told == [("req-0", "came"), ("req-1", "came"), ("req-2", "missing")]


def test_what_a_process_of_many_requests_at_a_time_goes_on_with_clears_no_request() -> None:
    """Every request is overtaken by the next one and comes back all the same; one does not."""

    def woven(count: int) -> list[dict[str, object]]:
        return sorted(
            handled(range(count), switched=-1, lasts=15.0, between=-5.0), key=lambda event: str(event["time"])
        )

    normal = frame(woven(30), quiet(500))
    rules = FollowRules.learn(normal, build_stories(normal))
    lost = [event for event in woven(5) if (event["request_id"], event["template_id"]) != ("req-2", TAKEN)]
    assert ("req-2", "missing") in own_of_api(rules, lost, quiet(200))
