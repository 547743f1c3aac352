"""The timeline plot: where everything stands."""

import re
from datetime import UTC, datetime, timedelta

import report_samples

from openstack_rca.rca.render.timeline_plot import MAX_ROWS, plot_timeline
from openstack_rca.rca.report.report import ActivityRow, Report, TimelineEntry

START = datetime(2026, 3, 9, 14, tzinfo=UTC)


def with_entries(*entries: TimelineEntry) -> Report:
    return report_samples.inconclusive().model_copy(update={"timeline": list(entries)})


def entry(time: datetime, component: str = "nova-api", kind: str = "evidence") -> TimelineEntry:
    return TimelineEntry(time=time, component=component, text="x", kind=kind)


def bars(path: str) -> dict[int, int]:
    """Return the height of each bar of a path, by bin."""
    return {int(bin_): 100 - int(top) for bin_, top in re.findall(r"M(\d+) 100V(\d+)h\.9V100z", path)}


def test_entries_stand_at_their_time_in_the_row_of_their_component() -> None:
    """Entries lie between the edges of the window, in the order of their times."""
    plot = plot_timeline(report_samples.confirmed())
    assert plot is not None
    assert plot.band is not None
    left, width = plot.band
    places = [mark.x for mark in plot.marks]
    assert places == sorted(places)
    assert all(left <= place <= left + width for place in places)
    rows = {row.name: row for row in plot.rows}
    for mark, name in ((plot.marks[0], "mariadb"), (plot.marks[-2], "nova-compute")):
        assert rows[name].bars_y < mark.y < rows[name].scores_y


def test_the_causes_come_first_then_the_busiest_then_those_only_accused() -> None:
    """Every component of the report's activity and timeline has one row."""
    plot = plot_timeline(report_samples.confirmed())
    assert plot is not None
    assert [row.name for row in plot.rows] == [
        "mariadb",
        "rabbitmq",
        "nova-conductor",
        "keystone",
        "neutron-server",
        "nova-compute",
    ]
    assert [row.y for row in plot.rows] == sorted({row.y for row in plot.rows})
    assert plot.rows[-1].scores_y < plot.axis < plot.height
    assert (plot.rows[1].events, plot.rows[1].figures) == ("", "no lines of its own")


def test_bars_tell_events_errors_and_scores() -> None:
    """Heights compare within a row; a storm does not hide single events; empty bins have no bar."""
    plot = plot_timeline(report_samples.confirmed())
    assert plot is not None
    mariadb, _, conductor, *_ = plot.rows
    assert set(bars(mariadb.events)) == {*range(4), *range(28, 34)}
    assert mariadb.errors == ""
    assert bars(conductor.events)[3] == 100
    assert bars(conductor.errors)[3] == 97
    assert bars(conductor.events)[1] == 16
    assert bars(conductor.scores)[3] == 100
    assert bars(conductor.scores)[3] > bars(conductor.scores)[4] > bars(conductor.scores)[0] > 0
    assert conductor.figures == "417 events, 374 errors"
    assert plot.bins == 34


def test_the_bars_stand_at_their_times() -> None:
    """The box of the bars begins with the first bin and ends with the last one."""
    report = report_samples.confirmed()
    plot = plot_timeline(report)
    assert plot is not None
    left, width = plot.box
    first, last = plot.marks[0], plot.marks[-1]
    seconds = (report.timeline[-2].time - report.timeline[1].time).total_seconds()
    assert abs((last.x - first.x) / seconds - width / 340) < 0.001
    assert left == 2.0


def test_each_onset_has_its_number_and_none_covers_another() -> None:
    """Causes that began at almost the same time have their numbers on different levels."""
    report = report_samples.confirmed()
    causes = [cause.model_copy(update={"onset": report.causes[0].onset}) for cause in (report.causes * 2)[:3]]
    plot = plot_timeline(report.model_copy(update={"causes": causes}))
    assert plot is not None
    assert [onset.number for onset in plot.onsets] == [1, 2, 3]
    assert len({(onset.x, onset.y) for onset in plot.onsets}) == 3
    assert all(onset.y < plot.top for onset in plot.onsets)


def test_ticks_are_round_times() -> None:
    """The axis names full minutes, seconds or days, as the span asks for."""
    plot = plot_timeline(report_samples.confirmed())
    assert plot is not None
    assert [tick.label for tick in plot.ticks] == ["14:02", "14:04", "14:06"]
    days = plot_timeline(with_entries(entry(START), entry(START + timedelta(days=3))))
    assert days is not None
    assert [tick.label for tick in days.ticks] == ["03-10 00:00", "03-11 00:00", "03-12 00:00"]
    years = plot_timeline(with_entries(entry(START), entry(START + timedelta(days=900))))
    assert years is not None
    assert 2 <= len(years.ticks) <= 6


def test_one_moment_has_one_tick() -> None:
    """All entries at one time: no division by zero, everything in the middle."""
    plot = plot_timeline(with_entries(entry(report_samples.START), entry(report_samples.START)))
    assert plot is not None
    assert [(tick.x, tick.label) for tick in plot.ticks] == [(50.0, "14:02:11")]
    assert [mark.x for mark in plot.marks] == [50.0, 50.0]


def test_a_healthy_report_shows_its_activity() -> None:
    """Without causes and entries the bars alone are drawn; without anything there is no plot."""
    assert plot_timeline(report_samples.healthy()) is None
    report = report_samples.healthy().model_copy(update={"activity": report_samples.activity_rows()})
    plot = plot_timeline(report)
    assert plot is not None
    assert [row.name for row in plot.rows] == ["mariadb", "nova-conductor"]
    assert (plot.marks, plot.onsets) == ([], [])


def test_rows_have_an_end() -> None:
    """However many components there are, the drawing stays readable."""
    rows = [
        ActivityRow(component=f"service-{number}", start=START, bin_seconds=1, counts=[1], errors=[0], scores=[None])
        for number in range(40)
    ]
    plot = plot_timeline(report_samples.healthy().model_copy(update={"activity": rows}))
    assert plot is not None
    assert len(plot.rows) == MAX_ROWS
