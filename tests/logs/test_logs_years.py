"""Stamps without a year get the one that the rest of the logs tells."""

import os
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from openstack_rca.logs.events import read_logs
from openstack_rca.logs.gathered_events import ReadingOptions


def write(folder: Path, name: str, text: str, changed: datetime) -> None:
    path = folder / name
    path.write_text(text)
    os.utime(path, (changed.timestamp(), changed.timestamp()))


def times(folder: Path, name: str) -> list[str]:
    events = read_logs([folder]).events.filter(pl.col("file") == name)
    return [time.strftime("%Y-%m-%d") for time in events.sort("line")["time"]]


def line(stamp: str) -> str:
    return f"{stamp} 04:00:00 ctl1 haproxy[1]: x\n"


def test_without_any_date_a_file_is_of_the_year_in_which_it_was_last_changed(tmp_path: Path) -> None:
    """Each file by its own change: an old one beside a new one keeps its year."""
    write(tmp_path, "messages", line("Nov 23"), datetime(2026, 11, 24, tzinfo=UTC))
    write(tmp_path, "messages-old.log", line("Nov 23"), datetime(2024, 11, 24, tzinfo=UTC))
    assert times(tmp_path, "messages") == ["2026-11-23"]
    assert times(tmp_path, "messages-old.log") == ["2024-11-23"]


def test_dated_lines_of_the_same_logs_tell_the_year(tmp_path: Path) -> None:
    """A copy of a file is younger than its lines: what other files say counts more than when it was copied."""
    write(tmp_path, "messages", line("Nov 23"), datetime(2031, 1, 1, tzinfo=UTC))
    write(
        tmp_path, "nova-api.log", "2026-11-23 04:00:00.100 7 INFO nova.api [-] up\n", datetime(2031, 1, 1, tzinfo=UTC)
    )
    assert times(tmp_path, "messages") == ["2026-11-23"]


def test_a_date_in_the_name_tells_the_year_of_a_rotated_file(tmp_path: Path) -> None:
    """It is that of the rotation, or of the first day; a copy is younger, and other logs may be of another year."""
    copied = datetime(2026, 3, 1, tzinfo=UTC)
    write(tmp_path, "messages-20241222", line("Dec 21"), copied)
    write(tmp_path, "syslog.2024-12-01.log", line("Dec 31"), copied)
    write(tmp_path, "secure-20250101.txt", line("Dec 31"), copied)
    write(tmp_path, "cron-20249922", line("Dec 31"), copied)
    write(tmp_path, "nova-api.log", "2026-02-23 04:00:00.100 7 INFO nova.api [-] up\n", copied)
    assert times(tmp_path, "messages-20241222") == ["2024-12-21"]
    assert times(tmp_path, "syslog.2024-12-01.log") == ["2024-12-31"]
    assert times(tmp_path, "secure-20250101.txt") == ["2024-12-31"]
    assert times(tmp_path, "cron-20249922") == ["2025-12-31"]


def test_a_file_that_crosses_new_year_has_two_years(tmp_path: Path) -> None:
    """December lies before January, whichever of them the file was changed in."""
    write(tmp_path, "messages", line("Dec 31") + line("Jan  1"), datetime(2026, 3, 1, tzinfo=UTC))
    assert times(tmp_path, "messages") == ["2025-12-31", "2026-01-01"]


def test_december_read_in_january_is_last_years(tmp_path: Path) -> None:
    """A stamp that would lie ahead is of the year before."""
    write(tmp_path, "messages", line("Dec 31"), datetime(2026, 1, 2, tzinfo=UTC))
    assert times(tmp_path, "messages") == ["2025-12-31"]


def test_a_year_in_the_line_counts_more_than_one_that_was_concluded(tmp_path: Path) -> None:
    """Behind a stamp without a year stands one with a year."""
    text = "Nov 23 04:00:00 ctl1 nova-api[7]: 2019-11-23 04:00:00.100 7 INFO nova.api [-] up\n"
    write(tmp_path, "messages", text, datetime(2026, 11, 24, tzinfo=UTC))
    assert times(tmp_path, "messages") == ["2019-11-23"]


def test_the_hour_that_happens_twice_and_the_one_that_does_not(tmp_path: Path) -> None:
    """When clocks go back the first passing counts; a time that clocks left out is read with the offset before."""
    write(tmp_path, "messages", line("Oct 25").replace("04:00:00", "02:30:00"), datetime(2026, 11, 1, tzinfo=UTC))
    found = read_logs([tmp_path], ReadingOptions("Europe/Berlin")).events["time"][0]
    assert found.hour == 0
    write(tmp_path, "messages", "2026-03-29 02:30:00.100 7 INFO nova.api [-] up\n", datetime(2026, 11, 1, tzinfo=UTC))
    assert read_logs([tmp_path], ReadingOptions("Europe/Berlin")).events["time"][0].hour == 1


def test_which_number_of_two_digits_is_the_year_is_told_by_the_logs_and_not_by_today(tmp_path: Path) -> None:
    """What is alike in all lines may be the day of a short log as well as its year."""
    text = "{0} 04:00:01 ERROR nova.api: No\n{0} 04:00:02 ERROR nova.api: No\n".format
    for name, stamp, changed in (("a.log", "26/11/23", 2026), ("b.log", "26/11/23", 2023), ("c.log", "30-11-26", 2027)):
        write(tmp_path, name, text(stamp), datetime(changed, 11, 28, tzinfo=UTC))
    assert times(tmp_path, "a.log") == ["2026-11-23"] * 2
    assert times(tmp_path, "b.log") == ["2023-11-26"] * 2
    assert times(tmp_path, "c.log") == ["2026-11-30"] * 2
    write(
        tmp_path, "nova-api.log", "2023-11-26 05:00:00.100 7 INFO nova.api [-] up\n", datetime(2031, 1, 1, tzinfo=UTC)
    )
    assert times(tmp_path, "a.log") == ["2023-11-26"] * 2
