"""The words that every rendering shares."""

import io
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest
import report_samples
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from openstack_rca.rca.render import render_html, render_markdown, render_short, render_text_plain
from openstack_rca.rca.render.headline import ACTION_WHEN_HEALTHY, ACTION_WHEN_UNSURE, headline, lacks, simultaneous
from openstack_rca.rca.render.text_pictures import chain_lines, chain_rows, story_lines, story_title
from openstack_rca.rca.render.wording import (
    alone,
    category_text,
    clock,
    confidence_sides,
    confidence_text,
    confirm_command,
    counts,
    kind_text,
    model_text,
    moment,
    names,
    one_day,
    percent,
    place,
    reading_text,
    reason,
    request_text,
    ruled_out_text,
    seconds_text,
    similar_facts,
    similar_text,
    span,
    window_text,
)
from openstack_rca.rca.report.report import ConfidencePart, Hop, ModelUsed, Report, StoryPicture, StoryStep
from openstack_rca.rca.vocabulary import ConfidenceSource, EvidenceSort, Verdict

HOPS = st.lists(
    st.builds(Hop, source=st.sampled_from("abcdef"), target=st.sampled_from("abcdef"), supported=st.booleans()),
    max_size=20,
)


def test_a_sure_report_says_what_is_wrong_and_what_to_do() -> None:
    """The headline of a confirmed report is its first cause: statement, first evidence, remedy."""
    report = report_samples.confirmed()
    point = headline(report)
    assert point.sure
    assert point.subject == "mariadb on controller"
    assert point.why == report.causes[0].statement
    assert point.proof == report.causes[0].evidence[0]
    assert point.action == report.causes[0].remedy
    assert point.others == 1


def test_an_unsure_report_asks_for_a_check_instead_of_a_remedy() -> None:
    """An inconclusive report gives its summary, and the first check rather than a repair on a guess."""
    report = report_samples.inconclusive()
    point = headline(report)
    assert not point.sure
    assert point.why == report.summary
    assert point.action == "Check: openstack volume service list"


def test_an_unsure_report_says_what_to_do_once_its_check_confirms_the_guess() -> None:
    report = report_samples.inconclusive()
    guess = report.causes[0].model_copy(update={"remedy": "Restart the volume service."})
    action = headline(report.model_copy(update={"causes": [guess]})).action
    assert action == "Check: openstack volume service list (if that confirms it: Restart the volume service)"


def test_a_report_without_causes_still_says_what_to_do() -> None:
    """Healthy and empty-handed reports have an action of their own."""
    assert headline(report_samples.healthy()).action == ACTION_WHEN_HEALTHY
    empty = report_samples.inconclusive().model_copy(update={"causes": []})
    assert headline(empty).action == ACTION_WHEN_UNSURE


def test_times_are_shown_in_utc() -> None:
    """A time of another zone is converted; one without a zone is UTC already."""
    assert moment(datetime(2026, 3, 9, 12, tzinfo=timezone(timedelta(hours=2)))) == "2026-03-09 10:00:00 UTC"
    assert moment(datetime(2026, 3, 9, 12)) == moment(datetime(2026, 3, 9, 12, tzinfo=UTC))


@pytest.mark.parametrize(("share", "text"), [(0, "0 %"), (0.554, "55 %"), (0.999, "99 %"), (1, "100 %")])
def test_only_certainty_is_a_hundred_per_cent(share: float, text: str) -> None:
    """A confidence is rounded, but never up to certainty."""
    assert percent(share) == text


def test_counts_stand_against_the_baseline() -> None:
    """With a baseline it is before and now; without one only how often."""
    assert counts(report_samples.evidence(baseline="0", count=412)) == "412 times, normally never"
    assert counts(report_samples.evidence(baseline="35/min", count=0)) == "none, normally 35/min"
    assert counts(report_samples.evidence(baseline="", count=1)) == "once"


@pytest.mark.parametrize(
    ("host", "text"),
    [
        (None, "nova-compute"),
        ("compute1", "nova-compute on compute1"),
        ("compute1,compute2,compute3", "nova-compute on compute1, compute2, compute3"),
        ("c1,c2,c3,c4", "nova-compute on c1, c2, c3, c4"),
        ("c1,c2,c3,c4,c5", "nova-compute on c1, c2, c3 and 2 more hosts"),
        ("c1,c2,c3,c4,c5,c6", "nova-compute on c1, c2, c3 and 3 more hosts"),
    ],
)
def test_hosts_are_words_that_a_line_can_break_between(host: str | None, text: str) -> None:
    """Several hosts are separated by blanks, many are counted."""
    assert place("nova-compute", host) == text


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([], ""),
        (["a"], "a"),
        (["a", "b"], "a and b"),
        (list("abcd"), "a, b, c and d"),
        (list("abcde"), "a, b, c and 2 more"),
        (list("abcdefg"), "a, b, c and 4 more"),
    ],
)
def test_long_lists_are_counted(values: list[str], text: str) -> None:
    """A sentence holds three names and how many more there are; it never counts a single one."""
    assert names(values) == text


def test_the_headline_says_what_else_went_wrong() -> None:
    """Simultaneous causes and further stretches of trouble are told with the point; a single fault adds nothing."""
    report = report_samples.confirmed()
    point = headline(report)
    assert point.reach == "It accounts for the trouble of nova-conductor, nova-api, keystone and 2 more."
    assert "rabbitmq on controller failed on its own account." in point.also
    assert "Trouble again from 14:42:11 to 14:45:16 UTC: glance-api on controller (LIKELY)." in point.also
    assert headline(report_samples.inconclusive()).also == ""


def test_own_account_needs_another_fault() -> None:
    """One fault alone is never called simultaneous."""
    report = report_samples.confirmed()
    assert [cause.component for cause in simultaneous(report)] == ["mariadb", "rabbitmq"]
    assert simultaneous(report.model_copy(update={"causes": report.causes[:1]})) == []


def test_what_is_missing_is_counted() -> None:
    """The first gap is named, with how many more there are."""
    assert lacks(report_samples.inconclusive()) == "no log of any cinder service (and 1 more)"
    assert lacks(report_samples.healthy()) == ""


def test_a_confidence_is_told_in_words_without_its_zeros() -> None:
    """What adds nothing is left out, the rest is strong, fair or weak, for or against."""
    sides = confidence_sides(report_samples.database_cause())
    told = {side: [confidence_text(part) for part in parts] for side, parts in sides}
    assert told == {
        "Speaks for it": [
            "direct evidence (fair; mariadbd logged its own shutdown)",
            "independent accusers (weak; 6 services)",
            "onset first (weak)",
        ],
        "Speaks against it": ["unsupported hops (weak; 1 of 5)"],
    }


def test_a_reason_is_given_once() -> None:
    """Evidence against the cause itself says only why; what was said before is not said again."""
    cause = report_samples.database_cause()
    told: set[str] = set()
    assert reason(report_samples.evidence(), cause, told) == report_samples.evidence().why
    assert reason(report_samples.evidence(3), cause, told) == ""
    other = report_samples.evidence(accuses="keystone", accused_host=None)
    assert reason(other, cause, told).startswith("accuses keystone: ")


def test_an_episode_can_be_looked_at_alone() -> None:
    """The options hold the whole stretch, in full seconds around it."""
    episode = report_samples.later_episode()
    assert alone(episode) == "--since 2026-03-09T14:42:11Z --until 2026-03-09T14:45:17Z"
    assert span(episode) == "2026-03-09 14:42:11 to 14:45:16 UTC"


def test_steps_that_say_the_same_stand_together() -> None:
    """Components that one troubles in the same words, and that trouble nobody, share a line."""
    hops = [
        Hop(source="rabbitmq", target="cinder-api", supported=True, note="blocked"),
        Hop(source="rabbitmq", target="nova-api", supported=True, note="blocked"),
        Hop(source="nova-api", target="heat-api", supported=False),
        Hop(source="rabbitmq", target="glance-api", supported=True, note="blocked"),
        Hop(source="rabbitmq", target="keystone", supported=False),
    ]
    lines = chain_lines(chain_rows(hops))
    assert [(line.depth, line.components) for line in lines] == [
        (0, ("rabbitmq",)),
        (1, ("cinder-api", "glance-api")),
        (1, ("nova-api",)),
        (2, ("heat-api",)),
        (1, ("keystone",)),
    ]


def test_who_troubles_others_stands_alone_before_those_that_do_not() -> None:
    hops = [
        Hop(source="rabbitmq", target="nova-api", supported=True, note="blocked"),
        Hop(source="nova-api", target="heat-api", supported=False),
        Hop(source="rabbitmq", target="cinder-api", supported=True, note="blocked"),
    ]
    lines = chain_lines(chain_rows(hops))
    assert [line.components for line in lines] == [("rabbitmq",), ("nova-api",), ("heat-api",), ("cinder-api",)]


@given(HOPS)
def test_every_hop_is_on_one_line(hops: list[Hop]) -> None:
    """Joining rows loses and repeats nothing."""
    lines = chain_lines(chain_rows(hops))
    told = [
        Hop(source=line.hop.source, target=component, supported=line.hop.supported)
        for line in lines
        if line.hop
        for component in line.components
    ]
    assert Counter(told) == Counter(hops)


def test_a_chain_is_a_tree_from_its_root() -> None:
    """Steps stand below what troubles them; a second way to a component does not repeat its followers."""
    rows = chain_rows(report_samples.confirmed().chain)
    assert [(row.depth, row.component) for row in rows] == [
        (0, "mariadb"),
        (1, "nova-conductor"),
        (2, "nova-api"),
        (2, "nova-compute"),
        (1, "keystone"),
        (2, "nova-api"),
        (0, "rabbitmq"),
        (1, "nova-compute"),
    ]


@given(HOPS)
def test_every_hop_is_shown_once(hops: list[Hop]) -> None:
    """Cycles, loops, doubles and several roots: each hop is one row, below a row of its source."""
    rows = chain_rows(hops)
    assert Counter(row.hop for row in rows if row.hop) == Counter(hops)
    above: dict[int, str] = {}
    for row in rows:
        assert row.hop is None or above[row.depth - 1] == row.hop.source
        above[row.depth] = row.component


STORY = StoryPicture(
    name="req-7",
    begun=datetime(2026, 3, 9, 14, 2, 11, 375_000, tzinfo=UTC),
    like_it=3,
    steps=[
        StoryStep(component="nova-api", text="a", normal_seconds=0.0, seconds=0.0),
        StoryStep(component="nova-scheduler", text="b", normal_seconds=1.0, within_seconds=4.0, seconds=2.0),
        StoryStep(component="nova-conductor", text="c", normal_seconds=1.0, within_seconds=1.5, seconds=1.6),
        StoryStep(component="nova-compute", text="d", normal_seconds=2.0, within_seconds=3.0, seconds=None),
    ],
)


def test_a_request_is_drawn_as_long_as_it_took() -> None:
    """Bars of thirteen signs for the longest wait; dots where nothing came; what was late says so."""
    assert story_lines(STORY) == [
        "                normally               this time",
        "nova-api        | 0.0 s                | 0.0 s",
        "nova-scheduler  |--- 1.0 s             |------ 2.0 s",
        "nova-conductor  |--- 1.0 s             |----- 1.6 s, late",
        "nova-compute    |------ 2.0 s          |.......... nothing within 3.0 s",
    ]


def test_a_step_that_is_never_overdue_is_waited_for_as_long_as_the_longest() -> None:
    """A request of one step, and one of none, are drawn too."""
    alone = STORY.model_copy(update={"steps": [StoryStep(component="a", text="", normal_seconds=2.0)]})
    assert story_lines(alone)[-1] == f"a  |{'-' * 14} 2.0 s   |{'.' * 14} nothing within 2.0 s"
    assert len(story_lines(STORY.model_copy(update={"steps": []}))) == 1


def test_no_line_of_a_picture_is_too_long_for_a_terminal_of_80_columns() -> None:
    """Four columns are left for what stands before it: a bar that is wrapped tells nothing."""
    step = STORY.steps[-1].model_copy(update={"component": "neutron-openvswitch-agent", "within_seconds": 999.9})
    lines = story_lines(STORY.model_copy(update={"steps": [step]}))
    assert lines[-1].endswith("nothing within 999.9 s")
    assert max(map(len, lines)) <= 76


def test_a_story_says_when_it_began_and_how_many_are_like_it() -> None:
    """The others are counted without itself."""
    assert story_title(STORY) == "req-7, begun 14:02:11.375; 2 more stopped alike"
    assert story_title(STORY.model_copy(update={"like_it": 1})) == "req-7, begun 14:02:11.375"


def test_a_time_of_day_has_milliseconds_in_utc() -> None:
    """No time gives no words."""
    assert clock(datetime(2026, 3, 9, 12, 0, 0, 7_999, tzinfo=timezone(timedelta(hours=2)))) == "10:00:00.007"
    assert (clock(None), moment(None)) == ("", "unknown")


def test_a_day_is_told_once_only_where_it_is_one_in_utc() -> None:
    """Two moments of one day elsewhere may be two days here."""
    here = datetime(2026, 3, 9, 23, 30, tzinfo=UTC)
    assert one_day([here, here + timedelta(minutes=29)]) == "2026-03-09"
    assert one_day([here, here + timedelta(minutes=30)]) == ""
    assert one_day([]) == ""
    assert one_day([here, here.astimezone(timezone(timedelta(hours=2)))]) == "2026-03-09"


def test_a_stretch_over_midnight_tells_both_days() -> None:
    """And in full seconds nothing is added to what ends at one."""
    episode = report_samples.later_episode().model_copy(
        update={"start": datetime(2026, 3, 9, 23, 59, tzinfo=UTC), "end": datetime(2026, 3, 10, 0, 1, tzinfo=UTC)}
    )
    assert span(episode) == "2026-03-09 23:59:00 to 2026-03-10 00:01:00 UTC"
    assert alone(episode) == "--since 2026-03-09T23:59:00Z --until 2026-03-10T00:01:00Z"


@pytest.mark.parametrize(
    ("sort", "signature", "told"),
    [
        (EvidenceSort.SIGNATURE, "a-rule", "signature a-rule"),
        (EvidenceSort.SILENCE, "a-rule", f"{EvidenceSort.SILENCE.value}, signature a-rule"),
        (EvidenceSort.SILENCE, None, EvidenceSort.SILENCE.value),
        (EvidenceSort.SIGNATURE, None, EvidenceSort.SIGNATURE.value),
        (EvidenceSort.MODEL_ANOMALY, None, "unexpected by the model"),
    ],
)
def test_evidence_says_how_it_was_found(sort: EvidenceSort, signature: str | None, told: str) -> None:
    """A rule by its name, else the sort of evidence; a line that the model did not expect, how little it did."""
    item = report_samples.evidence(sort=sort, signature=signature)
    assert kind_text(item.model_copy(update={"score": 0.89})) == told
    assert kind_text(item.model_copy(update={"score": 0.99996})) == f"{told}, less expected than 99.9 % of normal lines"


def test_what_was_read_is_counted_with_what_nobody_understood() -> None:
    """One file is one file; a report over nothing divides by nothing."""
    report = report_samples.confirmed()
    assert (
        reading_text(report) == "20,417 events, 24,873 lines, 3 files; 99 lines (0.4 %) in a format that is not known"
    )
    assert reading_text(report_samples.healthy()) == "10,211 events, 10,215 lines, 1 file"
    single = report_samples.healthy().model_copy(update={"lines": 1, "events": 1})
    assert reading_text(single) == "1 event, 1 line, 1 file"
    nothing = report.model_copy(update={"lines": 0, "events": 0})
    assert reading_text(nothing).startswith("0 events, 0 lines, 3 files; 99 lines")


def test_the_window_says_how_it_was_come_by() -> None:
    """Open ends are unknown; without any the logs as a whole were looked at."""
    report = report_samples.confirmed()
    assert window_text(report) == "2026-03-09 14:01:41 UTC to 2026-03-09 14:07:11 UTC (found from the logs)"
    given = report.window.model_copy(update={"found": False, "end": None})
    assert window_text(report.model_copy(update={"window": given})) == "2026-03-09 14:01:41 UTC to unknown (given)"
    assert window_text(report_samples.inconclusive()) == "the whole of the logs"


def test_model_steps_and_requests_are_told_in_a_line() -> None:
    """Each with what there is of it."""
    report = report_samples.confirmed()
    assert model_text(report) == "lstm_model, version 15, from cache"
    bare = report.model.model_copy(update={"version": None, "source": ""})
    assert model_text(report.model_copy(update={"model": bare})) == "lstm_model, no version"
    none = ModelUsed(name="none", source="none")
    assert model_text(report.model_copy(update={"model": none})) == "none"
    assert seconds_text(report) == "read 0.82 s, score 0.41 s, explain 0.12 s"
    assert seconds_text(report_samples.healthy()) == ""
    path = report_samples.failed_request()
    assert request_text(path) == f"{path.request_id} (instance {path.instance_id})"
    assert request_text(path.model_copy(update={"instance_id": None})) == path.request_id
    assert ruled_out_text(report.ruled_out[0]) == "nova-api: fails only because nova-conductor does not answer"
    assert confirm_command(report) == f"openstack-rca confirm {report.id} --cause COMPONENT"


def test_a_past_incident_says_whether_anybody_confirmed_it_and_by_what_it_is_similar() -> None:
    """A category that nobody gave is not told."""
    known, guessed = report_samples.similar_incidents()
    assert similar_text(known) == "it was mariadb (capacity), confirmed"
    assert similar_text(guessed) == "keystone was answered, nobody confirmed it"
    assert similar_facts(known) == "71 % similar; both have signature database-connection-refused, accused mariadb"
    assert similar_facts(guessed) == "55 % similar"


@pytest.mark.parametrize(
    ("value", "word"),
    [(0.75, "strong"), (-0.75, "strong"), (0.74, "fair"), (0.35, "fair"), (0.34, "weak"), (0.0, "weak")],
)
def test_a_part_of_a_confidence_is_strong_fair_or_weak(value: float, word: str) -> None:
    """By its size, whichever way it counts."""
    assert confidence_text(ConfidencePart(name="silence", value=value)) == f"silence ({word})"


def test_what_adds_next_to_nothing_to_a_confidence_is_left_out() -> None:
    """Less than half a per cent, either way; a side without a part has no heading."""
    parts = [ConfidencePart(name=str(value), value=value) for value in (0.005, 0.0049, -0.0049)]
    cause = report_samples.database_cause().model_copy(update={"confidence_parts": parts})
    assert [(side, [part.value for part in left]) for side, left in confidence_sides(cause)] == [
        ("Speaks for it", [0.005])
    ]


def test_a_sure_cause_without_a_remedy_asks_for_its_first_check() -> None:
    """A guess without a check gives its remedy, and with neither what to add."""
    report = report_samples.confirmed()
    bare = report.causes[0].model_copy(update={"remedy": ""})
    check = f"Check: {bare.next_checks[0]}"
    assert headline(report.model_copy(update={"causes": [bare]})).action == check
    guess = report_samples.inconclusive()
    idle = guess.causes[0].model_copy(update={"next_checks": [], "remedy": "Look at the volume service."})
    assert headline(guess.model_copy(update={"causes": [idle]})).action == idle.remedy
    nothing = idle.model_copy(update={"remedy": ""})
    assert headline(guess.model_copy(update={"causes": [nothing]})).action == ACTION_WHEN_UNSURE
    assert headline(guess).others == 0


def test_evidence_against_the_cause_on_another_host_names_whom_it_accuses() -> None:
    """The same component elsewhere is somebody else."""
    cause = report_samples.database_cause()
    elsewhere = report_samples.evidence(accused_host="other")
    assert reason(elsewhere, cause, set()) == f"accuses mariadb on other: {elsewhere.why}"
    nowhere = report_samples.evidence(accused_host=None, why="It is gone.")
    told = {"It is gone"}
    assert reason(nowhere, cause, told) == ""
    assert reason(nowhere, cause, set()) == "It is gone."


def test_a_cause_whose_trouble_the_first_one_explains_is_no_fault_beside_it() -> None:
    """It is said of every such cause but of none that failed on its own account, and of the first never."""
    report = report_samples.confirmed()
    first, other = report.causes
    keystone = other.model_copy(update={"component": "keystone", "independent": False})
    own = keystone.model_copy(update={"independent": True})
    report = report.model_copy(update={"causes": [first, other, keystone, own]})
    assert [category_text(report, cause) for cause in report.causes] == [
        "process-down",
        "messaging",
        "messaging, follows from mariadb",
        "messaging",
    ]


def test_a_cause_that_is_ruled_out_is_told_so_where_the_causes_are_listed() -> None:
    """Whom nobody accuses, not even itself, and whom another cause than the first accounts for."""
    report = report_samples.confirmed()
    first, other = report.causes
    silent = ConfidencePart(name=ConfidenceSource.ACCUSED, value=0.0)
    errors = ConfidencePart(name=ConfidenceSource.SYMPTOMS, value=0.3)
    away = ConfidencePart(name=ConfidenceSource.EXPLAINED_AWAY, value=-1.0, note="by neutron-server")

    def told(*parts: ConfidencePart, verdict: Verdict = Verdict.LIKELY) -> str:
        cause = other.model_copy(update={"component": "rabbitmq", "independent": False, "confidence_parts": [*parts]})
        return category_text(report.model_copy(update={"causes": [first, cause], "verdict": verdict}), cause)

    assert told(silent, errors) == "messaging, only follow-up trouble"
    assert told(silent, errors, verdict=Verdict.INCONCLUSIVE) == "messaging"
    assert told(silent.model_copy(update={"value": 0.5}), errors) == "messaging"
    assert told(silent, errors, away) == "messaging, explained away by neutron-server"


def _short(report: Report) -> str:
    output = io.StringIO()
    render_short(report, Console(file=output, width=100, color_system=None))
    return output.getvalue()


@pytest.mark.parametrize("render", [_short, render_text_plain, render_markdown, render_html])
def test_every_rendering_says_what_follows_from_the_first_cause(render: Callable[[Report], str]) -> None:
    """An operator must not begin with a symptom."""
    report = report_samples.confirmed()
    keystone = report.causes[1].model_copy(update={"component": "keystone", "independent": False})
    shown = render(report.model_copy(update={"causes": [report.causes[0], keystone]}))
    assert "messaging, follows from mariadb" in " ".join(shown.split())
